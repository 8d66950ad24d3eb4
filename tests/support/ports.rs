//! Ports that nobody else takes, and who listens on them.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

use super::local;

/// How many ports a test process takes at a time.
const BLOCK: u16 = 50;
/// Where blocks may lie: over the ports of services, and below those the system gives to
/// connections and to who binds port 0.
const FIRST: u16 = 10_240;
const END: u16 = 32_240;

/// A run of ports that is this process's as long as it holds the first of them.
struct Block {
    #[expect(dead_code, reason = "holding it is what keeps others away")]
    first: TcpListener,
    left: std::ops::Range<u16>,
}

/// The blocks taken so far; ports are handed out from the last.
static BLOCKS: Mutex<Vec<Block>> = Mutex::new(Vec::new());

/// A free port on the loopback, never given twice.
///
/// Not to this process, nor to another test process that runs meanwhile: a port is not bound between
/// this call and the start of a proxy, and proxies share ports without a word (`SO_REUSEPORT`).
pub fn free_port() -> u16 {
    let mut blocks = BLOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let left = blocks.last_mut().map(|block| &mut block.left);
        let free = |port: &u16| TcpListener::bind(local(*port)).is_ok();
        if let Some(port) = left.and_then(|left| left.find(free)) {
            return port;
        }
        let another = another_block(blocks.len());
        blocks.push(another);
    }
}

/// A block that nobody holds. Searches from a place of its own, for two processes seldom to meet.
fn another_block(taken: usize) -> Block {
    let end = END.min(first_of_the_system()).max(FIRST + BLOCK);
    let count = (end - FIRST) / BLOCK;
    let start = std::process::id() as usize * 7 + taken;
    (start..start + usize::from(count))
        .map(|n| FIRST + (n % usize::from(count)) as u16 * BLOCK)
        .find_map(|first| {
            let left = first + 1..first + BLOCK;
            let first = TcpListener::bind(local(first)).ok()?;
            Some(Block { first, left })
        })
        .expect("the loopback has free ports")
}

/// The first port of those the system gives away by itself.
fn first_of_the_system() -> u16 {
    std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse().ok())
        .unwrap_or(END)
}

/// True when somebody listens on this port. Told without a connection, for a probe would be a client
/// that proxies count, log and track.
pub fn listens(port: u16) -> bool {
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|table| {
        let Ok(table) = std::fs::File::open(table) else {
            return false;
        };
        // Columns: number, local address in hexadecimal, remote one, state. Listeners come first.
        let (ending, listening) = (format!(":{port:04X}"), "0A");
        BufReader::new(table)
            .lines()
            .map_while(Result::ok)
            .skip(1)
            .map(|line| {
                let mut columns = line.split_whitespace().skip(1).map(str::to_owned);
                let local = columns.next().unwrap_or_default();
                (local, columns.nth(1).unwrap_or_default())
            })
            .take_while(|(_, state)| state == listening)
            .any(|(local, _)| local.ends_with(&ending))
    })
}
