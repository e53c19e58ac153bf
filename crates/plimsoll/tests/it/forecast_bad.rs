//! What `plimsoll forecast` refuses: one line with file, line or flag, value and bound.

use crate::Dir;
use crate::forecast::disk;

fn refused(file: &str, args: &[&str]) -> String {
    let dir = Dir::new().with("disk.csv", file);
    let args = [&["forecast", "disk.csv"], args].concat();
    let said = dir.run(&args).refused();
    assert_eq!(dir.names(), ["disk.csv"]);
    said.trim_start_matches("error: ").to_owned()
}

#[test]
fn lines_that_make_no_sense_are_refused_with_their_number() {
    for (text, said) in [
        ("", "disk.csv: holds no line with a time and a value"),
        (
            "timestamp,disk\n",
            "disk.csv: holds no line with a time and a value",
        ),
        (
            "when,disk\n0,1\n",
            "disk.csv:1: the header has no column timestamp (or one of timestamp, time, ts, date, datetime) \
             and does not begin with a time",
        ),
        (
            "timestamp\n0\n",
            "disk.csv:1: the header has no column beside the time",
        ),
        (
            "timestamp,a,\n0,1,2\n",
            "disk.csv:1: column 3 of the header has no name",
        ),
        (
            "timestamp,a,a\n0,1,2\n",
            "disk.csv:1: the header has the column \"a\" twice",
        ),
        (
            "timestamp,metric,value,pod\n0,a,1,b\n",
            "disk.csv:1: the header has the column \"pod\" beside timestamp, metric and value",
        ),
        (
            "0,1,2\n",
            "disk.csv:1: the first line has 3 cells and no names, must have a header, or be \
             timestamp,value or timestamp,metric,value",
        ),
        (
            "timestamp,a\n0,1\nlater,1\n",
            "disk.csv:3: timestamp is \"later\", must be seconds or milliseconds since the epoch, or a \
             date and time such as 2014-02-14T14:30:00Z, from 1970 on",
        ),
        (
            "timestamp,a\n\n0,high\n",
            "disk.csv:3: a is \"high\", must be a number, or empty, nan or null where nothing was recorded",
        ),
        (
            "timestamp,a\n0,1,2\n",
            "disk.csv:2: \"0,1,2\" has 3 cells, must have 2",
        ),
        (
            "timestamp,a\n0\n",
            "disk.csv:2: \"0\" has 1 cells, must have 2",
        ),
        (
            "timestamp,a\n0,\"1\n",
            "disk.csv:2: a quote is not closed on its line",
        ),
        (
            "timestamp,metric,value\n0,,1\n",
            "disk.csv:2: metric is empty, must be a name",
        ),
    ] {
        assert_eq!(refused(text, &["--limit", "1"]), said, "{text:?}");
    }
    let dir = Dir::new().with("x.csv", b"timestamp,a\n0,\xff\n");
    let said = dir.run(&["forecast", "x.csv", "--limit", "1"]).refused();
    assert_eq!(said, "error: x.csv:2: not valid UTF-8");
    let said = dir.run(&["forecast", "none.csv", "--limit", "1"]).refused();
    assert!(
        said.starts_with("error: none.csv: cannot be read: "),
        "{said}"
    );
    let many: String = (0..501).map(|k| format!("0,m{k},1\n")).collect();
    assert_eq!(
        refused(&format!("time,metric,value\n{many}"), &["--limit", "1"]),
        "disk.csv:502: \"m500\" is metric 501, must be at most 500: --only NAME picks some"
    );
    let long = format!("timestamp,a\n0,{}\n", "1".repeat(1 << 20));
    assert_eq!(
        refused(&long, &["--limit", "1"]),
        "disk.csv:2: longer than 1048576 bytes"
    );
}

