//! What the process as a whole says of itself: `show info` (management 9.3).
//!
//! Names, positions and kinds are HAProxy 2.6's. A field without a value here is left out.

use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

use crate::plan::Plan;
use crate::state::Process;

use super::field::{Tags, Value};
use super::json;
use super::object::Moment;
use super::text;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The process when the report is made.
#[derive(Debug, Clone, Copy)]
pub struct Info<'a> {
    /// The plan in force.
    pub plan: &'a Plan,
    /// When.
    pub now: Moment,
    /// When the process started, seconds since 1970.
    pub started: u64,
    /// Its id.
    pub pid: u32,
    /// Worker threads.
    pub threads: u32,
    /// Limit of open files.
    pub files: u32,
    /// The node's name.
    pub node: &'a str,
    /// No new connections are wanted.
    pub stopping: bool,
}

impl Info<'_> {
    /// Seconds since the start.
    pub fn uptime(&self) -> u64 {
        self.now.seconds.saturating_sub(self.started)
    }

    /// The totals.
    pub fn process(&self) -> &Process {
        &self.plan.state.process
    }

    /// TLS sessions that are remembered.
    fn sessions(&self) -> &crate::tls::Sessions {
        &self.plan.state.resumption.sessions
    }

    fn listeners(&self) -> u32 {
        let count: usize = self.plan.proxies.iter().map(|p| p.listeners.len()).sum();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn bytes_out(&self) -> u64 {
        let fronts = self.plan.proxies.iter().filter(|p| p.kind.front());
        fronts.map(|p| p.state.front.bytes_out.load()).sum()
    }
}

/// A field of `show info`.
pub struct InfoField {
    /// Its number in the typed output.
    pub position: usize,
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub tags: Tags,
    /// What it says, in a line.
    pub doc: &'static str,
    value: for<'a> fn(&Info<'a>) -> Value<'a>,
}

impl InfoField {
    /// Its value now.
    pub fn of<'a>(&self, info: &Info<'a>) -> Value<'a> {
        (self.value)(info)
    }
}

