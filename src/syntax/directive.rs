//! The lines that start with a dot: conditional blocks and messages (manual, section 2.4).

use super::condition::{self, World};
use super::{Line, Word};
use crate::diag::{Diagnostic, Lead, Severity, Span};

/// The deepest nesting of `.if`, as in HAProxy.
const MAX_NESTED: usize = 100;

/// Every directive, for "did you mean".
const NAMES: [&str; 8] = [
    ".if", ".elif", ".else", ".endif", ".diag", ".notice", ".warning", ".alert",
];

/// Where a block stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Branch {
    /// The lines are read.
    Taken,
    /// Not yet; a later `.elif` or `.else` may be.
    Waiting,
    /// Not any more, or the whole block stands in lines that are not read.
    Over,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    branch: Branch,
    had_else: bool,
}

/// The open `.if` blocks of a file.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    open: Vec<Block>,
    /// `.if` lines beyond [`MAX_NESTED`], whose `.endif` must not close another block.
    excess: usize,
}

impl Blocks {
    /// Whether lines are read here.
    pub(super) fn active(&self) -> bool {
        self.excess == 0 && self.open.iter().all(|block| block.branch == Branch::Taken)
    }

    /// Ends the file: an open block is an error at its last line.
    pub(super) fn finish(&mut self, last_line: Span) -> Option<Diagnostic> {
        self.excess = 0;
        let open = !std::mem::take(&mut self.open).is_empty();
        open.then(|| problem(last_line, "non-terminated '.if' block."))
    }

    /// Does what a directive says.
    pub(super) fn directive(&mut self, line: &Line, world: World<'_>, out: &mut Vec<Diagnostic>) {
        let Some((word, args)) = line.words.split_first() else {
            return;
        };
        let result = match word.bytes.as_slice() {
            b".if" => self.start(word, args, world),
            b".elif" => self.elif(word, args, world),
            b".else" => self.otherwise(word, args),
            b".endif" => self.end(word, args),
            _ if !self.active() => Ok(()),
            b".diag" => say(Severity::Diag, word, args, out),
            b".notice" => say(Severity::Notice, word, args, out),
            b".warning" => say(Severity::Warning, word, args, out),
            b".alert" => say(Severity::Alert, word, args, out),
            _ => {
                let name = word.text();
                let mut unknown = problem(word.span, format!("unknown directive '{name}'."));
                unknown
                    .help
                    .extend(crate::diag::suggest::did_you_mean(&name, NAMES));
                Err(unknown)
            }
        };
        if let Err(diagnostic) = result {
            out.push(diagnostic);
        }
    }

    fn start(&mut self, word: &Word, args: &[Word], world: World<'_>) -> Result<(), Diagnostic> {
        if self.excess > 0 || self.open.len() >= MAX_NESTED - 1 {
            self.excess += 1;
            let message = format!("too many nested '.if', max is {MAX_NESTED}.");
            return if self.excess == 1 {
                Err(problem(word.span, message))
            } else {
                Ok(())
            };
        }
        let block = |branch| Block {
            branch,
            had_else: false,
        };
        if !self.active() {
            self.open.push(block(Branch::Over));
            return Ok(());
        }
        let answer = answer(".if", args, world);
        self.open.push(block(match answer {
            Ok(true) => Branch::Taken,
            Ok(false) => Branch::Waiting,
            Err(_) => Branch::Over,
        }));
        answer.map(|_| ())
    }

    fn elif(&mut self, word: &Word, args: &[Word], world: World<'_>) -> Result<(), Diagnostic> {
        if self.excess > 0 {
            return Ok(());
        }
        let block = self.innermost(word)?;
        if block.branch != Branch::Waiting {
            block.branch = Branch::Over;
            return Ok(());
        }
        let answer = answer(".elif", args, world);
        match answer {
            Ok(true) => block.branch = Branch::Taken,
            Ok(false) => {}
            Err(_) => block.branch = Branch::Over,
        }
        answer.map(|_| ())
    }

    fn otherwise(&mut self, word: &Word, args: &[Word]) -> Result<(), Diagnostic> {
        if self.excess > 0 {
            return Ok(());
        }
        let block = self.innermost(word)?;
        block.had_else = true;
        block.branch = match block.branch {
            Branch::Waiting => Branch::Taken,
            Branch::Taken | Branch::Over => Branch::Over,
        };
        no_argument(word, args)
    }

    fn end(&mut self, word: &Word, args: &[Word]) -> Result<(), Diagnostic> {
        if self.excess > 0 {
            self.excess -= 1;
            return Ok(());
        }
        if self.open.pop().is_none() {
            return Err(lone(word));
        }
        no_argument(word, args)
    }

    /// The innermost block, for a word that may not follow its `.else`.
    fn innermost(&mut self, word: &Word) -> Result<&mut Block, Diagnostic> {
        let block = self.open.last_mut().ok_or_else(|| lone(word))?;
        if block.had_else {
            let message = format!("'{}' after '.else' is not permitted.", word.text());
            return Err(problem(word.span, message));
        }
        Ok(block)
    }
}

fn problem(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::alert(span, message).lead(Lead::Reading)
}

fn lone(word: &Word) -> Diagnostic {
    problem(
        word.span,
        format!("lone '{}' with no matching '.if'.", word.text()),
    )
}

fn no_argument(word: &Word, args: &[Word]) -> Result<(), Diagnostic> {
    match args.first() {
        Some(extra) => Err(problem(
            extra.span,
            format!(
                "Unexpected argument '{}' for '{}'.",
                extra.text(),
                word.text()
            ),
        )),
        None => Ok(()),
    }
}

fn say(
    severity: Severity,
    word: &Word,
    args: &[Word],
    out: &mut Vec<Diagnostic>,
) -> Result<(), Diagnostic> {
    if let Some(extra) = args.get(1).filter(|extra| !extra.bytes.is_empty()) {
        let message = format!(
            "Unexpected argument '{}' for '{}'. Use quotes if the message should contain spaces.",
            extra.text(),
            word.text()
        );
        return Err(problem(extra.span, message));
    }
    let text = args.first().map(Word::text).unwrap_or_default();
    let message = format!("'{text}'.");
    out.push(Diagnostic::new(severity, Some(word.span), message).lead(Lead::Reading));
    Ok(())
}

/// Answers the condition that the words of a directive make, one blank between each.
fn answer(directive: &str, args: &[Word], world: World<'_>) -> Result<bool, Diagnostic> {
    let texts: Vec<_> = args.iter().map(Word::text).collect();
    let text = texts.join(" ");
    condition::evaluate(&text, world).map_err(|error| {
        let message = format!(
            "{} in '{directive}' at position {}:",
            error.message,
            error.at + 1
        );
        problem(place(args, error.at), message)
    })
}

/// Where a byte of the joined words stands in the source.
fn place(args: &[Word], at: usize) -> Span {
    let mut start = 0;
    for word in args {
        let length = word.text().len();
        if at <= start + length {
            return word.part(at - start, at - start + 1);
        }
        start += length + 1;
    }
    args.last().map(|word| word.span).unwrap_or_default()
}
