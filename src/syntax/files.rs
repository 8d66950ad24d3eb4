//! Which files are read: `-f` names files and directories.

use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::diag::{Diagnostic, FileId, Lead, Severity, Sources};

/// The largest configuration file that is read, so that `-f /dev/zero` ends.
pub const MAX_FILE_BYTES: u64 = 256 << 20;

/// The files that the given names stand for: a file for itself, a directory for the files in it that
/// end in `.cfg` and do not start with a dot, in byte order (management guide, section 3, "-f").
///
/// What cannot be opened is told in the diagnostics and left out.
pub fn expand(names: &[PathBuf]) -> (Vec<PathBuf>, Vec<Diagnostic>) {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    for name in names {
        match std::fs::metadata(name) {
            Ok(found) if found.is_dir() => match directory(name) {
                Ok(found) => files.extend(found),
                Err(error) => problems.push(unopened("directory", name, &error)),
            },
            Ok(_) => files.push(name.clone()),
            Err(error) => problems.push(unopened("file/directory", name, &error)),
        }
    }
    (files, problems)
}

fn directory(name: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(name)? {
        let file = entry?.file_name();
        let bytes = file.as_bytes();
        if bytes.starts_with(b".") || !bytes.ends_with(b".cfg") {
            continue;
        }
        let path = joined(name, &file);
        if std::fs::metadata(&path).is_ok_and(|found| found.is_file()) {
            found.push(path);
        }
    }
    found.sort_by(|a, b| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
    Ok(found)
}

/// `dir/file`, with one slash whether or not the directory was given with one.
fn joined(directory: &Path, file: &OsStr) -> PathBuf {
    let mut path = directory.to_path_buf();
    path.push(file);
    path
}

fn unopened(what: &str, name: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(
        Severity::Alert,
        None,
        format!(
            "Cannot open configuration {what} {} : {}",
            name.display(),
            reason(error)
        ),
    )
    .lead(Lead::Bare)
}

/// What the system says about an error, without Rust's "(os error 2)".
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// Reads one file into `sources`.
pub fn read(sources: &mut Sources, path: &Path) -> Result<FileId, Diagnostic> {
    let fail = |error: &std::io::Error| {
        Diagnostic::new(
            Severity::Alert,
            None,
            format!(
                "Could not open configuration file {} : {}",
                path.display(),
                reason(error)
            ),
        )
        .lead(Lead::Bare)
    };
    let file = std::fs::File::open(path).map_err(|error| fail(&error))?;
    let mut text = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut text)
        .map_err(|error| fail(&error))?;
    if text.len() as u64 > MAX_FILE_BYTES {
        let message = format!(
            "configuration file {} is larger than {MAX_FILE_BYTES} bytes",
            path.display()
        );
        return Err(Diagnostic::new(Severity::Alert, None, message).lead(Lead::Bare));
    }
    Ok(sources.add(path.display().to_string(), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_stands_for_its_visible_cfg_files_in_byte_order() -> std::io::Result<()> {
        let dir = tempfile::tempdir()?;
        for name in ["b.cfg", "a.cfg", "B.cfg", ".h.cfg", "z.txt"] {
            std::fs::write(dir.path().join(name), "global\n")?;
        }
        std::fs::create_dir(dir.path().join("sub.cfg"))?;
        let (files, problems) = expand(&[dir.path().to_owned(), dir.path().join("z.txt")]);
        assert!(problems.is_empty());
        let names: Vec<_> = files
            .iter()
            .filter_map(|f| f.file_name()?.to_str())
            .collect();
        assert_eq!(names, ["B.cfg", "a.cfg", "b.cfg", "z.txt"]);

        let (files, problems) = expand(&[dir.path().join("nox")]);
        assert!(files.is_empty());
        assert!(
            problems[0]
                .message
                .starts_with("Cannot open configuration file/directory ")
        );
        assert!(
            problems[0]
                .message
                .ends_with("nox : No such file or directory")
        );
        Ok(())
    }
}
