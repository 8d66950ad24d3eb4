//! Bytes to messages and back, and the two-way copy.
//!
//! The stream engines call it. It must not know the language, the plan or the counters.

pub mod h1;
pub mod h2;
pub mod pump;
pub mod tunnel;

#[cfg(test)]
mod tests;
