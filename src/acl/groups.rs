//! Groups that an ACL names: `http_auth_group(list) group…` (manual 7.3.6). The list must have them.

use crate::diag::{Diagnostic, Span};
use crate::sample::Linker;
use crate::syntax::Word;

/// What an ACL asks of a userlist.
#[derive(Debug, Clone)]
pub(super) struct Groups {
    list: String,
    names: Vec<(Vec<u8>, Span)>,
}

impl Groups {
    /// The groups of this ACL, if it is about groups. `values` are its patterns.
    pub(super) fn of(criterion: &Word, values: &[Word]) -> Option<Self> {
        let list = criterion
            .bytes
            .strip_prefix(b"http_auth_group(")?
            .strip_suffix(b")")?;
        Some(Self {
            list: String::from_utf8_lossy(list).into_owned(),
            names: values
                .iter()
                .map(|word| (word.bytes.clone(), word.span))
                .collect(),
        })
    }

    /// Holds them against the userlist, which others have found to be there.
    pub(super) fn check(&self, linker: &Linker<'_>) -> Result<(), Box<Diagnostic>> {
        let Some(list) = linker.names.userlist(&self.list) else {
            return Ok(());
        };
        let known = |name: &[u8]| list.groups.iter().any(|group| group.as_bytes() == name);
        match self.names.iter().find(|(name, _)| !known(name)) {
            None => Ok(()),
            Some((name, span)) => {
                let name = String::from_utf8_lossy(name);
                let message = format!("http_auth_group(): invalid group '{name}'.");
                let mut error = Diagnostic::alert(*span, message);
                let groups = list.groups.iter().map(String::as_str);
                error
                    .help
                    .extend(crate::diag::suggest::did_you_mean(&name, groups));
                Err(Box::new(error))
            }
        }
    }
}
