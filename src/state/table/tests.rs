use std::sync::Arc;

use super::*;

fn table(size: usize, change: impl FnOnce(&mut Shape)) -> Arc<Table> {
    let mut shape = Shape::new(KeyType::Integer, size);
    for data in [Data::Gpc0, Data::ConnCur, Data::ConnCnt, Data::HttpReqCnt] {
        shape.store(data, 1, 0);
    }
    shape.store(Data::HttpReqRate, 1, 10_000);
    shape.store(Data::BytesInCnt, 1, 0);
    change(&mut shape);
    Arc::new(Table::new("t", shape))
}

fn key(n: u32) -> Key {
    Key::new(&n.to_be_bytes())
}

fn add(table: &Table, n: u32, now: u32) -> bool {
    let added = table.change(&key(n), now, |row| row.add(Data::Gpc0, 0, 1));
    added.is_some()
}

fn keys(table: &Table, now: u32) -> Vec<u32> {
    let all = table.entries(now, |_| true);
    let number = |entry: &Entry| u32::from_be_bytes(entry.key.bytes().try_into().unwrap());
    all.iter().map(number).collect()
}

#[test]
fn the_oldest_makes_room() {
    let table = table(3, |_| ());
    for n in 0..5 {
        assert!(add(&table, n, n));
    }
    assert_eq!(keys(&table, 9), [2, 3, 4]);
    assert!(add(&table, 2, 10));
    assert!(add(&table, 9, 11));
    assert_eq!(keys(&table, 12), [2, 4, 9], "touched ones stay");
    assert_eq!(table.used(12), 3);
}

#[test]
fn a_table_that_does_not_purge_is_full() {
    let table = table(2, |shape| {
        shape.nopurge = true;
        shape.expire = Some(100);
    });
    assert!(add(&table, 1, 0));
    assert!(add(&table, 2, 50));
    assert!(!add(&table, 3, 60));
    assert!(add(&table, 3, 110), "the first has expired");
    assert_eq!(keys(&table, 110), [2, 3]);
    assert_eq!(table.used(500), 0);
}

#[test]
fn entries_expire_unless_they_are_touched_or_tracked() {
    let table = table(10, |shape| shape.expire = Some(100));
    let held = Track::begin(&table, &key(1), 0).unwrap();
    add(&table, 2, 0);
    add(&table, 3, 0);
    add(&table, 3, 90);
    assert_eq!(keys(&table, 150), [1, 3]);
    assert_eq!(table.look(&key(1), 150, |row| row.uses()), Some(1));
    assert_eq!(table.remove(&key(1)), Removed::InUse);
    held.release(200);
    assert_eq!(table.look(&key(1), 250, |row| row.expires()), Some(50));
    assert_eq!(table.look(&key(1), 300, |_| ()), None);
    assert_eq!(table.used(300), 0);
}

#[test]
fn tracked_entries_never_make_room() {
    let table = table(2, |_| ());
    let one = Track::begin(&table, &key(1), 0).unwrap();
    let two = Track::begin(&table, &key(2), 0).unwrap();
    assert!(Track::begin(&table, &key(3), 1).is_none());
    one.release(2);
    let three = Track::begin(&table, &key(3), 3).unwrap();
    assert_eq!(keys(&table, 3), [2, 3]);
    two.release(4);
    three.release(4);
}

#[test]
fn what_tracked_entries_do_is_counted() {
    let table = table(10, |_| ());
    let first = Track::begin(&table, &key(7), 0).unwrap();
    let second = Track::begin(&table, &key(7), 0).unwrap();
    second.count(Pair::REQUESTS, 3, 5);
    second.count(Pair::BYTES_IN, u64::from(u32::MAX), 5);
    second.count(Pair::BYTES_IN, 2, 5);
    second.count(Pair::SESSIONS, 1, 5);
    first.release(6);
    let read = |data| table.look(&key(7), 10, |row| row.read(data, 0)).flatten();
    assert_eq!(read(Data::ConnCnt), Some(2));
    assert_eq!(read(Data::ConnCur), Some(1));
    assert_eq!(read(Data::HttpReqCnt), Some(3));
    assert_eq!(read(Data::HttpReqRate), Some(3));
    assert_eq!(read(Data::BytesInCnt), Some(u64::from(u32::MAX) + 2));
    assert_eq!(read(Data::SessCnt), None);
    assert_eq!(second.key(), key(7));
    second.release(11);
}

#[test]
fn shapes_do_not_depend_on_the_order_of_words() {
    let store = |order: &[Data]| {
        let mut shape = Shape::new(KeyType::String(32), 10);
        order.iter().for_each(|data| shape.store(*data, 2, 0));
        shape
    };
    let one = store(&[Data::Gpc, Data::Gpt]);
    assert_eq!(one, store(&[Data::Gpt, Data::Gpc]));
    assert_ne!(one, store(&[Data::Gpt]));
}

