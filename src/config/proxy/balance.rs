//! `balance` and `hash-…` (manual 4.2).

use super::super::args::{Args, Parsed, alert, unknown_word};
use super::super::draft::Draft;
use super::super::keyword::{Keyword, Sections, within};
use super::super::load::Load;
use crate::balance::key::{hdr, uri, url_param};
use crate::balance::{Affinity, Algorithm, Function, HashType, Method};
use crate::diag::{Diagnostic, suggest};
use crate::sample::{self, Place};

const BACK: Sections = Sections::DEFAULTS.union(Sections::BACK);

pub(super) const KEYWORDS: &[Keyword<Draft>] = &[
    within(
        BACK,
        "balance",
        "<algorithm> [<arguments>]",
        "how a server is chosen",
        balance,
    ),
    within(
        BACK,
        "hash-type",
        "<method> <function> <modifier>",
        "how keys are hashed",
        hash_type,
    ),
    within(
        Sections::ALL,
        "hash-balance-factor",
        "<percent>",
        "how far a server may be above the average",
        |d, a, _| {
            let factor = a.int(0..=i64::from(u16::MAX))?;
            if (1..=100).contains(&factor) {
                return a.fail(&format!("must be 0 or greater than 100 (was {factor})"));
            }
            d.proxy.settings.hash_balance_factor = factor as u32;
            Ok(())
        },
    ),
    within(
        BACK,
        "hash-preserve-affinity",
        "{ always | maxconn | maxqueue }",
        "whether a full server keeps its keys",
        |d, a, l| {
            l.extension(a.keyword(), "hash-preserve-affinity")?;
            let choices = [
                ("always", Affinity::Always),
                ("maxconn", Affinity::Maxconn),
                ("maxqueue", Affinity::Maxqueue),
            ];
            d.proxy.settings.hash_preserve_affinity = a.choice(&choices)?;
            Ok(())
        },
    ),
];

/// What other programs call algorithms, and what they are called here.
const HABITS: [(&str, &str); 8] = [
    ("ip_hash", "source"),
    ("ip-hash", "source"),
    ("src", "source"),
    ("sticky", "source"),
    ("least_connections", "leastconn"),
    ("leastconnections", "leastconn"),
    ("rr", "roundrobin"),
    ("wrr", "roundrobin"),
];

/// What `balance` may be, for suggestions.
const NAMES: [&str; 11] = [
    "roundrobin",
    "static-rr",
    "leastconn",
    "source",
    "uri",
    "url_param",
    "hash",
    "hdr(name)",
    "rdp-cookie",
    "random",
    "first",
];

fn balance(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    draft.balance = Some(args.keyword());
    let Some(word) = args.take() else {
        draft.proxy.settings.balance = Some(Algorithm::RoundRobin);
        return Ok(());
    };
    let text = word.text();
    let (name, inner) = match text.split_once('(') {
        Some((name, inner)) => match inner.strip_suffix(')') {
            Some(inner) => (name, Some(inner)),
            None => return args.fail_at(word.span, ": missing closing parenthesis."),
        },
        None => (&*text, None),
    };
    let mut expression = None;
    let algorithm = match (name, inner) {
        ("roundrobin", None) => Algorithm::RoundRobin,
        ("static-rr", None) => Algorithm::StaticRr,
        ("leastconn", None) => Algorithm::LeastConn,
        ("first", None) => Algorithm::First,
        ("source", None) => Algorithm::Source,
        ("uri", None) => Algorithm::Uri(uri_options(args)?),
        ("url_param", None) => Algorithm::UrlParam(url_param_options(args)?),
        ("hdr", Some("")) => {
            return args.fail_at(word.span, "requires an http header field name.");
        }
        ("hdr", Some(name)) => {
            let domain_only = args.take_if("use_domain_only");
            Algorithm::Hdr(hdr::Options {
                name: name.as_bytes().to_vec(),
                domain_only,
            })
        }
        ("rdp-cookie", name) => {
            Algorithm::RdpCookie(name.unwrap_or("mstshash").as_bytes().to_vec())
        }
        ("random", None) => Algorithm::Random { draws: 2 },
        ("random", Some(draws)) => match draws.parse() {
            Ok(draws) if draws > 0 => Algorithm::Random { draws },
            _ => {
                let inner = word.part(name.len() + 1, name.len() + 1 + draws.len());
                return alert(
                    inner,
                    format!(
                        "balance random : the number of draws must be at least 1, got '{draws}'."
                    ),
                );
            }
        },
        ("hash", None) => {
            let word = args.word("an expression")?;
            let mut cx = draft.context(Place::BackRequest, load);
            let (expr, used) = sample::parse(word, 0..word.bytes.len(), &mut cx)?;
            if used < word.bytes.len() {
                return alert(
                    word.part(used, word.bytes.len()),
                    "'balance hash' : unexpected text behind the expression",
                );
            }
            expression = Some(expr.sample);
            Algorithm::Hash
        }
        ("sticky" | "log-hash" | "log-sticky", _) => {
            return args.fail_at(
                word.span,
                &format!("'{text}' is not available yet: it needs 'mode log'"),
            );
        }
        _ => {
            const ONLY: &str = "balance only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', \
                                'url_param', 'hdr(name)' and 'rdp-cookie(name)' options.";
            let mut unknown = Diagnostic::alert(word.span, ONLY);
            unknown.help.extend(
                suggest::meant(name, &HABITS).or_else(|| suggest::did_you_mean(name, NAMES)),
            );
            return Err(Box::new(unknown));
        }
    };
    draft.proxy.settings.balance = Some(algorithm);
    draft.proxy.settings.balance_expr = expression;
    Ok(())
}

fn uri_options(args: &mut Args<'_>) -> Parsed<uri::Options> {
    let mut options = uri::Options::default();
    while let Some(word) = args.peek() {
        match &*word.text() {
            "len" => {
                args.take();
                options.len = args.positive()? as usize;
            }
            "depth" => {
                args.take();
                options.depth = args.positive()? as usize;
            }
            "whole" => {
                args.take();
                options.whole = true;
            }
            "path-only" => {
                args.take();
                options.path_only = true;
            }
            other => {
                let message = format!(
                    "balance uri only accepts parameters 'len', 'depth', 'path-only', and 'whole' (got '{other}')."
                );
                return unknown_word(word, message, ["len", "depth", "path-only", "whole"]);
            }
        }
    }
    Ok(options)
}

fn url_param_options(args: &mut Args<'_>) -> Parsed<url_param::Options> {
    let here = args.span();
    let Some(name) = args.take().map(|word| word.bytes.clone()) else {
        return alert(here, "balance url_param requires an URL parameter name.");
    };
    let check_post = args.take_if("check_post");
    if check_post && !args.done() {
        // The number of bytes to wait for; HAProxy has ignored it since 1.6 and waits for the buffer.
        args.count()?;
    }
    Ok(url_param::Options { name, check_post })
}

fn hash_type(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let methods = [
        ("map-based", Method::MapBased),
        ("consistent", Method::Consistent),
    ];
    let mut hash = HashType::of_method(args.choice(&methods)?);
    let functions = [
        ("sdbm", Function::Sdbm),
        ("djb2", Function::Djb2),
        ("wt6", Function::Wt6),
        ("crc32", Function::Crc32),
        ("none", Function::None),
    ];
    if !args.done() {
        hash.function = args.choice(&functions)?;
        // A function that is named comes without the avalanche unless that is named, too.
        hash.avalanche = false;
    }
    if !args.done() {
        hash.avalanche = args.choice(&[("avalanche", true)])?;
    }
    draft.proxy.settings.hash_type = hash;
    Ok(())
}
