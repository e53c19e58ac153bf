//! Any text is refused as a policy's snapshot, or the policy that it makes decides.
#![no_main]

use std::time::Duration;

use autoscale_core::{
    Activated, Bounded, Decision, Fixed, Hpa, Kpa, MaxOf, MetricReading, Milli, Observation,
    PodGroup, Policy, Predictive, RateLimited, Sample, Scheduled, Stabilized, StepScaling,
    TargetTracking, Triggers, WeightedFactors, WithFallback,
};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

type Stack = Bounded<WithFallback<RateLimited<Stabilized<MaxOf<Hpa>>>>>;

fuzz_target!(|text: &str| {
    for decide in [
        resume::<Hpa>,
        resume::<Kpa>,
        resume::<TargetTracking>,
        resume::<StepScaling>,
        resume::<Triggers>,
        resume::<WeightedFactors>,
        resume::<Predictive>,
        resume::<Activated<Fixed>>,
        resume::<Scheduled<Fixed>>,
        resume::<Stack>,
    ] {
        decide(text);
    }
});

fn resume<P: Policy + DeserializeOwned>(text: &str) {
    let Ok(mut policy) = serde_json::from_str::<P>(text) else {
        return;
    };
    let busy = |milli| {
        let samples = vec![Sample::of_group(0, 3, Milli(milli))];
        Observation::new(3)
            .with_pods([PodGroup::running(3).with_request("app", "cpu", Milli(1000))])
            .with_readings([MetricReading::Pods(samples)])
    };
    let value = |milli| Observation::new(3).with_readings([MetricReading::value(Milli(milli))]);
    let seen = [
        Observation::new(3),
        busy(900),
        busy(0),
        value(700_000),
        value(i64::MAX),
        value(0),
    ];
    let mut out = Decision::default();
    for now in [Duration::ZERO, Duration::from_secs(100_000), Duration::MAX] {
        for seen in &seen {
            policy.decide_into(now, seen, &mut out);
            policy.next_wakeup();
        }
    }
}

// A changed byte mostly is no JSON any more: change a value instead, three times of four.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if let Ok(mut root) = serde_json::from_slice::<Value>(&data[..size])
        && seed % 4 != 0
    {
        let mut left = usize::try_from(seed / 4).unwrap_or(0) % count(&root);
        if let Some(value) = nth(&mut root, &mut left) {
            *value = other(value, seed.wrapping_mul(2_654_435_769) >> 16);
        }
        let text = root.to_string();
        if text.len() <= max_size {
            data[..text.len()].copy_from_slice(text.as_bytes());
            return text.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
});

/// Values within a value, itself included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

fn nth<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, left)),
        Value::Object(fields) => fields.values_mut().find_map(|field| nth(field, left)),
        _ => None,
    }
}

fn other(value: &Value, choice: u32) -> Value {
    let numbers = [
        json!(0),
        json!(1),
        json!(-1),
        json!(7),
        json!(u32::MAX),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(0.5),
        json!(1e-300),
        json!(1e300),
        json!(-1e300),
    ];
    let at = usize::try_from(choice / 8).unwrap_or(0);
    let number = || numbers[at % numbers.len()].clone();
    let times = ["0s", "1ns", "15s", "1h", "3650d", "18446744073709551615s"];
    match (value, choice % 8) {
        (_, 0) => Value::Null,
        (Value::Number(_), _) => number(),
        (Value::String(_), _) => json!(times[at % times.len()]),
        (Value::Bool(on), _) => json!(!on),
        (Value::Array(items), 1) => json!(items[..items.len() / 2]),
        (Value::Array(items), 2) => Value::Array([items.as_slice(), items].concat()),
        (Value::Array(items), _) => json!(items.iter().rev().collect::<Vec<_>>()),
        (Value::Object(_) | Value::Null, 1) => json!({}),
        (Value::Object(_) | Value::Null, 2) => json!([]),
        (Value::Object(_) | Value::Null, 3) => json!(times[at % times.len()]),
        (Value::Object(_) | Value::Null, _) => number(),
    }
}
