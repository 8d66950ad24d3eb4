//! The command line: HAProxy's flags as one table, to an [`Invocation`].
//!
//! HAProxy's flags are not getopt's (`-dKsmp`, `-db`, `-sf 1 2 3`), so the table says for each how it
//! takes what follows. `main` calls this; it must not know how any flag is carried out.

mod flags;
pub mod keywords;
pub mod report;
mod version;

use std::path::PathBuf;

use crate::config::{self, Loaded};
use crate::diag::render::{self, message};
use crate::diag::{Diagnostic, Severity, Sources};
use crate::syntax::condition::{self, World};
use crate::syntax::{self, Env, words};

pub use flags::{FLAGS, Flag, Takes};
pub use version::{banner, details};

/// How processes are arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MasterWorker {
    /// One process (unless the configuration says `master-worker`).
    #[default]
    Off,
    /// `-W`: a master supervises a worker.
    On,
    /// `-Ws`: the same, and the master tells systemd how it stands.
    Systemd,
}

/// What happens to the processes that this one replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// `-sf`: they finish their connections (SIGUSR1).
    Finish,
    /// `-st`: they stop at once (SIGTERM).
    Terminate,
}

/// What the command line asks for. The manual's names of the flags are in the comments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// How the program was called, for the usage text.
    pub program: String,
    /// `-f` and `--`: files and directories, in order.
    pub files: Vec<PathBuf>,
    /// `-C`: the directory to change to before anything is read.
    pub directory: Option<PathBuf>,
    /// `-c`: check the configuration and exit.
    pub check: bool,
    /// `-cc`: answer a condition and exit.
    pub condition: Option<String>,
    /// `-v` (1) or `-vv` (2): say the version and exit.
    pub version: u8,
    /// `-d`: stay in the foreground and show events.
    pub debug: bool,
    /// `-db`: stay in the foreground, whatever the configuration says.
    pub foreground: bool,
    /// `-D`: go to the background.
    pub daemon: bool,
    /// `-W`, `-Ws`.
    pub master_worker: MasterWorker,
    /// `-S`: addresses of the master's CLI, each with its comma-separated options.
    pub master_cli: Vec<String>,
    /// `-p`: the file for the process ids.
    pub pid_file: Option<PathBuf>,
    /// `-q`: no messages.
    pub quiet: bool,
    /// `-V`: messages in spite of `-q` and `quiet`.
    pub verbose: bool,
    /// `-n`: the process-wide connection limit.
    pub maxconn: Option<u32>,
    /// `-N`: the connection limit of a proxy that names none.
    pub proxy_maxconn: Option<u32>,
    /// `-m`: the memory limit in MiB.
    pub memory: Option<u64>,
    /// `-L`: the name of this peer.
    pub local_peer: Option<String>,
    /// `-sf`, `-st`: the processes to replace, and how they go.
    pub replaces: Option<(Farewell, Vec<i32>)>,
    /// `-x`: the unix socket to take listeners from.
    pub take_over: Option<PathBuf>,
    /// `-dW`: a warning refuses to start.
    pub zero_warning: bool,
    /// `-dD`: say what is suspicious.
    pub diagnostics: bool,
    /// `-dK`: keyword classes to list.
    pub keywords: Vec<String>,
    /// `-dL`: list the shared libraries that are loaded.
    pub libraries: bool,
    /// `-dI`: external checks may fork.
    pub insecure_fork: bool,
    /// `-dV`: certificates of servers are not verified.
    pub no_server_verify: bool,
    /// `-dr`: a server name that does not resolve is no error.
    pub ignore_resolution: bool,
    /// `-dS`: no splicing.
    pub no_splice: bool,
    /// `-dR`: no `SO_REUSEPORT`.
    pub no_reuseport: bool,
    /// `--strict-haproxy`: refuse what HAProxy does not know.
    pub strict: bool,
}

impl Invocation {
    /// The run-time options that are on, for the condition `enabled(…)`.
    pub fn enabled(&self) -> Vec<&'static str> {
        let options = [
            ("EPOLL", true),
            ("GETADDRINFO", true),
            ("SPLICE", !self.no_splice),
            ("REUSEPORT", !self.no_reuseport),
            ("SERVER-SSL-VERIFY-NONE", self.no_server_verify),
        ];
        options
            .iter()
            .filter(|(_, on)| *on)
            .map(|(name, _)| *name)
            .collect()
    }
}

