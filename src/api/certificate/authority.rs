//! `new`, `set`, `commit`, `abort`, `del` and `show` of `ssl ca-file` and `ssl crl-file`.
//!
//! Both are the same but for their words and for what is told of each; [`Matter`] holds that. A name is one or the other.

use std::fmt::Write;
use std::sync::Arc;

use super::super::command::Call;
use super::{Said, describe, either, may_look, tell, uses};
use crate::tls::store::{Open, Tray};
use crate::tls::{Authorities, Front, FrontSettings, Revocations, Slot, Store, Trust};

/// What peers are judged by.
pub(in super::super) trait Matter: Sized + Clone {
    /// As commands write it.
    const WORD: &'static str;
    /// As messages write it.
    const NOUN: &'static str;
    /// Those of this kind.
    fn tray(store: &Store) -> &Tray<Slot<Self>>;
    /// The change that is under way.
    fn draft(open: &mut Open) -> &mut Option<(String, Self)>;
    /// What a payload holds, if it holds anything.
    fn read(payload: &[u8]) -> Option<Self>;
    /// What was there before as well as this.
    fn behind(self, before: &Self) -> Self;
    /// Whether this is held against peers by these rules.
    fn held(slot: &Arc<Slot<Self>>, trust: &Trust) -> bool;
    /// What is behind its name in the list of all.
    fn count(now: Option<&Self>) -> String;
    /// The details of all of it, or of one by its number from 1; nothing where there is no such one.
    fn details(now: Option<&Self>, head: &str, status: &str, number: Option<usize>) -> String;
}

fn same<T>(one: &Option<Arc<Slot<T>>>, slot: &Arc<Slot<T>>) -> bool {
    one.as_ref().is_some_and(|one| Arc::ptr_eq(one, slot))
}

/// Writes those that are wanted of a row, each below its number.
fn numbered<'d>(
    out: &mut String,
    title: &str,
    all: impl Iterator<Item = &'d [u8]>,
    number: Option<usize>,
    describe: fn(&mut String, &[u8]),
) {
    for (at, der) in (1..).zip(all) {
        if number.is_none_or(|number| number == at) {
            let _ = write!(out, " \n{title} #{at}:\n");
            describe(out, der);
        }
    }
}

impl Matter for Authorities {
    const WORD: &'static str = "ca-file";
    const NOUN: &'static str = "CA";

    fn tray(store: &Store) -> &Tray<Slot<Self>> {
        &store.authorities
    }

    fn draft(open: &mut Open) -> &mut Option<(String, Self)> {
        &mut open.authorities
    }

    fn read(payload: &[u8]) -> Option<Self> {
        Self::of_pem(payload)
    }

    fn behind(self, before: &Self) -> Self {
        let all = before.certificates.iter().chain(&self.certificates);
        Self::new(all.cloned().collect())
    }

    fn held(slot: &Arc<Slot<Self>>, trust: &Trust) -> bool {
        same(&trust.authorities, slot) || same(&trust.silent, slot)
    }

    fn count(now: Option<&Self>) -> String {
        let count = now.map_or(0, |now| now.certificates.len());
        format!(" - {count} certificate(s)")
    }

    fn details(now: Option<&Self>, head: &str, status: &str, number: Option<usize>) -> String {
        let mut out = String::new();
        let all = now.map_or(&[][..], |now| &now.certificates);
        let all = all.iter().map(|der| der.as_ref());
        numbered(&mut out, "Certificate", all, number, describe::certificate);
        match out.is_empty() {
            true => out,
            false => format!("{head}Status: {status}\n{out}"),
        }
    }
}

impl Matter for Revocations {
    const WORD: &'static str = "crl-file";
    const NOUN: &'static str = "CRL";

    fn tray(store: &Store) -> &Tray<Slot<Self>> {
        &store.revocations
    }

    fn draft(open: &mut Open) -> &mut Option<(String, Self)> {
        &mut open.revocations
    }

    fn read(payload: &[u8]) -> Option<Self> {
        Self::of_pem(payload)
    }

    fn behind(self, before: &Self) -> Self {
        Self(before.0.iter().chain(&self.0).cloned().collect())
    }

    fn held(slot: &Arc<Slot<Self>>, trust: &Trust) -> bool {
        same(&trust.revoked, slot)
    }

    fn count(_: Option<&Self>) -> String {
        String::new()
    }

    fn details(now: Option<&Self>, head: &str, status: &str, number: Option<usize>) -> String {
        let Some(now) = now else {
            return format!("{head}Status: Empty\n");
        };
        let mut out = format!("{head}Status: {status}\n");
        let title = "Certificate Revocation List";
        let all = now.0.iter().map(|der| der.as_ref());
        numbered(&mut out, title, all, number, describe::revocations);
        out
    }
}

/// Whether a name is taken, by authorities or by lists of revocations.
fn taken(store: &Store, name: &str) -> bool {
    store.authorities.find(name).is_some() || store.revocations.find(name).is_some()
}

