//! Requests: the crate's ⇄ ours (RFC 9113 8.3.1, RFC 8441).

use h2::ext::Protocol;
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme, Uri};

use super::fields::{self, Malformed};
use crate::http::{Head, Target, Version, is_token};
use crate::wire::h1::BodyLength;

/// HTTP/2.
pub const VERSION: Version = Version { major: 2, minor: 0 };

/// What a received request's head says beside what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// What comes behind it: nothing, so many bytes, or bytes until the stream's end.
    pub body: BodyLength,
    /// It opens a tunnel for the protocol that its `upgrade` line names now (RFC 8441).
    pub upgrade: bool,
    /// `expect: 100-continue`
    pub expect_continue: bool,
}

/// Makes our head of a received request, as HAProxy shows it: an absolute target where scheme and authority are given, `host`
/// first and equal to the authority, cookies in one line at the end. An extended CONNECT becomes a GET with `upgrade`.
///
/// `ended`: nothing follows the head. Bytes that could be read otherwise where heads are lines are refused.
///
/// # Errors
/// What is wrong; the stream is to be reset for it.
pub fn receive(parts: &Parts, ended: bool, head: &mut Head) -> Result<Received, Malformed> {
    let method = parts.method.as_str().as_bytes();
    let protocol = parts.extensions.get::<Protocol>();
    let uri = &parts.uri;
    let authority = uri.authority().map(Authority::as_str);
    let path = uri.path_and_query().map_or("", PathAndQuery::as_str);
    if !is_token(method) {
        return Err(Malformed("a method that is none"));
    }
    let named = parts.headers.get(http::header::HOST);
    let host = match (authority, named) {
        (Some(authority), _) => Some(authority.as_bytes()),
        (None, Some(host)) => Some(host.as_bytes()),
        (None, None) => None,
    };
    if host.is_some_and(|host| !is_host(host)) {
        return Err(Malformed("an authority that is none"));
    }
    if parts.headers.get_all(http::header::HOST).iter().count() > 1 {
        return Err(Malformed("two hosts"));
    }
    start(head, method, uri, authority, path, protocol.is_some())?;
    let mut short = None;
    if let Some(host) = host {
        let host = without_default_port(host, uri.scheme());
        short = (host.len() < authority.map_or(0, str::len)).then(|| host.to_vec());
        head.add(b"host", host);
    }
    if let Some(short) = short {
        shorten(head, &short);
    }
    fields::receive(&parts.headers, b"host", head)?;
    let length = fields::length(&parts.headers)?;
    if length.is_some() {
        // One line, as short as can be, where the first stood.
        single_length(head, length.unwrap_or(0));
    }
    if let Some(protocol) = protocol {
        let protocol = protocol.as_str().as_bytes();
        if !is_token(protocol) {
            return Err(Malformed("a protocol that is none"));
        }
        head.add(b"upgrade", protocol);
        head.add(b"connection", b"upgrade");
    }
    if ended {
        // Without a body there is no length to speak of.
        head.remove(b"content-length");
    }
    let expect_continue = head
        .find(b"expect")
        .is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"));
    let connect = method == b"CONNECT";
    Ok(Received {
        body: match length {
            _ if connect || ended => BodyLength::Empty,
            Some(length) => BodyLength::Sized(length),
            None => BodyLength::UntilClose,
        },
        upgrade: protocol.is_some(),
        expect_continue,
    })
}

/// The request line.
fn start(
    head: &mut Head,
    method: &[u8],
    uri: &Uri,
    authority: Option<&str>,
    path: &str,
    tunnel: bool,
) -> Result<(), Malformed> {
    let good = |b: u8| b > b' ' && b != 0x7f && b != b'#';
    if !path.bytes().all(good) {
        return Err(Malformed("a path with bytes that none has"));
    }
    if method == b"CONNECT" && !tunnel {
        let target = authority.ok_or(Malformed("CONNECT without an authority"))?;
        let port = Authority::try_from(target).ok().and_then(|a| a.port_u16());
        if port.is_none() {
            return Err(Malformed("CONNECT without a port"));
        }
        head.start_request(method, target.as_bytes(), VERSION);
        return Ok(());
    }
    let method = if tunnel { &b"GET"[..] } else { method };
    if path == "*" {
        if method != b"OPTIONS" {
            return Err(Malformed("an asterisk without OPTIONS"));
        }
        head.start_request(method, b"*", VERSION);
        return Ok(());
    }
    if !path.starts_with('/') {
        return Err(Malformed("a path without a slash"));
    }
    match (uri.scheme_str(), authority) {
        (Some(scheme), Some(authority)) => {
            let target = [scheme, "://", authority, path].concat();
            head.start_request(method, target.as_bytes(), VERSION);
            head.set_normalized(matches!(scheme, "http" | "https"));
        }
        _ => head.start_request(method, path.as_bytes(), VERSION),
    }
    Ok(())
}

