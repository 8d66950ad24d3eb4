//! tidegate: an L4/L7 reverse proxy and load balancer that runs `haproxy.cfg` files as they are.
//!
//! This page is the map. tidegate is a compiler and an engine:
//!
//! ```text
//! haproxy.cfg ──syntax──► Lines ──config──► Config ──plan──► Plan ──worker──► streams
//!    text       (pest)    words,   (tables)  checked, (link)  compiled, immutable,
//!                         spans              by name          an Arc in an ArcSwap
//!                                                                ▲ handles, found by name
//!                                          State: servers, counters, queues (outlives reloads)
//! ```
//!
//! | stage | type | holds | never holds |
//! |---|---|---|---|
//! | read | [`syntax::Line`] | decoded words and where each byte stood | what a keyword means |
//! | check | [`config::Config`] | [`settings`] and [`sample::Pending`] pieces of the language | sockets, live state |
//! | link | [`plan::Plan`] | compiled expressions and rules, balancers, `Arc` handles into [`state`] | words, spans, config types |
//! | run | [`stream`] | an `Arc<Plan>` and what one connection needs | anything above |
//!
//! `-c` is the first three against an empty [`state::State`]. Every stage collects its diagnostics and
//! goes on; none stops at its first error.
//!
//! # The way of a request
//!
//! [`worker`] accepts (limits, `tcp-request connection`) → [`stream`] picks the engine by mode → `mode http`:
//! [`wire::h1`] reads a head into [`http::Head`] → the frontend's rules ([`action::Ruleset`]) → `use_backend` → the
//! backend's rules → [`backend::obtain`]: `use-server`, [`balance`], queue, idle pool or connect, retries → the head is
//! written, [`wire::pump`] moves the body → the response's head, rules, body → the log line ([`format`], [`log`]) → back to
//! the pool, or close. `mode tcp`: content rules → obtain → [`wire::tunnel`]. Every stream ends with a name, [`end::End`].
//!
//! # The rooms
//!
//! * **Text**: [`diag`] (what is wrong, where, what to do), [`syntax`] (lines and words), [`config`] (one keyword table per
//!   section), [`settings`] (what keywords set: plain data), [`cmdline`].
//! * **Language**: [`sample`] (expressions: one table per family of fetches and converters), [`acl`] (patterns,
//!   conditions, maps), [`action`] (what rules do), [`format`] (log formats), [`regex`]. *Two steps*: a line is checked when
//!   it is read and yields a [`sample::Pending`]; linking resolves names and gives what the engine runs.
//! * **Data plane**: [`http`] (messages), [`wire`] (bytes ⇄ messages, the two-way copy), [`net`] (sockets, timers, buffers), [`tls`]
//!   (certificates, names, terms),
//!   [`balance`], [`backend`], [`filter`], [`resolve`] (names while traffic flows), [`stream`], [`worker`], [`hash`].
//! * **Operator's side**: [`check`], [`discover`] (servers that follow names), [`ocsp`] (responses kept fresh), [`peers`] (tables
//!   shared with other processes), [`log`], [`stats`], [`api`] (the runtime socket), [`process`].
//! * **What outlives a reload**: [`state`].
//!
//! Who may know whom is a test (`tests/architecture.rs`).
//!
//! # Invariants
//!
//! * A config means here what it means in HAProxy, or loading fails and says why. A word is written once, in its table;
//!   validation, suggestions, `-dK` dumps and the README's completeness come from the tables.
//! * Workers are threads of their own with `!Send` tasks. Shared are atomics ([`state`]), short locks (balancers with an
//!   order, queues that are not empty) and the plan.
//! * Actions and expressions are synchronous: only the engine awaits. Time, chance and sockets are arguments.
//! * Nothing is unbounded: heads and buffers by `tune.bufsize`, connections by `maxconn`, logs by the socket that takes
//!   them. A slow reader stops its writer.
//! * Framing is never forwarded as received; `Content-Length` and `Transfer-Encoding` are made anew.
//! * Unsafe code stands in `net/fd.rs` alone.
//!
//! # Absent on purpose
//!
//! No keyword-level grammar (quotes may stand inside keywords, conditions wrap sections); no trait object per keyword, no
//! registries; no middleware stack (the order of phases is the manual's); no hyper (it answers by itself, regroups headers,
//! cannot send 1xx or choose how a stream is reset); no second engine per protocol: a stream of HTTP/2 is a
//! [`net::Channel`] under the engine that serves sockets.

pub mod acl;
pub mod action;
pub mod api;
pub mod backend;
pub mod balance;
pub mod check;
pub mod cmdline;
pub mod config;
pub mod diag;
pub mod discover;
pub mod end;
pub mod filter;
pub mod format;
pub mod hash;
pub mod http;
pub mod log;
pub mod net;
pub mod ocsp;
pub mod peers;
pub mod plan;
pub mod process;
pub mod regex;
pub mod resolve;
pub mod sample;
pub mod settings;
pub mod state;
pub mod stats;
pub mod stream;
pub mod syntax;
pub mod tls;
pub mod wire;
pub mod worker;
