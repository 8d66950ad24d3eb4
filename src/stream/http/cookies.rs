//! Cookies of requests and responses: persistence and captures, in one walk over the lines (manual 4.2 `cookie`,
//! `capture cookie`, `option checkcache`).

use std::sync::Arc;

use super::Stop;
use super::cacheable::Cacheable;
use super::exchange::Exchange;
use crate::backend::{Lease, persist};
use crate::end::{Cause, Stage};
use crate::http::cookie_line::{Fate, Line, Pair, Style, walk};
use crate::http::{Head, Method};
use crate::log::ALERT;
use crate::settings::{CookieOptions, Options};

/// Keeps the first cookie whose name begins so.
struct Capture<'a> {
    wanted: Option<&'a (String, usize)>,
    slot: &'a mut Option<Box<[u8]>>,
}

impl Capture<'_> {
    fn see(&mut self, pair: Pair<'_>) {
        if let Some((name, length)) = self.wanted
            && self.slot.is_none()
            && pair.text.starts_with(name.as_bytes())
        {
            *self.slot = Some(pair.text[..pair.text.len().min(*length)].into());
        }
    }
}

/// Walks over all lines of a name.
fn edit(head: &mut Head, name: &[u8], style: Style, mut see: impl FnMut(Pair<'_>) -> Fate) {
    let mut from = 0;
    while let Some(at) = head.position(name, from) {
        let Some(field) = head.field(at) else { return };
        from = at + 1;
        match walk(field.value, style, &mut see) {
            Line::Same => {}
            Line::Changed(value) => head.replace_value(at, &value),
            Line::Gone => {
                head.remove_at(at);
                from = at;
            }
        }
    }
}

impl Exchange {
    /// What logs say of the cookie as long as nothing is known of it.
    pub(super) fn expect_cookie(&mut self) {
        let cookie = self.backend.settings.cookie.as_ref();
        let logged = cookie.is_some_and(|c| c.options.intersects(CookieOptions::LOGGED));
        self.txn.cookie_letters = if logged { [b'N'; 2] } else { [0; 2] };
    }

    /// `force-persist` and `ignore-persist`.
    pub(super) fn persist_rules(&mut self) {
        if !self.backend.persist.is_empty() {
            let backend = self.backend.clone();
            persist::rules(&backend, &mut self.scope());
        }
    }

    /// `use-server`.
    pub(super) fn prefer_server(&mut self) {
        if !self.backend.use_server.is_empty() {
            let backend = self.backend.clone();
            persist::prefer(&backend, &mut self.scope());
        }
    }

    /// The client's cookies, once the rules are through with the request or refuse it. Rules do not see what is captured here.
    pub(super) fn client_cookies(&mut self) {
        let backend = Arc::clone(&self.backend);
        let wanted = self.frontend.settings.capture_cookie.as_ref();
        let cookie = backend.settings.cookie.as_ref();
        if (wanted.is_none() && cookie.is_none()) || self.txn.request.head.find(b"cookie").is_none()
        {
            return;
        }
        let now = self.worker.now().date;
        let mut head = std::mem::take(&mut self.txn.request.head);
        let mut slot = self.txn.cookie_captures[0].take();
        let txn = &mut *self.txn;
        edit(&mut head, b"cookie", Style::Request, |pair| {
            let slot = &mut slot;
            Capture { wanted, slot }.see(pair);
            match cookie {
                Some(cookie) if pair.name == cookie.name.as_bytes() => {
                    persist::presented(&backend, txn, pair.value, now)
                }
                _ => Fate::Keep,
            }
        });
        self.txn.request.head = head;
        self.txn.cookie_captures[0] = slot;
        if cookie.is_some_and(|cookie| !cookie.options.intersects(CookieOptions::LOGGED)) {
            self.txn.cookie_letters = [0; 2];
        }
        let named = self.txn.persistence.server;
        if let Some(server) = named.and_then(|at| backend.servers.get(at)) {
            self.txn.server = Some(server.state.clone());
            self.txn.server_id = server.id;
        }
    }

    /// The server's cookies, once the rules are through with the response: edited, captured, and ours added.
    pub(super) fn server_cookies(&mut self, lease: &Lease) -> Result<(), Stop> {
        let settings = Arc::clone(&self.backend.settings);
        let checks = settings.options.contains(Options::CHECK_CACHE);
        let cookie = settings.cookie.as_ref();
        if cookie.is_none() && !checks && self.frontend.settings.capture_cookie.is_none() {
            return Ok(());
        }
        let head = &self.txn.response.head;
        let sets = head.find(b"set-cookie").is_some() || head.find(b"set-cookie2").is_some();
        if sets {
            self.offered_cookies(lease);
        }
        let nocache = cookie.is_some_and(|c| c.options.contains(CookieOptions::NOCACHE));
        let mut cacheable = Cacheable::default();
        if checks || nocache {
            let method = self.txn.request.head.known_method();
            cacheable = Cacheable::of(method, &self.txn.response.head);
        }
        let inserted = persist::inserted(
            &self.backend,
            lease.server(),
            &self.txn.persistence,
            self.txn.request.head.known_method() == Method::Post,
            self.worker.now().date,
        );
        let kept = cookie.is_some_and(|c| c.options.contains(CookieOptions::PRESERVE))
            && self.txn.cookie_letters[1] == b'P';
        if let Some((value, letter)) = inserted.filter(|_| !kept) {
            self.txn.response.head.add(b"set-cookie", &value);
            self.txn.cookie_letters[1] = letter;
            if nocache && cacheable.body {
                self.txn.response.head.add(b"cache-control", b"private");
                cacheable = Cacheable::default();
            }
        }
        match checks && sets && cacheable.body && cacheable.cookie {
            true => Err(self.shared_cookie(lease)),
            false => Ok(()),
        }
    }

    /// Walks over what the server sets.
    fn offered_cookies(&mut self, lease: &Lease) {
        let backend = Arc::clone(&self.backend);
        let wanted = self.frontend.settings.capture_cookie.as_ref();
        let cookie = backend.settings.cookie.as_ref();
        let mut slot = self.txn.cookie_captures[1].take();
        let persistence = self.txn.persistence;
        let mut letter = None;
        let head = &mut self.txn.response.head;
        for (name, style) in [
            (&b"set-cookie"[..], Style::Response),
            (b"set-cookie2", Style::Response2),
        ] {
            edit(head, name, style, |pair| {
                let slot = &mut slot;
                Capture { wanted, slot }.see(pair);
                let ours = cookie.is_some_and(|cookie| pair.name == cookie.name.as_bytes());
                if !ours || persistence.ignored {
                    return Fate::Keep;
                }
                let (fate, said) =
                    persist::offered(&backend, lease.server(), &persistence, pair.value);
                letter = Some(said);
                fate
            });
        }
        self.txn.cookie_captures[1] = slot;
        let logged = cookie.is_some_and(|c| c.options.intersects(CookieOptions::LOGGED));
        if let (Some(letter), true) = (letter, logged) {
            self.txn.cookie_letters[1] = letter;
        }
    }

    /// `option checkcache`: a response that would share a cookie is blocked, and the operator told. HAProxy answers with the
    /// page of the response's own status.
    fn shared_cookie(&mut self, lease: &Lease) -> Stop {
        let text = format!(
            "Blocking cacheable cookie in response from instance {}, server {}.",
            self.backend.name,
            lease.server().settings.name
        );
        let now = self.worker.now().date;
        self.backend.log.send(now, ALERT, text.as_bytes());
        self.frontend.state.front.denied_responses.inc();
        self.backend.state.back.denied_responses.inc();
        self.txn.timers.response = None;
        Stop::error(
            self.txn.response.head.status(),
            Cause::Proxy,
            Stage::Headers,
        )
    }
}
