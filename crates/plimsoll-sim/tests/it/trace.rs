//! Traces from CSV, and parts of them.

mod demand;

use plimsoll_sim::{CsvSource, Repairs, Trace, TraceError, TraceSource, Unit};
use proptest::prelude::*;

fn load(text: &str) -> Result<Trace, TraceError> {
    CsvSource::new(text)
        .with_unit(Unit::RequestsPerSecond)
        .load()
}

/// `start/step: rates`, and what was repaired, if anything was.
fn show(trace: &Trace) -> String {
    let rates: Vec<String> = trace.rates.iter().map(ToString::to_string).collect();
    let Repairs {
        missing_steps,
        longest_gap_steps,
        duplicate_rows,
    } = trace.repairs;
    let repairs = match (missing_steps, longest_gap_steps, duplicate_rows) {
        (0, 0, 0) => String::new(),
        (missing, gap, double) => format!(", {missing} missing (run of {gap}), {double} double"),
    };
    format!(
        "{}/{}: {}{repairs}",
        trace.start_s,
        trace.step_s,
        rates.join(" ")
    )
}

#[test]
fn rows_become_an_even_grid() {
    for (text, shown) in [
        // The plain case, with and without a header.
        ("timestamp,value\n0,1\n60,2\n120,3\n", "0/60: 1 2 3"),
        ("0,1\n60,2\n120,3", "0/60: 1 2 3"),
        // Header: order, case, quotes, more columns.
        ("value,timestamp\n1,0\n2,60\n", "0/60: 1 2"),
        ("\"Timestamp\", VALUE\n0,1\n60,2\n", "0/60: 1 2"),
        ("host,timestamp,pod,value\na,0,b,1\na,60,b,2\n", "0/60: 1 2"),
        // Byte order mark, CRLF, blank lines, spaces.
        ("\u{feff}timestamp,value\n0,1\n60,2\n", "0/60: 1 2"),
        ("\u{feff}0,1\n60,2\n", "0/60: 1 2"),
        ("timestamp,value\r\n0,1\r\n60,2\r\n", "0/60: 1 2"),
        (
            "\n  \ntimestamp,value\n\n0,1\n\t\n 60 , 2 \n\n",
            "0/60: 1 2",
        ),
        // Times: fractions, exponents, before 1970.
        ("0.25,1\n60.5,2\n119.9,3\n180,4\n", "0/60: 1 2 3 4"),
        ("1e3,1\n1.06e3,2\n", "1000/60: 1 2"),
        ("-120,1\n-60,2\n0,3\n", "-120/60: 1 2 3"),
        // A row belongs to the nearest step.
        ("0,1\n60,2\n120,3\n179,4\n241,5\n", "0/60: 1 2 3 4 5"),
        ("0,1\n60,2\n149,4\n209,5\n", "0/60: 1 2 4 5"),
        // Gaps repeat the value before them.
        (
            "0,1\n60,2\n240,5\n300,6\n",
            "0/60: 1 2 2 2 5 6, 2 missing (run of 2), 0 double",
        ),
        (
            "0,1\n1,2\n3,4\n4,5\n6,7\n",
            "0/1: 1 2 2 4 5 5 7, 2 missing (run of 1), 0 double",
        ),
        (
            "0,1\n60,\n120,NaN\n180,null\n240,5\n",
            "0/60: 1 1 1 1 5, 3 missing (run of 3), 0 double",
        ),
        // A gap at the beginning has nothing to repeat, one at the end has.
        ("0,\n60,\n120,3\n180,4\n", "120/60: 3 4"),
        (
            "0,1\n60,2\n120,\n",
            "0/60: 1 2 2, 1 missing (run of 1), 0 double",
        ),
        // Values of one step are averaged.
        (
            "0,1\n60,2\n60,4\n120,5\n",
            "0/60: 1 3 5, 0 missing (run of 0), 1 double",
        ),
        (
            "0,1\n60,2\n60,4\n60,6\n120,5\n",
            "0/60: 1 4 5, 0 missing (run of 0), 2 double",
        ),
        ("0,1\n60,2\n60,\n120,5\n", "0/60: 1 2 5"),
        (
            "0,1\n60,2\n85,3\n120,4\n180,5\n",
            "0/60: 1 2.5 4 5, 0 missing (run of 0), 1 double",
        ),
        // Zeros are values.
        ("0,0\n1,0\n2,1e15\n", "0/1: 0 0 1000000000000000"),
    ] {
        assert_eq!(
            load(text).as_ref().map(show),
            Ok(shown.to_owned()),
            "{text:?}"
        );
    }
}

