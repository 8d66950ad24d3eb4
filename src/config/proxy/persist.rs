//! `cookie`, `dynamic-cookie-key`, `persist`, `force-persist` and `ignore-persist` (manual 4.2).

use super::super::args::{Args, Parsed, alert};
use super::super::draft::Draft;
use super::super::keyword::{Keyword, Sections, within};
use super::super::load::Load;
use super::super::units;
use crate::acl;
use crate::diag::{Diagnostic, Lead, Span};
use crate::sample::Place;
use crate::settings::{Cookie, CookieOptions, Persist};

const BACK: Sections = Sections::DEFAULTS.union(Sections::BACK);

pub(super) const KEYWORDS: &[Keyword<Draft>] = &[
    within(
        BACK,
        "cookie",
        "<name> [<option>]*",
        "keeps a client on its server by a cookie",
        cookie,
    ),
    within(
        BACK,
        "dynamic-cookie-key",
        "<key>",
        "the key of cookie values made from addresses",
        |d, a, _| {
            let key = named(a, "<secret_key>")?;
            d.proxy.settings.dynamic_cookie_key = Some(key.into_bytes().into());
            a.skip();
            Ok(())
        },
    ),
    within(
        BACK,
        "persist",
        "rdp-cookie[(<name>)]",
        "keeps an RDP client on its server",
        persist,
    ),
    within(
        Sections::BACK,
        "force-persist",
        "if|unless <condition>",
        "persistence to servers that are down",
        |d, a, l| rule(Persist::Force, d, a, l),
    ),
    within(
        Sections::BACK,
        "ignore-persist",
        "if|unless <condition>",
        "requests without persistence",
        |d, a, l| rule(Persist::Ignore, d, a, l),
    ),
];

/// A word that may not be empty.
fn named(args: &mut Args<'_>, what: &str) -> Parsed<String> {
    match args.take().map(|word| word.text().into_owned()) {
        Some(name) if !name.is_empty() => Ok(name),
        _ => args.fail(&format!("expects {what} as argument.")),
    }
}

/// Words without arguments.
const FLAGS: [(&str, CookieOptions); 8] = [
    ("rewrite", CookieOptions::REWRITE),
    ("insert", CookieOptions::INSERT),
    ("prefix", CookieOptions::PREFIX),
    ("indirect", CookieOptions::INDIRECT),
    ("nocache", CookieOptions::NOCACHE),
    ("postonly", CookieOptions::POSTONLY),
    ("preserve", CookieOptions::PRESERVE),
    ("dynamic", CookieOptions::DYNAMIC),
];

fn cookie(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let mut cookie = Cookie {
        name: named(args, "<cookie_name>")?,
        ..Cookie::default()
    };
    let (mut domains, mut flags, mut attributes) = (Vec::new(), [false; 2], Vec::new());
    while let Some(word) = args.take() {
        let text = word.text();
        if let Some((_, flag)) = FLAGS.iter().find(|(name, _)| *name == text) {
            cookie.options |= *flag;
            continue;
        }
        match &*text {
            "httponly" => flags[0] = true,
            "secure" => flags[1] = true,
            "domain" => attribute(&mut domains, b"; domain=", &domain(args, load)?),
            "maxidle" => cookie.maxidle = age(args, "maxidle", "idletime")?,
            "maxlife" => cookie.maxlife = age(args, "maxlife", "lifetime")?,
            "attr" => attribute(&mut attributes, b"; ", &extra(args)?),
            _ => {
                return args.fail_at(
                    word.span,
                    "supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', \
                     'domain', 'maxidle', 'dynamic', 'maxlife' and 'attr' options.",
                );
            }
        }
    }
    agree(cookie.options, args.keyword())?;
    cookie.attributes = domains;
    for (set, name) in flags.into_iter().zip(["; HttpOnly", "; Secure"]) {
        if set {
            cookie.attributes.extend_from_slice(name.as_bytes());
        }
    }
    cookie.attributes.append(&mut attributes);
    draft
        .needs_http
        .push(("cookie will be ignored", args.keyword()));
    draft.proxy.settings.cookie = Some(cookie);
    Ok(())
}

fn attribute(all: &mut Vec<u8>, before: &[u8], value: &[u8]) {
    all.extend_from_slice(before);
    all.extend_from_slice(value);
}

/// Words that exclude each other.
fn agree(options: CookieOptions, span: Span) -> Parsed {
    let modes = CookieOptions::REWRITE | CookieOptions::INSERT | CookieOptions::PREFIX;
    if (options & modes).iter().count() > 1 {
        return alert(
            span,
            "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.",
        );
    }
    if options.contains(CookieOptions::REWRITE | CookieOptions::INDIRECT) {
        return alert(
            span,
            "cookie 'rewrite' and 'indirect' modes are incompatible.",
        );
    }
    if options.contains(CookieOptions::PRESERVE)
        && !options.intersects(CookieOptions::INSERT | CookieOptions::INDIRECT)
    {
        return alert(
            span,
            "cookie 'preserve' requires at least 'insert' or 'indirect'.",
        );
    }
    Ok(())
}

