//! Recurring local times: cron expressions, clock changes, several entries.

use std::time::Duration;

use autoscale_core::{
    Fixed, Observation, Policy, PolicyExt, Reason, Schedule, ScheduleEntry, ScheduleUntil,
    Scheduled, StageKind,
};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use proptest::prelude::{Just, prop_assert_eq, prop_oneof, proptest};

use crate::cases;
use crate::given::secs;

/// A `now` of the Unix time that this text is.
fn at(text: &str) -> Duration {
    let time: Timestamp = text.parse().unwrap();
    secs(u64::try_from(time.as_second()).unwrap())
}

fn entry(start: &str, end: &str, zone: &str) -> ScheduleEntry {
    ScheduleEntry::new(start, ScheduleUntil::Cron(end.into()), zone)
}

fn lasting(start: &str, seconds: u64, zone: &str) -> ScheduleEntry {
    ScheduleEntry::new(start, ScheduleUntil::After(secs(seconds)), zone)
}

/// One replica, or 9 while the entry is on.
fn policy(entry: ScheduleEntry) -> Scheduled<Fixed> {
    Fixed(1)
        .scheduled(Schedule::new([entry.with_min(Some(9))]))
        .unwrap()
}

fn is_on(entry: &ScheduleEntry, time: &str) -> bool {
    policy(entry.clone())
        .decide(at(time), &Observation::new(1))
        .replicas
        == 9
}

/// The changes from one time on, each at the wakeup before it.
fn changes(entry: &ScheduleEntry, from: &str, count: usize) -> Vec<(String, bool)> {
    let mut policy = policy(entry.clone());
    let mut on = policy.decide(at(from), &Observation::new(1)).replicas == 9;
    let (mut found, mut last) = (Vec::new(), at(from));
    while found.len() < count {
        let next = policy.next_wakeup().unwrap();
        assert!(next > last, "{next:?} at {last:?}");
        last = next;
        let before = policy
            .clone()
            .decide(next - Duration::from_nanos(1), &Observation::new(1));
        assert_eq!(before.replicas == 9, on);
        let now = policy.decide(next, &Observation::new(1)).replicas == 9;
        if now != on {
            let time = Timestamp::from_second(i64::try_from(next.as_secs()).unwrap()).unwrap();
            found.push((time.to_string(), now));
            on = now;
        }
    }
    found
}

fn times(list: &[&str]) -> Vec<(String, bool)> {
    list.iter()
        .enumerate()
        .map(|(i, t)| ((*t).to_owned(), i % 2 == 0))
        .collect()
}

#[test]
fn office_hours() {
    let office = entry("0 6 * * MON-FRI", "0 20 * * MON-FRI", "Europe/Berlin");
    // A Friday in winter.
    let expected = times(&[
        "2026-01-16T05:00:00Z",
        "2026-01-16T19:00:00Z",
        "2026-01-19T05:00:00Z",
        "2026-01-19T19:00:00Z",
    ]);
    assert_eq!(changes(&office, "2026-01-16T00:00:00Z", 4), expected);
    let mut policy = policy(office);
    let morning = policy.decide(at("2026-01-16T05:00:00Z"), &Observation::new(1));
    assert_eq!((morning.replicas, morning.reason), (9, Reason::Scheduled));
    assert_eq!(morning.after(StageKind::Scheduled), Some(9));
    let enough = Fixed(12).scheduled(Schedule::new([
        entry("0 6 * * *", "0 20 * * *", "UTC").with_min(Some(9))
    ]));
    let enough = enough
        .unwrap()
        .decide(at("2026-01-16T12:00:00Z"), &Observation::new(1));
    assert_eq!((enough.replicas, enough.reason), (12, Reason::Fixed));
}

/// A year of weekdays, one decision a change.
#[test]
fn a_year_of_wakeups() {
    let office = entry("0 6 * * 1-5", "0 20 * * 1-5", "America/New_York");
    let found = changes(&office, "2026-01-01T06:00:00Z", 2 * 261);
    assert_eq!(found.last().unwrap().0, "2027-01-01T01:00:00Z");
}

