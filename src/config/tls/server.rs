//! Words of `server … ssl` lines (manual 5.2).

use super::super::args::{Args, Parsed, alert};
use super::super::keyword::{Keyword, keyword};
use super::super::load::Load;
use super::{files, terms};
use crate::acl::Acls;
use crate::sample::{self, Captures, Contents, Context, Pending, Place, Sample};
use crate::settings::{Kind, Mode, Server};
use crate::tls::BackSettings;

/// Options that mean something with `ssl` or `check-ssl` only.
pub(in super::super) const KEYWORDS: &[Keyword<Server>] = &[
    keyword("ssl", "", "speaks TLS with it", |s, _, _| {
        s.ssl = true;
        Ok(())
    }),
    keyword("no-ssl", "", "undoes `ssl`", |s, _, _| {
        s.ssl = false;
        Ok(())
    }),
    keyword("check-ssl", "", "checks speak TLS", |s, _, _| {
        s.check.ssl = Some(true);
        Ok(())
    }),
    keyword("no-check-ssl", "", "checks do not speak TLS", |s, _, _| {
        s.check.ssl = Some(false);
        Ok(())
    }),
    keyword(
        "check-sni",
        "<name>",
        "the name checks ask for",
        |s, a, _| {
            s.check.sni = Some(a.text("a name")?);
            Ok(())
        },
    ),
    keyword(
        "check-alpn",
        "<name>[,<name>]*",
        "protocols checks offer",
        |s, a, l| {
            let mut own = tls(s).terms.clone();
            terms::alpn(&mut own, a, l)?;
            s.check.alpn = own.alpn;
            Ok(())
        },
    ),
    keyword(
        "verify",
        "{ none | required }",
        "whether its certificate is judged",
        |s, a, _| {
            s.verify = Some(a.choice(&[("none", false), ("required", true)])?);
            Ok(())
        },
    ),
    keyword(
        "verifyhost",
        "<name>",
        "the name its certificate must hold",
        |s, a, _| {
            tls(s).host = Some(a.text("a host name")?);
            Ok(())
        },
    ),
    keyword("no-verifyhost", "", "undoes `verifyhost`", |s, _, _| {
        tls(s).host = None;
        Ok(())
    }),
    keyword(
        "ca-file",
        "<file>",
        "authorities for its certificate",
        |s, a, l| {
            tls(s).trust.authorities = files::authorities(a, l)?;
            Ok(())
        },
    ),
    keyword("crl-file", "<file>", "revoked certificates", |s, a, l| {
        tls(s).trust.revoked = files::revoked(a, l)?;
        Ok(())
    }),
    keyword("crt", "<file>", "our certificate", |s, a, l| {
        tls(s).certificate = files::certificate(a, l)?;
        Ok(())
    }),
    keyword(
        "alpn",
        "<name>[,<name>]*",
        "protocols offered",
        |s, a, l| terms::alpn(&mut tls(s).terms, a, l),
    ),
    keyword(
        "npn",
        "<name>[,<name>]*",
        "the forerunner of ALPN",
        |_, a, l| {
            let word = a.word("a list of protocols")?;
            l.warn(
                word.span,
                "'npn' is not spoken by any server of today: write 'alpn'",
            );
            Ok(())
        },
    ),
    keyword(
        "ciphers",
        "<list>",
        "cipher suites of TLS 1.2",
        |s, a, l| terms::ciphers(&mut tls(s).terms, a, l),
    ),
    keyword(
        "ciphersuites",
        "<list>",
        "cipher suites of TLS 1.3",
        |s, a, l| terms::suites(&mut tls(s).terms, a, l),
    ),
    keyword(
        "curves",
        "<list>",
        "groups for the key exchange",
        |s, a, l| terms::curves(&mut tls(s).terms, a, l),
    ),
    keyword(
        "ssl-min-ver",
        "<version>",
        "the oldest version",
        |s, a, l| terms::min_ver(&mut tls(s).terms, a, l),
    ),
    keyword(
        "ssl-max-ver",
        "<version>",
        "the newest version",
        |s, a, l| terms::max_ver(&mut tls(s).terms, a, l),
    ),
    keyword("force-sslv3", "", "SSL 3.0 only", |s, a, _| force(s, a)),
    keyword("force-tlsv10", "", "TLS 1.0 only", |s, a, _| force(s, a)),
    keyword("force-tlsv11", "", "TLS 1.1 only", |s, a, _| force(s, a)),
    keyword("force-tlsv12", "", "TLS 1.2 only", |s, a, _| force(s, a)),
    keyword("force-tlsv13", "", "TLS 1.3 only", |s, a, _| force(s, a)),
    keyword("no-sslv3", "", "not SSL 3.0", |s, a, _| without(s, a)),
    keyword("no-tlsv10", "", "not TLS 1.0", |s, a, _| without(s, a)),
    keyword("no-tlsv11", "", "not TLS 1.1", |s, a, _| without(s, a)),
    keyword("no-tlsv12", "", "not TLS 1.2", |s, a, _| without(s, a)),
    keyword("no-tlsv13", "", "not TLS 1.3", |s, a, _| without(s, a)),
    keyword("no-ssl-reuse", "", "resumes no sessions", |s, _, _| {
        tls(s).no_reuse = true;
        Ok(())
    }),
    keyword("ssl-reuse", "", "undoes `no-ssl-reuse`", |s, _, _| {
        tls(s).no_reuse = false;
        Ok(())
    }),
    keyword(
        "no-tls-tickets",
        "",
        "resumes without tickets",
        |s, _, _| {
            tls(s).no_tickets = true;
            Ok(())
        },
    ),
    keyword("tls-tickets", "", "undoes `no-tls-tickets`", |s, _, _| {
        tls(s).no_tickets = false;
        Ok(())
    }),
    keyword(
        "no-renegotiate",
        "",
        "as is: nothing is negotiated anew",
        |_, _, _| Ok(()),
    ),
    keyword("allow-0rtt", "", "sends early data: none is", |_, a, l| {
        let message =
            "'allow-0rtt' : early data is not sent, the request follows once the handshake is done";
        l.warn(a.span(), message);
        Ok(())
    }),
    keyword(
        "sigalgs",
        "<algorithms>",
        "signature algorithms: not chosen by this list",
        terms::signatures,
    ),
    keyword(
        "client-sigalgs",
        "<algorithms>",
        "signature algorithms of our certificate: not chosen by this list",
        terms::signatures,
    ),
    keyword("sni", "<expression>", "the name asked for", |s, a, l| {
        s.sni = Some(sni(a, l)?);
        Ok(())
    }),
];

