//! `tune.h2.…` words: both sides', and those of one (manual 3.2).

use super::super::args::{Args, Parsed, alert};
use super::super::keyword::{Keyword, keyword};
use crate::settings::{Global, Http2Errors};

pub(super) const KEYWORDS: &[Keyword<Global>] = &[
    keyword(
        "tune.h2.header-table-size",
        "<bytes>",
        "what is remembered of HTTP/2 headers",
        |g, a, _| {
            g.http2.header_table = Some(between(a, 4_096, 65_536)?);
            Ok(())
        },
    ),
    keyword(
        "tune.h2.max-frame-size",
        "<bytes>",
        "the largest HTTP/2 frame that peers may send",
        |g, a, _| {
            g.http2.max_frame = Some(between(a, 16_384, 16_777_215)?);
            Ok(())
        },
    ),
    keyword(
        "tune.h2.initial-window-size",
        "<bytes>",
        "bytes of a stream that may come unasked",
        |g, a, _| {
            g.http2.both.window = Some(amount(a)?);
            Ok(())
        },
    ),
    keyword(
        "tune.h2.max-concurrent-streams",
        "<n>",
        "streams at once on an HTTP/2 connection",
        |g, a, _| {
            g.http2.both.streams = Some(amount(a)?);
            Ok(())
        },
    ),
    keyword(
        "tune.h2.fe.initial-window-size",
        "<n>",
        "bytes of a client's stream that may come unasked",
        |g, a, _| {
            g.http2.front.window = Some(amount(a)?);
            Ok(())
        },
    ),
    keyword(
        "tune.h2.fe.max-concurrent-streams",
        "<n>",
        "a client's streams at once",
        |g, a, _| {
            g.http2.front.streams = Some(amount(a)?);
            Ok(())
        },
    ),
    keyword(
        "tune.h2.fe.max-total-streams",
        "<n>",
        "a client's streams in all, before its connection ends",
        |g, a, _| {
            g.http2.total_streams = amount(a)?;
            Ok(())
        },
    ),
    keyword(
        "tune.h2.fe.glitches-threshold",
        "<n>",
        "streams that a client may break by protocol errors before its connection is closed",
        |g, a, _| {
            g.http2.front.glitches = Some(amount(a)?).filter(|n| *n > 0);
            Ok(())
        },
    ),
    keyword(
        "tune.h2.fe.rxbuf",
        "<size>",
        "bytes of all streams of a client's connection that may wait to be read",
        |g, a, _| {
            let size = a.size()?;
            g.http2.front.receive =
                Some(u32::try_from(size).unwrap_or(u32::MAX)).filter(|n| *n > 0);
            Ok(())
        },
    ),
    keyword(
        "tune.h2.fe.max-frames-at-once",
        "<n>",
        "frames of a client's connection handled in one go: not counted, what one read gives is",
        |_, a, l| {
            let span = a.keyword();
            if amount(a)? > 0 {
                l.warn(
                    span,
                    "'tune.h2.fe.max-frames-at-once' has no effect: what one read of a connection gives is handled in one go",
                );
            }
            Ok(())
        },
    ),
    keyword(
        "tune.h2.fe.max-rst-at-once",
        "<n>",
        "resets of a client handled in one go: those of streams that nobody saw are bounded, others cost nothing",
        |_, a, l| {
            let span = a.keyword();
            if amount(a)? > 0 {
                l.warn(
                    span,
                    "'tune.h2.fe.max-rst-at-once' has no effect: resets of streams that were not looked at yet are bounded for each connection",
                );
            }
            Ok(())
        },
    ),
    keyword(
        "tune.h2.log-errors",
        "{ none | connection | stream }",
        "which protocol errors are logged: none, those that end a connection, all",
        |g, a, _| {
            g.http2.logged = a.choice(&[
                ("none", Http2Errors::None),
                ("connection", Http2Errors::Connection),
                ("stream", Http2Errors::Stream),
            ])?;
            Ok(())
        },
    ),
    keyword(
        "h2-workaround-bogus-websocket-clients",
        "",
        "does not offer WebSocket over HTTP/2 to clients",
        |g, _, _| {
            g.http2.no_extended_connect = true;
            Ok(())
        },
    ),
    keyword(
        "tune.h2.be.initial-window-size",
        "<bytes>",
        "the same of servers' streams",
        |g, a, _| {
            g.http2.back.window = Some(amount(a)?);
            Ok(())
        },
    ),
    keyword(
        "tune.h2.be.max-concurrent-streams",
        "<n>",
        "requests at once on a connection to a server",
        |g, a, _| {
            g.http2.back.streams = Some(amount(a)?);
            Ok(())
        },
    ),
    keyword(
        "tune.h2.be.rxbuf",
        "<size>",
        "bytes of all streams of a server's connection that may wait to be read",
        |g, a, _| {
            let size = a.size()?;
            g.http2.back.receive = Some(u32::try_from(size).unwrap_or(u32::MAX)).filter(|n| *n > 0);
            Ok(())
        },
    ),
    keyword(
        "tune.h2.be.glitches-threshold",
        "<n>",
        "streams that a server may break by protocol errors before its connection is closed",
        |g, a, _| {
            g.http2.back.glitches = Some(amount(a)?).filter(|n| *n > 0);
            Ok(())
        },
    ),
    keyword(
        "tune.h2.be.max-frames-at-once",
        "<n>",
        "frames of a server's connection handled in one go: not counted, what one read gives is",
        |_, a, l| {
            let span = a.keyword();
            if amount(a)? > 0 {
                l.warn(
                    span,
                    "'tune.h2.be.max-frames-at-once' has no effect: what one read of a connection gives is handled in one go",
                );
            }
            Ok(())
        },
    ),
    keyword(
        "tune.h2.zero-copy-fwd-send",
        "{ on | off }",
        "as is: bodies are framed from the buffer they were read into",
        super::switch,
    ),
];

/// A number that HAProxy takes for sizes and counts of HTTP/2.
fn amount(args: &mut Args<'_>) -> Parsed<u32> {
    let word = args.word("a positive numeric value")?;
    match word.text().parse::<u32>() {
        Ok(number) if i32::try_from(number).is_ok() => Ok(number),
        _ => alert(
            word.span,
            format!("'{}' expects a positive numeric value.", args.name),
        ),
    }
}

fn between(args: &mut Args<'_>, least: u32, most: u32) -> Parsed<u32> {
    let message = format!(
        "'{}' expects a numeric value between {least} and {most}.",
        args.name
    );
    let word = args.word("a numeric value")?;
    match word.text().parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => alert(word.span, message),
    }
}