#[test]
fn expressions() {
    // 2026-05-31 is a Sunday, the last of its month.
    for (start, on, off) in [
        (
            "*/15 * * * *",
            "2026-05-31T10:45:00Z",
            "2026-05-31T10:46:00Z",
        ),
        (
            "5/20 * * * *",
            "2026-05-31T10:45:00Z",
            "2026-05-31T10:20:00Z",
        ),
        (
            "10-20/5 * * * *",
            "2026-05-31T10:20:00Z",
            "2026-05-31T10:25:00Z",
        ),
        (
            "3,7 * * * *",
            "2026-05-31T10:07:00Z",
            "2026-05-31T10:05:00Z",
        ),
        (
            "0 8-17 * * *",
            "2026-05-31T17:00:00Z",
            "2026-05-31T18:00:00Z",
        ),
        (
            "0 9 * may *",
            "2026-05-31T09:00:00Z",
            "2026-06-01T09:00:00Z",
        ),
        (
            "0 9 * MAR-MAY *",
            "2026-04-30T09:00:00Z",
            "2026-06-01T09:00:00Z",
        ),
        (
            "0 9 * * SUN",
            "2026-05-31T09:00:00Z",
            "2026-05-30T09:00:00Z",
        ),
        ("0 9 * * 0", "2026-05-31T09:00:00Z", "2026-05-30T09:00:00Z"),
        ("0 9 * * 7", "2026-05-31T09:00:00Z", "2026-05-30T09:00:00Z"),
        (
            "0 9 * * 5-7",
            "2026-05-31T09:00:00Z",
            "2026-05-28T09:00:00Z",
        ),
        (
            "0 9 ? * mon-fri",
            "2026-05-29T09:00:00Z",
            "2026-05-31T09:00:00Z",
        ),
        ("0 9 L * *", "2026-05-31T09:00:00Z", "2026-05-30T09:00:00Z"),
        ("0 9 L * ?", "2028-02-29T09:00:00Z", "2028-02-28T09:00:00Z"),
        (
            "0 9 15,L * *",
            "2026-05-15T09:00:00Z",
            "2026-05-16T09:00:00Z",
        ),
        // Both day fields restricted: either will do.
        (
            "0 9 1 * MON",
            "2026-06-08T09:00:00Z",
            "2026-06-09T09:00:00Z",
        ),
        (
            "0 9 2 * MON",
            "2026-06-02T09:00:00Z",
            "2026-06-03T09:00:00Z",
        ),
        ("0 9 29 2 *", "2104-02-29T09:00:00Z", "2103-03-01T09:00:00Z"),
    ] {
        let minute = lasting(start, 60, "UTC");
        assert!(is_on(&minute, on), "{start} at {on}");
        assert!(!is_on(&minute, off), "{start} at {off}");
    }
    let leap = lasting("0 0 29 2 *", 86_400, "UTC");
    let found = changes(&leap, "2096-03-01T00:00:00Z", 1);
    assert_eq!(found[0].0, "2104-02-29T00:00:00Z");
}

