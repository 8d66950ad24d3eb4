use super::*;
use crate::settings::{Endpoint, Family, Host, LogFormat, LogSink};
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, UNIX_EPOCH};

fn line(sink: LogSink, format: LogFormat) -> LogTarget {
    LogTarget::Sink {
        sink,
        len: 1024,
        format,
        sample: None,
        facility: 16,
        level: 7,
        min_level: 0,
    }
}

fn udp(port: u16) -> LogSink {
    LogSink::Datagram(Endpoint::Tcp {
        host: Host::Ip([127, 0, 0, 1].into()),
        family: Family::Any,
        port,
        last_port: port,
        port_offset: None,
    })
}

/// A sink to look into, and the `log` setting that leads to it.
fn listener() -> (UdpSocket, LogSink) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, udp(port))
}

fn received(socket: &UdpSocket) -> Vec<String> {
    let mut buffer = [0; 2048];
    let mut lines = Vec::new();
    // Datagrams on the loopback are there when `send_to` returns.
    while let Ok(n) = socket.recv(&mut buffer) {
        lines.push(String::from_utf8_lossy(&buffer[..n]).into_owned());
    }
    lines
}

fn outputs(global: &Global) -> Outputs {
    Outputs::new(global, &Arc::default()).unwrap()
}

/// 2026-11-20 13:37:31.000042 UTC
fn date() -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(1_795_181_851_000_042)
}

#[test]
fn framings_are_haproxys() {
    let (socket, sink) = listener();
    let pid = std::process::id();
    let (bsd, iso) = Clock::with(date(), |c| (c.bsd().to_owned(), c.iso().to_owned()));
    let without = Global::default();
    let with = Global {
        log_send_hostname: Some(Some("my.host".into())),
        ..Global::default()
    };
    use LogFormat as F;
    for (global, format, data, expected) in [
        (
            &without,
            F::Unset,
            "",
            format!("<134>{bsd} haproxy[{pid}]: hi\n"),
        ),
        (
            &with,
            F::Unset,
            "",
            format!("<134>{bsd} my.host haproxy[{pid}]: hi\n"),
        ),
        (
            &with,
            F::Local,
            "",
            format!("<134>{bsd} haproxy[{pid}]: hi\n"),
        ),
        (
            &without,
            F::Rfc3164,
            "",
            format!("<134>{bsd} localhost haproxy[{pid}]: hi\n"),
        ),
        (
            &without,
            F::Rfc5424,
            "",
            format!("<134>1 {iso} - haproxy {pid} - - hi\n"),
        ),
        (
            &with,
            F::Rfc5424,
            "[a@1 b=\"c\"]",
            format!("<134>1 {iso} my.host haproxy {pid} - [a@1 b=\"c\"] hi\n"),
        ),
        (&without, F::Priority, "", "<134>hi\n".into()),
        (&without, F::Short, "", "<6>hi\n".into()),
        (&without, F::Timed, "", format!("<6>{iso} hi\n")),
        (&without, F::Iso, "", format!("{iso} hi\n")),
        (&without, F::Raw, "x", "hi\n".into()),
    ] {
        let lines = [line(sink.clone(), format)];
        let logger = outputs(global).logger(&lines, None).unwrap();
        logger.send_structured(date(), INFO, data.as_bytes(), b"hi");
        assert_eq!(received(&socket), [expected], "{format:?}");
    }
}

#[test]
fn levels_lengths_tags_and_samples() {
    let (socket, sink) = listener();
    let make = |len, sample, level, min_level| LogTarget::Sink {
        sink: sink.clone(),
        len,
        format: LogFormat::Priority,
        sample,
        facility: 1,
        level,
        min_level,
    };
    let send = |target: LogTarget, levels: &[u8], text: &str| {
        let logger = outputs(&Global::default())
            .logger(&[target], Some("t"))
            .unwrap();
        for level in levels {
            logger.send(date(), *level, text.as_bytes());
        }
        received(&socket)
    };
    assert_eq!(
        send(make(80, None, 5, 3), &[0, 3, 5, 6], "x"),
        ["<11>x\n", "<11>x\n", "<13>x\n"]
    );
    let long = "0123456789".repeat(9);
    let sent = send(make(80, None, 7, 0), &[7], &long);
    assert_eq!(sent[0].len(), 81);
    assert!(sent[0].ends_with("5\n"));
    let sampled = send(
        make(80, Some((vec![(1, 1), (3, 4)], 5)), 7, 0),
        &[0, 1, 2, 3, 4, 5, 6, 7],
        "x",
    );
    assert_eq!(
        sampled,
        ["<8>x\n", "<10>x\n", "<11>x\n", "<13>x\n", "<15>x\n"]
    );
}

#[test]
fn log_global_shares_the_targets_of_the_process() {
    let (socket, sink) = listener();
    let global = Global {
        log: vec![
            line(sink.clone(), LogFormat::Raw),
            line(sink.clone(), LogFormat::Short),
        ],
        ..Global::default()
    };
    let outputs = outputs(&global);
    let both = [LogTarget::Global, line(sink, LogFormat::Priority)];
    outputs
        .logger(&both, None)
        .unwrap()
        .send(date(), INFO, b"a");
    outputs.process().send(date(), NOTICE, b"b");
    assert!(outputs.logger(&[], None).unwrap().silent());
    assert_eq!(
        received(&socket),
        ["a\n", "<6>a\n", "<134>a\n", "b\n", "<5>b\n"]
    );
}

#[test]
fn a_sink_that_returns_gets_lines_again_and_lost_ones_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let sink = LogSink::Datagram(Endpoint::Unix(path.to_string_lossy().into_owned()));
    let state = Arc::<State>::default();
    let outputs = Outputs::new(&Global::default(), &state).unwrap();
    let logger = outputs.logger(&[line(sink, LogFormat::Raw)], None).unwrap();
    let mut buffer = [0; 64];
    for round in 1..=3 {
        logger.send(date(), INFO, b"lost");
        assert_eq!(state.process.dropped_logs.load(), round);
        let socket = UnixDatagram::bind(&path).unwrap();
        logger.send(date(), INFO, b"taken");
        let n = socket.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..n], b"taken\n");
        drop(socket);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_reader_that_stalls_costs_lines_not_time() {
    use std::os::fd::AsRawFd;
    let (reader, writer) = std::io::pipe().unwrap();
    let state = Arc::<State>::default();
    let outputs = Outputs::new(&Global::default(), &state).unwrap();
    let sink = LogSink::Fd(writer.as_raw_fd());
    let logger = outputs.logger(&[line(sink, LogFormat::Raw)], None).unwrap();
    // Far more than a pipe holds: this would hang if a write could wait.
    for _ in 0..2000 {
        logger.send(date(), INFO, &[b'x'; 1000]);
    }
    assert!(state.process.dropped_logs.load() > 0);
    drop(reader);
    assert!(matches!(
        outputs.logger(&[line(LogSink::Fd(9999), LogFormat::Raw)], None),
        Err(Unusable(_))
    ));
}
