//! Options about following names at run time.

use super::super::args::{Args, Parsed, alert};
use super::super::keyword::{Keyword, keyword};
use super::super::load::Load;
use crate::settings::{Net, Prefer, Server};

pub(super) const KEYWORDS: &[Keyword<Server>] = &[
    keyword(
        "resolvers",
        "<section>",
        "follows its name, asking the section's name servers",
        |s, a, _| {
            s.resolving.section = Some(a.text("<section>")?);
            Ok(())
        },
    ),
    keyword(
        "resolve-net",
        "<net>[,<net>]*",
        "the networks whose addresses are preferred",
        nets,
    ),
    keyword(
        "resolve-opts",
        "{ allow-dup-ip | ignore-weight | prevent-dup-ip }[,…]*",
        "what is made of answers",
        opts,
    ),
    keyword(
        "resolve-prefer",
        "{ ipv4 | ipv6 }",
        "the family that is preferred",
        |s, a, _| {
            let word = a.word("{ ipv4 | ipv6 }")?;
            s.resolving.prefer = match word.text().as_ref() {
                "ipv4" => Prefer::V4,
                "ipv6" => Prefer::V6,
                _ => {
                    let message = "'resolve-prefer' expects either ipv4 or ipv6 as argument..";
                    return alert(word.span, message);
                }
            };
            Ok(())
        },
    ),
];

fn nets(server: &mut Server, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let word = args.word("a list of networks")?;
    for text in word.text().split(',') {
        match Net::parse(text) {
            Some(net) => server.resolving.nets.push(net),
            None => {
                let message = format!("'resolve-net' invalid network '{text}'..");
                return alert(word.span, message);
            }
        }
    }
    Ok(())
}

fn opts(server: &mut Server, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let word = args.word("a list of options")?;
    for option in word.text().split(',') {
        match option {
            "allow-dup-ip" => server.resolving.allow_duplicates = true,
            "prevent-dup-ip" => server.resolving.allow_duplicates = false,
            "ignore-weight" => server.resolving.ignore_weight = true,
            _ => {
                let message = format!(
                    "'resolve-opts' : unknown resolve-opts option '{option}', supported methods are \
                     'allow-dup-ip', 'ignore-weight', and 'prevent-dup-ip'.."
                );
                return alert(word.span, message);
            }
        }
    }
    Ok(())
}
