//! Converters: one table per family (manual 7.3.1).

mod absent;
mod arithmetic;
mod cipher;
mod encoding;
mod fix;
mod forwarded;
mod hashes;
mod join;
mod json_query;
mod json_text;
mod language;
mod lookup;
pub(super) mod mqtt;
mod network;
mod packet;
mod passing;
mod pieces;
mod protobuf;
mod tables;
mod text;
mod time;
mod web_token;
mod x509;

pub use absent::missing;
pub use x509::x509_error_number;

use super::args::{Kind, Param, may, need};
use super::table::{Convert, Converter};
use super::value::{Type, Value};

/// The families.
const FAMILIES: &[&[Converter]] = &[
    arithmetic::TABLE,
    text::TABLE,
    pieces::TABLE,
    join::TABLE,
    encoding::TABLE,
    json_text::TABLE,
    hashes::TABLE,
    time::TABLE,
    network::TABLE,
    language::TABLE,
    lookup::TABLE,
    tables::TABLE,
    json_query::TABLE,
    protobuf::TABLE,
    mqtt::TABLE,
    fix::TABLE,
    cipher::TABLE,
    forwarded::TABLE,
    passing::TABLE,
    packet::TABLE,
    web_token::TABLE,
    x509::TABLE,
    absent::TABLE,
];

/// All converters.
pub fn all() -> impl Iterator<Item = &'static Converter> {
    FAMILIES.iter().copied().flatten()
}

/// The converter of this name.
pub fn find(name: &str) -> Option<&'static Converter> {
    all().find(|converter| converter.name == name)
}

/// The names of all converters.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|converter| converter.name)
}

const fn entry(
    name: &'static str,
    params: &'static [Param],
    out: Type,
    convert: Convert,
    doc: &'static str,
) -> Converter {
    Converter {
        name,
        params,
        out,
        doc,
        convert,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Stream, linked};
    use super::*;
    use crate::sample::Place;

    #[test]
    fn names_are_unique_and_documented() {
        let mut seen = std::collections::BTreeSet::new();
        for converter in all() {
            assert!(
                seen.insert(converter.name),
                "{} is there twice",
                converter.name
            );
            assert!(!converter.doc.is_empty(), "{} says nothing", converter.name);
        }
    }

    /// Expressions and what HAProxy 2.6 made of them; the list was written by asking it.
    #[test]
    fn constants_become_what_haproxy_makes_of_them() {
        let mut failed = Vec::new();
        for line in include_str!("observed.txt").lines() {
            let Some((text, want)) = line.split_once('\t') else {
                continue;
            };
            let got = match linked(text, Place::FrontRequest) {
                Err(_) => "refused".to_owned(),
                Ok(_) => Stream::request("GET / HTTP/1.1")
                    .eval(text)
                    .unwrap_or_default(),
            };
            if got != want {
                failed.push(format!("{text}: {got:?}, HAProxy {want:?}"));
            }
        }
        assert!(failed.is_empty(), "{}", failed.join("\n"));
    }

    #[test]
    fn variables_are_set_and_read_in_one_expression() {
        let mut stream = Stream::request("GET / HTTP/1.1\nA: 7");
        let sample = |text| linked(text, Place::FrontRequest).unwrap();
        let set = sample("hdr(a),set-var(txn.x),add(1),set-var(sess.y)");
        // Each expression is linked on its own, so only the first name of a scope is shared.
        let conditional = sample("str(new),set-var(txn.x,ifnotexists)");
        stream.scope(|scope| {
            assert_eq!(set.eval(scope), Some(Value::Int(8)));
            assert_eq!(scope.txn.txn_vars.find(0), Some(Value::text(b"7")));
            assert_eq!(conditional.eval(scope), None);
            scope.txn.txn_vars.set(5, Some(Value::Int(1)));
            assert_eq!(scope.txn.txn_vars.find(0), Some(Value::text(b"7")));
            scope.txn.txn_vars.set(0, None);
            assert_eq!(conditional.eval(scope), Some(Value::text(b"new")));
        });
    }
}
