//! Who is believed: authorities and revocation lists (manual 5.1, 5.2 `ca-file`, `ca-verify-file`, `crl-file`).

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::time::ASN1Time;

use super::Slot;
use super::judge::{OfClient, OfServer};
use super::signed::Signed;
use super::verdict::Ignored;

/// Certificates of authorities.
#[derive(Debug, Clone)]
pub struct Authorities {
    /// As peers' certificates are held against them.
    pub roots: Arc<RootCertStore>,
    /// As they came.
    pub certificates: Vec<CertificateDer<'static>>,
}

/// What authorities revoked.
#[derive(Debug, Clone)]
pub struct Revocations(pub Vec<CertificateRevocationListDer<'static>>);

impl Authorities {
    /// Reads a PEM file, a directory of such files, or the system's (`@system-ca`).
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn read(path: &str) -> Result<Self, String> {
        let cannot = |error: std::io::Error| format!("unable to load CA file '{path}': {error}");
        let mut certificates = Vec::new();
        if path == "@system-ca" {
            certificates = rustls_native_certs::load_native_certs().certs;
        } else if Path::new(path).is_dir() {
            let entries = std::fs::read_dir(path).map_err(cannot)?;
            for entry in entries.flatten() {
                if let Ok(pem) = std::fs::read(entry.path()) {
                    certificates.extend(CertificateDer::pem_slice_iter(&pem).flatten());
                }
            }
        } else {
            let pem = std::fs::read(path).map_err(cannot)?;
            certificates.extend(CertificateDer::pem_slice_iter(&pem).flatten());
        }
        let read = Self::new(certificates);
        match read.roots.is_empty() {
            true => Err(format!(
                "unable to load CA file '{path}': no certificate found"
            )),
            false => Ok(read),
        }
    }

    /// Of a PEM file's text: what of it is a certificate. Nothing where there is no PEM at all.
    pub fn of_pem(pem: &[u8]) -> Option<Self> {
        let any = memchr::memmem::find(pem, b"-----BEGIN ").is_some();
        any.then(|| Self::new(CertificateDer::pem_slice_iter(pem).flatten().collect()))
    }

    /// Of these certificates; those that cannot be read are not held against anything.
    pub fn new(certificates: Vec<CertificateDer<'static>>) -> Self {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(certificates.iter().cloned());
        Self {
            roots: Arc::new(store),
            certificates,
        }
    }
}

impl Revocations {
    /// Of a PEM file's text, if there is any list in it.
    pub fn of_pem(pem: &[u8]) -> Option<Self> {
        let lists: Vec<_> = CertificateRevocationListDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .ok()?;
        (!lists.is_empty()).then_some(Self(lists))
    }

    /// Reads a PEM file.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn read(path: &str) -> Result<Self, String> {
        let cannot = |why: String| format!("unable to configure CRL file '{path}': {why}");
        let pem = std::fs::read(path).map_err(|error| cannot(error.to_string()))?;
        let lists: Vec<_> = CertificateRevocationListDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|error| cannot(error.to_string()))?;
        match lists.is_empty() {
            true => Err(cannot("no list found".to_owned())),
            false => Ok(Self(lists)),
        }
    }
}

/// What a peer's certificate is held against.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Who is believed.
    pub authorities: Option<Arc<Slot<Authorities>>>,
    /// `ca-verify-file`: who is believed too, but not announced.
    pub silent: Option<Arc<Slot<Authorities>>>,
    /// What they revoked.
    pub revoked: Option<Arc<Slot<Revocations>>>,
    /// `crt-ignore-err` and `ca-ignore-err`.
    pub ignored: (Ignored, Ignored),
    /// `no-ca-names`: nobody is announced.
    pub unnamed: bool,
}

impl Trust {
    /// Whether nobody was named who could be believed.
    pub fn is_empty(&self) -> bool {
        self.authorities.is_none() && self.silent.is_none()
    }

    /// Who is believed and announced, now.
    pub(super) fn announced(&self) -> Arc<RootCertStore> {
        let now = self.authorities.as_ref().and_then(|slot| slot.current());
        now.map_or_else(
            || Arc::new(RootCertStore::empty()),
            |authorities| authorities.roots.clone(),
        )
    }

