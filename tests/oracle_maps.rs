//! ACL files and maps answer as a running HAProxy's do: which entry wins by each method, how rules and the
//! Runtime API change them, and what the API says.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says by panicking what is wrong"
)]

mod support;

use std::cmp::Ordering;
use std::fmt::Write;
use std::path::Path;

use support::{Client, Program, Who, both, free_port};

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % end
    }

    fn text(&mut self, letters: &[&str], least: usize, most: usize) -> String {
        let len = least + self.below(most - least + 1);
        (0..len)
            .map(|_| letters[self.below(letters.len())])
            .collect()
    }

    fn texts(&mut self, letters: &[&str], least: usize, most: usize, count: usize) -> Vec<String> {
        (0..count)
            .map(|_| self.text(letters, least, most))
            .collect()
    }
}

const LETTERS: &[&str] = &["a", "b", "ab", "A", "/", ".", "?", ":", "-"];
const EXPRESSIONS: &[&str] = &["a", "b", "abc", "^", ".", "a+", "(b|c)", "xyz"];
const NUMBERS: &[&str] = &["1", "2", "3", "7"];
const PARTS: &[&str] = &[
    "10.1.2.3",
    "10.1.2.0",
    "10.1.0.0",
    "10.0.0.0",
    "10.1.3.9",
    "::ffff:10.1.2.3",
    "2001:db8::1",
    "::1",
];
const MASKS: &[&str] = &["", "/8", "/16", "/24", "/32", "/0", "/30"];

/// Keys that hold a letter.
fn words(dice: &mut Dice, count: usize) -> Vec<String> {
    let mut out = Vec::new();
    while out.len() < count {
        let key = dice.text(LETTERS, 1, 4);
        out.extend(key.contains(['a', 'b', 'A', '-']).then_some(key));
    }
    out
}

fn networks(dice: &mut Dice, count: usize) -> Vec<String> {
    let mut out = Vec::new();
    while out.len() < count {
        let address = PARTS[dice.below(PARTS.len())];
        let mask = MASKS[dice.below(MASKS.len())];
        let holed = !address.contains(':') && dice.below(6) == 0;
        out.push(format!(
            "{address}{}",
            if holed { "/255.0.0.255" } else { mask }
        ));
    }
    out
}

fn numbers(dice: &mut Dice, count: usize) -> Vec<String> {
    let one = |dice: &mut Dice| dice.text(NUMBERS, 1, 2);
    (0..count)
        .map(|_| match dice.below(4) {
            0 => {
                let (a, b): (String, String) = (one(dice), one(dice));
                let number = |text: &String| text.parse::<u32>().expect("digits");
                let ((Ordering::Less | Ordering::Equal, low, high) | (_, high, low)) =
                    (number(&a).cmp(&number(&b)), &a, &b);
                format!("{low}:{high}")
            }
            1 => format!("{}:", one(dice)),
            2 => format!(":{}", one(dice)),
            _ => one(dice),
        })
        .collect()
}

/// Writes a map whose values tell which line it was.
fn write(dir: &Path, name: &str, keys: &[String]) -> String {
    let path = dir.join(name);
    let mut text = String::from("# generated\n\n");
    for (number, key) in keys.iter().enumerate() {
        let _ = writeln!(text, "  {key}\tv{number}  ");
    }
    std::fs::write(&path, text).expect("a file can be written");
    path.display().to_string()
}

