//! The fields of frontends, backends, servers and listeners: CSV columns, JSON, typed output, page.
//!
//! Names, order, kinds and the objects that have them are HAProxy 2.6's (management 9.1); more fields
//! can only follow at the end.

use std::sync::atomic::Ordering::Relaxed;

use crate::balance::Algorithm;
use crate::settings::Endpoint;
use crate::state::counter::{Average, Counter, Gauge, Rate};
use crate::state::{Health, Listener, Operational, Queue, Side};

use super::field::{Tags, Value};
use super::object::{Kind, Object};

/// A field of an object of the report.
pub struct ObjectField {
    /// Its name: the CSV column.
    pub name: &'static str,
    /// Its kind.
    pub tags: Tags,
    /// The kinds of object that have it: `F B S L`.
    pub on: &'static str,
    /// What it says, in a line.
    pub doc: &'static str,
    value: for<'a> fn(&'a Object<'a>) -> Value<'a>,
}

impl ObjectField {
    /// Its value for this object.
    pub fn of<'a>(&self, object: &'a Object<'a>) -> Value<'a> {
        if self.on.contains(object.kind.letter()) {
            (self.value)(object)
        } else {
            Value::None
        }
    }
}

/// The place of a field in [`COLUMNS`].
pub fn position(name: &str) -> Option<usize> {
    COLUMNS.iter().position(|field| field.name == name)
}

