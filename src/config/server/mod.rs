//! `server`, `default-server` and `server-template` lines and their options (manual 5.2).

mod health;
mod later;
mod names;
mod proxy_protocol;
pub(super) mod traffic;

use super::address::{self, For};
use super::args::{Args, Parsed, alert};
use super::draft::Draft;
use super::keyword::{Choices, Table, TlsOptions, options};
use super::load::Load;
use super::sections::bad_letter;
use super::tls;
use crate::acl::Acls;
use crate::diag::Lead;
use crate::sample::{Captures, Contents, Context, Place};
use crate::settings::{Endpoint, Host, Kind, Mode, Server};

/// Every option of a `server` line.
pub(super) const OPTIONS: Table<Server> = &[
    traffic::KEYWORDS,
    proxy_protocol::KEYWORDS,
    health::KEYWORDS,
    tls::server::KEYWORDS,
    tls::server::SHARED,
    names::KEYWORDS,
    later::KEYWORDS,
];

/// Options that mean something with `ssl` or `check-ssl` only.
pub(super) const TLS_OPTIONS: TlsOptions = later::TLS_OPTIONS;

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

/// Lends what expressions on a server's line are read with: they see a request on its way to the server.
pub(super) fn in_context<T>(load: &mut Load, read: impl FnOnce(&mut Context<'_>) -> T) -> T {
    let (acls, mut captures) = (Acls::default(), Captures::default());
    read(&mut Context {
        place: Place::BackRequest,
        kind: Kind::Backend,
        mode: Mode::Http,
        proxy: "",
        acls: &acls,
        captures: &mut captures,
        stick_counters: load.stick_counters(),
        experimental: load.experimental,
        contents: Contents::default(),
        file: &load.file,
        files: &load.files,
        directory: load.directory.clone(),
        diagnostics: &mut load.diagnostics,
    })
}

fn one_word(_: &mut Server, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    args.word("an argument")?;
    Ok(())
}

fn endpoint(args: &mut Args<'_>, load: &Load, wanted: For) -> Parsed<Endpoint> {
    let word = args.word("an address as argument")?;
    let text = address::expand(&word.text(), &load.env);
    address::endpoint(&text, wanted)
        .or_else(|problem| alert(word.span, format!("'{}' : {problem}", args.name)))
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
    if let Endpoint::Tcp { host, .. } = &endpoint
        && matches!(host, Host::Name(host) if has_empty_label(host))
    {
        let message = format!("{title} : Can't create DNS resolution for server '{name}'");
        return alert(word.span, message);
    }
    let mut server = Server {
        name,
        endpoint: Some(endpoint),
        text,
        ..draft.default_server.clone()
    };
    rest(draft, &mut server, args, load, &title)?;
    Ok(server)
}

/// What follows the address.
fn rest(
    draft: &Draft,
    server: &mut Server,
    args: &mut Args<'_>,
    load: &mut Load,
    title: &str,
) -> Parsed {
    options(server, args, load, &CHOICES, title)?;
    let kind = match draft.proxy.kind {
        Kind::Backend => "backend",
        _ => "proxy",
    };
    let whose = format!("{kind} '{}'", draft.proxy.name);
    tls::server::complete(server, args, load, (title, &whose))
}

/// A peer: a server that may have no address.
pub(super) fn peer(
    draft: &Draft,
    name: String,
    address: bool,
    args: &mut Args<'_>,
    load: &mut Load,
) -> Parsed<Server> {
    let server = match address {
        true => one(draft, name, args, load),
        false => {
            let title = format!("'server {}/{name}'", draft.proxy.name);
            let mut server = Server {
                name,
                ..draft.default_server.clone()
            };
            rest(draft, &mut server, args, load, &title).map(|()| server)
        }
    };
    server.map_err(|problem| problem.lead(Lead::Place).into())
}

/// Whether there is nothing between two dots: a name that no name server can be asked for.
fn has_empty_label(host: &str) -> bool {
    let labels = host.strip_suffix('.').unwrap_or(host).split('.');
    labels.into_iter().any(str::is_empty)
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
        && server.resolving.section.is_none()
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
        let mut all: Vec<&str> = names(OPTIONS)
            .chain(TLS_OPTIONS.iter().map(|(name, _)| *name))
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(
            OPTIONS
                .iter()
                .flat_map(|part| part.iter())
                .all(|option| !option.doc.is_empty())
        );
    }
}
