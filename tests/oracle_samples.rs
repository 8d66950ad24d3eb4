//! Expressions have the values that a running HAProxy gives them: each expression on each request, and on
//! the answer to it, byte for byte.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says by panicking what is wrong"
)]

mod support;

use support::{Client, Origin, Program, Who, both, free_port};

/// Evaluated in `http-request`.
const ON_REQUEST: &[&str] = &[
    "method",
    "method,lower",
    "url",
    "path",
    "pathq",
    "query",
    "base",
    "baseq",
    "base32",
    "base,sdbm(1)",
    "base32+src,hex",
    "url32",
    "url32+src,hex",
    "url_ip",
    "url_port",
    "req.ver",
    "req.proto_http",
    "capture.req.method",
    "capture.req.uri",
    "capture.req.ver",
    "http_first_req",
    "hdr(host)",
    "hdr(host),lower",
    "hdr(host),host_only",
    "hdr(host),port_only",
    "req.hdr(x-list)",
    "req.hdr(x-list,1)",
    "req.hdr(x-list,2)",
    "req.hdr(x-list,3)",
    "req.hdr(x-list,9)",
    "req.hdr(x-list,-1)",
    "req.hdr(x-list,-2)",
    "req.hdr(x-list,-9)",
    "req.fhdr(x-list)",
    "req.fhdr(x-list,1)",
    "req.fhdr(x-list,-2)",
    "req.hdr(X-LIST)",
    "req.hdr(x-none)",
    "req.hdr_cnt(x-list)",
    "req.fhdr_cnt(x-list)",
    "req.hdr_cnt(x-none)",
    "req.hdr_cnt",
    "req.fhdr_cnt",
    "req.hdr",
    "req.hdr_names",
    "req.hdr_names(-)",
    "req.hdr_val(x-num)",
    "req.hdr_val(x-list)",
    "req.hdr_ip(x-ip)",
    "req.hdr_ip(x-ip,1)",
    "req.hdr_ip(x-ip,2)",
    "req.hdr_ip(x-ip,3)",
    "req.hdr_ip(x-ip,4)",
    "req.hdr_ip(x-ip,5)",
    "req.hdr_ip(x-ip,6)",
    "req.hdr_ip(x-ip,7)",
    "req.hdrs,length",
    "req.hdrs,sha1,hex",
    "req.hdrs_bin,hex",
    "req.fhdr(x-quoted)",
    "req.hdr(x-quoted)",
    "req.hdr(x-quoted,1)",
    "req.hdr(x-empty),length",
    "req.hdr_cnt(x-empty)",
    "req.fhdr(x-date)",
    "req.cook(a)",
    "req.cook(b)",
    "req.cook(none)",
    "req.cook",
    "req.cook_cnt",
    "req.cook_cnt(a)",
    "req.cook_val(n)",
    "cook(a)",
    "cookie(a)",
    "req.cook(q)",
    "req.cook(empty),length",
    "urlp(x)",
    "urlp(y)",
    "urlp(none)",
    "urlp",
    "urlp(z)",
    "urlp_val(n)",
    "url_param(x)",
    "urlp(s,;)",
    "urlp(x),url_dec",
    "query,url_dec(1)",
    "path,url_dec",
    "path,field(2,/)",
    "path,field(-1,/)",
    "path,word(1,/)",
    "path,word(-1,/)",
    "path,regsub(/+,/,g)",
    "path,regsub(^/,,)",
    "path,length",
    "path,upper",
    "path,crc32",
    "path,djb2",
    "path,wt6(1)",
    "path,xxh32",
    "path,xxh64",
    "path,xxh3",
    "path,base64",
    "path,hex",
    "path,sha2(256),hex",
    "path,digest(md5),hex",
    "path,hmac(sha1,a2V5),hex",
    "url,url_enc",
    "url,json",
    "hdr(user-agent),json(utf8s)",
    "hdr(user-agent),length",
    "hdr(accept-language),language(fr;en,none)",
    "req.fhdr(accept-language),language(fr;en;de,none)",
    "http_auth(people)",
    "http_auth_user",
    "http_auth_pass",
    "http_auth_type",
    "http_auth_bearer",
    "http_auth_group(people)",
    "req.body",
    "req.body_len",
    "req.body_size",
    "req.body_param(a)",
    "req.body_param",
    "req.body,json_query('$.a')",
    "req.body,json_query('$.b[1]')",
    "req.body,hex",
    "src",
    "dst",
    "src,ipmask(8)",
    "fc_src",
    "fc_dst",
    "src_is_local",
    "dst_is_local",
    "fc_http_major",
    "fc_rcvd_proxy",
    "fe_name",
    "so_id",
    "ssl_fc",
    "ssl_fc_sni",
    "ssl_fc,iif(https,http)",
    "ssl_c_used",
    "nbsrv",
    "be_conn",
    "fe_conn(other)",
    "queue",
    "avg_queue",
    "connslots",
    "be_conn_free",
    "srv_conn(s)",
    "srv_conn_free(s)",
    "srv_is_up(s)",
    "srv_queue(s)",
    "srv_iweight(s)",
    "srv_uweight(s)",
    "srv_weight(s)",
    "str(s),srv_queue",
    "str(nope),nbsrv",
    "stopping",
    "nbproc",
    "prio_class",
    "prio_offset",
    "var(txn.set)",
    "var(txn.none)",
    "var(txn.none,x)",
    "var(txn.set),add(1)",
    "int(3),add(txn.set)",
    "int(5),mul(txn.set)",
    "str(a),concat(<,txn.set,>)",
    "str(a),add_item(-,txn.set)",
    "str(41),strcmp(txn.set)",
    "str(41),secure_memcmp(txn.set)",
    "var(sess.set)",
    "var(req.set)",
    "var(proc.set)",
    "var(txn.path),length",
    "method,meth_str",
    "always_true",
    "wait_end",
    "hdr(x-num),add(1)",
    "hdr(x-num),mul(2),hex",
    "src,lower",
    "hdr(x-big),add(1)",
    "hdr(x-neg),add(1)",
    "hdr(x-ip,1),ipmask(16)",
    "hdr(x-b64),b64dec",
    "hdr(x-hex),hex2i",
    "hdr(host),map_str_int(missing)",
    "req.ssl_sni",
    "res.hdr(a)",
    "status",
    "be_name",
    "srv_name",
    "unique-id",
    "dst_conn,bool",
    "http_auth(missing)",
    "nbsrv(missing)",
    "req.ssl_hello_type",
];