/// The fields proper, up to the `-` that the CSV puts before those of modules.
pub const COLUMNS: &[ObjectField] = &[
    ObjectField {
        name: "pxname",
        tags: Tags("KNS"),
        on: "FBSL",
        doc: "Proxy name",
        value: |o| Value::text(&*o.proxy.name),
    },
    ObjectField {
        name: "svname",
        tags: Tags("KNS"),
        on: "FBSL",
        doc: "Server name, FRONTEND, BACKEND, or the listener's name",
        value: |o| svname(o),
    },
    ObjectField {
        name: "qcur",
        tags: Tags("MGP"),
        on: "BS",
        doc: "Number of requests waiting in the queue now",
        value: |o| queue(o).map_or(Value::None, |q| Value::U32(q.load())),
    },
    ObjectField {
        name: "qmax",
        tags: Tags("MMP"),
        on: "BS",
        doc: "Highest value of qcur",
        value: |o| queue(o).map_or(Value::None, |q| Value::U32(q.max())),
    },
    ObjectField {
        name: "scur",
        tags: Tags("MGP"),
        on: "FBSL",
        doc: "Number of sessions now",
        value: |o| gauge(o, Gauge::load),
    },
    ObjectField {
        name: "smax",
        tags: Tags("MMP"),
        on: "FBSL",
        doc: "Highest value of scur",
        value: |o| gauge(o, Gauge::max),
    },
    ObjectField {
        name: "slim",
        tags: Tags("CLP"),
        on: "FBSL",
        doc: "Limit of sessions (maxconn, fullconn)",
        value: |o| session_limit(o),
    },
    ObjectField {
        name: "stot",
        tags: Tags("MCP"),
        on: "FBSL",
        doc: "Total number of sessions",
        value: |o| total_sessions(o),
    },
    ObjectField {
        name: "bin",
        tags: Tags("MCP"),
        on: "FBSL",
        doc: "Total number of request bytes",
        value: |o| either(o, |s| &s.bytes_in, |l| &l.bytes_in),
    },
    ObjectField {
        name: "bout",
        tags: Tags("MCP"),
        on: "FBSL",
        doc: "Total number of response bytes",
        value: |o| either(o, |s| &s.bytes_out, |l| &l.bytes_out),
    },
    ObjectField {
        name: "dreq",
        tags: Tags("MCP"),
        on: "FBL",
        doc: "Requests denied by rules",
        value: |o| either(o, |s| &s.denied_requests, |l| &l.denied_requests),
    },
    ObjectField {
        name: "dresp",
        tags: Tags("MCP"),
        on: "FBSL",
        doc: "Responses denied by rules",
        value: |o| either(o, |s| &s.denied_responses, |l| &l.denied_responses),
    },
    ObjectField {
        name: "ereq",
        tags: Tags("MCP"),
        on: "FL",
        doc: "Invalid requests",
        value: |o| either(o, |s| &s.request_errors, |l| &l.request_errors),
    },
    ObjectField {
        name: "econ",
        tags: Tags("MCP"),
        on: "BS",
        doc: "Failed attempts to connect to a server",
        value: |o| count(o, |s| &s.connect_errors),
    },
    ObjectField {
        name: "eresp",
        tags: Tags("MCP"),
        on: "BS",
        doc: "Invalid responses",
        value: |o| count(o, |s| &s.response_errors),
    },
    ObjectField {
        name: "wretr",
        tags: Tags("MCP"),
        on: "BS",
        doc: "Connection retries",
        value: |o| count(o, |s| &s.retries),
    },
    ObjectField {
        name: "wredis",
        tags: Tags("MCP"),
        on: "BS",
        doc: "Requests sent to another server after a failure",
        value: |o| count(o, |s| &s.redispatches),
    },
    ObjectField {
        name: "status",
        tags: Tags("SGP"),
        on: "FBSL",
        doc: "Status (OPEN, UP, DOWN, NOLB, DRAIN, MAINT, no check)",
        value: |o| Value::text(o.status().0),
    },
    ObjectField {
        name: "weight",
        tags: Tags("MaP"),
        on: "BS",
        doc: "Weight in effect (of those that take part)",
        value: |o| o.weights().map_or(Value::None, |w| Value::U32(w.0)),
    },
    ObjectField {
        name: "act",
        tags: Tags("SGP"),
        on: "BS",
        doc: "Active server, or number of usable active servers",
        value: |o| active(o),
    },
    ObjectField {
        name: "bck",
        tags: Tags("SGP"),
        on: "BS",
        doc: "Backup server, or number of usable backup servers",
        value: |o| backup(o),
    },
    ObjectField {
        name: "chkfail",
        tags: Tags("MCP"),
        on: "S",
        doc: "Failed checks while up",
        value: |o| if_checked(o, |h| h.failed),
    },
    ObjectField {
        name: "chkdown",
        tags: Tags("MCP"),
        on: "BS",
        doc: "Number of times it went down",
        value: |o| down_transitions(o),
    },
    ObjectField {
        name: "lastchg",
        tags: Tags("MAP"),
        on: "BS",
        doc: "Seconds since the last change of state",
        value: |o| last_change(o),
    },
    ObjectField {
        name: "downtime",
        tags: Tags("MCP"),
        on: "BS",
        doc: "Seconds spent down",
        value: |o| downtime(o),
    },
    ObjectField {
        name: "qlimit",
        tags: Tags("CGS"),
        on: "S",
        doc: "Limit of the queue (maxqueue)",
        value: |o| limit(o, |s| s.maxqueue),
    },
    ObjectField {
        name: "pid",
        tags: Tags("KGP"),
        on: "FBSL",
        doc: "Relative process number, always 1",
        value: |_| Value::U32(1),
    },
    ObjectField {
        name: "iid",
        tags: Tags("KGS"),
        on: "FBSL",
        doc: "Numeric id of the proxy",
        value: |o| Value::U32(o.proxy.id),
    },
    ObjectField {
        name: "sid",
        tags: Tags("KGS"),
        on: "FBSL",
        doc: "Numeric id of the server or listener, 0 for the proxy itself",
        value: |o| sid(o),
    },
    ObjectField {
        name: "throttle",
        tags: Tags("MaP"),
        on: "S",
        doc: "Percent of its weight during slow start",
        value: |o| o.throttle().map_or(Value::None, Value::U32),
    },
    ObjectField {
        name: "lbtot",
        tags: Tags("MCP"),
        on: "BS",
        doc: "Times load balancing chose it",
        value: |o| count(o, |s| &s.selected),
    },
    ObjectField {
        name: "tracked",
        tags: Tags("CNS"),
        on: "S",
        doc: "Server whose health it follows",
        value: |o| o.tracked().map_or(Value::None, Value::text),
    },
    ObjectField {
        name: "type",
        tags: Tags("CGS"),
        on: "FBSL",
        doc: "0 frontend, 1 backend, 2 server, 3 listener",
        value: |o| Value::U32(o.kind as u32),
    },
    ObjectField {
        name: "rate",
        tags: Tags("MRP"),
        on: "FBS",
        doc: "Sessions over the last second",
        value: |o| rate(o, |s| &s.session_rate),
    },
    ObjectField {
        name: "rate_lim",
        tags: Tags("CLP"),
        on: "F",
        doc: "Limit of new sessions per second",
        value: |o| Value::U32(o.proxy.settings.rate_limit),
    },
    ObjectField {
        name: "rate_max",
        tags: Tags("MMP"),
        on: "FBS",
        doc: "Highest value of rate",
        value: |o| rate_max(o, |s| &s.session_rate),
    },
    ObjectField {
        name: "check_status",
        tags: Tags("MOP"),
        on: "S",
        doc: "Result of the last check, with a star while one runs",
        value: |o| check_status(o),
    },
    ObjectField {
        name: "check_code",
        tags: Tags("MOP"),
        on: "S",
        doc: "Status of the protocol at the last check",
        value: |o| check_code(o),
    },
    ObjectField {
        name: "check_duration",
        tags: Tags("MDP"),
        on: "S",
        doc: "Milliseconds the last check took",
        value: |o| check_duration(o),
    },
    ObjectField {
        name: "hrsp_1xx",
        tags: Tags("MCP"),
        on: "FBS",
        doc: "HTTP responses of class 1xx",
        value: |o| responses(o, 1),
    },
    ObjectField {
        name: "hrsp_2xx",
        tags: Tags("MCP"),
        on: "FBS",
        doc: "HTTP responses of class 2xx",
        value: |o| responses(o, 2),
    },
    ObjectField {
        name: "hrsp_3xx",
        tags: Tags("MCP"),
        on: "FBS",
        doc: "HTTP responses of class 3xx",
        value: |o| responses(o, 3),
    },
    ObjectField {
        name: "hrsp_4xx",
        tags: Tags("MCP"),
        on: "FBS",
        doc: "HTTP responses of class 4xx",
        value: |o| responses(o, 4),
    },
    ObjectField {
        name: "hrsp_5xx",
        tags: Tags("MCP"),
        on: "FBS",
        doc: "HTTP responses of class 5xx",
        value: |o| responses(o, 5),
    },
    ObjectField {
        name: "hrsp_other",
        tags: Tags("MCP"),
        on: "FBS",
        doc: "HTTP responses of other classes",
        value: |o| responses(o, 0),
    },
    ObjectField {
        name: "hanafail",
        tags: Tags("MCP"),
        on: "S",
        doc: "Failures that observe made of errors in traffic",
        value: |o| observed(o),
    },
    ObjectField {
        name: "req_rate",
        tags: Tags("MRP"),
        on: "F",
        doc: "HTTP requests over the last second",
        value: |o| rate(o, |s| &s.request_rate),
    },
    ObjectField {
        name: "req_rate_max",
        tags: Tags("MMP"),
        on: "F",
        doc: "Highest value of req_rate",
        value: |o| rate_max(o, |s| &s.request_rate),
    },
    ObjectField {
        name: "req_tot",
        tags: Tags("MCP"),
        on: "FBS",
        doc: "Total number of HTTP requests",
        value: requests,
    },
    ObjectField {
        name: "cli_abrt",
        tags: Tags("MCP"),
        on: "BS",
        doc: "Transfers the client aborted",
        value: |o| count(o, |s| &s.client_aborts),
    },
    ObjectField {
        name: "srv_abrt",
        tags: Tags("MCP"),
        on: "BS",
        doc: "Transfers the server aborted",
        value: |o| count(o, |s| &s.server_aborts),
    },
    ObjectField {
        name: "comp_in",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Bytes given to the compressor",
        value: |o| count(o, |s| &s.compressed_in),
    },
    ObjectField {
        name: "comp_out",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Bytes the compressor gave",
        value: |o| count(o, |s| &s.compressed_out),
    },
    ObjectField {
        name: "comp_byp",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Bytes that bypassed the compressor",
        value: |o| count(o, |s| &s.compression_bypassed),
    },
    ObjectField {
        name: "comp_rsp",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Responses that were compressed",
        value: |o| count(o, |s| &s.compressed_responses),
    },
    ObjectField {
        name: "lastsess",
        tags: Tags("MAP"),
        on: "BS",
        doc: "Seconds since the last session, -1 for none",
        value: |o| last_session(o),
    },
    ObjectField {
        name: "last_chk",
        tags: Tags("MOP"),
        on: "S",
        doc: "What the server said at the last check, or what failed",
        value: |o| last_check(o),
    },
    ObjectField {
        name: "last_agt",
        tags: Tags("MOP"),
        on: "S",
        doc: "What the agent said last",
        value: |_| Value::None,
    },
    ObjectField {
        name: "qtime",
        tags: Tags("MaP"),
        on: "BS",
        doc: "Average milliseconds in the queue over the last 1024 requests",
        value: |o| average(o, |s| &s.queue_time),
    },
    ObjectField {
        name: "ctime",
        tags: Tags("MaP"),
        on: "BS",
        doc: "Average milliseconds to connect over the last 1024 requests",
        value: |o| average(o, |s| &s.connect_time),
    },
    ObjectField {
        name: "rtime",
        tags: Tags("MaP"),
        on: "BS",
        doc: "Average milliseconds to respond over the last 1024 requests",
        value: |o| average(o, |s| &s.response_time),
    },
    ObjectField {
        name: "ttime",
        tags: Tags("MaP"),
        on: "BS",
        doc: "Average milliseconds of a session over the last 1024 requests",
        value: |o| average(o, |s| &s.total_time),
    },
    ObjectField {
        name: "agent_status",
        tags: Tags("MOP"),
        on: "S",
        doc: "Result of the last agent check",
        value: |_| Value::None,
    },
    ObjectField {
        name: "agent_code",
        tags: Tags("MOP"),
        on: "S",
        doc: "Unused",
        value: |_| Value::None,
    },
    ObjectField {
        name: "agent_duration",
        tags: Tags("MDP"),
        on: "S",
        doc: "Milliseconds the last agent check took",
        value: |_| Value::None,
    },
    ObjectField {
        name: "check_desc",
        tags: Tags("MOP"),
        on: "S",
        doc: "check_status in words",
        value: |o| check_text(o),
    },
    ObjectField {
        name: "agent_desc",
        tags: Tags("MOP"),
        on: "S",
        doc: "agent_status in words",
        value: |_| Value::None,
    },
    ObjectField {
        name: "check_rise",
        tags: Tags("CGS"),
        on: "S",
        doc: "Checks that must pass before it is up",
        value: |o| of_check(o, |h| h.rise),
    },
    ObjectField {
        name: "check_fall",
        tags: Tags("CGS"),
        on: "S",
        doc: "Checks that must fail before it is down",
        value: |o| of_check(o, |h| h.fall),
    },
    ObjectField {
        name: "check_health",
        tags: Tags("CGS"),
        on: "S",
        doc: "Health counter, from 0 to rise + fall - 1",
        value: |o| of_check(o, |h| h.counter),
    },
    ObjectField {
        name: "agent_rise",
        tags: Tags("CGS"),
        on: "S",
        doc: "As check_rise, of the agent",
        value: |_| Value::None,
    },
    ObjectField {
        name: "agent_fall",
        tags: Tags("CGS"),
        on: "S",
        doc: "As check_fall, of the agent",
        value: |_| Value::None,
    },
    ObjectField {
        name: "agent_health",
        tags: Tags("CGS"),
        on: "S",
        doc: "As check_health, of the agent",
        value: |_| Value::None,
    },
    ObjectField {
        name: "addr",
        tags: Tags("CGS"),
        on: "SL",
        doc: "Address and port",
        value: |o| address(o),
    },
    ObjectField {
        name: "cookie",
        tags: Tags("CNS"),
        on: "BS",
        doc: "Cookie value of the server, cookie name of the backend",
        value: |o| cookie(o),
    },
    ObjectField {
        name: "mode",
        tags: Tags("CGS"),
        on: "FBSL",
        doc: "tcp or http",
        value: |o| Value::text(if o.http() { "http" } else { "tcp" }),
    },
    ObjectField {
        name: "algo",
        tags: Tags("CGS"),
        on: "B",
        doc: "Load balancing algorithm",
        value: |o| {
            if o.legends {
                Value::text(algorithm(o))
            } else {
                Value::None
            }
        },
    },
    ObjectField {
        name: "conn_rate",
        tags: Tags("MRP"),
        on: "F",
        doc: "Connections over the last second",
        value: |o| rate(o, |s| &s.conn_rate),
    },
    ObjectField {
        name: "conn_rate_max",
        tags: Tags("MMP"),
        on: "F",
        doc: "Highest value of conn_rate",
        value: |o| rate_max(o, |s| &s.conn_rate),
    },
    ObjectField {
        name: "conn_tot",
        tags: Tags("MCP"),
        on: "F",
        doc: "Total number of connections",
        value: |o| count(o, |s| &s.conns_total),
    },
    ObjectField {
        name: "intercepted",
        tags: Tags("MCP"),
        on: "F",
        doc: "Requests answered here (monitor, stats, redirects, returns)",
        value: |o| in_http(o, count(o, |s| &s.intercepted)),
    },
    ObjectField {
        name: "dcon",
        tags: Tags("MCP"),
        on: "FL",
        doc: "Connections denied by tcp-request connection",
        value: |o| either(o, |s| &s.denied_conns, |l| &l.denied_conns),
    },
    ObjectField {
        name: "dses",
        tags: Tags("MCP"),
        on: "FL",
        doc: "Sessions denied by tcp-request session",
        value: |o| either(o, |s| &s.denied_sessions, |l| &l.denied_sessions),
    },
    ObjectField {
        name: "wrew",
        tags: Tags("MCP"),
        on: "FBSL",
        doc: "Header rewrites that failed",
        value: |o| rewrites(o),
    },
    ObjectField {
        name: "connect",
        tags: Tags("MCP"),
        on: "BS",
        doc: "Connections made to servers",
        value: |o| count(o, |s| &s.connects),
    },
    ObjectField {
        name: "reuse",
        tags: Tags("MCP"),
        on: "BS",
        doc: "Requests on a connection made before",
        value: |o| count(o, |s| &s.reuses),
    },
    ObjectField {
        name: "cache_lookups",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Lookups in the cache",
        value: |o| in_http(o, Value::U64(0)),
    },
    ObjectField {
        name: "cache_hits",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Hits in the cache",
        value: |o| in_http(o, Value::U64(0)),
    },
    ObjectField {
        name: "srv_icur",
        tags: Tags("MGP"),
        on: "S",
        doc: "Idle connections kept open",
        value: |o| idle(o),
    },
    ObjectField {
        name: "src_ilim",
        tags: Tags("CLP"),
        on: "S",
        doc: "Limit of idle connections",
        value: |o| idle_limit(o),
    },
    ObjectField {
        name: "qtime_max",
        tags: Tags("MMP"),
        on: "BS",
        doc: "Highest milliseconds in the queue",
        value: |o| longest(o, |s| &s.queue_time),
    },
    ObjectField {
        name: "ctime_max",
        tags: Tags("MMP"),
        on: "BS",
        doc: "Highest milliseconds to connect",
        value: |o| longest(o, |s| &s.connect_time),
    },
    ObjectField {
        name: "rtime_max",
        tags: Tags("MMP"),
        on: "BS",
        doc: "Highest milliseconds to respond",
        value: |o| longest(o, |s| &s.response_time),
    },
    ObjectField {
        name: "ttime_max",
        tags: Tags("MMP"),
        on: "BS",
        doc: "Highest milliseconds of a session",
        value: |o| longest(o, |s| &s.total_time),
    },
    ObjectField {
        name: "eint",
        tags: Tags("MCP"),
        on: "FBSL",
        doc: "Internal errors",
        value: |o| internal(o),
    },
    ObjectField {
        name: "idle_conn_cur",
        tags: Tags("MGP"),
        on: "S",
        doc: "Idle connections not proved safe to reuse",
        value: |_| Value::U32(0),
    },
    ObjectField {
        name: "safe_conn_cur",
        tags: Tags("MGP"),
        on: "S",
        doc: "Idle connections that are safe to reuse",
        value: |o| idle(o),
    },
    ObjectField {
        name: "used_conn_cur",
        tags: Tags("MGP"),
        on: "S",
        doc: "Connections in use",
        value: |o| used(o, Gauge::load),
    },
    ObjectField {
        name: "need_conn_est",
        tags: Tags("MGP"),
        on: "S",
        doc: "Estimate of the connections needed",
        value: |o| used(o, Gauge::max),
    },
    ObjectField {
        name: "uweight",
        tags: Tags("MaP"),
        on: "BS",
        doc: "Weight the user set (of those that take part)",
        value: |o| o.weights().map_or(Value::None, |w| Value::U32(w.1)),
    },
    ObjectField {
        name: "agg_server_status",
        tags: Tags("MGP"),
        on: "B",
        doc: "Only for the exporter",
        value: |_| Value::U32(0),
    },
    ObjectField {
        name: "agg_server_check_status",
        tags: Tags("MGP"),
        on: "B",
        doc: "Only for the exporter",
        value: |_| Value::U32(0),
    },
    ObjectField {
        name: "agg_check_status",
        tags: Tags("MGP"),
        on: "B",
        doc: "Only for the exporter",
        value: |_| Value::U32(0),
    },
];

