//! Sessions that go on from earlier ones (manual 3.2 `tune.ssl.cachesize`, `tune.ssl.lifetime`; 5.1 `tls-ticket-keys`,
//! `no-tls-tickets`).
//!
//! One memory for the process, shared by all workers and listeners, which outlives reloads and changes of
//! certificates: [`Resumption`]. Each listener reaches into it with its [`Context`]: what was judged under other rules
//! about clients cannot be found there (RFC 8446 4.6.1, 8.1). Must not know certificates.

mod keys;
mod sessions;
mod tickets;

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;

use keys::OwnKeys;
pub use keys::{BadKeys, TicketKeys};
pub use sessions::Sessions;
use sessions::Store;
use tickets::{Source, Tickets};

/// What a session was judged by, as a digest: sessions of equal contexts may go on in each other's place.
pub(super) type Context = [u8; 32];

/// How long tickets last where nothing else is said: OpenSSL's default, seconds.
const TICKET_LIFETIME: u64 = 7200;
/// How long sessions are kept where nothing else is said: `tune.ssl.lifetime`, seconds.
const SESSION_LIFETIME: u64 = 300;

/// What the process remembers of sessions, and what its tickets are sealed with.
#[derive(Debug, Default)]
pub struct Resumption {
    /// Sessions that are remembered here.
    pub sessions: Arc<Sessions>,
    /// Keys of tickets where no file gives them.
    own: Arc<OwnKeys>,
}

/// What lines say about going on from earlier sessions.
#[derive(Debug, Clone)]
pub struct ResumeSettings {
    /// `tune.ssl.cachesize`, blocks of 200 bytes; 0 remembers nothing.
    pub cache: usize,
    /// `tune.ssl.lifetime`, seconds.
    pub lifetime: Option<u64>,
    /// `tls-ticket-keys`.
    pub keys: Option<Arc<TicketKeys>>,
    /// `no-tls-tickets`.
    pub no_tickets: bool,
    /// `allow-0rtt`: bytes a client may send with its first flight; 0 for none.
    pub early: u32,
}

impl Default for ResumeSettings {
    fn default() -> Self {
        Self {
            cache: 20_000,
            lifetime: None,
            keys: None,
            no_tickets: false,
            early: 0,
        }
    }
}

impl Resumption {
    /// Lets sessions of this configuration go on later.
    pub(super) fn attach(
        &self,
        settings: &ResumeSettings,
        context: Context,
        config: &mut ServerConfig,
    ) {
        config.session_storage = match settings.cache {
            0 => Arc::new(NoServerSessionStorage {}),
            blocks => Arc::new(Store {
                sessions: self.sessions.clone(),
                context,
                blocks,
                lifetime: settings.lifetime.unwrap_or(SESSION_LIFETIME),
            }),
        };
        config.max_early_data_size = settings.early;
        // Whoever is early is answered early.
        config.send_half_rtt_data = settings.early > 0;
        // Early data could be replayed where a ticket is worth more than once: it is taken with sessions from memory
        // only, each of which is given out once (RFC 8446 8.1).
        if settings.no_tickets || settings.early > 0 {
            return;
        }
        let source = match &settings.keys {
            Some(keys) => Source::File(keys.clone()),
            None => Source::Own(self.own.clone()),
        };
        config.ticketer = Arc::new(Tickets {
            source,
            context,
            lifetime: settings.lifetime.unwrap_or(TICKET_LIFETIME),
        });
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    rustls::pki_types::UnixTime::now().as_secs()
}
