//! Diagnostics: what went wrong in a configuration, where, and what to do about it.
//!
//! Everyone who reads configuration calls this. It knows nothing but text and places: not what a
//! keyword is, not how lines are read. Rendering lives in [`render`], suggestions in [`suggest`].

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
}

/// The text that was read, kept for snippets.
#[derive(Debug, Default)]
pub struct Sources {
    /// Every file in reading order: its name as given, and its text.
    pub files: Vec<(String, Vec<u8>)>,
}
