//! Who is believed: authorities, revocation lists, and how a peer's certificate is judged (manual 5.1, 5.2 `ca-file`,
//! `verify`, `crl-file`, `verifyhost`).

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Certificates of authorities.
#[derive(Debug, Clone)]
pub struct Authorities(pub Arc<RootCertStore>);

impl Default for Authorities {
    fn default() -> Self {
        Self(Arc::new(RootCertStore::empty()))
    }
}

impl Authorities {
    /// Reads a PEM file, a directory of such files, or the system's (`@system-ca`).
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn read(path: &str) -> Result<Self, String> {
        let mut store = RootCertStore::empty();
        if path == "@system-ca" {
            let native = rustls_native_certs::load_native_certs();
            store.add_parsable_certificates(native.certs);
        } else if Path::new(path).is_dir() {
            let entries = std::fs::read_dir(path).map_err(|error| cannot(path, &error))?;
            for entry in entries.flatten() {
                if let Ok(pem) = std::fs::read(entry.path()) {
                    add(&mut store, &pem);
                }
            }
        } else {
            let pem = std::fs::read(path).map_err(|error| cannot(path, &error))?;
            add(&mut store, &pem);
        }
        match store.is_empty() {
            true => Err(format!(
                "unable to load CA file '{path}': no certificate found"
            )),
            false => Ok(Self(Arc::new(store))),
        }
    }
}

fn cannot(path: &str, error: &std::io::Error) -> String {
    format!("unable to load CA file '{path}': {error}")
}

fn add(store: &mut RootCertStore, pem: &[u8]) {
    let certificates = CertificateDer::pem_slice_iter(pem).flatten();
    store.add_parsable_certificates(certificates);
}

/// What a peer's certificate is held against.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Who is believed.
    pub authorities: Authorities,
    /// What they revoked.
    pub revoked: Vec<CertificateRevocationListDer<'static>>,
}

impl Trust {
    /// Adds the lists of a `crl-file`.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn revoke(&mut self, path: &str) -> Result<(), String> {
        let cannot = |why: String| format!("unable to configure CRL file '{path}': {why}");
        let pem = std::fs::read(path).map_err(|error| cannot(error.to_string()))?;
        let lists: Vec<_> = CertificateRevocationListDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|error| cannot(error.to_string()))?;
        if lists.is_empty() {
            return Err(cannot("no list found".to_owned()));
        }
        self.revoked.extend(lists);
        Ok(())
    }

    /// Judges clients; `optional` lets those without a certificate in.
    pub(super) fn of_clients(
        &self,
        provider: &Arc<CryptoProvider>,
        optional: bool,
    ) -> Result<Arc<dyn ClientCertVerifier>, String> {
        let store = self.authorities.0.clone();
        let mut builder = WebPkiClientVerifier::builder_with_provider(store, provider.clone())
            .with_crls(self.revoked.clone());
        if !self.revoked.is_empty() {
            builder = builder.only_check_end_entity_revocation();
        }
        if optional {
            builder = builder.allow_unauthenticated();
        }
        builder.build().map_err(|error| error.to_string())
    }

    /// Judges servers by their name.
    pub(super) fn of_servers(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<WebPkiServerVerifier>, String> {
        let store = self.authorities.0.clone();
        let mut builder = WebPkiServerVerifier::builder_with_provider(store, provider.clone())
            .with_crls(self.revoked.clone());
        if !self.revoked.is_empty() {
            builder = builder.only_check_end_entity_revocation();
        }
        builder.build().map_err(|error| error.to_string())
    }
}

/// Judges servers as a `server` line says: not at all, or by a name that need not be the one asked for.
#[derive(Debug)]
pub(super) struct OfServer {
    /// `None`: `verify none`.
    pub by: Option<Arc<WebPkiServerVerifier>>,
    /// `verifyhost`; otherwise the name in the SNI, or none at all.
    pub host: Option<ServerName<'static>>,
    pub provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for OfServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(by) = &self.by else {
            return Ok(ServerCertVerified::assertion());
        };
        let name = self.host.as_ref().unwrap_or(server_name);
        let judged = by.verify_server_cert(end_entity, intermediates, name, ocsp_response, now);
        match judged {
            // Without a name to hold it against, the chain is what counts, as in HAProxy.
            Err(rustls::Error::InvalidCertificate(
                rustls::CertificateError::NotValidForName
                | rustls::CertificateError::NotValidForNameContext { .. },
            )) if self.host.is_none() && matches!(server_name, ServerName::IpAddress(_)) => {
                Ok(ServerCertVerified::assertion())
            }
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
