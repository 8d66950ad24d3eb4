//! A listener's side: which certificate and which terms a client gets (manual 5.1).

use std::cell::RefCell;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, ServerSessionMemoryCache,
};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SignatureScheme};

use super::agree::{self, Terms};
use super::{Algorithm, Certificate, Names, Trust};

/// `verify` of a `bind` line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// Clients are not asked for a certificate.
    #[default]
    None,
    /// They are asked; one that comes must be good.
    Optional,
    /// Without a good one there is no session.
    Required,
}

/// What a `bind … ssl` line says.
#[derive(Debug, Clone, Default)]
pub struct FrontSettings {
    /// Certificates in the order of the line; the first is the default one. With each, the names it is for where
    /// a list says so (`crt-list`), else its own.
    pub certificates: Vec<(Arc<Certificate>, Vec<String>)>,
    /// `strict-sni`: no certificate for other names.
    pub strict_sni: bool,
    /// What may be agreed on.
    pub terms: Terms,
    /// `verify`.
    pub verify: Verify,
    /// `ca-file`, `crl-file`.
    pub trust: Trust,
    /// `no-tls-tickets`.
    pub no_tickets: bool,
    /// `prefer-client-ciphers`.
    pub prefer_client: bool,
    /// `tune.ssl.cachesize`, sessions.
    pub cache: usize,
}

/// A listener's terms, ready to be used.
#[derive(Debug)]
pub struct Front {
    config: Arc<ServerConfig>,
    shelf: Arc<Shelf>,
    strict: bool,
}

/// What a client gets.
#[derive(Debug)]
pub enum Choice {
    /// These terms.
    Config(Arc<ServerConfig>),
    /// Nothing: `strict-sni`, and no certificate is for the name it asks for.
    UnknownName,
}

impl Front {
    /// Makes a listener's terms.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn new(settings: &FrontSettings) -> Result<Self, String> {
        let provider = agree::provider(&settings.terms);
        let shelf = Arc::new(Shelf::new(&settings.certificates));
        let versions = agree::versions(settings.terms.versions);
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions)
            .map_err(|error| error.to_string())?;
        let builder = match settings.verify {
            Verify::None => builder.with_no_client_auth(),
            wanted => {
                let optional = wanted == Verify::Optional;
                let verifier = settings.trust.of_clients(&provider, optional)?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_cert_resolver(shelf.clone());
        config.alpn_protocols.clone_from(&settings.terms.alpn);
        config.ignore_client_order = !settings.prefer_client;
        config.session_storage = match settings.cache {
            0 => Arc::new(NoServerSessionStorage {}),
            sessions => ServerSessionMemoryCache::new(sessions),
        };
        if !settings.no_tickets {
            config.ticketer = Ticketer::new().map_err(|error| error.to_string())?;
        }
        Ok(Self {
            config: Arc::new(config),
            shelf,
            strict: settings.strict_sni,
        })
    }

    /// The terms for a client that says this.
    pub fn choose(&self, hello: &ClientHello<'_>) -> Choice {
        let known = hello
            .server_name()
            .is_some_and(|name| self.shelf.names.find(name).next().is_some());
        match self.strict && !known {
            true => Choice::UnknownName,
            false => Choice::Config(self.config.clone()),
        }
    }
}

/// Certificates by name.
#[derive(Debug)]
struct Shelf {
    names: Names,
    certificates: Vec<Arc<Certificate>>,
}

impl Shelf {
    fn new(certificates: &[(Arc<Certificate>, Vec<String>)]) -> Self {
        let mut names = Names::default();
        for (place, (certificate, filters)) in certificates.iter().enumerate() {
            let own = match filters.iter().all(|filter| filter.starts_with('!')) {
                true => &certificate.names[..],
                false => &[],
            };
            for name in own.iter().chain(filters) {
                names.add(name, place);
            }
        }
        Self {
            names,
            certificates: certificates.iter().map(|(c, _)| c.clone()).collect(),
        }
    }

    /// Of these places, the certificate for a client that takes such signatures: ECDSA before RSA, the first of each.
    fn pick(
        &self,
        places: impl Iterator<Item = usize>,
        schemes: &[SignatureScheme],
    ) -> Option<&Arc<Certificate>> {
        let usable: Vec<&Arc<Certificate>> = places
            .filter_map(|place| self.certificates.get(place))
            .filter(|certificate| certificate.key.key.choose_scheme(schemes).is_some())
            .collect();
        let rsa = |certificate: &&&Arc<Certificate>| certificate.algorithm == Algorithm::Rsa;
        usable
            .iter()
            .find(|c| !rsa(c))
            .or_else(|| usable.first())
            .copied()
    }
}

thread_local! {
    /// See [`presented`].
    static PRESENTED: RefCell<Option<Arc<[u8]>>> = const { RefCell::new(None) };
}

/// The certificate that the last ClientHello handled by this thread has led to, DER: rustls keeps to itself which of them a
/// session presents.
pub fn presented() -> Option<Arc<[u8]>> {
    PRESENTED.take()
}

impl ResolvesServerCert for Shelf {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = hello.signature_schemes();
        let named = hello
            .server_name()
            .and_then(|name| self.pick(self.names.find(name), schemes));
        // The first one is the default; if it is a pair of kinds, both are.
        let chosen = named.or_else(|| {
            let first = self.certificates.first()?;
            let like = |at: &usize| {
                let names = self.certificates.get(*at).map(|other| &other.names);
                names == Some(&first.names)
            };
            let alike = (0..self.certificates.len()).filter(like);
            self.pick(alike, schemes)
                .or_else(|| self.pick(0..self.certificates.len(), schemes))
        })?;
        PRESENTED.set(Some(chosen.leaf.clone()));
        Some(chosen.key.clone())
    }
}
