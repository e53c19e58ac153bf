//! Names of defences.

use plimsoll_sim::outage::{Defence, DefenceError};

fn named(text: &str) -> Result<String, DefenceError> {
    text.parse::<Defence>().map(|defence| defence.to_string())
}

#[test]
fn names_have_one_form() {
    for (given, shown) in [
        ("no-retries", "no-retries"),
        ("three-tries", "three-tries"),
        ("three-tries+jitter", "three-tries+jitter"),
        ("retries", "retries"),
        ("jitter", "jitter"),
        ("retries+jitter", "jitter"),
        ("jitter+budget", "budget"),
        ("breaker+retries", "breaker"),
        (
            "breaker+bounded-queue+tower-budget",
            "tower-budget+bounded-queue+breaker",
        ),
        ("bounded-queue+breaker+budget", "all"),
        ("all", "all"),
        ("all+three-tries", "three-tries+all"),
        ("no-retries+breaker", "no-retries+breaker"),
        ("no-retries+all", "no-retries+bounded-queue+breaker"),
    ] {
        assert_eq!(named(given).as_deref(), Ok(shown), "{given}");
        assert_eq!(shown.parse::<Defence>(), given.parse(), "{given}");
    }
}

#[test]
fn the_usual_ones_are_known_and_differ() {
    let usual = Defence::usual();
    assert_eq!(usual.len(), 14);
    for (i, defence) in usual.iter().enumerate() {
        assert!(!usual[..i].contains(defence), "{defence}");
    }
}

#[test]
fn what_is_no_defence_is_refused() {
    for (given, part) in [
        ("", ""),
        ("budget+", ""),
        ("Budget", "Budget"),
        ("jitter breaker", "jitter breaker"),
    ] {
        let part = part.to_owned();
        assert_eq!(named(given), Err(DefenceError::Unknown { part }), "{given}");
    }
    for (given, one, other) in [
        ("budget+tower-budget", "budget", "tower-budget"),
        ("no-retries+three-tries", "no-retries", "three-tries"),
        ("breaker+breaker", "breaker", "breaker"),
        ("all+budget", "all", "budget"),
        ("jitter+all", "jitter", "all"),
    ] {
        assert_eq!(
            named(given),
            Err(DefenceError::Both { one, other }),
            "{given}"
        );
    }
    for (given, part) in [
        ("no-retries+budget", "budget"),
        ("jitter+no-retries", "jitter"),
        ("no-retries+breaker+tower-budget", "tower-budget"),
    ] {
        let refused = named(given);
        assert_eq!(refused, Err(DefenceError::NoRetry { part }), "{given}");
    }
    let said = named("x").unwrap_err().to_string();
    assert!(
        said.contains("bounded-queue, breaker and all") && said.contains("\"x\""),
        "{said}"
    );
}
