//! Reloading and stopping while traffic flows: clients must not notice.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread::JoinHandle;

use nix::sys::signal::Signal;
use support::{Client, Origin, Program, Who, free_port, get, listens, wait_for};

const DEFAULTS: &str =
    "defaults\n mode http\n timeout client 60s\n timeout connect 5s\n timeout server 60s\n";

fn config(port: u16, origin: &Origin, header: &str) -> String {
    format!(
        "{DEFAULTS}frontend fe\n bind 127.0.0.1:{port}\n http-response set-header X-Plan {header}\n \
         default_backend be\nbackend be\n server s 127.0.0.1:{}\n",
        origin.port
    )
}

const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// One request on a connection of its own; the answer as it came.
fn once(port: u16) -> std::io::Result<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(support::local(port))?;
    stream.write_all(GET.replace("Host", "Connection: close\r\nHost").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Clients that ask without pause until told to stop; every answer must be a 200.
struct Load {
    asked: Arc<AtomicU64>,
    ending: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// A connection per request, of which so many may be reset before they are answered.
    fn forgiving(port: u16, resets: u64) -> Self {
        Self::run(move |ending, asked, missed| {
            while !ending.load(SeqCst) {
                match once(port) {
                    Ok(answer) => {
                        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
                        asked.fetch_add(1, SeqCst);
                    }
                    Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                        assert!(missed.fetch_add(1, SeqCst) < resets, "too many resets");
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        })
    }

    /// `keep`: on one connection each; else a connection per request.
    fn start(port: u16, keep: bool) -> Self {
        Self::run(move |ending, asked, _| {
            let mut client = Client::connect(port);
            while !ending.load(SeqCst) {
                if !keep {
                    client = Client::connect(port);
                }
                assert_eq!(client.ask(GET).status, 200);
                asked.fetch_add(1, SeqCst);
            }
        })
    }

    fn run(work: impl Fn(&AtomicBool, &AtomicU64, &AtomicU64) + Clone + Send + 'static) -> Self {
        let asked = Arc::<AtomicU64>::default();
        let ending = Arc::<AtomicBool>::default();
        let missed = Arc::<AtomicU64>::default();
        let threads = (0..3)
            .map(|_| {
                let (asked, ending, missed) = (asked.clone(), ending.clone(), missed.clone());
                let work = work.clone();
                std::thread::spawn(move || work(&ending, &asked, &missed))
            })
            .collect();
        Self {
            asked,
            ending,
            threads,
        }
    }

    /// Waits until so many more requests were answered.
    fn flows(&self, more: u64) {
        let before = self.asked.load(SeqCst);
        wait_for("the traffic to flow", || {
            let stopped = self.threads.iter().any(JoinHandle::is_finished);
            assert!(!stopped, "a client met an error");
            (self.asked.load(SeqCst) >= before + more).then_some(())
        });
    }

    fn end(self) {
        self.ending.store(true, SeqCst);
        for thread in self.threads {
            thread.join().expect("no client met an error");
        }
    }
}

fn plan_of(port: u16) -> String {
    get(port, "/")
        .header("x-plan")
        .expect("the header")
        .to_owned()
}

#[test]
fn clients_do_not_notice_a_reload_in_place() {
    let (port, origin) = (free_port(), Origin::saying("hello"));
    let mut program = Program::start(Who::Ours, &config(port, &origin, "a"), &[port]);
    let loads = [Load::start(port, true), Load::start(port, false)];
    for (round, header) in ["b", "c", "d", "e"].into_iter().enumerate() {
        program.rewrite(&config(port, &origin, header));
        program.signal(if round % 2 == 0 {
            Signal::SIGUSR2
        } else {
            Signal::SIGHUP
        });
        wait_for("the new configuration", || {
            (plan_of(port) == header).then_some(())
        });
        for load in &loads {
            load.flows(50);
        }
    }
    loads.into_iter().for_each(Load::end);
    assert!(program.runs());
}

#[test]
fn a_connection_ends_on_the_plan_it_began_with() {
    let (port, origin) = (free_port(), Origin::saying("hello"));
    let program = Program::start(Who::Ours, &config(port, &origin, "old"), &[port]);
    let mut client = Client::connect(port);
    assert_eq!(client.ask(GET).header("x-plan"), Some("old"));
    program.rewrite(&config(port, &origin, "new"));
    program.signal(Signal::SIGUSR2);
    wait_for("the new configuration", || {
        (plan_of(port) == "new").then_some(())
    });
    assert_eq!(client.ask(GET).header("x-plan"), Some("old"));
}

#[test]
fn a_bad_file_changes_nothing_and_says_why() {
    let (port, origin) = (free_port(), Origin::saying("hello"));
    let mut program = Program::start(Who::Ours, &config(port, &origin, "good"), &[port]);
    let load = Load::start(port, true);
    program.rewrite(&config(port, &origin, "bad").replace("default_backend", "defualt_backend"));
    program.signal(Signal::SIGUSR2);
    program.says("Reload failed");
    program.says("defualt_backend");
    // A file that is right but cannot be had: somebody else listens there.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let other = taken.local_addr().expect("bound");
    let bind = format!(" bind {other}\n default_backend");
    program.rewrite(&config(port, &origin, "taken").replace(" default_backend", &bind));
    program.signal(Signal::SIGUSR2);
    program.says("cannot bind socket (Address already in use)");
    load.flows(20);
    assert_eq!(plan_of(port), "good");
    load.end();
    assert!(program.runs());
}

#[test]
fn listeners_come_and_go_and_the_others_stay() {
    let (stays, goes, comes) = (free_port(), free_port(), free_port());
    let origin = Origin::saying("hello");
    let with = |extra: u16| {
        let second = format!("frontend second\n bind 127.0.0.1:{extra}\n default_backend be\n");
        config(stays, &origin, "x") + &second
    };
    let program = Program::start(Who::Ours, &with(goes), &[stays, goes]);
    let mut kept = Client::connect(goes);
    assert_eq!(kept.ask(GET).status, 200);
    let load = Load::start(stays, false);
    program.rewrite(&with(comes));
    program.signal(Signal::SIGUSR2);
    wait_for("the new listener", || listens(comes).then_some(()));
    wait_for("the old listener's end", || (!listens(goes)).then_some(()));
    assert_eq!(get(comes, "/").status, 200);
    assert_eq!(kept.ask(GET).status, 200, "its connection goes on");
    load.flows(20);
    load.end();
}

#[test]
fn servers_keep_what_the_operator_said_over_a_reload() {
    let (port, origin) = (free_port(), Origin::saying("hello"));
    let text = |header| {
        let socket = "global\n stats socket ./api level admin\n";
        socket.to_owned() + &config(port, &origin, header)
    };
    let program = Program::start(Who::Ours, &text("a"), &[port]);
    let api = |command: &str| {
        use std::io::{Read, Write};
        let path = program.file("api");
        let mut stream = wait_for("the socket", || {
            std::os::unix::net::UnixStream::connect(&path).ok()
        });
        stream
            .write_all(format!("{command}\n").as_bytes())
            .expect("it goes out");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    };
    api("set server be/s state maint");
    assert_eq!(get(port, "/").status, 503);
    program.rewrite(&text("b"));
    assert_eq!(api("reload"), "Configuration reloaded.\n\n");
    assert_eq!(get(port, "/").status, 503, "still in maintenance");
    assert!(api("show stat").contains(",MAINT,"));
    api("set server be/s state ready");
    assert_eq!(plan_of(port), "b");
}

#[test]
fn a_soft_stop_finishes_what_has_begun() {
    let port = free_port();
    let (go, gate) = std::sync::mpsc::channel::<()>();
    let gate = std::sync::Mutex::new(gate);
    let slow = Origin::new(move |head| {
        if head.starts_with("GET /slow") {
            let gate = gate.lock().expect("one asks");
            let _ = gate.recv_timeout(support::PATIENCE);
        }
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec()
    });
    let mut program = Program::start(Who::Ours, &config(port, &slow, "x"), &[port]);
    let mut busy = Client::connect(port);
    let mut idle = Client::connect(port);
    assert_eq!(idle.ask(GET).status, 200);
    busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for("the request to reach the origin", || {
        (slow.count() == 2).then_some(())
    });
    program.signal(Signal::SIGUSR1);
    wait_for("the listener's end", || (!listens(port)).then_some(()));
    assert!(program.runs(), "a request is under way");
    go.send(()).expect("the origin waits");
    assert_eq!(busy.response().text(), "ok");
    assert_eq!(idle.rest(), b"", "an idle connection is closed");
    assert_eq!(program.wait().code(), Some(0));
}

#[test]
fn hard_stop_after_ends_a_soft_stop() {
    let port = free_port();
    let never = Origin::new(|_| {
        std::thread::sleep(support::PATIENCE * 2);
        Vec::new()
    });
    let config = "global\n hard-stop-after 300ms\n".to_owned() + &config(port, &never, "x");
    let mut program = Program::start(Who::Ours, &config, &[port]);
    let mut client = Client::connect(port);
    client.send(GET);
    wait_for("the request to reach the origin", || {
        (never.count() == 1).then_some(())
    });
    program.signal(Signal::SIGUSR1);
    assert_eq!(program.wait().code(), Some(0));
    assert_eq!(client.rest(), b"");
    // Its thread sleeps on; nobody waits for it.
    std::mem::forget(never);
}

#[test]
fn stopping_at_once_ends_by_the_signal() {
    use std::os::unix::process::ExitStatusExt;
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let (port, origin) = (free_port(), Origin::saying("hello"));
        let mut program = Program::start(Who::Ours, &config(port, &origin, "x"), &[port]);
        let mut client = Client::connect(port);
        assert_eq!(client.ask(GET).status, 200);
        program.signal(signal);
        assert_eq!(program.wait().signal(), Some(signal as i32));
        assert_eq!(client.rest(), b"");
    }
}

#[test]
fn a_master_replaces_its_worker_without_losing_a_request() {
    let (port, origin) = (free_port(), Origin::saying("hello"));
    let mut program = Program::with_args(Who::Ours, &["-W"], &config(port, &origin, "a"), &[port]);
    // Until workers hand their sockets on, a client may meet the moment in which the old one closes its own:
    // each of the three once per change.
    let load = Load::forgiving(port, 6);
    for header in ["b", "c"] {
        program.rewrite(&config(port, &origin, header));
        program.signal(Signal::SIGUSR2);
        let plan = format!("x-plan: {header}\r\n");
        wait_for("the new worker alone", || {
            (0..8)
                .all(|_| once(port).is_ok_and(|answer| answer.to_lowercase().contains(&plan)))
                .then_some(())
        });
        load.flows(30);
    }
    program.rewrite("nonsense\n");
    program.signal(Signal::SIGUSR2);
    program.says("Loading failure!");
    program.says("unknown keyword 'nonsense'");
    load.flows(30);
    load.end();
    program.signal(Signal::SIGTERM);
    assert_eq!(program.wait().code(), Some(0));
}

#[test]
fn a_master_goes_with_its_worker_and_a_worker_with_its_master() {
    let worker_of = |master: i32| {
        let path = format!("/proc/{master}/task/{master}/children");
        let text = std::fs::read_to_string(path).expect("it runs");
        text.trim().parse::<i32>().expect("one worker")
    };
    let send = |pid: i32, signal| {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).expect("it runs");
    };
    let (port, origin) = (free_port(), Origin::saying("hello"));
    let mut program = Program::with_args(Who::Ours, &["-W"], &config(port, &origin, "a"), &[port]);
    send(worker_of(program.pid()), Signal::SIGKILL);
    assert_eq!(program.wait().code(), Some(137));

    let program = Program::with_args(Who::Ours, &["-W"], &config(port, &origin, "a"), &[port]);
    send(program.pid(), Signal::SIGKILL);
    wait_for("the worker to end", || (!listens(port)).then_some(()));
}
