//! Files to lines, one after the other.

use super::condition::World;
use super::directive::Blocks;
use super::{Env, Line, lexer};
use crate::diag::{Diagnostic, FileId, Lead, Sources, Span};

/// Reads lines from files: cuts them into words, keeps out what `.if` leaves out, and collects what
/// cannot be read. Whoever pulls may change the environment between two lines.
#[derive(Debug)]
pub struct Reader {
    sources: Sources,
    file: FileId,
    line: u32,
    blocks: Blocks,
    section: String,
    enabled: Vec<&'static str>,
    /// The environment of the lines to come.
    pub env: Env,
    /// What could not be read so far.
    pub diagnostics: Vec<Diagnostic>,
}

impl Reader {
    /// A reader of all files in `sources`, in their order. `enabled` are the run-time options that
    /// are on, for `enabled(…)`.
    pub fn new(sources: Sources, env: Env, enabled: Vec<&'static str>) -> Self {
        Self {
            sources,
            file: FileId(0),
            line: 0,
            blocks: Blocks::default(),
            section: String::new(),
            enabled,
            env,
            diagnostics: Vec::new(),
        }
    }

    /// The next line that holds words, or none at the end of the last file. A new file shows in the
    /// line's span.
    pub fn next_line(&mut self) -> Option<Line> {
        loop {
            if self.line >= self.sources.file(self.file)?.line_count() {
                self.finish_file();
                continue;
            }
            self.line += 1;
            let Some(line) = self.read_line() else {
                continue;
            };
            let is_directive = line
                .words
                .first()
                .is_some_and(|word| word.bytes.starts_with(b"."));
            if is_directive {
                let world = World {
                    env: &self.env,
                    enabled: &self.enabled,
                };
                self.blocks.directive(&line, world, &mut self.diagnostics);
            } else if self.blocks.active() {
                return Some(line);
            }
        }
    }

    /// Tells the name of the section that has begun, for the pseudo-variable `.SECTION`.
    pub fn enter_section(&mut self, name: &str) {
        name.clone_into(&mut self.section);
    }

    /// Gives the files, and what could not be read.
    pub fn into_parts(self) -> (Sources, Vec<Diagnostic>) {
        (self.sources, self.diagnostics)
    }

