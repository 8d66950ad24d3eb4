//! Matching methods (`-m`) and what they can be held against (manual 7.1).

use crate::sample::Type;

/// How a sample is held against patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// The sample exists.
    Found,
    /// It is true or not zero.
    Bool,
    /// A number or a range of numbers.
    Int,
    /// Two numbers with a dot between them (`req.ssl_ver 3.1`).
    Version,
    /// An address or network.
    Ip,
    /// Bytes in hexadecimal.
    Bin,
    /// The length, as a number or range.
    Len,
    /// The whole string.
    Str,
    /// Its beginning.
    Beg,
    /// A part of it.
    Sub,
    /// Parts between slashes.
    Dir,
    /// Parts between dots, slashes and colons.
    Dom,
    /// Its end.
    End,
    /// A regular expression.
    Reg,
}

/// Every method's name, in the order of the manual; `Version` has none, some fetches imply it.
pub const METHODS: [(&str, Method); 13] = [
    ("found", Method::Found),
    ("bool", Method::Bool),
    ("int", Method::Int),
    ("ip", Method::Ip),
    ("bin", Method::Bin),
    ("len", Method::Len),
    ("str", Method::Str),
    ("beg", Method::Beg),
    ("sub", Method::Sub),
    ("dir", Method::Dir),
    ("dom", Method::Dom),
    ("end", Method::End),
    ("reg", Method::Reg),
];

impl Method {
    /// The method of this name.
    pub fn of(name: &[u8]) -> Option<Self> {
        METHODS
            .iter()
            .find(|(known, _)| known.as_bytes() == name)
            .map(|(_, method)| *method)
    }

    /// Its name after `-m`.
    pub fn name(self) -> &'static str {
        METHODS
            .iter()
            .find(|(_, method)| *method == self)
            .map_or("int", |(name, _)| name)
    }

    /// The method that a type implies; bytes imply none.
    pub fn implied(ty: Type) -> Option<Self> {
        Some(match ty {
            Type::Bool => Self::Bool,
            Type::Int => Self::Int,
            Type::Addr | Type::Ipv4 | Type::Ipv6 => Self::Ip,
            Type::Str | Type::Meth => Self::Str,
            Type::Bin | Type::Any => return None,
        })
    }

    /// True if samples of this type can be held against its patterns (HAProxy's casts).
    pub fn takes(self, ty: Type) -> bool {
        match self {
            Self::Bool | Self::Int | Self::Version => !matches!(ty, Type::Bin | Type::Meth),
            Self::Ip => !matches!(ty, Type::Bool | Type::Bin | Type::Meth),
            _ => true,
        }
    }

    /// True if `eq`, `gt` and kin may stand before its patterns.
    pub fn has_operators(self) -> bool {
        matches!(self, Self::Int | Self::Len | Self::Version)
    }
}