/// `new ssl ca-file <file>`, `new ssl crl-file <file>`
pub(in super::super) fn create<M: Matter>(call: &mut Call<'_>) -> String {
    let (name, noun, word) = (call.arg(0), M::NOUN, M::WORD);
    let plan = call.desk.plan();
    if name.is_empty() {
        return format!("'new ssl {word}' expects a filename\n");
    }
    if taken(&plan.certificates, name) {
        return format!("{noun} file '{name}' already exists!\n");
    }
    M::tray(&plan.certificates).enter(name, Arc::new(Slot::new(name, None)));
    tell(
        call,
        &format!("New empty {noun} file '{name}' (new ssl {word})."),
    );
    format!("New {noun} file created '{name}'!\n")
}

/// `set ssl ca-file <file> <payload>`, `set ssl crl-file <file> <payload>`
pub(in super::super) fn set<M: Matter>(call: &mut Call<'_>) -> String {
    either(change::<M>(call, false))
}

/// `add ssl ca-file <file> <payload>` (2.8): what is there stays.
pub(in super::super) fn add(call: &mut Call<'_>) -> String {
    either(change::<Authorities>(call, true))
}

fn change<M: Matter>(call: &Call<'_>, add: bool) -> Said {
    let (name, noun, word) = (call.arg(0), M::NOUN, M::WORD);
    let verb = if add { "add" } else { "set" };
    let Some(payload) = call.payload.filter(|_| !name.is_empty()) else {
        return Err(format!(
            "'{verb} ssl {word} expects a filename and {noun}s as a payload\n"
        ));
    };
    let refused = |why: String| format!("{why}\nCan't update {name}!\n");
    let plan = call.desk.plan();
    let mut open = plan.certificates.open();
    let draft = M::draft(&mut open);
    let now = M::tray(&plan.certificates).find(name);
    let done = match draft {
        Some((about, _)) if about != name => {
            return Err(refused(format!(
                "The ongoing transaction is about '{about}' but you are trying to set '{name}'"
            )));
        }
        Some(_) => "updated",
        None if now.is_none() => {
            return Err(refused(format!(
                "Can't replace a {noun} file which is not referenced by the configuration!"
            )));
        }
        None => "created",
    };
    let mut read =
        M::read(payload.as_bytes()).ok_or_else(|| refused("Invalid payload".to_owned()))?;
    if add {
        let committed = || Some((*now?.current()?).clone());
        let before = draft.take().map(|(_, draft)| draft).or_else(committed);
        read = before.map_or_else(|| read.clone(), |before| read.clone().behind(&before));
    }
    *draft = Some((name.to_owned(), read));
    Ok(format!("transaction {done} for {noun} {name}!\n"))
}

/// `commit ssl ca-file <file>`, `commit ssl crl-file <file>`
pub(in super::super) fn commit<M: Matter>(call: &mut Call<'_>) -> String {
    either(committed::<M>(call))
}

fn committed<M: Matter>(call: &Call<'_>) -> Said {
    let (name, noun, word) = (call.arg(0), M::NOUN, M::WORD);
    if name.is_empty() {
        // HAProxy's text says this of both.
        return Err("'commit ssl ca-file expects a filename\n".to_owned());
    }
    let plan = call.desk.plan();
    let refused = |why: String| format!("{why}\nCan't commit {name}!\n");
    let mut open = plan.certificates.open();
    let draft = M::draft(&mut open);
    let next = match draft {
        None => return Err(refused("No ongoing transaction! !".to_owned())),
        Some((about, _)) if about != name => {
            return Err(refused(format!(
                "The ongoing transaction is about '{about}' but you are trying to set '{name}'"
            )));
        }
        Some((_, next)) => next.clone(),
    };
    let Some(slot) = M::tray(&plan.certificates).find(name) else {
        return Err(refused("No ongoing transaction! !".to_owned()));
    };
    let held = |trust: &Trust| M::held(&slot, trust);
    let look = || -> Result<(), String> {
        let judged = |own: &FrontSettings| held(&own.trust);
        for line in uses::lines(&plan) {
            if line.settings().is_some_and(|settings| {
                judged(&settings) || settings.refined.iter().any(|(_, own)| judged(own))
            }) {
                line.fronts().try_for_each(Front::judge_anew)?;
            }
        }
        let servers = uses::servers(&plan).filter(|server| uses::judged_by(server, &held));
        for back in servers.filter_map(|server| server.tls.as_ref()) {
            back.refresh()?;
        }
        Ok(())
    };
    let before = slot.current();
    slot.replace(Arc::new(next));
    if let Err(why) = look() {
        slot.put_back(before);
        // It was good before.
        let _ = look();
        return Err(refused(why));
    }
    *draft = None;
    let dots = ".".repeat(uses::of_trust(&plan, &held));
    tell(
        call,
        &format!("{noun} file '{name}' was replaced (commit ssl {word})."),
    );
    Ok(format!("Committing {name}{dots}\nSuccess!\n"))
}

