//! Which server a client belongs to: rules, cookies, RDP cookies (manual 4.2 `cookie`, `use-server`, `force-persist`,
//! `ignore-persist`, `persist rdp-cookie`, `option persist`).
//!
//! What is found stands in [`Persistence`]; [`super::obtain`] goes there. Header lines are the stream's business.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use xxhash_rust::xxh64::xxh64;

use crate::acl::Outcome;
use crate::balance::key::rdp_cookie;
use crate::http::cookie_line::Fate;
use crate::plan::{Proxy, Server, Target};
use crate::sample::{Persistence, Scope, Transaction};
use crate::settings::{Cookie, CookieOptions, Options, Persist};
use crate::state::Operational;

/// Cookies that claim to be from later than this, in seconds, are not believed.
const FUTURE: i64 = 86_400;
const DATE: usize = 5;

/// `force-persist` and `ignore-persist`: the first that applies. Once a backend is chosen.
pub fn rules(backend: &Proxy, scope: &mut Scope<'_>) {
    let first = backend.persist.iter().find(|(_, condition)| {
        condition
            .as_ref()
            .is_none_or(|condition| condition.test(scope) == Outcome::Pass)
    });
    match first {
        Some((Persist::Force, _)) => scope.txn.persistence.forced = true,
        Some((Persist::Ignore, _)) => scope.txn.persistence.ignored = true,
        None => {}
    }
}

/// `use-server`: the server of the first rule that applies and names one that can be used.
pub fn prefer(backend: &Arc<Proxy>, scope: &mut Scope<'_>) {
    for (target, condition) in &backend.use_server {
        if condition
            .as_ref()
            .is_some_and(|condition| condition.test(scope) != Outcome::Pass)
        {
            continue;
        }
        let server = match target {
            Target::Index(at) => backend.servers.get(*at),
            Target::Format(format) => {
                let mut name = Vec::new();
                format.render(scope, &mut name);
                let named = |server: &&Arc<Server>| server.settings.name.as_bytes() == name;
                backend.servers.iter().find(named)
            }
        };
        let Some(server) = server else { return };
        if available(backend, server, &scope.txn.persistence) {
            scope.txn.persistence.name(server.index);
            return;
        }
    }
}

/// `persist rdp-cookie`: the server whose address the client's first packet names.
pub fn rdp(backend: &Proxy, txn: &mut Transaction) {
    let Some(name) = &backend.settings.persist_rdp_cookie else {
        return;
    };
    if txn.persistence.direct {
        return;
    }
    let found = rdp_cookie::find(&txn.client_payload.data, name.as_bytes());
    let rdp_cookie::Found::Value(value) = found else {
        return;
    };
    let Some(address) = rdp_address(value) else {
        return;
    };
    let named = backend.servers.iter().find(|server| {
        server.state.address() == Some(address) && available(backend, server, &txn.persistence)
    });
    if let Some(server) = named {
        txn.persistence.name(server.index);
    }
}

/// An address as such cookies have it: the address as a number in the order of bytes of a PC, the port as one in that of the
/// network, and zeroes.
fn rdp_address(value: &[u8]) -> Option<SocketAddr> {
    let mut parts = std::str::from_utf8(value).ok()?.splitn(3, '.');
    let ip: u32 = parts.next()?.parse().ok()?;
    let port: u16 = parts.next()?.parse().ok()?;
    parts.next()?;
    Some((ip.to_le_bytes(), port.swap_bytes()).into())
}

/// Whether a server that persistence names is used: one that is not down, or any with `option persist` and `force-persist`.
pub(super) fn available(backend: &Proxy, server: &Server, persistence: &Persistence) -> bool {
    is_up(server) || persistence.forced || backend.settings.options.contains(Options::PERSIST)
}

fn is_up(server: &Server) -> bool {
    let state = &server.state;
    !state.admin().maint() && state.operational() != Operational::Stopped
}

