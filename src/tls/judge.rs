//! How a peer's certificate is judged (manual 5.1 `verify`, `crt-ignore-err`, `no-ca-names`; 5.2 `verify`, `verifyhost`).
//!
//! webpki does it. Where OpenSSL is milder and files rely on that, so is this: a certificate that is itself among the
//! authorities is believed, and one without alternative names is for its common name.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::chain::{Court, Purpose};
use super::notes;
use super::signed::Signed;
use super::verdict::{Ignored, Verdict};

/// Judges clients.
#[derive(Debug)]
pub(super) struct OfClient {
    pub by: Arc<dyn ClientCertVerifier>,
    pub authorities: Arc<RootCertStore>,
    /// The same as they came.
    pub certificates: Vec<CertificateDer<'static>>,
    /// What they revoked.
    pub lists: Vec<CertificateRevocationListDer<'static>>,
    /// The time of all of them is over.
    pub over: bool,
    pub signed: Signed,
    /// The authorities that clients are told of.
    pub hints: Vec<DistinguishedName>,
    /// Errors of the certificate itself that do not matter, and of those above it.
    pub ignored: (Ignored, Ignored),
}

impl OfClient {
    /// What is wrong with this chain, whether it matters or not.
    pub fn judge(&self, chain: &[CertificateDer<'_>]) -> Option<Verdict> {
        let (own, above) = chain.split_first()?;
        let now = UnixTime::now();
        let judged = self.first(own, above, now);
        self.wrong(own, above, &judged.err()?, now)
    }

    /// What webpki says, for whom authorities have no end.
    fn first(
        &self,
        own: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.over {
            true => Err(CertificateError::UnknownIssuer.into()),
            false => self.by.verify_client_cert(own, above, now),
        }
    }

    fn wrong(
        &self,
        own: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        error: &Error,
        now: UnixTime,
    ) -> Option<Verdict> {
        let Error::InvalidCertificate(error) = error else {
            return None;
        };
        if is_authority(own, &self.authorities) {
            return None;
        }
        let court = Court {
            authorities: &self.certificates,
            lists: &self.lists,
            algorithms: &self.signed.provider.signature_verification_algorithms,
            purpose: Purpose::Client,
            now,
        };
        court.second(own, above, error)
    }

    /// Whether errors are ignored, so that a handshake's success says nothing of the certificate.
    pub fn ignores(&self) -> bool {
        !self.ignored.0.is_empty() || !self.ignored.1.is_empty()
    }
}

impl ClientCertVerifier for OfClient {
    fn offer_client_auth(&self) -> bool {
        self.by.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.by.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let error = match self.first(own, above, now) {
            Ok(good) => return Ok(good),
            Err(error) => error,
        };
        let Some(verdict) = self.wrong(own, above, &error, now) else {
            return match error {
                Error::InvalidCertificate(_) => Ok(ClientCertVerified::assertion()),
                error => Err(error),
            };
        };
        let ignored = match verdict.depth {
            0 => &self.ignored.0,
            _ => &self.ignored.1,
        };
        if ignored.has(verdict.first) && ignored.has(verdict.last) {
            return Ok(ClientCertVerified::assertion());
        }
        notes::note(|notes| notes.verdict = Some(verdict));
        Err(verdict.error())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed.of_tls12(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed.of_tls13(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signed.schemes()
    }
}

/// Whether a certificate is one of the authorities' own and good today.
fn is_authority(own: &CertificateDer<'_>, authorities: &RootCertStore) -> bool {
    let Ok((_, read)) = X509Certificate::from_der(own) else {
        return false;
    };
    let contents = |der: &[u8]| x509_parser::der_parser::parse_der(der).is_ok();
    read.validity().is_valid()
        && authorities.roots.iter().any(|root| {
            // A trust anchor keeps what is inside the outer sequence.
            let same = |whole: &[u8], inner: &[u8]| contents(whole) && whole.ends_with(inner);
            same(read.subject().as_raw(), &root.subject)
                && same(read.public_key().raw, &root.subject_public_key_info)
        })
}

/// Judges servers as a `server` line says: not at all, or by a name that need not be the one asked for.
#[derive(Debug)]
pub(super) struct OfServer {
    /// `None`: `verify none`.
    pub by: Option<Arc<WebPkiServerVerifier>>,
    pub authorities: Arc<RootCertStore>,
    /// The same as they came.
    pub certificates: Vec<CertificateDer<'static>>,
    /// What they revoked.
    pub lists: Vec<CertificateRevocationListDer<'static>>,
    /// The time of all of them is over.
    pub over: bool,
    /// `verifyhost`; otherwise the name in the SNI, or none at all.
    pub host: Option<ServerName<'static>>,
    pub signed: Signed,
}

impl OfServer {
    /// What is wrong with a chain that webpki does not like.
    fn wrong(
        &self,
        own: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        error: &CertificateError,
        now: UnixTime,
    ) -> Option<Verdict> {
        let court = Court {
            authorities: &self.certificates,
            lists: &self.lists,
            algorithms: &self.signed.provider.signature_verification_algorithms,
            purpose: Purpose::Server,
            now,
        };
        court.second(own, above, error)
    }
}

impl ServerCertVerifier for OfServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(by) = &self.by else {
            return Ok(ServerCertVerified::assertion());
        };
        let name = self.host.as_ref().unwrap_or(server_name);
        let nameless = self.host.is_none() && matches!(server_name, ServerName::IpAddress(_));
        let judged = match self.over {
            true => Err(CertificateError::UnknownIssuer.into()),
            false => by.verify_server_cert(end_entity, intermediates, name, ocsp_response, now),
        };
        let Err(Error::InvalidCertificate(error)) = &judged else {
            return judged;
        };
        let named = match error {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                is_common_name(end_entity, name)
            }
            _ if is_authority(end_entity, &self.authorities) => is_for(end_entity, name),
            error => match self.wrong(end_entity, intermediates, error, now) {
                Some(verdict) => {
                    notes::note(|notes| notes.verdict = Some(verdict));
                    return Err(verdict.error());
                }
                None => is_for(end_entity, name),
            },
        };
        match nameless || named {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(CertificateError::NotValidForName.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed.of_tls12(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signed.of_tls13(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.signed.schemes()
    }
}

fn is_for(own: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    let alternative = rustls::server::ParsedCertificate::try_from(own)
        .and_then(|read| rustls::client::verify_server_name(&read, name))
        .is_ok();
    alternative || is_common_name(own, name)
}

/// Whether a certificate without alternative names is for this one by its common name.
fn is_common_name(own: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    let (Ok((_, read)), ServerName::DnsName(name)) = (X509Certificate::from_der(own), name) else {
        return false;
    };
    if !matches!(read.subject_alternative_name(), Ok(None)) {
        return false;
    }
    let wanted = name.as_ref();
    let mut names = read.subject().iter_common_name();
    names.any(|common| match common.as_str() {
        Ok(common) => match (common.strip_prefix("*."), wanted.split_once('.')) {
            (Some(rest), Some((_, domain))) => rest.eq_ignore_ascii_case(domain),
            _ => common.eq_ignore_ascii_case(wanted),
        },
        Err(_) => false,
    })
}