#[test]
fn a_series_without_an_answer_is_refused() {
    let short = "timestamp,disk\n0,1\n60,1\n120,1\n";
    assert_eq!(
        refused(short, &["--limit", "2"]),
        "disk.csv: nothing can be said about disk: the series has 3 observed values, must be at least 8"
    );
    let seconds: String = (0..2500).map(|s| format!("{s},1\n")).collect();
    assert_eq!(
        refused(&format!("timestamp,disk\n{seconds}"), &["--limit", "2"]),
        "disk.csv: nothing can be said about disk: the series has 1 observed values, must be at least 8 \
         (2500 samples in steps of 30 min: a shorter --horizon or --step makes more of them)"
    );
    let at_once = "timestamp,total\n0,1\n0,2\n0,3\n";
    let args = [
        "--limit",
        "2",
        "--counter",
        "--step",
        "1m",
        "--horizon",
        "1d",
        "--lead-time",
        "1h",
    ];
    let said = refused(at_once, &args);
    assert!(
        said.ends_with("the series has 0 observed values, must be at least 8"),
        "{said}"
    );
    let one_time = "timestamp,disk\n0,1\n0,2\n";
    assert_eq!(
        refused(one_time, &["--limit", "3"]),
        "disk.csv: nothing can be said about disk: the number of different times is 1, must be at \
         least 2, or --step be given"
    );
    let wrong = "timestamp,disk\n0,1\n1400000000,1\n1400000060,1\n1400000120,1\n";
    let said = refused(wrong, &["--limit", "2"]);
    assert!(
        said.ends_with("must be at most 1048576: is one of the times wrong?"),
        "{said}"
    );
    let said = refused(&disk(), &["--season", "90m"]);
    assert_eq!(
        said,
        "disk.csv: nothing can be said about disk: seasons[0] is 90m, must be a multiple of the step, at \
         least two steps"
    );
    let late = refused(&disk(), &["--now", "2027-01-01"]);
    assert!(
        late.contains("the newest value is ") && late.contains(" old, must be at most "),
        "{late}"
    );
    let early = refused(&disk(), &["--now", "2025-01-01"]);
    assert!(
        early.ends_with("the series has 0 observed values, must be at least 8"),
        "{early}"
    );
    let far = refused(&disk(), &["--step", "1m", "--horizon", "7d"]);
    assert!(far.ends_with("must be at most 10000 steps"), "{far}");
}

#[test]
fn flags_that_make_no_sense_are_refused() {
    let other = disk().replace("timestamp,value", "timestamp,load");
    let percent = disk().replace(",0.", ",40.");
    for (file, args, said) in [
        (
            &other,
            &[][..],
            "--limit is missing for \"load\": give --limit LIMIT or NAME=LIMIT",
        ),
        (
            &disk(),
            &["--falling"],
            "--limit is missing for \"disk\": give --limit LIMIT or NAME=LIMIT",
        ),
        (
            &disk(),
            &["--limit", "dsk=0.9"],
            "--limit names \"dsk\", must be a metric of the file: \"disk\"",
        ),
        (
            &disk(),
            &["--limit", "0.9", "--limit", "0.8"],
            "--limit is given twice for all metrics",
        ),
        (
            &disk(),
            &["--limit", "disk=0.9", "--limit", "disk=0.8"],
            "--limit is given twice for \"disk\"",
        ),
        (
            &disk(),
            &["--lead-time", "10d", "--horizon", "7d"],
            "--lead-time is 10d, must be at most --horizon (7d)",
        ),
        (
            &disk(),
            &["--horizon", "1d"],
            "--lead-time of \"disk\" is 3d by default, must be at most --horizon (1d)",
        ),
        (
            &disk(),
            &["--min", "2", "--max", "1"],
            "--min of \"disk\" is 2, must be below --max (1)",
        ),
        (
            &disk(),
            &["--max", "0.5"],
            "--limit of \"disk\" is 0.9, must be at most --max (0.5), or it is never reached",
        ),
        (
            &disk(),
            &["--limit", "1", "--falling", "--min", "2"],
            "--limit of \"disk\" is 1, must be at least --min (2), or it is never reached",
        ),
        (
            &disk(),
            &["--season", "1d", "--season", "none"],
            "--season none and other seasons exclude each other: give one",
        ),
        (
            &disk(),
            &["--season", "1d", "--season", "2d", "--season", "7d"],
            "--season is given 3 times, must be at most 2",
        ),
    ] {
        assert_eq!(
            refused(file, args),
            format!("command line: {said}"),
            "{args:?}"
        );
    }
    let said = refused(&percent, &[]);
    assert!(
        said.starts_with("command line: \"disk\" goes up to 40.")
            && said.ends_with("in the metric's unit"),
        "{said}"
    );
    let said = refused(&disk(), &["--only", "cpu"]);
    assert_eq!(
        said,
        "disk.csv: has none of the metrics of --only; it has \"disk\""
    );
}

