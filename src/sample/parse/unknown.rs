//! What to say about a fetch or converter that is none: what it was probably meant to be.

use crate::acl;
use crate::diag::{Diagnostic, Span, suggest};
use crate::sample::{convert, fetch as fetches};

/// What people call fetches, and what they are called.
const FETCHES: &[(&str, &str)] = &[
    ("source", "src"),
    ("ip", "src"),
    ("src_ip", "src"),
    ("client_ip", "src"),
    ("clientip", "src"),
    ("remote_addr", "src"),
    ("ci", "src"),
    ("cp", "src_port"),
    ("dest", "dst"),
    ("host", "hdr(host)"),
    ("http_host", "hdr(host)"),
    ("user_agent", "hdr(user-agent)"),
    ("useragent", "hdr(user-agent)"),
    ("referer", "hdr(referer)"),
    ("header", "hdr"),
    ("http_header", "hdr"),
    ("req.header", "req.hdr"),
    ("res.header", "res.hdr"),
    ("resp.hdr", "res.hdr"),
    ("rsp.hdr", "res.hdr"),
    ("uri", "url"),
    ("request_uri", "url"),
    ("req.uri", "url"),
    ("req.path", "path"),
    ("req.method", "method"),
    ("http_method", "method"),
    ("query_string", "query"),
    ("querystring", "query"),
    ("args", "query"),
    ("url_query", "query"),
    ("param", "url_param"),
    ("time", "date"),
    ("now", "date"),
    ("uuid4", "uuid"),
    ("random", "rand"),
    ("sni", "req.ssl_sni"),
    ("status_code", "status"),
    ("req.cookie", "req.cook"),
];

/// What people call converters, and what they are called.
const CONVERTERS: &[(&str, &str)] = &[
    ("tolower", "lower"),
    ("downcase", "lower"),
    ("lowercase", "lower"),
    ("toupper", "upper"),
    ("upcase", "upper"),
    ("uppercase", "upper"),
    ("substr", "bytes"),
    ("substring", "bytes"),
    ("slice", "bytes"),
    ("len", "length"),
    ("size", "length"),
    ("strlen", "length"),
    ("split", "field"),
    ("cut", "field"),
    ("replace", "regsub"),
    ("gsub", "regsub"),
    ("sub_regex", "regsub"),
    ("base64_enc", "base64"),
    ("base64_encode", "base64"),
    ("b64enc", "base64"),
    ("b64", "base64"),
    ("base64_dec", "b64dec"),
    ("base64_decode", "b64dec"),
    ("base64dec", "b64dec"),
    ("unbase64", "b64dec"),
    ("url_encode", "url_enc"),
    ("urlencode", "url_enc"),
    ("urlenc", "url_enc"),
    ("url_decode", "url_dec"),
    ("urldecode", "url_dec"),
    ("urldec", "url_dec"),
    ("append", "concat"),
    ("plus", "add"),
    ("minus", "sub"),
    ("multiply", "mul"),
    ("divide", "div"),
    ("modulo", "mod"),
    ("sha256", "sha2(256)"),
    ("sha384", "sha2(384)"),
    ("sha512", "sha2(512)"),
    ("md5", "digest(md5)"),
    ("md5sum", "digest(md5)"),
    ("tohex", "hex"),
    ("bin2hex", "hex"),
    ("hex2bin", "bin"),
    ("mask", "ipmask"),
    ("netmask", "ipmask"),
    ("strftime", "utime"),
    ("if", "iif"),
];

/// The alert about a fetch that no table has. `arguments` is what follows it, up to the expression's end.
pub(super) fn fetch(name: &str, span: Span, arguments: &str) -> Box<Diagnostic> {
    let alert = unknown("fetch method", name, span);
    let help = if name.starts_with("lua.") {
        Some("Lua is not available in tidegate".to_owned())
    } else if convert::find(name).is_some() {
        let first = inner(arguments).unwrap_or("hdr(host)");
        Some(format!(
            "did you mean `{first},{name}`? '{name}' is a converter: it follows what it changes"
        ))
    } else if let Some((_, fetch, method)) = acl::KEYWORDS.iter().find(|(known, ..)| *known == name)
    {
        let method = method.name();
        Some(format!(
            "did you mean `{fetch}`? '{name}' is for ACLs, where it is `{fetch} -m {method}`"
        ))
    } else {
        suggest::meant(name, FETCHES).or_else(|| suggest::did_you_mean(name, fetches::names()))
    };
    helped(alert, help)
}

/// The alert about a converter that no table has.
pub(super) fn converter(name: &str, span: Span) -> Box<Diagnostic> {
    let alert = unknown("converter", name, span);
    let help = if name.starts_with("lua.") {
        Some("Lua is not available in tidegate".to_owned())
    } else if fetches::find(name).is_some() {
        Some(format!(
            "'{name}' is a fetch: it can only begin an expression, as in `{name},lower`"
        ))
    } else if name.is_empty() {
        Some("a converter's name is expected behind the comma".to_owned())
    } else {
        suggest::meant(name, CONVERTERS).or_else(|| suggest::did_you_mean(name, convert::names()))
    };
    helped(alert, help)
}

fn unknown(what: &str, name: &str, span: Span) -> Diagnostic {
    Diagnostic::alert(span, format!("unknown {what} '{name}'")).label("not known")
}

fn helped(mut alert: Diagnostic, help: Option<String>) -> Box<Diagnostic> {
    alert.help.extend(help);
    Box::new(alert)
}

/// What stands in the parentheses of `(hdr(host))`, where that is a fetch.
fn inner(arguments: &str) -> Option<&str> {
    let end = arguments.rfind(')')?;
    let inner = arguments.get(..end)?.strip_prefix('(')?;
    let name = inner.split(['(', ',']).next()?;
    fetches::find(name).map(|_| inner)
}
