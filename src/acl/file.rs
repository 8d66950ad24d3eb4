//! Pattern files, map files and the patterns of ACLs' own lines: read once per load, changed at run time
//! (`add-acl`, `set-map`, the Runtime API).
//!
//! A file is known by its name as written. However many ACLs and maps use it, with whatever methods,
//! they see the same entries. What was read never changes: it is looked up without any lock until the
//! first change at run time; from then on what is [`Live`] answers.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_utils::sync::ShardedLock;

use super::change::Writer;
use super::entries::{self, Base, View};
use super::live::Live;
use super::patterns::{Patterns, Reading};
use super::set::{Output, Set, typed};

/// ACL and map files read so far, each once, and the patterns of ACLs' lines. One for a whole load; the
/// plan keeps it.
#[derive(Debug, Default)]
pub struct Files {
    /// In the order in which they were met.
    all: Mutex<Vec<Arc<File>>>,
}

/// One file, or the patterns of one ACL.
#[derive(Debug)]
pub struct File {
    /// Its name as written; empty for the patterns of an ACL.
    pub name: String,
    /// True if its lines have two columns.
    pub map: bool,
    /// The number that `-u` gave it.
    pub id: Option<u32>,
    /// What was read.
    pub(super) base: Base,
    uses: Mutex<Uses>,
    pub(super) sets: Mutex<Vec<Compiled>>,
    /// Whether `live` is there.
    pub(super) changed: AtomicBool,
    pub(super) live: ShardedLock<Option<Live>>,
    pub(super) writer: Mutex<Writer>,
}

/// Patterns as one method and type of result see them.
#[derive(Debug, Clone)]
pub(super) struct Compiled {
    pub(super) patterns: Arc<Patterns>,
    pub(super) output: Output,
}

/// Who uses a file.
#[derive(Debug, Clone, Default)]
pub struct Uses {
    /// ACLs do.
    pub acl: bool,
    /// Maps do, or ACLs that read two columns.
    pub map: bool,
    /// All of them, in HAProxy's words.
    pub text: String,
}

/// Why a file could not be used: HAProxy's words, and the line where there is one.
pub type Fault = String;

/// A line that uses a file: the configuration's file as it was given, and the number of the line.
pub type User<'a> = (&'a str, u32);

/// A lock whose data are whole whoever died with it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Files {
    /// The patterns of a file for an ACL (`-f`, and `-M` for one with two columns).
    ///
    /// # Errors
    /// The file cannot be read; a line that is no pattern of this method.
    pub fn patterns(
        &self,
        directory: &Path,
        name: &str,
        map: bool,
        reading: Reading,
        user: User<'_>,
    ) -> Result<Set, Fault> {
        let file = self.file(directory, name, map)?;
        let set = Set::of(&file, reading, Output::None).map_err(|fault| file.at_line(fault))?;
        file.used(true, map, user);
        Ok(set)
    }

    /// A map file read for one method and type of result.
    ///
    /// # Errors
    /// The file cannot be read; a line that is no pattern of this method or no value of this type.
    pub fn map(
        &self,
        directory: &Path,
        name: &str,
        reading: Reading,
        output: Output,
        user: User<'_>,
    ) -> Result<Set, Fault> {
        let file = self.file(directory, name, true)?;
        let set = Set::of(&file, reading, output).map_err(|fault| file.at_line(fault))?;
        file.used(false, true, user);
        Ok(set)
    }

    /// The patterns of an ACL's own line. `id` is what `-u` said.
    ///
    /// # Errors
    /// A pattern of the wrong shape, with its number; an id that is taken.
    pub(super) fn line(
        &self,
        words: entries::Reading,
        reading: Reading,
        id: Option<u32>,
        keyword: &str,
        (file, line): User<'_>,
    ) -> Result<Set, (usize, Fault)> {
        let mut all = lock(&self.all);
        if id.is_some() && all.iter().any(|known| known.id == id) {
            return Err((usize::MAX, "the id is already used".into()));
        }
        let own = Arc::new(File::new("", false, id, words.finish()));
        *lock(&own.uses) = Uses {
            acl: true,
            map: false,
            text: format!("acl '{keyword}' file '{file}' line {line}"),
        };
        let set = Set::of(&own, reading, Output::None)?;
        all.push(own);
        Ok(set)
    }

    /// The file of this name, if the configuration uses it.
    pub fn find(&self, name: &str) -> Option<Arc<File>> {
        let name = plain(name);
        let all = lock(&self.all);
        all.iter()
            .find(|file| !name.is_empty() && file.name == name)
            .cloned()
    }

    /// All of them with their numbers, by number: what `-u` said, or the next one that is free.
    pub fn numbered(&self) -> Vec<(u32, Arc<File>)> {
        let all = lock(&self.all);
        let mut free = (0_u32..).filter(|id| all.iter().all(|file| file.id != Some(*id)));
        let mut numbered: Vec<_> = all
            .iter()
            .filter_map(|file| Some((file.id.or_else(|| free.next())?, file.clone())))
            .collect();
        numbered.sort_by_key(|(id, _)| *id);
        numbered
    }

    fn file(&self, directory: &Path, name: &str, map: bool) -> Result<Arc<File>, Fault> {
        if let Some(file) = self.find(name) {
            if file.map == map {
                return Ok(file);
            }
            let (was, is) = if map { ("one", "two") } else { ("two", "one") };
            return Err(format!(
                "The file \"{name}\" is already used as {was} column file and cannot be used by as {is} column file."
            ));
        }
        let base = read(directory, name, map)?;
        let file = Arc::new(File::new(plain(name), map, None, base));
        lock(&self.all).push(file.clone());
        Ok(file)
    }
}

