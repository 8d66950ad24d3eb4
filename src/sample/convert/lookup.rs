//! Samples as keys: maps, backends and servers by name (manual 7.3.1).

use std::net::IpAddr;

use super::*;
use crate::acl::{Method, Output};
use crate::sample::args::{Arg, Args};
use crate::sample::fetch::usable;
use crate::sample::scope::Scope;
use crate::sample::table::Text;
use crate::state::{Operational, Server};

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("fe_exists", &[need(Kind::Frontends)], Type::Bool, Convert::Str(fe_exists), "whether there is a frontend of this name"),
    entry("map", &[need(Kind::Map(Method::Str, Output::Str)), may(Kind::Str)], Type::Str, Convert::Str(by_text), "what a map file gives for it, by `str`"),
    entry("map_beg", &[need(Kind::Map(Method::Beg, Output::Str)), may(Kind::Str)], Type::Str, Convert::Str(by_text), "what a map file gives for it, by `beg`"),
    entry("map_beg_int", &[need(Kind::Map(Method::Beg, Output::Int)), may(Kind::Int)], Type::Int, Convert::Str(by_text), "what a map file gives for it, by `beg`"),
    entry("map_beg_ip", &[need(Kind::Map(Method::Beg, Output::Ip)), may(Kind::Address)], Type::Addr, Convert::Str(by_text), "what a map file gives for it, by `beg`"),
    entry("map_beg_key", &[need(Kind::Map(Method::Beg, Output::Str))], Type::Str, Convert::Str(key_of_text), "the pattern of a map file that matches it, by `beg`"),
    entry("map_dir", &[need(Kind::Map(Method::Dir, Output::Str)), may(Kind::Str)], Type::Str, Convert::Str(by_text), "what a map file gives for it, by `dir`"),
    entry("map_dir_int", &[need(Kind::Map(Method::Dir, Output::Int)), may(Kind::Int)], Type::Int, Convert::Str(by_text), "what a map file gives for it, by `dir`"),
    entry("map_dir_ip", &[need(Kind::Map(Method::Dir, Output::Ip)), may(Kind::Address)], Type::Addr, Convert::Str(by_text), "what a map file gives for it, by `dir`"),
    entry("map_dir_key", &[need(Kind::Map(Method::Dir, Output::Str))], Type::Str, Convert::Str(key_of_text), "the pattern of a map file that matches it, by `dir`"),
    entry("map_dom", &[need(Kind::Map(Method::Dom, Output::Str)), may(Kind::Str)], Type::Str, Convert::Str(by_text), "what a map file gives for it, by `dom`"),
    entry("map_dom_int", &[need(Kind::Map(Method::Dom, Output::Int)), may(Kind::Int)], Type::Int, Convert::Str(by_text), "what a map file gives for it, by `dom`"),
    entry("map_dom_ip", &[need(Kind::Map(Method::Dom, Output::Ip)), may(Kind::Address)], Type::Addr, Convert::Str(by_text), "what a map file gives for it, by `dom`"),
    entry("map_dom_key", &[need(Kind::Map(Method::Dom, Output::Str))], Type::Str, Convert::Str(key_of_text), "the pattern of a map file that matches it, by `dom`"),
    entry("map_end", &[need(Kind::Map(Method::End, Output::Str)), may(Kind::Str)], Type::Str, Convert::Str(by_text), "what a map file gives for it, by `end`"),
    entry("map_end_int", &[need(Kind::Map(Method::End, Output::Int)), may(Kind::Int)], Type::Int, Convert::Str(by_text), "what a map file gives for it, by `end`"),
    entry("map_end_ip", &[need(Kind::Map(Method::End, Output::Ip)), may(Kind::Address)], Type::Addr, Convert::Str(by_text), "what a map file gives for it, by `end`"),
    entry("map_end_key", &[need(Kind::Map(Method::End, Output::Str))], Type::Str, Convert::Str(key_of_text), "the pattern of a map file that matches it, by `end`"),
    entry("map_int", &[need(Kind::Map(Method::Int, Output::Str)), may(Kind::Str)], Type::Str, Convert::Int(by_number), "what a map file gives for it, by `int`"),
    entry("map_int_int", &[need(Kind::Map(Method::Int, Output::Int)), may(Kind::Int)], Type::Int, Convert::Int(by_number), "what a map file gives for it, by `int`"),
    entry("map_int_ip", &[need(Kind::Map(Method::Int, Output::Ip)), may(Kind::Address)], Type::Addr, Convert::Int(by_number), "what a map file gives for it, by `int`"),
    entry("map_int_key", &[need(Kind::Map(Method::Int, Output::Str))], Type::Str, Convert::Int(key_of_number), "the pattern of a map file that matches it, by `int`"),
    entry("map_ip", &[need(Kind::Map(Method::Ip, Output::Str)), may(Kind::Str)], Type::Str, Convert::Addr(by_address), "what a map file gives for it, by `ip`"),
    entry("map_ip_int", &[need(Kind::Map(Method::Ip, Output::Int)), may(Kind::Int)], Type::Int, Convert::Addr(by_address), "what a map file gives for it, by `ip`"),
    entry("map_ip_ip", &[need(Kind::Map(Method::Ip, Output::Ip)), may(Kind::Address)], Type::Addr, Convert::Addr(by_address), "what a map file gives for it, by `ip`"),
    entry("map_ip_key", &[need(Kind::Map(Method::Ip, Output::Str))], Type::Str, Convert::Addr(key_of_address), "the pattern of a map file that matches it, by `ip`"),
    entry("map_reg", &[need(Kind::Map(Method::Reg, Output::Str)), may(Kind::Str)], Type::Str, Convert::Str(by_text), "what a map file gives for it, by `reg`"),
    entry("map_reg_int", &[need(Kind::Map(Method::Reg, Output::Int)), may(Kind::Int)], Type::Int, Convert::Str(by_text), "what a map file gives for it, by `reg`"),
    entry("map_reg_ip", &[need(Kind::Map(Method::Reg, Output::Ip)), may(Kind::Address)], Type::Addr, Convert::Str(by_text), "what a map file gives for it, by `reg`"),
    entry("map_reg_key", &[need(Kind::Map(Method::Reg, Output::Str))], Type::Str, Convert::Str(key_of_text), "the pattern of a map file that matches it, by `reg`"),
    entry("map_regm", &[need(Kind::Map(Method::Reg, Output::Groups)), may(Kind::Str)], Type::Str, Convert::Str(expanded), "what a map file of expressions gives for it, with groups filled in"),
    entry("map_str", &[need(Kind::Map(Method::Str, Output::Str)), may(Kind::Str)], Type::Str, Convert::Str(by_text), "what a map file gives for it, by `str`"),
    entry("map_str_int", &[need(Kind::Map(Method::Str, Output::Int)), may(Kind::Int)], Type::Int, Convert::Str(by_text), "what a map file gives for it, by `str`"),
    entry("map_str_ip", &[need(Kind::Map(Method::Str, Output::Ip)), may(Kind::Address)], Type::Addr, Convert::Str(by_text), "what a map file gives for it, by `str`"),
    entry("map_str_key", &[need(Kind::Map(Method::Str, Output::Str))], Type::Str, Convert::Str(key_of_text), "the pattern of a map file that matches it, by `str`"),
    entry("map_sub", &[need(Kind::Map(Method::Sub, Output::Str)), may(Kind::Str)], Type::Str, Convert::Str(by_text), "what a map file gives for it, by `sub`"),
    entry("map_sub_int", &[need(Kind::Map(Method::Sub, Output::Int)), may(Kind::Int)], Type::Int, Convert::Str(by_text), "what a map file gives for it, by `sub`"),
    entry("map_sub_ip", &[need(Kind::Map(Method::Sub, Output::Ip)), may(Kind::Address)], Type::Addr, Convert::Str(by_text), "what a map file gives for it, by `sub`"),
    entry("map_sub_key", &[need(Kind::Map(Method::Sub, Output::Str))], Type::Str, Convert::Str(key_of_text), "the pattern of a map file that matches it, by `sub`"),
    entry("nbsrv", &[need(Kind::Backends)], Type::Int, Convert::Str(nbsrv), "usable servers of the backend of this name"),
    entry("srv_is_up", &[need(Kind::Backends)], Type::Bool, Convert::Str(srv_is_up), "whether the server of this name is up"),
    entry("srv_queue", &[need(Kind::Backends)], Type::Int, Convert::Str(srv_queue), "requests queued for the server of this name"),
];

