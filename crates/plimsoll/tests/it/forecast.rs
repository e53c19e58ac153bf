//! `plimsoll forecast` of a file: formats, flags, and what is written.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{Dir, number};

/// 1 January 2026, 00:00 UTC.
pub(crate) const START_S: u64 = 1_767_225_600;

/// Share of a disk that fills by 0.012 a day, with a small daily wave: 0.436 after four weeks.
pub(crate) fn used(hour: u32) -> f64 {
    let day = f64::from(hour % 24) / 24.0 * std::f64::consts::TAU;
    0.1 + 0.0005 * f64::from(hour) + 0.01 * day.sin() + 0.0001 * f64::from(hour * 7 % 13)
}

/// A file of one metric, four weeks of hours.
pub(crate) fn disk() -> String {
    csv("timestamp,value", |hour| {
        format!("{},{}", at(hour), used(hour))
    })
}

fn at(hour: u32) -> u64 {
    START_S + 3600 * u64::from(hour)
}

fn csv(header: &str, line: impl Fn(u32) -> String) -> String {
    let mut text = format!("{header}\n");
    for hour in 0..672 {
        writeln!(text, "{}", line(hour)).unwrap();
    }
    text
}

#[track_caller]
fn json_of(dir: &Dir, args: &[&str]) -> Value {
    let args = [&["forecast"], args, &["--json", "-"]].concat();
    serde_json::from_str(&dir.run(&args).ok()).unwrap()
}

/// All that follows from the values, for comparing files.
fn curves(report: &Value) -> Value {
    report["curves"].clone()
}

#[test]
fn the_verdict_says_when_how_sure_and_what_to_do() {
    let dir = Dir::new().with("disk.csv", disk());
    let text = dir
        .run(&[
            "forecast",
            "disk.csv",
            "--limit",
            "0.5",
            "--lead-time",
            "3d",
        ])
        .ok();
    let verdict = text.lines().next().unwrap();
    let start = "disk reaches 0.5 in about 5";
    assert!(verdict.starts_with(start), "{verdict}");
    assert!(
        verdict.contains(" d (10–90 %: ") && verdict.contains(" within the lead time of 3 d: ")
    );
    assert!(verdict.contains("act by 2026-01-3"), "{verdict}");
    assert!(text.contains("\nmetric  "), "{text}");
    assert!(
        text.contains("largest value of each 1 h; seasons of 1 d and 7 d"),
        "{text}"
    );

    let row = text
        .lines()
        .find(|line| line.starts_with("disk  "))
        .unwrap();
    assert!(row.contains("  +0.012") && row.ends_with("  low"), "{row}");

    let report = json_of(&dir, &["disk.csv", "--limit", "0.5", "--lead-time", "3d"]);
    assert_eq!(report["verdict"], verdict);
    let forecast = &report["forecasts"][0];
    assert_eq!(forecast["kind"], "disk_utilization");
    assert_eq!(forecast["limit"]["value"], json!({ "constant": 0.5 }));
    assert_eq!(forecast["urgency"]["level"], "low");
    assert_eq!(forecast["urgency"]["lead_time"], "3d");
    let curve = &report["curves"][0];
    assert_eq!(curve["point"].as_array().unwrap().len(), 168);
    assert_eq!(curve["probability"].as_array().unwrap().len(), 168);
    assert_eq!(curve["intervals"][1]["level"], 0.95);
    assert_eq!(curve["history"].as_array().unwrap().len(), 336);
    let act_by = number(&curve["act_by_s"]) - at(671) as f64;
    assert!((1.8..2.8).contains(&(act_by / 86_400.0)), "{act_by}");
}

#[test]
fn what_must_be_done_now_is_said() {
    let dir = Dir::new().with("disk.csv", disk());
    let text = dir.run(&["forecast", "disk.csv", "--limit", "0.45"]).ok();
    assert!(
        text.lines()
            .next()
            .unwrap()
            .ends_with("within the lead time of 3 d: act now."),
        "{text}"
    );
    assert!(
        text.contains("what helps:\n  disk: add storage, or archive data; 1."),
        "{text}"
    );
    let reached = dir.run(&["forecast", "disk.csv", "--limit", "0.4"]).ok();
    assert!(
        reached.starts_with("disk has reached 0.4, it is at 0.4"),
        "{reached}"
    );
    let far = dir.run(&["forecast", "disk.csv"]).ok();
    assert!(
        far.starts_with("disk reaches 0.9 within 7 d with a probability of < 1 %; < 1 % within"),
        "the limit of its kind: {far}"
    );
    assert!(far.contains("nothing to do yet"), "{far}");
}

