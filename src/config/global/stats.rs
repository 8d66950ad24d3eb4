//! `stats socket`, `stats timeout`, `stats maxconn` of the `global` section.

use super::super::address::{self, For};
use super::super::args::{Args, Parsed, alert, unknown_word};
use super::super::keyword::{Keyword, keyword};
use super::super::load::Load;
use super::super::owner;
use super::super::units::Unit;
use crate::diag::{Diagnostic, suggest};
use crate::settings::{Global, StatsSocket};

pub(super) const KEYWORDS: &[Keyword<Global>] = &[keyword(
    "stats",
    "{ socket | timeout | maxconn } …",
    "the CLI's socket",
    stats,
)];

fn stats(global: &mut Global, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("'socket', 'maxconn' or 'timeout'")?;
    args.name = format!("stats {}", word.text());
    match &*word.text() {
        "socket" => {
            let socket = socket(args, load)?;
            global.stats_sockets.push(socket);
            Ok(())
        }
        "timeout" => {
            global.stats_timeout = args.time_in(Unit::Milliseconds)?;
            Ok(())
        }
        "maxconn" => {
            global.stats_maxconn = args.positive()?;
            Ok(())
        }
        "bind-process" => {
            args.skip();
            let message = "'stats bind-process' has no effect: one process serves all.";
            let warning = Diagnostic::warning(word.span, message).help("remove this line");
            load.diagnostics.push(warning);
            Ok(())
        }
        other => unknown_word(
            word,
            format!(
                "'stats' only supports 'socket', 'maxconn', 'bind-process' and 'timeout' (got '{other}')"
            ),
            ["socket", "maxconn", "timeout"],
        ),
    }
}

const OPTIONS: [&str; 10] = [
    "level",
    "expose-fd",
    "mode",
    "user",
    "uid",
    "group",
    "gid",
    "severity-output",
    "name",
    "process",
];

fn socket(args: &mut Args<'_>, load: &mut Load) -> Parsed<StatsSocket> {
    let Some(word) = args.take() else {
        return alert(
            args.keyword(),
            "'stats socket' in global section expects an address or a path to a UNIX socket",
        );
    };
    let text = word.text();
    // A name that is no address is a path, as it has always been.
    let is_path = !text.contains([':', '@']);
    let full = if is_path {
        format!("unix@{text}")
    } else {
        text.into_owned()
    };
    let endpoint = address::endpoint(&full, For::Listen)
        .or_else(|problem| alert(word.span, format!("'stats socket' : {problem}")))?;
    let mut socket = StatsSocket {
        endpoint,
        level: 1,
        owner: (None, None, None),
    };
    while let Some(word) = args.take() {
        match &*word.text() {
            "level" => socket.level = level(args)?,
            // Nothing needs handing over: who takes over opens the same addresses beside us.
            "expose-fd" => {
                args.choice(&[("listeners", ())])?;
            }
            "mode" => socket.owner.2 = Some(owner::mode(args)?),
            "uid" => socket.owner.0 = Some(args.count()?),
            "gid" => socket.owner.1 = Some(args.count()?),
            "user" => socket.owner.0 = Some(owner::user(args)?),
            "group" => socket.owner.1 = Some(owner::group(args)?),
            "name" => {
                // Shown nowhere: the CLI's own listener is in no list.
                args.word("a name")?;
            }
            "severity-output" if args.take_if("none") => {}
            "process" => super::super::bind::process(args, load)?,
            other => {
                let message = format!("'stats socket' : unknown keyword '{other}'.");
                let mut unknown = Diagnostic::alert(word.span, message).label("not known");
                unknown.help.extend(suggest::did_you_mean(other, OPTIONS));
                return Err(Box::new(unknown));
            }
        }
    }
    Ok(socket)
}

fn level(args: &mut Args<'_>) -> Parsed<u8> {
    let word = args.word("a level")?;
    match &*word.text() {
        "user" => Ok(0),
        "operator" => Ok(1),
        "admin" => Ok(2),
        other => unknown_word(
            word,
            format!(
                "'stats socket' : ''level' only supports 'user', 'operator', and 'admin' (got '{other}')'"
            ),
            ["user", "operator", "admin"],
        ),
    }
}
