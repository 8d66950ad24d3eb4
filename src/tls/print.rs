//! Certificates as `openssl x509 -text` shows them.

use std::fmt::Write;

use x509_parser::extensions::{AccessDescription, GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

/// How bytes are written in base64.
pub type Base64 = fn(&[u8]) -> Vec<u8>;

/// OpenSSL's names of algorithms, by the contents of their OIDs.
const ALGORITHMS: &[(&[u8], &str)] = &[
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1],
        "rsaEncryption",
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5],
        "sha1WithRSAEncryption",
    ),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10], "rsassaPss"),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11],
        "sha256WithRSAEncryption",
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12],
        "sha384WithRSAEncryption",
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13],
        "sha512WithRSAEncryption",
    ),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], "id-ecPublicKey"),
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
        "ecdsa-with-SHA256",
    ),
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
        "ecdsa-with-SHA384",
    ),
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4],
        "ecdsa-with-SHA512",
    ),
    (&[0x2b, 0x65, 0x70], "ED25519"),
];

/// Bytes in upper-case hexadecimal.
pub(super) fn hex(bytes: &[u8], between: &str) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(between)
}

/// A serial number, DER's integer, in hexadecimal.
pub(super) fn serial(bytes: &[u8]) -> String {
    match bytes {
        [0, rest @ ..] if !rest.is_empty() => hex(rest, ""),
        all => hex(all, ""),
    }
}

/// A name in one line.
pub(super) fn name(name: &X509Name<'_>, is: &str) -> String {
    let one = |part: &x509_parser::x509::AttributeTypeAndValue<'_>| {
        let oid = part.attr_type();
        let registry = x509_parser::oid_registry::OidRegistry::default().with_x509();
        let known = registry.get(oid).map(|entry| entry.sn().to_owned());
        let label = match oid.to_id_string().as_str() {
            "2.5.4.3" => "CN".to_owned(),
            "2.5.4.6" => "C".to_owned(),
            "2.5.4.7" => "L".to_owned(),
            "2.5.4.8" => "ST".to_owned(),
            "2.5.4.10" => "O".to_owned(),
            "2.5.4.11" => "OU".to_owned(),
            "1.2.840.113549.1.9.1" => "emailAddress".to_owned(),
            "0.9.2342.19200300.100.1.25" => "DC".to_owned(),
            other => known.unwrap_or_else(|| other.to_owned()),
        };
        let value = String::from_utf8_lossy(part.as_slice()).into_owned();
        format!("{label}{is}{value}")
    };
    let parts: Vec<String> = name.iter_attributes().map(one).collect();
    parts.join(", ")
}

fn algorithm(identifier: &[u8]) -> String {
    let oid = match identifier {
        [6, size, rest @ ..] => rest.get(..usize::from(*size)).unwrap_or_default(),
        _ => &[],
    };
    let known = ALGORITHMS.iter().find(|(known, _)| *known == oid);
    known.map_or_else(|| hex(oid, ":"), |(_, name)| (*name).to_owned())
}

/// Bytes in lower case, so many in a line, each line indented.
fn block(out: &mut String, bytes: &[u8], width: usize, indent: usize) {
    let lines = bytes.len().div_ceil(width);
    for (at, line) in bytes.chunks(width).enumerate() {
        let pairs: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let end = if at + 1 == lines { "" } else { ":" };
        let _ = writeln!(out, "{:indent$}{}{end}", "", pairs.join(":"));
    }
}

/// How something is signed: the algorithm's identifier without its tag, and the signature.
pub(super) fn signature(out: &mut String, identifier: &[u8], signature: &[u8]) {
    let name = algorithm(identifier);
    let _ = writeln!(out, "    Signature Algorithm: {name}\n    Signature Value:");
    block(out, signature, 18, 8);
}

/// A certificate (DER), in words and as PEM.
pub(super) fn certificate(out: &mut String, der: &[u8], base64: Base64) {
    let Ok((_, read)) = X509Certificate::from_der(der) else {
        return;
    };
    let by = read.signature_algorithm.algorithm.as_bytes();
    let by = [&[6, by.len() as u8][..], by].concat();
    let version = read.version().0;
    let _ = writeln!(
        out,
        "Certificate:\n    Data:\n        Version: {} ({version:#x})",
        version + 1
    );
    match read.raw_serial() {
        small if small.len() <= 8 => {
            let number = small
                .iter()
                .fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
            let _ = writeln!(out, "        Serial Number: {number} ({number:#x})");
        }
        large => {
            *out += "        Serial Number:\n";
            block(out, large.strip_prefix(&[0]).unwrap_or(large), 64, 12);
        }
    }
    let _ = writeln!(out, "        Signature Algorithm: {}", algorithm(&by));
    let _ = writeln!(out, "        Issuer: {}", name(read.issuer(), "="));
    let time = |time: &x509_parser::time::ASN1Time| {
        let time = time.to_datetime();
        let (month, day, year) = (time.month(), time.day(), time.year());
        let month = &month.to_string()[..3];
        let (hour, minute, second) = time.time().as_hms();
        format!("{month} {day:>2} {hour:02}:{minute:02}:{second:02} {year} GMT")
    };
    let _ = writeln!(
        out,
        "        Validity\n            Not Before: {}\n            Not After : {}",
        time(&read.validity().not_before),
        time(&read.validity().not_after)
    );
    let _ = writeln!(out, "        Subject: {}", name(read.subject(), "="));
    public_key(out, &read);
    extensions(out, &read);
    signature(out, &by, &read.signature_value.data);
    pem(out, der, base64);
}

