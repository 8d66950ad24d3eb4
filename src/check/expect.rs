//! Judging an answer (manual 4.2 `http-check expect`, `tcp-check expect`). Sans-io.

use crate::http::Message;
use crate::sample::{Scope, Value};

use super::code::{Code, Finding};
use super::http::render;
use super::protocol::Judgement;
use super::script::{Dialect, Expect, Header, HeaderMatch, Matcher};

/// What an expectation made of the data so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// More data may change it.
    Wait,
    /// The check is over.
    Done(Finding),
}

/// An answer as far as it came.
pub struct Answer<'a> {
    /// Raw bytes (TCP), or none.
    pub data: &'a [u8],
    /// No more will come.
    pub last: bool,
    /// The response, for HTTP checks.
    pub response: Option<&'a Message>,
}

/// Where the expectation stands, for messages.
pub struct At<'a> {
    /// The number of the step.
    pub number: usize,
    /// Its comment or the last one before it.
    pub comment: Option<&'a str>,
}

/// Judges an answer.
pub fn judge(expect: &Expect, answer: &Answer<'_>, at: &At<'_>, scope: &Scope<'_>) -> Verdict {
    if let Matcher::Protocol(judge) = &expect.matcher {
        return match judge(answer.data, answer.last) {
            Judgement::Pass => Verdict::Pass,
            Judgement::Wait => Verdict::Wait,
            Judgement::Done(finding) => Verdict::Done(finding),
        };
    }
    if let Some(response) = answer.response {
        return http(expect, response, answer.last, at, scope);
    }
    tcp(expect, answer, at, scope)
}

fn tcp(expect: &Expect, answer: &Answer<'_>, at: &At<'_>, scope: &Scope<'_>) -> Verdict {
    let (data, last) = (answer.data, answer.last);
    if data.is_empty() {
        if !last {
            return Verdict::Wait;
        }
        let text = format!("TCPCHK got an empty response at step {}", at.number);
        return Verdict::Done(fail(expect, Code::L7Response, text, at, scope));
    }
    let pattern = pattern(&expect.matcher, scope);
    let needed = pattern.as_ref().map_or(0, Vec::len);
    let wanted = match expect.min_recv {
        Some(min) if needed > 0 => min.min(needed).max(needed),
        Some(min) => min,
        None => needed,
    };
    if !last && data.len() < wanted {
        return Verdict::Wait;
    }
    let found = matches_bytes(&expect.matcher, pattern.as_deref(), data);
    if !found && !last && expect.min_recv.is_none() {
        return Verdict::Wait;
    }
    if found != expect.negate {
        return Verdict::Pass;
    }
    let how = if expect.negate {
        "matched unwanted content"
    } else {
        "did not match content"
    };
    let what = describe(&expect.matcher);
    let text = format!("TCPCHK {how} {what} at step {}", at.number);
    Verdict::Done(fail(expect, Code::L7Response, text, at, scope))
}

fn http(
    expect: &Expect,
    response: &Message,
    last: bool,
    at: &At<'_>,
    scope: &Scope<'_>,
) -> Verdict {
    let status = response.head.status();
    let found = match &expect.matcher {
        Matcher::Status(ranges) => ranges.iter().any(|(a, b)| (*a..=*b).contains(&status)),
        Matcher::StatusRegex(regex) => regex.is_match(status.to_string().as_bytes()),
        Matcher::Header(header) => header_matches(header, response, scope),
        _ => return http_body(expect, response, last, at, scope),
    };
    if found != expect.negate {
        return Verdict::Pass;
    }
    let reason = String::from_utf8_lossy(response.head.reason()).into_owned();
    Verdict::Done(fail(expect, Code::L7Status, reason, at, scope).number(status))
}

fn http_body(
    expect: &Expect,
    response: &Message,
    last: bool,
    at: &At<'_>,
    scope: &Scope<'_>,
) -> Verdict {
    let data = &response.body[..];
    if data.is_empty() {
        if !last {
            return Verdict::Wait;
        }
        let text = "HTTP content check could not find a response body";
        return Verdict::Done(fail(expect, Code::L7Response, text.into(), at, scope));
    }
    if !last && expect.min_recv.is_some_and(|min| data.len() < min) {
        return Verdict::Wait;
    }
    let pattern = pattern(&expect.matcher, scope);
    let found = matches_bytes(&expect.matcher, pattern.as_deref(), data);
    if !found && !last && expect.min_recv.is_none() {
        return Verdict::Wait;
    }
    if found != expect.negate {
        return Verdict::Pass;
    }
    let text = if expect.negate {
        "HTTP check matched unwanted content"
    } else {
        "HTTP content check did not match"
    };
    Verdict::Done(fail(expect, Code::L7Response, text.into(), at, scope))
}

/// The bytes looked for, where they are bytes.
fn pattern(matcher: &Matcher, scope: &Scope<'_>) -> Option<Vec<u8>> {
    match matcher {
        Matcher::Bytes(bytes, _) => Some(bytes.clone()),
        Matcher::Format(format, hex) => {
            let mut out = Vec::new();
            format.render(scope, &mut out);
            Some(if *hex { unhex(&out) } else { out })
        }
        _ => None,
    }
}

