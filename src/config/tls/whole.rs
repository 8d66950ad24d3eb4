//! What is wrong with the terms of a whole line: versions that leave nothing, lists that OpenSSL would refuse. `bind` and
//! `server` lines name it each in their own words.

use super::super::args::{Args, Parsed};
use super::super::load::Load;
use crate::diag::{Diagnostic, Lead};
use crate::syntax::Word;
use crate::tls::{
    Reading, Terms, Version, Versions, read_ciphers, read_groups, read_signatures, read_suites,
};

/// What is said about the terms of a whole line.
pub(super) struct Finding {
    /// Up to the place where the line is named.
    pub what: String,
    /// What follows that.
    pub more: String,
    /// The text of a word that is meant, if it is one.
    pub word: Option<String>,
    /// It is an error.
    pub alert: bool,
}

/// Tells what is wrong with the terms of a line; `name` gives the words for it. Warnings are told at once, and all errors but
/// the first, which comes back.
pub(super) fn judge(
    terms: &Terms,
    floor: Version,
    (args, load): (&Args<'_>, &mut Load),
    lead: Lead,
    name: impl Fn(&Finding) -> String,
) -> Parsed {
    let mut first = None;
    for finding in findings(terms, floor) {
        let meant = |word: &&Word| finding.word.as_deref() == Some(&*word.text());
        let word = args.line().words.iter().find(meant);
        let span = word.map_or(args.keyword(), |word| word.span);
        let message = name(&finding);
        let told = match finding.alert {
            true => Diagnostic::alert(span, message),
            false => Diagnostic::warning(span, message),
        };
        match finding.alert && first.is_none() {
            true => first = Some(told.lead(lead)),
            false => load.diagnostics.push(told.lead(lead)),
        }
    }
    first.map_or(Ok(()), |alert| Err(Box::new(alert)))
}

/// Judges the terms of a line; `floor` is the oldest version where nothing is said.
fn findings(terms: &Terms, floor: Version) -> Vec<Finding> {
    let mut found = of_versions(terms.versions, floor);
    let lists = [
        (
            &terms.ciphers,
            "SSL cipher list",
            read_ciphers as fn(&str) -> Option<Reading>,
        ),
        (&terms.suites, "TLS 1.3 cipher suites", read_suites),
        (&terms.curves, "SSL curves list", read_groups),
        (&terms.ecdhe, "elliptic named curve", read_groups),
        (
            &terms.signatures,
            "SSL Signature Algorithm list",
            read_signatures,
        ),
        (
            &terms.client_signatures,
            "SSL Signature Algorithm list",
            read_signatures,
        ),
    ];
    for (list, what, read) in lists {
        if let Some(list) = list.as_ref().filter(|list| read(list).is_none()) {
            found.push(Finding {
                what: format!("unable to set {what} to '{list}'"),
                more: String::new(),
                word: Some(list.clone()),
                alert: true,
            });
        }
    }
    found
}

fn of_versions(versions: Versions, floor: Version) -> Vec<Finding> {
    const USE: &str = " Use only 'ssl-min-ver' and 'ssl-max-ver' to fix";
    let finding = |alert, what: &str, more: String| Finding {
        what: what.to_owned(),
        more,
        word: None,
        alert,
    };
    let Some(range) = versions.range(floor) else {
        return vec![finding(
            true,
            "all SSL/TLS versions are disabled",
            String::new(),
        )];
    };
    let mut found = Vec::new();
    if range.ignored {
        found.push(finding(
            false,
            "no-sslv3/no-tlsv1x are ignored",
            format!(".{USE}"),
        ));
    }
    if range.ambiguous {
        let more = format!(
            ": the ssl-min-ver value is not configured and the ssl-max-ver value is lower than the default ssl-min-ver value ({}). Setting the ssl-min-ver to {}. Use 'ssl-min-ver' to fix this",
            floor.name(),
            range.min.name()
        );
        found.push(finding(false, "Ambiguous configuration", more));
    }
    if let Some(hole) = range.hole {
        let more = format!(". Hole find for {}.{USE}", hole.name());
        found.push(finding(
            false,
            "SSL/TLS versions range not contiguous",
            more,
        ));
    }
    if !range.is_spoken() {
        let what = format!(
            "nothing newer than {} is allowed, and only TLS 1.2 and 1.3 are spoken,",
            range.max.name()
        );
        found.push(finding(true, &what, String::new()));
    }
    found
}
