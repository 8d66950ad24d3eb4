//! Connections, their addresses, and the proxies and servers that have them (manual 7.3.3).

use std::net::UdpSocket;

use super::*;
use crate::sample::args::Args;
use crate::sample::proxy_entry;
use crate::sample::scope::{Address, TcpInfo, Transaction};
use crate::sample::table::Client;

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("bc_dst", &[], Type::Ipv4, Get::ServerSide(|txn, _| ip(&txn.backend_destination)), "the server's address"),
    entry("bc_dst_port", &[], Type::Int, Get::ServerSide(|txn, _| port(&txn.backend_destination)), "the server's port"),
    entry("bc_http_major", &[], Type::Int, Get::ServerSide(bc_http_major), "the HTTP version towards the server: 1 or 2"),
    entry("bc_src", &[], Type::Ipv4, Get::ServerSide(|txn, _| ip(&txn.backend_source)), "our address towards the server"),
    entry("bc_src_port", &[], Type::Int, Get::ServerSide(|txn, _| port(&txn.backend_source)), "our port towards the server"),
    entry("be_id", &[], Type::Int, Get::Backend(be_id), "the backend's number"),
    entry("be_name", &[], Type::Str, Get::Backend(be_name), "the backend's name"),
    entry("dst", &[], Type::Ipv4, Get::Client(|client, _| ip(destination(client))), "the address the client asked for"),
    entry("dst_conn", &[], Type::Int, Get::Frontend(|session, _| Some(Value::Int(i64::from(session.listener.conns.load())))), "connections of the listener now"),
    entry("dst_port", &[], Type::Int, Get::Client(|client, _| port(destination(client))), "the port the client asked for"),
    entry("dst_is_local", &[], Type::Bool, Get::Client(|client, _| is_local(destination(client))), "whether the address the client asked for is one of this host's"),
    entry("fc_dst", &[], Type::Ipv4, Get::Client(|client, _| ip(&client.session.destination)), "the address the client asked for, whatever request rules say"),
    entry("fc_dst_is_local", &[], Type::Bool, Get::Client(|client, _| is_local(&client.session.destination)), "whether `fc_dst` is one of this host's addresses"),
    entry("fc_dst_port", &[], Type::Int, Get::Client(|client, _| port(&client.session.destination)), "the port the client asked for, whatever request rules say"),
    entry("fc_err", &[], Type::Int, Get::Client(|client, _| Some(Value::Int(i64::from(client.session.error)))), "the error of the client's connection"),
    entry("fc_err_str", &[], Type::Str, Get::Client(|client, _| Some(Value::text(crate::sample::connection_error(client.session.error).as_bytes()))), "the error of the client's connection in words"),
    entry("fc_pp_authority", &[], Type::Str, Get::Client(|client, _| client.session.proxy_header.as_ref()?.authority().map(Value::text)), "the authority that the PROXY header named"),
    entry("fc_pp_tlv", &[need(Kind::Checked(proxy_entry::check))], Type::Str, Get::Client(pp_entry), "an entry of the PROXY header by name or number, the first of it (3.x)"),
    entry("fc_pp_unique_id", &[], Type::Str, Get::Client(|client, _| client.session.proxy_header.as_ref()?.unique_id().map(Value::text)), "the unique id that the PROXY header named"),
    entry("fc_rcvd_proxy", &[], Type::Bool, Get::Client(|client, _| Some(Value::Bool(client.session.proxy_header.is_some()))), "whether the connection began with a PROXY header"),
    entry("fc_fackets", IGNORED, Type::Int, Get::Client(|client, _| Some(Value::Int(i64::from(info(client)?.fackets)))), "segments acknowledged forward, on the client's connection"),
    entry("fc_lost", IGNORED, Type::Int, Get::Client(|client, _| Some(Value::Int(i64::from(info(client)?.lost)))), "segments taken for lost, on the client's connection"),
    entry("fc_reordering", IGNORED, Type::Int, Get::Client(|client, _| Some(Value::Int(i64::from(info(client)?.reordering)))), "how far segments were seen out of order, on the client's connection"),
    entry("fc_retrans", IGNORED, Type::Int, Get::Client(|client, _| Some(Value::Int(i64::from(info(client)?.retrans)))), "segments sent again, on the client's connection"),
    entry("fc_sacked", IGNORED, Type::Int, Get::Client(|client, _| Some(Value::Int(i64::from(info(client)?.sacked)))), "segments acknowledged selectively, on the client's connection"),
    entry("fc_unacked", IGNORED, Type::Int, Get::Client(|client, _| Some(Value::Int(i64::from(info(client)?.unacked)))), "segments sent and not acknowledged, on the client's connection"),
    entry("fc_rtt", UNIT, Type::Int, Get::Client(|client, args| Some(time(info(client)?.rtt, args))), "the round-trip time to the client, in ms or us"),
    entry("fc_rttvar", UNIT, Type::Int, Get::Client(|client, args| Some(time(info(client)?.rttvar, args))), "the variance of the round-trip time to the client, in ms or us"),
    entry("fc_src", &[], Type::Ipv4, Get::Client(|client, _| ip(&client.session.source)), "the client's address, whatever request rules say"),
    entry("fc_src_is_local", &[], Type::Bool, Get::Client(|client, _| is_local(&client.session.source)), "whether `fc_src` is one of this host's addresses"),
    entry("fc_src_port", &[], Type::Int, Get::Client(|client, _| port(&client.session.source)), "the client's port, whatever request rules say"),
    entry("fc_http_major", &[], Type::Int, Get::Client(|client, _| client.has_stream().then_some(Value::Int(client.session.http_major()))), "the client's HTTP version: 1 or 2"),
    entry("fe_id", &[], Type::Int, Get::Frontend(|session, _| Some(Value::Int(i64::from(session.frontend_id)))), "the frontend's number"),
    entry("fe_name", &[], Type::Str, Get::Frontend(|session, _| Some(Value::text(session.frontend.name.as_bytes()))), "the frontend's name"),
    entry("so_id", &[], Type::Int, Get::Frontend(|session, _| Some(Value::Int(i64::from(session.listener_id)))), "the listener's number"),
    entry("so_name", &[], Type::Str, Get::Frontend(|session, _| Some(Value::text(session.listener.name.as_ref()?.as_bytes()))), "the listener's name, if it has one"),
    entry("src", &[], Type::Ipv4, Get::Client(|client, _| ip(source(client))), "the client's address"),
    entry("src_is_local", &[], Type::Bool, Get::Client(|client, _| is_local(source(client))), "whether the client's address is one of this host's"),
    entry("src_port", &[], Type::Int, Get::Client(|client, _| port(source(client))), "the client's port"),
    entry("srv_id", &[], Type::Int, Get::Server(|txn, _| txn.server.as_ref().map(|_| Value::Int(i64::from(txn.server_id)))), "the server's number"),
    entry("srv_name", &[], Type::Str, Get::Server(|txn, _| Some(Value::text(txn.server.as_ref()?.name.as_bytes()))), "the server's name"),
];

