//! What holds for all algorithms, and what no oracle can say: avoided servers, full servers, draws,
//! threads.

use super::*;

/// Per server: served, queued, limit, maxqueue.
struct Table(Vec<[u32; 4]>);

impl Loads for Table {
    fn served(&self, server: usize) -> u32 {
        self.0[server][0]
    }
    fn queued(&self, server: usize) -> u32 {
        self.0[server][1]
    }
    fn limit(&self, server: usize) -> u32 {
        self.0[server][2]
    }
    fn max_queue(&self, server: usize) -> u32 {
        self.0[server][3]
    }
    fn total_served(&self) -> u32 {
        self.0.iter().map(|row| row[0]).sum()
    }
}

fn slots(count: u32) -> Vec<Slot> {
    (1..=count).map(|id| Slot::up(id, 1)).collect()
}

fn every_algorithm() -> Vec<Params> {
    let hash = |method| Params {
        algorithm: Algorithm::Hash,
        hash_type: HashType::of_method(method),
        ..Params::default()
    };
    let plain = |algorithm| Params {
        algorithm,
        ..Params::default()
    };
    vec![
        plain(Algorithm::RoundRobin),
        plain(Algorithm::StaticRr),
        plain(Algorithm::LeastConn),
        plain(Algorithm::First),
        plain(Algorithm::Random { draws: 2 }),
        hash(Method::MapBased),
        hash(Method::Consistent),
    ]
}

fn pick(
    balancer: &Balancer,
    hash: Option<u32>,
    avoid: Option<usize>,
    loads: &Table,
) -> Option<usize> {
    balancer.pick(Pick {
        hash,
        avoid,
        loads,
        random: &mut || 0x1234_5678,
    })
}

#[test]
fn nobody_is_picked_where_nobody_is_usable() {
    let loads = Table(vec![[0; 4]; 2]);
    for params in every_algorithm() {
        let balancer = Balancer::new(&params, &slots(2), &loads);
        for hash in [None, Some(77)] {
            balancer.update(0, 0, &loads);
            assert_eq!(pick(&balancer, hash, None, &loads), Some(1), "{params:?}");
            balancer.update(1, 0, &loads);
            assert_eq!(pick(&balancer, hash, None, &loads), None, "{params:?}");
            balancer.update(0, 16, &loads);
            balancer.update(1, 16, &loads);
            assert!(pick(&balancer, hash, None, &loads).is_some(), "{params:?}");
        }
        let nobody = Balancer::new(&params, &[], &Table(Vec::new()));
        assert_eq!(pick(&nobody, Some(1), None, &loads), None);
        nobody.update(3, 16, &loads);
    }
}

#[test]
fn an_avoided_server_is_picked_only_if_it_must_be() {
    let free = Table(vec![[0; 4]; 3]);
    let full = Table(vec![[9, 0, 9, 0], [0; 4], [9, 0, 9, 0]]);
    for params in every_algorithm() {
        // A map-based hash knows no avoidance: its server is its server.
        if params.algorithm == Algorithm::Hash && params.hash_type.method == Method::MapBased {
            continue;
        }
        let balancer = Balancer::new(&params, &slots(3), &free);
        for round in 0..40 {
            let hash = (round % 2 == 0).then_some(round * 0x0512_3456);
            assert_ne!(pick(&balancer, hash, Some(1), &free), Some(1), "{params:?}");
        }
        if !matches!(params.algorithm, Algorithm::Random { .. }) {
            assert_eq!(pick(&balancer, None, Some(1), &full), Some(1), "{params:?}");
        }
    }
}

#[test]
fn full_servers_make_a_request_wait_for_any_but_a_hash_holds_to_its_own() {
    let full = Table(vec![[4, 0, 4, 0]; 3]);
    for params in every_algorithm() {
        let balancer = Balancer::new(&params, &slots(3), &full);
        assert_eq!(pick(&balancer, None, None, &full), None, "{params:?}");
        let hashed = pick(&balancer, Some(5), None, &full);
        assert_eq!(hashed.is_some(), params.algorithm.hashes(), "{params:?}");
    }
}

#[test]
fn leastconn_counts_the_room_in_a_bounded_queue() {
    let loads = Table(vec![[1, 1, 1, 2], [1, 0, 1, 0]]);
    let params = Params {
        algorithm: Algorithm::LeastConn,
        ..Params::default()
    };
    let balancer = Balancer::new(&params, &slots(2), &loads);
    assert_eq!(pick(&balancer, None, None, &loads), Some(0));
}

#[test]
fn the_less_loaded_of_two_draws_is_taken() {
    let params = Params {
        algorithm: Algorithm::Random { draws: 2 },
        ..Params::default()
    };
    let loads = Table(vec![[5, 0, 0, 0], [1, 0, 0, 0]]);
    let balancer = Balancer::new(&params, &slots(2), &loads);
    let mut state = 1_u32;
    let mut counts = [0; 2];
    for _ in 0..1000 {
        let mut random = || {
            state = crate::hash::avalanche(state.wrapping_add(1));
            state
        };
        let picked = balancer.pick(Pick {
            hash: None,
            avoid: None,
            loads: &loads,
            random: &mut random,
        });
        counts[picked.expect("a server")] += 1;
    }
    // Both draws fall on the loaded one about once in four.
    assert!(counts[0] < 400 && counts[0] > 100, "{counts:?}");
}

#[test]
fn affinity_says_when_a_busy_server_is_passed_over() {
    let free = Table(vec![[0; 4]; 3]);
    let with = |affinity| Params {
        algorithm: Algorithm::Hash,
        hash_type: HashType::of_method(Method::Consistent),
        affinity,
        ..Params::default()
    };
    for hash in (0..50).map(crate::hash::avalanche) {
        let own = Balancer::new(&with(Affinity::Always), &slots(3), &free);
        let own = pick(&own, Some(hash), None, &free).expect("a server");
        let mut busy = Table(vec![[0, 0, 2, 2]; 3]);
        for (affinity, row, stays) in [
            (Affinity::Always, [2, 2, 2, 2], true),
            (Affinity::Maxconn, [2, 0, 2, 2], false),
            (Affinity::Maxconn, [2, 0, 0, 0], true),
            (Affinity::Maxqueue, [2, 1, 2, 2], true),
            (Affinity::Maxqueue, [2, 2, 2, 2], false),
            (Affinity::Maxqueue, [2, 9, 2, 0], true),
        ] {
            busy.0[own] = row;
            let balancer = Balancer::new(&with(affinity), &slots(3), &busy);
            let picked = pick(&balancer, Some(hash), None, &busy);
            assert_eq!(picked == Some(own), stays, "{affinity:?} {row:?}");
        }
    }
}

#[test]
fn turns_stay_fair_over_threads() {
    for params in every_algorithm().drain(..2) {
        let free = Table(vec![[0; 4]; 4]);
        let balancer = Balancer::new(&params, &slots(4), &free);
        let turns = || {
            let mut counts = [0_u32; 4];
            for _ in 0..1000 {
                counts[pick(&balancer, None, None, &free).expect("a server")] += 1;
            }
            counts
        };
        let counts = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(turns)).collect();
            threads
                .into_iter()
                .fold([0; 4], |mut sum: [u32; 4], thread| {
                    let counts = thread.join().expect("no panic");
                    sum.iter_mut()
                        .zip(counts)
                        .for_each(|(sum, count)| *sum += count);
                    sum
                })
        });
        assert_eq!(counts, [1000; 4], "{params:?}");
    }
}
