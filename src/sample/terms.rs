//! What the lines of proxies say, as far as expressions show it (`be_server_timeout`, `fe_defbe`).

use std::sync::Arc;

use crate::settings::Timeouts;

/// Of one proxy.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Its timeouts; those of the side that it does not have are not set.
    pub timeouts: Timeouts,
    /// `retries`.
    pub retries: u32,
    /// `default_backend`.
    pub default_backend: Option<Arc<str>>,
}
