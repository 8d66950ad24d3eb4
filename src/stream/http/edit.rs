//! What the proxy itself adds to messages and takes down from them (manual 4.2 `option forwardfor`, `option originalto`,
//! `unique-id-header`, `capture`).

use std::io::Write;
use std::net::IpAddr;

use super::exchange::Exchange;
use super::forwarded;
use crate::http::Head;
use crate::sample::Address;
use crate::settings::{self, ForwardFor};

impl Exchange {
    /// Adds the headers that options ask for, after all request rules.
    pub(super) fn edit_request(&mut self) {
        let tls = self.connection.client.session.tls.as_ref();
        if tls.is_some_and(|tls| tls.is_early()) {
            // RFC 8470 5.1: a server that must not take it twice says so (425).
            self.txn.request.head.add(b"early-data", b"1");
        }
        let (front, back) = (&self.frontend, &self.backend);
        let adds = |settings: &settings::Proxy| {
            settings.forward_for.is_some() || settings.original_to.is_some()
        };
        if !adds(&front.settings)
            && !adds(&back.settings)
            && back.forwarded.is_none()
            && front.unique_id_format.is_none()
        {
            return;
        }
        self.add_unique_id();
        let (front, back) = (&self.frontend.settings, &self.backend.settings);
        let session = &self.connection.client.session;
        let head = &mut self.txn.request.head;
        let source = self.txn.source.as_ref().unwrap_or(&session.source);
        if let Some(how) = back.forward_for.as_ref().or(front.forward_for.as_ref()) {
            add_address(head, how, source);
        }
        let destination = self
            .txn
            .destination
            .as_ref()
            .unwrap_or(&session.destination);
        if let Some(how) = back.original_to.as_ref().or(front.original_to.as_ref()) {
            add_address(head, how, destination);
        }
        self.add_forwarded();
    }

    fn add_unique_id(&mut self) {
        if self.frontend.settings.unique_id_header.is_none() {
            return;
        }
        let id = self.scope().unique_id().map(<[u8]>::to_vec);
        if let (Some(name), Some(id)) = (&self.frontend.settings.unique_id_header, id) {
            self.txn.request.head.add(name.as_bytes(), &id);
        }
    }

    fn add_forwarded(&mut self) {
        if self.backend.forwarded.is_none() {
            return;
        }
        let backend = self.backend.clone();
        let how = backend.forwarded.as_ref();
        let value = how.and_then(|how| forwarded::value(how, &self.scope()));
        if let Some(value) = value {
            self.txn.request.head.add(b"forwarded", value.as_bytes());
        }
    }

    /// `capture request header`
    pub(super) fn capture_request(&mut self) {
        let txn = &mut *self.txn;
        capture(
            &txn.request.head,
            &self.frontend.captures.request,
            txn.request_captures.list_mut(),
        );
        // Its slots show in the logs even if no response comes.
        let slots = self.frontend.captures.response.len();
        txn.response_captures.list_mut().resize(slots, None);
    }

    /// `capture response header`
    pub(super) fn capture_response(&mut self) {
        let txn = &mut *self.txn;
        capture(
            &txn.response.head,
            &self.frontend.captures.response,
            txn.response_captures.list_mut(),
        );
    }
}

fn add_address(head: &mut Head, how: &ForwardFor, address: &Address) {
    let Some(address) = address.ip() else { return };
    let ip = address.ip();
    let excepted = how.except.is_some_and(|net| net.contains(&ip));
    if excepted || (how.if_none && head.find(how.header.as_bytes()).is_some()) {
        return;
    }
    let mut text = [0; 48];
    head.add(how.header.as_bytes(), written(ip, &mut text));
}

fn written(ip: IpAddr, text: &mut [u8; 48]) -> &[u8] {
    if let IpAddr::V4(ip) = ip {
        return dotted(ip.octets(), text);
    }
    let mut rest = &mut text[..];
    let _ = write!(rest, "{ip}");
    let left = rest.len();
    &text[..text.len() - left]
}

/// An IPv4 address. Every request that names its client has one written, so it is done by hand.
fn dotted(octets: [u8; 4], text: &mut [u8; 48]) -> &[u8] {
    let mut at = 0;
    let mut push = |byte: u8| {
        text[at] = byte;
        at += 1;
    };
    for (index, octet) in octets.into_iter().enumerate() {
        if index > 0 {
            push(b'.');
        }
        if octet >= 100 {
            push(b'0' + octet / 100);
        }
        if octet >= 10 {
            push(b'0' + octet / 10 % 10);
        }
        push(b'0' + octet % 10);
    }
    &text[..at]
}

/// Takes the last value of each header into its slot.
fn capture(head: &Head, wanted: &[(String, usize)], slots: &mut Vec<Option<Box<[u8]>>>) {
    if wanted.is_empty() {
        return;
    }
    slots.resize(wanted.len(), None);
    for ((name, length), slot) in wanted.iter().zip(slots) {
        if let Some(value) = head.values(name.as_bytes()).next_back() {
            *slot = Some(cut(value, *length));
        }
    }
}

fn cut(value: &[u8], length: usize) -> Box<[u8]> {
    value
        .get(..length.min(value.len()))
        .unwrap_or_default()
        .into()
}
