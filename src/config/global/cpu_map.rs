//! `cpu-map`: which processors threads run on.

use super::super::args::{Args, Parsed, alert};
use super::super::load::Load;
use crate::diag::Diagnostic;
use crate::settings::Global;

/// A set of numbers: `all`, `odd`, `even`, `3`, `1-4`, with `highest` for `all` and its kin.
fn number_set(text: &str, highest: u16) -> Option<Vec<u16>> {
    Some(match text {
        "all" => (1..=highest).collect(),
        "odd" => (1..=highest).step_by(2).collect(),
        "even" => (2..=highest).step_by(2).collect(),
        text => {
            let (low, high) = text.split_once('-').unwrap_or((text, text));
            let low: u16 = low.parse().ok()?;
            let high: u16 = if high.is_empty() {
                highest
            } else {
                high.parse().ok()?
            };
            (low <= high && high <= 4096).then(|| (low..=high).collect())?
        }
    })
}

/// `cpu-map 1/1-4 0-3`: all of the threads on all of the processors; `auto:`: one on one, in turn.
///
/// What was a process once is a thread today: after `nbproc`, `cpu-map 2 1` is about the second thread. Groups that there
/// are not have no effect, as in HAProxy.
pub(super) fn cpu_map(global: &mut Global, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    const THREADS: u16 = 64;
    let word = args.word("a thread set and a CPU set")?;
    let text = word.text();
    let (auto, set) = match text.strip_prefix("auto:") {
        Some(set) => (true, set),
        None => (false, &*text),
    };
    let (group, threads) = match set.split_once('/') {
        Some((group, threads)) => (group, number_set(threads, THREADS)),
        None => (set, number_set("all", THREADS)),
    };
    let bad = |text: &str| format!("cpu-map : '{text}' is not a valid number/range.");
    let (Some(groups), Some(threads)) = (number_set(group, THREADS), threads) else {
        return alert(word.span, bad(set));
    };
    let processes = global.nbproc > 1 && !set.contains('/');
    let threads = if processes { groups.clone() } else { threads };
    let mut cpus = Vec::new();
    while let Some(word) = args.take() {
        for part in word.text().split(',') {
            match number_set(part, 0).filter(|_| part != "odd" && part != "even") {
                Some(set) => cpus.extend(set),
                None => return alert(word.span, bad(part)),
            }
        }
    }
    if cpus.is_empty() {
        return args.fail("expects a thread set and a CPU set");
    }
    if processes {
        let cpus: Vec<String> = cpus.iter().map(u16::to_string).collect();
        let help = format!(
            "write instead: `cpu-map {}1/{set} {}`",
            if auto { "auto:" } else { "" },
            cpus.join(" ")
        );
        let message = format!("cpu-map : '{set}' means processes, of which there is one.");
        let old = Diagnostic::alert(word.span, message).help(help);
        load.old(old, "It is taken for threads here.")?;
    } else if !groups.contains(&1) {
        return Ok(());
    }
    if auto && threads.len() != cpus.len() && set.contains('/') {
        return alert(
            word.span,
            "cpu-map : with 'auto:' the sets must have the same size",
        );
    }
    for (nth, thread) in threads.iter().enumerate() {
        let cpus = match auto {
            true => cpus.get(nth).map(|cpu| vec![*cpu]),
            false => Some(cpus.clone()),
        };
        if let Some(cpus) = cpus {
            global.cpu_map.retain(|(other, _)| other != thread);
            global.cpu_map.push((*thread, cpus));
        }
    }
    Ok(())
}
