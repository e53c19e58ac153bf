//! The knobs of an HPA, and a manifest with them turned.

use autoscale_core::manifest::{
    HorizontalPodAutoscaler, HpaMetric, HpaScalingPolicy, HpaScalingRules, MetricTarget, Quantity,
    ScalingPolicySelect, ScalingPolicyType,
};
use autoscale_core::{HpaConfig, MetricSpec, Milli, ResourceTarget};
use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;

use crate::candidate::hpa::{signal_for, target_share};

/// A knob that is turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Knob {
    /// The targets, all by the same factor.
    Target,
    /// Stabilization windows.
    Windows,
    /// Rate policies.
    Rates,
    /// Tolerances of each direction (Kubernetes 1.35, or 1.33 with HPAConfigurableTolerance).
    Tolerance,
    /// The fewest replicas, upwards (as many as --capacity makes of them).
    Min,
}

/// How fast a direction may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    percent: i32,
    /// Or so many pods, where that is more.
    pods: Option<i32>,
    period_s: i32,
}

const fn rate(percent: i32, pods: Option<i32>, period_s: i32) -> Rate {
    Rate {
        percent,
        pods,
        period_s,
    }
}

/// Kubernetes' own, free, and slower ones.
pub(super) const UP_RATES: [Rate; 5] = [
    rate(100, Some(4), 15),
    rate(900, None, 15),
    rate(50, Some(2), 15),
    rate(100, Some(4), 60),
    rate(25, Some(1), 60),
];
pub(super) const DOWN_RATES: [Rate; 7] = [
    rate(100, None, 15),
    rate(50, None, 60),
    rate(20, Some(1), 60),
    rate(10, Some(1), 60),
    rate(5, Some(1), 60),
    rate(10, Some(1), 300),
    rate(5, Some(1), 600),
];
pub(super) const DOWN_WINDOWS: [i32; 13] = [
    0, 30, 60, 120, 180, 300, 450, 600, 900, 1200, 1800, 2700, 3600,
];
pub(super) const UP_WINDOWS: [i32; 5] = [0, 15, 30, 60, 120];
/// In thousandths.
pub(super) const TOLERANCES: [i32; 7] = [0, 20, 50, 100, 150, 200, 300];
/// Target utilizations of the tightest metric, in percent.
pub(super) const TARGETS: std::ops::RangeInclusive<u32> = 10..=100;

/// Knobs as they are turned; `None` leaves the manifest's own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Setting {
    pub(super) target: Option<u32>,
    pub(super) up: Direction,
    pub(super) down: Direction,
    pub(super) min: Option<i32>,
}

/// One direction's knobs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Direction {
    pub(super) window: Option<i32>,
    pub(super) rate: Option<Rate>,
    pub(super) tolerance: Option<i32>,
}

impl Direction {
    fn apply(self, rules: &mut Option<HpaScalingRules>) {
        if self == Self::default() {
            return;
        }
        let rules = rules.get_or_insert_default();
        if let Some(window) = self.window {
            rules.stabilization_window_seconds = Some(window);
        }
        if let Some(tolerance) = self.tolerance {
            rules.tolerance = Some(Quantity::from(Milli(i64::from(tolerance))));
        }
        // A direction that is forbidden stays so.
        let is_open = rules.select_policy != Some(ScalingPolicySelect::Disabled);
        if let Some(rate) = self.rate.filter(|_| is_open) {
            let percent =
                HpaScalingPolicy::new(ScalingPolicyType::Percent, rate.percent, rate.period_s);
            let pods = rate
                .pods
                .map(|pods| HpaScalingPolicy::new(ScalingPolicyType::Pods, pods, rate.period_s));
            rules.policies = Some([percent].into_iter().chain(pods).collect());
            rules.select_policy = Some(ScalingPolicySelect::Max);
        }
    }
}