/// The fields of modules (TLS, HTTP/2, HTTP/1), which follow the `-`.
pub const MODULES: &[ObjectField] = &[
    ObjectField {
        name: "ssl_sess",
        tags: Tags("MCP"),
        on: "FBSL",
        doc: "Zero until there is TLS",
        value: |_| Value::U64(0),
    },
    ObjectField {
        name: "ssl_reused_sess",
        tags: Tags("MCP"),
        on: "FBSL",
        doc: "Zero until there is TLS",
        value: |_| Value::U64(0),
    },
    ObjectField {
        name: "ssl_failed_handshake",
        tags: Tags("MCP"),
        on: "FBSL",
        doc: "Zero until there is TLS",
        value: |_| Value::U64(0),
    },
    ObjectField {
        name: "h2_headers_rcvd",
        tags: Tags("MCP"),
        on: "FB",
        doc: "HEADERS frames received",
        value: |o| count(o, |s| &s.http2.headers),
    },
    ObjectField {
        name: "h2_data_rcvd",
        tags: Tags("MCP"),
        on: "FB",
        doc: "DATA frames received",
        value: |o| count(o, |s| &s.http2.data),
    },
    ObjectField {
        name: "h2_settings_rcvd",
        tags: Tags("MCP"),
        on: "FB",
        doc: "SETTINGS frames received",
        value: |o| count(o, |s| &s.http2.settings),
    },
    ObjectField {
        name: "h2_rst_stream_rcvd",
        tags: Tags("MCP"),
        on: "FB",
        doc: "RST_STREAM frames received",
        value: |o| count(o, |s| &s.http2.resets),
    },
    ObjectField {
        name: "h2_goaway_rcvd",
        tags: Tags("MCP"),
        on: "FB",
        doc: "GOAWAY frames received",
        value: |o| count(o, |s| &s.http2.farewells),
    },
    ObjectField {
        name: "h2_detected_conn_protocol_errors",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Connections ended for protocol errors",
        value: |o| count(o, |s| &s.http2.connection_errors),
    },
    ObjectField {
        name: "h2_detected_strm_protocol_errors",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Streams reset for protocol errors",
        value: |o| count(o, |s| &s.http2.stream_errors),
    },
    ObjectField {
        name: "h2_rst_stream_resp",
        tags: Tags("MCP"),
        on: "FB",
        doc: "RST_STREAM frames sent",
        value: |o| count(o, |s| &s.http2.resets_sent),
    },
    ObjectField {
        name: "h2_goaway_resp",
        tags: Tags("MCP"),
        on: "FB",
        doc: "GOAWAY frames sent",
        value: |o| count(o, |s| &s.http2.farewells_sent),
    },
    ObjectField {
        name: "h2_open_connections",
        tags: Tags("MGP"),
        on: "FB",
        doc: "Connections that speak HTTP/2 now",
        value: |o| {
            o.side()
                .map_or(Value::None, |s| Value::U64(s.http2.open.load().into()))
        },
    },
    ObjectField {
        name: "h2_backend_open_streams",
        tags: Tags("MGP"),
        on: "FB",
        doc: "Streams of HTTP/2 now",
        value: |o| {
            o.side().map_or(Value::None, |s| {
                Value::U64(s.http2.open_streams.load().into())
            })
        },
    },
    ObjectField {
        name: "h2_total_connections",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Connections that spoke HTTP/2",
        value: |o| count(o, |s| &s.http2.connections),
    },
    ObjectField {
        name: "h2_backend_total_streams",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Streams of HTTP/2 in all",
        value: |o| count(o, |s| &s.http2.streams),
    },
    ObjectField {
        name: "h1_open_connections",
        tags: Tags("MGP"),
        on: "FB",
        doc: "Nothing counts it yet: HTTP/1 is counted in the columns before",
        value: |_| Value::None,
    },
    ObjectField {
        name: "h1_open_streams",
        tags: Tags("MGP"),
        on: "FB",
        doc: "Nothing counts it yet: HTTP/1 is counted in the columns before",
        value: |_| Value::None,
    },
    ObjectField {
        name: "h1_total_connections",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Nothing counts it yet: HTTP/1 is counted in the columns before",
        value: |_| Value::None,
    },
    ObjectField {
        name: "h1_total_streams",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Nothing counts it yet: HTTP/1 is counted in the columns before",
        value: |_| Value::None,
    },
    ObjectField {
        name: "h1_bytes_in",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Nothing counts it yet: HTTP/1 is counted in the columns before",
        value: |_| Value::None,
    },
    ObjectField {
        name: "h1_bytes_out",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Nothing counts it yet: HTTP/1 is counted in the columns before",
        value: |_| Value::None,
    },
    ObjectField {
        name: "h1_spliced_bytes_in",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Nothing counts it yet: HTTP/1 is counted in the columns before",
        value: |_| Value::None,
    },
    ObjectField {
        name: "h1_spliced_bytes_out",
        tags: Tags("MCP"),
        on: "FB",
        doc: "Nothing counts it yet: HTTP/1 is counted in the columns before",
        value: |_| Value::None,
    },
];

