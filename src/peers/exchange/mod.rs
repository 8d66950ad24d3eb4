//! What two peers say to each other once the hellos are done: bytes in, bytes out ([`tell`]).
//!
//! `session` carries the bytes. Knows no socket. Learned entries go to the tables at once; what is to be told is written as far
//! as there is room.

mod tell;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::definition::{self, Column, Definition};
use super::dictionary::{Heard, Names, Said};
use super::entry::{self, Head, Take};
use super::fault::Fault;
use super::message::{self, Control, Message, kind};
use super::number;
use super::section::Section;
use crate::log;
use crate::plan;
use crate::state::table::{Cursor, Page};

/// Tables that a peer may define.
const TABLES: usize = 1024;

/// Why a session ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// What the peer sends cannot be understood.
    Fault(Fault),
    /// The peer says so of us.
    Refused(u8),
    /// All has been told that was to be: the process may go.
    Done,
}

/// One exchange.
#[derive(Debug)]
pub(super) struct Exchange {
    section: Arc<Section>,
    at: usize,
    /// The time that is left is told.
    timed: bool,
    /// This process goes, and tells its successor.
    farewell: bool,
    /// What waits to be sent.
    pub(super) out: Vec<u8>,
    /// The peer's tables, by its numbers, and the places of ours for them.
    tables: HashMap<u64, (Definition, Option<usize>)>,
    current: Option<u64>,
    /// By the peer's numbers: what is to be acknowledged.
    owed: HashMap<u64, u32>,
    heard: Heard,
    said: Said,
    shares: Vec<Ours>,
    telling: Telling,
    /// The table that the last definition was of.
    announced: Option<usize>,
    body: Vec<u8>,
}

/// How far one of our tables is.
#[derive(Debug)]
struct Ours {
    columns: Vec<Column>,
    told: Cursor,
    /// A number that was sent, and how far it was then: known to be there once it is acknowledged.
    unacked: Option<(u32, Cursor)>,
    /// The number of the entry sent last.
    last: Option<u32>,
}

#[derive(Debug)]
enum Telling {
    /// Changes, as they come.
    Changes,
    /// Everything: the table, how far in it, and how far each was when it began.
    All(usize, Page, Vec<Cursor>),
    /// That was everything; the peer has not confirmed it yet.
    Finished(Vec<Cursor>),
}

impl Exchange {
    /// With this peer of the section. `old`: it speaks version 2.0.
    pub(super) fn new(section: &Arc<Section>, at: usize, old: bool, farewell: bool) -> Self {
        let known = section.peer(at).map(|peer| peer.shares);
        let known = known.unwrap_or_default();
        let ours = |(share, known): (&plan::Share, super::section::Share)| Ours {
            columns: definition::columns(&share.table.shape),
            told: known.told,
            unacked: None,
            last: None,
        };
        let shares = section.plan.shares.iter().zip(known);
        let mut exchange = Self {
            shares: shares.map(ours).collect(),
            section: section.clone(),
            at,
            timed: !old,
            farewell,
            out: Vec::new(),
            tables: HashMap::new(),
            current: None,
            owed: HashMap::new(),
            heard: Heard::default(),
            said: Said::default(),
            telling: Telling::Changes,
            announced: None,
            body: Vec::new(),
        };
        if farewell {
            exchange.tell_all();
        }
        exchange
    }

    fn tell_all(&mut self) {
        let now = |share: &plan::Share| share.table.now_told();
        let origin = self.section.plan.shares.iter().map(now).collect();
        self.telling = Telling::All(0, Page::default(), origin);
    }

