//! HTTP: turns and the hashes of parts of a request, one request at a time.

use tidegate::balance::key::{hdr, uri, url_param};
use tidegate::balance::{Algorithm, Function, HashType, Method, Params, Slot};

use super::harness::{Case, Dice, Held, Mode, Oracle, ask};
use super::{Farm, both, case, choose, weighted, with_backups, without, word};

pub fn get(target: &str, header: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: h\r\n{header}\r\n")
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
        ("disabled", without(weighted(&[4, 2, 3, 1]), &[0, 2])),
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
