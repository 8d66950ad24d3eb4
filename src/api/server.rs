//! Commands about servers.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::check::{Checks, Order, Verdicted};
use crate::plan::{self, Plan};

use super::command::Call;

/// What a weight may be at most.
const WEIGHT_MAX: u32 = 256;

const USAGE: &str = "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | \
    agent-send | check-addr | check-port | fqdn | health | ssl | state | weight\n";

/// A server by its place.
struct Found {
    plan: Arc<Plan>,
    proxy: usize,
    server: usize,
}

impl Found {
    fn names(&self) -> (&str, &plan::Server) {
        let proxy = &self.plan.proxies[self.proxy];
        (&proxy.name, &proxy.servers[self.server])
    }
}

/// The server that the first argument names.
fn find(call: &Call<'_>) -> Result<Found, String> {
    let Some((backend, name)) = call.arg(0).split_once('/') else {
        return Err("Require 'backend/server'.\n".to_owned());
    };
    let missing = || "No such server.\n".to_owned();
    let plan = call.desk.plan();
    let proxy = *plan.backends.get(backend).ok_or_else(missing)?;
    let servers = &plan.proxies[proxy].servers;
    let server = servers
        .iter()
        .position(|server| server.settings.name == name)
        .ok_or_else(missing)?;
    Ok(Found {
        plan,
        proxy,
        server,
    })
}

/// Gives an order to a server.
fn order(call: &Call<'_>, order: Order) -> String {
    match find(call) {
        Ok(found) => {
            let (proxy, server) = found.names();
            call.desk.checks.order(proxy, &server.settings.name, order);
            String::new()
        }
        Err(why) => why,
    }
}

/// `disable server`
pub(super) fn disable(call: &mut Call<'_>) -> String {
    order(call, Order::Maint)
}

/// `enable server`
pub(super) fn enable(call: &mut Call<'_>) -> String {
    order(call, Order::Ready)
}

/// Does something to the server that is named.
fn with(call: &Call<'_>, change: fn(&Checks, &str, &str) -> bool) -> String {
    match find(call) {
        Ok(found) => {
            let (proxy, server) = found.names();
            change(&call.desk.checks, proxy, &server.settings.name);
            String::new()
        }
        Err(why) => why,
    }
}

/// `enable health`
pub(super) fn enable_health(call: &mut Call<'_>) -> String {
    with(call, |checks, proxy, server| {
        checks.enable_checks(proxy, server, true)
    })
}

/// `disable health`
pub(super) fn disable_health(call: &mut Call<'_>) -> String {
    with(call, |checks, proxy, server| {
        checks.enable_checks(proxy, server, false)
    })
}

/// `shutdown sessions server`
pub(super) fn shutdown_sessions(call: &mut Call<'_>) -> String {
    with(call, Checks::kill_sessions)
}

/// `get weight`
pub(super) fn get_weight(call: &mut Call<'_>) -> String {
    match find(call) {
        Ok(found) => {
            let (_, server) = found.names();
            let now = server.state.user_weight.load(Relaxed);
            let initial = server.settings.weight.unwrap_or(1);
            format!("{now} (initial {initial})\n")
        }
        Err(why) => why,
    }
}

/// `set weight`
pub(super) fn set_weight(call: &mut Call<'_>) -> String {
    let text = call.arg(1).to_owned();
    match find(call) {
        Ok(found) => weigh(call, &found, &text),
        Err(why) => why,
    }
}

fn weigh(call: &Call<'_>, found: &Found, text: &str) -> String {
    let (proxy, server) = found.names();
    match weight(text, server.settings.weight.unwrap_or(1)) {
        Ok(weight) => {
            let name = &server.settings.name;
            call.desk.checks.weigh(proxy, name, weight);
            String::new()
        }
        Err(why) => format!("{why}\n"),
    }
}

/// An absolute weight, or a share of the configured one.
fn weight(text: &str, initial: u32) -> Result<u32, &'static str> {
    if text.is_empty() {
        return Err("Require <weight> or <weight%>.");
    }
    let (digits, percent) = match text.strip_suffix('%') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let Ok(number) = digits.parse::<u32>() else {
        return Err("Trailing garbage in weight string");
    };
    match percent {
        true if number > WEIGHT_MAX * 100 => Err("Relative weight must be positive."),
        true => Ok((initial * number / 100).min(WEIGHT_MAX)),
        false if number > WEIGHT_MAX => {
            Err("Absolute weight can only be between 0 and 256 inclusive.")
        }
        false => Ok(number),
    }
}

