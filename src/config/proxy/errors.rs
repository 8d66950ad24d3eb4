//! `errorfile`, `errorloc*`, `errorfiles`, `http-error`.

use super::super::draft::Draft;
use super::super::http_errors;
use super::super::keyword::{Keyword, Sections, within};
use crate::action;

pub(super) const KEYWORDS: &[Keyword<Draft>] = &[
    within(
        Sections::ALL,
        "errorfile",
        "<code> <file>",
        "a file to send instead of the built-in reply",
        |d, a, _| {
            let (status, file) = http_errors::error_file(a)?;
            d.proxy.settings.errors.by_status.insert(status, file);
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "errorloc",
        "<code> <url>",
        "a place to send clients to instead (302)",
        |d, a, _| {
            let (status, file) = http_errors::error_location(a, 302)?;
            d.proxy.settings.errors.by_status.insert(status, file);
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "errorloc302",
        "<code> <url>",
        "a place to send clients to instead (302)",
        |d, a, _| {
            let (status, file) = http_errors::error_location(a, 302)?;
            d.proxy.settings.errors.by_status.insert(status, file);
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "errorloc303",
        "<code> <url>",
        "a place to send clients to instead (303)",
        |d, a, _| {
            let (status, file) = http_errors::error_location(a, 303)?;
            d.proxy.settings.errors.by_status.insert(status, file);
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "errorfiles",
        "<section> [<code>]*",
        "replies of an http-errors section",
        |d, a, _| {
            let word = a.word("<name> of an http-errors section")?;
            let name = word.text().into_owned();
            d.error_sections.push((name.clone(), word.span));
            let mut codes = Vec::new();
            while !a.done() {
                codes.push(http_errors::status(a)?);
            }
            d.proxy.settings.errors.sections.push((name, codes));
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "http-error",
        "status <code> [<content>]",
        "a reply to send instead of the built-in one",
        |d, a, l| {
            let place = d.request_place();
            let (status, file) = action::http_error(a, &mut d.context(place, l))?;
            d.proxy.settings.errors.by_status.insert(status, file);
            Ok(())
        },
    ),
];
