//! The process: who it is, where it runs, how it logs.

use super::super::args::{Args, Parsed, Prefix, alert};
use super::super::keyword::{Keyword, keyword};
use super::super::load::Load;
use super::super::log;
use super::super::owner;
use super::super::units::Unit;
use super::cpu_map::cpu_map;
use super::{not_yet, nothing};
use crate::diag::Diagnostic;
use crate::settings::Global;

pub(super) const KEYWORDS: &[Keyword<Global>] = &[
    keyword("daemon", "", "goes to the background", |g, _, _| {
        g.daemon = true;
        Ok(())
    }),
    keyword(
        "master-worker",
        "[no-exit-on-failure]",
        "a master supervises the worker",
        |g, a, _| {
            g.exit_on_failure = !a.take_if("no-exit-on-failure");
            g.master_worker = true;
            Ok(())
        },
    ),
    keyword(
        "mworker-max-reloads",
        "<n>",
        "reloads a worker may survive (a reload in place leaves none behind)",
        |_, a, _| a.int(0..=i64::from(i32::MAX)).map(|_| ()),
    ),
    keyword(
        "pidfile",
        "<file>",
        "where the process ids go",
        |g, a, l| {
            let name = a.text("a file name as argument")?;
            match g.pidfile {
                Some(_) => l.warn(a.keyword(), "'pidfile' already specified. Continuing."),
                None => g.pidfile = Some(name),
            }
            Ok(())
        },
    ),
    keyword("user", "<name>", "the user to become", |g, a, _| {
        let word = a.word("a user name as argument")?;
        let name = word.text();
        match nix::unistd::User::from_name(&name) {
            Ok(Some(user)) => g.uid = Some(user.uid.as_raw()),
            _ => {
                return alert(
                    word.span,
                    format!("cannot find user id for '{name}' (0:Success)"),
                );
            }
        }
        Ok(())
    }),
    keyword("group", "<name>", "the group to become", |g, a, _| {
        let word = a.word("a group name as argument")?;
        let name = word.text();
        match nix::unistd::Group::from_name(&name) {
            Ok(Some(group)) => g.gid = Some(group.gid.as_raw()),
            _ => {
                return alert(
                    word.span,
                    format!("cannot find group id for '{name}' (0:Success)"),
                );
            }
        }
        Ok(())
    }),
    keyword("uid", "<n>", "the user to become", |g, a, _| {
        g.uid = Some(a.count()?);
        Ok(())
    }),
    keyword("gid", "<n>", "the group to become", |g, a, _| {
        g.gid = Some(a.count()?);
        Ok(())
    }),
    keyword(
        "chroot",
        "<directory>",
        "the directory to be locked into",
        |g, a, _| {
            g.chroot = Some(a.text("a directory as argument")?);
            Ok(())
        },
    ),
    keyword("nbthread", "<n>", "how many threads work", |g, a, _| {
        let word = a.word("an integer value")?;
        match word.text().parse::<i64>() {
            Ok(threads) if (1..=64).contains(&threads) => g.nbthread = Some(threads as u16),
            Ok(threads) => {
                let message = format!("'nbthread' value must be between 1 and 64 (was {threads})");
                return alert(word.span, message);
            }
            Err(_) => {
                let text = word.text();
                let message =
                    format!("'nbthread' passed a missing or unparsable integer value in '{text}'");
                return alert(word.span, message);
            }
        }
        Ok(())
    }),
    keyword(
        "nbproc",
        "<n>",
        "removed: threads do its work",
        |g, a, l| {
            let message = "nbproc is not supported any more since HAProxy 2.5. Threads will automatically be \
                       used on multi-processor machines if available.";
            let count = a.int(1..=64)? as u16;
            let (help, note) = match count {
                1 => ("remove this line".to_owned(), "There is one process."),
                count => (
                    format!("write instead: `nbthread {count}`, or remove this line"),
                    "That many threads work here.",
                ),
            };
            l.old(Diagnostic::alert(a.keyword(), message).help(help), note)?;
            g.nbproc = count;
            if count > 1 && g.nbthread.is_none() {
                g.nbthread = Some(count);
            }
            Ok(())
        },
    ),
    keyword(
        "debug",
        "",
        "removed: `-d` on the command line does its work",
        |g, a, l| {
            let message = "unknown keyword 'debug' in 'global' section";
            let help = "remove this line, and start with `-d` where it is wanted";
            let refusal = Diagnostic::alert(a.keyword(), message).help(help);
            l.old(
                refusal,
                "It still works here: the process stays in the foreground.",
            )?;
            g.debug = true;
            Ok(())
        },
    ),
    keyword(
        "nosepoll",
        "",
        "removed: there is no such poller",
        |_, a, l| {
            let message = "unknown keyword 'nosepoll' in 'global' section";
            let refusal = Diagnostic::alert(a.keyword(), message).help("remove this line");
            l.old(refusal, "It turns off a poller that there is not.")
        },
    ),
    keyword(
        "cpu-map",
        "[auto:]<group>[/<threads>] <cpus>…",
        "which processors threads run on",
        cpu_map,
    ),
    keyword(
        "log",
        "<address> [<option>]* <facility> [<level> [<minlevel>]]",
        "where to log to",
        |g, a, l| {
            if a.prefix != Prefix::None {
                g.log.clear();
                return Ok(());
            }
            let target = log::target(a, &l.env, false)?;
            g.log.push(target);
            Ok(())
        },
    ),
    keyword(
        "log-tag",
        "<text>",
        "how log messages call the program",
        |g, a, _| {
            g.log_tag = a.text("a tag for use in syslog")?;
            Ok(())
        },
    ),
    keyword(
        "log-send-hostname",
        "[<name>]",
        "log messages name the host",
        |g, a, _| {
            g.log_send_hostname = Some(a.take().map(|word| word.text().into_owned()));
            Ok(())
        },
    ),
    keyword("node", "<name>", "this node's name", |g, a, _| {
        g.node = Some(a.text("a name as argument")?);
        Ok(())
    }),
    keyword("description", "<text>", "what this node is", |g, a, _| {
        if a.done() {
            return a.fail("expects a string argument.");
        }
        g.description = Some(a.joined());
        Ok(())
    }),
    keyword(
        "tune.peers.max-updates-at-once",
        "<n>",
        "entries told to a peer before others have their turn",
        |g, a, _| {
            g.peer_updates = a.positive()?;
            Ok(())
        },
    ),
    keyword("localpeer", "<name>", "this peer's name", |g, a, l| {
        let name = a.text("a name as an argument")?;
        l.env.set("HAPROXY_LOCALPEER", name.as_bytes());
        g.localpeer = Some(name);
        Ok(())
    }),
    keyword(
        "hard-stop-after",
        "<time>",
        "how long a soft stop may take",
        |g, a, _| {
            g.hard_stop_after = Some(a.time()?);
            Ok(())
        },
    ),
    keyword(
        "grace",
        "<time>",
        "how long listeners stay after a soft stop",
        |_, a, _| match a.time()? {
            0 => Ok(()),
            _ => not_yet(a, "listeners that outlive a soft stop"),
        },
    )
    .idle(),
    keyword(
        "close-spread-time",
        "<time>",
        "the time over which idle connections are closed",
        |_, a, _| {
            if a.take_if("infinite") {
                return Ok(());
            }
            a.time_in(Unit::Milliseconds)?;
            not_yet(a, "spreading the end of idle connections over time")
        },
    )
    .idle(),
    keyword(
        "unix-bind",
        "[prefix <text>] [mode <octal>] [user …] …",
        "defaults of unix sockets",
        unix_bind,
    ),
    keyword(
        "server-state-base",
        "<directory>",
        "where states of servers are kept (for `load-server-state-from-file`, which is refused)",
        |_, a, _| a.word("one argument: a directory path").map(|_| ()),
    ),
    keyword(
        "server-state-file",
        "<file>",
        "the file they are kept in (for `load-server-state-from-file`, which is refused)",
        |_, a, _| a.word("one argument: a file path").map(|_| ()),
    ),
    keyword("quiet", "", "no messages at start", |g, _, _| {
        g.quiet = true;
        Ok(())
    }),
    keyword(
        "pp2-never-send-local",
        "",
        "checks speak for themselves in PROXY headers",
        |g, _, _| {
            g.pp2_never_send_local = true;
            Ok(())
        },
    ),
    keyword("zero-warning", "", "warnings refuse to start", |g, _, _| {
        g.zero_warning = true;
        Ok(())
    }),
    keyword(
        "set-dumpable",
        "",
        "core dumps in spite of a changed user",
        |g, a, _| {
            g.set_dumpable = a.prefix == Prefix::None;
            Ok(())
        },
    ),
    keyword(
        "strict-limits",
        "",
        "limits that cannot be set refuse to start",
        |g, a, _| {
            g.strict_limits = a.prefix != Prefix::No;
            Ok(())
        },
    ),
    // Checks do not run programs, and nothing else does.
    keyword(
        "insecure-fork-wanted",
        "",
        "lets programs be run (none are)",
        nothing,
    ),
    keyword(
        "insecure-setuid-wanted",
        "",
        "lets programs change the user (none are run)",
        nothing,
    ),
    keyword(
        "external-check",
        "[preserve-env]",
        "lets checks run programs (`option external-check` is refused)",
        |_, a, _| {
            a.take_if("preserve-env");
            Ok(())
        },
    ),
    keyword(
        "default-path",
        "{ current | config | parent | origin <dir> }",
        "where relative file names start",
        default_path,
    ),
    keyword(
        "expose-experimental-directives",
        "",
        "allows what HAProxy calls experimental",
        |_, _, l| {
            l.experimental = true;
            Ok(())
        },
    ),
    keyword(
        "expose-deprecated-directives",
        "",
        "allows what HAProxy calls deprecated (nothing is hidden here)",
        nothing,
    ),
];

