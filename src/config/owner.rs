//! Users, groups and permissions by name or number.

use super::args::{Args, Parsed, alert};

/// A user's number by name.
pub(super) fn user(args: &mut Args<'_>) -> Parsed<u32> {
    let word = args.word("a user name")?;
    let name = word.text();
    match nix::unistd::User::from_name(&name) {
        Ok(Some(user)) => Ok(user.uid.as_raw()),
        _ => alert(
            word.span,
            format!("'{}' : unknown user name '{name}'", args.name),
        ),
    }
}

/// A group's number by name.
pub(super) fn group(args: &mut Args<'_>) -> Parsed<u32> {
    let word = args.word("a group name")?;
    let name = word.text();
    match nix::unistd::Group::from_name(&name) {
        Ok(Some(group)) => Ok(group.gid.as_raw()),
        _ => alert(
            word.span,
            format!("'{}' : unknown group name '{name}'", args.name),
        ),
    }
}

/// Permissions in octal.
pub(super) fn mode(args: &mut Args<'_>) -> Parsed<u32> {
    let word = args.word("an octal mode")?;
    let text = word.text();
    match u32::from_str_radix(&text, 8) {
        Ok(mode) if mode <= 0o7777 => Ok(mode),
        _ => {
            let message =
                format!("'mode' : missing or invalid mode '{text}' (octal integer expected)");
            alert(word.span, message)
        }
    }
}
