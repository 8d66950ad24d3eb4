//! Chains that webpki does not judge and OpenSSL does (X509_verify_cert(3ssl)): of certificates of X.509 version 1, which
//! `openssl x509 -req` makes unless it is told otherwise, and of certificates of authorities that a peer shows for itself.
//!
//! Milder than webpki about those two only. What it does not know (name constraints, critical extensions of other
//! kinds) is refused.

use rustls::CertificateError;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use x509_parser::asn1_rs::Any;
use x509_parser::oid_registry::{
    OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_EXTENDED_KEY_USAGE, OID_X509_EXT_KEY_USAGE,
    OID_X509_EXT_SUBJECT_ALT_NAME,
};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate, X509Version};
use x509_parser::time::ASN1Time;
use x509_parser::x509::AlgorithmIdentifier;

use super::signed::verifies;
use super::verdict::{self, Verdict};

/// What a peer shows its certificate for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be served.
    Client,
    /// To serve.
    Server,
}

/// What a chain is held against.
pub(super) struct Court<'c> {
    /// Certificates of authorities.
    pub authorities: &'c [CertificateDer<'static>],
    /// Revocation lists; with any, every certificate has to be on one's side.
    pub lists: &'c [CertificateRevocationListDer<'static>],
    /// How signatures are checked.
    pub algorithms: &'c WebPkiSupportedAlgorithms,
    /// What for.
    pub purpose: Purpose,
    /// The time.
    pub now: UnixTime,
}

/// The longest chain that is followed, and the signatures that are checked on the way.
const MOST: (u8, usize) = (8, 40);

/// Whether a certificate is one that this is for: of version 1, or of an authority.
fn is_odd(own: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(own)
        .is_ok_and(|(_, read)| read.version() == X509Version::V1 || read.is_ca())
}

