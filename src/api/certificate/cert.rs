//! `new`, `set`, `commit`, `abort`, `del` and `show ssl cert`.

use std::fmt::Write;
use std::sync::Arc;

use super::super::command::Call;
use super::super::ocsp;
use super::{Said, describe, either, may_look, tell, uses};
use crate::plan::Plan;
use crate::sample::codec::{decode_base64, hex};
use crate::tls::{Certificate, Parts, Slot, Unfinished};

/// `new ssl cert <file>`
pub(in super::super) fn create(call: &mut Call<'_>) -> String {
    let name = call.arg(0);
    let plan = call.desk.plan();
    let all = &plan.certificates.certificates;
    if name.is_empty() {
        return "'new ssl cert' expects a filename\n".to_owned();
    }
    if all.find(name).is_some() {
        return format!("Certificate '{name}' already exists!\n");
    }
    all.enter(name, Arc::new(Slot::new(name, None)));
    tell(
        call,
        &format!("New empty certificate '{name}' (new ssl cert)."),
    );
    format!("New empty certificate store '{name}'!\n")
}

/// Which part of a certificate a name means by its ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Pem,
    Key,
    Ocsp,
    Issuer,
    Sctl,
}

fn part(name: &str) -> (&str, Part) {
    let known = [
        (".key", Part::Key),
        (".ocsp", Part::Ocsp),
        (".issuer", Part::Issuer),
        (".sctl", Part::Sctl),
    ];
    let found = known
        .iter()
        .find_map(|(ending, part)| Some((name.strip_suffix(ending)?, *part)));
    found.unwrap_or((name, Part::Pem))
}

impl Part {
    /// Puts what came into its place; else what is wrong with it.
    fn take(self, parts: &mut Parts, name: &str, payload: &str) -> Result<(), String> {
        let bytes = payload.as_bytes();
        let taken = match self {
            Self::Pem => parts.take_pem(bytes),
            Self::Key => parts.take_key(bytes),
            Self::Issuer => parts.take_issuer(bytes),
            Self::Ocsp => {
                let text: Vec<u8> = bytes.iter().copied().filter(|b| *b > b' ').collect();
                parts.ocsp = decode_base64(&text).filter(|answer| !answer.is_empty());
                parts.ocsp.is_some()
            }
            Self::Sctl => false,
        };
        match (taken, self) {
            (true, _) => Ok(()),
            (_, Self::Pem) => Err(format!("unable to load certificate from file '{name}'.\n")),
            (_, Self::Key) => Err(format!("unable to load private key from file '{name}'.\n")),
            (_, Self::Issuer) => Err(format!("'{name}' cannot be read or parsed'.\n")),
            (_, Self::Ocsp) => Err("Error reading OCSP response in base64 format".to_owned()),
            (_, Self::Sctl) => Err("'.sctl' files are not used.\n".to_owned()),
        }
    }
}

/// `set ssl cert <file>[.key | .ocsp | .issuer] <payload>`
pub(in super::super) fn set(call: &mut Call<'_>) -> String {
    either(change(call))
}

fn change(call: &Call<'_>) -> Said {
    let said = call.arg(0);
    let Some(payload) = call.payload.filter(|_| !said.is_empty()) else {
        let usage = "'set ssl cert expects a filename and a certificate as a payload\n";
        return Err(usage.to_owned());
    };
    let (name, part) = part(said);
    let plan = call.desk.plan();
    let mut open = plan.certificates.open();
    let refused = |why: String| format!("{why}Can't update {said}!\n");
    let (mut parts, done) = match &open.certificate {
        Some((about, _)) if about != name => {
            return Err(refused(format!(
                "The ongoing transaction is about '{about}' but you are trying to set '{name}'\n"
            )));
        }
        Some((_, parts)) => (parts.clone(), "updated"),
        None => {
            let slot = plan.certificates.certificates.find(name).ok_or_else(|| {
                let why =
                    "Can't replace a certificate which is not referenced by the configuration!\n";
                refused(why.to_owned())
            })?;
            let now = slot.current();
            (
                now.map_or_else(Parts::default, |now| Parts::of(&now)),
                "created",
            )
        }
    };
    part.take(&mut parts, name, payload)
        .map_err(|why| refused(format!("{why}Can't load the payload\n")))?;
    open.certificate = Some((name.to_owned(), parts));
    Ok(format!("Transaction {done} for certificate {name}!\n"))
}

