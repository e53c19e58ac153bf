//! Policies from files as users have them.
//!
//! * `.yaml`, `.yml`, `.json`: Kubernetes manifests, one or more `autoscaling/v2`
//!   HorizontalPodAutoscalers, as documents or in a `List`. A policy is named by its
//!   `metadata.name`.
//! * `.tf`: Terraform's resources of AWS auto scaling, one policy a group.
//! * `.toml`: one policy of the tool's own:
//!
//! ```toml
//! name = "api"            # default: the file's name without its ending
//! kind = "kpa"            # or hpa, target-tracking, step, predictive, triggers, weighted, fixed
//! target_utilization = 0.7
//! stable_window = "60s"
//!
//! [bounds]                # default: the command's --min and --max
//! min = 2
//! max = 50
//! ```
//!
//!   Beside `name`, `kind` and `bounds` stand the fields of the kind's configuration:
//!   [`HpaConfig`]'s for `hpa`, where `bounds.min` and `bounds.max` are other names of
//!   `min_replicas` and `max_replicas`; [`KpaConfig`]'s for `kpa`, where `target_utilization`, a
//!   share of what one replica carries (above 0, at most 1.5), may stand for `target_value`;
//!   [`TargetTrackingConfig`](autoscale_core::TargetTrackingConfig)'s for `target-tracking` and
//!   [`StepScalingConfig`](autoscale_core::StepScalingConfig)'s for `step`, where
//!   `target_utilization` may stand for the targets or alarms; [`PredictiveConfig`]'s for
//!   `predictive`, where `target_utilization` may stand for `target_value`, and start-up, lag,
//!   interval and target are the replayed fleet's unless given; [`TriggersConfig`]'s for `triggers`;
//!   [`WeightedConfig`]'s for `weighted`; `replicas` alone for `fixed`, which has no bounds. Around
//!   any kind may stand an `activation` ([`ActivationConfig`](autoscale_core::ActivationConfig)) and,
//!   around that, a `schedule` ([`Schedule`](autoscale_core::Schedule), without its origin).
//!   Durations are strings such as `"5m"`.
//!
//! Anything unknown, misspelt or out of range is one error with its file, line and column. The
//! guide with a complete example of each kind is `docs/policy-files.md`.

mod around;
mod document;
mod eksctl;
mod fault;
mod manifest;
mod nearest;
mod places;
mod reader;
mod sections;
mod terraform;
mod toml;
mod tree;
mod vertical;
mod yaml;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

pub(crate) use around::Around;
use autoscale_core::manifest::HorizontalPodAutoscaler;
use autoscale_core::{HpaConfig, KpaConfig, PredictiveConfig, TriggersConfig, WeightedConfig};
pub(crate) use document::Document;
pub(crate) use fault::quote;
pub(crate) use sections::Sections;
use serde::Deserialize;
pub(crate) use vertical::{NamedVpa, load_vertical};

use crate::input_error::InputError;
use crate::scaling_group::ScalingGroup;

/// Largest file that is read.
const SIZE_LIMIT: u64 = 1 << 20;

/// A policy and what it is called.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NamedPolicy {
    /// Its name in reports.
    pub(crate) name: String,
    /// Line and column of what an error about the whole of it is about, where these are known.
    pub(crate) at: Option<(usize, usize)>,
    /// What it is made of.
    pub(crate) source: PolicySource,
    /// What stands around it.
    pub(crate) around: Around,
    /// What the file says that is not followed, and other things to know.
    pub(crate) notes: Vec<String>,
}

/// What a policy is made of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PolicySource {
    /// A Kubernetes HPA, bounds included.
    Hpa(HpaConfig),
    /// A Knative KPA.
    Kpa(KpaPolicy),
    /// An AWS auto scaling group.
    Group(Box<ScalingGroup>),
    /// Scaling to an accepted share of bad demand.
    Predictive(Box<PredictivePolicy>),
    /// Rules of thresholds.
    Triggers(TriggersConfig, Bounds),
    /// Factors blended into one count.
    Weighted(Box<WeightedConfig>, Bounds),
    /// A fixed number of replicas.
    Fixed(u32),
}

/// A KPA, whose target may depend on what a replica carries.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KpaPolicy {
    /// Valid; its `target_value` counts where `target` says so.
    config: KpaConfig,
    /// How the target was given.
    pub(crate) target: KpaTarget,
    /// Bounds that the file gives.
    pub(crate) bounds: Bounds,
}

/// How a KPA's target was given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum KpaTarget {
    /// `target_value`, in the metric's unit.
    Value,
    /// `target_utilization`, a share of what one replica carries.
    Utilization(f64),
}

