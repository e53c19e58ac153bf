//! Alarms: the tables of the CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing
//! data", and what a period's datapoint is.

use autoscale_core::{AlarmState, PeriodStatistic, TreatMissingData};

use super::{Run, above, at, change, failed, policy};
use crate::given::secs;

const TREATMENTS: [TreatMissingData; 4] = [
    TreatMissingData::Missing,
    TreatMissingData::Ignore,
    TreatMissingData::Breaching,
    TreatMissingData::NotBreaching,
];

/// A row as the guide prints it: oldest first, `0` within, `X` beyond the threshold, `-` missing.
fn points(row: &str) -> Vec<Option<f64>> {
    let point = |c| match c {
        '0' => Some(Some(0.0)),
        'X' => Some(Some(100.0)),
        '-' => Some(None),
        _ => None,
    };
    row.chars().rev().filter_map(point).collect()
}

/// States as the guide abbreviates none of them: `R` = retain the current state.
fn check(m: u32, rows: &[(&str, &str)]) {
    for (row, expected) in rows {
        for (treatment, expected) in TREATMENTS.into_iter().zip(expected.chars()) {
            for before in [
                AlarmState::Ok,
                AlarmState::Alarm,
                AlarmState::InsufficientData,
            ] {
                let alarm = above(50.0)
                    .with_evaluation_periods(3)
                    .with_datapoints_to_alarm(Some(m))
                    .with_treat_missing_data(treatment);
                let expected = match expected {
                    'O' => AlarmState::Ok,
                    'A' => AlarmState::Alarm,
                    'I' => AlarmState::InsufficientData,
                    _ => before,
                };
                let state = alarm.evaluate(points(row), before);
                assert_eq!(state, expected, "{row} {m} of 3, {treatment:?}, {before}");
            }
        }
    }
}

#[test]
fn three_of_three() {
    check(
        3,
        &[
            // missing, ignore, breaching, not breaching
            ("0 - X - X", "OOOO"),
            ("0 - - - -", "OOOO"),
            ("- - - - -", "IRAO"),
            ("0 X X - X", "AAAA"),
            ("- - X - -", "ARAO"),
            // "Avoiding premature transitions to alarm state"
            ("- - - - X", "RRAO"),
            ("- - - X -", "RRAO"),
            ("- - - X 0", "OOOO"),
            ("- - X - 0", "OOOO"),
        ],
    );
}

#[test]
fn two_of_three() {
    check(
        2,
        &[
            ("0 - X - X", "AAAA"),
            ("0 0 X 0 X", "AAAA"),
            ("0 - X - -", "OOAO"),
            ("- - - - 0", "OOAO"),
            ("- - - X -", "ARAO"),
        ],
    );
}

/// Before there have been enough periods nothing is filled in.
#[test]
fn a_new_alarm_fills_nothing_in() {
    let alarm = above(50.0).with_evaluation_periods(3);
    for treatment in TREATMENTS {
        let alarm = alarm.clone().with_treat_missing_data(treatment);
        for row in ["X", "X X", "0 X"] {
            let state = alarm.evaluate(points(row), AlarmState::InsufficientData);
            assert_ne!(state, AlarmState::Alarm, "{row}, {treatment:?}");
        }
    }
}

/// The closed datapoints, `None` as −1.
fn closed(run: &Run<autoscale_core::StepScaling>) -> Vec<f64> {
    let window = &run.policy.state().alarms[0].window;
    let value = |p: &Option<autoscale_core::Datapoint>| p.map_or(-1.0, |d| d.value);
    window.closed.iter().map(value).collect()
}

#[test]
fn a_datapoint_is_a_statistic_of_its_period() {
    for (statistic, expected) in [
        (PeriodStatistic::Average, [25.0, 30.0]),
        (PeriodStatistic::Minimum, [10.0, 30.0]),
        (PeriodStatistic::Maximum, [40.0, 30.0]),
        (PeriodStatistic::Sum, [100.0, 90.0]),
    ] {
        let mut run = Run::new(
            policy([(above(500.0).with_statistic(statistic), change(1))]),
            4,
        );
        for reading in [10, 20, 30, 40, 30, 30] {
            run.once(at(reading));
        }
        run.once(failed);
        run.once(at(30));
        run.until(120, at(7));
        assert_eq!(closed(&run), expected, "{statistic:?}");
    }
}

