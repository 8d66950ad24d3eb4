//! `server`, `default-server` and `server-template` lines and their options (manual 5.2).

use super::address::{self, For};
use super::args::{Args, Parsed, alert};
use super::draft::Draft;
use super::keyword::{Choices, Keyword, TlsOptions, keyword, options};
use super::load::Load;
use super::sections::bad_letter;
use crate::diag::Lead;
use crate::settings::{Endpoint, Host, Observe, OnError, OnMarkedDown, OnMarkedUp, Server};

/// Every option of a `server` line.
pub(super) const OPTIONS: &[Keyword<Server>] = &[
    keyword("addr", "<address>", "where checks go", |s, a, l| {
        s.check.addr = Some(endpoint(a, l, For::Connect)?);
        Ok(())
    }),
    keyword(
        "backup",
        "",
        "used only when all others are down",
        |s, _, _| {
            s.backup = true;
            Ok(())
        },
    ),
    keyword("no-backup", "", "undoes `backup`", |s, _, _| {
        s.backup = false;
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
        "cookie",
        "<value>",
        "its value in a persistence cookie",
        |s, a, _| {
            // Only a `cookie` line makes something of it, and that is refused until it exists.
            s.cookie = Some(a.text("a value")?);
            Ok(())
        },
    ),
    keyword("disabled", "", "starts in maintenance", |s, _, _| {
        s.disabled = true;
        Ok(())
    }),
    keyword("enabled", "", "undoes `disabled`", |s, _, _| {
        s.disabled = false;
        Ok(())
    }),
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
        "hash-key",
        "{ id | addr | addr-port }",
        "its place among hashed keys",
        |s, a, l| {
            l.extension(a.keyword(), "hash-key")?;
            s.hash_key = Some(
                a.choice(&[("id", "id"), ("addr", "addr"), ("addr-port", "addr-port")])?
                    .to_owned(),
            );
            Ok(())
        },
    ),
    keyword("id", "<n>", "its number", |s, a, _| {
        let word = a.word("a number")?;
        match word.text().parse() {
            Ok(id) if id > 0 => s.id = Some(id),
            _ => return alert(word.span, "'id' : custom id has to be > 0."),
        }
        Ok(())
    }),
    keyword(
        "init-addr",
        "{ last | libc | none | <ip> }[,…]*",
        "how its name is resolved at start",
        init_addr,
    ),
    keyword("init-state", "<state>", "its state at start", |_, a, _| {
        not_yet(a, 1, "a choice of initial state")
    }),
    keyword("max-reuse", "<n>", "requests per connection", |s, a, _| {
        s.max_reuse = u32::try_from(a.int(-1..=i64::from(i32::MAX))?).ok();
        Ok(())
    }),
    keyword("maxconn", "<n>", "requests at once", |s, a, _| {
        s.maxconn = a.count()?;
        Ok(())
    }),
    keyword("maxqueue", "<n>", "requests that may wait", |s, a, _| {
        s.maxqueue = a.count()?;
        Ok(())
    }),
    keyword(
        "minconn",
        "<n>",
        "requests at once while the backend is idle",
        |s, a, _| {
            s.minconn = a.count()?;
            Ok(())
        },
    ),
    keyword("non-stick", "", "is not stored in tables", |s, _, _| {
        s.non_stick = true;
        Ok(())
    }),
    keyword("stick", "", "undoes `non-stick`", |s, _, _| {
        s.non_stick = false;
        Ok(())
    }),
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
    keyword(
        "pool-low-conn",
        "<n>",
        "idle connections a thread may take from others",
        |s, a, _| {
            s.pool_low_conn = a.count()?;
            Ok(())
        },
    ),
    keyword(
        "pool-max-conn",
        "<n>",
        "idle connections kept",
        |s, a, _| {
            s.pool_max_conn = u32::try_from(a.int(-1..=i64::from(i32::MAX))?).ok();
            Ok(())
        },
    ),
    keyword(
        "pool-purge-delay",
        "<time>",
        "how long idle connections are kept",
        |s, a, _| {
            s.pool_purge_delay = Some(a.time()?);
            Ok(())
        },
    ),
    keyword("port", "<n>", "the port that checks go to", |s, a, _| {
        s.check.port = Some(a.int(0..=65_535)? as u16).filter(|port| *port > 0);
        Ok(())
    }),
    keyword(
        "proto",
        "<name>",
        "the protocol spoken with it",
        |s, a, _| {
            let word = a.word("a protocol")?;
            match &*word.text() {
                name @ ("h1" | "none") => s.proto = Some(name.to_owned()),
                name @ ("h2" | "fcgi" | "spop") => {
                    return alert(
                        word.span,
                        format!("'proto' : '{name}' is not available yet"),
                    );
                }
                other => {
                    return alert(
                        word.span,
                        format!("'proto' :  unknown MUX protocol '{other}'."),
                    );
                }
            }
            Ok(())
        },
    ),
    keyword(
        "redir",
        "<prefix>",
        "sends clients there by redirect",
        |s, a, _| {
            s.redir = Some(a.text("<prefix> as argument")?);
            Ok(())
        },
    ),
    keyword("send-proxy", "", "sends the PROXY protocol", |s, _, _| {
        s.send_proxy = true;
        Ok(())
    }),
    keyword("no-send-proxy", "", "undoes `send-proxy`", |s, _, _| {
        s.send_proxy = false;
        Ok(())
    }),
    keyword(
        "send-proxy-v2",
        "",
        "sends the PROXY protocol, version 2",
        |_, a, _| not_yet(a, 0, "the PROXY protocol's version 2"),
    ),
    keyword("send-proxy-v2-ssl", "", "with what TLS knows", |_, a, _| {
        not_yet(a, 0, "the PROXY protocol's version 2")
    }),
    keyword(
        "send-proxy-v2-ssl-cn",
        "",
        "with a certificate's name",
        |_, a, _| not_yet(a, 0, "the PROXY protocol's version 2"),
    ),
    keyword(
        "no-send-proxy-v2",
        "",
        "undoes `send-proxy-v2`",
        |_, _, _| Ok(()),
    ),
    keyword(
        "no-send-proxy-v2-ssl",
        "",
        "undoes `send-proxy-v2-ssl`",
        |_, _, _| Ok(()),
    ),
    keyword(
        "no-send-proxy-v2-ssl-cn",
        "",
        "undoes `send-proxy-v2-ssl-cn`",
        |_, _, _| Ok(()),
    ),
    keyword(
        "proxy-v2-options",
        "<option>[,<option>]*",
        "what version 2 carries (refused with it)",
        |_, a, _| {
            a.word("options")?;
            Ok(())
        },
    ),
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
        "source",
        "<address>[:<port>[-<port>]] [interface <name>]",
        "the address to connect from",
        |s, a, l| {
            if a.done() {
                return a.fail(
                "expects <addr>[:<port>[-<port>]], and optionally 'usesrc' <addr>, and 'interface' <name> as argument.",
            );
            }
            s.source = Some(endpoint(a, l, For::Source)?);
            if a.take_if("interface") {
                s.source_interface = Some(a.text("an interface name")?);
            }
            Ok(())
        },
    ),
    keyword(
        "usesrc",
        "<address>",
        "connects from the client's address",
        |_, a, _| not_yet(a, 1, "transparent proxying"),
    ),
    keyword(
        "tcp-ut",
        "<time>",
        "how long sent data may stay unacknowledged",
        |s, a, _| {
            s.tcp_user_timeout = Some(a.time()? as u32);
            Ok(())
        },
    ),
    keyword("tfo", "", "TCP fast open", |s, _, _| {
        s.tcp_fast_open = true;
        Ok(())
    }),
    keyword("no-tfo", "", "undoes `tfo`", |s, _, _| {
        s.tcp_fast_open = false;
        Ok(())
    }),
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
    keyword("weight", "<n>", "its share, 0 to 256", |s, a, _| {
        let word = a.word("a weight")?;
        match word.text().parse::<u32>() {
            Ok(weight) if weight <= 256 => s.weight = Some(weight),
            _ => {
                let message = format!(
                    "weight of server {} is not within 0 and 256 ({}).",
                    s.name,
                    word.text()
                );
                return alert(word.span, message);
            }
        }
        Ok(())
    }),
    keyword(
        "shard",
        "<n>",
        "its part of a peers table (there are none)",
        |_, a, _| {
            a.count()?;
            Ok(())
        },
    ),
    keyword(
        "ws",
        "{ auto | h1 | h2 }",
        "the protocol of WebSockets",
        |_, a, _| {
            match a.choice(&[("auto", true), ("h1", true), ("h2", false)])? {
                // HTTP/1 is what is spoken with servers.
                true => Ok(()),
                false => not_yet(a, 1, "HTTP/2"),
            }
        },
    ),
    keyword(
        "agent-check",
        "",
        "asks an agent on the server",
        |_, a, _| not_yet(a, 0, "agent checks"),
    ),
    // What belongs to the agent has no effect without `agent-check`, which is refused.
    keyword("no-agent-check", "", "undoes `agent-check`", |_, _, _| {
        Ok(())
    }),
    keyword(
        "agent-addr",
        "<address>",
        "where the agent is (see `agent-check`)",
        one_word,
    ),
    keyword(
        "agent-inter",
        "<time>",
        "how often it is asked (see `agent-check`)",
        |_, a, _| {
            interval(a)?;
            Ok(())
        },
    ),
    keyword(
        "agent-port",
        "<n>",
        "its port (see `agent-check`)",
        |_, a, _| {
            a.int(0..=65_535)?;
            Ok(())
        },
    ),
    keyword(
        "agent-send",
        "<text>",
        "what it is told (see `agent-check`)",
        one_word,
    ),
    keyword(
        "check-via-socks4",
        "",
        "checks go through SOCKS",
        |_, a, _| not_yet(a, 0, "SOCKS"),
    ),
    keyword(
        "socks4",
        "<address>",
        "connects through SOCKS",
        |_, a, _| not_yet(a, 1, "SOCKS"),
    ),
    keyword(
        "check-proto",
        "<name>",
        "the protocol of checks",
        |_, a, _| {
            let word = a.word("a protocol")?;
            match &*word.text() {
                "h1" | "none" => Ok(()),
                other => alert(
                    word.span,
                    format!("'check-proto' : '{other}' is not available yet"),
                ),
            }
        },
    ),
    keyword(
        "log-proto",
        "{ legacy | octet-count }",
        "the framing of a ring's messages (refused with rings)",
        |_, a, _| a.choice(&[("legacy", ()), ("octet-count", ())]),
    ),
    keyword(
        "log-bufsize",
        "<n>",
        "the buffer of a ring's messages (refused with rings)",
        |_, a, _| {
            a.count()?;
            Ok(())
        },
    ),
    keyword(
        "namespace",
        "<name>",
        "the network namespace to connect in",
        |_, a, _| not_yet(a, 1, "network namespaces"),
    ),
    keyword(
        "resolvers",
        "<section>",
        "resolves its name again and again",
        |_, a, _| not_yet(a, 1, "name resolution at run time"),
    ),
    // How `resolvers` resolve; without that word nothing is resolved at run time.
    keyword(
        "resolve-net",
        "<net>[,<net>]*",
        "which addresses are preferred (see `resolvers`)",
        one_word,
    ),
    keyword(
        "resolve-opts",
        "<option>[,<option>]*",
        "what answers may be (see `resolvers`)",
        one_word,
    ),
    keyword(
        "resolve-prefer",
        "{ ipv4 | ipv6 }",
        "which family is preferred (see `resolvers`)",
        |_, a, _| a.choice(&[("ipv4", ()), ("ipv6", ())]),
    ),
    keyword(
        "set-proxy-v2-tlv-fmt",
        "<fmt>",
        "what version 2 carries",
        |_, a, _| not_yet(a, 1, "the PROXY protocol's version 2"),
    ),
    keyword(
        "pool-conn-name",
        "<expr>",
        "the name of a shared connection",
        |_, a, _| not_yet(a, 1, "named connections"),
    ),
    keyword(
        "check-pool-conn-name",
        "<name>",
        "the name of a check's connection",
        |_, a, _| not_yet(a, 1, "named connections"),
    ),
    keyword(
        "check-reuse-pool",
        "",
        "checks use idle connections",
        |_, a, _| not_yet(a, 0, "checks on idle connections"),
    ),
    keyword(
        "no-check-reuse-pool",
        "",
        "undoes `check-reuse-pool`",
        |_, _, _| Ok(()),
    ),
    keyword("healthcheck", "<section>", "a check by name", |_, a, _| {
        not_yet(a, 1, "healthcheck sections")
    }),
    keyword(
        "guid",
        "<text>",
        "a name for statistics files",
        |_, a, _| not_yet(a, 1, "statistics files"),
    ),
    keyword("cc", "<name>", "the congestion control", |_, a, _| {
        not_yet(a, 1, "a choice of congestion control")
    }),
    keyword("tcp-md5sig", "<key>", "signs TCP segments", |_, a, _| {
        not_yet(a, 1, "TCP signatures")
    }),
    keyword(
        "idle-ping",
        "<time>",
        "pings idle HTTP/2 servers",
        |_, a, _| not_yet(a, 1, "HTTP/2"),
    ),
    keyword(
        "strict-maxconn",
        "",
        "counts connections, not requests",
        |_, a, _| not_yet(a, 0, "strict connection limits"),
    ),
    keyword(
        "quic-cc-algo",
        "<name>",
        "the congestion control of QUIC",
        |_, a, _| not_yet(a, 1, "QUIC"),
    ),
    keyword("ssl", "", "speaks TLS with it", |_, a, _| {
        not_yet(a, 0, "TLS")
    }),
    keyword("no-ssl", "", "undoes `ssl`", |_, _, _| Ok(())),
    keyword("check-ssl", "", "checks speak TLS", |_, a, _| {
        not_yet(a, 0, "TLS")
    }),
    keyword("no-check-ssl", "", "undoes `check-ssl`", |_, _, _| Ok(())),
];

