//! Health checks (manual 4.2 `option httpchk`, `http-check`, `tcp-check`; 5.2).

use super::Endpoint;

/// What kind of probe a backend uses.
#[derive(Debug, Clone, Default)]
pub enum CheckKind {
    /// A bare TCP connect.
    #[default]
    Connect,
    /// `option httpchk` with its `http-check` script.
    Http,
    /// `option tcp-check` with its script.
    Tcp,
    /// `option mysql-check`: the user to log in as, and whether as a client since 4.1 (`post-41`, the
    /// default of HAProxy 2.2 and later); without a user only the greeting is read.
    Mysql {
        /// `user`.
        user: Option<String>,
        /// `pre-41` if true.
        pre_41: bool,
    },
    /// `option pgsql-check user`.
    Pgsql(String),
    /// `option redis-check`.
    Redis,
    /// `option smtpchk [<hello> <domain>]`: the greeting command, default `HELO localhost`.
    Smtp(Option<String>),
    /// `option ldap-check`.
    Ldap,
    /// `option ssl-hello-chk`.
    SslHello,
}

/// One step of a check script.
#[derive(Debug, Clone)]
pub enum Step {
    /// `… connect`: open a connection.
    Connect(Probe),
    /// `tcp-check send`, `send-binary`.
    Send {
        /// The bytes, decoded.
        data: Vec<u8>,
        /// `comment`.
        comment: Option<String>,
    },
    /// `tcp-check send-lf` and `send-binary-lf`.
    SendFormat {
        /// What to render at each check.
        format: crate::sample::Pending<crate::format::Format>,
        /// Rendered text is hexadecimal (`send-binary-lf`).
        hex: bool,
        /// `comment`.
        comment: Option<String>,
    },
    /// `http-check send`.
    HttpSend(Box<HttpSend>),
    /// `… expect`.
    Expect(Box<Expect>),
    /// `… comment`: names what follows, for the message of a failing step.
    Comment(String),
    /// `… set-var`, `set-var-fmt`, `unset-var`: an action on the check's scope.
    Action(crate::sample::Pending<crate::action::Action>),
}

/// `connect` of a script.
#[derive(Debug, Clone, Default)]
pub struct Probe {
    /// `default`: as the server line says.
    pub default: bool,
    /// `port <n>`.
    pub port: Option<u16>,
    /// `port <expr>`.
    pub port_expr: Option<crate::sample::Pending<crate::sample::Sample>>,
    /// `addr`.
    pub addr: Option<Endpoint>,
    /// `send-proxy`.
    pub send_proxy: bool,
    /// `ssl`.
    pub ssl: bool,
    /// `sni`.
    pub sni: Option<String>,
    /// `alpn`.
    pub alpn: Vec<Vec<u8>>,
    /// `proto`.
    pub proto: Option<super::Protocol>,
    /// `linger`. (`via-socks4` is refused at load until it exists.)
    pub linger: bool,
    /// `comment`.
    pub comment: Option<String>,
}

/// `http-check send`.
#[derive(Debug, Clone, Default)]
pub struct HttpSend {
    /// `meth`, default OPTIONS.
    pub method: Option<String>,
    /// `uri`.
    pub uri: Option<String>,
    /// `uri-lf`.
    pub uri_format: Option<crate::sample::Pending<crate::format::Format>>,
    /// `ver`, as written (`HTTP/1.0` by default).
    pub version: Option<String>,
    /// `hdr` name and value format, in order.
    pub headers: Vec<(String, crate::sample::Pending<crate::format::Format>)>,
    /// `body`.
    pub body: Option<Vec<u8>>,
    /// `body-lf`.
    pub body_format: Option<crate::sample::Pending<crate::format::Format>>,
    /// `comment`.
    pub comment: Option<String>,
}

/// What an `expect` looks at.
#[derive(Debug, Clone)]
pub enum ExpectKind {
    /// `status` codes and ranges.
    Status(Vec<(u16, u16)>),
    /// `rstatus`.
    StatusRegex(crate::regex::Regex),
    /// `string`.
    Text(Vec<u8>),
    /// `rstring`.
    Regex(crate::regex::Regex),
    /// `binary`.
    Binary(Vec<u8>),
    /// `rbinary`: a regex on the hexadecimal text.
    BinaryRegex(crate::regex::Regex),
    /// `string-lf` / `binary-lf` (true for the latter).
    Format(crate::sample::Pending<crate::format::Format>, bool),
    /// `hdr` and `fhdr`.
    Header(Box<HeaderExpect>),
    /// `custom`: passes.
    Custom,
}

/// How `hdr`/`fhdr` compare a name or a value (`-m`).
#[derive(Debug, Clone)]
pub enum HeaderMatch {
    /// `-m str`, the default.
    Exact(HeaderPattern),
    /// `-m beg`
    Prefix(HeaderPattern),
    /// `-m end`
    Suffix(HeaderPattern),
    /// `-m sub`
    Substring(HeaderPattern),
    /// `-m reg`; a regex cannot be a format.
    Regex(crate::regex::Regex),
}

/// What is compared: as written (`name`, `value`) or rendered at each check (`name-lf`, `value-lf`).
#[derive(Debug, Clone)]
pub enum HeaderPattern {
    /// As written.
    Text(Vec<u8>),
    /// A format.
    Format(crate::sample::Pending<crate::format::Format>),
}

/// `hdr { name | name-lf } [-m …] <name> [{ value | value-lf } [-m …] <value>]` and `fhdr …`.
#[derive(Debug, Clone)]
pub struct HeaderExpect {
    /// `fhdr`: values are whole lines; `hdr` takes them apart at commas.
    pub full: bool,
    /// Which headers; compared without case.
    pub name: HeaderMatch,
    /// What one of them must have; `None`: that there is one.
    pub value: Option<HeaderMatch>,
}

/// `http-check expect` / `tcp-check expect`.
#[derive(Debug, Clone)]
pub struct Expect {
    /// What to match.
    pub kind: ExpectKind,
    /// `!`.
    pub negate: bool,
    /// `min-recv`.
    pub min_recv: Option<i32>,
    /// `ok-status`, `error-status`, `tout-status`: codes such as `L7OK`.
    pub ok_status: Option<&'static str>,
    /// See `ok_status`.
    pub error_status: Option<&'static str>,
    /// See `ok_status`.
    pub timeout_status: Option<&'static str>,
    /// `on-success`.
    pub on_success: Option<crate::sample::Pending<crate::format::Format>>,
    /// `on-error`.
    pub on_error: Option<crate::sample::Pending<crate::format::Format>>,
    /// `status-code <expr>`.
    pub status_code: Option<crate::sample::Pending<crate::sample::Sample>>,
    /// `comment`.
    pub comment: Option<String>,
    /// The pattern as written, for messages.
    pub text: String,
}

/// `observe`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Observe {
    /// Off.
    #[default]
    None,
    /// Connection errors.
    Layer4,
    /// HTTP errors.
    Layer7,
}

/// `on-error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// Force fastinter.
    FastInter,
    /// Simulate a failed check.
    #[default]
    FailCheck,
    /// Simulate a pre-fatal failed check.
    SuddenDeath,
    /// Mark down at once.
    MarkDown,
}

/// `on-marked-down`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnMarkedDown {
    /// Leave sessions.
    #[default]
    None,
    /// `shutdown-sessions`.
    ShutdownSessions,
}

/// `on-marked-up`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnMarkedUp {
    /// Leave sessions.
    #[default]
    None,
    /// `shutdown-backup-sessions`.
    ShutdownBackupSessions,
}
