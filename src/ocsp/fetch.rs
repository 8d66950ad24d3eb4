//! One question to a responder, over HTTP (RFC 6960 A.1).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, header};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::Outcome;
use super::link::{Link, Wire};
use super::uri::Uri;
use crate::plan::Plan;
use crate::resolve::{Numbers, Wanted, lookup};
use crate::settings::{HttpClient, Prefer, Resolvers};
use crate::tls::{Authorities, Back, BackSettings, Slot, Trust, server_name};

/// The most of an answer that is read, bytes.
const MOST: usize = 64 * 1024;
/// How long a whole exchange may take once it is connected.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who asks.
pub(super) struct Client {
    settings: HttpClient,
    proxy: Option<(String, u16)>,
    resolvers: Option<Arc<Resolvers>>,
    numbers: Numbers,
}

impl Client {
    pub fn new(plan: &Plan) -> Self {
        let settings = plan.global.httpclient.clone();
        let named = |section: &&Arc<Resolvers>| Some(&section.name) == settings.resolvers.as_ref();
        Self {
            resolvers: plan.resolvers.iter().find(named).cloned(),
            proxy: plan.global.ocsp.proxy.clone(),
            settings,
            numbers: Numbers::default(),
        }
    }

    /// Asks; the answer's body.
    ///
    /// # Errors
    /// [`Outcome::Http`] or [`Outcome::Kind`].
    pub async fn ask(&self, uri: &str, question: Vec<u8>) -> Result<Vec<u8>, Outcome> {
        let uri = Uri::read(uri).ok_or(Outcome::Http)?;
        let mut left = self.settings.retries;
        let link = loop {
            match self.connect(&uri).await {
                Some(link) => break link,
                None if left == 0 => return Err(Outcome::Http),
                None => left -= 1,
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let exchange = timeout(PATIENCE, exchange(link, self.request(&uri, question)?));
        exchange.await.unwrap_or(Err(Outcome::Http))
    }

    fn request(&self, uri: &Uri<'_>, question: Vec<u8>) -> Result<Request<Full<Bytes>>, Outcome> {
        // Through a proxy the whole address is asked for.
        let target = match self.proxy.is_some() && !uri.secure {
            true => format!("http://{}{}", uri.authority, uri.path),
            false => uri.path.to_owned(),
        };
        Request::post(target)
            .header(header::HOST, uri.authority)
            .header(header::USER_AGENT, "tidegate")
            .header(header::ACCEPT, "*/*")
            .header(header::CONTENT_TYPE, "application/ocsp-request")
            .body(Full::new(Bytes::from(question)))
            .map_err(|_| Outcome::Http)
    }

    async fn connect(&self, uri: &Uri<'_>) -> Option<Link> {
        let (host, port) = match &self.proxy {
            Some((host, port)) if !uri.secure => (host.as_str(), *port),
            _ => (uri.host, uri.port),
        };
        let patience = Duration::from_millis(self.settings.connect);
        let connected = timeout(patience, async {
            for ip in self.addresses(host, port).await {
                if let Ok(tcp) = TcpStream::connect(SocketAddr::new(ip, port)).await {
                    return Some(tcp);
                }
            }
            None
        });
        let tcp = connected.await.ok()??;
        let wire: Box<dyn Wire> = match uri.secure {
            false => Box::new(tcp),
            true => {
                let tls = self
                    .terms()?
                    .connect(server_name(Some(uri.host), None), tcp);
                Box::new(timeout(patience, tls).await.ok()?.ok()?)
            }
        };
        Some(Link(wire))
    }

    async fn addresses(&self, host: &str, port: u16) -> Vec<IpAddr> {
        if let Ok(ip) = host.parse() {
            return vec![ip];
        }
        if self.settings.no_names {
            return Vec::new();
        }
        let prefer = self.settings.prefer;
        if let Some(resolvers) = &self.resolvers {
            let found = lookup(resolvers, host, Wanted::Addresses(prefer), &self.numbers).await;
            return found.map(|found| found.addresses).unwrap_or_default();
        }
        let Ok(found) = tokio::net::lookup_host((host, port)).await else {
            return Vec::new();
        };
        let mut all: Vec<IpAddr> = found.map(|address| address.ip()).collect();
        all.sort_by_key(|ip| ip.is_ipv4() != (prefer == Prefer::V4));
        all
    }

    fn terms(&self) -> Option<TlsConnector> {
        let authorities = match &self.settings.authorities {
            Some(known) => known.clone(),
            None if !self.settings.verify => Arc::new(Slot::new("none", None)),
            None => {
                let system = Authorities::read("@system-ca").ok()?;
                Arc::new(Slot::new("@system-ca", Some(Arc::new(system))))
            }
        };
        let settings = BackSettings {
            verify: self.settings.verify,
            trust: Trust {
                authorities: Some(authorities),
                ..Trust::default()
            },
            ..BackSettings::default()
        };
        let back = Back::new(&settings).ok()?;
        Some(TlsConnector::from(back.of_checks(&[])))
    }
}

async fn exchange(link: Link, request: Request<Full<Bytes>>) -> Result<Vec<u8>, Outcome> {
    let broken = |_| Outcome::Http;
    let (mut sender, connection) = http1::handshake(link).await.map_err(broken)?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(broken)?;
        if answer.status() != StatusCode::OK {
            return Err(Outcome::Http);
        }
        let kind = answer.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.eq_ignore_ascii_case("application/ocsp-response") {
            return Err(Outcome::Kind);
        }
        let body = Limited::new(answer.into_body(), MOST).collect().await;
        Ok(body.map_err(|_| Outcome::Http)?.to_bytes().to_vec())
    };
    tokio::pin!(answer);
    tokio::pin!(connection);
    let mut connected = true;
    loop {
        tokio::select! {
            answer = &mut answer => return answer,
            _ = &mut connection, if connected => connected = false,
        }
    }
}
