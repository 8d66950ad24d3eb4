//! `show peers` (management guide 9.3).

use std::fmt::Write;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::Instant;

use super::command::Call;
use crate::net::connect;
use crate::peers::{Peer, Resync, Section};
use crate::plan;

/// Names that a side remembers.
const NAMES: usize = 128;

/// `show peers [dict|-] [<section>]`
pub(super) fn show(call: &mut Call<'_>) -> String {
    let (dict, section) = match call.arg(0) {
        "dict" => (true, call.arg(1)),
        "-" => (false, call.arg(1)),
        section => (false, section),
    };
    let mut all = call.desk.circle.sections();
    if !section.is_empty() {
        all.retain(|one| one.plan.settings.name == section);
        if all.is_empty() {
            return "No such peers\n".to_owned();
        }
    }
    let mut out = String::new();
    for (at, section) in all.iter().enumerate().rev() {
        if !out.is_empty() {
            out.push('\n');
        }
        show_section(&mut out, at + 1, section, dict);
    }
    out
}

/// How long until, or since; HAProxy's words.
fn span(at: Option<Instant>, now: Instant, ahead: bool) -> String {
    let Some(at) = at else {
        return "<NEVER>".to_owned();
    };
    if ahead && at <= now {
        return "<PAST>".to_owned();
    }
    let seconds = match ahead {
        true => at - now,
        false => now - at,
    }
    .as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let rest = seconds % 60;
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest}s"),
        (0, 0, _) => format!("{minutes}m{rest}s"),
        (0, _, _) => format!("{hours}h{minutes}m"),
        _ => format!("{days}d{hours}h"),
    }
}

fn show_section(out: &mut String, number: usize, section: &Arc<Section>, dict: bool) {
    let now = Instant::now();
    let settings = &section.plan.settings;
    let (flags, until) = match section.resync() {
        Resync::Local(until) => (0, until),
        Resync::Remote(None, until) => (1, until),
        Resync::Remote(Some(_), until) => (0x11, until),
        Resync::Done(at) => (3, at),
    };
    // HAProxy shows where things are in memory, and how often tasks ran; here it is their places, and 0.
    let _ = writeln!(
        out,
        "{number:#x}: [{}] id={} disabled={} flags={flags:#x} resync_timeout={} task_calls=0",
        date(section.started),
        settings.name,
        u8::from(settings.disabled),
        span(Some(until), now, true)
    );
    for (at, plan) in section.plan.peers.iter().enumerate().rev() {
        if let Some(peer) = section.peer(at) {
            show_peer(out, at, section, plan, &peer, dict, now);
        }
    }
}

fn show_peer(
    out: &mut String,
    at: usize,
    section: &Section,
    plan: &plan::Peer,
    peer: &Peer,
    dict: bool,
    now: Instant,
) {
    let place = at + 1;
    let kind = if plan.local { "local" } else { "remote" };
    let active = if peer.active { "active" } else { "inactive" };
    let address = plan.target.as_ref().map_or_else(|| "-".to_owned(), to_text);
    let hello = span(peer.hello, now, false);
    let _ = writeln!(
        out,
        "  {place:#x}: id={}({kind},{active}) addr={address} last_status={} last_hdshk={hello}",
        plan.name, peer.status
    );
    let [sent, received, missed] = peer.beats;
    let [begun, faults, replaced] = peer.counts;
    let _ = writeln!(
        out,
        "        reconnect={} heartbeat={} confirm=0 tx_hbt={sent} rx_hbt={received} no_hbt={missed} \
         new_conn={begun} proto_err={faults} coll={replaced}",
        span(peer.reconnect, now, true),
        span(peer.heartbeat, now, true)
    );
    match peer.active {
        false => out.push_str("        flags=0x0\n"),
        true => {
            out.push_str("        flags=0x20000200 appctx:0x0 st0=7 st1=0 task_calls=0 state=EST\n")
        }
    }
    if let Some([own, other]) = &peer.ends {
        let _ = writeln!(out, "        xprt=RAW src={other} addr={own}");
    }
    let last = ["remote_table", "last_local_table"]
        .into_iter()
        .zip(peer.last);
    for (what, table) in last {
        let share = table.and_then(|table| Some((table, peer.shares.get(table)?)));
        if let Some((table, share)) = share.filter(|_| peer.active) {
            let name = section
                .plan
                .shares
                .get(table)
                .map_or("", |one| &one.table.name);
            let (local, remote) = (table + 1, share.remote);
            let _ = writeln!(
                out,
                "        {what}:{local:#x} id={name} local_id={local} remote_id={remote}"
            );
        }
    }
    if !peer.shares.is_empty() {
        out.push_str("        shared tables:\n");
    }
    let shares = section.plan.shares.iter().zip(&peer.shares).enumerate();
    for (place, (plan, share)) in shares.rev() {
        let number = place + 1;
        let changes = plan.table.last_change();
        let _ = write!(
            out,
            "          {number:#x} local_id={number} remote_id={} flags=0x0 remote_data={:#x}\n\
            \x20             last_acked={} last_pushed={} last_get={} teaching_origin=0 update={}\n\
            \x20             table:{number:#x} id={} update={changes} localupdate={changes} commitupdate={changes} refcnt=1\n",
            share.remote,
            share.data,
            share.acked,
            share.pushed,
            share.got,
            share.pushed,
            plan.table.name,
        );
        match dict {
            true => show_names(out, peer),
            false => {
                out.push_str("        Dictionary cache not dumped (use \"show peers dict\")\n")
            }
        }
    }
}

/// Four names to a line: those said, as far as there are any; those heard, with all places.
fn show_names(out: &mut String, peer: &Peer) {
    let [said, heard] = &peer.names;
    for (title, names, places) in [("TX", said, said.len()), ("RX", heard, NAMES)] {
        let _ = writeln!(out, "        {title} dictionary cache:");
        for at in 0..places {
            if at % 4 == 0 {
                out.push_str("        ");
            }
            let name = names.get(at).and_then(Option::as_deref).unwrap_or("-");
            let _ = write!(out, "{at:>5} -> {name}");
            if at % 4 == 3 || at + 1 == places {
                out.push('\n');
            }
        }
    }
}

fn to_text(target: &connect::Target) -> String {
    match target {
        connect::Target::Ip(address) => address.to_string(),
        connect::Target::Unix(path) => path.to_string(),
        connect::Target::Abstract(name) => format!("abns@{name}"),
    }
}

/// The local date, as in logs.
fn date(at: SystemTime) -> String {
    let local = jiff::Timestamp::try_from(at).map(|at| at.to_zoned(jiff::tz::TimeZone::system()));
    local.map_or_else(
        |_| String::new(),
        |at| at.strftime("%d/%b/%Y:%H:%M:%S").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn spans_are_haproxys() {
        let now = Instant::now() + Duration::from_secs(1_000_000);
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (266, "4m26s"),
            (3_700, "1h1m"),
            (90_000, "1d1h"),
        ] {
            let ago = now - Duration::from_secs(seconds);
            assert_eq!(span(Some(ago), now, false), text);
        }
        assert_eq!(span(None, now, true), "<NEVER>");
        assert_eq!(span(Some(now), now, true), "<PAST>");
        assert_eq!(span(Some(now + Duration::from_secs(5)), now, true), "5s");
    }
}
