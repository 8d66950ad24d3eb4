//! MQTT's first packets: CONNECT and CONNACK (manual 7.3.1: mqtt_is_valid, mqtt_field_value; MQTT 3.1.1 and 5.0).

use std::borrow::Cow;

use super::*;
use crate::sample::args::Args;
use crate::sample::scope::Scope;
use crate::sample::table::Text;

const PACKET: Kind = Kind::Name(&["connect", "connack", "1", "2"]);
const FIELD: Kind = Kind::MqttField;

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("mqtt_field_value", &[need(PACKET), need(FIELD)], Type::Str, Convert::Bin(field_value), "a field of an MQTT CONNECT or CONNACK packet"),
    entry("mqtt_is_valid", &[], Type::Bool, Convert::Bin(is_valid), "whether it is an MQTT CONNECT or CONNACK packet"),
];

/// Names of a packet's own fields.
const CONNECT_FIELDS: [&str; 9] = [
    "flags",
    "protocol_name",
    "protocol_version",
    "client_identifier",
    "will_topic",
    "will_payload",
    "username",
    "password",
    "keepalive",
];
const CONNACK_FIELDS: [&str; 3] = ["flags", "protocol_version", "reason_code"];
/// Properties of a packet, and those of the will in a CONNECT.
const CONNECT_PROPERTIES: [u8; 9] = [17, 33, 39, 34, 25, 23, 38, 21, 22];
const WILL_PROPERTIES: [u8; 7] = [24, 1, 2, 3, 8, 9, 38];
const CONNACK_PROPERTIES: [u8; 17] = [
    17, 33, 36, 37, 39, 18, 34, 31, 38, 40, 41, 42, 19, 26, 28, 21, 22,
];

/// Checks a field's name for the packet of this number in the list of names.
pub(in crate::sample) fn check_field(connack: bool, name: &str) -> bool {
    let known = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    match (name.parse::<u8>(), connack) {
        (Ok(id), true) => CONNACK_PROPERTIES.contains(&id),
        (Ok(id), false) => CONNECT_PROPERTIES.contains(&id) || WILL_PROPERTIES.contains(&id),
        (Err(_), true) => known(&CONNACK_FIELDS),
        (Err(_), false) => known(&CONNECT_FIELDS),
    }
}

/// Fields and properties of a packet, by name or number, in the order read.
#[derive(Default)]
struct Packet<'b> {
    connack: bool,
    fields: Vec<(&'static str, Cow<'b, [u8]>)>,
    properties: Vec<(u8, Cow<'b, [u8]>)>,
}

/// Why there is no packet.
enum Fault {
    /// It may become one.
    Partial,
    /// It is none.
    Invalid,
}

struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, n: usize) -> Option<&'b [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn number(&mut self, width: usize) -> Option<u32> {
        let bytes = self.take(width)?;
        Some(bytes.iter().fold(0, |n, byte| n << 8 | u32::from(*byte)))
    }

    /// Text or bytes with two bytes of length before them.
    fn sized(&mut self) -> Option<&'b [u8]> {
        let len = self.number(2)?;
        self.take(len as usize)
    }

    /// A variable-length integer of at most four bytes.
    fn variable(&mut self) -> Option<u32> {
        let mut n = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.number(1)?;
            n |= (byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }

    /// A block of properties, of which only these may be there; numbers that are not have the value 0.
    fn properties(&mut self, allowed: &[u8], out: &mut Packet<'b>) -> Option<()> {
        let len = self.variable()?;
        let mut block = Reader(self.take(len as usize)?);
        while !block.0.is_empty() {
            let id = block.number(1)? as u8;
            if !allowed.contains(&id) {
                return None;
            }
            let value = match id {
                38 => {
                    block.sized()?;
                    block.sized()?;
                    continue;
                }
                _ => match width(id) {
                    Some(width) => text(block.number(width)?),
                    None => Cow::Borrowed(block.sized()?),
                },
            };
            out.properties.push((id, value));
        }
        for &id in allowed {
            let there = out.properties.iter().any(|(known, _)| *known == id);
            if !there && width(id).is_some() {
                out.properties.push((id, text(0)));
            }
        }
        Some(())
    }
}

/// Bytes of a numeric property; nothing for text and bytes.
fn width(id: u8) -> Option<usize> {
    match id {
        1 | 23 | 25 | 36 | 37 | 40 | 41 | 42 => Some(1),
        19 | 33 | 34 => Some(2),
        2 | 17 | 24 | 39 => Some(4),
        _ => None,
    }
}