/// One address with all lookups of one set of files: what the map gives and which ACLs match.
fn frontend(config: &mut String, port: u16, text: &str, reg: &str, ip: &str, int: &str) {
    let _ = write!(config, "frontend f{port}\n bind 127.0.0.1:{port}\n");
    let mut headers = String::new();
    for method in ["str", "beg", "end", "sub", "dir", "dom"] {
        let _ = write!(
            headers,
            " {method}=%[req.fhdr(k),map_{method}({text},none)]"
        );
        for flag in ["", "-i"] {
            let _ = writeln!(
                config,
                " http-request set-var(txn.{method}{}) str(yes) if {{ req.fhdr(k) -m {method} {flag} -M -f {text} }}",
                flag.trim_start_matches('-')
            );
            let _ = write!(
                headers,
                " acl-{method}{flag}=%[var(txn.{method}{})]",
                flag.trim_start_matches('-')
            );
        }
    }
    for (converter, file) in [("reg", reg), ("regm", reg), ("ip", ip), ("int", int)] {
        let _ = write!(
            headers,
            " {converter}=%[req.fhdr(k),map_{converter}({file},none)]"
        );
    }
    for (name, acl) in [
        ("len", format!("req.fhdr(k) -m len -M -f {int}")),
        ("ip", format!("req.fhdr(k) -m ip -M -f {ip}")),
        ("regi", format!("req.fhdr(k) -m reg -i -M -f {reg}")),
        ("gt", "req.fhdr(k) -m int gt 5 lt 2".to_owned()),
        ("range", "req.fhdr(k) -m int 3:7 12:13".to_owned()),
        ("found", "req.fhdr(k) -m found".to_owned()),
        ("bool", "req.fhdr(k) -m bool".to_owned()),
        ("bin", "req.fhdr(k) -m bin 61 6162 62".to_owned()),
        (
            "two",
            format!("req.fhdr(k) -m beg -M -f {text} -f {text} zzz"),
        ),
    ] {
        let _ = writeln!(
            config,
            " http-request set-var(txn.x{name}) str(yes) if {{ {acl} }}"
        );
        let _ = write!(headers, " x-{name}=%[var(txn.x{name})]");
    }
    let _ = writeln!(
        config,
        " http-request return status 200 content-type text/plain lf-string \"{headers}\""
    );
}

/// HAProxy's cache of lookups takes the answer of one method for that of another on the same file; and it
/// reads behind the end of a subject for a word that is nothing but delimiters.
const NO_CACHE: &str = "global\n tune.pattern.cache-size 0\n";

const DEFAULTS: &str =
    "defaults\n mode http\n timeout connect 2s\n timeout client 20s\n timeout server 20s\n";

#[test]
fn the_same_entry_wins_by_each_method() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut dice = Dice(20);
    let sets: Vec<[String; 4]> = [4, 40]
        .into_iter()
        .enumerate()
        .map(|(number, size)| {
            let write =
                |kind: &str, keys: &[String]| write(dir.path(), &format!("{kind}{number}"), keys);
            [
                write("text", &words(&mut dice, size)),
                write("reg", &dice.texts(EXPRESSIONS, 1, 3, size)),
                write("ip", &networks(&mut dice, size)),
                write("int", &numbers(&mut dice, size)),
            ]
        })
        .collect();
    let mut subjects = dice.texts(LETTERS, 0, 9, 150);
    subjects.extend(dice.texts(&["a", "b", "c", "xyz", "C"], 0, 8, 60));
    subjects.extend(dice.texts(NUMBERS, 1, 2, 20));
    subjects.extend(PARTS.iter().map(|address| (*address).to_owned()));
    subjects.extend(
        [
            "10.9.9.3",
            "10.1.3.1",
            "11.0.0.1",
            "2002:0a01:0203::",
            "::10.1.2.3",
            "0",
            "-3",
        ]
        .map(str::to_owned),
    );
    let [theirs, ours] = both().map(|who| {
        let mut config = [NO_CACHE, DEFAULTS].concat();
        let ports: Vec<u16> = sets
            .iter()
            .map(|[text, reg, ip, int]| {
                let port = free_port();
                frontend(&mut config, port, text, reg, ip, int);
                port
            })
            .collect();
        let _program = Program::start(who, &config, &ports);
        let mut answers = Vec::new();
        for port in ports {
            let mut client = Client::connect(port);
            for subject in &subjects {
                let answer =
                    client.ask(format!("GET / HTTP/1.1\r\nHost: h\r\nK: {subject}\r\n\r\n"));
                assert_eq!(answer.status, 200);
                answers.push(
                    answer
                        .text()
                        .split(' ')
                        .map(str::to_owned)
                        .collect::<Vec<_>>(),
                );
            }
        }
        answers
    });
    let mut wrong = Vec::new();
    for (at, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        let subject = &subjects[at % subjects.len()];
        let set = at / subjects.len();
        for (theirs, ours) in theirs
            .iter()
            .zip(ours)
            .filter(|(theirs, ours)| theirs != ours)
        {
            wrong.push(format!("{subject:?} in set {set}: {theirs}, here {ours}"));
        }
        assert_eq!(theirs.len(), ours.len(), "{subject:?}");
    }
    let texts = |set: &[String; 4]| set.each_ref().map(std::fs::read_to_string);
    assert!(
        wrong.is_empty(),
        "{}\n{:?}",
        wrong.join("\n"),
        sets.iter().map(texts).collect::<Vec<_>>()
    );
}

