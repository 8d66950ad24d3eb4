//! The `-dKcfg` list: every keyword of every table, in the layout of HAProxy's.

use super::bind;
use super::global;
use super::keyword::{Keyword, working};
use super::proxy;
use super::server;
use super::tls;
use crate::action;

/// Appends the list.
pub fn dump(out: &mut String) {
    out.push_str("# List of registered configuration keywords:\nglobal\n");
    sorted(out, working(global::TABLE).map(|word| word.name.to_owned()));
    out.push_str("listen\n");
    sorted(out, working(proxy::TABLE).map(|word| word.name.to_owned()));
    let options = working(&[bind::PLAIN]);
    sorted(out, options.map(|option| line("bind <addr>", option)));
    // The word that turns TLS on stands in front of those about it.
    let options = working(tls::bind::ALL).filter(|option| option.name != "ssl");
    sorted(out, options.map(|option| line("bind <addr> ssl", option)));
    let options = working(server::OPTIONS);
    sorted(
        out,
        options.map(|option| line("server <name> <addr>", option)),
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

#[cfg(test)]
mod tests {
    use super::super::keyword::names;
    use super::super::{Options, load};
    use super::*;
    use crate::diag::{Diagnostic, Sources};
    use crate::syntax::Env;

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
            "\tserver <name> <addr> weight +1\n",
            "\toption abortonclose [ BE ]\n",
            "\toption http-no-delay [ FE BE ]\n",
        ] {
            assert!(out.contains(line), "{line}");
        }
    }

    /// What is refused whatever follows it must not be in the list.
    #[test]
    fn what_is_refused_is_not_listed() {
        let mut out = String::new();
        dump(&mut out);
        let refused = |config: String| {
            let mut sources = Sources::default();
            sources.add("x.cfg", config.into_bytes());
            let loaded = load(sources, Env::default(), &Options::default());
            let said = |d: &Diagnostic| d.message.contains("not available yet");
            loaded.diagnostics.iter().any(said)
        };
        let (mut section, mut wrong) = ("", Vec::new());
        for line in out.lines().filter(|line| !line.starts_with('#')) {
            let Some(words) = line.strip_prefix('\t') else {
                section = line;
                continue;
            };
            // Arguments vary; the words that look at none are found.
            let words = words
                .split(" [")
                .next()
                .unwrap_or_default()
                .replace(" +1", " 1");
            let (head, line) = match section {
                "global" => ("global", format!("{words} 1")),
                "listen" => ("listen x", words.replace("<addr>", "127.0.0.1:1")),
                _ => continue,
            };
            let text = format!("{head}\n {line}\n");
            if refused(text.clone()) {
                wrong.push(text);
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.concat());
    }
}
