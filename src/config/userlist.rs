//! `userlist` sections (manual 3.4).

use super::args::{Args, Parsed, unknown_word};
use super::load::Load;
use super::model::Config;
use crate::diag::{Diagnostic, Lead, suggest};
use crate::sample::password::{self, Scheme};
use crate::settings::{Secret, User, Userlist};

/// Reads one line of a `userlist`.
pub(super) fn keyword(list: &mut Userlist, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    match args.name.as_str() {
        "group" => group(list, args, load),
        "user" => user(list, args, load),
        name => {
            let message = format!("unknown keyword '{name}' in 'users' section");
            let mut unknown = Diagnostic::alert(args.keyword(), message).lead(Lead::Reading);
            unknown
                .help
                .extend(suggest::did_you_mean(name, ["group", "user"]));
            Err(Box::new(unknown))
        }
    }?;
    args.end()
}

fn group(list: &mut Userlist, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let name = args.text("<name> as arguments")?;
    if list.groups.contains(&name) {
        load.warn(
            args.keyword(),
            format!(
                "ignoring duplicated group '{name}' in userlist '{}'.",
                list.name
            ),
        );
        args.skip();
        return Ok(());
    }
    if args.take_if("users") {
        // Left out, it is empty, as in HAProxy.
        let users = args.take().map(|word| word.text().into_owned());
        let users = users.unwrap_or_default();
        // Users may follow below: they are matched with names when the section ends.
        for user in users.split(',').filter(|user| !user.is_empty()) {
            match list.users.iter_mut().find(|known| known.name == user) {
                Some(known) => known.groups.push(name.clone()),
                None => list.users.push(User {
                    name: user.to_owned(),
                    secret: Secret::Undeclared,
                    groups: vec![name.clone()],
                }),
            }
        }
    }
    list.groups.push(name);
    Ok(())
}

fn user(list: &mut Userlist, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let name = args.text("<name> as arguments")?;
    let mut secret = None;
    let mut groups = Vec::new();
    while let Some(word) = args.take() {
        match &*word.text() {
            "password" => {
                // Left out, it is empty, as in HAProxy.
                let hash = args.take();
                let span = hash.map_or(word.span, |hash| hash.span);
                let text = hash.map_or_else(Default::default, |hash| hash.text());
                match password::scheme(&text) {
                    Scheme::Known => {}
                    Scheme::None => load.warn(
                        span,
                        format!(
                            "this is no hash that crypt(3) knows: nobody can log in as '{name}'"
                        ),
                    ),
                    Scheme::Absent => {
                        let message = format!(
                            "'{}' : hashes of this kind are not verified yet; $y$, $2b$, $6$, $5$ and $1$ are",
                            args.name
                        );
                        return Err(Box::new(Diagnostic::alert(span, message)));
                    }
                }
                secret = Some(Secret::Crypt(text.into_owned()));
            }
            "insecure-password" => {
                let text = args.take().map(|word| word.text().into_owned());
                if text.is_none() {
                    let message = format!("'{name}' logs in with an empty password");
                    load.warn(word.span, message);
                }
                secret = Some(Secret::Plain(text.unwrap_or_default()));
            }
            "groups" => {
                let names = args.take().map(|word| word.text().into_owned());
                let names = names.unwrap_or_default();
                groups.extend(
                    names
                        .split(',')
                        .filter(|g| !g.is_empty())
                        .map(str::to_owned),
                );
            }
            other => {
                let message = format!("'{}' : unknown keyword '{other}'.", args.name);
                let names = ["password", "insecure-password", "groups"];
                return unknown_word(word, message, names);
            }
        }
    }
    let secret = secret.unwrap_or_else(|| {
        let message = format!("user '{name}' has no password: nobody can log in");
        load.warn(args.keyword(), message);
        Secret::Locked
    });
    let declared = list.users.iter_mut().find(|known| known.name == name);
    match declared {
        Some(known) if known.secret != Secret::Undeclared => {
            let message = format!(
                "ignoring duplicated user '{name}' in userlist '{}'.",
                list.name
            );
            load.warn(args.keyword(), message);
        }
        Some(known) => {
            known.secret = secret;
            known.groups.extend(groups);
        }
        None => list.users.push(User {
            name,
            secret,
            groups,
        }),
    }
    Ok(())
}

/// Ends a section: all names it uses must exist.
pub(super) fn finish(list: Userlist, config: &mut Config, load: &mut Load) {
    let missing = |what: &str| {
        Diagnostic::new(
            crate::diag::Severity::Alert,
            None,
            format!("userlist '{}': no such {what}", list.name),
        )
        .lead(Lead::Bare)
    };
    for user in &list.users {
        if user.secret == Secret::Undeclared {
            let group = user.groups.first().map_or("", String::as_str);
            load.diagnostics.push(missing(&format!(
                "user '{}' specified in group '{group}'",
                user.name
            )));
        }
        for group in user
            .groups
            .iter()
            .filter(|group| !list.groups.contains(group))
        {
            load.diagnostics.push(missing(&format!(
                "group '{group}' specified in user '{}'",
                user.name
            )));
        }
    }
    config
        .userlists
        .entry(list.name.clone())
        .or_insert(list.into());
}
