//! Outcomes of a check by the names HAProxy gives them (manual 4.2 `http-check expect`, management 9.1).

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// `UNK`
    Unknown,
    /// `INI`: not checked yet.
    Initializing,
    /// `SOCKERR`: no socket could be had.
    SocketError,
    /// `HANA`: `observe` counted too many errors.
    Observed,
    /// `L4OK`
    L4Ok,
    /// `L4TOUT`
    L4Timeout,
    /// `L4CON`
    L4Connection,
    /// `L6OK`
    L6Ok,
    /// `L6TOUT`
    L6Timeout,
    /// `L6RSP`
    L6Response,
    /// `L7OK`
    L7Ok,
    /// `L7OKC`
    L7Conditional,
    /// `L7TOUT`
    L7Timeout,
    /// `L7RSP`
    L7Response,
    /// `L7STS`
    L7Status,
}

/// What an outcome means for the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing yet.
    Neutral,
    /// It works.
    Passed,
    /// It works, and asks for no new sessions.
    Conditional,
    /// It does not.
    Failed,
}

struct Row(Code, &'static str, &'static str, Verdict);

/// One row per outcome, in the order of the enum.
const TABLE: &[Row] = &[
    Row(Code::Unknown, "UNK", "Unknown", Verdict::Neutral),
    Row(Code::Initializing, "INI", "Initializing", Verdict::Neutral),
    Row(
        Code::SocketError,
        "SOCKERR",
        "Socket error",
        Verdict::Failed,
    ),
    Row(Code::Observed, "HANA", "Health analyze", Verdict::Failed),
    Row(Code::L4Ok, "L4OK", "Layer4 check passed", Verdict::Passed),
    Row(Code::L4Timeout, "L4TOUT", "Layer4 timeout", Verdict::Failed),
    Row(
        Code::L4Connection,
        "L4CON",
        "Layer4 connection problem",
        Verdict::Failed,
    ),
    Row(Code::L6Ok, "L6OK", "Layer6 check passed", Verdict::Passed),
    Row(Code::L6Timeout, "L6TOUT", "Layer6 timeout", Verdict::Failed),
    Row(
        Code::L6Response,
        "L6RSP",
        "Layer6 invalid response",
        Verdict::Failed,
    ),
    Row(Code::L7Ok, "L7OK", "Layer7 check passed", Verdict::Passed),
    Row(
        Code::L7Conditional,
        "L7OKC",
        "Layer7 check conditionally passed",
        Verdict::Conditional,
    ),
    Row(Code::L7Timeout, "L7TOUT", "Layer7 timeout", Verdict::Failed),
    Row(
        Code::L7Response,
        "L7RSP",
        "Layer7 invalid response",
        Verdict::Failed,
    ),
    Row(
        Code::L7Status,
        "L7STS",
        "Layer7 wrong status",
        Verdict::Failed,
    ),
];

impl Code {
    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
    /// As in the CSV's `check_status`: `L7OK`.
    pub fn short(self) -> &'static str {
        self.row().1
    }
    /// As in logs and the CSV's `check_desc`: `Layer7 check passed`.
    pub fn text(self) -> &'static str {
        self.row().2
    }
    /// What it means.
    pub fn verdict(self) -> Verdict {
        self.row().3
    }
    /// The outcome of this short name.
    pub fn by_name(short: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == short).map(|row| row.0)
    }
    /// True if a code of the protocol (HTTP status) belongs to it.
    pub fn has_number(self) -> bool {
        matches!(self, Self::L7Ok | Self::L7Conditional | Self::L7Status)
    }
}

/// What a finished check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it ended.
    pub code: Code,
    /// Status of the protocol (HTTP status); shown where the code has one.
    pub number: u16,
    /// What the server said or what failed; may be empty.
    pub info: String,
    /// How long it took; `None` where nothing was measured (`observe`).
    pub duration_ms: Option<u64>,
}

impl Finding {
    /// An outcome with a word to it.
    pub fn new(code: Code, info: impl Into<String>) -> Self {
        Self {
            code,
            number: 0,
            info: info.into(),
            duration_ms: None,
        }
    }
    /// The same with a protocol status.
    pub fn number(mut self, number: u16) -> Self {
        self.number = number;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_enum() {
        for (at, row) in TABLE.iter().enumerate() {
            assert_eq!(row.0 as usize, at, "{}", row.1);
            assert_eq!(Code::by_name(row.1), Some(row.0));
        }
    }
}