/// What the API answers, with the addresses of entries made alike.
fn say(port: u16, commands: &str) -> String {
    let mut client = Client::connect(port);
    client.send(if commands.ends_with('\n') {
        commands.to_owned()
    } else {
        format!("{commands}\n")
    });
    let answer = String::from_utf8_lossy(&client.rest()).into_owned();
    let lines = answer.lines().filter(|line| !line.contains("'httpclient'"));
    lines
        .map(|line| {
            match line
                .strip_prefix("0x")
                .and_then(|line| line.split_once(' '))
            {
                Some((_, rest)) => format!("0x {rest}\n"),
                None => format!("{line}\n"),
            }
        })
        .collect()
}

const MAP: &str = "# lines\n/a one two  \n  /ab\t2   x\n/abc\n # c2 v2\n/a dup\nx/y/z slashed\n";
const RULES: &str = "\
 acl one path -f acl.lst
 acl two path -i -f acl.lst
 acl three path_sub -u 77 -f acl.lst
 acl four path_dom -f acl.lst
 acl own path /x /y
 acl nets src -f ip.lst
 acl large path_len gt 5
 acl big path_len -f num.lst
 acl two_columns path -M -f second.map
 http-request set-map(live.map) %[req.fhdr(key)] %[req.fhdr(value)] if { path /set }
 http-request del-map(live.map) %[req.fhdr(key)] if { path /del }
 http-request add-acl(live.lst) %[req.fhdr(key)] if { path /add }
 http-request del-acl(live.lst) %[req.fhdr(key)] if { path /drop }
 http-request set-var(txn.in) str(yes) if { req.fhdr(key) -f live.lst }
 http-request return status 200 hdr str %[req.fhdr(key),map(live.map,none)] hdr beg %[req.fhdr(key),map_beg(live.map,none)] hdr end %[req.fhdr(key),map_end(live.map,none)] hdr reg %[req.fhdr(key),map_reg(live.map,none)] hdr in %[var(txn.in)] if METH_GET
 http-request set-header a %[path,map(m.map)]
 http-request set-header a %[path,map_beg(m.map)] if TRUE
 http-request set-header a %[path,map_sub(m.map)]
 http-request set-header a %[path,map_end(m.map)]
 http-request set-header a %[path,map_regm(reg.map)]
 http-request set-header a %[path,map_reg(reg.map)]
 http-request set-header a %[path,map_int(int.map)]
 http-request set-header a %[path,map_str_int(int2.map)]
 http-request set-header a %[path,map_str_ip(addr.map)]
 http-request return status 404
";

struct Setup {
    _program: Program,
    port: u16,
    api: u16,
}

fn start(who: Who, dir: &Path) -> Setup {
    let (port, api) = (free_port(), free_port());
    let mut rules = RULES.to_owned();
    for (name, text) in [
        ("live.map", "/p first\nb+ plus\n"),
        ("live.lst", "k\n"),
        ("acl.lst", "foo bar\nFoo\n lead\nbaz  \n"),
        (
            "ip.lst",
            "10.0.0.0/8\n10.1.0.0/16\n10.0.0.0/255.0.255.0\n::ffff:9.0.0.0/104\n",
        ),
        ("num.lst", "3\n5:7\n4:\n"),
        ("second.map", "/x 1\n/y\n"),
        ("m.map", MAP),
        ("reg.map", "^/u/([a-z]+) user-\\1\n^/u u\na.c abc\n"),
        ("int2.map", "1 10\n2 20\n"),
        ("int.map", "5 five\n1:10 range\n5 dup\n20 twenty\n"),
        ("addr.map", "1 10.0.0.1\n2 ::1\n"),
    ] {
        let path = dir.join(name);
        std::fs::write(&path, text).expect("a file can be written");
        rules = rules
            .replace(&format!("-f {name}"), &format!("-f {}", path.display()))
            .replace(&format!("({name}"), &format!("({}", path.display()));
    }
    let config = format!(
        "global\n stats socket ipv4@127.0.0.1:{api} level admin\n{DEFAULTS}frontend f\n bind 127.0.0.1:{port}\n{rules}"
    );
    let _program = Program::start(who, &config, &[port, api]);
    Setup {
        _program,
        port,
        api,
    }
}

