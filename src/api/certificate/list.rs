//! `add`, `del` and `show ssl crt-list`.

use std::fmt::Write;
use std::sync::Arc;

use super::super::command::Call;
use super::{Said, either, tell, uses};
use crate::tls::store::full_name;
use crate::tls::{FrontSettings, Line, List, Slot};

/// The list of this name; a directory may be said with the slash at its end.
fn find(call: &Call<'_>, name: &str) -> Option<Arc<List>> {
    let bare = match name.trim_end_matches('/') {
        "" => name,
        bare => bare,
    };
    call.desk.plan().certificates.lists.find(bare)
}

/// `show ssl crt-list [-n] [<list>]`
pub(in super::super) fn show(call: &mut Call<'_>) -> String {
    either(shown(call))
}

fn shown(call: &Call<'_>) -> Said {
    let (name, numbers) = match call.args {
        ["-n", rest @ ..] => (rest.first().copied().unwrap_or_default(), true),
        args => (args.first().copied().unwrap_or_default(), false),
    };
    if name.is_empty() {
        if numbers {
            let usage = "'show ssl crt-list -n' expects a filename or a directory\n";
            return Err(usage.to_owned());
        }
        let lists = call.desk.plan().certificates.lists.all();
        return Ok(lists
            .iter()
            .map(|list| format!("{}\n", list.name))
            .collect());
    }
    let list = find(call, name).ok_or_else(|| "didn't find the specified filename\n".to_owned())?;
    let mut out = format!("# {}\n", list.name);
    for line in list.lines() {
        row(&mut out, &line, numbers);
    }
    Ok(out)
}

fn row(out: &mut String, line: &Line, numbers: bool) {
    out.push_str(&line.certificate.name);
    // Writing to a `String` cannot fail.
    if numbers {
        let _ = write!(out, ":{}", line.number);
    }
    if let Some(options) = &line.options {
        let _ = write!(out, " [{}]", in_order(options));
    }
    for filter in &line.filters {
        let _ = write!(out, " {filter}");
    }
    out.push('\n');
}

/// Options in HAProxy's order. What it leaves out stands at the end; the zeroes that it writes behind protocols do not.
fn in_order(options: &str) -> String {
    /// Names, and whether a value follows.
    const ORDER: [(&str, bool); 14] = [
        ("npn", true),
        ("alpn", true),
        ("verify", true),
        ("no-ca-names", false),
        ("allow-0rtt", false),
        ("ca-file", true),
        ("crl-file", true),
        ("ciphers", true),
        ("ciphersuites", true),
        ("curves", true),
        ("ecdhe", true),
        ("ssl-min-ver", true),
        ("ssl-max-ver", true),
        ("ca-verify-file", true),
    ];
    let mut words = options.split_ascii_whitespace().peekable();
    let mut said: Vec<(usize, String)> = Vec::new();
    while let Some(word) = words.next() {
        let at = ORDER.iter().position(|(name, _)| *name == word);
        let valued = at.is_none_or(|at| ORDER[at].1);
        let mut text = word.to_owned();
        if valued && let Some(value) = words.next() {
            text = format!("{word} {value}");
        }
        said.push((at.unwrap_or(ORDER.len()), text));
    }
    said.sort_by_key(|(at, _)| *at);
    let said: Vec<String> = said.into_iter().map(|(_, text)| text).collect();
    said.join(" ")
}

/// A line as it was said: certificate, options, names.
struct New<'c> {
    certificate: &'c str,
    options: Option<&'c str>,
    filters: Vec<String>,
}

/// Reads a line of a list.
fn parsed(text: &str) -> Result<New<'_>, String> {
    let wrong = |what: &str| format!("parsing [CLI:1]: {what}\n");
    let text = text.trim();
    let (before, options, after) = match text.split_once('[') {
        None if text.contains(']') => return Err(wrong("missing '['")),
        None => (text, None, ""),
        Some((before, rest)) => match rest.split_once(']') {
            None => return Err(wrong("missing ']'")),
            Some((_, after)) if after.contains('[') => return Err(wrong("too many '['")),
            Some((_, after)) if after.contains(']') => return Err(wrong("too many ']'")),
            Some((options, after)) => (before, Some(options), after),
        },
    };
    let mut words = before
        .split_ascii_whitespace()
        .chain(after.split_ascii_whitespace());
    Ok(New {
        certificate: words.next().unwrap_or_default(),
        options,
        filters: words.map(str::to_owned).collect(),
    })
}

