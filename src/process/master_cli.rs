//! `-S`: where the master listens for commands.

use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::net::listen;
use crate::settings::{Bind, Endpoint, Family, Host};

/// Opens the address, with its options behind commas.
///
/// # Errors
/// What is wrong with it.
pub(super) fn open(text: &str) -> Result<Vec<Arc<OwnedFd>>, String> {
    let mut words = text.split(',');
    let address = words.next().unwrap_or_default();
    let mut bind = Bind {
        endpoint: Some(endpoint(address)?),
        text: address.to_owned(),
        ..Bind::default()
    };
    while let Some(option) = words.next() {
        let value = words.next().unwrap_or_default();
        let number = |radix| {
            u32::from_str_radix(value, radix).map_err(|_| format!("'{option}' expects a number"))
        };
        match option {
            "mode" => bind.owner.2 = Some(number(8)?),
            "uid" => bind.owner.0 = Some(number(10)?),
            "gid" => bind.owner.1 = Some(number(10)?),
            // Everyone who may connect may do everything there is.
            "level" if value == "admin" => {}
            _ => return Err(format!("option '{option}' is not available yet")),
        }
    }
    let opened = listen::open(&bind, listen::Options::default(), 1);
    Ok(opened.map_err(|error| error.to_string())?.sockets)
}

fn endpoint(text: &str) -> Result<Endpoint, String> {
    let path = text.strip_prefix("unix@").unwrap_or(text);
    if path.starts_with('/') || path.len() < text.len() {
        return Ok(Endpoint::Unix(path.to_owned()));
    }
    let parts = text.rsplit_once(':').and_then(|(host, port)| {
        let host = match host {
            "" | "*" => Host::Wildcard,
            host => Host::Ip(host.parse::<IpAddr>().ok()?),
        };
        Some((host, port.parse::<u16>().ok()?))
    });
    let (host, port) = parts.ok_or_else(|| format!("'{text}' is no address"))?;
    Ok(Endpoint::Tcp {
        host,
        family: Family::Any,
        port,
        last_port: port,
        port_offset: None,
    })
}
