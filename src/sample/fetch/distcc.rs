//! Messages of the distributed compiler distcc in buffered bytes (manual 7.3.5): tokens of four letters, each with a
//! number of eight hexadecimal digits, which for most is the length of the body behind it.

use super::*;
use crate::sample::args::Args;
use crate::sample::table::Bytes;

const TOKEN: &[Param] = &[need(Kind::Checked(four_letters)), may(Kind::Int)];

pub(super) const TABLE: &[Fetch] = &[
    entry(
        "distcc_body",
        TOKEN,
        Type::Bin,
        Get::MessageBytes(body),
        "the body of a token of a distcc message, by its occurrence",
    ),
    entry(
        "distcc_param",
        TOKEN,
        Type::Int,
        Get::MessageBytes(param),
        "the number of a token of a distcc message, by its occurrence",
    ),
];

/// Tokens whose number is no length.
const WITHOUT_BODY: &[&[u8]] = &[b"DIST", b"ARGC", b"STAT", b"DONE", b"NFIL"];
const TOKEN_BYTES: usize = 4;
const NUMBER_BYTES: usize = 8;

fn four_letters(token: &str) -> Result<(), String> {
    match token.len() {
        TOKEN_BYTES => Ok(()),
        _ => Err("token name must be exactly 4 characters".to_owned()),
    }
}

/// A token that was found: its number, and what there is of its body.
struct Found<'s> {
    number: u32,
    body: &'s [u8],
    whole: bool,
}

fn find<'s>(bytes: Bytes<'s>, args: &Args) -> Option<Found<'s>> {
    let wanted = args.text(0);
    // Without an occurrence, and with 0, the first one will do.
    let mut left = args.int_or(1, 0).max(1) as u64;
    if args.int_or(1, 0) < 0 {
        left = u64::MAX;
    }
    let mut rest = bytes.data();
    loop {
        let Some((head, behind)) = rest.split_at_checked(TOKEN_BYTES + NUMBER_BYTES) else {
            return bytes.wait();
        };
        let (token, digits) = head.split_at_checked(TOKEN_BYTES)?;
        let number = number(digits)?;
        let length = match WITHOUT_BODY.contains(&token) {
            true => 0,
            false => usize::try_from(number).ok()?,
        };
        let body = behind.get(..length);
        left -= u64::from(token == wanted);
        if left == 0 {
            return Some(Found {
                number,
                body: body.unwrap_or(behind),
                whole: body.is_some(),
            });
        }
        match behind.get(length..) {
            Some(next) => rest = next,
            None => return bytes.wait(),
        }
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    let hex = digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| hex)?;
    u32::from_str_radix(text, 16).ok()
}

fn param<'s>(bytes: Bytes<'s>, args: &'s Args) -> Option<Value<'s>> {
    find(bytes, args).map(|found| Value::Int(i64::from(found.number)))
}

/// A body that ends early stands for itself. (HAProxy 2.6 gives whatever memory holds behind it.)
fn body<'s>(bytes: Bytes<'s>, args: &'s Args) -> Option<Value<'s>> {
    let found = find(bytes, args)?;
    if !found.whole {
        bytes.may_grow();
    }
    Some(Value::bytes(found.body))
}

#[cfg(test)]
mod tests {
    use crate::sample::testing::Stream;

    /// As HAProxy 2.6 answers, but for the body that ends early.
    #[test]
    fn tokens_are_found() {
        let long = "DIST00000001ARGC00000002ARGV00000002ccARGV00000003gccDOTI00000004te";
        for (data, expression, gives) in [
            (long, "distcc_param(DIST)", Some("1")),
            (long, "distcc_param(ARGC)", Some("2")),
            (long, "distcc_param(ARGC,2)", None),
            (long, "distcc_body(ARGV)", Some("6363")),
            (long, "distcc_body(ARGV,0)", Some("6363")),
            (long, "distcc_body(ARGV,-1)", None),
            (long, "distcc_body(ARGV,2)", Some("676363")),
            (long, "distcc_body(ARGV,3)", None),
            (long, "distcc_param(DOTI)", Some("4")),
            (long, "distcc_body(DOTI)", Some("7465")),
            (long, "distcc_body(DIST)", Some("")),
            ("DIST0000000gARGC00000002", "distcc_param(ARGC)", None),
            ("DISTffffFFFF", "distcc_param(DIST)", Some("4294967295")),
            (
                "XXXX00000002abARGC00000009",
                "distcc_param(ARGC)",
                Some("9"),
            ),
            ("NFIL00000002NAME00000001a", "distcc_param(NAME)", Some("1")),
            ("dist00000001", "distcc_param(DIST)", None),
            ("DIST000", "distcc_param(DIST)", None),
        ] {
            let mut stream = Stream::new();
            stream.txn.client_payload.data = data.as_bytes().to_vec();
            stream.txn.client_payload.complete = true;
            let expression = match expression.contains("body") {
                true => format!("{expression},hex"),
                false => expression.to_owned(),
            };
            assert_eq!(
                stream.eval(&expression).as_deref(),
                gives,
                "{expression} {data}"
            );
        }
    }

    #[test]
    fn what_is_not_whole_is_waited_for() {
        for (data, expression, waits) in [
            ("", "distcc_param(DIST)", true),
            ("DIST00000001", "distcc_param(DIST)", false),
            ("DOTI00000004te", "distcc_param(DOTI)", false),
            ("DOTI00000004te", "distcc_body(DOTI)", true),
            ("DOTI00000004te", "distcc_param(ARGC)", true),
            ("GET / HTTP/1.1", "distcc_param(ARGC)", false),
        ] {
            let mut stream = Stream::new();
            stream.txn.client_payload.data = data.as_bytes().to_vec();
            stream.eval(expression);
            assert_eq!(stream.waiting, waits, "{expression} {data}");
        }
    }
}
