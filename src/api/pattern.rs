//! Commands on ACL and map files (management guide 9.3 `show map` to `commit acl`).
//!
//! ACLs and maps have the same commands; [`Kind`] holds what their texts and rights differ in.

use std::fmt::Write;
use std::sync::Arc;

use crate::acl::{Entry, File, Probe, Which};

use super::command::Call;

/// Whether a command was said of ACLs or of maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Acl,
    Map,
}

type Said = Result<String, String>;

impl Kind {
    /// As messages write it.
    fn name(self) -> &'static str {
        match self {
            Self::Acl => "ACL",
            Self::Map => "map",
        }
    }

    /// As commands write it.
    fn word(self) -> &'static str {
        match self {
            Self::Acl => "acl",
            Self::Map => "map",
        }
    }

    fn unknown(self) -> String {
        format!(
            "Unknown {} identifier. Please use #<id> or <file>.\n",
            self.name()
        )
    }

    fn missing(self) -> String {
        format!("Missing {} identifier.\n", self.name())
    }

    /// True if the file is used as this.
    fn uses(self, file: &File) -> bool {
        let uses = file.uses();
        match self {
            Self::Acl => uses.acl,
            Self::Map => uses.map,
        }
    }

    /// The file named `#<id>` or by its name, whatever it is used as.
    fn any(self, call: &Call<'_>, name: &str) -> Result<Arc<File>, String> {
        let files = call.desk.plan().files.clone();
        let found = match name.strip_prefix('#') {
            Some(id) => {
                let id = id.parse::<u32>().map_err(|_| self.unknown())?;
                let mut all = files.numbered().into_iter();
                all.find(|(known, _)| *known == id).map(|(_, file)| file)
            }
            None => files.find(name),
        };
        found.ok_or_else(|| self.unknown())
    }

    /// The file of this name that is used as this.
    fn file(self, call: &Call<'_>, name: &str) -> Result<Arc<File>, String> {
        let file = self.any(call, name)?;
        if self.uses(&file) {
            Ok(file)
        } else {
            Err(self.unknown())
        }
    }
}

fn either(said: Said) -> String {
    said.unwrap_or_else(|why| why)
}

/// `@<version>` before the other arguments, and those. As HAProxy reads numbers: what is none is 0.
fn version<'a>(args: &'a [&'a str]) -> (Option<u32>, &'a [&'a str]) {
    match args.split_first() {
        Some((first, rest)) if first.starts_with('@') => {
            let digits = first.trim_start_matches('@');
            let end = digits
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(digits.len());
            let number = digits.get(..end).and_then(|digits| digits.parse().ok());
            (Some(number.unwrap_or(0)), rest)
        }
        _ => (None, args),
    }
}

/// What `#…` or a key means. A reference that is none stands for nothing.
fn which(word: &str) -> Option<Which<'_>> {
    match word.strip_prefix('#') {
        Some(reference) => {
            let digits = reference.strip_prefix("0x")?;
            let reference = u64::from_str_radix(digits, 16).ok()?;
            let number = reference.checked_sub(FIRST).map(|at| at / STEP);
            Some(Which::Reference(number.unwrap_or(u64::MAX)))
        }
        None => Some(Which::Key(word.as_bytes())),
    }
}

/// References look like addresses, as HAProxy's do, so that scripts that cut them out find them.
const FIRST: u64 = 0x1000_0000;
/// From one to the next.
const STEP: u64 = 0x10;

/// `show acl`
pub(super) fn show_acl(call: &mut Call<'_>) -> String {
    either(show(Kind::Acl, call))
}

/// `show map`
pub(super) fn show_map(call: &mut Call<'_>) -> String {
    either(show(Kind::Map, call))
}

fn show(kind: Kind, call: &Call<'_>) -> Said {
    if call.args.is_empty() {
        return Ok(list(kind, call));
    }
    let (version, rest) = version(call.args);
    let file = kind.file(call, rest.first().unwrap_or(&""))?;
    let mut out = String::new();
    for entry in file.entries(version) {
        row(&mut out, &file, &entry);
    }
    Ok(out)
}

fn row(out: &mut String, file: &File, entry: &Entry) {
    let reference = FIRST + entry.reference * STEP;
    // Writing to a `String` cannot fail.
    let _ = write!(
        out,
        "{reference:#x} {}",
        String::from_utf8_lossy(&entry.key)
    );
    if file.map {
        let _ = write!(out, " {}", String::from_utf8_lossy(&entry.value));
    }
    out.push('\n');
}