#[test]
fn an_urgency_can_be_a_failure() {
    let dir = Dir::new().with("disk.csv", disk());
    let code = |limit: &str, bar: &str| {
        dir.run(&["forecast", "disk.csv", "--limit", limit, "--fail-on", bar])
            .code
    };
    assert_eq!(code("0.45", "high"), Some(1));
    assert_eq!(code("0.45", "medium"), Some(1));
    assert_eq!(code("0.9", "medium"), Some(0));
    assert_eq!(
        dir.run(&["forecast", "disk.csv", "--limit", "0.45"]).code,
        Some(0)
    );
}

#[test]
fn every_format_of_a_file_says_the_same() {
    let long = csv("metric,value,time", |hour| {
        format!("disk,{},{}", used(hour), at(hour))
    });
    let wide = csv("ts,disk,\"other, one\"", |hour| {
        format!("{},{},1", at(hour), used(hour))
    });
    let milliseconds = csv("timestamp,disk", |hour| {
        format!("{}000,{}", at(hour), used(hour))
    });
    let dates = csv("date,disk", |hour| {
        let (day, hour_of_day) = (hour / 24 + 1, hour % 24);
        format!(
            "2026-01-{day:02}T{:02}:30:00+00:30,{}",
            hour_of_day,
            used(hour)
        )
    });
    let dates = dates.replace("T00:30:00+00:30", "T00:00:00Z");
    let plain: String = disk()
        .lines()
        .skip(1)
        .map(|line| format!("{line}\n"))
        .collect();
    let three: String = long
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split(',');
            let (name, value, time) = (cells.next(), cells.next(), cells.next());
            format!("{},{},{}\r\n", time.unwrap(), name.unwrap(), value.unwrap())
        })
        .collect();
    let reversed: String = {
        let mut lines: Vec<String> = plain.lines().map(|line| format!("{line}\n")).collect();
        lines.reverse();
        lines.concat()
    };
    let dir = Dir::new()
        .with("disk.csv", disk())
        .with("long.csv", long)
        .with("wide.csv", wide)
        .with("ms.csv", milliseconds)
        .with("dates.csv", dates)
        .with("three.csv", three);
    let of = |args: &[&str]| curves(&json_of(&dir, &[args, &["--limit", "0.5"]].concat()));
    let expected = of(&["disk.csv"]);
    for args in [
        &["long.csv"][..],
        &["wide.csv", "--only", "disk"],
        &["ms.csv"],
        &["dates.csv"],
        &["three.csv"],
    ] {
        assert_eq!(of(args), expected, "{args:?}");
    }
    for (name, text) in [("plain", plain), ("reversed", reversed)] {
        let dir = Dir::new().with("disk.csv", text);
        let mut found = curves(&json_of(&dir, &["disk.csv", "--limit", "0.5"]));
        // Told, and of no consequence.
        found[0]["repairs"]["unsorted"] = json!(0);
        assert_eq!(found, expected, "{name}");
    }
    let args = ["forecast", "-", "--limit", "0.5", "--json", "-"];
    let piped: Value = serde_json::from_str(&dir.run_with(&args, &disk()).ok()).unwrap();
    assert_eq!(piped["curves"][0]["point"], expected[0]["point"]);
    assert_eq!(piped["curves"][0]["metric"], "value");
}

#[test]
fn limits_may_lie_below_0() {
    let text = csv("time,temperature", |hour| {
        format!(
            "{},{}",
            at(hour),
            20.0 - 0.03 * f64::from(hour) + 0.05 * f64::from(hour * 7 % 5)
        )
    });
    let dir = Dir::new().with("t.csv", text);
    let text = dir
        .run(&["forecast", "t.csv", "--limit", "-3", "--falling"])
        .ok();
    assert!(
        text.starts_with("temperature reaches -3 (from above) in about 4"),
        "{text}"
    );
}