/// Two decisions at one instant are one reading.
#[test]
fn an_instant_is_read_once() {
    let alarm = above(500.0).with_statistic(PeriodStatistic::Sum);
    let mut run = Run::new(policy([(alarm, change(1))]), 4);
    for now in [0, 0, 30, 15, 60] {
        run.now = secs(now);
        run.once(at(10));
    }
    assert_eq!(closed(&run), [20.0]);
}

#[test]
fn periods_are_multiples_of_their_length() {
    let mut run = Run::new(policy([(above(500.0), change(1))]), 4);
    run.now = secs(50);
    for reading in [10, 20, 30, 40, 50] {
        run.once(at(reading)); // at 50, 65, 80, 95, 110
    }
    run.once(at(0));
    assert_eq!(closed(&run), [10.0, 35.0]);
}

#[test]
fn a_period_without_a_reading_is_missing() {
    let mut run = Run::new(
        policy([(above(500.0).with_evaluation_periods(4), change(1))]),
        4,
    );
    run.until(45, at(10));
    run.until(105, failed);
    run.until(165, at(20));
    run.until(180, at(20));
    assert_eq!(closed(&run), [10.0, -1.0, 20.0]);
}

/// A tick longer than the period: a datapoint a call, and three of them make an alarm.
#[test]
fn a_slow_tick_fills_the_window() {
    for jitter in [0, 7] {
        let alarm = above(50.0).with_period(secs(10)).with_evaluation_periods(3);
        let mut run = Run::new(policy([(alarm, change(1))]), 4);
        let mut counts = vec![];
        for tick in 0..6 {
            run.now = secs(tick * 60 + jitter * (tick % 3));
            run.replicas = 4;
            counts.push(run.once(at(80)).replicas);
        }
        assert_eq!(counts, [4, 4, 4, 5, 5, 5], "{jitter}");
    }
}

/// A caller that was away longer than it used to be leaves a gap.
#[test]
fn an_absence_is_missing_data() {
    let mut run = Run::new(
        policy([(above(50.0).with_evaluation_periods(3), change(1))]),
        4,
    );
    assert_eq!(run.until(165, at(80)).replicas, 4);
    run.now = secs(3600);
    let back = run.once(at(80));
    assert_eq!((back.replicas, back.thresholds[0].met), (4, false));
    assert_eq!(closed(&run), [-1.0; 5]);
    assert_eq!(
        run.policy.state().alarms[0].state,
        AlarmState::InsufficientData
    );
    assert_eq!(run.until(3765, at(80)).replicas, 4);
    assert_eq!(run.until(3780, at(80)).replicas, 5);
}

/// What the old action asked for is forgotten; the new one acts when the period ends.
#[test]
fn a_changed_action_waits_for_the_period() {
    let mut run = Run::new(policy([(above(50.0), change(1))]), 4);
    assert_eq!(run.until(60, at(80)).replicas, 5);
    run.replicas = 4; // not carried out
    let other = super::config([(above(50.0), change(3))]);
    run.policy.reconfigure(other).unwrap();
    assert_eq!(run.until(105, at(80)).replicas, 4);
    assert_eq!(run.until(120, at(80)).replicas, 7);
}

/// A new configuration keeps what an alarm of the same name has seen, if it looks at the same.
#[test]
fn a_changed_series_begins_anew() {
    let mut other_gauge = above(50.0);
    other_gauge.gauge.reading = 1;
    for (changed, kept) in [
        (above(60.0).with_evaluation_periods(9), 1),
        (above(50.0).with_period(secs(30)), 0),
        (above(50.0).with_statistic(PeriodStatistic::Sum), 0),
        (other_gauge, 0),
    ] {
        let mut run = Run::new(policy([(above(50.0), change(1))]), 4);
        run.until(60, at(10));
        run.policy
            .reconfigure(super::config([(changed, change(1))]))
            .unwrap();
        assert_eq!(closed(&run).len(), kept);
    }
}
