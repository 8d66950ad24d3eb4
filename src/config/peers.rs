//! `peers` sections (manual 3.5): tables of their own, and the local peer. What would be sent to others is refused.

use super::args::{Args, Parsed, alert};
use super::load::Load;
use super::model::Config;
use super::stick_table;
use crate::diag::{Diagnostic, Lead, Span, suggest};

/// A section while it is read.
pub(super) struct Peers {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub span: Span,
    /// Peers that are not this process.
    remote: Vec<(String, Span)>,
    disabled: bool,
    local: bool,
}

impl Peers {
    /// A section of which nothing but its head was read.
    pub fn new(name: &str, span: Span) -> Self {
        Self {
            name: name.to_owned(),
            span,
            remote: Vec::new(),
            disabled: false,
            local: false,
        }
    }
}

const KEYWORDS: [&str; 6] = ["bind", "disabled", "enabled", "peer", "server", "table"];

/// Reads one line.
pub(super) fn keyword(
    peers: &mut Peers,
    config: &mut Config,
    args: &mut Args<'_>,
    load: &mut Load,
) -> Parsed {
    match args.name.as_str() {
        "table" => {
            let Some(word) = args.take() else {
                return alert(args.keyword(), "table: missing size.");
            };
            let name = format!("{}/{}", peers.name, word.text());
            let table = stick_table::read(&name, args, load)?;
            config.tables.push(table);
        }
        "peer" | "server" => {
            let word = args.word("<name> and <addr>[:<port>] as arguments")?;
            let name = word.text().into_owned();
            args.skip();
            match name == local(load) {
                true => peers.local = true,
                false => peers.remote.push((name, word.span)),
            }
        }
        // Only other peers would come there.
        "bind" => args.skip(),
        "disabled" => peers.disabled = true,
        "enabled" => peers.disabled = false,
        name @ ("default-bind" | "default-server" | "log" | "shards") => {
            return args.fail(&format!(
                "is not available yet in '{}' section: {name} needs the peers protocol.",
                "peers"
            ));
        }
        name => {
            let message = format!("unknown keyword '{name}' in 'peers' section");
            let mut unknown = Diagnostic::alert(args.keyword(), message);
            unknown.help.extend(suggest::did_you_mean(name, KEYWORDS));
            return Err(Box::new(unknown));
        }
    }
    args.end()
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
pub(super) fn finish(peers: Peers, config: &mut Config, load: &mut Load) {
    if !peers.disabled {
        for (name, span) in &peers.remote {
            let message = format!(
                "peer '{name}': tables are not shared with other processes yet: that needs the peers protocol."
            );
            load.diagnostics.push(Diagnostic::alert(*span, message));
        }
        if !peers.local && peers.remote.is_empty() {
            let message = format!(
                "Removing incomplete section 'peers {}' (no peer named '{}').",
                peers.name,
                local(load)
            );
            load.diagnostics
                .push(Diagnostic::warning(peers.span, message).lead(Lead::Bare));
        }
    }
    config.peers.insert(peers.name);
}
