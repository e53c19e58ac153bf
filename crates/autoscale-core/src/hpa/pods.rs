//! A metric that pods report one by one, and the sums of what they reported.

use super::ResourceTarget;
use crate::{MetricError, MetricStage, Milli, PodCounts, numeric};

/// Sums over the samples that count.
#[derive(Default)]
pub(super) struct Sums {
    /// Σ value over pods that the selector matches, and over others.
    pub(super) matched: i128,
    pub(super) orphaned: i128,
    pub(super) matched_entries: i64,
    pub(super) orphaned_entries: i64,
    /// Whether a sample was rejected for being older than allowed.
    pub(super) stale: bool,
    /// Σ request over the matched entries, over unready and over missing pods.
    pub(super) requests: i128,
    pub(super) unready_requests: i128,
    pub(super) missing_requests: i128,
    /// What missing pods are taken to use where the rest ask for fewer.
    pub(super) full_usage: i128,
    /// The first pod whose request is not known.
    pub(super) request_error: Option<MetricError>,
}

impl Sums {
    pub(super) const fn entries(&self) -> i64 {
        self.matched_entries + self.orphaned_entries
    }

    /// Adds what a group's pods request of a resource whose target is `percent` of it.
    pub(super) fn add_requests(
        &mut self,
        request: Result<Milli, MetricError>,
        pods: PodCounts,
        percent: u32,
    ) {
        let request = match request {
            Ok(request) => i128::from(request.0),
            Err(error) => {
                self.request_error = self.request_error.or(Some(error));
                return;
            }
        };
        self.requests += request * i128::from(pods.ready);
        if pods.unready > 0 {
            self.unready_requests += request * i128::from(pods.unready);
        }
        if pods.missing > 0 {
            self.missing_requests += request * i128::from(pods.missing);
            let each = request * i128::from(percent.max(100)) / 100;
            let all = each.saturating_mul(i128::from(pods.missing));
            self.full_usage = self.full_usage.saturating_add(all);
        }
    }
}

/// A metric that pods report one by one.
pub(super) struct PodMetric<'a> {
    pub(super) resource: &'a str,
    pub(super) container: Option<&'a str>,
    pub(super) target: ResourceTarget,
}

impl<'a> PodMetric<'a> {
    pub(super) const fn resource(
        resource: &'a str,
        container: Option<&'a str>,
        target: ResourceTarget,
    ) -> Self {
        Self {
            resource,
            container,
            target,
        }
    }

    /// Current value over target; notes the value.
    pub(super) fn ratio(&self, sums: &Sums, stage: &mut MetricStage) -> Result<f64, MetricError> {
        match self.target {
            ResourceTarget::Utilization(percent) => {
                if sums.requests == 0 {
                    return Err(MetricError::MetricsMatchNoPod);
                }
                let utilization =
                    numeric::saturate_i32(sums.matched.saturating_mul(100) / sums.requests);
                let entries = i128::from(sums.matched_entries.max(1));
                stage.utilization_percent = Some(utilization);
                stage.usage_milli = Some(numeric::saturate_i64(sums.matched / entries));
                Ok(f64::from(utilization) / f64::from(percent))
            }
            ResourceTarget::AverageValue(target) => {
                let entries = i128::from(sums.entries().max(1));
                let usage = numeric::saturate_i64((sums.matched + sums.orphaned) / entries);
                stage.usage_milli = Some(usage);
                Ok(numeric::to_f64(usage) / numeric::to_f64(target.0))
            }
        }
    }
}
