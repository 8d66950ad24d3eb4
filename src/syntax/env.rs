//! The environment that variables in double quotes read.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStringExt;

/// Environment variables: those of the process at first, then what `setenv`, `presetenv`, `unsetenv`
/// and `resetenv` make of them for the lines that follow (manual, section 3.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Env {
    vars: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Env {
    /// A copy of the environment of this process.
    pub fn from_process() -> Self {
        std::env::vars_os()
            .map(|(name, value)| (name.into_vec(), value.into_vec()))
            .collect()
    }

    /// The value of a variable; an empty value is a value.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.vars.get(name).map(Vec::as_slice)
    }

    /// `setenv`: sets, whether it exists or not.
    pub fn set(&mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.vars.insert(name.into(), value.into());
    }

    /// `presetenv`: sets only what does not exist.
    pub fn preset(&mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.vars.entry(name.into()).or_insert_with(|| value.into());
    }

    /// `unsetenv`: removes one.
    pub fn unset(&mut self, name: &[u8]) {
        self.vars.remove(name);
    }

    /// `resetenv`: removes all but those named.
    pub fn reset(&mut self, keep: &[&[u8]]) {
        self.vars.retain(|name, _| keep.contains(&name.as_slice()));
    }

    /// All variables, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.vars
            .iter()
            .map(|(name, value)| (name.as_slice(), value.as_slice()))
    }
}

impl FromIterator<(Vec<u8>, Vec<u8>)> for Env {
    fn from_iter<I: IntoIterator<Item = (Vec<u8>, Vec<u8>)>>(iter: I) -> Self {
        Self {
            vars: iter.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_keywords_do_what_the_manual_says() {
        let mut env = Env::default();
        env.set("A", "1");
        env.preset("A", "2");
        env.preset("B", "");
        env.preset("B", "3");
        assert_eq!(env.get(b"A"), Some(&b"1"[..]));
        assert_eq!(env.get(b"B"), Some(&b""[..]));
        env.set("C", "4");
        env.unset(b"A");
        assert_eq!(env.get(b"A"), None);
        env.reset(&[b"C"]);
        assert_eq!(env.iter().collect::<Vec<_>>(), [(&b"C"[..], &b"4"[..])]);
    }
}
