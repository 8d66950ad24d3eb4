//! Balancing against a running HAProxy: the same sequence of servers, the same server for the same
//! key, while servers go down, come back and change weights.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says by panicking what is wrong"
)]

mod harness;

use harness::{Case, Dice, Held, Mode, Oracle, ask};
use tidegate::balance::key::{hdr, rdp_cookie, source, uri, url_param};
use tidegate::balance::{
    Algorithm, Balancer, Function, HashType, Method, Params, Pick, Slot, effective_weight,
};

/// Servers of these weights, ids from 1.
fn weighted(weights: &[u32]) -> Vec<Slot> {
    let numbered = weights.iter().zip(1..);
    numbered.map(|(&weight, id)| Slot::up(id, weight)).collect()
}

/// The last `count` of them as backups.
fn with_backups(mut slots: Vec<Slot>, count: usize) -> Vec<Slot> {
    slots
        .iter_mut()
        .rev()
        .take(count)
        .for_each(|slot| slot.backup = true);
    slots
}

fn case(name: &str, lines: &str, params: Params, slots: Vec<Slot>) -> Case {
    Case {
        name: name.into(),
        lines: lines.lines().map(|line| format!("  {line}\n")).collect(),
        server: "",
        params,
        slots,
    }
}

fn get(target: &str, header: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: h\r\n{header}\r\n")
}

fn choose(balancer: &Balancer, hash: Option<u32>, loads: &Held) -> Option<usize> {
    balancer.pick(Pick {
        hash,
        avoid: None,
        loads,
        random: &mut || 0,
    })
}

/// The servers as the test drives them: what was said to the oracle, said to us.
struct Farm<'a> {
    oracle: &'a Oracle,
    case: &'a Case,
    balancer: Balancer,
    up: Vec<bool>,
    weights: Vec<u32>,
}

impl<'a> Farm<'a> {
    fn new(oracle: &'a Oracle, case: &'a Case, loads: &Held) -> Self {
        Self {
            oracle,
            case,
            balancer: Balancer::new(&case.params, &case.slots, loads),
            up: vec![true; case.slots.len()],
            weights: case.slots.iter().map(|slot| slot.weight).collect(),
        }
    }

    /// Changes one server at random: down, up, or, where weights may change, another weight.
    fn change(&mut self, dice: &mut Dice, weights: bool, loads: &Held) {
        let server = dice.roll(self.up.len() as u64) as usize;
        let name = format!("{}/s{server}", self.case.name);
        if weights && dice.roll(2) == 0 {
            self.weights[server] = dice.roll(12) as u32;
            let weight = self.weights[server];
            assert_eq!(
                self.oracle
                    .cli(&format!("set weight {name} {weight}"))
                    .trim(),
                ""
            );
        } else {
            self.up[server] = !self.up[server];
            let word = if self.up[server] { "enable" } else { "disable" };
            assert_eq!(self.oracle.cli(&format!("{word} server {name}")).trim(), "");
        }
        let effective = match self.up[server] {
            true => effective_weight(self.weights[server], None),
            false => 0,
        };
        self.balancer.update(server, effective, loads);
    }

    fn anyone(&self) -> bool {
        self.up
            .iter()
            .zip(&self.weights)
            .any(|(&up, &weight)| up && weight > 0)
    }
}

/// Runs requests in rounds with a change between them; `make` answers a request and our hash.
fn http_rounds(
    oracle: &Oracle,
    case: &Case,
    (rounds, size): (usize, usize),
    weights: bool,
    make: &mut dyn FnMut(&mut Dice) -> (String, Option<u32>),
) {
    let idle = Held::default();
    let mut dice = Dice(
        case.name
            .bytes()
            .fold(7, |sum: u64, byte| sum.wrapping_mul(31) ^ u64::from(byte)),
    );
    let mut farm = Farm::new(oracle, case, &idle);
    for round in 0..rounds {
        while round > 0 || case.name.len().is_multiple_of(2) {
            farm.change(&mut dice, weights, &idle);
            if farm.anyone() {
                break;
            }
        }
        let count = 1 + dice.roll(2 * size as u64) as usize;
        let (requests, hashes): (Vec<_>, Vec<_>) = (0..count).map(|_| make(&mut dice)).unzip();
        let theirs = ask(oracle, case, &requests);
        let ours: Vec<_> = hashes
            .iter()
            .map(|&hash| choose(&farm.balancer, hash, &idle))
            .collect();
        let theirs: Vec<_> = theirs.into_iter().map(Some).collect();
        if let Some(at) = (0..count).find(|&at| ours[at] != theirs[at]) {
            let end = count.min(at + 20);
            panic!(
                "{} round {round} request {at}: up {:?} weights {:?}\n{}\nours   {:?}\ntheirs {:?}",
                case.name,
                farm.up,
                farm.weights,
                requests[at].trim(),
                &ours[at.saturating_sub(20)..end],
                &theirs[at.saturating_sub(20)..end],
            );
        }
    }
}

