//! HAProxy's built-in messages (configuration manual, "errorfile": the codes it can generate).

use super::Reply;
use crate::http::{Head, Version};
use std::sync::LazyLock;

/// The codes with a built-in message; the same codes may be given to `errorfile` and `deny_status`.
pub const CODES: [u16; 19] = [
    200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 421, 422, 425, 429, 500, 501, 502, 503, 504,
];

/// Status, title and sentence. HAProxy says "Unauthorized" for 407 as well, and a stray dot opens its 501.
const TEXTS: [(&str, &str); 19] = [
    ("OK", "Service ready."),
    ("Bad request", "Your browser sent an invalid request."),
    (
        "Unauthorized",
        "You need a valid user and password to access this content.",
    ),
    ("Forbidden", "Request forbidden by administrative rules."),
    ("Not Found", "The resource could not be found."),
    (
        "Method Not Allowed",
        "A request was made of a resource using a request method not supported by that resource",
    ),
    (
        "Unauthorized",
        "You need a valid user and password to access this content.",
    ),
    (
        "Request Time-out",
        "Your browser didn't send a complete request in time.",
    ),
    (
        "Gone",
        "The resource is no longer available and will not be available again.",
    ),
    (
        "Payload Too Large",
        "The request entity exceeds the maximum allowed.",
    ),
    (
        "Misdirected Request",
        "Request sent to a non-authoritative server.",
    ),
    (
        "Unprocessable Content",
        "The server cannot process the contained instructions.",
    ),
    ("Too Early", "Your browser sent early data."),
    (
        "Too Many Requests",
        "You have sent too many requests in a given amount of time.",
    ),
    (
        "Internal Server Error",
        "An internal server error occurred.",
    ),
    (
        "Not Implemented",
        ".The server does not support the functionality required to fulfill the request.",
    ),
    (
        "Bad Gateway",
        "The server returned an invalid or incomplete response.",
    ),
    (
        "Service Unavailable",
        "No server is available to handle this request.",
    ),
    ("Gateway Time-out", "The server didn't respond in time."),
];

static REPLIES: LazyLock<Vec<Reply>> = LazyLock::new(|| {
    CODES
        .iter()
        .zip(TEXTS)
        .map(|(&code, (title, sentence))| build(code, title, sentence))
        .collect()
});

fn build(code: u16, title: &str, sentence: &str) -> Reply {
    let body = format!("<html><body><h1>{code} {title}</h1>\n{sentence}\n</body></html>\n");
    let mut head = Head::response(Version::HTTP_11, code, title.as_bytes());
    head.add(b"content-length", body.len().to_string().as_bytes());
    head.add(b"cache-control", b"no-cache");
    head.add(b"content-type", b"text/html");
    // Who sends nonsense, or nothing, is not heard any further.
    if matches!(code, 400 | 408) {
        head.add(b"connection", b"close");
    }
    Reply {
        head,
        body: body.into_bytes(),
        silent: false,
    }
}

/// The built-in message for a status code, if it has one.
pub fn builtin(status: u16) -> Option<&'static Reply> {
    let at = CODES.iter().position(|&c| c == status)?;
    REPLIES.get(at)
}

impl Reply {
    /// The built-in message for a status code; that of 500 for a code without one.
    pub fn builtin(status: u16) -> &'static Reply {
        static LAST_RESORT: LazyLock<Reply> = LazyLock::new(|| {
            build(
                500,
                "Internal Server Error",
                "An internal server error occurred.",
            )
        });
        builtin(status).unwrap_or(&LAST_RESORT)
    }

    /// Writes the message as HAProxy answers what it could not even parse: other header order and capitals, always closing.
    pub fn write_unparsed(&self, out: &mut Vec<u8>) {
        self.head.write_line_to(out);
        out.extend_from_slice(b"Content-length: ");
        out.extend_from_slice(self.body.len().to_string().as_bytes());
        out.extend_from_slice(b"\r\nCache-Control: no-cache\r\n");
        // HAProxy closes after these too, but does not say so.
        if !matches!(self.status(), 413 | 422) {
            out.extend_from_slice(b"Connection: close\r\n");
        }
        out.extend_from_slice(b"Content-Type: text/html\r\n\r\n");
        out.extend_from_slice(&self.body);
    }
}

