//! Whole configurations, from text to settings and diagnostics.

use super::{Config, Loaded, Options, load};
use crate::balance::Algorithm;
use crate::diag::{Severity, Sources, has_alert};
use crate::settings::{Endpoint, Host, HttpMode, Kind, Mode};
use crate::syntax::Env;

fn read(text: &str) -> Loaded {
    let mut sources = Sources::default();
    sources.add("x.cfg", text.as_bytes().to_vec());
    load(sources, Env::default(), &Options::default())
}

fn valid(text: &str) -> Config {
    let loaded = read(text);
    assert!(!has_alert(&loaded.diagnostics), "{:#?}", loaded.diagnostics);
    loaded.config
}

fn told(text: &str) -> Vec<(Severity, u32, String)> {
    let diagnostics = read(text).diagnostics.into_iter();
    diagnostics
        .map(|d| (d.severity, d.span.map_or(0, |span| span.line), d.message))
        .collect()
}

fn alerts(text: &str) -> Vec<String> {
    let told = told(text).into_iter();
    told.filter(|(severity, ..)| *severity == Severity::Alert)
        .map(|(_, line, message)| format!("{line}: {message}"))
        .collect()
}

#[test]
fn proxies_start_from_the_defaults_above_them_or_from_those_they_name() {
    let config = valid(
        "defaults a\n mode http\n timeout client 1s\n option http-server-close\n\
         defaults b from a\n timeout client 2s\n\
         defaults c\n timeout client 3s\n\
         frontend f\n bind :1\n\
         frontend g from b\n bind :2\n\
         backend h from a\n timeout server 5s\n",
    );
    let of = |at: usize| &config.proxies[at].settings;
    assert_eq!(
        (of(0).mode, of(0).timeouts.client),
        (Mode::Tcp, Some(3_000))
    );
    assert_eq!(
        (of(1).mode, of(1).timeouts.client),
        (Mode::Http, Some(2_000))
    );
    assert_eq!(of(1).http_mode, HttpMode::ServerClose);
    assert_eq!(
        (of(2).timeouts.client, of(2).timeouts.server),
        (Some(1_000), Some(5_000))
    );
}

#[test]
fn options_of_defaults_can_be_taken_back() {
    let config = valid(
        "defaults\n mode http\n option httpclose\n option dontlognull\n log 127.0.0.1 local0\n\
         frontend f\n bind :1\n no option httpclose\n no option dontlognull\n no log\n",
    );
    let settings = &config.proxies[0].settings;
    assert_eq!(settings.http_mode, HttpMode::KeepAlive);
    assert!(settings.options.is_empty());
    assert!(settings.log.is_empty());
}

#[test]
fn a_bind_line_is_several_listeners_with_the_same_options() {
    let config = valid("frontend f\n bind :1,127.0.0.1:2-4,/run/x maxconn 5 name n\n");
    let binds = &config.proxies[0].binds;
    assert_eq!(binds.len(), 3);
    assert!(
        binds
            .iter()
            .all(|bind| bind.maxconn == 5 && bind.name.as_deref() == Some("n"))
    );
    assert!(matches!(
        &binds[1].endpoint,
        Some(Endpoint::Tcp {
            port: 2,
            last_port: 4,
            ..
        })
    ));
    assert_eq!(binds[1].text, "127.0.0.1:2-4");
    assert_eq!(binds[2].endpoint, Some(Endpoint::Unix("/run/x".into())));
}

