//! tidegate: an L4/L7 reverse proxy and load balancer that runs `haproxy.cfg` files as they are.
#![forbid(unsafe_op_in_unsafe_fn)]

pub mod diag;
pub mod syntax;
