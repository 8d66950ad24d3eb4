//! Responses: ours ⇄ the crate's (RFC 9113 8.3.2).

use http::response::Parts;

use super::fields::{self, Malformed};
use super::request::VERSION;
use crate::http::{Head, Method};
use crate::wire::h1::{Asked, BodyLength, ResponseFacts};

/// Makes the crate's response of our head; `announced` is what it says of its body's length. A switch of protocols that an
/// extended CONNECT asked for is said by 200 (RFC 8441 5).
///
/// # Errors
/// What HTTP/2 cannot say: a status below 100 or above 999.
pub fn send(head: &Head, announced: BodyLength) -> Result<http::Response<()>, Malformed> {
    let switched = head.status() == 101;
    let status = if switched { 200 } else { head.status() };
    let status = http::StatusCode::from_u16(status).map_err(|_| Malformed("its status"))?;
    let of_h1: &[&[u8]] = match switched {
        true => &[b"sec-websocket-accept"],
        false => &[],
    };
    let mut response = http::Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = fields::send(head, of_h1, fields::announced(announced));
    Ok(response)
}

/// Makes our head of a received response, and says what it means for what was asked. `ended`: nothing follows it.
///
/// # Errors
/// What is wrong.
pub fn receive(
    parts: &Parts,
    ended: bool,
    asked: Asked,
    head: &mut Head,
) -> Result<ResponseFacts, Malformed> {
    let status = parts.status.as_u16();
    head.start_response(VERSION, status, b"");
    fields::receive(&parts.headers, b"", head)?;
    let length = fields::length(&parts.headers)?;
    let bodiless = asked.method == Method::Head || status == 304;
    let announced = match length {
        Some(length) => BodyLength::Sized(length),
        None if bodiless => BodyLength::UntilClose,
        // As HAProxy says it to clients of HTTP/1, even where nothing follows.
        None => BodyLength::Chunked,
    };
    let tunnel = asked.method == Method::Connect && (200..300).contains(&status);
    let (body, announced) = match status {
        // The client has asked by an upgrade: it gets the switch that it waits for.
        200..300 if asked.upgrade => {
            head.set_status(101);
            (BodyLength::Tunnel, BodyLength::Empty)
        }
        _ if tunnel => (BodyLength::Tunnel, BodyLength::Empty),
        // There is no such response in HTTP/2.
        101 => return Err(Malformed("a switch of protocols")),
        100..200 | 204 => (BodyLength::Empty, BodyLength::Empty),
        _ if ended || bodiless => (BodyLength::Empty, announced),
        // However long it says it is, its end is the stream's; trailers may come before.
        _ => (BodyLength::UntilClose, announced),
    };
    Ok(ResponseFacts {
        consumed: 0,
        body,
        announced,
        interim: status < 200,
        keep_alive: true,
    })
}