    fn read_line(&mut self) -> Option<Line> {
        let file = self.sources.file(self.file)?;
        let mut text = file.line(self.line)?;
        let base = Span {
            file: self.file,
            line: self.line,
            start: 0,
            end: 0,
        };
        if let Some(zero) = memchr::memchr(0, text) {
            let at = Span {
                start: zero as u32,
                end: zero as u32 + 1,
                ..base
            };
            let message = format!("Stray NUL character at position {}.", zero + 1);
            self.diagnostics
                .push(Diagnostic::alert(at, message).lead(Lead::Reading));
            text = text.get(..zero)?;
        }
        let words = lexer::words(text, base, &|name| match name {
            ".FILE" => Some(file.name.clone().into_bytes()),
            ".LINE" => Some(self.line.to_string().into_bytes()),
            ".SECTION" => Some(self.section.clone().into_bytes()),
            _ => self.env.get(name.as_bytes()).map(<[u8]>::to_vec),
        });
        match words {
            Ok(words) => {
                let (first, last) = (words.first()?, words.last()?);
                let span = Span {
                    start: first.span.start,
                    end: last.span.end,
                    ..base
                };
                Some(Line { words, span })
            }
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    fn finish_file(&mut self) {
        let Some(file) = self.sources.file(self.file) else {
            return;
        };
        let end = file.line(self.line).map_or(0, <[u8]>::len) as u32;
        let span = Span {
            file: self.file,
            line: self.line,
            start: end,
            end,
        };
        if file.is_cut_off() {
            let message = format!(
                "Missing LF on last line, file might have been truncated at position {}.",
                end + 1
            );
            self.diagnostics.push(
                Diagnostic::alert(span, message)
                    .help("end the last line with a line feed")
                    .lead(Lead::Reading),
            );
        }
        self.diagnostics.extend(self.blocks.finish(span));
        // `.SECTION` and the section itself start anew with each file.
        self.section.clear();
        self.file = FileId(self.file.0.saturating_add(1));
        self.line = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(files: &[&str]) -> Reader {
        let mut sources = Sources::default();
        for (nth, text) in files.iter().enumerate() {
            sources.add(format!("f{nth}"), text.as_bytes().to_vec());
        }
        Reader::new(sources, Env::default(), Vec::new())
    }

    fn all(reader: &mut Reader) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = reader.next_line() {
            let words: Vec<_> = line.words.iter().map(|w| w.text().into_owned()).collect();
            lines.push(format!(
                "{}:{} {}",
                line.span.file.0,
                line.span.line,
                words.join("|")
            ));
        }
        lines
    }

    fn messages(files: &[&str]) -> Vec<String> {
        let mut reader = reader(files);
        all(&mut reader);
        reader
            .diagnostics
            .iter()
            .map(|d| {
                format!(
                    "{:?} {} {}",
                    d.severity,
                    d.span.unwrap_or_default().line,
                    d.message
                )
            })
            .collect()
    }

    #[test]
    fn lines_of_all_files_in_order_without_what_is_conditioned_out() {
        let mut reader = reader(&[
            "\n  a b # c\n.if 0\nx\n.elif 1\n y\n .if 0\nz\n.else\nv\n.endif\n.else\nw\n.endif\n",
            "",
            "q \"$.FILE\" \"${.LINE}\"\n",
        ]);
        assert_eq!(
            all(&mut reader),
            ["0:2 a|b", "0:6 y", "0:10 v", "2:1 q|f2|1"]
        );
        assert!(reader.diagnostics.is_empty());
    }

    #[test]
    fn the_environment_may_change_between_lines() {
        let mut reader = reader(&["a \"$X\"\nb \"$X\" \"${.SECTION}\"\n"]);
        let first = reader.next_line().map(|line| line.words[1].bytes.clone());
        assert_eq!(first.as_deref(), Some(&b""[..]));
        reader.env.set("X", "1");
        reader.enter_section("www");
        let second = reader.next_line().map(|l| {
            l.words[1..]
                .iter()
                .map(|w| w.text().into_owned())
                .collect::<Vec<_>>()
        });
        assert_eq!(second, Some(vec!["1".to_owned(), "www".to_owned()]));
    }

    #[test]
    fn blocks_are_checked_in_haproxys_words() {
        for (text, wanted) in [
            (".if 1\n", "Alert 1 non-terminated '.if' block."),
            (".endif\n", "Alert 1 lone '.endif' with no matching '.if'."),
            (
                ".if 0\n.else\n.else\n.endif\n",
                "Alert 3 '.else' after '.else' is not permitted.",
            ),
            (
                ".if 0\n.else\n.elif 1\n.endif\n",
                "Alert 3 '.elif' after '.else' is not permitted.",
            ),
            (
                ".if 1\n.endif x\n",
                "Alert 2 Unexpected argument 'x' for '.endif'.",
            ),
            (".foo\n", "Alert 1 unknown directive '.foo'."),
            (
                ".notice a b\n",
                "Alert 1 Unexpected argument 'b' for '.notice'. Use quotes if the message should contain spaces.",
            ),
            (".notice \"a b\"\n", "Notice 1 'a b'."),
            (".warning x\n", "Warning 1 'x'."),
            (".alert x\n", "Alert 1 'x'."),
            (".diag x\n", "Diag 1 'x'."),
            (
                " .if  a  b\n.endif\n",
                "Alert 1 unparsable conditional expression 'a b' in '.if' at position 1:",
            ),
            (
                "daemon",
                "Alert 1 Missing LF on last line, file might have been truncated at position 7.",
            ),
            ("  a\0b\n", "Alert 1 Stray NUL character at position 4."),
            (
                ".if 0\n\"x\n.endif\n",
                "Alert 2 unmatched quote at position 1:",
            ),
        ] {
            assert_eq!(messages(&[text]), [wanted], "{text}");
        }
        assert!(messages(&[".if 0\n.foo\n.if foo\n.elif foo\n.endif\n.endif\n"]).is_empty());
        assert!(messages(&[".if 1\n.elif foo\n.endif\n"]).is_empty());
        let deep = format!("{}{}", ".if 1\n".repeat(150), ".endif\n".repeat(150));
        assert_eq!(
            messages(&[&deep]),
            ["Alert 100 too many nested '.if', max is 100."]
        );
    }

    #[test]
    fn a_block_ends_with_its_file() {
        let mut reader = reader(&[".if 0\n", "a\n"]);
        assert_eq!(all(&mut reader), ["1:1 a"]);
        assert_eq!(reader.diagnostics.len(), 1);
    }

    #[test]
    fn a_condition_error_points_into_the_source() {
        let mut reader = reader(&["  .if  1  &&   foo\n.endif\n"]);
        all(&mut reader);
        let span = reader.diagnostics[0].span.unwrap_or_default();
        assert_eq!((span.line, span.start), (1, 15));
    }
}
