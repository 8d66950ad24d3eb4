//! The telling side of an exchange: changes as they come, or everything, as far as there is room.

use super::super::definition;
use super::super::entry::{self, Head};
use super::super::message::{self, Control, kind};
use super::{Exchange, Telling};
use crate::state::table::{Change, Page};

/// Bytes that wait to be sent, above which no more are made.
const ENOUGH: usize = 32 * 1024;

impl Exchange {
    /// Writes what is to be told, as far as there is room. True if nothing is left.
    pub(in super::super) fn fill(&mut self, tick: u32) -> bool {
        let asks = self
            .section
            .change(self.at, |peer| std::mem::take(&mut peer.ask));
        if asks == Some(true) {
            self.out.extend(Control::Request.message());
        }
        while self.out.len() < ENOUGH {
            let more = match &self.telling {
                // The process that goes is told nothing.
                Telling::Changes if self.is_local() => false,
                Telling::Changes => self.tell_changes(tick),
                Telling::All(..) => {
                    self.tell_page(tick);
                    true
                }
                Telling::Finished(_) => false,
            };
            if !more {
                return true;
            }
        }
        false
    }

    fn is_local(&self) -> bool {
        let peer = self.section.plan.peers.get(self.at);
        peer.is_some_and(|peer| peer.local)
    }

    /// Tells some changes of each table; false if there were none.
    fn tell_changes(&mut self, tick: u32) -> bool {
        let section = self.section.clone();
        let mut any = false;
        for (place, share) in section.plan.shares.iter().enumerate() {
            let Some(ours) = self.shares.get_mut(place).filter(|_| !share.recv_only) else {
                continue;
            };
            let most = section.plan.updates;
            let changes = share.table.changed(&mut ours.told, most, tick);
            let Some(last) = changes.last().map(|change| change.number) else {
                continue;
            };
            any = true;
            let mut sent = None;
            for change in &changes {
                if self.is_for_peer(change) {
                    self.tell(place, change, false, tick);
                    sent = Some(change.number);
                }
            }
            if let Some(ours) = self.shares.get_mut(place)
                && let Some(sent) = sent
                && ours.unacked.is_none()
            {
                ours.unacked = Some((sent, ours.told.clone()));
            }
            section.change(self.at, |peer| {
                if let Some(share) = peer.shares.get_mut(place) {
                    share.pushed = last;
                }
            });
        }
        any
    }

    /// Tells some entries, whoever changed them; at the end, that it was all.
    fn tell_page(&mut self, tick: u32) {
        let section = self.section.clone();
        let Telling::All(place, page, origin) = &mut self.telling else {
            return;
        };
        let Some(share) = section.plan.shares.get(*place) else {
            let origin = std::mem::take(origin);
            let all = section.up_to_date();
            let end = if all {
                Control::Finished
            } else {
                Control::Partial
            };
            self.out.extend(end.message());
            self.telling = Telling::Finished(origin);
            return;
        };
        let at = *place;
        match share.table.page(page, tick) {
            Some(changes) => {
                if self.announced != Some(at) {
                    self.announce(at);
                }
                for change in &changes {
                    if self.is_for_peer(change) {
                        self.tell(at, change, self.timed, tick);
                    }
                }
            }
            None => (*place, *page) = (at + 1, Page::default()),
        }
    }

    /// Whether the peer is to be told of this key (`shards`).
    fn is_for_peer(&self, change: &Change) -> bool {
        let plan = &self.section.plan;
        let shard = plan.peers.get(self.at).map_or(0, |peer| peer.shard);
        if shard == 0 || shard > plan.settings.shards {
            return true;
        }
        let hash = xxhash_rust::xxh64::xxh64(change.entry.key.bytes(), 0);
        hash % u64::from(plan.settings.shards) + 1 == u64::from(shard)
    }

    fn announce(&mut self, place: usize) {
        let plan = self.section.plan.clone();
        let (Some(share), Some(ours)) = (plan.shares.get(place), self.shares.get_mut(place)) else {
            return;
        };
        self.body.clear();
        let id = place as u64 + 1;
        let shape = &share.table.shape;
        definition::write(id, &share.name, shape, &ours.columns, &mut self.body);
        message::write(kind::DEFINE, &self.body, &mut self.out);
        self.announced = Some(place);
        self.section
            .change(self.at, |peer| peer.last[1] = Some(place));
        ours.last = None;
    }

    fn tell(&mut self, place: usize, change: &Change, timed: bool, tick: u32) {
        if self.announced != Some(place) {
            self.announce(place);
        }
        let plan = self.section.plan.clone();
        let (Some(share), Some(ours)) = (plan.shares.get(place), self.shares.get_mut(place)) else {
            return;
        };
        let next = ours.last.map(|last| last.wrapping_add(1));
        let numbered = next != Some(change.number);
        ours.last = Some(change.number);
        let head = Head { numbered, timed };
        self.body.clear();
        let (said, body) = (&mut self.said, &mut self.body);
        entry::write(&share.table, &ours.columns, change, head, tick, said, body);
        let ty = match (numbered, timed) {
            (true, false) => kind::UPDATE,
            (false, false) => kind::NEXT,
            (true, true) => kind::TIMED,
            (false, true) => kind::TIMED_NEXT,
        };
        message::write(ty, &self.body, &mut self.out);
    }
}
