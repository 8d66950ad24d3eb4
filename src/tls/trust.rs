//! Who is believed: authorities and revocation lists (manual 5.1, 5.2 `ca-file`, `ca-verify-file`, `crl-file`).

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use rustls::server::WebPkiClientVerifier;

use super::judge::OfClient;
use super::verdict::Ignored;

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
    /// `ca-verify-file`: who is believed too, but not announced.
    pub silent: Authorities,
    /// What they revoked.
    pub revoked: Vec<CertificateRevocationListDer<'static>>,
    /// `crt-ignore-err` and `ca-ignore-err`.
    pub ignored: (Ignored, Ignored),
    /// `no-ca-names`: nobody is announced.
    pub unnamed: bool,
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
    ) -> Result<OfClient, String> {
        let mut all = (*self.authorities.0).clone();
        all.roots.extend(self.silent.0.roots.iter().cloned());
        let all = Arc::new(all);
        let mut builder =
            WebPkiClientVerifier::builder_with_provider(all.clone(), provider.clone())
                .with_crls(self.revoked.clone());
        if !self.revoked.is_empty() {
            builder = builder.only_check_end_entity_revocation();
        }
        if optional {
            builder = builder.allow_unauthenticated();
        }
        Ok(OfClient {
            by: builder.build().map_err(|error| error.to_string())?,
            authorities: all,
            hints: match self.unnamed {
                true => Vec::new(),
                false => self.authorities.0.subjects(),
            },
            ignored: self.ignored.clone(),
        })
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
