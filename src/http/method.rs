//! The methods that mean something to a proxy.

/// A request method by name; anything the proxy gives no meaning to is [`Method::Other`].
///
/// The names are those that HAProxy's `meth` type knows (configuration manual, 7.1 "Predefined types").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Method {
    /// `OPTIONS`
    Options,
    /// `GET`
    #[default]
    Get,
    /// `HEAD`: its answers carry no body, whatever their head says.
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
    /// `TRACE`
    Trace,
    /// `CONNECT`: a 2xx answer turns the connection into a tunnel.
    Connect,
    /// Any other token; the bytes are in the head.
    Other,
}

impl Method {
    /// Recognises a method. Methods are case-sensitive (RFC 9110 9.1).
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            b"GET" => Self::Get,
            b"POST" => Self::Post,
            b"HEAD" => Self::Head,
            b"PUT" => Self::Put,
            b"DELETE" => Self::Delete,
            b"OPTIONS" => Self::Options,
            b"TRACE" => Self::Trace,
            b"CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }

    /// The method's name, empty for [`Method::Other`].
    pub fn name(self) -> &'static [u8] {
        match self {
            Self::Options => b"OPTIONS",
            Self::Get => b"GET",
            Self::Head => b"HEAD",
            Self::Post => b"POST",
            Self::Put => b"PUT",
            Self::Delete => b"DELETE",
            Self::Trace => b"TRACE",
            Self::Connect => b"CONNECT",
            Self::Other => b"",
        }
    }

    /// Whether a repeated request does no more than the first one (RFC 9110 9.2.2).
    pub fn is_idempotent(self) -> bool {
        !matches!(self, Self::Post | Self::Connect | Self::Other)
    }

    /// Whether the request only reads (RFC 9110 9.2.1).
    pub fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options | Self::Trace)
    }
}
