//! Actions before HAProxy: with the same rules and the same bytes from both ends, the client and the origin must get the same
//! bytes, and the log the same line. The cases stand in `cases.txt`, one paragraph each.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

use support::{Origin, Program, Who, both, free_port, local, wait_for};

const REQUEST: &str = "GET /p/a?x=1&y=2 HTTP/1.1\r\nHost: t.org:81\r\nX-A: one, two\r\nX-A: three\r\nCookie: c=1\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nX-S: a, b\r\nX-S: c\r\nContent-Length: 2\r\n\r\nok";
/// How long a client waits for more. Whether the connection stays open is part of what is compared.
const QUIET: Duration = Duration::from_millis(700);
/// The same where that was not enough, for the machine had other things to do.
const LONG: Duration = Duration::from_secs(4);

/// Rules, and what passes through them.
#[derive(Debug, Default)]
struct Case {
    /// Lines of the frontend, or of the only proxy.
    front: Vec<String>,
    /// Lines of a backend of its own.
    back: Vec<String>,
    /// What the client sends, in parts with a pause between.
    request: Vec<String>,
    answer: String,
    /// What the origin gets is chance.
    any_origin: bool,
}

/// What was seen of a case.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    client: String,
    origin: Vec<String>,
    log: Vec<String>,
}

fn unescaped(text: &str) -> String {
    let text = text.replace("\\r\\n", "\r\n").replace("\\x20", " ");
    let big = "b".repeat(6000);
    text.replace("@BIG@", &big)
}

fn cases(dir: &Path) -> Vec<Case> {
    let dir = dir.to_str().expect("a name that is text");
    let text = include_str!("cases.txt").replace("@DIR@", dir);
    let case = |block: &str| {
        let mut case = Case::default();
        let mut request = String::new();
        for line in block.lines().filter(|line| !line.starts_with('#')) {
            match line.get(..2) {
                Some("> ") => request.push_str(&line[2..]),
                Some("< ") => case.answer.push_str(&unescaped(&line[2..])),
                Some("! ") => case.any_origin = true,
                Some("B|") => case.back.push(line[2..].to_owned()),
                _ => case.front.push(line.to_owned()),
            }
        }
        if request.is_empty() {
            request.push_str(REQUEST);
        }
        if case.answer.is_empty() {
            case.answer.push_str(ANSWER);
        }
        case.request = request.split("\\p").map(unescaped).collect();
        case
    };
    let all = text.split("\n\n").map(case);
    all.filter(|case| !case.front.is_empty() || !case.back.is_empty())
        .collect()
}

fn files(dir: &Path) {
    for (name, text) in [
        ("page.txt", "page\n"),
        ("lf.txt", "lf %[path]|"),
        ("empty", ""),
        ("m.map", "k v\nx y\n"),
        ("a.acl", "foo\n"),
        (
            "418.http",
            "HTTP/1.1 418 Tea\r\nX-T: 1\r\nContent-Length: 3\r\n\r\ntea",
        ),
        (
            "403.http",
            "HTTP/1.0 403 No\r\nCache-Control: no-cache\r\n\r\nnope",
        ),
    ] {
        std::fs::write(dir.join(name), text).expect("a file");
    }
}

fn config(cases: &[&Case], dir: &Path, ports: &[u16], origins: &[Origin]) -> String {
    let mut text = format!(
        "global\n    expose-experimental-directives\n    log stderr format priority local0\n\
         http-errors myerrs\n    errorfile 403 {}/403.http\n\
         defaults d\n    mode http\n    timeout client 9s\n    timeout server 3s\n    timeout connect 3s\n    \
         timeout http-request 2s\n    timeout tarpit 50ms\n",
        dir.display()
    );
    for (at, case) in cases.iter().enumerate() {
        let (port, origin) = (ports[at], origins[at].port);
        let tcp = case.front.iter().any(|line| line == "mode tcp");
        let format = match tcp {
            true => "%ft %b/%s %B %ts %rc",
            false => "%ft %b/%s %ST %B %CC %CS %tsc %hr %hs %{+Q}r %rc",
        };
        let section = match case.back.is_empty() {
            true => "listen",
            false => "frontend",
        };
        text.push_str(&format!(
            "{section} c{at} from d\n    bind 127.0.0.1:{port}\n    log global\n    log-format \"@%[int({at})] {format}\"\n"
        ));
        for line in &case.front {
            text.push_str(&format!("    {line}\n"));
        }
        if !case.back.is_empty() {
            text.push_str(&format!(
                "    default_backend b{at}\nbackend b{at} from d\n"
            ));
            for line in &case.back {
                text.push_str(&format!("    {line}\n"));
            }
        }
        text.push_str(&format!("    server s 127.0.0.1:{origin}\n"));
    }
    text
}

/// Sends a request and takes what comes, with a word for how it ended.
fn exchange(port: u16, parts: &[String], quiet: Duration) -> String {
    let mut stream = TcpStream::connect(local(port)).expect("it listens");
    stream.set_read_timeout(Some(quiet)).expect("a timeout");
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            std::thread::sleep(Duration::from_millis(100));
        }
        if stream.write_all(part.as_bytes()).is_err() {
            break;
        }
    }
    let (mut got, mut some) = (Vec::new(), [0; 16_384]);
    let end = loop {
        match stream.read(&mut some) {
            Ok(0) => break "closed",
            Ok(n) => got.extend_from_slice(&some[..n]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break "reset",
            Err(_) => break "open",
        }
    };
    format!("{}<{end}>", String::from_utf8_lossy(&got))
}

