//! Sections without sockets: what two exchanges say to each other, and who is asked for what it knows.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::exchange::{End, Exchange};
use super::fault::Fault;
use super::section::{Resync, Section};
use crate::log;
use crate::net::connect::{Options, Target};
use crate::plan;
use crate::settings::{self, Global};
use crate::state::State;
use crate::state::table::{Data, Key, KeyType, Shape, Table};

/// A section of A, B and C, of which this process is the first, with one table.
fn section(names: [&str; 3], predecessor: bool, now: Instant) -> Arc<Section> {
    let state = Arc::<State>::default();
    let mut shape = Shape::new(KeyType::Integer, 100_000);
    shape.store(Data::Gpc0, 1, 0);
    let peer = |name: &str| plan::Peer {
        name: name.to_owned(),
        local: name == names[0],
        target: Some(Target::Unix("/nowhere".into())),
        connect: Options::default(),
        tls: None,
        shard: 0,
    };
    let log = log::Outputs::new(&Global::default(), &state).unwrap();
    let plan = plan::Peers {
        settings: settings::Peers {
            name: "P".into(),
            local: names[0].into(),
            complete: true,
            ..settings::Peers::default()
        },
        listeners: Vec::new(),
        peers: names.map(peer).into(),
        shares: vec![plan::Share {
            name: "t".into(),
            table: Arc::new(Table::new("t", shape)),
            recv_only: false,
            write_to: None,
        }],
        log: log.process(),
        updates: 7,
        longest: 16_384,
    };
    let section = Section::new(&plan.into(), predecessor, None, &state.process, now);
    table(&section).watch(Some(section.bell.clone()));
    section
}

fn table(section: &Section) -> &Arc<Table> {
    &section.plan.shares[0].table
}

fn set(section: &Section, key: u32, value: u64) {
    table(section).change(&Key::new(&key.to_be_bytes()), 0, |row| {
        row.set(Data::Gpc0, 0, value);
    });
}

fn known(section: &Section) -> Vec<(u32, u64)> {
    let table = table(section);
    let entries = table.entries(0, |_| true);
    let value = |entry: &_| table.read(entry, Data::Gpc0, 0, 0).unwrap();
    let key = |key: &Key| u32::from_be_bytes(key.bytes().try_into().unwrap());
    entries
        .iter()
        .map(|entry| (key(&entry.key), value(entry)))
        .collect()
}

/// Carries what two say to each other until both are silent. What is sent is cut in pieces of this length.
fn converse(one: &mut Exchange, other: &mut Exchange, piece: usize) {
    let (mut to_one, mut to_other) = (Vec::new(), Vec::new());
    loop {
        one.fill(0);
        other.fill(0);
        if one.out.is_empty() && other.out.is_empty() {
            assert!(
                to_one.is_empty() && to_other.is_empty(),
                "half a message is left"
            );
            return;
        }
        hand(one, other, &mut to_other, piece);
        hand(other, one, &mut to_one, piece);
    }
}

fn hand(from: &mut Exchange, to: &mut Exchange, way: &mut Vec<u8>, piece: usize) {
    let sent = std::mem::take(&mut from.out);
    for piece in sent.chunks(piece) {
        way.extend_from_slice(piece);
        let taken = to.take(way, 0, Instant::now()).unwrap();
        way.drain(..taken);
    }
}

fn meet(a: &Arc<Section>, b: &Arc<Section>, piece: usize) -> (Exchange, Exchange) {
    let now = Instant::now();
    let (at_a, at_b) = (
        a.place(&b.plan.settings.local),
        b.place(&a.plan.settings.local),
    );
    let (at_a, at_b) = (at_a.unwrap(), at_b.unwrap());
    for (section, at) in [(a, at_a), (b, at_b)] {
        let generation = section.begin(at);
        section.established(at, generation, None, now);
    }
    let mut one = Exchange::new(a, at_a, false, false);
    let mut other = Exchange::new(b, at_b, false, false);
    converse(&mut one, &mut other, piece);
    (one, other)
}

#[test]
fn two_that_meet_know_the_same_and_go_on_telling() {
    for piece in [1, 7, 100_000] {
        let now = Instant::now();
        let (a, b) = (
            section(["A", "B", "C"], false, now),
            section(["B", "A", "C"], false, now),
        );
        (0..1000).for_each(|key| set(&a, key, 1));
        (500..1500).for_each(|key| set(&b, key * 10, 2));
        let (mut one, mut other) = meet(&a, &b, piece);
        let all = known(&a);
        assert_eq!(known(&b).len(), all.len());
        set(&a, 1, 77);
        set(&b, 2, 88);
        converse(&mut one, &mut other, piece);
        for side in [&a, &b] {
            let known = known(side);
            assert_eq!((known[1].1, known[2].1), (77, 88));
        }
        // All of it is acknowledged: a next session has nothing to tell.
        set(&a, 3, 99);
        converse(&mut one, &mut other, piece);
        let mut again = Exchange::new(&a, 1, false, false);
        again.fill(0);
        assert!(again.out.is_empty(), "{:?}", again.out);
    }
}

#[test]
fn what_was_not_acknowledged_is_told_again() {
    let now = Instant::now();
    let (a, b) = (
        section(["A", "B", "C"], false, now),
        section(["B", "A", "C"], false, now),
    );
    let (mut one, _) = meet(&a, &b, 100);
    set(&a, 5, 1);
    one.fill(0);
    // The session breaks: the bytes are lost.
    drop(one);
    let (_one, _other) = meet(&a, &b, 100);
    assert_eq!(known(&b), [(5, 1)]);
}