#[test]
fn elements_of_arrays_are_apart() {
    let table = table(10, |shape| shape.store(Data::Gpc, 3, 0));
    table.change(&key(1), 0, |row| {
        assert_eq!(row.add(Data::Gpc, 2, 5), Some(()));
        assert_eq!(row.add(Data::Gpc, 3, 5), None);
        assert_eq!(row.read(Data::Gpc, 1), Some(0));
        assert_eq!(row.read(Data::Gpc, 2), Some(5));
    });
}

#[test]
fn keys_are_cut_and_filled() {
    assert_eq!(KeyType::String(3).key(b"abcd").bytes(), b"abc");
    assert_eq!(KeyType::Binary(3).key(b"a").bytes(), b"a\0\0");
    let long = KeyType::String(80).key(&[b'x'; 90]);
    assert_eq!(long.bytes(), [b'x'; 80]);
    assert_eq!(KeyType::Binary(2).show(&Key::new(b"\x0a\xff")), "0AFF");
    assert_eq!(KeyType::Ip.show(&Key::new(&[192, 0, 2, 1])), "192.0.2.1");
}

#[test]
fn threads_count_exactly_and_never_pass_the_size() {
    let table = table(5_000, |_| ());
    std::thread::scope(|scope| {
        for thread in 0..4u32 {
            let table = &table;
            scope.spawn(move || {
                for n in 0..5_000u32 {
                    let track = Track::begin(table, &key(0), n).unwrap();
                    track.count(Pair::REQUESTS, 1, n);
                    add(table, 1 + thread * 5_000 + n, n);
                    track.release(n);
                }
            });
        }
    });
    let zero = table.entry(&key(0), 5_000).unwrap();
    assert_eq!(table.read(&zero, Data::HttpReqCnt, 0, 5_000), Some(20_000));
    assert_eq!(table.read(&zero, Data::ConnCur, 0, 5_000), Some(0));
    assert_eq!(table.used(5_000), 5_000);
    assert_eq!(keys(&table, 5_000).len(), 5_000);
}

/// Entries that others tell of take their place by age, and are gone when their time is over.
#[test]
fn what_is_learned_expires_when_it_does_elsewhere() {
    let mut shape = Shape::new(KeyType::Integer, 1000);
    shape.expire = Some(1000);
    let table = Table::new("t", shape);
    let key = |n: u32| Key::new(&n.to_be_bytes());
    for n in 0..200u32 {
        // In no order.
        let left = (n * 37) % 200 * 5 + 1;
        table.learn(&key(n), Some(left), 5000, |_| {}).unwrap();
        assert_eq!(table.entry(&key(n), 5000).unwrap().expires, left);
    }
    for now in (5000..6100).step_by(50) {
        let left = (0..200u32).filter(|n| (n * 37) % 200 * 5 + 1 > now - 5000);
        assert_eq!(table.entries(now, |_| true).len(), left.count(), "{now}");
    }
    assert_eq!(table.used(6100), 0);
}

/// What is told: the last state of each entry, in the order of the last changes, each once.
#[test]
fn changes_are_told_in_order_and_once() {
    let table = Table::new("t", Shape::new(KeyType::Integer, 100_000));
    let key = |n: u32| Key::new(&n.to_be_bytes());
    let mut cursor = Cursor::default();
    table.change(&key(1), 0, |_| {});
    assert!(
        table.changed(&mut cursor, 10, 0).is_empty(),
        "nobody watched"
    );
    table.watch(Some(Arc::default()));
    for n in (0..5000).chain(0..10) {
        table.change(&key(n), 0, |_| {});
    }
    let mut numbers = std::collections::BTreeSet::new();
    loop {
        let some = table.changed(&mut cursor, 77, 0);
        if some.is_empty() {
            break;
        }
        assert!(some.len() <= 77);
        assert!(some.iter().all(|change| numbers.insert(change.number)));
    }
    assert_eq!(numbers.len(), 5000);
    // The one told last changes again, is removed, and comes back: the cursor's place is gone.
    table.change(&key(4999), 0, |_| {});
    table.remove(&key(9));
    table.learn(&key(9), None, 0, |_| {});
    let some = table.changed(&mut cursor, 77, 0);
    assert_eq!(some.len(), 1);
    assert_eq!(some[0].entry.key, key(4999));
    let now = table.now_told();
    table.change(&key(7), 0, |_| {});
    assert_eq!(table.changed(&mut now.clone(), 77, 0).len(), 1);
    assert_eq!(table.changed(&mut cursor, 77, 0).len(), 1);
    // Everything, whoever changed it.
    let (mut page, mut all) = (Page::default(), 0);
    while let Some(some) = table.page(&mut page, 0) {
        all += some.len();
    }
    assert_eq!(all, 5000);
}
