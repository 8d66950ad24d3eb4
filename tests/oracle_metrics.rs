//! The exporter for Prometheus beside HAProxy's: the same names, explanations, kinds, labels and order.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may end so"
)]

mod support;

use support::{Client, Origin, Program, Response, both, free_port, wait_for};

/// What HAProxy counts of itself and we do not: there it is a number, here none.
const NOT_COUNTED: [&str; 23] = [
    "haproxy_process_max_pipes",
    "haproxy_process_pipes_used_total",
    "haproxy_process_pipes_free_total",
    "haproxy_process_failed_resolutions",
    "haproxy_process_spliced_bytes_out_total",
    "haproxy_process_bytes_out_rate",
    "haproxy_process_pool_failures_total",
    "haproxy_process_current_tasks",
    "haproxy_process_current_run_queue",
    "haproxy_process_idle_time_percent",
    "haproxy_process_pool_allocated_bytes",
    "haproxy_process_pool_used_bytes",
    "haproxy_process_current_ssl_rate",
    "haproxy_process_max_ssl_rate",
    "haproxy_process_current_frontend_ssl_key_rate",
    "haproxy_process_max_frontend_ssl_key_rate",
    "haproxy_process_frontend_ssl_reuse",
    "haproxy_process_current_backend_ssl_key_rate",
    "haproxy_process_max_backend_ssl_key_rate",
    "haproxy_process_ssl_cache_lookups_total",
    "haproxy_process_ssl_cache_misses_total",
    "haproxy_process_http_comp_bytes_in_total",
    "haproxy_process_http_comp_bytes_out_total",
];

/// Numbers that must be the same, too.
const EQUAL: [&str; 12] = [
    "_status{",
    "_sessions_total{",
    "_http_requests_total{",
    "_http_responses_total{",
    "_requests_denied_total{",
    "_request_errors_total{",
    "_weight{",
    "_active_servers{",
    "_backup_servers{",
    "_limit_sessions{",
    "_bytes_in_total{",
    "sticktable_",
];

fn ask(port: u16, target: &str) -> Response {
    Client::connect(port).ask(format!(
        "GET {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
    ))
}

/// The metrics as text, without what differs from process to process and from moment to moment.
fn settled(text: &str) -> Vec<String> {
    let line = |line: &str| {
        if line.starts_with('#') {
            return line.to_owned();
        }
        let (name, value) = line.rsplit_once(' ').expect("a value");
        if name.starts_with("haproxy_process_build_info") {
            return "haproxy_process_build_info".to_owned();
        }
        if NOT_COUNTED.contains(&name) {
            return name.to_owned();
        }
        if EQUAL.iter().any(|part| name.contains(part)) {
            return line.to_owned();
        }
        let kind = if value == "NaN" { "NaN" } else { "number" };
        format!("{name} {kind}")
    };
    text.lines().map(line).collect()
}

#[test]
fn metrics_are_haproxys() {
    let origin = Origin::saying("hello");
    let [front, tcp, prom, both_ways] = [(); 4].map(|()| free_port());
    let to = origin.port;
    let config = format!(
        "global\n description here\n maxconn 500\n nbthread 2\n\
         defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n\
         frontend fe\n bind 127.0.0.1:{front} name here\n option socket-stats\n maxconn 50\n default_backend be\n\
         stick-table type ip size 10 store gpc0\n http-request track-sc0 src\n http-request deny if {{ path /no }}\n\
         frontend tcpfe\n mode tcp\n bind 127.0.0.1:{tcp}\n default_backend tbe\n\
         frontend gone\n bind 127.0.0.1:1\n disabled\n\
         frontend prom\n bind 127.0.0.1:{prom}\n http-request use-service prometheus-exporter if {{ path /metrics }}\n\
         backend be\n balance roundrobin\n server s1 127.0.0.1:{to} weight 3 maxconn 9\n server s2 127.0.0.1:1 check inter 50 fall 1\n \
         server s3 127.0.0.1:1 disabled check\n server s4 127.0.0.1:1 track s2 slowstart 3s\n server s5 127.0.0.1:{to} backup\n\
         backend tbe\n mode tcp\n server t1 127.0.0.1:{to}\n server t2 127.0.0.1:1 disabled\n\
         listen both\n bind 127.0.0.1:{both_ways}\n server b1 127.0.0.1:{to}\n"
    );
    let [theirs, ours] = both().map(|who| {
        let program = Program::start(who, &config, &[front, both_ways, prom]);
        wait_for("the check", || {
            let found = ask(prom, "/metrics?scope=server").text();
            let down = "haproxy_server_status{proxy=\"be\",server=\"s2\",state=\"DOWN\"} 1";
            found.contains(down).then_some(())
        });
        assert_eq!(ask(front, "/").status, 200);
        assert_eq!(ask(front, "/no").status, 403);
        assert_eq!(ask(both_ways, "/").status, 200);
        let targets = [
            "/metrics?scope=global",
            "/metrics?scope=frontend&scope=listener",
            "/metrics?scope=backend&scope=server&no-maint",
            "/metrics?scope=sticktable&x=y",
            "/metrics?scope=",
            "/metrics?scope=nothing",
            "/metrics?scope=server",
        ];
        let said = targets.map(|target| {
            // The frontend of the exporter counts the questions.
            let answer = ask(prom, target);
            let kind = answer.header("content-type").map(str::to_owned);
            let text = match answer.status {
                200 => settled(&answer.text()),
                _ => Vec::new(),
            };
            let text: Vec<_> = text
                .into_iter()
                .filter(|l| !l.contains("\"prom\""))
                .collect();
            (target, answer.status, kind, text)
        });
        drop(program);
        said
    });
    for ((target, status, kind, theirs), (_, status_here, kind_here, ours)) in
        theirs.into_iter().zip(ours)
    {
        assert_eq!((status_here, kind_here), (status, kind), "{target}");
        let missing: Vec<_> = theirs.iter().filter(|line| !ours.contains(line)).collect();
        let more: Vec<_> = ours.iter().filter(|line| !theirs.contains(line)).collect();
        assert!(
            missing.is_empty() && more.is_empty(),
            "{target}: missing {missing:#?}, more {more:#?}"
        );
        assert!(ours == theirs, "{target}: another order");
    }
}
