//! The columns of a table and the cells of its rows.

use std::fmt::Write;

use crate::plan;
use crate::stats::columns::{COLUMNS, algorithm, position};
use crate::stats::field::Value;
use crate::stats::object::{Kind, Object};
use crate::stats::text;

use super::{Page, class};

/// How a value is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Show {
    /// A number.
    Number,
    /// Seconds, as an age.
    Age,
    /// The status and since when.
    Status,
    /// The last check.
    Check,
    /// Both weights.
    Weight,
    /// Y or - on a server, a number on a backend.
    Active,
    /// A percentage.
    Percent,
}

/// A column: group, heading, field, how it is shown.
struct Column(&'static str, &'static str, &'static str, Show);

/// HAProxy's columns.
const TABLE: &[Column] = &[
    Column("Queue", "Cur", "qcur", Show::Number),
    Column("Queue", "Max", "qmax", Show::Number),
    Column("Queue", "Limit", "qlimit", Show::Number),
    Column("Session rate", "Cur", "rate", Show::Number),
    Column("Session rate", "Max", "rate_max", Show::Number),
    Column("Session rate", "Limit", "rate_lim", Show::Number),
    Column("Sessions", "Cur", "scur", Show::Number),
    Column("Sessions", "Max", "smax", Show::Number),
    Column("Sessions", "Limit", "slim", Show::Number),
    Column("Sessions", "Total", "stot", Show::Number),
    Column("Sessions", "LbTot", "lbtot", Show::Number),
    Column("Sessions", "Last", "lastsess", Show::Age),
    Column("Bytes", "In", "bin", Show::Number),
    Column("Bytes", "Out", "bout", Show::Number),
    Column("Denied", "Req", "dreq", Show::Number),
    Column("Denied", "Resp", "dresp", Show::Number),
    Column("Errors", "Req", "ereq", Show::Number),
    Column("Errors", "Conn", "econ", Show::Number),
    Column("Errors", "Resp", "eresp", Show::Number),
    Column("Warnings", "Retr", "wretr", Show::Number),
    Column("Warnings", "Redis", "wredis", Show::Number),
    Column("Server", "Status", "status", Show::Status),
    Column("Server", "LastChk", "check_status", Show::Check),
    Column("Server", "Wght", "weight", Show::Weight),
    Column("Server", "Act", "act", Show::Active),
    Column("Server", "Bck", "bck", Show::Active),
    Column("Server", "Chk", "chkfail", Show::Number),
    Column("Server", "Dwn", "chkdown", Show::Number),
    Column("Server", "Dwntme", "downtime", Show::Age),
    Column("Server", "Thrtle", "throttle", Show::Percent),
];

/// A link to a place of the page, with a legend where there is one. Both texts are escaped already.
pub fn link(out: &mut String, place: &str, words: &str, legend: Option<&str>) {
    let _ = write!(out, "<a href=\"#{place}\"");
    tip(out, legend);
    let _ = write!(out, ">{words}</a>");
}

fn tip(out: &mut String, legend: Option<&str>) {
    if let Some(legend) = legend {
        out.push_str(" title=\"");
        text::html(out, legend);
        out.push('"');
    }
}

/// The two lines of headings.
pub fn head(out: &mut String) {
    out.push_str("<thead><tr><th rowspan=\"2\"></th>");
    let mut at = 0;
    while let Some(column) = TABLE.get(at) {
        let width = TABLE[at..].iter().take_while(|c| c.0 == column.0).count();
        let _ = write!(out, "<th colspan=\"{width}\">{}</th>", column.0);
        at += width;
    }
    out.push_str("</tr><tr>");
    for (at, column) in TABLE.iter().enumerate() {
        let _ = write!(out, "<th{}>{}</th>", edge(at, ""), column.1);
    }
    out.push_str("</tr></thead>");
}

/// The class of a cell: a line where its group begins.
fn edge(at: usize, more: &str) -> String {
    let begins = at == 0 || TABLE.get(at - 1).map(|c| c.0) != TABLE.get(at).map(|c| c.0);
    match (begins, more.is_empty()) {
        (false, true) => String::new(),
        (false, false) => format!(" class=\"{more}\""),
        (true, true) => " class=\"g\"".into(),
        (true, false) => format!(" class=\"g {more}\""),
    }
}

/// One object.
pub fn row(out: &mut String, page: &Page<'_>, object: &Object<'_>, admin: bool) {
    let _ = write!(out, "<tr class=\"{}\">", class(object));
    name_cell(out, page, object, admin);
    for (at, column) in TABLE.iter().enumerate() {
        let Some(field) = position(column.2).and_then(|at| COLUMNS.get(at)) else {
            continue;
        };
        cell(out, at, column, object, &field.of(object));
    }
    out.push_str("</tr>\n");
}

fn field_text(object: &Object<'_>, name: &str) -> String {
    let mut out = String::new();
    if let Some(field) = position(name).and_then(|at| COLUMNS.get(at)) {
        field.of(object).write(&mut out);
    }
    out
}

fn name_cell(out: &mut String, page: &Page<'_>, object: &Object<'_>, admin: bool) {
    let proxy = text::escaped(&object.proxy.name);
    let name = match object.kind {
        Kind::Front => "Frontend".into(),
        Kind::Back => "Backend".into(),
        Kind::Server | Kind::Listener => text::escaped(&field_text(object, "svname")),
    };
    let plus = if object.kind == Kind::Listener {
        "+"
    } else {
        ""
    };
    let status = text::escaped(&object.status().0);
    let _ = write!(
        out,
        "<th scope=\"row\" id=\"{proxy}/{plus}{name}\" data-status=\"{status}\">"
    );
    if admin && object.kind == Kind::Server {
        let _ = write!(
            out,
            "<input type=\"checkbox\" name=\"s\" value=\"{name}\" aria-label=\"{name}\">"
        );
    }
    let legend = page.settings.show_legends.then(|| legend(object)).flatten();
    link(
        out,
        &format!("{proxy}/{plus}{name}"),
        &name,
        legend.as_deref(),
    );
    out.push_str("</th>");
}

/// `IPv4: 127.0.0.1:80, id: 1, cookie: 'c1'`
fn legend(object: &Object<'_>) -> Option<String> {
    let address = field_text(object, "addr");
    let id = field_text(object, "sid");
    match object.kind {
        Kind::Back => Some(format!("balance: {}", algorithm(object))),
        Kind::Front => None,
        Kind::Server | Kind::Listener => {
            let family = match address.as_bytes() {
                [b'[', ..] => "IPv6: ",
                b"unix" | [] => "",
                _ => "IPv4: ",
            };
            let mut text = format!("{family}{address}, id: {id}");
            let cookie = field_text(object, "cookie");
            if !cookie.is_empty() {
                let _ = write!(text, ", cookie: '{cookie}'");
            }
            Some(text)
        }
    }
}

/// `cap: proxy, mode: http, id: 3`
pub fn proxy_legend(proxy: &plan::Proxy) -> String {
    use crate::settings::{Kind, Mode};
    let capability = match proxy.kind {
        Kind::Listen => "proxy",
        other => other.keyword(),
    };
    let mode = match proxy.settings.mode {
        Mode::Http => "http",
        Mode::Tcp => "tcp",
    };
    format!("cap: {capability}, mode: {mode}, id: {}", proxy.id)
}

fn cell(out: &mut String, at: usize, column: &Column, object: &Object<'_>, value: &Value<'_>) {
    match column.3 {
        Show::Number => number(out, at, column, object, value),
        Show::Age => {
            let _ = write!(out, "<td{}>", edge(at, ""));
            match (value, value.number()) {
                (_, Some(seconds)) => out.push_str(&text::ago(seconds)),
                (Value::S32(_), None) => out.push('?'),
                _ => {}
            }
            out.push_str("</td>");
        }
        Show::Status => {
            let _ = write!(out, "<td{}>", edge(at, "c"));
            if let Ok(seconds) = field_text(object, "lastchg").parse() {
                let _ = write!(out, "{} ", text::ago(seconds));
            }
            text::html(out, &object.status().0);
            out.push_str("</td>");
        }
        Show::Check => check(out, at, object, value),
        Show::Weight => {
            let _ = write!(out, "<td{}>", edge(at, "c"));
            if let Some((effective, user)) = object.weights() {
                let _ = write!(out, "{effective}/{user}");
            }
            out.push_str("</td>");
        }
        Show::Active => {
            let _ = write!(out, "<td{}>", edge(at, "c"));
            match (object.kind, value.number()) {
                (Kind::Server, Some(1)) => out.push('Y'),
                (Kind::Server, _) => out.push('-'),
                (Kind::Back, Some(n)) => {
                    let _ = write!(out, "{n}");
                }
                _ => {}
            }
            out.push_str("</td>");
        }
        Show::Percent => {
            let _ = write!(out, "<td{}>", edge(at, "c"));
            match (object.kind, value.number()) {
                (_, Some(percent)) => {
                    let _ = write!(out, "{percent}%");
                }
                (Kind::Server, None) => out.push('-'),
                _ => {}
            }
            out.push_str("</td>");
        }
    }
}

fn number(out: &mut String, at: usize, column: &Column, object: &Object<'_>, value: &Value<'_>) {
    let shown = value.number();
    let limit = column.1 == "Limit" && matches!(object.kind, Kind::Server | Kind::Front);
    let unlimited = limit && shown.unwrap_or(0) == 0 && has_limit(column.2, object.kind);
    let zero = if shown == Some(0) && !unlimited {
        "z"
    } else {
        ""
    };
    let _ = write!(out, "<td{}", edge(at, zero));
    tip(out, details(column.2, object).as_deref());
    out.push('>');
    match shown {
        _ if unlimited => out.push('-'),
        Some(number) => text::grouped(out, number),
        None => {}
    }
    out.push_str("</td>");
}

/// True for limits that a kind of object can have; where none is set the cell says so.
fn has_limit(field: &str, kind: Kind) -> bool {
    matches!(
        (field, kind),
        ("qlimit" | "slim", Kind::Server) | ("rate_lim", Kind::Front)
    )
}

/// What a number is made of, for those who ask.
fn details(field: &str, object: &Object<'_>) -> Option<String> {
    let mut out = String::new();
    let mut line = |words: &str, field: &str| {
        let value = field_text(object, field);
        if !value.is_empty() {
            let _ = writeln!(out, "{words}: {value}");
        }
    };
    match (field, object.kind) {
        ("stot", Kind::Front | Kind::Back | Kind::Server) => {
            line("Cum. connections", "conn_tot");
            line("Cum. sessions", "stot");
            line("New connections", "connect");
            line("Reused connections", "reuse");
            line("Cum. HTTP requests", "req_tot");
            line("- HTTP 1xx responses", "hrsp_1xx");
            line("- HTTP 2xx responses", "hrsp_2xx");
            line("- HTTP 3xx responses", "hrsp_3xx");
            line("- HTTP 4xx responses", "hrsp_4xx");
            line("- HTTP 5xx responses", "hrsp_5xx");
            line("- other responses", "hrsp_other");
            line("Intercepted requests", "intercepted");
            line("Failed hdr rewrites", "wrew");
            line("Internal errors", "eint");
            line("Avg queue time (ms)", "qtime");
            line("Avg connect time (ms)", "ctime");
            line("Avg responses time (ms)", "rtime");
            line("Avg total time (ms)", "ttime");
        }
        ("rate", Kind::Front) => {
            line("Current connection rate (/s)", "conn_rate");
            line("Current session rate (/s)", "rate");
            line("Current request rate (/s)", "req_rate");
        }
        ("rate_max", Kind::Front) => {
            line("Max connection rate (/s)", "conn_rate_max");
            line("Max session rate (/s)", "rate_max");
            line("Max request rate (/s)", "req_rate_max");
        }
        ("scur", Kind::Server) => {
            line("Current active connections", "scur");
            line("Current used connections", "used_conn_cur");
            line("Current idle connections", "srv_icur");
            line("Active connections limit", "slim");
            line("Idle connections limit", "src_ilim");
        }
        ("eresp", Kind::Back | Kind::Server) => {
            line("Connection resets during transfers, client", "cli_abrt");
            line("Connection resets during transfers, server", "srv_abrt");
        }
        ("chkfail", Kind::Server) => {
            line("Failed Health Checks", "chkfail");
            line("Failed Health Analyses", "hanafail");
        }
        _ => {}
    }
    let out = out.trim_end();
    (!out.is_empty()).then(|| out.to_owned())
}

/// `L7OK/200 in 3ms`, or the server that is tracked.
fn check(out: &mut String, at: usize, object: &Object<'_>, value: &Value<'_>) {
    let _ = write!(out, "<td{}", edge(at, "c"));
    if let Some(tracked) = object.tracked() {
        out.push_str(">via ");
        let tracked = text::escaped(&tracked);
        link(out, &tracked, &tracked, None);
        out.push_str("</td>");
        return;
    }
    let Value::Str(status) = value else {
        out.push_str("></td>");
        return;
    };
    let mut meaning = field_text(object, "check_desc");
    let said = field_text(object, "last_chk");
    if !said.is_empty() {
        let _ = write!(meaning, ": {said}");
    }
    tip(out, Some(&meaning));
    out.push('>');
    text::html(out, status);
    let code = field_text(object, "check_code");
    if !code.is_empty() {
        let _ = write!(out, "/{code}");
    }
    let duration = field_text(object, "check_duration");
    if !duration.is_empty() {
        let _ = write!(out, " in {duration}ms");
    }
    out.push_str("</td>");
}
