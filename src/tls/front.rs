//! A listener's side: which certificate and which terms a client gets (manual 5.1).

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::agree::Terms;
use super::group::Group;
use super::made::{MadeSettings, Maker};
use super::resume::{ResumeSettings, Resumption};
use super::shelf::Shelf;
use super::{Certificate, Line, List, Slot, Trust, notes};

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
    /// `ocsp-update` of a list's line.
    pub ocsp_update: Option<bool>,
    /// `generate-certificates`, `ca-sign-file`.
    pub made: MadeSettings,
    /// `prefer-client-ciphers`.
    pub prefer_client: bool,
    /// `tune.ssl.capture-buffer-size`: bytes kept of what each ClientHello offers.
    pub capture: usize,
    /// `tune.ssl.keylog`: secrets are kept for the fetches that tell them.
    pub keylog: bool,
    /// `tune.ssl.maxrecord`: the size of records, their headers included.
    pub record: Option<usize>,
}

impl FrontSettings {
    /// What these options of a list's line make of this line's words, if that is known.
    pub fn refined(&self, options: &str) -> Option<&Arc<FrontSettings>> {
        let found = self.refined.iter().find(|(words, _)| words == options);
        found.map(|(_, own)| own)
    }

    /// Whether clients are judged, and nobody is named who vouches for them.
    pub fn lacks_authority(&self) -> bool {
        self.verify != Verify::None && self.trust.is_empty()
    }

    /// The line of a list whose certificate clients get that ask for no name; nothing where that is from no list, or
    /// where such clients get none.
    pub fn default_line(&self) -> Option<Arc<Line>> {
        match self.sources.first() {
            Some(Source::List(list)) if !self.strict_sni => list.lines().into_iter().next(),
            _ => None,
        }
    }

    /// Every certificate it has, in order, with the settings that hold for it.
    pub fn places(&self) -> Vec<(Arc<Slot<Certificate>>, &FrontSettings)> {
        let mut all = Vec::new();
        for source in &self.sources {
            match source {
                Source::One(slot) => all.push((slot.clone(), self)),
                Source::List(list) => all.extend(list.lines().iter().map(|line| {
                    let own = self.refined(line.words());
                    (line.certificate.clone(), own.map_or(self, |own| own))
                })),
            }
        }
        all
    }
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
    resumption: Arc<Resumption>,
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
        let rack = Arc::new(Rack {
            shelf: ArcSwap::from_pointee(Shelf::new(settings)),
            maker: Maker::new(&settings.made),
        });
        let groups = groups(settings, &rack, resumption)?;
        Ok(Self {
            settings: Mutex::new(settings.clone()),
            groups: ArcSwap::from_pointee(groups),
            rack,
            resumption: resumption.clone(),
            strict: settings.strict_sni,
            capture: settings.capture,
        })
    }

    /// Looks again at what its certificates are: the next handshake sees it.
    pub fn refresh(&self) {
        let shelf = Shelf::new(&self.settings());
        self.rack.shelf.store(Arc::new(shelf));
        if let Some(maker) = &self.rack.maker {
            maker.forget();
        }
    }

    /// Looks again at who is believed and what is revoked: the next handshake sees it, and no session is resumed that
    /// was judged otherwise.
    ///
    /// # Errors
    /// A sentence for the operator; nothing has changed.
    pub fn judge_anew(&self) -> Result<(), String> {
        let groups = groups(&self.settings(), &self.rack, &self.resumption)?;
        self.groups.store(Arc::new(groups));
        Ok(())
    }

    /// Learns what these options of a list's line make of its line's words; `own` has both.
    ///
    /// # Errors
    /// A sentence for the operator; nothing has changed.
    pub fn refine(&self, options: &str, own: FrontSettings) -> Result<(), String> {
        let mut settings = (*self.settings()).clone();
        if settings.refined(options).is_some() {
            return Ok(());
        }
        let group = Group::new(&own, self.rack.clone(), &self.resumption)?;
        settings.refined.push((options.to_owned(), Arc::new(own)));
        let mut groups = (**self.groups.load()).clone();
        groups.push(Arc::new(group));
        self.groups.store(Arc::new(groups));
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        Ok(())
    }

    /// What it was made of.
    pub fn settings(&self) -> Arc<FrontSettings> {
        let settings = self.settings.lock();
        settings.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The terms for a client that says this.
    pub fn choose(&self, hello: &ClientHello<'_>) -> Choice {
        let shelf = self.rack.shelf.load();
        let name = hello.server_name();
        let known = name.is_some_and(|name| shelf.has(name));
        let made = !known && name.is_some() && self.rack.maker.is_some();
        if self.strict && !known && !made {
            return Choice::UnknownName;
        }
        // What is made has the line's own terms, whatever those of its default certificate are.
        let place = match made {
            true => None,
            false => shelf.choose(name, hello.signature_schemes()),
        };
        let group = place.map_or(0, |place| place.group);
        match self.groups.load().get(group) {
            Some(group) => Choice::Group(group.clone()),
            None => Choice::UnknownName,
        }
    }
}

/// The line's own terms, then those refined.
fn groups(
    settings: &Arc<FrontSettings>,
    rack: &Arc<Rack>,
    resumption: &Resumption,
) -> Result<Vec<Arc<Group>>, String> {
    std::iter::once(settings)
        .chain(settings.refined.iter().map(|(_, own)| own))
        .map(|one| Group::new(one, rack.clone(), resumption).map(Arc::new))
        .collect()
}

/// Where rustls asks for a certificate; what stands there can be replaced.
#[derive(Debug)]
pub(super) struct Rack {
    shelf: ArcSwap<Shelf>,
    /// For names that nothing on the shelf is for.
    maker: Option<Maker>,
}

impl Rack {
    /// A certificate for a name that none of the shelf's is for, where they are made.
    fn make(&self, shelf: &Shelf, hello: &ClientHello<'_>) -> Option<Arc<Certificate>> {
        let maker = self.maker.as_ref()?;
        let name = hello.server_name().filter(|name| !shelf.has(name))?;
        let own = shelf.default(hello.signature_schemes())?;
        maker.certificate(name, &own.certificate)
    }
}

impl ResolvesServerCert for Rack {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shelf = self.shelf.load();
        let certificate = match self.make(&shelf, &hello) {
            Some(made) => made,
            None => {
                let place = shelf.choose(hello.server_name(), hello.signature_schemes())?;
                place.certificate.clone()
            }
        };
        let served = certificate.served();
        notes::note(|notes| notes.served = Some(certificate));
        Some(served)
    }
}
