//! Which of the valid names was probably meant.

/// The candidate nearest to a misspelt word, if any is near: at most a third of the letters and at
/// most three differ, capitals and separators aside.
pub(super) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let plain = |text: &str| {
        let letters = text.chars().filter(|c| !matches!(c, '_' | '-' | ' '));
        letters.flat_map(char::to_lowercase).collect::<String>()
    };
    let word = plain(word);
    let limit = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&word, &plain(name)), *name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// `; did you mean "behavior"?`, or what is valid where nothing is near.
pub(super) fn suggestion(word: &str, valid: &str, candidates: &[&str]) -> String {
    match nearest(word, candidates) {
        Some(name) => format!("; did you mean \"{name}\"?"),
        None if candidates.is_empty() => String::new(),
        None => format!("; {valid}: {}", candidates.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        let fields = ["minReplicas", "maxReplicas", "behavior", "metrics", "pods"];
        for (word, meant) in [
            ("behaviour", Some("behavior")),
            ("max_replicas", Some("maxReplicas")),
            ("MinReplicas", Some("minReplicas")),
            ("metric", Some("metrics")),
            ("pod", Some("pods")),
            ("replicas", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, &fields), meant, "{word}");
        }
    }
}
