//! The steps of an expression: the fetch, the converters behind it, and their arguments.

use std::ops::Range;

use crate::diag::Diagnostic;
use crate::sample::args::{self, Param};
use crate::sample::check::{self, Fault, Refusal};
use crate::sample::expr::Step;
use crate::sample::names::Unlinked;
use crate::sample::place::Place;
use crate::sample::reader::Reader;
use crate::sample::table::{Convert, Converter, Fetch, Get};
use crate::sample::{Expr, Linker, Pending, Sample, Type, convert, fetch as fetches};

use super::{Context, alert, unknown};

/// An expression as far as it has been read.
pub(super) struct Draft {
    fetch: &'static Fetch,
    args: Unlinked,
    ty: Type,
    steps: Vec<(&'static Converter, Unlinked)>,
}

impl Draft {
    pub(super) fn finish(self) -> Expr {
        let Self {
            fetch,
            args,
            ty,
            steps,
        } = self;
        let converters = steps.iter().map(|(converter, _)| converter.name).collect();
        let link = move |linker: &mut Linker<'_>| {
            let mut linked = Vec::with_capacity(steps.len());
            for (converter, args) in &steps {
                linked.push(Step {
                    cast: converter.convert.takes(),
                    convert: converter.convert,
                    args: args.link(linker)?,
                });
            }
            Ok(Sample::new(fetch.get, args.link(linker)?, linked))
        };
        Expr {
            converters,
            ty,
            fetch: fetch.name.to_owned(),
            points: fetch.get.points(),
            sample: Pending::new(link),
        }
    }
}

/// Reads the fetch that an expression begins with.
pub(super) fn fetch(reader: &mut Reader<'_>, cx: &Context<'_>) -> Result<Draft, Box<Diagnostic>> {
    let range = reader.name();
    let name = reader.text(range.clone());
    let span = reader.span(range.clone());
    if name.is_empty() {
        return Err(alert(span, "missing fetch method"));
    }
    let Some(entry) = fetches::find(&name) else {
        if let Some(missing) = fetches::missing(&name) {
            return Err(alert(span, format!("'{name}' needs {missing}")));
        }
        return Err(unknown::fetch(&name, span, &reader.rest()));
    };
    let args = arguments(reader, entry.params, "fetch method", &name, &range, "", cx)?;
    if let Get::Later(missing) = entry.get {
        return Err(alert(span, format!("'{name}' needs {missing}")));
    }
    let points = entry.get.points();
    if cx.place != Place::Acl && !points.has(Place::TcpSession) {
        cx.contents.expr.set(true);
    }
    if cx.place != Place::Acl && !points.has(cx.place) {
        let needs = entry.get.needs();
        let extracts = format!(
            "fetch method '{name}' extracts information from '{needs}', none of which is available"
        );
        let message = match cx.place {
            Place::BackServer => format!("{extracts} during request."),
            Place::StickStore => format!("{extracts} for 'store-response'."),
            _ => format!(
                "sample fetch <{name}> may not be reliably used here because it needs '{needs}' which is not available \
                 here"
            ),
        };
        return Err(Box::new(
            Diagnostic::alert(span, message)
                .label("not available here")
                .help(format!("it can be used in: {}", points.describe())),
        ));
    }
    Ok(Draft {
        fetch: entry,
        args,
        ty: entry.out,
        steps: Vec::new(),
    })
}

