//! JSON web tokens (manual 7.3.1: jwt_*; RFC 7515, 7518).

use std::borrow::Cow;

use super::json_query::query;
use super::*;
use crate::sample::args::{Arg, Args};
use crate::sample::codec::decode_base64url;
use crate::sample::public_key::takes_public_key;
use crate::sample::scope::Scope;
use crate::sample::table::Text;

const QUERY: &[Param] = &[may(Kind::Str), may(Kind::ChoiceOrNone(&["int"]))];

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("jwt_header_query", QUERY, Type::Any, Convert::Bin(|token, args, _| part(&token, 0, args)), "the header of a web token, or a value out of it"),
    entry("jwt_payload_query", QUERY, Type::Any, Convert::Bin(|token, args, _| part(&token, 1, args)), "the payload of a web token, or a value out of it"),
    entry("jwt_verify", &[need(Kind::Algorithm), need(Kind::VerifyKey)], Type::Int, Convert::Bin(verify), "1 if a web token's signature is right, 0 if not, below 0 for what is none"),
    entry("jwt_verify_cert", &[need(Kind::Algorithm), need(Kind::VerifyKey)], Type::Int, Convert::Bin(verify), "as jwt_verify, with the key of a certificate"),
];

/// A part of a web token, decoded, or a value out of it.
fn part(token: &[u8], at: usize, args: &Args) -> Option<Value<'static>> {
    let mut parts = token.split(|byte| *byte == b'.');
    let decoded = decode_base64url(parts.nth(at)?)?;
    // A token has more parts behind its header.
    if at == 0 {
        parts.next()?;
    }
    match args.some_text(0) {
        Some(_) => query(&decoded, args),
        None => Some(Value::owned(decoded)),
    }
}

/// What the manual lists as the answers of `jwt_verify` below 0.
mod fault {
    pub const UNKNOWN_ALGORITHM: i64 = -1;
    pub const INVALID_TOKEN: i64 = -3;
    pub const OUT_OF_MEMORY: i64 = -4;
    pub const UNKNOWN_KEY: i64 = -5;
}

fn verify<'s>(token: Text<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let algorithm = match args.at(0) {
        Arg::Var(var) => var.value(scope)?.into_text(),
        _ => Cow::Borrowed(args.text(0)),
    };
    if let Arg::Var(key) = args.at(1) {
        key.value(scope)?;
    }
    let answer = match signed(&token) {
        Some((text, signature)) => check(&algorithm, text, &signature, args, scope)?,
        None if !known(&algorithm) => fault::UNKNOWN_ALGORITHM,
        None => fault::INVALID_TOKEN,
    };
    Some(Value::Int(answer))
}

fn known(algorithm: &[u8]) -> bool {
    matches!(algorithm, b"HS256" | b"HS384" | b"HS512" | b"none") || takes_public_key(algorithm)
}

/// What a token of three parts signs, and the signature.
fn signed(token: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let dots = token.iter().filter(|byte| **byte == b'.').count();
    let last = memchr::memrchr(b'.', token).filter(|_| dots == 2)?;
    let signature = decode_base64url(token.get(last + 1..)?)?;
    Some((token.get(..last)?, signature))
}