fn svname<'a>(o: &'a Object<'a>) -> Value<'a> {
    match (o.kind, o.server, o.listener) {
        (Kind::Front, ..) => Value::text("FRONTEND"),
        (Kind::Back, ..) => Value::text("BACKEND"),
        (_, Some(server), _) => Value::text(server.settings.name.as_str()),
        (_, _, Some(listener)) => match &listener.bind.name {
            Some(name) => Value::text(name.as_str()),
            None => Value::text(format!("sock-{}", o.place)),
        },
        _ => Value::None,
    }
}

fn sid<'a>(o: &'a Object<'a>) -> Value<'a> {
    let server = o.server.map(|s| s.id);
    Value::U32(server.or(o.listener.map(|l| l.id)).unwrap_or(0))
}

fn queue<'a>(o: &'a Object<'a>) -> Option<&'a Queue> {
    match o.server {
        Some(server) => Some(&server.state.queued),
        None => Some(&o.proxy.state.queued),
    }
}

fn gauge<'a>(o: &'a Object<'a>, read: fn(&Gauge) -> u32) -> Value<'a> {
    match (o.side(), o.listener) {
        (Some(side), _) => Value::U32(read(&side.sessions)),
        (_, Some(listener)) => Value::U32(read(&listener.state.conns)),
        _ => Value::None,
    }
}

