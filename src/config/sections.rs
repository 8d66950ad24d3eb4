//! Section headers: what opens a section, and what its lines are then read into.

use super::args::{Args, Parsed, alert};
use super::draft::{Defaults, Draft};
use super::load::{Builder, Load, WORKS};
use super::peers::Peers;
use super::proxy::bind_here;
use super::tls::loading::CrtStore;
use crate::diag::{Diagnostic, Lead, suggest};
use crate::settings::{ErrorFiles, Kind, Resolvers, Userlist};

/// The section that lines go to.
#[derive(Default)]
pub(super) enum Section {
    /// None yet.
    #[default]
    Outside,
    /// `global`
    Global,
    /// `defaults`, `frontend`, `backend`, `listen`
    Proxy(Box<Draft>),
    /// `userlist`
    Userlist(Userlist),
    /// `http-errors`: its name and what it holds.
    HttpErrors(String, ErrorFiles),
    /// `peers`
    Peers(Box<Peers>),
    /// `resolvers`
    Resolvers(Resolvers),
    /// `crt-store`
    CrtStore(CrtStore),
    /// One that nothing can refer to yet.
    Idle(Idle),
    /// One whose header was refused: its lines would only repeat that.
    Refused,
}

type Open = fn(&mut Builder, &mut Args<'_>, &mut Load) -> Parsed<String>;

/// Every section.
const SECTIONS: &[(&str, Open)] = &[
    ("global", global),
    ("defaults", defaults),
    ("frontend", |b, a, l| proxy(b, a, l, Kind::Frontend)),
    ("backend", |b, a, l| proxy(b, a, l, Kind::Backend)),
    ("listen", |b, a, l| proxy(b, a, l, Kind::Listen)),
    ("userlist", userlist),
    ("http-errors", http_errors),
    // Sections that act only through a line that names them. That line is refused, so the section
    // itself does what it does in HAProxy when nothing names it: nothing.
    ("mailers", |b, a, _| {
        idle(b, a, "mailers", &["mailer", "timeout"])
    }),
    ("cache", |b, a, _| {
        idle(
            b,
            a,
            "cache",
            &[
                "total-max-size",
                "max-object-size",
                "max-age",
                "process-vary",
                "max-secondary-entries",
            ],
        )
    }),
    ("fcgi-app", |b, a, _| {
        let words = &[
            "docroot",
            "index",
            "log-stderr",
            "option",
            "pass-header",
            "path-info",
            "set-param",
            "acl",
            "no",
            "max-reqs",
            "mpxs-conns",
        ];
        idle(b, a, "fcgi-app", words)
    }),
    ("ring", |b, a, _| {
        let words = &[
            "description",
            "format",
            "maxlen",
            "server",
            "size",
            "timeout",
            "backing-file",
        ];
        idle(b, a, "ring", words)
    }),
    ("resolvers", resolvers),
    ("crt-store", crt_store),
    ("peers", peers),
    ("program", |_, a, _| {
        not_yet(a, "a master that starts programs")
    }),
    ("log-forward", |_, a, _| {
        not_yet(a, "receiving log messages")
    }),
    ("log-profile", |_, a, _| not_yet(a, "log profiles")),
    ("traces", |_, a, _| not_yet(a, "traces")),
    ("acme", |_, a, _| not_yet(a, "TLS and its certificates")),
    ("namespace_list", |_, a, _| not_yet(a, "network namespaces")),
];

/// The names of all sections.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SECTIONS.iter().map(|(name, _)| *name)
}

/// How the section of that name is opened.
pub(super) fn find(name: &str) -> Option<Open> {
    SECTIONS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, open)| *open)
}

fn not_yet(args: &Args<'_>, needs: &str) -> Parsed<String> {
    args.fail(&format!(
        "sections are not available yet: they need {needs}"
    ))
}

fn global(builder: &mut Builder, args: &mut Args<'_>, _: &mut Load) -> Parsed<String> {
    builder.section = Section::Global;
    args.end()?;
    Ok("global".to_owned())
}

