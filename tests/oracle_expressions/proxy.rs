//! The two proxies side by side: one configuration with a section per batch of expressions.

use std::collections::{BTreeMap, HashSet};

use super::support::{Client, Origin, Program, Who, both, free_port, run_to_end};
use super::traffic::{ANSWERS, KEPT, write_maps};

/// Expressions that are evaluated by one rule form in one section.
#[derive(Debug)]
pub struct Batch {
    /// The rule's words before the expression; `{}` stands for the number of the variable.
    rule: &'static str,
    texts: Vec<String>,
}

impl Batch {
    /// These expressions in this rule.
    pub fn new(rule: &'static str, texts: &[String]) -> Self {
        Self {
            rule,
            texts: texts.to_vec(),
        }
    }
}

/// Where both run: an origin, and a directory of maps.
#[derive(Debug)]
pub struct Bench {
    origin: Origin,
    maps: tempfile::TempDir,
    path: String,
}

impl Bench {
    pub fn new() -> Self {
        let maps = tempfile::tempdir().expect("a directory for maps");
        write_maps(maps.path());
        let path = maps.path().display().to_string();
        let origin = Origin::new(|head| {
            let asked = head
                .lines()
                .find_map(|line| line.strip_prefix("x-answer: "));
            let at: usize = asked.and_then(|n| n.parse().ok()).unwrap_or(0);
            ANSWERS[at % ANSWERS.len()].as_bytes().to_vec()
        });
        Self { origin, maps, path }
    }

    /// The directory of maps.
    pub fn maps(&self) -> &str {
        debug_assert!(self.maps.path().is_absolute());
        &self.path
    }

    fn config(&self, batches: &[Batch], ports: &[u16]) -> String {
        let mut out = format!(
            "global\n tune.bufsize 262144\n tune.maxrewrite 131072\n tune.http.maxhdr 1000\n\
             defaults\n mode http\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n\
             userlist people\n user joe insecure-password open\n\
             frontend other\n bind 127.0.0.1:{}\nbackend empty\n\
             backend down\n server up 127.0.0.1:9 maxconn 7 weight 20\n server dead 127.0.0.1:9 disabled\n \
             server fixed 127.0.0.1:9 backup weight 0\n\
             listen this\n bind 127.0.0.1:{}\n server s 127.0.0.1:{}\n",
            free_port(),
            free_port(),
            self.origin.port
        );
        for (batch, port) in batches.iter().zip(ports) {
            out += &format!(
                "listen l{port}\n bind 127.0.0.1:{port}\n option http-buffer-request\n log-format %r\n tcp-request inspect-delay 5s\n"
            );
            if batch.rule.contains(" content ") {
                // Nothing can be said about a request before it is there.
                out += " tcp-request content reject if !HTTP\n";
            }
            let early = !batch.rule.starts_with("http-");
            if !early {
                out += &kept();
            }
            for (at, text) in batch.texts.iter().enumerate() {
                out += &format!(
                    " {} {}\n",
                    batch.rule.replace("{}", &at.to_string()),
                    quoted(text)
                );
            }
            let scope = if batch.rule.contains("sess.") {
                "sess"
            } else {
                "txn"
            };
            for at in 0..batch.texts.len() {
                out += &format!(
                    " http-after-response set-header q-{at} %[var({scope}.v{at}),url_enc]/%[var({scope}.v{at}),hex]/%[var({scope}.v{at}),length]\n"
                );
            }
            out += &format!(" server s 127.0.0.1:{}\n", self.origin.port);
        }
        out
    }

