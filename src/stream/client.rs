//! A client connection once its session is complete.

use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::net::{Alarm, Stream};
use crate::plan::{Listener, Plan, Proxy};
use crate::sample::{Common, Expected, Session, Socket, SocketOption, TcpInfo, Transaction};
use crate::wire::h2::{Arrived, Lane};
use crate::worker::{Accepted, Slot};

/// A client connection: what an engine gets and owns until the end.
#[derive(Debug)]
pub struct Client {
    /// The connection.
    pub stream: Stream,
    /// Its one timer.
    pub alarm: Alarm,
    /// What the language sees of it.
    pub session: Session,
    /// The plan it runs on to its end.
    pub plan: Arc<Plan>,
    /// The frontend.
    pub proxy: Arc<Proxy>,
    /// The listener.
    pub listener: Arc<Listener>,
    /// Its place among the counted connections.
    pub slot: Slot,
    /// What TCP mode hands over when its stream becomes HTTP.
    pub upgrade: Option<Upgrade>,
    /// The stream of HTTP/2 that it is, if it is one among others.
    pub lane: Option<Rc<Lane>>,
    /// The request that opened the stream.
    pub arrived: Option<Box<Arrived>>,
}

/// A TCP stream that becomes an HTTP one: its first request.
#[derive(Debug)]
pub struct Upgrade {
    /// What rules have set already. The bytes that the client has sent are its payload.
    pub txn: Box<Transaction>,
    /// The place of the backend, if that was chosen before it was known that it speaks HTTP.
    pub backend: Option<usize>,
}

impl Client {
    /// Becomes the client of this stream.
    pub fn take_stream(&mut self, arrived: Box<Arrived>) {
        self.stream = Stream::of_channel(arrived.lane.clone());
        self.lane = Some(arrived.lane.clone());
        self.arrived = Some(arrived);
    }

    /// A client whose handshakes are yet to be done.
    pub fn new(accepted: Accepted) -> Self {
        let Accepted {
            stream,
            source,
            destination,
            at,
            plan,
            proxy,
            listener,
            slot,
        } = accepted;
        let session = Session {
            frontend: proxy.state.clone(),
            listener: listener.state.clone(),
            frontend_id: proxy.id,
            listener_id: listener.id,
            source,
            destination,
            accept_date: at.1,
            accepted: at.0,
            handshake_ms: 0,
            requests: 0,
            common: Common::default(),
            check_vars: None,
            proxy_header: None,
            expected: Expected::default(),
            tls: None,
            error: 0,
            socket: Some(Socket {
                fd: stream.as_fd().as_raw_fd(),
                info: tcp_info,
                set: set_option,
            }),
            identify: proxy.unique_id_format.clone(),
            terms: plan.terms.clone(),
            proxy_at: proxy.index,
            meter: plan.state.process.measures.load(Relaxed).then(Arc::default),
        };
        Self {
            stream,
            alarm: Alarm::heeding(slot.summons()),
            session,
            plan,
            proxy,
            listener,
            slot,
            upgrade: None,
            lane: None,
            arrived: None,
        }
    }
}

/// Sets what a rule wants on a client's socket.
fn set_option(fd: i32, option: SocketOption) {
    // A kernel that refuses (no privilege, no such family) leaves the packets as they are, as with HAProxy.
    let _ = match option {
        SocketOption::Mark(mark) => crate::net::fd::set_mark(fd, mark),
        SocketOption::Tos(tos) => crate::net::fd::set_tos(fd, tos),
    };
}

/// What the kernel says of a client's socket, for `fc_rtt` and kin.
fn tcp_info(fd: i32) -> Option<TcpInfo> {
    let info = crate::net::fd::tcp_info(fd)?;
    Some(TcpInfo {
        rtt: info.rtt,
        rttvar: info.rttvar,
        unacked: info.unacked,
        sacked: info.sacked,
        lost: info.lost,
        retrans: info.retrans,
        fackets: info.fackets,
        reordering: info.reordering,
    })
}