/// The value that stands for a server in cookies: its own, or with `dynamic` one made of its address and the key.
pub fn value<'s>(backend: &Proxy, server: &'s Server) -> Option<Cow<'s, [u8]>> {
    if let Some(value) = &server.settings.cookie {
        return Some(Cow::Borrowed(value.as_bytes()));
    }
    let settings = &backend.settings;
    let cookie = settings.cookie.as_ref()?;
    let key = settings.dynamic_cookie_key.as_deref()?;
    if !cookie.options.contains(CookieOptions::DYNAMIC) {
        return None;
    }
    let address = server.state.address()?;
    Some(Cow::Owned(dynamic(key, address).into_bytes()))
}

fn dynamic(key: &[u8], address: SocketAddr) -> String {
    let mut hashed = key.to_vec();
    match address {
        SocketAddr::V4(v4) => hashed.extend_from_slice(&v4.ip().octets()),
        SocketAddr::V6(v6) => hashed.extend_from_slice(&v6.ip().octets()),
    }
    hashed.extend_from_slice(&u32::from(address.port()).to_be_bytes());
    format!("{:016x}", xxh64(&hashed, 0))
}

/// A persistence cookie of the client: takes its server if it can, notes what it was, and says what becomes of it.
pub fn presented(backend: &Proxy, txn: &mut Transaction, value: &[u8], now: SystemTime) -> Fate {
    let Some(cookie) = &backend.settings.cookie else {
        return Fate::Keep;
    };
    let prefixed = cookie.options.contains(CookieOptions::PREFIX);
    let separator = memchr::memchr(if prefixed { b'~' } else { b'|' }, value);
    let (mut name, behind) = match separator {
        Some(at) => (&value[..at], value.get(at + 1..)),
        None => (value, None),
    };
    if !prefixed && let Some(old) = dates(cookie, &mut txn.persistence, behind, seconds(now)) {
        txn.cookie_letters[0] = old;
        name = b"";
    }
    find(backend, txn, name);
    match behind {
        Some(rest) if prefixed => Fate::Value(rest.to_vec()),
        _ if cookie
            .options
            .contains(CookieOptions::INSERT | CookieOptions::INDIRECT) =>
        {
            Fate::Remove
        }
        _ => Fate::Keep,
    }
}

/// Looks for the server of that value, and notes the letter of the log.
fn find(backend: &Proxy, txn: &mut Transaction, name: &[u8]) {
    let persistence = &mut txn.persistence;
    let letter = &mut txn.cookie_letters[0];
    let taken = persistence.direct || persistence.ignored;
    for server in backend.servers.iter().filter(|_| !taken) {
        if value(backend, server).is_none_or(|value| *value != *name) {
            continue;
        }
        *letter = if is_up(server) { b'V' } else { b'D' };
        if available(backend, server, persistence) {
            persistence.name(server.index);
            return;
        }
    }
    if matches!(*letter, 0 | b'N') {
        *letter = if taken { b'U' } else { b'I' };
    }
}

