//! A certificate's OCSP response: from the files beside it, from the Runtime API, from its responder (manual 5.1 `crt`,
//! 3.1 `ssl-load-extra-files`, `issuers-chain-path`).

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::certificate::{Beside, Certificate, Unusable};
use super::ocsp::{self, Id, Response, has_issued};

/// What stands above certificates, to complete their chains with: of each file, its certificates.
#[derive(Debug, Clone, Default)]
pub struct Chains(Vec<(String, Vec<CertificateDer<'static>>)>);

impl Chains {
    /// Adds a file's. The name of the file that has them already, if one does.
    pub fn add(&mut self, file: &str, pem: &[u8]) -> Option<String> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(pem).flatten().collect();
        let first = chain.first()?;
        if let Some((known, _)) = self
            .0
            .iter()
            .find(|(_, known)| known.first() == Some(first))
        {
            return Some(known.clone());
        }
        self.0.push((file.to_owned(), chain));
        None
    }

    /// Those above this certificate.
    fn above(&self, own: &X509Certificate<'_>) -> Option<&[CertificateDer<'static>]> {
        let fits = |chain: &&(String, Vec<CertificateDer<'static>>)| {
            let first = chain.1.first().map(|der| X509Certificate::from_der(der));
            matches!(first, Some(Ok((_, issuer))) if has_issued(&issuer, own))
        };
        self.0.iter().find(fits).map(|(_, chain)| &chain[..])
    }
}

impl Certificate {
    /// Completes its chain where its file has none, and reads the files beside it: `.issuer`, and `.ocsp`, which is stapled.
    /// What makes a response useless is answered; it is passed over.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn read_beside(
        &mut self,
        beside: &Beside,
        chains: &Chains,
    ) -> Result<Option<ocsp::Unusable>, Unusable> {
        self.complete(chains);
        let name = |path: &Option<PathBuf>| {
            let path = path.as_ref();
            path.map_or_else(String::new, |path| path.display().to_string())
        };
        if let Some(pem) = beside.read(beside.issuer.as_ref())? {
            let issuer = CertificateDer::from_pem_slice(&pem)
                .ok()
                .filter(|der| X509Certificate::from_der(der).is_ok())
                .ok_or_else(|| Unusable::BadIssuer(name(&beside.issuer)))?;
            if Id::of(&[&*self.leaf], Some(&issuer)).is_none() {
                return Err(Unusable::NotIssuer(name(&beside.issuer)));
            }
            self.issuer = Some(issuer);
        }
        let Some(response) = beside.read(beside.ocsp.as_ref())? else {
            return Ok(None);
        };
        self.staple.activate();
        let Some(id) = self.ocsp_id() else {
            return Err(Unusable::NoOcspId(name(&beside.ocsp)));
        };
        match Response::read_for(&response, id, now()) {
            Ok(response) => {
                self.answer(Arc::new(response));
                Ok(None)
            }
            Err(why) => Ok(Some(why)),
        }
    }

    fn complete(&mut self, chains: &Chains) {
        let served = self.served();
        let Ok((_, own)) = X509Certificate::from_der(&self.leaf) else {
            return;
        };
        if let ([_], Some(above)) = (&served.cert[..], chains.above(&own)) {
            self.swap(|key| key.cert.extend_from_slice(above));
        }
    }

    /// What OCSP calls it, if its issuer is known.
    pub fn ocsp_id(&self) -> Option<&Id> {
        self.staple
            .id(|| Id::of(&self.served().cert, self.issuer.as_deref()))
    }

    /// The certificate of its issuer, DER.
    pub fn issuer(&self) -> Option<CertificateDer<'static>> {
        let (_, own) = X509Certificate::from_der(&self.leaf).ok()?;
        let served = self.served();
        let mut all = served.cert.iter().skip(1).chain(&self.issuer);
        let found = all.find(|der| {
            X509Certificate::from_der(der).is_ok_and(|(_, issuer)| has_issued(&issuer, &own))
        });
        found.cloned()
    }

    /// Staples a response from the next handshake on, as long as it holds.
    pub fn answer(&self, response: Arc<Response>) {
        self.staple.take(response);
        self.restaple();
    }

    /// Staples what came as its response, if that is one and holds. False: its issuer is not known, so that nobody can
    /// say whether it is.
    pub(super) fn take_answer(&self, der: &[u8]) -> bool {
        self.staple.activate();
        let Some(id) = self.ocsp_id() else {
            return false;
        };
        if let Ok(response) = Response::read_for(der, id, now()) {
            self.answer(Arc::new(response));
        }
        true
    }

    /// Takes the response off once it does not hold any more.
    pub(super) fn expire(&self) {
        if self.staple.ends(now) {
            self.restaple();
        }
    }

    fn restaple(&self) {
        self.swap(|key| key.ocsp = self.staple.in_force(now()));
    }
}

fn now() -> u64 {
    UnixTime::now().as_secs()
}
