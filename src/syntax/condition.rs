//! Conditions: what `.if`, `.elif` and `-cc` ask (manual, section 2.4).

use pest::Parser as _;
use pest::iterators::Pair;

use super::{Env, features};

mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/condition.pest"]
    pub(super) struct Conditions;
}
use grammar::Rule;

/// What conditions may ask about.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// The environment, for `defined(…)`.
    pub env: &'a Env,
    /// The run-time options that are on, in capitals, for `enabled(…)`.
    pub enabled: &'a [&'static str],
}

/// Why a condition cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// HAProxy's words for it.
    pub message: String,
    /// The byte of the condition that is meant, from 0.
    pub at: usize,
}

/// Deepest nesting of parentheses, so that no input exhausts the stack.
const MAX_DEPTH: usize = 100;

/// Answers a condition. The empty one is false.
pub fn evaluate(text: &str, world: World<'_>) -> Result<bool, Error> {
    if text.is_empty() {
        return Ok(false);
    }
    if text.bytes().filter(|b| *b == b'(').count() > MAX_DEPTH {
        let message = format!("more than {MAX_DEPTH} parentheses in conditional expression");
        return Err(Error { message, at: 0 });
    }
    let unreadable = || unparsable(text, 0, 0);
    let mut pairs = grammar::Conditions::parse(Rule::condition, text).map_err(|_| unreadable())?;
    let condition = pairs.next().ok_or_else(unreadable)?;
    let answerer = Answerer { text, world };
    let mut answer = Ok(false);
    for pair in condition.into_inner() {
        match pair.as_rule() {
            Rule::or_expr => answer = Ok(answerer.or(pair, Fallback { from: 0, at: 0 })?),
            Rule::trailing => return Err(answerer.trailing(&pair)),
            _ => {}
        }
    }
    answer
}

fn unparsable(text: &str, from: usize, at: usize) -> Error {
    let rest = text.get(from..).unwrap_or_default();
    Error {
        message: format!("unparsable conditional expression '{rest}'"),
        at,
    }
}

/// What an error about missing text shows instead: the text from `from`, and the place `at`.
#[derive(Clone, Copy)]
struct Fallback {
    from: usize,
    at: usize,
}

struct Answerer<'a> {
    text: &'a str,
    world: World<'a>,
}

impl Answerer<'_> {
    fn or(&self, pair: Pair<'_, Rule>, mut fallback: Fallback) -> Result<bool, Error> {
        let from = pair.as_span().start();
        let mut answer = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::or => {
                    fallback = Fallback {
                        from,
                        at: part.as_span().start(),
                    }
                }
                _ => answer |= self.and(part, fallback)?,
            }
        }
        Ok(answer)
    }

    fn and(&self, pair: Pair<'_, Rule>, mut fallback: Fallback) -> Result<bool, Error> {
        let mut answer = true;
        for part in pair.into_inner() {
            let at = part.as_span().start();
            match part.as_rule() {
                Rule::and => fallback = Fallback { from: at, at },
                _ => answer &= self.term(part, fallback)?,
            }
        }
        Ok(answer)
    }

    fn term(&self, pair: Pair<'_, Rule>, fallback: Fallback) -> Result<bool, Error> {
        let start = pair.as_span().start();
        let own = Fallback {
            from: start,
            at: start,
        };
        let mut negated = false;
        let mut answer = false;
        for part in pair.into_inner() {
            let at = part.as_span().start();
            answer = match part.as_rule() {
                Rule::not => {
                    negated = !negated;
                    continue;
                }
                Rule::group => self.group(part, own)?,
                Rule::number => is_nonzero(part.as_str()),
                Rule::predicate => self.predicate(part)?,
                // A negation with nothing behind it shows itself.
                _ if part.as_str().is_empty() => {
                    let shown = if start < at { own } else { fallback };
                    return Err(unparsable(self.text, shown.from, shown.at));
                }
                _ => return Err(unparsable(self.text, at, at)),
            };
        }
        Ok(answer != negated)
    }

    fn group(&self, pair: Pair<'_, Rule>, own: Fallback) -> Result<bool, Error> {
        let start = pair.as_span().start();
        let mut answer = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::or_expr => answer = self.or(part, own)?,
                _ => {
                    let rest = self.text.get(start..).unwrap_or_default();
                    let message = format!("expected ')' after conditional expression '{rest}'");
                    return Err(Error { message, at: start });
                }
            }
        }
        Ok(answer)
    }

    fn predicate(&self, pair: Pair<'_, Rule>) -> Result<bool, Error> {
        let (start, end) = (pair.as_span().start(), pair.as_span().end());
        let mut name = "";
        let mut args: Vec<(usize, String)> = Vec::new();
        let mut closed = true;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::predicate_name => name = part.as_str(),
                Rule::arg => args.push((part.as_span().start(), argument(part))),
                _ => closed = false,
            }
        }
        let fail = |what: String, at| {
            let message = format!(
                "{what} in argument 1 of predicate '{name}' used in conditional expression"
            );
            Err(Error { message, at })
        };
        let wanted = if matches!(name, "streq" | "strneq") {
            2
        } else {
            1
        };
        if let Some((at, _)) = args.get(wanted) {
            let comma = at.saturating_sub(1);
            let rest = self.text.get(comma..).unwrap_or_default();
            return fail(format!("expected ')' before '{rest}'"), comma);
        }
        if wanted == 2 && args.len() < 2 {
            let what = "missing arguments (got 1/2), type 'string' expected".to_owned();
            let at = if args.is_empty() || !closed {
                end
            } else {
                end - 1
            };
            return fail(what, at.max(start));
        }
        if !closed {
            return fail("expected ')'".to_owned(), end);
        }
        let arg = |n: usize| {
            args.get(n)
                .map(|(_, text)| text.as_str())
                .unwrap_or_default()
        };
        Ok(match name {
            "defined" => self.world.env.get(arg(0).as_bytes()).is_some(),
            "feature" => features::has(arg(0)),
            "streq" => arg(0) == arg(1),
            "strneq" => arg(0) != arg(1),
            "version_atleast" => features::version_atleast(arg(0)),
            "version_before" => !features::version_atleast(arg(0)),
            _ => self
                .world
                .enabled
                .iter()
                .any(|on| on.eq_ignore_ascii_case(arg(0))),
        })
    }

    fn trailing(&self, pair: &Pair<'_, Rule>) -> Error {
        let first = pair.as_str().chars().next().unwrap_or_default();
        let message = format!(
            "unexpected character '{first}' at the end of conditional expression '{}'",
            self.text
        );
        Error {
            message,
            at: pair.as_span().start(),
        }
    }
}

