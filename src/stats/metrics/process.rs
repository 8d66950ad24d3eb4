//! Metrics of the process, from the fields of `show info`.

use prometheus::proto::{MetricFamily, MetricType};

use super::super::field::Value;
use super::super::info::{FIELDS, Info};
use super::family::{Family, number};

/// Name without `haproxy_process_`, field, kind, explanation; in HAProxy's order.
#[rustfmt::skip]
const METRICS: &[(&str, &str, MetricType, &str)] = &[
    ("nbthread", "Nbthread", MetricType::GAUGE, "Number of started threads (global.nbthread)"),
    ("nbproc", "Nbproc", MetricType::GAUGE, "Number of started worker processes (historical, always 1)"),
    ("relative_process_id", "Process_num", MetricType::GAUGE, "Relative worker process number (1)"),
    ("uptime_seconds", "Uptime_sec", MetricType::GAUGE, "How long ago this worker process was started (seconds)"),
    ("pool_failures_total", "PoolFailed", MetricType::COUNTER, "Number of failed pool allocations since this worker was started"),
    ("max_fds", "Ulimit-n", MetricType::GAUGE, "Hard limit on the number of per-process file descriptors"),
    ("max_sockets", "Maxsock", MetricType::GAUGE, "Hard limit on the number of per-process sockets"),
    ("max_connections", "Maxconn", MetricType::GAUGE, "Hard limit on the number of per-process connections (configured or imposed by Ulimit-n)"),
    ("hard_max_connections", "Hard_maxconn", MetricType::GAUGE, "Hard limit on the number of per-process connections (imposed by Memmax_MB or Ulimit-n)"),
    ("current_connections", "CurrConns", MetricType::GAUGE, "Current number of connections on this worker process"),
    ("connections_total", "CumConns", MetricType::COUNTER, "Total number of connections on this worker process since started"),
    ("requests_total", "CumReq", MetricType::COUNTER, "Total number of requests on this worker process since started"),
    ("max_ssl_connections", "MaxSslConns", MetricType::GAUGE, "Hard limit on the number of per-process SSL endpoints (front+back), 0=unlimited"),
    ("current_ssl_connections", "CurrSslConns", MetricType::GAUGE, "Current number of SSL endpoints on this worker process (front+back)"),
    ("ssl_connections_total", "CumSslConns", MetricType::COUNTER, "Total number of SSL endpoints on this worker process since started (front+back)"),
    ("max_pipes", "Maxpipes", MetricType::GAUGE, "Hard limit on the number of pipes for splicing, 0=unlimited"),
    ("pipes_used_total", "PipesUsed", MetricType::COUNTER, "Current number of pipes in use in this worker process"),
    ("pipes_free_total", "PipesFree", MetricType::COUNTER, "Current number of allocated and available pipes in this worker process"),
    ("current_connection_rate", "ConnRate", MetricType::GAUGE, "Number of front connections created on this worker process over the last second"),
    ("limit_connection_rate", "ConnRateLimit", MetricType::GAUGE, "Hard limit for ConnRate (global.maxconnrate)"),
    ("max_connection_rate", "MaxConnRate", MetricType::GAUGE, "Highest ConnRate reached on this worker process since started (in connections per second)"),
    ("current_session_rate", "SessRate", MetricType::GAUGE, "Number of sessions created on this worker process over the last second"),
    ("limit_session_rate", "SessRateLimit", MetricType::GAUGE, "Hard limit for SessRate (global.maxsessrate)"),
    ("max_session_rate", "MaxSessRate", MetricType::GAUGE, "Highest SessRate reached on this worker process since started (in sessions per second)"),
    ("current_ssl_rate", "SslRate", MetricType::GAUGE, "Number of SSL connections created on this worker process over the last second"),
    ("limit_ssl_rate", "SslRateLimit", MetricType::GAUGE, "Hard limit for SslRate (global.maxsslrate)"),
    ("max_ssl_rate", "MaxSslRate", MetricType::GAUGE, "Highest SslRate reached on this worker process since started (in connections per second)"),
    ("current_frontend_ssl_key_rate", "SslFrontendKeyRate", MetricType::GAUGE, "Number of SSL keys created on frontends in this worker process over the last second"),
    ("max_frontend_ssl_key_rate", "SslFrontendMaxKeyRate", MetricType::GAUGE, "Highest SslFrontendKeyRate reached on this worker process since started (in SSL keys per second)"),
    ("frontend_ssl_reuse", "SslFrontendSessionReuse_pct", MetricType::GAUGE, "Percent of frontend SSL connections which did not require a new key"),
    ("current_backend_ssl_key_rate", "SslBackendKeyRate", MetricType::GAUGE, "Number of SSL keys created on backends in this worker process over the last second"),
    ("max_backend_ssl_key_rate", "SslBackendMaxKeyRate", MetricType::GAUGE, "Highest SslBackendKeyRate reached on this worker process since started (in SSL keys per second)"),
    ("ssl_cache_lookups_total", "SslCacheLookups", MetricType::COUNTER, "Total number of SSL session ID lookups in the SSL session cache on this worker since started"),
    ("ssl_cache_misses_total", "SslCacheMisses", MetricType::COUNTER, "Total number of SSL session ID lookups that didn't find a session in the SSL session cache on this worker since started"),
    ("http_comp_bytes_in_total", "CompressBpsIn", MetricType::COUNTER, "Number of bytes submitted to the HTTP compressor in this worker process over the last second"),
    ("http_comp_bytes_out_total", "CompressBpsOut", MetricType::COUNTER, "Number of bytes emitted by the HTTP compressor in this worker process over the last second"),
    ("limit_http_comp", "CompressBpsRateLim", MetricType::GAUGE, "Limit of CompressBpsOut beyond which HTTP compression is automatically disabled"),
    ("current_zlib_memory", "ZlibMemUsage", MetricType::GAUGE, "Amount of memory currently used by HTTP compression on the current worker process (in bytes)"),
    ("max_zlib_memory", "MaxZlibMemUsage", MetricType::GAUGE, "Limit on the amount of memory used by HTTP compression above which it is automatically disabled (in bytes, see global.maxzlibmem)"),
    ("current_tasks", "Tasks", MetricType::GAUGE, "Total number of tasks in the current worker process (active + sleeping)"),
    ("current_run_queue", "Run_queue", MetricType::GAUGE, "Total number of active tasks+tasklets in the current worker process"),
    ("idle_time_percent", "Idle_pct", MetricType::GAUGE, "Percentage of last second spent waiting in the current worker thread"),
    ("stopping", "Stopping", MetricType::GAUGE, "1 if the worker process is currently stopping, otherwise zero"),
    ("jobs", "Jobs", MetricType::GAUGE, "Current number of active jobs on the current worker process (frontend connections, master connections, listeners)"),
    ("unstoppable_jobs", "Unstoppable Jobs", MetricType::GAUGE, "Current number of unstoppable jobs on the current worker process (master connections)"),
    ("listeners", "Listeners", MetricType::GAUGE, "Current number of active listeners on the current worker process"),
    ("active_peers", "ActivePeers", MetricType::GAUGE, "Current number of verified active peers connections on the current worker process"),
    ("connected_peers", "ConnectedPeers", MetricType::GAUGE, "Current number of peers having passed the connection step on the current worker process"),
    ("dropped_logs_total", "DroppedLogs", MetricType::COUNTER, "Total number of dropped logs for current worker process since started"),
    ("busy_polling_enabled", "BusyPolling", MetricType::GAUGE, "1 if busy-polling is currently in use on the worker process, otherwise zero (config.busy-polling)"),
    ("failed_resolutions", "FailedResolutions", MetricType::COUNTER, "Total number of failed DNS resolutions in current worker process since started"),
    ("bytes_out_total", "TotalBytesOut", MetricType::COUNTER, "Total number of bytes emitted by current worker process since started"),
    ("spliced_bytes_out_total", "TotalSplicdedBytesOut", MetricType::COUNTER, "Total number of bytes emitted by current worker process through a kernel pipe since started"),
    ("bytes_out_rate", "BytesOutRate", MetricType::GAUGE, "Number of bytes emitted by current worker process over the last second"),
    ("recv_logs_total", "CumRecvLogs", MetricType::COUNTER, "Total number of log messages received by log-forwarding listeners on this worker process since started"),
    ("build_info", "Version", MetricType::GAUGE, "Build info"),
    ("max_memory_bytes", "Memmax_bytes", MetricType::GAUGE, "Worker process's hard limit on memory usage in byes (-m on command line)"),
    ("pool_allocated_bytes", "PoolAlloc_bytes", MetricType::GAUGE, "Amount of memory allocated in pools (in bytes)"),
    ("pool_used_bytes", "PoolUsed_bytes", MetricType::GAUGE, "Amount of pool memory currently used (in bytes)"),
    ("start_time_seconds", "Start_time_sec", MetricType::GAUGE, "Start time in seconds"),
];

/// Appends them. A field that says nothing here is not a number.
pub(super) fn append(out: &mut Vec<MetricFamily>, info: &Info<'_>) {
    for (name, field, kind, help) in METRICS {
        let field = FIELDS.iter().find(|known| known.name == *field);
        let value = field.map_or(Value::None, |field| field.of(info));
        let mut family = Family::new("process", name, *kind, help);
        match &value {
            Value::Str(text) => family.push(&[("version", text)], 1.0),
            value => family.push(&[], number(value)),
        }
        family.finish(out);
    }
}