/// What the clocks skip happens when they do; what comes twice, the first time.
#[test]
fn clock_changes() {
    for (zone, start, from, on, off) in [
        // 02:00 → 03:00 at 01:00Z.
        (
            "Europe/Berlin",
            "30 2 * * *",
            "2026-03-29T00:00:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-29T01:10:00Z",
        ),
        (
            "Europe/Berlin",
            "0 2 * * *",
            "2026-03-29T00:00:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-29T01:10:00Z",
        ),
        (
            "Europe/Berlin",
            "0 3 * * *",
            "2026-03-29T00:00:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-29T01:10:00Z",
        ),
        // 03:00 → 02:00 at 01:00Z: 02:30 is 00:30Z and 01:30Z.
        (
            "Europe/Berlin",
            "30 2 * * *",
            "2026-10-25T00:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T00:40:00Z",
        ),
        (
            "Europe/Berlin",
            "0 3 * * *",
            "2026-10-25T00:00:00Z",
            "2026-10-25T02:00:00Z",
            "2026-10-25T02:10:00Z",
        ),
        // 02:00 → 03:00 at 07:00Z; 02:00 → 01:00 at 06:00Z.
        (
            "America/New_York",
            "15 2 * * *",
            "2026-03-08T00:00:00Z",
            "2026-03-08T07:00:00Z",
            "2026-03-08T07:10:00Z",
        ),
        (
            "America/New_York",
            "45 1 * * *",
            "2026-11-01T00:00:00Z",
            "2026-11-01T05:45:00Z",
            "2026-11-01T05:55:00Z",
        ),
        // Half an hour: 02:00 → 02:30 at 15:30Z; 02:00 → 01:30 at 15:00Z.
        (
            "Australia/Lord_Howe",
            "10 2 * * *",
            "2026-10-03T00:00:00Z",
            "2026-10-03T15:30:00Z",
            "2026-10-03T15:40:00Z",
        ),
        (
            "Australia/Lord_Howe",
            "45 1 * * *",
            "2026-04-04T00:00:00Z",
            "2026-04-04T14:45:00Z",
            "2026-04-04T14:55:00Z",
        ),
        // Always half an hour off.
        (
            "Asia/Kolkata",
            "0 6 * * *",
            "2026-03-29T00:00:00Z",
            "2026-03-29T00:30:00Z",
            "2026-03-29T00:40:00Z",
        ),
        // A day that was not.
        (
            "Pacific/Apia",
            "0 12 30 12 *",
            "2011-12-29T00:00:00Z",
            "2011-12-30T10:00:00Z",
            "2011-12-30T10:10:00Z",
        ),
    ] {
        let ten_minutes = lasting(start, 600, zone);
        let expected = times(&[on, off]);
        assert_eq!(
            changes(&ten_minutes, from, 2),
            expected,
            "{start} in {zone}"
        );
    }
    // Asked for the first time in the hour that comes again.
    assert!(is_on(
        &lasting("30 2 * * *", 3600, "Europe/Berlin"),
        "2026-10-25T01:10:00Z"
    ));
    assert!(!is_on(
        &lasting("30 2 * * *", 3600, "Europe/Berlin"),
        "2026-10-25T01:30:00Z"
    ));
    // A duration is elapsed time: over the skipped hour it ends at 05:00 for the clocks.
    let night = lasting("0 1 * * *", 3 * 3600, "Europe/Berlin");
    assert_eq!(
        changes(&night, "2026-03-28T23:00:00Z", 2),
        times(&["2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z"])
    );
}

/// KEDA's scaler is on from Sunday to Monday here, since its next start comes after its next end.
/// An end between two seconds is a wakeup of its own, and the entry is off from then on.
#[test]
fn ends_between_seconds() {
    let until = ScheduleUntil::After(Duration::from_millis(20_250));
    let mut policy = policy(ScheduleEntry::new("0 * * * *", until, "UTC"));
    let start = at("2026-06-29T06:00:00Z");
    let end = start + Duration::from_millis(20_250);
    let mut count = |now| {
        let replicas = policy.decide(now, &Observation::new(1)).replicas;
        (replicas, policy.next_wakeup())
    };
    assert_eq!(count(start), (9, Some(end)));
    assert_eq!(count(start + secs(20)), (9, Some(end)));
    assert_eq!(count(end), (1, Some(start + secs(3600))));
}

#[test]
fn the_latest_start_counts() {
    let monday = entry("0 9 * * MON", "0 17 * * *", "UTC");
    let expected = times(&[
        "2026-06-01T09:00:00Z",
        "2026-06-01T17:00:00Z",
        "2026-06-08T09:00:00Z",
    ]);
    assert_eq!(changes(&monday, "2026-05-30T00:00:00Z", 3), expected);
    // Start and end at the same instant start; a second start within the time begins it anew.
    let often = entry("0 */2 * * *", "0 */3 * * *", "UTC");
    assert!(is_on(&often, "2026-06-01T06:00:00Z") && is_on(&often, "2026-06-01T08:59:59Z"));
    assert!(!is_on(&often, "2026-06-01T03:00:00Z"));
    let twice = lasting("0,10 6 * * *", 900, "UTC");
    assert_eq!(
        changes(&twice, "2026-06-01T00:00:00Z", 2),
        times(&["2026-06-01T06:00:00Z", "2026-06-01T06:25:00Z"])
    );
}