/// `abort ssl ca-file <file>`, `abort ssl crl-file <file>`
pub(in super::super) fn abort<M: Matter>(call: &mut Call<'_>) -> String {
    let name = call.arg(0);
    let plan = call.desk.plan();
    let mut open = plan.certificates.open();
    let draft = M::draft(&mut open);
    match draft {
        _ if name.is_empty() => format!("'abort ssl {}' expects a filename\n", M::WORD),
        None => "No ongoing transaction!\n".to_owned(),
        Some((about, _)) if about != name => format!(
            "The ongoing transaction is about '{about}' but you are trying to abort a transaction for '{name}'\n"
        ),
        Some(_) => {
            *draft = None;
            format!("Transaction aborted for certificate '{name}'!\n")
        }
    }
}

/// `del ssl ca-file <file>`: lists of revocations too, as in HAProxy.
pub(in super::super) fn del_ca(call: &mut Call<'_>) -> String {
    let plan = call.desk.plan();
    let name = call.arg(0);
    match plan.certificates.revocations.find(name) {
        Some(_) => removed::<Revocations>(call, Authorities::NOUN),
        None => removed::<Authorities>(call, Authorities::NOUN),
    }
}

/// `del ssl crl-file <file>`
pub(in super::super) fn del_crl(call: &mut Call<'_>) -> String {
    let plan = call.desk.plan();
    match plan.certificates.authorities.find(call.arg(0)) {
        Some(_) => "Can't remove the CRL file: 'del ssl crl-file' does not work on CA files!\n\n"
            .to_owned(),
        None => removed::<Revocations>(call, Revocations::NOUN),
    }
}

fn removed<M: Matter>(call: &Call<'_>, noun: &str) -> String {
    let name = call.arg(0);
    let word = format!("{}-file", noun.to_ascii_lowercase());
    if name.is_empty() {
        return format!("'del ssl {word}' expects a {noun} file name\n");
    }
    let plan = call.desk.plan();
    let refused = |why: String| format!("Can't remove the {noun} file: {why}");
    let mut open = plan.certificates.open();
    let draft = M::draft(&mut open);
    if draft.as_ref().is_some_and(|(about, _)| about == name) {
        return refused(format!(
            "ongoing transaction for the {noun} file '{name}'\n"
        ));
    }
    let all = M::tray(&plan.certificates);
    let Some(slot) = all.find(name) else {
        return refused(format!("{noun} file '{name}' doesn't exist!\n\n"));
    };
    if uses::of_trust(&plan, &|trust| M::held(&slot, trust)) > 0 {
        return refused(format!(
            "{noun} file '{name}' in use, can't be deleted!\n\n"
        ));
    }
    all.forget(name);
    tell(
        call,
        &format!("{noun} file '{name}' was deleted (del ssl {word})."),
    );
    format!("{noun} file '{name}' deleted!\n")
}

/// `show ssl ca-file [[*]<file>[:<number>]]`, `show ssl crl-file [[*]<file>[:<number>]]`
pub(in super::super) fn show<M: Matter>(call: &mut Call<'_>) -> String {
    either(shown::<M>(call))
}

fn shown<M: Matter>(call: &Call<'_>) -> Said {
    may_look(call)?;
    let plan = call.desk.plan();
    let mut open = plan.certificates.open();
    let draft = M::draft(&mut open);
    let said = call.arg(0);
    if said.is_empty() {
        let mut out = String::new();
        if let Some((about, draft)) = draft {
            let _ = write!(out, "# transaction\n*{about}{}\n", M::count(Some(draft)));
        }
        out.push_str("# filename\n");
        for slot in M::tray(&plan.certificates).all() {
            let count = M::count(slot.current().as_deref());
            let _ = writeln!(out, "{}{count}", slot.name);
        }
        return Ok(out);
    }
    let (name, number) = match said.split_once(':') {
        None => (said, None),
        Some((name, number)) => match number.parse::<usize>() {
            Ok(number @ 1..) => (name, Some(number)),
            _ => {
                let noun = M::NOUN;
                return Err(format!("wrong {noun} index after colons in '{said}'!"));
            }
        },
    };
    let missing = || format!("Can't display the {} file : Not found!\n", M::NOUN);
    let head = format!("Filename: {name}\n");
    match name.strip_prefix('*') {
        Some(name) => {
            let draft = draft.as_ref().filter(|(about, _)| about == name);
            let (_, draft) = draft.ok_or_else(missing)?;
            Ok(M::details(Some(draft), &head, "Unused", number))
        }
        None => {
            let slot = M::tray(&plan.certificates).find(name).ok_or_else(missing)?;
            let used = uses::of_trust(&plan, &|trust| M::held(&slot, trust)) > 0;
            let status = if used { "Used" } else { "Unused" };
            Ok(M::details(slot.current().as_deref(), &head, status, number))
        }
    }
}
