//! Where an expression stands, and so what can be known there (manual 7.3, 4.2).

/// A checkpoint of a stream's life, or another place that takes expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// An `acl` line: nothing is refused here, each condition that uses the ACL asks for its own place.
    Acl,
    /// `tcp-request connection`: addresses only.
    TcpConnection,
    /// `tcp-request session`: handshakes are done.
    TcpSession,
    /// `tcp-request content` in a frontend.
    FrontContent,
    /// `http-request` in a frontend; `use_backend`, `redirect`, `monitor fail`, `capture`.
    FrontRequest,
    /// `tcp-request content` in a backend.
    BackContent,
    /// `http-request` in a backend; `balance hash`.
    BackRequest,
    /// `stick match` and kin, and the condition of `use-server`.
    BackServer,
    /// `tcp-response content`.
    ResponseContent,
    /// `http-response` in a backend.
    BackResponse,
    /// `stick store-response`.
    StickStore,
    /// `http-response` and `http-after-response` in a frontend.
    FrontResponse,
    /// `log-format` and kin.
    Log,
    /// `http-check` and `tcp-check`.
    Check,
    /// `global` `set-var`, and command line.
    Config,
}

impl Place {
    /// Whether rules there see what has come so far, and may wait for more.
    pub fn is_content(self) -> bool {
        matches!(
            self,
            Self::FrontContent | Self::BackContent | Self::ResponseContent
        )
    }

    /// What an expression there is called in HAProxy's messages about names that do not exist; `None` for an ACL.
    pub fn expression(self) -> Option<&'static str> {
        Some(match self {
            Self::Acl | Self::Check | Self::Config => return None,
            Self::TcpConnection => "tcp-request connection expression",
            Self::TcpSession => "tcp-request session expression",
            Self::FrontContent | Self::BackContent => "tcp-request content expression",
            Self::FrontRequest | Self::BackRequest => "http-request expression",
            Self::BackServer | Self::StickStore => "stick rule",
            Self::ResponseContent => "tcp-response content expression",
            Self::BackResponse | Self::FrontResponse => "http-response response",
            Self::Log => "log-format string",
        })
    }

    /// The place in HAProxy's messages.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Acl => "acl",
            Self::TcpConnection => "frontend tcp-request connection rule",
            Self::TcpSession => "frontend tcp-request session rule",
            Self::FrontContent => "frontend tcp-request content rule",
            Self::FrontRequest => "frontend http-request header rule",
            Self::BackContent => "backend tcp-request content rule",
            Self::BackRequest => "backend http-request header rule",
            Self::BackServer => "backend use-server, balance or stick-match rule",
            Self::ResponseContent => "backend tcp-response content rule",
            Self::BackResponse => "backend http-response header rule",
            Self::StickStore => "backend stick-store rule",
            Self::FrontResponse => "frontend http-response header rule",
            Self::Log => "logs",
            Self::Check => "backend tcp-check rule",
            Self::Config => "configuration parser",
        }
    }
}
