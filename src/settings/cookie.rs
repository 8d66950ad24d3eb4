//! `cookie`: the cookie that keeps clients on their servers (manual 4.2).

bitflags::bitflags! {
    /// The words of a `cookie` line that carry no argument.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct CookieOptions: u8 {
        /// `rewrite`: the server's cookie gets another value.
        const REWRITE = 1;
        /// `insert`: the proxy sets the cookie.
        const INSERT = 1 << 1;
        /// `prefix`: the server's cookie gets a prefix.
        const PREFIX = 1 << 2;
        /// `indirect`: servers do not see it, clients get it only when it changes.
        const INDIRECT = 1 << 3;
        /// `nocache`: what carries it is kept from caches.
        const NOCACHE = 1 << 4;
        /// `postonly`: only answers to POST carry it.
        const POSTONLY = 1 << 5;
        /// `preserve`: the server's own is left alone.
        const PRESERVE = 1 << 6;
        /// `dynamic`: servers without a value get one from their address.
        const DYNAMIC = 1 << 7;
        /// Where one of these is set, logs show what became of the cookie.
        const LOGGED = Self::REWRITE.bits() | Self::INSERT.bits() | Self::PREFIX.bits() | Self::INDIRECT.bits();
    }
}

/// A `cookie` line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// What is done.
    pub options: CookieOptions,
    /// `maxidle`, seconds; 0 for none.
    pub maxidle: i64,
    /// `maxlife`, seconds; 0 for none.
    pub maxlife: i64,
    /// What follows the path: domains, `HttpOnly`, `Secure`, `attr`, each with `; ` before it.
    pub attributes: Vec<u8>,
}

/// What a persistence rule says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persist {
    /// `force-persist`: its server is used even if it is down.
    Force,
    /// `ignore-persist`: its cookie does not count.
    Ignore,
}
