//! Bodies (manual 7.3.6), and responses as a whole.

use super::http_request::version;
use super::*;
use crate::http::Message;

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("req.body", &[], Type::Bin, Get::Request(|r, _| Some(Value::bytes(&r.message.body))), "the request's body, as far as it is held"),
    entry("req.body_len", &[], Type::Int, Get::Request(|r, _| Some(Value::Int(r.message.body.len() as i64))), "the length of the body that is held"),
    entry("req.body_size", &[], Type::Int, Get::Request(|r, _| Some(size(r.message))), "the announced length of the request's body"),
    entry("res.body", &[], Type::Bin, Get::Response(|r, _| Some(Value::bytes(&r.body))), "the response's body, as far as it is held"),
    entry("res.body_len", &[], Type::Int, Get::Response(|r, _| Some(Value::Int(r.body.len() as i64))), "the length of the body that is held"),
    entry("res.body_size", &[], Type::Int, Get::Response(|r, _| Some(size(r))), "the announced length of the response's body"),
    entry("res.ver", &[], Type::Str, Get::Response(|r, _| Some(version(&r.head))), "the response's HTTP version: 1.0, 1.1"),
    entry("resp_ver", &[], Type::Str, Get::Response(|r, _| Some(version(&r.head))), "old name of `res.ver`"),
];

fn size(message: &Message) -> Value<'static> {
    let announced = message.body_len.and_then(|len| i64::try_from(len).ok());
    Value::Int(announced.unwrap_or(message.body.len() as i64))
}
