//! The terms for some of a listener's names, as rustls takes them.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};

use super::agree;
use super::judge::OfClient;
use super::resume::Resumption;
use super::signed::Signed;
use super::verdict::Verdict;
use super::versions::Version;
use super::{FrontSettings, Verify, notes, schemes};

/// The terms for some of a listener's names.
#[derive(Debug, Clone)]
pub struct Group {
    config: Arc<ServerConfig>,
    /// The same without a protocol to agree on: rustls refuses clients that offer others, OpenSSL goes on without any.
    silent: Option<Arc<ServerConfig>>,
    judge: Option<Arc<OfClient>>,
}

impl Group {
    /// Makes them; certificates come from `certificates`.
    pub(super) fn new(
        settings: &FrontSettings,
        certificates: Arc<dyn ResolvesServerCert>,
        resumption: &Resumption,
    ) -> Result<Self, String> {
        let provider = agree::provider(&settings.terms);
        let versions = agree::versions(settings.terms.versions, Version::Tls12);
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions)
            .map_err(|error| error.to_string())?;
        let (builder, judge) = match settings.verify {
            Verify::None => (builder.with_no_client_auth(), None),
            wanted => {
                let optional = wanted == Verify::Optional;
                let signed = Signed {
                    accepted: settings.terms.accepted(true),
                    provider,
                };
                let judge = Arc::new(settings.trust.of_clients(signed, optional)?);
                let overlooks = judge.ignores().then(|| judge.clone());
                (builder.with_client_cert_verifier(judge), overlooks)
            }
        };
        let mut config = builder.with_cert_resolver(schemes::of_server(
            certificates,
            settings.terms.signatures.as_deref(),
        ));
        config.alpn_protocols.clone_from(&settings.terms.alpn);
        config.ignore_client_order = !settings.prefer_client;
        let context = settings.trust.digest(settings.verify as u8);
        resumption.attach(&settings.resume, context, &mut config);
        config.max_fragment_size = settings.record;
        if settings.keylog {
            config.key_log = Arc::new(notes::Secrets);
        }
        let silent = (!config.alpn_protocols.is_empty()).then(|| {
            let mut silent = config.clone();
            silent.alpn_protocols.clear();
            Arc::new(silent)
        });
        Ok(Self {
            config: Arc::new(config),
            silent,
            judge,
        })
    }

    /// For rustls, and a client that says this.
    pub fn config(&self, hello: &ClientHello<'_>) -> Arc<ServerConfig> {
        let ours = &self.config.alpn_protocols;
        let known = |offer: &[u8]| ours.iter().any(|own| own == offer);
        let silent = self.silent.as_ref();
        let silent = silent.filter(|_| hello.alpn().is_some_and(|mut offers| !offers.any(known)));
        silent.unwrap_or(&self.config).clone()
    }

    /// What is wrong with a client that has come through all the same (`crt-ignore-err`).
    pub fn overlooked(&self, chain: &[CertificateDer<'_>]) -> Option<Verdict> {
        self.judge.as_ref()?.judge(chain)
    }
}
