//! What parses is written in a form that parses to the same duration, to the nanosecond.
#![no_main]

use autoscale_core::{format_duration, parse_duration};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(parsed) = parse_duration(text) else {
        return;
    };
    let written = format_duration(parsed);
    let read = parse_duration(&written).expect("what was written can be read");
    assert_eq!(read, parsed, "{text} became {written}");
});
