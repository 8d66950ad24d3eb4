//! Requests and answers with the odd things that occur, and the maps that expressions look into.

use std::path::Path;

use super::chance::Chance;

/// What each stream keeps in variables: the variable and the request header it comes from.
pub const KEPT: &[(&str, &str)] = &[
    ("txn.text", "x-text"),
    ("txn.list", "x-list"),
    ("txn.url", "x-url"),
    ("txn.utf", "x-utf"),
    ("txn.hex", "x-hex"),
    ("txn.json", "x-json"),
    ("txn.b64", "x-b64"),
    ("txn.b64u", "x-b64u"),
    ("txn.jwt", "x-jwt"),
    ("txn.fix", "x-fix"),
    ("txn.mqtt", "x-mqtt"),
    ("txn.pb", "x-pb"),
    ("txn.grpc", "x-grpc"),
    ("txn.lang", "x-lang"),
    ("txn.host", "host"),
    ("txn.date", "x-date"),
];

const VALUES: &[(&str, &[&str])] = &[
    (
        "X-Text",
        &[
            "plain",
            "",
            "a b  c",
            "/p/./q",
            "it's \"so\" \\ now",
            "tab\there",
            "UPPER lower",
            "a,b;c=d&e",
            "\u{7f}\u{1}x",
        ],
    ),
    (
        "X-List",
        &[
            "a, b ,c",
            ",,a,",
            "",
            "\"x, y\", z",
            "one",
            "a,b\r\nX-List: d,e",
            "\"open, a",
            "a\\,b, \"q\\\"r\",s",
        ],
    ),
    (
        "X-Url",
        &[
            "a+b%20c",
            "%41%zz%4",
            "/p?q=%2B+%20&r=a+b",
            "%00x",
            "%e9",
            "100%",
        ],
    ),
    (
        "X-Utf",
        &[
            "caf\u{e9}",
            "\u{20ac}\u{1f600}",
            "a\u{300}",
            "\"</script>'",
            "x",
        ],
    ),
    (
        "X-Hex",
        &["ff", "0A1b", "zz", "", "123456789abcdef01", "-5", "0x1f"],
    ),
    (
        "X-Json",
        &[
            "{\"a\":\"x\",\"b\":[1,2],\"n\":-7,\"f\":1.5,\"ok\":true,\"s\":\"\\u00e9\\n\",\"o\":{\"k\":null}}",
            "{\"a\":{\"b\":\"c\"},\"n\":12345678901234567890,\"b\":[\"x\",{\"y\":2}],\"ok\":false}",
            "[1,2,3]",
            "not json",
            "{\"a\":",
            "\"str\"",
            "{\"sub\":\"q\\\"uoted\",\"n\":1e3}",
        ],
    ),
    (
        "X-B64",
        &["YWJj", "YQ==", "YQ=", "YQ", "!!!!", "", "AAECAwQ=", "-_-_"],
    ),
    (
        "X-B64u",
        &["YWJj", "YQ", "YWI", "-_-_", "!!!!", "", "AAECAwQ"],
    ),
    (
        "X-Jwt",
        &[
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJqb2UiLCJuIjo3LCJmIjoxLjUsIm9rIjp0cnVlLCJhIjpbIngiLCJ5Il19.C4cd6XLo2Jz8lM2QBhvVe5trExV5ZJC5U2LVwLOPHjo",
            "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJqb2UiLCJuIjo3LCJmIjoxLjUsIm9rIjp0cnVlLCJhIjpbIngiLCJ5Il19.HVKxixwAxMXeQqRoO64zlUcMeD4_qSZgCHbD5G6cCGac-f5jypeBfaYY9koOQFA50PiBpPbcmgISkO2PV43xWA",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJqb2UifQ.AAAA",
            "a.b.c",
            "a.b",
            "",
            "..",
        ],
    ),
    (
        "X-Fix",
        &[
            "OD1GSVguNC40ATk9NDQBMzU9RAE0OT1NRQE1Nj1ZT1UBMzQ9NwE1Mj0yMDI0MDEwMS0wMDowMDowMAExMD0xNTMB",
            "OD1GSVg=",
            "",
        ],
    ),
    (
        "X-Mqtt",
        &[
            "EB8ABE1RVFQEwgA8AAdjbGllbnQxAAR1c2VyAARwYXNz",
            "EBQABE1RVFQFAgA8BREAAAAeAAJjNQ==",
            "IAIBAA==",
            "EB8ABE1R",
        ],
    ),
    (
        "X-Pb",
        &["CJYBEgR0ZXh0GgIIBSADLQAAgD8xAAAAAAAAAEA=", "CJYB", "//8="],
    ),
    (
        "X-Grpc",
        &[
            "AAAAAB0IlgESBHRleHQaAggFIAMtAACAPzEAAAAAAAAAQA==",
            "AAAA",
            "AAAAAAIIBQ==",
        ],
    ),
    (
        "X-Lang",
        &[
            "fr-FR;q=0.5, en;q=0.8, de",
            "*",
            "en;q=0",
            "de;q=1.0,fr;q=0.3",
            "EN-us",
            "",
            "fr;q=x",
        ],
    ),
    (
        "X-Date",
        &[
            "Mon, 01 Jan 2024 00:00:00 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "garbage",
        ],
    ),
    (
        "X-Num",
        &[
            "12",
            "12abc",
            "+7",
            "-5",
            "99999999999999999999",
            "",
            "0x10",
            " 8 ",
            "1700000000",
        ],
    ),
    (
        "X-Neg",
        &["-5", "-9223372036854775808", "9223372036854775807", "-0"],
    ),
    (
        "X-Ip",
        &[
            "10.1.2.3",
            "10.1.2.3:80, 2001:db8::2",
            "[2001:db8::1]:443",
            "300.1.1.1",
            "\"1.2.3.4\", 1.2.3.4.5",
            "::ffff:10.0.0.1",
            "::1.2.3.4",
            "1.2.3",
        ],
    ),
    ("X-Quoted", &["\"a, b\", c", "\"", "a\"b,c\"d"]),
    (
        "Cookie",
        &[
            "a=1; b=\"x;y\"; a=2; n=7x; q=\"v\"; empty=",
            "a=1,b=2",
            "a",
            "=v; a=1",
            "a = 1 ; b= 2",
            "a=b=c;;n=3",
            "$Version=1; a=2; $Path=/",
        ],
    ),
    (
        "Authorization",
        &[
            "Basic am9lOm9wZW4=",
            "Bearer tok.en.x",
            "basic am9lOm9wZW4=",
            "Digest x",
            "Basic !!",
            "Basic am9lOndyb25n",
            "Bearer ",
            "Basic",
        ],
    ),
];

