//! `errorfile`, `errorloc*`, `http-error`, `http-errors` sections: what replaces a built-in reply.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A replacement for the reply of one status.
#[derive(Debug, Clone)]
pub enum ErrorFile {
    /// `errorfile`: the raw answer; empty sends nothing.
    Raw(Arc<[u8]>),
    /// `errorloc302`, `errorloc` (302) and `errorloc303`.
    Location(u16, Arc<str>),
    /// `http-error status …`: a reply with headers and formats, as `http-request return`.
    Reply(crate::sample::Pending<crate::action::Action>),
}

/// Replacements by status; and files taken whole from `http-errors` sections.
#[derive(Debug, Clone, Default)]
pub struct ErrorFiles {
    /// By status code.
    pub by_status: BTreeMap<u16, ErrorFile>,
    /// `errorfiles <section> [<code> …]`: section name, and the codes taken (empty: all).
    pub sections: Vec<(String, Vec<u16>)>,
}
