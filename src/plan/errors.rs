//! What a proxy answers with in place of the built-in replies (manual 4.2 `errorfile`, `errorloc`, `http-error`,
//! `errorfiles`).

use crate::action::Action;
use crate::diag::Diagnostic;
use crate::http::reply::parse_errorfile;
use crate::http::{Reply, redirect};
use crate::sample::Linker;
use crate::settings::{ErrorFile, ErrorFiles};

/// The reply of one status.
#[derive(Debug)]
pub enum ErrorReply {
    /// The same bytes every time.
    Fixed(Reply),
    /// `http-error status`: made for each request.
    Made(Action),
}

/// A proxy's replies by status; a status without one has the built-in reply.
#[derive(Debug, Default)]
pub struct ErrorReplies(Vec<(u16, ErrorReply)>);

impl ErrorReplies {
    /// The proxy's own reply of this status.
    pub fn find(&self, status: u16) -> Option<&ErrorReply> {
        self.0
            .iter()
            .find(|(code, _)| *code == status)
            .map(|(_, reply)| reply)
    }

    /// Compiles the settings. What a proxy says itself wins over what it takes from `http-errors` sections. Files were read and
    /// checked when their line was; one that has become unreadable as a reply since falls back to the built-in one.
    ///
    /// # Errors
    /// A name in an `http-error` reply that does not exist.
    pub fn link(
        files: &ErrorFiles,
        bufsize: usize,
        linker: &mut Linker<'_>,
    ) -> Result<Self, Box<Diagnostic>> {
        let mut replies = Self::default();
        replies.take(files, &[], bufsize, linker)?;
        for (section, codes) in &files.sections {
            if let Some(shared) = linker.names.http_errors(section) {
                replies.take(&shared, codes, bufsize, linker)?;
            }
        }
        Ok(replies)
    }

    fn take(
        &mut self,
        files: &ErrorFiles,
        codes: &[u16],
        bufsize: usize,
        linker: &mut Linker<'_>,
    ) -> Result<(), Box<Diagnostic>> {
        for (&status, file) in &files.by_status {
            let wanted = codes.is_empty() || codes.contains(&status);
            if !wanted || self.find(status).is_some() {
                continue;
            }
            if let Some(reply) = compile(file, bufsize, linker)? {
                self.0.push((status, reply));
            }
        }
        Ok(())
    }
}

fn compile(
    file: &ErrorFile,
    bufsize: usize,
    linker: &mut Linker<'_>,
) -> Result<Option<ErrorReply>, Box<Diagnostic>> {
    Ok(match file {
        ErrorFile::Raw(bytes) => parse_errorfile(bytes, bufsize).ok().map(ErrorReply::Fixed),
        ErrorFile::Location(code, to) => {
            redirect::error_location(*code, to.as_bytes()).map(ErrorReply::Fixed)
        }
        ErrorFile::Reply(pending) => Some(ErrorReply::Made(pending.link(linker)?)),
    })
}