#[test]
fn servers_take_what_default_server_lines_above_them_say() {
    let config = valid(
        "backend b\n mode http\n server a x:1\n default-server inter 5s rise 3 check\n server b y:2 inter 1s\n\
         \x20server-template t 2-3 z:4 weight 7\n balance uri depth 2\n",
    );
    let proxy = &config.proxies[0];
    assert_eq!(proxy.kind, Kind::Backend);
    let checks: Vec<_> = proxy
        .servers
        .iter()
        .map(|(s, _)| {
            (
                s.name.as_str(),
                s.check.enabled,
                s.check.inter,
                s.check.rise,
                s.weight,
            )
        })
        .collect();
    assert_eq!(
        checks,
        [
            ("a", false, None, None, None),
            ("b", true, Some(1_000), Some(3), None),
            ("t2", true, Some(5_000), Some(3), Some(7)),
            ("t3", true, Some(5_000), Some(3), Some(7)),
        ]
    );
    let host = match &proxy.servers[0].0.endpoint {
        Some(Endpoint::Tcp { host, .. }) => host.clone(),
        _ => Host::Wildcard,
    };
    assert_eq!(host, Host::Name("x".into()));
    assert!(matches!(&proxy.settings.balance, Some(Algorithm::Uri(o)) if o.depth == 2));
}

#[test]
fn the_environment_changes_from_line_to_line() {
    let loaded = read(
        "global\n setenv PORT 81\n presetenv PORT 82\n.if streq(\"$PORT\",81)\nfrontend f\n bind \":$PORT\"\n bind *:$PORT\n.endif\n",
    );
    assert!(!has_alert(&loaded.diagnostics));
    let binds = &loaded.config.proxies[0].binds;
    assert!(
        binds
            .iter()
            .all(|b| matches!(b.endpoint, Some(Endpoint::Tcp { port: 81, .. })))
    );
    assert_eq!(loaded.config.env.get(b"PORT"), Some(&b"81"[..]));
}

#[test]
fn all_errors_of_a_file_are_told_in_one_go() {
    let found = alerts(
        "global\n foo\n maxconn x\nfrontend f\n bind :x foo\n bind :1 foo bar\n option fowardfor\n timeout clint 5s\n",
    );
    let lines: Vec<&str> = found
        .iter()
        .filter_map(|text| text.split(':').next())
        .collect();
    assert_eq!(lines, ["2", "3", "5", "6", "6", "7", "8"]);
}

#[test]
fn what_is_near_is_offered() {
    let loaded = read("frontend f\n bind :1\n option fowardfor\n");
    let helps: Vec<_> = loaded
        .diagnostics
        .iter()
        .flat_map(|d| d.help.clone())
        .collect();
    assert_eq!(helps, ["did you mean `forwardfor`?"]);
}

fn strict(text: &str) -> Loaded {
    let mut sources = Sources::default();
    sources.add("x.cfg", text.as_bytes().to_vec());
    let options = Options {
        strict: true,
        ..Options::default()
    };
    load(sources, Env::default(), &options)
}

#[test]
fn removed_words_work_and_show_the_line_of_today() {
    for (line, today) in [
        ("clitimeout 5000", "write instead: `timeout client 5000`"),
        (
            "timeout srvtimeout 5000",
            "write instead: `timeout server 5000`",
        ),
        (
            "reqadd X-A:\\ b",
            "write instead: `http-request add-header X-A b`",
        ),
        (
            "rspadd X-A:\\ 5%",
            "write instead: `http-response add-header X-A 5%%`",
        ),
        ("option forceclose", "write instead: `option httpclose`"),
        ("redispatch", "write instead: `option redispatch`"),
        (
            "block if TRUE",
            "write instead: `http-request deny if TRUE`",
        ),
        (
            "monitor-net 10.0.0.0/8",
            "write instead: `http-request return status 200 if { src 10.0.0.0/8 }`",
        ),
    ] {
        let text = format!("listen l\n bind :1\n mode http\n {line}\n");
        let loaded = read(&text);
        assert!(!has_alert(&loaded.diagnostics), "{line}");
        let help: Vec<_> = loaded
            .diagnostics
            .iter()
            .flat_map(|d| d.help.clone())
            .collect();
        assert_eq!(help, [today], "{line}");
        assert!(has_alert(&strict(&text).diagnostics), "{line}");
    }
    for line in ["appsession X len 5", "usesrc clientip"] {
        let loaded = read(&format!("listen l\n bind :1\n {line}\n"));
        assert!(has_alert(&loaded.diagnostics), "{line}");
    }
}

