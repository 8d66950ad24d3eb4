//! tidegate: an L4/L7 reverse proxy and load balancer that runs `haproxy.cfg` files as they are.

pub mod acl;
pub mod action;
pub mod api;
pub mod backend;
pub mod balance;
pub mod check;
pub mod cmdline;
pub mod config;
pub mod diag;
pub mod end;
pub mod format;
pub mod hash;
pub mod http;
pub mod log;
pub mod net;
pub mod plan;
pub mod process;
pub mod regex;
pub mod sample;
pub mod settings;
pub mod state;
pub mod stats;
pub mod stream;
pub mod syntax;
pub mod wire;
pub mod worker;
