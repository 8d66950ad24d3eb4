//! Which coding a client gets, and which responses are worth it (manual 4.2 `compression`).

use crate::http::Head;
use crate::settings::{Coding, Compression};

/// The coding for a client that sends this request; `None` if it gets none.
pub fn choose(settings: &Compression, request: &Head) -> Option<Coding> {
    if is_broken(request) {
        return None;
    }
    // As in HAProxy what was configured last is found first.
    let offered = || settings.codings.iter().rev().copied();
    let mut best: Option<(Coding, u32)> = None;
    let words = request
        .values(b"accept-encoding")
        .flat_map(|value| value.split(|byte| *byte == b','));
    for word in words {
        let mut parts = word.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(weight).unwrap_or(1000);
        let matches =
            |coding: &Coding| name == b"*" || coding.token().as_bytes().eq_ignore_ascii_case(name);
        if let Some(coding) = offered().find(matches)
            && weight > best.map_or(0, |(_, weight)| weight)
        {
            best = Some((coding, weight));
        }
    }
    // What needs no consent is done for all.
    let plain = || offered().find(|coding| *coding == Coding::Identity);
    best.map(|(coding, _)| coding).or_else(plain)
}

/// The thousandths of `q=0.5`; `None` for other parameters. What is no weight is a whole one.
fn weight(parameter: &[u8]) -> Option<u32> {
    let value = parameter
        .strip_prefix(b"q=")
        .or_else(|| parameter.strip_prefix(b"Q="))?;
    let (&first, rest) = value.split_first()?;
    if first != b'0' {
        return Some(1000);
    }
    let digits = rest.strip_prefix(b".").unwrap_or_default();
    let thousandths = digits
        .iter()
        .take(3)
        .take_while(|digit| digit.is_ascii_digit());
    let (sum, _) = thousandths.fold((0, 100), |(sum, unit), digit| {
        (sum + u32::from(digit - b'0') * unit, unit / 10)
    });
    Some(sum)
}

/// Browsers that say they can and cannot: `Mozilla/4`, but not Internet Explorer 6 with Windows XP's second service pack, nor
/// 7 and later.
fn is_broken(request: &Head) -> bool {
    let Some(agent) = request.find(b"user-agent") else {
        return false;
    };
    let Some(rest) = agent.strip_prefix(b"Mozilla/4") else {
        return false;
    };
    let Some(at) = memchr::memmem::find(rest, b"MSIE ") else {
        return true;
    };
    let version = rest.get(at + 5..).unwrap_or_default();
    match version.first() {
        Some(b'6') => memchr::memmem::find(version, b"SV1").is_none(),
        Some(b'7'..=b'9' | b'1') => false,
        _ => true,
    }
}

/// Whether a response with this head may be coded.
pub fn wants(settings: &Compression, response: &Head, length: Option<u64>) -> bool {
    let coded = response.find(b"content-encoding").is_some();
    let transformable = !response
        .values(b"cache-control")
        .flat_map(|value| value.split(|byte| *byte == b','))
        .any(|word| word.trim_ascii().eq_ignore_ascii_case(b"no-transform"));
    let tag = response.count(b"etag") < 2 && response.values(b"etag").all(is_tag);
    matches!(response.status(), 200..=203)
        && length.is_none_or(|length| length > 0 && length >= settings.least)
        && !coded
        && transformable
        && tag
        && fits(settings, response.find(b"content-type"))
}

fn fits(settings: &Compression, kind: Option<&[u8]>) -> bool {
    let begins = |kind: &[u8], with: &[u8]| {
        kind.get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    match kind {
        None => settings.types.is_empty(),
        Some(kind) if begins(kind, b"multipart") => false,
        Some(kind) => {
            settings.types.is_empty() || settings.types.iter().any(|with| begins(kind, with))
        }
    }
}

/// A tag as RFC 9110 8.8.3 has it; with another kind nothing is known of what it stands for.
fn is_tag(value: &[u8]) -> bool {
    let opaque = value.strip_prefix(b"W/").unwrap_or(value);
    matches!(opaque, [b'"', .., b'"'])
}

/// Says of a coded response that it is the same as the one that its tag stands for, though not byte for byte.
pub fn weaken(response: &mut Head) {
    let strong = response.find(b"etag").filter(|tag| tag.starts_with(b"\""));
    if let Some(tag) = strong {
        let weak = [b"W/", tag].concat();
        response.set(b"etag", &weak);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Version;

    fn chosen(codings: &[Coding], accepted: &str) -> Option<Coding> {
        let settings = Compression {
            codings: codings.to_vec(),
            ..Compression::default()
        };
        let mut head = Head::request(b"GET", b"/", Version::HTTP_11);
        head.add(b"accept-encoding", accepted.as_bytes());
        choose(&settings, &head)
    }

    /// As HAProxy 2.6 chose.
    #[test]
    fn the_client_decides_among_what_is_offered() {
        use Coding::{Deflate, Gzip, Identity, RawDeflate};
        let all = [Gzip, Deflate, RawDeflate, Identity];
        for (accepted, alone, of_all) in [
            ("gzip", Some(Gzip), Gzip),
            ("", None, Identity),
            ("*", Some(Gzip), Identity),
            ("identity", None, Identity),
            ("gzip;q=0", None, Identity),
            ("gzip;q=0.5, deflate", Some(Gzip), RawDeflate),
            ("deflate;q=0.9, gzip;q=0.8", Some(Gzip), RawDeflate),
            ("gzip;q=0, *", Some(Gzip), Identity),
            ("*;q=0", None, Identity),
            ("GZIP", Some(Gzip), Gzip),
            ("x-gzip", None, Identity),
            ("gzip ; q=0.3", Some(Gzip), Gzip),
            ("gzip;q=abc", Some(Gzip), Gzip),
            ("gzip; foo=bar", Some(Gzip), Gzip),
            ("identity, gzip;q=0.1", Some(Gzip), Identity),
            ("gzip;q=0.001", Some(Gzip), Gzip),
            ("raw-deflate", None, Identity),
        ] {
            assert_eq!(chosen(&[Gzip], accepted), alone, "{accepted}");
            assert_eq!(chosen(&all, accepted), Some(of_all), "{accepted}");
        }
    }
}
