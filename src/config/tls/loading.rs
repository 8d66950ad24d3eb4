//! Certificates whose files are named one by one: `crt-store` sections and `ssl-f-use` lines (manual 3.x, 3.11 and 4.2).

use std::path::PathBuf;
use std::sync::Arc;

use super::super::args::{Args, Parsed, alert};
use super::super::draft::Draft;
use super::super::keyword::{Keyword, Sections, keyword, within};
use super::super::load::Load;
use super::{bind, files};
use crate::diag::{Diagnostic, Lead, Span};
use crate::settings::{Bind, Secured};
use crate::tls::store::full_name;
use crate::tls::{Beside, Certificate, FrontSettings, List, Slot, Source};

/// A `crt-store` section that is open.
#[derive(Debug, Default)]
pub(in super::super) struct CrtStore {
    /// Its name; none is the one whose certificates are known by their files.
    name: String,
    /// `crt-base` of the section.
    crt_base: Option<PathBuf>,
    /// `key-base` of the section.
    key_base: Option<PathBuf>,
}

impl CrtStore {
    /// One of this name.
    pub(in super::super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}

/// Keywords of a `crt-store` section.
pub(in super::super) const STORE: &[Keyword<CrtStore>] = &[
    keyword(
        "crt-base",
        "<directory>",
        "where certificates of the section begin",
        |s, a, _| {
            s.crt_base = Some(PathBuf::from(a.text("a directory")?));
            Ok(())
        },
    ),
    keyword(
        "key-base",
        "<directory>",
        "where keys of the section begin",
        |s, a, _| {
            s.key_base = Some(PathBuf::from(a.text("a directory")?));
            Ok(())
        },
    ),
    keyword(
        "load",
        "crt <file> [key|ocsp|issuer <file>]* [alias <name>] [ocsp-update on|off]",
        "a certificate by its files",
        |store, args, load| {
            let (mut files, mut fresh) = (Files::default(), None);
            while let Some(word) = args.take() {
                match &*word.text() {
                    "ocsp-update" => fresh = Some(args.on_off()?),
                    name if files.take(name, args, load)? => {}
                    name => {
                        let message = format!("'load' : unknown keyword '{name}'");
                        return alert(word.span, message);
                    }
                }
            }
            let loaded = files.load(store, args, load)?;
            if let Some(fresh) = fresh {
                load.tls.store.keep_fresh(&loaded.name, fresh);
            }
            Ok(())
        },
    ),
];

/// Keywords of a frontend.
pub(in super::super) const FRONTEND: &[Keyword<Draft>] = &[within(
    Sections::FRONT.union(Sections::STRICTLY),
    "ssl-f-use",
    "crt <file> [<option>]*",
    "a certificate for `bind` lines that name none",
    f_use,
)];

/// The files of a certificate, as words name them.
#[derive(Debug, Default)]
struct Files {
    crt: Option<String>,
    key: Option<String>,
    ocsp: Option<String>,
    issuer: Option<String>,
    alias: Option<String>,
}

impl Files {
    /// Takes a word and its value, if it is one of those.
    fn take(&mut self, word: &str, args: &mut Args<'_>, load: &mut Load) -> Parsed<bool> {
        let place = match word {
            "crt" => &mut self.crt,
            "key" => &mut self.key,
            "ocsp" => &mut self.ocsp,
            "issuer" => &mut self.issuer,
            "alias" => &mut self.alias,
            "sctl" => {
                let file = args.word("a file")?;
                load.warn(file.span, "'sctl' files are not used");
                return Ok(true);
            }
            _ => return Ok(false),
        };
        let value = args.word("a file")?;
        match place.replace(value.text().into_owned()) {
            None => Ok(true),
            Some(_) => args.fail_at(value.span, &format!("'{word}' stands there twice")),
        }
    }

