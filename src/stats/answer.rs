//! Requests for the status page (manual 4.2 `stats …`): who may see it, in what form, what a form may do.

use crate::acl::Outcome as Holds;
use crate::action::Flow;
use crate::check::Checks;
use crate::http::{BodyState, Head, Message, Reply, Version, reply};
use crate::plan;
use crate::sample::{Scope, codec};
use crate::settings::Stats;

use super::info::Info;
use super::object::Filter;
use super::page::{self, Form, Outcome, Page, View};
use super::{admin, csv, json};

/// What the engine has to do.
#[derive(Debug)]
pub enum Answer {
    /// Send this; without its body if the method is HEAD.
    Reply(Box<Reply>),
    /// A `stats http-request` rule decided: as after any ruleset.
    Flow(Flow),
    /// Come again with the whole body, or as much of it as the buffer holds.
    NeedBody,
}

/// True if this request is for the page: its target begins with `stats uri`, its method can be answered.
pub fn wanted(settings: &Stats, head: &Head) -> bool {
    head.target().starts_with(settings.uri.as_bytes())
        && matches!(head.method(), b"GET" | b"HEAD" | b"POST")
}

/// Answers a request that is [`wanted`]. Called again, with `waited`, once the body it asks for is there
/// or as much of it as there will be; its rules then run again, and change nothing.
pub fn answer(
    info: &Info<'_>,
    checks: &Checks,
    proxy: &plan::Proxy,
    scope: &mut Scope<'_>,
    waited: bool,
) -> Answer {
    let Some(settings) = &proxy.settings.stats else {
        return Answer::Reply(Box::new(error(404)));
    };
    match proxy.stats_rules.run(0, scope).0 {
        Flow::Continue | Flow::Accept => {}
        flow => return Answer::Flow(flow),
    }
    let request = &scope.txn.request;
    if !settings.auth.is_empty() && !known_user(settings, &request.head) {
        return Answer::Reply(Box::new(unauthorized(settings)));
    }
    let permitted = proxy
        .stats_admin
        .iter()
        .any(|cond| cond.test(scope) == Holds::Pass);
    let target = String::from_utf8_lossy(scope.txn.request.head.target()).into_owned();
    let view = View::read(target.get(settings.uri.len()..).unwrap_or_default());
    if scope.txn.request.head.method() == b"POST" {
        let request = &scope.txn.request;
        let outcome = match change(info, checks, proxy, settings, permitted, request) {
            Some(outcome) => outcome,
            None if waited => Outcome::Exceeded,
            None => return Answer::NeedBody,
        };
        return Answer::Reply(Box::new(see_other(settings, &view, outcome)));
    }
    Answer::Reply(Box::new(report(info, proxy, settings, &view, permitted)))
}

// --- who ----------------------------------------------------------------------------------------

fn known_user(settings: &Stats, head: &Head) -> bool {
    let Some(header) = head.find(b"authorization") else {
        return false;
    };
    let Some((scheme, token)) = header
        .iter()
        .position(|b| *b == b' ')
        .map(|at| header.split_at(at))
    else {
        return false;
    };
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return false;
    }
    let Some(given) = codec::decode_base64(token.trim_ascii()) else {
        return false;
    };
    let known =
        |(user, password): &(String, String)| same(&given, format!("{user}:{password}").as_bytes());
    // Every account is looked at, so that time does not tell which one was nearly right.
    settings
        .auth
        .iter()
        .filter(|account| known(account))
        .count()
        > 0
}

/// Equality in a time that depends on lengths only.
fn same(given: &[u8], expected: &[u8]) -> bool {
    let differ = given
        .iter()
        .zip(expected)
        .fold(0, |differ, (a, b)| differ | (a ^ b));
    given.len() == expected.len() && differ == 0
}

fn unauthorized(settings: &Stats) -> Reply {
    let realm = settings.realm.as_deref().unwrap_or("HAProxy Statistics");
    let mut reply = error(401);
    let mut value = String::from("Basic realm=\"");
    for c in realm.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            value.push('\\');
        }
        value.push(c);
    }
    value.push('"');
    reply.head.add(b"www-authenticate", value.as_bytes());
    reply
}