/// The fields, in HAProxy's order.
pub const FIELDS: &[InfoField] = &[
    InfoField {
        position: 0,
        name: "Name",
        tags: Tags("POS"),
        doc: "Name of the program",
        value: |_| Value::text("tidegate"),
    },
    InfoField {
        position: 1,
        name: "Version",
        tags: Tags("POS"),
        doc: "Version of the program",
        value: |_| Value::text(VERSION),
    },
    InfoField {
        position: 2,
        name: "Release_date",
        tags: Tags("POS"),
        doc: "Date of the release",
        value: |_| Value::None,
    },
    InfoField {
        position: 3,
        name: "Nbthread",
        tags: Tags("CGS"),
        doc: "Threads (nbthread)",
        value: |i| Value::U32(i.threads),
    },
    InfoField {
        position: 4,
        name: "Nbproc",
        tags: Tags("CGS"),
        doc: "Worker processes, always 1",
        value: |_| Value::U32(1),
    },
    InfoField {
        position: 5,
        name: "Process_num",
        tags: Tags("KGP"),
        doc: "Number of this process, always 1",
        value: |_| Value::U32(1),
    },
    InfoField {
        position: 6,
        name: "Pid",
        tags: Tags("SGP"),
        doc: "Process id",
        value: |i| Value::U32(i.pid),
    },
    InfoField {
        position: 7,
        name: "Uptime",
        tags: Tags("MDP"),
        doc: "Time since the start: days, hours, minutes, seconds",
        value: |i| Value::text(text::uptime(i.uptime())),
    },
    InfoField {
        position: 8,
        name: "Uptime_sec",
        tags: Tags("MDP"),
        doc: "Seconds since the start",
        value: |i| Value::U32(i.uptime() as u32),
    },
    InfoField {
        position: 9,
        name: "Memmax_MB",
        tags: Tags("CLP"),
        doc: "Limit of memory in MB (-m), 0 for none",
        value: |_| Value::U32(0),
    },
    InfoField {
        position: 10,
        name: "PoolAlloc_MB",
        tags: Tags("MGP"),
        doc: "Memory of pools in MB",
        value: |_| Value::None,
    },
    InfoField {
        position: 11,
        name: "PoolUsed_MB",
        tags: Tags("MGP"),
        doc: "Memory of pools in use in MB",
        value: |_| Value::None,
    },
    InfoField {
        position: 12,
        name: "PoolFailed",
        tags: Tags("MCP"),
        doc: "Failed allocations",
        value: |_| Value::U32(0),
    },
    InfoField {
        position: 13,
        name: "Ulimit-n",
        tags: Tags("CLP"),
        doc: "Limit of open files",
        value: |i| Value::U32(i.files),
    },
    InfoField {
        position: 14,
        name: "Maxsock",
        tags: Tags("CLP"),
        doc: "Limit of sockets",
        value: |i| Value::U32(i.files),
    },
    InfoField {
        position: 15,
        name: "Maxconn",
        tags: Tags("CLP"),
        doc: "Limit of client connections (maxconn)",
        value: |i| Value::U32(i.plan.maxconn),
    },
    InfoField {
        position: 16,
        name: "Hard_maxconn",
        tags: Tags("CLP"),
        doc: "Limit of client connections that memory and files allow",
        value: |i| Value::U32(i.plan.maxconn),
    },
    InfoField {
        position: 17,
        name: "CurrConns",
        tags: Tags("MGP"),
        doc: "Client connections now",
        value: |i| Value::U32(i.process().conns.load()),
    },
    InfoField {
        position: 18,
        name: "CumConns",
        tags: Tags("MCP"),
        doc: "Client connections since the start",
        value: |i| Value::U64(i.process().accepted.load()),
    },
    InfoField {
        position: 19,
        name: "CumReq",
        tags: Tags("MCP"),
        doc: "Requests since the start",
        value: |i| Value::U64(i.process().requests.load()),
    },
    InfoField {
        position: 20,
        name: "MaxSslConns",
        tags: Tags("MMP"),
        doc: "Limit of TLS connections (maxsslconn), 0 for none",
        value: |i| Value::U32(i.plan.global.maxsslconn),
    },
    InfoField {
        position: 21,
        name: "CurrSslConns",
        tags: Tags("MGP"),
        doc: "TLS connections now",
        value: |i| Value::U32(i.process().secured.conns.load()),
    },
    InfoField {
        position: 22,
        name: "CumSslConns",
        tags: Tags("MCP"),
        doc: "TLS connections since the start",
        value: |i| Value::U32(i.process().secured.total.load() as u32),
    },
    InfoField {
        position: 23,
        name: "Maxpipes",
        tags: Tags("CLP"),
        doc: "Limit of pipes for splicing",
        value: |_| Value::None,
    },
    InfoField {
        position: 24,
        name: "PipesUsed",
        tags: Tags("MGP"),
        doc: "Pipes in use",
        value: |_| Value::None,
    },
    InfoField {
        position: 25,
        name: "PipesFree",
        tags: Tags("MGP"),
        doc: "Pipes at hand",
        value: |_| Value::None,
    },
    InfoField {
        position: 26,
        name: "ConnRate",
        tags: Tags("MRP"),
        doc: "Client connections over the last second",
        value: |i| Value::U32(i.process().conn_rate.read(i.now.millis)),
    },
    InfoField {
        position: 27,
        name: "ConnRateLimit",
        tags: Tags("CLP"),
        doc: "Limit of ConnRate (maxconnrate)",
        value: |i| Value::U32(i.plan.global.maxconnrate),
    },
    InfoField {
        position: 28,
        name: "MaxConnRate",
        tags: Tags("MMP"),
        doc: "Highest value of ConnRate",
        value: |i| Value::U32(i.process().conn_rate.max()),
    },
    InfoField {
        position: 29,
        name: "SessRate",
        tags: Tags("MRP"),
        doc: "Sessions over the last second",
        value: |i| Value::U32(i.process().sess_rate.read(i.now.millis)),
    },
    InfoField {
        position: 30,
        name: "SessRateLimit",
        tags: Tags("CLP"),
        doc: "Limit of SessRate (maxsessrate)",
        value: |i| Value::U32(i.plan.global.maxsessrate),
    },
    InfoField {
        position: 31,
        name: "MaxSessRate",
        tags: Tags("MRP"),
        doc: "Highest value of SessRate",
        value: |i| Value::U32(i.process().sess_rate.max()),
    },
    InfoField {
        position: 32,
        name: "SslRate",
        tags: Tags("MRP"),
        doc: "TLS connections over the last second",
        value: |i| Value::U32(i.process().secured.rate.read(i.now.millis)),
    },
    InfoField {
        position: 33,
        name: "SslRateLimit",
        tags: Tags("CLP"),
        doc: "Limit of SslRate (maxsslrate)",
        value: |i| Value::U32(i.plan.global.maxsslrate),
    },
    InfoField {
        position: 34,
        name: "MaxSslRate",
        tags: Tags("MMP"),
        doc: "Highest value of SslRate",
        value: |i| Value::U32(i.process().secured.rate.max()),
    },
    InfoField {
        position: 35,
        name: "SslFrontendKeyRate",
        tags: Tags("MGP"),
        doc: "TLS keys made for clients over the last second",
        value: |i| Value::U32(i.process().secured.front_keys.read(i.now.millis)),
    },
    InfoField {
        position: 36,
        name: "SslFrontendMaxKeyRate",
        tags: Tags("MMP"),
        doc: "Highest value of SslFrontendKeyRate",
        value: |i| Value::U32(i.process().secured.front_keys.max()),
    },
    InfoField {
        position: 37,
        name: "SslFrontendSessionReuse_pct",
        tags: Tags("MGP"),
        doc: "Percent of client TLS connections that needed no key",
        value: |i| Value::U32(i.process().secured.reuse(i.now.millis)),
    },
    InfoField {
        position: 38,
        name: "SslBackendKeyRate",
        tags: Tags("MRP"),
        doc: "TLS keys made for servers over the last second",
        value: |i| Value::U32(i.process().secured.back_keys.read(i.now.millis)),
    },
    InfoField {
        position: 39,
        name: "SslBackendMaxKeyRate",
        tags: Tags("MMP"),
        doc: "Highest value of SslBackendKeyRate",
        value: |i| Value::U32(i.process().secured.back_keys.max()),
    },
    InfoField {
        position: 40,
        name: "SslCacheLookups",
        tags: Tags("MCP"),
        doc: "Lookups in the TLS session cache",
        value: |i| Value::U32(i.sessions().lookups.load(Relaxed) as u32),
    },
    InfoField {
        position: 41,
        name: "SslCacheMisses",
        tags: Tags("MCP"),
        doc: "Misses in the TLS session cache",
        value: |i| Value::U32(i.sessions().misses.load(Relaxed) as u32),
    },
    InfoField {
        position: 42,
        name: "CompressBpsIn",
        tags: Tags("MRP"),
        doc: "Bytes given to the compressor over the last second",
        value: |_| Value::U32(0),
    },
    InfoField {
        position: 43,
        name: "CompressBpsOut",
        tags: Tags("MRP"),
        doc: "Bytes the compressor gave over the last second",
        value: |_| Value::U32(0),
    },
    InfoField {
        position: 44,
        name: "CompressBpsRateLim",
        tags: Tags("CLP"),
        doc: "Limit of CompressBpsOut",
        value: |_| Value::U32(0),
    },
    InfoField {
        position: 47,
        name: "Tasks",
        tags: Tags("MGP"),
        doc: "Tasks",
        value: |_| Value::None,
    },
    InfoField {
        position: 48,
        name: "Run_queue",
        tags: Tags("MGP"),
        doc: "Tasks that are ready to run",
        value: |_| Value::None,
    },
    InfoField {
        position: 49,
        name: "Idle_pct",
        tags: Tags("MaP"),
        doc: "Percent of the last second spent waiting",
        value: |_| Value::None,
    },
    InfoField {
        position: 50,
        name: "node",
        tags: Tags("COS"),
        doc: "Name of this node (node)",
        value: |i| Value::text(i.node),
    },
    InfoField {
        position: 51,
        name: "description",
        tags: Tags("COS"),
        doc: "Description of this node (description)",
        value: |i| description(i),
    },
    InfoField {
        position: 52,
        name: "Stopping",
        tags: Tags("MGP"),
        doc: "1 while it stops",
        value: |i| Value::U32(u32::from(i.stopping)),
    },
    InfoField {
        position: 53,
        name: "Jobs",
        tags: Tags("MGP"),
        doc: "Connections and listeners",
        value: |i| Value::U32(i.process().conns.load() + i.listeners()),
    },
    InfoField {
        position: 54,
        name: "Unstoppable Jobs",
        tags: Tags("MGP"),
        doc: "Jobs that no stop waits for",
        value: |_| Value::U32(0),
    },
    InfoField {
        position: 55,
        name: "Listeners",
        tags: Tags("MGP"),
        doc: "Active listeners",
        value: |i| Value::U32(i.listeners()),
    },
    InfoField {
        position: 56,
        name: "ActivePeers",
        tags: Tags("MGP"),
        doc: "Peers that are verified",
        value: |i| Value::U32(i.process().active_peers.load()),
    },
    InfoField {
        position: 57,
        name: "ConnectedPeers",
        tags: Tags("MGP"),
        doc: "Peers that are connected",
        value: |i| Value::U32(i.process().connected_peers.load()),
    },
    InfoField {
        position: 58,
        name: "DroppedLogs",
        tags: Tags("MGP"),
        doc: "Log lines dropped because a sink was slow or gone",
        value: |i| Value::U64(i.process().dropped_logs.load()),
    },
    InfoField {
        position: 59,
        name: "BusyPolling",
        tags: Tags("MGP"),
        doc: "1 with busy polling",
        value: |_| Value::U32(0),
    },
    InfoField {
        position: 60,
        name: "FailedResolutions",
        tags: Tags("MGP"),
        doc: "Failed name resolutions",
        value: |_| Value::None,
    },
    InfoField {
        position: 61,
        name: "TotalBytesOut",
        tags: Tags("MGP"),
        doc: "Bytes sent to clients",
        value: |i| Value::U64(i.bytes_out()),
    },
    InfoField {
        position: 62,
        name: "TotalSplicdedBytesOut",
        tags: Tags("MGP"),
        doc: "Bytes sent through kernel pipes",
        value: |_| Value::None,
    },
    InfoField {
        position: 63,
        name: "BytesOutRate",
        tags: Tags("MRP"),
        doc: "Bytes sent over the last second",
        value: |_| Value::None,
    },
    InfoField {
        position: 64,
        name: "DebugCommandsIssued",
        tags: Tags("MGP"),
        doc: "Debug commands issued",
        value: |_| Value::U32(0),
    },
    InfoField {
        position: 65,
        name: "CumRecvLogs",
        tags: Tags("MCP"),
        doc: "Log lines received",
        value: |_| Value::U32(0),
    },
    InfoField {
        position: 66,
        name: "Build info",
        tags: Tags("POS"),
        doc: "Version of the build",
        value: |_| Value::text(VERSION),
    },
    InfoField {
        position: 67,
        name: "Memmax_bytes",
        tags: Tags("CLP"),
        doc: "Limit of memory in bytes (-m), 0 for none",
        value: |_| Value::U32(0),
    },
    InfoField {
        position: 68,
        name: "PoolAlloc_bytes",
        tags: Tags("MGP"),
        doc: "Memory of pools in bytes",
        value: |_| Value::None,
    },
    InfoField {
        position: 69,
        name: "PoolUsed_bytes",
        tags: Tags("MGP"),
        doc: "Memory of pools in use in bytes",
        value: |_| Value::None,
    },
    InfoField {
        position: 70,
        name: "Start_time_sec",
        tags: Tags("MDP"),
        doc: "When it started, seconds since 1970",
        value: |i| Value::U32(i.started as u32),
    },
    InfoField {
        position: 71,
        name: "Tainted",
        tags: Tags("SGP"),
        doc: "Experimental features in use",
        value: |_| Value::text("0"),
    },
];

