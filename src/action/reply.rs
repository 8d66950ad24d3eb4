//! Replies of our own: `return`, `deny`, `tarpit`, `http-error`, `auth` (manual 4.2 `http-request return`).

use std::sync::Arc;

use super::arguments::draft;
use super::read::{Side, Words, ready};
use super::table::{Entry, Read};
use super::{Action, Flow};
use crate::diag::Diagnostic;
use crate::format::Format;
use crate::http::reply::{CODES, parse_errorfile, reason};
use crate::http::{Head, Reply, Version};
use crate::sample::{Context, Linker, Pending, Scope};
use crate::settings::{ErrorFile, ErrorFiles};
use crate::syntax::Cursor;

const SYNOPSIS: &str = "[status <code>] [content-type <type>] [ { default-errorfiles | errorfile <file> | errorfiles \
<name> | file <file> | lf-file <file> | string <str> | lf-string <fmt> } ] [ hdr <name> <fmt> ]*";

pub(super) static RETURN: Entry =
    Entry::new("return", SYNOPSIS, "answers without asking a server", |w| {
        answer(w, 200, |status, reply| match reply {
            Some(reply) => Flow::Reply(Box::new(reply)),
            None => Flow::Page(status),
        })
    });
pub(super) static DENY: Entry = Entry::new("deny", SYNOPSIS, "refuses with an answer", |w| {
    let status = if w.side() == Side::Response { 502 } else { 403 };
    answer(w, status, |status, reply| {
        Flow::Deny(status, reply.map(Box::new))
    })
});
pub(super) static TARPIT: Entry =
    Entry::new("tarpit", SYNOPSIS, "refuses after `timeout tarpit`", |w| {
        answer(w, 500, |status, reply| {
            Flow::Tarpit(status, reply.map(Box::new))
        })
    });
pub(super) static AUTH: Entry = Entry::new(
    "auth",
    "[realm <realm>]",
    "asks for a user and password",
    auth,
);

/// Largest body or errorfile, bytes: what a default buffer takes.
pub(super) const LIMIT: usize = 16_384;

/// A reply as read.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) status: u16,
    pub(super) content_type: Vec<u8>,
    pub(super) body: Body,
    pub(super) headers: Vec<(Box<[u8]>, Pending<Format>)>,
}

#[derive(Clone)]
pub(super) enum Body {
    /// A head only.
    None,
    /// The proxy's page of the status.
    Page,
    /// A whole answer from a file.
    Whole(Arc<Reply>),
    /// The page of an `http-errors` section.
    Section(String, crate::diag::Span),
    Bytes(Arc<[u8]>),
    Format(Pending<Format>),
}

/// A reply, linked.
enum Linked {
    Page,
    Whole(Arc<Reply>),
    Made {
        status: u16,
        content_type: Vec<u8>,
        body: Payload,
        headers: Vec<(Box<[u8]>, Format)>,
    },
    /// From an `http-errors` section that computes its replies.
    Action(Action),
}

enum Payload {
    Bytes(Arc<[u8]>),
    Format(Format),
}

fn answer(
    words: &mut Words<'_, '_, '_>,
    status: u16,
    flow: fn(u16, Option<Reply>) -> Flow,
) -> Read {
    let side = words.side();
    let draft = draft(words, status)?;
    Ok(draft.pending(side, flow))
}

impl Draft {
    fn pending(self, side: Side, flow: fn(u16, Option<Reply>) -> Flow) -> Pending<Action> {
        Pending::new(move |linker| {
            let status = self.status;
            let linked = self.link(linker)?;
            Ok(Action::new(Box::new(move |scope| {
                linked
                    .reply(side, scope)
                    .map_or(Flow::NoRoom, |reply| flow(status, reply))
            })))
        })
    }

    fn link(&self, linker: &mut Linker<'_>) -> Result<Linked, Box<Diagnostic>> {
        let body = match &self.body {
            Body::Page => return Ok(Linked::Page),
            Body::Whole(reply) => return Ok(Linked::Whole(reply.clone())),
            Body::Section(name, span) => return section(name, *span, self.status, linker),
            Body::None => Payload::Bytes(Arc::default()),
            Body::Bytes(bytes) => Payload::Bytes(bytes.clone()),
            Body::Format(format) => Payload::Format(format.link(linker)?),
        };
        let headers = self.headers.iter();
        Ok(Linked::Made {
            status: self.status,
            content_type: self.content_type.clone(),
            body,
            headers: headers
                .map(|(name, format)| Ok((name.clone(), format.link(linker)?)))
                .collect::<Result<_, Box<Diagnostic>>>()?,
        })
    }
}

