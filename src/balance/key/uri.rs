//! `balance uri`: the left part of the request target.

/// `whole`, `path-only`, `len`, `depth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// The query is part of the key.
    pub whole: bool,
    /// An absolute target's scheme and authority are not.
    pub path_only: bool,
    /// At most this many bytes, 0 for all.
    pub len: usize,
    /// Up to this many directories (the key ends before the slash that follows), 0 for all.
    pub depth: usize,
}

/// The part of a request target that is hashed. `target` is as the client sent it. Where
/// `path-only` finds no path, the key is empty.
pub fn key<'a>(target: &'a [u8], options: &Options) -> &'a [u8] {
    let target = if options.path_only {
        path(target)
    } else {
        target
    };
    let limit = match options.len {
        0 => target.len(),
        len => target.len().min(len),
    };
    let target = &target[..limit];
    let mut slashes = 0;
    let end = target.iter().position(|&byte| match byte {
        b'/' => {
            slashes += 1;
            slashes == options.depth + 1 && options.depth > 0
        }
        b'?' => !options.whole,
        _ => false,
    });
    &target[..end.unwrap_or(limit)]
}

/// The target from its path on: all of an origin-form target, what follows the authority of an
/// absolute one.
fn path(target: &[u8]) -> &[u8] {
    if target.first() == Some(&b'/') {
        return target;
    }
    let authority = memchr::memmem::find(target, b"://").map(|scheme| &target[scheme + 3..]);
    authority
        .and_then(|rest| memchr::memchr(b'/', rest).map(|slash| &rest[slash..]))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_end_where_the_options_say() {
        let plain = Options::default();
        let whole = Options {
            whole: true,
            ..plain
        };
        let len = Options { len: 6, ..plain };
        let depth = |depth| Options { depth, ..plain };
        let path_only = Options {
            path_only: true,
            ..plain
        };
        for (target, options, wanted) in [
            ("/a/b/c?x=1", plain, "/a/b/c"),
            ("/a/b/c?x=/1", whole, "/a/b/c?x=/1"),
            ("/a/b/c?x=1", len, "/a/b/c"),
            ("/a/b/cdef", len, "/a/b/c"),
            ("/a/b/c", depth(1), "/a"),
            ("/a/b/c", depth(2), "/a/b"),
            ("/a/b/c", depth(7), "/a/b/c"),
            ("http://h/a/b", depth(1), "http:/"),
            ("http://h/a/b", path_only, "/a/b"),
            ("http://h", path_only, ""),
            ("*", path_only, ""),
        ] {
            let got = key(target.as_bytes(), &options);
            assert_eq!(got, wanted.as_bytes(), "{target} {options:?}");
        }
    }
}
