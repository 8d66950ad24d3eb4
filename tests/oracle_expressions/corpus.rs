//! Expressions out of our own tables: a fetch that may stand at a place, and up to four converters behind it.
//! What HAProxy does not know is left out, so that a new entry is compared as soon as it has a peer.

use std::collections::HashMap;

use tidegate::sample::{Fetch, Get, Param, Place, Type, convert, fetch};

use super::arguments::list;
use super::chance::Chance;

/// Fetches whose values two runs of one program do not share either: clocks, chance, ports, rates, identities.
const OWN: &[&str] = &[
    "cpu_calls",
    "cpu_ns_avg",
    "cpu_ns_tot",
    "date",
    "date_us",
    "lat_ns_avg",
    "lat_ns_tot",
    "rand",
    "uuid",
    "thread",
    "src_port",
    "fc_src_port",
    "bc_src_port",
    "fc_rtt",
    "fc_rttvar",
    "fc_unacked",
    "fc_reordering",
    "be_sess_rate",
    "fe_sess_rate",
    "fe_req_rate",
    "srv_sess_rate",
    "dst_conn",
    "fe_conn",
    "unique-id",
    "txn.id32",
    "pid",
    "uptime",
];

/// Only good as the first converter: what HAProxy 2.6 makes of padding in base64url is not what was encoded.
const FIRST: &[&str] = &["ub64dec"];
/// Only good as the last one: HAProxy 2.6 gives some MQTT fields as numbers that it calls text.
/// And below zero it takes sums for overflows.
const LAST: &[&str] = &["mqtt_field_value", "add", "sub"];

/// Whether a converter or fetch is only good as the last one: HAProxy 2.6 can make nothing of addresses out of
/// maps, and takes addresses of servers for numbers.
fn ends(name: &str) -> bool {
    let map = name.starts_with("map_") && name.ends_with("_ip");
    map || LAST.contains(&name)
}

/// Converters that leave something behind (captures that only this expression has, lines of a log), and one that
/// reads beyond a key that is too short.
const UNFIT: &[&str] = &["capture-req", "capture-res", "debug", "aes_gcm_dec"];

/// Which names HAProxy has and how many arguments each takes, by its own dump.
#[derive(Debug)]
pub struct Known {
    fetches: HashMap<String, usize>,
    converters: HashMap<String, usize>,
}

impl Known {
    /// Out of the text of `haproxy -dKsmp,cnv`.
    pub fn of(dump: &str) -> Self {
        let mut known = Self {
            fetches: HashMap::new(),
            converters: HashMap::new(),
        };
        for line in dump.lines().filter(|line| !line.starts_with('#')) {
            let (set, rest) = match line.split_once("] ") {
                Some((_, rest)) if line.starts_with("[ ") => (&mut known.fetches, rest),
                _ => (&mut known.converters, line),
            };
            let name = rest.split(['(', ':', ' ']).next().unwrap_or_default();
            let arguments = rest
                .split_once('(')
                .and_then(|(_, rest)| rest.split_once(')'));
            let most = arguments.map_or(0, |(list, _)| list.split(',').count());
            set.insert(name.to_owned(), most);
        }
        known
    }
}

/// What a corpus is made of.
#[derive(Debug)]
pub struct Corpus<'k> {
    known: &'k Known,
    maps: &'k str,
    chance: Chance,
}

impl<'k> Corpus<'k> {
    /// A corpus that this seed stands for; maps are read from files in the directory `maps`.
    pub fn new(seed: u64, known: &'k Known, maps: &'k str) -> Self {
        Self {
            known,
            maps,
            chance: Chance::new(seed),
        }
    }

    /// Whether both are to say the same of this one.
    fn comparable(&self, name: &str, place: Place) -> bool {
        // What was captured is there from the first `http-request` rule on in HAProxy, and here earlier.
        let early = place == Place::FrontContent && name.starts_with("capture.req");
        // How much of a response's body is there at once is chance.
        let body = name.starts_with("res.body") || name == "res.len";
        let known = self.known.fetches.contains_key(name) && !OWN.contains(&name);
        known && !early && !body && !of_tables(name)
    }

