//! Options about health: checks, observation, tracking, agents.

use super::super::address::For;
use super::super::args::{Args, Parsed, alert};
use super::super::keyword::{Keyword, keyword};
use super::traffic::protocol;
use super::{endpoint, not_yet, one_word};
use crate::settings::{Observe, OnError, OnMarkedDown, OnMarkedUp, Server};

pub(super) const KEYWORDS: &[Keyword<Server>] = &[
    keyword("addr", "<address>", "where checks go", |s, a, l| {
        s.check.addr = Some(endpoint(a, l, For::Connect)?);
        Ok(())
    }),
    keyword("check", "", "checks its health", |s, _, _| {
        s.check.enabled = true;
        s.check.disabled = false;
        Ok(())
    }),
    keyword("no-check", "", "undoes `check`", |s, _, _| {
        s.check.enabled = false;
        s.check.disabled = true;
        Ok(())
    }),
    keyword(
        "check-send-proxy",
        "",
        "checks send the PROXY protocol",
        |s, _, _| {
            s.check.send_proxy = true;
            Ok(())
        },
    ),
    keyword(
        "no-check-send-proxy",
        "",
        "undoes `check-send-proxy`",
        |s, _, _| {
            s.check.send_proxy = false;
            Ok(())
        },
    ),
    keyword(
        "error-limit",
        "<n>",
        "how many observed errors count as a failure",
        |s, a, _| {
            s.check.error_limit = Some(above_zero(a, "error-limit has to be > 0.")?);
            Ok(())
        },
    ),
    keyword(
        "fall",
        "<n>",
        "failed checks until it is down",
        |s, a, _| {
            s.check.fall = Some(above_zero(a, "'fall' has to be > 0.")?);
            Ok(())
        },
    ),
    keyword("rise", "<n>", "passed checks until it is up", |s, a, _| {
        s.check.rise = Some(above_zero(a, "'rise' has to be > 0.")?);
        Ok(())
    }),
    keyword("inter", "<time>", "time between checks", |s, a, _| {
        s.check.inter = Some(interval(a)?);
        Ok(())
    }),
    keyword(
        "fastinter",
        "<time>",
        "time between checks while it changes",
        |s, a, _| {
            s.check.fastinter = Some(interval(a)?);
            Ok(())
        },
    ),
    keyword(
        "downinter",
        "<time>",
        "time between checks while it is down",
        |s, a, _| {
            s.check.downinter = Some(interval(a)?);
            Ok(())
        },
    ),
    keyword(
        "observe",
        "{ none | layer4 | layer7 }",
        "takes traffic for checks",
        |s, a, _| {
            let choices = [
                ("none", Observe::None),
                ("layer4", Observe::Layer4),
                ("layer7", Observe::Layer7),
            ];
            s.check.observe = a.choice(&choices)?;
            Ok(())
        },
    ),
    keyword(
        "on-error",
        "<action>",
        "what an observed error does",
        |s, a, _| {
            s.check.on_error = a.choice(&[
                ("fastinter", OnError::FastInter),
                ("fail-check", OnError::FailCheck),
                ("sudden-death", OnError::SuddenDeath),
                ("mark-down", OnError::MarkDown),
            ])?;
            Ok(())
        },
    ),
    keyword(
        "on-marked-down",
        "shutdown-sessions",
        "what happens when it goes down",
        |s, a, _| {
            s.check.on_marked_down =
                a.choice(&[("shutdown-sessions", OnMarkedDown::ShutdownSessions)])?;
            Ok(())
        },
    ),
    keyword(
        "on-marked-up",
        "shutdown-backup-sessions",
        "what happens when it comes up",
        |s, a, _| {
            s.check.on_marked_up = a.choice(&[(
                "shutdown-backup-sessions",
                OnMarkedUp::ShutdownBackupSessions,
            )])?;
            Ok(())
        },
    ),
    keyword("port", "<n>", "the port that checks go to", |s, a, _| {
        s.check.port = Some(a.int(0..=65_535)? as u16).filter(|port| *port > 0);
        Ok(())
    }),
    keyword(
        "slowstart",
        "<time>",
        "time until it takes its full share",
        |s, a, _| {
            s.slowstart = Some(a.time()?).filter(|time| *time > 0);
            Ok(())
        },
    ),
    keyword(
        "track",
        "[<backend>/]<server>",
        "takes another server's health",
        |s, a, _| {
            let name = a.text("[<proxy>/]<server> as argument")?;
            s.check.track = Some(match name.split_once('/') {
                Some((backend, server)) => (Some(backend.to_owned()), server.to_owned()),
                None => (None, name),
            });
            Ok(())
        },
    ),
    keyword(
        "agent-check",
        "",
        "asks an agent on the server",
        |_, a, _| not_yet(a, 0, "agent checks"),
    )
    .idle(),
    // What belongs to the agent has no effect without `agent-check`, which is refused.
    keyword("no-agent-check", "", "undoes `agent-check`", |_, _, _| {
        Ok(())
    })
    .idle(),
    keyword(
        "agent-addr",
        "<address>",
        "where the agent is (see `agent-check`)",
        one_word,
    )
    .idle(),
    keyword(
        "agent-inter",
        "<time>",
        "how often it is asked (see `agent-check`)",
        |_, a, _| {
            interval(a)?;
            Ok(())
        },
    )
    .idle(),
    keyword(
        "agent-port",
        "<n>",
        "its port (see `agent-check`)",
        |_, a, _| {
            a.int(0..=65_535)?;
            Ok(())
        },
    )
    .idle(),
    keyword(
        "agent-send",
        "<text>",
        "what it is told (see `agent-check`)",
        one_word,
    )
    .idle(),
    keyword(
        "check-via-socks4",
        "",
        "checks go through SOCKS",
        |_, a, _| not_yet(a, 0, "SOCKS"),
    )
    .idle(),
    keyword(
        "check-proto",
        "<name>",
        "the protocol of checks",
        |s, a, _| {
            s.check.proto = Some(protocol(a)?);
            Ok(())
        },
    ),
    keyword(
        "check-pool-conn-name",
        "<name>",
        "the name of a check's connection",
        |_, a, _| not_yet(a, 1, "named connections"),
    )
    .idle(),
    keyword(
        "check-reuse-pool",
        "",
        "checks use idle connections",
        |_, a, _| not_yet(a, 0, "checks on idle connections"),
    )
    .idle(),
    keyword(
        "no-check-reuse-pool",
        "",
        "undoes `check-reuse-pool`",
        |_, _, _| Ok(()),
    )
    .idle(),
    keyword("healthcheck", "<section>", "a check by name", |_, a, _| {
        not_yet(a, 1, "healthcheck sections")
    })
    .idle(),
];

fn above_zero(args: &mut Args<'_>, what: &str) -> Parsed<u32> {
    let word = args.word("a number as argument")?;
    match word.text().parse() {
        Ok(value) if value > 0 => Ok(value),
        _ => alert(word.span, what),
    }
}

fn interval(args: &mut Args<'_>) -> Parsed<u64> {
    match args.time()? {
        0 => args.fail("expects a delay above zero."),
        time => Ok(time),
    }
}