    /// Takes in whole messages; answers how many bytes they were.
    pub(super) fn take(&mut self, bytes: &[u8], tick: u32, now: Instant) -> Result<usize, End> {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..)
            && let Some((message, length)) =
                message::next(rest, self.section.plan.longest).map_err(End::Fault)?
        {
            self.message(message, tick, now)?;
            taken += length;
        }
        self.acknowledge();
        Ok(taken)
    }

    fn message(&mut self, message: Message<'_>, tick: u32, now: Instant) -> Result<(), End> {
        match message {
            Message::Control(control) => self.control(control, now)?,
            Message::Error(what) => return Err(End::Refused(what)),
            Message::Define(body) => self.define(body).map_err(End::Fault)?,
            Message::Switch(body) => self.switch(body).map_err(End::Fault)?,
            Message::Ack(body) => self.acked(body).map_err(End::Fault)?,
            Message::Update {
                numbered,
                timed,
                body,
            } => {
                let head = Head { numbered, timed };
                self.update(body, head, tick).map_err(End::Fault)?;
            }
            Message::Unknown => {}
        }
        Ok(())
    }

    fn control(&mut self, control: Control, now: Instant) -> Result<(), End> {
        match control {
            Control::Request => self.tell_all(),
            Control::Finished | Control::Partial => {
                self.out.extend(Control::Confirm.message());
                let all = control == Control::Finished;
                self.section.learned(self.at, all, now);
            }
            Control::Confirm => {
                if let Telling::Finished(origin) = &mut self.telling {
                    for (ours, origin) in self.shares.iter_mut().zip(std::mem::take(origin)) {
                        (ours.told, ours.unacked) = (origin, None);
                    }
                    self.commit_all();
                    self.telling = Telling::Changes;
                    if self.farewell {
                        return Err(End::Done);
                    }
                }
            }
            Control::Heartbeat => {
                self.section.change(self.at, |peer| peer.beats[1] += 1);
            }
        }
        Ok(())
    }

    /// All that was told is known to be there.
    fn commit_all(&self) {
        self.section.change(self.at, |peer| {
            for (share, ours) in peer.shares.iter_mut().zip(&self.shares) {
                share.told.clone_from(&ours.told);
            }
        });
    }

    fn define(&mut self, body: &[u8]) -> Result<(), Fault> {
        let definition = definition::read(body)?;
        self.current = Some(definition.id);
        let known = self.tables.get(&definition.id);
        if known.is_some_and(|(known, _)| *known == definition) {
            return Ok(());
        }
        if known.is_none() && self.tables.len() >= TABLES {
            return Err(Fault::Tables);
        }
        let section = self.section.clone();
        let plan = &section.plan;
        let mut place = plan
            .shares
            .iter()
            .position(|share| share.name == definition.name);
        if let Some(share) = place.and_then(|place| plan.shares.get(place)) {
            let shape = &share.table.shape;
            match definition.fits(shape) {
                Err(why) => {
                    place = None;
                    let name = &definition.name;
                    let text = format!("table '{name}' is not shared: {why}");
                    section.say(log::WARNING, self.at, &text);
                }
                Ok(()) => {
                    for rate in definition.other_periods(shape) {
                        let name = &definition.name;
                        let text = format!(
                            "{rate} of table '{name}' is not shared: it is counted over another period"
                        );
                        section.say(log::WARNING, self.at, &text);
                    }
                }
            }
        }
        section.change(self.at, |peer| {
            if let Some(share) = place.and_then(|place| peer.shares.get_mut(place)) {
                (share.remote, share.data) = (definition.id, definition.data);
                peer.last[0] = place;
            }
        });
        self.tables.insert(definition.id, (definition, place));
        Ok(())
    }

    fn switch(&mut self, body: &[u8]) -> Result<(), Fault> {
        let mut rest = body;
        let id = number::read(&mut rest)?.ok_or(Fault::Short("a change of tables"))?;
        self.current = self.tables.contains_key(&id).then_some(id);
        Ok(())
    }

    fn update(&mut self, body: &[u8], head: Head, tick: u32) -> Result<(), Fault> {
        let current = self.current.and_then(|id| self.tables.get(&id));
        let Some((definition, place)) = current else {
            return Ok(());
        };
        if definition.unknown.is_some() {
            return Ok(());
        }
        // Also where the table is not ours: names that are said here are meant everywhere.
        let told = entry::read(body, head, definition, &mut self.heard)?;
        let Some(place) = *place else {
            return Ok(());
        };
        if let Some(share) = self.section.plan.shares.get(place) {
            let take = match share.recv_only {
                true => Take::All,
                false => Take::Usual,
            };
            entry::learn(&share.table, definition, &told, take, tick);
            if let Some(also) = &share.write_to {
                entry::learn(also, definition, &told, Take::Plain, tick);
            }
        }
        let id = definition.id;
        let got = self.section.change(self.at, |peer| {
            let share = peer.shares.get_mut(place)?;
            share.got = told.number.unwrap_or(share.got.wrapping_add(1));
            Some(share.got)
        });
        if let Some(got) = got.flatten() {
            self.owed.insert(id, got);
        }
        Ok(())
    }

    fn acknowledge(&mut self) {
        for (id, got) in self.owed.drain() {
            self.body.clear();
            number::write(id, &mut self.body);
            self.body.extend(got.to_be_bytes());
            message::write(kind::ACK, &self.body, &mut self.out);
        }
    }

    fn acked(&mut self, body: &[u8]) -> Result<(), Fault> {
        const SHORT: Fault = Fault::Short("an acknowledgement");
        let mut rest = body;
        let id = number::read(&mut rest)?.ok_or(SHORT)?;
        let number = rest.first_chunk().copied().map(u32::from_be_bytes);
        let number = number.ok_or(SHORT)?;
        let place = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
        let Some((place, ours)) = place.and_then(|at| Some((at, self.shares.get_mut(at)?))) else {
            return Ok(());
        };
        // While all is told, what is acknowledged says nothing about changes.
        if !matches!(self.telling, Telling::Changes) {
            return Ok(());
        }
        let told = match ours.unacked.take() {
            Some((sent, told)) if sent == number => Some(told),
            other => {
                ours.unacked = other;
                None
            }
        };
        self.section.change(self.at, |peer| {
            if let Some(share) = peer.shares.get_mut(place) {
                share.acked = number;
                if let Some(told) = told {
                    share.told = told;
                }
            }
        });
        Ok(())
    }

    /// The names said and heard so far, if there were new ones since this was asked last.
    pub(super) fn new_names(&mut self) -> Option<[Names; 2]> {
        let new = [self.said.take_new(), self.heard.take_new()];
        let names = || [self.said.names(), self.heard.names()];
        new.contains(&true).then(names)
    }
}
