//! Numbers for what has none of its own (manual 4.2 `id`).

use std::collections::HashSet;

/// Gives out numbers as HAProxy does: each thing counts, also one with a number of its own, and what is
/// taken is passed over.
pub(super) struct Ids {
    taken: HashSet<u32>,
    next: u32,
}

impl Ids {
    /// `taken`: the numbers that things have of their own.
    pub(super) fn new(taken: impl Iterator<Item = u32>) -> Self {
        Self {
            taken: taken.collect(),
            next: 1,
        }
    }

    /// The number of the next thing.
    pub(super) fn take(&mut self, own: Option<u32>) -> u32 {
        let id = own.unwrap_or_else(|| {
            while self.taken.contains(&self.next) {
                self.next = self.next.saturating_add(1);
            }
            self.next
        });
        self.next = self.next.saturating_add(1);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As HAProxy 2.6 numbers servers.
    #[test]
    fn each_thing_counts_and_taken_numbers_are_passed_over() {
        for (own, expected) in [
            (
                &[Some(4), None, None, Some(1), None, None][..],
                &[4, 2, 3, 1, 5, 6][..],
            ),
            (&[None, Some(1), None, Some(3)], &[2, 1, 4, 3]),
        ] {
            let mut ids = Ids::new(own.iter().flatten().copied());
            let given: Vec<u32> = own.iter().map(|own| ids.take(*own)).collect();
            assert_eq!(given, expected);
        }
    }
}