    fn lists(&self) -> Vec<CertificateRevocationListDer<'static>> {
        let now = self.revoked.as_ref().and_then(|slot| slot.current());
        now.map_or_else(Vec::new, |revocations| revocations.0.clone())
    }

    /// What clients are judged by, in short: all of it, and `verify`. Whoever was judged by something else has to be
    /// judged anew.
    pub(super) fn digest(&self, verify: u8) -> [u8; 32] {
        let mut all = digest::Context::new(&digest::SHA256);
        let mut add = |bytes: &[u8]| {
            all.update(&bytes.len().to_be_bytes());
            all.update(bytes);
        };
        add(&[verify]);
        if verify != 0 {
            let (own, above) = &self.ignored;
            for ignored in [own, above] {
                add(&[u8::from(ignored.all)]);
                add(&ignored.numbers);
            }
            let authorities = [&self.authorities, &self.silent].into_iter().flatten();
            for authorities in authorities.filter_map(|slot| slot.current()) {
                let all = &authorities.certificates;
                all.iter().for_each(|certificate| add(certificate));
                add(b"");
            }
            self.lists().iter().for_each(|list| add(list));
        }
        let mut out = [0; 32];
        out.copy_from_slice(all.finish().as_ref());
        out
    }

    /// All who are believed, announced or not, as they came.
    fn believed(&self) -> Vec<CertificateDer<'static>> {
        let both = [&self.authorities, &self.silent].into_iter().flatten();
        let now = both.filter_map(|slot| slot.current());
        now.flat_map(|authorities| authorities.certificates.clone())
            .collect()
    }

    /// Judges clients; `optional` lets those without a certificate in.
    pub(super) fn of_clients(&self, signed: Signed, optional: bool) -> Result<OfClient, String> {
        let (announced, lists, believed) = (self.announced(), self.lists(), self.believed());
        let (all, over) = current(&believed);
        let mut builder =
            WebPkiClientVerifier::builder_with_provider(all.clone(), signed.provider.clone());
        if !lists.is_empty() {
            builder = builder
                .with_crls(lists.clone())
                .enforce_revocation_expiration();
        }
        if optional {
            builder = builder.allow_unauthenticated();
        }
        Ok(OfClient {
            by: builder.build().map_err(|error| error.to_string())?,
            authorities: all,
            certificates: believed,
            lists,
            over,
            signed,
            hints: match self.unnamed {
                true => Vec::new(),
                false => announced.subjects(),
            },
            ignored: self.ignored.clone(),
        })
    }

    /// Judges servers by their name, or all as good (`verify none`).
    pub(super) fn of_servers(
        &self,
        signed: Signed,
        host: Option<ServerName<'static>>,
        verify: bool,
    ) -> Result<OfServer, String> {
        let (lists, believed) = (self.lists(), self.believed());
        let (store, over) = current(&believed);
        let mut by = None;
        if verify {
            let provider = signed.provider.clone();
            let mut builder = WebPkiServerVerifier::builder_with_provider(store.clone(), provider);
            if !lists.is_empty() {
                builder = builder
                    .with_crls(lists.clone())
                    .enforce_revocation_expiration();
            }
            by = Some(builder.build().map_err(|error| error.to_string())?);
        }
        Ok(OfServer {
            by,
            authorities: store,
            certificates: believed,
            lists,
            over,
            host,
            signed,
        })
    }
}

/// Authorities whose own time is not over, which webpki does not ask about; all of them where it is over for every one, and
/// whether that is so.
fn current(all: &[CertificateDer<'static>]) -> (Arc<RootCertStore>, bool) {
    let over = |der: &CertificateDer<'_>| {
        let read = X509Certificate::from_der(der);
        read.is_ok_and(|(_, read)| read.validity().not_after < ASN1Time::now())
    };
    let none_left = !all.is_empty() && all.iter().all(over);
    let mut store = RootCertStore::empty();
    let left = all.iter().filter(|der| none_left || !over(der));
    store.add_parsable_certificates(left.cloned());
    (Arc::new(store), none_left)
}
