//! Opening the connection of a check: where to, from where, with what header in front.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::linux::net::SocketAddrExt;
use std::sync::Arc;

use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, UnixStream};
use tokio_rustls::TlsConnector;

use crate::net::proxy_header::{Entries, Tls, version_1, version_2};
use crate::plan;
use crate::sample::{Scope, Value, connection_error};
use crate::settings::{Endpoint, Host, Protocol, SendProxy};

use crate::tls::{Failure, server_name};

use super::script::Connect;

/// A connection of a check.
pub trait Link: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Link for T {}

/// A connection that TLS was put on, and whether HTTP/2 was agreed on; or why not.
pub type Secured = Result<(Box<dyn Link>, bool), &'static str>;

/// Where a check goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// TCP.
    Ip(SocketAddr),
    /// A unix socket by path.
    Unix(String),
    /// An abstract unix socket.
    Abstract(String),
}

/// Where this step connects to; `None` if no address is known.
pub fn goal(step: &Connect, server: &plan::Server, scope: &Scope<'_>) -> Option<Goal> {
    let check = &server.settings.check;
    let endpoint = step
        .addr
        .as_ref()
        .or(check.addr.as_ref())
        .or(server.settings.endpoint.as_ref())?;
    let own = step.addr.is_none() && check.addr.is_none();
    let (host, written_port) = match endpoint {
        Endpoint::Tcp { host, port, .. } => (host, *port),
        Endpoint::Unix(path) => return Some(Goal::Unix(path.clone())),
        Endpoint::Abstract(name) => return Some(Goal::Abstract(name.clone())),
        Endpoint::Fd(_) | Endpoint::SockPair(_) => return None,
    };
    let live = server.state.address();
    let ip = match host {
        _ if own && live.is_some() => live?.ip(),
        Host::Ip(ip) => *ip,
        Host::Wildcard => IpAddr::from([127, 0, 0, 1]),
        Host::Name(_) => live?.ip(),
    };
    let server_port = live
        .map(|addr| addr.port())
        .or(match &server.settings.endpoint {
            Some(Endpoint::Tcp { port, .. }) => Some(*port),
            _ => None,
        });
    let port = step
        .port
        .or_else(|| computed_port(step, scope))
        .or((step.addr.is_some() && written_port > 0).then_some(written_port))
        .or(check.port)
        .or((!own && written_port > 0).then_some(written_port))
        .or(server_port)?;
    Some(Goal::Ip(SocketAddr::new(ip, port)))
}

fn computed_port(step: &Connect, scope: &Scope<'_>) -> Option<u16> {
    match step.port_expr.as_ref()?.eval(scope)? {
        Value::Int(port) => u16::try_from(port).ok(),
        Value::Str(text) => std::str::from_utf8(&text).ok()?.parse().ok(),
        _ => None,
    }
}

/// Opens a connection and sends the PROXY header where one is asked for. With `quiet` the last packet of
/// the handshake is held back: if nothing follows, the server's program never sees the connection.
///
/// # Errors
/// What the system says.
pub async fn open(
    goal: &Goal,
    step: &Connect,
    server: &plan::Server,
    quiet: bool,
) -> io::Result<Box<dyn Link>> {
    let header = (step.send_proxy || (step.server_options && introduces_itself(server)))
        .then_some(server.settings.send_proxy);
    match goal {
        Goal::Ip(to) => {
            let socket = if to.is_ipv4() {
                TcpSocket::new_v4()?
            } else {
                TcpSocket::new_v6()?
            };
            bind_source(&socket, server, *to)?;
            // Checks are many and short: without this each leaves a socket in TIME_WAIT.
            if !step.linger {
                socket2::SockRef::from(&socket).set_linger(Some(std::time::Duration::ZERO))?;
            }
            if quiet {
                socket2::SockRef::from(&socket).set_tcp_quickack(false)?;
            }
            let mut stream = socket.connect(*to).await?;
            stream.set_nodelay(true)?;
            if let Some(says) = header {
                let ends = (stream.local_addr()?, *to);
                stream.write_all(&proxy_header(says, Some(ends))).await?;
            }
            Ok(Box::new(stream))
        }
        Goal::Unix(path) => unix(UnixStream::connect(path).await?, header).await,
        Goal::Abstract(name) => {
            let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
            let stream = std::os::unix::net::UnixStream::connect_addr(&address)?;
            stream.set_nonblocking(true)?;
            unix(UnixStream::from_std(stream)?, header).await
        }
    }
}