/// The reply for a status in an `http-errors` section; the proxy's page where it has none.
fn section(
    name: &str,
    span: crate::diag::Span,
    status: u16,
    linker: &mut Linker<'_>,
) -> Result<Linked, Box<Diagnostic>> {
    let unknown = || {
        let proxy = linker.proxy;
        Box::new(Diagnostic::alert(
            span,
            format!(
                "Proxy '{proxy}': unknown http-errors section '{name}' referenced by an http reply"
            ),
        ))
    };
    let files: Arc<ErrorFiles> = linker.names.http_errors(name).ok_or_else(unknown)?;
    match files.by_status.get(&status) {
        None => Ok(Linked::Page),
        Some(ErrorFile::Raw(bytes)) => parse_errorfile(bytes, LIMIT)
            .map(|reply| Linked::Whole(Arc::new(reply)))
            .map_err(|fault| Box::new(Diagnostic::alert(span, fault.to_string()))),
        Some(ErrorFile::Location(code, location)) => {
            let reply = crate::http::redirect::error_location(*code, location.as_bytes());
            Ok(reply.map_or(Linked::Page, |reply| Linked::Whole(Arc::new(reply))))
        }
        Some(ErrorFile::Reply(action)) => Ok(Linked::Action(action.link(linker)?)),
    }
}

impl Linked {
    /// The reply now; `None` is the proxy's page.
    fn reply(&self, side: Side, scope: &mut Scope<'_>) -> Result<Option<Reply>, TooLong> {
        Ok(match self {
            Self::Page => None,
            Self::Whole(reply) => Some(Reply::clone(reply)),
            Self::Action(action) => match action.run(scope) {
                Flow::Reply(reply) => Some(*reply),
                Flow::NoRoom => return Err(TooLong),
                _ => None,
            },
            Self::Made {
                status,
                content_type,
                body,
                headers,
            } => {
                // The reply's own formats see its status.
                scope.txn.status = Some(*status);
                // The body's text comes first; with the server's response what headers show of it would go.
                let early = (side == Side::Response).then(|| rendered(headers, scope));
                let body = match body {
                    Payload::Bytes(bytes) => bytes.to_vec(),
                    Payload::Format(format) => {
                        if side == Side::Response {
                            // The text takes the place of the server's response, which is gone by then.
                            scope.txn.response.clear();
                            scope.txn.has_response = false;
                        }
                        let mut out = Vec::new();
                        format.render(scope, &mut out);
                        out
                    }
                };
                let headers = early.unwrap_or_else(|| rendered(headers, scope));
                Some(made(*status, content_type, body, &headers, scope)?)
            }
        })
    }
}

/// A reply that no buffer takes.
#[derive(Debug)]
struct TooLong;

fn rendered(headers: &[(Box<[u8]>, Format)], scope: &Scope<'_>) -> Vec<(Box<[u8]>, Vec<u8>)> {
    let render = |(name, format): &(Box<[u8]>, Format)| {
        let mut value = Vec::new();
        format.render(scope, &mut value);
        (name.clone(), value)
    };
    // A reply's header without a value is left out, as in HAProxy; `set-header` sends it.
    let all = headers.iter().map(render);
    all.filter(|(_, value)| !value.is_empty()).collect()
}

/// HAProxy's order: the rule's headers, then length and type.
fn made(
    status: u16,
    content_type: &[u8],
    body: Vec<u8>,
    headers: &[(Box<[u8]>, Vec<u8>)],
    scope: &Scope<'_>,
) -> Result<Reply, TooLong> {
    let mut head = Head::response(Version::HTTP_11, status, reason(status));
    for (name, value) in headers {
        head.add(name, value);
    }
    head.add(b"content-length", body.len().to_string().as_bytes());
    if !body.is_empty() && !content_type.is_empty() {
        head.add(b"content-type", content_type);
    }
    let room = scope.txn.rewriting.room;
    if !room.is_none_or(|room| head.has_room(room, body.len(), 1)) {
        return Err(TooLong);
    }
    Ok(Reply {
        head,
        body,
        silent: false,
    })
}

fn auth(words: &mut Words<'_, '_, '_>) -> Read {
    let realm: Arc<str> = if words.cursor.take_if("realm") {
        words.text("missing realm value.\n")?.into()
    } else {
        words.cx.proxy.into()
    };
    ready(move || {
        let realm = realm.clone();
        Action::new(Box::new(move |_| Flow::Auth(realm.clone())))
    })
}

/// Reads what follows `http-error`: the status and its reply.
///
/// # Errors
/// No status, or one that is never generated; a bad argument.
pub fn http_error(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<(u16, ErrorFile), Box<Diagnostic>> {
    let name = cursor
        .last()
        .ok_or_else(|| Box::new(Diagnostic::alert(cursor.span(), "missing 'status'")))?;
    let has_status = cursor.rest().iter().any(|word| word.bytes == b"status");
    if !has_status {
        return Err(Box::new(Diagnostic::alert(
            cursor.span(),
            "expects at least a status code".to_owned(),
        )));
    }
    let mut words = Words { cursor, cx, name };
    let draft = draft(&mut words, 0)?;
    let status = draft.status;
    if !CODES.contains(&status) {
        return Err(words.refuse(format!("'{status}' is not a status that is ever generated")));
    }
    let action = draft.pending(Side::Request, |status, reply| match reply {
        Some(reply) => Flow::Reply(Box::new(reply)),
        None => Flow::Page(status),
    });
    Ok((status, ErrorFile::Reply(action)))
}
