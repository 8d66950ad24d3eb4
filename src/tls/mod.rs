//! TLS as tidegate speaks it: certificates and keys, the words OpenSSL uses for what can be agreed on, who is believed,
//! and the rustls configurations made of them for listeners and servers.
//!
//! `config` reads certificates through it, `plan` links [`Front`] and [`Back`], the engine and the checks begin
//! sessions with them. A leaf: knows no language, no sections, no sockets.

mod agree;
mod back;
mod certificate;
mod describe;
mod front;
mod names;
mod trust;

pub use agree::{Agreed, Terms, Versions, agreed, is_group, is_suite, is_version};
pub use back::{Back, BackSettings};
pub use certificate::{Algorithm, Certificate, Unusable};
pub use describe::{common_name, key, signature};
pub use front::{Choice, Front, FrontSettings, Verify, presented};
pub use names::Names;
pub use trust::{Authorities, Trust};
