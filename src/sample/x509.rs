//! What a certificate says, in the words HAProxy and OpenSSL use (manual 7.3.4, `ssl_c_*` and kin).

use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// A certificate that can be read.
pub(super) struct Read<'d>(X509Certificate<'d>);

/// Which of its names.
#[derive(Clone, Copy)]
pub(super) enum Whose {
    Subject,
    Issuer,
}

impl<'d> Read<'d> {
    /// Reads DER.
    pub(super) fn new(der: &'d [u8]) -> Option<Self> {
        X509Certificate::from_der(der)
            .ok()
            .map(|(_, read)| Self(read))
    }

    fn name(&self, whose: Whose) -> &X509Name<'_> {
        match whose {
            Whose::Subject => self.0.subject(),
            Whose::Issuer => self.0.issuer(),
        }
    }

    /// The whole name in OpenSSL's one line: `/C=DE/CN=a`.
    pub(super) fn one_line(&self, whose: Whose) -> Vec<u8> {
        let mut line = Vec::new();
        for part in self.name(whose).iter_attributes() {
            line.push(b'/');
            line.extend_from_slice(short_name(part).unwrap_or("UNDEF").as_bytes());
            line.push(b'=');
            line.extend_from_slice(part.as_slice());
        }
        line
    }

    /// The whole name as RFC 2253 has it: last part first, commas between them.
    pub(super) fn rfc2253(&self, whose: Whose) -> Vec<u8> {
        let mut line = Vec::new();
        let sets: Vec<_> = self.name(whose).iter_rdn().collect();
        for (at, set) in sets.into_iter().rev().enumerate() {
            if at > 0 {
                line.push(b',');
            }
            let parts: Vec<_> = set.iter().collect();
            for (at, part) in parts.into_iter().rev().enumerate() {
                if at > 0 {
                    line.push(b'+');
                }
                match short_name(part) {
                    Some(name) => {
                        line.extend_from_slice(name.as_bytes());
                        line.push(b'=');
                        escape(part.as_slice(), &mut line);
                    }
                    None => unknown(part, &mut line),
                }
            }
        }
        line
    }

    /// The value of the n-th part of this kind: from the beginning, or for a negative number from the end. 0 is the
    /// first.
    pub(super) fn part(&self, whose: Whose, kind: &[u8], n: i64) -> Option<Vec<u8>> {
        let known = |part: &&AttributeTypeAndValue<'_>| {
            short_name(part).is_some_and(|name| name.as_bytes().eq_ignore_ascii_case(kind))
        };
        let all: Vec<_> = self
            .name(whose)
            .iter_attributes()
            .filter(known)
            .map(|part| part.as_slice().to_vec())
            .collect();
        let at = match n {
            0 => 0,
            n if n > 0 => usize::try_from(n).ok()? - 1,
            n => all
                .len()
                .checked_sub(usize::try_from(n.unsigned_abs()).ok()?)?,
        };
        all.into_iter().nth(at)
    }

    /// The serial number's bytes.
    pub(super) fn serial(&self) -> &'d [u8] {
        match self.0.tbs_certificate.raw_serial() {
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        }
    }

    /// Its version, 1 to 3.
    pub(super) fn version(&self) -> i64 {
        i64::from(self.0.version().0) + 1
    }

    /// The first second it is good, `YYMMDDhhmmssZ`.
    pub(super) fn not_before(&self) -> Option<Vec<u8>> {
        date(&self.0.validity().not_before)
    }

    /// The last one.
    pub(super) fn not_after(&self) -> Option<Vec<u8>> {
        date(&self.0.validity().not_after)
    }

    /// How it is signed.
    pub(super) fn signature(&self) -> &'static str {
        algorithm(&self.0.signature_algorithm.algorithm.to_id_string())
    }

    /// What its key is.
    pub(super) fn key(&self) -> &'static str {
        algorithm(&self.0.public_key().algorithm.algorithm.to_id_string())
    }
}

/// How a certificate is signed, by OpenSSL's short name: `RSA-SHA256`.
pub fn signature_algorithm(der: &[u8]) -> Option<&'static str> {
    Read::new(der).map(|read| read.signature())
}

