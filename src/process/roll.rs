//! The processes of a master, as `show proc` shows them (management guide 9.4).

use std::fmt::Write;
use std::time::Instant;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Who is there, since when, and for how many reloads.
#[derive(Debug)]
pub(super) struct Roll {
    started: Instant,
    /// Process id, when it was first seen, and the number of reloads by then.
    workers: Vec<(i32, Instant, u32)>,
    current: Option<i32>,
    reloads: u32,
    failed: u32,
}

impl Default for Roll {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            workers: Vec::new(),
            current: None,
            reloads: 0,
            failed: 0,
        }
    }
}

impl Roll {
    /// Takes down who is there now.
    pub(super) fn note(
        &mut self,
        current: Option<i32>,
        former: &[i32],
        (reloads, failed): (u32, u32),
    ) {
        self.workers
            .retain(|(pid, ..)| former.contains(pid) || current == Some(*pid));
        if let Some(pid) = current
            && !self.workers.iter().any(|(known, ..)| *known == pid)
        {
            self.workers.push((pid, Instant::now(), reloads));
        }
        (self.current, self.reloads, self.failed) = (current, reloads, failed);
    }

    /// The table.
    pub(super) fn table(&self, now: Instant) -> String {
        let mut out = format!(
            "{:<15} {:<15} {:<15} {:<15} {:<15}\n",
            "#<PID>", "<type>", "<reloads>", "<uptime>", "<version>"
        );
        let reloads = format!("{} [failed: {}]", self.reloads, self.failed);
        row(
            &mut out,
            std::process::id(),
            "master",
            &reloads,
            now - self.started,
        );
        out.push_str("# workers\n");
        let of = |is_current: bool| {
            let those =
                move |(pid, ..): &&(i32, Instant, u32)| (self.current == Some(*pid)) == is_current;
            self.workers.iter().filter(those)
        };
        let rows = |out: &mut String, is_current| {
            for (pid, since, by) in of(is_current) {
                let survived = (self.reloads - by).to_string();
                row(out, pid.cast_unsigned(), "worker", &survived, now - *since);
            }
        };
        rows(&mut out, true);
        if of(false).next().is_some() {
            out.push_str("# old workers\n");
            rows(&mut out, false);
        }
        out.push_str("# programs\n");
        out
    }
}

fn row(out: &mut String, pid: u32, kind: &str, reloads: &str, up: std::time::Duration) {
    let up = up.as_secs();
    let (days, rest) = (up / 86_400, up % 86_400);
    let up = format!(
        "{days}d{:02}h{:02}m{:02}s",
        rest / 3600,
        rest % 3600 / 60,
        rest % 60
    );
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        out,
        "{pid:<15} {kind:<15} {reloads:<15} {up:<15} {VERSION:<15}"
    );
}
