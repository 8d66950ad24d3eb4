//! The exporter for Prometheus: `http-request use-service prometheus-exporter`, its metrics and scopes HAProxy's.
//!
//! Everything is read when it is asked for, from the fields of the report and of `show info`; the `prometheus` crate writes
//! it.

mod family;
mod objects;
mod process;

use std::time::Instant;

use prometheus::TextEncoder;
use prometheus::proto::{MetricFamily, MetricType};

use crate::http::{Head, Reply, Version, reply};
use crate::plan::Plan;
use crate::state::table::tick;

use super::info::Info;
use super::object::{Filter, Kind, all};
use family::Family;

/// What logs call the exporter where they name a server.
pub const NAME: &str = "<PROMEX>";

bitflags::bitflags! {
    /// What is asked for (`?scope=`).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Scopes: u8 {
        const GLOBAL = 1;
        const FRONTEND = 2;
        const LISTENER = 4;
        const BACKEND = 8;
        const SERVER = 16;
        const STICK_TABLE = 32;
    }
}

/// A question to the exporter.
#[derive(Debug, PartialEq, Eq)]
struct Question {
    scopes: Scopes,
    /// Without servers in maintenance (`?no-maint`).
    no_maint: bool,
}

impl Question {
    /// Of a request's target; `None` if it names a scope that does not exist.
    fn parse(target: &[u8]) -> Option<Self> {
        let query = memchr::memchr(b'?', target).and_then(|at| target.get(at + 1..));
        let mut named = None;
        let mut no_maint = false;
        let words = query.unwrap_or_default().split(|byte| *byte == b'&');
        for word in words {
            let at = memchr::memchr(b'=', word).unwrap_or(word.len());
            let (key, value) = word.split_at(at);
            match key {
                b"scope" => {
                    let scope = match value.get(1..).unwrap_or_default() {
                        b"" => Scopes::empty(),
                        b"*" => Scopes::all(),
                        b"global" => Scopes::GLOBAL,
                        b"frontend" => Scopes::FRONTEND,
                        b"listener" => Scopes::LISTENER,
                        b"backend" => Scopes::BACKEND,
                        b"server" => Scopes::SERVER,
                        b"sticktable" => Scopes::STICK_TABLE,
                        _ => return None,
                    };
                    named = Some(named.unwrap_or(Scopes::empty()) | scope);
                }
                b"no-maint" => no_maint = true,
                _ => {}
            }
        }
        Some(Self {
            scopes: named.unwrap_or(Scopes::all()),
            no_maint,
        })
    }
}

/// The exporter's answer to a request with this head.
pub fn metrics(info: &Info<'_>, request: &Head, now: Instant) -> Reply {
    let Some(question) = Question::parse(request.target()) else {
        return Reply::builtin(400).clone();
    };
    let families = collect(info, &question, now);
    // Nothing in a metric made here can be refused: each has a name and samples.
    let body = TextEncoder::new()
        .encode_to_string(&families)
        .unwrap_or_default();
    let mut head = Head::response(Version::HTTP_11, 200, reply::reason(200));
    head.add(b"cache-control", b"no-cache");
    head.add(b"content-type", b"text/plain; version=0.0.4");
    head.add(b"content-length", body.len().to_string().as_bytes());
    Reply {
        head,
        body: body.into_bytes(),
        silent: false,
    }
}

fn collect(info: &Info<'_>, question: &Question, now: Instant) -> Vec<MetricFamily> {
    let mut families = Vec::new();
    if question.scopes.contains(Scopes::GLOBAL) {
        process::append(&mut families, info);
    }
    let filter = Filter::default();
    let objects: Vec<_> = all(info.plan, &filter, info.now).collect();
    let scopes = [
        (Scopes::FRONTEND, Kind::Front),
        (Scopes::LISTENER, Kind::Listener),
        (Scopes::BACKEND, Kind::Back),
        (Scopes::SERVER, Kind::Server),
    ];
    for (_, kind) in scopes
        .iter()
        .filter(|(scope, _)| question.scopes.contains(*scope))
    {
        objects::append(&mut families, *kind, &objects, question.no_maint);
    }
    if question.scopes.contains(Scopes::STICK_TABLE) {
        tables(&mut families, info.plan, now);
    }
    families
}

fn tables(out: &mut Vec<MetricFamily>, plan: &Plan, now: Instant) {
    let mut size = Family::new("sticktable", "size", MetricType::GAUGE, "Stick table size.");
    let help = "Number of entries used in this stick table.";
    let mut used = Family::new("sticktable", "used", MetricType::GAUGE, help);
    for table in &plan.tables {
        let labels = [("name", &*table.name), ("type", table.shape.key.name())];
        size.push(&labels, table.shape.size as f64);
        used.push(&labels, table.used(tick(now)) as f64);
    }
    size.finish(out);
    used.finish(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_add_up_and_unknown_ones_are_refused() {
        let of = |target: &str| Question::parse(target.as_bytes()).map(|q| (q.scopes, q.no_maint));
        assert_eq!(of("/metrics"), Some((Scopes::all(), false)));
        assert_eq!(of("/metrics?no-maint"), Some((Scopes::all(), true)));
        assert_eq!(of("/?scope="), Some((Scopes::empty(), false)));
        assert_eq!(of("/?a=b&scope=global"), Some((Scopes::GLOBAL, false)));
        assert_eq!(
            of("/?scope=global&scope=server&no-maint=1"),
            Some((Scopes::GLOBAL | Scopes::SERVER, true))
        );
        assert_eq!(of("/?scope=server&scope=*"), Some((Scopes::all(), false)));
        assert_eq!(of("/?scope=globe"), None);
    }
}