/// `add ssl crt-list <list> { <file> | <payload> }`
pub(in super::super) fn add(call: &mut Call<'_>) -> String {
    either(added(call))
}

fn added(call: &Call<'_>) -> Said {
    let (name, text) = match (call.arg(0), call.arg(1), call.payload) {
        (name @ "", ..) | (name, "", None) => {
            let _ = name;
            let usage = "'add ssl crtlist' expects a filename and a certificate name\n";
            return Err(usage.to_owned());
        }
        (name, _, Some(payload)) => (name, payload),
        (name, certificate, None) => (name, certificate),
    };
    let refused = |why: &str| format!("Can't edit the crt-list: {why}");
    let list =
        find(call, name).ok_or_else(|| refused(&format!("crt-list '{name}' does not exist!\n")))?;
    if call.payload.is_some() && text.lines().count() != 1 {
        return Err(refused("only one line of payload is supported!\n"));
    }
    let new = match call.payload {
        Some(line) => parsed(line).map_err(|why| refused(&why))?,
        None => New {
            certificate: text,
            options: None,
            filters: Vec::new(),
        },
    };
    let plan = call.desk.plan();
    let bases = plan.certificates.bases.get();
    let base = bases.and_then(|bases| bases.certificates.as_ref());
    let certificate = &*full_name(base, new.certificate);
    // Options are read before the certificate is looked for, and on each line's own words.
    let lines = uses::of_list(&plan, &list);
    let words = new.options.unwrap_or_default().trim();
    let mut terms: Vec<Option<FrontSettings>> = Vec::new();
    for line in &lines {
        terms.push(match (words, line.settings()) {
            ("", _) | (_, None) => None,
            (words, Some(base)) => {
                let read = (call.desk.list_terms)(&plan.certificates, &base, words);
                Some(read.map_err(|why| refused(&format!("{why}\n")))?)
            }
        });
    }
    let slot = plan.certificates.certificates.find(certificate);
    if list.directory && !certificate.starts_with(&format!("{}/", list.name)) {
        return Err(refused(&format!(
            "'{}' is a directory, certificate path '{certificate}' must contain the directory path\n",
            list.name
        )));
    }
    let slot =
        slot.ok_or_else(|| refused(&format!("certificate '{certificate}' does not exist!\n")))?;
    if slot.current().is_none() {
        return Err(refused(&format!("certificate '{certificate}' is empty!\n")));
    }
    let mut out = format!(
        "Inserting certificate '{certificate}' in crt-list '{}'",
        list.name
    );
    for (line, own) in lines.iter().zip(terms) {
        out.push('.');
        let Some(own) = own else {
            continue;
        };
        let done = match own.lacks_authority() {
            true => Err(format!(
                "Proxy '{}': verify is enabled but no CA file specified for bind '{}' at [{}].",
                line.proxy,
                line.text(),
                line.place()
            )),
            false => line
                .fronts()
                .try_for_each(|front| front.refine(words, own.clone())),
        };
        if let Err(why) = done {
            return Err(format!("{out}\n{why}\nFailed!\n"));
        }
    }
    list.add(slot, new.options.map(str::to_owned), new.filters);
    uses::refresh(lines);
    tell(
        call,
        &format!(
            "Certificate '{certificate}' was added to '{}' (add ssl crt-list).",
            list.name
        ),
    );
    Ok(format!("{out}\nSuccess!\n"))
}

/// `del ssl crt-list <list> <file>[:<line>]`
pub(in super::super) fn del(call: &mut Call<'_>) -> String {
    either(deleted(call))
}

