//! Rules that set and remove variables.

use super::read::{Words, rendered};
use super::table::{Entry, Read};
use super::{Action, Flow};
use crate::diag::Diagnostic;
use crate::format::FormatUse;
use crate::sample::{Context, Pending, Scope, Value, VarName, Variable};
use crate::syntax::Cursor;

pub(super) static VARIABLES: &[Entry] = &[
    Entry::open(
        "set-var",
        "(<var-name>[,<cond>...]) <expr>",
        "sets a variable",
        set,
    ),
    Entry::open(
        "set-var-fmt",
        "(<var-name>[,<cond>...]) <fmt>",
        "sets a variable to a text",
        set_fmt,
    ),
    Entry::open("unset-var", "(<var-name>)", "removes a variable", unset),
];

/// What must hold for a variable to be set (manual 7.3.1 `set-var`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    Exists,
    NotExists,
    Set,
    NotSet,
    Empty,
    NotEmpty,
    Above,
    Below,
}

impl Guard {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "ifexists" => Self::Exists,
            "ifnotexists" => Self::NotExists,
            "ifset" => Self::Set,
            "ifnotset" => Self::NotSet,
            "ifempty" => Self::Empty,
            "ifnotempty" => Self::NotEmpty,
            "ifgt" => Self::Above,
            "iflt" => Self::Below,
            _ => return None,
        })
    }

    /// Whether it holds for the variable's value now and the one it shall get.
    fn holds(self, exists: bool, now: Option<&Value<'_>>, new: &Value<'_>) -> bool {
        let empty = matches!(new, Value::Str(s) | Value::Bin(s) | Value::Meth(s) if s.is_empty());
        let numbers = match (now, new) {
            (Some(Value::Int(now)), Value::Int(new)) => Some((*now, *new)),
            _ => None,
        };
        match self {
            Self::Exists => exists,
            Self::NotExists => !exists,
            Self::Set => now.is_some(),
            Self::NotSet => now.is_none(),
            Self::Empty => empty,
            Self::NotEmpty => !empty,
            Self::Above => numbers.is_none_or(|(now, new)| now > new),
            Self::Below => numbers.is_none_or(|(now, new)| now < new),
        }
    }
}

/// The variable between the parentheses of an action's name, and its conditions.
fn name(words: &Words<'_, '_, '_>, action: &str) -> Result<(VarName, Vec<Guard>), Box<Diagnostic>> {
    let span = words.name.span;
    let Some(inner) = words.argument(action) else {
        let whole = words.name.text();
        return Err(words.refuse_at(
            span,
            format!(
                "invalid or incomplete action '{whole}'. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or \
                 'unset-var(<var-name>)'"
            ),
        ));
    };
    let mut parts = inner.split(',');
    let name = VarName::parse(parts.next().unwrap_or_default())
        .map_err(|error| words.refuse_at(span, error))?;
    let guards = parts
        .map(|part| {
            Guard::of(part)
                .ok_or_else(|| words.refuse_at(span, format!("unknown condition \"{part}\"")))
        })
        .collect::<Result<_, _>>()?;
    Ok((name, guards))
}

fn store(variable: &Variable, guards: &[Guard], value: Value<'_>, scope: &Scope<'_>) {
    let now = variable.value(scope);
    if guards
        .iter()
        .all(|guard| guard.holds(variable.exists(scope), now.as_ref(), &value))
    {
        drop(now);
        variable.set(scope, Some(value.into_static()));
    }
}

fn set(words: &mut Words<'_, '_, '_>) -> Read {
    let (name, guards) = name(words, "set-var")?;
    let expr = words.expr()?;
    let content = words.cx.place.is_content();
    Ok(Pending::new(move |linker| {
        let (variable, guards) = (name.link(linker.vars), guards.clone());
        let sample = expr.sample.link(linker)?;
        Ok(Action::new(Box::new(move |scope| {
            scope.waiting.set(false);
            let Some(value) = sample.eval(scope) else {
                return super::lacking(content, scope);
            };
            store(&variable, &guards, value, scope);
            Flow::Continue
        })))
    }))
}

