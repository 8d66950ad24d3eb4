//! What keywords set: plain data, checked, with HAProxy's defaults.
//!
//! `config` fills these in, `plan` shares them with the engine as they are. A leaf: no words, no
//! spans, no handles, no sockets. Times are milliseconds unless a type says otherwise; `None` for a
//! timeout means none.

mod address;
mod bind;
mod check;
mod compression;
mod cookie;
mod errors;
mod forwarded;
mod global;
mod http2;
mod httpclient;
mod log;
mod peers;
mod proxy;
mod resolvers;
mod server;
mod stats;
mod stick;
mod userlist;

/// What tables are is the living state's affair; what lines say of them is the same.
pub use crate::state::table::{Data, Datum, Form, KeyType, Shape, SrvKey};
pub use address::{Endpoint, Family, Host};
pub use bind::{Bind, Secured};
pub use check::{
    CheckKind, Expect, ExpectKind, HeaderExpect, HeaderMatch, HeaderPattern, HttpSend, Observe,
    OnError, OnMarkedDown, OnMarkedUp, Probe, Step,
};
pub use compression::{Coding, Compression};
pub use cookie::{Cookie, CookieOptions, Persist};
pub use errors::{ErrorFile, ErrorFiles};
pub use forwarded::{Forwarded, Node, Part};
pub use global::{Global, StatsSocket};
pub use http2::{Http2, Http2Errors, Http2Side};
pub use httpclient::{HttpClient, OcspUpdate};
pub use log::{LogFormat, LogSink, LogTarget};
pub use peers::Peers;
pub use proxy::{ForwardFor, HttpMode, HttpReuse, Kind, Mode, Options, Proxy, RetryOn, Timeouts};
pub use resolvers::{Hold, Nameserver, Net, Prefer, Resolvers, Resolving};
pub use server::{Protocol, SendProxy, Server, ServerCheck, WebSocket, Weight};
pub use stats::{Stats, StatsScope};
pub use stick::StickWay;
pub use userlist::{Secret, User, Userlist};
