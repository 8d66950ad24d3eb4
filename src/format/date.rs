//! Dates as logs write them; the text of a second is made once per thread.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::{Timestamp, tz::TimeZone};

/// Which of the shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `20/Nov/2026:13:49:35.716`, local.
    Millis,
    /// `20/Nov/2026:13:49:35 +0000`, universal time.
    Gmt,
    /// `20/Nov/2026:13:49:35 +0100`, local.
    Local,
}

/// Seconds and milliseconds since the epoch.
pub(super) fn parts(date: SystemTime) -> (i64, u32) {
    match date.duration_since(UNIX_EPOCH) {
        Ok(after) => (
            i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            after.subsec_millis(),
        ),
        Err(_) => (0, 0),
    }
}

/// The text of one second: local, with its offset, and universal.
#[derive(Default)]
struct Second {
    number: Option<i64>,
    local: Vec<u8>,
    gmt: Vec<u8>,
}

const STEM: usize = 20;

thread_local! {
    static LAST: RefCell<Second> = RefCell::default();
    static ZONE: TimeZone = TimeZone::system();
}

/// Appends the date.
pub(super) fn write(date: SystemTime, shape: Shape, out: &mut Vec<u8>) {
    let (seconds, millis) = parts(date);
    LAST.with_borrow_mut(|last| {
        if last.number != Some(seconds) {
            last.local = ZONE.with(|zone| text(seconds, zone));
            last.gmt = text(seconds, &TimeZone::UTC);
            last.number = Some(seconds);
        }
        match shape {
            Shape::Gmt => out.extend_from_slice(&last.gmt),
            Shape::Local => out.extend_from_slice(&last.local),
            Shape::Millis => {
                out.extend_from_slice(last.local.get(..STEM).unwrap_or_default());
                let digit = |power: u32| b'0' + (millis / power % 10) as u8;
                out.extend_from_slice(&[b'.', digit(100), digit(10), digit(1)]);
            }
        }
    });
}

fn text(seconds: i64, zone: &TimeZone) -> Vec<u8> {
    let date = Timestamp::from_second(seconds).unwrap_or_default();
    date.to_zoned(zone.clone())
        .strftime("%d/%b/%Y:%H:%M:%S %z")
        .to_string()
        .into_bytes()
}
