//! A listener's certificates by name, as they are at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::SignatureScheme;

use super::{Algorithm, Certificate, FrontSettings, Names, Slot, Source};

/// Certificates by name.
#[derive(Debug)]
pub(super) struct Shelf {
    names: Names,
    places: Vec<Place>,
    /// Those for clients that ask for no name, or for one that is not known.
    default: Vec<usize>,
}

/// A certificate and the terms that go with it.
#[derive(Debug)]
pub(super) struct Place {
    /// It.
    pub certificate: Arc<Certificate>,
    /// Its terms among the listener's: 0 is the line's own, then those refined, in their order.
    pub group: usize,
}

impl Shelf {
    /// Takes up what the sources of a line hold now.
    pub fn new(settings: &FrontSettings) -> Self {
        let refined = settings.refined.iter().enumerate();
        let groups: HashMap<&str, usize> = refined
            .map(|(at, (words, _))| (words.as_str(), at + 1))
            .collect();
        let mut made = Self {
            names: Names::default(),
            places: Vec::new(),
            default: Vec::new(),
        };
        for source in &settings.sources {
            match source {
                Source::One(slot) => made.add(slot, &[], 0),
                Source::List(list) => {
                    for line in list.lines() {
                        let group = groups.get(line.words());
                        let group = group.copied().unwrap_or_default();
                        made.add(&line.certificate, &line.filters, group);
                    }
                }
            }
        }
        // The first one is the default; if it is a pair of kinds, both are.
        if let Some(first) = made.places.first() {
            let alike = |at: &usize| made.places[*at].certificate.names == first.certificate.names;
            made.default = (0..made.places.len()).filter(alike).collect();
        }
        made
    }

    fn add(&mut self, slot: &Slot<Certificate>, filters: &[String], group: usize) {
        let Some(certificate) = slot.current() else {
            return;
        };
        let own = match filters.iter().all(|filter| filter.starts_with('!')) {
            true => &certificate.names[..],
            false => &[],
        };
        for name in own.iter().chain(filters) {
            self.names.add(name, self.places.len());
        }
        self.places.push(Place { certificate, group });
    }

    /// Whether any certificate is for this name.
    pub fn has(&self, name: &str) -> bool {
        self.names.find(name).next().is_some()
    }

    /// The certificate for a client that asks for this name and takes such signatures. One that takes none of ours gets
    /// what it would get otherwise: that nothing can be agreed on is found, and said, later.
    pub fn choose(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<&Place> {
        let named = name.and_then(|name| self.pick(self.names.find(name), schemes));
        named
            .or_else(|| self.pick(self.default.iter().copied(), schemes))
            .or_else(|| self.pick(0..self.places.len(), schemes))
            .or_else(|| {
                let named = name.and_then(|name| self.names.find(name).next());
                self.places.get(named.or(self.default.first().copied())?)
            })
    }

    /// The certificate that goes with no name, of the kind that a client takes who takes such signatures.
    pub fn default(&self, schemes: &[SignatureScheme]) -> Option<&Place> {
        self.pick(self.default.iter().copied(), schemes)
            .or_else(|| self.places.get(*self.default.first()?))
    }

    /// Of these places, the one for a client that takes such signatures: ECDSA before RSA, the first of each.
    fn pick(
        &self,
        places: impl Iterator<Item = usize>,
        schemes: &[SignatureScheme],
    ) -> Option<&Place> {
        let mut rsa = None;
        let places = places.filter_map(|at| self.places.get(at));
        for place in places.filter(|place| place.certificate.signs(schemes)) {
            match place.certificate.algorithm {
                Algorithm::Rsa => rsa = rsa.or(Some(place)),
                _ => return Some(place),
            }
        }
        rsa
    }
}
