use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::choice::choose;
use super::known::{Known, News};
use crate::resolve::{Failure, Found, Service};
use crate::settings::{Net, Prefer, Resolvers, Resolving};

fn ip(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

fn found(addresses: &[u8]) -> Result<Found, Failure> {
    Ok(Found {
        server: 0,
        addresses: addresses.iter().copied().map(ip).collect(),
        services: Vec::new(),
    })
}

#[test]
fn a_server_keeps_its_address_while_it_can() {
    let near = Resolving {
        prefer: Prefer::V4,
        nets: vec![Net(ip(0), 30)],
        ..Resolving::default()
    };
    let plain = Resolving::default();
    let twice = Resolving {
        allow_duplicates: true,
        ..Resolving::default()
    };
    for (how, known, current, taken, expected) in [
        (&plain, &[1, 2][..], None, &[][..], Some(1)),
        (&plain, &[1, 2], Some(2), &[], Some(2)),
        (&plain, &[1, 2], Some(2), &[2], Some(1)),
        (&plain, &[1, 2], Some(9), &[1], Some(2)),
        (&plain, &[1, 2], Some(9), &[1, 2], None),
        (&plain, &[], Some(9), &[], None),
        (&twice, &[1], None, &[1], Some(1)),
        (&near, &[9, 2, 8], None, &[], Some(2)),
        (&near, &[9, 2, 8], Some(9), &[], Some(2)),
        (&near, &[9, 2, 8], Some(8), &[2], Some(8)),
    ] {
        let all: Vec<_> = known.iter().copied().map(ip).collect();
        let is_taken = |address| taken.iter().any(|last| ip(*last) == address);
        let chosen = choose(&all, current.map(ip), how, is_taken);
        assert_eq!(chosen, expected.map(ip), "{known:?} {current:?} {taken:?}");
    }
}

#[test]
fn the_preferred_family_comes_before_all_else() {
    let six: IpAddr = "::6".parse().expect("an address");
    let known = [ip(1), six];
    let choose = |prefer, current| {
        let how = Resolving {
            prefer,
            nets: vec![Net(ip(0), 8)],
            ..Resolving::default()
        };
        choose(&known, current, &how, |_| false)
    };
    assert_eq!(choose(Prefer::V6, Some(ip(1))), Some(six));
    assert_eq!(choose(Prefer::V4, Some(six)), Some(ip(1)));
}

#[test]
fn what_is_known_is_held_as_long_as_the_section_says() {
    let mut section = Resolvers::named("r");
    section.hold.nx = 100;
    section.hold.timeout = 300;
    section.hold.obsolete = 50;
    section.resolve = 10;
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    let mut known = Known::new(section.into(), start);
    assert_eq!(known.due, Some(start));
    // Before the first answer, too.
    assert_eq!(known.learn(Err(Failure::Unknown), at(0)), News::Nothing);
    assert_eq!(known.due, Some(at(10)));
    assert_eq!(known.learn(found(&[1, 2]), at(10)), News::Records(0));
    assert_eq!(known.learn(found(&[2, 3]), at(20)), News::Records(0));
    assert_eq!(
        known.addresses(),
        [ip(1), ip(2), ip(3)],
        "obsolete, but held"
    );
    known.learn(found(&[2, 3]), at(60));
    assert_eq!(known.addresses(), [ip(2), ip(3)]);
    assert_eq!(known.learn(Err(Failure::Unknown), at(159)), News::Nothing);
    assert_eq!(known.addresses().len(), 2);
    assert_eq!(known.learn(Err(Failure::Timeout), at(160)), News::Nothing);
    let lost = known.learn(Err(Failure::Unknown), at(160));
    assert_eq!(lost, News::Lost(Failure::Unknown));
    assert!(known.addresses().is_empty());
}

#[test]
fn what_is_held_is_bounded() {
    let mut section = Resolvers::named("r");
    section.hold.obsolete = 1_000_000;
    let start = Instant::now();
    let mut known = Known::new(section.into(), start);
    for round in 0..50_u8 {
        let addresses = (0..=255).map(|last| IpAddr::from([10, 0, round, last]));
        let found = Found {
            server: 0,
            addresses: addresses.collect(),
            services: Vec::new(),
        };
        known.learn(Ok(found), start + Duration::from_millis(round.into()));
    }
    assert!(known.addresses().len() <= 4096);
    assert!(known.addresses().contains(&IpAddr::from([10, 0, 49, 7])));
}

#[test]
fn an_address_that_was_given_comes_last() {
    let now = Instant::now();
    let mut known = Known::new(Resolvers::named("r").into(), now);
    known.learn(found(&[1, 2, 3]), now);
    known.given(ip(1));
    assert_eq!(known.addresses(), [ip(2), ip(3), ip(1)]);
    // The next answer does not bring it back to the front.
    known.learn(found(&[1, 2, 3]), now);
    assert_eq!(known.addresses(), [ip(2), ip(3), ip(1)]);
}

#[test]
fn services_are_told_apart_by_host_and_port() {
    let service = |host: &str, port, weight| Service {
        host: host.into(),
        port,
        weight,
        address: None,
    };
    let now = Instant::now();
    let mut known = Known::new(Resolvers::named("r").into(), now);
    let mut learn = |services: Vec<Service>, ms| {
        let found = Found {
            server: 0,
            addresses: Vec::new(),
            services,
        };
        known.learn(Ok(found), now + Duration::from_millis(ms));
        known.services()
    };
    learn(vec![service("a", 80, 1), service("a", 81, 1)], 0);
    let after = learn(vec![service("a", 81, 9), service("b", 80, 1)], 1);
    assert_eq!(after, [service("a", 81, 9), service("b", 80, 1)]);
}
