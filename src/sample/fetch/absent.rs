//! Names that stand for what tidegate does not have yet. Those of a TLS connection have a true answer:
//! no connection is one.

use super::*;

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[];