/// Reads the files that the command line names, and loads them. `env` is what the first line sees.
///
/// # Errors
/// What to end with if a file cannot be read.
pub fn load(invocation: &Invocation, env: Env) -> Result<Loaded, Exit> {
    let fail = |problems: &[Diagnostic]| {
        let pid = std::process::id();
        let nothing = Sources::default();
        let told: String = problems
            .iter()
            .map(|problem| render::diagnostic(problem, &nothing, pid))
            .collect();
        Exit {
            code: 1,
            out: String::new(),
            err: preamble(pid) + &told,
        }
    };
    let (files, problems) = syntax::expand(&invocation.files);
    if !problems.is_empty() {
        return Err(fail(&problems));
    }
    let mut sources = Sources::default();
    for file in &files {
        syntax::read(&mut sources, file).map_err(|problem| fail(&[problem]))?;
    }
    let options = config::Options {
        strict: invocation.strict,
        enabled: invocation.enabled(),
    };
    let mut loaded = config::load(sources, own_variables(env, invocation), &options);
    for proxy in &mut loaded.config.proxies {
        proxy.settings.maxconn = proxy.settings.maxconn.or(invocation.proxy_maxconn);
        for (server, _) in &mut proxy.servers {
            if invocation.ignore_resolution {
                // `-dr` appends a method that cannot fail.
                let default = || vec!["last".to_owned(), "libc".to_owned()];
                let methods = server.init_addr.get_or_insert_with(default);
                methods.push("none".to_owned());
            }
        }
    }
    Ok(loaded)
}

/// Adds the variables that the program itself gives to its files (manual 2.3).
fn own_variables(mut env: Env, invocation: &Invocation) -> Env {
    env.set("HAPROXY_STARTUP_VERSION", version::VERSION);
    if invocation.master_worker != MasterWorker::Off {
        env.set("HAPROXY_MWORKER", "1");
    }
    if !invocation.master_cli.is_empty() {
        env.set("HAPROXY_MASTER_CLI", invocation.master_cli.join(";"));
    }
    let peer = invocation
        .local_peer
        .clone()
        .or_else(|| nix::unistd::gethostname().ok()?.into_string().ok());
    if let Some(peer) = peer {
        env.set("HAPROXY_LOCALPEER", peer);
    }
    env
}

/// What to print, and the exit code to end with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// The exit code.
    pub code: u8,
    /// Text for the standard output.
    pub out: String,
    /// Text for the standard error.
    pub err: String,
}

impl Exit {
    /// Ends with an alert.
    pub fn alert(code: u8, text: &str) -> Self {
        let pid = std::process::id();
        let err = preamble(pid) + &message(Severity::Alert, text, pid);
        Self {
            code,
            out: String::new(),
            err,
        }
    }
}

/// The two notices that stand before the first warning or alert.
pub fn preamble(pid: u32) -> String {
    let exe = std::env::current_exe().unwrap_or_default();
    message(
        Severity::Notice,
        &format!("{} version is {}", version::NAME, version::VERSION),
        pid,
    ) + &message(
        Severity::Notice,
        &format!("path to executable is {}", exe.display()),
        pid,
    )
}

/// Reads the arguments (the program's name first). An error is the text and code to end with.
pub fn parse(args: &[String]) -> Result<Invocation, Exit> {
    let mut args = args.iter().map(String::as_str);
    let program = args.next().unwrap_or(version::NAME);
    let program = program.rsplit('/').next().unwrap_or(program);
    let mut invocation = Invocation {
        program: program.to_owned(),
        ..Invocation::default()
    };
    let args: Vec<&str> = args.collect();
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        at += 1;
        if *arg == "--" {
            invocation
                .files
                .extend(args.iter().skip(at).map(PathBuf::from));
            break;
        }
        let Some(flag) = flags::find(arg) else {
            return Err(usage(&invocation));
        };
        at += flags::apply(
            flag,
            arg,
            args.get(at..).unwrap_or_default(),
            &mut invocation,
        )?;
    }
    let needs_files = invocation.version == 0
        && invocation.condition.is_none()
        && !invocation.keywords.iter().any(|class| class == "help");
    if needs_files && invocation.files.is_empty() {
        return Err(usage(&invocation));
    }
    Ok(invocation)
}

/// The usage text, derived from the table.
fn usage(invocation: &Invocation) -> Exit {
    let mut err = format!(
        "Usage : {} [-f <cfgfile|cfgdir>]* [ -vdVD ] [ -n <maxconn> ] [ -N <maxpconn> ]\n\
         \x20       [ -p <pidfile> ] [ -m <max megs> ] [ -C <dir> ] [-- <cfgfile>*]\n",
        invocation.program
    );
    for flag in FLAGS {
        err.push_str(&format!(
            "        {:<17} {}\n",
            format!("{}{}", flag.name, flag.takes.shown()),
            flag.doc
        ));
    }
    Exit {
        code: 1,
        out: banner(),
        err: err + "\n",
    }
}