#[test]
fn requests_in_a_step_become_requests_a_second() {
    let trace = CsvSource::new("0,60\n60,120\n").load();
    assert_eq!(trace.unwrap().rates, [1.0, 2.0]);
}

/// A clock that is a second late every other time does not make another step.
#[test]
fn jitter_does_not_shift_the_grid() {
    for late in [[0.0, 0.4], [0.0, 1.0], [2.0, 0.0]] {
        let row = |i: u32| format!("{},{i}\n", f64::from(60 * i) + late[i as usize % 2]);
        let trace = load(&(0..1000).map(row).collect::<String>()).unwrap();
        let expected: Vec<f64> = (0..1000).map(f64::from).collect();
        let found = (trace.step_s, trace.rates.len(), trace.repairs);
        assert_eq!(found, (60, 1000, Repairs::default()), "{late:?}");
        assert_eq!(trace.rates, expected, "{late:?}");
    }
}

/// Steps that are no whole number of seconds are counted right, or refused.
#[test]
fn steps_of_a_fraction_of_a_second_do_not_change_the_rate() {
    for (step, requests) in [(0.5, 50.0), (1.5, 150.0), (2.4, 240.0)] {
        let rows = (0..600).map(|i| format!("{:.1},{requests}\n", f64::from(i) * step));
        let Ok(trace) = CsvSource::new(&rows.collect::<String>()).load() else {
            continue;
        };
        let mean = trace.rates.iter().sum::<f64>() / trace.rates.len() as f64;
        assert!(
            (mean - 100.0).abs() < 1.0,
            "a step of {step} s: {mean} requests a second"
        );
    }
}

#[test]
fn a_wrong_row_is_named() {
    for (text, line, field) in [
        ("timestamp,value\n0,1\nx,2\n", 3, "timestamp"),
        ("0,1\n60,2\n59,3\n", 3, "timestamp"),
        ("0,1\n1e11,3\n", 2, "timestamp"),
        ("0,1\ninf,3\n", 2, "timestamp"),
        ("\n\n0,1\n\n60,-0.5\n", 5, "value"),
        ("0,1\n60,1.1e15\n", 2, "value"),
        ("0,1\n60,inf\n", 2, "value"),
        ("0,1\n60,0x10\n", 2, "value"),
        ("0,1\n60\n", 2, "value"),
        ("value,timestamp\n1\n", 2, "timestamp"),
        ("time,value\n0,1\n", 1, "header"),
        ("timestamp,values\n0,1\n", 1, "header"),
        ("timestamp;value\n0;1\n", 1, "header"),
        (
            "timestamp,value\n0,1\ntimestamp,value\n60,2\n",
            3,
            "timestamp",
        ),
    ] {
        let error = load(text).unwrap_err();
        assert_eq!(error.line(), Some(line), "{text:?}: {error}");
        let TraceError::Row { field: named, .. } = error else {
            panic!("{text:?}: {error}")
        };
        assert_eq!(named, field, "{text:?}");
    }
}