/// Two digits of the year, as the manual promises; years that two digits cannot say have none.
fn date(time: &ASN1Time) -> Option<Vec<u8>> {
    let time = time.to_datetime();
    if !(1950..2100).contains(&time.year()) {
        return None;
    }
    let text = format!(
        "{:02}{:02}{:02}{:02}{:02}{:02}Z",
        time.year() % 100,
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    Some(text.into_bytes())
}

/// OpenSSL's short names of what names are made of.
const PARTS: [(&str, &str); 27] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.20", "telephoneNumber"),
    ("2.5.4.41", "name"),
    ("2.5.4.42", "GN"),
    ("2.5.4.43", "initials"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.65", "pseudonym"),
    ("2.5.4.97", "organizationIdentifier"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("1.2.840.113549.1.9.2", "unstructuredName"),
    ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST"),
    ("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC"),
];

fn short_name(part: &AttributeTypeAndValue<'_>) -> Option<&'static str> {
    let id = part.attr_type().to_id_string();
    let found = PARTS.iter().find(|(known, _)| *known == id);
    found.map(|(_, name)| *name)
}

/// OpenSSL's short names of algorithms.
const ALGORITHMS: [(&str, &str); 17] = [
    ("1.2.840.113549.1.1.1", "rsaEncryption"),
    ("1.2.840.113549.1.1.4", "RSA-MD5"),
    ("1.2.840.113549.1.1.5", "RSA-SHA1"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.113549.1.1.11", "RSA-SHA256"),
    ("1.2.840.113549.1.1.12", "RSA-SHA384"),
    ("1.2.840.113549.1.1.13", "RSA-SHA512"),
    ("1.2.840.113549.1.1.14", "RSA-SHA224"),
    ("1.2.840.10045.2.1", "id-ecPublicKey"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.2.840.10040.4.1", "dsaEncryption"),
    ("2.16.840.1.101.3.4.3.2", "dsa_with_SHA256"),
    ("1.3.101.112", "ED25519"),
    ("1.3.101.113", "ED448"),
];

fn algorithm(id: &str) -> &'static str {
    let found = ALGORITHMS.iter().find(|(known, _)| *known == id);
    found.map_or("UNDEF", |(_, name)| *name)
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn hex(byte: u8, out: &mut Vec<u8>) {
    out.extend([byte >> 4, byte & 15].map(|digit| HEX[usize::from(digit)]));
}

/// RFC 2253 2.4, and every byte that is not printable ASCII as its number.
fn escape(value: &[u8], out: &mut Vec<u8>) {
    let last = value.len().saturating_sub(1);
    for (at, byte) in value.iter().copied().enumerate() {
        let edge = (byte == b' ' && (at == 0 || at == last)) || (byte == b'#' && at == 0);
        match byte {
            _ if edge || br#",+"\<>;"#.contains(&byte) => out.extend([b'\\', byte]),
            b' '..=b'~' => out.push(byte),
            _ => {
                out.push(b'\\');
                hex(byte, out);
            }
        }
    }
}

/// A part of unknown kind: its number and the DER of its value.
fn unknown(part: &AttributeTypeAndValue<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(part.attr_type().to_id_string().as_bytes());
    out.extend_from_slice(b"=#");
    let value = part.attr_value();
    let length = value.data.len();
    hex(value.header.tag().0 as u8, out);
    if length > 255 {
        hex(0x82, out);
        hex((length >> 8) as u8, out);
    } else if length > 127 {
        hex(0x81, out);
    }
    hex(length as u8, out);
    for byte in value.data {
        hex(*byte, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(parts: &[(rcgen::DnType, &str)]) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in parts {
            params.distinguished_name.push(kind.clone(), *value);
        }
        params.not_before = rcgen::date_time_ymd(2024, 2, 29);
        params.not_after = rcgen::date_time_ymd(2061, 1, 2);
        params.serial_number = Some(rcgen::SerialNumber::from(vec![0x80, 1]));
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn names_are_written_as_openssl_writes_them() {
        use rcgen::DnType;
        let der = made(&[
            (DnType::CountryName, "DE"),
            (DnType::OrganizationName, "Große, Firma"),
            (DnType::OrganizationalUnitName, "#one "),
            (DnType::CommonName, "a\\b"),
        ]);
        let read = Read::new(&der).unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        assert_eq!(
            text(read.one_line(Whose::Subject)),
            "/C=DE/O=Große, Firma/OU=#one /CN=a\\b"
        );
        assert_eq!(
            text(read.rfc2253(Whose::Issuer)),
            "CN=a\\\\b,OU=\\#one\\ ,O=Gro\\C3\\9Fe\\, Firma,C=DE"
        );
        let part = |kind: &str, n| read.part(Whose::Subject, kind.as_bytes(), n).map(text);
        assert_eq!(part("cn", 0).as_deref(), Some("a\\b"));
        assert_eq!(part("C", -1).as_deref(), Some("DE"));
        assert_eq!(part("C", 2), None);
        assert_eq!(part("C", -2), None);
        assert_eq!(part("L", 0), None);
        assert_eq!(text(read.not_before().unwrap()), "240229000000Z");
        assert_eq!(text(read.not_after().unwrap()), "610102000000Z");
        assert_eq!(read.serial(), [0x80, 1]);
        assert_eq!((read.version(), read.key()), (3, "id-ecPublicKey"));
        assert_eq!(read.signature(), "ecdsa-with-SHA256");
        assert!(Read::new(&der[1..]).is_none());
    }
}