fn farms() -> Vec<(&'static str, Vec<Slot>)> {
    let odd_ids = [(7, 3), (3, 9), (40, 1), (2, 0), (11, 256)];
    vec![
        ("equal", weighted(&[1, 1, 1])),
        ("weights", weighted(&[1, 2, 3, 10])),
        ("even", weighted(&[10, 20, 30, 40, 50])),
        ("many", weighted(&[5; 17])),
        (
            "odd",
            odd_ids.map(|(id, weight)| Slot::up(id, weight)).to_vec(),
        ),
        ("second", with_backups(weighted(&[1, 2, 5]), 2)),
        ("backup", with_backups(weighted(&[3, 1, 2, 3]), 2)),
    ]
}

#[test]
fn turns_are_haproxys() {
    let mut cases = Vec::new();
    for (word, algorithm) in [
        ("roundrobin", Algorithm::RoundRobin),
        ("static-rr", Algorithm::StaticRr),
    ] {
        for (name, slots) in farms() {
            let params = Params {
                algorithm: algorithm.clone(),
                ..Params::default()
            };
            cases.push(case(
                &format!("{word}-{name}"),
                &format!("balance {word}"),
                params.clone(),
                slots.clone(),
            ));
            if name == "backup" {
                let lines = format!("balance {word}\noption allbackups");
                let params = Params {
                    all_backups: true,
                    ..params
                };
                cases.push(case(&format!("{word}-all"), &lines, params, slots));
            }
        }
    }
    let oracle = Oracle::start(Mode::Http, "", &cases);
    for case in &cases {
        let dynamic = case.params.algorithm == Algorithm::RoundRobin;
        http_rounds(&oracle, case, (60, 20), dynamic, &mut |_| {
            (get("/", ""), None)
        });
    }
}

fn hash_types() -> Vec<(String, HashType)> {
    let mut types = Vec::new();
    for (method, method_word) in [
        (Method::MapBased, "map-based"),
        (Method::Consistent, "consistent"),
    ] {
        let plain = HashType::of_method(method);
        types.push((method_word.to_owned(), plain));
        for (function, word) in [
            (Function::Sdbm, "sdbm"),
            (Function::Djb2, "djb2"),
            (Function::Wt6, "wt6"),
            (Function::Crc32, "crc32"),
        ] {
            for avalanche in [false, true] {
                let modifier = if avalanche { " avalanche" } else { "" };
                let hash_type = HashType {
                    method,
                    function,
                    avalanche,
                };
                types.push((format!("{method_word} {word}{modifier}"), hash_type));
            }
        }
    }
    types
}

#[test]
fn hashes_reach_haproxys_servers() {
    let mut cases = Vec::new();
    for (at, (words, hash_type)) in hash_types().into_iter().enumerate() {
        let (name, slots) = farms().swap_remove(at % farms().len());
        let params = Params {
            algorithm: Algorithm::Hdr(hdr::Options {
                name: b"key".to_vec(),
                domain_only: false,
            }),
            hash_type,
            all_backups: name == "backup",
            ..Params::default()
        };
        let backups = if name == "backup" {
            "\noption allbackups"
        } else {
            ""
        };
        let lines = format!("balance hdr(key)\nhash-type {words}{backups}");
        cases.push(case(&format!("{name}-{at}"), &lines, params, slots));
    }
    let oracle = Oracle::start(Mode::Http, "", &cases);
    for case in &cases {
        let hash_type = case.params.hash_type;
        let dynamic = hash_type.method == Method::Consistent;
        http_rounds(
            &oracle,
            case,
            (12, 120),
            dynamic,
            &mut |dice| match dice.roll(5) {
                0 => (get("/", ""), None),
                _ => {
                    let key = format!("{:x}", dice.roll(1 << 30));
                    let hash = hash_type.hash(key.as_bytes());
                    (get("/", &format!("key: {key}\r\n")), Some(hash))
                }
            },
        );
    }
}

/// Cases of one algorithm by map and by ring.
fn both(name: &str, lines: &str, algorithm: &Algorithm) -> Vec<Case> {
    let methods = [
        (Method::MapBased, "map-based"),
        (Method::Consistent, "consistent"),
    ];
    let make = |(method, word)| {
        let params = Params {
            algorithm: algorithm.clone(),
            hash_type: HashType::of_method(method),
            ..Params::default()
        };
        let lines = format!("{lines}\nhash-type {word}");
        case(
            &format!("{name}-{word}"),
            &lines,
            params,
            weighted(&[3, 1, 4, 1, 5]),
        )
    };
    methods.map(make).into()
}

