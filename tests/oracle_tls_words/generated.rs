//! Certificates that listeners make for names that they have none for: what is in them, who believes them, when they are
//! made anew, and which files nobody can sign with.

use super::support::{Program, Who, both, free_port, run_to_end};
use super::{files, openssl};

/// Of `bind … ssl crt`, with the authority that clients believe.
const LISTENERS: &[(&str, &str)] = &[
    (
        "plain.pem generate-certificates ca-sign-file DIR/root.pem",
        "root.crt",
    ),
    (
        "rsa.pem generate-certificates ca-sign-file DIR/root.pem strict-sni",
        "root.crt",
    ),
    (
        "plain.pem generate-certificates ca-sign-file DIR/signs.pem",
        "signs.crt",
    ),
    (
        "plain.pem generate-certificates ca-sign-file DIR/interchain.pem ssl-max-ver TLSv1.2",
        "root.crt",
    ),
    (
        "plain.pem ca-sign-file DIR/root.pem ca-sign-pass x",
        "root.crt",
    ),
];

/// What clients ask for: names that are made, names that are not known with capitals, the listener's own.
const NAMES: &[&str] = &[
    "made.test",
    "Made.TEST",
    "a_b.under.made.test",
    "plain.test",
    "",
];

/// What a client that asks for a name says of the certificate it gets, and that certificate's serial number.
fn shown(port: u16, name: &str, authority: &str) -> (String, String) {
    let to = format!("127.0.0.1:{port}");
    let mut args = vec![
        "s_client",
        "-showcerts",
        "-connect",
        &to,
        "-CAfile",
        authority,
    ];
    match name {
        "" => args.push("-noservername"),
        name => args.extend(["-servername", name, "-verify_hostname", name]),
    }
    let (_, said) = openssl(&args);
    if !said.contains("BEGIN CERTIFICATE") {
        return ("nothing".to_owned(), String::new());
    }
    let file = format!("shown-{port}");
    std::fs::write(files().join(&file), &said).unwrap();
    let fields =
        "subjectAltName,basicConstraints,keyUsage,subjectKeyIdentifier,authorityKeyIdentifier";
    let of = |words: &[&str]| {
        let args = [&["x509", "-in", &file, "-noout"], words].concat();
        openssl(&args).1
    };
    let text = of(&["-text"]);
    let signed = text
        .lines()
        .find(|line| line.contains("Signature Algorithm"));
    let chain = said
        .lines()
        .filter(|line| line.contains(" s:") || line.contains(" i:"));
    let verdict = said
        .lines()
        .find(|line| line.contains("Verify return code"));
    let parts: Vec<&str> = signed
        .into_iter()
        .chain(chain)
        .chain(verdict)
        .map(str::trim)
        .collect();
    let rest = of(&["-subject", "-issuer", "-pubkey", "-ext", fields]);
    (format!("{}\n{rest}", parts.join("\n")), of(&["-serial"]))
}

#[test]
fn clients_are_shown_the_same_certificates() {
    let [theirs, ours] = both().map(|who| {
        let dir = files().display().to_string();
        let ports: Vec<u16> = LISTENERS.iter().map(|_| free_port()).collect();
        let mut config = String::from("frontend f\n mode http\n timeout client 20s\n");
        for (port, (words, _)) in ports.iter().zip(LISTENERS) {
            let words = words.replace("DIR", &dir);
            config += &format!(" bind 127.0.0.1:{port} ssl crt {dir}/{words}\n");
        }
        let _program = Program::start(who, &config, &ports);
        let mut all = Vec::new();
        for (port, (words, authority)) in ports.iter().zip(LISTENERS) {
            let one =
                |name: &&str| format!("[{words}] '{name}': {}", shown(*port, name, authority).0);
            all.extend(NAMES.iter().map(one));
        }
        all
    });
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert_eq!(theirs, ours, "HAProxy's comes first");
    }
    let good = ours
        .iter()
        .filter(|one| one.contains("DNS:made.test") && one.contains("0 (ok)"));
    assert_eq!(good.count(), 8, "{ours:#?}");
}