impl Setting {
    /// The manifest with the knobs turned. `metrics` are its metrics as the policy reads them.
    pub(super) fn apply(
        &self,
        manifest: &HorizontalPodAutoscaler,
        metrics: &[MetricSpec],
        capacity_rps: f64,
    ) -> HorizontalPodAutoscaler {
        let mut made = manifest.clone();
        if let Some(min) = self.min {
            made.spec.min_replicas = Some(min);
        }
        let behavior = made.spec.behavior.get_or_insert_default();
        self.up.apply(&mut behavior.scale_up);
        self.down.apply(&mut behavior.scale_down);
        if *behavior == Default::default() {
            made.spec.behavior.clone_from(&manifest.spec.behavior);
        }
        if let Some(target) = self.target {
            let factor = f64::from(target) / 100.0 / tightest(metrics, capacity_rps);
            let driven = made.spec.metrics.iter_mut().zip(metrics);
            for (metric, _) in driven.filter(|(_, spec)| signal_for(spec).is_some()) {
                let targets = [
                    metric.resource.as_mut().map(|m| &mut m.target),
                    metric.container_resource.as_mut().map(|m| &mut m.target),
                    metric.pods.as_mut().map(|m| &mut m.target),
                    metric.object.as_mut().map(|m| &mut m.target),
                    metric.external.as_mut().map(|m| &mut m.target),
                ];
                targets.into_iter().flatten().for_each(|t| scale(t, factor));
            }
        }
        made
    }
}

/// The lowest target of the metrics that a load drives, as a share of what a replica carries.
pub(super) fn tightest(metrics: &[MetricSpec], capacity_rps: f64) -> f64 {
    let driven = metrics.iter().filter(|m| signal_for(m).is_some());
    driven
        .map(|m| target_share(m, capacity_rps))
        .fold(f64::INFINITY, f64::min)
}

fn scale(target: &mut MetricTarget, factor: f64) {
    if let Some(percent) = &mut target.average_utilization {
        *percent = (f64::from(*percent) * factor).round().max(1.0) as i32;
    }
    if let Some(value) = &mut target.average_value {
        // As the policy reads it: in thousandths, rounded up.
        let milli = (value.milli().0 as f64 * factor).round().max(1.0);
        *value = Quantity::from(Milli(milli as i64));
    }
}

/// Writes the metric out that a manifest without metrics stands for, so that its target can be
/// turned.
pub(super) fn spell_out_metrics(manifest: &mut HorizontalPodAutoscaler, config: &HpaConfig) {
    if !manifest.spec.metrics.is_empty() {
        return;
    }
    if let [
        MetricSpec::Resource {
            name,
            target: ResourceTarget::Utilization(percent),
        },
    ] = config.metrics.as_slice()
    {
        let target = json!({"type": "Utilization", "averageUtilization": percent});
        let metric = json!({"type": "Resource", "resource": {"name": name, "target": target}});
        manifest
            .spec
            .metrics
            .extend(serde_json::from_value::<HpaMetric>(metric));
    }
}

/// What a setting comes to, as reports show it: the parts of the manifest that knobs can change.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Shown {
    /// The tightest driven metric's target, as a share of what a replica carries.
    pub(super) target: f64,
    pub(super) min_replicas: i32,
    behavior: Option<autoscale_core::manifest::HpaBehavior>,
}

impl Shown {
    pub(super) fn of(
        manifest: &HorizontalPodAutoscaler,
        metrics: &[MetricSpec],
        capacity_rps: f64,
    ) -> Self {
        Self {
            target: tightest(metrics, capacity_rps),
            min_replicas: manifest.spec.min_replicas.unwrap_or(1),
            behavior: manifest.spec.behavior.clone(),
        }
    }

    /// Each direction's own tolerance.
    pub(super) fn tolerances(&self) -> [Option<&Quantity>; 2] {
        let behavior = self.behavior.as_ref();
        let rules = behavior.map_or([None; 2], |b| [b.scale_up.as_ref(), b.scale_down.as_ref()]);
        rules.map(|rules| rules?.tolerance.as_ref())
    }
}