/// Reads the dates behind a value. Answers the letter of one that is too old.
fn dates(
    cookie: &Cookie,
    persistence: &mut Persistence,
    behind: Option<&[u8]>,
    now: i64,
) -> Option<u8> {
    let second = behind.and_then(|rest| {
        let at = memchr::memchr(b'|', rest)?;
        rest.get(at + 1..)
    });
    let last = behind.map_or(0, date);
    let first = second.map_or(0, date);
    let old = |date: i64, most: i64| {
        most > 0 && date != 0 && (now > date.saturating_add(most) || date > now + FUTURE)
    };
    let letter = match () {
        () if old(first, cookie.maxlife) => Some(b'O'),
        () if old(last, cookie.maxidle) => Some(b'E'),
        () => None,
    };
    let (last, first) = if letter.is_some() {
        (0, 0)
    } else {
        (last, first)
    };
    (persistence.last_date, persistence.first_date) = (last, first);
    letter
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A date of a cookie: 30 bits of a quarter of the seconds since 1970, of which HAProxy takes the highest for a sign. 0
/// for what is none.
fn date(text: &[u8]) -> i64 {
    let Some(text) = text.get(..DATE) else {
        return 0;
    };
    let value = text.iter().try_fold(0_u32, |value, byte| {
        let digit = ALPHABET.iter().position(|digit| digit == byte)?;
        Some(value * 64 + digit as u32)
    });
    i64::from((value.unwrap_or(0) << 2) as i32)
}

/// A date as cookies have it.
fn written(seconds: i64) -> [u8; DATE] {
    let value = seconds.saturating_add(3) / 4;
    let digit = |place: i64| ALPHABET[(value >> (6 * place)) as usize % 64];
    [4, 3, 2, 1, 0].map(digit)
}

fn seconds(now: SystemTime) -> i64 {
    now.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64)
}

/// The `Set-Cookie` value that tells the client its server, if it has to be told, and the letter of the log. `post`: it
/// asked with POST.
pub fn inserted(
    backend: &Proxy,
    server: &Server,
    persistence: &Persistence,
    post: bool,
    now: SystemTime,
) -> Option<(Vec<u8>, u8)> {
    let cookie = backend.settings.cookie.as_ref()?;
    let now = seconds(now);
    let Persistence {
        direct,
        last_date,
        first_date,
        ..
    } = *persistence;
    let stale = (cookie.maxidle > 0 || last_date != 0) && (last_date == 0 || last_date < now);
    let undated = (cookie.maxlife > 0) != (first_date != 0);
    let wanted = cookie.options.contains(CookieOptions::INSERT)
        && (!direct || stale || undated)
        && (post || !cookie.options.contains(CookieOptions::POSTONLY))
        && !persistence.ignored;
    if !wanted || !backend.lists(server) {
        return None;
    }
    let mut text = [cookie.name.as_bytes(), b"="].concat();
    match value(backend, server) {
        Some(value) => {
            text.extend_from_slice(&value);
            if cookie.maxidle > 0 || cookie.maxlife > 0 {
                text.push(b'|');
                text.extend_from_slice(&written(now));
            }
            if cookie.maxlife > 0 {
                text.push(b'|');
                let first = if first_date != 0 { first_date } else { now };
                text.extend_from_slice(&written(first));
            }
        }
        None => text.extend_from_slice(b"; Expires=Thu, 01-Jan-1970 00:00:01 GMT"),
    }
    text.extend_from_slice(b"; path=/");
    text.extend_from_slice(&cookie.attributes);
    Some((text, if direct { b'U' } else { b'I' }))
}

/// What becomes of a persistence cookie that the server sets, and the letter of the log.
pub fn offered(
    backend: &Proxy,
    server: &Server,
    persistence: &Persistence,
    set: &[u8],
) -> (Fate, u8) {
    let Some(cookie) = &backend.settings.cookie else {
        return (Fate::Keep, b'P');
    };
    let options = cookie.options;
    let listed = backend.lists(server);
    if options.contains(CookieOptions::PRESERVE) {
        return (Fate::Keep, b'P');
    }
    if (listed && options.contains(CookieOptions::INSERT))
        || (persistence.direct && options.contains(CookieOptions::INDIRECT))
    {
        return (Fate::Remove, b'D');
    }
    let own = value(backend, server).filter(|_| listed);
    match own {
        Some(own) if options.contains(CookieOptions::REWRITE) => {
            (Fate::Value(own.into_owned()), b'R')
        }
        Some(own) if options.contains(CookieOptions::PREFIX) => {
            (Fate::Value([&own, &b"~"[..], set].concat()), b'R')
        }
        _ => (Fate::Keep, b'P'),
    }
}

#[cfg(test)]
#[path = "persist_tests.rs"]
mod tests;