#[test]
fn several_entries() {
    let day = || {
        entry("0 6 * * *", "0 20 * * *", "UTC")
            .with_min(Some(3))
            .with_max(Some(5))
    };
    let sale = || {
        lasting("0 12 * * *", 3600, "UTC")
            .with_min(Some(8))
            .with_max(Some(20))
    };
    let cap = || lasting("0 18 * * *", 3600, "UTC").with_max(Some(4));
    let floor = || lasting("30 18 * * *", 600, "UTC").with_min(Some(9));
    for turn in 0..4 {
        let mut entries = [day(), sale(), cap(), floor()];
        entries.rotate_left(turn);
        let mut counts = [1, 7, 30].map(|wanted| {
            let mut policy = Fixed(wanted)
                .scheduled(Schedule::new(entries.clone()))
                .unwrap();
            let mut count = |time: &str| policy.decide(at(time), &Observation::new(1)).replicas;
            [
                count("2026-06-01T05:00:00Z"), // none
                count("2026-06-01T06:00:00Z"), // day: 3 … 5
                count("2026-06-01T12:00:00Z"), // and sale: 8 … 20
                count("2026-06-01T18:00:00Z"), // day and cap: 3 … 5
                count("2026-06-01T18:30:00Z"), // and floor: 9
                count("2026-06-01T20:00:00Z"), // none
            ]
        });
        counts.sort_unstable();
        assert_eq!(
            counts,
            [
                [1, 3, 8, 3, 9, 1],
                [7, 5, 8, 5, 9, 7],
                [30, 5, 20, 5, 9, 30]
            ]
        );
    }
    let alone = Fixed(30)
        .scheduled(Schedule::new([cap()]))
        .unwrap()
        .decide(at("2026-06-01T18:59:59Z"), &Observation::new(1));
    assert_eq!((alone.replicas, alone.reason), (4, Reason::Scheduled));
}

#[test]
fn an_origin_of_its_own() {
    let office = || Schedule::new([entry("0 6 * * *", "0 20 * * *", "UTC").with_min(Some(9))]);
    let started = 1_780_293_600; // 2026-06-01T06:00:00Z
    let mut policy = Fixed(1)
        .scheduled(office().with_origin_unix(started - 60))
        .unwrap();
    let mut count = |now| policy.decide(secs(now), &Observation::new(1)).replicas;
    assert_eq!([count(59), count(60)], [1, 9]);
    assert_eq!(policy.next_wakeup(), Some(secs(60 + 14 * 3600)));
    // An earlier now is the last one.
    assert_eq!(policy.decide(secs(0), &Observation::new(1)).replicas, 9);
    // Before 1970, and beyond the calendar.
    let mut old = Fixed(1)
        .scheduled(office().with_origin_unix(-86_400 * 365))
        .unwrap();
    assert_eq!(old.decide(secs(6 * 3600), &Observation::new(1)).replicas, 9);
    assert_eq!(old.decide(Duration::MAX, &Observation::new(1)).replicas, 1);
    assert_eq!(old.next_wakeup(), None);
}

/// The inner policy's own wakeup counts too.
#[test]
fn the_earlier_wakeup() {
    let inner = Fixed(5).stabilized(secs(60), secs(60)).unwrap();
    let office = entry("0 6 * * *", "0 20 * * *", "UTC").with_min(Some(9));
    let mut policy = inner.scheduled(Schedule::new([office])).unwrap();
    let now = at("2026-06-01T05:30:00Z");
    policy.decide(now, &Observation::new(1));
    assert_eq!(
        policy.next_wakeup(),
        Some(now + secs(60) + Duration::from_nanos(1))
    );
}

