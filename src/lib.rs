//! tidegate: an L4/L7 reverse proxy and load balancer that runs `haproxy.cfg` files as they are.

pub mod diag;
pub mod end;
pub mod state;
pub mod syntax;
