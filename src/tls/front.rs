//! A listener's side: which certificate and which terms a client gets (manual 5.1).

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::pki_types::CertificateDer;
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, ServerSessionMemoryCache,
};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SignatureScheme};

use super::agree::{self, Terms};
use super::judge::OfClient;
use super::verdict::Verdict;
use super::{Algorithm, Certificate, Names, Trust, notes};

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
    /// Certificates in the order of the line; the first is the default one.
    pub certificates: Vec<Entry>,
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
    /// `tune.ssl.capture-buffer-size`: bytes kept of what each ClientHello offers.
    pub capture: usize,
    /// `tune.ssl.keylog`: secrets are kept for the fetches that tell them.
    pub keylog: bool,
    /// `tune.ssl.maxrecord`: the size of records, their headers included.
    pub record: Option<usize>,
}

/// A certificate of a line, or of a list that the line names.
#[derive(Debug, Clone)]
pub struct Entry {
    /// It.
    pub certificate: Arc<Certificate>,
    /// The names it is for where a list says so (`crt-list`), else its own.
    pub filters: Vec<String>,
    /// What the list says of agreeing and verifying for these names; the line's otherwise.
    pub own: Option<Arc<FrontSettings>>,
}

/// A listener's terms, ready to be used.
#[derive(Debug)]
pub struct Front {
    /// The line's own, then those of entries that have their own.
    groups: Vec<Group>,
    /// Of each certificate, its terms among `groups`.
    of: Vec<usize>,
    shelf: Arc<Shelf>,
    strict: bool,
    /// `tune.ssl.capture-buffer-size`.
    pub capture: usize,
}

/// The terms for some of a listener's names.
#[derive(Debug, Clone)]
pub struct Group {
    /// For rustls.
    pub config: Arc<ServerConfig>,
    judge: Option<Arc<OfClient>>,
}

impl Group {
    /// What is wrong with a client that has come through all the same (`crt-ignore-err`).
    pub fn overlooked(&self, chain: &[CertificateDer<'_>]) -> Option<Verdict> {
        self.judge.as_ref()?.judge(chain)
    }
}

/// What a client gets.
#[derive(Debug)]
pub enum Choice<'f> {
    /// These terms.
    Group(&'f Group),
    /// Nothing: `strict-sni`, and no certificate is for the name it asks for.
    UnknownName,
}

impl Front {
    /// Makes a listener's terms.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn new(settings: &FrontSettings) -> Result<Self, String> {
        let shelf = Arc::new(Shelf::new(&settings.certificates));
        let mut groups = vec![group(settings, &shelf)?];
        let mut made: Vec<(&Arc<FrontSettings>, usize)> = Vec::new();
        let mut of = Vec::new();
        for entry in &settings.certificates {
            let Some(own) = &entry.own else {
                of.push(0);
                continue;
            };
            let known = made.iter().find(|(one, _)| Arc::ptr_eq(one, own));
            let place = match known {
                Some((_, place)) => *place,
                None => {
                    groups.push(group(own, &shelf)?);
                    made.push((own, groups.len() - 1));
                    groups.len() - 1
                }
            };
            of.push(place);
        }
        Ok(Self {
            groups,
            of,
            shelf,
            strict: settings.strict_sni,
            capture: settings.capture,
        })
    }

    /// The terms for a client that says this.
    pub fn choose(&self, hello: &ClientHello<'_>) -> Choice<'_> {
        let name = hello.server_name();
        let known = name.is_some_and(|name| self.shelf.names.find(name).next().is_some());
        if self.strict && !known {
            return Choice::UnknownName;
        }
        let place = self.shelf.choose(name, hello.signature_schemes());
        let group = place.and_then(|place| self.of.get(place));
        match self.groups.get(group.copied().unwrap_or_default()) {
            Some(group) => Choice::Group(group),
            None => Choice::UnknownName,
        }
    }
}

fn group(settings: &FrontSettings, shelf: &Arc<Shelf>) -> Result<Group, String> {
    let provider = agree::provider(&settings.terms);
    let versions = agree::versions(settings.terms.versions);
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&versions)
        .map_err(|error| error.to_string())?;
    let (builder, judge) = match settings.verify {
        Verify::None => (builder.with_no_client_auth(), None),
        wanted => {
            let optional = wanted == Verify::Optional;
            let judge = Arc::new(settings.trust.of_clients(&provider, optional)?);
            let overlooks = judge.ignores().then(|| judge.clone());
            (builder.with_client_cert_verifier(judge), overlooks)
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
    config.max_fragment_size = settings.record;
    if settings.keylog {
        config.key_log = Arc::new(notes::Secrets);
    }
    Ok(Group {
        config: Arc::new(config),
        judge,
    })
}

/// Certificates by name.
#[derive(Debug)]
struct Shelf {
    names: Names,
    certificates: Vec<Arc<Certificate>>,
}

impl Shelf {
    fn new(entries: &[Entry]) -> Self {
        let mut names = Names::default();
        for (place, entry) in entries.iter().enumerate() {
            let (certificate, filters) = (&entry.certificate, &entry.filters);
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
            certificates: entries.iter().map(|e| e.certificate.clone()).collect(),
        }
    }

    /// Of these places, the one for a client that takes such signatures: ECDSA before RSA, the first of each.
    fn pick(
        &self,
        places: impl Iterator<Item = usize>,
        schemes: &[SignatureScheme],
    ) -> Option<usize> {
        let usable: Vec<(usize, &Arc<Certificate>)> = places
            .filter_map(|place| Some((place, self.certificates.get(place)?)))
            .filter(|(_, certificate)| certificate.key.key.choose_scheme(schemes).is_some())
            .collect();
        let rsa = |certificate: &Certificate| certificate.algorithm == Algorithm::Rsa;
        let chosen = usable.iter().find(|(_, c)| !rsa(c)).or(usable.first());
        chosen.map(|(place, _)| *place)
    }

    /// The place of the certificate for a client that asks for this name and takes such signatures.
    fn choose(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<usize> {
        let named = name.and_then(|name| self.pick(self.names.find(name), schemes));
        // The first one is the default; if it is a pair of kinds, both are.
        named.or_else(|| {
            let first = self.certificates.first()?;
            let like = |at: &usize| {
                let names = self.certificates.get(*at).map(|other| &other.names);
                names == Some(&first.names)
            };
            let alike = (0..self.certificates.len()).filter(like);
            self.pick(alike, schemes)
                .or_else(|| self.pick(0..self.certificates.len(), schemes))
        })
    }
}

impl ResolvesServerCert for Shelf {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let place = self.choose(hello.server_name(), hello.signature_schemes())?;
        let chosen = self.certificates.get(place)?;
        notes::note(|notes| notes.served = Some(chosen.clone()));
        Some(chosen.key.clone())
    }
}