/// Options that mean something with `ssl` or `check-ssl` only: name, and how many words follow.
pub(super) const TLS_OPTIONS: TlsOptions = &[
    ("allow-0rtt", 0),
    ("alpn", 1),
    ("ca-file", 1),
    ("check-alpn", 1),
    ("check-sni", 1),
    ("check-sni-auto", 0),
    ("ciphers", 1),
    ("ciphersuites", 1),
    ("client-sigalgs", 1),
    ("crl-file", 1),
    ("crt", 1),
    ("curves", 1),
    ("force-sslv3", 0),
    ("force-tlsv10", 0),
    ("force-tlsv11", 0),
    ("force-tlsv12", 0),
    ("force-tlsv13", 0),
    ("ktls", 1),
    ("no-check-sni-auto", 0),
    ("no-renegotiate", 0),
    ("no-sni-auto", 0),
    ("no-ssl-reuse", 0),
    ("no-sslv3", 0),
    ("no-tls-tickets", 0),
    ("no-tlsv10", 0),
    ("no-tlsv11", 0),
    ("no-tlsv12", 0),
    ("no-tlsv13", 0),
    ("no-verifyhost", 0),
    ("npn", 1),
    ("renegotiate", 0),
    ("sigalgs", 1),
    ("sni", 1),
    ("sni-auto", 0),
    ("ssl-max-ver", 1),
    ("ssl-min-ver", 1),
    ("ssl-reuse", 0),
    ("tls-tickets", 0),
    ("verify", 1),
    ("verifyhost", 1),
];

