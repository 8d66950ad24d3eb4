//! `option forwarded` and its parameters.

use super::super::args::{Args, Parsed, alert, unknown_word};
use super::super::draft::Draft;
use super::super::load::Load;
use crate::sample::{self, Pending, Place, Sample};
use crate::settings::{Forwarded, Node, Part};

type Read = Part<Pending<Sample>>;

const PARAMETERS: [&str; 11] = [
    "proto",
    "host",
    "host-expr",
    "by",
    "by-expr",
    "by_port",
    "by_port-expr",
    "for",
    "for-expr",
    "for_port",
    "for_port-expr",
];

/// The parameters as they come.
#[derive(Default)]
struct Parts {
    proto: bool,
    host: Option<Read>,
    by: Option<Read>,
    by_port: Option<Read>,
    client: Option<Read>,
    client_port: Option<Read>,
}

/// Reads what follows `option forwarded`; without anything it is `proto for`.
pub(super) fn read(
    draft: &mut Draft,
    args: &mut Args<'_>,
    load: &mut Load,
) -> Parsed<Forwarded<Pending<Sample>>> {
    let mut parts = Parts::default();
    if args.done() {
        parts.proto = true;
        parts.client = Some(Part::Own);
    }
    while let Some(word) = args.take() {
        let name = word.text();
        if !PARAMETERS.contains(&&*name) {
            let message = format!("'{}' : unknown parameter '{name}'.", args.name);
            return unknown_word(word, message, PARAMETERS);
        }
        let part = match name.strip_suffix("-expr") {
            Some(_) => Part::Expr(expression(draft, args, load)?),
            None => Part::Own,
        };
        match name.trim_end_matches("-expr") {
            "host" => parts.host = Some(part),
            "by" => parts.by = Some(part),
            "by_port" => parts.by_port = Some(part),
            "for" => parts.client = Some(part),
            "for_port" => parts.client_port = Some(part),
            _ => parts.proto = true,
        }
    }
    Ok(Forwarded {
        proto: parts.proto,
        host: parts.host,
        by: node(args, "by", parts.by, parts.by_port)?,
        client: node(args, "for", parts.client, parts.client_port)?,
    })
}

fn node(
    args: &Args<'_>,
    name: &str,
    node: Option<Read>,
    port: Option<Read>,
) -> Parsed<Option<Node<Pending<Sample>>>> {
    match (node, port) {
        (Some(name), port) => Ok(Some(Node { name, port })),
        (None, None) => Ok(None),
        (None, Some(_)) => args.fail(&format!(
            ": '{name}_port' needs '{name}' or '{name}-expr' beside it."
        )),
    }
}

fn expression(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed<Pending<Sample>> {
    let word = args.word("an expression")?;
    let mut cx = draft.context(Place::BackRequest, load);
    let (expr, used) = sample::parse(word, 0..word.bytes.len(), &mut cx)?;
    match used < word.bytes.len() {
        true => alert(
            word.part(used, word.bytes.len()),
            format!("'{}' : unexpected text behind the expression", args.name),
        ),
        false => Ok(expr.sample),
    }
}
