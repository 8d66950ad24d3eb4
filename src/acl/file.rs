//! Pattern files and map files: read once per load, changed at run time (`add-acl`, `set-map`, the
//! Runtime API).
//!
//! A file is known by its name as written. However many ACLs and maps use it, with whatever methods,
//! they see the same entries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::patterns::Reading;
use super::set::{Output, Set};

/// ACL and map files read so far, each once. One for a whole load; the plan keeps it.
#[derive(Debug, Default)]
pub struct Files {
    by_name: Mutex<BTreeMap<String, Arc<File>>>,
}

/// One file.
#[derive(Debug)]
pub struct File {
    /// Its name as written.
    pub name: String,
    /// True if its lines have two columns.
    pub map: bool,
    entries: Mutex<Vec<Entry>>,
    sets: Mutex<Vec<Arc<Set>>>,
}

/// One line of a file: a pattern, and in a map what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The pattern, as written.
    pub key: Box<[u8]>,
    /// What a map gives for it.
    pub value: Box<[u8]>,
    /// Its line, 0 if it was added at run time.
    pub line: u32,
}

/// Why a file could not be used: HAProxy's words, and the line where there is one.
pub type Fault = String;

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
    ) -> Result<Arc<Set>, Fault> {
        self.file(directory, name, map)?.set(reading, Output::None)
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
    ) -> Result<Arc<Set>, Fault> {
        self.file(directory, name, true)?.set(reading, output)
    }

    /// The file of this name, if the configuration uses it.
    pub fn find(&self, name: &str) -> Option<Arc<File>> {
        let files = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(name).cloned()
    }

    fn file(&self, directory: &Path, name: &str, map: bool) -> Result<Arc<File>, Fault> {
        let mut files = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get(name) {
            if file.map == map {
                return Ok(file.clone());
            }
            let (was, is) = if map { ("acl", "map") } else { ("map", "acl") };
            return Err(format!(
                "The file \"{name}\" is already used as {was} file and cannot be used as {is} file."
            ));
        }
        let path: PathBuf = directory.join(name);
        let text =
            std::fs::read(&path).map_err(|_| format!("failed to open pattern file <{name}>"))?;
        let file = Arc::new(File {
            name: name.to_owned(),
            map,
            entries: Mutex::new(entries(&text, map)),
            sets: Mutex::default(),
        });
        files.insert(name.to_owned(), file.clone());
        Ok(file)
    }
}

/// The lines that are no comments and not empty; blanks around them do not count.
fn entries(text: &[u8], map: bool) -> Vec<Entry> {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let mut entries = Vec::new();
    for (line, at) in text.split(|b| *b == b'\n').zip(1_u32..) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.first() == Some(&b'#') {
            continue;
        }
        let start = line.iter().position(|b| !blank(b)).unwrap_or(line.len());
        let line = &line[start..];
        if line.is_empty() {
            continue;
        }
        let (key, value) = if map {
            let end = line.iter().position(blank).unwrap_or(line.len());
            let (key, rest) = line.split_at(end);
            let from = rest.iter().position(|b| !blank(b)).unwrap_or(rest.len());
            (key, trim_end(&rest[from..]))
        } else {
            (line, &b""[..])
        };
        entries.push(Entry {
            key: key.into(),
            value: value.into(),
            line: at,
        });
    }
    entries
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| !matches!(b, b' ' | b'\t'));
    &bytes[..end.map_or(0, |at| at + 1)]
}

impl File {
    fn set(&self, reading: Reading, output: Output) -> Result<Arc<Set>, Fault> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = sets.iter().find(|set| set.is(reading, output)) {
            return Ok(set.clone());
        }
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let set = Set::new(reading, output, &entries)
            .map_err(|(fault, line)| format!("{fault} at line {line} of file '{}'", self.name))?;
        let set = Arc::new(set);
        sets.push(set.clone());
        Ok(set)
    }

    /// The entries now, in order.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Adds an entry at run time (`add acl`, `add map`); an equal one may be there already.
    ///
    /// # Errors
    /// A pattern or value that one of the users of the file cannot read; then nothing is changed.
    pub fn add(&self, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        let entry = Entry {
            key: key.into(),
            value: value.into(),
            line: 0,
        };
        let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        for set in sets.iter() {
            set.check(&entry)?;
        }
        for set in sets.iter() {
            set.add(&entry)?;
        }
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(entry);
        Ok(())
    }

    /// Removes all entries with this pattern (`del acl`, `del map`); answers how many there were.
    pub fn remove(&self, key: &[u8]) -> usize {
        let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        for set in sets.iter() {
            set.remove(key);
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let before = entries.len();
        entries.retain(|entry| *entry.key != *key);
        before - entries.len()
    }

    /// Gives all entries with this pattern another value (`set map`); answers how many there were.
    ///
    /// # Errors
    /// A value that one of the users of the file cannot read; then nothing is changed.
    pub fn set_value(&self, key: &[u8], value: &[u8]) -> Result<usize, Fault> {
        let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        for set in sets.iter() {
            set.takes(value)?;
        }
        for set in sets.iter() {
            set.set_value(key, value)?;
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = 0;
        for entry in entries.iter_mut().filter(|entry| *entry.key == *key) {
            entry.value = value.into();
            changed += 1;
        }
        Ok(changed)
    }

    /// True if an entry has exactly this pattern.
    pub fn holds(&self, key: &[u8]) -> bool {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().any(|entry| *entry.key == *key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::Method;
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
            .patterns(dir.path(), "a.lst", false, reading(Method::Str))
            .unwrap_or_else(|e| panic!("{e}"));
        assert!(set.matches(&text("/a b")));
        assert!(set.matches(&text("#c")));
        assert!(!set.matches(&text("# no")));
        assert_eq!(files.find("a.lst").map(|f| f.entries().len()), Some(2));
        assert_eq!(
            files
                .patterns(dir.path(), "none", false, reading(Method::Str))
                .err(),
            Some("failed to open pattern file <none>".into())
        );
    }

    #[test]
    fn maps_give_typed_values_and_change_everywhere() {
        let dir = folder(&[("m", "/a  one two \n/ab 2\n"), ("n", "a 1\nb x\n")]);
        let files = Files::default();
        let beg = files
            .map(dir.path(), "m", reading(Method::Beg), Output::Str)
            .unwrap_or_else(|e| panic!("{e}"));
        let str = files
            .map(dir.path(), "m", reading(Method::Str), Output::Str)
            .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(beg.lookup(&text("/ab/c")), Some(text("2")));
        assert_eq!(beg.lookup(&text("/ac")), Some(text("one two")));
        assert_eq!(str.lookup(&text("/ac")), None);
        let file = files.find("m").unwrap_or_else(|| panic!("not kept"));
        assert_eq!(file.set_value(b"/a", b"new"), Ok(1));
        assert_eq!(beg.lookup(&text("/ac")), Some(text("new")));
        assert_eq!(str.lookup(&text("/a")), Some(text("new")));
        assert_eq!(file.add(b"/ac", b"added"), Ok(()));
        assert_eq!(beg.lookup(&text("/ac")), Some(text("added")));
        assert_eq!(file.remove(b"/ac"), 1);
        assert_eq!(beg.lookup(&text("/ac")), Some(text("new")));
        let fault = files
            .map(dir.path(), "n", reading(Method::Str), Output::Int)
            .err();
        assert_eq!(
            fault,
            Some("'x' is not a number at line 2 of file 'n'".into())
        );
    }
}
