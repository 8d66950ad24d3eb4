//! `peers` sections (manual 3.5): who shares tables with whom, and tables of their own.

use super::args::{Args, Parsed, alert};
use super::draft::Draft;
use super::keyword::{Table, find, keyword, unknown};
use super::load::Load;
use super::model::{self, Config};
use super::{bind, log, server, stick_table};
use crate::diag::{Diagnostic, Lead, Span};
use crate::settings::{self, Bind, Kind, Server};

/// A section while it is read.
pub(super) struct Peers {
    /// What its lines say.
    settings: settings::Peers,
    /// Its listener and its peers, read as a proxy's.
    draft: Draft,
    /// Tables of its own.
    tables: Vec<model::Table>,
    /// What `default-bind` says, once it or a `bind` line was read, and where.
    bind: Option<(Bind, Span)>,
    /// The line that names this process.
    own: Option<Span>,
    /// A `peer` line gave this process's address.
    by_peer: bool,
}

impl Peers {
    /// A section of which nothing but its head was read.
    pub fn new(name: &str, span: Span, load: &Load) -> Self {
        let local = local(load);
        // HAProxy's messages call the section by the name of the local peer.
        let draft = Draft::new(Kind::Backend, &local, span).with_tls(load);
        Self {
            settings: settings::Peers {
                name: name.to_owned(),
                local,
                ..settings::Peers::default()
            },
            draft,
            tables: Vec::new(),
            bind: None,
            own: None,
            by_peer: false,
        }
    }
}

/// The lines of the section.
const KEYWORDS: Table<Peers> = &[&[
    keyword(
        "bind",
        "<address> [<option>]*",
        "where this process listens for its peers",
        bind_line,
    ),
    keyword(
        "default-bind",
        "[<option>]*",
        "options of the `bind` line",
        default_bind,
    ),
    keyword(
        "default-server",
        "[<option>]*",
        "options of the `peer` and `server` lines that follow",
        |p, a, l| server::defaults(&mut p.draft, a, l),
    ),
    keyword("disabled", "", "nothing is shared", |p, _, _| {
        p.settings.disabled = true;
        Ok(())
    }),
    keyword("enabled", "", "tables are shared (default)", |p, _, _| {
        p.settings.disabled = false;
        Ok(())
    }),
    keyword(
        "log",
        "{ global | <address> <facility> [<level>] }",
        "where to log what concerns the peers",
        |p, a, l| {
            p.settings.log.push(log::target(a, &l.env, true)?);
            Ok(())
        },
    ),
    keyword(
        "peer",
        "<name> [<address>:<port>] [<option>]*",
        "a peer; this process by its own name",
        peer,
    ),
    keyword(
        "server",
        "<name> [<address>:<port>] [<option>]*",
        "a peer; this process by its own name",
        peer,
    ),
    keyword(
        "shards",
        "<n>",
        "how many groups of peers divide the keys",
        |p, a, _| {
            p.settings.shards = a.positive()?;
            Ok(())
        },
    ),
    keyword(
        "table",
        "<name> type <type> size <size> [<option>]*",
        "a table of this section",
        table,
    ),
]];

/// Reads one line.
pub(super) fn keyword_line(peers: &mut Peers, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let found = find(KEYWORDS, &args.name).ok_or_else(|| unknown(args, KEYWORDS, "peers"))?;
    (found.parse)(peers, args, load)?;
    args.end()
}

fn table(peers: &mut Peers, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let Some(word) = args.take() else {
        return alert(args.keyword(), "table: missing size.");
    };
    let name = format!("{}/{}", peers.settings.name, word.text());
    let mut table = stick_table::read(&name, args, load)?;
    table.inside = true;
    table.peers = Some((peers.settings.name.clone(), args.keyword()));
    peers.tables.push(table);
    Ok(())
}

fn default_bind(peers: &mut Peers, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let mut bind = match peers.bind.take() {
        Some((bind, _)) => bind,
        None => bind::plain(load),
    };
    let result = bind::defaults(&mut bind, "peers", args, load);
    peers.bind = Some((bind, args.keyword()));
    result
}

fn bind_line(peers: &mut Peers, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    if peers.by_peer {
        return alert(
            args.keyword(),
            "mixing \"peer\" and \"bind\" line is forbidden",
        );
    }
    if let (Some((_, first)), false) = (&peers.bind, peers.draft.proxy.binds.is_empty()) {
        let message = format!(
            "One listener per \"peers\" section is authorized but another is already configured at [{}].",
            load.place(*first)
        );
        return alert(args.keyword(), message);
    }
    let (base, place) = match peers.bind.take() {
        Some((base, place)) => (base, place),
        None => (bind::plain(load), args.keyword()),
    };
    peers.bind = Some((base.clone(), place));
    bind::line_with(&mut peers.draft, base, args, load)
}