    fn fetches(&self, place: Place) -> Vec<&'static Fetch> {
        fetch::all()
            .filter(|fetch| !matches!(fetch.get, Get::Later(_)) && fetch.get.points().has(place))
            .filter(|fetch| self.comparable(fetch.name, place))
            .collect()
    }

    /// Every fetch of this place at least twice, then `more` with converters.
    pub fn at(&mut self, place: Place, more: usize, broken: bool) -> Vec<String> {
        let fetches = self.fetches(place);
        let mut out = Vec::new();
        for fetch in &fetches {
            for _ in 0..1 + 2 * usize::from(!fetch.params.is_empty()) {
                out.push(self.fetch(fetch, broken));
            }
        }
        let converters: Vec<_> = convert::all()
            .filter(|entry| !matches!(entry.convert, tidegate::sample::Convert::Later(..)))
            .filter(|entry| self.known.converters.contains_key(entry.name))
            .filter(|entry| !UNFIT.contains(&entry.name) && !of_tables(entry.name))
            .collect();
        let behind: Vec<_> = converters
            .iter()
            .copied()
            .filter(|entry| !FIRST.contains(&entry.name))
            .collect();
        let inner: Vec<_> = fetches
            .iter()
            .copied()
            .filter(|fetch| !matches!(fetch.name, "bc_src" | "bc_dst"))
            .collect();
        for at in 0..more {
            let first = converters[at % converters.len()];
            let mut text = match sources(first.name) {
                Some(sources) if FIRST.contains(&first.name) || self.chance.percent(80) => {
                    self.chance.one(sources).to_owned()
                }
                _ if self.chance.percent(60) => self.chance.one(ANY).to_owned(),
                _ => {
                    let fetch = self.chance.one(&inner);
                    self.fetch(fetch, false)
                }
            };
            let length = 1 + [0, 0, 0, 1, 1, 2, 3][self.chance.below(7)];
            for n in 0..length {
                let entry = if n == 0 {
                    first
                } else {
                    self.chance.one(&behind)
                };
                // What arithmetic makes of a boolean is one in HAProxy 2.6, whatever its value.
                let odd = truth(&text) && entry.convert.takes() == Type::Int;
                let wrong = broken && self.chance.percent(60);
                let arguments = list(
                    entry.name,
                    shared(entry.params, self.known.converters.get(entry.name)),
                    self.maps,
                    wrong,
                    &mut self.chance,
                );
                text = format!("{text},{}{arguments}", entry.name);
                if odd || ends(entry.name) {
                    break;
                }
            }
            out.push(text);
        }
        out.sort();
        out.dedup();
        out
    }

    fn fetch(&mut self, fetch: &Fetch, broken: bool) -> String {
        let arguments = list(
            fetch.name,
            shared(fetch.params, self.known.fetches.get(fetch.name)),
            self.maps,
            broken,
            &mut self.chance,
        );
        format!("{}{arguments}", fetch.name)
    }
}

/// Whether it asks stick tables, which have tests of their own: what they count hangs on time.
fn of_tables(name: &str) -> bool {
    let tracked = name
        .strip_prefix("sc")
        .is_some_and(|rest| rest.trim_start_matches(['0', '1', '2']).starts_with('_'));
    let source = name.starts_with("src_") && !matches!(name, "src_port" | "src_is_local");
    tracked || source || name.starts_with("table_") || name == "in_table"
}

