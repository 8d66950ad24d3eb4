//! How the process starts and refuses to, held against HAProxy: messages, exit codes, pid files.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::path::Path;

use support::{Finished, LogSink, Program, Who, both, free_port, get, run_to_end, wait_for};

/// The messages alone: no process ids, no names of programs, no snippets under them.
fn essence(finished: &Finished) -> Vec<String> {
    let own = ["version is", "path to executable"];
    finished
        .err
        .lines()
        .filter(|line| line.starts_with('[') && !own.iter().any(|text| line.contains(text)))
        .map(|line| {
            let (level, rest) = line.split_once('(').expect("a level and a process id");
            let (_, text) = rest.split_once(')').expect("a process id in brackets");
            format!("{}{text}", level.trim_end())
        })
        .collect()
}

/// Runs both and wants the same messages, output and exit code.
fn same(args: &[&str], config: &str) {
    let [theirs, ours] = both().map(|who| run_to_end(who, args, Some(config)));
    let shown = format!("{args:?}\n{config}\n{}", ours.err);
    assert_eq!(ours.status.code(), theirs.status.code(), "{shown}");
    assert_eq!(essence(&ours), essence(&theirs), "{shown}");
    assert_eq!(ours.out, theirs.out, "{shown}");
}

const DEFAULTS: &str =
    "defaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n";

fn frontend(bind: &str) -> String {
    format!("{DEFAULTS}frontend fe\n bind {bind}\n http-request return status 200\n")
}

#[test]
fn checks_say_what_haproxy_says() {
    let good = frontend("127.0.0.1:1");
    same(&["-c"], &good);
    same(&["-c", "-V"], &good);
    same(&["-c", "-q"], &good);
    same(&["-c"], &format!("global\n chroot /nonexistent\n{good}"));
    same(&["-c"], "frontend f\n bind 127.0.0.1:1\n");
    same(&["-c", "-dW"], "frontend f\n bind 127.0.0.1:1\n");
    same(
        &["-c"],
        &format!("{DEFAULTS}backend b\n server s 127.0.0.1:1\n"),
    );
    same(&["-c"], "globl\n");
    same(&["-c"], &format!("global\n foo\n{good}"));
    same(
        &["-c"],
        &format!("{DEFAULTS}frontend f\n bind 127.0.0.1:1\n default_backend nowhere\n"),
    );
}

#[test]
fn starts_that_fail_say_why_as_haproxy_does() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().expect("bound");
    for config in [
        format!("global\n user nosuchuser\n{}", frontend("127.0.0.1:1")),
        format!("global\n group nosuchgroup\n{}", frontend("127.0.0.1:1")),
        format!(
            "global\n chroot /nonexistent\n{}",
            frontend(&free_port_text())
        ),
        frontend(&taken.to_string()),
        frontend("192.0.2.1:80"),
        frontend("/nonexistent/dir/socket"),
        format!("{DEFAULTS}listen li\n bind [2001:db8::1]:81\n"),
        format!("{DEFAULTS}frontend f\n"),
        "global\n".to_owned(),
    ] {
        same(&["-db"], &config);
    }
}

fn free_port_text() -> String {
    format!("127.0.0.1:{}", free_port())
}

#[test]
fn files_and_directories_that_are_not_there() {
    for args in [
        &["-f", "/nonexistent.cfg"][..],
        &["-C", "/nonexistent", "-f", "x.cfg"],
        &["-c", "-f", "/nonexistent.cfg"],
    ] {
        let [theirs, ours] = both().map(|who| run_to_end(who, args, None));
        assert_eq!(ours.status.code(), theirs.status.code(), "{args:?}");
        assert_eq!(essence(&ours), essence(&theirs), "{args:?}");
    }
}

#[test]
fn an_old_process_that_does_not_answer_is_an_error() {
    same(
        &["-db", "-x", "/nonexistent.sock"],
        &frontend(&free_port_text()),
    );
}

fn parent_of(pid: i32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let (_, rest) = stat.rsplit_once(") ").expect("a name in brackets");
    rest.split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a number")
}

fn name_of(pid: i32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).expect("it runs");
    name.trim().to_owned()
}

fn pid_in(path: &Path) -> i32 {
    let text = std::fs::read_to_string(path).expect("a pid file");
    assert!(text.ends_with('\n'));
    text.trim().parse().expect("a number in the pid file")
}

fn gone(pid: i32) -> bool {
    // A zombie that nobody waits for is gone as well.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

fn end(pid: i32) {
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(pid),
        nix::sys::signal::Signal::SIGTERM,
    )
    .expect("it runs");
    wait_for("the process to end", || gone(pid).then_some(()));
}

