//! Limits of the whole process.

use super::super::keyword::{Keyword, keyword};
use super::super::units::Unit;
use super::{nothing, number};
use crate::diag::{Diagnostic, Lead};
use crate::settings::Global;

pub(super) const KEYWORDS: &[Keyword<Global>] = &[
    keyword("maxconn", "<n>", "connections at once", |g, a, _| {
        g.maxconn = Some(a.count()?).filter(|n| *n > 0);
        Ok(())
    }),
    keyword("ulimit-n", "<n>", "open files", |g, a, _| {
        g.ulimit_n = Some(a.count()?.into());
        Ok(())
    }),
    keyword(
        "fd-hard-limit",
        "<n>",
        "open files that maxconn may be derived from",
        |g, a, _| {
            g.fd_hard_limit = Some(a.count()?.into());
            Ok(())
        },
    ),
    keyword("maxconnrate", "<n>", "connections per second", |g, a, _| {
        g.maxconnrate = a.count()?;
        Ok(())
    }),
    keyword("maxsslconn", "<n>", "TLS connections at once", |g, a, _| {
        g.maxsslconn = a.count()?;
        Ok(())
    }),
    keyword(
        "maxsslrate",
        "<n>",
        "TLS connections per second",
        |g, a, _| {
            g.maxsslrate = a.count()?;
            Ok(())
        },
    ),
    keyword("maxsessrate", "<n>", "sessions per second", |g, a, _| {
        g.maxsessrate = a.count()?;
        Ok(())
    }),
    keyword(
        "spread-checks",
        "<percent>",
        "how far checks stray from their time",
        |g, a, _| {
            let span = a.span();
            match a.int(i64::MIN..=i64::MAX)? {
                percent @ 0..=50 => g.spread_checks = percent as u32,
                _ => {
                    let message = "'spread-checks' needs a positive value in range 0..50.";
                    let alert = Diagnostic::alert(span, message).lead(Lead::Reading);
                    return Err(Box::new(alert));
                }
            }
            Ok(())
        },
    ),
    keyword(
        "max-spread-checks",
        "<time>",
        "the longest time they stray",
        |g, a, _| {
            g.max_spread_checks = Some(a.time_in(Unit::Milliseconds)?);
            Ok(())
        },
    ),
    // Pipes are taken as they are needed and bounded by connections.
    keyword(
        "maxpipes",
        "<n>",
        "pipes for splicing (no more than connections need)",
        number,
    ),
    keyword("nosplice", "", "no splicing", |g, _, _| {
        g.no_splice = true;
        Ok(())
    }),
    keyword("noreuseport", "", "no `SO_REUSEPORT`", |g, _, _| {
        g.no_reuseport = true;
        Ok(())
    }),
    keyword("nopoll", "", "no poll() (there is none)", nothing),
    keyword("nokqueue", "", "no kqueue (there is none)", nothing),
    keyword("noevports", "", "no event ports (there are none)", nothing),
    keyword("noepoll", "", "no epoll", |_, a, _| {
        a.fail("is not available: epoll is the only poller")
    })
    .idle(),
    keyword("nogetaddrinfo", "", "no getaddrinfo()", |_, a, _| {
        a.fail("is not available: names resolve with getaddrinfo() only")
    })
    .idle(),
];
