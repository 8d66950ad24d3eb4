//! Conditions: ACLs joined by blanks (and), `or` and `!` (manual 7.2).

use std::sync::Arc;

use super::declare::{self, Criterion, Probe};
use super::entries;
use super::method::Method;
use super::patterns::Reading;
use super::set::Set;
use super::{Acls, predefined, slip};
use crate::diag::{Diagnostic, Span};
use crate::sample::{Context, Linker, Pending, Place, Sample, Scope};
use crate::syntax::{Cursor, Word};

/// The outcome of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It does not hold.
    Fail,
    /// It does not hold yet, but data that is still to come may change that.
    Wait,
    /// It holds.
    Pass,
}

impl Outcome {
    fn negate(self) -> Self {
        match self {
            Self::Fail => Self::Pass,
            Self::Wait => Self::Wait,
            Self::Pass => Self::Fail,
        }
    }
}

/// A linked condition (`if …`, `unless …`): alternatives, each a list of terms that must all pass.
#[derive(Debug)]
pub struct Cond {
    alternatives: Box<[Box<[Term]>]>,
    unless: bool,
    /// Only content rules wait for data; elsewhere what is not there is not there.
    waits: bool,
}

#[derive(Debug)]
struct Term {
    negated: bool,
    /// Any of these (an ACL declared more than once, or one test).
    tests: Box<[Test]>,
}

#[derive(Debug)]
pub(super) enum Test {
    Always(bool),
    Found(Sample),
    Bool(Sample),
    Any(Sample, Arc<[Set]>),
    All(Box<Cond>),
}

impl Cond {
    /// Tests it now. Terms are looked at from the left as long as they matter.
    pub fn test(&self, scope: &Scope<'_>) -> Outcome {
        self.outcome(scope, self.waits)
    }

    fn outcome(&self, scope: &Scope<'_>, waits: bool) -> Outcome {
        let mut best = Outcome::Fail;
        for terms in &self.alternatives {
            let mut worst = Outcome::Pass;
            for term in terms {
                worst = worst.min(term.test(scope, waits));
                if worst == Outcome::Fail {
                    break;
                }
            }
            best = best.max(worst);
            if best == Outcome::Pass {
                break;
            }
        }
        if self.unless { best.negate() } else { best }
    }
}

impl Term {
    #[inline]
    fn test(&self, scope: &Scope<'_>, waits: bool) -> Outcome {
        let mut best = Outcome::Fail;
        for test in &self.tests {
            best = best.max(test.run(scope, waits));
            if best == Outcome::Pass {
                break;
            }
        }
        if self.negated { best.negate() } else { best }
    }
}

impl Test {
    #[inline]
    fn run(&self, scope: &Scope<'_>, waits: bool) -> Outcome {
        scope.waiting.set(false);
        let passed = match self {
            Self::Always(answer) => *answer,
            Self::Found(sample) => sample.any(scope, &mut |_| true),
            Self::Bool(sample) => sample.any(scope, &mut |value| super::subject::truth(value)),
            Self::Any(sample, sets) => sample.any(scope, &mut |value| {
                sets.iter().any(|set| set.matches(value))
            }),
            Self::All(cond) => return cond.outcome(scope, waits),
        };
        if passed {
            Outcome::Pass
        } else if waits && scope.waiting.get() {
            Outcome::Wait
        } else {
            Outcome::Fail
        }
    }
}

/// A condition as read, before it is linked.
struct Draft {
    alternatives: Vec<Vec<(bool, Vec<Part>)>>,
    unless: bool,
    waits: bool,
}

/// One test of an ACL, before it is linked.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Always(bool),
    Test(Criterion),
    All(Pending<Cond>),
}

/// True where a condition may have to wait for data (manual 4.2 `tcp-request content`).
fn waits(place: Place) -> bool {
    matches!(
        place,
        Place::FrontContent | Place::BackContent | Place::ResponseContent
    )
}

type Refusal = Box<Diagnostic>;

fn refuse(span: Span, message: impl Into<String>) -> Refusal {
    Box::new(Diagnostic::alert(span, message))
}

