//! Servers that follow names, beside HAProxy, with a name server whose answers change: which addresses servers get, which
//! states, and what the log says.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use nix::sys::signal::Signal;
use support::{LogSink, Program, Who, both, free_port, wait_for};

/// What the name server knows of a name.
#[derive(Debug, Clone)]
enum Known {
    A(&'static [u8]),
    /// Weight, port, host; then an address brought along for a host.
    Srv(
        &'static [(u16, u16, &'static str)],
        Option<(&'static str, u8)>,
    ),
    Code(u8),
    Silence,
}

use Known::{A, Code, Silence, Srv};

#[derive(Clone, Default)]
struct Zone(Arc<Mutex<BTreeMap<&'static str, Known>>>);

fn wire(name: &str) -> Vec<u8> {
    let label = |label: &str| [&[label.len() as u8], label.as_bytes()].concat();
    let mut out: Vec<u8> = name.split('.').flat_map(label).collect();
    out.push(0);
    out
}

fn record(name: &[u8], kind: u8, data: &[u8]) -> Vec<u8> {
    let head = [0, kind, 0, 1, 0, 0, 0, 60, 0, data.len() as u8];
    [name, &head, data].concat()
}

fn place(last: u8) -> [u8; 4] {
    Ipv4Addr::new(127, 0, 0, last).octets()
}

impl Zone {
    fn set(&self, name: &'static str, known: Known) {
        self.0.lock().unwrap().insert(name, known);
    }

    fn reply(&self, query: &[u8]) -> Option<Vec<u8>> {
        let (mut labels, mut at) = (Vec::new(), 12);
        while query[at] != 0 {
            let length = usize::from(query[at]);
            labels.push(String::from_utf8_lossy(&query[at + 1..at + 1 + length]).into_owned());
            at += 1 + length;
        }
        let kind = query[at + 2];
        let name = labels.join(".").to_ascii_lowercase();
        let known = self.0.lock().unwrap().get(name.as_str()).cloned();
        let (mut code, mut answers, mut more) = (0, Vec::new(), Vec::new());
        match known.unwrap_or(Code(3)) {
            Silence => return None,
            Code(other) => code = other,
            A(lasts) if kind == 1 => {
                let one = |last: &u8| record(&[0xc0, 12], 1, &place(*last));
                answers = lasts.iter().map(one).collect();
            }
            Srv(services, address) if kind == 33 => {
                for (weight, port, host) in services {
                    let data = [
                        &[0, 1],
                        &weight.to_be_bytes()[..],
                        &port.to_be_bytes(),
                        &wire(host),
                    ];
                    answers.push(record(&[0xc0, 12], 33, &data.concat()));
                }
                let one = |(host, last)| record(&wire(host), 1, &place(last));
                more = address.into_iter().map(one).collect();
            }
            A(_) | Srv(..) => {}
        }
        let mut out = query[..at + 5].to_vec();
        out[2..4].copy_from_slice(&[0x81, 0x80 | code]);
        out[6..12].fill(0);
        (out[7], out[11]) = (answers.len() as u8, more.len() as u8);
        out.extend(answers.concat());
        out.extend(more.concat());
        Some(out)
    }

    /// Serves it on a port of the loopback until the process ends.
    fn serve(&self) -> u16 {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let port = socket.local_addr().unwrap().port();
        let zone = self.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((n, from)) = socket.recv_from(&mut buffer) {
                if let Some(answer) = zone.reply(&buffer[..n]) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        port
    }
}

struct Bench {
    zone: Zone,
    sink: LogSink,
    program: Program,
}

impl Bench {
    /// Starts a proxy whose servers these backends are.
    fn start(who: Who, zone: &[(&'static str, Known)], backends: &str) -> Self {
        Self::holding(who, zone, backends, "100ms")
    }

    /// The same, with the time that an address is kept while the name server is silent. It is silent once it
    /// was asked twice and did not answer within a second, which a busy machine does.
    fn holding(who: Who, zone: &[(&'static str, Known)], backends: &str, silent: &str) -> Self {
        let shared = Zone::default();
        for (name, known) in zone {
            shared.set(name, known.clone());
        }
        let (dns, port, sink) = (shared.serve(), free_port(), LogSink::new());
        let config = format!(
            "global\n stats socket unix@./sock level admin\n log 127.0.0.1:{} local0\n\
             resolvers dns\n nameserver a 127.0.0.1:{dns}\n timeout resolve 50ms\n timeout retry 1s\n resolve_retries 2\n \
             hold valid 50ms\n hold nx 100ms\n hold refused 100ms\n hold timeout {silent}\n hold other 100ms\n hold obsolete 0\n\
             defaults\n mode http\n log global\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
             frontend f\n bind 127.0.0.1:{port}\n{backends}",
            sink.port
        );
        Self {
            zone: shared,
            sink,
            program: Program::start(who, &config, &[port]),
        }
    }

    fn command(&self, command: &str) -> String {
        let mut stream = wait_for("the socket", || {
            UnixStream::connect(self.program.file("sock")).ok()
        });
        stream.write_all(format!("{command}\n").as_bytes()).unwrap();
        let mut out = String::new();
        stream.read_to_string(&mut out).unwrap();
        out
    }

    /// Of every server: name, address, operational and administrative state, weight, name, port, record.
    fn servers(&self) -> Vec<String> {
        let state = self.command("show servers state");
        let rows = state
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
        rows.map(|line| line.split(' ').collect::<Vec<_>>())
            .filter(|row| row.len() > 20)
            .map(|row| [1, 3, 4, 5, 6, 7, 17, 18, 19].map(|at| row[at]).join(" "))
            .collect()
    }

    /// Waits until a server's row is this.
    fn shows(&self, row: &str) {
        wait_for(&format!("{row:?} in {:#?}", self.servers()), || {
            self.servers()
                .iter()
                .any(|known| known == row)
                .then_some(())
        });
    }

    /// Log lines, their level and text, until one with this text.
    fn said(&self, last: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.sink.line();
            let level = line.split('>').next().unwrap_or_default().to_owned();
            let text = line.split("]: ").nth(1).unwrap_or_default().trim_end();
            lines.push(format!("{level}> {text}"));
            if text.contains(last) {
                return lines;
            }
        }
    }
}

#[test]
fn a_server_goes_where_its_name_goes() {
    let seen = both().map(|who| {
        let bench = Bench::start(
            who,
            &[("one.test", A(&[11]))],
            "backend b\n server s one.test:80 resolvers dns init-addr none\n \
             server t one.test:81 resolvers dns init-addr 127.0.0.9 resolve-opts allow-dup-ip\n",
        );
        let mut seen = vec![bench.said("b/t changed its IP from 127.0.0.9")];
        let mut step = |known, last, row| {
            bench.zone.set("one.test", known);
            seen.push(bench.said(last));
            // HAProxy speaks before it acts.
            bench.shows(row);
            seen.push(bench.servers());
        };
        let (moved, back) = (
            "b/t changed its IP from 127.0.0.11 to 127.0.0.12",
            "b/t administratively READY",
        );
        let (gone, none) = ("no server available", "b t - 0 32 1 one.test 81 -");
        step(A(&[12]), moved, "b t 127.0.0.12 2 0 1 one.test 81 -");
        step(Code(3), gone, none);
        step(A(&[13]), back, "b t 127.0.0.13 2 0 1 one.test 81 -");
        step(Code(5), gone, none);
        step(A(&[13]), back, "b t 127.0.0.13 2 0 1 one.test 81 -");
        step(Silence, gone, none);
        step(A(&[14]), back, "b t 127.0.0.14 2 0 1 one.test 81 -");
        step(A(&[]), gone, none);
        seen.push(vec![
            bench
                .command("show stat")
                .lines()
                .filter(|l| l.starts_with("b,"))
                .map(|l| l.split(',').nth(17).unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
                .join(" "),
        ]);
        seen
    });
    let [theirs, ours] = seen;
    assert_eq!(theirs, ours);
    assert_eq!(ours[2][0], "b s 127.0.0.12 2 0 1 one.test 80 -");
}

#[test]
fn servers_of_a_template_share_the_addresses_of_an_answer() {
    let seen = both().map(|who| {
        let bench = Bench::start(
            who,
            &[("many.test", A(&[1, 2]))],
            "backend b\n server-template t 3 many.test:80 resolvers dns init-addr none\n\
             backend c\n server x 127.0.0.7:80 resolvers dns\n \
             server y many.test:80 resolvers dns init-addr none resolve-net 127.0.0.4/30\n",
        );
        // Who has which address is HAProxy's secret: that nobody has one twice, and who has none, is not.
        let addresses = |bench: &Bench| {
            let rows = bench.servers();
            let fields = |row: &String| row.split(' ').map(str::to_owned).collect::<Vec<_>>();
            let rows = rows
                .iter()
                .map(fields)
                .filter(|row| row[1].starts_with('t'));
            let mut all: Vec<_> = rows.map(|row| row[2].clone()).collect();
            all.sort();
            all.join(" ")
        };
        let reaches = |expected: &str| {
            wait_for(expected, || (addresses(&bench) == expected).then_some(()));
        };
        reaches("- 127.0.0.1 127.0.0.2");
        let first = bench.servers().pop();
        bench.zone.set("many.test", A(&[1, 2, 5]));
        reaches("127.0.0.1 127.0.0.2 127.0.0.5");
        bench.zone.set("many.test", A(&[5]));
        reaches("- - 127.0.0.5");
        bench.zone.set("many.test", A(&[6, 7, 8, 9]));
        wait_for("three addresses", || {
            let now = addresses(&bench);
            (!now.contains("- ") && !now.contains("127.0.0.5")).then_some(())
        });
        // One that is near is taken where there is a choice; one that was taken is kept.
        let near = ["c y 127.0.0.6 ", "c y 127.0.0.7 "];
        let last = wait_for("a near one", || {
            let last = bench.servers().pop()?;
            near.iter()
                .any(|near| last.starts_with(near))
                .then_some(last)
        });
        bench.zone.set("many.test", A(&[6, 7, 4, 9]));
        (first.is_some(), bench.servers().pop() == Some(last))
    });
    assert_eq!(seen, [(true, true); 2]);
}

#[test]
fn services_come_and_go_with_their_records() {
    const NAME: &str = "_http._tcp.test";
    let seen = both().map(|who| {
        let bench = Bench::start(
            who,
            &[
                (NAME, Srv(&[(1000, 81, "a.test")], None)),
                ("a.test", A(&[11])),
                ("b.test", A(&[12])),
            ],
            "backend b\n server-template t 3 _http._tcp.test resolvers dns check inter 1h\n\
             backend w\n server-template t 1 _http._tcp.test resolvers dns weight 9 resolve-opts ignore-weight\n",
        );
        let first = bench.said("Server w/t1 administratively READY");
        let step = |known, last, row| {
            bench.zone.set(NAME, known);
            bench.said(last);
            bench.shows(row);
        };
        let two = &[(1000, 81, "a.test"), (65535, 82, "b.test")];
        step(Srv(two, None), "b/t2 administratively READY", "b t2 127.0.0.12 2 64 256 b.test 82 _http._tcp.test");
        // Another port is another place.
        let moved = &[(1000, 83, "a.test"), (65535, 82, "b.test")];
        step(Srv(moved, None), "w/t1 ", "b t3 127.0.0.11 2 64 4 a.test 83 _http._tcp.test");
        let one = &[(1, 83, "a.test")];
        step(Srv(one, Some(("a.test", 77))), "by DNS additional record", "b t3 127.0.0.77 2 64 1 a.test 83 _http._tcp.test");
        let found = bench.command("set server b/t3 fqdn other.test");
        bench.zone.set(NAME, Code(3));
        bench.shows("b t3 - 0 96 1 - 0 _http._tcp.test");
        (first, bench.servers().into_iter().filter(|row| row.starts_with('b')).collect::<Vec<_>>(), found)
    });
    let [theirs, ours] = seen;
    assert_eq!(theirs, ours);
}

#[test]
fn the_operator_and_names_get_on() {
    let [theirs, ours] = both().map(|who| {
        let bench = Bench::start(
            who,
            &[("one.test", A(&[11])), ("two.test", A(&[12]))],
            "backend b\n server s one.test:80 resolvers dns init-addr none\n server p 127.0.0.7:80\n \
             server q one.test:80 resolvers dns init-addr none resolve-opts allow-dup-ip\n \
             server d one.test:80 resolvers dns init-addr none disabled resolve-opts allow-dup-ip\n",
        );
        let mut seen = bench.said("Server b/d administratively READY");
        for command in [
            "set server b/s addr 127.0.0.99",
            "set server b/p fqdn two.test",
            "set server b/s fqdn",
            "show resolvers nope",
        ] {
            seen.push(bench.command(command));
        }
        // An address that the operator gave stays while the answers do.
        bench.zone.set("one.test", A(&[11, 13]));
        seen.push(bench.command("set server b/s weight 0"));
        seen.extend(bench.servers());
        seen.push(bench.command("set server b/q fqdn two.test"));
        bench.shows("b q 127.0.0.12 2 0 1 two.test 80 -");
        let resolvers = bench.command("show resolvers dns");
        let names = resolvers.lines().map(|l| l.split(':').next().unwrap_or_default().to_owned());
        seen.extend(names);
        seen
    });
    assert_eq!(theirs, ours);
}

#[test]
fn a_reload_keeps_what_was_learned() {
    let bench = Bench::holding(
        Who::Ours,
        &[
            ("one.test", A(&[11])),
            ("_s._tcp.test", Srv(&[(256, 81, "one.test")], None)),
        ],
        "backend b\n server s one.test:80 resolvers dns init-addr none\nbackend v\n \
         server-template t 2 _s._tcp.test resolvers dns\n",
        "1h",
    );
    bench.shows("b s 127.0.0.11 2 0 1 one.test 80 -");
    bench.shows("v t1 127.0.0.11 2 64 1 one.test 81 _s._tcp.test");
    bench.zone.set("one.test", Silence);
    bench.zone.set("_s._tcp.test", Silence);
    let text = std::fs::read_to_string(bench.program.file("x.cfg")).unwrap();
    bench
        .program
        .rewrite(&text.replace("one.test:80", "one.test:90"));
    bench.program.signal(Signal::SIGUSR2);
    bench.shows("b s 127.0.0.11 2 0 1 one.test 90 -");
    bench.shows("v t1 127.0.0.11 2 64 1 one.test 81 _s._tcp.test");
    bench.shows("v t2 - 0 32 1 - 0 _s._tcp.test");
}

#[test]
fn a_dead_name_server_holds_nothing_up() {
    let bench = Bench::start(
        Who::Ours,
        &[("one.test", Silence)],
        "backend b\n server s one.test:80 resolvers dns init-addr none\n",
    );
    assert_eq!(bench.servers(), ["b s - 0 32 1 one.test 80 -"]);
    bench.zone.set("one.test", A(&[11]));
    bench.shows("b s 127.0.0.11 2 0 1 one.test 80 -");
}