#[test]
fn values_of_flags_are_refused_with_their_bound() {
    let dir = Dir::new().with("disk.csv", disk());
    for (args, said) in [
        (
            ["--limit", "high"],
            "must be a finite number such as 0.9 or 90%, or NAME=NUMBER",
        ),
        (
            ["--limit", "inf"],
            "must be a finite number such as 0.9 or 90%, or NAME=NUMBER",
        ),
        (["--lead-time", "-1d"], "must be at least 0s"),
        (["--horizon", "0s"], "must be above 0s"),
        (["--step", "0"], "must be above 0s"),
        (["--season", "0d"], "must be above 0s"),
        (
            ["--sustained", "4/3"],
            "must be K/N, such as 3/5: K from 1 to N, N at most 1000",
        ),
        (["--keep", "7"], "must be a whole number from 8 to 100000"),
        (
            ["--metric", "disk=ssd"],
            "must be NAME=KIND, the kind one of cpu, memory, disk, response-time, queue, other",
        ),
        (
            ["--min", "x"],
            "must be a finite number such as 0.9 or 90%, or NAME=NUMBER",
        ),
        (
            ["--now", "yesterday"],
            "must be seconds since the epoch, a date",
        ),
    ] {
        let run = dir.run(&[&["forecast", "disk.csv"], &args[..]].concat());
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
        assert!(
            run.stderr.contains(args[0]) && run.stderr.contains(said),
            "{}",
            run.stderr
        );
    }
    for args in [
        &["forecast"][..],
        &["forecast", "disk.csv", "--tasks", "t.jsonl"],
    ] {
        assert_eq!(dir.run(args).code, Some(2), "{args:?}");
    }
}

#[test]
fn events_that_make_no_sense_are_refused_with_their_place() {
    let refuse = |events: &str| {
        let dir = Dir::new().with("disk.csv", disk()).with("e.toml", events);
        let said = dir
            .run(&["forecast", "disk.csv", "--events", "e.toml"])
            .refused();
        said.trim_start_matches("error: ").to_owned()
    };
    let event = |more: &str| format!("[[events]]\nname = \"sale\"\n{more}\n");
    for (more, said) in [
        (
            "start = \"soon\"\nchange = { additive = 1.0 }",
            "e.toml:3:9: events[0].start is \"soon\", must be a date and time such as \
             2026-11-27T00:00:00Z, or seconds since the epoch",
        ),
        (
            "start = 2026-02-01T00:00:00Z\nend = 2026-01-01T00:00:00Z\nchange = { additive = 1.0 }",
            "e.toml:4:7: events[0].end is 2026-01-01 00:00 UTC, must be after start, 2026-02-01 00:00 UTC",
        ),
        (
            "start = 0\nchange = { multiplicative = 0.0 }",
            "e.toml:4:29: events[0].change.multiplicative is 0, must be 0.000001 to 1000000",
        ),
        (
            "start = 0\nchange = { additive = 1.0 }\nmetric = \"cpu\"",
            "command line: --events: an event is about \"cpu\", must be about a metric of the file: \"disk\"",
        ),
    ] {
        assert_eq!(refuse(&event(more)), said);
    }
    assert!(refuse(&event("start = 0")).contains("events[0].change is missing"));
    let typo = refuse(&event("start = 0\nchange = { additive = 1.0 }\nuntil = 5"));
    assert!(
        typo.contains("unknown field \"until\" in events[0]"),
        "{typo}"
    );
}

#[test]
fn nothing_that_is_read_is_written_over() {
    let dir = Dir::new().with("disk.csv", disk());
    let said = dir
        .run(&["forecast", "disk.csv", "--json", "disk.csv"])
        .refused();
    assert!(said.contains("FILE and --json are the same file"), "{said}");
    assert_eq!(dir.read("disk.csv"), disk());
}
