//! The run over all lines: which section is open, and what each line adds to it.

use std::collections::HashSet;
use std::path::PathBuf;

use super::advice;
use super::args::{Args, Parsed, Prefix, alert};
use super::draft::{Defaults, Draft};
use super::keyword::{Table, find, unknown};
use super::model::Config;
use super::sections::{self, Section};
use super::tls::{self, loading::CrtStore};
use super::{global, http_errors, peers, proxy, resolvers, userlist, validate};
use crate::diag::{Diagnostic, FileId, Lead, Severity, Sources, Span, has_alert};
use crate::settings::Kind;
use crate::syntax::{Env, Line, Reader};

/// What the command line adds to a configuration.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Refuse what HAProxy does not know.
    pub strict: bool,
    /// Run-time options that are on, for `enabled(…)`.
    pub enabled: Vec<&'static str>,
}

/// What loading gives. The configuration is whole even if there are alerts; it must not be run then.
#[derive(Debug)]
pub struct Loaded {
    /// What was understood.
    pub config: Config,
    /// The files, for snippets.
    pub sources: Sources,
    /// What was found, in the order of the lines, then what concerns the whole.
    pub diagnostics: Vec<Diagnostic>,
}

/// What all keywords may use while lines are read.
#[derive(Default)]
pub(super) struct Load {
    /// What was found so far.
    pub diagnostics: Vec<Diagnostic>,
    /// ACL and map files read so far.
    pub files: crate::acl::Files,
    /// The environment of the following lines.
    pub env: Env,
    /// The name of the file being read.
    pub file: String,
    /// The directory of relative file names.
    pub directory: PathBuf,
    /// Refuse what HAProxy does not know.
    pub strict: bool,
    /// `tune.stick-counters`, once it was read.
    pub stick_counters: Option<u32>,
    /// `expose-experimental-directives`, from its line on.
    pub experimental: bool,
    /// Names of files, by id, for messages about other lines.
    pub names: Vec<String>,
    /// Names that refused lines may have been meant to make: nobody is told that they are missing.
    pub doubtful: HashSet<String>,
    /// A word that HAProxy has removed has been met.
    of_old: bool,
    /// What lines about TLS begin with.
    pub tls: super::tls::Defaults,
}

/// What is said behind HAProxy's refusal of a word that works here.
pub(super) const WORKS: &str = "It still works here.";

impl Load {
    /// A word that HAProxy has removed: its refusal becomes a warning, with a note behind it. Under `--strict-haproxy`
    /// the refusal stands.
    pub fn old(&mut self, mut refusal: Diagnostic, note: &str) -> Parsed {
        if self.strict {
            return Err(Box::new(refusal));
        }
        self.of_old = true;
        let message = refusal.message.trim_end_matches(['.', ' ']);
        refusal.message = format!("{message}. {note}");
        refusal.severity = Severity::Warning;
        self.diagnostics.push(refusal);
        Ok(())
    }

    /// As [`Self::old`], for what is as likely a mistake: it works where the file has shown by other words that it is of old.
    pub fn old_among_others(&mut self, refusal: Diagnostic, note: &str) -> Parsed {
        match self.of_old {
            true => self.old(refusal, note),
            false => Err(Box::new(refusal)),
        }
    }

    /// Ends the line: a word that is left was not expected.
    pub fn end(&mut self, args: &mut Args<'_>) -> Parsed {
        match args.end() {
            Err(problem) => self.extra(args, *problem),
            Ok(()) => Ok(()),
        }
    }

    /// A word too many. What looks like the comment of another language is passed over, as all such words were before
    /// HAProxy 1.8.
    pub fn extra(&mut self, args: &mut Args<'_>, problem: Diagnostic) -> Parsed {
        match args.peek() {
            Some(word) if word.bytes.starts_with(b"//") => {
                self.old(problem, "The rest of the line is taken for a comment.")?;
                args.skip();
                Ok(())
            }
            _ => Err(Box::new(problem)),
        }
    }

