//! TCP: addresses and cookies, and the algorithms that look at connections held.

use tidegate::balance::key::{rdp_cookie, source};
use tidegate::balance::{Algorithm, HashType, Method, Params};

use super::harness::{Case, Dice, Held, Mode, Oracle};
use super::{Farm, both, case, choose, weighted, with_backups, word};

/// An address out of a few networks of both families.
fn address(dice: &mut Dice) -> std::net::IpAddr {
    let bits = dice.roll(1 << 31) as u32;
    if dice.roll(2) == 0 {
        return std::net::Ipv4Addr::from_bits(0x0a00_0000 | bits & 0xffff).into();
    }
    let high = u128::from(dice.roll(1 << 31)) << 64;
    std::net::Ipv6Addr::from_bits((0x2001_0db8 << 96) | high | u128::from(bits)).into()
}

#[test]
fn connections_reach_haproxys_servers_by_their_source_and_cookie() {
    let mut cases = both("source", "balance source", &Algorithm::Source);
    let cookie = Algorithm::RdpCookie(b"mstshash".to_vec());
    cases.extend(both("rdp", "balance rdp-cookie", &cookie));
    let mut avalanche = both("avalanche", "balance source", &Algorithm::Source).swap_remove(0);
    avalanche.params.hash_type.avalanche = true;
    avalanche.lines = avalanche
        .lines
        .replace("map-based", "map-based wt6 avalanche");
    cases.push(avalanche);
    let frontend =
        "  tcp-request inspect-delay 5s\n  tcp-request content accept if { req.len gt 0 }\n";
    let oracle = Oracle::start(Mode::Tcp, frontend, &cases);
    for case in &cases {
        let mut dice = Dice(11);
        let idle = Held::default();
        let mut farm = Farm::new(&oracle, case, &idle);
        let hash_type = case.params.hash_type;
        for number in 0..600 {
            if number % 100 == 99 {
                farm.change(&mut dice, false, &idle);
                farm.anyone()
                    .then_some(())
                    .expect("dice that leave a server");
            }
            let source = address(&mut dice);
            let mut client = oracle.connect(case, &source.to_string());
            let cookie = format!("Cookie: mstshash={}\r\n", word(&mut dice, b"abc", 3));
            let packet = [b"\x03\0\0\x2f\x2a\xe0\0\0\0\0\0", cookie.as_bytes()].concat();
            client.send(&packet);
            let hash = match &case.params.algorithm {
                Algorithm::Source => Some(hash_type.finish(source::hash(source))),
                _ => match rdp_cookie::find(&packet, b"MSTShash") {
                    rdp_cookie::Found::Value(b"") => None,
                    rdp_cookie::Found::Value(value) => Some(hash_type.hash(value)),
                    other => panic!("{cookie}: {other:?}"),
                },
            };
            let ours = choose(&farm.balancer, hash, &idle);
            assert_eq!(
                ours,
                client.greeting(),
                "{} {number} {source} {cookie}",
                case.name
            );
        }
    }
}

#[test]
fn loads_choose_haproxys_servers() {
    let farms = [
        weighted(&[1, 1, 1]),
        weighted(&[1, 2, 5]),
        with_backups(weighted(&[4, 2, 1, 3]), 2),
    ];
    let mut cases = Vec::new();
    for (at, slots) in farms.into_iter().enumerate() {
        for (word, algorithm, limit) in [
            ("leastconn", Algorithm::LeastConn, 0),
            ("leastconn", Algorithm::LeastConn, 6),
            ("first", Algorithm::First, 6),
            ("roundrobin", Algorithm::RoundRobin, 6),
            ("static-rr", Algorithm::StaticRr, 6),
        ] {
            let params = Params {
                algorithm,
                all_backups: true,
                ..Params::default()
            };
            let lines = format!("balance {word}\noption allbackups");
            let mut case = case(
                &format!("{word}-{limit}-{at}"),
                &lines,
                params,
                slots.clone(),
            );
            if limit > 0 {
                case.server = "maxconn 6";
            }
            cases.push(case);
        }
        let params = Params {
            algorithm: Algorithm::Source,
            hash_type: HashType::of_method(Method::Consistent),
            balance_factor: 120,
            ..Params::default()
        };
        let lines = "balance source\nhash-type consistent\nhash-balance-factor 120";
        cases.push(case(&format!("bounded-{at}"), lines, params, slots));
    }
    let oracle = Oracle::start(Mode::Tcp, "", &cases);
    for case in &cases {
        held_connections(&oracle, case);
    }
}

/// Opens, holds and closes connections at random, never more than fit, and changes servers.
fn held_connections(oracle: &Oracle, case: &Case) {
    let mut dice = Dice(3);
    let limit = if case.server.is_empty() { 0 } else { 6 };
    let mut loads = Held {
        served: vec![0; case.slots.len()],
        limit,
    };
    let mut farm = Farm::new(oracle, case, &loads);
    let mut held = Vec::new();
    for step in 0..250 {
        let dynamic = !matches!(case.params.algorithm, Algorithm::StaticRr);
        if step % 25 == 24 {
            farm.change(&mut dice, dynamic, &loads);
        }
        if dice.roll(12) < held.len() as u64 {
            let (client, server) = held.swap_remove(dice.roll(held.len() as u64) as usize);
            drop(client);
            oracle.settle(case, held.len() as u32);
            loads.served[server] -= 1;
            farm.balancer.load_changed(server, &loads);
            continue;
        }
        let source = address(&mut dice);
        let hash = (case.params.algorithm == Algorithm::Source)
            .then(|| case.params.hash_type.finish(source::hash(source)));
        let Some(server) = choose(&farm.balancer, hash, &loads) else {
            continue;
        };
        let mut client = oracle.connect(case, &source.to_string());
        let theirs = client.greeting();
        let told = format!(
            "{} step {step} {:?} {:?} {:?}",
            case.name, farm.up, farm.weights, loads.served
        );
        assert_eq!(Some(server), theirs, "{told}");
        loads.served[server] += 1;
        farm.balancer.load_changed(server, &loads);
        held.push((client, server));
    }
    drop(held);
}
