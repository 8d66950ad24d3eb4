//! The report as JSON, in HAProxy's shape (management 9.3 `show stat json`).

use crate::plan::Plan;

use super::columns::{COLUMNS, MODULES};
use super::field::{Tags, Value};
use super::object::{Filter, Kind, Moment, all};

/// One array of fields for each object.
pub fn json(plan: &Plan, filter: &Filter, now: Moment) -> String {
    let mut out = String::from("[");
    for (number, object) in all(plan, filter, now).enumerate() {
        out.push_str(if number > 0 { ",[" } else { "[" });
        let id = match object.kind {
            Kind::Server => object.server.map_or(0, |s| s.id),
            Kind::Listener => object.listener.map_or(0, |l| l.id),
            Kind::Front | Kind::Back => 0,
        };
        let head = format!(
            "\"objType\":\"{}\",\"proxyId\":{},\"id\":{id},",
            object.kind.word(),
            object.proxy.id
        );
        let mut first = true;
        for (at, field) in COLUMNS.iter().chain(MODULES).enumerate() {
            let value = field.of(&object);
            if value == Value::None {
                continue;
            }
            if !std::mem::take(&mut first) {
                out.push(',');
            }
            out.push('{');
            out.push_str(&head);
            one(&mut out, at, field.name, field.tags, &value);
            out.push('}');
        }
        out.push(']');
    }
    out.push_str("]\n");
    out
}

/// The part of an entry that statistics and `show info` share.
pub(super) fn one(out: &mut String, at: usize, name: &str, tags: Tags, value: &Value<'_>) {
    use std::fmt::Write;
    let _ = write!(
        out,
        "\"field\":{{\"pos\":{at},\"name\":{}}},\"processNum\":1,\"tags\":{{\"origin\":\"{}\",\"nature\":\"{}\",\
         \"scope\":\"{}\"}},\"value\":{{\"type\":\"{}\",\"value\":",
        quoted(name),
        tags.origin(),
        tags.nature(),
        tags.scope(),
        value.type_name()
    );
    match value {
        Value::Str(text) => out.push_str(&quoted(text)),
        number => number.write(out),
    }
    out.push('}');
}

fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}
