//! `option httpchk`, `option tcp-check` and the checks of one protocol each.

use super::super::super::args::{Args, Parsed, Prefix, unknown_word};
use super::super::super::draft::Draft;
use super::super::super::load::Load;
use crate::diag::{Diagnostic, Lead};
use crate::settings::CheckKind;

/// Takes a kind of check, or none for `no option …`. The script of another kind is dropped.
fn choose(draft: &mut Draft, args: &Args<'_>, kind: CheckKind) {
    let settings = &mut draft.proxy.settings;
    settings.check_kind = if args.prefix == Prefix::None {
        kind
    } else {
        CheckKind::Connect
    };
    if !matches!(settings.check_kind, CheckKind::Http) {
        settings.httpchk = None;
    }
}

/// `option httpchk [<method>] [<uri>] [<version>]`
pub(in super::super) fn httpchk(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    choose(draft, args, CheckKind::Http);
    if args.prefix != Prefix::None {
        args.skip();
        return Ok(());
    }
    let mut words = Vec::new();
    while let Some(word) = args.take() {
        words.push(word.text().into_owned());
        if words.len() == 3 {
            if word.bytes.contains(&b'\n') {
                load.diagnostics.push(hidden_headers(args, &word.text()));
            }
            break;
        }
    }
    let mut words = words.into_iter();
    draft.proxy.settings.httpchk = match (words.next(), words.next(), words.next()) {
        (None, _, _) => Some((None, None, None)),
        (Some(uri), None, _) => Some((None, Some(uri), None)),
        (method, uri, version) => Some((method, uri, version)),
    };
    Ok(())
}

/// The warning about headers behind the version, and the lines that say the same today.
fn hidden_headers(args: &Args<'_>, text: &str) -> Diagnostic {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let mut lines = head.split("\r\n");
    let version = lines.next().unwrap_or_default();
    let mut send = format!("http-check send ver {version}");
    let quoted = |text: &str| text.trim().replace('\\', "\\\\").replace(' ', "\\ ");
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        send.push_str(&format!(" hdr {} {}", name.trim(), quoted(value)));
    }
    if !body.is_empty() {
        send.push_str(&format!(" body {}", quoted(body)));
    }
    let message = format!(
        "'{}' : hiding headers or body at the end of the version string is deprecated. Please, consider to use \
         'http-check send' directive instead.",
        args.name
    );
    Diagnostic::warning(args.keyword(), message)
        .help(format!(
            "put this line below, and leave out the version: `{send}`"
        ))
        .lead(Lead::Reading)
}

/// `option tcp-check`
pub(in super::super) fn tcp_check_option(
    draft: &mut Draft,
    args: &mut Args<'_>,
    _: &mut Load,
) -> Parsed {
    choose(draft, args, CheckKind::Tcp);
    Ok(())
}

/// `option mysql-check [user <name> [post-41 | pre-41]]`
pub(in super::super) fn mysql(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let (mut user, mut pre_41) = (None, false);
    if !args.done() {
        only_user(args)?;
        user = Some(args.text("<username> as argument of 'user'")?);
        if !args.done() {
            pre_41 = args.choice(&[("post-41", false), ("pre-41", true)])?;
        }
    }
    choose(draft, args, CheckKind::Mysql { user, pre_41 });
    Ok(())
}

/// The word `user`.
fn only_user(args: &mut Args<'_>) -> Parsed {
    let word = args.word("'user' as argument")?;
    if word.bytes == b"user" {
        return Ok(());
    }
    let message = format!(
        "'{}' only supports optional values: 'user' (got '{}').",
        args.name,
        word.text()
    );
    unknown_word(word, message, ["user"])
}

/// `option pgsql-check user <name>`
pub(in super::super) fn pgsql(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let mut user = String::new();
    if args.prefix == Prefix::None {
        only_user(args)?;
        user = args.text("<username> as argument of 'user'")?;
    }
    choose(draft, args, CheckKind::Pgsql(user));
    Ok(())
}

/// `option redis-check`
pub(in super::super) fn redis(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    choose(draft, args, CheckKind::Redis);
    Ok(())
}

/// `option smtpchk [<hello> <domain>]`
pub(in super::super) fn smtp(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let greeting = args.joined();
    let greeting = match greeting.split_once(' ') {
        None if greeting.is_empty() => None,
        Some(("EHLO" | "HELO", domain)) if !domain.contains(' ') => Some(greeting),
        // HAProxy falls back to its own greeting for whatever else is written.
        _ => None,
    };
    choose(draft, args, CheckKind::Smtp(greeting));
    Ok(())
}

/// `option ldap-check`
pub(in super::super) fn ldap(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    choose(draft, args, CheckKind::Ldap);
    Ok(())
}

/// `option ssl-hello-chk`
pub(in super::super) fn ssl_hello(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    choose(draft, args, CheckKind::SslHello);
    Ok(())
}
