//! A proxy while its section is read, and what `defaults` hands on to it.

use super::args::{Args, Parsed, alert};
use super::load::Load;
use super::model::{Proxy, Rules};
use crate::acl::Acls;
use crate::diag::{Diagnostic, Lead, Span};
use crate::format::{self, FormatUse};
use crate::sample::{Captures, Contents, Context, Place};
use crate::settings::{self, CheckKind, Kind, Mode, Server, Step};
use crate::syntax::Word;

/// Which log line a proxy writes.
#[derive(Debug, Clone)]
pub(super) enum LogChoice {
    /// `option httplog`
    Http,
    /// `option httplog clf`
    Clf,
    /// `option httpslog`
    Https,
    /// `option tcplog`
    Tcp,
    /// `log-format`
    Format(Word),
}

impl LogChoice {
    /// The words that choose it.
    fn directive(&self) -> &'static str {
        match self {
            Self::Http => "option httplog",
            Self::Clf => "option httplog clf",
            Self::Https => "option httpslog",
            Self::Tcp => "option tcplog",
            Self::Format(_) => "log-format",
        }
    }
}

/// Kinds of rules, in the order in which they run; for warnings about lines in another order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// `tcp-request connection`
    TcpConnection,
    /// `tcp-request session`
    TcpSession,
    /// `tcp-request content`
    TcpContent,
    /// `monitor fail`
    MonitorFail,
    /// `http-request`
    HttpRequest,
    /// `redirect`
    Redirect,
    /// `use_backend`
    UseBackend,
    /// `use-server`
    UseServer,
}