fn list(kind: Kind, call: &Call<'_>) -> String {
    let mut out = "# id (file) description\n".to_owned();
    let files = call.desk.plan().files.numbered();
    for (id, file) in files.iter().filter(|(_, file)| kind.uses(file)) {
        let count = file.count();
        let _ = writeln!(
            out,
            "{id} ({}) {}. curr_ver={} next_ver={} entry_cnt={}",
            file.name,
            file.uses().text,
            count.current,
            count.newest,
            count.entries * file.ways(),
        );
    }
    out
}

/// `get acl`
pub(super) fn get_acl(call: &mut Call<'_>) -> String {
    either(get(Kind::Acl, call))
}

/// `get map`
pub(super) fn get_map(call: &mut Call<'_>) -> String {
    either(get(Kind::Map, call))
}

fn get(kind: Kind, call: &Call<'_>) -> Said {
    let (name, value) = (call.arg(0), call.arg(1));
    if name.is_empty() || value.is_empty() {
        return Err(format!("Missing {} identifier and/or key.\n", kind.name()));
    }
    let file = kind.file(call, name)?;
    let probes = file.probe(value.as_bytes());
    Ok(probes.iter().map(|probe| found(kind, probe)).collect())
}

fn found(kind: Kind, probe: &Probe) -> String {
    let case = if probe.icase {
        "insensitive"
    } else {
        "sensitive"
    };
    let (verb, noun) = match kind {
        Kind::Acl => ("match", "pattern"),
        Kind::Map => ("found", "key"),
    };
    let mut out = format!("type={}, case={case}, {verb}=", probe.method);
    let Some(entry) = &probe.entry else {
        out.push_str("no\n");
        return out;
    };
    let index = if probe.tree { "tree" } else { "list" };
    let key = String::from_utf8_lossy(&entry.key);
    let _ = write!(out, "yes, idx={index}, {noun}=\"{key}\"");
    match probe.gives {
        _ if kind == Kind::Acl => {}
        None => out.push_str(", value=none"),
        Some(ty) => {
            let value = String::from_utf8_lossy(&entry.value);
            let _ = write!(out, ", value=\"{value}\", type=\"{}\"", ty.name());
        }
    }
    out.push('\n');
    out
}

/// `add acl`
pub(super) fn add_acl(call: &mut Call<'_>) -> String {
    either(add(Kind::Acl, call))
}

/// `add map`
pub(super) fn add_map(call: &mut Call<'_>) -> String {
    either(add(Kind::Map, call))
}

const ADD_ACL: &str = "'add acl' expects two parameters: ACL identifier and pattern.\n";
const ADD_MAP: &str = "'add map' expects three parameters (map identifier, key and value) or one \
    parameter (map identifier) and a payload\n";

fn add(kind: Kind, call: &Call<'_>) -> Said {
    let (version, rest) = version(call.args);
    let usage = match kind {
        Kind::Acl => ADD_ACL,
        Kind::Map => ADD_MAP,
    };
    let entries: Vec<(&str, &str)> = match (call.payload, rest) {
        (Some(payload), [_, ..]) => payload.lines().map(|line| columns(kind, line)).collect(),
        (None, [_, key, ..]) if kind == Kind::Acl => vec![(key, "")],
        (None, [_, key, value, ..]) => vec![(key, value)],
        _ => return Err(usage.to_owned()),
    };
    let file = kind.any(call, rest.first().unwrap_or(&""))?;
    if kind == Kind::Acl && file.map {
        return Err(
            "This ACL is shared with a map containing samples. You must use the command \
            'add map' to add values.\n"
                .to_owned(),
        );
    }
    for (key, value) in entries {
        let (key, value) = (key.as_bytes(), value.as_bytes());
        let added = match version {
            None => file.add(key, value),
            Some(version) => file.add_to(version, key, value).map_err(|_| {
                let word = kind.word();
                format!("Version number in the future, please use 'prepare {word}' before.\n")
            })?,
        };
        added.map_err(|fault| format!("{fault}.\n"))?;
    }
    Ok(String::new())
}

