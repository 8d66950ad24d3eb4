//! Commands that tell.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::plan::{self, Plan};
use crate::settings::{Endpoint, Host};
use crate::stats::{self, Filter, Moment};

use super::command::Call;
use super::command::Level;

/// `show version`
pub(super) fn version(_: &mut Call<'_>) -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// `show cli level`
pub(super) fn cli_level(call: &mut Call<'_>) -> String {
    call.level.name().to_owned()
}

/// `show cli sockets`
pub(super) fn cli_sockets(call: &mut Call<'_>) -> String {
    let mut out = "# socket lvl processes\n".to_owned();
    for socket in &call.desk.plan().global.stats_sockets {
        let level = Level::from_number(socket.level).name();
        let _ = writeln!(out, "{} {level} all", endpoint(&socket.endpoint));
    }
    out
}

fn endpoint(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Unix(path) => format!("unix@{path}"),
        Endpoint::Abstract(name) => format!("abns@{name}"),
        Endpoint::Fd(number) => format!("fd@{number}"),
        Endpoint::SockPair(number) => format!("sockpair@{number}"),
        Endpoint::Tcp { host, port, .. } => match host {
            Host::Ip(ip) if ip.is_ipv6() => format!("ipv6@{ip}:{port}"),
            Host::Ip(ip) => format!("ipv4@{ip}:{port}"),
            Host::Name(name) => format!("ipv4@{name}:{port}"),
            Host::Wildcard => format!("ipv4@0.0.0.0:{port}"),
        },
    }
}

/// `show env`
pub(super) fn env(call: &mut Call<'_>) -> String {
    let plan = call.desk.plan();
    let text = String::from_utf8_lossy;
    let line = |name: &[u8], value: &[u8]| format!("{}={}\n", text(name), text(value));
    match call.arg(0) {
        "" => plan.env.iter().map(|(n, value)| line(n, value)).collect(),
        name => match plan.env.get(name.as_bytes()) {
            Some(value) => line(name.as_bytes(), value),
            None => "Variable not found\n".to_owned(),
        },
    }
}

/// `show backend`
pub(super) fn backends(call: &mut Call<'_>) -> String {
    let mut out = "# name\n".to_owned();
    for proxy in call.desk.plan().proxies.iter().filter(|p| p.kind.back()) {
        let _ = writeln!(out, "{}", proxy.name);
    }
    out
}

/// The backend that is named, or all of them.
fn chosen(call: &Call<'_>, plan: &Plan) -> Result<Vec<Arc<plan::Proxy>>, String> {
    let name = call.arg(0);
    let wanted =
        |proxy: &&Arc<plan::Proxy>| proxy.kind.back() && (name.is_empty() || *proxy.name == *name);
    let found: Vec<_> = plan.proxies.iter().filter(wanted).cloned().collect();
    if found.is_empty() && !name.is_empty() {
        return Err("Can't find backend.\n".to_owned());
    }
    Ok(found)
}

/// The columns of `show servers state`, version 1 of a server state file (manual 3.1
/// `server-state-file`).
const STATE_HEAD: &str = "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state \
    srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result \
    srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn \
    srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n";

/// Bit of `srv_check_state`: checks are configured; and enabled.
const CHECK_CONFIGURED_ENABLED: u32 = 2 | 4;

/// `show servers state`
pub(super) fn servers_state(call: &mut Call<'_>) -> String {
    let plan = call.desk.plan();
    let proxies = match chosen(call, &plan) {
        Ok(proxies) => proxies,
        Err(why) => return why,
    };
    let now = seconds(SystemTime::now());
    let started = seconds(call.desk.console.started);
    let mut out = STATE_HEAD.to_owned();
    for proxy in proxies {
        for server in &proxy.servers {
            state_row(&mut out, &proxy, server, now, started);
        }
    }
    out
}

fn state_row(out: &mut String, proxy: &plan::Proxy, server: &plan::Server, now: u64, started: u64) {
    let state = &server.state;
    let health = state.health();
    let naming = state.naming();
    let (address, port) = match state.address() {
        Some(address) => (address.ip().to_string(), address.port()),
        None => ("-".to_owned(), naming.port),
    };
    let since = match health.last_change {
        0 => started,
        change => change,
    };
    let service = server.follow.as_ref().filter(|follow| follow.service);
    let record = service.map_or("-", |follow| follow.name.as_str());
    let fqdn = match &server.settings.endpoint {
        _ if server.follow.is_some() => naming.host.as_deref().unwrap_or("-"),
        Some(Endpoint::Tcp {
            host: Host::Name(name),
            ..
        }) => name.as_str(),
        _ => "-",
    };
    let (status, result) = check_numbers(health.last.status);
    let checks = if health.checked {
        CHECK_CONFIGURED_ENABLED
    } else {
        0
    };
    let _ = writeln!(
        out,
        "{} {} {} {} {address} {} {} {} {} {} {status} {result} {} {checks} 0 {} {} {fqdn} {port} {record} 0 {} - - 0",
        proxy.id,
        proxy.name,
        server.id,
        server.settings.name,
        state.operational() as u8,
        state.admin().0,
        state.user_weight.load(Relaxed),
        server.settings.weight.unwrap_or(1),
        now.saturating_sub(since),
        health.counter,
        u8::from(proxy.settings.id.is_some()),
        u8::from(server.settings.id.is_some()),
        server.settings.check.port.unwrap_or(0),
    );
}