/// Evaluated in `http-response`.
const ON_RESPONSE: &[&str] = &[
    "status",
    "status,div(100)",
    "res.ver",
    "res.hdr(x-list)",
    "res.hdr(x-list,1)",
    "res.fhdr(x-list)",
    "hdr(x-list)",
    "res.hdr_cnt(x-list)",
    "res.fhdr_cnt",
    "res.hdr_names",
    "res.hdrs,length",
    "res.hdr_val(x-num)",
    "res.hdr_ip(x-ip)",
    "res.cook(a)",
    "res.cook(b)",
    "res.cook",
    "res.cook(Path)",
    "res.cook_cnt(b)",
    "res.cook_cnt",
    "res.cook_cnt(a)",
    "res.cook_val(a)",
    "cookie(b)",
    "scook(a)",
    "shdr(x-list)",
    "res.body_size",
    "capture.req.method",
    "capture.req.uri",
    "capture.req.ver",
    "capture.res.ver",
    "be_name",
    "srv_name",
    "srv_id",
    "be_id,bool",
    "bc_http_major",
    "bc_dst",
    "ssl_bc",
    "res.comp",
    "http_first_req",
    "fe_name",
    "src",
    "var(txn.set)",
    "var(req.set)",
    "path",
    "req.hdr(host)",
    "res.hdr(set-cookie)",
    "res.fhdr(set-cookie,1)",
    "res.hdr(date,1)",
    "last_rule_line",
];

