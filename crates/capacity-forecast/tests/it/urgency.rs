//! Bars, hysteresis, and what the tracker remembers.

use std::time::Duration;

use capacity_forecast::{
    Breach, Limit, Planner, PlannerConfig, Series, Urgency, UrgencyConfig, UrgencyDecision,
    UrgencyReason, UrgencyTracker,
};
use proptest::prelude::*;

use crate::cases;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

fn tracker(config: UrgencyConfig) -> UrgencyTracker {
    UrgencyTracker::new(config).unwrap()
}

fn levels(config: UrgencyConfig, probabilities: &[f64]) -> Vec<Urgency> {
    let mut tracker = tracker(config);
    let decide = |p: &f64| tracker.decide_probability("disk", *p, DAY).level;
    probabilities.iter().map(decide).collect()
}

/// A queue of 0, 1, 2, … 71 at the hours; it reaches the limit in `limit − 71` hours.
fn breach(limit: f64) -> Breach {
    let series = Series::from_grid(Duration::ZERO, HOUR, (0..72).map(f64::from)).unwrap();
    let planner = Planner::new(PlannerConfig::default().with_horizon(DAY)).unwrap();
    let plan = planner.plan(&series, series.end()).unwrap();
    plan.breach(&Limit::at_least(limit)).unwrap()
}

#[test]
fn a_level_is_entered_at_its_bar_and_left_below_the_lower_one() {
    use Urgency::{High, Low, Medium};
    for (name, given, expected) in [
        (
            "up the bars",
            &[0.0, 0.099, 0.1, 0.499, 0.5, 1.0][..],
            &[Low, Low, Medium, Medium, High, High][..],
        ),
        (
            "down, each held for a while",
            &[0.5, 0.36, 0.34, 0.08, 0.06],
            &[High, High, Medium, Medium, Low],
        ),
        (
            "around the high bar",
            &[0.51, 0.49, 0.51, 0.49, 0.34, 0.49, 0.51],
            &[High, High, High, High, Medium, Medium, High],
        ),
        (
            "around the medium bar",
            &[0.09, 0.11, 0.09, 0.071, 0.069, 0.09],
            &[Low, Medium, Medium, Medium, Low, Low],
        ),
        (
            "from high to the held medium, past it in one step",
            &[0.6, 0.08, 0.6, 0.01],
            &[High, Medium, High, Low],
        ),
        ("no number is no good news", &[f64::NAN], &[High]),
        ("out of range", &[-3.0, 7.0], &[Low, High]),
    ] {
        assert_eq!(levels(UrgencyConfig::default(), given), expected, "{name}");
    }
}

#[test]
fn the_numbers_say_why() {
    let mut tracker = tracker(UrgencyConfig::default());
    let expected = [
        (0.05, UrgencyReason::Unlikely, 0.1),
        (0.2, UrgencyReason::Likely, 0.1),
        (0.9, UrgencyReason::Likely, 0.5),
        (0.4, UrgencyReason::Held, 0.5 * 0.7),
        (0.08, UrgencyReason::Held, 0.1 * 0.7),
    ];
    for (p, reason, bar) in expected {
        let UrgencyDecision {
            reason: given,
            probability,
            lead_time,
            bar: at,
            ..
        } = tracker.decide_probability("disk", p, DAY);
        assert_eq!((given, probability, lead_time), (reason, p, DAY));
        assert!((at - bar).abs() < 1e-12, "{p}: {at}");
    }
}

#[test]
fn each_field_of_the_configuration_changes_a_level() {
    for (config, given) in [
        (UrgencyConfig::default().with_high(0.25), &[0.3][..]),
        (UrgencyConfig::default().with_medium(0.05), &[0.06]),
        (UrgencyConfig::default().with_release(1.0), &[0.6, 0.4]),
    ] {
        let default = levels(UrgencyConfig::default(), given);
        assert_ne!(levels(config, given), default, "{config:?}");
    }
}

#[test]
fn refused_configurations_name_field_value_and_bound() {
    let default = UrgencyConfig::default;
    for (config, message) in [
        (
            default().with_high(1.01),
            "urgency.high is 1.01, must be above 0 and at most 1",
        ),
        (
            default().with_high(f64::NAN),
            "urgency.high is NaN, must be above 0 and at most 1",
        ),
        (
            default().with_medium(0.0),
            "urgency.medium is 0, must be above 0 and at most 1",
        ),
        (
            default().with_medium(0.7),
            "urgency.medium is 0.7, must be at most urgency.high (0.5)",
        ),
        (
            default().with_release(-1.0),
            "urgency.release is -1, must be above 0 and at most 1",
        ),
    ] {
        let refused = UrgencyTracker::new(config).map_err(|error| error.to_string());
        assert_eq!(refused, Err(message.to_owned()));
    }
}

#[test]
fn a_limit_that_is_reached_is_high_at_any_lead_time() {
    let config = UrgencyConfig::default().with_high(1.0).with_medium(1.0);
    for lead_time in [Duration::ZERO, HOUR, 30 * DAY] {
        let decision = tracker(config)
            .decide("queue", &breach(71.0), lead_time)
            .unwrap();
        let UrgencyDecision {
            level: urgency,
            reason,
            ..
        } = decision;
        assert_eq!((urgency, reason), (Urgency::High, UrgencyReason::Reached));
        assert!(decision.probability >= 1.0);
    }
}

