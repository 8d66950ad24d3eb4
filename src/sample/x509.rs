//! What a certificate says, in the words HAProxy and OpenSSL use (manual 7.3.4, `ssl_c_*` and kin).

mod attribute;

use std::borrow::Cow;

use x509_parser::asn1_rs::Tag;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AlgorithmIdentifier, AttributeTypeAndValue, X509Name};

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
        one_line(self.name(whose))
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
                match attribute::known(part.attr_type()) {
                    Some(name) => {
                        line.extend_from_slice(name.as_bytes());
                        line.push(b'=');
                        escape(&characters(part), &mut line);
                    }
                    None => unknown(part, &mut line),
                }
            }
        }
        line
    }

    /// The value of the n-th part of this kind: from the beginning, or for a negative number from the end.
    pub(super) fn part(&self, whose: Whose, kind: &[u8], n: i64) -> Option<Vec<u8>> {
        let known = |part: &&AttributeTypeAndValue<'_>| {
            let name = attribute::name(part.attr_type());
            name.as_bytes().eq_ignore_ascii_case(kind)
        };
        let all: Vec<_> = self
            .name(whose)
            .iter_attributes()
            .filter(known)
            .map(|part| part.as_slice().to_vec())
            .collect();
        let at = match n {
            0 => return None,
            1.. => usize::try_from(n).ok()? - 1,
            ..0 => all
                .len()
                .checked_sub(usize::try_from(n.unsigned_abs()).ok()?)?,
        };
        all.into_iter().nth(at)
    }

    /// The serial number's bytes, without a sign.
    pub(super) fn serial(&self) -> Cow<'d, [u8]> {
        match self.0.tbs_certificate.raw_serial() {
            [0, rest @ ..] if !rest.is_empty() => Cow::Borrowed(rest),
            all @ [first, ..] if *first > 127 => Cow::Owned(negated(all)),
            all => Cow::Borrowed(all),
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
        algorithm(&self.0.signature_algorithm)
    }

    /// What its key is.
    pub(super) fn key(&self) -> &'static str {
        algorithm(&self.0.public_key().algorithm)
    }
}

/// A whole name in OpenSSL's one line: `/C=DE/CN=a`.
pub fn one_line(name: &X509Name<'_>) -> Vec<u8> {
    let mut line = Vec::new();
    for part in name.iter_attributes() {
        line.push(b'/');
        line.extend_from_slice(attribute::name(part.attr_type()).as_bytes());
        line.push(b'=');
        line.extend_from_slice(part.as_slice());
    }
    line
}

/// How a certificate is signed, by OpenSSL's short name: `RSA-SHA256`.
pub fn signature_algorithm(der: &[u8]) -> Option<&'static str> {
    Read::new(der).map(|read| read.signature())
}

/// The amount of a negative number (two's complement), without zeros before it.
fn negated(number: &[u8]) -> Vec<u8> {
    let mut carry = true;
    let mut amount: Vec<u8> = Vec::with_capacity(number.len());
    for byte in number.iter().rev() {
        let (sum, over) = (!byte).overflowing_add(u8::from(carry));
        carry = over;
        amount.push(sum);
    }
    while amount.len() > 1 && amount.last() == Some(&0) {
        amount.pop();
    }
    amount.reverse();
    amount
}

/// Two digits of the year, as the manual promises; years of another century have none.
fn date(time: &ASN1Time) -> Option<Vec<u8>> {
    let time = time.to_datetime();
    if !(2000..2100).contains(&time.year()) {
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

/// OpenSSL's short names of algorithms.
const ALGORITHMS: [(&str, &str); 22] = [
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
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.2.840.10040.4.1", "dsaEncryption"),
    ("1.2.840.10040.4.3", "DSA-SHA1"),
    ("2.16.840.1.101.3.4.3.2", "dsa_with_SHA256"),
    ("2.16.840.1.101.3.4.3.10", "ecdsa_with_SHA3-256"),
    ("2.16.840.1.101.3.4.3.14", "RSA-SHA3-256"),
    ("1.3.101.110", "X25519"),
    ("1.3.101.112", "ED25519"),
    ("1.3.101.113", "ED448"),
];

/// An algorithm by OpenSSL's short name.
pub fn algorithm(of: &AlgorithmIdentifier<'_>) -> &'static str {
    let id = of.algorithm.to_id_string();
    let found = ALGORITHMS.iter().find(|(known, _)| *known == id);
    found.map_or("UNDEF", |(_, name)| *name)
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn hex(byte: u8, out: &mut Vec<u8>) {
    out.extend([byte >> 4, byte & 15].map(|digit| HEX[usize::from(digit)]));
}

/// The characters of a value in UTF-8, whatever kind of string it is (X.690 8.23). Kinds of one byte are taken for Latin-1.
fn characters<'p>(part: &'p AttributeTypeAndValue<'_>) -> Cow<'p, [u8]> {
    let bytes = part.as_slice();
    let text: String = match part.attr_value().header.tag() {
        Tag::BmpString => {
            let (pairs, _) = bytes.as_chunks::<2>();
            let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
            char::decode_utf16(units)
                .map(Result::unwrap_or_default)
                .collect()
        }
        Tag::UniversalString => {
            let (all, _) = bytes.as_chunks::<4>();
            let numbers = all.iter().map(|four| u32::from_be_bytes(*four));
            numbers
                .map(|n| char::from_u32(n).unwrap_or_default())
                .collect()
        }
        Tag::Utf8String => return Cow::Borrowed(bytes),
        _ if bytes.is_ascii() => return Cow::Borrowed(bytes),
        _ => bytes.iter().copied().map(char::from).collect(),
    };
    Cow::Owned(text.into_bytes())
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
    fn a_negative_number_is_told_by_its_amount() {
        let cases: [(&[u8], &[u8]); 4] = [
            (&[0xFB], &[5]),
            (&[0xFF, 0x00], &[1, 0]),
            (&[0x80, 0x00], &[0x80, 0]),
            (&[0xFF, 0xFF], &[1]),
        ];
        for (number, amount) in cases {
            assert_eq!(negated(number), amount);
        }
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
        assert_eq!(part("cn", 1).as_deref(), Some("a\\b"));
        assert_eq!(part("C", -1).as_deref(), Some("DE"));
        assert_eq!(part("C", 0), None);
        assert_eq!(part("C", 2), None);
        assert_eq!(part("C", -2), None);
        assert_eq!(part("L", 1), None);
        assert_eq!(text(read.not_before().unwrap()), "240229000000Z");
        assert_eq!(text(read.not_after().unwrap()), "610102000000Z");
        assert_eq!(read.serial()[..], [0x80, 1]);
        assert_eq!((read.version(), read.key()), (3, "id-ecPublicKey"));
        assert_eq!(read.signature(), "ecdsa-with-SHA256");
        assert!(Read::new(&der[1..]).is_none());
    }
}
