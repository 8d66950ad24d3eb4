//! Constants and facts of the process that need no traffic (manual 7.3.2).

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::UNIX_EPOCH;

use super::*;
use crate::sample::args::{Arg, Args};
use crate::sample::scope::{Now, Scope};

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("act_conn", PROCESS, Type::Int, Get::Variable(|_, args| Some(Value::Int(i64::from(args.process(0)?.conns.load())))), "client connections of the process now (3.x)"),
    entry("always_false", &[], Type::Bool, Get::Constant(|_, _| Some(Value::Bool(false))), "false"),
    entry("always_true", &[], Type::Bool, Get::Constant(|_, _| Some(Value::Bool(true))), "true"),
    entry("bin", &[need(Kind::Hex)], Type::Bin, Get::Constant(|_, args| Some(Value::bytes(args.text(0)))), "the bytes that these hexadecimal digits stand for"),
    entry("bool", &[need(Kind::Bool)], Type::Bool, Get::Constant(|_, args| Some(Value::Bool(args.int(0)? != 0))), "this boolean"),
    entry("date", &[may(Kind::Int), may(Kind::Choice(UNITS))], Type::Int, Get::Constant(date), "the date in seconds (or ms, us) since 1970, plus an offset"),
    entry("date_us", &[], Type::Int, Get::Constant(date_us), "the microseconds of the date"),
    entry("env", &[need(Kind::Environment)], Type::Str, Get::Constant(env), "an environment variable"),
    entry("hostname", &[], Type::Str, Get::Constant(|_, _| Some(Value::text(HOSTNAME.as_slice()))), "the host's name"),
    entry("int", &[need(Kind::Int)], Type::Int, Get::Constant(|_, args| args.int(0).map(Value::Int)), "this integer"),
    entry("ipv4", &[need(Kind::Ipv4)], Type::Ipv4, Get::Constant(address), "this IPv4 address"),
    entry("ipv6", &[need(Kind::Ipv6)], Type::Ipv6, Get::Constant(address), "this IPv6 address"),
    entry("meth", &[need(Kind::Str)], Type::Meth, Get::Constant(|_, args| Some(Value::Meth(Cow::Borrowed(args.text(0))))), "this HTTP method"),
    entry("nbproc", &[], Type::Int, Get::Constant(|_, _| Some(Value::Int(1))), "the number of processes: always 1"),
    entry("pid", &[], Type::Int, Get::Constant(|_, _| Some(Value::Int(i64::from(std::process::id())))), "the number of this process to the system (3.x)"),
    entry("proc", &[], Type::Int, Get::Constant(|_, _| Some(Value::Int(1))), "the number of this process: always 1"),
    entry("rand", &[may(Kind::Int)], Type::Int, Get::Constant(rand), "a random integer from 0 up to below the given one, or 2^32"),
    entry("str", &[need(Kind::Str)], Type::Str, Get::Constant(|_, args| Some(Value::text(args.text(0)))), "this text"),
    entry("tgroup", &[], Type::Int, Get::Constant(|_, _| Some(Value::Int(1))), "the number of the thread group: always 1 (3.x)"),
    entry("thread", &[], Type::Int, Get::Constant(|now, _| Some(Value::Int(i64::from(now.thread)))), "the number of the thread, from 0"),
    entry("unique-id", &[], Type::Str, Get::Variable(unique_id), "the request's unique id (unique-id-format)"),
    entry("uptime", PROCESS, Type::Int, Get::Variable(uptime), "seconds since the process began (3.x)"),
    entry("uuid", &[may(Kind::OneOf(&[4]))], Type::Str, Get::Constant(uuid), "a random UUID (RFC 4122, version 4)"),
    entry("var", &[need(Kind::Var), may(Kind::Str)], Type::Any, Get::Variable(var), "a variable, or the default text where it is not set"),
];

const PROCESS: &[Param] = &[need(Kind::Process)];

/// Units of a date, by their factor to a second.
const UNITS: &[&str] = &["s", "ms", "us"];

static HOSTNAME: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let name = nix::unistd::gethostname().unwrap_or_default();
    std::os::unix::ffi::OsStrExt::as_bytes(name.as_os_str()).to_vec()
});

fn date<'s>(now: Now<'s>, args: &'s Args) -> Option<Value<'s>> {
    let since = now.date.duration_since(UNIX_EPOCH).ok()?;
    let date = match args.int_or(1, 0) {
        0 => since.as_secs() as i64,
        1 => since.as_millis() as i64,
        _ => since.as_micros() as i64,
    };
    Some(Value::Int(date.wrapping_add(args.int_or(0, 0))))
}

fn uptime<'s>(scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let began = *args.process(0)?.began.get()?;
    let since = scope.now.instant.saturating_duration_since(began);
    i64::try_from(since.as_secs()).ok().map(Value::Int)
}

fn date_us<'s>(now: Now<'s>, _: &'s Args) -> Option<Value<'s>> {
    let since = now.date.duration_since(UNIX_EPOCH).ok()?;
    Some(Value::Int(i64::from(since.subsec_micros())))
}

fn env<'s>(_: Now<'s>, args: &'s Args) -> Option<Value<'s>> {
    match args.at(0) {
        Arg::Text(value) => Some(Value::text(value)),
        _ => None,
    }
}

fn address<'s>(_: Now<'s>, args: &'s Args) -> Option<Value<'s>> {
    match args.at(0) {
        Arg::Ipv4(v4) => Some(Value::Ipv4(*v4)),
        Arg::Ipv6(v6) => Some(Value::Ipv6(*v6)),
        _ => None,
    }
}

fn rand<'s>(now: Now<'s>, args: &'s Args) -> Option<Value<'s>> {
    let random = now.draw() >> 32;
    let range = args.int(0).unwrap_or(1 << 32) as u64;
    Some(Value::Int(
        ((u128::from(random) * u128::from(range)) >> 32) as i64,
    ))
}

fn uuid<'s>(now: Now<'s>, _: &'s Args) -> Option<Value<'s>> {
    let bits = (u128::from(now.draw()) << 64) | u128::from(now.draw());
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    Some(Value::owned(format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        (bits >> 96) as u32,
        (bits >> 80) as u16,
        (bits >> 64) as u16,
        (bits >> 48) as u16,
        bits & 0xffff_ffff_ffff
    )))
}

fn unique_id<'s>(scope: &'s Scope<'_>, _: &'s Args) -> Option<Value<'s>> {
    scope.unique_id().map(Value::text)
}

fn var<'s>(scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let default = || match args.at(1) {
        Arg::Text(text) => Some(Value::text(text)),
        _ => None,
    };
    let var = args.var(0)?;
    if var.is_homeless(scope) {
        return None;
    }
    var.value(scope).or_else(default)
}
