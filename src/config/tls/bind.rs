//! Words of `bind … ssl` lines (manual 5.1).

use std::sync::Arc;

use super::super::args::{Args, Parsed};
use super::super::keyword::{Keyword, Table, keyword};
use super::super::load::Load;
use super::loading::{Bare, Missing};
use super::terms::Agrees;
use super::whole::{self, Finding};
use super::{files, list, terms};
use crate::diag::{Diagnostic, Lead};
use crate::settings::Bind;
use crate::tls::store::full_name;
use crate::tls::{FrontSettings, Source, Terms, Verify, Version};

/// Options that mean something on a `bind` line with `ssl` only.
pub(in super::super) const KEYWORDS: &[Keyword<Bind>] = &[
    keyword("ssl", "", "speaks TLS", |b, _, _| {
        b.ssl = true;
        Ok(())
    }),
    keyword("crt", "<file | directory>", "a certificate", |b, a, l| {
        let found = files::sources(a, l)?;
        tls(b).sources.extend(found);
        Ok(())
    }),
    keyword("crt-list", "<file>", "certificates and names", |b, a, l| {
        let listed = list::read(a, l)?;
        tls(b).sources.push(Source::List(listed));
        Ok(())
    }),
    keyword(
        "default-crt",
        "<file>",
        "the certificate for unknown names (3.0)",
        |b, a, l| {
            let found = files::sources(a, l)?;
            tls(b).sources.splice(0..0, found);
            Ok(())
        },
    ),
    keyword("strict-sni", "", "serves known names only", |b, _, _| {
        tls(b).strict_sni = true;
        Ok(())
    }),
    keyword("no-strict-sni", "", "undoes `strict-sni`", |b, _, _| {
        tls(b).strict_sni = false;
        Ok(())
    }),
    keyword(
        "ech",
        "<directory>",
        "hides names from onlookers (3.3): never",
        |_, a, l| {
            let word = a.word("a directory of keys")?;
            l.warn(
                word.span,
                "'ech' : no ECH keys are announced or used: names travel in the clear, clients go on without",
            );
            Ok(())
        },
    ),
    keyword(
        "generate-certificates",
        "",
        "makes certificates for other names",
        |b, _, _| {
            tls(b).made.wanted = true;
            Ok(())
        },
    ),
    keyword("ca-sign-file", "<file>", "who signs them", |b, a, l| {
        let word = a.word("a file of an authority")?;
        let file = full_name(l.tls.ca_base.as_ref(), &word.text());
        tls(b).made.file = Some(file);
        Ok(())
    }),
    keyword("ca-sign-pass", "<passphrase>", "of its key", |b, a, _| {
        tls(b).made.pass = Some(a.text("a passphrase")?);
        Ok(())
    }),
    keyword("no-alpn", "", "offers no protocol", |b, _, _| {
        tls(b).terms.alpn.clear();
        Ok(())
    }),
    keyword(
        "ecdhe",
        "<name>",
        "the group for the key exchange",
        |b, a, l| terms::ecdhe(&mut tls(b).terms, a, l),
    ),
    keyword(
        "verify",
        "{ none | optional | required }",
        "whether clients show a certificate",
        |b, a, _| {
            tls(b).verify = a.choice(&[
                ("none", Verify::None),
                ("optional", Verify::Optional),
                ("required", Verify::Required),
            ])?;
            Ok(())
        },
    ),
    keyword("ca-file", "<file>", "authorities for clients", |b, a, l| {
        tls(b).trust.authorities = files::authorities(a, l)?;
        Ok(())
    }),
    keyword(
        "crl-file",
        "<file>",
        "revoked certificates of clients",
        |b, a, l| {
            tls(b).trust.revoked = files::revoked(a, l)?;
            Ok(())
        },
    ),
    keyword(
        "allow-0rtt",
        "",
        "takes data that clients send before the handshake is complete",
        |b, a, l| {
            /// What HAProxy takes where nothing is said of its buffers.
            const EARLY: u32 = 16_384 - 1_024;
            let resume = &mut tls(b).resume;
            resume.early = EARLY;
            if resume.cache == 0 {
                let message = "'allow-0rtt' : early data is not taken without a cache of sessions ('tune.ssl.cachesize')";
                l.warn(a.span(), message);
            }
            Ok(())
        },
    ),
    keyword(
        "no-tls-tickets",
        "",
        "resumes from memory only",
        |b, _, _| {
            tls(b).resume.no_tickets = true;
            Ok(())
        },
    ),
    keyword(
        "tls-ticket-keys",
        "<file>",
        "keys that tickets are sealed with",
        |b, a, l| {
            tls(b).resume.keys = Some(files::ticket_keys(a, l)?);
            Ok(())
        },
    ),
    keyword("tls-tickets", "", "undoes `no-tls-tickets`", |b, _, _| {
        tls(b).resume.no_tickets = false;
        Ok(())
    }),
    keyword(
        "prefer-client-ciphers",
        "",
        "the client's order of suites counts",
        |b, _, _| {
            tls(b).prefer_client = true;
            Ok(())
        },
    ),
];