fn check(
    algorithm: &[u8],
    text: &[u8],
    signature: &[u8],
    args: &Args,
    scope: &Scope<'_>,
) -> Option<i64> {
    if algorithm == b"none" {
        return Some(i64::from(signature.is_empty()));
    }
    if signature.is_empty() {
        return Some(match known(algorithm) {
            true => fault::INVALID_TOKEN,
            false => fault::UNKNOWN_ALGORITHM,
        });
    }
    if takes_public_key(algorithm) {
        // All keys are read at load; a variable names none of them.
        let known = args.key(1);
        return Some(known.map_or(fault::UNKNOWN_KEY, |key| {
            i64::from(key.verifies(algorithm, text, signature))
        }));
    }
    let digest = match algorithm {
        b"HS256" => 3,
        b"HS384" => 4,
        b"HS512" => 5,
        _ => return Some(fault::UNKNOWN_ALGORITHM),
    };
    let key = match args.at(1) {
        Arg::Var(var) => var.value(scope)?.into_text(),
        _ => Cow::Borrowed(args.text(1)),
    };
    let Some(right) = super::hashes::code(digest, &key, text) else {
        return Some(fault::OUT_OF_MEMORY);
    };
    let differing = right
        .iter()
        .zip(signature)
        .fold(0, |bits, (a, b)| bits | (a ^ b));
    Some(i64::from(right.len() == signature.len() && differing == 0))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::super::super::testing::{Stream, linked};
    use crate::sample::Place;
    use crate::sample::codec::encode_base64url;

    const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
        eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.\
        SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";

    fn eval(text: &str) -> Option<String> {
        Stream::request("GET / HTTP/1.1").eval(text)
    }

    #[test]
    fn web_tokens_are_read_and_verified() {
        for (converter, gives) in [
            ("jwt_header_query($.alg)", Some("HS256")),
            ("jwt_header_query", Some(r#"{"alg":"HS256","typ":"JWT"}"#)),
            ("jwt_payload_query($.iat,int)", Some("1516239022")),
            ("jwt_verify(HS256,your-256-bit-secret)", Some("1")),
            ("jwt_verify(HS256,other)", Some("0")),
            ("jwt_verify(HS512,your-256-bit-secret)", Some("0")),
        ] {
            let text = format!("str({TOKEN}),{converter}");
            assert_eq!(eval(&text).as_deref(), gives, "{converter}");
        }
        assert_eq!(eval("str(x.y),jwt_verify(HS256,k)").as_deref(), Some("-3"));
        assert_eq!(eval("str(x),jwt_header_query").as_deref(), None);
        assert!(linked("str(x),jwt_verify(HS999,k)", Place::Acl).is_err());
        assert!(linked("str(x),jwt_verify(RS256,missing.pem)", Place::Acl).is_err());
        assert!(linked("str(x),jwt_verify(RS256,txn.key)", Place::Acl).is_err());
    }

    fn openssl(directory: &Path, words: &str) -> Vec<u8> {
        let mut command = Command::new("openssl");
        let run = command.args(words.split(' ')).current_dir(directory);
        let output = run.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words}: {error}");
        output.stdout
    }

    /// The two numbers of a DER signature, each in so many bytes (RFC 7518 3.4).
    fn fixed(der: &[u8], width: usize) -> Vec<u8> {
        let mut rest = if der[1] > 0x80 { &der[3..] } else { &der[2..] };
        let mut out = Vec::new();
        for _ in 0..2 {
            let len = usize::from(rest[1]);
            let number: Vec<u8> = rest[2..2 + len]
                .iter()
                .copied()
                .skip_while(|b| *b == 0)
                .collect();
            out.resize(out.len() + width - number.len(), 0);
            out.extend_from_slice(&number);
            rest = &rest[2 + len..];
        }
        out
    }

    /// Signatures made by OpenSSL, with its keys and a certificate.
    #[test]
    fn signatures_are_verified_with_public_keys() {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        openssl(at, "genrsa -out rsa.key 2048");
        openssl(
            at,
            "req -x509 -key rsa.key -subj /CN=a -days 1 -out rsa.crt",
        );
        openssl(at, "rsa -in rsa.key -pubout -out rsa.pub");
        for curve in ["prime256v1", "secp384r1", "secp521r1"] {
            openssl(
                at,
                &format!("ecparam -name {curve} -genkey -noout -out {curve}.key"),
            );
            openssl(at, &format!("ec -in {curve}.key -pubout -out {curve}.pub"));
        }
        let text = "eyJhbGciOiJ4In0.eyJhIjoxfQ";
        std::fs::write(at.join("text"), text).unwrap();
        for (algorithm, options, key, width) in [
            ("RS256", "", "rsa", 0),
            ("RS384", "", "rsa", 0),
            ("RS512", "", "rsa", 0),
            (
                "PS256",
                " -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:-1",
                "rsa",
                0,
            ),
            (
                "PS512",
                " -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:-1",
                "rsa",
                0,
            ),
            ("ES256", "", "prime256v1", 32),
            ("ES384", "", "secp384r1", 48),
            ("ES512", "", "secp521r1", 66),
        ] {
            let digest = &algorithm[2..];
            let made = openssl(
                at,
                &format!("dgst -sha{digest}{options} -sign {key}.key text"),
            );
            let signature = if width > 0 { fixed(&made, width) } else { made };
            let signature = String::from_utf8(encode_base64url(&signature)).unwrap();
            let path = at.join(format!("{key}.pub")).display().to_string();
            let verify = |text: &str, how: &str| {
                eval(&format!("str({text}.{signature}),jwt_verify({how})")).unwrap()
            };
            assert_eq!(
                verify(text, &format!("{algorithm},{path}")),
                "1",
                "{algorithm}"
            );
            assert_eq!(
                verify("e30.e30", &format!("{algorithm},{path}")),
                "0",
                "{algorithm}"
            );
            if key == "rsa" {
                let certificate = at.join("rsa.crt").display().to_string();
                assert_eq!(
                    verify(text, &format!("{algorithm},{certificate}")),
                    "1",
                    "{algorithm}"
                );
                let other = at.join("prime256v1.pub").display().to_string();
                assert_eq!(
                    verify(text, &format!("{algorithm},{other}")),
                    "0",
                    "{algorithm}"
                );
            }
        }
    }
}
