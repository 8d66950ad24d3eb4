//! Variables of the process: `get var` (management guide 9.3).

use crate::sample::{Type, Value, VarName, VarScope};

use super::command::Call;

/// `get var <name>`
pub(super) fn get(call: &mut Call<'_>) -> String {
    const NONE: &str = "Variable not found.\n";
    let name = call.arg(0);
    if name.is_empty() {
        return "Missing process-wide variable identifier.\n".to_owned();
    }
    let Ok(parsed) = VarName::parse(name) else {
        return NONE.to_owned();
    };
    let plan = call.desk.plan();
    let value = match parsed.scope {
        VarScope::Proc => plan.vars.known(&parsed.name),
        _ => None,
    }
    .and_then(|id| plan.vars.process().find(id));
    match value {
        Some(value) => told(name, &value),
        None => NONE.to_owned(),
    }
}

fn told(name: &str, value: &Value<'_>) -> String {
    let ty: Type = value.ty();
    let text = value.clone().into_text();
    // As in HAProxy a text ends with its first zero byte.
    let end = memchr::memchr(0, &text).unwrap_or(text.len());
    let text = String::from_utf8_lossy(text.get(..end).unwrap_or_default());
    format!("{name}: type={} value=<{text}>", ty.name())
}
