//! `resolvers` sections (manual 5.3.2).

use std::sync::Arc;

use super::address::{self, For};
use super::args::{Args, Parsed, alert};
use super::load::Load;
use crate::diag::{Diagnostic, Lead, suggest};
use crate::settings::{Endpoint, Host, Nameserver, Resolvers};

/// Where the system keeps its name servers.
const SYSTEM: &str = "/etc/resolv.conf";

type Read = fn(&mut Resolvers, &mut Args<'_>, &mut Load) -> Parsed;

const KEYWORDS: &[(&str, Read)] = &[
    ("accepted_payload_size", payload),
    ("hold", hold),
    ("nameserver", nameserver),
    ("parse-resolv-conf", parse_system),
    ("resolve_retries", retries),
    ("timeout", timeout),
];

/// Reads one line of the section.
pub(super) fn keyword(section: &mut Resolvers, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let known = KEYWORDS.iter().find(|(name, _)| *name == args.name);
    let Some((_, read)) = known else {
        let message = format!("unknown keyword '{}' in 'resolvers' section", args.name);
        let mut unknown = Diagnostic::alert(args.keyword(), message);
        let names = KEYWORDS.iter().map(|(name, _)| *name);
        unknown
            .help
            .extend(suggest::did_you_mean(&args.name, names));
        return Err(Box::new(unknown));
    };
    read(section, args, load)?;
    args.end()
}

/// The section of the name `default` that HAProxy makes where nobody wrote one.
pub(super) fn system() -> Resolvers {
    let mut section = Resolvers::named("default");
    if let Ok(text) = std::fs::read_to_string(SYSTEM) {
        section.add_system(&text);
    }
    section
}

fn parse_system(section: &mut Resolvers, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    match std::fs::read_to_string(SYSTEM) {
        Ok(text) => section.add_system(&text),
        Err(_) => return args.fail(&format!("failed to open {SYSTEM}.")),
    }
    Ok(())
}

fn nameserver(section: &mut Resolvers, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    if args.rest().len() < 2 {
        return args.fail("expects <name> and <addr>[:<port>] as arguments.");
    }
    let span = args.keyword();
    let name = args.text("<name>")?;
    let word = args.word("<addr>[:<port>]")?;
    let text = address::expand(&word.text(), &load.env);
    if section.nameservers.iter().any(|known| known.name == name) {
        let message = format!("nameserver '{name}' has same name as another nameserver.");
        return Err(Box::new(
            Diagnostic::alert(span, message).lead(Lead::Reading),
        ));
    }
    let (stream, plain) = match text.split_once('@') {
        Some(("tcp" | "tcp4" | "tcp6", rest)) => (true, rest),
        Some(("udp" | "udp4" | "udp6" | "ipv4" | "ipv6", rest)) => (false, rest),
        _ => (false, text.as_str()),
    };
    let endpoint = address::endpoint(plain, For::Connect)
        .or_else(|problem| alert(word.span, format!("'nameserver {name}' : {problem}")))?;
    let place = match endpoint {
        Endpoint::Tcp {
            host: Host::Ip(ip),
            port,
            ..
        } => Some((ip, port)),
        _ => None,
    };
    let Some((ip, port)) = place else {
        let message = format!("'nameserver {name}' : '{text}' is no IP address and port");
        return alert(word.span, message);
    };
    if port == 0 {
        let message = format!("'nameserver {name}' : missing port specification in '{text}'");
        return alert(word.span, message);
    }
    if let Some(option) = args.peek() {
        let message = format!(
            "'nameserver {name}' : '{}' is not available yet: it needs options of name servers",
            option.text()
        );
        return alert(option.span, message);
    }
    section.nameservers.push(Nameserver {
        name,
        address: std::net::SocketAddr::new(ip, port),
        stream,
        asked: Arc::default(),
    });
    Ok(())
}

fn hold(section: &mut Resolvers, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    if args.rest().len() < 2 {
        return args.fail("expects an <event> and a <time> as arguments.");
    }
    let word = args.word("an event")?;
    let event = word.text();
    let hold = &mut section.hold;
    let place = match event.as_ref() {
        "valid" => &mut hold.valid,
        "nx" => &mut hold.nx,
        "refused" => &mut hold.refused,
        "timeout" => &mut hold.timeout,
        "other" => &mut hold.other,
        "obsolete" => &mut hold.obsolete,
        _ => {
            let what = format!(
                "unknown <event>: '{event}', expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'."
            );
            return args.fail_at(word.span, &what);
        }
    };
    *place = args.time()?;
    Ok(())
}

fn timeout(section: &mut Resolvers, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let word = args.word("'retry' or 'resolve' and <time> as arguments.")?;
    let which = word.text();
    let place = match which.as_ref() {
        "resolve" => &mut section.resolve,
        "retry" => &mut section.retry,
        _ => {
            let what =
                format!("expects 'retry' or 'resolve' and <time> as arguments got '{which}'.");
            return args.fail_at(word.span, &what);
        }
    };
    *place = args.time_named(&format!("timeout {which}"))?;
    Ok(())
}

fn retries(section: &mut Resolvers, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    section.retries = args.count()?;
    Ok(())
}

fn payload(section: &mut Resolvers, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    section.payload = args.int(512..=65_535)? as u16;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Options, load};
    use crate::diag::Sources;
    use crate::syntax::Env;

    fn said(lines: &str) -> Vec<String> {
        let mut sources = Sources::default();
        sources.add("x.cfg", format!("resolvers r\n{lines}\n").into_bytes());
        let loaded = load(sources, Env::default(), &Options::default());
        let all = loaded.diagnostics.into_iter();
        all.map(|diagnostic| diagnostic.message).collect()
    }

    #[test]
    fn lines_are_checked_in_haproxys_words() {
        assert!(said("nameserver a 127.0.0.1:53\nnameserver b tcp@[::1]:53").is_empty());
        assert!(
            said("hold nx 1s\nhold obsolete 0\ntimeout retry 1s\nresolve_retries 2").is_empty()
        );
        assert!(said("accepted_payload_size 8192\nparse-resolv-conf").is_empty());
        for (line, expected) in [
            (
                "nameserver a",
                "'nameserver' expects <name> and <addr>[:<port>] as arguments.",
            ),
            (
                "nameserver a 127.0.0.1",
                "'nameserver a' : missing port specification in '127.0.0.1'",
            ),
            (
                "hold foo 1",
                "'hold' unknown <event>: 'foo', expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'.",
            ),
            (
                "timeout foo 1",
                "'timeout' expects 'retry' or 'resolve' and <time> as arguments got 'foo'.",
            ),
            ("bogus", "unknown keyword 'bogus' in 'resolvers' section"),
        ] {
            assert_eq!(said(line), [expected], "{line}");
        }
    }
}