/// A name without `file@`, which says nothing.
fn plain(name: &str) -> &str {
    name.strip_prefix("file@").unwrap_or(name)
}

/// Reads a file. `virt@` names none that exists, `opt@` one that need not exist.
fn read(directory: &Path, name: &str, map: bool) -> Result<Base, Fault> {
    if name.starts_with("virt@") {
        return Ok(Base::default());
    }
    let path = plain(name);
    let (path, optional) = match path.strip_prefix("opt@") {
        Some(path) => (path, true),
        None => (path, false),
    };
    let text = match std::fs::read(directory.join(path)) {
        Ok(text) => text,
        Err(error) if optional && error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) if error.kind() == std::io::ErrorKind::IsADirectory => {
            return Err(format!(
                "error encountered while reading  <{path}> : Is a directory"
            ));
        }
        Err(_) => return Err(format!("failed to open pattern file <{path}>")),
    };
    if u32::try_from(text.len()).is_err() {
        return Err(format!("pattern file <{path}> is larger than 4 GiB"));
    }
    Ok(entries(text, map))
}

/// The lines that are no comments and not empty; blanks before them do not count.
fn entries(text: Vec<u8>, map: bool) -> Base {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let mut entries = entries::Reading::of(text);
    let mut found = Vec::new();
    let text = entries.text();
    let mut next = 0;
    for number in 1_u32.. {
        let start = next;
        if start >= text.len() {
            break;
        }
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at);
        next = end + 1;
        let line = text[start..end]
            .strip_suffix(b"\r")
            .unwrap_or(&text[start..end]);
        let end = start + line.len();
        if line.first() == Some(&b'#') {
            continue;
        }
        let Some(first) = line.iter().position(|b| !blank(b)) else {
            continue;
        };
        let first = start + first;
        if !map {
            found.push((first..end, end..end, number));
            continue;
        }
        let key_end = text[first..end]
            .iter()
            .position(blank)
            .map_or(end, |at| first + at);
        let rest = &text[key_end..end];
        let value = match rest.iter().position(|b| !blank(b)) {
            Some(at) => {
                let last = rest.iter().rposition(|b| !blank(b)).unwrap_or(at);
                key_end + at..key_end + last + 1
            }
            None => end..end,
        };
        found.push((first..key_end, value, number));
    }
    for (key, value, line) in found {
        entries.entry(key, value, line);
    }
    entries.finish()
}

impl File {
    fn new(name: &str, map: bool, id: Option<u32>, base: Base) -> Self {
        Self {
            name: name.to_owned(),
            map,
            id,
            writer: Mutex::new(Writer::new(base.len())),
            base,
            uses: Mutex::default(),
            sets: Mutex::default(),
            changed: AtomicBool::new(false),
            live: ShardedLock::default(),
        }
    }

    fn used(&self, acl: bool, map: bool, (file, line): User<'_>) {
        let mut uses = lock(&self.uses);
        uses.acl |= acl;
        uses.map |= map;
        let lead = if uses.text.is_empty() {
            format!("pattern loaded from file '{}' used", self.name)
        } else {
            ",".to_owned()
        };
        let what = if map { "map" } else { "acl" };
        uses.text += &format!("{lead} by {what} at file '{file}' line {line}");
    }

    /// Who uses it.
    pub fn uses(&self) -> Uses {
        lock(&self.uses).clone()
    }

    fn at_line(&self, (at, fault): (usize, Fault)) -> Fault {
        let line = self.base.line(at as u32);
        format!("{fault} at line {line} of file '{}'", self.name)
    }