const CHOICES: Choices<Server> = Choices {
    table: OPTIONS,
    tls: TLS_OPTIONS,
    colon: " ",
    lead: Lead::Place,
};

/// Refuses an option; its arguments are taken so that what follows is read for what it is.
fn not_yet(args: &mut Args<'_>, words: usize, needs: &str) -> Parsed {
    for _ in 0..words {
        args.take();
    }
    args.fail(&format!("is not available yet: it needs {needs}."))
}

fn one_word(_: &mut Server, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    args.word("an argument")?;
    Ok(())
}

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

fn endpoint(args: &mut Args<'_>, load: &Load, wanted: For) -> Parsed<Endpoint> {
    let word = args.word("an address as argument")?;
    let text = address::expand(&word.text(), &load.env);
    address::endpoint(&text, wanted)
        .or_else(|problem| alert(word.span, format!("'{}' : {problem}", args.name)))
}

fn init_addr(server: &mut Server, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let word = args.word("a comma-delimited list of methods")?;
    let mut methods = Vec::new();
    for method in word.text().split(',') {
        let known = matches!(method, "last" | "libc" | "none");
        if !known && method.parse::<std::net::IpAddr>().is_err() {
            let message = format!(
                "'init-addr' : unknown init-addr method '{method}', supported methods are 'libc', 'last', 'none'."
            );
            return alert(word.span, message);
        }
        methods.push(method.to_owned());
    }
    server.init_addr = Some(methods);
    Ok(())
}

