//! When each response is to be asked for again, and how it went so far. Time is an argument.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::plan::Plan;
use crate::tls::ocsp::{Response, SKEW, responder};
use crate::tls::{Certificate, Slot};

/// How an update went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// There was none, or it could not begin.
    #[default]
    Unknown = 0,
    /// Well.
    Success = 1,
    /// Nobody answered, or not as HTTP has it.
    Http = 2,
    /// What was answered is said to be something else than a response.
    Kind = 3,
    /// The response is not one, or not to be believed.
    Check = 4,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unknown => "Unknown",
            Self::Success => "Update successful",
            Self::Http => "HTTP error",
            Self::Kind => "Missing \"ocsp-response\" header",
            Self::Check => "OCSP response check failure",
        })
    }
}

/// A line of `show ssl ocsp-updates`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The certificate's id, in hexadecimal.
    pub id: String,
    /// The certificate's file.
    pub file: String,
    /// When the next update is due, seconds since 1970; `None`: on order only.
    pub next: Option<u64>,
    /// When the last one was that went well.
    pub last: Option<u64>,
    /// How many went well.
    pub successes: u32,
    /// How many did not.
    pub failures: u32,
    /// How the last one went.
    pub status: Outcome,
}

#[derive(Debug)]
struct Entry {
    row: Row,
    slot: Arc<Slot<Certificate>>,
    /// Failures since the last success.
    streak: u32,
    running: bool,
    /// Somebody has ordered one.
    ordered: bool,
}

/// All that is kept fresh, and what was ordered besides.
#[derive(Debug, Default)]
pub(super) struct Book {
    entries: Vec<Entry>,
    delays: (u64, u64),
    plan: Option<Arc<Plan>>,
}

impl Book {
    /// From here on these are the certificates. What is known of those that were there before stays known.
    pub fn replace(&mut self, plan: &Arc<Plan>, now: u64) {
        let mut before = std::mem::take(&mut self.entries);
        self.delays = plan.global.ocsp.delays;
        self.plan = Some(plan.clone());
        for slot in wanted(plan) {
            let Some(certificate) = slot.current() else {
                continue;
            };
            let Some(id) = certificate.ocsp_id() else {
                continue;
            };
            let id = hex(&id.der());
            if self.entries.iter().any(|entry| entry.row.id == id) {
                continue;
            }
            let known = before.iter().position(|entry| entry.row.id == id);
            let mut entry = match known.map(|at| before.swap_remove(at)) {
                Some(known) => {
                    hand_over(&known.slot, &certificate, now);
                    Entry { slot, ..known }
                }
                None if responder(&certificate.leaf).is_none() => continue,
                None => Entry::new(id, slot),
            };
            certificate.staple.activate();
            // Who was silent a moment ago is not asked sooner for it.
            entry.row.next = entry.row.next.or_else(|| {
                let response = certificate.staple.response();
                Some(response.map_or(now, |response| due(&response, self.delays, now)))
            });
            self.entries.push(entry);
        }
        // What was ordered and has not come yet goes on.
        self.entries.extend(
            before
                .into_iter()
                .filter(|entry| entry.running || entry.ordered)
                .map(|mut entry| {
                    entry.row.next = None;
                    entry
                }),
        );
    }

    /// Looks again at what the plan's certificates are: the runtime API changes them.
    pub fn look_again(&mut self, now: u64) {
        if let Some(plan) = self.plan.clone() {
            self.replace(&plan, now);
        }
    }

    /// A certificate whose response is to be asked for now.
    pub fn next_due(&mut self, now: u64) -> Option<(String, Arc<Certificate>)> {
        let due = |entry: &&mut Entry| {
            let time = entry.row.next.is_some_and(|next| next <= now);
            !entry.running && (entry.ordered || time) && entry.slot.current().is_some()
        };
        let entry = self.entries.iter_mut().find(due)?;
        let certificate = entry.slot.current()?;
        (entry.running, entry.ordered) = (true, false);
        Some((entry.row.file.clone(), certificate))
    }

    /// How long until the next one is.
    pub fn wait(&self, now: u64) -> Option<Duration> {
        let waiting = self.entries.iter().filter(|entry| !entry.running);
        let next = waiting.filter_map(|entry| entry.row.next).min()?;
        Some(Duration::from_secs(next.saturating_sub(now)).max(Duration::from_millis(100)))
    }

    /// An update of this file's certificate is ordered. False: it has nothing to do with OCSP.
    pub fn order(&mut self, file: &str) -> bool {
        let known = self.entries.iter_mut().find(|entry| entry.row.file == file);
        if let Some(entry) = known {
            entry.ordered = true;
            return true;
        }
        let plan = self.plan.as_ref();
        let slot = plan.and_then(|plan| plan.certificates.certificates.find(file));
        let id = slot.as_ref().and_then(|slot| {
            let certificate = slot.current()?;
            certificate.ocsp_id().map(|id| hex(&id.der()))
        });
        let Some((slot, id)) = slot.zip(id) else {
            return false;
        };
        let mut entry = Entry::new(id, slot);
        entry.ordered = true;
        self.entries.push(entry);
        true
    }