fn found<'s>(key: &Value<'_>, args: &'s Args) -> Option<Value<'s>> {
    match args.map(0)?.lookup(key) {
        Some(value) => Some(value),
        None => default(args),
    }
}

fn default(args: &Args) -> Option<Value<'_>> {
    match args.at(1) {
        Arg::Text(text) => Some(Value::text(text)),
        Arg::Int(n) => Some(Value::Int(*n)),
        Arg::Ipv4(v4) => Some(Value::Ipv4(*v4)),
        Arg::Ipv6(v6) => Some(Value::Ipv6(*v6)),
        _ => None,
    }
}

fn by_text<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    found(&Value::Str(text), args)
}

fn by_address<'s>(addr: IpAddr, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    found(&Value::address(addr), args)
}

fn by_number<'s>(n: i64, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    found(&Value::Int(n), args)
}

fn expanded<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    match args.map(0)?.expanded(&text) {
        Some(value) => Some(Value::owned(value)),
        None => default(args),
    }
}

fn nbsrv<'s>(name: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    Some(Value::Int(i64::from(usable(
        args.backend_named(0, Some(&name))?,
    ))))
}

/// `[backend/]server`.
fn server<'s>(name: &[u8], args: &'s Args) -> Option<&'s Server> {
    let (backend, server) = match memchr::memchr(b'/', name) {
        Some(at) => (Some(name.get(..at)?), name.get(at + 1..)?),
        None => (None, name),
    };
    let mut servers = args.backend_named(0, backend)?.servers.iter();
    let found = servers.find(|known| known.name.as_bytes() == server)?;
    Some(found)
}

