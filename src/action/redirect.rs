//! Redirects, as `redirect` lines and inside rulesets (manual 4.2 `redirect`).

use super::read::{Side, Words};
use super::table::{Entry, Read};
use super::{Action, Flow};
use crate::diag::Diagnostic;
use crate::format::{Format, FormatUse};
use crate::http::redirect::{self, Kind, Options};
use crate::http::{BodyState, Message};
use crate::sample::{Pending, Scope};

pub(super) static REDIRECT: Entry = Entry::new(
    "redirect",
    "{ location <fmt> | prefix <fmt> | scheme <fmt> } [code <code>] <option>",
    "sends the client elsewhere",
    |words| read(words, true),
);

/// Where to, as read: text on a `redirect` line, a format in rulesets.
#[derive(Clone)]
enum Target {
    Text(Box<[u8]>),
    Format(Pending<Format>),
}

#[derive(Clone)]
struct Draft {
    target: Option<(Kind, Target)>,
    code: u16,
    options: Options,
    ignore_empty: bool,
    cookie: Option<Vec<u8>>,
}

struct Redirect {
    side: Side,
    kind: Kind,
    target: Linked,
    code: u16,
    options: Options,
    ignore_empty: bool,
    cookie: Option<Vec<u8>>,
}

enum Linked {
    Text(Box<[u8]>),
    Format(Format),
}

/// Reads a redirect's words; `formats` in rulesets.
pub(super) fn read(words: &mut Words<'_, '_, '_>, formats: bool) -> Read {
    let mut draft = Draft {
        target: None,
        code: 302,
        options: Options::default(),
        ignore_empty: false,
        cookie: None,
    };
    while !words.done() {
        draft.take(words, formats)?;
    }
    let Some((kind, target)) = draft.target.clone() else {
        return Err(words.refuse("redirection type expected ('prefix', 'location', or 'scheme')"));
    };
    let side = words.side();
    if side == Side::Response && kind != Kind::Location {
        return Err(
            words.refuse("response redirect can't use 'prefix' or 'scheme', only 'location'")
        );
    }
    Ok(Pending::new(move |linker| {
        let Draft {
            code,
            options,
            ignore_empty,
            ref cookie,
            ..
        } = draft;
        let target = match &target {
            Target::Text(text) => Linked::Text(text.clone()),
            Target::Format(format) => Linked::Format(format.link(linker)?),
        };
        let redirect = Redirect {
            side,
            kind,
            target,
            code,
            options,
            ignore_empty,
            cookie: cookie.clone(),
        };
        Ok(Action::new(Box::new(move |scope| redirect.run(scope))))
    }))
}

/// What a redirect's line may hold, for suggestions.
const NAMES: [&str; 9] = [
    "code",
    "prefix",
    "location",
    "scheme",
    "set-cookie",
    "clear-cookie",
    "drop-query",
    "ignore-empty",
    "append-slash",
];

impl Draft {
    fn take(
        &mut self,
        words: &mut Words<'_, '_, '_>,
        formats: bool,
    ) -> Result<(), Box<Diagnostic>> {
        let word = words.word("unexpected empty argument")?;
        let name = word.text();
        let missing = format!("missing argument for '{name}'");
        match name.as_ref() {
            "location" => self.target = Some((Kind::Location, target(words, &missing, formats)?)),
            "prefix" => self.target = Some((Kind::Prefix, target(words, &missing, formats)?)),
            "scheme" => self.target = Some((Kind::Scheme, target(words, &missing, formats)?)),
            "code" => {
                let word = words.word(&missing)?;
                let text = word.text();
                self.code = match text.parse() {
                    Ok(code @ (301 | 302 | 303 | 307 | 308)) => code,
                    _ => {
                        return Err(words.refuse_at(
                            word.span,
                            format!("'code': unsupported HTTP code '{text}' (must be one of 301, 302, 303, 307 or 308)"),
                        ));
                    }
                };
            }
            "set-cookie" => self.cookie = Some(cookie(&words.word(&missing)?.bytes, b"; path=/;")),
            "clear-cookie" => {
                self.cookie = Some(cookie(
                    &words.word(&missing)?.bytes,
                    b"; path=/; Max-Age=0;",
                ))
            }
            "drop-query" => self.options.drop_query = true,
            "append-slash" => self.options.append_slash = true,
            "ignore-empty" => self.ignore_empty = true,
            _ => {
                let message = format!(
                    "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', 'drop-query', \
                     'ignore-empty' or 'append-slash' (was '{name}')"
                );
                let mut unknown = words.unknown(word, message, NAMES);
                if name.starts_with('/') || name.contains("://") {
                    unknown.help = vec![format!("did you mean `location {name}`?")];
                } else if matches!(&*name, "301" | "302" | "303" | "307" | "308") {
                    unknown.help = vec![format!("did you mean `code {name}`?")];
                }
                return Err(unknown);
            }
        }
        Ok(())
    }
}

fn target(
    words: &mut Words<'_, '_, '_>,
    missing: &str,
    formats: bool,
) -> Result<Target, Box<Diagnostic>> {
    if formats {
        return words.format(missing, FormatUse::Http).map(Target::Format);
    }
    Ok(Target::Text(words.word(missing)?.bytes.as_slice().into()))
}

fn cookie(name: &[u8], end: &[u8]) -> Vec<u8> {
    [name, end].concat()
}

/// Whether a request has a body, wherever it is by now.
fn has_body(request: &Message) -> bool {
    request.body_len.is_some()
        || request.body_state != BodyState::Complete
        || !request.body.is_empty()
}

impl Redirect {
    fn run(&self, scope: &mut Scope<'_>) -> Flow {
        let mut value = Vec::new();
        match &self.target {
            Linked::Text(text) => value.extend_from_slice(text),
            Linked::Format(format) => format.render(scope, &mut value),
        }
        if value.is_empty() && self.ignore_empty {
            return Flow::Continue;
        }
        let mut location = Vec::new();
        let request = &scope.txn.request;
        redirect::location(
            self.kind,
            &value,
            self.options,
            &request.head,
            &mut location,
        );
        let Some(mut reply) = redirect::reply(self.code, &location) else {
            return Flow::Internal;
        };
        if let Some(cookie) = &self.cookie {
            reply.head.add(b"set-cookie", cookie);
        }
        if self.side == Side::Request && has_body(request) {
            // The client may still be sending it, and there is nobody to read it.
            reply.head.add(b"connection", b"close");
        }
        let room = scope.txn.rewriting.room;
        if !room.is_none_or(|room| reply.head.has_room(room, 0, 0)) {
            return Flow::Internal;
        }
        Flow::Reply(Box::new(reply))
    }
}