/// A file of three metrics: a disk, a processor with days, free bytes that shrink.
fn three() -> String {
    csv("timestamp,disk,cpu,free", |hour| {
        let day = f64::from(hour % 24) / 24.0 * std::f64::consts::TAU;
        let cpu = 0.4 + 0.2 * day.sin() + 0.003 * f64::from(hour * 7 % 11);
        let free = 1e9 - 1e6 * f64::from(hour) - 1e3 * f64::from(hour * 5 % 7);
        format!("{},{},{cpu},{free}", at(hour), used(hour))
    })
}

#[test]
fn each_metric_has_its_own_limit_kind_and_lead_time() {
    let dir = Dir::new().with("m.csv", three());
    let args = [
        "m.csv",
        "--limit",
        "disk=45%",
        "--limit",
        "free=1e8",
        "--falling=free",
        "--lead-time",
        "free=2d",
        "--metric",
        "free=disk",
        "--min",
        "free=0",
        "--max",
        "disk=1",
    ];
    let report = json_of(&dir, &args);
    let of = |metric: &str| {
        let forecasts = report["forecasts"].as_array().unwrap();
        forecasts
            .iter()
            .find(|f| f["metric"] == metric)
            .unwrap()
            .clone()
    };
    assert_eq!(of("disk")["limit"]["value"]["constant"], 0.45);
    assert_eq!(of("disk")["urgency"]["level"], "high");
    assert_eq!(of("disk")["urgency"]["lead_time"], "3d");
    assert_eq!(
        of("cpu")["limit"]["value"]["constant"],
        0.8,
        "that of its kind"
    );
    assert_eq!(of("free")["limit"]["direction"], "falling");
    assert_eq!(of("free")["kind"], "disk_utilization");
    assert_eq!(of("free")["urgency"]["lead_time"], "2d");
    assert_eq!(report["curves"][2]["bins"], "smallest value");
    assert!(
        report["verdict"]
            .as_str()
            .unwrap()
            .starts_with("1 of 3 metrics is urgent: disk ")
    );
    assert_eq!(report["health"], "critical");
    assert_eq!(
        report["command"],
        "plimsoll forecast m.csv --limit disk=0.45 --limit free=100000000 --lead-time free=2d \
         --metric free=disk --falling=free --min free=0 --max disk=1"
    );
    let again = report["command"].as_str().unwrap().split(' ').skip(2);
    assert_eq!(json_of(&dir, &again.collect::<Vec<_>>()), report);
}

#[test]
fn a_metric_without_an_answer_is_named_and_fails() {
    let text = csv("timestamp,disk,queue", |hour| {
        let queue = if hour < 100 { "5" } else { "null" };
        format!("{},{},{queue}", at(hour), used(hour))
    });
    let dir = Dir::new().with("m.csv", text);
    let run = dir.run(&["forecast", "m.csv"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(1), ""));
    let first = run.stdout.lines().next().unwrap();
    assert!(
        first.contains("Nothing can be said about queue: the newest value is "),
        "{first}"
    );
    assert!(
        run.stdout
            .contains("no answer:\n  queue: the newest value is "),
        "{}",
        run.stdout
    );
    // How old is too old can be said.
    let old = dir.run(&["forecast", "m.csv", "--max-age", "40d"]).ok();
    assert!(!old.contains("no answer"), "{old}");
}

