//! A frontend, backend or listen block, as it counts.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

use super::counter::{Average, Counter, Gauge, Rate};
use super::queue::Queue;

/// Totals of one side of a proxy; the names are those of the CSV columns (management guide 9.1).
#[derive(Debug, Default)]
pub struct Side {
    /// `scur`, `smax`: sessions (frontend) or streams (backend) now.
    pub sessions: Gauge,
    /// `stot`.
    pub sessions_total: Counter,
    /// `rate`, `rate_max`.
    pub session_rate: Rate,
    /// `conn_rate`, `conn_rate_max` (frontend).
    pub conn_rate: Rate,
    /// `conn_tot` (frontend).
    pub conns_total: Counter,
    /// `req_rate`, `req_rate_max` (frontend).
    pub request_rate: Rate,
    /// `req_tot`.
    pub requests_total: Counter,
    /// `bin`.
    pub bytes_in: Counter,
    /// `bout`.
    pub bytes_out: Counter,
    /// `dreq`.
    pub denied_requests: Counter,
    /// `dresp`.
    pub denied_responses: Counter,
    /// `dcon`.
    pub denied_conns: Counter,
    /// `dses`.
    pub denied_sessions: Counter,
    /// `ereq`.
    pub request_errors: Counter,
    /// `econ`.
    pub connect_errors: Counter,
    /// `eresp`.
    pub response_errors: Counter,
    /// `wretr`.
    pub retries: Counter,
    /// `wredis`.
    pub redispatches: Counter,
    /// `wrew`.
    pub failed_rewrites: Counter,
    /// `eint`.
    pub internal_errors: Counter,
    /// `cli_abrt`.
    pub client_aborts: Counter,
    /// `srv_abrt`.
    pub server_aborts: Counter,
    /// `lbtot`.
    pub selected: Counter,
    /// `intercepted`.
    pub intercepted: Counter,
    /// `comp_in`: body bytes that were compressed.
    pub compressed_in: Counter,
    /// `comp_out`: what they came to.
    pub compressed_out: Counter,
    /// `comp_byp`: body bytes that could have been compressed and went as they were.
    pub compression_bypassed: Counter,
    /// `comp_rsp`.
    pub compressed_responses: Counter,
    /// `connect`.
    pub connects: Counter,
    /// `reuse`.
    pub reuses: Counter,
    /// `hrsp_1xx` … `hrsp_5xx`, `hrsp_other` at 0.
    pub responses: [Counter; 6],
    /// `qtime`, `qtime_max`.
    pub queue_time: Average,
    /// `ctime`, `ctime_max`.
    pub connect_time: Average,
    /// `rtime`, `rtime_max`.
    pub response_time: Average,
    /// `ttime`, `ttime_max`.
    pub total_time: Average,
    /// `h2_…`.
    pub http2: Http2,
    /// Wall-clock second of the last session, 0 for none (`lastsess`).
    pub last_session: AtomicU64,
}

/// HTTP/2 connections of one side of a proxy; the names behind the fields are those of the statistics.
#[derive(Debug, Default)]
pub struct Http2 {
    /// `h2_open_connections`.
    pub open: Gauge,
    /// `h2_total_connections`.
    pub connections: Counter,
    /// `h2_backend_open_streams`, which HAProxy also counts for frontends.
    pub open_streams: Gauge,
    /// `h2_backend_total_streams`.
    pub streams: Counter,
    /// `h2_headers_rcvd`.
    pub headers: Counter,
    /// `h2_data_rcvd`.
    pub data: Counter,
    /// `h2_settings_rcvd`.
    pub settings: Counter,
    /// `h2_rst_stream_rcvd`.
    pub resets: Counter,
    /// `h2_goaway_rcvd`.
    pub farewells: Counter,
    /// `h2_detected_conn_protocol_errors`.
    pub connection_errors: Counter,
    /// `h2_detected_strm_protocol_errors`.
    pub stream_errors: Counter,
    /// `h2_rst_stream_resp`.
    pub resets_sent: Counter,
    /// `h2_goaway_resp`.
    pub farewells_sent: Counter,
}

impl Http2 {
    fn counters(&self) -> [&Counter; 11] {
        [
            &self.connections,
            &self.streams,
            &self.headers,
            &self.data,
            &self.settings,
            &self.resets,
            &self.farewells,
            &self.connection_errors,
            &self.stream_errors,
            &self.resets_sent,
            &self.farewells_sent,
        ]
    }
}

impl Side {
    /// Forgets the highest values (`clear counters`).
    pub fn reset_maxima(&self) {
        self.sessions.reset_max();
        for rate in [&self.session_rate, &self.conn_rate, &self.request_rate] {
            rate.reset_max();
        }
        for time in [
            &self.queue_time,
            &self.connect_time,
            &self.response_time,
            &self.total_time,
        ] {
            time.reset_max();
        }
    }

    /// Back to zero, but for what is going on now (`clear counters all`).
    pub fn reset(&self) {
        self.reset_maxima();
        let counters = [
            &self.sessions_total,
            &self.conns_total,
            &self.requests_total,
            &self.bytes_in,
            &self.bytes_out,
            &self.denied_requests,
            &self.denied_responses,
            &self.denied_conns,
            &self.denied_sessions,
            &self.request_errors,
            &self.connect_errors,
            &self.response_errors,
            &self.retries,
            &self.redispatches,
            &self.failed_rewrites,
            &self.internal_errors,
            &self.client_aborts,
            &self.server_aborts,
            &self.selected,
            &self.intercepted,
            &self.compressed_in,
            &self.compressed_out,
            &self.compression_bypassed,
            &self.compressed_responses,
            &self.connects,
            &self.reuses,
        ];
        let http2 = self.http2.counters();
        for counter in counters.into_iter().chain(http2).chain(&self.responses) {
            counter.reset();
        }
    }

    /// Counts a response of this status.
    pub fn response(&self, status: u16) {
        let class = usize::from(status / 100);
        self.responses[if (1..=5).contains(&class) { class } else { 0 }].inc();
    }
}

/// The living half of a proxy.
#[derive(Debug, Default)]
pub struct Proxy {
    /// Its name.
    pub name: String,
    /// Totals as a frontend.
    pub front: Side,
    /// Totals as a backend.
    pub back: Side,
    /// Requests waiting in the backend's own queue (`qcur`, `qmax`), those of its servers not counted.
    pub queued: Queue,
    /// Usable active servers (`act`); maintained by whoever changes a server.
    pub active_servers: AtomicU32,
    /// Usable backup servers (`bck`).
    pub backup_servers: AtomicU32,
    /// Sum of the usable servers' weights.
    pub total_weight: AtomicU32,
    /// Lines it has logged as a frontend (`%lc`).
    pub logs: Counter,
    /// Times the whole backend went down (`chkdown`).
    pub down_transitions: Counter,
    /// Wall-clock second of the last change between up and down.
    pub last_change: AtomicU64,
    /// Seconds of downtime before `last_change`.
    pub downtime: AtomicU64,
    /// True once no new connection is wanted (soft stop, `disable frontend`).
    pub stopping: AtomicBool,
}

impl Proxy {
    /// A proxy that has seen nothing.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}
