//! Dates as text.

use jiff::tz::TimeZone;

use super::*;
use crate::sample::args::Args;
use crate::sample::scope::Scope;

const UNITS: &[&str] = &["s", "ms", "us"];
const STRFTIME: &[Param] = &[need(Kind::Str), may(Kind::Int)];
const HTTP: &[Param] = &[may(Kind::Int), may(Kind::Choice(UNITS))];

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("http_date", HTTP, Type::Str, Convert::Int(http_date), "a date as HTTP headers have it"),
    entry("ltime", STRFTIME, Type::Str, Convert::Int(|n, args, _| Some(strftime(n, args, true))), "a date by a strftime(3) format, local time"),
    entry("ms_ltime", STRFTIME, Type::Str, Convert::Int(|n, args, _| Some(strftime(n.div_euclid(1000), args, true))), "a date in milliseconds by a strftime(3) format, local time"),
    entry("ms_utime", STRFTIME, Type::Str, Convert::Int(|n, args, _| Some(strftime(n.div_euclid(1000), args, false))), "a date in milliseconds by a strftime(3) format, UTC"),
    entry("us_ltime", STRFTIME, Type::Str, Convert::Int(|n, args, _| Some(strftime(n.div_euclid(1_000_000), args, true))), "a date in microseconds by a strftime(3) format, local time"),
    entry("us_utime", STRFTIME, Type::Str, Convert::Int(|n, args, _| Some(strftime(n.div_euclid(1_000_000), args, false))), "a date in microseconds by a strftime(3) format, UTC"),
    entry("utime", STRFTIME, Type::Str, Convert::Int(|n, args, _| Some(strftime(n, args, false))), "a date by a strftime(3) format, UTC"),
];

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Seconds since 1970 are taken modulo 2^55, as HAProxy does to stay within the C library's years.
const RANGE: i64 = 0x007f_ffff_ffff_ffff;

/// A date taken apart. Years are wide: HAProxy's dates go to the year 1141709097.
struct Parts {
    /// Seconds since 1970, UTC.
    seconds: i64,
    /// Seconds that local time is ahead.
    offset: i64,
    zone: String,
    year: i64,
    /// From 0.
    month: i64,
    day: i64,
    /// Day of the year, from 0.
    yearday: i64,
    /// Sunday is 0.
    weekday: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Parts {
    fn new(seconds: i64, local: bool) -> Self {
        let (offset, zone) = if local {
            local_offset(seconds)
        } else {
            (0, "GMT".to_owned())
        };
        let here = seconds + offset;
        let (days, clock) = (here.div_euclid(86400), here.rem_euclid(86400));
        // Civil date from days, counted from 1 March of the year 0.
        let shifted = days + 719_468;
        let (era, in_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let in_era_year =
            (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096).div_euclid(365);
        let march_day = in_era - (365 * in_era_year + in_era_year / 4 - in_era_year / 100);
        let march_month = (5 * march_day + 2) / 153;
        let month = (march_month + 2) % 12;
        let year = era * 400 + in_era_year + i64::from(month < 2);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let yearday = if month < 2 {
            march_day - 306
        } else {
            march_day + 59 + i64::from(leap)
        };
        Self {
            seconds,
            offset,
            zone,
            year,
            month,
            day: march_day - (153 * march_month + 2) / 5 + 1,
            yearday,
            weekday: (days + 4).rem_euclid(7),
            hour: clock / 3600,
            minute: clock / 60 % 60,
            second: clock % 60,
        }
    }

    fn day_name(&self) -> &'static str {
        DAYS.get(self.weekday as usize).copied().unwrap_or_default()
    }

    fn month_name(&self) -> &'static str {
        MONTHS.get(self.month as usize).copied().unwrap_or_default()
    }

    fn hour12(&self) -> i64 {
        (self.hour + 11) % 12 + 1
    }

    /// Week of the year with this first weekday.
    fn week(&self, first: i64) -> i64 {
        (self.yearday + 7 - (self.weekday - first).rem_euclid(7)) / 7
    }

    /// ISO 8601 year and week.
    fn iso(&self) -> (i64, i64) {
        let monday = (self.weekday + 6) % 7;
        let week = (self.yearday - monday + 10) / 7;
        if week < 1 {
            let year = self.year - 1;
            return (year, iso_weeks(year));
        }
        if week > iso_weeks(self.year) {
            return (self.year + 1, 1);
        }
        (self.year, week)
    }

