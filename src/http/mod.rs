//! HTTP messages as the engine and the rule language see them: an ordered head in one buffer, raw target bytes, values,
//! cookies and the answers the proxy gives itself.
//!
//! Called by the codecs of `wire` (which fill heads), by the rule language (which reads and edits them) and by `stream`
//! (which writes them out). It must not know any other module: no sockets, no clock, no configuration, no framing rules.

pub mod cookie;
pub mod cookie_line;
mod head;
mod list;
mod message;
mod method;
pub mod redirect;
pub mod reply;
pub mod target;
mod token;
mod version;

pub use head::{Field, Head};
pub use list::{ListItems, list_items, nth};
pub use message::{BodyState, Message};
pub use method::Method;
pub use reply::Reply;
pub use target::Target;
pub use token::{has_capitals, is_token, is_token_byte, lowercase};
pub use version::Version;