    /// Adds a warning about the current line.
    pub fn warn(&mut self, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::warning(span, message));
    }

    /// A line was refused: what it would have named may be missing.
    fn doubt(&mut self, line: &Line) {
        let name = line.words.get(1).map(|word| word.text().into_owned());
        self.doubtful.extend(name);
    }

    /// How many keys may be tracked at once.
    pub fn stick_counters(&self) -> u32 {
        self.stick_counters.unwrap_or(3)
    }

    /// `file:line` of a place.
    pub fn place(&self, span: Span) -> String {
        let name = self
            .names
            .get(usize::from(span.file.0))
            .map_or("", String::as_str);
        format!("{name}:{}", span.line)
    }

    /// Refuses a word that only this program knows, under `--strict-haproxy`.
    pub fn extension(&self, span: Span, what: &str) -> Parsed {
        match self.strict {
            true => alert(
                span,
                format!("'{what}' is not known to HAProxy (--strict-haproxy)"),
            ),
            false => Ok(()),
        }
    }
}

/// Reads and checks the configuration that these files make. `env` is what the first line sees.
pub fn load(sources: Sources, mut env: Env, options: &Options) -> Loaded {
    let names: Vec<String> = sources.files.iter().map(|file| file.name.clone()).collect();
    env.set("HAPROXY_CFGFILES", names.join(";"));
    let mut reader = Reader::new(sources, env, options.enabled.clone());
    let mut load = Load {
        strict: options.strict,
        names,
        ..Load::default()
    };
    let mut builder = Builder::default();
    let mut file = None;
    while let Some(line) = reader.next_line() {
        load.diagnostics.append(&mut reader.diagnostics);
        if file != Some(line.span.file) {
            file = Some(line.span.file);
            builder.enter_file(line.span.file, &mut load);
        }
        std::mem::swap(&mut load.env, &mut reader.env);
        if let Some(section) = builder.line(&line, &mut load) {
            reader.enter_section(&section);
        }
        std::mem::swap(&mut load.env, &mut reader.env);
    }
    load.diagnostics.append(&mut reader.diagnostics);
    builder.close(&mut load);
    let broken = has_alert(&load.diagnostics);
    let env = std::mem::take(&mut reader.env);
    let (sources, _) = reader.into_parts();
    validate::whole(&mut builder, &mut load, broken);
    let mut config = builder.config;
    let default = config.resolvers.entry("default".to_owned());
    default.or_insert_with(|| resolvers::system().into());
    config.env = env.into();
    config.files = load.files.into();
    // Nobody else has set them: the store is this load's own.
    let _ = load.tls.store.bases.set(load.tls.bases());
    config.certificates = load.tls.store;
    Loaded {
        config,
        sources,
        diagnostics: load.diagnostics,
    }
}

/// What is being built.
#[derive(Default)]
pub(super) struct Builder {
    /// What is finished.
    pub config: Config,
    /// Proxies that are finished but for what needs all of them.
    pub proxies: Vec<Draft>,
    /// `defaults` sections, in order.
    pub defaults: Vec<Defaults>,
    /// The section that lines go to.
    pub section: Section,
}

impl Builder {
    /// A file begins: it must start with a section.
    fn enter_file(&mut self, file: FileId, load: &mut Load) {
        self.close(load);
        load.file = load
            .names
            .get(usize::from(file.0))
            .cloned()
            .unwrap_or_default();
    }

    /// Ends the open section.
    pub fn close(&mut self, load: &mut Load) {
        match std::mem::take(&mut self.section) {
            Section::Proxy(draft) if draft.proxy.kind == Kind::Defaults => {
                self.defaults.push(Defaults::new(*draft));
            }
            Section::Proxy(mut draft) => {
                draft.finish(load);
                self.proxies.push(*draft);
            }
            Section::Userlist(list) => userlist::finish(list, &mut self.config, load),
            Section::Peers(peers) => peers::finish(*peers, &mut self.config, load),
            Section::HttpErrors(name, files) => {
                self.config.http_errors.entry(name).or_insert(files.into());
            }
            Section::Resolvers(section) => {
                let name = section.name.clone();
                self.config.resolvers.insert(name, section.into());
            }
            Section::Outside
            | Section::Global
            | Section::CrtStore(_)
            | Section::Idle(_)
            | Section::Refused => {}
        }
    }

