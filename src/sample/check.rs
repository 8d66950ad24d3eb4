//! Arguments as written to arguments as meant, as far as the load can tell; `names` does the rest.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::Arc;

use super::Context;
use super::args::{self, Arg, Kind, Loose, Param, need};
use super::cast::address;
use super::public_key::{PublicKey, takes_public_key};
use super::reader::RawArg;
use super::vars::VarName;
use crate::acl::Reading;
use crate::diag::suggest;
use crate::regex::Regex;

/// Why arguments are refused: the message, and which of them.
pub(super) struct Refusal {
    pub message: String,
    pub range: Option<Range<usize>>,
    pub fault: Fault,
    pub help: Option<String>,
}

/// What is wrong with arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The one of this number is not of its type, or is not there.
    Argument(usize),
    /// There is no parameter of this number.
    Extra(usize),
    /// They are of their types and still will not do.
    Value,
}

/// An argument, and where it stands in the word if it was written.
pub(super) type Checked = (Loose, Option<Range<usize>>);

fn refuse<T>(
    message: impl Into<String>,
    range: Option<Range<usize>>,
    fault: Fault,
) -> Result<T, Refusal> {
    Err(Refusal {
        message: message.into(),
        range,
        fault,
        help: None,
    })
}

/// Checks the arguments against the parameters.
pub(super) fn check(
    params: &[Param],
    raw: Option<&[RawArg]>,
    line: u32,
    cx: &Context<'_>,
) -> Result<Vec<Checked>, Refusal> {
    // `f()` is `f` without arguments, unless its first one may be an empty text.
    let raw = match raw {
        Some([only])
            if only.text.is_empty()
                && args::written(params)
                    .next()
                    .map_or(only.range.is_empty(), |p| !is_text(p.kind)) =>
        {
            &[]
        }
        other => other.unwrap_or_default(),
    };
    // Nothing behind the last comma is no argument, unless it may be an empty text.
    let raw = match raw {
        [rest @ .., last]
            if last.text.is_empty()
                && args::written(params)
                    .nth(rest.len())
                    .is_some_and(|param| param.optional && !is_text(param.kind)) =>
        {
            rest
        }
        all => all,
    };
    let most = args::written(params).count();
    if let Some(extra) = raw.get(most) {
        let at = extra.range.start.saturating_sub(1);
        return refuse(
            "too many arguments",
            Some(at..extra.range.end),
            Fault::Extra(most),
        );
    }
    let mut out = Vec::with_capacity(params.len());
    for (at, param) in params.iter().enumerate() {
        match raw.get(at) {
            Some(arg) => {
                let loose = check_one(*param, arg, raw, line, cx).map_err(|message| Refusal {
                    message: message_at(&message, at, param.kind, &arg.text),
                    range: Some(blamed(*param, arg)),
                    fault: match message.as_str() {
                        "" => Fault::Argument(at),
                        _ => Fault::Value,
                    },
                    help: advice(param.kind, &arg.text),
                })?;
                out.push((loose, Some(arg.range.clone())));
            }
            None if let Kind::Counter(counter) = param.kind => {
                out.push((Loose::Ready(Arg::Counter(counter)), None));
            }
            None if param.kind.implicit() && !param.optional => {
                out.push((Loose::Name(param.kind, String::new()), None));
            }
            None if param.optional => out.push((Loose::Ready(Arg::None), None)),
            None if matches!(param.kind, Kind::Var) => {
                return refuse("empty variable name cannot be accepted", None, Fault::Value);
            }
            // Written without any, a text that is needed is an empty one.
            None if at == 0 && is_text(param.kind) => {
                let nothing = RawArg {
                    text: Vec::new(),
                    range: 0..0,
                };
                let loose = check_one(*param, &nothing, raw, line, cx).or_else(|message| {
                    refuse(
                        message_at(&message, at, param.kind, b""),
                        None,
                        Fault::Value,
                    )
                })?;
                out.push((loose, None));
            }
            None if raw.is_empty() => {
                return refuse(
                    format!(
                        "expected type '{}' at position {}, but got nothing",
                        param.kind.name(),
                        at + 1
                    ),
                    None,
                    Fault::Argument(at),
                );
            }
            None => {
                let needed = params.iter().filter(|p| !p.optional).count();
                return refuse(
                    format!(
                        "missing arguments (got {}/{needed}), type '{}' expected",
                        raw.len(),
                        param.kind.name()
                    ),
                    None,
                    Fault::Argument(at),
                );
            }
        }
    }
    Ok(out)
}