/// A word of these letters, so short that words repeat and hit the odd spots.
fn word(dice: &mut Dice, letters: &[u8], most: u64) -> String {
    let length = dice.roll(most + 1);
    (0..length)
        .map(|_| char::from(letters[dice.roll(letters.len() as u64) as usize]))
        .collect()
}

#[test]
fn parts_of_a_request_reach_haproxys_servers() {
    let uris = [
        ("plain", "", uri::Options::default()),
        (
            "whole",
            " whole",
            uri::Options {
                whole: true,
                ..uri::Options::default()
            },
        ),
        (
            "len",
            " len 7",
            uri::Options {
                len: 7,
                ..uri::Options::default()
            },
        ),
        (
            "depth",
            " depth 2",
            uri::Options {
                depth: 2,
                ..uri::Options::default()
            },
        ),
        (
            "both",
            " len 9 depth 1 whole",
            uri::Options {
                len: 9,
                depth: 1,
                whole: true,
                path_only: false,
            },
        ),
        (
            "path",
            " path-only",
            uri::Options {
                path_only: true,
                ..uri::Options::default()
            },
        ),
        (
            "pathlen",
            " path-only depth 1 len 3",
            uri::Options {
                path_only: true,
                depth: 1,
                len: 3,
                whole: false,
            },
        ),
    ];
    let mut cases = Vec::new();
    for (name, words, options) in uris {
        let algorithm = Algorithm::Uri(options);
        cases.extend(both(name, &format!("balance uri{words}"), &algorithm));
    }
    let options = |domain_only| hdr::Options {
        name: b"key".to_vec(),
        domain_only,
    };
    cases.extend(both(
        "hdr",
        "balance hdr(key)",
        &Algorithm::Hdr(options(false)),
    ));
    cases.extend(both(
        "domain",
        "balance hdr(KEY) use_domain_only",
        &Algorithm::Hdr(options(true)),
    ));
    let options = |check_post| url_param::Options {
        name: b"id".to_vec(),
        check_post,
    };
    cases.extend(both(
        "param",
        "balance url_param id",
        &Algorithm::UrlParam(options(false)),
    ));
    cases.extend(both(
        "post",
        "balance url_param id check_post",
        &Algorithm::UrlParam(options(true)),
    ));
    let oracle = Oracle::start(Mode::Http, "  option http-buffer-request\n", &cases);
    for case in &cases {
        let hash_type = case.params.hash_type;
        let algorithm = &case.params.algorithm;
        http_rounds(&oracle, case, (6, 150), false, &mut |dice| {
            let (request, key) = keyed(dice, algorithm);
            (request, key.map(|key| hash_type.hash(&key)))
        });
    }
}

/// A request for this algorithm, and the key we find in it.
fn keyed(dice: &mut Dice, algorithm: &Algorithm) -> (String, Option<Vec<u8>>) {
    match algorithm {
        Algorithm::Uri(options) => {
            let target = match dice.roll(4) {
                0 => format!("http://h/{}", word(dice, b"a/b?.", 12)),
                1 => "http://h".to_owned(),
                _ => format!("/{}", word(dice, b"a/b?.", 12)),
            };
            let key = uri::key(target.as_bytes(), options).to_vec();
            (get(&target, ""), Some(key))
        }
        Algorithm::Hdr(options) => {
            let value = word(dice, b"ab..:,", 9);
            let first = value.split(',').next().unwrap_or_default();
            let key = hdr::key(first.as_bytes(), options).map(<[u8]>::to_vec);
            (get("/", &format!("key: {value}\r\n")), key)
        }
        Algorithm::UrlParam(options) => {
            let target = format!("/{}", word(dice, b"?id=&a", 14));
            let body = word(dice, b"id=&=&a %\x01", 14);
            let in_target = url_param::in_target(target.as_bytes(), &options.name);
            if !options.check_post || dice.roll(3) == 0 {
                return (get(&target, ""), in_target.map(<[u8]>::to_vec));
            }
            let key = in_target.or_else(|| url_param::in_body(body.as_bytes(), &options.name));
            let length = body.len();
            let request = format!(
                "POST {target} HTTP/1.1\r\nhost: h\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            (request, key.map(<[u8]>::to_vec))
        }
        other => unreachable!("no requests for {other:?}"),
    }
}

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