fn total_sessions<'a>(o: &'a Object<'a>) -> Value<'a> {
    either(o, |s| &s.sessions_total, |l| &l.total)
}

fn count<'a>(o: &'a Object<'a>, field: fn(&Side) -> &Counter) -> Value<'a> {
    o.side()
        .map_or(Value::None, |side| Value::U64(field(side).load()))
}

fn either<'a>(
    o: &'a Object<'a>,
    side: fn(&Side) -> &Counter,
    listener: fn(&Listener) -> &Counter,
) -> Value<'a> {
    match o.listener {
        Some(l) => Value::U64(listener(&l.state).load()),
        None => count(o, side),
    }
}

/// Counted per proxy and server; a listener shows none.
fn rewrites<'a>(o: &'a Object<'a>) -> Value<'a> {
    Value::U64(o.side().map_or(0, |side| side.failed_rewrites.load()))
}

fn internal<'a>(o: &'a Object<'a>) -> Value<'a> {
    Value::U64(o.side().map_or(0, |side| side.internal_errors.load()))
}

fn in_http<'a>(o: &'a Object<'a>, value: Value<'a>) -> Value<'a> {
    if o.http() { value } else { Value::None }
}

fn responses<'a>(o: &'a Object<'a>, class: usize) -> Value<'a> {
    let counter = o.side().and_then(|side| side.responses.get(class));
    in_http(o, counter.map_or(Value::None, |n| Value::U64(n.load())))
}