impl Court<'_> {
    /// What is wrong with a chain that webpki refused for this: nothing, where it is only strict. Who stands above is looked
    /// at once more for the words: webpki says neither how high an error is nor that an authority's time is over.
    pub fn second(
        &self,
        own: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        error: &CertificateError,
    ) -> Option<Verdict> {
        let verdict = self.judge(own, above);
        if is_odd(own) {
            return verdict;
        }
        let whole: Vec<_> = std::iter::once(own).chain(above).collect();
        let plain = Verdict::new(error, &whole);
        let vague = matches!(
            error,
            CertificateError::UnknownIssuer
                | CertificateError::Other(_)
                | CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. }
        );
        Some(verdict.filter(|_| vague).unwrap_or(plain))
    }

    /// What is wrong with a certificate, by what stands above it.
    fn judge(&self, own: &CertificateDer<'_>, above: &[CertificateDer<'_>]) -> Option<Verdict> {
        let wrong = |error| Some(Verdict::of_own(error));
        let Ok((_, leaf)) = X509Certificate::from_der(own) else {
            return wrong(verdict::UNSPECIFIED);
        };
        let above: Vec<X509Certificate<'_>> = above.iter().filter_map(|der| read(der)).collect();
        let mut signatures = MOST.1;
        if !is_used_for(&leaf, self.purpose) {
            return wrong(verdict::PURPOSE);
        }
        self.climb(&leaf, &above, 0, &mut signatures).err()
    }

    fn climb(
        &self,
        one: &X509Certificate<'_>,
        above: &[X509Certificate<'_>],
        depth: u8,
        signatures: &mut usize,
    ) -> Result<(), Verdict> {
        let wrong = |error| Verdict::at(error, depth);
        if depth > MOST.0 || has_unknown_needs(one) {
            return Err(wrong(verdict::UNSPECIFIED));
        }
        self.is_current(one).map_err(wrong)?;
        let mut best = match one.issuer() == one.subject() {
            true if depth == 0 => wrong(verdict::SELF_SIGNED),
            true => wrong(verdict::SELF_SIGNED_ABOVE),
            false => Verdict {
                last: verdict::UNVERIFIED,
                ..wrong(verdict::NO_ISSUER)
            },
        };
        let roots: Vec<X509Certificate<'_>> = self
            .authorities
            .iter()
            .filter_map(|der| read(der))
            .collect();
        let issuers = roots
            .iter()
            .map(|root| (root, true))
            .chain(above.iter().map(|other| (other, false)));
        for (issuer, trusted) in issuers {
            if issuer.subject() != one.issuer() || *signatures == 0 {
                continue;
            }
            *signatures -= 1;
            if !self.has_signed(
                issuer,
                one.tbs_certificate.as_ref(),
                &one.signature_algorithm,
                &one.signature_value.data,
            ) {
                continue;
            }
            let next = self.may_issue(issuer, depth, trusted).and_then(|()| {
                self.is_revoked(one, issuer).map_err(wrong)?;
                match trusted {
                    true => self
                        .is_current(issuer)
                        .map_err(|error| Verdict::at(error, depth + 1)),
                    false => self.climb(issuer, above, depth + 1, signatures),
                }
            });
            match next {
                Ok(()) => return Ok(()),
                Err(verdict) => best = verdict,
            }
        }
        Err(best)
    }

    /// Whether a certificate's time has come and is not over.
    fn is_current(&self, one: &X509Certificate<'_>) -> Result<(), u8> {
        let now = i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX);
        match one.validity() {
            span if now < span.not_before.timestamp() => Err(verdict::NOT_YET),
            span if now > span.not_after.timestamp() => Err(verdict::EXPIRED),
            _ => Ok(()),
        }
    }

    /// Whether a certificate may vouch for others, `below` of which stand between it and the peer's own.
    fn may_issue(
        &self,
        one: &X509Certificate<'_>,
        below: u8,
        trusted: bool,
    ) -> Result<(), Verdict> {
        let wrong = |error| Err(Verdict::at(error, below + 1));
        // An authority that is known and of version 1 says nothing of itself.
        if one.version() == X509Version::V1 {
            return match trusted {
                true => Ok(()),
                false => wrong(verdict::NO_AUTHORITY),
            };
        }
        let Ok(Some(basic)) = one.basic_constraints() else {
            return wrong(verdict::NO_AUTHORITY);
        };
        if !basic.value.ca {
            return wrong(verdict::NO_AUTHORITY);
        }
        if basic
            .value
            .path_len_constraint
            .is_some_and(|most| u32::from(below) > most)
        {
            return wrong(verdict::TOO_LONG);
        }
        if let Ok(Some(usage)) = one.key_usage()
            && !usage.value.key_cert_sign()
        {
            return wrong(verdict::NO_AUTHORITY);
        }
        match is_used_for(one, self.purpose) && !has_unknown_needs(one) {
            true => Ok(()),
            false => wrong(verdict::PURPOSE),
        }
    }

    /// Whether a certificate is on a list of its issuer; no list of the issuer is an error, too.
    fn is_revoked(
        &self,
        one: &X509Certificate<'_>,
        issuer: &X509Certificate<'_>,
    ) -> Result<(), u8> {
        if self.lists.is_empty() {
            return Ok(());
        }
        let lists = self
            .lists
            .iter()
            .filter_map(|der| CertificateRevocationList::from_der(der).ok());
        let list = lists.map(|(_, list)| list).find(|list| {
            let signature = (&list.signature_algorithm, &list.signature_value.data);
            list.issuer() == one.issuer()
                && self.has_signed(
                    issuer,
                    list.tbs_cert_list.as_ref(),
                    signature.0,
                    signature.1,
                )
        });
        let Some(list) = list else {
            return Err(verdict::UNABLE_TO_GET_CRL);
        };
        let now = i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX);
        let over = |next: ASN1Time| next.timestamp() < now;
        if list.next_update().is_some_and(over) {
            return Err(verdict::CRL_EXPIRED);
        }
        let mut revoked = list.iter_revoked_certificates();
        match revoked.any(|entry| entry.user_certificate == one.tbs_certificate.serial) {
            true => Err(verdict::REVOKED),
            false => Ok(()),
        }
    }

    fn has_signed(
        &self,
        issuer: &X509Certificate<'_>,
        message: &[u8],
        algorithm: &AlgorithmIdentifier<'_>,
        signature: &[u8],
    ) -> bool {
        let named = algorithm_bytes(algorithm);
        let key = issuer.public_key().raw;
        let fits = |one: &&&dyn rustls::pki_types::SignatureVerificationAlgorithm| {
            named.as_deref() == Some(one.signature_alg_id().as_ref())
        };
        let mut all = self.algorithms.all.iter().filter(fits);
        all.any(|one| verifies(*one, key, message, signature))
    }
}

fn read<'d>(der: &'d CertificateDer<'_>) -> Option<X509Certificate<'d>> {
    X509Certificate::from_der(der).ok().map(|(_, read)| read)
}

/// What an AlgorithmIdentifier holds, without its own header.
fn algorithm_bytes(algorithm: &AlgorithmIdentifier<'_>) -> Option<Vec<u8>> {
    use x509_parser::asn1_rs::ToDer;
    let mut bytes = algorithm.algorithm.to_der_vec().ok()?;
    if let Some(parameters) = &algorithm.parameters {
        bytes.extend(Any::to_der_vec(parameters).ok()?);
    }
    Some(bytes)
}

/// Whether a certificate may be used for this: it says so, or says nothing.
fn is_used_for(one: &X509Certificate<'_>, purpose: Purpose) -> bool {
    match one.extended_key_usage() {
        Ok(None) => true,
        Ok(Some(usage)) => {
            usage.value.any
                || match purpose {
                    Purpose::Client => usage.value.client_auth,
                    Purpose::Server => usage.value.server_auth,
                }
        }
        Err(_) => false,
    }
}

/// Whether a certificate has a critical extension that is not looked at here.
fn has_unknown_needs(one: &X509Certificate<'_>) -> bool {
    let known = [
        OID_X509_EXT_BASIC_CONSTRAINTS,
        OID_X509_EXT_KEY_USAGE,
        OID_X509_EXT_EXTENDED_KEY_USAGE,
        OID_X509_EXT_SUBJECT_ALT_NAME,
    ];
    let names = matches!(one.name_constraints(), Ok(None));
    !names
        || one
            .extensions()
            .iter()
            .any(|other| other.critical && !known.contains(&other.oid))
}