#[test]
fn removed_words_do_what_todays_line_does() {
    let config = valid(
        "global\n nbproc 3\n debug\n cpu-map 2 1\ndefaults\n mode http\n contimeout 1s\n clitimeout 2s\n \
         srvtimeout 3s\n redispatch\n option forceclose\nlisten l 127.0.0.1:80,:81\n \
         http-request allow\n block if TRUE\n block if FALSE\n reqrep a b\n reqadd A:b\n rspdel a\n rspadd A:b\n \
         monitor-net 10.0.0.0/8\n timeout check 5s // five\n server a x:1\n server b x:1\n server a x:2\nlisten l :82\n",
    );
    assert_eq!(config.global.nbthread, Some(3));
    assert_eq!(config.global.cpu_map, [(2, vec![1])]);
    assert!(config.global.debug);
    let proxy = &config.proxies[0];
    let timeouts = &proxy.settings.timeouts;
    assert_eq!(timeouts.connect, Some(1_000));
    assert_eq!(timeouts.client, Some(2_000));
    assert_eq!(timeouts.server, Some(3_000));
    assert_eq!(timeouts.check, Some(5_000));
    assert_eq!(proxy.settings.redispatch, Some(-1));
    assert_eq!(proxy.settings.http_mode, HttpMode::Close);
    let binds: Vec<_> = proxy.binds.iter().map(|bind| &*bind.text).collect();
    assert_eq!(binds, ["127.0.0.1:80", ":81"]);
    let rules = &proxy.rules;
    assert_eq!(rules.http_request.len(), 5);
    assert_eq!(rules.request_filters.len(), 1);
    assert_eq!(rules.request_adds.len(), 1);
    assert_eq!(rules.response_filters.len(), 1);
    assert_eq!(rules.response_adds.len(), 1);
    let servers: Vec<_> = proxy.servers.iter().map(|(s, _)| &*s.name).collect();
    assert_eq!(servers, ["a", "b", "a#2"]);
    assert_eq!(config.proxies[1].name, "l#2");
}

#[test]
fn monitor_net_does_what_the_mode_asks_for() {
    let rules = |mode: &str| {
        let text = format!("listen l\n bind :1\n monitor-net 10.0.0.0/8\n mode {mode}\n");
        let rules = valid(&text).proxies.remove(0).rules;
        (rules.tcp_connection.len(), rules.http_request.len())
    };
    assert_eq!(rules("tcp"), (1, 0));
    assert_eq!(rules("http"), (0, 2));
    let wrong = alerts("listen l\n bind :1\n monitor-net x/8\n");
    assert_eq!(wrong.len(), 1, "{wrong:?}");
}

#[test]
fn an_address_on_the_line_of_a_section_is_a_bind_line() {
    let loaded = read("listen l 1.2.3.4:80\n mode http\n");
    assert_eq!(
        loaded.diagnostics[0].help,
        ["put this line below: `bind 1.2.3.4:80`"]
    );
    assert_eq!(loaded.config.proxies[0].binds.len(), 1);
    assert_eq!(
        alerts("backend b 1.2.3.4:80\nfrontend f 1.2.3.4:x\n"),
        [
            "1: please use the 'bind' keyword for listening addresses.",
            "2: 'bind' : invalid character 'x' in port number 'x' in '1.2.3.4:x'"
        ]
    );
}

#[test]
fn words_about_tls_say_what_they_lack() {
    let unused = "global\n ca-base /x\n ssl-default-bind-options no-sslv3 ssl-min-ver TLSv1.2\n \
                  tune.ssl.default-dh-param 2048\nfrontend f\n bind :1 alpn http/1.1\n";
    assert_eq!(alerts(unused), [""; 0]);
    let none = "frontend f\n bind :443 ssl crt /nowhere/x alpn h2,http/1.1\n";
    assert_eq!(
        alerts(none),
        [
            "2: 'bind :443' in section 'frontend' : unable to stat SSL certificate from file '/nowhere/x' : \
             No such file or directory."
        ]
    );
    let nothing_left =
        "frontend f\n bind :443 ssl force-tlsv10\n bind :444 ssl no-tlsv12 no-tlsv13\n";
    let told = alerts(nothing_left);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].contains("only TLS 1.2 and 1.3 are spoken"),
        "{told:?}"
    );
}

