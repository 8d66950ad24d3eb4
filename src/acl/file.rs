//! Pattern files and map files: read once per load, changed at run time (`add-acl`, `set-map`, the
//! Runtime API).
//!
//! A file is known by its name as written. However many ACLs and maps use it, with whatever methods,
//! they see the same entries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::number::Operator;
use super::patterns::{Patterns, Reading};
use crate::regex::Regex;
use crate::sample::Value;

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

/// The patterns of a file, read for one method and one type of result.
#[derive(Debug)]
pub struct Set {
    reading: Reading,
    output: Output,
    inner: RwLock<Inner>,
}

/// What a map gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Output {
    /// Nothing: an ACL.
    None,
    /// Text.
    Str,
    /// A number.
    Int,
    /// An address.
    Ip,
}

#[derive(Debug)]
struct Inner {
    patterns: Patterns,
    /// By the number of the pattern.
    values: Vec<Option<(Box<[u8]>, Value<'static>)>>,
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

    /// All files by name.
    pub fn all(&self) -> Vec<Arc<File>> {
        let files = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        files.values().cloned().collect()
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
        if let Some(set) = sets
            .iter()
            .find(|set| set.reading == reading && set.output == output)
        {
            return Ok(set.clone());
        }
        let mut inner = Inner {
            patterns: Patterns::new(reading),
            values: Vec::new(),
        };
        for entry in self
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            inner.insert(output, entry).map_err(|fault| {
                format!("{fault} at line {} of file '{}'", entry.line, self.name)
            })?;
        }
        inner.patterns.finish();
        let set = Arc::new(Set {
            reading,
            output,
            inner: RwLock::new(inner),
        });
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
            let mut inner = set.inner.write().unwrap_or_else(PoisonError::into_inner);
            inner.insert(set.output, &entry)?;
            inner.patterns.finish();
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
            let mut inner = set.inner.write().unwrap_or_else(PoisonError::into_inner);
            inner.remove(key);
            inner.patterns.finish();
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
            typed(set.output, value)?;
        }
        for set in sets.iter() {
            let new = typed(set.output, value)?;
            let mut inner = set.inner.write().unwrap_or_else(PoisonError::into_inner);
            for (_, old) in inner
                .values
                .iter_mut()
                .flatten()
                .filter(|(known, _)| **known == *key)
            {
                *old = new.clone();
            }
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

impl Inner {
    fn insert(&mut self, output: Output, entry: &Entry) -> Result<(), Fault> {
        let value = typed(output, &entry.value)?;
        let id = self.patterns.insert(&entry.key, Operator::Eq)? as usize;
        if self.values.len() <= id {
            self.values.resize(id + 1, None);
        }
        self.values[id] = Some((entry.key.clone(), value));
        Ok(())
    }

    fn remove(&mut self, key: &[u8]) {
        for (id, slot) in self.values.iter_mut().enumerate() {
            if slot.as_ref().is_some_and(|(known, _)| **known == *key) {
                *slot = None;
                self.patterns.remove(id as u32);
            }
        }
    }
}

fn typed(output: Output, value: &[u8]) -> Result<Value<'static>, Fault> {
    let text = String::from_utf8_lossy(value);
    match output {
        Output::None | Output::Str => Ok(Value::Str(value.to_vec().into())),
        Output::Int => text
            .parse()
            .map(Value::Int)
            .map_err(|_| format!("'{text}' is not a number")),
        Output::Ip => match text.parse() {
            Ok(std::net::IpAddr::V4(ip)) => Ok(Value::Ipv4(ip)),
            Ok(std::net::IpAddr::V6(ip)) => Ok(Value::Ipv6(ip)),
            Err(_) => Err(format!("'{text}' is not a valid IPv4 or IPv6 address")),
        },
    }
}

impl Set {
    /// True if the sample matches one of the patterns.
    pub fn matches(&self, value: &Value<'_>) -> bool {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.patterns.find(value).is_some()
    }

    /// What the map gives for the sample.
    pub fn lookup(&self, value: &Value<'_>) -> Option<Value<'static>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let id = inner.patterns.find(value)? as usize;
        inner
            .values
            .get(id)?
            .as_ref()
            .map(|(_, value)| value.clone())
    }

    /// What the map gives for the sample, with the pattern that matched (`map_*_key`, `map_regm`).
    pub fn entry(&self, value: &Value<'_>) -> Option<(Box<[u8]>, Value<'static>)> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let id = inner.patterns.find(value)? as usize;
        inner.values.get(id)?.clone()
    }

    /// What a map of expressions gives for the text, with `\\1` and kin replaced by the groups of the match.
    pub fn expanded(&self, text: &[u8]) -> Option<Vec<u8>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let (id, groups) = inner.patterns.captures(text)?;
        let (_, value) = inner.values.get(id as usize)?.as_ref()?;
        let mut out = Vec::new();
        Regex::expand(text, &groups, &value.borrowed().into_text(), &mut out);
        Some(out)
    }

    fn check(&self, entry: &Entry) -> Result<(), Fault> {
        typed(self.output, &entry.value)?;
        Patterns::new(self.reading)
            .insert(&entry.key, Operator::Eq)
            .map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::Method;

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
