//! Header names that not every server reads alike (manual 4.2 `option http-restrict-req-hdr-names`).

use super::Stop;
use super::exchange::Exchange;
use super::rules::Of;
use crate::end::{Cause, Stage};
use crate::settings::Options;

impl Exchange {
    /// Removes names outside letters, digits and hyphens, or refuses the request for them, as the proxy says.
    pub(super) fn restrict_names(&mut self, of: Of) -> Result<(), Stop> {
        let options = self.proxy(of).settings.options;
        let head = &mut self.txn.request.head;
        if options.contains(Options::RESTRICT_NAMES_REJECT) {
            if head.fields().any(|(name, _)| !is_plain(name)) {
                self.count_denied(self.proxy(of));
                return Err(Stop::error(403, Cause::Proxy, Stage::Request));
            }
        } else if options.contains(Options::RESTRICT_NAMES_DELETE) {
            head.retain(|name, _| is_plain(name));
        }
        Ok(())
    }
}

fn is_plain(name: &[u8]) -> bool {
    name.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'-')
}
