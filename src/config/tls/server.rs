//! Words of `server … ssl` lines (manual 5.2).

use super::super::args::{Args, Parsed, alert};
use super::super::keyword::{Keyword, keyword};
use super::super::load::Load;
use super::terms::Agrees;
use super::whole::{self, Finding};
use super::{files, terms};
use crate::diag::{Lead, Span};
use crate::sample::{self, Pending, Sample};
use crate::settings::Server;
use crate::syntax::Word;
use crate::tls::{BackSettings, Terms, Version};

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
        |s, a, _| {
            s.check.alpn = terms::protocols(a)?;
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
        "sni-auto",
        "",
        "asks for the name in `Host` (3.3)",
        |s, _, _| {
            s.sni_auto = true;
            Ok(())
        },
    ),
    keyword("no-sni-auto", "", "undoes `sni-auto`", |s, _, _| {
        s.sni_auto = false;
        Ok(())
    }),
    keyword(
        "check-sni-auto",
        "",
        "the same in checks (3.3)",
        |s, _, _| {
            s.check.sni_auto = true;
            Ok(())
        },
    ),
    keyword(
        "no-check-sni-auto",
        "",
        "undoes `check-sni-auto`",
        |s, _, _| {
            s.check.sni_auto = false;
            Ok(())
        },
    ),
    keyword(
        "renegotiate",
        "",
        "lets servers negotiate anew (3.2): never",
        |_, a, l| {
            l.warn(
                a.span(),
                "'renegotiate' : nothing is negotiated anew: a server that wants it is refused",
            );
            Ok(())
        },
    ),
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
    keyword("sni", "<expression>", "the name asked for", |s, a, l| {
        let word = a.word("an expression")?;
        s.sni = Some(sni(word, l)?);
        Ok(())
    }),
];

/// `sni-auto`: what `sni` would say, for a line with this keyword.
fn host(line: Span, load: &mut Load) -> Parsed<Pending<Sample>> {
    const HOST: &[u8] = b"req.hdr(host),host_only";
    let word = Word {
        bytes: HOST.to_vec(),
        map: vec![line.start; HOST.len()],
        span: line,
    };
    sni(&word, load)
}

/// The expression of `sni`: it is evaluated for each connection.
fn sni(word: &Word, load: &mut Load) -> Parsed<Pending<Sample>> {
    let (expr, used) =
        super::super::server::in_context(load, |cx| sample::parse(word, 0..word.bytes.len(), cx))?;
    match used < word.bytes.len() {
        true => alert(
            word.part(used, word.bytes.len()),
            "'sni' : unexpected text behind the expression",
        ),
        false => Ok(expr.sample),
    }
}

impl Agrees for Server {
    fn terms(&mut self) -> &mut Terms {
        &mut self.tls.terms
    }
}

/// The words about agreeing.
pub(in super::super) const SHARED: &[Keyword<Server>] = <Server as Agrees>::KEYWORDS;

fn tls(server: &mut Server) -> &mut BackSettings {
    &mut server.tls
}

/// What a whole line must have: who is believed, unless nobody is asked. `whose` names the proxy.
pub(in super::super) fn complete(
    server: &mut Server,
    args: &Args<'_>,
    load: &mut Load,
    (title, whose): (&str, &str),
) -> Parsed {
    server.tls.verify = server.verify.unwrap_or(!load.tls.trust_servers);
    if !server.ssl && server.check.ssl != Some(true) {
        return Ok(());
    }
    if server.sni_auto && server.sni.is_none() {
        server.sni = Some(host(args.keyword(), load)?);
    }
    if server.tls.verify && server.tls.trust.is_empty() {
        let message = format!("{title} : {}", crate::tls::NO_AUTHORITY);
        return alert(args.keyword(), message);
    }
    let Server { name, tls, .. } = server;
    let told = |finding: &Finding| {
        let Finding { what, more, .. } = finding;
        match finding.word {
            Some(_) => format!("{title} : {what}."),
            None if what.ends_with("ignored") => format!("{title} : {what} for this server{more}."),
            None => format!("{title} : {whose}: {what} for server '{name}'{more}."),
        }
    };
    whole::judge(&tls.terms, Version::Tls10, (args, load), Lead::Place, told)
}