impl Rank {
    const ALL: [(Self, &'static str); 8] = [
        (Self::TcpConnection, "a 'tcp-request connection'"),
        (Self::TcpSession, "a 'tcp-request session'"),
        (Self::TcpContent, "a 'tcp-request content'"),
        (Self::MonitorFail, "a 'monitor fail'"),
        (Self::HttpRequest, "an 'http-request'"),
        (Self::Redirect, "a 'redirect'"),
        (Self::UseBackend, "a 'use_backend'"),
        (Self::UseServer, "a 'use-server'"),
    ];
}

/// A proxy under construction.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// What is built.
    pub proxy: Proxy,
    /// What `default-server` lines have set.
    pub default_server: Server,
    /// The log line, and the place that asked for it.
    pub log: Option<(LogChoice, Span)>,
    /// `log-format-sd` and its place.
    pub log_sd: Option<Word>,
    /// `error-log-format` and its place.
    pub error_log: Option<Word>,
    /// `unique-id-format` and its place.
    pub unique_id: Option<Word>,
    /// Kinds of rules seen in this section.
    pub seen: Vec<Rank>,
    /// Rulesets of this section whose last rule ends them whatever comes.
    pub ended: Vec<&'static str>,
    /// How many `block` rules stand before the other `http-request` rules.
    pub blocks: usize,
    /// `monitor-net`
    pub monitor_net: Option<Word>,
    /// Rulesets without HAProxy's warning for that, and the rule that ends them.
    pub closed: Vec<(&'static str, Span)>,
    /// `http-check` steps.
    pub http_steps: Vec<Step>,
    /// `tcp-check` steps.
    pub tcp_steps: Vec<Step>,
    /// Timeouts that this section has set.
    pub timeouts: Vec<&'static str>,
    /// The place of `balance`.
    pub balance: Option<Span>,
    /// What `errorfiles` names, with its places.
    pub error_sections: Vec<(String, Span)>,
    /// `tcp-request content track-sc` rules: their places, and what they depend on.
    pub content_tracks: Vec<(Span, Contents)>,
    /// Lines of this section that need `mode http`: what they are called.
    pub needs_http: Vec<(&'static str, Span)>,
    /// `tcp-request content switch-mode` stands here: rules for HTTP are not idle in TCP mode.
    pub switches_mode: bool,
    /// `ssl-f-use` lines.
    pub f_use: Option<std::sync::Arc<crate::tls::List>>,
}

impl Draft {
    /// A proxy without defaults.
    pub fn new(kind: Kind, name: &str, head: Span) -> Self {
        Self {
            proxy: Proxy {
                name: name.to_owned(),
                kind,
                span: head,
                id: 0,
                settings: settings::Proxy::default(),
                binds: Vec::new(),
                servers: Vec::new(),
                rules: Rules::default(),
                use_backend: Vec::new(),
                default_backend: None,
                use_server: Vec::new(),
                stick: Vec::new(),
                monitor_fail: Vec::new(),
                persist: Vec::new(),
                log_format: None,
                log_format_sd: None,
                error_log_format: None,
                unique_id_format: None,
                table: None,
                captures: Captures::default(),
                acls: Acls::default(),
            },
            default_server: Server::default(),
            log: None,
            log_sd: None,
            error_log: None,
            unique_id: None,
            seen: Vec::new(),
            ended: Vec::new(),
            closed: Vec::new(),
            blocks: 0,
            monitor_net: None,
            http_steps: Vec::new(),
            tcp_steps: Vec::new(),
            timeouts: Vec::new(),
            balance: None,
            error_sections: Vec::new(),
            needs_http: Vec::new(),
            content_tracks: Vec::new(),
            switches_mode: false,
            f_use: None,
        }
    }

    /// A proxy that starts from this `defaults` section. ACLs stay behind; rules come along.
    pub fn inherit(&self, kind: Kind, name: &str, head: Span) -> Self {
        let mut draft = self.clone();
        draft.proxy.kind = kind;
        draft.proxy.name = name.to_owned();
        draft.proxy.span = head;
        draft.proxy.acls = Acls::default();
        draft.seen = Vec::new();
        draft.ended = Vec::new();
        draft.closed = Vec::new();
        draft.blocks = 0;
        draft.timeouts = Vec::new();
        draft.needs_http = Vec::new();
        draft.content_tracks = Vec::new();
        if kind == Kind::Defaults {
            // Rules belong to the section they stand in, also between `defaults` sections.
            draft.proxy.rules = Rules::default();
        }
        if !kind.front() && kind != Kind::Defaults {
            draft.log = None;
            draft.log_sd = None;
            draft.error_log = None;
            draft.unique_id = None;
            draft.monitor_net = None;
            draft.proxy.default_backend = None;
        }
        draft
    }

    /// How messages call it: `frontend 'www'`.
    pub fn title(&self) -> String {
        format!("{} '{}'", title(self.proxy.kind), self.proxy.name)
    }

    /// Notes a rule; warns if it runs before one that stands above it.
    pub fn rank(&mut self, rank: Rank, name: &str, span: Span, load: &mut Load) {
        let above = Rank::ALL
            .iter()
            .find(|(other, _)| *other > rank && self.seen.contains(other));
        if let Some((_, after)) = above {
            load.warn(
                span,
                format!(
                    "a '{name}' rule placed after {after} rule will still be processed before."
                ),
            );
        }
        self.seen.push(rank);
    }

    /// Notes a rule of this ruleset; warns if the one before it leaves nothing for it. `finals` are
    /// the actions behind which no rule runs.
    pub fn ends(
        &mut self,
        ruleset: &'static str,
        finals: &[&str],
        args: &Args<'_>,
        load: &mut Load,
    ) {
        if self.ended.contains(&ruleset) {
            let message = format!(
                "previous '{ruleset}' action is final and has no condition attached, further entries are NOOP."
            );
            let warning = Diagnostic::warning(args.keyword(), message).lead(Lead::Reading);
            load.diagnostics.push(warning);
        }
        self.ended.retain(|other| *other != ruleset);
        let conditional = |word: &&Word| matches!(word.bytes.as_slice(), b"if" | b"unless");
        let action = args.peek().map(|word| word.text());
        if action.is_some_and(|action| finals.contains(&&*action))
            && !args.line().words.iter().any(|word| conditional(&word))
        {
            self.ended.push(ruleset);
        }
    }

    /// As [`Self::ends`] for rulesets about which HAProxy says nothing: warns about a rule that is never
    /// reached, and notes one that ends the ruleset because it is final and has no condition.
    pub fn closes(
        &mut self,
        ruleset: &'static str,
        is_final: bool,
        args: &Args<'_>,
        load: &mut Load,
    ) {
        if let Some((_, end)) = self.closed.iter().find(|(other, _)| *other == ruleset) {
            let message = format!(
                "this '{ruleset}' rule is never reached: the one at line {} is final and has no condition.",
                end.line
            );
            let warning = Diagnostic::warning(args.keyword(), message).help(format!(
                "put it above line {}, or give that one a condition",
                end.line
            ));
            load.diagnostics.push(warning);
        }
        let mut words = args.line().words.iter();
        let conditional = words.any(|word| matches!(word.bytes.as_slice(), b"if" | b"unless"));
        if is_final && !conditional {
            self.closed.push((ruleset, args.keyword()));
        }
    }

    /// Warns if a log line was chosen in this section before.
    pub fn override_log(&mut self, now: &str, span: Span, load: &mut Load) {
        if let Some((before, place)) = &self.log
            && place.line >= self.proxy.span.line
            && place.file == self.proxy.span.file
            && before.directive() != now
        {
            let message = format!(
                "'{now}' overrides previous '{}' in '{}' section.",
                before.directive(),
                title(self.proxy.kind)
            );
            let warning = Diagnostic::warning(span, message).lead(Lead::Reading);
            load.diagnostics.push(warning);
        }
    }

    /// Its servers begin with what `global` says of TLS.
    pub fn with_tls(mut self, load: &Load) -> Self {
        self.default_server.tls = load.tls.back.clone();
        self
    }

    /// What reading expressions, conditions and rules needs to know.
    pub fn context<'a>(&'a mut self, place: Place, load: &'a mut Load) -> Context<'a> {
        Context {
            place,
            kind: self.proxy.kind,
            mode: self.proxy.settings.mode,
            proxy: &self.proxy.name,
            acls: &self.proxy.acls,
            stick_counters: load.stick_counters(),
            experimental: load.experimental,
            contents: Contents::default(),
            captures: &mut self.proxy.captures,
            file: &load.file,
            files: &load.files,
            directory: load.directory.clone(),
            diagnostics: &mut load.diagnostics,
        }
    }

    /// Where a request rule of this section stands.
    pub fn request_place(&self) -> Place {
        match self.proxy.kind {
            Kind::Frontend => Place::FrontRequest,
            _ => Place::BackRequest,
        }
    }

    /// The section has ended: formats are read now, when the mode is known.
    pub fn finish(&mut self, load: &mut Load) {
        super::tls::loading::finish(self, load);
        self.script(load);
        self.tracked_content(load);
        for result in [super::proxy::monitor_net(self, load), self.formats(load)] {
            if let Err(problem) = result
                && !load.diagnostics.contains(&problem)
            {
                load.diagnostics.push(*problem);
            }
        }
    }

    /// HAProxy's warnings about keys that are tracked at the wrong time, or that may not have come.
    fn tracked_content(&mut self, load: &mut Load) {
        if !self.proxy.kind.front() {
            return;
        }
        const RULE: &str = "a 'tcp-request content track-sc*' rule";
        let settings = &self.proxy.settings;
        let who = match self.proxy.kind {
            Kind::Listen => "proxy",
            _ => "frontend",
        };
        for (span, contents) in &self.content_tracks {
            let what = match (contents.expr.get(), contents.cond.get()) {
                (true, _) if settings.inspect_delay.is_none() => {
                    "explicitly depending on request contents without any 'tcp-request inspect-delay' setting. This means \
                     that this rule will randomly find its contents. This can be fixed by setting the tcp-request \
                     inspect-delay."
                }
                (false, false) if settings.mode == Mode::Http => {
                    "not depending on request contents for an HTTP frontend should be executed at the session level, using \
                     a 'tcp-request session' rule (mandatory to track invalid HTTP requests)."
                }
                _ => continue,
            };
            let message = format!("{who} '{}' : {RULE} {what}", self.proxy.name);
            let warning = Diagnostic::warning(*span, message).lead(Lead::Bare);
            load.diagnostics.push(warning);
        }
    }

    /// Takes the script of the kind of check that is used.
    fn script(&mut self, load: &mut Load) {
        if !self.proxy.kind.back() {
            return;
        }
        let kind = &self.proxy.settings.check_kind;
        let (http, tcp) = (
            matches!(kind, CheckKind::Http),
            matches!(kind, CheckKind::Tcp),
        );
        let told = [
            (
                !http && !self.http_steps.is_empty(),
                "http-check",
                "option httpchk",
            ),
            (
                !tcp && !self.tcp_steps.is_empty(),
                "tcp-check",
                "option tcp-check",
            ),
        ];
        for (unused, rules, option) in told {
            if unused {
                let title = self.title();
                let message = format!(
                    "{title} uses {rules} rules without '{option}', so the rules are ignored."
                );
                let warning = Diagnostic::warning(self.proxy.span, message).lead(Lead::Bare);
                load.diagnostics.push(warning);
            }
        }
        self.proxy.settings.check_steps = match (http, tcp) {
            (true, _) => std::mem::take(&mut self.http_steps),
            (_, true) => std::mem::take(&mut self.tcp_steps),
            _ => Vec::new(),
        };
    }

    fn formats(&mut self, load: &mut Load) -> Parsed {
        let captures = self.proxy.captures.clone();
        self.proxy.settings.capture_request = captures.request;
        self.proxy.settings.capture_response = captures.response;
        let front = self.proxy.kind.front();
        if let Some((choice, span)) = self.log.clone() {
            if !front {
                ignored_in_backend(self, choice.directive(), span, load);
            } else {
                self.log_format(choice, span, load)?;
                if self.proxy.settings.log.is_empty() {
                    let title = self.title();
                    let message =
                        format!("log format ignored for {title} since it has no log address.");
                    let warning = Diagnostic::warning(span, message).lead(Lead::Bare);
                    load.diagnostics.push(warning);
                }
            }
        }
        for (word, name) in [
            (self.log_sd.clone(), "log-format-sd"),
            (self.error_log.clone(), "error-log-format"),
        ] {
            let Some(word) = word else { continue };
            if !front {
                ignored_in_backend(self, name, word.span, load);
                continue;
            }
            let format = format::parse(&word, &mut self.context(Place::Log, load), FormatUse::Log)
                .map_err(|error| unreadable(name, error))?;
            match name {
                "log-format-sd" => self.proxy.log_format_sd = Some(format),
                _ => self.proxy.error_log_format = Some(format),
            }
        }
        if let Some(word) = self.unique_id.clone() {
            let mut cx = self.context(Place::FrontRequest, load);
            let format = format::parse(&word, &mut cx, FormatUse::UniqueId)
                .map_err(|error| unreadable("unique-id", error))?;
            self.proxy.unique_id_format = Some(format);
        }
        Ok(())
    }

    fn log_format(&mut self, choice: LogChoice, span: Span, load: &mut Load) -> Parsed {
        let http = self.proxy.settings.mode == Mode::Http;
        let directive = choice.directive();
        let text = match choice {
            LogChoice::Format(word) => {
                let format =
                    format::parse(&word, &mut self.context(Place::Log, load), FormatUse::Log)
                        .map_err(|error| unreadable("log-format", error))?;
                self.proxy.log_format = Some(format);
                return Ok(());
            }
            LogChoice::Tcp => format::TCPLOG,
            LogChoice::Http => format::HTTPLOG,
            LogChoice::Clf => format::CLFLOG,
            LogChoice::Https => format::HTTPSLOG,
        };
        let text = match text {
            _ if !http && text != format::TCPLOG => {
                let title = self.title();
                load.warn(
                    span,
                    format!(
                        "'{directive}' not usable with {title} (needs 'mode http'). Falling back to 'option tcplog'."
                    ),
                );
                format::TCPLOG
            }
            _ => text,
        };
        let format = format::built_in(text, span, &mut self.context(Place::Log, load))?;
        self.proxy.log_format = Some(format);
        Ok(())
    }
}

fn ignored_in_backend(draft: &Draft, directive: &str, span: Span, load: &mut Load) {
    let message = format!(
        "{} : '{directive}' directive is ignored in backends.",
        draft.title()
    );
    load.warn(span, message);
}

/// How messages call a kind of section.
pub(super) fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Defaults => "defaults",
        Kind::Frontend => "frontend",
        Kind::Backend => "backend",
        Kind::Listen => "proxy",
    }
}