#[test]
fn what_was_made_is_shown_again_while_there_is_room() {
    let made = |who| {
        let (port, dir) = (free_port(), files().display());
        let config = format!(
            "global\n tune.ssl.ssl-ctx-cache-size 2\nfrontend f\n mode http\n timeout client 20s\n \
             bind 127.0.0.1:{port} ssl crt {dir}/plain.pem generate-certificates ca-sign-file {dir}/root.pem\n"
        );
        let _program = Program::start(who, &config, &[port]);
        let names = [
            "a.test", "a.test", "b.test", "A.test", "c.test", "a.test", "b.test",
        ];
        let serials = names.map(|name| shown(port, name, "root.crt").1);
        // Which of those before it is the same, if any is.
        let first = |serial| serials.iter().position(|one| one == serial);
        serials.iter().map(first).collect::<Vec<_>>()
    };
    let [theirs, ours] = both().map(made);
    assert_eq!(theirs, ours);
    assert_eq!(ours, [0, 0, 2, 0, 4, 0, 6].map(Some));
}

#[test]
fn files_that_nobody_can_sign_with_are_named_alike() {
    let dir = files().display().to_string();
    let said = |who, words: &str| {
        let words = words.replace("DIR", &dir);
        let config = format!(
            "frontend f\n bind 127.0.0.1:1 ssl crt {dir}/plain.pem generate-certificates {words}\n mode http\n \
             timeout client 1s\n"
        );
        let done = run_to_end(who, &["-c"], Some(&config));
        let told = done.err.lines().find(|line| line.contains("Proxy 'f'"));
        let told = told.and_then(|line| line.split_once("Proxy 'f'"));
        // Each has a file of its own for the text.
        let told = told.map_or("", |(_, told)| told).split(" at [");
        let told: Vec<&str> = told
            .map(|part| part.split_once(']').map_or(part, |(_, rest)| rest))
            .collect();
        (done.status.code(), told.concat())
    };
    for words in [
        "",
        "ca-sign-pass x",
        "ca-sign-file DIR/none.pem",
        "ca-sign-file DIR/root.key",
        "ca-sign-file DIR/mixed.pem",
    ] {
        let [theirs, ours] = both().map(|who| said(who, words));
        assert_eq!(theirs, ours, "{words}");
        assert_eq!(ours.0, Some(1), "{words}");
    }
    // HAProxy names the last file that it looked into for the key.
    let [theirs, ours] = both().map(|who| said(who, "ca-sign-file DIR/inter.crt"));
    assert_eq!(theirs.0, ours.0);
    assert!(
        theirs.1.contains("No Private Key found in") && ours.1.contains("No Private Key found in")
    );
    // The key of this one lies beside it.
    for who in both() {
        assert_eq!(said(who, "ca-sign-file DIR/beside.pem").0, Some(0));
    }
}

/// HAProxy 2.6 asks at the terminal whatever `ca-sign-pass` is; the manual says what it is for.
#[test]
fn a_passphrase_opens_the_key() {
    let dir = files().display();
    for name in ["sealed.pem", "sealed-sha1.pem"] {
        let port = free_port();
        let config = |pass| {
            format!(
                "frontend f\n mode http\n timeout client 20s\n bind 127.0.0.1:{port} ssl crt {dir}/plain.pem \
                 generate-certificates ca-sign-file {dir}/{name} ca-sign-pass {pass}\n"
            )
        };
        let refused = run_to_end(Who::Ours, &["-c"], Some(&config("other")));
        assert!(
            refused.err.contains("No Private Key found"),
            "{}",
            refused.err
        );
        let _program = Program::start(Who::Ours, &config("secret"), &[port]);
        let (seen, _) = shown(port, "made.test", "root.crt");
        assert!(
            seen.contains("0 (ok)") && seen.contains("CN = made.test"),
            "{seen}"
        );
    }
}
