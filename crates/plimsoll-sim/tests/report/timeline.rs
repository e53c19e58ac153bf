use autoscale_core::Reason;
use plimsoll_sim::{Column, Timeline};

use crate::given::{replay, timeline, waves};
use crate::page::{check, words};

#[test]
fn reasons_add_up_to_their_columns() {
    let mut report = replay(&waves(), &[2], false, 1);
    let column = |reasons: &[(Reason, u32)]| Column {
        ticks: reasons.iter().map(|r| r.1).sum(),
        reasons: reasons.to_vec(),
        ..Column::default()
    };
    report.policies[0].timeline = timeline(vec![
        column(&[(Reason::Steady, 50), (Reason::ScaleUp, 10)]),
        column(&[
            (Reason::ScaleUpLimit, 20),
            (Reason::ScaleDownLimit, 10),
            (Reason::NoData, 10),
        ]),
    ]);
    let text = words(&check(&report));
    for expected in [
        "50.0 % steady",
        "10.0 % scale up",
        "30.0 % rate limited",
        "10.0 % missing data",
    ] {
        assert!(text.contains(expected), "{expected} is missing");
    }
    assert!(!text.contains("% panic") && !text.contains("% stabilized"));

    report.policies[0].timeline = timeline(vec![column(&[
        (Reason::CoolingDown, 10),
        (Reason::Dampened, 5),
        (Reason::WarmingUp, 15),
        (Reason::Scheduled, 20),
        (Reason::Activated, 10),
        (Reason::Idle, 30),
        (Reason::Disabled, 10),
    ])]);
    let text = words(&check(&report));
    for expected in [
        "15.0 % cooling down, dampened",
        "15.0 % warming up",
        "20.0 % by schedule",
        "10.0 % activated",
        "40.0 % idle, switched off",
    ] {
        assert!(text.contains(expected), "{expected} is missing");
    }
    assert!(!text.contains("% other"));
}

/// The close-up lies around the worst column, within the part that counts, and is shown.
#[test]
fn the_worst_hours_are_shown_closer() {
    let mut columns = vec![
        Column {
            ticks: 100,
            serving: (2, 2.0, 2),
            needed: (1, 1.0, 1),
            ..Column::default()
        };
        10
    ];
    for (i, column) in columns.iter_mut().enumerate() {
        column.first_tick = i * 100;
    }
    columns[7].bad_ticks = 3;
    let mut whole = Timeline::part(0..1000, 10);
    whole.columns = columns;
    assert_eq!(whole.worst(200), Some(650..850));
    assert_eq!(whole.worst(500), None); // hardly closer
    whole.columns[9].bad_ticks = 90;
    assert_eq!(whole.worst(200), Some(800..1000));
}