/// A finished `defaults` section.
pub(super) struct Defaults {
    /// What it hands on.
    pub draft: Draft,
    used_by: std::cell::Cell<(bool, bool)>,
}

impl Defaults {
    /// A section that nothing uses yet.
    pub fn new(draft: Draft) -> Self {
        Self {
            draft,
            used_by: std::cell::Cell::default(),
        }
    }

    /// Its name; empty without one.
    pub fn name(&self) -> &str {
        &self.draft.proxy.name
    }

    /// Where it begins.
    pub fn head(&self) -> Span {
        self.draft.proxy.span
    }

    /// Whether a proxy of this kind may start from it: its rules must be able to run there, and it
    /// may not serve both sides with the same rules.
    pub fn check_use(&self, kind: Kind, span: Span, load: &Load) -> Parsed {
        let rules = &self.draft.proxy.rules;
        let has_rules = !(rules.tcp_connection.is_empty()
            && rules.tcp_session.is_empty()
            && rules.tcp_content.is_empty()
            && rules.http_request.is_empty()
            && rules.tcp_response.is_empty()
            && rules.http_response.is_empty()
            && rules.http_after_response.is_empty());
        if !has_rules {
            return Ok(());
        }
        let place = load.place(self.head());
        let fail = |message: String| -> Parsed {
            let alert: Parsed = alert(span, message);
            alert.map_err(|problem| Box::new(Diagnostic::lead(*problem, Lead::Reading)))
        };
        let (front, back) = self.used_by.get();
        self.used_by.set((
            front || kind == Kind::Frontend,
            back || kind == Kind::Backend,
        ));
        if (front && kind == Kind::Backend) || (back && kind == Kind::Frontend) {
            return fail(format!(
                "frontends and backends cannot inherit from the same defaults section if it defines \
                 TCP/HTTP rules (defaults section at {place})."
            ));
        }
        if kind == Kind::Frontend && !rules.tcp_response.is_empty() {
            return fail(format!(
                "a frontend section cannot inherit from a defaults section defining 'tcp-response \
                 content' rules (defaults section at {place})."
            ));
        }
        if kind == Kind::Backend
            && !(rules.tcp_connection.is_empty() && rules.tcp_session.is_empty())
        {
            return fail(format!(
                "a backend section cannot inherit from a defaults section defining 'tcp-request \
                 connection' or 'tcp-request session' rules (defaults section at {place})."
            ));
        }
        Ok(())
    }
}

/// HAProxy's words around what is wrong with a format.
fn unreadable(what: &str, mut error: Box<Diagnostic>) -> Box<Diagnostic> {
    error.message = format!("failed to parse {what} : {}.", error.message);
    error
}
