//! Retries, redispatch and queues: the same scenes before HAProxy and before tidegate, the same log
//! lines.

use std::io::{Read, Write};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::harness::{Oracle, PATIENCE};

const HEAD: &str = "global
  stats socket DIR/cli level admin
  nbthread 1
defaults
  mode http
  log DIR/log format raw local0
  log-format \"%HU %ts %ST sq=%sq bq=%bq %s rc=%rc\"
  timeout client 20s
  timeout server 20s
  timeout connect 20ms
  timeout queue 20s
  retries 4
";

/// Plays a scene before both; answers nothing, but panics unless both write the same lines.
fn compare(config: &str, lines: usize, scene: impl Fn(&Oracle, &Origin)) {
    let play = |program: &str| {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().to_owned();
        let log = UnixDatagram::bind(root.join("log")).expect("a log socket");
        let log = read_log(log);
        let origin = Origin::start(&root);
        let config = format!("{HEAD}{config}").replace("DIR", &root.display().to_string());
        let proxy = Oracle::run(program, &config, root, Some(dir));
        scene(&proxy, &origin);
        let mut seen = Vec::new();
        while seen.len() < lines {
            match log.recv_timeout(PATIENCE) {
                Ok(line) => seen.push(line),
                Err(error) => panic!("{program}: {error} after {seen:?}"),
            }
        }
        seen
    };
    let theirs = play("/usr/sbin/haproxy");
    let ours = play(env!("CARGO_BIN_EXE_tidegate"));
    assert_eq!(ours, theirs, "ours, theirs");
}

