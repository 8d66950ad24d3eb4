//! The whole program beside HAProxy: the same requests, the same orders on the runtime API, the same
//! servers in the same sequence.

use tidegate::balance::key::hdr;
use tidegate::balance::{Algorithm, HashType, Method, Params};

use super::harness::{Dice, Mode, Oracle, ask};
use super::requests::get;
use super::{case, weighted, without};

#[test]
fn the_program_answers_from_the_servers_haproxy_answers_from() {
    let servers = || without(weighted(&[3, 1, 2, 5]), &[1]);
    let by_header = Params {
        algorithm: Algorithm::Hdr(hdr::Options {
            name: b"key".to_vec(),
            domain_only: false,
        }),
        hash_type: HashType::of_method(Method::Consistent),
        ..Params::default()
    };
    let cases = [
        case("turns", "balance roundrobin", Params::default(), servers()),
        case(
            "hash",
            "balance hdr(key)\nhash-type consistent",
            by_header,
            servers(),
        ),
    ];
    let oracle = Oracle::start(Mode::Http, "", &cases);
    let twin = oracle.twin(Mode::Http, "", &cases);
    for case in &cases {
        let mut dice = Dice(5);
        for round in 0..25 {
            let count = 1 + dice.roll(30);
            let mut request = || get("/", &format!("key: {}\r\n", dice.roll(5000)));
            let requests: Vec<String> = (0..count).map(|_| request()).collect();
            let (theirs, ours) = (ask(&oracle, case, &requests), ask(&twin, case, &requests));
            assert_eq!(ours, theirs, "{} round {round}", case.name);
            let server = format!("{}/s{}", case.name, 1 + dice.roll(3));
            let order = match dice.roll(3) {
                0 => format!("set weight {server} {}", 1 + dice.roll(9)),
                1 => format!("enable server {server}"),
                _ => format!("disable server {server}"),
            };
            assert_eq!(twin.cli(&order), oracle.cli(&order), "{order}");
        }
    }
}
