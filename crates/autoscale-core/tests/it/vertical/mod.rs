//! The VPA: what it remembers, recommends and carries out.

mod histogram;
mod properties;
mod usage;
mod vpa;

use std::time::Duration;

use autoscale_core::{ContainerObservation, Resources, Sizer, VerticalDecision, Vpa, VpaConfig};

use crate::given::secs;

const GIB: u64 = 1 << 30;

pub(crate) fn minutes(count: u64) -> Duration {
    secs(60 * count)
}

/// A container that has run since time 0.
fn seen(now: Duration, request: Resources, cores: f64, bytes: f64) -> ContainerObservation {
    ContainerObservation::new(request)
        .with_cpu(cores)
        .with_memory(bytes)
        .with_running(now)
}

/// The decision after so many minutes of the same use.
fn after(vpa: &mut Vpa, count: u64, request: Resources) -> VerticalDecision {
    let mut decision = VerticalDecision::default();
    for minute in 0..=count {
        let now = minutes(minute);
        vpa.decide_into(now, &seen(now, request, 0.4, 1e9), &mut decision);
    }
    decision
}

pub(crate) fn vpa(config: VpaConfig) -> Vpa {
    Vpa::new(config).unwrap()
}