    /// Takes out of the batches what a proxy refuses, and names what only one refuses. HAProxy stops at the first
    /// such rule, so it is asked again and again.
    pub fn agree(&self, batches: &mut [Batch]) -> Vec<String> {
        let refused = both().map(|who| {
            // In an ACL it names all that is wrong with any expression.
            let all: Vec<(&str, &String)> = batches
                .iter()
                .flat_map(|batch| batch.texts.iter().map(|text| (batch.rule, text)))
                .filter(|(_, text)| !text.starts_with("http_auth_group"))
                .collect();
            let texts: Vec<String> = all.iter().map(|(_, text)| (*text).clone()).collect();
            let mut refused: HashSet<_> = self
                .refused(who, &texts)
                .into_iter()
                .map(|at| (all[at].0, all[at].1.clone()))
                .collect();
            loop {
                let left: Vec<Batch> = batches
                    .iter()
                    .map(|batch| Batch {
                        rule: batch.rule,
                        texts: batch
                            .texts
                            .iter()
                            .filter(|text| !refused.contains(&(batch.rule, (*text).clone())))
                            .cloned()
                            .collect(),
                    })
                    .collect();
                let ports: Vec<u16> = left.iter().map(|_| free_port()).collect();
                let config = self.config(&left, &ports);
                let lines = complaints(who, &config);
                if lines.is_empty() {
                    return refused;
                }
                for line in lines {
                    let text = config.lines().nth(line - 1).unwrap_or_default();
                    let written = text.trim_start().split_once(") ");
                    let found = written.and_then(|(rule, written)| {
                        let form = |batch: &&Batch| {
                            batch
                                .rule
                                .split_once("{}")
                                .is_some_and(|(form, _)| rule.starts_with(form))
                        };
                        let of = |batch: &Batch| {
                            let known = batch.texts.iter().find(|one| quoted(one) == written);
                            Some((batch.rule, known?.clone()))
                        };
                        left.iter().filter(form).find_map(of)
                    });
                    let found = found.unwrap_or_else(|| panic!("{who:?} refuses {text}"));
                    assert!(refused.insert(found), "{who:?} refuses again: {text}");
                }
            }
        });
        let [theirs, ours] = &refused;
        let mut differing = Vec::new();
        for batch in batches {
            batch.texts.retain(|text| {
                let key = (batch.rule, text.clone());
                match (theirs.contains(&key), ours.contains(&key)) {
                    (false, false) => return true,
                    (true, false) => {
                        differing.push(format!("only HAProxy refuses: {} {text}", batch.rule))
                    }
                    (false, true) => {
                        differing.push(format!("only we refuse: {} {text}", batch.rule))
                    }
                    (true, true) => {}
                }
                false
            });
        }
        differing
    }

    /// Which of these expressions, by number, a proxy refuses in an ACL.
    pub fn refused(&self, who: Who, all: &[String]) -> HashSet<usize> {
        let mut refused = HashSet::new();
        loop {
            let mut config = self.config(&[], &[]);
            let mut lines = Vec::new();
            let mut at_line = config.lines().count();
            for (at, text) in all
                .iter()
                .enumerate()
                .filter(|(at, _)| !refused.contains(at))
            {
                config += &format!(" acl a{at} {} -m found\n", quoted(text));
                at_line += 1;
                lines.push((at_line, at));
                // What no condition uses is not linked here.
                if who == Who::Ours {
                    config += &format!(" http-request set-var(txn.z) int(1) if a{at}\n");
                    at_line += 1;
                    lines.push((at_line, at));
                }
            }
            let complaints = complaints(who, &config);
            if complaints.is_empty() {
                return refused;
            }
            for line in complaints {
                let at = lines
                    .iter()
                    .find(|(known, _)| *known == line)
                    .map(|(_, at)| *at);
                refused.insert(at.unwrap_or_else(|| {
                    panic!(
                        "{who:?} refuses line {line}: {:?}",
                        config.lines().nth(line - 1)
                    )
                }));
            }
        }
    }

    /// Sends every request to every batch in both proxies. Answers how many values were compared.
    pub fn compare(
        &self,
        batches: &[Batch],
        requests: &[Vec<u8>],
        differing: &mut Vec<String>,
    ) -> usize {
        let ports: Vec<u16> = batches.iter().map(|_| free_port()).collect();
        let config = self.config(batches, &ports);
        let [theirs, ours] = both().map(|who| values(who, &config, &ports, requests));
        let mut compared = 0;
        let mut by_text = BTreeMap::<String, (usize, String, String, usize)>::new();
        for (at, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
            let (request, batch) = (at / batches.len(), &batches[at % batches.len()]);
            if theirs.is_empty() {
                // HAProxy answers 500 where it cannot write a header; how much is compared is held below.
                continue;
            }
            if theirs.len() != batch.texts.len() || ours.len() != batch.texts.len() {
                differing.push(format!(
                    "request {request} to {}: {} values from HAProxy, {} from us, of {}",
                    batch.rule,
                    theirs.len(),
                    ours.len(),
                    batch.texts.len()
                ));
                continue;
            }
            compared += batch.texts.len();
            for (text, (their, our)) in batch.texts.iter().zip(theirs.iter().zip(ours)) {
                // Below zero, HAProxy 2.6 takes sums for overflows.
                let sum = text.contains("sub(") || text.contains("add(");
                let overflow = sum && their.starts_with("9223372036854775807/");
                if !overflow && !same(their, our) {
                    let key = format!("{} {text}", batch.rule);
                    let first = (request, readable(their), readable(our), 0);
                    by_text.entry(key).or_insert(first).3 += 1;
                }
            }
        }
        for (key, (request, their, our, count)) in by_text {
            differing.push(format!(
                "{key}: HAProxy {their}, we {our} (request {request}, {count} in all)"
            ));
        }
        compared
    }
}

