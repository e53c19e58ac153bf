//! Any observation that can be read can be decided on, within bounds, twice the same.
#![no_main]

use autoscale_core::{Hpa, HpaConfig, MetricSpec, Milli, Observation, Policy, ValueTarget};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(observation) = serde_json::from_str::<Observation>(text) else {
        return;
    };
    let metrics = [
        MetricSpec::cpu_utilization(70),
        MetricSpec::External {
            name: "queue".to_owned(),
            target: ValueTarget::AverageValue(Milli(1000)),
        },
    ];
    let hpa = Hpa::new(HpaConfig::new(50, metrics)).expect("a good configuration");
    let [first, second] = [0, 0].map(|_| hpa.clone().decide(Default::default(), &observation));
    assert_eq!(first, second);
    assert!(first.replicas <= 50 || first.replicas == observation.spec_replicas);
});