/// Which minutes an expression names, minute by minute: the definition, not the search.
fn named(fields: &[Vec<i8>; 3], zone: &TimeZone, minute: Timestamp) -> bool {
    let names = |local: DateTime| {
        fields[0].contains(&local.minute())
            && fields[1].contains(&local.hour())
            && fields[2].contains(&local.weekday().to_sunday_zero_offset())
    };
    let local = zone.to_datetime(minute);
    let before = zone.to_datetime(minute.checked_sub(jiff::Span::new().minutes(1)).unwrap());
    let first = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local).unwrap() == minute,
        _ => true,
    };
    let mut skipped = before.checked_add(jiff::Span::new().minutes(1)).unwrap();
    let mut any = names(local) && first;
    while skipped < local {
        any |= names(skipped);
        skipped = skipped.checked_add(jiff::Span::new().minutes(1)).unwrap();
    }
    any
}

proptest! {
    #![proptest_config(cases(60, 5_000))]

    #[test]
    fn the_search_finds_what_the_definition_names(
        zone in prop_oneof![
            Just("Europe/Berlin"), Just("America/New_York"), Just("Australia/Lord_Howe"), Just("Asia/Kathmandu"),
            Just("Africa/Casablanca"), Just("Pacific/Chatham"),
        ],
        minutes in proptest::collection::btree_set(0_i8..60, 1..4),
        hours in proptest::collection::btree_set(0_i8..5, 1..4),
        weekdays in proptest::collection::btree_set(0_i8..7, 1..7),
        change in 0_usize..6, offset in 0_i64..600, length in 1_u64..180,
    ) {
        let zones = TimeZoneDatabase::bundled();
        let tz = zones.get(zone).unwrap();
        // Around a change of the clocks, where there are any.
        let year: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        let around = tz.following(year).nth(change).map_or(year, |t| t.timestamp());
        let from = around.as_second() / 60 * 60 - offset * 60;
        let list = |set: &std::collections::BTreeSet<i8>| {
            let texts: Vec<_> = set.iter().map(ToString::to_string).collect();
            texts.join(",")
        };
        let text = format!("{} {} * * {}", list(&minutes), list(&hours), list(&weekdays));
        let fields = [minutes, hours, weekdays].map(|set| set.into_iter().collect::<Vec<_>>());
        let mut policy = policy(lasting(&text, length * 60, zone));
        let time = |minute: i64| Timestamp::from_second(from + minute * 60).unwrap();
        let mut last = (0..length).rev().map(|m| -i64::try_from(m).unwrap()).filter(|m| *m < 0).rfind(|m| named(&fields, &tz, time(*m)));
        for minute in 0..900 {
            if named(&fields, &tz, time(minute)) {
                last = Some(minute);
            }
            let on = last.is_some_and(|start| minute - start < i64::try_from(length).unwrap());
            let now = secs(u64::try_from(from + minute * 60).unwrap());
            let decision = policy.decide(now, &Observation::new(1));
            prop_assert_eq!(decision.replicas == 9, on, "{} in {} at {}", text, zone, time(minute));
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn files_are_what_people_write() {
    let text = r#"{
        "inner": 2,
        "schedule": {"entries": [
            {"start": "0 6 * * MON-FRI", "until": {"cron": "0 20 * * MON-FRI"}, "time_zone": "Europe/Berlin", "min": 10},
            {"start": "0 2 * * *", "until": {"after": "90m"}, "max": 1}
        ]}
    }"#;
    let mut policy: Scheduled<Fixed> = serde_json::from_str(text).unwrap();
    let mut count = |time: &str| policy.decide(at(time), &Observation::new(1)).replicas;
    assert_eq!(count("2026-06-01T02:00:00Z"), 1);
    assert_eq!(count("2026-06-01T03:30:00Z"), 2);
    assert_eq!(count("2026-06-01T04:00:00Z"), 10);
    let mut again: Scheduled<Fixed> =
        serde_json::from_str(&serde_json::to_string(&policy).unwrap()).unwrap();
    assert_eq!(again.decide(secs(0), &Observation::new(1)).replicas, 10); // `now` is kept
    let slip = text.replace("0 6 * * MON", "0 6 * * MUN");
    let error = serde_json::from_str::<Scheduled<Fixed>>(&slip)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("entries[0].start, weekday is MUN-FRI"),
        "{error}"
    );
}
