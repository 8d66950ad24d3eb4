//! The head of the page: who, how it is, what the colours mean, what else can be shown.

use std::fmt::Write;

use crate::stats::text;

use super::Page;
use super::links::{Form, Outcome};

/// The program.
pub const NAME: &str = "tidegate";

/// The node's name, where it is to be shown.
pub fn node<'a>(page: &Page<'a>) -> Option<&'a str> {
    match &page.settings.show_node {
        None => None,
        Some(Some(name)) => Some(name),
        Some(None) => Some(page.info.node),
    }
}

fn description<'a>(page: &Page<'a>) -> Option<&'a str> {
    match &page.settings.show_desc {
        None => None,
        Some(Some(text)) => Some(text),
        Some(None) => page.info.plan.global.description.as_deref(),
    }
}

/// Writes it.
pub fn write(out: &mut String, page: &Page<'_>) {
    let _ = write!(out, "<header><h1>{NAME}");
    if !page.settings.hide_version {
        let _ = write!(out, " <small>version {}</small>", env!("CARGO_PKG_VERSION"));
    }
    let _ = write!(out, "</h1><p>Statistics Report for pid {}", page.info.pid);
    if let Some(node) = node(page) {
        out.push_str(" on ");
        text::html(out, node);
    }
    if let Some(description) = description(page) {
        out.push_str(": ");
        text::html(out, description);
    }
    out.push_str("</p></header>\n");
    if let Some(outcome) = page.view.outcome {
        note(out, page, outcome);
    }
    process(out, page);
    options(out, page);
    out.push('\n');
}

fn note(out: &mut String, page: &Page<'_>, outcome: Outcome) {
    let class = match outcome {
        Outcome::Done => "active_up",
        Outcome::None => "active_no_check",
        Outcome::Part => "active_going_down",
        Outcome::Parameters | Outcome::Exceeded | Outcome::Denied => "active_down",
    };
    let _ = write!(out, "<p class=\"note {class}\" role=\"status\"><a href=\"");
    text::html(out, &page.view.link(page.settings, |_| {}));
    let _ = write!(out, "\">[X]</a> {}</p>", outcome.text());
}

fn process(out: &mut String, page: &Page<'_>) {
    let info = page.info;
    let process = info.process();
    out.push_str("<div class=\"card\"><h3>General process information</h3><dl>");
    let mut row = |name: &str, value: String| {
        let _ = write!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    };
    row("pid", info.pid.to_string());
    row("nbthread", info.threads.to_string());
    row("uptime", text::uptime(info.uptime()));
    row("ulimit-n", info.files.to_string());
    row("maxconn", info.plan.maxconn.to_string());
    row("current conns", process.conns.load().to_string());
    let rate = process.conn_rate.read(info.now.millis);
    row("conn rate", format!("{rate}/sec"));
    row("requests", process.requests.load().to_string());
    row("dropped logs", process.dropped_logs.load().to_string());
    out.push_str("</dl></div>");
}

/// What the colours mean; at the foot, since it says nothing new to who comes often.
pub fn legend(out: &mut String) {
    out.push_str("<div class=\"card\"><h3>Colours</h3><div class=\"legend\">");
    for (class, text) in [
        ("active_up", "active UP"),
        ("backup_up", "backup UP"),
        ("active_going_down", "UP, going down"),
        ("active_going_up", "DOWN, going up"),
        ("active_down", "active or backup DOWN"),
        ("active_no_check", "not checked"),
        ("maintain", "DOWN for maintenance (MAINT)"),
        ("active_draining", "SOFT STOPPED for maintenance"),
    ] {
        let _ = write!(out, "<span class=\"{class}\">{text}</span>");
    }
    out.push_str("</div><p>Note: \"NOLB\"/\"DRAIN\" = UP with load-balancing disabled.</p></div>");
}

fn options(out: &mut String, page: &Page<'_>) {
    let (view, settings) = (page.view, page.settings);
    out.push_str("<div class=\"card options\"><h3>Display option</h3>");
    scope_form(out, page);
    out.push_str("<ul>");
    let mut link = |address: String, words: &str| {
        out.push_str("<li><a href=\"");
        text::html(out, &address);
        let _ = write!(out, "\">{words}</a></li>");
    };
    let words = if view.up {
        "Show all servers"
    } else {
        "Hide 'DOWN' servers"
    };
    link(view.link(settings, |v| v.up = !v.up), words);
    if settings.refresh.is_some() {
        let words = if view.norefresh {
            "Enable refresh"
        } else {
            "Disable refresh"
        };
        link(view.link(settings, |v| v.norefresh = !v.norefresh), words);
    }
    link(view.link(settings, |_| {}), "Refresh now");
    let export = |form| {
        view.link(settings, |v| {
            v.form = form;
            v.norefresh = settings.refresh.is_some();
        })
    };
    link(export(Form::Csv), "CSV export");
    link(export(Form::Json), "JSON export");
    out.push_str("</ul></div>");
}

/// A form that keeps the other choices: its answer is `stats uri` with a query of its own, which would
/// replace the query `stats uri` may have, so that is repeated in hidden fields.
fn scope_form(out: &mut String, page: &Page<'_>) {
    let plain = page.view.link(page.settings, |v| v.scope.clear());
    let (path, query) = plain.split_once('?').unwrap_or((&plain, ""));
    out.push_str("<form method=\"get\" action=\"");
    text::html(out, path);
    out.push_str("\">");
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        out.push_str("<input type=\"hidden\" name=\"");
        text::html(out, &text::unquery(name));
        out.push_str("\" value=\"");
        text::html(out, &text::unquery(value));
        out.push_str("\">");
    }
    out.push_str("<label>Scope : <input name=\"scope\" size=\"12\" maxlength=\"20\" value=\"");
    text::html(out, &page.view.scope);
    out.push_str("\"></label></form>");
}