#[test]
fn extensions_are_refused_under_strict_haproxy() {
    let text = "backend b\n server a x:1 hash-key id\n";
    assert!(alerts(text).is_empty());
    let loaded = strict(text);
    assert!(has_alert(&loaded.diagnostics));
}

#[test]
fn sections_that_nothing_can_use_are_read_and_their_words_checked() {
    assert!(alerts("mailers m\n mailer a 1.2.3.4:25\ncache c\n total-max-size 4\n").is_empty());
    assert_eq!(
        alerts("cache c\n foo\n"),
        ["2: unknown keyword 'foo' in 'cache' section"]
    );
}

#[test]
fn a_peers_section_knows_who_is_who() {
    let head = "global\n localpeer me\npeers p\n peer other 1.2.3.4:1 ssl verify none shard 1\n table t type ip size 1k\n";
    let with = |more: &str| read(&format!("{head}{more}"));
    let known = with(" shards 3\n peer me 127.0.0.1:1\n").config;
    let section = &known.peers[0];
    assert!(section.settings.complete);
    assert_eq!(
        (section.settings.shards, section.settings.local.as_str()),
        (3, "me")
    );
    let servers: Vec<_> = section
        .proxy
        .servers
        .iter()
        .map(|(server, _)| server)
        .collect();
    assert_eq!(
        (servers[0].shard, servers[0].ssl, servers[1].name.as_str()),
        (1, true, "me")
    );
    assert_eq!(section.proxy.binds.len(), 1);
    let bound = with(" default-bind maxconn 7\n bind 127.0.0.1:1\n server me\n").config;
    assert_eq!(bound.peers[0].proxy.binds[0].maxconn, 7);
    assert_eq!(bound.tables[0].name, "p/t");
    assert!(!with("").config.peers[0].settings.complete);
    for (lines, alert) in [
        (
            " peer me 127.0.0.1:1\n peer me 127.0.0.1:2\n",
            "already referenced at",
        ),
        (
            " bind 127.0.0.1:1\n peer me 127.0.0.1:2\n",
            "mixing \"peer\" and \"bind\"",
        ),
        (
            " bind 127.0.0.1:1\n server me 127.0.0.1:2\n",
            "no address was expected",
        ),
        (" bind 127.0.0.1:1\n bind 127.0.0.1:2\n", "One listener per"),
        (" peer me 127.0.0.1\n", "missing port"),
        ("peers p\n", "has the same name"),
        (" frob\n", "unknown keyword 'frob'"),
    ] {
        let told = alerts(&format!("{head}{lines}"));
        assert!(
            told.iter().any(|one| one.contains(alert)),
            "{lines}: {told:?}"
        );
    }
}

#[test]
fn a_file_starts_outside_of_the_last_ones_section() {
    let mut sources = Sources::default();
    sources.add("a.cfg", b"global\n".to_vec());
    sources.add("b.cfg", b"daemon\n".to_vec());
    let loaded = load(sources, Env::default(), &Options::default());
    assert_eq!(
        loaded.diagnostics[0].message,
        "unknown keyword 'daemon' out of section."
    );
    assert!(!loaded.config.global.daemon);
}

#[test]
fn numbers_fill_the_gaps_that_ids_leave() {
    let config =
        valid("frontend a\n bind :1\nfrontend b\n bind :2\n id 2\nbackend c\nbackend d\n id 1\n");
    let ids: Vec<u32> = config.proxies.iter().map(|proxy| proxy.id).collect();
    assert_eq!(ids, [3, 2, 5, 1]);
}