/// `commit ssl cert <file>`
pub(in super::super) fn commit(call: &mut Call<'_>) -> String {
    either(committed(call))
}

fn committed(call: &Call<'_>) -> Said {
    let name = call.arg(0);
    if name.is_empty() {
        return Err("'commit ssl cert expects a filename\n".to_owned());
    }
    let plan = call.desk.plan();
    let refused = |why: String| format!("{why}\nCan't commit {name}!\n");
    let mut open = plan.certificates.open();
    let made = match &open.certificate {
        None => return Err(refused("No ongoing transaction! !".to_owned())),
        Some((about, _)) if about != name => {
            return Err(refused(format!(
                "The ongoing transaction is about '{about}' but you are trying to set '{name}'"
            )));
        }
        Some((_, parts)) => parts.finish().map_err(|unfinished| {
            match unfinished {
                Unfinished::Incomplete => refused(
                    "The transaction must contain at least a certificate and a private key!"
                        .to_owned(),
                ),
                Unfinished::Mismatch => refused(format!(
                    "inconsistencies between private key and certificate loaded '{name}'."
                )),
                Unfinished::NoIssuer => format!(
                    "Committing {name}.\n '{name}.ocsp' is present and activates OCSP but it is impossible to \
                     compute the OCSP certificate ID (maybe the issuer could not be found)'.\nFailed!\n"
                ),
            }
        })?,
    };
    let Some(slot) = plan.certificates.certificates.find(name) else {
        return Err(refused("No ongoing transaction! !".to_owned()));
    };
    let before = slot.current();
    slot.replace(Arc::new(made));
    let servers = uses::servers(&plan).filter(|server| uses::has(server, &slot));
    for back in servers.filter_map(|server| server.tls.as_ref()) {
        if let Err(why) = back.refresh() {
            if let Some(before) = before {
                slot.replace(before);
            }
            return Err(refused(why));
        }
    }
    uses::refresh(uses::lines(&plan));
    open.certificate = None;
    let dots = ".".repeat(uses::of_certificate(&plan, &slot));
    tell(
        call,
        &format!("Certificate '{name}' was replaced (commit ssl cert)."),
    );
    Ok(format!("Committing {name}{dots}\nSuccess!\n"))
}

/// `abort ssl cert <file>`
pub(in super::super) fn abort(call: &mut Call<'_>) -> String {
    let name = call.arg(0);
    let plan = call.desk.plan();
    let mut open = plan.certificates.open();
    let about = open.certificate.as_ref().map(|(about, _)| about.as_str());
    match about {
        _ if name.is_empty() => "'abort ssl cert' expects a filename\n".to_owned(),
        None => "No ongoing transaction!\n".to_owned(),
        Some(about) if about != name => format!(
            "The ongoing transaction is about '{about}' but you are trying to abort a transaction for '{name}'\n"
        ),
        Some(_) => {
            open.certificate = None;
            format!("Transaction aborted for certificate '{name}'!\n")
        }
    }
}

/// `del ssl cert <file>`
pub(in super::super) fn del(call: &mut Call<'_>) -> String {
    let name = call.arg(0);
    if name.is_empty() {
        return "'del ssl cert' expects a certificate name\n".to_owned();
    }
    let plan = call.desk.plan();
    let refused = |why: &str| format!("Can't remove the certificate: {why}");
    let open = plan.certificates.open();
    if open
        .certificate
        .as_ref()
        .is_some_and(|(about, _)| about == name)
    {
        let why = format!("ongoing transaction for the certificate '{name}'\n");
        return refused(&why);
    }
    let all = &plan.certificates.certificates;
    let Some(slot) = all.find(name) else {
        return refused(&format!("certificate '{name}' doesn't exist!\n\n"));
    };
    if uses::of_certificate(&plan, &slot) > 0 {
        return refused(&format!(
            "certificate '{name}' in use, can't be deleted!\n\n"
        ));
    }
    all.forget(name);
    tell(
        call,
        &format!("Certificate '{name}' was deleted (del ssl cert)."),
    );
    format!("Certificate '{name}' deleted!\n")
}