fn public_key(out: &mut String, read: &X509Certificate<'_>) {
    let info = read.public_key();
    let oid = info.algorithm.algorithm.as_bytes();
    let kind = algorithm(&[&[6, oid.len() as u8][..], oid].concat());
    let _ = writeln!(
        out,
        "        Subject Public Key Info:\n            Public Key Algorithm: {kind}"
    );
    match info.parsed() {
        Ok(PublicKey::RSA(key)) => {
            let _ = writeln!(
                out,
                "                Public-Key: ({} bit)\n                Modulus:",
                key.key_size()
            );
            block(out, key.modulus, 15, 20);
            let exponent = key.try_exponent().unwrap_or_default();
            let _ = writeln!(out, "                Exponent: {exponent} ({exponent:#x})");
        }
        Ok(PublicKey::EC(point)) => {
            let (bits, name, curve) = match point.key_size() {
                256 => (256, "prime256v1", "P-256"),
                384 => (384, "secp384r1", "P-384"),
                _ => (521, "secp521r1", "P-521"),
            };
            let _ = writeln!(
                out,
                "                Public-Key: ({bits} bit)\n                pub:"
            );
            block(out, point.data(), 15, 20);
            let _ = writeln!(
                out,
                "                ASN1 OID: {name}\n                NIST CURVE: {curve}"
            );
        }
        _ => {
            *out += "                pub:\n";
            block(out, &info.subject_public_key.data, 15, 20);
        }
    }
}

fn extensions(out: &mut String, read: &X509Certificate<'_>) {
    if read.extensions().is_empty() {
        return;
    }
    *out += "        X509v3 extensions:\n";
    for one in read.extensions() {
        let (name, value) = extension(one);
        let critical = if one.critical { "critical" } else { "" };
        let _ = writeln!(
            out,
            "            {name}: {critical}\n                {value}"
        );
    }
}

fn extension(one: &x509_parser::extensions::X509Extension<'_>) -> (String, String) {
    let (name, value) = match one.parsed_extension() {
        ParsedExtension::BasicConstraints(basic) => {
            let length = basic.path_len_constraint;
            let length = length.map_or_else(String::new, |n| format!(", pathlen:{n}"));
            let ca = if basic.ca { "TRUE" } else { "FALSE" };
            ("X509v3 Basic Constraints", format!("CA:{ca}{length}"))
        }
        ParsedExtension::SubjectKeyIdentifier(id) => {
            ("X509v3 Subject Key Identifier", hex(id.0, ":"))
        }
        ParsedExtension::AuthorityKeyIdentifier(id) => {
            let id = id.key_identifier.as_ref().map(|id| hex(id.0, ":"));
            ("X509v3 Authority Key Identifier", id.unwrap_or_default())
        }
        ParsedExtension::KeyUsage(usage) => {
            let names = [
                (usage.digital_signature(), "Digital Signature"),
                (usage.non_repudiation(), "Non Repudiation"),
                (usage.key_encipherment(), "Key Encipherment"),
                (usage.data_encipherment(), "Data Encipherment"),
                (usage.key_agreement(), "Key Agreement"),
                (usage.key_cert_sign(), "Certificate Sign"),
                (usage.crl_sign(), "CRL Sign"),
            ];
            ("X509v3 Key Usage", chosen(&names))
        }
        ParsedExtension::ExtendedKeyUsage(usage) => {
            let names = [
                (usage.server_auth, "TLS Web Server Authentication"),
                (usage.client_auth, "TLS Web Client Authentication"),
                (usage.code_signing, "Code Signing"),
                (usage.email_protection, "E-mail Protection"),
                (usage.time_stamping, "Time Stamping"),
                (usage.ocsp_signing, "OCSP Signing"),
            ];
            ("X509v3 Extended Key Usage", chosen(&names))
        }
        ParsedExtension::SubjectAlternativeName(names) => {
            let text = |name: &GeneralName<'_>| match name {
                GeneralName::DNSName(name) => Some(format!("DNS:{name}")),
                GeneralName::RFC822Name(name) => Some(format!("email:{name}")),
                GeneralName::URI(uri) => Some(format!("URI:{uri}")),
                _ => None,
            };
            let names: Vec<String> = names.general_names.iter().filter_map(text).collect();
            ("X509v3 Subject Alternative Name", names.join(", "))
        }
        ParsedExtension::AuthorityInfoAccess(access) => {
            let text = |one: &AccessDescription<'_>| {
                let what = match one.access_method.to_id_string().as_str() {
                    "1.3.6.1.5.5.7.48.1" => "OCSP".to_owned(),
                    "1.3.6.1.5.5.7.48.2" => "CA Issuers".to_owned(),
                    other => other.to_owned(),
                };
                match &one.access_location {
                    GeneralName::URI(uri) => Some(format!("{what} - URI:{uri}")),
                    _ => None,
                }
            };
            let lines: Vec<String> = access.iter().filter_map(text).collect();
            let lines = lines.join("\n                ");
            ("Authority Information Access", lines)
        }
        _ => {
            let oid = one.oid.to_id_string();
            return match oid.as_str() {
                "1.3.6.1.5.5.7.48.1.5" => ("OCSP No Check".to_owned(), String::new()),
                _ => (oid, hex(one.value, ":")),
            };
        }
    };
    (name.to_owned(), value)
}

fn chosen(names: &[(bool, &str)]) -> String {
    let names = names.iter().filter(|(is, _)| *is);
    let names: Vec<&str> = names.map(|(_, name)| *name).collect();
    names.join(", ")
}

fn pem(out: &mut String, der: &[u8], base64: Base64) {
    *out += "-----BEGIN CERTIFICATE-----\n";
    for line in base64(der).chunks(64) {
        let _ = writeln!(out, "{}", String::from_utf8_lossy(line));
    }
    *out += "-----END CERTIFICATE-----\n";
}