fn deleted(call: &Call<'_>) -> Said {
    let (name, said) = (call.arg(0), call.arg(1));
    if name.is_empty() || said.is_empty() {
        let usage = "'del ssl crtlist' expects a filename and a certificate name\n";
        return Err(usage.to_owned());
    }
    let refused = |why: String| format!("Can't delete the entry: {why}\n");
    let (certificate, number) = match said.split_once(':') {
        None => (said, 0),
        Some((certificate, number)) => match number.parse::<u32>() {
            Ok(number) => (certificate, number),
            Err(_) => {
                let why = format!("wrong line number after colons in '{said}'!");
                return Err(refused(why));
            }
        },
    };
    let list =
        find(call, name).ok_or_else(|| refused(format!("crt-list '{name}' does not exist!")))?;
    let plan = call.desk.plan();
    let slot = plan.certificates.certificates.find(certificate);
    let slot =
        slot.ok_or_else(|| refused(format!("certificate '{certificate}' does not exist!")))?;
    let line = chosen(&list, &slot, number).map_err(refused)?;
    let lines = uses::of_list(&plan, &list);
    let is_default = |settings: &FrontSettings| {
        settings
            .default_line()
            .is_some_and(|one| Arc::ptr_eq(&one, &line))
    };
    let defaults: Vec<String> = lines
        .iter()
        .filter(|line| {
            line.settings()
                .is_some_and(|settings| is_default(&settings))
        })
        .map(|line| format!("\t- {}\n", line.place()))
        .collect();
    if !defaults.is_empty() {
        return Err(refused(format!(
            "certificate '{certificate}' cannot be deleted, it is used as default certificate by the following frontends:\n{}",
            defaults.concat()
        )));
    }
    list.remove(&line);
    uses::refresh(lines);
    tell(
        call,
        &format!(
            "Certificate '{certificate}' was removed from '{}' (del ssl crt-list).",
            list.name
        ),
    );
    let name = &list.name;
    Ok(format!(
        "Entry '{certificate}' deleted in crtlist '{name}'!\n"
    ))
}

/// The line of a certificate: the only one, or that of this number.
fn chosen(
    list: &List,
    slot: &Arc<Slot<crate::tls::Certificate>>,
    number: u32,
) -> Result<Arc<Line>, String> {
    let mut all = list.lines();
    all.retain(|line| Arc::ptr_eq(&line.certificate, slot));
    let name = &slot.name;
    let numbers: Vec<String> = all.iter().map(|line| line.number.to_string()).collect();
    let numbers = numbers.join(", ");
    match all.as_slice() {
        [] => Err(format!(
            "certificate '{name}' can't be found in crt-list '{}'!",
            list.name
        )),
        [only] if number == 0 || only.number == number => Ok(only.clone()),
        several => match several.iter().find(|line| line.number == number) {
            Some(line) => Ok(line.clone()),
            None if number == 0 => Err(format!(
                "found the certificate '{name}' in several entries, please specify a line number preceded by colons ({numbers})!"
            )),
            None => Err(format!(
                "found a certificate '{name}' but the line number is incorrect, please specify a correct line number preceded by colons ({numbers})!"
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_stand_in_haproxys_order() {
        for (said, shown) in [
            ("", ""),
            (
                "alpn http/1.1 ssl-min-ver TLSv1.2",
                "alpn http/1.1 ssl-min-ver TLSv1.2",
            ),
            ("alpn h2", "alpn h2"),
            (
                "allow-0rtt no-ca-names ca-file c  verify none",
                "verify none no-ca-names allow-0rtt ca-file c",
            ),
            ("sigalgs x:y ecdhe z", "ecdhe z sigalgs x:y"),
        ] {
            assert_eq!(in_order(said), shown);
        }
    }

    #[test]
    fn lines_part_into_certificate_options_and_names() {
        let new = parsed("  a.pem [verify none]  x.test !y.test ").unwrap();
        assert_eq!(
            (new.certificate, new.options),
            ("a.pem", Some("verify none"))
        );
        assert_eq!(new.filters, ["x.test", "!y.test"]);
        assert_eq!(parsed("a.pem").unwrap().options, None);
        for (line, wrong) in [("a b]", "missing '['"), ("a [b", "missing ']'")] {
            let told = parsed(line).err().unwrap();
            assert_eq!(told, format!("parsing [CLI:1]: {wrong}\n"));
        }
    }
}
