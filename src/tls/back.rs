//! A server's side: the terms on which it is spoken to (manual 5.2).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, ClientConnection, Connection};

use super::agree::{self, Terms};
use super::signed::Signed;
use super::versions::Version;
use super::{Certificate, Slot, Trust, schemes};

/// HAProxy's words about a server that would have to be judged by nobody.
pub const NO_AUTHORITY: &str = "verify is enabled by default but no CA file specified. If you're running on a LAN where you're certain to trust the server's certificate, please set an explicit 'verify none' statement on the 'server' line, or use 'ssl-server-verify none' in the global section to disable server-side verifications by default.";

/// Sessions remembered for each server, to be resumed.
const REMEMBERED: usize = 256;

/// What a `server … ssl` line says.
#[derive(Debug, Clone, Default)]
pub struct BackSettings {
    /// `verify required`.
    pub verify: bool,
    /// `ca-file`, `crl-file`.
    pub trust: Trust,
    /// `verifyhost`.
    pub host: Option<String>,
    /// What may be agreed on.
    pub terms: Terms,
    /// `crt`: our own certificate.
    pub certificate: Option<Arc<Slot<Certificate>>>,
    /// `no-ssl-reuse`.
    pub no_reuse: bool,
    /// `no-tls-tickets`.
    pub no_tickets: bool,
}

/// A server's terms, ready to be used. They can be made anew while sessions begin: each sees the old or the new.
#[derive(Debug)]
pub struct Back {
    settings: BackSettings,
    config: ArcSwap<ClientConfig>,
}

impl Back {
    /// Makes a server's terms.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn new(settings: &BackSettings) -> Result<Self, String> {
        Ok(Self {
            config: ArcSwap::from_pointee(config(settings)?),
            settings: settings.clone(),
        })
    }

    /// Makes them anew of what its certificate and its authorities are now. Sessions of before are not resumed.
    ///
    /// # Errors
    /// A sentence for the operator; the terms stay as they were.
    pub fn refresh(&self) -> Result<(), String> {
        self.config.store(Arc::new(config(&self.settings)?));
        Ok(())
    }

    /// What they are made of.
    pub fn settings(&self) -> &BackSettings {
        &self.settings
    }

    /// A session with this server: with a name, it is asked for and expected (SNI); without one neither. `offer` stands in the
    /// place of the protocols that the line offers.
    ///
    /// # Errors
    /// rustls cannot begin it.
    pub fn session(
        &self,
        name: Option<&str>,
        ip: Option<IpAddr>,
        offer: Option<Vec<Vec<u8>>>,
    ) -> Result<Connection, rustls::Error> {
        let (config, name) = (self.config.load_full(), server_name(name, ip));
        let begun = match offer {
            Some(alpn) => ClientConnection::new_with_alpn(config, name, alpn),
            None => ClientConnection::new(config, name),
        };
        begun.map(Connection::from)
    }

    /// The terms of a check: those of the server, but for the protocols offered, and each begins anew.
    pub fn of_checks(&self, alpn: &[Vec<u8>]) -> Arc<ClientConfig> {
        let mut config = (*self.config.load_full()).clone();
        config.alpn_protocols = alpn.to_vec();
        config.resumption = Resumption::disabled();
        Arc::new(config)
    }
}

fn config(settings: &BackSettings) -> Result<ClientConfig, String> {
    let provider = agree::provider(&settings.terms);
    let host = match &settings.host {
        Some(host) => Some(
            ServerName::try_from(host.clone())
                .map_err(|_| format!("'{host}' is not the name of a host"))?,
        ),
        None => None,
    };
    let signed = Signed {
        accepted: settings.terms.accepted(false),
        provider: provider.clone(),
    };
    let verifier = settings.trust.of_servers(signed, host, settings.verify)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&agree::versions(settings.terms.versions, Version::Tls10))
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let own = settings.certificate.as_ref();
    let mut config = match own.and_then(|slot| slot.current()) {
        Some(own) => {
            let one = Arc::new(SingleCertAndKey::from((*own.served()).clone()));
            let list = settings.terms.client_signatures.as_deref();
            let list = list.or(settings.terms.signatures.as_deref());
            builder.with_client_cert_resolver(schemes::of_client(one, list))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols.clone_from(&settings.terms.alpn);
    config.resumption = match settings.no_reuse {
        true => Resumption::disabled(),
        false => Resumption::in_memory_sessions(REMEMBERED),
    };
    Ok(config)
}

/// What a session asks for and expects: a name, or none at all, for which the address stands.
pub fn server_name(name: Option<&str>, ip: Option<IpAddr>) -> ServerName<'static> {
    let named = name.and_then(|name| ServerName::try_from(name.to_owned()).ok());
    named.unwrap_or_else(|| ServerName::from(ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
}