/// The reason phrase HAProxy writes for a status (RFC 9110 15); its class for one without a name.
pub fn reason(status: u16) -> &'static [u8] {
    match status {
        100 => b"Continue",
        101 => b"Switching Protocols",
        102 => b"Processing",
        200 => b"OK",
        201 => b"Created",
        202 => b"Accepted",
        203 => b"Non-Authoritative Information",
        204 => b"No Content",
        205 => b"Reset Content",
        206 => b"Partial Content",
        207 => b"Multi-Status",
        210 => b"Content Different",
        226 => b"IM Used",
        300 => b"Multiple Choices",
        301 => b"Moved Permanently",
        302 => b"Moved Temporarily",
        303 => b"See Other",
        304 => b"Not Modified",
        305 => b"Use Proxy",
        307 => b"Temporary Redirect",
        308 => b"Permanent Redirect",
        310 => b"Too many Redirects",
        400 => b"Bad Request",
        401 => b"Unauthorized",
        402 => b"Payment Required",
        403 => b"Forbidden",
        404 => b"Not Found",
        405 => b"Method Not Allowed",
        406 => b"Not Acceptable",
        407 => b"Proxy Authentication Required",
        408 => b"Request Time-out",
        409 => b"Conflict",
        410 => b"Gone",
        411 => b"Length Required",
        412 => b"Precondition Failed",
        413 => b"Request Entity Too Large",
        414 => b"Request-URI Too Long",
        415 => b"Unsupported Media Type",
        416 => b"Requested range unsatisfiable",
        417 => b"Expectation failed",
        418 => b"I'm a teapot",
        421 => b"Misdirected Request",
        422 => b"Unprocessable Content",
        423 => b"Locked",
        424 => b"Method failure",
        425 => b"Too Early",
        426 => b"Upgrade Required",
        428 => b"Precondition Required",
        429 => b"Too Many Requests",
        431 => b"Request Header Fields Too Large",
        449 => b"Retry With",
        450 => b"Blocked by Windows Parental Controls",
        451 => b"Unavailable For Legal Reasons",
        456 => b"Unrecoverable Error",
        499 => b"client has closed connection",
        500 => b"Internal Server Error",
        501 => b"Not Implemented",
        502 => b"Bad Gateway or Proxy Error",
        503 => b"Service Unavailable",
        504 => b"Gateway Time-out",
        505 => b"HTTP Version not supported",
        506 => b"Variant also negotiate",
        507 => b"Insufficient storage",
        508 => b"Loop detected",
        509 => b"Bandwidth Limit Exceeded",
        510 => b"Not extended",
        511 => b"Network authentication required",
        520 => b"Web server is returning an unknown error",
        _ => match status / 100 {
            2 => b"Success",
            3 => b"Redirection",
            4 => b"Client Error",
            5 => b"Server Error",
            _ => b"Other",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What haproxy 2.6 sends: `content-length` and the last line of the body, per code.
    #[test]
    fn messages_have_haproxys_length() {
        let lengths = [
            58, 90, 112, 93, 83, 146, 112, 110, 114, 106, 104, 116, 80, 117, 97, 136, 107, 107, 92,
        ];
        for (code, length) in CODES.into_iter().zip(lengths) {
            let reply = builtin(code).unwrap();
            assert_eq!((reply.status(), reply.body.len()), (code, length));
            assert_eq!(
                reply.head.find(b"content-length"),
                Some(length.to_string().as_bytes())
            );
        }
        assert!(builtin(418).is_none());
        assert_eq!(Reply::builtin(418).status(), 500);
    }

    #[test]
    fn an_unparsed_request_gets_haproxys_bytes() {
        let mut out = Vec::new();
        Reply::builtin(400).write_unparsed(&mut out);
        let expected = "HTTP/1.1 400 Bad request\r\nContent-length: 90\r\nCache-Control: no-cache\r\nConnection: close\r\n\
                        Content-Type: text/html\r\n\r\n<html><body><h1>400 Bad request</h1>\n\
                        Your browser sent an invalid request.\n</body></html>\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_403_is_haproxys() {
        let reply = Reply::builtin(403);
        let mut out = Vec::new();
        reply.head.write_to(&mut out);
        out.extend_from_slice(&reply.body);
        let expected = "HTTP/1.1 403 Forbidden\r\ncontent-length: 93\r\ncache-control: no-cache\r\n\
                        content-type: text/html\r\n\r\n<html><body><h1>403 Forbidden</h1>\n\
                        Request forbidden by administrative rules.\n</body></html>\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
