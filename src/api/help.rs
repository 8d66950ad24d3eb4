//! Lists of commands: asked for, and after a mistake.

use std::fmt::Write;

use super::command::{COMMANDS, Command, Level};

/// What a session understands beside the table.
pub(super) const SESSION: [(&str, &str); 3] = [
    ("help [<command>]", "list matching or all commands"),
    ("prompt", "toggle interactive mode with prompt"),
    ("quit", "disconnect"),
];

pub(super) fn row(out: &mut String, usage: &str, doc: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "  {usage:<40}: {doc}");
}

fn rows<'a>(head: &str, commands: impl Iterator<Item = &'a Command>) -> String {
    let mut out = format!("{head}\n");
    for command in commands {
        row(&mut out, command.usage, command.doc);
    }
    for (usage, doc) in SESSION {
        row(&mut out, usage, doc);
    }
    out
}

/// `help`: what this level may use, or what begins with these words.
pub(super) fn listing(words: &[&str], level: Level) -> String {
    let usable = COMMANDS.iter().filter(|command| command.level <= level);
    if words.is_empty() {
        return rows("The following commands are valid at this level:", usable);
    }
    let matching = usable.filter(|command| similar(command, words));
    rows("The following commands are valid at this level:", matching)
}

/// After a command that does not exist.
pub(super) fn unknown(words: &[&str], level: Level) -> String {
    let usable = || COMMANDS.iter().filter(|command| command.level <= level);
    let close = || usable().filter(|command| similar(command, words));
    if words.is_empty() || close().next().is_none() {
        return rows(
            "Unknown command. Please enter one of the following commands only:",
            usable(),
        );
    }
    rows(
        "Unknown command, but maybe one of the following ones is a better match:",
        close(),
    )
}

/// Begins with the same words, or nearly so.
fn similar(command: &Command, words: &[&str]) -> bool {
    let close = |(own, said): (&&str, &&str)| {
        own.starts_with(said) || strsim::damerau_levenshtein(own, said) <= 1
    };
    !words.is_empty() && command.words.iter().zip(words).all(close)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_answered_with_what_is_close() {
        let said = unknown(&["shwo", "verison"], Level::Admin);
        assert!(said.starts_with("Unknown command, but maybe"));
        assert!(said.contains("\n  show version                            : show version"));
        assert!(!said.contains("clear counters"));
        let nothing = unknown(&["xyzzy"], Level::User);
        assert!(nothing.starts_with("Unknown command. Please"));
        assert!(nothing.contains("show version"));
        assert!(!nothing.contains("set server"), "not at this level");
        assert!(nothing.ends_with("  quit                                    : disconnect\n"));
    }
}