/// A predictive policy; what its file does not say is the fleet's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PredictivePolicy {
    /// Valid; what is not given stands at its default.
    pub(crate) config: PredictiveConfig,
    /// Share of what one replica carries, where that is how the target was given; `None` in it for
    /// the share that the fleet allows.
    pub(crate) target_utilization: Option<Option<f64>>,
    pub(crate) gives_start_up: bool,
    pub(crate) gives_metric_lag: bool,
    pub(crate) gives_interval: bool,
    pub(crate) forecast: ForecastName,
    pub(crate) bounds: Bounds,
}

/// What a predictive policy forecasts with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ForecastName {
    /// What the load itself shows within a day or so.
    #[default]
    Adaptive,
    /// The seasons of weeks of plans as well, where their record is better.
    Seasonal,
}

/// Bounds of a policy; what is absent is the command's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bounds {
    /// Fewest replicas.
    pub(crate) min: Option<u32>,
    /// Most replicas.
    pub(crate) max: Option<u32>,
}

impl KpaPolicy {
    /// A KPA whose target is a share of what one replica carries.
    pub(crate) const fn at_utilization(share: f64, config: KpaConfig) -> Self {
        Self {
            config,
            target: KpaTarget::Utilization(share),
            bounds: Bounds {
                min: None,
                max: None,
            },
        }
    }

    /// The configuration for replicas that carry `capacity` each, in the metric's unit; finite and
    /// above 0. Where the target is a utilization, `total_value` is that capacity unless the file
    /// gives one.
    pub(crate) fn config(&self, capacity: f64) -> KpaConfig {
        let mut config = self.config.clone();
        if let KpaTarget::Utilization(share) = self.target {
            config.target_value = share * capacity;
            config.total_value = config.total_value.or(Some(capacity));
        }
        config
    }
}

/// The one HorizontalPodAutoscaler of a manifest file, and what it says. `source` is what the file
/// holds.
pub(crate) fn manifest_of(
    path: &Path,
    source: &str,
) -> Result<(HorizontalPodAutoscaler, HpaConfig), InputError> {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    if ["toml", "tf"].contains(&extension.to_ascii_lowercase().as_str()) {
        let message = "must be the manifest of a HorizontalPodAutoscaler (.yaml, .yml or .json)";
        return Err(InputError::new(path, None, message));
    }
    let documents = yaml::documents(path, source)?;
    let mut found = manifest::autoscalers(path, &documents)?;
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(one),
        (_, more) => {
            let message = format!("holds {} policies, must hold 1", more + 1);
            Err(InputError::new(path, None, message))
        }
    }
}

/// Numbers names that come again: "api" and "api (2)". The same name in two files, or in two
/// namespaces, stays apart in a report.
pub(crate) fn tell_apart<T>(all: &mut [T], name: impl Fn(&mut T) -> &mut String) {
    let mut taken: BTreeSet<String> = all.iter_mut().map(|one| name(one).clone()).collect();
    let mut shown = BTreeSet::new();
    for one in all {
        let name = name(one);
        if !shown.insert(name.clone()) {
            let mut numbered = (2..).map(|n| format!("{name} ({n})"));
            let free = numbered.find(|name| taken.insert(name.clone()));
            *name = free.unwrap_or_default();
        }
    }
}

/// The policies of a file, at least one.
pub(crate) fn load(path: &Path) -> Result<Vec<NamedPolicy>, InputError> {
    load_from(path, || read(path))
}

/// The policies of a file whose text comes from elsewhere.
pub(crate) fn load_from(
    path: &Path,
    text: impl FnOnce() -> Result<String, InputError>,
) -> Result<Vec<NamedPolicy>, InputError> {
    let policies = load_any(path, text)?;
    for policy in &policies {
        // Where policies share an observation the caller places them; a file holds whole policies.
        let (field, index) = match &policy.source {
            PolicySource::Hpa(config) => ("first_reading", config.first_reading),
            PolicySource::Kpa(policy) => ("reading", policy.config.reading),
            PolicySource::Predictive(policy) => ("gauge.reading", policy.config.gauge.reading),
            _ => continue,
        };
        if index != 0 {
            let message = format!("{field} is {index}, must be 0 in a policy file");
            return Err(InputError::new(path, None, message));
        }
    }
    Ok(policies)
}

fn load_any(
    path: &Path,
    text: impl FnOnce() -> Result<String, InputError>,
) -> Result<Vec<NamedPolicy>, InputError> {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    match extension.to_ascii_lowercase().as_str() {
        "yaml" | "yml" | "json" => {
            let documents = yaml::documents(path, &text()?)?;
            manifest::policies(path, &documents)
        }
        "tf" => terraform::policies(path, &text()?),
        "toml" => Ok(vec![toml::policy(path, &text()?)?]),
        _ => Err(InputError::new(
            path,
            None,
            "a policy file ends in .yaml, .yml, .json, .tf or .toml",
        )),
    }
}

/// The text of a policy file.
pub(crate) fn read(path: &Path) -> Result<String, InputError> {
    let unreadable = |error| InputError::unreadable(path, &error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(SIZE_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(InputError::new(path, None, "larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| InputError::not_utf8(path, &error))
}
