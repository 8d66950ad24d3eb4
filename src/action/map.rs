//! Rules that change ACL and map files at run time.

use std::sync::Arc;

use super::read::{Words, rendered};
use super::table::{Entry, Read};
use super::{Action, Flow};
use crate::acl::{File, Which};
use crate::format::FormatUse;
use crate::sample::{Linker, Pending};

pub(super) static MAPS: &[Entry] = &[
    Entry::open(
        "add-acl",
        "(<file-name>) <key fmt>",
        "adds a pattern to an ACL file",
        |w| change(w, "add-acl", add),
    ),
    Entry::open(
        "del-acl",
        "(<file-name>) <key fmt>",
        "removes a pattern from an ACL file",
        |w| change(w, "del-acl", remove),
    ),
    Entry::open(
        "del-map",
        "(<file-name>) <key fmt>",
        "removes a key from a map file",
        |w| change(w, "del-map", remove),
    ),
    Entry::open(
        "set-map",
        "(<file-name>) <key fmt> <value fmt>",
        "sets the value of a key in a map file",
        set,
    ),
];

/// The file named between the parentheses. One that nothing reads can be changed without any effect.
fn file(
    words: &mut Words<'_, '_, '_>,
    action: &str,
) -> Result<String, Box<crate::diag::Diagnostic>> {
    words
        .argument(action)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| {
            words.refuse_at(
                words.name.span,
                format!("expects a file name: '{action}(<file-name>)'"),
            )
        })
}

/// The file, ready to be changed.
fn changeable(linker: &Linker<'_>, name: &str) -> Option<Arc<File>> {
    let file = linker.files.find(name)?;
    file.wake();
    Some(file)
}

fn add(file: &File, key: &[u8]) {
    // A pattern of the wrong shape changes nothing, as in HAProxy.
    let _ = file.add_new(key);
}

fn remove(file: &File, key: &[u8]) {
    file.remove(Which::Key(key));
}

fn change(words: &mut Words<'_, '_, '_>, action: &str, then: fn(&File, &[u8])) -> Read {
    let name = file(words, action)?;
    let key = words.format("expects exactly 1 arguments", FormatUse::Text)?;
    Ok(Pending::new(move |linker| {
        let (file, key) = (changeable(linker, &name), key.link(linker)?);
        Ok(Action::new(Box::new(move |scope| {
            rendered(&key, scope, |_, key| {
                if let Some(file) = &file {
                    then(file, key);
                }
            });
            Flow::Continue
        })))
    }))
}

fn set(words: &mut Words<'_, '_, '_>) -> Read {
    const EXPECTS: &str = "expects exactly 2 arguments";
    let name = file(words, "set-map")?;
    let key = words.format(EXPECTS, FormatUse::Text)?;
    let value = words.format(EXPECTS, FormatUse::Text)?;
    Ok(Pending::new(move |linker| {
        let file: Option<Arc<File>> = changeable(linker, &name);
        let (key, value) = (key.link(linker)?, value.link(linker)?);
        Ok(Action::new(Box::new(move |scope| {
            rendered(&key, scope, |scope, key| {
                rendered(&value, scope, |_, value| {
                    let Some(file) = &file else { return };
                    // A value of the wrong type changes nothing, as in HAProxy.
                    let _ = file.put(key, value);
                });
            });
            Flow::Continue
        })))
    }))
}
