//! An HPA's metrics, as far as a load trace drives them, and their targets.

use autoscale_core::{HpaConfig, MetricSpec, Milli, ResourceTarget, ValueTarget};
use plimsoll_sim::Signal;

/// Splits an HPA's metrics into those that a load trace can drive and the names of the others.
pub(super) fn driven_by_load(mut config: HpaConfig) -> (HpaConfig, Vec<Signal>, Vec<String>) {
    let (mut kept, mut signals, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for metric in std::mem::take(&mut config.metrics) {
        match signal_for(&metric) {
            Some(signal) => {
                signals.push(signal);
                kept.push(metric);
            }
            None => left_out.push(describe(&metric)),
        }
    }
    config.metrics = kept;
    // The simulated pods have one container, whatever its name in the manifest.
    for metric in &mut config.metrics {
        if let MetricSpec::ContainerResource { container, .. } = metric {
            "app".clone_into(container);
        }
    }
    (config, signals, left_out)
}

/// A metric's name, and its target's kind where another kind could be driven.
fn describe(metric: &MetricSpec) -> String {
    let name = metric.name();
    match metric {
        MetricSpec::Resource {
            target: ResourceTarget::AverageValue(_),
            ..
        }
        | MetricSpec::ContainerResource {
            target: ResourceTarget::AverageValue(_),
            ..
        } => {
            format!("{name} (averageValue)")
        }
        MetricSpec::Object {
            target: ValueTarget::Value(_),
            ..
        }
        | MetricSpec::External {
            target: ValueTarget::Value(_),
            ..
        } => format!("{name} (value)"),
        _ => name.to_owned(),
    }
}

/// What a load trace shows of a metric, where it shows anything.
pub(crate) fn signal_for(metric: &MetricSpec) -> Option<Signal> {
    match metric {
        MetricSpec::Resource {
            name,
            target: ResourceTarget::Utilization(_),
        } if name == "cpu" => Some(Signal::Cpu),
        MetricSpec::ContainerResource {
            name,
            target: ResourceTarget::Utilization(_),
            ..
        } if name == "cpu" => Some(Signal::ContainerCpu),
        MetricSpec::Pods { name, .. } if is_request_rate(name) => Some(Signal::PodRate),
        MetricSpec::Object {
            name,
            target: ValueTarget::AverageValue(_),
        }
        | MetricSpec::External {
            name,
            target: ValueTarget::AverageValue(_),
        } if is_request_rate(name) => Some(Signal::TotalRate),
        _ => None,
    }
}

/// Whether a metric's name says that it counts requests a second.
fn is_request_rate(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.', '/', ':'], "_");
    let words: Vec<&str> = name.split('_').collect();
    let has = |word: &str| words.contains(&word);
    has("rps")
        || has("qps")
        || ((has("requests") || has("request"))
            && (has("rate") || (has("per") && (has("second") || has("sec")))))
}

/// A metric's target as a share of what a replica carries.
pub(crate) fn target_share(metric: &MetricSpec, capacity_rps: f64) -> f64 {
    match metric {
        MetricSpec::Resource {
            target: ResourceTarget::Utilization(percent),
            ..
        }
        | MetricSpec::ContainerResource {
            target: ResourceTarget::Utilization(percent),
            ..
        } => f64::from(*percent) / 100.0,
        MetricSpec::Pods {
            average_value: value,
            ..
        }
        | MetricSpec::Object {
            target: ValueTarget::AverageValue(value),
            ..
        }
        | MetricSpec::External {
            target: ValueTarget::AverageValue(value),
            ..
        } => value.to_units() / capacity_rps,
        _ => f64::INFINITY,
    }
}

pub(super) fn set_target(metric: &mut MetricSpec, share: f64, capacity_rps: f64) {
    match metric {
        MetricSpec::Resource { target, .. } | MetricSpec::ContainerResource { target, .. } => {
            *target = ResourceTarget::Utilization((100.0 * share).round() as u32);
        }
        MetricSpec::Pods {
            average_value: value,
            ..
        }
        | MetricSpec::Object {
            target: ValueTarget::AverageValue(value),
            ..
        }
        | MetricSpec::External {
            target: ValueTarget::AverageValue(value),
            ..
        } => {
            let units = capacity_rps * share;
            // A replica that carries less than a thousandth of a request a second has target 1m.
            *value = Milli::try_from_units(units).unwrap_or(*value).max(Milli(1));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_rates_are_known_by_their_names() {
        for name in [
            "http_requests_per_second",
            "request_rate",
            "nginx-rps",
            "app.qps",
        ] {
            assert!(is_request_rate(name), "{name}");
        }
        for name in [
            "queue_length",
            "response_time_p95",
            "requests_in_flight",
            "error_rate",
        ] {
            assert!(!is_request_rate(name), "{name}");
        }
    }
}