fn set_fmt(words: &mut Words<'_, '_, '_>) -> Read {
    let (name, guards) = name(words, "set-var-fmt")?;
    let format = words.format("expects exactly 1 argument <fmt>", FormatUse::Text)?;
    Ok(Pending::new(move |linker| {
        let (variable, guards) = (name.link(linker.vars), guards.clone());
        let format = format.link(linker)?;
        Ok(Action::new(Box::new(move |scope| {
            rendered(&format, scope, |scope, text| {
                store(&variable, &guards, Value::Str(text.into()), scope);
            });
            Flow::Continue
        })))
    }))
}

fn unset(words: &mut Words<'_, '_, '_>) -> Read {
    let (name, _) = name(words, "unset-var")?;
    Ok(Pending::new(move |linker| {
        let variable = name.link(linker.vars);
        Ok(Action::new(Box::new(move |scope| {
            variable.set(scope, None);
            Flow::Continue
        })))
    }))
}

/// Reads `set-var(…)`, `set-var-fmt(…)` and `unset-var(…)` of `http-check` and `tcp-check`, the word itself included.
///
/// # Errors
/// Another word, a bad name, expression or format, more words than it takes.
pub fn check_variable(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Action>, Box<Diagnostic>> {
    let span = cursor.span();
    let known = |word: &&crate::syntax::Word| {
        let text = word.text();
        VARIABLES.iter().find(|entry| entry.named(&text))
    };
    let found = cursor.take().and_then(|word| Some((word, known(&word)?)));
    let Some((name, entry)) = found else {
        let message = "expects 'set-var', 'set-var-fmt' or 'unset-var' with a variable's name";
        return Err(Box::new(Diagnostic::alert(span, message)));
    };
    let mut words = Words { cursor, cx, name };
    let action = (entry.read)(&mut words)?;
    end(&words)?;
    Ok(action)
}

/// Reads what follows `set-var` in `global`: `<name> <expr>`. The action is to be run once, when the
/// configuration is taken into use.
///
/// # Errors
/// A name that is not of scope `proc`, an expression that needs traffic.
pub fn global_set_var(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Action>, Box<Diagnostic>> {
    let (name, mut words) = global(cursor, cx)?;
    let expr = words.expr()?;
    end(&words)?;
    Ok(Pending::new(move |linker| {
        let variable = name.link(linker.vars);
        let sample = expr.sample.link(linker)?;
        Ok(Action::new(Box::new(move |scope| {
            if let Some(value) = sample.eval(scope) {
                store(&variable, &[], value, scope);
            }
            Flow::Continue
        })))
    }))
}

/// Reads what follows `set-var-fmt` in `global`: `<name> <fmt>`. As [`global_set_var`].
///
/// # Errors
/// A name that is not of scope `proc`, a format that needs traffic.
pub fn global_set_var_fmt(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Action>, Box<Diagnostic>> {
    let (name, mut words) = global(cursor, cx)?;
    let format = words.format("missing format", FormatUse::Text)?;
    end(&words)?;
    Ok(Pending::new(move |linker| {
        let variable = name.link(linker.vars);
        let format = format.link(linker)?;
        Ok(Action::new(Box::new(move |scope| {
            rendered(&format, scope, |scope, text| {
                store(&variable, &[], Value::Str(text.into()), scope);
            });
            Flow::Continue
        })))
    }))
}

fn global<'a, 'l, 'c>(
    cursor: &'a mut Cursor<'l>,
    cx: &'a mut Context<'c>,
) -> Result<(VarName, Words<'a, 'l, 'c>), Box<Diagnostic>> {
    let Some(word) = cursor.take() else {
        return Err(Box::new(Diagnostic::alert(
            cursor.span(),
            "missing variable name",
        )));
    };
    let text = word.text();
    let refuse = |message: String| Box::new(Diagnostic::alert(word.span, message));
    if !text.starts_with("proc.") {
        return Err(refuse(format!(
            "'{text}': cannot parse variable name: only scope 'proc' is permitted in the global section"
        )));
    }
    let name = VarName::parse(&text).map_err(refuse)?;
    Ok((
        name,
        Words {
            cursor,
            cx,
            name: word,
        },
    ))
}

fn end(words: &Words<'_, '_, '_>) -> Result<(), Box<Diagnostic>> {
    match words.cursor.peek() {
        None => Ok(()),
        Some(word) => Err(words.refuse(format!("unexpected argument '{}'", word.text()))),
    }
}