impl Agrees for Bind {
    fn terms(&mut self) -> &mut Terms {
        &mut tls(self).terms
    }
}

/// The words about agreeing.
pub(in super::super) const SHARED: &[Keyword<Bind>] = <Bind as Agrees>::KEYWORDS;

/// Every word about TLS that `bind` lines know.
pub(in super::super) const ALL: Table<Bind> = &[KEYWORDS, super::judging::KEYWORDS, SHARED];

/// Those that lines of lists know: theirs besides.
pub(super) const OF_LISTS: Table<Bind> =
    &[KEYWORDS, super::judging::KEYWORDS, SHARED, super::list::OWN];

pub(super) fn tls(bind: &mut Bind) -> &mut FrontSettings {
    bind.tls.edit()
}

/// What a whole line must have; without `ssl` its words about TLS mean nothing.
pub(in super::super) fn complete(
    bind: &mut Bind,
    proxy: &str,
    args: &Args<'_>,
    load: &mut Load,
) -> Parsed {
    let text = bind.text.clone();
    let tls = bind.tls.edit();
    if !bind.ssl {
        if !tls.sources.is_empty() {
            let message =
                "a certificate was specified but SSL was not enabled on this line (use 'ssl')";
            load.warn(args.keyword(), message);
        }
        bind.tls.0 = None;
        return Ok(());
    }
    let place = load.place(args.keyword());
    let missing = Missing {
        proxy: proxy.to_owned(),
        text: text.clone(),
        place: place.clone(),
        span: args.keyword(),
    };
    let name = |Finding { what, more, .. }: &Finding| {
        format!("Proxy '{proxy}': {what} for bind '{text}' at [{place}]{more}.")
    };
    whole::judge(&tls.terms, Version::Tls12, (args, load), Lead::Bare, name)?;
    if tls.lacks_authority() {
        return Err(missing.say("verify is enabled but no CA file", ""));
    }
    if tls.made.wanted {
        let fail = |what: &str, why: &str| {
            let message = format!("Proxy '{proxy}': {what} at [{place}].{why}");
            Err(Box::new(
                Diagnostic::alert(args.keyword(), message).lead(Lead::Bare),
            ))
        };
        let Some(file) = &tls.made.file else {
            return fail(
                "cannot enable certificate generation, no CA certificate File configured",
                "",
            );
        };
        match files::issuer(file, tls.made.pass.take().as_deref(), load) {
            Ok(issuer) => tls.made.issuer = Some(Arc::new(issuer)),
            Err(why) => {
                let what = format!("Failed to read CA certificate file '{file}'");
                return fail(&what, &format!(" Chain loading failed: {why}."));
            }
        }
    }
    // Nothing shows it from here on.
    tls.made.pass = None;
    if tls.sources.is_empty() {
        // `ssl-f-use` may follow.
        let problem = missing.say("no SSL certificate", " (use 'crt')");
        load.tls.bare.push(Bare { problem, missing });
        return Ok(());
    }
    list::complete(tls, &missing, load)
}