/// The numbers that state files have for the last check: `srv_check_status` and `srv_check_result`
/// (0 unknown, 2 failed, 3 passed, 4 passed on condition).
fn check_numbers(status: &str) -> (u8, u8) {
    match status {
        "" | "UNK" => (0, 0),
        "INI" => (1, 0),
        "HANA" => (4, 2),
        "SOCKERR" => (5, 2),
        "L4OK" => (6, 3),
        "L4TOUT" => (7, 2),
        "L4CON" => (8, 2),
        "L6OK" => (9, 3),
        "L6TOUT" => (10, 2),
        "L6RSP" => (11, 2),
        "L7TOUT" => (12, 2),
        "L7RSP" => (13, 2),
        "L7OK" => (15, 3),
        "L7OKC" => (16, 4),
        "L7STS" => (17, 2),
        "PROCERR" => (18, 2),
        "PROCTOUT" => (19, 2),
        "PROCOK" => (20, 3),
        _ => (0, 0),
    }
}

/// `show servers conn`
pub(super) fn servers_conn(call: &mut Call<'_>) -> String {
    let plan = call.desk.plan();
    let proxies = match chosen(call, &plan) {
        Ok(proxies) => proxies,
        Err(why) => return why,
    };
    let mut out = "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est \
        unsafe_nb safe_nb idle_lim idle_cur\n"
        .to_owned();
    for proxy in proxies {
        for server in &proxy.servers {
            let state = &server.state;
            let (address, port) = match state.address() {
                Some(address) => (address.ip().to_string(), address.port()),
                None => ("-".to_owned(), 0),
            };
            let idle = state.idle.load();
            let _ = writeln!(
                out,
                "{}/{} {}/{} {address} {port} - 5000 {} {} {} 0 {idle} -1 {idle}",
                proxy.name,
                server.settings.name,
                proxy.id,
                server.id,
                state.used.load(),
                state.used.max(),
                state.used.max(),
            );
        }
    }
    out
}

fn seconds(date: SystemTime) -> u64 {
    date.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

/// How a report is asked for: `json`, `typed`, `desc`.
fn asked(call: &Call<'_>, word: &str) -> bool {
    call.args.contains(&word)
}

/// `show info`
pub(super) fn info(call: &mut Call<'_>) -> String {
    let plan = call.desk.plan();
    let console = &call.desk.console;
    let report = console.info(&plan, SystemTime::now(), call.desk.fleet.stopping());
    if asked(call, "json") {
        stats::info_json(&report)
    } else if asked(call, "typed") {
        stats::info_typed(&report, asked(call, "desc"))
    } else {
        stats::info(&report, asked(call, "desc"))
    }
}

/// `show stat [{<iid>|<proxy>} <type> <sid>] [desc|json|no-maint|typed|up]*`
pub(super) fn stat(call: &mut Call<'_>) -> String {
    let plan = call.desk.plan();
    let mut filter = Filter {
        hide_down: asked(call, "up"),
        hide_maint: asked(call, "no-maint"),
        // As HAProxy has it: not for everyone.
        hide_legends: *call.level < Level::Operator,
        ..Filter::default()
    };
    if let (Some(proxy), Ok(kinds)) = (call.args.first(), call.arg(1).parse::<i64>()) {
        let id = match proxy.parse::<i64>() {
            Ok(id) => u32::try_from(id).ok(),
            Err(_) => match plan.proxies.iter().find(|known| *known.name == **proxy) {
                Some(known) => Some(known.id),
                None => return "No such proxy.\n".to_owned(),
            },
        };
        filter.proxy = id;
        // -1 and 0 stand for everything.
        filter.kinds = u32::try_from(kinds).unwrap_or(0);
        filter.server = call.arg(2).parse().ok();
    }
    let now = Moment::at(SystemTime::now());
    if asked(call, "json") {
        stats::json(&plan, &filter, now)
    } else if asked(call, "typed") {
        stats::typed(&plan, &filter, now, asked(call, "desc"))
    } else {
        stats::csv(&plan, &filter, now)
    }
}

/// The name of this node (`node`, or the system's).
pub fn node(plan: &Plan) -> String {
    let system = || {
        let name = nix::unistd::gethostname().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    plan.global.node.clone().unwrap_or_else(system)
}
