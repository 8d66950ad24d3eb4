//! Arguments for what the tables declare: by the kind of a parameter, and for texts by whose they are.

use tidegate::sample::{Kind, Param};

use super::chance::Chance;

const HEADERS: &[&str] = &[
    "host",
    "x-list",
    "X-LIST",
    "x-num",
    "x-neg",
    "x-ip",
    "x-empty",
    "cookie",
    "x-none",
    "x-quoted",
    "x-date",
    "set-cookie",
    "x-json",
    "Content-Length",
];
const COOKIES: &[&str] = &["a", "b", "n", "q", "empty", "none", "A", "Path"];
const PARAMETERS: &[&str] = &["x", "y", "n", "z", "none", "X", "a", "a%20b"];
const SEPARATORS: &[&str] = &[",", "/", ";", "=", " ", ".,", "&", "-", "|", ":"];
const TEXTS: &[&str] = &[
    "", "a", "abc", ",", "/", "%", "<", "a b", "x'y", "\\", "\u{e9}", "(", ")", "]", "\"", "0",
    "-1", "1.5", " ", "%41", "$", "{", "txn.text", "#",
];
const DATES: &[&str] = &[
    "%Y-%m-%d %H:%M:%S",
    "%s",
    "%a, %d %b %Y",
    "%%",
    "%j %U %w",
    "%y%C %e %I %p",
    "%F %T",
    "%Z",
    "%q",
    "x",
];
const LANGUAGES: &[&str] = &["fr;en;de", "en", "de;fr", "", "xx;fr", "en;;fr", "EN;FR"];
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "-1",
    "-2",
    "5",
    "10",
    "63",
    "64",
    "100",
    "-9",
    "255",
    "65536",
    "9223372036854775807",
    "-9223372036854775808",
];
const SMALL: &[&str] = &["1", "2", "3", "-1", "-2", "4", "-3", "0", "9", "-9"];
const REGEXES: &[&str] = &[
    "a",
    "^/+",
    "[a-z]+",
    "(.)(.)",
    "x$",
    ".",
    "[0-9]{2,}",
    "A|b",
    "\\.",
    "(a)?b",
    "",
    "^$",
    "[,;/]",
    "\\d+",
    "(.*)/(.*)",
];
const REPLACEMENTS: &[&str] = &[
    "", "x", "\\1", "<\\0>", "\\2\\1", "$1", "a\\", "\\9", "&", "%",
];
const PATHS: &[&str] = &[
    "$.a", "$.b[1]", "$.n", "$.f", "$.ok", "$.s", "$.o.k", "$", "$.none", "$.b", "$.b[9]", "$.sub",
    "$.alg", "$.a[0]",
];
/// Variables that each stream has, and one that it has not.
const VARIABLES: &[&str] = &[
    "txn.text",
    "txn.num",
    "txn.none",
    "sess.text",
    "txn.bytes",
    "txn.ip",
];

/// One of these that the check accepts; any if it accepts none.
fn fitting(
    pool: &[&'static str],
    check: fn(&str) -> Result<(), String>,
    chance: &mut Chance,
) -> String {
    let good: Vec<&str> = pool
        .iter()
        .copied()
        .filter(|text| check(text).is_ok())
        .collect();
    if good.is_empty() {
        chance.one(pool)
    } else {
        chance.one(&good)
    }
    .to_owned()
}

/// Text for the parameter at this place of the fetch or converter of this name.
fn text(owner: &str, at: usize, chance: &mut Chance) -> &'static str {
    let pool = match owner {
        "language" => LANGUAGES,
        // HAProxy 2.6 gives no sample without a path, whatever its manual says.
        "jwt_header_query" | "jwt_payload_query" => PATHS,
        "ltime" | "utime" | "ms_ltime" | "ms_utime" | "us_ltime" | "us_utime" => DATES,
        "regsub" => REPLACEMENTS,
        "field" | "word" | "be2dec" | "be2hex" | "add_item" => SEPARATORS,
        _ if owner.ends_with("hdr_names") => SEPARATORS,
        _ if owner.contains("hdr") && at == 0 => HEADERS,
        _ if owner.contains("cook") => COOKIES,
        _ if owner.contains("param") || owner.starts_with("urlp") => match at {
            0 => PARAMETERS,
            _ => &["?", ";", "&", "#", "/"],
        },
        "meth" => &["GET", "POST", "TRACE"],
        _ => TEXTS,
    };
    chance.one(pool)
}

