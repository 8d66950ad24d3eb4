//! The commands, as one table; finding one by its words.

use std::pin::Pin;

use super::certificate::{authority, cert, list};
use super::{
    Desk, help, ocsp, pattern, peers, process, resolvers, server, show, table, ticket_keys,
    variable,
};

use crate::tls::{Authorities, Revocations};

/// What a session may do (`level`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Reads what is not sensitive.
    User,
    /// Reads all, changes nothing that lasts.
    Operator,
    /// Everything.
    Admin,
}

impl Level {
    /// From the number in the settings: 0 user, 1 operator, 2 admin.
    pub fn from_number(number: u8) -> Self {
        match number {
            0 => Self::User,
            1 => Self::Operator,
            _ => Self::Admin,
        }
    }

    /// Its keyword.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// An answer that takes time.
pub(super) type Later = Pin<Box<dyn Future<Output = String>>>;

/// A command under way.
pub(super) struct Call<'a> {
    /// What it works on.
    pub(super) desk: &'a Desk,
    /// The words after those that name it.
    pub(super) args: &'a [&'a str],
    /// The lines that came with it (`<<`).
    pub(super) payload: Option<&'a str>,
    /// What the session may do; commands can lower it.
    pub(super) level: &'a mut Level,
    /// Put here by a command whose answer takes time: what comes behind its text.
    pub(super) later: Option<Later>,
}

impl Call<'_> {
    /// Argument number `at`, or nothing.
    pub(super) fn arg(&self, at: usize) -> &str {
        self.args.get(at).copied().unwrap_or_default()
    }
}

/// A command.
pub struct Command {
    /// The words that name it.
    pub words: &'static [&'static str],
    /// Its words and arguments as the help shows them.
    pub usage: &'static str,
    /// One line about it.
    pub doc: &'static str,
    /// The level it needs.
    pub level: Level,
    run: fn(&mut Call<'_>) -> String,
}

const fn command(
    words: &'static [&'static str],
    usage: &'static str,
    doc: &'static str,
    level: Level,
    run: fn(&mut Call<'_>) -> String,
) -> Command {
    Command {
        words,
        usage,
        doc,
        level,
        run,
    }
}

use Level::{Admin, Operator, User};