    /// The patterns as read, for one method and type of result; and their place among all such. An error
    /// comes with the number of its entry.
    pub(super) fn compile(
        &self,
        reading: Reading,
        output: Output,
    ) -> Result<(usize, Arc<Patterns>), (usize, Fault)> {
        let mut sets = lock(&self.sets);
        let same = |set: &Compiled| set.patterns.reading == reading && set.output == output;
        if let Some(at) = sets.iter().position(same) {
            return Ok((at, sets[at].patterns.clone()));
        }
        let mut patterns = Patterns::new(reading);
        let view = View::frozen(&self.base);
        for slot in 0..self.base.len() {
            let at = |fault| (slot as usize, fault);
            let value = self.base.value(slot).unwrap_or_default();
            typed(output, value).map_err(at)?;
            let key = view.key(slot);
            let parsed = patterns.parse(key, reading.resolve).map_err(at)?;
            patterns.insert(view, key, parsed, slot);
        }
        let patterns = Arc::new(patterns);
        sets.push(Compiled {
            patterns: patterns.clone(),
            output,
        });
        Ok((sets.len() - 1, patterns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::{Method, Which};
    const HERE: User<'_> = ("test.cfg", 7);
    use crate::sample::Value;

    fn reading(method: Method) -> Reading {
        Reading {
            method,
            icase: false,
            resolve: false,
        }
    }

    fn text(s: &str) -> Value<'_> {
        Value::Str(s.as_bytes().into())
    }

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        for (name, body) in files {
            std::fs::write(folder.path().join(name), body).unwrap_or_else(|e| panic!("{e}"));
        }
        folder
    }

    #[test]
    fn acl_files_skip_comments_and_blanks() {
        let dir = folder(&[("a.lst", "# no\n\n  /a b\r\n #c\n")]);
        let files = Files::default();
        let set = files
            .patterns(dir.path(), "a.lst", false, reading(Method::Str), HERE)
            .unwrap_or_else(|e| panic!("{e}"));
        assert!(set.matches(&text("/a b")));
        assert!(set.matches(&text("#c")));
        assert!(!set.matches(&text("# no")));
        assert_eq!(files.find("a.lst").map(|f| f.entries(None).len()), Some(2));
        assert_eq!(
            files
                .patterns(dir.path(), "none", false, reading(Method::Str), HERE)
                .err(),
            Some("failed to open pattern file <none>".into())
        );
    }

    #[test]
    fn maps_give_typed_values_and_change_everywhere() {
        let dir = folder(&[("m", "/a  one two \n/ab 2\n"), ("n", "a 1\nb x\n")]);
        let files = Files::default();
        let beg = files
            .map(dir.path(), "m", reading(Method::Beg), Output::Str, HERE)
            .unwrap_or_else(|e| panic!("{e}"));
        let str = files
            .map(dir.path(), "m", reading(Method::Str), Output::Str, HERE)
            .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(beg.lookup(&text("/ab/c")), Some(text("2")));
        assert_eq!(beg.lookup(&text("/ac")), Some(text("one two")));
        assert_eq!(str.lookup(&text("/ac")), None);
        let file = files.find("m").unwrap_or_else(|| panic!("not kept"));
        assert_eq!(file.set_value(Which::Key(b"/a"), b"new"), Ok(1));
        assert_eq!(beg.lookup(&text("/ac")), Some(text("new")));
        assert_eq!(str.lookup(&text("/a")), Some(text("new")));
        assert_eq!(file.add(b"/ac", b"added"), Ok(()));
        assert_eq!(beg.lookup(&text("/ac")), Some(text("added")));
        assert_eq!(file.remove(Which::Key(b"/ac")), 1);
        assert_eq!(beg.lookup(&text("/ac")), Some(text("new")));
        let fault = files
            .map(dir.path(), "n", reading(Method::Str), Output::Int, HERE)
            .err();
        assert_eq!(
            fault,
            Some("unable to parse 'x' at line 2 of file 'n'".into())
        );
    }

    #[test]
    fn several_threads_change_and_look() {
        let dir = folder(&[("m", "k0 0\nk1 0\n")]);
        let files = Files::default();
        let set = files
            .map(dir.path(), "m", reading(Method::Str), Output::Int, HERE)
            .unwrap_or_else(|e| panic!("{e}"));
        let file = files.find("m").unwrap_or_else(|| panic!("not kept"));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (file, set) = (&file, &set);
                scope.spawn(move || {
                    for n in 0..300 {
                        let key = format!("k{}", n % 20);
                        let number = format!("{}", thread * 1000 + n);
                        assert_eq!(file.put(key.as_bytes(), number.as_bytes()), Ok(()));
                        assert!(matches!(set.lookup(&text(&key)), Some(Value::Int(_))));
                        let own = format!("own{thread}");
                        assert!(file.add_new(own.as_bytes()).is_err(), "'' is no number");
                        assert_eq!(file.put(own.as_bytes(), b"7"), Ok(()));
                        assert_eq!(set.lookup(&text(&own)), Some(Value::Int(7)));
                        assert_eq!(file.remove(Which::Key(own.as_bytes())), 1);
                        assert_eq!(set.lookup(&text(&own)), None);
                    }
                });
            }
        });
        assert_eq!(file.count().entries, 20);
    }
}