/// Starts it with these arguments in a directory with the configuration; the command must return.
fn launch(args: &[&str], config: &str, name: &str) -> (tempfile::TempDir, i32) {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("x.cfg"), config).expect("a configuration");
    let link = dir.path().join(name);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tidegate"), &link).expect("a link");
    let status = std::process::Command::new(&link)
        .current_dir(dir.path())
        .args(args)
        .args(["-f", "x.cfg", "-p", "pid"])
        .stderr(std::process::Stdio::null())
        .status()
        .expect("it starts");
    assert!(status.success(), "{status}");
    let pid = pid_in(&dir.path().join("pid"));
    (dir, pid)
}

#[test]
fn a_daemon_is_ready_when_its_starter_returns() {
    let port = free_port();
    let (_dir, pid) = launch(&["-D"], &frontend(&format!("127.0.0.1:{port}")), "haproxy");
    assert_eq!(get(port, "/").status, 200, "ready without waiting");
    assert_eq!(name_of(pid), "haproxy", "called as it was called");
    let input = std::fs::read_link(format!("/proc/{pid}/fd/0")).expect("a standard input");
    assert_eq!(input, Path::new("/dev/null"));
    end(pid);
}

#[test]
fn a_daemon_with_a_master_keeps_a_worker() {
    let port = free_port();
    let (_dir, pid) = launch(
        &["-W", "-D"],
        &frontend(&format!("127.0.0.1:{port}")),
        "haproxy",
    );
    assert_eq!(get(port, "/").status, 200, "ready without waiting");
    assert_eq!(name_of(pid), "haproxy");
    let workers = children(pid);
    assert_eq!(workers.len(), 1);
    assert_eq!(name_of(workers[0]), "haproxy");
    assert_eq!(parent_of(workers[0]), pid);
    end(pid);
    wait_for("the worker to end with its master", || {
        gone(workers[0]).then_some(())
    });
}

fn children(pid: i32) -> Vec<i32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|n| n.parse().ok())
        .collect()
}

#[test]
fn a_daemon_that_cannot_start_says_so_and_fails() {
    for args in [&["-D"][..], &["-D", "-W"], &["-W"]] {
        same(args, &frontend("192.0.2.1:80"));
    }
}

#[test]
fn limits_that_cannot_be_had_are_refused() {
    let config = format!("global\n maxconn 3000000000\n{}", frontend("127.0.0.1:1"));
    let finished = run_to_end(Who::Ours, &["-db"], Some(&config));
    assert_eq!(finished.status.code(), Some(1), "{}", finished.err);
}

#[test]
fn a_soft_stop_is_logged_as_haproxy_logs_it() {
    let lines = both().map(|who| {
        let (sink, port) = (LogSink::new(), free_port());
        let config = format!(
            "global\n log 127.0.0.1:{} local0\n{DEFAULTS} log global\nfrontend fe\n \
             bind 127.0.0.1:{port}\n http-request return status 200\n http-request set-log-level silent\n",
            sink.port
        );
        let mut program = Program::start(who, &config, &[port]);
        program.signal(nix::sys::signal::Signal::SIGUSR1);
        let stopped = sink.line_with("stopped");
        assert_eq!(program.wait().code(), Some(0));
        let (head, text) = stopped.split_once("]: ").expect("a tag and a text");
        // Whether the harness's own connection was counted by then is a race.
        let text = text.replace("FE: 1", "FE: 0");
        (head.split('>').next().map(str::to_owned), text)
    });
    assert_eq!(lines[0], lines[1]);
}

#[test]
fn rules_see_the_environment_that_the_files_leave() {
    let [theirs, ours] = both().map(|who| {
        let port = free_port();
        let config = format!(
            "global\n setenv FIRST a\n{DEFAULTS}frontend fe\n bind 127.0.0.1:{port}\n http-request return status 200 \
             content-type text/plain lf-string \"%[env(FIRST)] %[env(LATE)] %[env(HAPROXY_LOCALPEER)] %[env(NONE)]\"\n\
             global\n setenv LATE b\n"
        );
        let _program = Program::with_args(who, &["-db", "-L", "me"], &config, &[port]);
        get(port, "/").text()
    });
    assert_eq!(ours, theirs);
    assert!(ours.contains("a b me"), "{ours}");
}

#[test]
fn names_that_do_not_resolve_are_forgiven_where_that_is_asked_for() {
    let config = format!("{DEFAULTS}listen l\n bind 127.0.0.1:1\n server s name.invalid:80\n");
    for (args, code) in [(&["-c"][..], 1), (&["-c", "-dr"], 0)] {
        let [theirs, ours] = both().map(|who| run_to_end(who, args, Some(&config)));
        assert_eq!(ours.status.code(), Some(code), "{}", ours.err);
        assert_eq!(theirs.status.code(), Some(code), "{}", theirs.err);
    }
}
