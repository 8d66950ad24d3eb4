//! A response as `openssl ocsp -text` shows it.

use std::fmt::Write;

use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use super::super::der::{Der, OCTETS, OID, SEQUENCE};
use super::Unusable;
use super::response::{Parts, Status, single};
use crate::tls::print;

/// The nonce's OID.
const NONCE: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02];

/// A response (DER) in words; what cannot be read is left out.
pub fn text(der: &[u8], base64: print::Base64) -> String {
    let parts = match Parts::read(der) {
        Ok(parts) => parts,
        Err(Unusable::Unsuccessful) => {
            return "OCSP Response Data:\n    OCSP Response Status: not successful\n".to_owned();
        }
        Err(_) => return String::new(),
    };
    let mut out = "OCSP Response Data:\n    OCSP Response Status: successful (0x0)\n".to_owned();
    out += "    Response Type: Basic OCSP Response\n    Version: 1 (0x0)\n    Responder Id: ";
    match parts.by {
        (0xa1, name) => {
            if let Ok((_, name)) = X509Name::from_der(name) {
                out += &print::name(&name, " = ");
            }
        }
        (_, key) => out += &print::hex(Der(key).take(OCTETS).unwrap_or_default(), ""),
    }
    let _ = writeln!(out, "\n    Produced At: {}", time(parts.produced));
    out += "    Responses:\n";
    one(&mut out, &parts);
    out.push('\n');
    if let Some(extensions) = parts.extensions {
        extended(&mut out, extensions);
    }
    print::signature(&mut out, parts.algorithm, parts.signature);
    for certificate in &parts.certificates {
        print::certificate(&mut out, certificate, base64);
    }
    out
}

fn one(out: &mut String, parts: &Parts<'_>) {
    let Ok((id, status, this_update, next_update)) = single(parts.singles) else {
        return;
    };
    let _ = writeln!(
        out,
        "    Certificate ID:\n      Hash Algorithm: {}\n      Issuer Name Hash: {}\n      Issuer Key Hash: {}\n      Serial Number: {}",
        id.hash_name(),
        print::hex(&id.name, ""),
        print::hex(&id.key, ""),
        print::serial(&id.serial),
    );
    match status {
        Status::Good => *out += "    Cert Status: good\n",
        Status::Unknown => *out += "    Cert Status: unknown\n",
        Status::Revoked(when, why) => {
            let when = time(&when);
            let _ = writeln!(out, "    Cert Status: revoked\n    Revocation Time: {when}");
            if let Some(why) = why {
                let _ = writeln!(out, "    Revocation Reason: {} ({why:#x})", reason(why));
            }
        }
    }
    let _ = writeln!(out, "    This Update: {}", time(this_update));
    if let Some(next) = next_update {
        let _ = writeln!(out, "    Next Update: {}", time(next));
    }
}

fn extended(out: &mut String, extensions: &[u8]) {
    let Some(mut all) = Der(extensions).enter(SEQUENCE) else {
        return;
    };
    *out += "    Response Extensions:\n";
    while let Some(mut one) = all.enter(SEQUENCE) {
        let (Some(oid), Some(value)) = (one.take(OID), one.take(OCTETS)) else {
            continue;
        };
        let name = match oid {
            NONCE => "OCSP Nonce".to_owned(),
            other => print::hex(other, ":"),
        };
        let _ = writeln!(
            out,
            "        {name}: \n            {}",
            print::hex(value, "")
        );
    }
}

/// Why a certificate was revoked (RFC 5280 5.3.1).
fn reason(number: u8) -> &'static str {
    match number {
        0 => "unspecified",
        1 => "keyCompromise",
        2 => "cACompromise",
        3 => "affiliationChanged",
        4 => "superseded",
        5 => "cessationOfOperation",
        6 => "certificateHold",
        8 => "removeFromCRL",
        9 => "privilegeWithdrawn",
        10 => "aACompromise",
        _ => "(UNKNOWN)",
    }
}

/// A GeneralizedTime as OpenSSL shows it.
fn time(time: &[u8]) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let text = String::from_utf8_lossy(time);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let month = part(4, 6).parse::<usize>().unwrap_or_default();
    let month = MONTHS.get(month.wrapping_sub(1)).unwrap_or(&"Bad");
    let day = part(6, 8).trim_start_matches('0');
    let (hour, minute, second, year) = (part(8, 10), part(10, 12), part(12, 14), part(0, 4));
    format!("{month} {day:>2} {hour}:{minute}:{second} {year} GMT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_openssls() {
        assert_eq!(time(b"20261120194616Z"), "Nov 20 19:46:16 2026 GMT");
        assert_eq!(time(b"20250101000000Z"), "Jan  1 00:00:00 2025 GMT");
        assert!(time(b"").starts_with("Bad"));
    }

    #[test]
    fn what_cannot_be_read_has_no_text() {
        assert_eq!(text(b"garbage", <[u8]>::to_vec), "");
    }
}
