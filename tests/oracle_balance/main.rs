//! Balancing against a running HAProxy: the same sequence of servers, the same server for the same
//! key, while servers go down, come back and change weights.

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
        while round > 0 || case.name.len() % 2 == 0 {
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
        if std::env::var_os("SHOW").is_some() {
            eprintln!("{} {round} {:?} {:?}", case.name, farm.up, farm.weights);
            for at in 0..count {
                if hashes[at].is_none() {
                    eprint!("{:?}/{:?} ", ours[at].unwrap(), theirs[at].unwrap());
                }
            }
            eprintln!();
        }
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
            ..Params::default()
        };
        let lines = format!("balance hdr(key)\nhash-type {words}");
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
