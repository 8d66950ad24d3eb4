//! One look at what is known of a name, for servers that follow it.

use std::net::IpAddr;
use std::time::Duration;

use super::ask::{self, Heard};
use super::message::{self, Kind, No, Service};
use super::{Numbers, kinds};
use crate::settings::{Prefer, Resolvers};

/// What is wanted of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// Addresses: of the preferred family if it has some of that, else of the other one.
    Addresses(Prefer),
    /// The places of a service (SRV, RFC 2782).
    Services,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The place in the section of the name server that knew it.
    pub server: usize,
    /// Addresses, in the answer's order.
    pub addresses: Vec<IpAddr>,
    /// Services, in the answer's order.
    pub services: Vec<Service>,
}

/// Why nothing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// There is no such name.
    Unknown,
    /// The servers refuse.
    Refused,
    /// No answer.
    Timeout,
    /// Anything else, also that the name has no such record.
    Other,
}

/// Asks the servers of a section, up to `resolve_retries` times, `timeout retry` apart, until one knows the name.
///
/// # Errors
/// What the last answer was, if no server knows it.
pub async fn lookup(
    resolvers: &Resolvers,
    name: &str,
    wanted: Wanted,
    numbers: &Numbers,
) -> Result<Found, Failure> {
    let wait = Duration::from_millis(resolvers.retry);
    let (servers, payload) = (&resolvers.nameservers, resolvers.payload);
    let kinds = match wanted {
        Wanted::Addresses(prefer) => kinds(prefer).to_vec(),
        Wanted::Services => vec![Kind::Srv],
    };
    let mut failure = Failure::Timeout;
    for attempt in 0..resolvers.retries.max(1) {
        // Silence has been waited for already.
        if attempt > 0 && failure != Failure::Timeout {
            tokio::time::sleep(wait).await;
        }
        for &kind in &kinds {
            let number = numbers.next();
            let Some(query) = message::query(number, name.as_bytes(), kind, payload) else {
                return Err(Failure::Other);
            };
            match ask::all(servers, &query, payload, wait).await {
                Heard::Records(from, records) => {
                    return Ok(Found {
                        server: place(servers, from),
                        addresses: records.addresses,
                        services: records.services,
                    });
                }
                Heard::No(no) => failure = no.into(),
                // The other family would not be answered either.
                Heard::Silence => {
                    failure = Failure::Timeout;
                    break;
                }
            }
        }
    }
    Err(failure)
}

fn place<T>(all: &[T], one: &T) -> usize {
    let at = all.iter().position(|other| std::ptr::eq(other, one));
    at.unwrap_or_default()
}

impl From<No> for Failure {
    fn from(no: No) -> Self {
        match no {
            No::Name => Self::Unknown,
            No::Refused => Self::Refused,
            No::Record(_) | No::Other => Self::Other,
        }
    }
}
