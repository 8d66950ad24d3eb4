//! `show ssl ocsp-response`, `set ssl ocsp-response`: what is stapled.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::command::Call;
use crate::ocsp::date;
use crate::plan::Plan;
use crate::sample::codec::{decode_base64, encode_base64};
use crate::tls::Certificate;
use crate::tls::ocsp::{Response, responder, text};

/// Certificates that have to do with OCSP: by their ids in hexadecimal, with the names of their files.
fn all(plan: &Plan) -> BTreeMap<String, Vec<(String, Arc<Certificate>)>> {
    let mut all: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for slot in plan.certificates.certificates.all() {
        let Some(certificate) = slot.current().filter(|one| one.staple.is_active()) else {
            continue;
        };
        if let Some(id) = certificate.ocsp_id() {
            let id = hex(&id.der()).to_ascii_lowercase();
            all.entry(id)
                .or_default()
                .push((slot.name.clone(), certificate));
        }
    }
    all
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// `show ssl ocsp-response [[text | base64] <id | file>]`.
pub(super) fn show(call: &mut Call<'_>) -> String {
    let all = all(&call.desk.plan());
    let (base64, wanted) = match (call.arg(0), call.arg(1)) {
        ("", _) => return ids(&all),
        ("text", "") | ("base64", "") => {
            return "'show ssl ocsp-response [text|base64]' expects a valid certid.\n".to_owned();
        }
        ("text", name) => (false, name),
        ("base64", name) => (true, name),
        (name, _) => (false, name),
    };
    let found = all.iter().find(|(id, certificates)| {
        id.eq_ignore_ascii_case(wanted) || certificates.iter().any(|(file, _)| file == wanted)
    });
    let Some((_, certificates)) = found else {
        return "Certificate ID does not match any certificate.\n".to_owned();
    };
    let response = certificates
        .iter()
        .find_map(|(_, one)| one.staple.response());
    let Some(response) = response else {
        return String::new();
    };
    match base64 {
        true => String::from_utf8_lossy(&encode_base64(&response.der)).into_owned() + "\n",
        false => described(&response.der),
    }
}

/// A response in words. An empty line would end the answer.
pub(super) fn described(der: &[u8]) -> String {
    let mut out = String::new();
    for line in text(der, encode_base64).lines() {
        let _ = writeln!(out, "{}", if line.is_empty() { " " } else { line });
    }
    out
}

fn ids(all: &BTreeMap<String, Vec<(String, Arc<Certificate>)>>) -> String {
    let mut out = String::new();
    for (key, certificates) in all {
        let Some(id) = certificates.first().and_then(|(_, one)| one.ocsp_id()) else {
            continue;
        };
        if out.is_empty() {
            out += "# Certificate IDs\n";
        }
        let serial = match &id.serial[..] {
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        };
        let _ = writeln!(
            out,
            "Certificate ID key : {key}\n Certificate ID:\n   Issuer Name Hash: {}\n   Issuer Key Hash: {}\n   Serial Number: {}",
            hex(&id.name),
            hex(&id.key),
            hex(serial)
        );
    }
    out
}

/// `set ssl ocsp-response <response>`.
pub(super) fn set(call: &mut Call<'_>) -> String {
    let given = call.payload.unwrap_or(call.arg(0));
    let given: Vec<u8> = given.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    if given.is_empty() {
        return "'set ssl ocsp-response' expects response in base64 encoding.\n".to_owned();
    }
    let Some(der) = decode_base64(&given) else {
        return "'set ssl ocsp-response' received invalid base64 encoded response.\n".to_owned();
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let response = match Response::read(&der, now.unwrap_or_default().as_secs()) {
        Ok(response) => Arc::new(response),
        Err(why) => return format!("{why}.\n"),
    };
    let all = all(&call.desk.plan());
    let certificates = all.values().flatten();
    let concerned = certificates.filter(|(_, one)| one.ocsp_id() == Some(&response.id));
    match concerned
        .map(|(_, one)| one.answer(response.clone()))
        .count()
    {
        0 => "OCSP single response: Certificate ID does not match any certificate or issuer.\n"
            .to_owned(),
        _ => "OCSP Response updated!\n".to_owned(),
    }
}

/// `show ssl ocsp-updates`.
pub(super) fn updates(call: &mut Call<'_>) -> String {
    let mut out = "OCSP Certid | Path | Next Update | Last Update | Successes | Failures | Last Update Status | Last Update Status (str)\n".to_owned();
    let date = |seconds: Option<u64>| match seconds {
        Some(seconds) => date(
            UNIX_EPOCH + Duration::from_secs(seconds),
            "%d/%b/%Y:%H:%M:%S %z",
        ),
        None => "-".to_owned(),
    };
    for row in call.desk.updates.rows() {
        let _ = writeln!(
            out,
            "{} | {} | {} | {} | {} | {} | {} | {}",
            row.id,
            row.file,
            date(row.next),
            date(row.last),
            row.successes,
            row.failures,
            row.status as u8,
            row.status
        );
    }
    out
}

/// `update ssl ocsp-response <certfile>`: answers with the response once it has come.
pub(super) fn update(call: &mut Call<'_>) -> String {
    let file = call.arg(0).to_owned();
    let told = |why: &str| format!("'update ssl ocsp-response' {why}\n");
    if file.is_empty() {
        return told("expects a filename");
    }
    let slot = call.desk.plan().certificates.certificates.find(&file);
    let Some(certificate) = slot.and_then(|slot| slot.current()) else {
        return told("unknown certificate");
    };
    if !certificate.staple.is_active() || certificate.ocsp_id().is_none() {
        return told("only works on certificates that already have a known OCSP response");
    }
    if responder(&certificate.leaf).is_none() {
        return told("no OCSP URI found in the certificate");
    }
    let updates = call.desk.updates.clone();
    call.later = Some(Box::pin(async move {
        match updates.order(&file).await {
            Ok(response) => described(&response.der),
            Err(why) => format!("Update failed: {why}\n"),
        }
    }));
    String::new()
}
