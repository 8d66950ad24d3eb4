//! Metrics of frontends, listeners, backends and servers, from the columns of the report.

use prometheus::proto::{MetricFamily, MetricType};

use super::super::columns::COLUMNS;
use super::super::field::Value;
use super::super::object::{Kind, Look, Object};
use super::family::{Family, number};

/// How a column becomes samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Its number.
    Plain,
    /// Milliseconds, shown as seconds.
    Millis,
    /// Six columns, by class of status code.
    ByClass,
    /// One sample for each state that the object can have, 1 for that it has.
    States,
    /// The same with results of checks.
    CheckStates,
    /// How many of a backend's servers have each state.
    Sum,
    /// How many of them have each result of checks.
    CheckSum,
}

struct Exported {
    name: &'static str,
    column: &'static str,
    on: &'static str,
    kind: MetricType,
    shape: Shape,
    help: &'static str,
}

const fn metric(
    name: &'static str,
    column: &'static str,
    on: &'static str,
    kind: MetricType,
    shape: Shape,
    help: &'static str,
) -> Exported {
    Exported {
        name,
        column,
        on,
        kind,
        shape,
        help,
    }
}

/// Name without `haproxy_<scope>_`, column, who has it; in HAProxy's order.
#[rustfmt::skip]
const METRICS: &[Exported] = &[
    metric("current_queue", "qcur", "BS", MetricType::GAUGE, Shape::Plain, "Number of current queued connections"),
    metric("max_queue", "qmax", "BS", MetricType::GAUGE, Shape::Plain, "Highest value of queued connections encountered since process started"),
    metric("current_sessions", "scur", "FLBS", MetricType::GAUGE, Shape::Plain, "Number of current sessions on the frontend, backend or server"),
    metric("max_sessions", "smax", "FLBS", MetricType::GAUGE, Shape::Plain, "Highest value of current sessions encountered since process started"),
    metric("limit_sessions", "slim", "FLBS", MetricType::GAUGE, Shape::Plain, "Frontend/listener/server's maxconn, backend's fullconn"),
    metric("sessions_total", "stot", "FLBS", MetricType::COUNTER, Shape::Plain, "Total number of sessions since process started"),
    metric("bytes_in_total", "bin", "FLBS", MetricType::COUNTER, Shape::Plain, "Total number of request bytes since process started"),
    metric("bytes_out_total", "bout", "FLBS", MetricType::COUNTER, Shape::Plain, "Total number of response bytes since process started"),
    metric("requests_denied_total", "dreq", "FLB", MetricType::COUNTER, Shape::Plain, "Total number of denied requests since process started"),
    metric("responses_denied_total", "dresp", "FLBS", MetricType::COUNTER, Shape::Plain, "Total number of denied responses since process started"),
    metric("request_errors_total", "ereq", "FL", MetricType::COUNTER, Shape::Plain, "Total number of invalid requests since process started"),
    metric("connection_errors_total", "econ", "BS", MetricType::COUNTER, Shape::Plain, "Total number of failed connections to server since the worker process started"),
    metric("response_errors_total", "eresp", "BS", MetricType::COUNTER, Shape::Plain, "Total number of invalid responses since the worker process started"),
    metric("retry_warnings_total", "wretr", "BS", MetricType::COUNTER, Shape::Plain, "Total number of server connection retries since the worker process started"),
    metric("redispatch_warnings_total", "wredis", "BS", MetricType::COUNTER, Shape::Plain, "Total number of server redispatches due to connection failures since the worker process started"),
    metric("status", "status", "FLBS", MetricType::GAUGE, Shape::States, "Current status of the service, per state label value."),
    metric("weight", "weight", "BS", MetricType::GAUGE, Shape::Plain, "Server's effective weight, or sum of active servers' effective weights for a backend"),
    metric("active_servers", "act", "B", MetricType::GAUGE, Shape::Plain, "Total number of active UP servers with a non-zero weight"),
    metric("backup_servers", "bck", "B", MetricType::GAUGE, Shape::Plain, "Total number of backup UP servers with a non-zero weight"),
    metric("check_failures_total", "chkfail", "S", MetricType::COUNTER, Shape::Plain, "Total number of failed individual health checks per server/backend, since the worker process started"),
    metric("check_up_down_total", "chkdown", "BS", MetricType::COUNTER, Shape::Plain, "Total number of failed checks causing UP to DOWN server transitions, per server/backend, since the worker process started"),
    metric("check_last_change_seconds", "lastchg", "BS", MetricType::GAUGE, Shape::Plain, "How long ago the last server state changed, in seconds"),
    metric("downtime_seconds_total", "downtime", "BS", MetricType::COUNTER, Shape::Plain, "Total time spent in DOWN state, for server or backend"),
    metric("queue_limit", "qlimit", "S", MetricType::GAUGE, Shape::Plain, "Limit on the number of connections in queue, for servers only (maxqueue argument)"),
    metric("current_throttle", "throttle", "S", MetricType::GAUGE, Shape::Plain, "Throttling ratio applied to a server's maxconn and weight during the slowstart period (0 to 100%)"),
    metric("loadbalanced_total", "lbtot", "BS", MetricType::COUNTER, Shape::Plain, "Total number of requests routed by load balancing since the worker process started (ignores queue pop and stickiness)"),
    metric("limit_session_rate", "rate_lim", "F", MetricType::GAUGE, Shape::Plain, "Limit on the number of sessions accepted in a second (frontend only, 'rate-limit sessions' setting)"),
    metric("max_session_rate", "rate_max", "FBS", MetricType::GAUGE, Shape::Plain, "Highest value of sessions per second observed since the worker process started"),
    metric("check_status", "check_status", "S", MetricType::GAUGE, Shape::CheckStates, "Status of last health check, per state label value."),
    metric("check_code", "check_code", "S", MetricType::GAUGE, Shape::Plain, "layer5-7 code, if available of the last health check."),
    metric("check_duration_seconds", "check_duration", "S", MetricType::GAUGE, Shape::Millis, "Total duration of the latest server health check, in seconds."),
    metric("http_responses_total", "hrsp_", "FBS", MetricType::COUNTER, Shape::ByClass, "Total number of HTTP responses with status 100-199 returned by this object since the worker process started"),
    metric("http_requests_rate_max", "req_rate_max", "F", MetricType::GAUGE, Shape::Plain, "Highest value of http requests observed since the worker process started"),
    metric("http_requests_total", "req_tot", "FB", MetricType::COUNTER, Shape::Plain, "Total number of HTTP requests processed by this object since the worker process started"),
    metric("client_aborts_total", "cli_abrt", "BS", MetricType::COUNTER, Shape::Plain, "Total number of requests or connections aborted by the client since the worker process started"),
    metric("server_aborts_total", "srv_abrt", "BS", MetricType::COUNTER, Shape::Plain, "Total number of requests or connections aborted by the server since the worker process started"),
    metric("http_comp_bytes_in_total", "comp_in", "FB", MetricType::COUNTER, Shape::Plain, "Total number of bytes submitted to the HTTP compressor for this object since the worker process started"),
    metric("http_comp_bytes_out_total", "comp_out", "FB", MetricType::COUNTER, Shape::Plain, "Total number of bytes emitted by the HTTP compressor for this object since the worker process started"),
    metric("http_comp_bytes_bypassed_total", "comp_byp", "FB", MetricType::COUNTER, Shape::Plain, "Total number of bytes that bypassed HTTP compression for this object since the worker process started (CPU/memory/bandwidth limitation)"),
    metric("http_comp_responses_total", "comp_rsp", "FB", MetricType::COUNTER, Shape::Plain, "Total number of HTTP responses that were compressed for this object since the worker process started"),
    metric("last_session_seconds", "lastsess", "BS", MetricType::GAUGE, Shape::Plain, "How long ago some traffic was seen on this object on this worker process, in seconds"),
    metric("queue_time_average_seconds", "qtime", "BS", MetricType::GAUGE, Shape::Millis, "Avg. queue time for last 1024 successful connections."),
    metric("connect_time_average_seconds", "ctime", "BS", MetricType::GAUGE, Shape::Millis, "Avg. connect time for last 1024 successful connections."),
    metric("response_time_average_seconds", "rtime", "BS", MetricType::GAUGE, Shape::Millis, "Avg. response time for last 1024 successful connections."),
    metric("total_time_average_seconds", "ttime", "BS", MetricType::GAUGE, Shape::Millis, "Avg. total time for last 1024 successful connections."),
    metric("connections_rate_max", "conn_rate_max", "F", MetricType::GAUGE, Shape::Plain, "Highest value of connections per second observed since the worker process started"),
    metric("connections_total", "conn_tot", "F", MetricType::COUNTER, Shape::Plain, "Total number of new connections accepted on this frontend since the worker process started"),
    metric("intercepted_requests_total", "intercepted", "F", MetricType::COUNTER, Shape::Plain, "Total number of HTTP requests intercepted on the frontend (redirects/stats/services) since the worker process started"),
    metric("denied_connections_total", "dcon", "FL", MetricType::COUNTER, Shape::Plain, "Total number of incoming connections blocked on a listener/frontend by a tcp-request connection rule since the worker process started"),
    metric("denied_sessions_total", "dses", "FL", MetricType::COUNTER, Shape::Plain, "Total number of incoming sessions blocked on a listener/frontend by a tcp-request connection rule since the worker process started"),
    metric("failed_header_rewriting_total", "wrew", "FLBS", MetricType::COUNTER, Shape::Plain, "Total number of failed HTTP header rewrites since the worker process started"),
    metric("connection_attempts_total", "connect", "BS", MetricType::COUNTER, Shape::Plain, "Total number of outgoing connection attempts on this backend/server since the worker process started"),
    metric("connection_reuses_total", "reuse", "BS", MetricType::COUNTER, Shape::Plain, "Total number of reused connection on this backend/server since the worker process started"),
    metric("http_cache_lookups_total", "cache_lookups", "FB", MetricType::COUNTER, Shape::Plain, "Total number of HTTP requests looked up in the cache on this frontend/backend since the worker process started"),
    metric("http_cache_hits_total", "cache_hits", "FB", MetricType::COUNTER, Shape::Plain, "Total number of HTTP requests not found in the cache on this frontend/backend since the worker process started"),
    metric("idle_connections_current", "srv_icur", "S", MetricType::GAUGE, Shape::Plain, "Current number of idle connections available for reuse on this server"),
    metric("idle_connections_limit", "src_ilim", "S", MetricType::GAUGE, Shape::Plain, "Limit on the number of available idle connections on this server (server 'pool_max_conn' directive)"),
    metric("max_queue_time_seconds", "qtime_max", "BS", MetricType::GAUGE, Shape::Millis, "Maximum observed time spent in the queue"),
    metric("max_connect_time_seconds", "ctime_max", "BS", MetricType::GAUGE, Shape::Millis, "Maximum observed time spent waiting for a connection to complete"),
    metric("max_response_time_seconds", "rtime_max", "BS", MetricType::GAUGE, Shape::Millis, "Maximum observed time spent waiting for a server response"),
    metric("max_total_time_seconds", "ttime_max", "BS", MetricType::GAUGE, Shape::Millis, "Maximum observed total request+response time (request+queue+connect+response+processing)"),
    metric("internal_errors_total", "eint", "FLBS", MetricType::COUNTER, Shape::Plain, "Total number of internal errors since process started"),
    metric("unsafe_idle_connections_current", "idle_conn_cur", "S", MetricType::GAUGE, Shape::Plain, "Current number of unsafe idle connections"),
    metric("safe_idle_connections_current", "safe_conn_cur", "S", MetricType::GAUGE, Shape::Plain, "Current number of safe idle connections"),
    metric("used_connections_current", "used_conn_cur", "S", MetricType::GAUGE, Shape::Plain, "Current number of connections in use"),
    metric("need_connections_current", "need_conn_est", "S", MetricType::GAUGE, Shape::Plain, "Estimated needed number of connections"),
    metric("uweight", "uweight", "BS", MetricType::GAUGE, Shape::Plain, "Server's user weight, or sum of active servers' user weights for a backend"),
    metric("agg_server_status", "agg_server_status", "B", MetricType::GAUGE, Shape::Sum, "Backend's aggregated gauge of servers' status"),
    metric("agg_server_check_status", "agg_server_check_status", "B", MetricType::GAUGE, Shape::Sum, "Backend's aggregated gauge of servers' state check status"),
    metric("agg_check_status", "agg_check_status", "B", MetricType::GAUGE, Shape::CheckSum, "Backend's aggregated gauge of servers' state check status"),
];

