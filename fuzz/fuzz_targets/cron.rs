//! Lines of an origin in Unix seconds, a time zone, a start and an end: refused, or a schedule whose
//! next change is later than now, soon found, and the first.
#![no_main]

use std::time::{Duration, Instant};

use autoscale_core::{
    Fixed, Observation, Policy, PolicyExt, Schedule, ScheduleEntry, ScheduleUntil, parse_duration,
};
use libfuzzer_sys::fuzz_target;

const NANO: Duration = Duration::from_nanos(1);
/// Far above the milliseconds that the slowest search takes in a build for fuzzing.
const SOON: Duration = Duration::from_secs(1);

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let mut line = || lines.next().unwrap_or_default();
    let (origin, zone, start, end) = (line(), line(), line(), line());
    let until = match parse_duration(end) {
        Ok(time) => ScheduleUntil::After(time),
        Err(_) => ScheduleUntil::Cron(end.to_owned()),
    };
    let entry = ScheduleEntry::new(start, until, zone).with_min(Some(7));
    let schedule = Schedule::new([entry]).with_origin_unix(origin.parse().unwrap_or(0));
    let Ok(unasked) = Fixed(2).scheduled(schedule) else {
        return;
    };
    let mut policy = unasked.clone();
    let mut now = Duration::ZERO;
    for _ in 0..20 {
        let begun = Instant::now();
        let replicas = policy.decide(now, &Observation::new(2)).replicas;
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        assert!(replicas == 2 || replicas == 7);
        let Some(next) = policy.next_wakeup() else {
            return;
        };
        assert!(next > now, "{next:?} is not after {now:?}");
        let mut anew = unasked.clone();
        let before = anew.decide(next - NANO, &Observation::new(2)).replicas;
        assert_eq!(before, replicas, "between {now:?} and {next:?}");
        now = next;
    }
});
