//! `balance roundrobin`: servers in turns by weight, smooth, with weights that may change any time.
//!
//! Every server has a next position on a line; the lowest position is served next, and serving moves
//! it on by (total weight ÷ own weight), remainders carried over. A window of one total weight slides
//! along the line: a server whose next position lies beyond it waits in `next`, heaviest first, and
//! the two sides swap when the window is used up. Where the current window has a hole, a server that
//! was not placed in it yet (`fresh`) fills it. All servers cost the same, O(log n).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Loads;
use super::farm::{Farm, Turn, WEIGHT_MAX, WEIGHT_SCALE};

/// A server waiting in one of the heaps: key, then order of arrival.
type Waiting = Reverse<(u32, u64, usize)>;

/// The whole algorithm; not shared by itself, see `Balancer`.
#[derive(Debug)]
pub(super) struct RoundRobin {
    farm: Farm,
    turn: Turn,
    active: Line,
    backups: Line,
}

impl RoundRobin {
    pub(super) fn new(farm: Farm) -> Self {
        let line = |backup| Line::new(farm.slots().len(), farm.usable(backup));
        Self {
            turn: farm.turn(),
            active: line(false),
            backups: line(true),
            farm,
        }
    }

    pub(super) fn farm(&self) -> &Farm {
        &self.farm
    }

    /// Takes the weight in effect of one server.
    pub(super) fn update(&mut self, server: usize, effective: u32) {
        let Some(old) = self.farm.set(server, effective) else {
            return;
        };
        let line = if self.farm.slots()[server].backup {
            &mut self.backups
        } else {
            &mut self.active
        };
        match (old, effective.min(WEIGHT_MAX)) {
            (old, new) if old == new => {}
            (0, new) => line.join(server, new),
            (_, 0) => line.leave(server),
            (_, new) => line.reweigh(server, new),
        }
        self.turn = self.farm.turn();
    }

    /// The next server, but those that are full; the one to avoid only where no other has room.
    pub(super) fn pick<L: Loads + ?Sized>(
        &mut self,
        loads: &L,
        avoid: Option<usize>,
    ) -> Option<usize> {
        match self.turn {
            Turn::Active => self.active.pick(loads, avoid),
            Turn::Backups => self.backups.pick(loads, avoid),
            Turn::OneBackup(server) => Some(server),
            Turn::Nobody => None,
        }
    }
}

/// Where a server waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    /// Not at all.
    #[default]
    Nowhere,
    /// In the current window, by position.
    Current,
    /// For the current window, not placed in it yet, by weight.
    Fresh,
    /// For the next window, by weight.
    Next,
}

#[derive(Debug, Clone, Copy, Default)]
struct Runner {
    weight: u32,
    /// Position it was last served at.
    last: u32,
    /// Position it is to be served at; 0 until first served.
    position: u32,
    /// What the divisions left over, below `weight`.
    remainder: u32,
    place: Place,
}

/// One group of servers on its line.
#[derive(Debug, Default)]
struct Line {
    runners: Vec<Runner>,
    current: BinaryHeap<Waiting>,
    fresh: BinaryHeap<Waiting>,
    next: BinaryHeap<Waiting>,
    arrivals: u64,
    /// Total weight the current window was opened with, and the one the next will have.
    window: u32,
    next_window: u32,
    position: u32,
}

impl Line {
    fn new(servers: usize, usable: impl Iterator<Item = (usize, u32)>) -> Self {
        let mut line = Self {
            runners: vec![Runner::default(); servers],
            ..Self::default()
        };
        for (server, weight) in usable {
            line.runners[server].weight = weight;
            line.next_window += weight;
            line.wait(Place::Fresh, server);
        }
        line.window = line.next_window;
        line.position = line.window;
        line
    }

    fn pick<L: Loads + ?Sized>(&mut self, loads: &L, avoid: Option<usize>) -> Option<usize> {
        let mut passed = Vec::new();
        let mut avoided = false;
        let mut swapped = false;
        let picked = loop {
            if self.window == 0 {
                self.window = self.next_window;
                self.position = self.window;
            }
            let Some(server) = self.take_lowest() else {
                if swapped {
                    break avoid.filter(|_| avoided);
                }
                swapped = true;
                self.swap();
                continue;
            };
            self.advance(server);
            self.position += 1;
            if loads.has_room(server) {
                if avoid != Some(server) || avoided {
                    break Some(server);
                }
                avoided = true;
            }
            passed.push(server);
        };
        if let Some(server) = picked {
            self.place(server);
            passed.retain(|&other| other != server);
        }
        for server in passed.into_iter().rev() {
            if swapped {
                self.wait(Place::Fresh, server);
            } else {
                self.place(server);
            }
        }
        picked
    }