/// A section's name, of the letters that names may have.
fn name(args: &mut Args<'_>) -> Parsed<Option<String>> {
    let Some(word) = args.peek() else {
        return Ok(None);
    };
    let name = word.text().into_owned();
    if let Some(bad) = bad_letter(&name) {
        let what = format!(
            "character '{bad}' is not permitted in '{}' name '{name}'.",
            args.name
        );
        return alert(word.span, what);
    }
    args.take();
    Ok(Some(name))
}

/// The first letter that a name may not have.
pub(super) fn bad_letter(name: &str) -> Option<char> {
    name.chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')))
}

fn defaults(builder: &mut Builder, args: &mut Args<'_>, load: &mut Load) -> Parsed<String> {
    let head = args.line().span;
    let name = if args.is("from") { None } else { name(args)? };
    let name = name.unwrap_or_default();
    let base = from(builder, args, load, &name)?;
    args.end()?;
    let draft = match base {
        Some(base) => base.draft.inherit(Kind::Defaults, &name, head),
        None => Draft::new(Kind::Defaults, &name, head).with_tls(load),
    };
    builder.section = Section::Proxy(Box::new(draft));
    Ok(if name.is_empty() {
        "defaults".to_owned()
    } else {
        name
    })
}

/// The `defaults` section that `from` names.
fn from<'b>(
    builder: &'b Builder,
    args: &mut Args<'_>,
    load: &Load,
    proxy: &str,
) -> Parsed<Option<&'b Defaults>> {
    if !args.take_if("from") {
        return Ok(None);
    }
    let word = args.word("the name of a defaults section after 'from'")?;
    let wanted = word.text();
    let mut found = builder
        .defaults
        .iter()
        .filter(|defaults| defaults.name() == wanted);
    match (found.next(), found.next()) {
        (None, _) => {
            let message = format!(
                "defaults section '{wanted}' not found for {} '{proxy}'.",
                args.name
            );
            let mut missing = Diagnostic::alert(word.span, message);
            let names = builder.defaults.iter().map(Defaults::name);
            missing.help.extend(suggest::did_you_mean(&wanted, names));
            Err(Box::new(missing))
        }
        (Some(one), Some(other)) => alert(
            word.span,
            format!(
                "ambiguous defaults section name '{wanted}' referenced by proxy '{proxy}' exists \
                 at least at {} and {}.",
                load.place(one.head()),
                load.place(other.head())
            ),
        ),
        (found, None) => Ok(found),
    }
}

fn proxy(
    builder: &mut Builder,
    args: &mut Args<'_>,
    load: &mut Load,
    kind: Kind,
) -> Parsed<String> {
    let head = args.line().span;
    let Some(name) = name(args)? else {
        return args.fail("expects an <id> argument");
    };
    let mut address = None;
    if !args.is("from") {
        address = args.take();
    }
    let base = from(builder, args, load, &name)?;
    args.end()?;
    let base = match base {
        Some(base) => Some(base),
        None => builder.defaults.last(),
    };
    let mut draft = match base {
        Some(base) => {
            base.check_use(kind, head, load)?;
            base.draft.inherit(kind, &name, head)
        }
        None => Draft::new(kind, &name, head).with_tls(load),
    };
    if let Some(word) = address {
        let message = "please use the 'bind' keyword for listening addresses.";
        let text = word.text();
        let help = match kind {
            Kind::Backend => format!("remove '{text}': a backend does not listen"),
            _ => format!("put this line below: `bind {text}`"),
        };
        let refusal = Diagnostic::alert(word.span, message).help(help);
        let result = match kind {
            Kind::Backend => Err(Box::new(refusal)),
            _ => load.old(refusal, WORKS),
        };
        let result = result.and_then(|()| bind_here(&mut draft, word, load));
        load.diagnostics
            .extend(result.err().map(|problem| *problem));
    }
    builder.section = Section::Proxy(Box::new(draft));
    Ok(name)
}

