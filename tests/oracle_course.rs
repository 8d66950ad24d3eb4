//! What expressions say of a stream's course - timeouts, errors, times, the messages of distcc - is what a running
//! HAProxy says.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says by panicking what is wrong"
)]

mod support;

use std::io::Write;
use std::net::{Shutdown, TcpStream};

use support::{Client, LogSink, Origin, Program, Who, both, free_port, local};

const SHOWN: &str = "%[bc_err]|%[bc_err_str]|%[be_server_timeout]|%[be_tunnel_timeout]|%[cur_server_timeout]|\
                     %[cur_tunnel_timeout]|%[fe_client_timeout]|%[fe_defbe]|%[fc_err]|%[fc_err_str]|%ts";

/// The log line of a request by way of each backend, then of TCP streams.
///
/// A stream whose server refuses may end before the client has sent a byte, and is then not logged at
/// all (`dontlognull`): that one waits for the request first.
fn courses(who: Who) -> Vec<String> {
    let (web, refused, tunnel, nobody) = (free_port(), free_port(), free_port(), free_port());
    let (sink, origin) = (LogSink::new(), Origin::saying("hello"));
    let (log, server) = (sink.port, origin.port);
    let config = format!(
        "defaults
          mode http
          option dontlognull
          log 127.0.0.1:{log} local0
          timeout connect 1s
          timeout client 3s
          timeout server 4s
          retries 0
        frontend web
          bind 127.0.0.1:{web}
          log-format \"%HU {SHOWN}\"
          use_backend gone if {{ path /gone }}
          use_backend afar if {{ path /afar }}
          default_backend app
        backend app
          timeout tunnel 1h
          http-request set-timeout server 9s if {{ path /set }}
          http-request set-timeout tunnel 8s if {{ path /set }}
          http-request return hdr x 1 if {{ path /here }}
          server s 127.0.0.1:{server}
        backend gone
          server s 127.0.0.1:{nobody}
        backend afar
          source 192.0.2.1
          server s 127.0.0.1:{server}
        listen refused
          mode tcp
          bind 127.0.0.1:{refused}
          tcp-request inspect-delay 5s
          tcp-request content accept if {{ req.len gt 0 }}
          log-format \"refused {SHOWN}\"
          server s 127.0.0.1:{nobody}
        listen tunnel
          mode tcp
          timeout tunnel 1h
          bind 127.0.0.1:{tunnel}
          log-format \"tunnel {SHOWN}\"
          server s 127.0.0.1:{server}
"
    );
    let _program = Program::start(who, &config, &[web, refused, tunnel]);
    let mut lines = Vec::new();
    let paths = ["/", "/set", "/here", "/gone", "/afar"];
    for (port, path) in paths
        .into_iter()
        .map(|path| (web, path))
        .chain([(refused, "/"), (tunnel, "/")])
    {
        let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let mut client = Client::connect(port);
        client.send(request);
        match port == refused {
            true => drop(client.rest()),
            false => drop(client.response()),
        }
        drop(client);
        let line = sink.line_with("|");
        lines.push(line.split(": ").last().unwrap_or_default().to_owned());
    }
    lines
}

#[test]
fn terms_and_errors_are_haproxys() {
    let [haproxy, tidegate] = both().map(courses);
    assert_eq!(tidegate, haproxy);
    assert!(
        haproxy.iter().any(|line| line.contains("8|Can't bind")),
        "{haproxy:?}"
    );
}

const OF_DISTCC: &[&str] = &[
    "distcc_param(DIST)",
    "distcc_param(DIST,1)",
    "distcc_param(ARGC)",
    "distcc_param(ARGC,2)",
    "distcc_param(ARGV,0)",
    "distcc_param(ARGV,-1)",
    "distcc_body(ARGV)",
    "distcc_body(ARGV,2)",
    "distcc_body(DOTI)",
    "distcc_body(NAME)",
    "distcc_param(NAME)",
    "distcc_param(ZZZZ)",
];

const MESSAGES: &[&str] = &[
    "DIST00000001ARGC00000002ARGV00000002ccARGV00000003gccDOTI00000004text",
    "DIST0000000gARGC00000002",
    "DIST00000001ARGC0000",
    "dist00000001",
    "DISTffffFFFFARGC00000003",
    "DIST00000001XXXX00000002abARGC00000009",
    "NFIL00000003NAME00000005helloARGV00000001b",
    "STAT00000003DONE00000003ZZZZ00000007",
    "ARGV00000000ARGV00000001b",
    "DI ST",
];

/// What each expression gives for each message.
fn of_distcc(who: Who) -> Vec<String> {
    let sink = LogSink::new();
    let log = sink.port;
    let mut config = format!(
        "defaults
          mode tcp
          log 127.0.0.1:{log} local0
          timeout connect 1s
          timeout client 3s
          timeout server 3s
"
    );
    let ports: Vec<u16> = OF_DISTCC.iter().map(|_| free_port()).collect();
    for (port, expression) in ports.iter().zip(OF_DISTCC) {
        config += &format!(
            "listen l{port}
              bind 127.0.0.1:{port}
              tcp-request inspect-delay 5s
              tcp-request content set-var(sess.heard) str(yes) if {{ req.len gt 0 }}
              tcp-request content set-var(sess.value) {expression}
              log-format \"%[var(sess.heard)]= %[var(sess.value)]\"
              tcp-request content reject
"
        );
    }
    let _program = Program::start(who, &config, &ports);
    let mut seen = Vec::new();
    for message in MESSAGES {
        for (port, expression) in ports.iter().zip(OF_DISTCC) {
            let mut client = TcpStream::connect(local(*port)).expect("a connection");
            client.write_all(message.as_bytes()).expect("a message");
            // No more will come: what is missing now stays missing, without a wait.
            client.shutdown(Shutdown::Write).expect("an end");
            let line = sink.line_with("yes= ");
            let value = line.rsplit("= ").next().unwrap_or_default().trim_end();
            seen.push(format!("{expression} of {message}: {value}"));
        }
    }
    seen
}

#[test]
fn messages_of_distcc_are_read_as_haproxy_reads_them() {
    let [haproxy, tidegate] = both().map(of_distcc);
    assert_eq!(tidegate, haproxy);
    assert!(haproxy.iter().any(|line| line.ends_with(": text")));
}