/// `set server`
pub(super) fn set(call: &mut Call<'_>) -> String {
    let found = match find(call) {
        Ok(found) => found,
        Err(why) => return why,
    };
    let value = call.arg(2).to_owned();
    match call.arg(1) {
        "state" => match value.as_str() {
            "ready" => order(call, Order::Ready),
            "drain" => order(call, Order::Drain),
            "maint" => order(call, Order::Maint),
            _ => "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n".to_owned(),
        },
        "health" => health(call, &found, &value),
        "weight" => weigh(call, &found, &value),
        "addr" => address(call, &found),
        "agent" | "agent-addr" | "agent-port" | "agent-send" => {
            "agent checks are not enabled on this server.\n".to_owned()
        }
        "fqdn" => fqdn(call, &found, &value),
        what @ ("check-addr" | "check-port" | "ssl") => {
            format!("'set server <srv> {what}' is not available yet.\n")
        }
        _ => USAGE.to_owned(),
    }
}

fn health(call: &Call<'_>, found: &Found, value: &str) -> String {
    let (proxy, server) = found.names();
    if server.track.is_some() {
        return "cannot change health on a tracking server.\n".to_owned();
    }
    let health = match value {
        "up" => Verdicted::Up,
        "stopping" => Verdicted::Stopping,
        "down" => Verdicted::Down,
        _ => return "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n".to_owned(),
    };
    let name = &server.settings.name;
    call.desk
        .checks
        .pronounce(proxy, name, health, crate::check::By::Cli);
    String::new()
}

fn fqdn(call: &Call<'_>, found: &Found, name: &str) -> String {
    let (proxy, server) = found.names();
    if name.is_empty() {
        return "set server <b>/<s> fqdn requires a FQDN.\n".to_owned();
    }
    let failed = |why| format!("set server <b>/<s> fqdn failed because {why} is configured.\n");
    let Some(follow) = &server.follow else {
        return failed("no resolution");
    };
    if follow.service {
        return failed("SRV resolution");
    }
    let naming = server.state.naming();
    if naming.host.as_deref() == Some(name) {
        return String::new();
    }
    let (checks, by) = (&call.desk.checks, "stats socket command");
    let said = checks.rename(proxy, &server.settings.name, Some(name), naming.port, by);
    call.desk.renamed.tell();
    said + "\n"
}

fn address(call: &Call<'_>, found: &Found) -> String {
    let (_, server) = found.names();
    let said = |text: String| format!("{text} by 'stats socket command'\n");
    let Ok(ip) = call.arg(2).parse::<IpAddr>() else {
        return said(format!("Invalid addr '{}'", call.arg(2)));
    };
    let Some(old) = server.state.address() else {
        return said(
            "Update for the current server address family is only supported through configuration file"
                .to_owned(),
        );
    };
    let port = match (call.arg(3), call.arg(4)) {
        ("", _) => old.port(),
        ("port", text) => match text.parse::<u16>() {
            Ok(port) => port,
            Err(_) => return said("provided port is not an integer".to_owned()),
        },
        _ => return "usage: set server <b>/<s> addr <addr> port <port>\n".to_owned(),
    };
    let new = SocketAddr::new(ip, port);
    if new == old {
        return said("no need to change the addr".to_owned());
    }
    let mut changes = Vec::new();
    if new.ip() != old.ip() {
        changes.push(format!("IP changed from '{}' to '{ip}'", old.ip()));
    }
    if new.port() != old.port() {
        changes.push(format!("port changed from '{}' to '{port}'", old.port()));
    }
    server.state.set_address(Some(new));
    said(changes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_absolute_or_shares() {
        for (text, initial, expected) in [
            ("0", 10, Ok(0)),
            ("256", 10, Ok(256)),
            ("50%", 10, Ok(5)),
            ("200%", 200, Ok(256)),
            ("1x", 10, Err("Trailing garbage in weight string")),
            ("-1", 10, Err("Trailing garbage in weight string")),
            ("", 10, Err("Require <weight> or <weight%>.")),
            (
                "257",
                10,
                Err("Absolute weight can only be between 0 and 256 inclusive."),
            ),
        ] {
            assert_eq!(weight(text, initial), expected, "{text}");
        }
    }
}
