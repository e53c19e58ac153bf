use autoscale_core::ScheduleUntil;

use super::*;

/// The web group with scheduled actions: names, times, and further lines.
fn scheduled(actions: &[(&str, &str, &str)]) -> String {
    let action = |(name, recurrence, rest): &(&str, &str, &str)| {
        format!(
            r#"resource "aws_autoscaling_schedule" "{name}" {{
  scheduled_action_name  = "{name}"
  autoscaling_group_name = aws_autoscaling_group.web.name
  recurrence             = "{recurrence}"
  {rest}
}}
"#
        )
    };
    web() + &actions.iter().map(action).collect::<String>()
}

/// The entries of a policy's schedule.
fn entries(policy: &NamedPolicy) -> Vec<String> {
    let entries = policy.around.schedule.iter().flat_map(|s| &s.entries);
    entries
        .map(|entry| {
            let end = match &entry.until {
                ScheduleUntil::Cron(end) => end.clone(),
                ScheduleUntil::After(time) => format!("{} d", time.as_secs() / 86_400),
            };
            let size = |name: &str, size: Option<u32>| {
                size.map_or_else(String::new, |size| format!(", {name} {size}"))
            };
            let (min, max) = (size("min", entry.min), size("max", entry.max));
            format!("{} until {end} {}{min}{max}", entry.start, entry.time_zone)
        })
        .collect()
}

#[test]
fn scheduled_actions_hold_until_the_next_one() {
    let berlin = "time_zone = \"Europe/Berlin\"";
    let text = scheduled(&[
        (
            "day",
            "0 6 * * MON-FRI",
            &format!("min_size = 5\n max_size = 30\n {berlin}"),
        ),
        (
            "night",
            "0 20 * * MON-FRI",
            &format!("min_size = 0\n max_size = 0\n {berlin}"),
        ),
    ]);
    let policies = load_as("x.tf", text).unwrap();
    let [day, night] = ["0 6 * * MON-FRI", "0 20 * * MON-FRI"];
    assert_eq!(
        entries(&policies[0]),
        [
            format!("{day} until {night} Europe/Berlin, min 5"),
            format!("{day} until {night} Europe/Berlin, max 30"),
            format!("{night} until {day} Europe/Berlin, min 0"),
            format!("{night} until {day} Europe/Berlin, max 0"),
        ]
    );
    // The group's own sizes, 2 and 20, are never in force.
    let bounds = group_of(&policies[0]).bounds;
    assert_eq!((bounds.min, bounds.max), (Some(0), Some(30)));
    assert_eq!(policies[0].notes, [""; 0]);
}

#[test]
fn a_size_that_an_action_leaves_alone_stays_what_it_was() {
    let text = scheduled(&[
        (
            "up",
            "0 6 * * *",
            "min_size = 5\n max_size = -1\n desired_capacity = 6",
        ),
        (
            "noon",
            "0 12 * * *",
            "min_size = 8\n max_size = -1\n desired_capacity = -1",
        ),
        (
            "down",
            "0 20 * * *",
            "min_size = 1\n max_size = -1\n start_time = \"2026-01-01T00:00:00Z\"",
        ),
    ]);
    let policies = load_as("x.tf", text).unwrap();
    assert_eq!(
        entries(&policies[0]),
        [
            "0 6 * * * until 0 12,20 * * * UTC, min 5",
            "0 12 * * * until 0 6,20 * * * UTC, min 8",
            "0 20 * * * until 0 6,12 * * * UTC, min 1",
        ]
    );
    let bounds = group_of(&policies[0]).bounds;
    assert_eq!((bounds.min, bounds.max), (Some(1), Some(20)));
    assert_eq!(
        policies[0].notes,
        [
            GROWS_ONLY,
            "schedule \"up\": not replayed: desired_capacity",
            "schedule \"down\": not replayed: start_time",
        ]
    );
}

#[test]
fn one_action_alone_holds_for_good_and_a_group_may_have_nothing_else() {
    let text = scheduled(&[("big", "0 6 * * *", "min_size = 7\n max_size = 9")]);
    let text = text.replace(POLICY, "").replace(ALARM, "");
    let policies = load_as("x.tf", text).unwrap();
    assert_eq!(
        entries(&policies[0]),
        [
            "0 6 * * * until 366 d UTC, min 7",
            "0 6 * * * until 366 d UTC, max 9",
        ]
    );
    assert_eq!(group_of(&policies[0]).kind(), "schedule");
}

