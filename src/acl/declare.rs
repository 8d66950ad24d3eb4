//! Reading one ACL: a criterion, flags, operators and patterns (manual 7.1).

use std::sync::Arc;

use super::entries;
use super::groups::Groups;
use super::hint;
use super::keyword;
use super::method::Method;
use super::number::{self, Operator};
use super::patterns::Reading;
use super::set::Set;
use super::slip;
use crate::diag::{Diagnostic, Span, suggest};
use crate::regex::Regex;
use crate::sample::{self, Context, Expr, Place, Type};
use crate::syntax::Word;

/// One ACL test, checked: an expression and what it is held against.
#[derive(Debug, Clone)]
pub(super) struct Criterion {
    /// The expression.
    pub(super) expr: Expr,
    /// What passes.
    pub(super) probe: Probe,
    /// The keyword as written, for messages.
    pub(super) keyword: String,
    /// Groups that must be in a userlist.
    pub(super) groups: Option<Groups>,
    /// Where the criterion stands.
    pub(super) span: Span,
}

/// What makes a sample pass.
#[derive(Debug, Clone)]
pub(super) enum Probe {
    /// That it exists.
    Found,
    /// That it is true.
    Bool,
    /// That it matches one of the patterns.
    Any(Arc<[Set]>),
}

type Refusal = Box<Diagnostic>;

fn refuse(span: Span, message: impl Into<String>) -> Refusal {
    Box::new(Diagnostic::alert(span, message))
}

/// Reads the words of one ACL, all of them. `end` is where something missing would stand.
pub(super) fn criterion(
    words: &[Word],
    end: Span,
    cx: &mut Context<'_>,
) -> Result<Criterion, Refusal> {
    let Some((first, rest)) = words.split_first().filter(|(w, _)| !w.bytes.is_empty()) else {
        return Err(refuse(end, "missing fetch method in ACL expression ''"));
    };
    let (expr, implied, keyword, taken) = expression(first, words, cx)?;
    let rest = rest.get(taken - 1..).unwrap_or_default();
    let mut reader = Reader {
        method: implied,
        chosen: false,
        icase: false,
        resolve: true,
        map: false,
        keyword: &keyword,
        expr: &expr,
        words: entries::Reading::default(),
        written: Vec::new(),
        files: Vec::new(),
        id: None,
        ended: false,
    };
    let values = reader.flags(rest, cx)?;
    reader.values(values)?;
    let probe = reader.finish(first.span, cx)?;
    if let Probe::Any(sets) = &probe
        && let Some(own) = sets.first()
    {
        let reading = own.reading();
        let written = std::mem::take(&mut reader.written);
        let subject = hint::Subject::new(&expr, first, reading);
        hint::never_matches(&subject, &written, cx);
    }
    let groups = Groups::of(first, values).filter(|_| implied == Some(Method::Str));
    if groups.is_some()
        && values.is_empty()
        && matches!(&probe, Probe::Any(sets) if sets.len() == 1)
    {
        return Err(refuse(
            first.span,
            format!("{keyword}(): no groups specified"),
        ));
    }
    Ok(Criterion {
        groups,
        expr,
        probe,
        keyword,
        span: first.span,
    })
}

/// The expression, the method that its keyword or type implies, the keyword, and how many words they are:
/// converters may follow a fetch that is no ACL keyword as words of their own.
fn expression(
    word: &Word,
    words: &[Word],
    cx: &mut Context<'_>,
) -> Result<(Expr, Option<Method>, String, usize), Refusal> {
    let name_end = word.bytes.iter().position(|b| matches!(b, b'(' | b','));
    let name_end = name_end.unwrap_or(word.bytes.len());
    let name = String::from_utf8_lossy(&word.bytes[..name_end]).into_owned();
    let known = keyword::find(&name);
    let replaced = known.filter(|(fetch, _)| *fetch != name);
    let renamed = replaced.map(|(fetch, _)| rename(word, name_end, fetch));
    let word = renamed.as_ref().unwrap_or(word);
    let place = std::mem::replace(&mut cx.place, Place::Acl);
    if known.is_none() {
        let parsed = sample::parse_slice(words, cx);
        cx.place = place;
        let (expr, taken) = parsed.map_err(|error| explain(error, &name))?;
        let implied = Method::implied(expr.ty);
        return Ok((expr, implied, name, taken));
    }
    let parsed = sample::parse(word, 0..word.bytes.len(), cx);
    cx.place = place;
    let (expr, taken) = parsed.map_err(|error| explain(error, &name))?;
    if taken < word.bytes.len() {
        let rest = String::from_utf8_lossy(&word.bytes[taken..]).into_owned();
        let span = word.part(taken, word.bytes.len());
        return Err(refuse(
            span,
            format!("unexpected '{rest}' after the expression"),
        ));
    }
    // A converter makes the keyword's own method void: the type it gives decides.
    let implied = match known {
        Some((_, method)) if !has_converters(&word.bytes) => Some(method),
        _ => Method::implied(expr.ty),
    };
    Ok((expr, implied, name, 1))
}

