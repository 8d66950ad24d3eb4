//! Balancing against a running HAProxy: the same sequence of servers, the same server for the same
//! key, while servers go down, come back and change weights.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says by panicking what is wrong"
)]

mod connections;
mod harness;
mod requests;
mod waiting;
mod whole;

use harness::{Case, Dice, Held, Oracle};
use tidegate::balance::{
    Algorithm, Balancer, HashType, Method, Params, Pick, Slot, effective_weight,
};

/// Servers of these weights, ids from 1.
fn weighted(weights: &[u32]) -> Vec<Slot> {
    let numbered = weights.iter().zip(1..);
    numbered.map(|(&weight, id)| Slot::up(id, weight)).collect()
}

/// These of them `disabled` in the configuration.
fn without(mut slots: Vec<Slot>, disabled: &[usize]) -> Vec<Slot> {
    disabled.iter().for_each(|&at| slots[at].effective = 0);
    slots
}

fn disabled(slot: &Slot) -> bool {
    slot.effective == 0 && slot.weight > 0
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
            up: case.slots.iter().map(|slot| !disabled(slot)).collect(),
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
