//! Diagnostics: what went wrong in a configuration, where, and what to do about it.
//!
//! Everyone who reads configuration calls this. It knows nothing but text and places: not what a
//! keyword is, not how lines are read. Rendering lives in [`render`], suggestions in [`suggest`].

pub mod render;
pub mod suggest;

/// A file that was read, by its place in [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(pub u16);

/// A place in a configuration: one line, and the bytes of it that are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Line number, from 1.
    pub line: u32,
    /// First byte of the source line that is meant, from 0.
    pub start: u32,
    /// One past the last byte; equal to `start` where only the line is known.
    pub end: u32,
}

/// How bad it is. The order is HAProxy's: an alert refuses the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Said only under `-dD`.
    Diag,
    /// Said, of no consequence (`.notice`).
    Notice,
    /// The file loads, but probably not as meant. Refused under `-dW`.
    Warning,
    /// The file does not load.
    Alert,
}

/// How the first line of a diagnostic names its place; HAProxy has four ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lead {
    /// `parsing [file:line] : message`, what keywords say.
    #[default]
    Parsing,
    /// `parsing [file:line]: message`, what the reader of lines says.
    Reading,
    /// `[file:line] : message`, what lines about servers say.
    Place,
    /// Only the message, what checks over the whole configuration say. The snippet still follows.
    Bare,
}

/// One message about a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Where, if it has a place.
    pub span: Option<Span>,
    /// What is wrong, and why: one sentence, HAProxy's wording where it has one.
    pub message: String,
    /// A few words to stand under the marked place.
    pub label: Option<String>,
    /// What to do: each a sentence of its own.
    pub help: Vec<String>,
    /// How the place is named on the first line.
    pub lead: Lead,
}

impl Diagnostic {
    /// An alert at a place.
    pub fn alert(span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Alert, Some(span), message)
    }

    /// A warning at a place.
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, Some(span), message)
    }

    /// Any diagnostic, with or without a place.
    pub fn new(severity: Severity, span: Option<Span>, message: impl Into<String>) -> Self {
        Self {
            severity,
            span,
            message: message.into(),
            label: None,
            help: Vec::new(),
            lead: Lead::Parsing,
        }
    }

    /// Puts a few words under the marked place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Chooses how the first line names the place.
    #[must_use]
    pub fn lead(mut self, lead: Lead) -> Self {
        self.lead = lead;
        self
    }
}

/// One file that was read.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Its name, as given on the command line (or the directory and the name in it).
    pub name: String,
    /// Its bytes.
    pub text: Vec<u8>,
    /// Where each line starts.
    starts: Vec<usize>,
}

impl Source {
    /// Line `number` (from 1) without its line feed.
    pub fn line(&self, number: u32) -> Option<&[u8]> {
        let index = (number as usize).checked_sub(1)?;
        let start = *self.starts.get(index)?;
        let end = match self.starts.get(index + 1) {
            Some(next) => next - 1,
            None => self.text.len(),
        };
        let line = self.text.get(start..end)?;
        Some(line.strip_suffix(b"\n").unwrap_or(line))
    }

    /// How many lines there are. A last line without a line feed counts.
    pub fn line_count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// Whether the last line lacks its line feed, the mark of a truncated file.
    pub fn is_cut_off(&self) -> bool {
        self.text.last().is_some_and(|&last| last != b'\n')
    }
}

/// The text that was read, kept for snippets.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Every file in reading order.
    pub files: Vec<Source>,
}

impl Sources {
    /// Adds a file; gives the id that spans use for it. Files beyond the 65535th share the last id.
    pub fn add(&mut self, name: impl Into<String>, text: Vec<u8>) -> FileId {
        let mut starts = Vec::new();
        if !text.is_empty() {
            starts.push(0);
            starts.extend(memchr::memchr_iter(b'\n', &text).map(|at| at + 1));
            if starts.last() == Some(&text.len()) {
                starts.pop();
            }
        }
        self.files.push(Source {
            name: name.into(),
            text,
            starts,
        });
        FileId(u16::try_from(self.files.len() - 1).unwrap_or(u16::MAX))
    }

    /// The file of that id.
    pub fn file(&self, id: FileId) -> Option<&Source> {
        self.files.get(usize::from(id.0))
    }
}

/// Whether any of these refuses the configuration.
pub fn has_alert(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity == Severity::Alert)
}

/// Whether any of these is a warning, which `-dW` refuses.
pub fn has_warning(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity == Severity::Warning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_number_with_and_without_a_last_line_feed() {
        let mut sources = Sources::default();
        let id = sources.add("a", b"one\n\nthree".to_vec());
        let source = sources.file(id).cloned().unwrap_or_default();
        assert_eq!(source.line_count(), 3);
        assert_eq!(source.line(1), Some(&b"one"[..]));
        assert_eq!(source.line(2), Some(&b""[..]));
        assert_eq!(source.line(3), Some(&b"three"[..]));
        assert_eq!(source.line(4), None);
        assert_eq!(source.line(0), None);
        assert!(source.is_cut_off());

        let id = sources.add("b", b"one\n".to_vec());
        let source = sources.file(id).cloned().unwrap_or_default();
        assert_eq!(source.line_count(), 1);
        assert_eq!(source.line(1), Some(&b"one"[..]));
        assert!(!source.is_cut_off());
        assert_eq!(sources.add("c", Vec::new()), FileId(2));
        assert_eq!(sources.file(FileId(2)).map(Source::line_count), Some(0));
    }
}