/// The lines that keep what other expressions work on.
fn kept() -> String {
    let mut out: String = KEPT
        .iter()
        .map(|(var, header)| format!(" http-request set-var({var}) req.fhdr({header})\n"))
        .collect();
    for (var, value) in [
        ("txn.num", "req.hdr_val(x-num)"),
        ("txn.neg", "req.hdr_val(x-neg)"),
        ("txn.big", "int(9223372036854775807)"),
        ("txn.bytes", "req.body"),
        ("txn.ip", "req.hdr_ip(x-ip)"),
        ("txn.ip6", "ipv6(2001:db8:1:2:3:4:5:6)"),
        ("txn.yes", "bool(true)"),
        ("txn.lines", "req.body"),
        ("sess.text", "path"),
    ] {
        out += &format!(" http-request set-var({var}) {value}\n");
    }
    out
}

/// A word as a configuration has it.
fn quoted(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if matches!(c, ' ' | '\'' | '"' | '\\' | '#') {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// The numbers of the lines that a proxy refuses.
fn complaints(who: Who, config: &str) -> Vec<usize> {
    let finished = run_to_end(who, &["-c"], Some(config));
    if finished.status.success() {
        return Vec::new();
    }
    // An alert may go on over several lines.
    let mut alert = false;
    let mut lines = HashSet::new();
    for line in finished.err.lines() {
        if line.starts_with('[') {
            alert = line.starts_with("[ALERT]");
        }
        if line.contains("too many fatal errors") {
            continue;
        }
        let number = line
            .split_once("parsing [x.cfg:")
            .and_then(|(_, rest)| rest.split_once(']')?.0.parse().ok());
        lines.extend(number.filter(|_: &usize| alert));
    }
    assert!(
        !lines.is_empty(),
        "{who:?} refuses no line, but the whole: {}",
        finished.err
    );
    lines.into_iter().collect()
}

/// The values by request and batch.
fn values(who: Who, config: &str, ports: &[u16], requests: &[Vec<u8>]) -> Vec<Vec<String>> {
    let _program = Program::start(who, config, ports);
    let mut out = Vec::new();
    for (at, request) in requests.iter().enumerate() {
        // The origin's answer goes by the number of the request.
        let end = request
            .windows(2)
            .position(|pair| pair == b"\r\n")
            .map_or(0, |at| at + 2);
        let mut bytes = request[..end].to_vec();
        bytes.extend_from_slice(format!("x-answer: {at}\r\n").as_bytes());
        bytes.extend_from_slice(&request[end..]);
        for port in ports {
            let head = Client::connect(*port).send(&bytes).head();
            let lines = head.lines().filter(|line| line.starts_with("q-"));
            out.push(
                lines
                    .map(|line| {
                        line.split_once(':')
                            .map_or("", |(_, value)| value.trim())
                            .to_owned()
                    })
                    .collect(),
            );
        }
    }
    out
}

/// Values as texts, as bytes and their length. A number may be of another type: HAProxy 2.6 keeps calling boolean
/// what was added to a boolean, which shows in its bytes alone.
fn same(their: &str, our: &str) -> bool {
    let (their, our): (Vec<&str>, Vec<&str>) =
        (their.split('/').collect(), our.split('/').collect());
    their == our
        || matches!((&their[..], &our[..]), ([a, _, a_len], [b, _, b_len])
            if a == b && a_len == b_len && !a.is_empty() && a.parse::<i64>().is_ok())
}

/// A value for a message: the text, and the bytes if they say more; `-` for no sample.
fn readable(value: &str) -> String {
    match value.split('/').collect::<Vec<_>>()[..] {
        [_, _, ""] => "-".to_owned(),
        [text, bytes, length] if text.len().to_string() != length => {
            format!("{text} = {bytes} ({length})")
        }
        [text, ..] => format!("'{text}'"),
        [] => String::new(),
    }
}