    /// How an update went: a good response is stapled. What is known now, to be told.
    pub fn told(
        &mut self,
        file: &str,
        told: &Result<Arc<Response>, Outcome>,
        now: u64,
    ) -> Option<Row> {
        let at = self
            .entries
            .iter()
            .position(|entry| entry.row.file == file && entry.running)?;
        let (delays, plan) = (self.delays, self.plan.clone());
        let entry = self.entries.get_mut(at)?;
        entry.running = false;
        let next = match told {
            Ok(response) => {
                entry.streak = 0;
                entry.row.successes += 1;
                entry.row.last = Some(now);
                entry.row.status = Outcome::Success;
                if let Some(plan) = plan {
                    staple(&plan, response);
                }
                due(response, delays, now)
            }
            Err(why) => {
                entry.row.failures += 1;
                entry.row.status = *why;
                let later = backoff(delays, entry.streak);
                entry.streak += 1;
                now + later
            }
        };
        if entry.row.next.is_some() {
            entry.row.next = Some(next);
        }
        let row = entry.row.clone();
        if row.next.is_none() && !entry.ordered {
            self.entries.swap_remove(at);
        }
        Some(row)
    }

    /// What is kept fresh, the next one first.
    pub fn rows(&self) -> Vec<Row> {
        let kept = self.entries.iter().filter(|entry| entry.row.next.is_some());
        let mut rows: Vec<Row> = kept.map(|entry| entry.row.clone()).collect();
        rows.sort_by(|a, b| (a.next, &a.id).cmp(&(b.next, &b.id)));
        rows
    }
}

impl Entry {
    fn new(id: String, slot: Arc<Slot<Certificate>>) -> Self {
        Self {
            row: Row {
                id,
                file: slot.name.clone(),
                next: None,
                last: None,
                successes: 0,
                failures: 0,
                status: Outcome::Unknown,
            },
            slot,
            streak: 0,
            running: false,
            ordered: false,
        }
    }
}

/// Certificates whose responses are to be kept fresh.
fn wanted(plan: &Plan) -> Vec<Arc<Slot<Certificate>>> {
    let (mode, disabled) = (plan.global.ocsp.mode, plan.global.ocsp.disabled);
    let listeners = plan.proxies.iter().flat_map(|proxy| &proxy.listeners);
    let mut all: Vec<Arc<Slot<Certificate>>> = Vec::new();
    for front in listeners.filter_map(|listener| listener.tls.as_ref()) {
        for (slot, settings) in front.settings().places() {
            let known = all.iter().any(|known| Arc::ptr_eq(known, &slot));
            let said = settings.ocsp_update;
            let said = said.or_else(|| plan.certificates.kept_fresh(&slot.name));
            if said.unwrap_or(mode) && !disabled && !known {
                all.push(slot);
            }
        }
    }
    all
}

/// A reload reads files again; what was asked for before need not be asked for anew.
fn hand_over(old: &Slot<Certificate>, new: &Certificate, now: u64) {
    let before = old.current().and_then(|old| old.staple.response());
    if let Some(response) = before.filter(|response| response.stapled_until() > now)
        && new.staple.response().is_none()
    {
        new.answer(response);
    }
}

/// Staples a response to all certificates that it is about.
fn staple(plan: &Plan, response: &Arc<Response>) {
    for slot in plan.certificates.certificates.all() {
        if let Some(certificate) = slot.current().filter(|one| one.staple.is_active())
            && certificate.ocsp_id() == Some(&response.id)
        {
            certificate.answer(response.clone());
        }
    }
}

/// When a response is to be asked for again: before it ends, but neither too soon nor too late.
fn due(response: &Response, (least, most): (u64, u64), now: u64) -> u64 {
    let left = response.next_update.saturating_sub(SKEW + now);
    now + left.clamp(least, most.max(least))
}

/// How long nobody is asked after so many failures.
fn backoff((least, most): (u64, u64), streak: u32) -> u64 {
    let doubled = least.saturating_mul(1 << streak.min(16));
    doubled.min(most.max(least))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A moment in the system's time zone.
pub fn date(moment: SystemTime, format: &str) -> String {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let Ok(moment) = jiff::Timestamp::from_millisecond(millis) else {
        return "-".to_owned();
    };
    let zoned = moment.to_zoned(jiff::tz::TimeZone::system());
    zoned.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_followed_by_longer_and_longer_silence() {
        let waits: Vec<u64> = (0..6).map(|streak| backoff((300, 3600), streak)).collect();
        assert_eq!(waits, [300, 600, 1200, 2400, 3600, 3600]);
        assert_eq!(backoff((300, 300), u32::MAX), 300);
    }

    #[test]
    fn outcomes_have_haproxys_numbers_and_words() {
        assert_eq!(Outcome::Check as u8, 4);
        assert_eq!(Outcome::Success.to_string(), "Update successful");
    }
}
