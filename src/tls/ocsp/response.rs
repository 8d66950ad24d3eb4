//! A response, as it came (RFC 6960 4.2).

use super::super::der::{self, BITS, Der, ENUMERATED, OCTETS, OID, SEQUENCE, TIME, context};
use super::{Id, SKEW};

/// `id-pkix-ocsp-basic`.
const BASIC: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];
/// What is read at most, bytes: responses carry a certificate or two.
const MOST: usize = 64 * 1024;

/// Why a response cannot be stapled, in HAProxy's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is not one.
    #[error("Unable to parse OCSP response")]
    Garbage,
    /// The responder has none to give.
    #[error("OCSP response status not successful")]
    Unsuccessful,
    /// It is about several certificates.
    #[error("OCSP response ignored because contains multiple single responses ({0})")]
    Several(usize),
    /// The responder does not know the certificate.
    #[error("OCSP single response: certificate status is unknown")]
    Unknown,
    /// It does not say until when it holds.
    #[error("OCSP single response: missing nextupdate")]
    Endless,
    /// It does not hold any more, or not yet.
    #[error("OCSP single response: no longer valid.")]
    Expired,
    /// It is about another certificate.
    #[error("OCSP single response: Certificate ID does not match certificate and issuer")]
    Other,
}

/// What it says of the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It is good.
    Good,
    /// It was revoked: when (GeneralizedTime), and why, if that is said.
    Revoked(Vec<u8>, Option<u8>),
    /// It is not known.
    Unknown,
}

/// A response about one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// As it came, DER.
    pub der: Vec<u8>,
    /// Whom it is about.
    pub id: Id,
    /// What it says.
    pub(super) status: Status,
    /// From when it holds, seconds since 1970.
    pub this_update: u64,
    /// Until when.
    pub next_update: u64,
}

impl Response {
    /// Reads one that could be stapled at this time, seconds since 1970. Whom it is about, and who signed it, is not looked
    /// at.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(der: &[u8], now: u64) -> Result<Self, Unusable> {
        let parts = Parts::read(der)?;
        let (id, status, this_update, next_update) = single(parts.singles)?;
        let seconds = |time: &[u8]| der::seconds(time).ok_or(Unusable::Garbage);
        let made = Self {
            der: der.to_vec(),
            id,
            status,
            this_update: seconds(this_update)?,
            next_update: seconds(next_update.ok_or(Unusable::Endless)?)?,
        };
        if made.status == Status::Unknown {
            return Err(Unusable::Unknown);
        }
        let begun = made.this_update <= now + SKEW;
        let ordered = made.this_update <= made.next_update;
        match begun && ordered && made.next_update + SKEW >= now {
            true => Ok(made),
            false => Err(Unusable::Expired),
        }
    }

    /// As [`Self::read`]; it must be about this certificate.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read_for(der: &[u8], id: &Id, now: u64) -> Result<Self, Unusable> {
        let read = Self::read(der, now)?;
        match read.id == *id {
            true => Ok(read),
            false => Err(Unusable::Other),
        }
    }

    /// Until when it may be stapled, seconds since 1970: clients' clocks may be ahead.
    pub fn stapled_until(&self) -> u64 {
        self.next_update.saturating_sub(SKEW)
    }
}

/// What a response consists of.
pub(super) struct Parts<'d> {
    /// All that is signed.
    pub signed: &'d [u8],
    /// Who signed it: `[1]` and a name, or `[2]` and a digest of a key.
    pub by: (u8, &'d [u8]),
    /// When it was made.
    pub produced: &'d [u8],
    /// What it says of certificates.
    pub singles: Der<'d>,
    /// Extensions of the whole.
    pub extensions: Option<&'d [u8]>,
    /// How it is signed: the algorithm's identifier without its tag.
    pub algorithm: &'d [u8],
    pub signature: &'d [u8],
    /// Certificates that came with it.
    pub certificates: Vec<&'d [u8]>,
}

impl<'d> Parts<'d> {
    pub fn read(der: &'d [u8]) -> Result<Self, Unusable> {
        let garbage = Unusable::Garbage;
        let mut outer = Der(der.get(..MOST.min(der.len())).unwrap_or_default());
        let mut response = outer.enter(SEQUENCE).ok_or(garbage)?;
        let status = response.take(ENUMERATED).ok_or(garbage)?;
        if !outer.is_done() {
            return Err(garbage);
        }
        if status != [0] {
            return Err(Unusable::Unsuccessful);
        }
        Self::basic(response).ok_or(garbage)
    }

    fn basic(mut response: Der<'d>) -> Option<Self> {
        let mut bytes = response.enter(context(0))?.enter(SEQUENCE)?;
        if bytes.take(OID)? != BASIC {
            return None;
        }
        let mut basic = bytes.enter(OCTETS)?.enter(SEQUENCE)?;
        let (tag, contents, signed) = basic.element()?;
        let algorithm = basic.take(SEQUENCE)?;
        let (unused, signature) = basic.take(BITS)?.split_first()?;
        if tag != SEQUENCE || *unused != 0 {
            return None;
        }
        let mut certificates = Vec::new();
        if let Some(all) = basic.optional(context(0)) {
            let mut all = Der(all).enter(SEQUENCE)?;
            while !all.is_done() {
                certificates.push(all.element()?.2);
            }
        }
        let mut data = Der(contents);
        data.optional(context(0));
        let (by, name, _) = data.element()?;
        Some(Self {
            signed,
            by: (by, name),
            produced: data.take(TIME)?,
            singles: data.enter(SEQUENCE)?,
            extensions: data.optional(context(1)),
            algorithm,
            signature,
            certificates,
        })
    }
}

type Single<'d> = (Id, Status, &'d [u8], Option<&'d [u8]>);

/// What is said of the one certificate.
pub(super) fn single(mut all: Der<'_>) -> Result<Single<'_>, Unusable> {
    let mut counted = all;
    let mut count = 0;
    while !counted.is_done() {
        counted.element().ok_or(Unusable::Garbage)?;
        count += 1;
    }
    match count {
        0 => Err(Unusable::Garbage),
        1 => read_single(&mut all).ok_or(Unusable::Garbage),
        several => Err(Unusable::Several(several)),
    }
}

fn read_single<'d>(all: &mut Der<'d>) -> Option<Single<'d>> {
    let mut fields = all.enter(SEQUENCE)?;
    let id = Id::read(&mut fields)?;
    let (tag, contents, _) = fields.element()?;
    let status = match tag {
        0x80 => Status::Good,
        0xa1 => {
            let mut revoked = Der(contents);
            let when = revoked.take(TIME)?.to_vec();
            let why = match revoked.optional(context(0)) {
                Some(why) => Der(why).take(ENUMERATED)?.first().copied(),
                None => None,
            };
            Status::Revoked(when, why)
        }
        0x82 => Status::Unknown,
        _ => return None,
    };
    let this_update = fields.take(TIME)?;
    let next_update = match fields.optional(context(0)) {
        Some(next) => Some(Der(next).take(TIME)?),
        None => None,
    };
    Some((id, status, this_update, next_update))
}