const LINES: &[&str] = &[
    "GET /a/b.html?x=1&y=&x=3&n=12abc;z=9 HTTP/1.1",
    "POST /form//x/ HTTP/1.1",
    "PUT /json?q HTTP/1.1",
    "GET http://10.9.8.7:99/abs/path?k=v&x HTTP/1.1",
    "GET http://www.example.org HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "GET /%41%zz?a%20b=c+d&x=%41+%42 HTTP/1.1",
    "HEAD /? HTTP/1.1",
    "GET / HTTP/1.0",
    "TRACE /path;p=1?x=/?y HTTP/1.1",
    "DELETE /a,b;c/d?x=?&n=-4 HTTP/1.1",
    "PUT /?x&y=2&=3&x==4 HTTP/1.1",
    "GET /a//b/../c/./d?x=1;x=2 HTTP/1.1",
    "GET http://[2001:db8::9]:8080/v6?n=1 HTTP/1.1",
];

const HOSTS: &[&str] = &[
    "WWW.Example.com:8080",
    "[::1]:81",
    "a",
    "h:",
    "10.0.0.1",
    "x.abc.y",
];

const BODIES: &[&[u8]] = &[
    b"",
    b"a=1&b=2&a=3",
    b"{\"a\":\"x\",\"b\":[1,2]}",
    b"\x00\x01bin\xff\x00ary",
    b"x=%41+b&&n=5&empty=",
    b"line one\r\nline two\n",
];

