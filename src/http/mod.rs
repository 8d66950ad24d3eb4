//! HTTP messages as the engine sees them.

/// A request or a response.
#[derive(Debug, Default)]
pub struct Message {}

/// An answer of our own.
#[derive(Debug, Clone, Default)]
pub struct Reply {}