/// A `server` line.
pub(super) fn line(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    placed(one_server(draft, args, load))
}

fn one_server(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    if args.rest().len() < 2 {
        return args.fail("expects <name> and <addr>[:<port>] as arguments.");
    }
    let span = args.line().span;
    let word = args.word("<name>")?;
    let name = word.text().into_owned();
    if let Some(bad) = bad_letter(&name) {
        let message = format!("character '{bad}' is not permitted in server name '{name}'.");
        return alert(word.span, message);
    }
    let server = one(draft, name, args, load)?;
    draft.proxy.servers.push((server, span));
    Ok(())
}

/// Reads the address and the options of a server.
fn one(draft: &Draft, name: String, args: &mut Args<'_>, load: &mut Load) -> Parsed<Server> {
    let title = format!("'server {}/{name}'", draft.proxy.name);
    let word = args.word("<addr>[:<port>]")?;
    let text = address::expand(&word.text(), &load.env);
    let endpoint = address::endpoint(&text, For::Connect)
        .or_else(|problem| alert(word.span, format!("{title} : {problem}")))?;
    let mut server = Server {
        name,
        endpoint: Some(endpoint),
        text,
        ..draft.default_server.clone()
    };
    options(&mut server, args, load, &CHOICES, &title)?;
    Ok(server)
}