#[test]
fn the_api_answers_in_haproxys_words() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = |name: &str| dir.path().join(name).display().to_string();
    let (map, int, addr, reg, acl) = (
        file("m.map"),
        file("int.map"),
        file("addr.map"),
        file("reg.map"),
        file("acl.lst"),
    );
    let (int2, second, ips, num) = (
        file("int2.map"),
        file("second.map"),
        file("ip.lst"),
        file("num.lst"),
    );
    let mut script: Vec<String> = [
        "show acl",
        "show map",
        "show acl #77",
        "show acl #4",
        "show acl #6",
        "show map #99",
        "show map #x",
        "show map nosuch",
        "show acl nosuch",
        "show acl @1",
        "get map",
        "get acl",
        "get acl x",
        "get map nosuch x",
        "get acl nosuch x",
        "get acl #4 /x",
        "get acl #4 /z",
        "get acl #7 abcdef",
        "get acl #7 abcd",
        "add map",
        "add acl",
        "add map nosuch a b",
        "add acl nosuch b",
        "del map",
        "del acl",
        "del map nosuch x",
        "del acl nosuch x",
        "set map",
        "set map nosuch a b",
        "clear map",
        "clear acl",
        "clear map nosuch",
        "clear acl nosuch",
        "clear map @1",
        "prepare map",
        "prepare acl",
        "prepare map nosuch",
        "commit map",
        "commit map @1",
        "commit acl @1",
        "commit map x y",
        "commit map @1 nosuch",
        "commit acl @1 nosuch",
        "add map <<\na b\n\n",
    ]
    .map(str::to_owned)
    .into();
    let steps = [
        "show map M",
        "get map M /a",
        "get map M /abcd",
        "get map M nope",
        "get map M z/a",
        "get map M",
        "add map M",
        "add map M k",
        "add map M k v",
        "add map M k v w",
        "add map M x\\ y z\\ z",
        "show map M",
        "add map I x v",
        "get map I 5",
        "get map I 3",
        "get map I x",
        "add map R (a v",
        "get map R /u/joe",
        "get map R abc",
        "get acl P 10.1.2.3",
        "get acl P 10.2.0.3",
        "get acl P 10.2.3.4",
        "get acl P ::ffff:10.1.2.3",
        "get acl P 9.8.7.6",
        "get acl P 8.8.8.8",
        "add acl P bad",
        "add acl P 1.1.1.1/33",
        "add acl P localhost",
        "get acl N abc",
        "get acl N abcdef",
        "show acl A",
        "get acl A foo",
        "get acl A x.baz",
        "add acl A",
        "add acl A new",
        "get acl A new",
        "add acl A two words",
        "show acl A",
        "add acl M k",
        "add acl S /z",
        "add map S /z 3",
        "show acl S",
        "show map S",
        "get acl S /x",
        "get map S /y",
        "del map M nosuch",
        "del map M /a",
        "show map M",
        "get map M /a",
        "del map M #0x1",
        "del map M #1",
        "del acl A nosuch",
        "del acl M x",
        "del acl A Foo",
        "get acl A foo",
        "set map M x",
        "set map M /abc new",
        "set map M nosuch new",
        "set map M #0x1 new",
        "set map I 5 six",
        "show map I",
        "get map I 5",
        "get map J 1",
        "get map J 3",
        "add map J 4 bad",
        "add map J 5 55",
        "get map J 5",
        "set map J 1 11",
        "get map J 1",
        "get map D 1",
        "get map D 2",
        "add map D 3 bad",
        "clear map I",
        "show map I",
        "get map I 5",
        "clear acl M",
        "prepare map M",
        "prepare map M",
        "add map @1 M k1 v1",
        "add map @3 M k1 v1",
        "add map @x M k0 v0",
        "add map @1 M k1 v1b",
        "show map @1 M",
        "show map @0 M",
        "show map @9 M",
        "show map @1",
        "show map @1 nosuch",
        "get map M k1",
        "add map @2 M k2 v2",
        "clear map @2 M",
        "show map @2 M",
        "add map @1 M",
        "add map @1 M k",
        "commit map @",
        "commit map @5 M",
        "commit map @0 M",
        "commit map @1 M",
        "show map M",
        "get map M k1",
        "commit map @1 M",
        "commit map @2 M",
        "show map M",
        "add map @1 M old entry",
        "show map M",
        "commit acl @1 M",
        "prepare acl M",
        "prepare acl A",
        "add acl @1 A qq",
        "add acl @2 A qq",
        "show acl @1 A",
        "commit acl @1 A",
        "show acl A",
        "get acl A qq",
        "get acl A new",
        "clear acl A",
        "show acl A",
        "add map M <<\nb\tt\n e  c  d \n#x y\nz z\n\n",
        "show map M",
        "add map I <<\n1 a\nx b\n3 c\n\n",
        "show map I",
        "add acl #4 /new",
        "show acl #4",
        "get acl #4 /new",
        "del acl #4 /x",
        "get acl #4 /x",
        "show acl #4",
    ];
    let names = [
        ("M", &map),
        ("I", &int),
        ("D", &addr),
        ("R", &reg),
        ("A", &acl),
        ("J", &int2),
        ("S", &second),
        ("P", &ips),
        ("N", &num),
    ];
    for step in steps {
        let named = |word: &str| {
            names
                .iter()
                .find(|(short, _)| *short == word)
                .map_or(word.to_owned(), |(_, long)| (*long).clone())
        };
        let words: Vec<String> = step.split(' ').map(named).collect();
        script.push(words.join(" "));
    }
    let [theirs, ours] = both().map(|who| {
        let setup = start(who, dir.path());
        script
            .iter()
            .map(|command| say(setup.api, command))
            .collect::<Vec<_>>()
    });
    for ((command, theirs), ours) in script.iter().zip(&theirs).zip(&ours) {
        assert_eq!(plain(ours), plain(theirs), "{command}");
    }
}

