//! Names that entries refer to by number once they were said (peers protocol 2.1, `STD_T_DICT`).

use std::sync::Arc;

use super::fault::Fault;

/// Names remembered in each direction.
pub(super) const PLACES: usize = 128;

/// Names by number, from 1 on.
pub type Names = Vec<Option<Arc<str>>>;

/// Names that we have said: the longest said is forgotten first.
#[derive(Debug, Default)]
pub(super) struct Said {
    names: Vec<Arc<str>>,
    next: usize,
    new: bool,
}

impl Said {
    /// The number of a name, and whether it must be said along with it.
    pub(super) fn number(&mut self, name: &Arc<str>) -> (u64, bool) {
        if let Some(at) = self.names.iter().position(|known| known == name) {
            return (at as u64 + 1, false);
        }
        let at = self.next;
        match self.names.get_mut(at) {
            Some(place) => *place = name.clone(),
            None => self.names.push(name.clone()),
        }
        self.next = (at + 1) % PLACES;
        self.new = true;
        (at as u64 + 1, true)
    }

    /// The names.
    pub(super) fn names(&self) -> Names {
        self.names.iter().cloned().map(Some).collect()
    }

    /// Whether there were new ones since this was asked last.
    pub(super) fn take_new(&mut self) -> bool {
        std::mem::take(&mut self.new)
    }
}

/// Names that the partner has said.
#[derive(Debug, Default)]
pub(super) struct Heard {
    names: Names,
    new: bool,
}

impl Heard {
    fn place(number: u64) -> Result<usize, Fault> {
        let at = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
        at.filter(|at| *at < PLACES).ok_or(Fault::Name(number))
    }

    /// The partner says a name with its number.
    pub(super) fn learn(&mut self, number: u64, name: &str) -> Result<Arc<str>, Fault> {
        let at = Self::place(number)?;
        if self.names.len() <= at {
            self.names.resize(at + 1, None);
        }
        let name: Arc<str> = name.into();
        if let Some(place) = self.names.get_mut(at) {
            *place = Some(name.clone());
        }
        self.new = true;
        Ok(name)
    }

    /// The name of a number; `None` if it was never said.
    pub(super) fn name(&self, number: u64) -> Result<Option<Arc<str>>, Fault> {
        let at = Self::place(number)?;
        Ok(self.names.get(at).cloned().flatten())
    }

    /// The names.
    pub(super) fn names(&self) -> Names {
        self.names.clone()
    }

    /// Whether there were new ones since this was asked last.
    pub(super) fn take_new(&mut self) -> bool {
        std::mem::take(&mut self.new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_said_once_until_it_is_forgotten() {
        let mut said = Said::default();
        let mut heard = Heard::default();
        for round in 0..3 {
            for n in 0..PLACES + 10 {
                let name: Arc<str> = format!("s{n}").into();
                let (number, say) = said.number(&name);
                assert_eq!(said.number(&name), (number, false));
                let back = match say {
                    true => Some(heard.learn(number, &name).unwrap()),
                    false => heard.name(number).unwrap(),
                };
                assert_eq!(back, Some(name), "round {round}");
            }
        }
        assert_eq!(heard.name(0), Err(Fault::Name(0)));
        assert!(heard.learn(129, "x").is_err());
    }
}
