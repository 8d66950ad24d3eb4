//! What a statistics field is: a name, what kind of number, a line of documentation (management 9.1).

use std::borrow::Cow;

/// The value of a field for one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// The field means nothing here.
    None,
    /// A signed number.
    S32(i32),
    /// A small number.
    U32(u32),
    /// A counter.
    U64(u64),
    /// Text.
    Str(Cow<'a, str>),
}

impl Value<'_> {
    /// Borrowed or owned text.
    pub fn text<'a>(text: impl Into<Cow<'a, str>>) -> Value<'a> {
        Value::Str(text.into())
    }

    /// `u32`, `str` …, as the typed output names it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::None => "",
            Self::S32(_) => "s32",
            Self::U32(_) => "u32",
            Self::U64(_) => "u64",
            Self::Str(_) => "str",
        }
    }

    /// As a number, where it is one.
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::U32(n) => Some(u64::from(*n)),
            Self::U64(n) => Some(*n),
            Self::S32(n) => u64::try_from(*n).ok(),
            Self::None | Self::Str(_) => None,
        }
    }

    /// Appends it as plain text; nothing for [`Value::None`].
    pub fn write(&self, out: &mut String) {
        use std::fmt::Write;
        let _ = match self {
            Self::None => Ok(()),
            Self::S32(n) => write!(out, "{n}"),
            Self::U32(n) => write!(out, "{n}"),
            Self::U64(n) => write!(out, "{n}"),
            Self::Str(text) => {
                out.push_str(text);
                Ok(())
            }
        };
    }
}

/// Origin, nature and scope of a field, by HAProxy's letters (`MCP`: metric, counter, process).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tags(pub &'static str);

impl Tags {
    fn letter(self, at: usize) -> u8 {
        self.0.as_bytes().get(at).copied().unwrap_or(b'?')
    }

    /// In words, for JSON.
    pub fn origin(self) -> &'static str {
        match self.letter(0) {
            b'M' => "Metric",
            b'S' => "Status",
            b'K' => "Key",
            b'C' => "Config",
            b'P' => "Product",
            _ => "Unknown",
        }
    }

    /// In words, for JSON.
    pub fn nature(self) -> &'static str {
        match self.letter(1) {
            b'G' => "Gauge",
            b'L' => "Limit",
            b'm' => "Min",
            b'M' => "Max",
            b'R' => "Rate",
            b'C' => "Counter",
            b'D' => "Duration",
            b'A' => "Age",
            b'T' => "Time",
            b'N' => "Name",
            b'O' => "Output",
            b'a' => "Avg",
            _ => "Unknown",
        }
    }

    /// In words, for JSON.
    pub fn scope(self) -> &'static str {
        match self.letter(2) {
            b'C' => "Cluster",
            b'P' => "Process",
            b'S' => "Service",
            b's' => "System",
            _ => "Unknown",
        }
    }
}