/// Reads converters as long as commas lead to them; `first` if one begins right here.
pub(super) fn converters(
    reader: &mut Reader<'_>,
    draft: &mut Draft,
    first: bool,
    cx: &Context<'_>,
) -> Result<(), Box<Diagnostic>> {
    let mut more = first || reader.commas();
    while more {
        let range = reader.name();
        let name = reader.text(range.clone());
        let span = reader.span(range.clone());
        let Some(entry) = convert::find(&name) else {
            if let Some(missing) = convert::missing(&name) {
                return Err(alert(span, format!("'{name}' needs {missing}")));
            }
            return Err(unknown::converter(&name, span));
        };
        let args = arguments(
            reader,
            entry.params,
            "converter",
            &name,
            &range,
            draft.fetch.name,
            cx,
        )?;
        if let Convert::Later(_, missing) = entry.convert {
            return Err(alert(span, format!("'{name}' needs {missing}")));
        }
        let takes = entry.convert.takes();
        if !draft.ty.casts_to(takes) {
            let ty = draft.ty.name();
            return Err(Box::new(
                Diagnostic::alert(span, format!("converter '{name}' cannot be applied"))
                    .label(format!("takes {}, is given {ty}", takes.name()))
                    .help(format!("what stands before gives a sample of type {ty}")),
            ));
        }
        draft.ty = entry.out;
        draft.steps.push((entry, args));
        more = reader.commas();
    }
    Ok(())
}

fn arguments(
    reader: &mut Reader<'_>,
    params: &'static [Param],
    what: &str,
    name: &str,
    named: &Range<usize>,
    fetch: &str,
    cx: &Context<'_>,
) -> Result<Unlinked, Box<Diagnostic>> {
    let raw = reader.arguments().map_err(|mut diagnostic| {
        diagnostic.message = format!("{what} '{name}' : {}", diagnostic.message);
        diagnostic
    })?;
    let checked = check::check(params, raw.as_deref(), reader.line(), cx)
        .map_err(|refusal| refused(refusal, reader, params, what, name, named))?;
    let here = reader.span(named.clone());
    let place = |range: Option<Range<usize>>| range.map_or(here, |range| reader.span(range));
    let owner = match (what, &cx.place) {
        ("converter", place) => {
            let fetch = keyword(*place, fetch);
            format!("conversion keyword '{name}' for {fetch}")
        }
        (_, place) => keyword(*place, name),
    };
    Ok(Unlinked {
        args: checked
            .into_iter()
            .map(|(loose, range)| (loose, place(range)))
            .collect(),
        owner,
    })
}

/// How messages of linking call a fetch, and where it stands.
fn keyword(place: Place, name: &str) -> String {
    match place.expression() {
        None => format!("ACL keyword '{name}'"),
        Some(whose) => format!("sample fetch keyword '{name}' in {whose}"),
    }
}

/// The alert about arguments, in HAProxy's words: it tells those of the wrong type from those whose value
/// will not do.
fn refused(
    refusal: Refusal,
    reader: &Reader<'_>,
    params: &[Param],
    what: &str,
    name: &str,
    named: &Range<usize>,
) -> Box<Diagnostic> {
    let Refusal {
        message,
        range,
        fault,
        help,
    } = refusal;
    let range = range.unwrap_or_else(|| named.clone());
    let lead = match (what, &fault) {
        ("converter", Fault::Argument(at) | Fault::Extra(at)) => {
            format!("invalid arg {} in ", at + 1)
        }
        (_, Fault::Value) => "invalid args in ".to_owned(),
        _ => String::new(),
    };
    let message = match fault {
        Fault::Extra(at) => {
            // The first extra argument is what HAProxy stops at, or the comma before it.
            let from = range.start + usize::from(at == 0);
            format!("expected ')' before '{}'", reader.behind(from))
        }
        _ => message,
    };
    let range = match fault {
        Fault::Extra(0) => range.start + 1..range.end,
        _ => range,
    };
    let mut alert = Diagnostic::alert(
        reader.span(range),
        format!("{lead}{what} '{name}' : {message}"),
    );
    alert.help.extend(help);
    let signature = args::signature(params);
    Box::new(match (fault, signature.as_str()) {
        (Fault::Extra(_), "") => alert
            .label("not expected")
            .help(format!("'{name}' takes no arguments")),
        (Fault::Extra(_), _) => alert
            .label("not expected")
            .help(format!("it is written {name}{signature}")),
        _ => alert.help(format!("it is written {name}{signature}")),
    })
}