/// How the columns begin that those who do not speak HTTP do not have.
const ABOUT_HTTP: [&str; 5] = ["hrsp_", "req_", "comp_", "cache_", "intercepted"];

const CLASSES: [(&str, &str); 6] = [
    ("1xx", "hrsp_1xx"),
    ("2xx", "hrsp_2xx"),
    ("3xx", "hrsp_3xx"),
    ("4xx", "hrsp_4xx"),
    ("5xx", "hrsp_5xx"),
    ("other", "hrsp_other"),
];
const CHECKS: [&str; 16] = [
    "HANA", "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK", "L6TOUT", "L6RSP", "L7TOUT", "L7RSP",
    "L7OK", "L7OKC", "L7STS", "PROCERR", "PROCTOUT", "PROCOK",
];
const SERVERS: [&str; 5] = ["DOWN", "UP", "MAINT", "DRAIN", "NOLB"];

fn states(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Front | Kind::Back => &["DOWN", "UP"],
        Kind::Listener => &["WAITING", "OPEN", "FULL"],
        Kind::Server => &SERVERS,
    }
}

fn state(object: &Object<'_>) -> &'static str {
    let (text, look) = object.status();
    match object.kind {
        Kind::Front => match text == "STOP" {
            true => "DOWN",
            false => "UP",
        },
        Kind::Back => match text == "UP" {
            true => "UP",
            false => "DOWN",
        },
        Kind::Listener => object.listener.map_or("WAITING", |listener| {
            let (limit, now) = (listener.bind.maxconn, listener.state.conns.load());
            match limit > 0 && now >= limit {
                true => "FULL",
                false => "OPEN",
            }
        }),
        Kind::Server => match look {
            Look::Up | Look::GoingDown | Look::NoCheck => "UP",
            Look::Down | Look::GoingUp => "DOWN",
            Look::Maintain => "MAINT",
            Look::Draining => "DRAIN",
            Look::Nolb => "NOLB",
        },
    }
}

fn column<'a>(name: &str, object: &'a Object<'a>) -> Value<'a> {
    let field = COLUMNS.iter().find(|field| field.name == name);
    field.map_or(Value::None, |field| field.of(object))
}

/// The result of the last check, if there are checks.
fn check(object: &Object<'_>) -> Option<String> {
    match column("check_status", object) {
        // A star says that one is under way.
        Value::Str(text) => Some(text.trim_start_matches("* ").to_owned()),
        _ => None,
    }
}

/// The word for this kind in names of metrics.
fn scope(kind: Kind) -> &'static str {
    match kind {
        Kind::Front => "frontend",
        Kind::Listener => "listener",
        Kind::Back => "backend",
        Kind::Server => "server",
    }
}

