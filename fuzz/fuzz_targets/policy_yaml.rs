//! Manifests in YAML: refused in one line with its place, or policies that decide.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| plimsoll_fuzz::read_policies("fuzz.yaml", text));
