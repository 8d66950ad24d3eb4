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

/// The part of a request target that is hashed. `target` is as the client sent it; `None` if
/// `path-only` finds no path.
pub fn key<'a>(target: &'a [u8], options: &Options) -> Option<&'a [u8]> {
    let target = if options.path_only {
        path(target)?
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
    Some(&target[..end.unwrap_or(limit)])
}

/// The target from its path on: all of an origin-form target, what follows the authority of an
/// absolute one.
fn path(target: &[u8]) -> Option<&[u8]> {
    if target.first() == Some(&b'/') {
        return Some(target);
    }
    let after_scheme = memchr::memmem::find(target, b"://")? + 3;
    let authority = memchr::memchr(b'/', &target[after_scheme..])?;
    Some(&target[after_scheme + authority..])
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
            ("/a/b/c?x=1", plain, Some("/a/b/c")),
            ("/a/b/c?x=/1", whole, Some("/a/b/c?x=/1")),
            ("/a/b/c?x=1", len, Some("/a/b/c")),
            ("/a/b/cdef", len, Some("/a/b/c")),
            ("/a/b/c", depth(1), Some("/a")),
            ("/a/b/c", depth(2), Some("/a/b")),
            ("/a/b/c", depth(7), Some("/a/b/c")),
            ("http://h/a/b", depth(1), Some("http:/")),
            ("http://h/a/b", path_only, Some("/a/b")),
            ("http://h", path_only, None),
            ("*", path_only, None),
        ] {
            let got = key(target.as_bytes(), &options);
            assert_eq!(got, wanted.map(str::as_bytes), "{target} {options:?}");
        }
    }
}