/// The bytes of an argument that are meant: within an expression, what is wrong with it. Quotes and escapes
/// move what stands behind them, then all is meant.
fn blamed(param: Param, arg: &RawArg) -> Range<usize> {
    let whole = arg.range.clone();
    let fault = match param.kind {
        Kind::Regex(_) if whole.len() == arg.text.len() => Regex::new(&arg.text, false).err(),
        _ => None,
    };
    match fault {
        Some(fault) => whole.start + fault.range.start..whole.start + fault.range.end,
        None => whole,
    }
}

/// How an argument was probably meant.
fn advice(kind: Kind, text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    match kind {
        Kind::Var | Kind::VarOrNone | Kind::VarOrNext => super::vars::advice(text),
        Kind::Choice(words) | Kind::ChoiceOrNone(words) => {
            suggest::did_you_mean(text, words.iter().copied())
        }
        Kind::Name(names) => suggest::did_you_mean(text, names.iter().copied()),
        _ => None,
    }
}

fn is_text(kind: Kind) -> bool {
    kind.name() == "string"
}

/// HAProxy's words for an argument that is not of its type; other complaints stand as they are.
fn message_at(message: &str, at: usize, kind: Kind, text: &[u8]) -> String {
    if !message.is_empty() {
        return message.to_owned();
    }
    if text.is_empty() {
        return format!(
            "expected type '{}' at position {}, but got nothing",
            kind.name(),
            at + 1
        );
    }
    format!(
        "failed to parse '{}' as type '{}' at position {}",
        String::from_utf8_lossy(text),
        kind.name(),
        at + 1
    )
}

