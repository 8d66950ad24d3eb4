//! One connection to the runtime API: lines in, answers out, with or without a prompt.

use std::io;
use std::time::Duration;

use crate::net::Stream;

use super::Desk;
use super::command::{Answer, Level, execute};

/// The longest line that is read.
const LINE_LIMIT: usize = 16_384;
/// Room made for each read.
const READ: usize = 1024;

/// Serves a session that begins at this level.
pub(super) async fn run(desk: &Desk, stream: &Stream, mut level: Level) -> io::Result<()> {
    let idle = Duration::from_millis(desk.plan().global.stats_timeout.max(1));
    let room = desk.plan().global.payload_limit;
    converse(stream, idle, room, "> ", |words, payload| {
        execute(desk, words, payload, &mut level)
    })
    .await
}

/// Reads lines and answers their commands; a payload may have so many bytes (`room`). Without a prompt it ends after one line.
pub(super) async fn converse(
    stream: &Stream,
    idle: Duration,
    room: usize,
    prompt: &str,
    mut execute: impl FnMut(&[&str], Option<&str>) -> Answer,
) -> io::Result<()> {
    let mut input = Vec::new();
    let mut interactive = false;
    loop {
        let Some(line) = take(stream, idle, &mut input, b"\n", LINE_LIMIT).await else {
            return Ok(());
        };
        let mut line = line.trim_end_matches(['\n', '\r']);
        let mut payload = None;
        if let Some(command) = line.strip_suffix("<<") {
            line = command;
            let Some(lines) = self::payload(stream, idle, room, &mut input).await else {
                return Ok(());
            };
            payload = Some(lines);
        }
        let mut out = String::new();
        let mut go_on = true;
        for command in split(line) {
            let words = words(&command);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match words.as_slice() {
                ["quit"] => {
                    go_on = false;
                    break;
                }
                ["prompt"] => {
                    interactive = !interactive;
                    out.push('\n');
                }
                [] if interactive => {}
                words => {
                    out.push_str(&execute(words, payload.as_deref()).whole().await);
                    out.push('\n');
                }
            }
        }
        if interactive {
            out.push_str(prompt);
        }
        stream.write_all(out.as_bytes()).await?;
        if !go_on || !interactive {
            return stream.shutdown_write();
        }
    }
}

/// What stands up to the end mark, with it, once it is there; nothing if the client does not say it.
async fn take(
    stream: &Stream,
    idle: Duration,
    input: &mut Vec<u8>,
    mark: &[u8],
    limit: usize,
) -> Option<String> {
    let mut from = 0;
    loop {
        let seen = input.get(from..).unwrap_or_default();
        if let Some(at) = memchr::memmem::find(seen, mark) {
            let taken: Vec<u8> = input.drain(..from + at + mark.len()).collect();
            return Some(String::from_utf8_lossy(&taken).into_owned());
        }
        if input.len() > limit {
            return None;
        }
        // The mark may have come in part.
        from = input.len().saturating_sub(mark.len() - 1);
        input.reserve(READ);
        let read = tokio::time::timeout(idle, stream.append(input)).await;
        if !matches!(read, Ok(Ok(1..))) {
            return None;
        }
    }
}

/// The lines that follow `<<`, up to an empty one.
async fn payload(
    stream: &Stream,
    idle: Duration,
    room: usize,
    input: &mut Vec<u8>,
) -> Option<String> {
    // An empty line at once is an end as well.
    input.insert(0, b'\n');
    let lines = take(stream, idle, input, b"\n\n", room).await?;
    Some(lines.trim_matches('\n').to_owned())
}

/// The commands of a line: `;` parts them unless a backslash stands before it.
fn split(line: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in line.chars() {
        if c == ';' && !escaped {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    parts
}

/// The words of a command; a backslash takes the next character as it is.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_part_into_commands_and_words() {
        let parts = |line| {
            let commands = split(line);
            commands.iter().map(|c| words(c)).collect::<Vec<_>>()
        };
        assert_eq!(parts("show info"), [["show", "info"]]);
        assert_eq!(parts("a b; c  d ").concat(), ["a", "b", "c", "d"]);
        assert_eq!(parts(r"set x a\;b").concat(), ["set", "x", "a;b"]);
        assert_eq!(parts(r"set x a\ b").concat(), ["set", "x", "a b"]);
        assert_eq!(parts("").concat(), Vec::<String>::new());
    }
}
