//! The `-dKcfg` list: every keyword of every table, in the layout of HAProxy's.

use super::bind;
use super::global;
use super::keyword::{Keyword, TlsOptions, names};
use super::proxy;
use super::server;
use crate::action;

/// Appends the list.
pub fn dump(out: &mut String) {
    out.push_str("# List of registered configuration keywords:\nglobal\n");
    sorted(out, names(global::TABLE).map(str::to_owned));
    out.push_str("listen\n");
    sorted(out, names(proxy::TABLE).map(str::to_owned));
    sorted(
        out,
        bind::OPTIONS
            .iter()
            .map(|option| line("bind <addr>", option)),
    );
    sorted(out, tls("bind <addr> ssl", bind::TLS_OPTIONS));
    let options = server::OPTIONS
        .iter()
        .flat_map(|part| part.iter())
        .map(|option| line("server <name> <addr>", option));
    sorted(
        out,
        options.chain(tls("server <name> <addr>", server::TLS_OPTIONS)),
    );
    sorted(out, proxy::option_lines());
    action::dump(out);
    out.push_str("userlist\n");
    sorted(out, ["group", "user"].map(str::to_owned));
}

fn sorted(out: &mut String, lines: impl IntoIterator<Item = String>) {
    let mut lines: Vec<String> = lines.into_iter().collect();
    lines.sort_unstable();
    for line in lines {
        out.push('\t');
        out.push_str(&line);
        out.push('\n');
    }
}

/// An option, and `+1` where something follows it.
fn line<T>(before: &str, option: &Keyword<T>) -> String {
    let more = if option.args.is_empty() { "" } else { " +1" };
    format!("{before} {}{more}", option.name)
}

fn tls(before: &'static str, options: TlsOptions) -> impl Iterator<Item = String> {
    options.iter().map(move |(name, words)| match words {
        0 => format!("{before} {name}"),
        words => format!("{before} {name} +{words}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_is_documented_and_unique() {
        let mut all: Vec<&str> = names(global::TABLE).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count, "global");
        let mut all: Vec<&str> = names(proxy::TABLE).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count, "proxies");
        let docs = global::TABLE
            .iter()
            .flat_map(|part| part.iter())
            .map(|k| (k.name, k.doc));
        let more = proxy::TABLE
            .iter()
            .flat_map(|part| part.iter())
            .map(|k| (k.name, k.doc));
        for (name, doc) in docs.chain(more) {
            assert!(!doc.is_empty(), "{name}");
        }
    }

    #[test]
    fn the_list_has_haproxys_layout() {
        let mut out = String::new();
        dump(&mut out);
        for line in [
            "\tmaxconn\n",
            "\tbind <addr> accept-proxy\n",
            "\tbind <addr> backlog +1\n",
            "\tbind <addr> ssl crt +1\n",
            "\tserver <name> <addr> weight +1\n",
            "\toption abortonclose [ BE ]\n",
            "\toption http-no-delay [ FE BE ]\n",
        ] {
            assert!(out.contains(line), "{line}");
        }
    }
}
