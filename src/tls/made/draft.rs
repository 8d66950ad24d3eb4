//! A certificate before it is signed (RFC 5280 4.1), with the fields that HAProxy gives to those it makes.

use sha1::{Digest, Sha1};

use super::super::der::{BITS, Der, INTEGER, OCTETS, OID, SEQUENCE, TIME, context, element};

/// Seconds that one is good for from when it was made.
pub(super) const LASTS: u64 = 365 * DAY;
const DAY: u64 = 24 * 60 * 60;
/// What fits into a common name (RFC 5280 A.1 ub-common-name).
const LONGEST: usize = 64;

const SET: u8 = 0x31;
const UTF8: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;

/// Object identifiers, without their tags.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SUBJECT_KEY: &[u8] = &[0x55, 0x1d, 0x0e];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const AUTHORITY_KEY: &[u8] = &[0x55, 0x1d, 0x23];

/// What of its issuer stands in a certificate. Names are whole elements, the others contents.
#[derive(Debug)]
pub(super) struct Above {
    /// Its subject.
    pub subject: Vec<u8>,
    /// Who has issued its own.
    pub issuer: Vec<u8>,
    /// The serial number of its own.
    pub serial: Vec<u8>,
    /// The identifier of its key, if it names one.
    pub key: Option<Vec<u8>>,
}

/// What is to be signed: a certificate for `name` and the key in `public` (a SubjectPublicKeyInfo), made `now`, to be signed
/// by `algorithm`. Nothing where a part cannot be read.
pub(super) fn draft(
    above: &Above,
    name: &str,
    (serial, public): (&[u8], &[u8]),
    (algorithm, now): (&[u8], u64),
) -> Option<Vec<u8>> {
    let version = element(context(0), &[&element(INTEGER, &[&[2]])]);
    let validity = [now.saturating_sub(DAY), now.saturating_add(LASTS)].map(time);
    let [Some(from), Some(to)] = validity else {
        return None;
    };
    Some(element(
        SEQUENCE,
        &[
            &version,
            &element(INTEGER, &[serial]),
            algorithm,
            &above.subject,
            &element(SEQUENCE, &[&from, &to]),
            &subject(above, name)?,
            public,
            &element(context(3), &[&extensions(above, name, public)?]),
        ],
    ))
}

/// The issuer's own names, and this one besides, if it fits.
fn subject(above: &Above, name: &str) -> Option<Vec<u8>> {
    let theirs = Der(&above.subject).take(SEQUENCE)?;
    if name.len() > LONGEST {
        return Some(element(SEQUENCE, &[theirs]));
    }
    let common = element(
        SEQUENCE,
        &[
            &element(OID, &[COMMON_NAME]),
            &element(UTF8, &[name.as_bytes()]),
        ],
    );
    Some(element(SEQUENCE, &[theirs, &element(SET, &[&common])]))
}

fn extensions(above: &Above, name: &str, public: &[u8]) -> Option<Vec<u8>> {
    const DNS_NAME: u8 = 0x82;
    const DIRECTORY_NAME: u8 = context(4);
    /// Digital signature, non-repudiation, key encipherment; five bits are not used.
    const USES: &[u8] = &[5, 0b1110_0000];
    let bits = Der(public).enter(SEQUENCE).and_then(|mut info| {
        info.element()?;
        info.take(BITS)
    })?;
    // The first byte counts unused bits.
    let identifier = Sha1::digest(bits.get(1..)?);
    let key = above.key.as_ref();
    let issuer = element(DIRECTORY_NAME, &[&above.issuer]);
    let authority = [
        key.map_or_else(Vec::new, |key| element(0x80, &[key])),
        element(context(1), &[&issuer]),
        element(0x82, &[&above.serial]),
    ]
    .concat();
    let all = [
        (BASIC_CONSTRAINTS, element(SEQUENCE, &[])),
        (SUBJECT_KEY, element(OCTETS, &[&identifier])),
        (AUTHORITY_KEY, element(SEQUENCE, &[&authority])),
        (KEY_USAGE, element(BITS, &[USES])),
        (
            ALTERNATIVE_NAME,
            element(SEQUENCE, &[&element(DNS_NAME, &[name.as_bytes()])]),
        ),
    ];
    let one = |(id, value): &(&[u8], Vec<u8>)| {
        element(
            SEQUENCE,
            &[&element(OID, &[id]), &element(OCTETS, &[value])],
        )
    };
    let all: Vec<u8> = all.iter().flat_map(one).collect();
    Some(element(SEQUENCE, &[&all]))
}

/// A time in seconds since 1970: of two digits' years up to 2049, of four digits' after (RFC 5280 4.1.2.5).
fn time(seconds: u64) -> Option<Vec<u8>> {
    const YEAR_2050: u64 = 2_524_608_000;
    let (tag, form) = match seconds < YEAR_2050 {
        true => (UTC_TIME, "%y%m%d%H%M%SZ"),
        false => (TIME, "%Y%m%d%H%M%SZ"),
    };
    let stamp = jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    Some(element(tag, &[stamp.strftime(form).to_string().as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_form_of_their_year() {
        assert_eq!(time(0).unwrap(), b"\x17\x0d700101000000Z");
        assert_eq!(time(2_524_607_999).unwrap(), b"\x17\x0d491231235959Z");
        assert_eq!(time(2_524_608_000).unwrap(), b"\x18\x0f20500101000000Z");
        assert_eq!(time(u64::MAX), None);
    }

    #[test]
    fn a_name_that_is_too_long_for_a_common_name_is_no_common_name() {
        let above = Above {
            subject: element(SEQUENCE, &[]),
            issuer: element(SEQUENCE, &[]),
            serial: vec![1],
            key: None,
        };
        assert_eq!(subject(&above, &"a".repeat(65)).unwrap(), [SEQUENCE, 0]);
        assert!(subject(&above, &"a".repeat(64)).unwrap().len() > 64);
    }
}