fn unix_bind(global: &mut Global, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let (prefix, uid, gid, mode) = &mut global.unix_bind;
    while let Some(word) = args.take() {
        match &*word.text() {
            "prefix" => *prefix = Some(args.text("a prefix")?),
            "uid" => *uid = Some(args.count()?),
            "gid" => *gid = Some(args.count()?),
            "user" => *uid = Some(owner::user(args)?),
            "group" => *gid = Some(owner::group(args)?),
            "mode" => *mode = Some(owner::mode(args)?),
            other => {
                let what = format!(
                    "only supports the 'prefix', 'mode', 'user', 'uid', 'group' and 'gid' options (got '{other}')."
                );
                return args.fail_at(word.span, &what);
            }
        }
    }
    Ok(())
}

fn default_path(_: &mut Global, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("one of 'current', 'config', 'parent' or 'origin'")?;
    let own = std::path::Path::new(&load.file)
        .parent()
        .map(std::path::Path::to_owned)
        .unwrap_or_default();
    load.directory = match &*word.text() {
        "current" => std::path::PathBuf::new(),
        "config" => own,
        "parent" => own.join(".."),
        "origin" => args.text("a directory behind 'origin'")?.into(),
        other => {
            let what =
                format!("expects one of 'current', 'config', 'parent' or 'origin', got '{other}'");
            return args.fail_at(word.span, &what);
        }
    };
    Ok(())
}