fn is_nonzero(number: &str) -> bool {
    let digits = number.trim_start_matches(['-', '+']);
    digits
        .strip_prefix("0x")
        .unwrap_or(digits)
        .bytes()
        .any(|digit| digit != b'0')
}

/// An argument, its own quotes and escapes resolved.
fn argument(pair: Pair<'_, Rule>) -> String {
    let mut out = String::new();
    for piece in pair.into_inner().flatten() {
        match piece.as_rule() {
            Rule::arg_text | Rule::strong_text | Rule::weak_text | Rule::backslash => {
                out.push_str(piece.as_str());
            }
            Rule::literal => out.push_str(piece.as_str().get(1..).unwrap_or_default()),
            Rule::control => out.push(match piece.as_str() {
                "\\n" => '\n',
                "\\r" => '\r',
                _ => '\t',
            }),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(text: &str) -> Result<bool, Error> {
        let mut env = Env::default();
        env.set("FOO", "");
        evaluate(
            text,
            World {
                env: &env,
                enabled: &["SPLICE"],
            },
        )
    }

    #[test]
    fn predicates_and_operators_answer() {
        for (text, wanted) in [
            ("", false),
            ("0", false),
            ("00", false),
            ("1", true),
            ("-1", true),
            ("0x1", true),
            (" 1 ", true),
            ("defined(FOO)", true),
            ("defined(NO)", false),
            ("defined", false),
            ("feature(THREAD)", true),
            ("feature(NOPE)", false),
            ("streq(a,a)", true),
            ("streq( a ,a)", false),
            ("streq(\"a,b\",'a,b')", true),
            ("streq(,)", true),
            ("strneq(a,b)", true),
            ("version_atleast(2.4-dev19)", true),
            ("version_before(2.7)", true),
            ("enabled(splice)", true),
            ("enabled(EPOLL)", false),
            ("!1", false),
            ("! !1", true),
            ("1&&0", false),
            ("0 && 0 || 1", true),
            ("1 || 0 && 0", true),
            ("(1 || 0) && !(0)", true),
        ] {
            assert_eq!(ask(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn errors_are_haproxys_with_its_positions() {
        for (text, message, position) in [
            (
                "12a",
                "unexpected character 'a' at the end of conditional expression '12a'",
                3,
            ),
            ("foo", "unparsable conditional expression 'foo'", 1),
            (
                "definedx(1)",
                "unparsable conditional expression 'definedx(1)'",
                1,
            ),
            ("0 && (", "unparsable conditional expression '('", 6),
            ("()", "unparsable conditional expression ')'", 2),
            ("!", "unparsable conditional expression '!'", 1),
            ("!(", "unparsable conditional expression '!('", 1),
            ("0 ||", "unparsable conditional expression '0 ||'", 3),
            ("1 && ", "unparsable conditional expression '&& '", 3),
            ("1 || foo", "unparsable conditional expression 'foo'", 6),
            (
                "((1)",
                "expected ')' after conditional expression '((1)'",
                1,
            ),
            (
                "defined (A)",
                "unexpected character '(' at the end of conditional expression 'defined (A)'",
                9,
            ),
            (
                "1 && defined(FOO",
                "expected ')' in argument 1 of predicate 'defined' used in conditional expression",
                17,
            ),
            (
                "streq(a,b,c)",
                "expected ')' before ',c)' in argument 1 of predicate 'streq' used in conditional expression",
                10,
            ),
            (
                "streq(a)",
                "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional expression",
                8,
            ),
            (
                "streq",
                "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional expression",
                6,
            ),
        ] {
            let error = Error {
                message: message.to_owned(),
                at: position - 1,
            };
            assert_eq!(ask(text), Err(error), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(ask(&"(".repeat(100_000)).is_err());
        assert!(ask(&format!("{}1", "!".repeat(10_001))).is_ok_and(|answer| !answer));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered_or_refused_with_a_place(text in "[ ()!&|0-9a-z,\"'\\\\]{0,40}|.*") {
            if let Err(error) = ask(&text) {
                proptest::prop_assert!(error.at <= text.len());
            }
        }
    }
}