/// A frontend counts requests whatever its mode.
fn requests<'a>(o: &'a Object<'a>) -> Value<'a> {
    let requests = count(o, |s| &s.requests_total);
    if o.kind == Kind::Front {
        requests
    } else {
        in_http(o, requests)
    }
}

fn session_limit<'a>(o: &'a Object<'a>) -> Value<'a> {
    match o.kind {
        Kind::Front => Value::U32(o.proxy.maxconn),
        Kind::Back => Value::U32(o.proxy.fullconn),
        Kind::Server => limit(o, |s| s.maxconn),
        Kind::Listener => Value::U32(o.listener.map_or(0, |l| l.bind.maxconn)),
    }
}

fn limit<'a>(o: &'a Object<'a>, field: fn(&crate::settings::Server) -> u32) -> Value<'a> {
    match o.server.map(|s| field(&s.settings)) {
        Some(n) if n > 0 => Value::U32(n),
        _ => Value::None,
    }
}

fn active<'a>(o: &'a Object<'a>) -> Value<'a> {
    Value::U32(match o.server {
        Some(server) => u32::from(!server.settings.backup),
        None => o.proxy.state.active_servers.load(Relaxed),
    })
}

fn backup<'a>(o: &'a Object<'a>) -> Value<'a> {
    Value::U32(match o.server {
        Some(server) => u32::from(server.settings.backup),
        None => o.proxy.state.backup_servers.load(Relaxed),
    })
}