#[test]
fn the_lead_time_decides() {
    let breach = breach(83.0);
    for (hours, urgency) in [
        (0, Urgency::Low),
        (6, Urgency::Low),
        (20, Urgency::High),
        (24, Urgency::High),
    ] {
        let mut tracker = tracker(UrgencyConfig::default());
        let decision = tracker.decide("queue", &breach, hours * HOUR).unwrap();
        assert_eq!(decision.level, urgency, "{hours} h: {decision:?}");
    }
}

#[test]
fn a_lead_time_beyond_the_horizon_is_refused_and_changes_nothing() {
    let mut tracker = tracker(UrgencyConfig::default());
    tracker.decide_probability("queue", 0.9, DAY);
    let before = tracker.clone();
    let refused = tracker.decide("queue", &breach(1e6), DAY + Duration::from_secs(1));
    let message = "lead_time is 86401s, must be at most the horizon, 1d";
    assert_eq!(refused.map_err(|e| e.to_string()), Err(message.to_owned()));
    assert_eq!(tracker, before);
}

#[test]
fn metrics_are_remembered_apart_until_forgotten() {
    let mut tracker = tracker(UrgencyConfig::default());
    tracker.decide_probability("disk", 0.6, DAY);
    assert_eq!(
        tracker.decide_probability("cpu", 0.4, DAY).level,
        Urgency::Medium
    );
    assert_eq!(
        tracker.decide_probability("disk", 0.4, DAY).level,
        Urgency::High
    );
    tracker.forget("disk");
    assert_eq!(
        tracker.decide_probability("disk", 0.4, DAY).level,
        Urgency::Medium
    );
}

#[cfg(feature = "serde")]
#[test]
fn a_tracker_goes_on_after_it_was_written_out() {
    let mut first = tracker(UrgencyConfig::default().with_release(0.5));
    first.decide_probability("disk", 0.6, DAY);
    first.decide_probability("cpu", 0.2, DAY);
    first.decide_probability("queue", 0.01, DAY);
    let text = serde_json::to_string(&first).unwrap();
    let expected = r#"{"config":{"high":0.5,"medium":0.1,"release":0.5},"levels":{"cpu":"medium","disk":"high"}}"#;
    assert_eq!(text, expected);
    let mut second: UrgencyTracker = serde_json::from_str(&text).unwrap();
    assert_eq!(second, first);
    for (metric, p) in [("disk", 0.3), ("cpu", 0.06), ("queue", 0.06), ("disk", 0.2)] {
        let (a, b) = (
            first.decide_probability(metric, p, DAY),
            second.decide_probability(metric, p, DAY),
        );
        assert_eq!(a, b);
    }
    let bad = text.replace("\"high\":0.5", "\"high\":5");
    let refused = serde_json::from_str::<UrgencyTracker>(&bad).unwrap_err();
    assert!(
        refused.to_string().contains("urgency.high is 5"),
        "{refused}"
    );
    let unknown = text.replace("levels", "level");
    assert!(serde_json::from_str::<UrgencyTracker>(&unknown).is_err());
}

fn config() -> impl Strategy<Value = UrgencyConfig> {
    (0.01..=1.0_f64, 0.01..=1.0_f64, 0.01..=1.0_f64).prop_map(|(high, share, release)| {
        UrgencyConfig::default()
            .with_high(high)
            .with_medium((high * share).max(1e-3))
            .with_release(release)
    })
}

proptest! {
    #![proptest_config(cases(400, 100_000))]

    /// After the same past a larger probability is never less urgent.
    #[test]
    fn urgency_grows_with_the_probability(
        config in config(),
        past in proptest::collection::vec(0.0..=1.0_f64, 0..8),
        p in 0.0..=1.0_f64, q in 0.0..=1.0_f64,
    ) {
        let mut one = tracker(config);
        for p in past {
            one.decide_probability("m", p, DAY);
        }
        let mut other = one.clone();
        let low = one.decide_probability("m", p.min(q), DAY).level;
        let high = other.decide_probability("m", p.max(q), DAY).level;
        prop_assert!(low <= high);
    }

    /// The same probability again changes nothing, and a level never is below its plain bar's.
    #[test]
    fn a_level_stands_still_and_is_never_below_its_bar(
        config in config(), past in proptest::collection::vec(0.0..=1.0_f64, 1..8),
    ) {
        let mut held = tracker(config);
        for p in past {
            let level = held.decide_probability("m", p, DAY).level;
            prop_assert_eq!(held.decide_probability("m", p, DAY).level, level);
            prop_assert!(level >= tracker(config).decide_probability("m", p, DAY).level);
            prop_assert_eq!(held.last("m").unwrap_or_default(), level);
        }
    }

    /// With hysteresis a level changes at most as often as without.
    #[test]
    fn hysteresis_only_calms(
        config in config(), past in proptest::collection::vec(0.0..=1.0_f64, 2..40),
    ) {
        let changes = |config| {
            let levels = levels(config, &past);
            let leaves_high = |w: &[Urgency]| (w[0] == Urgency::High) != (w[1] == Urgency::High);
            levels.windows(2).filter(|w| leaves_high(w)).count()
        };
        prop_assert!(changes(config) <= changes(config.with_release(1.0)));
    }
}
