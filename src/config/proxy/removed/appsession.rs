//! `appsession`: keeps clients on servers by the session of the application, with the lines of today: a stick table and
//! `stick` rules (manual 1.5, 4.2 `appsession`).

use super::super::super::args::{Args, Parsed, Prefix};
use super::super::super::draft::Draft;
use super::super::super::keyword::Sections;
use super::super::super::load::Load;
use super::super::{keyword, stands_here};
use super::spoken;
use crate::diag::Diagnostic;
use crate::syntax::{Line, Word};

/// Sessions that are kept: the table is bounded, as HAProxy's was not.
const SIZE: &str = "200k";

/// What the words of the line say.
#[derive(Default)]
struct Session<'a> {
    name: &'a str,
    length: &'a str,
    timeout: &'a str,
    learns: bool,
    prefix: bool,
    query: bool,
}

impl<'a> Session<'a> {
    fn read(words: &'a [String]) -> Result<Self, String> {
        let mut rest = words.iter().map(String::as_str);
        let mut session = Self {
            name: rest.next().unwrap_or_default(),
            ..Self::default()
        };
        while let Some(word) = rest.next() {
            match word {
                "len" => session.length = rest.next().unwrap_or_default(),
                "timeout" => session.timeout = rest.next().unwrap_or_default(),
                "request-learn" => session.learns = true,
                "prefix" => session.prefix = true,
                "mode" => match rest.next() {
                    Some("path-parameters") => session.query = false,
                    Some("query-string") => session.query = true,
                    _ => {
                        return Err("expects 'path-parameters' or 'query-string' as mode.".into());
                    }
                },
                other => return Err(format!("does not know the word '{other}'.")),
            }
        }
        match [session.name, session.length, session.timeout].contains(&"") {
            true => Err("expects <cookie> len <length> timeout <time>.".into()),
            false => Ok(session),
        }
    }

    /// Today's lines for the same.
    fn lines(&self) -> Vec<String> {
        let name = self.name;
        let uses = if self.learns { "on" } else { "match" };
        let mut lines = vec![format!(
            "stick-table type string len {} size {SIZE} expire {}",
            self.length, self.timeout
        )];
        if self.prefix {
            // What follows the prefix, the rest of the name and the value, is the session.
            let header = |fetch: &str| {
                let escaped = regex_escaped(name);
                format!("{fetch},regsub('^(.*[;,[:space:]])?{escaped}([^;,]*).*','\\2')")
            };
            let (request, response) = (header("req.hdr(cookie)"), header("res.hdr(set-cookie)"));
            lines.push(format!(
                "stick {uses} {request} if {{ req.hdr(cookie) -m sub {name} }}"
            ));
            lines.push(format!(
                "stick store-response {response} if {{ res.hdr(set-cookie) -m beg {name} }}"
            ));
            return lines;
        }
        let place = match self.query {
            true => format!("urlp({name})"),
            false => format!(
                "path,regsub('^[^;]*;(.*;)?{}=([^;]*).*','\\2') if {{ path -m sub ;{name}= }}",
                regex_escaped(name)
            ),
        };
        lines.push(format!("stick {uses} req.cook({name})"));
        lines.push(format!("stick {uses} {place}"));
        lines.push(format!("stick store-response res.cook({name})"));
        lines
    }
}

fn regex_escaped(name: &str) -> String {
    let special = |c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-';
    name.chars()
        .flat_map(|c| special(c).then_some('\\').into_iter().chain([c]))
        .collect()
}

/// What to write today.
pub(super) fn today(words: &[String]) -> Option<String> {
    let lines = Session::read(words).ok()?.lines();
    let lines: Vec<String> = lines.iter().map(|line| pasted(line)).collect();
    Some(lines.join("`, `"))
}

/// A line as it can be written: words with quotes in double ones.
fn pasted(line: &str) -> String {
    let words = line.split(' ').map(|word| match word.contains('\'') {
        true => format!("\"{}\"", word.replace('\\', "\\\\")),
        false => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// `appsession <cookie> len <length> timeout <time> [request-learn] [prefix] [mode <mode>]`
pub(super) fn read(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    if !stands_here(draft, Sections::BACK, args, load)? {
        args.skip();
        return Ok(());
    }
    let words: Vec<String> = args.rest().iter().map(|w| w.text().into_owned()).collect();
    args.skip();
    let session = match Session::read(&words) {
        Ok(session) => session,
        Err(problem) => return args.fail(&problem),
    };
    if draft.proxy.table.is_some() {
        let message = "'appsession' needs the stick table of this section, which has one already.";
        let help = session.lines().into_iter().skip(1);
        let mut problem = Diagnostic::alert(args.keyword(), message);
        problem
            .help
            .extend(help.map(|line| format!("write instead: `{}`", pasted(&line))));
        return Err(Box::new(problem));
    }
    let span = args.keyword();
    for text in session.lines() {
        let words: Vec<Word> = spoken(&text, span).collect();
        let line = Line { words, span };
        keyword(draft, &mut Args::new(&line, 0, Prefix::None), load)?;
    }
    Ok(())
}
