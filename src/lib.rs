//! tidegate: an L4/L7 reverse proxy and load balancer that runs `haproxy.cfg` files as they are.

pub mod acl;
pub mod action;
pub mod balance;
pub mod config;
pub mod diag;
pub mod end;
pub mod format;
pub mod hash;
pub mod http;
pub mod plan;
pub mod sample;
pub mod settings;
pub mod state;
pub mod syntax;