/// An argument of this kind, as it is meant (not quoted).
fn argument(owner: &str, at: usize, kind: Kind, maps: &str, chance: &mut Chance) -> String {
    let pool: &[&str] = match kind {
        Kind::Str => return text(owner, at, chance).to_owned(),
        Kind::TextOrVar if chance.percent(50) => VARIABLES,
        Kind::TextOrVar => &["secret", "wrong", ""],
        // Dates beyond the range of the C library are garbage in HAProxy.
        // HAProxy 2.6 never comes to the end of pieces of more than 2^62 bytes.
        Kind::Int if owner.ends_with("time") || owner.starts_with("be2") => SMALL,
        Kind::Int if owner.contains("payload") || owner.contains("hdr") || owner == "bytes" => {
            SMALL
        }
        Kind::Int | Kind::Address => NUMBERS,
        // Variables for offsets are of later versions.
        Kind::Count => SMALL,
        Kind::Nonce => &["MDEyMzQ1Njc4OTAx"],
        Kind::Operand if chance.percent(25) => &["txn.num", "txn.text", "txn.none", "txn.yes"],
        Kind::Operand => NUMBERS,
        Kind::NotZero => &["1", "2", "3", "-1", "-2", "9"],
        Kind::Range(least, most) => {
            let span = usize::try_from(most.saturating_sub(least))
                .unwrap_or(9)
                .min(9);
            return (least + chance.below(span + 1) as i64).to_string();
        }
        Kind::OneOf(all) => return chance.one(all).to_string(),
        Kind::Letters(letters) => {
            let kept = |letter: &char| chance.percent(50) || *letter == 'g';
            return letters.chars().filter(kept).collect();
        }
        Kind::Name(all) | Kind::Choice(all) | Kind::ChoiceOrNone(all) => {
            return chance.one(all).to_owned();
        }
        Kind::Separators => SEPARATORS,
        Kind::Checked(check) => {
            let pool = match owner {
                "json_query" => PATHS,
                "fix_tag_value" => &[
                    "BeginString",
                    "35",
                    "MsgType",
                    "49",
                    "56",
                    "34",
                    "CheckSum",
                    "9999",
                ],
                "field" | "word" => SEPARATORS,
                _ => TEXTS,
            };
            return fitting(pool, check, chance);
        }
        Kind::Ipv4 => &["192.0.2.1", "0.0.0.0", "255.255.255.255"],
        Kind::Ipv6 => &[
            "2001:db8::1",
            "::",
            "::1",
            "::ffff:192.0.2.1",
            "::1.2.3.4",
            "1:2:3:4:5:6:7:8",
        ],
        Kind::Mask4 => &["8", "24", "0", "32", "255.255.0.0", "255.0.255.0", "13"],
        Kind::Mask6 => &["64", "0", "128", "ffff::", "33"],
        Kind::Regex(_) => REGEXES,
        Kind::Var | Kind::VarOrNone | Kind::VarOrNext => VARIABLES,
        Kind::PayloadOffset => &["0", "1", "+1", "-1", "3", ""],
        Kind::Hex => &["616263", "00ff", "0A", "e9"],
        Kind::Bool => &["true", "false", "1", "0"],
        Kind::Base64OrVar => &["c2VjcmV0", "YQ==", "txn.text", "AAEC"],
        Kind::FieldNumber => &["1", "2", "3", "3.1", "4", "5", "6", "8", "9", "2.1"],
        Kind::Algorithm => &["HS256", "HS512", "txn.text"],
        Kind::MqttField => &[
            "protocol_name",
            "protocol_version",
            "flags",
            "username",
            "client_identifier",
            "password",
            "17",
        ],
        Kind::Map(method, output) => {
            return format!("{maps}/{method:?}-{output:?}").to_lowercase();
        }
        Kind::Frontend => &["other", "this"],
        Kind::Backend => &["this", "empty", "down"],
        Kind::Server => &["this/s", "down/up", "down/dead", "down/fixed"],
        Kind::Users => &["people"],
        Kind::Environment => &["HOME", "NOT_THERE"],
        _ => TEXTS,
    };
    chance.one(pool).to_owned()
}

/// The argument as it is written: in quotes where it needs them.
fn written(argument: &str, chance: &mut Chance) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || "._-/:;=<>|&%^$+*?[]{}".contains(c) || !c.is_ascii();
    if argument.chars().all(plain) && chance.percent(90) {
        return argument.to_owned();
    }
    if argument.contains('\'') {
        let inner = argument.replace('\\', "\\\\").replace('"', "\\\"");
        return format!("\"{inner}\"");
    }
    format!("'{argument}'")
}

/// Something that is none of the kinds, for refusals.
const ODD: &[&str] = &[
    "",
    "x",
    "-",
    "1x",
    "99999999999999999999",
    "1.2.3",
    "txn.",
    "bad.name",
    "0",
    "-5",
    "(",
    "nobody",
];

/// A list of arguments for these parameters; nothing where there are none. With `broken`, one is likely wrong.
pub fn list(
    owner: &str,
    params: &[Param],
    maps: &str,
    broken: bool,
    chance: &mut Chance,
) -> String {
    let written_ones: Vec<Kind> = params
        .iter()
        .filter(|param| !matches!(param.kind, Kind::Backends))
        .map(|param| param.kind)
        .collect();
    let needed = params
        .iter()
        .take_while(|param| !param.optional && !matches!(param.kind, Kind::Backends))
        .count();
    let mut count = needed + chance.below(written_ones.len() - needed.min(written_ones.len()) + 1);
    if owner.starts_with("jwt_") {
        count = count.max(1);
    }
    if broken && chance.percent(40) {
        count = chance.below(written_ones.len() + 2);
    }
    let wrong = chance.below(count.max(1));
    let all: Vec<String> = (0..count)
        .map(|at| {
            let meant = match written_ones.get(at) {
                Some(_) | None if broken && at == wrong => chance.one(ODD).to_owned(),
                Some(kind) => argument(owner, at, *kind, maps, chance),
                None => "extra".to_owned(),
            };
            written(&meant, chance)
        })
        .collect();
    match count {
        0 if chance.percent(80) || needed > 0 => String::new(),
        _ => format!("({})", all.join(",")),
    }
}