fn userlist(builder: &mut Builder, args: &mut Args<'_>, load: &mut Load) -> Parsed<String> {
    let Some(name) = name(args)? else {
        return Err(Box::new(
            Diagnostic::alert(args.keyword(), "'userlist' expects <name> as arguments.")
                .lead(Lead::Reading),
        ));
    };
    args.end()?;
    if builder.config.userlists.contains_key(&name) {
        load.warn(
            args.keyword(),
            format!("ignoring duplicated userlist '{name}'."),
        );
        return Ok(name);
    }
    builder.section = Section::Userlist(Userlist {
        name: name.clone(),
        ..Userlist::default()
    });
    Ok(name)
}

fn peers(builder: &mut Builder, args: &mut Args<'_>, load: &mut Load) -> Parsed<String> {
    let span = args.line().span;
    let Some(name) = name(args)? else {
        return alert(args.keyword(), "missing name for peers section.");
    };
    args.end()?;
    let same = |other: &&super::Peers| other.settings.name == name;
    if let Some(other) = builder.config.peers.iter().find(same) {
        let what = format!(
            "peers section '{name}' has the same name as another peers section declared at {}.",
            load.place(other.proxy.span)
        );
        return Err(Box::new(
            Diagnostic::alert(args.keyword(), what).lead(Lead::Reading),
        ));
    }
    builder.section = Section::Peers(Box::new(Peers::new(&name, span, load)));
    Ok(name)
}

fn http_errors(builder: &mut Builder, args: &mut Args<'_>, _: &mut Load) -> Parsed<String> {
    let Some(name) = name(args)? else {
        return alert(args.keyword(), "missing name for http-errors section.");
    };
    args.end()?;
    if builder.config.http_errors.contains_key(&name) {
        let what = format!("section '{name}' already exists.");
        return alert(args.keyword(), what);
    }
    builder.section = Section::HttpErrors(name.clone(), ErrorFiles::default());
    Ok(name)
}

fn crt_store(builder: &mut Builder, args: &mut Args<'_>, _: &mut Load) -> Parsed<String> {
    let own = name(args)?.unwrap_or_default();
    args.end()?;
    builder.section = Section::CrtStore(CrtStore::named(&own));
    Ok(own)
}

fn resolvers(builder: &mut Builder, args: &mut Args<'_>, _: &mut Load) -> Parsed<String> {
    let Some(name) = name(args)? else {
        return alert(args.keyword(), "missing name for resolvers section.");
    };
    args.end()?;
    if builder.config.resolvers.contains_key(&name) {
        let what = format!("resolvers '{name}' has same name as another resolvers.");
        return Err(Box::new(
            Diagnostic::alert(args.keyword(), what).lead(Lead::Reading),
        ));
    }
    builder.section = Section::Resolvers(Resolvers::named(&name));
    Ok(name)
}

/// A section that nothing can refer to: its keywords are held against a list, and that is all.
pub(super) struct Idle {
    name: &'static str,
    keywords: &'static [&'static str],
}

fn idle(
    builder: &mut Builder,
    args: &mut Args<'_>,
    name: &'static str,
    keywords: &'static [&'static str],
) -> Parsed<String> {
    let Some(own) = self::name(args)? else {
        return args.fail("expects a name as argument");
    };
    args.end()?;
    builder.section = Section::Idle(Idle { name, keywords });
    Ok(own)
}

impl Idle {
    /// Checks the name of one line.
    pub fn keyword(&self, args: &mut Args<'_>) -> Parsed {
        if self.keywords.contains(&args.name.as_str()) {
            return Ok(());
        }
        let message = format!("unknown keyword '{}' in '{}' section", args.name, self.name);
        let mut unknown = Diagnostic::alert(args.keyword(), message);
        unknown.help.extend(suggest::did_you_mean(
            &args.name,
            self.keywords.iter().copied(),
        ));
        Err(Box::new(unknown))
    }
}