async fn unix(mut stream: UnixStream, header: Option<SendProxy>) -> io::Result<Box<dyn Link>> {
    if let Some(says) = header {
        stream.write_all(&proxy_header(says, None)).await?;
    }
    Ok(Box::new(stream))
}

/// What TLS a connection of a check speaks: the terms, and the name it asks for. `None`: none.
pub fn secrecy<'s>(
    step: &'s Connect,
    server: &'s plan::Server,
) -> Option<(Arc<ClientConfig>, Option<&'s str>)> {
    let settings = &server.settings;
    let check = &settings.check;
    // A check that goes elsewhere speaks TLS only if that is said.
    let elsewhere = check.port.is_some() || check.addr.is_some();
    let by_line = step.server_options && check.ssl.unwrap_or(settings.ssl && !elsewhere);
    if !step.ssl && !by_line {
        return None;
    }
    let of_line = by_line.then_some((check.sni.as_deref(), &check.alpn));
    let (sni, alpn) = of_line.unwrap_or((None, &step.alpn));
    let alpn = match alpn.is_empty() {
        // What the line offers to others is offered by checks.
        true => &settings.tls.terms.alpn,
        false => alpn,
    };
    let config = server.tls.as_ref()?.of_checks(alpn);
    Some((config, step.sni.as_deref().or(sni)))
}

/// Whether HTTP/2 is spoken on a connection of a check by what is said of it (`proto`, `check-proto`). `None`: TLS agrees on it,
/// or it is not.
pub fn speaks_h2(step: &Connect, server: &plan::Server) -> Option<bool> {
    let settings = &server.settings;
    let of_line = settings.check.proto.or(settings.proto);
    let said = step.proto.or(of_line.filter(|_| step.server_options));
    said.map(|protocol| protocol == Protocol::H2)
}

/// Puts TLS on a connection. Answers whether HTTP/2 was agreed on, too. `by_line`: the server's line says which name its
/// certificate must hold.
///
/// # Errors
/// The handshake failed; the words are HAProxy's.
pub async fn secure(
    link: Box<dyn Link>,
    goal: &Goal,
    (config, name): (Arc<ClientConfig>, Option<&str>),
    by_line: bool,
) -> Secured {
    let ip = match goal {
        Goal::Ip(address) => Some(address.ip()),
        Goal::Unix(_) | Goal::Abstract(_) => None,
    };
    let begun = TlsConnector::from(config).connect(server_name(name, ip), link);
    match begun.await {
        Ok(stream) => {
            let agreed = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            Ok((Box::new(stream), agreed))
        }
        Err(error) => {
            let inner = error.get_ref().and_then(|error| error.downcast_ref());
            let failure = inner.map_or(Failure::BROKEN, |e| Failure::of_server(e, by_line));
            Err(connection_error(failure.cause))
        }
    }
}

/// `source` of the server line.
fn bind_source(socket: &TcpSocket, server: &plan::Server, to: SocketAddr) -> io::Result<()> {
    if let Some(name) = &server.settings.source_interface {
        socket.bind_device(Some(name.as_bytes()))?;
    }
    if let Some(Endpoint::Tcp {
        host: Host::Ip(ip),
        port,
        last_port,
        ..
    }) = &server.settings.source
        && ip.is_ipv4() == to.is_ipv4()
    {
        let port = if port == last_port { *port } else { 0 };
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::new(*ip, port))?;
    }
    Ok(())
}

/// Whether checks of a server begin with a PROXY header: it is asked for, or the server gets one from everybody and checks go
/// where everybody goes.
fn introduces_itself(server: &plan::Server) -> bool {
    let settings = &server.settings;
    let elsewhere = settings.check.port.is_some() || settings.check.addr.is_some();
    settings.check.send_proxy || (!settings.send_proxy.is_empty() && !elsewhere)
}

/// The PROXY header of a check, of the version that the server wants; in version 2 nobody is spoken for, unless the
/// file wants that old.
fn proxy_header(says: SendProxy, ends: Option<(SocketAddr, SocketAddr)>) -> Vec<u8> {
    if !says.contains(SendProxy::V2) {
        return version_1(ends.map(|ends| ends.0), ends.map(|ends| ends.1));
    }
    let ends = ends.filter(|_| says.contains(SendProxy::NEVER_LOCAL));
    let entries = Entries {
        checksum: says.contains(SendProxy::CRC32C),
        tls: says.intersects(SendProxy::ABOUT_TLS).then(Tls::default),
        ..Entries::default()
    };
    version_2(ends, &entries)
}