fn description<'a>(info: &Info<'a>) -> Value<'a> {
    match &info.plan.global.description {
        Some(text) => Value::text(text.as_str()),
        None => Value::None,
    }
}

fn known<'a>(info: &Info<'a>) -> impl Iterator<Item = (&'static InfoField, Value<'a>)> {
    let values = FIELDS.iter().map(|field| (field, field.of(info)));
    values.filter(|(_, value)| *value != Value::None)
}

/// `show info`; with a description of each field if `desc`.
pub fn info(info: &Info<'_>, desc: bool) -> String {
    let mut out = String::new();
    for (field, value) in known(info) {
        out.push_str(field.name);
        out.push_str(": ");
        value.write(&mut out);
        if desc {
            let _ = write!(out, ":\"{}\"", field.doc);
        }
        out.push('\n');
    }
    out
}

/// `show info typed`.
pub fn info_typed(info: &Info<'_>, desc: bool) -> String {
    let mut out = String::new();
    for (field, value) in known(info) {
        let (position, name, tags) = (field.position, field.name, field.tags.0);
        let _ = write!(out, "{position}.{name}.1:{tags}:{}:", value.type_name());
        value.write(&mut out);
        if desc {
            let _ = write!(out, ":\"{}\"", field.doc);
        }
        out.push('\n');
    }
    out
}

/// `show info json`.
pub fn info_json(info: &Info<'_>) -> String {
    let mut out = String::from("[");
    for (number, (field, value)) in known(info).enumerate() {
        out.push_str(if number > 0 { ",{" } else { "{" });
        json::one(&mut out, field.position, field.name, field.tags, &value);
        out.push('}');
    }
    out.push_str("]\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_documented_unique_and_in_order() {
        let mut last = None;
        for field in FIELDS {
            assert!(last < Some(field.position), "{}", field.name);
            last = Some(field.position);
            assert!(
                !field.doc.is_empty() && field.tags.nature() != "Unknown",
                "{}",
                field.name
            );
            assert_eq!(
                FIELDS.iter().filter(|f| f.name == field.name).count(),
                1,
                "{}",
                field.name
            );
        }
    }
}
