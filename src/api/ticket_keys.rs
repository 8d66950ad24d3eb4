//! `show tls-keys`, `set ssl tls-key`: keys of tickets that came from files.

use std::fmt::Write;
use std::sync::Arc;

use super::command::{Call, Level};
use crate::plan::Plan;
use crate::sample::codec::{decode_base64, encode_base64};
use crate::tls::TicketKeys;

const NOT_THERE: &str = "unable to locate referenced filename";

/// All keys in use, by their numbers: the file that was named last has the first.
fn all(plan: &Plan) -> Vec<&Arc<TicketKeys>> {
    let mut all: Vec<&Arc<TicketKeys>> = Vec::new();
    let listeners = plan.proxies.iter().flat_map(|proxy| &proxy.listeners);
    for keys in listeners.filter_map(|one| one.bind.tls.0.as_ref()?.resume.keys.as_ref()) {
        if !all.iter().any(|known| Arc::ptr_eq(known, keys)) {
            all.push(keys);
        }
    }
    all.reverse();
    all
}

/// By `#number` or by file.
fn find<'p>(all: &[&'p Arc<TicketKeys>], name: &str) -> Option<(usize, &'p Arc<TicketKeys>)> {
    let at = match name.strip_prefix('#') {
        Some(number) => number.parse().ok()?,
        None => all.iter().position(|keys| keys.file == name)?,
    };
    Some((at, *all.get(at)?))
}

/// `show tls-keys [#<id> | <file> | *]`. The keys themselves are told from level operator on.
pub(super) fn show(call: &mut Call<'_>) -> String {
    let plan = call.desk.plan();
    let (all, wanted) = (all(&plan), call.arg(0));
    let chosen: Vec<(usize, &Arc<TicketKeys>)> = match wanted {
        "" => {
            let mut out = "# id (file)\n".to_owned();
            for (id, keys) in all.iter().enumerate() {
                let _ = writeln!(out, "{id} ({})", keys.file);
            }
            return out;
        }
        "*" => all.into_iter().enumerate().collect(),
        name => find(&all, name).into_iter().collect(),
    };
    if *call.level < Level::Operator {
        return "Permission denied\n".to_owned();
    }
    if chosen.is_empty() && wanted != "*" {
        return format!("'show tls-keys' {NOT_THERE}\n");
    }
    let mut out = "# id secret\n".to_owned();
    for (id, keys) in chosen {
        let _ = writeln!(out, "# {id} ({})", keys.file);
        for (at, secret) in keys.secrets().iter().enumerate() {
            let secret = encode_base64(secret);
            let _ = writeln!(out, "{id}.{at} {}", String::from_utf8_lossy(&secret));
        }
    }
    out
}

/// `set ssl tls-key {#<id> | <file>} <key>`.
pub(super) fn set(call: &mut Call<'_>) -> String {
    let (name, key) = (call.arg(0), call.arg(1));
    let plan = call.desk.plan();
    let told = match find(&all(&plan), name) {
        _ if name.is_empty() || key.is_empty() => {
            "expects a filename and the new TLS key in base64 encoding."
        }
        None => NOT_THERE,
        Some((_, keys)) => match decode_base64(key.as_bytes()) {
            None => "received invalid base64 encoded TLS key.",
            Some(key) if keys.push(&key) => return "TLS ticket key updated!\n".to_owned(),
            Some(_) => "received a key of wrong size.",
        },
    };
    format!("'set ssl tls-key' {told}\n")
}
