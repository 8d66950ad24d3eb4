//! Times and sizes with units (manual 2.5).

/// Units of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `us`
    Microseconds,
    /// `ms`
    Milliseconds,
    /// `s`
    Seconds,
    /// `m`
    Minutes,
    /// `h`
    Hours,
    /// `d`
    Days,
}

impl Unit {
    fn microseconds(self) -> u64 {
        match self {
            Self::Microseconds => 1,
            Self::Milliseconds => 1_000,
            Self::Seconds => 1_000_000,
            Self::Minutes => 60_000_000,
            Self::Hours => 3_600_000_000,
            Self::Days => 86_400_000_000,
        }
    }
}

/// The longest time a keyword takes, as in HAProxy: 2^31 - 1 ms.
pub const MAX_MILLISECONDS: u64 = i32::MAX as u64;

/// A time as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Time {
    /// Milliseconds, rounded up.
    pub milliseconds: u64,
    /// What HAProxy warns of: letters behind the unit, as in `10sec`.
    pub warning: Option<String>,
}

/// Reads a time. The text says its unit or means `default`.
pub fn time(text: &str, default: Unit) -> Result<Time, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let units = [
        ("us", Unit::Microseconds),
        ("ms", Unit::Milliseconds),
        ("s", Unit::Seconds),
        ("m", Unit::Minutes),
        ("h", Unit::Hours),
        ("d", Unit::Days),
    ];
    let (unit, rest) = match units
        .iter()
        .find_map(|(name, u)| Some((*u, unit.strip_prefix(name)?)))
    {
        Some(found) => found,
        None if unit.is_empty() => (default, ""),
        None => return Err(unexpected(unit, text)),
    };
    let warning = rest.chars().next().map(|bad| trailing(bad, text));
    if digits == 0 {
        return Err(format!("expects a time, found '{text}'"));
    }
    let overflow = || {
        format!(
            "timer overflow in argument '{text}' (maximum value is 2147483647 ms or ~24.8 days)"
        )
    };
    let number: u64 = number.parse().map_err(|_| overflow())?;
    let micros = number
        .checked_mul(unit.microseconds())
        .ok_or_else(overflow)?;
    match micros {
        1..1_000 => Err(format!(
            "timer underflow in argument '{text}' (minimum non-null value is 1 ms)"
        )),
        _ if micros.div_ceil(1_000) > MAX_MILLISECONDS => Err(overflow()),
        _ => Ok(Time {
            milliseconds: micros.div_ceil(1_000),
            warning,
        }),
    }
}

/// HAProxy's warning about letters behind the unit of a time.
pub fn trailing(bad: char, text: &str) -> String {
    format!(
        "unexpected character '{bad}' after the timer value '{text}', only (us=microseconds,\
         ms=milliseconds,s=seconds,m=minutes,h=hours,d=days) are supported. This will be \
         reported as an error in next versions."
    )
}

/// A size in bytes: a number and optionally `k`, `m` or `g`, in either case.
pub fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let shift = match unit {
        "" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        other => return Err(unexpected(other, text)),
    };
    if digits == 0 {
        return Err(format!("expects a size, found '{text}'"));
    }
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| format!("size overflow in '{text}'"))
}

fn unexpected(rest: &str, text: &str) -> String {
    format!(
        "unexpected character '{}' in '{text}'",
        rest.chars().next().unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_and_limits() {
        for (text, wanted) in [
            ("5", Some(5)),
            ("0", Some(0)),
            ("5s", Some(5_000)),
            ("1500us", Some(2)),
            ("2m", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("24d", Some(2_073_600_000)),
            ("25d", None),
            ("10us", None),
            ("5x", None),
            ("s", None),
            ("", None),
            ("-5", None),
            ("99999999999999999999", None),
        ] {
            let found = time(text, Unit::Milliseconds).ok();
            assert_eq!(found.map(|time| time.milliseconds), wanted, "{text}");
        }
        let odd = time("3", Unit::Seconds);
        assert_eq!(
            odd,
            Ok(Time {
                milliseconds: 3_000,
                warning: None
            })
        );
        let odd = time("10sec", Unit::Milliseconds).unwrap_or(Time {
            milliseconds: 0,
            warning: None,
        });
        assert_eq!(odd.milliseconds, 10_000);
        assert!(
            odd.warning
                .is_some_and(|text| text.starts_with("unexpected character 'e' after"))
        );
    }

    #[test]
    fn sizes_have_units() {
        for (text, wanted) in [
            ("5", Some(5)),
            ("1k", Some(1024)),
            ("2M", Some(2 << 20)),
            ("1g", Some(1 << 30)),
            ("k", None),
            ("1t", None),
            ("99999999999999999999g", None),
        ] {
            assert_eq!(bytes(text).ok(), wanted, "{text}");
        }
    }
}
