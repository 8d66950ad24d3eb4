//! A listener's side: which certificate and which terms a client gets (manual 5.1).

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::agree::Terms;
use super::group::Group;
use super::resume::{ResumeSettings, Resumption};
use super::shelf::Shelf;
use super::{Certificate, List, Slot, Trust, notes};

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
    /// Where its certificates are, in the order of the line; the first is the default one.
    pub sources: Vec<Source>,
    /// What options of lists' lines make of this line's words, by how they are written there.
    pub refined: Vec<(String, Arc<FrontSettings>)>,
    /// `strict-sni`: no certificate for other names.
    pub strict_sni: bool,
    /// What may be agreed on.
    pub terms: Terms,
    /// `verify`.
    pub verify: Verify,
    /// `ca-file`, `crl-file`.
    pub trust: Trust,
    /// How sessions may go on later.
    pub resume: ResumeSettings,
    /// `prefer-client-ciphers`.
    pub prefer_client: bool,
    /// `tune.ssl.capture-buffer-size`: bytes kept of what each ClientHello offers.
    pub capture: usize,
    /// `tune.ssl.keylog`: secrets are kept for the fetches that tell them.
    pub keylog: bool,
    /// `tune.ssl.maxrecord`: the size of records, their headers included.
    pub record: Option<usize>,
}

/// Where a line has certificates from.
#[derive(Debug, Clone)]
pub enum Source {
    /// `crt <file>`: for its own names.
    One(Arc<Slot<Certificate>>),
    /// `crt-list <file>`, `crt <directory>`.
    List(Arc<List>),
}

/// A listener's terms, ready to be used. They can be made anew while handshakes go on: each sees the old or the new.
#[derive(Debug)]
pub struct Front {
    /// What they are made of.
    settings: Mutex<Arc<FrontSettings>>,
    /// The line's own, then those of list entries that have their own; what has a place here keeps it.
    groups: ArcSwap<Vec<Arc<Group>>>,
    rack: Arc<Rack>,
    strict: bool,
    /// `tune.ssl.capture-buffer-size`.
    pub capture: usize,
}

/// What a client gets.
#[derive(Debug)]
pub enum Choice {
    /// These terms.
    Group(Arc<Group>),
    /// Nothing: `strict-sni`, and no certificate is for the name it asks for.
    UnknownName,
}

impl Front {
    /// Makes a listener's terms.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn new(
        settings: &Arc<FrontSettings>,
        resumption: &Arc<Resumption>,
    ) -> Result<Self, String> {
        let rack = Arc::new(Rack(ArcSwap::from_pointee(Shelf::new(settings))));
        let mut groups = Vec::new();
        for one in std::iter::once(settings).chain(settings.refined.iter().map(|(_, own)| own)) {
            groups.push(Arc::new(Group::new(one, rack.clone(), resumption)?));
        }
        Ok(Self {
            settings: Mutex::new(settings.clone()),
            groups: ArcSwap::from_pointee(groups),
            rack,
            strict: settings.strict_sni,
            capture: settings.capture,
        })
    }

    /// Looks again at what its certificates are: the next handshake sees it.
    pub fn refresh(&self) {
        self.rack.0.store(Arc::new(Shelf::new(&self.settings())));
    }

    /// What it was made of.
    pub fn settings(&self) -> Arc<FrontSettings> {
        let settings = self.settings.lock();
        settings.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The terms for a client that says this.
    pub fn choose(&self, hello: &ClientHello<'_>) -> Choice {
        let shelf = self.rack.0.load();
        let name = hello.server_name();
        let known = name.is_some_and(|name| shelf.has(name));
        if self.strict && !known {
            return Choice::UnknownName;
        }
        let place = shelf.choose(name, hello.signature_schemes());
        let group = place.map_or(0, |place| place.group);
        match self.groups.load().get(group) {
            Some(group) => Choice::Group(group.clone()),
            None => Choice::UnknownName,
        }
    }
}

/// Where rustls asks for a certificate; what stands there can be replaced.
#[derive(Debug)]
pub(super) struct Rack(ArcSwap<Shelf>);

impl ResolvesServerCert for Rack {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shelf = self.0.load();
        let place = shelf.choose(hello.server_name(), hello.signature_schemes())?;
        notes::note(|notes| notes.served = Some(place.certificate.clone()));
        Some(place.certificate.served())
    }
}