/// HAProxy reads an argument here and warns that it has no use.
const IGNORED: &[Param] = &[may(Kind::Str)];
const UNIT: &[Param] = &[may(Kind::Choice(&["ms", "us"]))];

/// What the kernel says of the client's connection.
fn info(client: Client<'_>) -> Option<TcpInfo> {
    // HAProxy does not ask before there is a stream.
    let socket = client.session.socket.filter(|_| client.has_stream())?;
    (socket.info)(socket.fd)
}

fn time(us: u32, args: &Args) -> Value<'static> {
    Value::Int(i64::from(match args.int_or(0, 0) {
        0 => us / 1000,
        _ => us,
    }))
}

pub(super) fn source(client: Client<'_>) -> &Address {
    client.txn.source.as_ref().unwrap_or(&client.session.source)
}

fn destination(client: Client<'_>) -> &Address {
    let own = &client.session.destination;
    client.txn.destination.as_ref().unwrap_or(own)
}

/// Only an address of the host itself can be bound to.
fn is_local<'s>(address: &Address) -> Option<Value<'s>> {
    let ip = address.ip()?.ip();
    Some(Value::Bool(UdpSocket::bind((ip, 0)).is_ok()))
}

/// The IP address of an end. As in HAProxy an IPv4 one in IPv6 clothes keeps them until a cast takes them off.
pub(super) fn ip<'s>(address: &Address) -> Option<Value<'s>> {
    Some(Value::address(address.ip()?.ip()))
}

/// The port of an end, if it has one: a PROXY header may say 0.
fn port<'s>(address: &Address) -> Option<Value<'s>> {
    let port = address.ip()?.port();
    (port > 0).then(|| Value::Int(i64::from(port)))
}

/// What the client's PROXY header says in an entry. The header is bounded, and so are its entries.
fn pp_entry<'s>(client: Client<'s>, args: &'s Args) -> Option<Value<'s>> {
    let name = std::str::from_utf8(args.some_text(0)?).ok()?;
    let said = client.session.proxy_header.as_ref()?;
    said.entry(proxy_entry::entry_type(name)?).map(Value::text)
}

/// As long as no backend is chosen, the proxy that took the connection is it.
fn be_id<'s>(client: Client<'s>, _: &'s Args) -> Option<Value<'s>> {
    let id = match client.txn.backend {
        Some(_) => client.txn.backend_id,
        None => client.session.frontend_id,
    };
    Some(Value::Int(i64::from(id)))
}

/// See `be_id`.
fn be_name<'s>(client: Client<'s>, _: &'s Args) -> Option<Value<'s>> {
    let backend = client.txn.backend.as_ref();
    let proxy = backend.unwrap_or(&client.session.frontend);
    Some(Value::text(proxy.name.as_bytes()))
}

fn bc_http_major<'s>(txn: &'s Transaction, _: &'s Args) -> Option<Value<'s>> {
    txn.backend_major.map(|major| Value::Int(i64::from(major)))
}