fn error(status: u16) -> Reply {
    Reply::builtin(status).clone()
}

// --- changes ------------------------------------------------------------------------------------

/// Does what a form asks for; `None` if its body is not there yet.
fn change(
    info: &Info<'_>,
    checks: &Checks,
    proxy: &plan::Proxy,
    settings: &Stats,
    permitted: bool,
    request: &Message,
) -> Option<Outcome> {
    if !permitted || !same_site(&request.head) {
        return Some(Outcome::Denied);
    }
    if request.body_state == BodyState::Partial {
        let limit = info
            .plan
            .global
            .bufsize
            .saturating_sub(info.plan.global.maxrewrite);
        if request.body.len() >= limit || request.body_len.is_some_and(|n| n > limit as u64) {
            return Some(Outcome::Exceeded);
        }
        return None;
    }
    let Ok(body) = std::str::from_utf8(&request.body) else {
        return Some(Outcome::Parameters);
    };
    let filter = Filter::of_scope(&settings.scope, &proxy.name);
    Some(admin::apply(info.plan, &filter, checks, body))
}

/// False if a browser says that another site made the form: its user's password is no consent.
fn same_site(head: &Head) -> bool {
    if head
        .find(b"sec-fetch-site")
        .is_some_and(|v| v == b"cross-site")
    {
        return false;
    }
    match (head.find(b"origin"), head.find(b"host")) {
        (None, _) => true,
        (Some(origin), Some(host)) => {
            let authority = memchr::memmem::find(origin, b"://").map(|at| &origin[at + 3..]);
            authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
        }
        (Some(_), None) => false,
    }
}

fn see_other(settings: &Stats, view: &View, outcome: Outcome) -> Reply {
    let location = view.link(settings, |v| v.outcome = Some(outcome));
    let mut head = Head::response(Version::HTTP_11, 303, reply::reason(303));
    head.add(b"cache-control", b"no-cache");
    head.add(b"content-type", b"text/plain");
    head.add(b"content-length", b"0");
    head.add(b"location", location.as_bytes());
    Reply {
        head,
        ..Reply::default()
    }
}

// --- the report ---------------------------------------------------------------------------------

fn report(
    info: &Info<'_>,
    proxy: &plan::Proxy,
    settings: &Stats,
    view: &View,
    admin: bool,
) -> Reply {
    let filter = Filter {
        containing: (!view.scope.is_empty()).then(|| view.scope.clone()),
        hide_down: view.up,
        hide_maint: view.no_maint,
        hide_legends: !settings.show_legends,
        ..Filter::of_scope(&settings.scope, &proxy.name)
    };
    let (kind, body): (&[u8], String) = match view.form {
        Form::Csv => (b"text/plain", csv::csv(info.plan, &filter, info.now)),
        Form::Typed => (
            b"text/plain",
            csv::typed(info.plan, &filter, info.now, false),
        ),
        Form::Json => (
            b"application/json",
            json::json(info.plan, &filter, info.now),
        ),
        Form::Html => {
            let page = Page {
                info,
                settings,
                filter: &filter,
                view,
                admin,
            };
            (b"text/html; charset=utf-8", page::render(&page))
        }
    };
    let mut head = Head::response(Version::HTTP_11, 200, reply::reason(200));
    head.add(b"cache-control", b"no-cache");
    head.add(b"content-type", kind);
    if let Some(seconds) = settings.refresh.filter(|n| *n > 0 && !view.norefresh) {
        head.add(b"refresh", seconds.to_string().as_bytes());
    }
    // No script, no frame, no form that leads elsewhere: whatever a server's name may hold.
    let policy: &[u8] =
        b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; \
                          base-uri 'none'; frame-ancestors 'self'";
    head.add(b"content-security-policy", policy);
    // For browsers that do not know `frame-ancestors`.
    head.add(b"x-frame-options", b"SAMEORIGIN");
    head.add(b"x-content-type-options", b"nosniff");
    head.add(b"content-length", body.len().to_string().as_bytes());
    Reply {
        head,
        body: body.into_bytes(),
        silent: false,
    }
}