/// The expression of `sni`: it is evaluated for each connection.
fn sni(args: &mut Args<'_>, load: &mut Load) -> Parsed<Pending<Sample>> {
    let word = args.word("an expression")?;
    let (acls, mut captures) = (Acls::default(), Captures::default());
    let mut cx = Context {
        place: Place::BackRequest,
        kind: Kind::Backend,
        mode: Mode::Http,
        proxy: "",
        acls: &acls,
        captures: &mut captures,
        stick_counters: load.stick_counters(),
        experimental: load.experimental,
        contents: Contents::default(),
        file: &load.file,
        files: &load.files,
        directory: load.directory.clone(),
        diagnostics: &mut load.diagnostics,
    };
    let (expr, used) = sample::parse(word, 0..word.bytes.len(), &mut cx)?;
    match used < word.bytes.len() {
        true => alert(
            word.part(used, word.bytes.len()),
            "'sni' : unexpected text behind the expression",
        ),
        false => Ok(expr.sample),
    }
}

fn tls(server: &mut Server) -> &mut BackSettings {
    &mut server.tls
}

fn force(server: &mut Server, args: &Args<'_>) -> Parsed {
    let version = args.name.trim_start_matches("force-").to_owned();
    terms::force(&mut tls(server).terms, args, &version)
}

fn without(server: &mut Server, args: &Args<'_>) -> Parsed {
    let version = args.name.trim_start_matches("no-").to_owned();
    terms::without(&mut tls(server).terms, args, &version)
}

/// What a whole line must have: who is believed, unless nobody is asked.
pub(in super::super) fn complete(server: &mut Server, args: &Args<'_>, load: &Load) -> Parsed {
    server.tls.verify = server.verify.unwrap_or(!load.tls.trust_servers);
    if !server.ssl && server.check.ssl != Some(true) {
        return Ok(());
    }
    if server.tls.verify && server.tls.trust.is_empty() {
        return alert(args.keyword(), crate::tls::NO_AUTHORITY);
    }
    Ok(())
}