/// Reads the lines of requests off a log socket; a unix socket holds only a few that are not read.
fn read_log(socket: UnixDatagram) -> Receiver<String> {
    let (tell, lines) = channel();
    std::thread::spawn(move || {
        let mut line = [0; 1024];
        while let Ok(length) = socket.recv(&mut line) {
            let line = String::from_utf8_lossy(&line[..length]).trim().to_owned();
            // What is said of servers is not what is compared here.
            if line.starts_with('/') && tell.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// A server that tells which request came, and answers it when told.
struct Origin {
    arrived: Receiver<(String, Sender<()>)>,
}

impl Origin {
    fn start(root: &Path) -> Self {
        let listener = UnixListener::bind(root.join("origin")).expect("a listener");
        let (tell, arrived) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let tell = tell.clone();
                std::thread::spawn(move || serve(stream, &tell));
            }
        });
        Self { arrived }
    }

    /// The request that comes next, and the answer to it when it is to be given.
    fn next(&self) -> (String, Sender<()>) {
        self.arrived.recv_timeout(PATIENCE).expect("a request")
    }
}

fn serve(mut stream: UnixStream, tell: &Sender<(String, Sender<()>)>) {
    let mut head = Vec::new();
    let mut bytes = [0; 1024];
    while let Ok(length @ 1..) = stream.read(&mut bytes) {
        head.extend_from_slice(&bytes[..length]);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8_lossy(&head).into_owned();
        let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
        let (answer, wait) = channel();
        if tell.send((path, answer)).is_err() || wait.recv().is_err() {
            return;
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        head.clear();
    }
}

/// Sends a request and does not wait.
fn ask(proxy: &Oracle, front: &str, path: &str) -> UnixStream {
    let mut stream = UnixStream::connect(proxy.path(front)).expect("the frontend");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: h\r\n\r\n").expect("a request");
    stream
}

/// Waits for the first bytes of the answer.
fn answered(mut stream: UnixStream) {
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut bytes = [0; 512];
    assert!(stream.read(&mut bytes).expect("an answer") > 0);
}

#[test]
fn a_refusing_server_is_left_when_haproxy_leaves_it() {
    let mut config = String::new();
    let mut names = Vec::new();
    let hash = "balance uri\n  hash-type consistent";
    let every: Vec<(String, &str)> = [-1, -2, -3, -4, 0, 1, 2, 3]
        .map(|interval| (format!("option redispatch {interval}"), hash))
        .into();
    let any = ["leastconn", "roundrobin", "first", "static-rr"];
    let any = any.map(|word| ("option redispatch".to_owned(), word));
    for (option, balance) in every.into_iter().chain(any).chain([(String::new(), hash)]) {
        let name = format!("n{}", names.len());
        let balance = match balance.starts_with("balance") {
            true => balance.to_owned(),
            false => format!("balance {balance}"),
        };
        config.push_str(&format!(
            "listen {name}\n  bind unix@DIR/{name}\n  {balance}\n  {option}\n  \
             server bad unix@DIR/nobody weight 200\n  server good unix@DIR/origin weight 1\n"
        ));
        names.push(name);
    }
    compare(&config, names.len(), |proxy, origin| {
        for name in &names {
            let mut stream = ask(proxy, name, &format!("/{name}"));
            let soon = Duration::from_millis(2);
            stream.set_read_timeout(Some(soon)).expect("a timeout");
            let mut bytes = [0; 512];
            while stream.read(&mut bytes).is_err() {
                if let Ok((_, answer)) = origin.arrived.recv_timeout(soon) {
                    answer.send(()).expect("the origin waits");
                }
            }
        }
    });
}

#[test]
fn those_who_wait_are_served_in_haproxys_order() {
    let config = "listen any
  bind unix@DIR/any
  balance roundrobin
  server s1 unix@DIR/origin maxconn 1
listen own
  bind unix@DIR/own
  balance uri
  server s1 unix@DIR/origin maxconn 1 maxqueue 2
listen both
  bind unix@DIR/both
  balance leastconn
  server s1 unix@DIR/origin maxconn 1 maxqueue 1
";
    compare(config, 12, |proxy, origin| {
        // Where the at-th request waits (rows of the statistics: 2 for the backend, 4 for servers), and
        // how many do there then.
        let queue = |front: &str, at: u32| match (front, at) {
            ("any", _) => (2, at),
            ("own", _) | (_, 1) => (4, at),
            _ => (2, at - 1),
        };
        for front in ["any", "own", "both"] {
            let path = |at: u32| format!("/{front}/{at}");
            let first = ask(proxy, front, &path(0));
            let (at_first, mut answer) = origin.next();
            assert_eq!(at_first, path(0));
            let mut streams = vec![first];
            for at in 1..4 {
                streams.push(ask(proxy, front, &path(at)));
                if front == "own" && at == 3 {
                    // One more than `maxqueue`: refused at once.
                    answered(streams.pop().expect("the last"));
                } else {
                    let (rows, length) = queue(front, at);
                    proxy.until(&format!("{front} {rows} -1"), 2, length);
                }
            }
            let last = streams.len() - 1;
            for (at, stream) in streams.into_iter().enumerate() {
                answer.send(()).expect("the origin waits");
                answered(stream);
                if at < last {
                    answer = origin.next().1;
                }
            }
        }
    });
}

#[test]
fn the_queue_of_a_server_that_goes_is_sent_elsewhere_as_haproxy_does() {
    let config = "listen goes
  bind unix@DIR/goes
  balance uri
  hash-type consistent
  option redispatch
  server s1 unix@DIR/origin maxconn 1
  server s2 unix@DIR/origin maxconn 2 weight 200
";
    compare(config, 4, |proxy, origin| {
        let mut streams = Vec::new();
        let mut answers = Vec::new();
        for at in 0..2 {
            streams.push(ask(proxy, "goes", "/x"));
            proxy.until("goes 2 -1", 4, at + 1);
            answers.push(origin.next().1);
        }
        for at in 0..2 {
            streams.push(ask(proxy, "goes", "/x"));
            proxy.until("goes 4 2", 2, at + 1);
        }
        proxy.cli("disable server goes/s2");
        // One of the two that waited gets the place on s1, the other waits for it.
        let third = origin.next().1;
        third.send(()).expect("the origin waits");
        let fourth = origin.next().1;
        fourth.send(()).expect("the origin waits");
        answered(streams.remove(2));
        answered(streams.remove(2));
        for (stream, answer) in streams.into_iter().zip(answers) {
            answer.send(()).expect("the origin waits");
            answered(stream);
        }
    });
}