fn check_one(
    param: Param,
    arg: &RawArg,
    all: &[RawArg],
    line: u32,
    cx: &Context<'_>,
) -> Result<Loose, String> {
    let text = std::str::from_utf8(&arg.text);
    // Everything but free text is ASCII, so text that is no UTF-8 cannot be any of it.
    let word = text.unwrap_or("\u{fffd}");
    let ready = |arg| Ok(Loose::Ready(arg));
    let bytes = |bytes: &[u8]| Ok(Loose::Ready(Arg::Text(Arc::from(bytes))));
    match param.kind {
        Kind::Separators if word.is_empty() => Err("Empty separators list".to_owned()),
        Kind::Str | Kind::Separators => bytes(&arg.text),
        Kind::Map(method, output) => {
            let reading = Reading {
                method,
                icase: false,
                resolve: false,
            };
            let user = (cx.file, line);
            let map = cx.files.map(&cx.directory, word, reading, output, user)?;
            ready(Arg::Map(map))
        }
        Kind::Address => match address(&arg.text) {
            Some(IpAddr::V4(v4)) => ready(Arg::Ipv4(v4)),
            Some(IpAddr::V6(v6)) => ready(Arg::Ipv6(v6)),
            None => Err(format!("'{word}' is no address")),
        },
        Kind::Int => ready(Arg::Int(integer(word)?)),
        Kind::NotZero => match integer(word)? {
            0 => Err("unexpected value 0 for index".to_owned()),
            n => ready(Arg::Int(n)),
        },
        Kind::Range(least, most) => match integer(word)? {
            n if (least..=most).contains(&n) => ready(Arg::Int(n)),
            n if most == i64::MAX => Err(format!("expects at least {least}, got {n}")),
            n => Err(format!("expects a value from {least} to {most}, got {n}")),
        },
        Kind::OneOf(numbers) => match integer(word)? {
            n if numbers.contains(&n) => ready(Arg::Int(n)),
            n => Err(format!("unsupported value {n}, expects one of {numbers:?}")),
        },
        Kind::Letters(letters) => match word.chars().find(|c| !letters.contains(*c)) {
            None => bytes(&arg.text),
            Some(flag) => Err(format!(
                "invalid flag '{flag}', only '{letters}' are supported"
            )),
        },
        Kind::Name(names) => match names.iter().position(|n| n.eq_ignore_ascii_case(word)) {
            Some(at) => ready(Arg::Int(at as i64)),
            None => Err(format!(
                "'{word}' is not available, one of '{}' is",
                names.join("', '")
            )),
        },
        Kind::Ipv4 => ready(Arg::Ipv4(word.parse().map_err(|_| String::new())?)),
        Kind::Ipv6 => ready(Arg::Ipv6(word.parse().map_err(|_| String::new())?)),
        Kind::Mask4 => ready(Arg::Ipv4(mask4(word).ok_or_else(String::new)?)),
        Kind::Mask6 => ready(Arg::Ipv6(mask6(word).ok_or_else(String::new)?)),
        Kind::Frontend
        | Kind::Backend
        | Kind::Server
        | Kind::Users
        | Kind::Environment
        | Kind::Table
        | Kind::Backends
        | Kind::Process
        | Kind::Meter
        | Kind::Frontends => Ok(Loose::Name(param.kind, word.to_owned())),
        Kind::RequestSlot | Kind::ResponseSlot => match word.parse::<usize>() {
            Ok(_) => Ok(Loose::Name(param.kind, word.to_owned())),
            Err(_) => Err(String::new()),
        },
        Kind::Regex(_) if arg.text.is_empty() => Err("missing regex".to_owned()),
        Kind::Regex(flags) => {
            let flags = all.get(flags).map_or(&b""[..], |flags| &flags.text);
            let regex = Regex::new(&arg.text, flags.contains(&b'i'))?;
            ready(Arg::Regex(Arc::new(regex)))
        }
        Kind::Var => VarName::parse(word).map(Loose::Var),
        Kind::VarOrNext
            if word.is_empty() && all.get(2).is_none_or(|next| next.text.is_empty()) =>
        {
            Err("one of the optional arguments has to be nonempty".to_owned())
        }
        Kind::VarOrNone | Kind::VarOrNext if word.is_empty() => ready(Arg::None),
        Kind::VarOrNone | Kind::VarOrNext => VarName::parse(word)
            .map(Loose::Var)
            .map_err(|_| format!("failed to register variable name '{word}'")),
        Kind::Operand if word.is_empty() => ready(Arg::Int(0)),
        Kind::Operand | Kind::Count => match number(word).filter(|_| !word.is_empty()) {
            Some(n) => ready(Arg::Int(n)),
            None => VarName::parse(word)
                .map(Loose::Var)
                .map_err(|_| "expects an integer or a variable name".to_owned()),
        },
        Kind::TextOrVar => match VarName::parse(word) {
            Ok(var) => Ok(Loose::Var(var)),
            Err(_) => bytes(&arg.text),
        },
        Kind::MqttField => {
            let packet = all.first().map_or(&b""[..], |first| &first.text);
            let connack = packet.eq_ignore_ascii_case(b"connack") || packet == b"2";
            if !super::convert::mqtt::check_field(connack, word) {
                return Err(format!(
                    "invalid field name or property identifier '{word}'"
                ));
            }
            bytes(&arg.text)
        }
        // Never written: there is no argument to check.
        Kind::Counter(counter) => ready(Arg::Counter(counter)),
        Kind::Algorithm => match (word, VarName::parse(word)) {
            (_, Ok(var)) => Ok(Loose::Var(var)),
            ("HS256" | "HS384" | "HS512" | "none", _) => bytes(&arg.text),
            _ if takes_public_key(&arg.text) => bytes(&arg.text),
            _ => Err(format!("unknown algorithm '{word}'")),
        },
        Kind::VerifyKey => verify_key(arg, all, cx),
        Kind::Nonce => match check_one(need(Kind::Base64OrVar), arg, all, line, cx)? {
            Loose::Ready(Arg::Text(nonce)) if nonce.len() != 12 => Err(format!(
                "a nonce of {} bytes is not available, only one of 12 is",
                nonce.len()
            )),
            nonce => Ok(nonce),
        },
        Kind::Separator if !word.is_empty() && !pieces_have_size(all) => {
            Err("chunk_size needs to be positive".to_owned())
        }
        Kind::Separator => bytes(&arg.text),
        Kind::ChoiceOrNone(_) if word.is_empty() => ready(Arg::None),
        Kind::PayloadOffset => {
            payload_offset(word, all)?;
            bytes(&arg.text)
        }
        Kind::Choice(words) | Kind::ChoiceOrNone(words) => {
            match words.iter().position(|known| *known == word) {
                Some(at) => ready(Arg::Int(at as i64)),
                None => Err(format!(
                    "expects one of '{}', got '{word}'",
                    words.join("', '")
                )),
            }
        }
        Kind::Checked(check) => {
            check(word)?;
            bytes(&arg.text)
        }
        Kind::Hex if word.is_empty() => Err(String::new()),
        Kind::Hex => {
            let raw = super::codec::unhex(&arg.text)
                .ok_or_else(|| format!("'{word}' is not an even number of hexadecimal digits"))?;
            bytes(&raw)
        }
        Kind::Base64OrVar => match VarName::parse(word) {
            Ok(var) => Ok(Loose::Var(var)),
            Err(_) => {
                let raw = super::codec::decode_base64(&arg.text)
                    .ok_or_else(|| format!("failed to decode base64 in '{word}'"))?;
                bytes(&raw)
            }
        },
        Kind::FieldNumber => {
            let numbers: Option<Vec<u64>> = word.split('.').map(field_number).collect();
            match numbers {
                Some(numbers) => ready(Arg::Path(Arc::from(numbers))),
                None => Err(String::new()),
            }
        }
        Kind::Bool => match word {
            "1" => ready(Arg::Int(1)),
            "0" => ready(Arg::Int(0)),
            _ if word.eq_ignore_ascii_case("true") => ready(Arg::Int(1)),
            _ if word.eq_ignore_ascii_case("false") => ready(Arg::Int(0)),
            _ => Err(format!("expects 'true', 'false', '1' or '0', got '{word}'")),
        },
    }
}

