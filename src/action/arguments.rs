//! Reading the arguments that `return`, `deny`, `tarpit` and `http-error` share.

use std::sync::Arc;

use super::read::Words;
use super::reply::{Body, Draft, LIMIT};
use crate::diag::Diagnostic;
use crate::format::FormatUse;
use crate::http::reply::{CODES, parse_errorfile};
use crate::syntax::Word;

/// Reads the arguments of a reply.
pub(super) fn draft(words: &mut Words<'_, '_, '_>, status: u16) -> Result<Draft, Box<Diagnostic>> {
    let mut reading = Reading {
        draft: Draft {
            status,
            content_type: Vec::new(),
            body: Body::None,
            headers: Vec::new(),
        },
        chosen: None,
        only_deny_status: true,
        returns: words.name.bytes == b"return" || words.name.bytes == b"http-error",
    };
    while !words.done() {
        let word = words.word("unexpected empty argument")?;
        if !reading.take(word, words)? {
            let rule = words.name.text();
            return Err(super::rule::no_condition(&rule, word, words));
        }
    }
    if reading.chosen.is_none() && reading.only_deny_status && !reading.returns {
        reading.draft.body = Body::Page;
    }
    reading.finish(words)
}

struct Reading {
    draft: Draft,
    /// The argument that gave the body.
    chosen: Option<String>,
    only_deny_status: bool,
    /// Whether it is no refusal, which has no `deny_status`.
    returns: bool,
}

impl Reading {
    /// Takes one argument; false if the word is none.
    fn take(
        &mut self,
        word: &Word,
        words: &mut Words<'_, '_, '_>,
    ) -> Result<bool, Box<Diagnostic>> {
        let name = word.text().into_owned();
        if name != "deny_status" {
            self.only_deny_status = false;
        }
        match name.as_str() {
            "deny_status" if self.returns => return Ok(false),
            "status" | "deny_status" => self.status(words)?,
            "content-type" => {
                let missing = "'content-type' expects <ctype> as argument";
                self.draft.content_type = words.word(missing)?.bytes.clone();
            }
            "hdr" => {
                const MISSING: &str = "'hdr' expects <name> and <value> as arguments";
                let name = words.word(MISSING)?.bytes.as_slice().into();
                let format = words.format(MISSING, FormatUse::Http)?;
                self.draft.headers.push((name, format));
            }
            "default-errorfiles" | "errorfile" | "errorfiles" | "file" | "lf-file" | "string"
            | "lf-string" => {
                self.body(word, &name, words)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn status(&mut self, words: &mut Words<'_, '_, '_>) -> Result<(), Box<Diagnostic>> {
        let word = words.word("'status' expects <status_code> as argument")?;
        let text = word.text();
        match text.parse() {
            Ok(status @ 200..=599) => self.draft.status = status,
            _ => return Err(words.refuse_at(word.span, format!("Unexpected status code '{text}'"))),
        }
        Ok(())
    }

    fn body(
        &mut self,
        word: &Word,
        name: &str,
        words: &mut Words<'_, '_, '_>,
    ) -> Result<(), Box<Diagnostic>> {
        if let Some(before) = &self.chosen {
            let message = format!("unexpected '{name}' argument, '{before}' already defined");
            return Err(words.refuse_at(word.span, message));
        }
        self.chosen = Some(name.to_owned());
        self.draft.body = match name {
            "default-errorfiles" => Body::Page,
            "string" => Body::Bytes(
                words
                    .word("'string' expects <str> as argument")?
                    .bytes
                    .as_slice()
                    .into(),
            ),
            "lf-string" => Body::Format(
                words.format("'lf-string' expects <fmt> as argument", FormatUse::Http)?,
            ),
            "errorfiles" => {
                let name = words.word("'errorfiles' expects <name> as argument")?;
                Body::Section(name.text().into_owned(), name.span)
            }
            _ => {
                let file = words.word(&format!("'{name}' expects <file> as argument"))?;
                let bytes = words.file(file)?;
                match name {
                    "errorfile" => Body::Whole(Arc::new(
                        parse_errorfile(&bytes, LIMIT)
                            .map_err(|fault| words.refuse_at(file.span, fault.to_string()))?,
                    )),
                    "file" => Body::Bytes(bytes.into()),
                    _ => Body::Format(crate::format::parse(
                        &Word {
                            map: vec![file.span.start; bytes.len()],
                            span: file.span,
                            bytes,
                        },
                        words.cx,
                        FormatUse::Http,
                    )?),
                }
            }
        };
        Ok(())
    }

    fn finish(mut self, words: &mut Words<'_, '_, '_>) -> Result<Draft, Box<Diagnostic>> {
        let typed = !self.draft.content_type.is_empty();
        let payload = match &self.draft.body {
            Body::Bytes(bytes) => !bytes.is_empty(),
            Body::Format(_) => true,
            _ => false,
        };
        if payload && self.draft.status == 204 {
            return Err(words.refuse("No body expected for 204 responses"));
        }
        if payload && !typed {
            return Err(
                words.refuse("a content type must be defined when non-empty payload is configured")
            );
        }
        let known = CODES.contains(&self.draft.status);
        if !known && matches!(self.draft.body, Body::Page | Body::Section(..)) {
            let status = self.draft.status;
            let what = self.chosen.as_deref().unwrap_or("default-errorfiles");
            return Err(words.refuse(format!(
                "status code '{status}' is not handled when '{what}' is used"
            )));
        }
        let text = String::from_utf8_lossy(&self.draft.content_type).into_owned();
        let why = match self.draft.body {
            _ if !typed || payload => None,
            Body::None => Some("because neither errorfile nor payload defined"),
            Body::Bytes(_) => Some("when used with an empty payload"),
            _ => Some("when used with an erorrfile"),
        };
        if let Some(why) = why {
            let message = format!("content-type '{text}' ignored by the http reply {why}.");
            words
                .cx
                .diagnostics
                .push(Diagnostic::warning(words.cursor.line().span, message));
            self.draft.content_type.clear();
        }
        Ok(self.draft)
    }
}