#[test]
fn flags_change_the_answer() {
    let dir = Dir::new().with("disk.csv", disk());
    let of = |args: &[&str]| {
        json_of(&dir, &[&["disk.csv", "--limit", "0.5"], args].concat())["curves"][0].clone()
    };
    let plain = of(&[]);
    assert_eq!(
        of(&["--horizon", "2d", "--lead-time", "1d"])["point"]
            .as_array()
            .unwrap()
            .len(),
        48
    );
    let twice_the_lead_time = of(&["--lead-time", "10d"]);
    assert_eq!(twice_the_lead_time["step_s"], 7200.0);
    assert_eq!(
        twice_the_lead_time["probability"].as_array().unwrap().len(),
        241
    );
    assert_eq!(of(&["--season", "none"])["seasons_s"], json!([]));
    assert_eq!(of(&["--season", "1d"])["seasons_s"], json!([86_400.0]));
    assert_eq!(
        of(&["--season", "1d", "--season", "7d"])["seasons_s"],
        json!([86_400.0, 604_800.0])
    );
    assert_eq!(of(&["--step", "3h"])["step_s"], 10_800.0);
    let mean = of(&["--step", "3h", "--bins", "mean"]);
    assert_eq!(mean["bins"], "mean");
    assert_ne!(mean["history"], of(&["--step", "3h"])["history"]);
    let kept = of(&["--keep", "200"]);
    assert_eq!(kept["history"].as_array().unwrap().len(), 200);
    assert_ne!(kept["point"], plain["point"]);
    let sustained = of(&["--sustained", "20/24"]);
    let sum = |curve: &Value| -> f64 {
        curve["probability"]
            .as_array()
            .unwrap()
            .iter()
            .map(number)
            .sum()
    };
    assert!(sum(&sustained) < sum(&plain));
    let low = of(&["--cap", "0.501"])["intervals"][1]["upper"].clone();
    assert!(
        low.as_array()
            .unwrap()
            .iter()
            .all(|upper| number(upper) <= 0.501)
    );
    let high = of(&["--min", "0.44"])["intervals"][1]["lower"].clone();
    assert!(
        high.as_array()
            .unwrap()
            .iter()
            .all(|lower| number(lower) >= 0.44)
    );
}

#[test]
fn a_moment_of_the_past_sees_nothing_that_came_later() {
    let cut: String = disk()
        .lines()
        .take(501)
        .map(|line| format!("{line}\n"))
        .collect();
    let dir = Dir::new().with("disk.csv", disk()).with("cut.csv", cut);
    let seconds = at(499).to_string();
    let past = json_of(&dir, &["disk.csv", "--limit", "0.5", "--now", &seconds]);
    assert_eq!(past["now_s"], json!(at(499) as f64));
    assert_eq!(past["later_lines"], 172);
    let cut = json_of(
        &dir,
        &["cut.csv", "--limit", "cut=0.5", "--metric", "cut=disk"],
    );
    assert_eq!(past["curves"][0]["point"], cut["curves"][0]["point"]);
    for now in ["2026-01-21T19:00:00Z", "499h"] {
        let same = json_of(&dir, &["disk.csv", "--limit", "0.5", "--now", now]);
        assert_eq!(same["curves"], past["curves"], "{now}");
    }
    // Later than the file: the newest value is that old.
    let late = (at(671) + 7200).to_string();
    let late = json_of(&dir, &["disk.csv", "--limit", "0.5", "--now", &late]);
    assert_eq!(late["forecasts"][0]["age"], "2h");
}

#[test]
fn counters_become_rates() {
    let text = csv("timestamp,requests_total", |hour| {
        // It restarts once.
        let total = u64::from(hour % 400) * 7200;
        format!("{},{total}", at(hour))
    });
    let dir = Dir::new().with("c.csv", text);
    for flag in ["--counter", "--counter=requests_total"] {
        let report = json_of(&dir, &["c.csv", "--limit", "5", flag]);
        let current = number(&report["forecasts"][0]["current"]);
        assert!((current - 2.0).abs() < 1e-9, "{current}");
        assert_eq!(report["curves"][0]["repairs"]["resets"], 1);
    }
}

const EVENTS: &str = r#"
[[events]]
name = "import"
start = 2026-01-31T00:00:00Z
change = { additive = 0.3 }
metric = "disk"
"#;

#[test]
fn planned_events_count() {
    let same = json!({ "events": [{
        "name": "import", "start": 1_769_817_600, "change": { "additive": 0.3 }, "metric": "disk",
    }] });
    let other = EVENTS.replace("\"disk\"", "\"cpu\"");
    let dir = Dir::new()
        .with("m.csv", three())
        .with("e.toml", EVENTS)
        .with("e.json", same.to_string())
        .with("other.toml", other);
    let of = |args: &[&str]| {
        let more = ["m.csv", "--only", "disk", "--only", "cpu", "--limit", "0.7"];
        json_of(&dir, &[&more, args].concat())
    };
    let without = of(&[]);
    let with = of(&["--events", "e.toml"]);
    assert_eq!(
        with["events"][0]["times_s"],
        json!([[1_769_817_600.0, null]])
    );
    let p = |report: &Value, metric: usize| number(&report["curves"][metric]["probability"][167]);
    assert!(p(&without, 0) < 0.1 && p(&with, 0) > 0.9);
    assert_eq!(p(&without, 1), p(&with, 1), "it is about the disk");
    assert_eq!(curves(&of(&["--events", "e.json"])), curves(&with));
    let other = of(&["--events", "other.toml"]);
    assert_eq!(p(&other, 0), p(&without, 0));
    assert!(p(&other, 1) > p(&without, 1));
}