    /// Loads the certificate into a store.
    fn load(
        self,
        store: &CrtStore,
        args: &Args<'_>,
        load: &mut Load,
    ) -> Parsed<Arc<Slot<Certificate>>> {
        let Some(crt) = self.crt else {
            return args.fail("expects 'crt <file>'");
        };
        let crt_base = store.crt_base.as_ref().or(load.tls.crt_base.as_ref());
        let key_base = store.key_base.as_ref().or(load.tls.key_base.as_ref());
        let (file, directory) = (full_name(crt_base, &crt), &load.directory);
        let path = directory.join(&file);
        let beside = |base: Option<&PathBuf>, name: &Option<String>| {
            name.as_ref()
                .map(|name| directory.join(full_name(base, name)))
        };
        let named = self.key.is_some() || self.ocsp.is_some() || self.issuer.is_some();
        let beside = match named {
            false => load.tls.extras.beside(&path),
            true => Beside {
                key: beside(key_base, &self.key),
                issuer: beside(crt_base, &self.issuer),
                ocsp: beside(crt_base, &self.ocsp),
                named,
            },
        };
        let name = match (&self.alias, &*store.name) {
            (Some(alias), store) => format!("@{store}/{alias}"),
            (None, "") => file,
            (None, store) => format!("@{store}/{crt}"),
        };
        files::assembled(&name, &path, &beside, (args.keyword(), &args.name), load)
    }
}

/// `ssl-f-use`: a line of the frontend's own list. Words that are no files are options of that line.
fn f_use(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let (mut files, mut options) = (Files::default(), Vec::new());
    while let Some(word) = args.take() {
        let text = word.text();
        if !files.take(&text, args, load)? {
            options.push(text.into_owned());
        }
    }
    let bare = files.key.is_none() && files.ocsp.is_none() && files.issuer.is_none();
    let certificates = match (&files.crt, bare) {
        // What other lines have loaded is used here too.
        (Some(crt), true) => files::named(crt, args.keyword(), &args.name, load)?,
        _ => vec![files.load(&CrtStore::default(), args, load)?],
    };
    let name = format!("@{}", draft.proxy.name);
    let list = draft.f_use.get_or_insert_with(|| {
        let list = Arc::new(List::new(&name, false, Vec::new()));
        load.tls.store.lists.enter(&name, list.clone());
        list
    });
    let options = (!options.is_empty()).then(|| options.join(" "));
    for certificate in certificates {
        list.add(certificate, options.clone(), Vec::new());
    }
    Ok(())
}

/// A `bind` line that names no certificate, and what is said if nobody else does.
#[derive(Debug)]
pub(in super::super) struct Bare {
    /// What is said if it gets none.
    pub problem: Box<Diagnostic>,
    /// How it says what else is missing.
    pub missing: Missing,
}

/// How messages say that a line lacks something.
#[derive(Debug)]
pub(in super::super) struct Missing {
    /// The proxy.
    pub proxy: String,
    /// The address.
    pub text: String,
    /// The place as text.
    pub place: String,
    /// The place.
    pub span: Span,
}

impl Missing {
    /// It lacks this.
    pub(super) fn say(&self, what: &str, cure: &str) -> Box<Diagnostic> {
        let Self {
            proxy, text, place, ..
        } = self;
        let message =
            format!("Proxy '{proxy}': {what} specified for bind '{text}' at [{place}]{cure}.");
        Box::new(Diagnostic::alert(self.span, message).lead(Lead::Bare))
    }
}

/// Gives `bind` lines without certificates those of the frontend's `ssl-f-use` lines.
pub(in super::super) fn finish(draft: &mut Draft, load: &mut Load) {
    let bare = std::mem::take(&mut load.tls.bare);
    let Some(list) = draft.f_use.clone() else {
        let told = bare.into_iter().map(|line| *line.problem);
        return load.diagnostics.extend(told);
    };
    let mut bare = bare.into_iter();
    let mut made: Vec<(Secured, Secured)> = Vec::new();
    for bind in draft.proxy.binds.iter_mut().filter(|bind| lacks(bind)) {
        if let Some((_, own)) = made.iter().find(|(before, _)| *before == bind.tls) {
            bind.tls = own.clone();
            continue;
        }
        let before = bind.tls.clone();
        let tls: &mut FrontSettings = bind::tls(bind);
        tls.sources.push(Source::List(list.clone()));
        if let Some(Bare { missing, .. }) = bare.next()
            && let Err(problem) = super::list::complete(tls, &missing, load)
        {
            load.diagnostics.push(*problem);
        }
        made.push((before, bind.tls.clone()));
    }
}

fn lacks(bind: &Bind) -> bool {
    bind.ssl
        && bind
            .tls
            .0
            .as_ref()
            .is_some_and(|tls| tls.sources.is_empty())
}
