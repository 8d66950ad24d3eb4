//! The status page: HAProxy's tables, columns, words and row states, in HTML that needs no script.
//!
//! Rows come from the same fields as the CSV. Everything that was not written here is escaped.

mod cells;
mod links;
mod top;

use std::fmt::Write;

use crate::plan;
use crate::settings::Stats;

use super::info::Info;
use super::object::{Filter, Look, Object, of_proxy};
use super::text;

pub use links::{Form, Outcome, View};

/// What the page is to show.
pub struct Page<'a> {
    /// The process.
    pub info: &'a Info<'a>,
    /// The `stats` lines of the proxy that shows it.
    pub settings: &'a Stats,
    /// What is shown of the plan.
    pub filter: &'a Filter,
    /// What was asked for.
    pub view: &'a View,
    /// Servers may be changed.
    pub admin: bool,
}

const STYLE: &str = include_str!("style.css");

/// The page's HTML.
pub fn render(page: &Page<'_>) -> String {
    let mut out = String::with_capacity(64 * 1024);
    out.push_str("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    out.push_str("<link rel=\"icon\" href=\"data:,\"><title>Statistics Report for ");
    text::html(&mut out, top::NAME);
    if let Some(node) = top::node(page) {
        out.push_str(" on ");
        text::html(&mut out, node);
    }
    out.push_str("</title><style>");
    out.push_str(STYLE);
    out.push_str("</style></head><body>\n");
    top::write(&mut out, page);
    let proxies = page.info.plan.proxies.iter();
    for proxy in proxies.filter(|proxy| page.filter.takes_proxy(proxy)) {
        let objects = of_proxy(page.info.plan, proxy, page.filter, page.info.now);
        if !objects.is_empty() {
            table(&mut out, page, proxy, &objects);
        }
    }
    top::legend(&mut out);
    out.push_str("</body></html>\n");
    out
}

/// One proxy.
fn table(out: &mut String, page: &Page<'_>, proxy: &plan::Proxy, objects: &[Object<'_>]) {
    let admin = page.admin && objects.iter().any(|o| o.server.is_some());
    let name = text::escaped(&proxy.name);
    let _ = write!(out, "<section id=\"{name}\"><div class=\"title\"><h2>");
    let legend = page
        .settings
        .show_legends
        .then(|| cells::proxy_legend(proxy));
    cells::link(out, &name, &name, legend.as_deref());
    let _ = write!(out, " <small>{}</small></h2>", proxy.kind.keyword());
    if let Some(description) = &proxy.settings.description {
        out.push_str("<span>");
        text::html(out, description);
        out.push_str("</span>");
    }
    out.push_str("</div>");
    if admin {
        out.push_str("<form method=\"post\" action=\"");
        text::html(out, &page.view.link(page.settings, |_| {}));
        let _ = write!(
            out,
            "\"><input type=\"hidden\" name=\"b\" value=\"#{}\">",
            proxy.id
        );
    }
    out.push_str("<div class=\"scroll\"><table>");
    cells::head(out);
    out.push_str("<tbody>");
    for object in objects {
        cells::row(out, page, object, admin);
    }
    out.push_str("</tbody></table></div>");
    if admin {
        out.push_str(ACTIONS);
    }
    out.push_str("</section>\n");
}

const ACTIONS: &str = "<div class=\"act\"><label>Choose the action to perform on the checked servers : \
<select name=\"action\"><option value=\"\"></option>\
<option value=\"ready\">Set state to READY</option>\
<option value=\"drain\">Set state to DRAIN</option>\
<option value=\"maint\">Set state to MAINT</option>\
<option value=\"dhlth\">Health: disable checks</option>\
<option value=\"ehlth\">Health: enable checks</option>\
<option value=\"hrunn\">Health: force UP</option>\
<option value=\"hnolb\">Health: force NOLB</option>\
<option value=\"hdown\">Health: force DOWN</option>\
<option value=\"shutdown\">Kill Sessions</option></select></label> \
<button>Apply</button></div></form>";

/// The class of a row, HAProxy's names.
fn class(object: &Object<'_>) -> String {
    use super::object::Kind;
    match object.kind {
        Kind::Front => return "frontend".into(),
        Kind::Listener => return "socket".into(),
        Kind::Back if object.status().0 == "DOWN" => return "backend backend_down".into(),
        Kind::Back => return "backend".into(),
        Kind::Server => {}
    }
    let role = match object.server {
        Some(server) if server.settings.backup => "backup",
        _ => "active",
    };
    let look = match object.status().1 {
        Look::Up => "up",
        Look::GoingDown => "going_down",
        Look::GoingUp => "going_up",
        Look::Down => "down",
        Look::Nolb => "nolb",
        Look::Draining => "draining",
        Look::NoCheck => "no_check",
        Look::Maintain => return "maintain".into(),
    };
    format!("{role}_{look}")
}
