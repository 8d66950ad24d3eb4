//! What of a request its backend's balancing hashes: from the request to `balance`'s key functions.

use crate::balance::Algorithm;
use crate::balance::key::{hdr, rdp_cookie, source, uri, url_param};
use crate::http::Method;
use crate::plan::Proxy;
use crate::sample::{Scope, Type};

/// The hash of the request's key; `None` for an algorithm without hash, or a request without key: it
/// then goes in turns.
pub(super) fn hash(backend: &Proxy, scope: &Scope<'_>) -> Option<u32> {
    let hash_type = &backend.balance.hash_type;
    let request = &scope.txn.request;
    let head = &request.head;
    let key = match &backend.balance.algorithm {
        Algorithm::RoundRobin
        | Algorithm::StaticRr
        | Algorithm::LeastConn
        | Algorithm::First
        | Algorithm::Random { .. } => return None,
        Algorithm::Source => {
            let address = scope.txn.source.as_ref().unwrap_or(&scope.session.source);
            return Some(hash_type.finish(source::hash(address.ip()?.ip())));
        }
        Algorithm::Hash => {
            let sample = backend.balance_expr.as_ref()?;
            let value = sample.eval_as(Type::Bin, scope)?;
            return Some(hash_type.hash(&value.into_bytes()));
        }
        Algorithm::RdpCookie(name) => {
            match rdp_cookie::find(&scope.txn.client_payload.data, name) {
                rdp_cookie::Found::Value(value) if !value.is_empty() => Some(value),
                _ => None,
            }
        }
        _ if !scope.txn.has_request => None,
        Algorithm::Uri(options) => Some(uri::key(head.target(), options)),
        Algorithm::Hdr(options) => hdr::key(head.item(&options.name, 1)?, options),
        Algorithm::UrlParam(options) => {
            let in_body = || {
                let looks = options.check_post && head.known_method() == Method::Post;
                url_param::in_body(&request.body, &options.name).filter(|_| looks)
            };
            url_param::in_target(head.target(), &options.name).or_else(in_body)
        }
    };
    key.map(|key| hash_type.hash(key))
}