/// Bytes of an authority: RFC 3986's, without those that end it elsewhere.
fn is_host(host: &[u8]) -> bool {
    let marks = b"-._~%!$&'()*+;=:[]@";
    host.iter()
        .all(|b| b.is_ascii_alphanumeric() || marks.contains(b))
}

fn without_default_port<'h>(host: &'h [u8], scheme: Option<&Scheme>) -> &'h [u8] {
    let port: &[u8] = match scheme.map(Scheme::as_str) {
        Some("http") => b":80",
        Some("https") => b":443",
        _ => return host,
    };
    host.strip_suffix(port).unwrap_or(host)
}

/// The target names the host without its default port too.
fn shorten(head: &mut Head, host: &[u8]) {
    if let Target::Absolute { scheme, rest, .. } = Target::of(head.target()) {
        let target = [scheme, b"://", host, rest].concat();
        head.set_target(&target);
    }
}

fn single_length(head: &mut Head, length: u64) {
    let Some(at) = head.position(b"content-length", 0) else {
        return;
    };
    head.replace_value(at, length.to_string().as_bytes());
    while let Some(more) = head.position(b"content-length", at + 1) {
        head.remove_at(more);
    }
}

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sending<'s> {
    /// The scheme where the target names none: `http` or `https`.
    pub scheme: &'s str,
    /// Its `upgrade` is to become an extended CONNECT (RFC 8441).
    pub upgrade: bool,
    /// What its head announces of the body.
    pub announced: BodyLength,
}

/// Makes the crate's request of our head. Lines that concern one connection go; `host` becomes the authority.
///
/// # Errors
/// What HTTP/2 cannot say.
pub fn send(head: &Head, how: Sending<'_>) -> Result<http::Request<()>, Malformed> {
    let method = http::Method::from_bytes(head.method()).map_err(|_| Malformed("its method"))?;
    let connect = method == http::Method::CONNECT;
    let target = Target::of(head.target());
    let host = head.find(b"host").filter(|host| !host.is_empty());
    let authority = target.authority().or(host);
    let mut parts = http::uri::Parts::default();
    if let Some(authority) = authority {
        parts.authority = Some(Authority::try_from(authority).map_err(|_| Malformed("its host"))?);
    }
    let protocol = match how.upgrade {
        true => head
            .find(b"upgrade")
            .and_then(|p| std::str::from_utf8(p).ok()),
        false => None,
    };
    if !connect {
        let scheme = match target {
            Target::Absolute { scheme, .. } => Scheme::try_from(scheme),
            _ => Scheme::try_from(how.scheme),
        };
        let path = match target {
            Target::Asterisk => &b"*"[..],
            target => match target.path_and_query() {
                b"" => b"/",
                path => path,
            },
        };
        parts.path_and_query =
            Some(PathAndQuery::try_from(path).map_err(|_| Malformed("its path"))?);
        if parts.authority.is_some() {
            parts.scheme = Some(scheme.map_err(|_| Malformed("its scheme"))?);
        }
    }
    let mut request = http::Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| Malformed("its target"))?;
    // Without an authority the crate takes the request for one of HTTP/1 that is passed on, and says `http`.
    *request.version_mut() = match authority {
        Some(_) => http::Version::HTTP_2,
        None => http::Version::HTTP_11,
    };
    let length = fields::announced(how.announced);
    *request.headers_mut() = fields::send(head, &[b"host", b"http2-settings"], length);
    if let Some(protocol) = protocol {
        *request.method_mut() = http::Method::CONNECT;
        for of_h1 in ["sec-websocket-key", "sec-websocket-accept"] {
            request.headers_mut().remove(of_h1);
        }
        request.extensions_mut().insert(Protocol::from(protocol));
    }
    Ok(request)
}