/// Appends the metrics of the objects of one kind; without servers in maintenance where nobody wants to see them. A backend's
/// sums are made of all its servers.
pub(super) fn append(out: &mut Vec<MetricFamily>, kind: Kind, all: &[Object<'_>], no_maint: bool) {
    let hidden = |object: &Object<'_>| no_maint && state(object) == "MAINT";
    let shown = |object: &&Object<'_>| object.kind == kind && !hidden(object);
    let of_kind = || all.iter().filter(shown);
    for metric in METRICS.iter().filter(|m| m.on.contains(kind.letter())) {
        let about_http = ABOUT_HTTP
            .iter()
            .any(|part| metric.column.starts_with(part));
        let of_kind = || of_kind().filter(|object| !about_http || object.http());
        let mut family = Family::new(scope(kind), metric.name, metric.kind, metric.help);
        match metric.shape {
            // Class by class, as HAProxy goes through its columns.
            Shape::ByClass => {
                for (class, name) in CLASSES {
                    for object in of_kind() {
                        let value = number(&column(name, object));
                        push(&mut family, object, Some(("code", class)), value);
                    }
                }
            }
            _ => of_kind().for_each(|object| samples(&mut family, metric, object, all)),
        }
        family.finish(out);
    }
}

fn samples(family: &mut Family, metric: &Exported, object: &Object<'_>, all: &[Object<'_>]) {
    let servers = || {
        let of_proxy = |other: &&Object<'_>| std::ptr::eq(other.proxy, object.proxy);
        let servers = all.iter().filter(|other| other.kind == Kind::Server);
        servers.filter(of_proxy)
    };
    match metric.shape {
        Shape::Plain | Shape::Millis => {
            let value = column(metric.column, object);
            // Results of checks: nothing without checks; no code is 0.
            if value == Value::None && metric.column.starts_with("check_") {
                if check(object).is_some() {
                    push(family, object, None, 0.0);
                }
                return;
            }
            let unit = if metric.shape == Shape::Millis {
                1000.0
            } else {
                1.0
            };
            push(family, object, None, number(&value) / unit);
        }
        Shape::States => {
            let now = state(object);
            one_hot(family, object, states(object.kind), |state| {
                u32::from(state == now)
            });
        }
        Shape::CheckStates => {
            if let Some(now) = check(object) {
                one_hot(family, object, &CHECKS, |state| u32::from(state == now));
            }
        }
        Shape::Sum => {
            let states: Vec<&str> = servers().map(state).collect();
            one_hot(family, object, &SERVERS, |wanted| count(&states, wanted));
        }
        Shape::CheckSum => {
            let results: Vec<String> = servers().filter_map(check).collect();
            let results: Vec<&str> = results.iter().map(String::as_str).collect();
            one_hot(family, object, &CHECKS, |wanted| count(&results, wanted));
        }
        Shape::ByClass => {}
    }
}

fn count(all: &[&str], wanted: &str) -> u32 {
    all.iter().filter(|one| **one == wanted).count() as u32
}

fn one_hot(family: &mut Family, object: &Object<'_>, states: &[&str], value: impl Fn(&str) -> u32) {
    for state in states {
        push(family, object, Some(("state", state)), value(state).into());
    }
}

fn push(family: &mut Family, object: &Object<'_>, label: Option<(&str, &str)>, value: f64) {
    let mut labels = vec![("proxy", &*object.proxy.name)];
    let name = match object.kind {
        Kind::Server | Kind::Listener => match column("svname", object) {
            Value::Str(name) => name.into_owned(),
            _ => String::new(),
        },
        _ => String::new(),
    };
    if matches!(object.kind, Kind::Server | Kind::Listener) {
        labels.push((scope(object.kind), &name));
    }
    labels.extend(label);
    family.push(&labels, value);
}