fn if_checked<'a>(o: &'a Object<'a>, field: fn(&Health) -> u64) -> Value<'a> {
    if o.checked() {
        Value::U64(field(&o.health))
    } else {
        Value::None
    }
}

fn of_check<'a>(o: &'a Object<'a>, field: fn(&Health) -> u32) -> Value<'a> {
    if o.shows_check() {
        Value::U32(field(&o.health))
    } else {
        Value::None
    }
}

fn observed<'a>(o: &'a Object<'a>) -> Value<'a> {
    match o.server {
        Some(s) if s.settings.check.observe != crate::settings::Observe::None => {
            Value::U64(s.state.observed_failures.load())
        }
        _ => Value::None,
    }
}

fn down_transitions<'a>(o: &'a Object<'a>) -> Value<'a> {
    match o.kind {
        Kind::Back => Value::U64(o.proxy.state.down_transitions.load()),
        _ => if_checked(o, |h| h.down_transitions),
    }
}

fn last_change<'a>(o: &'a Object<'a>) -> Value<'a> {
    let then = match o.kind {
        Kind::Back => o.proxy.state.last_change.load(Relaxed),
        _ => o.health.last_change,
    };
    Value::U32(o.now.since(then))
}

fn downtime<'a>(o: &'a Object<'a>) -> Value<'a> {
    let so_far = |past: u64, down: bool, since: u64| {
        let now = if down {
            u64::from(o.now.since(since))
        } else {
            0
        };
        Value::U32(u32::try_from(past + now).unwrap_or(u32::MAX))
    };
    match (o.kind, o.server) {
        (Kind::Back, _) if o.proxy.servers.is_empty() => Value::None,
        (Kind::Back, _) => {
            let state = &o.proxy.state;
            let down = state.active_servers.load(Relaxed) + state.backup_servers.load(Relaxed) == 0;
            so_far(
                state.downtime.load(Relaxed),
                down,
                state.last_change.load(Relaxed),
            )
        }
        (_, Some(server)) if o.checked() => {
            let down = server.state.operational() == Operational::Stopped;
            so_far(o.health.downtime, down, o.health.last_change)
        }
        _ => Value::None,
    }
}

fn rate<'a>(o: &'a Object<'a>, field: fn(&Side) -> &Rate) -> Value<'a> {
    let now = o.now.millis;
    o.side()
        .map_or(Value::None, |side| Value::U32(field(side).read(now)))
}

fn rate_max<'a>(o: &'a Object<'a>, field: fn(&Side) -> &Rate) -> Value<'a> {
    o.side()
        .map_or(Value::None, |side| Value::U32(field(side).max()))
}

fn average<'a>(o: &'a Object<'a>, field: fn(&Side) -> &Average) -> Value<'a> {
    let events = |side: &Side| side.sessions_total.load();
    o.side().map_or(Value::None, |side| {
        Value::U32(field(side).read(events(side)))
    })
}

fn longest<'a>(o: &'a Object<'a>, field: fn(&Side) -> &Average) -> Value<'a> {
    o.side()
        .map_or(Value::None, |side| Value::U32(field(side).max()))
}

