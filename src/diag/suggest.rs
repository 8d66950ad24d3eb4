//! "Did you mean": the known name that is nearest to one that is not known.

/// The candidate nearest to `name`, if one is near enough to be worth showing: at most one slip in
/// three letters, swapped neighbours counting as one.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count().max(3) / 3).min(4);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The sentence that offers [`closest`], for [`super::Diagnostic::help`].
pub fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    closest(name, candidates).map(|found| format!("did you mean `{found}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered_and_far_ones_are_not() {
        let known = ["field", "word", "lower", "regsub", "http-request"];
        for (typed, meant) in [
            ("feild", Some("field")),
            ("lowr", Some("lower")),
            ("http-requset", Some("http-request")),
            ("wrd", Some("word")),
            ("zzz", None),
            ("", None),
            ("field", None),
        ] {
            assert_eq!(closest(typed, known), meant, "{typed}");
        }
    }
}