const REQUESTS: &[&str] = &[
    "GET /a/b.html?x=1&y=&x=3&n=12abc;z=9;s=7 HTTP/1.1\r\nHost: WWW.Example.com:8080\r\nX-List: a, b ,c\r\nX-List: d\r\n\
     X-Num: 12abc\r\nX-Ip: 10.1.2.3:80, [2001:db8::1]:443, 2001:db8::2, 300.1.1.1, 1.2.3.4:x, \"1.2.3.4\", 1.2.3.4.5\r\n\
     X-Quoted: \"a, b\", c\r\nX-Empty:\r\nX-Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n\
     Cookie: a=1; b=\"x;y\"; a=2; n=7x; q=\"v\"; empty=\r\nUser-Agent: curl/8 \"x\" \\ /\r\n\
     Accept-Language: fr-FR;q=0.5, en;q=0.8, de\r\nX-Big: 9223372036854775807\r\nX-Neg: -5\r\nX-B64: YWJj\r\nX-Hex: fF\r\n\r\n",
    "POST /form//x/ HTTP/1.1\r\nHost: [::1]:81\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 11\r\n\
     Authorization: Basic am9lOm9wZW4=\r\n\r\na=1&b=2&a=3",
    "PUT /json?q HTTP/1.1\r\nHost: a\r\nContent-Length: 19\r\nAuthorization: Bearer tok.en.x\r\n\r\n{\"a\":\"x\",\"b\":[1,2]}",
    "GET http://user@10.9.8.7:99/abs/path?k=v HTTP/1.1\r\nHost: user@10.9.8.7:99\r\nAuthorization: Basic am9lOndyb25n\r\n\r\n",
    "GET http://www.example.org HTTP/1.1\r\nHost: www.example.org\r\nCookie: a=1,b=2\r\nCookie: c=3\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: star\r\nAuthorization: basic am9lOm9wZW4=\r\n\r\n",
    "GET /%41%zz?a%20b=c+d&x=%41+%42 HTTP/1.1\r\nHost: h\r\nAuthorization: Digest x\r\nX-List: ,,a,\r\nX-Num: +7\r\n\r\n",
    "HEAD /? HTTP/1.1\r\nHost: h:\r\nX-List:\r\nX-B64: YQ=\r\nX-Hex: zz\r\n\r\n",
    "GET / HTTP/1.0\r\nX-Num: 99999999999999999999\r\n\r\n",
    "POST /chunked HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na=1&b\r\n3\r\n=22\r\n0\r\n\r\n",
    "FOO /path;p=1?x=/?y HTTP/1.1\r\nHost: h\r\nAuthorization: Basic !!\r\n\r\n",
];

const ANSWER: &str = "HTTP/1.1 203 Fine\r\nContent-Length: 0\r\nX-List: a, b\r\nX-List: c\r\nX-Num: 5\r\nX-Ip: 10.0.0.1\r\n\
     Set-Cookie: a=1; Path=/; b=9\r\nSet-Cookie: b=\"q\"; Secure\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n\r\n";

/// Headers per section; their names and values have to fit a buffer.
const BATCH: usize = 30;

fn quoted(text: &str) -> String {
    text.chars().fold(String::new(), |out, c| match c {
        ' ' | '\'' | '"' | '\\' | '#' => format!("{out}\\{c}"),
        _ => format!("{out}{c}"),
    })
}