    /// What a conversion character gives; nothing for one that is none.
    fn conversion(&self, letter: u8, pad: Option<u8>) -> Option<String> {
        let number = |n: i64, width: usize, default: u8| match pad.unwrap_or(default) {
            b'-' => n.to_string(),
            b'_' => format!("{n:width$}"),
            _ => format!("{n:0width$}"),
        };
        let all = |letters: &str| -> String {
            letters
                .bytes()
                .map(|byte| {
                    if byte.is_ascii_alphabetic() {
                        self.conversion(byte, None).unwrap_or_default()
                    } else {
                        char::from(byte).to_string()
                    }
                })
                .collect()
        };
        Some(match letter {
            b'a' => self.day_name().chars().take(3).collect(),
            b'A' => self.day_name().to_owned(),
            b'b' | b'h' => self.month_name().chars().take(3).collect(),
            b'B' => self.month_name().to_owned(),
            b'c' => all("a b e T Y"),
            b'C' => number(self.year.div_euclid(100), 2, b'0'),
            b'd' => number(self.day, 2, b'0'),
            b'D' | b'x' => all("m/d/y"),
            b'e' => number(self.day, 2, b'_'),
            b'F' => all("Y-m-d"),
            b'g' => number(self.iso().0.rem_euclid(100), 2, b'0'),
            b'G' => number(self.iso().0, 1, b'0'),
            b'H' => number(self.hour, 2, b'0'),
            b'I' => number(self.hour12(), 2, b'0'),
            b'j' => number(self.yearday + 1, 3, b'0'),
            b'k' => number(self.hour, 2, b'_'),
            b'l' => number(self.hour12(), 2, b'_'),
            b'm' => number(self.month + 1, 2, b'0'),
            b'M' => number(self.minute, 2, b'0'),
            b'n' => "\n".to_owned(),
            b'p' => if self.hour < 12 { "AM" } else { "PM" }.to_owned(),
            b'P' => if self.hour < 12 { "am" } else { "pm" }.to_owned(),
            b'r' => all("I:M:S p"),
            b'R' => all("H:M"),
            b's' => self.seconds.to_string(),
            b'S' => number(self.second, 2, b'0'),
            b't' => "\t".to_owned(),
            b'T' | b'X' => all("H:M:S"),
            b'u' => ((self.weekday + 6) % 7 + 1).to_string(),
            b'U' => number(self.week(0), 2, b'0'),
            b'V' => number(self.iso().1, 2, b'0'),
            b'w' => self.weekday.to_string(),
            b'W' => number(self.week(1), 2, b'0'),
            b'y' => number(self.year.rem_euclid(100), 2, b'0'),
            b'Y' => number(self.year, 1, b'0'),
            b'z' => {
                let sign = if self.offset < 0 { '-' } else { '+' };
                let minutes = self.offset.abs() / 60;
                format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
            }
            b'Z' => self.zone.clone(),
            b'%' => "%".to_owned(),
            _ => return None,
        })
    }
}

/// The number of ISO weeks of a year.
fn iso_weeks(year: i64) -> i64 {
    // The weekday of 31 December, Sunday being 0.
    let last = |year: i64| {
        (year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400)).rem_euclid(7)
    };
    52 + i64::from(last(year) == 4 || last(year - 1) == 3)
}

/// How far local time is ahead then, and what it is called.
fn local_offset(seconds: i64) -> (i64, String) {
    let Ok(time) = jiff::Timestamp::from_second(seconds) else {
        return (0, "UTC".to_owned());
    };
    let zone = TimeZone::system();
    let info = zone.to_offset_info(time);
    (
        i64::from(info.offset().seconds()),
        info.abbreviation().to_owned(),
    )
}

fn strftime(seconds: i64, args: &Args, local: bool) -> Value<'static> {
    let seconds = (seconds & RANGE).wrapping_add(args.int_or(1, 0));
    let parts = Parts::new(seconds, local);
    let mut out = Vec::with_capacity(32);
    let mut rest = args.text(0);
    while let Some(at) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        let tail = rest.get(at..).unwrap_or_default();
        let (pad, letter, taken) = match tail {
            [_, pad @ (b'-' | b'_' | b'0'), letter, ..] => (Some(*pad), *letter, 3),
            [_, b'E' | b'O', letter, ..] => (None, *letter, 3),
            [_, letter, ..] => (None, *letter, 2),
            _ => (None, 0, 1),
        };
        match parts.conversion(letter, pad) {
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                rest = tail.get(taken..).unwrap_or_default();
            }
            None => {
                // No conversion stands for itself.
                let shown = taken.min(2);
                out.extend_from_slice(tail.get(..shown).unwrap_or_default());
                rest = tail.get(shown..).unwrap_or_default();
            }
        }
    }
    out.extend_from_slice(rest);
    Value::owned(out)
}

fn http_date<'s>(date: i64, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let date = date.wrapping_add(args.int_or(0, 0));
    let (seconds, fraction) = match args.int_or(1, 0) {
        0 => (date, String::new()),
        1 => (date / 1000, format!(".{}", date % 1000)),
        _ => (date / 1_000_000, format!(".{}", date % 1_000_000)),
    };
    let parts = Parts::new(seconds & RANGE, false);
    let text = |letter| parts.conversion(letter, None).unwrap_or_default();
    Some(Value::owned(format!(
        "{}, {} {} {} {}{fraction} GMT",
        text(b'a'),
        text(b'd'),
        text(b'b'),
        text(b'Y'),
        text(b'T')
    )))
}
