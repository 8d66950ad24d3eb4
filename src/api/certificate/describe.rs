//! What certificates and revocation lists say of themselves, as `show ssl cert`, `show ssl ca-file` and
//! `show ssl crl-file` write it.

use std::fmt::Write;

use x509_parser::prelude::{
    ASN1Time, CertificateRevocationList, FromDer, GeneralName, X509Certificate,
};

use crate::sample::{codec::hex, x509};
use crate::tls;

/// The lines about a certificate; HAProxy has none for one that cannot be read.
pub(super) fn certificate(out: &mut String, der: &[u8]) {
    let Ok((_, read)) = X509Certificate::from_der(der) else {
        return;
    };
    let validity = read.validity();
    let names = read.subject_alternative_name().ok().flatten();
    let names = names.map_or(&[][..], |names| &names.value.general_names[..]);
    // Names of other kinds leave nothing but their commas.
    let names: Vec<String> = names
        .iter()
        .map(|name| match name {
            GeneralName::DNSName(name) => format!("DNS:{name}"),
            _ => String::new(),
        })
        .collect();
    let digest = {
        use sha1::Digest;
        sha1::Sha1::digest(der)
    };
    // Writing to a `String` cannot fail.
    let _ = write!(
        out,
        "Serial: {}\nnotBefore: {}\nnotAfter: {}\nSubject Alternative Name: {}\nAlgorithm: {}\n\
         SHA1 FingerPrint: {}\nSubject: {}\nIssuer: {}\n",
        serial(read.tbs_certificate.raw_serial()),
        date(&validity.not_before),
        date(&validity.not_after),
        names.join(", "),
        tls::key(der).unwrap_or_else(|| x509::algorithm(&read.public_key().algorithm).to_owned()),
        text(&hex(&digest)),
        text(&x509::one_line(read.subject())),
        text(&x509::one_line(read.issuer())),
    );
}

/// The lines about the certificates above one.
pub(super) fn above(out: &mut String, der: &[u8]) {
    if let Ok((_, read)) = X509Certificate::from_der(der) {
        let _ = write!(
            out,
            "Chain Subject: {}\nChain Issuer: {}\n",
            text(&x509::one_line(read.subject())),
            text(&x509::one_line(read.issuer())),
        );
    }
}

/// The lines about a revocation list.
pub(super) fn revocations(out: &mut String, der: &[u8]) {
    let Ok((_, list)) = CertificateRevocationList::from_der(der) else {
        return;
    };
    let version = list.version().map_or(1, |version| version.0 + 1);
    let _ = write!(
        out,
        "Version {version}\nSignature Algorithm: {}\nIssuer: {}\nLast Update: {}\nNext Update: {}\n",
        long_name(x509::algorithm(&list.signature_algorithm)),
        text(&x509::one_line(list.issuer())),
        date(&list.last_update()),
        list.next_update()
            .map_or_else(|| "NONE".to_owned(), |time| date(&time)),
    );
    let mut revoked = list.iter_revoked_certificates().peekable();
    out.push_str(match revoked.peek() {
        None => "No Revoked Certificates.\n",
        Some(_) => "Revoked Certificates:\n",
    });
    for one in revoked {
        let _ = write!(
            out,
            "    Serial Number: {}\n        Revocation Date: {}\n",
            serial(one.raw_serial()),
            date(&one.revocation_date),
        );
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A number's bytes without the zero that keeps it positive.
fn serial(bytes: &[u8]) -> String {
    match bytes {
        [0, rest @ ..] if !rest.is_empty() => text(&hex(rest)),
        all => text(&hex(all)),
    }
}

/// OpenSSL's long names of algorithms, where they differ from the short ones.
fn long_name(short: &'static str) -> &'static str {
    match short {
        "RSA-MD5" => "md5WithRSAEncryption",
        "RSA-SHA1" => "sha1WithRSAEncryption",
        "RSA-SHA224" => "sha224WithRSAEncryption",
        "RSA-SHA256" => "sha256WithRSAEncryption",
        "RSA-SHA384" => "sha384WithRSAEncryption",
        "RSA-SHA512" => "sha512WithRSAEncryption",
        "RSASSA-PSS" => "rsassaPss",
        same => same,
    }
}

/// `Nov  5 19:41:13 2026 GMT`.
fn date(time: &ASN1Time) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let time = time.to_datetime();
    let month = usize::from(u8::from(time.month())) - 1;
    format!(
        "{} {:>2} {:02}:{:02}:{:02} {} GMT",
        MONTHS[month % 12],
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.year(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_one_digit_have_a_blank_before_them() {
        let time = |seconds| date(&ASN1Time::from_timestamp(seconds).unwrap());
        assert_eq!(time(0), "Jan  1 00:00:00 1970 GMT");
        assert_eq!(time(1_795_203_673), "Nov 20 19:41:13 2026 GMT");
    }

    #[test]
    fn numbers_are_written_without_their_padding() {
        assert_eq!(serial(&[0, 0x80, 1]), "8001");
        assert_eq!(serial(&[0]), "00");
        assert_eq!(serial(&[0x0a, 0]), "0A00");
    }
}
