//! `compression` and `filter` (manual 4.2, 9).

use super::super::args::{Args, Parsed, alert, unknown_word};
use super::super::draft::Draft;
use super::super::keyword::{Keyword, Sections, within};
use super::super::load::Load;
use crate::settings::{Coding, Compression, Kind};

pub(super) const KEYWORDS: &[Keyword<Draft>] = &[
    within(
        Sections::ALL,
        "compression",
        "{ algo <name>… | type <type>… | offload | direction <direction> | minsize-res <size> }",
        "compresses responses (`direction`: 2.8, `minsize-res`: 3.2)",
        compression,
    ),
    within(
        Sections::PROXY,
        "filter",
        "compression",
        "a filter of the data: compression, which its own lines turn on",
        filter,
    ),
];

fn compression(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    const WORDS: [&str; 5] = ["algo", "type", "offload", "direction", "minsize-res"];
    let word = args.word("'algo', 'type' or 'offload'")?;
    let defaults = draft.proxy.kind == Kind::Defaults;
    let set = draft.proxy.settings.compression.get_or_insert_default();
    match &*word.text() {
        "algo" => codings(set, args),
        "type" => {
            let first = args.word("<type>.")?;
            set.types.push(first.bytes.as_slice().into());
            while let Some(more) = args.take() {
                set.types.push(more.bytes.as_slice().into());
            }
            Ok(())
        }
        "offload" if defaults => {
            load.warn(
                word.span,
                "'compression' : 'offload' ignored in 'defaults' section.",
            );
            Ok(())
        }
        "offload" => {
            set.offload = true;
            Ok(())
        }
        "direction" => {
            match args.choice(&[("response", true), ("request", false), ("both", false)])? {
                true => Ok(()),
                false => args.fail("is not available yet for requests"),
            }
        }
        "minsize-res" => {
            set.least = args.size()?;
            Ok(())
        }
        _ => unknown_word(
            word,
            "'compression' expects 'algo', 'type' or 'offload'",
            WORDS,
        ),
    }
}

fn codings(set: &mut Compression, args: &mut Args<'_>) -> Parsed {
    let mut next = Some(args.word("<algorithm>.")?);
    while let Some(word) = next {
        let name = word.text();
        let Some((_, coding)) = Coding::ALL.iter().find(|(known, _)| *known == name) else {
            let message = format!("'compression' : '{name}' is not a supported algorithm.");
            return unknown_word(word, message, Coding::ALL.map(|(name, _)| name));
        };
        set.codings.push(*coding);
        next = args.take();
    }
    Ok(())
}

fn filter(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let Some(word) = args.take() else {
        let message = format!(
            "missing argument for 'filter' in proxy '{}'.",
            draft.proxy.name
        );
        return alert(args.keyword(), message);
    };
    match &*word.text() {
        // There is one place for it among the filters that exist.
        "compression" => match args.take() {
            None => Ok(()),
            Some(more) => {
                let message = format!("'filter compression' : unknown keyword '{}'.", more.text());
                alert(more.span, message)
            }
        },
        name @ ("spoe" | "cache" | "trace" | "fcgi-app" | "bwlim-in" | "bwlim-out"
        | "opentracing") => args.fail_at(
            word.span,
            &format!(": '{name}' is not available yet: it needs that filter."),
        ),
        name => {
            let message = format!("'filter' : unknown keyword '{name}'.");
            unknown_word(word, message, ["compression"])
        }
    }
}