/// All commands, by name. `help`, `prompt` and `quit` belong to the session.
#[rustfmt::skip]
pub static COMMANDS: &[Command] = &[
    command(&["abort", "ssl", "ca-file"], "abort ssl ca-file <cafile>", "abort a transaction for a CA file", Admin, authority::abort::<Authorities>),
    command(&["abort", "ssl", "cert"], "abort ssl cert <certfile>", "abort a transaction for a certificate file", Admin, cert::abort),
    command(&["abort", "ssl", "crl-file"], "abort ssl crl-file <crlfile>", "abort a transaction for a CRL file", Admin, authority::abort::<Revocations>),
    command(&["add", "acl"], "add acl [@<ver>] <acl> <pattern>", "add an acl entry", User, pattern::add_acl),
    command(&["add", "map"], "add map [@<ver>] <map> <key> <val>", "add a map entry (payload supported instead of key/val)", User, pattern::add_map),
    command(&["add", "ssl", "ca-file"], "add ssl ca-file <cafile> <payload>", "add a certificate into the CA file", Admin, authority::add),
    command(&["add", "ssl", "crt-list"], "add ssl crt-list <list> <cert> [opts]*", "add to crt-list file <list> a line <cert> or a payload", Admin, list::add),
    command(&["clear", "acl"], "clear acl [@<ver>] <acl>", "clear the contents of this acl", User, pattern::clear_acl),
    command(&["clear", "counters"], "clear counters [all]", "clear max statistics counters (or all counters)", Operator, process::clear_counters),
    command(&["clear", "map"], "clear map [@<ver>] <map>", "clear the contents of this map", User, pattern::clear_map),
    command(&["clear", "table"], "clear table <table> [<filter>]*", "remove an entry from a table (filter: data/key)", Operator, table::clear),
    command(&["commit", "acl"], "commit acl @<ver> <acl>", "commit the ACL at this version", User, pattern::commit_acl),
    command(&["commit", "map"], "commit map @<ver> <map>", "commit the map at this version", User, pattern::commit_map),
    command(&["commit", "ssl", "ca-file"], "commit ssl ca-file <cafile>", "commit a CA file", Admin, authority::commit::<Authorities>),
    command(&["commit", "ssl", "cert"], "commit ssl cert <certfile>", "commit a certificate file", Admin, cert::commit),
    command(&["commit", "ssl", "crl-file"], "commit ssl crl-file <crlfile>", "commit a CRL file", Admin, authority::commit::<Revocations>),
    command(&["del", "acl"], "del acl <acl> [<key>|#<ref>]", "delete acl entries matching <key>", User, pattern::del_acl),
    command(&["del", "map"], "del map <map> [<key>|#<ref>]", "delete map entries matching <key>", User, pattern::del_map),
    command(&["del", "ssl", "ca-file"], "del ssl ca-file <cafile>", "delete an unused CA file", Admin, authority::del_ca),
    command(&["del", "ssl", "cert"], "del ssl cert <certfile>", "delete an unused certificate file", Admin, cert::del),
    command(&["del", "ssl", "crl-file"], "del ssl crl-file <crlfile>", "delete an unused CRL file", Admin, authority::del_crl),
    command(&["del", "ssl", "crt-list"], "del ssl crt-list <list> <cert[:line]>", "delete a line <cert> from crt-list file <list>", Admin, list::del),
    command(&["disable", "frontend"], "disable frontend <frontend>", "temporarily disable specific frontend", Admin, process::disable_frontend),
    command(&["disable", "health"], "disable health", "disable health checks", Admin, server::disable_health),
    command(&["disable", "server"], "disable server (DEPRECATED)", "disable a server for maintenance (use 'set server' instead)", Admin, server::disable),
    command(&["enable", "frontend"], "enable frontend <frontend>", "re-enable specific frontend", Admin, process::enable_frontend),
    command(&["enable", "health"], "enable health", "enable health checks", Admin, server::enable_health),
    command(&["enable", "server"], "enable server  (DEPRECATED)", "enable a disabled server (use 'set server' instead)", Admin, server::enable),
    command(&["get", "acl"], "get acl <acl> <value>", "report the patterns matching a sample for an ACL", User, pattern::get_acl),
    command(&["get", "map"], "get map <acl> <value>", "report the keys and values matching a sample for a map", User, pattern::get_map),
    command(&["get", "var"], "get var <name>", "retrieve contents of a process-wide variable", Operator, variable::get),
    command(&["get", "weight"], "get weight <bk>/<srv>", "report a server's current weight", User, server::get_weight),
    command(&["new", "ssl", "ca-file"], "new ssl ca-file <cafile>", "create a new CA file to be used in a crt-list", Admin, authority::create::<Authorities>),
    command(&["new", "ssl", "cert"], "new ssl cert <certfile>", "create a new certificate file to be used in a crt-list or a directory", Admin, cert::create),
    command(&["new", "ssl", "crl-file"], "new ssl crlfile <crlfile>", "create a new CRL file to be used in a crt-list", Admin, authority::create::<Revocations>),
    command(&["operator"], "operator", "lower the level of the current CLI session to operator", User, process::operator),
    command(&["prepare", "acl"], "prepare acl <acl>", "prepare a new version for atomic ACL replacement", User, pattern::prepare_acl),
    command(&["prepare", "map"], "prepare map <acl>", "prepare a new version for atomic map replacement", User, pattern::prepare_map),
    command(&["reload"], "reload", "read the configuration again and run it in place of this one", Admin, process::reload),
    command(&["set", "map"], "set map <map> [<key>|#<ref>] <value>", "modify a map entry", User, pattern::set_map),
    command(&["set", "server"], "set server <bk>/<srv> [opts]", "change a server's state, weight, address or ssl", Admin, server::set),
    command(&["set", "ssl", "ca-file"], "set ssl ca-file <cafile> <payload>", "replace a CA file", Admin, authority::set::<Authorities>),
    command(&["set", "ssl", "cert"], "set ssl cert <certfile> <payload>", "replace a certificate file", Admin, cert::set),
    command(&["set", "ssl", "crl-file"], "set ssl crl-file <crlfile> <payload>", "replace a CRL file", Admin, authority::set::<Revocations>),
    command(&["set", "ssl", "ocsp-response"], "set ssl ocsp-response <resp|payload>", "update a certificate's OCSP Response from a base64-encode DER", Admin, ocsp::set),
    command(&["set", "ssl", "tls-key"], "set ssl tls-key [id|file] <key>", "set the next TLS key for the <id> or <file> listener to <key>", Admin, ticket_keys::set),
    command(&["set", "table"], "set table <table> key <k> [data.* <v>]*", "update or create a table entry's data", Operator, table::set),
    command(&["set", "weight"], "set weight <bk>/<srv>  (DEPRECATED)", "change a server's weight (use 'set server' instead)", Admin, server::set_weight),
    command(&["show", "acl"], "show acl [@<ver>] <acl>]", "report available acls or dump an acl's contents", User, pattern::show_acl),
    command(&["show", "backend"], "show backend", "list backends in the current running config", User, show::backends),
    command(&["show", "cli", "level"], "show cli level", "display the level of the current CLI session", User, show::cli_level),
    command(&["show", "cli", "sockets"], "show cli sockets", "dump list of cli sockets", Operator, show::cli_sockets),
    command(&["show", "env"], "show env [var]", "dump environment variables known to the process", Operator, show::env),
    command(&["show", "info"], "show info [desc|json|typed]*", "report information about the running process", User, show::info),
    command(&["show", "map"], "show map [@ver] [map]", "report available maps or dump a map's contents", User, pattern::show_map),
    command(&["show", "peers"], "show peers [dict|-] [section]", "dump some information about all the peers or this peers section", User, peers::show),
    command(&["show", "resolvers"], "show resolvers [id]", "dumps counters from all resolvers section and associated name servers", User, resolvers::show),
    command(&["show", "servers", "conn"], "show servers conn [<backend>]", "dump server connections status (all or for a single backend)", User, show::servers_conn),
    command(&["show", "servers", "state"], "show servers state [<backend>]", "dump volatile server information (all or for a single backend)", User, show::servers_state),
    command(&["show", "ssl", "ca-file"], "show ssl ca-file [<cafile>[:<index>]]", "display the SSL CA files used in memory, or the details of a <cafile>, or a single certificate of index <index> of a CA file <cafile>", User, authority::show::<Authorities>),
    command(&["show", "ssl", "cert"], "show ssl cert [<certfile>]", "display the SSL certificates used in memory, or the details of a file", User, cert::show),
    command(&["show", "ssl", "crl-file"], "show ssl crl-file [<crlfile[:<index>>]]", "display the SSL CRL files used in memory, or the details of a <crlfile>, or a single CRL of index <index> of CRL file <crlfile>", User, authority::show::<Revocations>),
    command(&["show", "ssl", "crt-list"], "show ssl crt-list [-n] [<list>]", "show the list of crt-lists or the content of a crt-list file <list>", Admin, list::show),
    command(&["show", "ssl", "ocsp-response"], "show ssl ocsp-response [[text|base64] id]", "display the IDs of the OCSP responses used in memory, or the details of a single OCSP response (in text or base64 format)", User, ocsp::show),
    command(&["show", "ssl", "ocsp-updates"], "show ssl ocsp-updates", "display information about the next 'nb' ocsp responses that will be updated automatically", User, ocsp::updates),
    command(&["show", "stat"], "show stat [desc|json|no-maint|typed|up]*", "report counters for each proxy and server", User, show::stat),
    command(&["show", "table"], "show table <table> [<filter>]*", "report table usage stats or dump this table's contents (filter: data/key)", User, table::show),
    command(&["show", "tls-keys"], "show tls-keys [id|*]", "show tls keys references or dump tls ticket keys when id specified", User, ticket_keys::show),
    command(&["show", "version"], "show version", "show version of the current process", User, show::version),
    command(&["shutdown", "frontend"], "shutdown frontend <frontend>", "stop a specific frontend", Admin, process::disable_frontend),
    command(&["shutdown", "sessions", "server"], "shutdown sessions server <bk>/<srv>", "kill sessions on a server", Admin, server::shutdown_sessions),
    command(&["update", "ssl", "ocsp-response"], "update ssl ocsp-response <certfile>", "send ocsp request and update stored ocsp response", Admin, ocsp::update),
    command(&["user"], "user", "lower the level of the current CLI session to user", User, process::user),
];

/// What a command says.
#[derive(Default)]
pub(super) struct Answer {
    text: String,
    later: Option<Later>,
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self { text, later: None }
    }
}

impl Answer {
    /// All of it, once it is there.
    pub(super) async fn whole(self) -> String {
        match self.later {
            Some(later) => self.text + &later.await,
            None => self.text,
        }
    }
}

/// Carries out one command; answers its text, without the empty line that ends it.
pub(super) fn execute(
    desk: &Desk,
    words: &[&str],
    payload: Option<&str>,
    level: &mut Level,
) -> Answer {
    let known = COMMANDS
        .iter()
        .find(|command| words.starts_with(command.words));
    match known {
        Some(command) if *level < command.level => "Permission denied\n".to_owned().into(),
        Some(command) => {
            let args = words.get(command.words.len()..).unwrap_or_default();
            let mut call = Call {
                desk,
                args,
                payload,
                level,
                later: None,
            };
            Answer {
                text: (command.run)(&mut call),
                later: call.later,
            }
        }
        None if words.first() == Some(&"help") => {
            help::listing(words.get(1..).unwrap_or_default(), *level).into()
        }
        None => help::unknown(words, *level).into(),
    }
}
