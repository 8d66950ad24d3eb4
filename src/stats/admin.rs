//! What the page's forms ask to be done (manual 4.2 `stats admin`).

use crate::check::{By, Checks, Order, Verdicted};
use crate::plan::{self, Plan};

use super::object::Filter;
use super::page::Outcome;
use super::text;

/// A form, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
struct Form {
    backend: Option<String>,
    servers: Vec<String>,
    action: Option<String>,
}

impl Form {
    fn read(body: &str) -> Self {
        let mut form = Self::default();
        for pair in body.trim_end().split('&') {
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let value = text::unquery(value);
            match name {
                "b" => form.backend = Some(value),
                "s" => form.servers.push(value),
                "action" => form.action = Some(value),
                _ => {}
            }
        }
        form
    }
}

/// What can be done to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Order(Order),
    Health(Verdicted),
    Checks(bool),
    Kill,
}

/// HAProxy's words.
const ACTIONS: &[(&str, Action)] = &[
    ("ready", Action::Order(Order::Ready)),
    ("drain", Action::Order(Order::Drain)),
    ("maint", Action::Order(Order::Maint)),
    ("enable", Action::Order(Order::Ready)),
    ("disable", Action::Order(Order::Maint)),
    ("stop", Action::Order(Order::Drain)),
    ("start", Action::Order(Order::Ready)),
    ("hrunn", Action::Health(Verdicted::Up)),
    ("hnolb", Action::Health(Verdicted::Stopping)),
    ("hdown", Action::Health(Verdicted::Down)),
    ("ehlth", Action::Checks(true)),
    ("dhlth", Action::Checks(false)),
    ("shutdown", Action::Kill),
];

/// Does what a form asks for, within what `filter` lets be seen. The caller has checked that it may.
pub fn apply(plan: &Plan, filter: &Filter, checks: &Checks, body: &str) -> Outcome {
    let form = Form::read(body);
    let Some(action) = form.action.as_deref() else {
        return Outcome::None;
    };
    let Some((_, action)) = ACTIONS.iter().find(|(name, _)| *name == action) else {
        return Outcome::Parameters;
    };
    let backend = form.backend.as_deref().unwrap_or_default();
    let Some(proxy) = find(plan, filter, backend) else {
        return Outcome::Parameters;
    };
    let (mut done, mut unknown) = (0, 0);
    // HAProxy reads forms from their end; its messages come in that order.
    for name in form.servers.iter().rev() {
        match proxy.servers.iter().find(|s| s.settings.name == *name) {
            Some(server) => done += u32::from(one(*action, checks, proxy, server)),
            None => unknown += 1,
        }
    }
    match (done, unknown) {
        (0, 0) => Outcome::None,
        (0, _) => Outcome::Parameters,
        (_, 0) => Outcome::Done,
        _ => Outcome::Part,
    }
}

/// A backend by name, or by `#` and its id.
fn find<'a>(plan: &'a Plan, filter: &Filter, backend: &str) -> Option<&'a plan::Proxy> {
    let named = |proxy: &plan::Proxy| match backend.strip_prefix('#') {
        Some(id) => id.parse() == Ok(proxy.id),
        None => *proxy.name == *backend,
    };
    plan.proxies
        .iter()
        .map(|proxy| &**proxy)
        .find(|proxy| proxy.kind.back() && named(proxy) && filter.takes_proxy(proxy))
}

fn one(action: Action, checks: &Checks, proxy: &plan::Proxy, server: &plan::Server) -> bool {
    let (proxy, server) = (&*proxy.name, server.settings.name.as_str());
    match action {
        Action::Order(order) => checks.order(proxy, server, order),
        Action::Health(health) => checks.pronounce(proxy, server, health, By::Web),
        Action::Checks(on) => checks.enable_checks(proxy, server, on),
        Action::Kill => checks.kill_sessions(proxy, server),
    }
}
