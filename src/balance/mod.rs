//! Balance algorithms.

/// `balance`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// `roundrobin`
    #[default]
    RoundRobin,
}

/// `hash-type`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HashType {}