/// The word with the fetch's name in place of the keyword; places in the source stay right.
fn rename(word: &Word, name_end: usize, fetch: &str) -> Word {
    let mut bytes = fetch.as_bytes().to_vec();
    bytes.extend_from_slice(&word.bytes[name_end..]);
    let start = word.part(0, 1).start;
    let rest = (name_end..word.bytes.len()).map(|at| word.part(at, at + 1).start);
    let map = std::iter::repeat_n(start, fetch.len())
        .chain(rest)
        .collect();
    Word {
        bytes,
        span: word.span,
        map,
    }
}

/// True if a comma stands outside the fetch's parentheses.
fn has_converters(bytes: &[u8]) -> bool {
    let mut depth = 0_u32;
    for byte in bytes {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// HAProxy's words for a fetch that is none; a suggestion from the ACL keywords too.
fn explain(mut error: Refusal, name: &str) -> Refusal {
    if let Some((fetch, _)) = keyword::find(name) {
        let own = format!("ACL keyword '{name}' : ");
        let fetch = format!("fetch method '{fetch}' : ");
        error.message = match error.message.strip_prefix(&fetch) {
            Some(rest) => format!("{own}{rest}"),
            None if error.message.contains("converter") => format!("{own}{}", error.message),
            None => error.message,
        };
        return error;
    }
    if error.message.starts_with("unknown fetch method") {
        error.message = format!("{} in ACL expression '{name}'", error.message);
        if error.help.is_empty() {
            let names = keyword::KEYWORDS.iter().map(|(known, _, _)| *known);
            error.help.extend(suggest::did_you_mean(name, names));
        }
    }
    error
}

/// Flags and patterns as they are read, left to right.
struct Reader<'a> {
    method: Option<Method>,
    /// `-m` was given.
    chosen: bool,
    icase: bool,
    resolve: bool,
    map: bool,
    keyword: &'a str,
    expr: &'a Expr,
    words: entries::Reading,
    /// The patterns of the line.
    written: Vec<(Word, Operator)>,
    files: Vec<Set>,
    id: Option<u32>,
    ended: bool,
}

impl Reader<'_> {
    fn flags<'w>(
        &mut self,
        mut words: &'w [Word],
        cx: &mut Context<'_>,
    ) -> Result<&'w [Word], Refusal> {
        while let Some((flag, rest)) = words.split_first() {
            if flag.bytes.first() != Some(&b'-') {
                break;
            }
            let argument = |what: &str| {
                rest.first()
                    .filter(|word| !word.bytes.is_empty())
                    .ok_or_else(|| refuse(flag.span, what.to_owned()))
            };
            words = rest;
            match flag.bytes.as_slice() {
                b"-i" => self.icase = true,
                b"-n" => self.resolve = false,
                b"-M" => self.map = true,
                b"--" => {
                    self.ended = true;
                    break;
                }
                b"-u" => {
                    let id = argument("the argument of -u must be an integer")?;
                    let number = id.text().parse::<i32>();
                    let number = number
                        .map_err(|_| refuse(id.span, "the argument of -u must be an integer"))?;
                    // HAProxy gives a negative one back to those that are chosen.
                    self.id = u32::try_from(number).ok();
                    words = &rest[1..];
                }
                b"-m" => {
                    let name = argument("unknown matching method '' when parsing ACL expression")?;
                    self.choose(name)?;
                    words = &rest[1..];
                }
                b"-f" => {
                    let name = argument("failed to open pattern file <>")?;
                    self.file(name, cx)?;
                    words = &rest[1..];
                }
                _ => return Err(self.not_a_flag(flag)),
            }
        }
        Ok(words)
    }

    fn not_a_flag(&self, flag: &Word) -> Refusal {
        let name = flag.text();
        refuse(
            flag.span,
            format!(
                "'{name}' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'"
            ),
        )
    }

    fn choose(&mut self, name: &Word) -> Result<(), Refusal> {
        let text = name.text();
        let Some(method) = Method::of(&name.bytes) else {
            let mut error = Diagnostic::alert(
                name.span,
                format!("unknown matching method '{text}' when parsing ACL expression"),
            );
            error.help.extend(slip::method(&text));
            return Err(Box::new(error));
        };
        if !method.takes(self.expr.ty) {
            let fetch = self.keyword;
            return Err(refuse(
                name.span,
                format!("matching method '{text}' cannot be used with fetch keyword '{fetch}'"),
            ));
        }
        if !self.files.is_empty() {
            return Err(refuse(
                name.span,
                "'-m' must only be specified before patterns and files in parsing ACL expression",
            ));
        }
        self.chosen = true;
        // `-m int` on a version keeps reading versions as the fetch gives them.
        self.method = Some(match (method, self.method) {
            (Method::Int, Some(Method::Version)) => Method::Version,
            (method, _) => method,
        });
        Ok(())
    }

    fn reading(&self, at: Span) -> Result<Reading, Refusal> {
        let Some(method) = self.method else {
            let fetch = self.keyword;
            return Err(refuse(
                at,
                format!(
                    "matching method must be specified first (using '-m') when using a sample fetch of this type ('{fetch}')"
                ),
            ));
        };
        Ok(Reading {
            method,
            // Methods are case-sensitive; without `-m` HAProxy holds them against names, not text.
            icase: self.icase && (self.chosen || self.expr.ty != Type::Meth),
            resolve: self.resolve,
        })
    }

    fn file(&mut self, name: &Word, cx: &mut Context<'_>) -> Result<(), Refusal> {
        let reading = self.reading(name.span)?;
        let set = cx
            .files
            .patterns(
                &cx.directory,
                &name.text(),
                self.map,
                reading,
                (cx.file, name.span.line),
            )
            .map_err(|fault| refuse(name.span, fault))?;
        self.files.push(set);
        Ok(())
    }

    fn values(&mut self, words: &[Word]) -> Result<(), Refusal> {
        let mut operator = Operator::Eq;
        for word in words {
            // An empty word ends the list, as in HAProxy.
            if word.bytes.is_empty() {
                break;
            }
            let reading = self.reading(word.span)?;
            if reading.method.has_operators() {
                if let Some(found) = Operator::of(&word.bytes) {
                    operator = found;
                    continue;
                }
                self.number_or_operator(word)?;
            }
            let text = if reading.method.has_operators() {
                let version = reading.method == Method::Version;
                number::applied(&word.text(), version, operator)
                    .map_err(|fault| pattern_refused(word, fault, reading))?
            } else {
                word.bytes.clone()
            };
            self.words.word(&text);
            self.written.push((word.clone(), operator));
        }
        Ok(())
    }

    /// A word of letters before numbers was meant as an operator.
    fn number_or_operator(&self, word: &Word) -> Result<(), Refusal> {
        let letters = word.bytes.iter().all(u8::is_ascii_alphabetic);
        if !letters || self.words.len() > 0 {
            return Ok(());
        }
        let name = word.text();
        let mut error = Diagnostic::alert(
            word.span,
            format!("'{name}' is neither a number nor a supported operator"),
        );
        let operators = ["eq", "ge", "gt", "le", "lt"];
        error.help.extend(suggest::did_you_mean(&name, operators));
        Err(Box::new(error))
    }

    fn finish(&mut self, span: Span, cx: &mut Context<'_>) -> Result<Probe, Refusal> {
        let reading = self.reading(span)?;
        let none = self.words.len() == 0 && self.files.is_empty() && !self.ended;
        let own = cx
            .files
            .line(
                std::mem::take(&mut self.words),
                reading,
                self.id,
                self.keyword,
                (cx.file, span.line),
            )
            .map_err(|(at, fault)| match self.written.get(at) {
                Some((word, _)) => pattern_refused(word, fault, reading),
                None => refuse(span, fault),
            })?;
        match reading.method {
            Method::Found => return Ok(Probe::Found),
            Method::Bool => return Ok(Probe::Bool),
            _ => {}
        }
        if none {
            let keyword = self.keyword;
            cx.diagnostics.push(Diagnostic::warning(
                span,
                format!(
                    "parsing acl keyword '{keyword}' :\n  \
                     no pattern to match against were provided, so this ACL will never match.\n  \
                     If this is what you intended, please add '--' to get rid of this warning.\n  \
                     If you intended to match only for existence, please use '-m found'.\n  \
                     If you wanted to force an int to match as a bool, please use '-m bool'."
                ),
            ));
        }
        self.files.insert(0, own);
        Ok(Probe::Any(std::mem::take(&mut self.files).into()))
    }
}

/// The alert about a pattern: within a regular expression what is wrong with it is marked, and where a number
/// should stand the operator that was meant is offered.
fn pattern_refused(word: &Word, fault: impl Into<String>, reading: Reading) -> Refusal {
    let part = match reading.method {
        Method::Reg => Regex::new(&word.bytes, reading.icase).err(),
        _ => None,
    };
    let place = part.map(|fault| word.part(fault.range.start, fault.range.end));
    let mut error = refuse(place.unwrap_or(word.span), fault);
    if reading.method.has_operators() {
        error.help.extend(slip::operator(&word.text()));
    } else if reading.method == Method::Ip {
        error.help.extend(slip::network(&word.text()));
    }
    error
}