/// The next word of an option; HAProxy calls an empty one missing.
fn value(args: &mut Args<'_>, option: &str, what: &str) -> Parsed<(Vec<u8>, Span)> {
    let here = args.span();
    match args.take() {
        Some(word) if !word.bytes.is_empty() => Ok((word.bytes.clone(), word.span)),
        _ => said_at(here, format!("'{option}' expects {what} as argument.")),
    }
}

/// An alert as HAProxy writes it for these options, without a blank before the colon.
fn said_at<T>(span: Span, message: String) -> Parsed<T> {
    let problem = Diagnostic::alert(span, message);
    Err(Box::new(problem.lead(Lead::Reading)))
}

fn domain(args: &mut Args<'_>, load: &mut Load) -> Parsed<Vec<u8>> {
    let (name, span) = value(args, "domain", "<domain>")?;
    let text = String::from_utf8_lossy(&name).into_owned();
    if !name.contains(&b'.') {
        let warning = Diagnostic::warning(
            span,
            format!(
                "domain '{text}' contains no embedded dot, this configuration may not work \
                 properly (see RFC6265#5.2.3)."
            ),
        );
        load.diagnostics.push(warning.lead(Lead::Reading));
    }
    let permitted = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    match name.iter().find(|&&byte| !permitted(byte)) {
        Some(&bad) => said_at(
            span,
            format!(
                "character '{}' is not permitted in domain name '{text}'.",
                char::from(bad)
            ),
        ),
        None => Ok(name),
    }
}

fn extra(args: &mut Args<'_>) -> Parsed<Vec<u8>> {
    let (text, span) = value(args, "attr", "<value>")?;
    match text.iter().find(|&&byte| !attribute_byte(byte)) {
        Some(bad) => said_at(
            span,
            format!("character '%x{bad:02X}' is not permitted in attribute value."),
        ),
        None => Ok(text),
    }
}

/// What may stand in an attribute (RFC 6265 4.1.1).
fn attribute_byte(byte: u8) -> bool {
    byte != b';' && !byte.is_ascii_control()
}

fn age(args: &mut Args<'_>, option: &str, what: &str) -> Parsed<i64> {
    let here = args.span();
    let Some(word) = args.peek().filter(|word| !word.bytes.is_empty()) else {
        return said_at(
            here,
            format!("'{option}' expects <{what}> in seconds as argument."),
        );
    };
    let text = word.text();
    let (seconds, warning) = match seconds(&text) {
        Ok(read) => read,
        Err(problem) => return said_at(here, problem.replace("{}", &format!("<{option}>"))),
    };
    args.take();
    let warning = warning.map(|text| Diagnostic::warning(here, text).lead(Lead::Bare));
    args.notes.extend(warning);
    Ok(seconds)
}

/// Reads a time in seconds, rounded up, with HAProxy's warning: these may be longer than other times. In messages `{}`
/// stands for the name of the option.
fn seconds(text: &str) -> Result<(i64, Option<String>), String> {
    const UNITS: [(&str, u64); 6] = [
        ("us", 1),
        ("ms", 1_000),
        ("s", 1_000_000),
        ("m", 60_000_000),
        ("h", 3_600_000_000),
        ("d", 86_400_000_000),
    ];
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unexpected = |bad| format!("unexpected character '{bad}' in argument to {{}}.");
    let known = UNITS
        .iter()
        .find_map(|(name, micros)| Some((*micros, unit.strip_prefix(name)?)));
    let (micros, rest) = match (known, text.chars().next(), unit.chars().next()) {
        (_, Some(bad), _) if digits == 0 => return Err(unexpected(bad)),
        (Some(known), ..) => known,
        (None, _, Some(bad)) => return Err(unexpected(bad)),
        (None, _, None) => (1_000_000, ""),
    };
    let warning = rest.chars().next().map(|bad| units::trailing(bad, text));
    let number = number.parse::<u64>().ok();
    let total = number.and_then(|number| number.checked_mul(micros));
    match total.map(|total| total.div_ceil(1_000_000)) {
        Some(seconds) if seconds <= i32::MAX as u64 => Ok((seconds as i64, warning)),
        _ => Err(format!(
            "timer overflow in argument <{text}> to {{}}, maximum value is 2147483647 s (~68 years)."
        )),
    }
}

fn persist(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let Some(word) = args.take() else {
        return alert(args.keyword(), "missing persist method.");
    };
    let text = word.text();
    let Some(rest) = text.strip_prefix("rdp-cookie") else {
        return alert(word.span, "unknown persist method.");
    };
    let between = rest
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    let name = match between {
        None if rest.is_empty() => "msts",
        Some(name) if !name.is_empty() => name,
        _ => {
            let message = "persist rdp-cookie(name)' requires an rdp cookie name.";
            return alert(word.span, message);
        }
    };
    draft.proxy.settings.persist_rdp_cookie = Some(name.to_owned());
    args.skip();
    Ok(())
}

fn rule(what: Persist, draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    if !(args.is("if") || args.is("unless")) {
        return args.fail("requires either 'if' or 'unless' followed by a condition.");
    }
    let title = args.name.clone();
    let mut cx = draft.context(Place::BackRequest, load);
    let cond = acl::condition(args, &mut cx).map_err(|mut problem| {
        problem.message = format!(
            "error detected while parsing a '{title}' rule : {}.",
            problem.message
        );
        problem
    })?;
    draft.proxy.persist.push((what, cond));
    Ok(())
}