/// Reads `if …` or `unless …` up to the end of the line; `None` where nothing is left.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Option<Pending<Cond>>, Refusal> {
    // Empty words at the end of a line are no words to HAProxy.
    if cursor.rest().iter().all(|word| word.bytes.is_empty()) {
        while cursor.take().is_some() {}
        return Ok(None);
    }
    let Some(word) = cursor.take() else {
        return Ok(None);
    };
    let unless = match word.bytes.as_slice() {
        b"if" => false,
        b"unless" => true,
        _ => {
            let found = word.text();
            let mut error = refuse(
                word.span,
                format!(
                    "expects either 'if' or 'unless' followed by a condition but found '{found}'."
                ),
            );
            error.help.extend(slip::not_a_condition(&found, cx.acls));
            return Err(error);
        }
    };
    let mut draft = Draft {
        alternatives: Vec::new(),
        unless,
        waits: waits(cx.place),
    };
    let words = cursor.rest();
    while cursor.take().is_some() {}
    if words.is_empty() {
        cx.diagnostics.push(
            Diagnostic::warning(
                word.span,
                format!("'{}' without a condition is never true", word.text()),
            )
            .help("remove it, or name the ACLs that decide"),
        );
    }
    draft.terms(words, cursor.span(), cx)?;
    Ok(Some(draft.pending()))
}

impl Draft {
    fn terms(
        &mut self,
        mut words: &[Word],
        end: Span,
        cx: &mut Context<'_>,
    ) -> Result<(), Refusal> {
        let (mut negated, mut join) = (false, false);
        while let Some((word, rest)) = words.split_first() {
            words = rest;
            if word.bytes == b"||" || word.bytes.eq_ignore_ascii_case(b"or") {
                (negated, join) = (false, false);
                continue;
            }
            let bangs = word.bytes.iter().take_while(|b| **b == b'!').count();
            negated ^= bangs % 2 == 1;
            let name = &word.bytes[bangs..];
            if name.is_empty() {
                continue;
            }
            let parts = if name == b"{" {
                let close = words.iter().position(|word| word.bytes == b"}");
                let Some(close) = close else {
                    return Err(unclosed(word, words));
                };
                let (inner, rest) = words.split_at(close);
                words = rest.get(1..).unwrap_or_default();
                vec![anonymous(inner, rest.first().map_or(end, |w| w.span), cx)?]
            } else {
                let following = words.first().map(Word::text);
                named(word, bangs, following.as_deref(), cx)?
            };
            if !join {
                self.alternatives.push(Vec::new());
                join = true;
            }
            if let Some(terms) = self.alternatives.last_mut() {
                terms.push((negated, parts));
            }
            negated = false;
        }
        Ok(())
    }

    fn pending(self) -> Pending<Cond> {
        let Self {
            alternatives,
            unless,
            waits,
        } = self;
        Pending::new(move |linker| {
            let mut linked = Vec::with_capacity(alternatives.len());
            for terms in &alternatives {
                let terms: Result<Box<[_]>, _> = terms
                    .iter()
                    .map(|(negated, parts)| {
                        let tests = parts
                            .iter()
                            .map(|part| part.link(linker))
                            .collect::<Result<_, _>>()?;
                        Ok::<_, Refusal>(Term {
                            negated: *negated,
                            tests,
                        })
                    })
                    .collect();
                linked.push(terms?);
            }
            Ok(Cond {
                alternatives: linked.into(),
                unless,
                waits,
            })
        })
    }
}

impl Part {
    pub(super) fn link(&self, linker: &mut Linker<'_>) -> Result<Test, Refusal> {
        let criterion = match self {
            Self::Always(answer) => return Ok(Test::Always(*answer)),
            Self::All(cond) => return Ok(Test::All(Box::new(cond.link(linker)?))),
            Self::Test(criterion) => criterion,
        };
        let sample = criterion.expr.sample.link(linker)?;
        if let Some(groups) = &criterion.groups {
            groups.check(linker)?;
        }
        Ok(match &criterion.probe {
            Probe::Found => Test::Found(sample),
            Probe::Bool => Test::Bool(sample),
            Probe::Any(sets) => Test::Any(sample, sets.clone()),
        })
    }
}

/// The alert about a brace that nothing closes; a brace that is part of a word is shown.
fn unclosed(open: &Word, words: &[Word]) -> Refusal {
    let mut error = refuse(open.span, "missing closing '}' in condition");
    if let Some(glued) = words.iter().find(|word| word.bytes.ends_with(b"}")) {
        error.help.push(format!(
            "a `}}` closes it only as a word of its own: put a blank into '{}'",
            glued.text()
        ));
    }
    error
}

