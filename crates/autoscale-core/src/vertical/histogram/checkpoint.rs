//! A histogram's weights as they are kept across restarts, and why they are refused.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::ConfigError;

/// What is kept of a histogram across restarts, as in a `VerticalPodAutoscalerCheckpoint`.
///
/// ```
/// use autoscale_core::{Histogram, HistogramCheckpoint, HistogramOptions};
/// let empty = Histogram::new(HistogramOptions::vpa_cpu()).checkpoint();
/// assert_eq!(empty, HistogramCheckpoint::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct HistogramCheckpoint {
    /// The time that the weights are as of; `None` for a histogram that does not fade.
    #[cfg_attr(feature = "serde", serde(default))]
    pub reference_timestamp: Option<Duration>,
    /// Weight by bucket, the heaviest 10 000.
    pub bucket_weights: BTreeMap<usize, u32>,
    /// The weight that they stand for together.
    pub total_weight: f64,
}

/// Why a histogram did not take another's weights.
///
/// ```
/// use autoscale_core::HistogramError;
/// let refused = HistogramError::Bucket { bucket: 200, buckets: 176 };
/// assert_eq!(refused.to_string(), "bucket 200 is not one of 176");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HistogramError {
    /// Buckets or half-lives differ.
    #[error("the histograms have other buckets or half-lives")]
    Unlike,
    /// A checkpoint's bucket is beyond the last one.
    #[error("bucket {bucket} is not one of {buckets}")]
    Bucket {
        /// The bucket in the checkpoint.
        bucket: usize,
        /// How many this histogram has.
        buckets: usize,
    },
    /// A checkpoint's total weight cannot be.
    #[error("total_weight is {total}, must be a finite number >= 0")]
    TotalWeight {
        /// The weight in the checkpoint.
        total: f64,
    },
    /// A histogram that was read back contradicts itself.
    #[error("{0}")]
    Config(#[from] ConfigError),
}