    /// Takes out the server that is due, or one to fill the hole before it.
    fn take_lowest(&mut self) -> Option<usize> {
        let due = self.current.peek().map(|&Reverse((_, _, server))| server);
        let hole = due.is_none_or(|server| self.runners[server].position > self.position);
        if hole && let Some(Reverse((_, _, server))) = self.fresh.pop() {
            let runner = &mut self.runners[server];
            (runner.position, runner.remainder) = (0, 0);
            runner.place = Place::Nowhere;
            return Some(server);
        }
        let Reverse((_, _, server)) = self.current.pop()?;
        self.runners[server].place = Place::Nowhere;
        Some(server)
    }

    /// Opens the next window.
    fn swap(&mut self) {
        std::mem::swap(&mut self.fresh, &mut self.next);
        for &Reverse((_, _, server)) in &self.fresh {
            self.runners[server].place = Place::Fresh;
        }
        for &Reverse((_, _, server)) in &self.next {
            self.runners[server].place = Place::Next;
        }
        self.window = self.next_window;
        self.position = self.window;
    }

    /// Moves a server on by its share of the line.
    fn advance(&mut self, server: usize) {
        let (total, here) = (self.next_window, self.position);
        let runner = &mut self.runners[server];
        let Some(step) = total.checked_div(runner.weight) else {
            return;
        };
        runner.last = if runner.position == 0 {
            here
        } else {
            runner.position
        };
        runner.position = runner.last + step;
        runner.remainder += total % runner.weight;
        if runner.remainder >= runner.weight {
            runner.remainder -= runner.weight;
            runner.position += 1;
        }
    }

    /// Puts a server where its position belongs.
    fn place(&mut self, server: usize) {
        let runner = &mut self.runners[server];
        let end = (2 * self.window).min(self.window + self.next_window);
        if runner.weight == 0 {
            runner.place = Place::Nowhere;
        } else if runner.position >= end {
            runner.position -= self.window;
            self.wait(Place::Next, server);
        } else {
            self.wait(Place::Current, server);
        }
    }

    fn wait(&mut self, place: Place, server: usize) {
        self.arrivals += 1;
        let runner = &mut self.runners[server];
        runner.place = place;
        let by_weight = WEIGHT_MAX - runner.weight;
        let (heap, key) = match place {
            Place::Nowhere => return,
            Place::Fresh => (&mut self.fresh, by_weight),
            Place::Next => (&mut self.next, by_weight),
            Place::Current => (
                &mut self.current,
                256 * runner.position
                    + (WEIGHT_MAX + runner.remainder - runner.weight) / WEIGHT_SCALE,
            ),
        };
        heap.push(Reverse((key, self.arrivals, server)));
    }

    /// Takes a server out of wherever it waits; answers where that was.
    fn unwait(&mut self, server: usize) -> Place {
        let place = std::mem::take(&mut self.runners[server].place);
        let heap = match place {
            Place::Nowhere => return place,
            Place::Fresh => &mut self.fresh,
            Place::Next => &mut self.next,
            Place::Current => &mut self.current,
        };
        heap.retain(|&Reverse((_, _, other))| other != server);
        place
    }

    fn join(&mut self, server: usize, weight: u32) {
        self.next_window += weight;
        let left = (self.next_window + self.window).saturating_sub(self.position);
        let runner = &mut self.runners[server];
        runner.weight = weight;
        runner.position = self.position + left / weight;
        self.place(server);
    }

    fn leave(&mut self, server: usize) {
        self.unwait(server);
        let runner = &mut self.runners[server];
        self.next_window -= runner.weight;
        runner.weight = 0;
    }

    fn reweigh(&mut self, server: usize, weight: u32) {
        let place = self.unwait(server);
        let (here, window) = (self.position, self.window);
        let runner = &mut self.runners[server];
        self.next_window = self.next_window - runner.weight + weight;
        runner.weight = weight;
        if place == Place::Fresh {
            self.wait(place, server);
            return;
        }
        if place == Place::Next {
            runner.position += window;
        }
        let step = self.next_window / weight;
        runner.remainder = 0;
        runner.position = runner.position.min(runner.last + step);
        if runner.position < here + 2 {
            runner.position = here + step;
        }
        self.place(server);
    }
}
