//! What is said about a configuration, in HAProxy's frame.

use super::{Exit, Invocation, preamble};
use crate::config::Loaded;
use crate::diag::render::{diagnostic, message};
use crate::diag::{Diagnostic, FileId, Lead, Severity, Sources, has_alert, has_warning};

/// All diagnostics as text: the preamble first if any is a warning or worse, and after the errors of
/// each file, and after all, the lines that HAProxy ends with.
pub fn diagnostics(all: &[Diagnostic], sources: &Sources, show_diag: bool) -> String {
    let pid = std::process::id();
    let mut out = String::new();
    if all.iter().any(|d| d.severity >= Severity::Warning) {
        out.push_str(&preamble(pid));
    }
    let mut open: Option<FileId> = None;
    for each in all {
        if each.severity == Severity::Diag && !show_diag {
            continue;
        }
        let file = each
            .span
            .filter(|_| each.lead != Lead::Bare)
            .map(|span| span.file);
        if open != file {
            close(&mut out, open, sources, pid);
            open = None;
        }
        if each.severity == Severity::Alert {
            open = file;
        }
        out.push_str(&diagnostic(each, sources, pid));
    }
    close(&mut out, open, sources, pid);
    if has_alert(all) {
        let text = "config : Fatal errors found in configuration.";
        out.push_str(&message(Severity::Alert, text, pid));
    }
    out
}

fn close(out: &mut String, file: Option<FileId>, sources: &Sources, pid: u32) {
    if let Some(file) = file.and_then(|file| sources.file(file)) {
        let text = format!(
            "config : Error(s) found in configuration file : {}",
            file.name
        );
        out.push_str(&message(Severity::Alert, &text, pid));
    }
}

/// Judges a configuration that was loaded and linked: what to say, and whether it may run.
///
/// With `-c` the answer always ends the program: 0 if it is valid, 1 if it is not, 2 if it would not
/// listen anywhere. Without, `Ok` is what to say before running it.
///
/// # Errors
/// What to end with.
pub fn judge(invocation: &Invocation, loaded: &Loaded) -> Result<String, Exit> {
    let pid = std::process::id();
    let quiet = (invocation.quiet || loaded.config.global.quiet) && !invocation.verbose;
    let mut err = diagnostics(&loaded.diagnostics, &loaded.sources, invocation.diagnostics);
    let hushed = |text: String| if quiet { String::new() } else { text };
    if has_alert(&loaded.diagnostics) {
        return Err(Exit {
            code: 1,
            out: String::new(),
            err: hushed(err),
        });
    }
    let warned = has_warning(&loaded.diagnostics);
    if warned && (invocation.zero_warning || loaded.config.global.zero_warning) {
        let text = "config : Some warnings were found and 'zero-warning' is set. Aborting.";
        err.push_str(&message(Severity::Alert, text, pid));
        return Err(Exit {
            code: 1,
            out: String::new(),
            err: hushed(err),
        });
    }
    let listens = crate::config::has_listener(&loaded.config);
    let mut out = String::new();
    if warned && invocation.check {
        out.push_str("Warnings were found.\n");
    }
    match (invocation.check, listens) {
        (true, true) => {
            out.push_str("Configuration file is valid\n");
            Err(Exit {
                code: 0,
                out: hushed(out),
                err: hushed(err),
            })
        }
        (true, false) => {
            out.push_str(
                "Configuration file has no error but will not start (no listener) => exit(2).\n",
            );
            Err(Exit {
                code: 2,
                out: hushed(out),
                err: hushed(err),
            })
        }
        (false, false) => {
            if err.is_empty() {
                err.push_str(&preamble(pid));
            }
            let text = "[haproxy.main()] No enabled listener found (check for 'bind' directives) ! Exiting.";
            err.push_str(&message(Severity::Alert, text, pid));
            Err(Exit {
                code: 1,
                out: String::new(),
                err: hushed(err),
            })
        }
        (false, true) => Ok(hushed(err)),
    }
}
