//! Tickets: a session, sealed, that the client keeps (RFC 5077, RFC 8446 4.6.1).
//!
//! ```text
//! name of the key 16 │ salt 16 │ made at, seconds 8 │ sealed session │ tag 16
//! ```
//!
//! Each ticket has a key of its own: HMAC-SHA256 of salt and context under the named key; AES-256-GCM seals. The keys
//! come from HAProxy's files, the tickets are not HAProxy's: neither reads the other's.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use rustls::server::ProducesTickets;

use super::keys::{NAME, OwnKeys, Secret, TicketKeys};
use super::{Context, now};

const SALT: usize = 16;
const HEAD: usize = NAME + SALT + 8;

/// Where keys come from.
#[derive(Debug)]
pub(super) enum Source {
    File(Arc<TicketKeys>),
    Own(Arc<OwnKeys>),
}

/// Makes tickets, and takes them back.
#[derive(Debug)]
pub(super) struct Tickets {
    pub source: Source,
    pub context: Context,
    /// Seconds.
    pub lifetime: u64,
}

impl Tickets {
    fn seal(&self, session: &[u8], now: u64) -> Option<Vec<u8>> {
        let secret = match &self.source {
            Source::File(keys) => keys.sealing(),
            Source::Own(keys) => keys.sealing(now, self.lifetime),
        }?;
        let mut salt = [0; SALT];
        aws_lc_rs::rand::fill(&mut salt).ok()?;
        let mut ticket = Vec::with_capacity(HEAD + session.len() + 16);
        ticket.extend_from_slice(&secret.name);
        ticket.extend_from_slice(&salt);
        ticket.extend_from_slice(&now.to_be_bytes());
        let mut sealed = session.to_vec();
        let (key, nonce) = self.key(&secret, &salt)?;
        key.seal_in_place_append_tag(nonce, Aad::from(&ticket[..]), &mut sealed)
            .ok()?;
        ticket.append(&mut sealed);
        Some(ticket)
    }

    fn open(&self, ticket: &[u8], now: u64) -> Option<Vec<u8>> {
        let (head, sealed) = ticket.split_at_checked(HEAD)?;
        let (name, rest) = head.split_first_chunk()?;
        let (salt, made) = rest.split_first_chunk()?;
        let age = now.checked_sub(u64::from_be_bytes(made.try_into().ok()?))?;
        let secret = match &self.source {
            Source::File(keys) => keys.named(name),
            Source::Own(keys) => keys.named(name),
        }?;
        let mut session = sealed.to_vec();
        let (key, nonce) = self.key(&secret, salt)?;
        let opened = key.open_in_place(nonce, Aad::from(head), &mut session);
        let size = opened.ok()?.len();
        session.truncate(size);
        (age <= self.lifetime).then_some(session)
    }

    /// The key of one ticket. It seals one thing only, so its nonce need not differ.
    fn key(&self, secret: &Secret, salt: &[u8; SALT]) -> Option<(LessSafeKey, Nonce)> {
        let mut derive = hmac::Context::with_key(&secret.key);
        derive.update(salt);
        derive.update(&self.context);
        let key = UnboundKey::new(&AES_256_GCM, derive.sign().as_ref()).ok()?;
        Some((LessSafeKey::new(key), Nonce::assume_unique_for_key([0; 12])))
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        // The most that RFC 8446 allows is a week.
        u32::try_from(self.lifetime.min(604_800)).unwrap_or(u32::MAX)
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.seal(plain, now())
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.open(cipher, now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tickets(source: Source, context: u8) -> Tickets {
        Tickets {
            source,
            context: [context; 32],
            lifetime: 300,
        }
    }

    fn file(keys: [u8; 3]) -> Source {
        let keys = keys.map(|n| vec![n; 48]);
        Source::File(Arc::new(TicketKeys::new("f", &keys).unwrap()))
    }

    #[test]
    fn tickets_open_under_the_same_keys_and_context_for_their_time() {
        let own = Arc::new(OwnKeys::default());
        let (one, other) = (
            tickets(Source::Own(own.clone()), 1),
            tickets(Source::Own(own), 2),
        );
        let ticket = one.seal(b"session", 1000).unwrap();
        assert_eq!(one.open(&ticket, 1000).as_deref(), Some(&b"session"[..]));
        assert_eq!(one.open(&ticket, 1300).as_deref(), Some(&b"session"[..]));
        assert_eq!(one.open(&ticket, 1301), None);
        assert_eq!(one.open(&ticket, 999), None);
        assert_eq!(other.open(&ticket, 1000), None);
        for at in 0..ticket.len() {
            let mut broken = ticket.clone();
            broken[at] ^= 1;
            assert_eq!(one.open(&broken, 1000), None, "{at}");
            assert_eq!(one.open(&ticket[..at], 1000), None, "{at}");
        }
    }

    #[test]
    fn files_that_share_a_key_share_tickets() {
        let (old, new) = (tickets(file([1, 2, 3]), 1), tickets(file([2, 3, 4]), 1));
        let ticket = old.seal(b"session", 1000).unwrap();
        assert!(new.open(&ticket, 1000).is_some());
        let later = tickets(file([3, 4, 5]), 1);
        assert_eq!(later.open(&ticket, 1000), None);
    }
}
