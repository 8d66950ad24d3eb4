//! Options about traffic: addresses, limits, weights, connections.

use super::super::address::For;
use super::super::args::{Args, Parsed, alert, unknown_word};
use super::super::keyword::{Keyword, keyword};
use super::super::load::Load;
use super::{endpoint, not_yet};
use crate::settings::{Protocol, Server, WebSocket};

const WS: &str = "'ws' has to be 'auto', 'h1' or 'h2'.";

pub(super) const KEYWORDS: &[Keyword<Server>] = &[
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
    keyword(
        "cookie",
        "<value>",
        "its value in a persistence cookie",
        |s, a, _| {
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
        "hash-key",
        "{ id | addr | addr-port }",
        "its place among hashed keys (by its number)",
        |_, a, l| {
            l.extension(a.keyword(), "hash-key")?;
            match a.choice(&[("id", true), ("addr", false), ("addr-port", false)])? {
                true => Ok(()),
                false => not_yet(a, 0, "places among keys by address"),
            }
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
    keyword(
        "non-stick",
        "",
        "is not stored in stick tables",
        |s, _, _| {
            s.non_stick = true;
            Ok(())
        },
    ),
    keyword("stick", "", "undoes `non-stick`", |s, _, _| {
        s.non_stick = false;
        Ok(())
    }),
    keyword(
        "pool-low-conn",
        "<n>",
        "idle connections beyond which a thread takes those of others (it never does)",
        |_, a, _| a.count().map(|_| ()),
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
    keyword(
        "proto",
        "<name>",
        "the protocol spoken with it",
        |s, a, _| {
            s.proto = Some(protocol(a)?);
            Ok(())
        },
    ),
    keyword(
        "redir",
        "<prefix>",
        "sends clients there by redirect",
        |s, a, _| {
            let word = a.word("a prefix as argument")?;
            s.redir = Some(word.bytes.as_slice().into());
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
        "ws",
        "{ auto | h1 | h2 }",
        "the protocol of WebSockets",
        |s, a, _| {
            let Some(word) = a.take() else {
                return alert(a.keyword(), WS);
            };
            s.ws = match &*word.text() {
                "auto" => WebSocket::Auto,
                "h1" => WebSocket::H1,
                "h2" => WebSocket::H2,
                _ => return unknown_word(word, WS, ["auto", "h1", "h2"]),
            };
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
];

/// The word of `proto` and `check-proto`.
pub(in super::super) fn protocol(args: &mut Args<'_>) -> Parsed<Protocol> {
    let Some(word) = args.take() else {
        return alert(args.keyword(), format!("'{}' : missing value.", args.name));
    };
    let all = [Protocol::H1, Protocol::H2, Protocol::None];
    match &*word.text() {
        other @ ("fcgi" | "spop") => alert(
            word.span,
            format!("'{}' : '{other}' is not available yet", args.name),
        ),
        other => match all.into_iter().find(|known| known.name() == other) {
            Some(protocol) => Ok(protocol),
            None => {
                let message = format!("'{}' :  unknown MUX protocol '{other}'.", args.name);
                unknown_word(word, message, all.map(Protocol::name))
            }
        },
    }
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
            return unknown_word(word, message, ["libc", "last", "none"]);
        }
        methods.push(method.to_owned());
    }
    server.init_addr = Some(methods);
    Ok(())
}
