//! Any text is a trace with finite rates on an even grid, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_sim::{CsvSource, TraceSource};

fuzz_target!(|text: &str| {
    let Ok(trace) = CsvSource::new(text).load() else {
        return;
    };
    assert!(trace.step_s > 0 && !trace.rates.is_empty());
    assert!(
        trace
            .rates
            .iter()
            .all(|rate| rate.is_finite() && *rate >= 0.0)
    );
    let whole = trace.between(i64::MIN, i64::MAX).expect("the whole trace");
    assert_eq!(whole.rates, trace.rates);
});
