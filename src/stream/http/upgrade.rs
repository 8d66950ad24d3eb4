//! After a 101, or a 2xx to CONNECT: bytes both ways until both ends close (manual 4.2 `timeout tunnel`).

use super::Stop;
use super::exchange::Exchange;
use super::half::Half;
use crate::backend::Lease;
use crate::end::{Cause, End, Stage};
use crate::wire::tunnel::{Outcome, Times, Tunnel};

impl Exchange {
    /// Sends the staged head, then copies both ways, beginning with what each side sent too early.
    pub(super) async fn tunnel(&mut self, lease: &Lease, download: &mut Half) -> Result<(), Stop> {
        let mut early = std::mem::take(&mut *download.staged);
        early.extend_from_slice(download.leftover());
        let head = early.len() - download.leftover().len();
        let from_client = self.upload.leftover().to_vec();
        let (front, back) = (
            &self.frontend.settings.timeouts,
            &self.backend.settings.timeouts,
        );
        let times = Times {
            client: self.txn.orders.client_timeout.or(front.client),
            server: self.txn.orders.server_timeout.or(back.server),
            tunnel: self.txn.orders.tunnel_timeout.or(back.tunnel),
            client_fin: front.client_fin,
            server_fin: back.server_fin,
        };
        let client = &mut self.connection.client;
        let tools = &self.worker.pools.tools;
        let mut tunnel =
            Tunnel::new(&client.stream, lease.stream(), tools, times).after(from_client, early);
        let outcome = tunnel.run(&mut client.alarm).await;
        let (up, down) = tunnel.moved();
        self.upload.at = self.upload.buf.len();
        self.txn.bytes_in += up;
        self.txn.bytes_out += down.saturating_sub(head as u64);
        self.keep_alive = false;
        let cause = match outcome {
            Outcome::Done => return Ok(()),
            Outcome::ClientBroke => Cause::Client,
            Outcome::ServerBroke => Cause::Server,
            Outcome::ClientTimeout => Cause::ClientTimeout,
            Outcome::ServerTimeout => Cause::ServerTimeout,
        };
        Err(Stop::Close(End::new(cause, Stage::Data)))
    }
}