/// `peer` and `server`.
fn peer(peers: &mut Peers, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("<name> and <addr>[:<port>] as arguments")?;
    let name = word.text().into_owned();
    let span = args.line().span;
    let is_own = name == peers.settings.local;
    if is_own && let Some(first) = peers.own {
        let message = format!(
            "'{} {name}' : local peer name already referenced at {}. {name}",
            args.name,
            load.place(first)
        );
        return alert(word.span, message);
    }
    let listens = !peers.draft.proxy.binds.is_empty();
    if is_own && listens && args.name == "peer" {
        return alert(
            args.keyword(),
            "mixing \"peer\" and \"bind\" line is forbidden",
        );
    }
    if is_own {
        peers.own = Some(span);
    }
    let address = args.peek().filter(|_| !(is_own && listens)).cloned();
    let mut server = server::peer(&peers.draft, name, address.is_some(), args, load)
        .map_err(|problem| no_address_wanted(problem, is_own && listens))?;
    tell_what_is_ignored(&server, args, load);
    if is_own && let Some(word) = address {
        let has_port = !matches!(
            server.endpoint,
            Some(settings::Endpoint::Tcp { port: 0, .. })
        );
        if !has_port {
            let text = word.text();
            let message = format!(
                "'{} {}' : missing port specification in '{text}'",
                args.name, server.name
            );
            return alert(word.span, message);
        }
        let base = match &peers.bind {
            Some((base, _)) => base.clone(),
            None => bind::plain(load),
        };
        bind::at(&mut peers.draft, base, &word, args, load)?;
        peers.by_peer = true;
    }
    tell_half_secured(peers, &server, is_own, args, load);
    server.id = None;
    peers.draft.proxy.servers.push((server, span));
    Ok(())
}

fn no_address_wanted(mut problem: Box<Diagnostic>, own: bool) -> Box<Diagnostic> {
    if own && problem.message.contains("unknown keyword") {
        problem.message += ". Hint: no address was expected for this server.";
    }
    problem
}

/// Checks are for servers of proxies.
fn tell_what_is_ignored(server: &Server, args: &Args<'_>, load: &mut Load) {
    let resolves = server.resolving.section.is_some() || server.init_addr.is_some();
    if server.check.enabled || resolves {
        let what = format!(
            "'{} {}' : init_addr, resolvers, check and agent are ignored for peers.",
            args.name, server.name
        );
        load.warn(args.keyword(), what);
    }
}

/// The process speaks to itself when one takes over from another: both ends must speak alike.
fn tell_half_secured(peers: &Peers, server: &Server, own: bool, args: &Args<'_>, load: &mut Load) {
    let Some(listener) = peers.draft.proxy.binds.first().filter(|_| own) else {
        return;
    };
    let (front, back) = match (listener.ssl, server.ssl) {
        (true, false) => ("SSL", "non-SSL"),
        (false, true) => ("non-SSL", "SSL"),
        _ => return,
    };
    let what = format!(
        "Peers section '{}': local peer have a {front} listener and a {back} server configured at line {}.",
        peers.settings.local,
        load.place(args.keyword())
    );
    let warning = Diagnostic::warning(args.keyword(), what).lead(Lead::Bare);
    load.diagnostics.push(warning);
}

/// The name of this process among peers.
fn local(load: &Load) -> String {
    match load.env.get(b"HAPROXY_LOCALPEER") {
        Some(name) => String::from_utf8_lossy(name).into_owned(),
        None => nix::unistd::gethostname()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
    }
}

/// The section has ended.
pub(super) fn finish(mut peers: Peers, config: &mut Config, load: &mut Load) {
    peers.settings.complete = peers.own.is_some();
    if !peers.settings.disabled && !peers.settings.complete {
        let message = format!(
            "Removing incomplete section 'peers {}' (no peer named '{}').",
            peers.settings.name, peers.settings.local
        );
        let warning = Diagnostic::warning(peers.draft.proxy.span, message).lead(Lead::Bare);
        load.diagnostics.push(warning);
    }
    config.tables.append(&mut peers.tables);
    config.peers.push(model::Peers {
        settings: peers.settings,
        proxy: peers.draft.proxy,
    });
}
