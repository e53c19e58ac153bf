//! The choice of instances, against a search that tries everything.

mod brute;
mod by_hour;
mod exact;
mod fields;
mod optimal;
mod properties;
mod refusals;
mod table;

use autoscale_core::{InstanceType, Offer};

/// The four rows of a scaling guide, with made-up prices.
fn guide() -> Vec<InstanceType> {
    let row = |name: &str, vcpu, memory, load, on_demand, spot| {
        InstanceType::new(name, vcpu, memory, load)
            .with_on_demand(Some(Offer::at(on_demand)))
            .with_spot(Some(Offer::at(spot).with_interruption_share(0.05)))
    };
    vec![
        row("t3.large", 2.0, 8.0, 100.0, 0.10, 0.04),
        row("t3.xlarge", 4.0, 16.0, 500.0, 0.20, 0.08),
        row("t3.2xlarge", 8.0, 32.0, 1000.0, 0.40, 0.16),
        row("c5.4xlarge", 16.0, 32.0, 2000.0, 0.80, 0.32),
    ]
}
