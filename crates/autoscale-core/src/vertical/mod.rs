//! How large a container should be.

mod config;
mod decision;
mod estimator;
mod histogram;
mod resources;
mod right_sizing;
mod usage;
mod vpa;

pub use config::{ChangeRequirement, EvictionRequirement, UpdateMode, VpaConfig};
pub use decision::{
    Candidate, CandidateStage, ContainerObservation, OomKill, ResourceStage, VerticalDecision,
    VerticalReason,
};
pub use estimator::{AtLeast, Percentile, ResourceEstimator, WithConfidence, WithMargin};
pub use histogram::{Histogram, HistogramCheckpoint, HistogramError, HistogramOptions};
pub use resources::{Resource, Resources};
pub use right_sizing::{RightSizing, RightSizingConfig, RightSizingSnapshot, RightSizingState};
pub use usage::{ContainerUsage, UsageCheckpoint, UsageConfig};
pub use vpa::{Vpa, VpaSnapshot, VpaState};
