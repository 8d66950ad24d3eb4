//! TLS as tidegate speaks it: certificates and keys, the words OpenSSL uses for what can be agreed on, who is believed,
//! and the rustls configurations made of them for listeners and servers.
//!
//! `config` reads certificates through it, `plan` links [`Front`] and [`Back`], the engine and the checks begin
//! sessions with them. A leaf: knows no language, no sections, no sockets.

mod agree;
mod back;
mod certificate;
mod chain;
pub mod ciphers;
mod der;
mod describe;
mod failure;
mod front;
mod group;
pub mod hello;
mod judge;
mod made;
mod names;
pub mod notes;
pub mod ocsp;
mod parts;
mod print;
mod resume;
mod schemes;
mod shelf;
mod signed;
mod stapling;
pub mod store;
mod trust;
mod verdict;
mod versions;

pub use agree::{Agreed, Reading, Terms, agreed, read_ciphers, read_groups, read_suites};
pub use back::{Back, BackSettings, NO_AUTHORITY, server_name};
pub use certificate::{Algorithm, Beside, Certificate, Extras, Unusable};
pub use describe::{common_name, key};
pub use failure::Failure;
pub use front::{Choice, Front, FrontSettings, Source, Verify};
pub use group::Group;
pub use made::{Issuer, MadeSettings};
pub use names::Names;
pub use parts::{Parts, Unfinished};
pub use resume::{BadKeys, ResumeSettings, Resumption, Sessions, TicketKeys};
pub use schemes::read as read_signatures;
pub use stapling::Chains;
pub use store::{Line, List, Slot, Store};
pub use trust::{Authorities, Revocations, Trust};
pub use verdict::{Ignored, Verdict};
pub use versions::{Version, Versions};
