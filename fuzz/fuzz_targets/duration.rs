//! What parses is at most 36 500 days, and its text parses to the same whole milliseconds.
#![no_main]

use autoscale_core::{format_duration, parse_duration};
use libfuzzer_sys::fuzz_target;
use std::time::Duration;

fuzz_target!(|text: &str| {
    let Ok(parsed) = parse_duration(text) else {
        return;
    };
    assert!(
        parsed <= Duration::from_secs(36_500 * 86_400),
        "{text} is {parsed:?}"
    );
    let written = format_duration(parsed);
    let read = parse_duration(&written).expect("what was written can be read");
    assert_eq!(
        read.as_millis(),
        parsed.as_millis(),
        "{text} became {written}"
    );
    assert_eq!(format_duration(read), written);
});
