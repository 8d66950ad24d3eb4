//! The table of flags.

use super::{Exit, Farewell, Invocation, MasterWorker, usage};

/// What a flag does with its value.
type Set = fn(&mut Invocation, &str) -> Result<(), Refused>;

/// Why a value is no good.
#[derive(Debug)]
pub enum Refused {
    /// The usage text says it all.
    Usage,
    /// It needs words of its own.
    Because(String),
}

/// How a flag takes what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// The next argument; how it is shown in the usage text.
    Next(&'static str),
    /// The rest of the same argument.
    Rest(&'static str),
    /// Process ids, as long as the next argument does not start with a dash.
    Pids,
}

impl Takes {
    /// As the usage text shows it.
    pub fn shown(self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Next(what) => format!(" {what}"),
            Self::Rest(what) => what.to_owned(),
            Self::Pids => " [pid]*".to_owned(),
        }
    }
}

/// One flag.
#[derive(Debug)]
pub struct Flag {
    /// The flag, dash included.
    pub name: &'static str,
    /// What follows it.
    pub takes: Takes,
    /// One line for the usage text.
    pub doc: &'static str,
    set: Set,
}

const fn flag(name: &'static str, takes: Takes, doc: &'static str, set: Set) -> Flag {
    Flag {
        name,
        takes,
        doc,
        set,
    }
}

use Takes::{Next, Nothing, Pids, Rest};

/// Every flag, in the order of the usage text.
pub const FLAGS: &[Flag] = &[
    flag(
        "-f",
        Next("<cfg>"),
        "reads a file, or the *.cfg files of a directory",
        |i, v| {
            i.files.push(v.into());
            Ok(())
        },
    ),
    flag("-v", Nothing, "displays version", |i, _| {
        i.version = 1;
        Ok(())
    }),
    flag(
        "-vv",
        Nothing,
        "displays version and what was built in",
        |i, _| {
            i.version = 2;
            Ok(())
        },
    ),
    flag("-d", Nothing, "enters debug mode", |i, _| {
        i.debug = true;
        Ok(())
    }),
    flag("-db", Nothing, "only disables background mode", |i, _| {
        i.foreground = true;
        Ok(())
    }),
    flag(
        "-dM",
        Rest("[<byte>,...]"),
        "memory poisoning: memory is never read before it is written here",
        |_, v| poison(v),
    ),
    flag(
        "-V",
        Nothing,
        "enters verbose mode (disables quiet mode)",
        |i, _| {
            i.verbose = true;
            Ok(())
        },
    ),
    flag("-D", Nothing, "goes daemon", |i, _| {
        i.daemon = true;
        Ok(())
    }),
    flag(
        "-C",
        Next("<dir>"),
        "changes to <dir> before loading files",
        |i, v| {
            i.directory = Some(v.into());
            Ok(())
        },
    ),
    flag("-W", Nothing, "master-worker mode", |i, _| {
        i.master_worker = MasterWorker::On;
        Ok(())
    }),
    flag(
        "-Ws",
        Nothing,
        "master-worker mode with systemd notify support",
        |i, _| {
            i.master_worker = MasterWorker::Systemd;
            Ok(())
        },
    ),
    flag(
        "-q",
        Nothing,
        "quiet mode : don't display messages",
        |i, _| {
            i.quiet = true;
            Ok(())
        },
    ),
    flag(
        "-c",
        Nothing,
        "check mode : only check config files and exit",
        |i, _| {
            i.check = true;
            Ok(())
        },
    ),
    flag(
        "-cc",
        Next("<cond>"),
        "check condition : evaluate a condition and exit",
        |i, v| {
            i.condition = Some(v.to_owned());
            Ok(())
        },
    ),
    flag(
        "-n",
        Next("<n>"),
        "sets the maximum total # of connections",
        |i, v| {
            i.maxconn = Some(number(v)?);
            Ok(())
        },
    ),
    flag(
        "-m",
        Next("<MB>"),
        "limits the usable amount of memory (in MB)",
        |i, v| {
            i.memory = Some(number(v)?);
            Ok(())
        },
    ),
    flag(
        "-N",
        Next("<n>"),
        "sets the default, per-proxy maximum # of connections",
        |i, v| {
            i.proxy_maxconn = Some(number(v)?);
            Ok(())
        },
    ),
    flag(
        "-L",
        Next("<name>"),
        "set local peer name (default to hostname)",
        |i, v| {
            i.local_peer = Some(v.to_owned());
            Ok(())
        },
    ),
    flag(
        "-p",
        Next("<file>"),
        "writes pids of all children to this file",
        |i, v| {
            i.pid_file = Some(v.into());
            Ok(())
        },
    ),
    flag(
        "-de",
        Nothing,
        "disables epoll() usage even when available",
        |_, _| {
            Err(Refused::Because(
                "'-de' is not available: epoll is the only poller".to_owned(),
            ))
        },
    ),
    flag(
        "-dp",
        Nothing,
        "disables poll() usage (there is none)",
        |_, _| Ok(()),
    ),
    flag(
        "-dS",
        Nothing,
        "disables splice usage (broken on old kernels)",
        |i, _| {
            i.no_splice = true;
            Ok(())
        },
    ),
    flag("-dG", Nothing, "disables getaddrinfo() usage", |_, _| {
        Err(Refused::Because(
            "'-dG' is not available: names resolve with getaddrinfo() only".to_owned(),
        ))
    }),
    flag("-dR", Nothing, "disables SO_REUSEPORT usage", |i, _| {
        i.no_reuseport = true;
        Ok(())
    }),
    flag(
        "-dL",
        Nothing,
        "dumps loaded object files after config checks",
        |i, _| {
            i.libraries = true;
            Ok(())
        },
    ),
    flag(
        "-dK",
        Rest("{class[,...]}"),
        "dump registered keywords (use 'help' for list)",
        |i, v| {
            i.keywords.extend(v.split(',').map(str::to_owned));
            Ok(())
        },
    ),
    flag(
        "-dr",
        Nothing,
        "ignores server address resolution failures",
        |i, _| {
            i.ignore_resolution = true;
            Ok(())
        },
    ),
    flag(
        "-dV",
        Nothing,
        "disables SSL verify on servers side",
        |i, _| {
            i.no_server_verify = true;
            Ok(())
        },
    ),
    flag(
        "-dI",
        Nothing,
        "allows external checks to fork (there are none to allow it to)",
        |i, _| {
            i.insecure_fork = true;
            Ok(())
        },
    ),
    flag("-dW", Nothing, "fails if any warning is emitted", |i, _| {
        i.zero_warning = true;
        Ok(())
    }),
    flag(
        "-dD",
        Nothing,
        "diagnostic mode : warn about suspicious configuration statements",
        |i, _| {
            i.diagnostics = true;
            Ok(())
        },
    ),
    flag("-sf", Pids, "finishes old pids", |i, v| {
        pids(i, Farewell::Finish, v)
    }),
    flag("-st", Pids, "terminates old pids", |i, v| {
        pids(i, Farewell::Terminate, v)
    }),
    flag(
        "-x",
        Next("<unix_socket>"),
        "get listening sockets from a unix socket",
        |i, v| {
            i.take_over = Some(v.into());
            Ok(())
        },
    ),
    flag("-S", Next("<bind>[,...]"), "new master CLI", |i, v| {
        i.master_cli.push(v.to_owned());
        Ok(())
    }),
    flag(
        "--strict-haproxy",
        Nothing,
        "refuses what HAProxy does not know",
        |i, _| {
            i.strict = true;
            Ok(())
        },
    ),
];

