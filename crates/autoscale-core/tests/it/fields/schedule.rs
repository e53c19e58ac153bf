//! Every field of a schedule.

use autoscale_core::{
    Fixed, Observation, Policy, PolicyExt, Schedule, ScheduleEntry, ScheduleUntil,
};

use super::assert_covers;
use crate::given::secs;

/// Counts of two days, hour by hour, around a policy that asks for 5.
fn play(schedule: Schedule) -> Vec<u32> {
    let mut policy = Fixed(5).scheduled(schedule).unwrap();
    let tick = |hour: u64| {
        policy
            .decide(secs(hour * 3600), &Observation::new(5))
            .replicas
    };
    (0..48).map(tick).collect()
}

#[test]
fn schedule() {
    let entry = || {
        let end = ScheduleUntil::Cron("0 20 * * *".into());
        ScheduleEntry::new("0 6 * * *", end, "UTC").with_min(Some(8))
    };
    let changed = |change: fn(&mut ScheduleEntry)| {
        let mut entry = entry();
        change(&mut entry);
        entry
    };
    let base = || Schedule::new([entry()]);
    let cases = [
        ("start", changed(|e| e.start = "0 7 * * *".into())),
        (
            "until",
            changed(|e| e.until = ScheduleUntil::After(secs(3600))),
        ),
        ("time_zone", changed(|e| e.time_zone = "Asia/Tokyo".into())),
        ("min", entry().with_min(Some(9))),
        ("max", entry().with_min(None).with_max(Some(3))),
    ];
    assert_covers(&entry(), cases.iter().map(|c| c.0));
    for (field, changed) in cases {
        assert_ne!(play(Schedule::new([changed])), play(base()), "{field}");
    }
    assert_covers(&base(), ["entries", "origin_unix"]);
    assert_ne!(play(base().with_origin_unix(3600)), play(base()));
}