fn last_session<'a>(o: &'a Object<'a>) -> Value<'a> {
    let last = o.side().map_or(0, |side| side.last_session.load(Relaxed));
    Value::S32(match last {
        0 => -1,
        then => i32::try_from(o.now.since(then)).unwrap_or(i32::MAX),
    })
}

fn check_status<'a>(o: &'a Object<'a>) -> Value<'a> {
    if !o.shows_check() {
        return Value::None;
    }
    let star = if o.health.last.in_progress { "* " } else { "" };
    Value::text(format!("{star}{}", o.health.last.status))
}

/// The last result, where checks are shown.
fn last_code(o: &Object<'_>) -> Option<crate::check::Code> {
    o.shows_check()
        .then(|| crate::check::Code::by_name(o.health.last.status))
        .flatten()
}

fn check_code<'a>(o: &'a Object<'a>) -> Value<'a> {
    match last_code(o) {
        Some(code) if code.has_number() => Value::U32(u32::from(o.health.last.code)),
        _ => Value::None,
    }
}

fn check_duration<'a>(o: &'a Object<'a>) -> Value<'a> {
    match (last_code(o), o.health.last.duration_ms) {
        (Some(_), Some(ms)) => Value::U64(ms),
        _ => Value::None,
    }
}

fn check_text<'a>(o: &'a Object<'a>) -> Value<'a> {
    last_code(o).map_or(Value::None, |code| Value::text(code.text()))
}

fn last_check<'a>(o: &'a Object<'a>) -> Value<'a> {
    match last_code(o) {
        Some(_) => Value::text(o.health.last.description.as_str()),
        None => Value::None,
    }
}

fn address<'a>(o: &'a Object<'a>) -> Value<'a> {
    if !o.legends {
        return Value::None;
    }
    if let Some(server) = o.server {
        return match (server.state.address(), &server.settings.endpoint) {
            (Some(address), _) => Value::text(address.to_string()),
            (None, Some(Endpoint::Unix(_) | Endpoint::Abstract(_))) => Value::text("unix"),
            _ => Value::None,
        };
    }
    match o.listener {
        Some(listener) => match &listener.bind.endpoint {
            Some(Endpoint::Unix(_) | Endpoint::Abstract(_)) => Value::text("unix"),
            _ => Value::text(listener.bind.text.as_str()),
        },
        None => Value::None,
    }
}

fn cookie<'a>(o: &'a Object<'a>) -> Value<'a> {
    let cookie = match o.server {
        Some(server) => server.settings.cookie.as_deref(),
        None if o.kind == Kind::Back => o.proxy.settings.cookie.as_ref().map(|c| c.name.as_str()),
        None => None,
    };
    match cookie {
        Some(cookie) if o.legends => Value::text(cookie),
        _ => Value::None,
    }
}

/// The word of the `balance` line.
pub fn algorithm(o: &Object<'_>) -> &'static str {
    match &o.proxy.balance.algorithm {
        Algorithm::RoundRobin => "roundrobin",
        Algorithm::StaticRr => "static-rr",
        Algorithm::LeastConn => "leastconn",
        Algorithm::First => "first",
        Algorithm::Random { .. } => "random",
        Algorithm::Source => "source",
        Algorithm::Uri(_) => "uri",
        Algorithm::UrlParam(_) => "url_param",
        Algorithm::Hdr(_) => "hdr",
        Algorithm::RdpCookie(_) => "rdp-cookie",
        Algorithm::Hash => "hash",
    }
}

fn idle<'a>(o: &'a Object<'a>) -> Value<'a> {
    o.server
        .map_or(Value::None, |s| Value::U32(s.state.idle.load()))
}

fn idle_limit<'a>(o: &'a Object<'a>) -> Value<'a> {
    match o.server.and_then(|s| s.settings.pool_max_conn) {
        Some(limit) => Value::U32(limit),
        None => Value::None,
    }
}

fn used<'a>(o: &'a Object<'a>, read: fn(&Gauge) -> u32) -> Value<'a> {
    o.server
        .map_or(Value::None, |s| Value::U32(read(&s.state.used)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_documented_unique_and_tagged() {
        let mut seen = std::collections::HashSet::new();
        for field in COLUMNS.iter().chain(MODULES) {
            assert!(seen.insert(field.name), "{} twice", field.name);
            assert!(
                !field.doc.is_empty() && field.tags.0.len() == 3,
                "{}",
                field.name
            );
            assert!(!field.on.is_empty() && field.on.chars().all(|c| "FBSL".contains(c)));
            assert_ne!(field.tags.origin(), "Unknown", "{}", field.name);
            assert_ne!(field.tags.nature(), "Unknown", "{}", field.name);
            assert_ne!(field.tags.scope(), "Unknown", "{}", field.name);
        }
        assert_eq!((COLUMNS.len(), MODULES.len()), (103, 24));
    }
}
