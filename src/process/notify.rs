//! What systemd is told (`sd_notify(3)`): datagrams to the socket named by `NOTIFY_SOCKET`.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The way to the service manager; does nothing where there is none.
#[derive(Debug)]
pub(super) struct Notify {
    to: Option<SocketAddr>,
}

impl Notify {
    /// Takes the address from the environment if `wanted`.
    pub(super) fn new(wanted: bool) -> Self {
        let name = std::env::var_os("NOTIFY_SOCKET").filter(|_| wanted);
        let to = name.and_then(|name| match name.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name).ok(),
            None => SocketAddr::from_pathname(name).ok(),
        });
        Self { to }
    }

    /// Ready for traffic.
    pub(super) fn ready(&self, status: &str) {
        let pid = std::process::id();
        self.send(&format!("READY=1\nMAINPID={pid}\nSTATUS={status}\n"));
    }

    /// Reloading; [`Notify::ready`] follows, whether it worked or not.
    pub(super) fn reloading(&self) {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let micros = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
        self.send(&format!(
            "RELOADING=1\nMONOTONIC_USEC={micros}\nSTATUS=Reloading Configuration.\n"
        ));
    }

    /// Going.
    pub(super) fn stopping(&self) {
        self.send("STOPPING=1\n");
    }

    fn send(&self, text: &str) {
        let Some(to) = &self.to else { return };
        // A service manager that does not listen is no reason to do anything else.
        let _ = UnixDatagram::unbound().and_then(|socket| socket.send_to_addr(text.as_bytes(), to));
    }
}