#[test]
fn schedules_that_cannot_be_followed_are_said() {
    let sizes = "min_size = 1\n max_size = 9";
    let note = |actions: &[(&str, &str, &str)]| {
        let policies = load_as("x.tf", scheduled(actions)).unwrap();
        assert_eq!(policies[0].around, Around::default());
        let bounds = group_of(&policies[0]).bounds;
        assert_eq!((bounds.min, bounds.max), (Some(2), Some(20)));
        let notes = policies[0].notes.iter().map(String::as_str);
        let notes: Vec<&str> = notes.filter(|note| *note != GROWS_ONLY).collect();
        notes.join("; ")
    };
    let far = [
        ("a", "0 6 * * *", sizes),
        ("b", "30 9 * * *", sizes),
        ("c", "0 9 1 * *", sizes),
    ];
    let differ = "are not replayed: their recurrences must be in one time zone, and be the same \
                  every week or differ in one field only";
    assert_eq!(
        note(&far),
        format!("schedules \"a\", \"b\", \"c\" {differ}")
    );
    let there = format!("{sizes}\n time_zone = \"Asia/Kolkata\"");
    let zones = [("a", "0 6 * * *", sizes), ("b", "0 9 * * *", &*there)];
    assert_eq!(note(&zones), format!("schedules \"a\", \"b\" {differ}"));
    let only_desired = "min_size = -1\n max_size = -1\n desired_capacity = 4";
    assert_eq!(
        note(&[("a", "0 6 * * *", only_desired)]),
        "schedule \"a\" is not replayed: it sets neither min_size nor max_size"
    );
    let once = scheduled(&[("a", "0 6 * * *", sizes)]);
    let once = once.replace("recurrence             = \"0 6 * * *\"", "");
    assert_eq!(
        load_as("x.tf", once).unwrap()[0].notes,
        [
            GROWS_ONLY,
            "schedule \"a\" is not replayed: it does not recur"
        ]
    );
}

#[test]
fn wrong_schedules_have_their_place() {
    let wrong = |recurrence: &str, rest: &str| {
        let error = error_of("x.tf", scheduled(&[("a", recurrence, rest)]));
        let (at, message) = error.split_once(": ").unwrap();
        let line: usize = at.split(':').nth(1).unwrap().parse().unwrap();
        let text = scheduled(&[("a", recurrence, rest)]);
        let line = text.lines().nth(line - 1).unwrap().trim().to_owned();
        (
            line.split(' ').next().unwrap().to_owned(),
            message.to_owned(),
        )
    };
    let sizes = "min_size = 1\n max_size = 9";
    for (recurrence, rest, field, message) in [
        (
            "0 25 * * *",
            sizes,
            "recurrence",
            "recurrence, hour is 25, must be 0 … 23, *, a-b, */n, or a list of these",
        ),
        (
            "0 6 * * *",
            "min_size = 1\n max_size = 9\n time_zone = \"Mars/Olympus\"",
            "time_zone",
            "time_zone is Mars/Olympus, must be a name of the IANA time zone database, such as \
             Europe/Berlin",
        ),
        (
            "0 6 * * *",
            "min_size = 3",
            "min_size",
            "min_size is 3, must be at most max_size (0); a size that is absent is 0, and -1 is \
             unchanged",
        ),
        (
            "0 6 * * *",
            "min_size = -2",
            "min_size",
            "min_size is -2, must be -1 (unchanged) or more",
        ),
    ] {
        assert_eq!(
            wrong(recurrence, rest),
            (field.to_owned(), message.to_owned())
        );
    }
    let twice = scheduled(&[("a", "0 6 * * *", sizes), ("b", "0 6 * * *", sizes)]);
    let error = error_of("x.tf", twice);
    assert!(
        error.contains("27:28: recurrence is \"0 6 * * *\", must be another one"),
        "{error}"
    );
}

#[test]
fn weekends_of_their_own_become_an_entry_a_start() {
    let size = |min: u32| format!("min_size = {min}\n max_size = -1");
    let text = scheduled(&[
        ("day", "0 6 * * MON-FRI", &size(6)),
        ("night", "30 20 * * MON-FRI", &size(2)),
        ("weekend", "0 10,18 * * SAT", &size(4)),
    ]);
    let policies = load_as("x.tf", text).unwrap();
    let entries = entries(&policies[0]);
    let has = |times: &str, min: u32| {
        let entry = format!("{times} UTC, min {min}");
        assert!(entries.contains(&entry), "{entry} is not in {entries:?}");
    };
    has("0 6 * * 1 until 30 20 * * 1", 6);
    has("0 6 * * 5 until 30 20 * * 5", 6);
    has("30 20 * * 1 until 0 6 * * 2", 2);
    has("30 20 * * 5 until 0 10 * * 6", 2);
    // The second start of one action changes nothing.
    has("0 10 * * 6 until 0 6 * * 1", 4);
    has("0 18 * * 6 until 0 6 * * 1", 4);
    assert_eq!(entries.len(), 5 + 5 + 2);
    assert_eq!(policies[0].notes, [GROWS_ONLY]);
    let often = scheduled(&[
        ("a", "*/5 * * * *", &size(1)),
        ("b", "1 6 * * MON", &size(2)),
        ("c", "2 7 * * TUE", &size(3)),
    ]);
    let notes = &load_as("x.tf", often).unwrap()[0].notes;
    assert!(notes[1].contains("are not replayed"), "{notes:?}");
}