    /// Takes one line; gives the name of the section if the line opened one.
    fn line(&mut self, line: &Line, load: &mut Load) -> Option<String> {
        let (prefix, at) = match self.prefix(line) {
            Ok(found) => found,
            Err(problem) => {
                load.diagnostics.push(*problem);
                return None;
            }
        };
        let mut args = Args::new(line, at, prefix);
        if let Some(open) = sections::find(&args.name) {
            self.close(load);
            self.section = Section::Refused;
            return match open(self, &mut args, load) {
                Ok(name) => Some(name),
                Err(problem) => {
                    load.doubt(line);
                    load.diagnostics.push(*problem);
                    None
                }
            };
        }
        let result = self.keyword(&mut args, load);
        load.diagnostics.append(&mut args.notes);
        if let Err(problem) = result {
            load.doubt(line);
            load.diagnostics.push(*problem);
        }
        None
    }

    /// `no` and `default` before a keyword.
    fn prefix(&self, line: &Line) -> Parsed<(Prefix, usize)> {
        const NEGATABLE: [&[u8]; 6] = [
            b"option",
            b"log",
            b"busy-polling",
            b"set-dumpable",
            b"strict-limits",
            b"insecure-fork-wanted",
        ];
        let prefix = match line.words.first().map(|word| word.bytes.as_slice()) {
            Some(b"no") => Prefix::No,
            Some(b"default") => Prefix::Default,
            _ => return Ok((Prefix::None, 0)),
        };
        match line.words.get(1) {
            Some(word)
                if NEGATABLE.contains(&word.bytes.as_slice())
                    || word.bytes == b"numa-cpu-mapping" =>
            {
                Ok((prefix, 1))
            }
            following => {
                let span = line.words.first().map_or(line.span, |word| word.span);
                let mut refused = Diagnostic::alert(
                    span,
                    "negation/default currently supported only for options, log, busy-polling, \
                     set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.",
                );
                if prefix == Prefix::Default && following.is_none() {
                    refused = refused.help("did you mean `defaults`?");
                }
                Err(Box::new(refused.lead(Lead::Reading)))
            }
        }
    }

    fn keyword(&mut self, args: &mut Args<'_>, load: &mut Load) -> Parsed {
        match &mut self.section {
            Section::Outside => {
                let message = format!("unknown keyword '{}' out of section.", args.name);
                let mut unknown = Diagnostic::alert(args.keyword(), message);
                unknown.help.extend(advice::outside(&args.name));
                Err(Box::new(unknown.lead(Lead::Reading)))
            }
            Section::Global => {
                let found = find(global::TABLE, &args.name)
                    .ok_or_else(|| unknown(args, global::TABLE, "global"))?;
                (found.parse)(&mut self.config.global, args, load)?;
                load.end(args)
            }
            Section::Proxy(draft) => proxy::keyword(draft, args, load),
            Section::Userlist(list) => userlist::keyword(list, args, load),
            Section::HttpErrors(_, files) => http_errors::keyword(files, args, load),
            Section::Peers(section) => peers::keyword_line(section, args, load),
            Section::Resolvers(section) => resolvers::keyword(section, args, load),
            Section::CrtStore(store) => {
                const TABLE: Table<CrtStore> = &[tls::loading::STORE];
                let found =
                    find(TABLE, &args.name).ok_or_else(|| unknown(args, TABLE, "crt-store"))?;
                (found.parse)(store, args, load)?;
                load.end(args)
            }
            Section::Idle(idle) => idle.keyword(args),
            Section::Refused => Ok(()),
        }
    }
}
