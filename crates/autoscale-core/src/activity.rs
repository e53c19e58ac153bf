use core::time::Duration;

use crate::gauge::is_warming;
use crate::{ConfigError, Observation, Phase};

/// What a group of replicas has gone through: which changes were asked for and carried out, and
/// until when new replicas warm up.
///
/// ```
/// use autoscale_core::{Gauge, Observation, Policy, TargetTracking, TargetTrackingConfig};
/// use autoscale_core::TrackedTarget;
/// use std::time::Duration;
/// let target = TrackedTarget::new(Gauge::cpu_utilization(), 50.0);
/// let mut policy = TargetTracking::new(TargetTrackingConfig::new([target]))?;
/// policy.decide(Duration::ZERO, &Observation::new(4));
/// policy.decide(Duration::from_secs(15), &Observation::new(6)); // somebody added two
/// let group = &policy.state().group;
/// assert_eq!((group.replicas, group.warm_until), (Some(6), Duration::from_secs(315)));
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct GroupActivity {
    /// Replicas asked for when last seen.
    pub replicas: Option<u32>,
    /// The change that the latest decision asked for.
    pub proposed: Option<u32>,
    /// When the newest replicas have warmed up.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub warm_until: Duration,
}

impl GroupActivity {
    /// Takes in what became of the group; whether it moved the way that was asked for.
    pub(crate) fn observe(&mut self, now: Duration, seen: &Observation, warm_up: Duration) -> bool {
        let spec = seen.spec_replicas;
        let before = self.replicas.replace(spec).unwrap_or(spec);
        if spec > before {
            self.warm_until = self.warm_until.max(now.saturating_add(warm_up));
        }
        for pods in seen.pods.iter().filter(|p| p.is_live()) {
            let left = warm_up.saturating_sub(pods.started_age.unwrap_or(warm_up));
            self.warm_until = self.warm_until.max(now.saturating_add(left));
        }
        let proposed = self.proposed.take().unwrap_or(before);
        spec != before && (spec > before) == (proposed > before) && proposed != before
    }

    pub(crate) fn propose(&mut self, replicas: u32) {
        self.proposed = self
            .replicas
            .is_none_or(|r| r != replicas)
            .then_some(replicas);
    }
}

/// Replicas that are asked for and have warmed up; without a list of pods, all of them.
pub(crate) fn settled(seen: &Observation, warm_up: Duration) -> u32 {
    let settled = seen.pods.iter().filter(|p| {
        p.is_live() && p.phase != Phase::Pending && !is_warming(p.started_age, warm_up)
    });
    let count = settled.fold(0_u32, |sum, p| sum.saturating_add(p.count));
    if seen.pods.is_empty() {
        seen.spec_replicas
    } else {
        count.min(seen.spec_replicas)
    }
}

/// Replicas on their way out.
pub(crate) fn terminating(seen: &Observation) -> u32 {
    let leaving = seen.pods.iter().filter(|p| p.deleting);
    leaving.fold(0, |sum, p| sum.saturating_add(p.count))
}

/// Whether replicas are still being started or ended.
pub(crate) fn is_in_progress(seen: &Observation) -> bool {
    let spec = seen.spec_replicas;
    seen.status_replicas != spec || !seen.pods.is_empty() && seen.ready_replicas() != spec
}

pub(crate) fn check_warm_up(warm_up: Duration) -> Result<(), ConfigError> {
    if warm_up > Duration::from_secs(3600) {
        let given = crate::format_duration(warm_up);
        return Err(ConfigError::range("warm_up", given, "0 … 1h"));
    }
    Ok(())
}
