//! Statistics: one table of fields, shown as CSV, JSON, typed lines and the status page.
//!
//! `stream` asks [`answer`] where `stats uri` matches, the runtime API asks for the reports. Reads the
//! plan and the living state; changes servers only through [`crate::check::Checks`], and only where
//! `stats admin` permits. Must not know sockets, syntax or the configuration's words.

mod admin;
mod answer;
mod columns;
mod console;
mod csv;
mod field;
mod info;
mod json;
mod metrics;
mod object;
mod page;
mod text;

/// What logs call the status page where they name a server.
pub const NAME: &str = "<STATS>";

pub use answer::{Answer, answer, wanted};
pub use columns::{COLUMNS, MODULES, ObjectField};
pub use console::Console;
pub use csv::{csv, typed};
pub use field::{Tags, Value};
pub use info::{FIELDS, Info, InfoField, info, info_json, info_typed};
pub use json::json;
pub use metrics::{NAME as EXPORTER, metrics};
pub use object::{Filter, Kind, Moment};
