//! `tune.…` and other words about speed and size that set something.

use super::super::args::{Args, Parsed, alert};
use super::super::keyword::{Keyword, keyword};
use super::not_yet;
use crate::settings::Global;

pub(super) const KEYWORDS: &[Keyword<Global>] = &[
    keyword(
        "tune.bufsize",
        "<bytes>",
        "the size of a buffer",
        |g, a, _| {
            g.bufsize = sized(a, 1_024)?;
            Ok(())
        },
    ),
    keyword(
        "tune.maxrewrite",
        "<bytes>",
        "the part of it that rules may fill",
        |g, a, _| {
            g.maxrewrite = sized(a, 0)?;
            Ok(())
        },
    ),
    keyword(
        "tune.cli.max-payload-size",
        "<bytes>",
        "the largest payload of a command",
        |g, a, _| {
            g.payload_limit = usize::try_from(a.size()?).unwrap_or(usize::MAX);
            Ok(())
        },
    ),
    keyword(
        "tune.http.maxhdr",
        "<n>",
        "headers a message may have",
        |g, a, _| {
            g.maxhdr = a.int(1..=32_767)? as usize;
            Ok(())
        },
    ),
    keyword(
        "tune.http.logurilen",
        "<n>",
        "bytes of a target that are logged",
        |_, a, _| match a.positive()? {
            1024 => Ok(()),
            _ => not_yet(a, "another length of logged targets than 1024"),
        },
    )
    .idle(),
    keyword(
        "tune.http.cookielen",
        "<n>",
        "bytes of a captured cookie",
        |_, a, _| match a.positive()? {
            63 => Ok(()),
            _ => not_yet(a, "another length of captured cookies than 63"),
        },
    )
    .idle(),
    keyword(
        "tune.maxaccept",
        "<n>",
        "connections accepted in one go; -1: no limit",
        |g, a, _| {
            let limit = a.int(-1..=i64::from(i32::MAX))?;
            g.maxaccept = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
            Ok(())
        },
    ),
    keyword(
        "tune.pipesize",
        "<bytes>",
        "the size of a pipe",
        |g, a, _| {
            g.pipesize = a.size()? as usize;
            Ok(())
        },
    ),
    keyword(
        "tune.rcvbuf.client",
        "<bytes>",
        "the system's receive buffer towards clients",
        |g, a, _| {
            g.rcvbuf.0 = a.size()? as usize;
            Ok(())
        },
    ),
    keyword(
        "tune.rcvbuf.server",
        "<bytes>",
        "the system's receive buffer towards servers",
        |g, a, _| {
            g.rcvbuf.1 = a.size()? as usize;
            Ok(())
        },
    ),
    keyword(
        "tune.sndbuf.client",
        "<bytes>",
        "the system's send buffer towards clients",
        |g, a, _| {
            g.sndbuf.0 = a.size()? as usize;
            Ok(())
        },
    ),
    keyword(
        "tune.sndbuf.server",
        "<bytes>",
        "the system's send buffer towards servers",
        |g, a, _| {
            g.sndbuf.1 = a.size()? as usize;
            Ok(())
        },
    ),
    keyword(
        "tune.vars.global-max-size",
        "<bytes>",
        "room of all variables together",
        |g, a, _| a.size().map(|size| g.vars_room.global = size),
    ),
    keyword(
        "tune.vars.proc-max-size",
        "<bytes>",
        "room of `proc.` variables",
        |g, a, _| a.size().map(|size| g.vars_room.process = size),
    ),
    keyword(
        "tune.vars.sess-max-size",
        "<bytes>",
        "room of `sess.` variables",
        |g, a, _| a.size().map(|size| g.vars_room.session = size),
    ),
    keyword(
        "tune.vars.check-max-size",
        "<bytes>",
        "room of a check's variables",
        |g, a, _| a.size().map(|size| g.vars_room.check = size),
    ),
    keyword(
        "tune.vars.txn-max-size",
        "<bytes>",
        "room of `txn.` variables",
        |g, a, _| a.size().map(|size| g.vars_room.transaction = size),
    ),
    keyword(
        "tune.vars.reqres-max-size",
        "<bytes>",
        "room of `req.` and `res.` variables",
        |g, a, _| a.size().map(|size| g.vars_room.message = size),
    ),
    keyword(
        "tune.pool-low-fd-ratio",
        "<percent>",
        "open files beyond which idle connections are not kept",
        |_, a, _| {
            a.int(0..=100)?;
            not_yet(a, "giving up idle connections by the number of open files")
        },
    )
    .idle(),
    keyword(
        "tune.pool-high-fd-ratio",
        "<percent>",
        "open files beyond which idle connections are closed",
        |_, a, _| {
            a.int(0..=100)?;
            not_yet(a, "giving up idle connections by the number of open files")
        },
    )
    .idle(),
    keyword(
        "tune.stick-counters",
        "<n>",
        "how many keys `track-sc` may track at once",
        |_, a, l| {
            l.stick_counters = Some(a.int(0..=255)? as u32);
            Ok(())
        },
    ),
    keyword(
        "h1-case-adjust",
        "<from> <to>",
        "how a header's name is written",
        |g, a, _| {
            let (from, to) = (
                a.text("<from> and <to> as arguments")?,
                a.text("<from> and <to> as arguments")?,
            );
            if !from.eq_ignore_ascii_case(&to) {
                return a.fail(&format!(
                    ": the names '{from}' and '{to}' differ by more than case."
                ));
            }
            g.h1_case_adjust.push((from.to_ascii_lowercase(), to));
            Ok(())
        },
    ),
    keyword(
        "h1-case-adjust-file",
        "<file>",
        "the same from a file",
        |g, a, _| {
            let word = a.word("<file> as argument")?;
            let text = std::fs::read_to_string(&*word.text()).or_else(|_| {
                alert(
                    word.span,
                    format!(
                        "'h1-case-adjust-file' : failed to open file '{}'",
                        word.text()
                    ),
                )
            })?;
            for line in text
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
            {
                let mut words = line.split_ascii_whitespace();
                match (words.next(), words.next(), words.next()) {
                    (Some(from), Some(to), None) if from.eq_ignore_ascii_case(to) => {
                        g.h1_case_adjust
                            .push((from.to_ascii_lowercase(), to.to_owned()));
                    }
                    _ => {
                        return alert(
                            word.span,
                            format!("'h1-case-adjust-file' : bad line '{line}'"),
                        );
                    }
                }
            }
            Ok(())
        },
    ),
    keyword(
        "h1-accept-payload-with-any-method",
        "",
        "GET, HEAD and DELETE may have a body",
        |g, _, _| {
            g.h1_accept_payload_with_any_method = true;
            Ok(())
        },
    ),
];

/// A size of buffers: bounded, so that one connection cannot take it all.
fn sized(args: &mut Args<'_>, least: u64) -> Parsed<usize> {
    const MOST: u64 = 1 << 30;
    let span = args.span();
    match args.size()? {
        size if (least..=MOST).contains(&size) => Ok(size as usize),
        size => args.fail_at(
            span,
            &format!("must be between {least} and {MOST} (was {size})"),
        ),
    }
}