/// A secret is taken as it is. Public keys are read now; where the algorithm is a variable's, a name may be
/// either.
fn verify_key(arg: &RawArg, all: &[RawArg], cx: &Context<'_>) -> Result<Loose, String> {
    let word = String::from_utf8_lossy(&arg.text);
    let algorithm = all.first().map_or(&b""[..], |first| &first.text);
    let text: Arc<[u8]> = Arc::from(&*arg.text);
    let named = takes_public_key(algorithm);
    if let Ok(var) = VarName::parse(&word) {
        return match named {
            true => Err(format!(
                "'{word}' is a variable, but a public key has to be named here to be read at load"
            )),
            false => Ok(Loose::Var(var)),
        };
    }
    let from_variable =
        std::str::from_utf8(algorithm).is_ok_and(|name| VarName::parse(name).is_ok());
    let secret = Loose::Ready(Arg::Text(text.clone()));
    if !named && !from_variable {
        return Ok(secret);
    }
    match PublicKey::read(&cx.directory.join(word.as_ref())) {
        Ok(key) => Ok(Loose::Ready(Arg::Key(Arc::new(key), text))),
        Err(_) if from_variable => Ok(secret),
        Err(error) => Err(error),
    }
}

/// Whether the second argument is there and above 0.
fn pieces_have_size(all: &[RawArg]) -> bool {
    let size = all
        .get(1)
        .and_then(|arg| std::str::from_utf8(&arg.text).ok());
    size.and_then(number).is_some_and(|size| size > 0)
}

/// An offset into a block behind a length: a step back may not lead before the buffer.
fn payload_offset(word: &str, all: &[RawArg]) -> Result<(), String> {
    if word.is_empty() {
        return Ok(());
    }
    let step: i32 = word
        .parse()
        .map_err(|_| "payload offset2 is not a number".to_owned())?;
    let behind: i64 = all
        .iter()
        .take(2)
        .filter_map(|arg| number(std::str::from_utf8(&arg.text).ok()?))
        .fold(0, i64::saturating_add);
    match behind.saturating_add(i64::from(step)) {
        0.. => Ok(()),
        _ => Err("payload offset2 too negative".to_owned()),
    }
}

/// An integer as HAProxy reads one: see [`number`], but not empty.
fn integer(word: &str) -> Result<i64, String> {
    match word {
        "" => Err(String::new()),
        _ => number(word).ok_or_else(String::new),
    }
}

/// A number without a sign; what is too large is a field that no message has.
fn field_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// A sign and digits, each of which may be missing; what is too large becomes the nearest there is.
fn number(word: &str) -> Option<i64> {
    let (negative, digits) = match word.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    digits.iter().try_fold(0i64, |n, byte| {
        let digit = i64::from(byte.checked_sub(b'0').filter(|digit| *digit < 10)?);
        let n = n.saturating_mul(10);
        Some(if negative {
            n.saturating_sub(digit)
        } else {
            n.saturating_add(digit)
        })
    })
}

/// `24` or `255.255.255.0`. Any pattern of bits will do, as in HAProxy.
pub fn mask4(text: &str) -> Option<Ipv4Addr> {
    match text.parse::<u32>() {
        Ok(bits) if bits <= 32 => Some(Ipv4Addr::from(
            u32::MAX.checked_shl(32 - bits).unwrap_or_default(),
        )),
        Ok(_) => None,
        Err(_) => text.parse().ok(),
    }
}

/// `64` or `ffff:ffff::`.
pub fn mask6(text: &str) -> Option<Ipv6Addr> {
    match text.parse::<u32>() {
        Ok(bits) if bits <= 128 => Some(Ipv6Addr::from(
            u128::MAX.checked_shl(128 - bits).unwrap_or_default(),
        )),
        Ok(_) => None,
        Err(_) => text.parse().ok(),
    }
}
