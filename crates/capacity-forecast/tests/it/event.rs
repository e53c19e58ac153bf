//! Planned events: refused when they make no sense, undone and applied alike.

use std::time::Duration;

use capacity_forecast::{Effect, EventChange, Events, PlannedEvent, Series};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::cases;

const HOUR: Duration = Duration::from_secs(3600);

fn event(start: u32, end: Option<u32>, change: EventChange) -> PlannedEvent {
    PlannedEvent::new("event", HOUR * start, change).with_end(end.map(|end| HOUR * end))
}

/// Values whose steps are whole hours.
fn hours(values: &[f64]) -> Series {
    Series::from_grid(HOUR / 2, HOUR, values.to_vec()).unwrap()
}

fn applied(events: Vec<PlannedEvent>, values: &[f64]) -> Vec<f64> {
    let effects = Events::new(events)
        .unwrap()
        .effects(&hours(values), 0..values.len());
    effects
        .iter()
        .zip(values)
        .map(|(effect, value)| effect.apply(*value))
        .collect()
}

#[test]
fn events_that_make_no_sense_are_refused() {
    use EventChange::{Additive, Multiplicative};
    let repeated = |repeats: &[u32]| {
        let repeats = repeats.iter().map(|hour| HOUR * *hour).collect();
        event(10, Some(12), Additive(1.0)).with_repeats(repeats)
    };
    let cases = [
        (
            event(5, Some(5), Additive(1.0)),
            "events[1].end is 5h, must be after start",
        ),
        (
            event(5, None, Additive(f64::NAN)),
            "events[1].change.additive is NaN, must be finite",
        ),
        (
            event(5, None, Multiplicative(-1.0)),
            "events[1].change.multiplicative is -1, must be 0.000001 to 1000000",
        ),
        (
            event(5, None, Additive(1.0)).with_repeats(vec![HOUR]),
            "events[1].repeats[0] is 1h, must be absent from an event without an end",
        ),
        (
            repeated(&[20, 11]),
            "events[1].repeats is 11h, must be not within another of the event's intervals",
        ),
    ];
    let fine = repeated(&[12, 8]);
    for (bad, message) in cases {
        let refused = Events::new(vec![fine.clone(), bad]);
        assert_eq!(refused.unwrap_err().to_string(), message);
    }
}

#[test]
fn factors_come_first_and_parts_of_steps_count_in_part() {
    use EventChange::{Additive, Multiplicative};
    let growth = event(1, None, Multiplicative(2.0));
    let job = PlannedEvent::new("job", HOUR * 5 / 2, Additive(4.0)).with_end(Some(HOUR * 4));
    assert_eq!(
        applied(vec![job, growth], &[1.0; 6]),
        [1.0, 2.0, 4.0, 6.0, 2.0, 2.0]
    );
    let holidays = event(1, Some(2), Multiplicative(0.5)).with_repeats(vec![HOUR * 4]);
    assert_eq!(
        applied(vec![holidays], &[8.0; 6]),
        [8.0, 4.0, 8.0, 8.0, 4.0, 8.0]
    );
}

#[test]
fn an_event_before_or_after_the_steps_changes_nothing() {
    let before = event(0, Some(2), EventChange::Additive(1.0));
    let after = event(9, None, EventChange::Additive(1.0));
    let events = Events::new(vec![before, after]).unwrap();
    assert_eq!(events.effects(&hours(&[1.0; 3]), 2..9), [Effect::NONE; 7]);
    assert!(events.effects(&hours(&[1.0; 3]), 9..9).is_empty());
    let late = Series::from_grid(HOUR * 100, HOUR, [1.0, f64::NAN]).unwrap();
    let usual = events.removed_from(&late);
    assert_eq!(usual.values().first(), Some(&0.0));
    assert_eq!(usual.observed(), 1);
}

fn changes() -> impl Strategy<Value = EventChange> {
    prop_oneof![
        (-1e3..1e3_f64).prop_map(EventChange::Additive),
        (0.01..100.0_f64).prop_map(EventChange::Multiplicative),
        Just(EventChange::Multiplicative(1e6)),
        Just(EventChange::Additive(f64::MAX)),
    ]
}

proptest! {
    #![proptest_config(cases(300, 20_000))]

    /// What was applied can be removed, and everything stays finite.
    #[test]
    fn removing_undoes_applying(
        plans in vec((0..3000_u64, 1..3000_u64, changes()), 0..8),
        values in vec(-1e3..1e3_f64, 1..60),
    ) {
        let minutes = |m: u64| Duration::from_secs(60 * m);
        let events = plans.iter().map(|(start, length, change)| {
            PlannedEvent::new("e", minutes(*start), *change).with_end(Some(minutes(start + length)))
        });
        let events = Events::new(events.collect()).unwrap();
        let series = Series::from_grid(Duration::ZERO, HOUR, values.clone()).unwrap();
        let effects = events.effects(&series, 0..values.len());
        for (effect, value) in effects.iter().zip(&values) {
            let with = effect.apply(*value);
            let without = effect.remove(with);
            prop_assert!(with.is_finite() && without.is_finite());
            // Rounding is that of the largest number on the way.
            let size = with.abs() + effect.amount.abs() + value.abs() * effect.factor;
            let slack = 1e-12 * size / effect.factor + 1e-12 * value.abs();
            if size < 1e300 {
                prop_assert!((without - value).abs() <= slack, "{value} {with} {without}");
            }
        }
        let usual = events.removed_from(&series);
        prop_assert_eq!((usual.len(), usual.observed()), (values.len(), values.len()));
    }
}