/// One request.
pub fn request(chance: &mut Chance, at: usize) -> Vec<u8> {
    let line = LINES[at % LINES.len()];
    let mut head = format!("{line}\r\n");
    // The authority of an absolute target has to be the host's.
    let host = match line.split_once("://") {
        Some((_, rest)) => rest.split(['/', ' ']).next().unwrap_or_default(),
        None => chance.one(HOSTS),
    };
    head += &format!("Host: {host}\r\n");
    for (name, values) in VALUES {
        if chance.percent(85) {
            head += &format!("{name}: {}\r\n", chance.one(values));
        }
        if chance.percent(10) {
            head += &format!("{}: {}\r\n", name.to_lowercase(), chance.one(values));
        }
    }
    head += "X-Empty:\r\n";
    let body = if line.starts_with('P') {
        chance.one(BODIES)
    } else {
        b""
    };
    let mut out;
    if !body.is_empty() && chance.percent(25) {
        out = format!(
            "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n",
            body.len()
        )
        .into_bytes();
        out.extend_from_slice(body);
        out.extend_from_slice(b"\r\n0\r\n\r\n");
    } else {
        if line.starts_with('P') {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        out = format!("{head}\r\n").into_bytes();
        out.extend_from_slice(body);
    }
    out
}

/// What the origin answers, one after the other by the number in the query of its own header.
pub const ANSWERS: &[&str] = &[
    "HTTP/1.1 203 Fine\r\nContent-Length: 0\r\nX-List: a, b\r\nX-List: c\r\nX-Num: 5\r\nX-Ip: 10.0.0.1\r\n\
     Set-Cookie: a=1; Path=/; b=9\r\nSet-Cookie: b=\"q\"; Secure\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n\r\n",
    "HTTP/1.1 404 \r\nContent-Length: 4\r\nX-List:\r\nX-Empty:\r\nSet-Cookie: =x; a\r\nset-cookie: n = 7 ; empty=\r\n\
     X-Ip: [::1]:80, 2001:db8::5\r\n\r\nbody",
    "HTTP/1.1 500 a  b\r\nTransfer-Encoding: chunked\r\nX-Num: -3x\r\nX-Quoted: \"a, b\", c\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nCache-Control: no-cache\r\nX-Json: {}\r\n\r\nok",
];

/// Writes a file for each method and type of map.
pub fn write_maps(directory: &Path) {
    let texts = ["abc", "/a", "a/b", "x.abc.y", "b", "example.com", "c"];
    for method in [
        "str", "beg", "sub", "dir", "dom", "end", "len", "bin", "reg", "int", "ip", "found", "bool",
    ] {
        let keys: &[&str] = match method {
            "int" | "len" => &["7", "12", "10:20", ":-1", "1000:"],
            "ip" => &["10.0.0.0/8", "127.0.0.1", "2001:db8::/32", "192.0.2.77"],
            "reg" => &["^a(b)c$", "[0-9]+", "x.*y", "^$"],
            _ => &texts,
        };
        for (output, values) in [
            ("str", ["one", "two", "", "\\1-\\0"]),
            ("int", ["1", "-2", "30", "4"]),
            ("ip", ["192.0.2.1", "2001:db8::1", "10.0.0.1", "::"]),
            ("none", ["", "", "", ""]),
        ] {
            let lines: String = keys
                .iter()
                .enumerate()
                .map(|(at, key)| format!("{key} {}\n", values[at % 4]))
                .collect();
            std::fs::write(directory.join(format!("{method}-{output}")), lines)
                .expect("a map is written");
        }
    }
}
