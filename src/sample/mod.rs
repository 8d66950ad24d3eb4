//! The expression language: sample fetches, converters, variables (manual 7.3).
//!
//! `config` has words checked here, `plan` links the result; the engine evaluates it against a
//! [`Scope`]. Must not know sections, sockets or the engine.

mod args;
mod cast;
mod check;
pub mod codec;
pub mod convert;
mod counter;
mod dump;
mod expr;
mod failure;
pub mod fetch;
mod handshake;
mod identity;
mod meter;
mod names;
mod orders;
mod parse;
pub mod password;
mod pending;
mod place;
mod proxy_entry;
mod public_key;
mod reader;
mod scope;
mod slots;
mod table;
mod terms;
#[cfg(test)]
pub(crate) mod testing;
mod timers;
mod tracks;
mod value;
mod vars;
pub mod x509;

pub use args::{Arg, Args, Kind, Param};
pub use cast::{address, leading_int};
pub use check::{mask4, mask6};
pub use counter::Which;
pub use dump::{dump_converters, dump_fetches};
pub use expr::{Expr, Sample};
pub use failure::connection_error;
pub use handshake::{Handshake, Hello, Verdict};
pub use identity::{Identify, UniqueId};
pub use meter::Meter;
pub use orders::Orders;
pub use parse::{Captures, Contents, Context, parse, parse_slice, parse_words};
pub use pending::{Linker, Names, Pending};
pub use place::Place;
pub use proxy_entry::entry_number;
pub use scope::{
    Address, Common, Expected, Now, Payload, Persistence, ProxyHeader, Rewriting, Scope, Session,
    Socket, SocketOption, Spoken, TcpInfo, Timers, Transaction, millis,
};
pub use slots::Slots;
pub use table::{Bytes, Client, Convert, Converter, Fetch, Get, Many, Points, Request};
pub use terms::Terms;
pub use timers::Spans;
pub use tracks::{Tracks, blame, count, key, type_of_key};
pub use value::{Type, Value};
pub use vars::{Limits, ProcessVars, VarName, VarNames, VarScope, Variable, Vars};
pub use x509::signature_algorithm;