/// Without what only HAProxy's engines say: why an expression is bad, how often an entry is counted after
/// changes (there it goes below zero).
fn plain(answer: &str) -> &str {
    answer
        .split_once("(error=")
        .map_or(answer, |(before, _)| before)
}

#[test]
fn references_name_one_entry() {
    let dir = tempfile::tempdir().expect("a directory");
    let map = dir.path().join("m.map").display().to_string();
    let [theirs, ours] = both().map(|who| {
        let setup = start(who, dir.path());
        let raw = |command: String| {
            let mut client = Client::connect(setup.api);
            client.send(command + "\n");
            String::from_utf8_lossy(&client.rest()).into_owned()
        };
        raw(format!("add map {map} /a third"));
        let list = raw(format!("show map {map}"));
        let reference = |value: &str| {
            let line = list
                .lines()
                .find(|line| line.ends_with(value))
                .expect("it is listed");
            line.split(' ').next().expect("a reference").to_owned()
        };
        let (first, third) = (reference("/a one two"), reference("/a third"));
        let mut answers = vec![raw(format!("del map {map} #{first}"))];
        answers.push(say(setup.api, &format!("get map {map} /a")));
        answers.push(raw(format!("set map {map} #{third} 3rd")));
        answers.push(say(setup.api, &format!("show map {map}")));
        answers.push(raw(format!("del map {map} #{first}")));
        answers
    });
    assert_eq!(ours, theirs);
}

#[test]
fn rules_change_files_for_the_next_request() {
    let dir = tempfile::tempdir().expect("a directory");
    let requests = [
        ("/", "/path", ""),
        ("/set", "/path", "exact"),
        ("/", "/path", ""),
        ("/", "/pat", ""),
        ("/set", "/p", "second"),
        ("/", "/pat", ""),
        ("/set", "b+", "changed"),
        ("/", "abb", ""),
        ("/set", "(bad", "x"),
        ("/", "(bad", ""),
        ("/del", "/path", ""),
        ("/", "/path", ""),
        ("/del", "/path", ""),
        ("/del", "b+", ""),
        ("/", "abb", ""),
        ("/add", "new", ""),
        ("/", "new", ""),
        ("/add", "new", ""),
        ("/drop", "new", ""),
        ("/", "new", ""),
        ("/drop", "k", ""),
        ("/", "k", ""),
        ("/add", "k", ""),
        ("/", "k", ""),
        ("/set", "", "empty key"),
        ("/", "", ""),
        ("/set", "/path", ""),
        ("/", "/path", ""),
    ];
    let [theirs, ours] = both().map(|who| {
        let setup = start(who, dir.path());
        let mut client = Client::connect(setup.port);
        let mut answers: Vec<_> = requests
            .iter()
            .map(|(path, key, value)| {
                let head = format!(
                    "GET {path} HTTP/1.1\r\nHost: h\r\nKey: {key}\r\nValue: {value}\r\n\r\n"
                );
                format!("{path} {key}: {:?}", client.ask(head).head)
            })
            .collect();
        for file in ["live.map", "live.lst"] {
            let kind = if file.ends_with("map") { "map" } else { "acl" };
            answers.push(say(
                setup.api,
                &format!("show {kind} {}", dir.path().join(file).display()),
            ));
        }
        answers
    });
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
}
