//! `log` lines (manual 4.2 `log`, 3.1 `log`).

use super::Endpoint;

/// Message framing of a `log` line's `format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Not said: `local`, or `rfc3164` under `log-send-hostname`.
    #[default]
    Unset,
    /// `local`: `<PRI>Mon dd hh:mm:ss tag[pid]: `.
    Local,
    /// `rfc3164`.
    Rfc3164,
    /// `rfc5424`.
    Rfc5424,
    /// `priority`: `<PRI>` only.
    Priority,
    /// `short`: `<LEVEL>`.
    Short,
    /// `timed`: `<LEVEL>` and a date.
    Timed,
    /// `iso`: an ISO date.
    Iso,
    /// `raw`: nothing.
    Raw,
}

/// Where messages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogSink {
    /// A datagram to an IP address (port 514 by default) or a unix socket.
    Datagram(Endpoint),
    /// `stdout`, `stderr`, `fd@N`.
    Fd(i32),
}

/// One `log` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTarget {
    /// `log global`.
    Global,
    /// A sink of its own.
    Sink {
        /// Where.
        sink: LogSink,
        /// `len`: longest line, default 1024.
        len: usize,
        /// `format`.
        format: LogFormat,
        /// `sample <ranges>:<size>`: the ranges and the size.
        sample: Option<(Vec<(u32, u32)>, u32)>,
        /// Facility number, 0..=23.
        facility: u8,
        /// Most verbose level sent, 0..=7.
        level: u8,
        /// Most severe level sent as itself; more severe ones are lowered to it.
        min_level: u8,
    },
}