/// The parameters that HAProxy has as well.
fn shared(params: &'static [Param], most: Option<&usize>) -> &'static [Param] {
    params.get(..most.copied().unwrap_or(0)).unwrap_or(params)
}

/// Whether an expression gives a boolean.
fn truth(text: &str) -> bool {
    let name = |part: &str| part.split('(').next().unwrap_or_default().to_owned();
    let fetched = fetch::find(&name(text)).is_some_and(|fetch| fetch.out == Type::Bool);
    match text.rsplit_once("),").or_else(|| text.rsplit_once(',')) {
        Some((_, last)) => convert::find(&name(last)).is_some_and(|entry| entry.out == Type::Bool),
        None => fetched || text == "var(txn.yes)",
    }
}

/// Samples of every type, from what each stream keeps.
const ANY: &[&str] = &[
    "var(txn.text)",
    "var(txn.num)",
    "var(txn.bytes)",
    "var(txn.ip)",
    "var(txn.list)",
    "var(txn.url)",
    "var(txn.neg)",
    "var(txn.big)",
    "var(txn.utf)",
    "var(txn.hex)",
    "var(txn.json)",
    "var(txn.none)",
    "var(txn.yes)",
    "var(txn.ip6)",
    "var(txn.b64)",
    "str(a-b_c)",
    "int(-7)",
    "int(1700000000)",
    "bool(true)",
    "ipv4(192.0.2.77)",
    "ipv6(2001:db8::7)",
    "bin(00ff41)",
    "str('')",
    "meth(GET)",
    "method",
    "src",
    "var(txn.date)",
];

/// What a converter is likely to make something of.
fn sources(converter: &str) -> Option<&'static [&'static str]> {
    Some(match converter {
        "json_query" => &["var(txn.json)", "str('{\"a\":[1,2],\"n\":-3.25e2}')"],
        "jwt_header_query" | "jwt_payload_query" | "jwt_verify" => &["var(txn.jwt)"],
        "fix_is_valid" | "fix_tag_value" => &["var(txn.fix),b64dec", "var(txn.fix)"],
        "mqtt_is_valid" | "mqtt_field_value" => &["var(txn.mqtt),b64dec"],
        "protobuf" => &["var(txn.pb),b64dec"],
        "ungrpc" => &["var(txn.grpc),b64dec"],
        "language" => &["var(txn.lang)"],
        "ub64dec" => &["var(txn.b64u)", "str(-_-_)", "str(YQ)", "str('')"],
        "b64dec" => &["var(txn.b64)", "var(txn.jwt)", "var(txn.text)"],
        "url_dec" => &["var(txn.url)", "str('a+b%20c%zz%4')", "url"],
        "hex2i" => &["var(txn.hex)", "str(fF)", "str(zz)", "str('')"],
        "http_date" | "ltime" | "utime" => {
            &["int(1700000000)", "int(0)", "int(-1)", "var(txn.num)"]
        }
        "ms_ltime" | "ms_utime" => &["int(1700000000123)", "var(txn.num)"],
        "us_ltime" | "us_utime" => &["int(1700000000123456)", "var(txn.num)"],
        "ipmask" => &[
            "var(txn.ip)",
            "var(txn.ip6)",
            "src",
            "str(10.1.2.3)",
            "ipv6(2001:db8:1:2:3:4:5:6)",
        ],
        "host_only" | "port_only" => &["var(txn.host)", "str([::1]:80)", "str(h:)", "str(h:99999)"],
        "field" | "word" => &["var(txn.list)", "var(txn.text)", "str(a,,b/c)"],
        "json" => &["var(txn.utf)", "var(txn.bytes)", "var(txn.text)"],
        "cut_crlf" => &["var(txn.lines)"],
        "nbsrv" | "srv_queue" => &[
            "str(this)",
            "str(down)",
            "str(empty)",
            "str(nope)",
            "str(down/up)",
            "str(s)",
        ],
        "be2dec" | "be2hex" => &[
            "var(txn.bytes)",
            "bin(0102030405060708090a)",
            "var(txn.text)",
        ],
        _ if converter.starts_with("map_ip") => {
            &["var(txn.ip)", "src", "str(10.9.9.9)", "var(txn.ip6)"]
        }
        _ if converter.starts_with("map_int") => &["var(txn.num)", "int(7)", "int(15)"],
        _ if converter.starts_with("map") => &[
            "str(abc)",
            "str(/a/b.c/abc)",
            "var(txn.host)",
            "str(x.abc.y)",
            "str('')",
        ],
        _ => return None,
    })
}
