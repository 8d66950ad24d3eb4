//! The PROXY header that a server is sent.

use super::super::args::{Args, Parsed, alert};
use super::super::keyword::{Keyword, keyword};
use super::super::load::Load;
use crate::diag::{Diagnostic, suggest};
use crate::format::{self, FormatUse};
use crate::sample::entry_number;
use crate::settings::{SendProxy, Server};

/// What the words set, and what their counterparts take away again.
const V2_SSL: SendProxy = SendProxy::V2.union(SendProxy::SSL);
const V2_SSL_CN: SendProxy = V2_SSL.union(SendProxy::CERT_CN);

#[rustfmt::skip]
pub(super) const KEYWORDS: &[Keyword<Server>] = &[
    keyword("send-proxy", "", "sends the PROXY protocol", |s, _, _| set(s, SendProxy::V1)),
    keyword("send-proxy-v2", "", "sends the PROXY protocol, version 2", |s, _, _| set(s, SendProxy::V2)),
    keyword("send-proxy-v2-ssl", "", "with what TLS knows", |s, _, _| set(s, V2_SSL)),
    keyword("send-proxy-v2-ssl-cn", "", "with a certificate's name", |s, _, _| set(s, V2_SSL_CN)),
    keyword("no-send-proxy", "", "undoes `send-proxy`", |s, _, _| unset(s, SendProxy::V1)),
    keyword("no-send-proxy-v2", "", "undoes `send-proxy-v2`", |s, _, _| unset(s, SendProxy::V2)),
    keyword("no-send-proxy-v2-ssl", "", "undoes `send-proxy-v2-ssl`", |s, _, _| unset(s, V2_SSL)),
    keyword("no-send-proxy-v2-ssl-cn", "", "undoes `send-proxy-v2-ssl-cn`", |s, _, _| unset(s, V2_SSL_CN)),
    keyword("proxy-v2-options", "<option>[,<option>]*", "what version 2 carries", |s, a, _| carries(s, a)),
    keyword("set-proxy-v2-tlv-fmt", "(<id>) <fmt>", "more that version 2 carries (3.x)", add_entry),
];

/// The options of `proxy-v2-options`.
const OPTIONS: [(&str, SendProxy); 8] = [
    ("ssl", SendProxy::SSL),
    ("cert-cn", SendProxy::CERT_CN),
    ("cert-key", SendProxy::CERT_KEY),
    ("cert-sig", SendProxy::CERT_SIG),
    ("ssl-cipher", SendProxy::CIPHER),
    ("authority", SendProxy::AUTHORITY),
    ("crc32c", SendProxy::CRC32C),
    ("unique-id", SendProxy::UNIQUE_ID),
];

/// `set-proxy-v2-tlv-fmt(<id>) <fmt>`
fn add_entry(server: &mut Server, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("a format")?;
    let bracketed = args
        .name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    let Some(id) = bracketed.and_then(entry_number) else {
        return args
            .fail("expects the number of an entry in brackets, from 0 to 255, or 0x00 to 0xFF.");
    };
    let format = super::in_context(load, |cx| format::parse(word, cx, FormatUse::Text))?;
    server.proxy_entries.push((id, format));
    Ok(())
}

fn set(server: &mut Server, flags: SendProxy) -> Parsed {
    server.send_proxy |= flags;
    Ok(())
}

fn unset(server: &mut Server, flags: SendProxy) -> Parsed {
    server.send_proxy -= flags;
    Ok(())
}

fn carries(server: &mut Server, args: &mut Args<'_>) -> Parsed {
    const UNKNOWN: &str = "proxy v2 option not implemented.";
    let Some(word) = args.take() else {
        return alert(args.keyword(), format!("'' : {UNKNOWN}"));
    };
    let mut at = 0;
    for name in word.text().split(',') {
        let end = at + name.len();
        match OPTIONS.iter().find(|(known, _)| *known == name) {
            Some((_, flag)) => server.send_proxy |= *flag,
            None => {
                let message = format!("'{name}' : {UNKNOWN}");
                let mut unknown = Diagnostic::alert(word.part(at, end), message);
                let names = OPTIONS.iter().map(|(name, _)| *name);
                unknown.help.extend(suggest::did_you_mean(name, names));
                return Err(Box::new(unknown));
            }
        }
        at = end + 1;
    }
    Ok(())
}