/// Answers `-cc`: 0 for true, 1 for false, 2 for an error.
pub fn check_condition(text: &str, env: &Env, enabled: &[&'static str]) -> Exit {
    let variable = |name: &str| env.get(name.as_bytes()).map(<[u8]>::to_vec);
    let failed =
        |why: &str| Exit::alert(2, &format!("config : Failed to evaluate condition: {why}"));
    let words = match words(text.as_bytes(), crate::diag::Span::default(), &variable) {
        Ok(words) => words,
        Err(diagnostic) => return failed(&diagnostic.message),
    };
    let text = words
        .iter()
        .map(|word| word.text())
        .collect::<Vec<_>>()
        .join(" ");
    match condition::evaluate(&text, World { env, enabled }) {
        Ok(answer) => Exit {
            code: u8::from(!answer),
            out: String::new(),
            err: String::new(),
        },
        Err(error) => failed(&error.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Invocation, Exit> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&args)
    }

    fn base() -> Invocation {
        Invocation {
            program: "haproxy".into(),
            files: vec!["a".into()],
            ..Invocation::default()
        }
    }

    #[test]
    fn flags_do_what_the_guide_says() {
        type Change = fn(&mut Invocation);
        let cases: [(&str, Change); 14] = [
            ("-c", |i| i.check = true),
            ("-f b -f c", |i| i.files.extend(["b".into(), "c".into()])),
            ("-db", |i| i.foreground = true),
            ("-d", |i| i.debug = true),
            ("-W", |i| i.master_worker = MasterWorker::On),
            ("-Ws", |i| i.master_worker = MasterWorker::Systemd),
            ("-D -p /run/x -n 10", |i| {
                i.daemon = true;
                i.pid_file = Some("/run/x".into());
                i.maxconn = Some(10);
            }),
            ("-sf 1 2 3 -q", |i| {
                i.replaces = Some((Farewell::Finish, vec![1, 2, 3]));
                i.quiet = true;
            }),
            ("-st", |i| i.replaces = Some((Farewell::Terminate, vec![]))),
            ("-dKsmp,acl", |i| {
                i.keywords = vec!["smp".into(), "acl".into()]
            }),
            ("-dW -dD -dV", |i| {
                i.zero_warning = true;
                i.diagnostics = true;
                i.no_server_verify = true;
            }),
            ("-x /s -S :1 -L me -C /d", |i| {
                i.take_over = Some("/s".into());
                i.master_cli = vec![":1".into()];
                i.local_peer = Some("me".into());
                i.directory = Some("/d".into());
            }),
            ("--strict-haproxy", |i| i.strict = true),
            ("-- b -c", |i| i.files.extend(["b".into(), "-c".into()])),
        ];
        for (line, change) in cases {
            let mut wanted = base();
            change(&mut wanted);
            assert_eq!(
                read(&format!("/usr/sbin/haproxy -f a {line}")),
                Ok(wanted),
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_not_understood_ends_with_the_usage_and_1() {
        for line in [
            "x",
            "x -c",
            "x -f",
            "x -f a -foo",
            "x -f a b",
            "x -f a -n",
            "x -f a -n abc",
            "x -f a -db2",
        ] {
            let exit = read(line).err();
            assert!(
                exit.is_some_and(|e| e.code == 1 && e.err.starts_with("Usage : x ")),
                "{line}"
            );
        }
        let exit = read("x -f a -sf 1 b2").err();
        assert!(exit.is_some_and(|e| {
            e.err
                .contains("-sf option: some bytes unconsumed in PID list {b2}")
        }));
        let exit = read("x -f a -x").err();
        assert!(exit.is_some_and(|e| e.err.contains("Unix socket path expected with the -x flag")));
    }

    #[test]
    fn versions_and_conditions_need_no_file() {
        assert_eq!(read("x -vv").map(|i| i.version), Ok(2));
        assert_eq!(read("x -v").map(|i| i.version), Ok(1));
        assert_eq!(
            read("x -cc 1").map(|i| i.condition),
            Ok(Some("1".to_owned()))
        );
    }

    #[test]
    fn conditions_answer_with_exit_codes() {
        let env = Env::default();
        for (text, code) in [
            ("1", 0),
            ("0", 1),
            ("", 1),
            ("streq(\"a b\",a b)", 0),
            ("foo", 2),
            ("\"", 2),
        ] {
            assert_eq!(check_condition(text, &env, &[]).code, code, "{text}");
        }
    }
}
