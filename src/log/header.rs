//! What stands before the text of a log line: priority, date, host, tag (RFC 3164, RFC 5424, manual 3.1).

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::settings::{Global, LogFormat};

/// Who speaks: host name and process id. The same for all lines of a process.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    host: Option<Arc<str>>,
    pid: Arc<str>,
}

impl Identity {
    /// Takes the host name from `log-send-hostname`, or from the system where that names none.
    pub(super) fn new(global: &Global) -> Self {
        let system = || {
            let name = nix::unistd::gethostname().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        let host = global
            .log_send_hostname
            .as_ref()
            .map(|name| name.clone().unwrap_or_else(system).into());
        Self {
            host,
            pid: std::process::id().to_string().into(),
        }
    }

    /// True under `log-send-hostname`.
    pub(super) fn sends_hostname(&self) -> bool {
        self.host.is_some()
    }
}

/// Writes the head of a line in this framing. `priority` is facility × 8 + level.
pub(super) fn write(
    format: LogFormat,
    now: SystemTime,
    priority: u8,
    identity: &Identity,
    tag: &str,
    data: &[u8],
    out: &mut Vec<u8>,
) {
    let host = |absent| identity.host.as_deref().unwrap_or(absent);
    let pid = &*identity.pid;
    let put = |out: &mut Vec<u8>, parts: &[&str]| {
        for part in parts {
            out.extend_from_slice(part.as_bytes());
        }
    };
    let mut digits = [0; 3];
    let facility_and_level = decimal(priority, &mut digits);
    let mut digits = [0; 3];
    let level = decimal(priority & 7, &mut digits);
    match format {
        LogFormat::Raw => {}
        LogFormat::Priority => put(out, &["<", facility_and_level, ">"]),
        LogFormat::Short => put(out, &["<", level, ">"]),
        LogFormat::Timed => {
            Clock::with(now, |clock| put(out, &["<", level, ">", clock.iso(), " "]))
        }
        LogFormat::Iso => Clock::with(now, |clock| put(out, &[clock.iso(), " "])),
        LogFormat::Unset | LogFormat::Local => Clock::with_seconds(now, |clock| {
            put(out, &["<", facility_and_level, ">", clock.bsd(), " "]);
            put(out, &[tag, "[", pid, "]: "]);
        }),
        LogFormat::Rfc3164 => Clock::with_seconds(now, |clock| {
            put(out, &["<", facility_and_level, ">", clock.bsd(), " "]);
            put(out, &[host("localhost"), " ", tag, "[", pid, "]: "]);
        }),
        LogFormat::Rfc5424 => Clock::with(now, |clock| {
            put(out, &["<", facility_and_level, ">1 ", clock.iso(), " "]);
            put(out, &[host("-"), " ", tag, " ", pid, " - "]);
            out.extend_from_slice(if data.is_empty() { b"-" } else { data });
            out.push(b' ');
        }),
    }
}

/// A small number in decimal digits.
fn decimal(n: u8, digits: &mut [u8; 3]) -> &str {
    *digits = [n / 100, n / 10 % 10, n % 10].map(|digit| b'0' + digit);
    let from = if n >= 100 { 0 } else { 1 + usize::from(n < 10) };
    digits
        .get(from..)
        .and_then(|text| std::str::from_utf8(text).ok())
        .unwrap_or_default()
}

/// The wall clock as text. One per thread; the text is made anew only when the second changes.
#[derive(Debug, Default)]
pub struct Clock {
    second: u64,
    bsd: String,
    iso: String,
    /// Where the microseconds stand in `iso`.
    fraction: usize,
}

thread_local! {
    static CLOCK: RefCell<Clock> = RefCell::default();
}

impl Clock {
    /// Lends this thread's clock, set to `now`.
    pub fn with<T>(now: SystemTime, then: impl FnOnce(&Self) -> T) -> T {
        CLOCK.with_borrow_mut(|clock| {
            clock.set(now, zone());
            clock.set_micros(now);
            then(clock)
        })
    }

    /// As [`Self::with`] for who needs no more than seconds: what [`Self::iso`] gives is older.
    fn with_seconds<T>(now: SystemTime, then: impl FnOnce(&Self) -> T) -> T {
        CLOCK.with_borrow_mut(|clock| {
            clock.set(now, zone());
            then(clock)
        })
    }

    fn set(&mut self, now: SystemTime, zone: &TimeZone) {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        if since.as_secs() != self.second || self.bsd.is_empty() {
            self.second = since.as_secs();
            let at = Timestamp::from_second(self.second.cast_signed()).unwrap_or_default();
            let local = at.to_zoned(zone.clone());
            self.bsd = local.strftime("%b %e %H:%M:%S").to_string();
            self.iso = local.strftime("%Y-%m-%dT%H:%M:%S.000000%:z").to_string();
            self.fraction = self.iso.find('.').map_or(0, |dot| dot + 1);
        }
    }

    fn set_micros(&mut self, now: SystemTime) {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = since.subsec_micros();
        let mut digits = [0u8; 6];
        let mut rest = micros;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        if let (Ok(text), true) = (std::str::from_utf8(&digits), self.fraction > 0) {
            self.iso
                .replace_range(self.fraction..self.fraction + 6, text);
        }
    }

    /// `Nov 20 13:37:31`, local time.
    pub fn bsd(&self) -> &str {
        &self.bsd
    }

    /// `2026-11-20T13:37:31.520715+00:00`, local time.
    pub fn iso(&self) -> &str {
        &self.iso
    }
}

/// The system's time zone, read once: a chroot hides its file.
pub(super) fn zone() -> &'static TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    ZONE.get_or_init(TimeZone::system)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_text_follows_the_second_and_the_microsecond() {
        let mut clock = Clock::default();
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let at =
            |secs, micros| UNIX_EPOCH + Duration::from_secs(secs) + Duration::from_micros(micros);
        for (now, bsd, iso) in [
            (
                at(0, 7),
                "Jan  1 01:00:00",
                "1970-01-01T01:00:00.000007+01:00",
            ),
            (
                at(0, 654_321),
                "Jan  1 01:00:00",
                "1970-01-01T01:00:00.654321+01:00",
            ),
            (
                at(951_782_400, 0),
                "Feb 29 01:00:00",
                "2000-02-29T01:00:00.000000+01:00",
            ),
        ] {
            clock.set(now, &zone);
            clock.set_micros(now);
            assert_eq!((clock.bsd(), clock.iso()), (bsd, iso));
        }
    }
}