#[test]
fn files_are_written_whole_and_alike() {
    let dir = Dir::new().with("<m>.csv", three()).with("e.toml", EVENTS);
    let args = [
        "forecast",
        "<m>.csv",
        "--limit",
        "disk=0.5",
        "--limit",
        "free=1",
        "--falling=free",
        "--events",
        "e.toml",
        "--json",
        "a.json",
        "--html",
        "a.html",
    ];
    let text = dir.run(&args).ok();
    assert!(
        text.contains("\nfigures: ") && text.contains("\nreport: "),
        "{text}"
    );
    let (json, page) = (dir.read("a.json"), dir.read("a.html"));
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
    assert_eq!(page.matches("<figure").count(), 3);
    for part in [
        "limit 0.5",
        "P(reached by then)",
        ">import<",
        ">now<",
        ">lead time<",
        "&lt;m&gt;.csv",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<m>") && !page.contains("NaN") && !page.contains("inf"));
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
    assert_eq!(dir.run(&args).ok(), text);
    assert_eq!((dir.read("a.json"), dir.read("a.html")), (json, page));
}

#[test]
fn fine_steps_are_made_coarser_by_their_worst() {
    let mut text = "timestamp,cpu\n".to_owned();
    for minute in 0..10_000_u64 {
        // One minute in each quarter of an hour is busy.
        let cpu = if minute % 15 == 7 { 0.7 } else { 0.3 };
        writeln!(text, "{},{cpu}", START_S + 60 * minute).unwrap();
    }
    let dir = Dir::new().with("cpu.csv", text);
    let report = json_of(&dir, &["cpu.csv"]);
    let curve = &report["curves"][0];
    assert_eq!(curve["step_s"], 1800.0);
    assert!(number(&report["forecasts"][0]["nearest"]) > 0.69);
    assert_eq!(curve["repairs"]["given"], 10_000);
    let exact = json_of(&dir, &["cpu.csv", "--step", "1m", "--horizon", "1d"]);
    assert_eq!(exact["curves"][0]["point"].as_array().unwrap().len(), 1440);
}

#[test]
fn a_long_file_is_streamed() {
    // Far more steps than are kept: 300 000 minutes, of which the newest 4096 half hours count.
    let mut text = "timestamp,metric,value\n".to_owned();
    for minute in 0..300_000_u64 {
        let value = if minute < 100_000 { 99 } else { 3 + minute % 5 };
        writeln!(text, "{},queue,{value}", START_S + 60 * minute).unwrap();
    }
    let dir = Dir::new();
    let args = ["forecast", "-", "--json", "-", "--keep", "1000"];
    let report: Value = serde_json::from_str(&dir.run_with(&args, &text).ok()).unwrap();
    let repairs = &report["curves"][0]["repairs"];
    assert_eq!(repairs["given"], 300_000);
    assert_eq!(report["now_s"], json!((START_S + 60 * 299_999) as f64));
    // What is no longer kept has no part in it.
    assert!(
        number(&report["forecasts"][0]["nearest"]) <= 7.5,
        "{}",
        report["forecasts"][0]
    );
}

/// What was asked for and not done, and what may be a slip, is said beside the forecast.
#[test]
fn a_season_left_out_and_a_limit_of_another_unit_are_told() {
    let mut text = String::from("timestamp,disk\n");
    for hour in 0..336_u32 {
        let wave = f64::from(hour * 7 % 5);
        text += &format!("{},{}\n", 1_700_000_000 + 3600 * hour, 0.5 + 0.01 * wave);
    }
    let dir = Dir::new().with("disk.csv", text);
    let run = dir.run(&["forecast", "disk.csv", "--limit", "90", "--season", "10d"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let said = "the season of 10 d was left out: the history does not hold it twice";
    assert!(run.stdout.contains(said), "{}", run.stdout);
    let said = "the limit is 90 and the largest value 0.54: are both in the same unit?";
    assert!(run.stdout.contains(said), "{}", run.stdout);
}