#[test]
fn changes_while_everything_is_told_are_told_too() {
    let now = Instant::now();
    let (a, b) = (
        section(["A", "B", "C"], false, now),
        section(["B", "A", "C"], false, now),
    );
    (0..10_000).for_each(|key| set(&a, key, 1));
    let mut one = Exchange::new(&a, 1, false, false);
    let mut other = Exchange::new(&b, 1, false, false);
    assert_eq!(one.take(&[0, 0], 0, now), Ok(2));
    one.fill(0);
    set(&a, 0, 2);
    set(&a, 9_999, 2);
    converse(&mut one, &mut other, 1000);
    assert_eq!(known(&a), known(&b));
}

#[test]
fn the_one_that_goes_is_done_when_it_was_heard() {
    let now = Instant::now();
    let (old, new) = (
        section(["A", "B", "C"], false, now),
        section(["A", "B", "C"], true, now),
    );
    (0..300).for_each(|key| set(&old, key, 1));
    assert!(matches!(new.resync(), Resync::Local(_)));
    let mut tells = Exchange::new(&old, 0, false, true);
    let mut hears = Exchange::new(&new, 0, false, false);
    let mut way = Vec::new();
    let end = loop {
        tells.fill(0);
        way.append(&mut tells.out);
        let taken = hears.take(&way, 0, now).unwrap();
        way.drain(..taken);
        hears.fill(0);
        let answer = std::mem::take(&mut hears.out);
        if let Err(end) = tells.take(&answer, 0, now) {
            break end;
        }
    };
    assert_eq!(end, End::Done);
    assert_eq!(known(&new), known(&old));
    // It did not know all itself: another may come.
    assert!(matches!(new.resync(), Resync::Local(_)));
}

#[test]
fn peers_are_asked_in_turn_until_one_knows_all() {
    let second = Duration::from_secs(1);
    let start = Instant::now();
    let section = section(["A", "B", "C"], true, start);
    let begin = |at: usize, now| {
        let generation = section.begin(at);
        section.established(at, generation, None, now);
        generation
    };
    let asked = |at: usize| section.peer(at).unwrap().ask;
    // The predecessor is waited for first.
    let first = begin(1, start);
    assert!(!asked(1));
    section.tick(start + 5 * second);
    assert_eq!(
        section.resync(),
        Resync::Remote(Some(1), start + 10 * second)
    );
    assert!(asked(1));
    // It is gone before it told: another is asked.
    begin(2, start);
    section.ended(1, first, start);
    assert!(asked(2));
    // That one does not know all: the first, which came back.
    begin(1, start);
    section.learned(2, false, start);
    assert!(asked(1));
    // What nobody asked for decides nothing.
    section.learned(2, true, start);
    assert!(!section.up_to_date());
    section.learned(1, true, start);
    assert!(section.up_to_date());
    assert_eq!(section.tick(start), None);
}

#[test]
fn nobody_is_waited_for_in_vain() {
    let second = Duration::from_secs(1);
    let start = Instant::now();
    let section = section(["A", "B", "C"], false, start);
    assert_eq!(section.tick(start + 4 * second), Some(start + 5 * second));
    assert_eq!(section.tick(start + 5 * second), None);
    assert!(section.up_to_date());
}

#[test]
fn a_later_session_takes_the_place_of_an_earlier_one() {
    let now = Instant::now();
    let section = section(["A", "B", "C"], false, now);
    let first = section.begin(1);
    section.established(1, first, None, now);
    let second = section.begin(1);
    assert!(!section.is_current(1, first));
    // The first ends, which changes nothing.
    section.ended(1, first, now);
    let peer = section.peer(1).unwrap();
    assert!(peer.busy && !peer.active);
    assert_eq!(peer.counts, [2, 0, 1]);
    section.established(1, second, None, now);
    section.ended(1, second, now);
    assert!(!section.peer(1).unwrap().busy);
}

#[test]
fn nonsense_ends_the_session_with_its_cause() {
    let section = section(["A", "B", "C"], false, Instant::now());
    for (bytes, end) in [
        (
            &[10, 0x82, 1, 1][..],
            End::Fault(Fault::Short("a table's definition")),
        ),
        (
            &[10, 0x84, 1, 1],
            End::Fault(Fault::Short("an acknowledgement")),
        ),
        (
            &[10, 0x80, 0xff, 0xff, 0xff, 0xff, 0x70],
            End::Fault(Fault::Size(0x0e00_0000)),
        ),
        (&[1, 1], End::Refused(1)),
    ] {
        let mut exchange = Exchange::new(&section, 1, false, false);
        let found = exchange.take(bytes, 0, Instant::now());
        match (found, end) {
            (Err(End::Fault(Fault::Size(_))), End::Fault(Fault::Size(_))) => {}
            (found, end) => assert_eq!(found, Err(end), "{bytes:?}"),
        }
    }
    // An entry before any table, and messages of later versions, are passed over.
    let mut exchange = Exchange::new(&section, 1, false, false);
    let bytes = [10, 0x80, 4, 0, 0, 0, 1, 5, 5, 0, 0x55, 77, 0x83, 1, 4];
    assert_eq!(exchange.take(&bytes, 0, Instant::now()), Ok(bytes.len()));
}