/// A section that evaluates these.
fn section(port: u16, on_request: &[&str], on_response: &[&str], origin: u16) -> String {
    let mut out = format!(
        "listen l{port}\n bind 127.0.0.1:{port}\n option http-buffer-request\n http-request set-var(txn.set) int(41)\n \
         http-request set-var(sess.set) path\n http-request set-var(req.set) src\n http-request set-var(txn.path) path\n"
    );
    for (at, text) in on_request.iter().enumerate() {
        let text = quoted(text);
        out += &format!(" http-request set-var-fmt(txn.v{at}) <%[{text}]>\n");
    }
    // All are evaluated before the first one becomes a header.
    for (at, text) in on_response.iter().enumerate() {
        let text = quoted(text);
        out += &format!(" http-response set-var-fmt(txn.w{at}) <%[{text}]>\n");
    }
    for at in 0..on_request.len() {
        out += &format!(" http-response set-header q-{at} %[var(txn.v{at})]\n");
    }
    for at in 0..on_response.len() {
        out += &format!(" http-response set-header s-{at} %[var(txn.w{at})]\n");
    }
    out + &format!(" server s 127.0.0.1:{origin}\n")
}

fn config(sections: &str) -> String {
    format!(
        "defaults\n mode http\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n\
         userlist people\n user joe insecure-password open\n\
         frontend other\n bind 127.0.0.1:{}\n{sections}",
        free_port()
    )
}

/// Whether a proxy loads a configuration with this one expression.
fn accepts(who: Who, text: &str, on_request: bool) -> bool {
    let (request, response) = if on_request {
        (&[text][..], &[][..])
    } else {
        (&[][..], &[text][..])
    };
    let text = config(&section(free_port(), request, response, 9));
    support::run_to_end(who, &["-c", "-q"], Some(&text))
        .status
        .success()
}

/// What both refuse is left out; what only one refuses is named.
fn agreed(
    all: &[&'static str],
    on_request: bool,
    differing: &mut Vec<String>,
) -> Vec<&'static str> {
    let mut out = Vec::new();
    for text in all {
        match both().map(|who| accepts(who, text, on_request)) {
            [true, true] => out.push(*text),
            [false, false] => {}
            [theirs, ours] => {
                differing.push(format!("{text}: HAProxy loads it: {theirs}, we: {ours}"))
            }
        }
    }
    out
}

/// The values of the expressions, by request.
fn values(who: Who, config: &str, ports: &[u16]) -> Vec<Vec<String>> {
    let _program = Program::start(who, config, ports);
    let mut out = Vec::new();
    for request in REQUESTS {
        for port in ports {
            let mut client = Client::connect(*port);
            let head = client.ask(request).head;
            let lines = head
                .lines()
                .filter(|line| line.starts_with("q-") || line.starts_with("s-"));
            out.push(lines.map(str::to_owned).collect());
        }
    }
    out
}

#[test]
fn expressions_have_haproxys_values() {
    let origin = Origin::answering(ANSWER);
    let mut differing = Vec::new();
    let request = agreed(ON_REQUEST, true, &mut differing);
    let response = agreed(ON_RESPONSE, false, &mut differing);
    assert!(
        request.len() > 150 && response.len() > 40,
        "too little is compared"
    );
    let mut batches: Vec<(&[&str], &[&str])> =
        request.chunks(BATCH).map(|b| (b, &[][..])).collect();
    batches.extend(response.chunks(BATCH).map(|b| (&[][..], b)));
    let ports: Vec<u16> = batches.iter().map(|_| free_port()).collect();
    let sections: String = batches
        .iter()
        .zip(&ports)
        .map(|((request, response), port)| section(*port, request, response, origin.port))
        .collect();
    let config = config(&sections);
    let [theirs, ours] = both().map(|who| values(who, &config, &ports));
    for (at, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        let (request, batch) = (at / ports.len(), at % ports.len());
        let line = REQUESTS[request].lines().next().unwrap_or_default();
        let (on_request, on_response) = batches[batch];
        for (expression, (their, our)) in on_request
            .iter()
            .chain(on_response)
            .zip(theirs.iter().zip(ours))
        {
            if their != our {
                differing.push(format!(
                    "{line}: {expression}: HAProxy {their:?}, we {our:?}"
                ));
            }
        }
        if theirs.len() != ours.len() {
            differing.push(format!("{line}: HAProxy answers {theirs:?}, we {ours:?}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