const MISSING: &str = "Can't display the certificate: Not found or the certificate is a bundle!\n";

/// `show ssl cert [[*]<file>]`
pub(in super::super) fn show(call: &mut Call<'_>) -> String {
    either(shown(call))
}

fn shown(call: &Call<'_>) -> Said {
    may_look(call)?;
    let plan = call.desk.plan();
    let open = plan.certificates.open();
    let said = call.arg(0);
    if said.is_empty() {
        let mut out = String::new();
        if let Some((about, _)) = &open.certificate {
            let _ = write!(out, "# transaction\n*{about}\n");
        }
        out.push_str("# filename\n");
        for slot in plan.certificates.certificates.all() {
            let _ = writeln!(out, "{}", slot.name);
        }
        return Ok(out);
    }
    if let (name, Part::Ocsp) = part(said) {
        return answer(&plan, open.certificate.as_ref(), name);
    }
    let missing = || MISSING.to_owned();
    let mut out = format!("Filename: {said}\n");
    let mut key = String::new();
    match said.strip_prefix('*') {
        Some(name) => {
            let draft = open.certificate.as_ref();
            let (_, parts) = draft
                .filter(|(about, _)| about == name)
                .ok_or_else(missing)?;
            out.push_str("Status: Unused\n");
            details(&mut out, parts.chain.iter().map(|der| der.as_ref()));
            key = parts
                .finish()
                .map_or_else(|_| String::new(), |made| ocsp_key(&made));
        }
        None => {
            let slot = plan
                .certificates
                .certificates
                .find(said)
                .ok_or_else(missing)?;
            let used = uses::of_certificate(&plan, &slot) > 0;
            match slot.current() {
                None => out.push_str("Status: Empty\n"),
                Some(now) => {
                    committed_details(&mut out, &now, used);
                    key = ocsp_key(&now);
                }
            }
        }
    }
    let _ = writeln!(out, "OCSP Response Key: {key}");
    Ok(out)
}

/// The name of its OCSP response, if there is to be one.
fn ocsp_key(certificate: &Certificate) -> String {
    let id = certificate
        .ocsp_id()
        .filter(|_| certificate.staple.is_active());
    id.map_or_else(String::new, |id| {
        let hex = hex(&id.der()).to_ascii_lowercase();
        String::from_utf8_lossy(&hex).into_owned()
    })
}

/// `show ssl cert [*]<file>.ocsp`: the response.
fn answer(plan: &Plan, draft: Option<&(String, Parts)>, name: &str) -> Said {
    let missing = MISSING.to_owned();
    let response = match name.strip_prefix('*') {
        Some(name) => {
            let (_, parts) = draft.filter(|(about, _)| about == name).ok_or(missing)?;
            parts.ocsp.clone()
        }
        None => {
            let slot = plan.certificates.certificates.find(name).ok_or(missing)?;
            let response = slot.current().and_then(|now| now.staple.response());
            response.map(|response| response.der.clone())
        }
    };
    Ok(response.map_or_else(String::new, |der| ocsp::described(&der)))
}

fn committed_details(out: &mut String, now: &Certificate, used: bool) {
    out.push_str(match used {
        true => "Status: Used\n",
        false => "Status: Unused\n",
    });
    let served = now.served();
    details(out, served.cert.iter().map(|der| der.as_ref()));
}

fn details<'d>(out: &mut String, mut chain: impl Iterator<Item = &'d [u8]>) {
    if let Some(own) = chain.next() {
        describe::certificate(out, own);
    }
    chain.for_each(|above| describe::above(out, above));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_which_part_is_meant() {
        assert_eq!(part("a.pem"), ("a.pem", Part::Pem));
        assert_eq!(part("a.pem.rsa"), ("a.pem.rsa", Part::Pem));
        assert_eq!(part("a.pem.key"), ("a.pem", Part::Key));
        assert_eq!(part("a.pem.ocsp"), ("a.pem", Part::Ocsp));
        assert_eq!(part("a.issuer"), ("a", Part::Issuer));
        assert_eq!(part("a.dh"), ("a.dh", Part::Pem));
    }
}