/// A line of a payload: what stands before the first blank, and what stands behind it; an ACL's is one.
fn columns(kind: Kind, line: &str) -> (&str, &str) {
    let blank = |c| matches!(c, ' ' | '\t');
    match line.split_once(blank) {
        Some((key, value)) if kind == Kind::Map => (key, value.trim_start_matches(blank)),
        _ => (line, ""),
    }
}

/// `set map`
pub(super) fn set_map(call: &mut Call<'_>) -> String {
    either(set(call))
}

fn set(call: &Call<'_>) -> Said {
    let [name, key, value, ..] = call.args else {
        return Err("'set map' expects three parameters: map identifier, key and value.\n".into());
    };
    let file = Kind::Map.any(call, name)?;
    let Some(which) = which(key) else {
        return Err("entry not found.\n".to_owned());
    };
    match file.set_value(which, value.as_bytes()) {
        Err(fault) => Err(format!("{fault}.\n")),
        Ok(0) if matches!(which, Which::Reference(_)) => {
            Err("key or pattern not found.\n".to_owned())
        }
        Ok(0) => Err("entry not found.\n".to_owned()),
        Ok(_) => Ok(String::new()),
    }
}

/// `del acl`
pub(super) fn del_acl(call: &mut Call<'_>) -> String {
    either(del(Kind::Acl, call))
}

/// `del map`
pub(super) fn del_map(call: &mut Call<'_>) -> String {
    either(del(Kind::Map, call))
}

fn del(kind: Kind, call: &Call<'_>) -> Said {
    let [name, key, ..] = call.args else {
        let name = kind.name();
        return Err(format!(
            "This command expects two parameters: {name} identifier and key.\n"
        ));
    };
    // HAProxy calls both maps here.
    let file = kind.file(call, name).map_err(|_| Kind::Map.unknown())?;
    match which(key).map_or(0, |which| file.remove(which)) {
        0 => Err("Key not found.\n".to_owned()),
        _ => Ok(String::new()),
    }
}

/// `clear acl`
pub(super) fn clear_acl(call: &mut Call<'_>) -> String {
    either(clear(Kind::Acl, call))
}

/// `clear map`
pub(super) fn clear_map(call: &mut Call<'_>) -> String {
    either(clear(Kind::Map, call))
}

fn clear(kind: Kind, call: &Call<'_>) -> Said {
    let (version, rest) = version(call.args);
    let name = rest.first().ok_or_else(|| kind.missing())?;
    kind.file(call, name)?.clear(version);
    Ok(String::new())
}

/// `prepare acl`
pub(super) fn prepare_acl(call: &mut Call<'_>) -> String {
    either(prepare(Kind::Acl, call))
}

/// `prepare map`
pub(super) fn prepare_map(call: &mut Call<'_>) -> String {
    either(prepare(Kind::Map, call))
}

fn prepare(kind: Kind, call: &Call<'_>) -> Said {
    let version = kind.file(call, call.arg(0))?.prepare();
    Ok(format!("New version created: {version}\n"))
}

/// `commit acl`
pub(super) fn commit_acl(call: &mut Call<'_>) -> String {
    either(commit(Kind::Acl, call))
}

/// `commit map`
pub(super) fn commit_map(call: &mut Call<'_>) -> String {
    either(commit(Kind::Map, call))
}

fn commit(kind: Kind, call: &Call<'_>) -> Said {
    let (Some(version), rest) = version(call.args) else {
        return Err("Missing version number.\n".to_owned());
    };
    let name = rest.first().ok_or_else(|| kind.missing())?;
    let file = kind.file(call, name)?;
    file.commit(version)
        .map_err(|_| "Version number out of range.\n".to_owned())?;
    Ok(String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_stand_before_the_rest() {
        assert_eq!(version(&["@12", "m", "k"]), (Some(12), &["m", "k"][..]));
        assert_eq!(version(&["@", "m"]), (Some(0), &["m"][..]));
        assert_eq!(version(&["@x1"]), (Some(0), &[][..]));
        assert_eq!(version(&["m", "@1"]), (None, &["m", "@1"][..]));
        assert_eq!(version(&[]), (None, &[][..]));
    }

    #[test]
    fn lines_of_a_payload() {
        assert_eq!(columns(Kind::Map, "a  b c "), ("a", "b c "));
        assert_eq!(columns(Kind::Map, "a"), ("a", ""));
        assert_eq!(columns(Kind::Map, " a b"), ("", "a b"));
        assert_eq!(columns(Kind::Acl, "a b"), ("a b", ""));
    }
}
