//! Kubernetes HPA v2, Knative KPA and the Kubernetes VPA.

mod calculate;
mod kpa;
mod metrics;
mod pods;
mod rates;
mod reconcile;
mod stabilize;
mod vertical;

use core::time::Duration;

use autoscale_core::{Compat, HpaConfig, MetricSpec};

use crate::fields::Seconds;
use crate::suite::{Checker, check};

/// The instant that ages count back from: later than the largest age, which stands for "long ago".
const NOW: Duration = Duration::from_secs(3_000_000_000);

pub(crate) fn checker(kind: &str) -> Option<Checker> {
    Some(match kind {
        "replica_calculation" => check::<calculate::ReplicaCalculation>,
        "pod_grouping" => check::<calculate::PodGrouping>,
        "pod_requests" => check::<calculate::PodRequests>,
        "per_pod_usage" => check::<calculate::PerPodUsage>,
        "clamp_without_behavior" => check::<rates::Clamp>,
        "rate_limit_with_behavior" => check::<rates::RateLimit>,
        "scale_limit" => check::<rates::ScaleLimit>,
        "scale_event_log" => check::<rates::EventLog>,
        "stabilize_without_behavior" => check::<stabilize::WithoutBehavior>,
        "stabilize_with_behavior" => check::<stabilize::WithBehavior>,
        "reconcile" => check::<reconcile::Reconcile>,
        "kpa_sequence" => check::<kpa::Sequence>,
        "bucketing" => check::<vertical::Bucketing>,
        "histogram_percentile" => check::<vertical::HistogramPercentile>,
        "histogram_is_empty" => check::<vertical::IsEmpty>,
        "histogram_merge" => check::<vertical::Merge>,
        "checkpoint_save" => check::<vertical::CheckpointSave>,
        "checkpoint_load" => check::<vertical::CheckpointLoad>,
        "checkpoint_roundtrip_not_empty" => check::<vertical::RoundTrip>,
        "percentile_estimator" => check::<vertical::PercentileEstimate>,
        "confidence_multiplier" => check::<vertical::Confidence>,
        "margin" => check::<vertical::Margin>,
        "minimum" => check::<vertical::Minimum>,
        "recommendation_pipeline" => check::<vertical::Pipeline>,
        _ => return None,
    })
}

fn ago(age: Seconds) -> Duration {
    NOW.saturating_sub(age.0)
}

/// A configuration that follows upstream to the letter, as the cases do.
fn upstream(max_replicas: u32, metrics: impl IntoIterator<Item = MetricSpec>) -> HpaConfig {
    HpaConfig::new(max_replicas, metrics)
        .with_compat(Compat::Upstream)
        .with_max_sample_age(None)
}