fn run(who: Who, cases: &[&Case], dir: &Path, quiet: Duration) -> Vec<Seen> {
    files(dir);
    let origin = |case: &&Case| {
        let answer = case.answer.clone();
        Origin::answering(&answer)
    };
    let origins: Vec<Origin> = cases.iter().map(origin).collect();
    let ports: Vec<u16> = cases.iter().map(|_| free_port()).collect();
    let text = config(cases, dir, &ports, &origins);
    let mut program = Program::start(who, &text, &ports);
    let mut answers = Vec::new();
    for some in cases.iter().zip(&ports).collect::<Vec<_>>().chunks(64) {
        std::thread::scope(|scope| {
            let clients: Vec<_> = some
                .iter()
                .map(|(case, port)| scope.spawn(|| exchange(**port, &case.request, quiet)))
                .collect();
            let ends = clients
                .into_iter()
                .map(|client| client.join().expect("a client ends"));
            answers.extend(ends);
        });
    }
    let known = |text: &str, at: usize| {
        let text = text.replace(&format!(":{}", ports[at]), ":PORT");
        text.replace(&format!(":{}", origins[at].port), ":PORT")
    };
    // Streams may end and be logged a little after their clients have left, but before the proxy ends.
    program.signal(Signal::SIGUSR1);
    program.wait();
    let mut logs: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for line in program.messages().lines() {
        let Some((level, (number, rest))) = line
            .split_once('@')
            .and_then(|(level, line)| Some((level, line.split_once(' ')?)))
        else {
            continue;
        };
        if let Ok(at) = number.parse() {
            logs.entry(at).or_default().push(format!("{level}{rest}"));
        }
    }
    answers
        .iter()
        .enumerate()
        .map(|(at, answer)| Seen {
            client: known(answer, at),
            origin: match cases[at].any_origin {
                true => Vec::new(),
                false => {
                    let heads = origins[at].requests.lock().expect("no origin panics");
                    heads.iter().map(|head| known(head, at)).collect()
                }
            },
            log: logs.remove(&at).unwrap_or_default(),
        })
        .collect()
}

/// What HAProxy and we do in the cases of these numbers.
fn compare(numbers: &[usize], quiet: Duration) -> [Vec<Seen>; 2] {
    let dirs = both().map(|_| tempfile::tempdir().expect("a directory"));
    std::thread::scope(|scope| {
        let runs = [0, 1].map(|at| {
            let (who, dir) = (both()[at], dirs[at].path());
            scope.spawn(move || {
                let all = cases(dir);
                let some: Vec<&Case> = numbers.iter().map(|number| &all[*number]).collect();
                run(who, &some, dir, quiet)
            })
        });
        runs.map(|run| run.join().expect("a run ends"))
    })
}

#[test]
fn actions_do_what_haproxys_do() {
    let all = cases(Path::new("."));
    assert!(all.len() > 200, "the cases were read");
    let numbers: Vec<usize> = (0..all.len()).collect();
    let [theirs, ours] = compare(&numbers, QUIET);
    // Where they differ one of them may only have been slow.
    let differ = |number: &usize| theirs[*number] != ours[*number];
    let again: Vec<usize> = numbers.into_iter().filter(differ).collect();
    if again.is_empty() {
        return;
    }
    let [theirs, ours] = compare(&again, LONG);
    let mut wrong = String::new();
    for ((number, theirs), ours) in again.iter().zip(&theirs).zip(&ours) {
        if theirs != ours {
            let case = &all[*number];
            let (front, back) = (case.front.join("\n"), case.back.join("\n"));
            wrong.push_str(&format!("{front}\n{back}\n{theirs:#?}\n{ours:#?}\n\n"));
        }
    }
    assert!(wrong.is_empty(), "HAProxy's first, ours second:\n{wrong}");
}

#[test]
fn checks_keep_variables() {
    let seen = both().map(|who| {
        let (origin, port) = (Origin::saying("version 7"), free_port());
        let config = format!(
            "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
             frontend f\n bind 127.0.0.1:{port}\n http-request return\n\
             backend b\n option httpchk\n http-check connect\n \
             http-check set-var(check.a) str(one)\n http-check set-var-fmt(check.b) \"%[var(check.a)]-two\"\n \
             http-check set-var(txn.a) str(never)\n http-check unset-var(check.none)\n \
             http-check send meth GET uri-lf /%[var(check.b)]%[var(txn.a)]\n \
             http-check expect status 200\n http-check set-var(check.c) res.body,bytes(8)\n \
             http-check connect\n http-check send meth GET uri-lf /%[var(check.c)] hdr X %[var(check.a)]\n \
             http-check unset-var(check.a)\n http-check expect status 200\n http-check connect\n \
             http-check send meth GET uri-lf /%[var(check.a)]x\n http-check expect status 200\n \
             server s 127.0.0.1:{} check inter 60s\n",
            origin.port
        );
        let _program = Program::start(who, &config, &[port]);
        wait_for("three requests", || (origin.count() >= 3).then_some(()));
        let heads = origin.requests.lock().expect("no origin panics");
        heads[..3].join("")
    });
    assert_eq!(seen[0], seen[1]);
}
