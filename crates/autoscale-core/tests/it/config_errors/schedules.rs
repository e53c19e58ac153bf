use autoscale_core::{Fixed, PolicyExt, Schedule, ScheduleEntry, ScheduleUntil};

use super::message;
use crate::given::secs;

#[test]
fn schedules() {
    let hour = || ScheduleUntil::After(secs(3600));
    let entry = |start: &str, until, zone: &str| ScheduleEntry::new(start, until, zone);
    let good = || entry("0 6 * * *", hour(), "UTC").with_min(Some(1));
    let second = |entry| Schedule::new([good(), entry]);
    let start = |text: &str| second(entry(text, hour(), "UTC").with_min(Some(1)));
    let until = |until| second(entry("0 6 * * *", until, "UTC").with_min(Some(1)));
    let list = |item| format!("{item}, *, a-b, */n, or a list of these");
    for (schedule, expected) in [
        (
            Schedule::new([]),
            "entries is missing: at least one entry".to_owned(),
        ),
        (
            second(entry("0 6 * * *", hour(), "Europe/Berln").with_min(Some(1))),
            "entries[1].time_zone is Europe/Berln, must be a name of the IANA time zone database, \
             such as Europe/Berlin"
                .into(),
        ),
        (
            second(entry("0 6 * * *", hour(), "UTC")),
            "entries[1].min is missing: min, max or both".into(),
        ),
        (
            second(good().with_min(Some(3)).with_max(Some(2))),
            "entries[1].min is 3, must be at most the entry's max".into(),
        ),
        (
            until(ScheduleUntil::After(secs(0))),
            "entries[1].until.after is 0s, must be above 0, at most 366d".into(),
        ),
        (
            until(ScheduleUntil::After(secs(367 * 86_400))),
            "entries[1].until.after is 367d, must be above 0, at most 366d".into(),
        ),
        (
            until(ScheduleUntil::Cron("0  6 * * *".into())),
            "entries[1].until.cron is 0  6 * * *, must be another time than start".into(),
        ),
        (
            until(ScheduleUntil::Cron("0 6 * * FOO".into())),
            "entries[1].until.cron, weekday is FOO, must be ".to_owned()
                + &list("0 … 7, SUN … SAT, ?"),
        ),
        (
            start("0 6 * *"),
            "entries[1].start is 0 6 * *, must be five fields: minute hour day month weekday"
                .into(),
        ),
        (
            start("60 6 * * *"),
            "entries[1].start, minute is 60, must be ".to_owned() + &list("0 … 59"),
        ),
        (
            start("5,+6 6 * * *"),
            "entries[1].start, minute is +6, must be ".to_owned() + &list("0 … 59"),
        ),
        (
            start("0 1-24 * * *"),
            "entries[1].start, hour is 1-24, must be ".to_owned() + &list("0 … 23"),
        ),
        (
            start("0 20-6 * * *"),
            "entries[1].start, hour is 20-6, must be a range that goes up".into(),
        ),
        (
            start("*/0 6 * * *"),
            "entries[1].start, minute is */0, must be a step of 1 … 255".into(),
        ),
        (
            start("? 6 * * *"),
            "entries[1].start, minute is ?, must be ".to_owned() + &list("0 … 59"),
        ),
        (
            start("0 6 0 * *"),
            "entries[1].start, day is 0, must be ".to_owned() + &list("1 … 31, L, ?"),
        ),
        (
            start("0 6 * 13 *"),
            "entries[1].start, month is 13, must be ".to_owned() + &list("1 … 12, JAN … DEC"),
        ),
        (
            start("0 6 * * 8"),
            "entries[1].start, weekday is 8, must be ".to_owned() + &list("0 … 7, SUN … SAT, ?"),
        ),
        (
            start("0 6 30 2 *"),
            "entries[1].start is 0 6 30 2 *, must be a day that exists".into(),
        ),
        (
            Schedule::new([good()]).with_origin_unix(i64::MAX),
            "origin_unix is 9223372036854775807, must be a Unix time of the years -9999 … 9999"
                .into(),
        ),
    ] {
        assert_eq!(message(Fixed(1).scheduled(schedule)), expected);
    }
}