fn text<'b>(number: u32) -> Cow<'b, [u8]> {
    Cow::Owned(number.to_string().into_bytes())
}

fn packet(bytes: &[u8]) -> Result<Packet<'_>, Fault> {
    let (first, rest) = bytes.split_first().ok_or(Fault::Partial)?;
    if rest.is_empty() {
        return Err(Fault::Partial);
    }
    // The lower half of the first byte is fixed; HAProxy takes it for fixed in PUBLISH, too.
    let known = match first >> 4 {
        0 => false,
        3 => first & 0xf == 0xf,
        6 | 8 | 10 => first & 0xf == 2,
        _ => first & 0xf == 0,
    };
    if !known {
        return Err(Fault::Invalid);
    }
    let mut reader = Reader(rest);
    let Some(length) = reader.variable() else {
        let endless = rest.len() >= 4;
        return Err(if endless {
            Fault::Invalid
        } else {
            Fault::Partial
        });
    };
    let body = reader.take(length as usize).ok_or(Fault::Partial)?;
    match first {
        0x10 => connect(body),
        0x20 => connack(body),
        _ => None,
    }
    .ok_or(Fault::Invalid)
}

fn connect(body: &[u8]) -> Option<Packet<'_>> {
    let mut out = Packet::default();
    let mut reader = Reader(body);
    let name = reader.sized()?;
    let version = reader.number(1)?;
    if !matches!((name, version), (b"MQIsdp", 3) | (b"MQTT", 4 | 5)) {
        return None;
    }
    let flags = reader.number(1)?;
    if flags & 1 != 0 {
        return None;
    }
    out.fields.push(("flags", text(flags)));
    out.fields.push(("protocol_name", Cow::Borrowed(name)));
    out.fields.push(("protocol_version", text(version)));
    out.fields.push(("keepalive", text(reader.number(2)?)));
    if version == 5 {
        reader.properties(&CONNECT_PROPERTIES, &mut out)?;
    }
    out.fields
        .push(("client_identifier", Cow::Borrowed(reader.sized()?)));
    if flags & 0x04 != 0 {
        if version == 5 {
            reader.properties(&WILL_PROPERTIES, &mut out)?;
        }
        out.fields
            .push(("will_topic", Cow::Borrowed(reader.sized()?)));
        out.fields
            .push(("will_payload", Cow::Borrowed(reader.sized()?)));
    }
    if flags & 0x80 != 0 {
        out.fields
            .push(("username", Cow::Borrowed(reader.sized()?)));
    }
    if flags & 0x40 != 0 {
        out.fields
            .push(("password", Cow::Borrowed(reader.sized()?)));
    }
    reader.0.is_empty().then_some(out)
}

fn connack(body: &[u8]) -> Option<Packet<'_>> {
    let mut out = Packet {
        connack: true,
        ..Packet::default()
    };
    let mut reader = Reader(body);
    let flags = reader.number(1)?;
    if flags > 1 {
        return None;
    }
    let reason = reader.number(1)?;
    // Nothing says the version but the properties that only 5.0 has.
    let version = if reader.0.is_empty() { 4 } else { 5 };
    if version == 5 {
        reader.properties(&CONNACK_PROPERTIES, &mut out)?;
    }
    out.fields.push(("flags", text(flags)));
    out.fields.push(("protocol_version", text(version)));
    out.fields.push(("reason_code", text(reason)));
    reader.0.is_empty().then_some(out)
}

fn is_valid<'s>(bytes: Text<'s>, _: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    match packet(&bytes) {
        Ok(_) => Some(Value::Bool(true)),
        Err(Fault::Invalid) => Some(Value::Bool(false)),
        Err(Fault::Partial) => None,
    }
}

fn field_value<'s>(bytes: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let packet = packet(&bytes).ok()?;
    if packet.connack != (args.int(0)? % 2 == 1) {
        return None;
    }
    let name = std::str::from_utf8(args.text(1)).ok()?;
    let value = match name.parse::<u8>() {
        Ok(id) => {
            packet
                .properties
                .into_iter()
                .find(|(known, _)| *known == id)?
                .1
        }
        Err(_) => {
            let mut fields = packet.fields.into_iter();
            fields
                .find(|(known, _)| known.eq_ignore_ascii_case(name))?
                .1
        }
    };
    Some(Value::owned(value.into_owned()))
}