/// The words between braces.
fn anonymous(words: &[Word], end: Span, cx: &mut Context<'_>) -> Result<Part, Refusal> {
    let part = part(words, end, cx)?;
    if let Part::Test(criterion) = &part {
        warn_unusable("anonymous acl", criterion, criterion.span, cx);
    }
    Ok(part)
}

/// The words of one ACL: a criterion, or `acl(…)` over others.
pub(super) fn part(words: &[Word], end: Span, cx: &mut Context<'_>) -> Result<Part, Refusal> {
    if let [word] = words
        && let Some(list) = word
            .bytes
            .strip_prefix(b"acl(")
            .and_then(|rest| rest.strip_suffix(b")"))
    {
        return all_of(list, word.span, cx).map(Part::All);
    }
    declare::criterion(words, end, cx).map(Part::Test)
}

/// `acl(a,!b,…)`: true if all of these ACLs pass (3.x).
pub(super) fn all_of(
    list: &[u8],
    span: Span,
    cx: &mut Context<'_>,
) -> Result<Pending<Cond>, Refusal> {
    let words: Vec<Word> = list
        .split(|b| *b == b',')
        .map(|name| Word {
            bytes: name.trim_ascii().to_vec(),
            span,
            map: Vec::new(),
        })
        .collect();
    let mut draft = Draft {
        alternatives: vec![Vec::new()],
        unless: false,
        waits: waits(cx.place),
    };
    for word in &words {
        let bangs = usize::from(word.bytes.first() == Some(&b'!'));
        let parts = named(word, bangs, None, cx)?;
        if let Some(terms) = draft.alternatives.last_mut() {
            terms.push((bangs == 1, parts));
        }
    }
    Ok(draft.pending())
}

/// A declared or predefined ACL; `bangs` is where its name begins in the word.
fn named(
    word: &Word,
    bangs: usize,
    following: Option<&str>,
    cx: &mut Context<'_>,
) -> Result<Vec<Part>, Refusal> {
    let name = String::from_utf8_lossy(&word.bytes[bangs..]).into_owned();
    let span = word.part(bangs, word.bytes.len());
    let acls: &Acls = cx.acls;
    if let Some(found) = acls.find(&name) {
        let parts = found.to_vec();
        for part in &parts {
            if let Part::Test(criterion) = part {
                warn_unusable(&format!("acl '{name}'"), criterion, span, cx);
            }
        }
        return Ok(parts);
    }
    if matches!(name.as_str(), "TRUE" | "FALSE") {
        let (keyword, always) = match name.as_str() {
            "TRUE" => ("always_true", true),
            _ => ("always_false", false),
        };
        // It has a number like any other ACL.
        let (words, user) = (entries::Reading::default(), (cx.file, span.line));
        let own = cx
            .files
            .line(words, Reading::of(Method::Bool), None, keyword, user);
        own.map_err(|(_, fault)| refuse(span, fault))?;
        return Ok(vec![Part::Always(always)]);
    }
    if let Some(definition) = predefined::find(&name) {
        let words: Vec<Word> = definition
            .split(' ')
            .map(|text| Word {
                bytes: text.as_bytes().to_vec(),
                span,
                map: vec![span.start; text.len()],
            })
            .collect();
        let criterion = declare::criterion(&words, span, cx)?;
        warn_unusable(&format!("acl '{name}'"), &criterion, span, cx);
        return Ok(vec![Part::Test(criterion)]);
    }
    let mut error =
        Diagnostic::alert(span, format!("no such ACL : '{name}'")).label("not declared");
    error.help.extend(slip::acl(&name, following, acls));
    Err(Box::new(error))
}

/// HAProxy's warning for an ACL that looks at what is not there yet, or no more.
fn warn_unusable(what: &str, criterion: &Criterion, span: Span, cx: &mut Context<'_>) {
    if !criterion.expr.usable(Place::TcpSession) {
        cx.contents.cond.set(true);
    }
    if cx.place == Place::Acl || criterion.expr.usable(cx.place) {
        return;
    }
    let keyword = &criterion.keyword;
    let place = cx.place.describe();
    cx.diagnostics.push(Diagnostic::warning(
        span,
        format!("{what} will never match because it uses keyword '{keyword}' which is incompatible with '{place}'"),
    ));
}
