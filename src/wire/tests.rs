use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use super::pump::Tools;
use super::tunnel::{Outcome, Times, Tunnel};
use crate::net::pipe::PipePool;
use crate::net::{Alarm, BufferPool, Stream};

/// Runs a tunnel between two socket pairs; answers its outcome and what moved. The callbacks are the
/// client and the server, each on a thread of its own.
fn between(
    splice: bool,
    times: Times,
    client: impl FnOnce(UnixStream) + Send + 'static,
    server: impl FnOnce(UnixStream) + Send + 'static,
) -> (Outcome, (u64, u64)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let pair = || {
            let (ours, theirs) = UnixStream::pair().unwrap();
            ours.set_nonblocking(true).unwrap();
            (Stream::new(ours.into()).unwrap(), theirs)
        };
        let ((client_side, client_peer), (server_side, server_peer)) = (pair(), pair());
        let threads = [
            thread::spawn(move || client(client_peer)),
            thread::spawn(move || server(server_peer)),
        ];
        let tools = Tools {
            small: BufferPool::new(16_384, 4),
            bulk: BufferPool::new(65_536, 4),
            pipes: splice.then(|| PipePool::new(0)),
        };
        let mut tunnel = Tunnel::new(&client_side, &server_side, &tools, times);
        let outcome = tunnel.run(&mut Alarm::new()).await;
        let moved = tunnel.moved();
        drop((client_side, server_side));
        for thread in threads {
            thread.join().unwrap();
        }
        (outcome, moved)
    })
}

fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|n| (n * 31 + n / 257) as u8).collect()
}

#[test]
fn bytes_arrive_in_order_and_the_half_close_lets_the_answer_come() {
    for splice in [false, true] {
        for size in [0, 1, 16_383, 16_384, 16_385, 3_000_000] {
            let client = move |mut peer: UnixStream| {
                peer.write_all(&pattern(size)).unwrap();
                peer.shutdown(std::net::Shutdown::Write).unwrap();
                let mut answer = Vec::new();
                peer.read_to_end(&mut answer).unwrap();
                assert_eq!(answer, pattern(size / 2));
            };
            // The server answers only after the client's end: it must have seen the half close.
            let server = move |mut peer: UnixStream| {
                let mut got = Vec::new();
                peer.read_to_end(&mut got).unwrap();
                assert!(got == pattern(size), "splice {splice} size {size}");
                peer.write_all(&pattern(size / 2)).unwrap();
            };
            let (outcome, moved) = between(splice, Times::default(), client, server);
            assert_eq!(outcome, Outcome::Done);
            assert_eq!(moved, (size as u64, size as u64 / 2));
        }
    }
}

#[test]
fn small_messages_go_to_and_fro_and_bulk_in_between() {
    for splice in [false, true] {
        let turns = [10, 200_000, 5, 5, 5, 5, 5, 5, 100_000, 1];
        let client = move |mut peer: UnixStream| {
            for size in turns {
                peer.write_all(&pattern(size)).unwrap();
                let mut answer = vec![0; size];
                peer.read_exact(&mut answer).unwrap();
                assert!(answer == pattern(size));
            }
        };
        let server = move |mut peer: UnixStream| {
            for size in turns {
                let mut got = vec![0; size];
                peer.read_exact(&mut got).unwrap();
                peer.write_all(&got).unwrap();
            }
            assert_eq!(peer.read(&mut [0]).unwrap(), 0);
        };
        let (outcome, _) = between(splice, Times::default(), client, server);
        assert_eq!(outcome, Outcome::Done);
    }
}

#[test]
fn silence_ends_by_the_shorter_timeout() {
    let times = |client, server| Times {
        client: Some(client),
        server: Some(server),
        ..Times::default()
    };
    let quiet = |mut peer: UnixStream| {
        let _ = peer.read(&mut [0]);
    };
    for (times, outcome) in [
        (times(5, 60_000), Outcome::ClientTimeout),
        (times(60_000, 5), Outcome::ServerTimeout),
    ] {
        assert_eq!(between(true, times, quiet, quiet).0, outcome);
    }
}

#[test]
fn the_tunnel_timeout_replaces_both_and_fin_timeouts_take_over_after_a_half_close() {
    let times = Times {
        client: Some(60_000),
        server: Some(60_000),
        tunnel: Some(50_000),
        client_fin: Some(40_000),
        server_fin: Some(5),
    };
    let closing = |peer: UnixStream| {
        peer.shutdown(std::net::Shutdown::Write).unwrap();
        let mut peer = peer;
        let _ = peer.read(&mut [0]);
    };
    // The server never closes its side: it only sees the client's end and stays.
    let staying = |mut peer: UnixStream| {
        while peer.read(&mut [0]).is_ok_and(|n| n > 0) {}
        thread::sleep(std::time::Duration::from_millis(50));
    };
    assert_eq!(
        between(true, times, closing, staying).0,
        Outcome::ServerTimeout
    );
}