fn srv_queue<'s>(name: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    Some(Value::Int(i64::from(server(&name, args)?.queued.load())))
}

fn srv_is_up<'s>(name: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let server = server(&name, args)?;
    let up = !server.admin().maint() && server.operational() != Operational::Stopped;
    Some(Value::Bool(up))
}

fn fe_exists<'s>(name: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    match args.at(0) {
        Arg::Frontends(all) => Some(Value::Bool(all.contains(&*name))),
        _ => None,
    }
}

fn key<'s>(of: &Value<'_>, args: &'s Args) -> Option<Value<'s>> {
    args.map(0)?.pattern_of(of).map(Value::owned)
}

fn key_of_text<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    key(&Value::Str(text), args)
}

fn key_of_address<'s>(addr: IpAddr, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    key(&Value::address(addr), args)
}

fn key_of_number<'s>(n: i64, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    key(&Value::Int(n), args)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Stream, linked};
    use crate::sample::Place;

    #[test]
    fn maps_give_values_or_their_default() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let names = file("names", "# names\n/api  backend one\n/img 7\n");
        let networks = file("networks", "10.0.0.0/8 inside\n10.1.0.0/16 192.0.2.1\n");
        let groups = file("groups", "^/u/([a-z]+)/(.*)$ user=\\1,rest=\\2\n");
        for (text, gives) in [
            (format!("str(/api),map({names})"), Some("backend one")),
            (format!("str(/apis),map({names})"), None),
            (format!("str(/apis),map({names},none)"), Some("none")),
            (
                format!("str(/apis),map_beg({names},none)"),
                Some("backend one"),
            ),
            (format!("ipv4(10.2.3.4),map_ip({networks})"), Some("inside")),
            (
                format!("str(10.1.3.4),map_ip({networks},x)"),
                Some("192.0.2.1"),
            ),
            (format!("ipv4(11.1.3.4),map_ip({networks},x)"), Some("x")),
            (
                format!("str(/u/joe/a/b),map_regm({groups})"),
                Some("user=joe,rest=a/b"),
            ),
            ("str(app),nbsrv".to_owned(), Some("0")),
            ("str(none),nbsrv".to_owned(), None),
            ("str(app/a),srv_queue".to_owned(), Some("0")),
            ("str(app/z),srv_queue".to_owned(), None),
            ("str(app/a),srv_is_up".to_owned(), Some("1")),
            ("str(app/z),srv_is_up".to_owned(), None),
            ("str(web),fe_exists".to_owned(), Some("1")),
            ("str(app),fe_exists".to_owned(), Some("0")),
            (format!("str(/api/x),map_beg_key({names})"), Some("/api")),
            (format!("str(x),map_str_key({names})"), None),
            (
                format!("ipv4(10.2.3.4),map_ip_key({networks})"),
                Some("10.0.0.0/8"),
            ),
        ] {
            let got = Stream::request("GET / HTTP/1.1").eval(&text);
            assert_eq!(got.as_deref(), gives, "{text}");
        }
        for text in [
            format!("str(a),map_str_int({names})"),
            format!("str(a),map_int({names})"),
            format!("str(a),map_str_int({names},x)"),
            "str(a),map(missing/file)".to_owned(),
        ] {
            assert!(linked(&text, Place::Acl).is_err(), "{text}");
        }
    }
}
