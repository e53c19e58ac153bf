use super::*;

#[test]
fn the_command_line_is_consistent() {
    command().debug_assert();
}

/// Every flag of every command whose value is a number, and what stands after it.
#[test]
fn a_value_below_0_is_a_value_out_of_range() {
    let mut seen = Vec::new();
    let whole = command();
    let commands = whole.get_subcommands().flat_map(|sub| {
        let group = |part| (vec![sub.get_name()], part);
        let parts: Vec<_> = sub.get_subcommands().map(group).collect();
        if parts.is_empty() {
            vec![(vec![], sub)]
        } else {
            parts
        }
    });
    for (group, sub) in commands {
        let flags = sub
            .get_arguments()
            .filter(|arg| arg.get_long().is_some() && arg.get_action().takes_values());
        for arg in flags {
            let name = arg.get_value_names().unwrap_or_default();
            let name = name.first().map_or("", |name| name.as_str());
            let flag = format!("--{}", arg.get_long().unwrap());
            let words = |value: &str| {
                let mut line = vec!["plimsoll"];
                line.extend(&group);
                line.push(sub.get_name());
                if sub.get_arguments().any(|arg| arg.get_id() == "policy") {
                    line.extend(["--policy", "x"]);
                }
                line.extend([flag.as_str(), value]);
                let error = command()
                    .try_get_matches_from(line)
                    .map(|_| ())
                    .unwrap_err();
                assert_eq!(error.exit_code(), 2);
                error.to_string()
            };
            // Numbers that may be below 0, and what is read together with one.
            if ["LIMIT", "BOUND", "K/N"].contains(&name) {
                continue;
            }
            if !SIGNED.contains(&name) {
                assert!(
                    ["FILE", "KNOB", "NAME", "NAME=KIND", "UNIT", ""].contains(&name),
                    "{flag} <{name}>: is it a number?"
                );
                continue;
            }
            let path = [&group[..], &[sub.get_name()]].concat().join(" ");
            seen.push(format!("{path} {flag}"));
            let values: &[&str] = match name {
                // Seconds before the epoch are a moment.
                "T" => &["-5s", "-x"],
                _ => &["-5s", "-1", "-3.5", "-1%", "-inf"],
            };
            for value in values {
                let said = words(value);
                let first =
                    format!("error: invalid value '{value}' for '{flag} <{name}>': must be ");
                assert!(said.starts_with(&first), "{said}");
            }
            let said = words("--json");
            assert!(said.contains(&format!("'{flag} <{name}>'")), "{said}");
            assert!(said.contains("--json is the next flag"), "{said}");
        }
    }
    assert!(seen.len() > 20, "{seen:?}");
    for known in [
        "replay --start-up",
        "replay --min",
        "tune --bad",
        "decide --now",
        "size --load",
        "simulate outage --load",
    ] {
        assert!(seen.iter().any(|flag| flag == known), "{known}");
    }
}

#[test]
fn moments_are_read_in_all_their_forms() {
    assert_eq!(moment("897350400"), Ok(Moment::Epoch(897_350_400)));
    assert_eq!(moment("1998-06-09"), Ok(Moment::Epoch(897_350_400)));
    assert_eq!(
        moment("1998-06-09T01:00:00Z"),
        Ok(Moment::Epoch(897_354_000))
    );
    assert_eq!(
        moment("8d"),
        Ok(Moment::Offset(Duration::from_secs(8 * 86_400)))
    );
    assert!(moment("yesterday").is_err());
    assert_eq!(Moment::Offset(Duration::from_secs(5)).resolve(10), 15);
}

#[test]
fn shares_are_fractions_or_percent() {
    assert_eq!((share("1%"), share("0.8")), (Ok(0.01), Ok(0.8)));
    assert!(["0", "1.2", "-1%", "x"].iter().all(|s| share(s).is_err()));
}