/// A `default-server` line.
pub(super) fn defaults(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    if let Some(word) = args.peek().filter(|word| word.bytes == b"id") {
        return args.fail_at(
            word.span,
            ": 'id' option is not accepted in default-server sections.",
        );
    }
    options(
        &mut draft.default_server,
        args,
        load,
        &CHOICES,
        "'default-server'",
    )
}

/// A `server-template` line: `<prefix>1` to `<prefix>n`, each with the address as it is.
pub(super) fn template(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    placed(several(draft, args, load))
}

fn several(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    if args.rest().len() < 3 {
        return args.fail("expects <prefix> <nb | range> <addr>[:<port>] as arguments.");
    }
    let span = args.line().span;
    let prefix = args.text("<prefix>")?;
    let word = args.word("<nb | range>")?;
    let text = word.text();
    let range = match text.split_once('-') {
        Some((low, high)) => low.parse::<u32>().ok().zip(high.parse::<u32>().ok()),
        None => text.parse::<u32>().ok().map(|count| (1, count)),
    };
    let (low, high) = match range {
        Some((low, high)) if low <= high && high - low < MAX_TEMPLATE => (low, high),
        _ => {
            return alert(
                word.span,
                format!("Wrong server-template number or range arg '{text}'."),
            );
        }
    };
    let server = one(draft, format!("{prefix}{low}"), args, load)?;
    if let Some(Endpoint::Tcp {
        host: Host::Name(_),
        ..
    }) = server.endpoint
        && low < high
        && !matches!(server.init_addr.as_deref(), Some([only]) if only == "none")
    {
        // All of them get one address, as in HAProxy without `resolvers`.
        load.warn(
            span,
            "all servers of this template resolve to the same address",
        );
    }
    for number in low..=high {
        let name = format!("{prefix}{number}");
        draft.proxy.servers.push((
            Server {
                name,
                ..server.clone()
            },
            span,
        ));
    }
    Ok(())
}

/// What a line about servers says names its place in its own way.
pub(super) fn placed(result: Parsed) -> Parsed {
    result.map_err(|problem| problem.lead(Lead::Place).into())
}

/// The most servers one template makes.
const MAX_TEMPLATE: u32 = 65_535;

#[cfg(test)]
mod tests {
    use super::super::keyword::names;
    use super::*;

    #[test]
    fn options_are_documented_and_unique() {
        let mut all: Vec<&str> = names(&[OPTIONS])
            .chain(TLS_OPTIONS.iter().map(|(name, _)| *name))
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(OPTIONS.iter().all(|option| !option.doc.is_empty()));
    }
}