#[test]
fn what_is_no_trace_is_refused() {
    for text in [
        "",
        "\n\n",
        "timestamp,value\n",
        "0,1\n",
        "0,1\n60,\n",
        "0,1\n0,1\n0,1\n",
    ] {
        let error = load(text).unwrap_err();
        assert!(
            matches!(error, TraceError::TooShort { .. }),
            "{text:?}: {error}"
        );
        assert_eq!(error.line(), None);
    }
    assert_eq!(load("0,0\n60,0\n120,\n"), Err(TraceError::NoLoad));
    let far = load("0,1\n1,1\n2,1\n20000000,1\n");
    assert_eq!(
        far,
        Err(TraceError::TooLong {
            steps: 20_000_001,
            step_s: 1
        })
    );
    assert_eq!(
        load("0,1\n1,1\n2,1\n19999999,1\n").unwrap().rates.len(),
        20_000_000
    );
}

fn ten_minutes() -> Trace {
    let rates = (0..10).map(f64::from).collect();
    Trace {
        start_s: 1000,
        step_s: 60,
        rates,
        repairs: Repairs {
            missing_steps: 1,
            ..Repairs::default()
        },
    }
}

#[test]
fn a_part_begins_with_the_first_whole_step() {
    let trace = ten_minutes();
    assert_eq!(trace.end_s(), 1600);
    for (from, to, first, rates) in [
        (1000, 1600, 1000, 0..10),
        (0, 9999, 1000, 0..10),
        (i64::MIN, 1600, 1000, 0..10),
        (1000, 1060, 1000, 0..1),
        (1001, 1121, 1060, 1..3),
        (1060, 1120, 1060, 1..2),
        (1540, 1600, 1540, 9..10),
        (999, 1001, 1000, 0..1),
    ] {
        let part = trace.between(from, to).unwrap();
        let expected: Vec<f64> = rates.map(f64::from).collect();
        assert_eq!(
            (part.start_s, part.step_s, part.rates),
            (first, 60, expected),
            "{from}..{to}"
        );
    }
}

#[test]
fn a_part_without_a_step_is_refused() {
    let trace = ten_minutes();
    for (from, to) in [
        (1600, 2000),
        (0, 1000),
        (1300, 1300),
        (1400, 1300),
        (1001, 1060),
    ] {
        let error = TraceError::Empty {
            from_s: from,
            to_s: to,
            start_s: 1000,
            end_s: 1600,
        };
        assert_eq!(trace.between(from, to), Err(error), "{from}..{to}");
    }
}

#[test]
fn a_part_may_end_at_the_end_of_time() {
    for start_s in [0, 1000, -1000] {
        let trace = Trace {
            start_s,
            ..ten_minutes()
        };
        assert_eq!(
            trace.between(i64::MIN, i64::MAX).unwrap().rates,
            trace.rates
        );
        assert!(trace.between(i64::MAX - 1, i64::MAX).is_err());
    }
}

proptest! {
    #[test]
    fn parts_put_together_are_the_whole(cut in 900_i64..1700) {
        let trace = ten_minutes();
        let part = |from, to| trace.between(from, to).map_or_else(|_| Vec::new(), |t| t.rates);
        let whole = [part(0, cut), part(cut, 9999)].concat();
        prop_assert_eq!(whole, trace.rates);
    }

    #[test]
    fn any_text_is_a_trace_or_an_error(text in "[0-9a-z,.\\-\n\" ]{0,80}") {
        if let Ok(trace) = load(&text) {
            prop_assert!(trace.step_s >= 1 && !trace.rates.is_empty());
            prop_assert!(trace.rates.iter().all(|r| r.is_finite() && *r >= 0.0));
        }
    }

    #[test]
    fn a_written_trace_is_read_back(
        start_s in -1_000_000_i64..2_000_000_000,
        step_s in 1_u32..5000,
        mut rates in prop::collection::vec(0.0..1e6_f64, 2..50),
    ) {
        rates[0] += 1.0;
        let row = |(i, rate): (usize, &f64)| format!("{},{rate}\n", start_s + i as i64 * i64::from(step_s));
        let text: String = rates.iter().enumerate().map(row).collect();
        let expected = Trace { start_s, step_s, rates, repairs: Repairs::default() };
        prop_assert_eq!(load(&text), Ok(expected));
    }
}