fn number<T: std::str::FromStr>(value: &str) -> Result<T, Refused> {
    value.parse().map_err(|_| Refused::Usage)
}

fn poison(value: &str) -> Result<(), Refused> {
    const OPTIONS: [&str; 17] = [
        "fail",
        "no-fail",
        "no-merge",
        "merge",
        "cold-first",
        "hot-first",
        "integrity",
        "no-integrity",
        "no-global",
        "global",
        "no-cache",
        "cache",
        "caller",
        "no-caller",
        "tag",
        "no-tag",
        "poison",
    ];
    let known = value.split(',').all(|word| {
        word.is_empty()
            || word.parse::<u8>().is_ok()
            || OPTIONS.contains(&word)
            || word == "no-poison"
    });
    match known {
        true => Ok(()),
        false => Err(Refused::Because(format!(
            "-dM: unknown pool debugging feature <{value}>"
        ))),
    }
}

fn pids(invocation: &mut Invocation, farewell: Farewell, value: &str) -> Result<(), Refused> {
    let (_, list) = invocation.replaces.get_or_insert((farewell, Vec::new()));
    for pid in value.split_whitespace() {
        match pid.parse() {
            Ok(pid) if pid > 0 => list.push(pid),
            _ => {
                let name = if farewell == Farewell::Finish {
                    "-sf"
                } else {
                    "-st"
                };
                let why = format!("{name} option: some bytes unconsumed in PID list {{{pid}}}");
                return Err(Refused::Because(why));
            }
        }
    }
    Ok(())
}

/// The flag an argument stands for.
pub(super) fn find(arg: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| match flag.takes {
        Rest(_) => arg.starts_with(flag.name),
        _ => arg == flag.name,
    })
}

/// Carries out one flag; gives how many of the arguments behind it were used.
pub(super) fn apply(
    flag: &'static Flag,
    arg: &str,
    behind: &[&str],
    invocation: &mut Invocation,
) -> Result<usize, Exit> {
    let (used, value) = match flag.takes {
        Nothing => (0, String::new()),
        Rest(_) => (0, arg.get(flag.name.len()..).unwrap_or_default().to_owned()),
        Next(_) => match behind.first() {
            Some(next) if !next.starts_with('-') || flag.name == "-cc" => (1, (*next).to_owned()),
            _ if flag.name == "-x" => {
                return Err(Exit::alert(
                    1,
                    "Unix socket path expected with the -x flag\n",
                ));
            }
            _ => return Err(usage(invocation)),
        },
        Pids => {
            let pids: Vec<&str> = behind
                .iter()
                .take_while(|next| !next.starts_with('-'))
                .copied()
                .collect();
            (pids.len(), pids.join(" "))
        }
    };
    match (flag.set)(invocation, &value) {
        Ok(()) => Ok(used),
        Err(Refused::Usage) => Err(usage(invocation)),
        Err(Refused::Because(why)) => Err(Exit::alert(1, &why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_documented_and_unique() {
        for (nth, flag) in FLAGS.iter().enumerate() {
            assert!(!flag.doc.is_empty() && flag.name.starts_with('-'));
            assert!(
                FLAGS
                    .iter()
                    .skip(nth + 1)
                    .all(|other| other.name != flag.name),
                "{}",
                flag.name
            );
            assert!(
                find(flag.name).is_some_and(|found| found.name == flag.name),
                "{}",
                flag.name
            );
        }
    }
}
