//! "Did you mean": the known name that is nearest to one that is not known.

/// The candidate nearest to `name`, if one is near enough to be worth showing: at most one slip in
/// three letters, swapped neighbours counting as one, case and the kind of dash not at all. Of equally
/// near ones that with the same letters goes first, then that with the same first letter.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count().max(3) / 3).min(4);
    let typed = folded(name);
    let letters = sorted(&typed);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name && !name.is_empty())
        .map(|candidate| {
            let known = folded(candidate);
            let distance = strsim::damerau_levenshtein(&typed, &known);
            let anagram = sorted(&known) == letters;
            let same_start = known.chars().next() == typed.chars().next();
            ((distance, !anagram, !same_start), candidate)
        })
        .filter(|((distance, ..), _)| *distance <= limit)
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, candidate)| candidate)
}

/// The sentence that offers [`closest`], for [`super::Diagnostic::help`].
pub fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    closest(name, candidates).map(offer)
}

/// The sentence that offers what stands beside `name` in a table of what people write and what they mean.
pub fn meant(name: &str, table: &[(&str, &str)]) -> Option<String> {
    let plain = |name: &str| folded(name).replace(['-', '.'], "");
    let typed = plain(name);
    table
        .iter()
        .find(|(written, _)| plain(written) == typed)
        .map(|(_, right)| offer(right))
}

fn offer(found: &str) -> String {
    format!("did you mean `{found}`?")
}

fn folded(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

fn sorted(name: &str) -> Vec<char> {
    let mut letters: Vec<char> = name.chars().collect();
    letters.sort_unstable();
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered_and_far_ones_are_not() {
        let known = [
            "str",
            "src",
            "field",
            "word",
            "lower",
            "regsub",
            "http-request",
        ];
        for (typed, meant) in [
            ("feild", Some("field")),
            ("lowr", Some("lower")),
            ("http-requset", Some("http-request")),
            ("HTTP_request", Some("http-request")),
            ("Lower", Some("lower")),
            ("scr", Some("src")),
            ("wrd", Some("word")),
            ("zzz", None),
            ("", None),
            ("field", None),
        ] {
            assert_eq!(closest(typed, known), meant, "{typed}");
        }
    }

    #[test]
    fn what_people_write_is_translated() {
        let table = [("base64_enc", "base64")];
        let help = Some("did you mean `base64`?".to_owned());
        assert_eq!(meant("base64-enc", &table), help);
        assert_eq!(meant("base64", &table), None);
    }
}
