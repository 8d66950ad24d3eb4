//! `stick` lines: persistence by stick tables (manual 4.2 `stick match`, `stick on`, `stick store-request`,
//! `stick store-response`).

use super::super::args::{Args, Parsed};
use super::super::draft::Draft;
use super::super::keyword::{Keyword, Sections, within};
use super::super::load::Load;
use super::super::model::Stick;
use crate::acl;
use crate::sample::{self, Place};
use crate::settings::StickWay;

pub(super) const KEYWORDS: &[Keyword<Draft>] = &[within(
    Sections::BACK,
    "stick",
    "{ on | match | store-request | store-response } <pattern> [table <table>] [if|unless <condition>]",
    "keeps who has this key on its server",
    stick,
)];

/// HAProxy takes the bare `store` for `store-request`.
const WAYS: [(&str, StickWay); 5] = [
    ("on", StickWay::On),
    ("match", StickWay::Match),
    ("store-request", StickWay::StoreRequest),
    ("store-response", StickWay::StoreResponse),
    ("store", StickWay::StoreRequest),
];

fn stick(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let span = args.span();
    let way = args.choice(&WAYS).map_err(|mut unknown| {
        "'stick' expects 'on', 'match', or 'store'.".clone_into(&mut unknown.message);
        unknown
    })?;
    if args.peek().is_none_or(|word| word.bytes.is_empty()) {
        return args.fail_at(span, "expects a fetch method.");
    }
    let place = match way {
        StickWay::StoreResponse => Place::StickStore,
        _ => Place::BackServer,
    };
    let mut cx = draft.context(place, load);
    let expr = sample::parse_words(args, &mut cx).map_err(|mut wrong| {
        wrong.message = format!("'stick': {}", wrong.message);
        wrong
    })?;
    let mut table = None;
    if args.take_if("table") {
        // Without a name HAProxy looks for a table without a name.
        let name = args.take().map(|word| word.text().into_owned());
        table = Some(name.unwrap_or_default());
    }
    let cond = match args.peek() {
        Some(word) if !matches!(word.bytes.as_slice(), b"" | b"if" | b"unless") => {
            let what = format!("'stick': unknown keyword '{}'.", word.text());
            return super::super::args::unknown_word(word, what, ["table", "if", "unless"]);
        }
        _ => acl::condition(args, &mut cx).map_err(|mut wrong| {
            let what = wrong.message.trim_end_matches('.');
            wrong.message =
                format!("'stick': error detected while parsing sticking condition : {what}.");
            wrong
        })?,
    };
    draft.proxy.stick.push(Stick {
        way,
        expr,
        table,
        cond,
        span,
    });
    Ok(())
}
