//! One `log` line, linked: which levels it takes, how it frames them, where they go.

use std::sync::Mutex;
use std::time::SystemTime;

use crate::settings::{LogFormat, LogSink, LogTarget};

use super::Unusable;
use super::header::{self, Identity};
use super::patience::Patience;
use super::sink::Sink;

/// A linked `log` line.
#[derive(Debug)]
pub(super) struct Target {
    sink: Sink,
    patience: Patience,
    format: LogFormat,
    max_len: usize,
    facility: u8,
    level: u8,
    min_level: u8,
    sample: Option<Sample>,
    identity: Identity,
}

impl Target {
    /// Links a line; `None` for `log global`.
    pub(super) fn new(line: &LogTarget, identity: &Identity) -> Result<Option<Self>, Unusable> {
        let LogTarget::Sink {
            sink,
            len,
            format,
            sample,
            facility,
            level,
            min_level,
        } = line
        else {
            return Ok(None);
        };
        let format = match format {
            LogFormat::Unset if identity.sends_hostname() => LogFormat::Rfc3164,
            LogFormat::Unset => LogFormat::Local,
            said => *said,
        };
        Ok(Some(Self {
            sink: Sink::open(sink)?,
            patience: Patience::default(),
            format,
            // As HAProxy has it: a line to a descriptor is one byte shorter than one in a datagram.
            max_len: match sink {
                LogSink::Fd(_) => len.saturating_sub(1),
                LogSink::Datagram(_) => *len,
            },
            facility: *facility,
            level: *level,
            min_level: *min_level,
            sample: sample
                .as_ref()
                .map(|(ranges, size)| Sample::new(ranges, *size)),
            identity: identity.clone(),
        }))
    }

    /// The level under which a line of this level is sent; `None` where it is not wanted.
    pub(super) fn admits(&self, level: u8) -> Option<u8> {
        let wanted = level <= self.level && self.sample.as_ref().is_none_or(Sample::turn);
        wanted.then(|| level.max(self.min_level))
    }

    /// Makes the whole line, newline included, in `line`.
    pub(super) fn frame(
        &self,
        now: SystemTime,
        level: u8,
        tag: &str,
        data: &[u8],
        text: &[u8],
        line: &mut Vec<u8>,
    ) {
        line.clear();
        let priority = self.facility * 8 + level;
        header::write(self.format, now, priority, &self.identity, tag, data, line);
        line.extend_from_slice(text);
        line.truncate(self.max_len);
        line.push(b'\n');
    }

    /// False while the sink is left alone because it takes nothing.
    pub(super) fn ready(&self, now: SystemTime) -> bool {
        self.patience.allows(now)
    }

    /// Hands a framed line over; false if it was dropped.
    pub(super) fn deliver(&self, now: SystemTime, line: &[u8]) -> bool {
        let taken = self.sink.send(line);
        self.patience.note(now, taken);
        taken
    }
}

/// `sample <ranges>:<size>`: which lines out of each `size` are sent.
#[derive(Debug)]
struct Sample {
    ranges: Box<[(u32, u32)]>,
    size: u32,
    seen: Mutex<u32>,
}

impl Sample {
    fn new(ranges: &[(u32, u32)], size: u32) -> Self {
        Self {
            ranges: ranges.into(),
            size: size.max(1),
            seen: Mutex::new(0),
        }
    }

    /// Counts one line; true if it is among those to send.
    fn turn(&self) -> bool {
        let number = {
            let mut seen = self.seen.lock().unwrap_or_else(|e| e.into_inner());
            *seen = *seen % self.size + 1;
            *seen
        };
        let within = |&(low, high): &(u32, u32)| (low..=high).contains(&number);
        self.ranges.iter().any(within)
    }
}