proptest::proptest! {
    /// Whatever words follow whatever keyword: an answer, and a place inside the file.
    #[test]
    fn no_line_is_too_odd_to_be_judged(
        lines in proptest::collection::vec((0..WORDS.len(), proptest::collection::vec(0..WORDS.len(), 0..6)), 1..12)
    ) {
        let mut text = String::new();
        for (first, rest) in lines {
            text.push_str(WORDS[first]);
            for word in rest {
                text.push(' ');
                text.push_str(WORDS[word]);
            }
            text.push('\n');
        }
        let lines = text.lines().count() as u32;
        for diagnostic in read(&text).diagnostics {
            let line = diagnostic.span.map_or(1, |span| span.line);
            proptest::prop_assert!(line >= 1 && line <= lines, "{:?}", diagnostic);
        }
    }
}

/// Keywords, arguments and things that are neither.
const WORDS: &[&str] = &[
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "userlist",
    "http-errors",
    "from",
    "no",
    "default",
    "a",
    "b",
    "0",
    "-1",
    "5s",
    "4k",
    "999999999999999999999",
    "\"\"",
    "''",
    "x:y",
    ":80",
    "*:80-90,",
    "fd@3",
    "%[path]",
    "%[",
    "{",
    "}",
    "if",
    "unless",
    "{ path /x }",
    "bind",
    "server",
    "server-template",
    "default-server",
    "mode",
    "http",
    "tcp",
    "timeout",
    "client",
    "option",
    "httpchk",
    "forwardfor",
    "except",
    "httplog",
    "redispatch",
    "balance",
    "uri",
    "depth",
    "hdr(a)",
    "random(2)",
    "hash-type",
    "consistent",
    "acl",
    "http-request",
    "return",
    "status",
    "503",
    "deny",
    "set-header",
    "tcp-request",
    "content",
    "accept",
    "inspect-delay",
    "use_backend",
    "redirect",
    "location",
    "monitor",
    "fail",
    "capture",
    "request",
    "header",
    "len",
    "stats",
    "uri",
    "admin",
    "log",
    "stdout",
    "local0",
    "format",
    "raw",
    "log-format",
    "errorfile",
    "http-check",
    "expect",
    "rstring",
    "(",
    "tcp-check",
    "connect",
    "port",
    "send-binary",
    "0aff",
    "maxconn",
    "cpu-map",
    "1/1",
    "0-3",
    "setenv",
    "user",
    "password",
    "group",
    "users",
    "groups",
    "check",
    "weight",
    "track",
    "a/b",
    "cookie",
    "stick-table",
    "unix-bind",
    "prefix",
    "tune.bufsize",
    "h1-case-adjust",
    "retry-on",
    "all",
    "clitimeout",
    "reqadd",
    "X:\\ y",
    "reqrep",
    "^a:\\ b",
];

#[test]
fn missing_names_are_told_beside_broken_lines_unless_those_would_have_made_them() {
    let text = "frontend f\n bind :1\n fo bar\n default_backend b\n use_backend lost if TRUE\n\
                backnd b\n server s x:1\n";
    let alerts = alerts(text);
    let missing: Vec<_> = alerts
        .iter()
        .filter(|alert| alert.contains("unable to find"))
        .collect();
    assert_eq!(
        missing,
        ["5: Proxy 'f': unable to find required use_backend: 'lost'."]
    );
    assert!(alerts.len() > 1);
}

#[test]
fn rules_behind_one_that_ends_the_ruleset_are_told_to_be_noops() {
    let text = "frontend f\n mode http\n bind :1\n timeout client 1s\n\
                \x20http-request deny if FALSE\n http-request deny\n http-request allow\n\
                \x20http-request reject\n http-request set-header a b\n http-response allow\n";
    let lines: Vec<u32> = told(text)
        .into_iter()
        .filter(|(.., message)| message.contains("further entries are NOOP"))
        .map(|(_, line, _)| line)
        .collect();
    assert_eq!(lines, [7, 8]);
}
