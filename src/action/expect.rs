//! Rules about what must come before a connection's first byte (manual 4.2 `tcp-request connection`).

use super::read::{Words, ready};
use super::table::{Entry, Read};
use super::{Action, Flow};
use crate::sample::Expected;

#[rustfmt::skip]
pub(super) static EXPECT: &[Entry] = &[
    Entry::new("expect-netscaler-cip", "layer4", "wants a NetScaler header", |w| expect(w, Expected::NETSCALER)),
    Entry::new("expect-proxy", "layer4", "wants a PROXY protocol header", |w| expect(w, Expected::PROXY)),
];

fn expect(words: &mut Words<'_, '_, '_>, header: Expected) -> Read {
    if !words.cursor.take_if("layer4") {
        let found = words.cursor.peek();
        let found = found.map(|word| word.text().into_owned());
        let message = format!(
            "'tcp-request connection {}' only supports 'layer4' in proxy '{}' (got '{}')",
            words.name.text(),
            words.cx.proxy,
            found.unwrap_or_default()
        );
        return Err(words.refuse(message));
    }
    ready(move || {
        Action::new(Box::new(move |scope| {
            scope.session.expected |= header;
            Flow::Continue
        }))
    })
}