fn matches_bytes(matcher: &Matcher, pattern: Option<&[u8]>, data: &[u8]) -> bool {
    match (matcher, pattern) {
        (_, Some(pattern)) => memchr::memmem::find(data, pattern).is_some(),
        (Matcher::Regex(regex, false), _) => regex.is_match(data),
        (Matcher::Regex(regex, true), _) => regex.is_match(hex(data).as_bytes()),
        _ => true,
    }
}

/// Upper-case hexadecimal digits.
fn hex(data: &[u8]) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(data.len() * 2);
    for byte in data {
        let _ = write!(out, "{byte:02X}");
    }
    out
}

/// Bytes of hexadecimal digits; what is none ends them.
pub fn unhex(digits: &[u8]) -> Vec<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16).map(|d| d as u8);
    digits
        .chunks_exact(2)
        .map_while(|pair| Some(value(pair[0])? << 4 | value(pair[1])?))
        .collect()
}

fn header_matches(header: &Header, response: &Message, scope: &Scope<'_>) -> bool {
    let fields = response.head.fields();
    for (name, value) in fields {
        if !matches(&header.name, name, true, scope) {
            continue;
        }
        let Some(wanted) = &header.value else {
            return true;
        };
        let found = if header.full {
            matches(wanted, value, false, scope)
        } else {
            crate::http::list_items(value).any(|item| matches(wanted, item, false, scope))
        };
        if found {
            return true;
        }
    }
    false
}

fn matches(wanted: &HeaderMatch, found: &[u8], any_case: bool, scope: &Scope<'_>) -> bool {
    let fold = |bytes: &[u8]| {
        if any_case {
            bytes.to_ascii_lowercase()
        } else {
            bytes.to_vec()
        }
    };
    let folded = fold(found);
    let pattern = |text| fold(&render(text, scope));
    match wanted {
        HeaderMatch::Exact(text) => folded == pattern(text),
        HeaderMatch::Prefix(text) => folded.starts_with(&pattern(text)),
        HeaderMatch::Suffix(text) => folded.ends_with(&pattern(text)),
        HeaderMatch::Substring(text) => memchr::memmem::find(&folded, &pattern(text)).is_some(),
        HeaderMatch::Regex(regex) => regex.is_match(found),
    }
}

/// The pattern in the words of HAProxy's messages.
pub fn describe(matcher: &Matcher) -> String {
    match matcher {
        Matcher::Bytes(bytes, _) => format!("'{}'", String::from_utf8_lossy(bytes)),
        Matcher::Regex(_, false) => "(regex)".into(),
        Matcher::Regex(_, true) => "(binary regex)".into(),
        Matcher::Format(_, false) => "(log-format string)".into(),
        Matcher::Format(_, true) => "(log-format binary)".into(),
        Matcher::StatusRegex(_) => "(regex)".into(),
        Matcher::Status(_) | Matcher::Header(_) | Matcher::Protocol(_) => String::new(),
    }
}

/// The same in the words of a timeout: `expect string 'x'`.
pub fn describe_wait(matcher: &Matcher) -> String {
    match matcher {
        Matcher::Bytes(_, false) => format!("expect string {}", describe(matcher)),
        Matcher::Bytes(_, true) => format!("expect binary {}", describe(matcher)),
        Matcher::Regex(_, false) | Matcher::StatusRegex(_) => "expect regex".into(),
        Matcher::Regex(_, true) => "expect binary regex".into(),
        Matcher::Format(_, false) => "expect log-format string".into(),
        Matcher::Format(_, true) => "expect log-format binary".into(),
        Matcher::Status(_) | Matcher::Header(_) | Matcher::Protocol(_) => "expect".into(),
    }
}

/// A failed expectation: its status and message, changed as its line says.
fn fail(expect: &Expect, code: Code, text: String, at: &At<'_>, scope: &Scope<'_>) -> Finding {
    let code = expect.error.unwrap_or(code);
    let info = match &expect.on_error {
        Some(format) => rendered(format, scope),
        None => match at.comment {
            Some(comment) => format!("{text} comment: {comment}"),
            None => text,
        },
    };
    let mut finding = Finding::new(code, info);
    finding.number = number(expect, scope).unwrap_or(0);
    finding
}

/// What a passed expectation says if it is the last step.
pub fn passed(
    expect: &Expect,
    status: Option<u16>,
    dialect: Dialect,
    scope: &Scope<'_>,
) -> Finding {
    let default = match dialect {
        Dialect::Tcp => "(tcp-check)".to_owned(),
        _ => String::new(),
    };
    let info = expect
        .on_success
        .as_ref()
        .map_or(default, |format| rendered(format, scope));
    let number = number(expect, scope).or(status).unwrap_or(0);
    Finding::new(expect.ok.unwrap_or(Code::L7Ok), info).number(number)
}

/// A message of at most a log line's length.
fn rendered(format: &crate::format::Format, scope: &Scope<'_>) -> String {
    let mut out = Vec::new();
    format.render(scope, &mut out);
    out.truncate(1024);
    String::from_utf8_lossy(&out).into_owned()
}

fn number(expect: &Expect, scope: &Scope<'_>) -> Option<u16> {
    match expect.status_code.as_ref()?.eval(scope)? {
        Value::Int(n) => u16::try_from(n).ok(),
        Value::Str(text) | Value::Bin(text) => std::str::from_utf8(&text).ok()?.trim().parse().ok(),
        _ => None,
    }
}
