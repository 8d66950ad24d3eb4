//! What a request asks of the page, and links that ask for something else.

use crate::settings::Stats;
use crate::stats::text;

/// The outcome of a change, as the page's address carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Nothing was to be done.
    None,
    /// Some of it was done.
    Part,
    /// The parameters are wrong.
    Parameters,
    /// The request is too large.
    Exceeded,
    /// It is not permitted.
    Denied,
}

impl Outcome {
    const ALL: [Self; 6] = [
        Self::Done,
        Self::None,
        Self::Part,
        Self::Parameters,
        Self::Exceeded,
        Self::Denied,
    ];

    /// `DONE` …
    pub fn code(self) -> &'static str {
        match self {
            Self::Done => "DONE",
            Self::None => "NONE",
            Self::Part => "PART",
            Self::Parameters => "ERRP",
            Self::Exceeded => "EXCD",
            Self::Denied => "DENY",
        }
    }

    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Done => "Action processed successfully.",
            Self::None => "Nothing has changed.",
            Self::Part => {
                "Action partially processed. Some server names are probably unknown or ambiguous (duplicated \
                 names in the backend)."
            }
            Self::Parameters => {
                "Action not processed because of invalid parameters. The action is maybe unknown, or the backend \
                 name is probably unknown or ambiguous (duplicated names)."
            }
            Self::Exceeded => {
                "Action not processed : the buffer couldn't store all the data. You should retry with less servers \
                 at a time."
            }
            Self::Denied => "Action denied.",
        }
    }
}

/// The form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// The page.
    #[default]
    Html,
    /// `;csv`
    Csv,
    /// `;typed`
    Typed,
    /// `;json`
    Json,
}

/// What the words after `stats uri` ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// The form.
    pub form: Form,
    /// `;up`: without servers that are down.
    pub up: bool,
    /// `;no-maint`: without servers in maintenance.
    pub no_maint: bool,
    /// `;norefresh`
    pub norefresh: bool,
    /// `?scope=`: part of a proxy's name.
    pub scope: String,
    /// `;st=`: the outcome of a change.
    pub outcome: Option<Outcome>,
}

/// HAProxy's limit of `scope=`.
const SCOPE_MAX: usize = 20;

impl View {
    /// Reads what follows `stats uri` in a request's target.
    pub fn read(rest: &str) -> Self {
        let form = match rest {
            rest if rest.contains(";csv") => Form::Csv,
            rest if rest.contains(";typed") => Form::Typed,
            rest if rest.contains(";json") => Form::Json,
            _ => Form::Html,
        };
        let scope = rest.split_once("scope=").map_or("", |(_, after)| after);
        let scope = scope.split(['&', ';', ' ', '#']).next().unwrap_or_default();
        let outcome = rest.split_once(";st=").map_or("", |(_, after)| after);
        Self {
            form,
            up: rest.contains(";up"),
            no_maint: rest.contains(";no-maint"),
            norefresh: rest.contains(";norefresh"),
            scope: text::unquery(scope).chars().take(SCOPE_MAX).collect(),
            outcome: Outcome::ALL
                .into_iter()
                .find(|o| outcome.starts_with(o.code())),
        }
    }

    /// The address of the page with something changed.
    pub fn link(&self, settings: &Stats, change: impl FnOnce(&mut Self)) -> String {
        let mut view = Self {
            outcome: None,
            form: Form::Html,
            ..self.clone()
        };
        change(&mut view);
        let mut out = settings.uri.clone();
        if let Some(outcome) = view.outcome {
            out.push_str(";st=");
            out.push_str(outcome.code());
        }
        out.push_str(match view.form {
            Form::Html => "",
            Form::Csv => ";csv",
            Form::Typed => ";typed",
            Form::Json => ";json",
        });
        for (word, on) in [
            (";up", view.up),
            (";no-maint", view.no_maint),
            (";norefresh", view.norefresh),
        ] {
            if on {
                out.push_str(word);
            }
        }
        if !view.scope.is_empty() {
            // `stats uri` may have a query already: HAProxy's default has one.
            out.push_str(if out.contains('?') {
                "&scope="
            } else {
                "?scope="
            });
            text::query(&mut out, &view.scope);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_go_both_ways() {
        let settings = |uri: &str| Stats {
            uri: uri.into(),
            ..Stats::default()
        };
        let view = View::read(";up;norefresh;st=PART?scope=a%26b%3C&x=y");
        assert_eq!(
            (view.up, view.norefresh, view.no_maint),
            (true, true, false)
        );
        assert_eq!((view.outcome, &*view.scope), (Some(Outcome::Part), "a&b<"));
        assert_eq!(
            view.link(&settings("/s"), |_| {}),
            "/s;up;norefresh?scope=a%26b%3C"
        );
        assert_eq!(
            view.link(&settings("/h?stats"), |v| v.form = Form::Csv),
            "/h?stats;csv;up;norefresh&scope=a%26b%3C"
        );
        assert_eq!(View::read(";csv").form, Form::Csv);
        assert_eq!(View::read("x"), View::default());
        assert_eq!(View::read(";st=EVIL").outcome, None);
        assert_eq!(
            View::read(&format!("?scope={}", "x".repeat(99)))
                .scope
                .len(),
            20
        );
    }
}
