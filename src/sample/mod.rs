//! The expression language: sample fetches, converters, variables (manual 7.3).
//!
//! `config` has words checked here, `plan` links the result; the engine evaluates it against a
//! [`Scope`]. Must not know sections, sockets or the engine.

mod expr;
mod parse;
mod pending;
mod place;
mod scope;
mod value;
mod vars;

pub use expr::{Expr, Run, Sample};
pub use parse::{Captures, Context, parse};
pub use pending::{Linker, Names, Pending};
pub use place::Place;
pub use scope::{Address, Now, Payload, Scope, Session, Timers, Transaction};
pub use value::{Type, Value};
pub use vars::{VarNames, VarScope, Vars};
