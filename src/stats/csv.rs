//! The report as CSV, and as HAProxy's typed lines (management 9.1, 9.2).

use std::fmt::Write;

use crate::plan::Plan;

use super::columns::{COLUMNS, MODULES};
use super::field::Value;
use super::object::{Filter, Moment, all};
use super::text;

/// `show stat`, the page's `;csv`: a header and a line for each object.
pub fn csv(plan: &Plan, filter: &Filter, now: Moment) -> String {
    let mut out = String::from("# ");
    for field in COLUMNS {
        out.push_str(field.name);
        out.push(',');
    }
    out.push('-');
    for field in MODULES {
        out.push(',');
        out.push_str(field.name);
    }
    out.push_str(",\n");
    for object in all(plan, filter, now) {
        for field in COLUMNS {
            write_value(&mut out, &field.of(&object));
            out.push(',');
        }
        out.push('-');
        for field in MODULES {
            out.push(',');
            write_value(&mut out, &field.of(&object));
        }
        out.push_str(",\n");
    }
    out
}

fn write_value(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Str(text) => text::csv(out, text),
        other => other.write(out),
    }
}

/// `show stat typed`; with a description of each field if `desc`.
pub fn typed(plan: &Plan, filter: &Filter, now: Moment, desc: bool) -> String {
    let mut out = String::new();
    for object in all(plan, filter, now) {
        let letter = object.kind.letter();
        let id = match object.kind {
            super::object::Kind::Server => object.server.map_or(0, |s| s.id),
            super::object::Kind::Listener => object.listener.map_or(0, |l| l.id),
            _ => 0,
        };
        for (at, field) in COLUMNS.iter().chain(MODULES).enumerate() {
            let value = field.of(&object);
            if value == Value::None {
                continue;
            }
            let _ = write!(
                out,
                "{letter}.{}.{id}.{at}.{}.1:{}:{}:",
                object.proxy.id,
                field.name,
                field.tags.0,
                value.type_name()
            );
            value.write(&mut out);
            if desc {
                let _ = write!(out, ":\"{}\"", field.doc);
            }
            out.push('\n');
        }
    }
    out
}
