use core::time::Duration;

use crate::policy::direction;
use crate::{ConfigError, Decision, Observation, Policy, Reason, StageKind};

/// The largest count of several policies: one that has no data stays at the current count, so that
/// the others can only scale out beside it.
///
/// ```
/// use autoscale_core::{Fixed, MaxOf, Observation, Policy};
/// let mut policy = MaxOf::new([Fixed(3), Fixed(8)])?;
/// assert_eq!(policy.decide(std::time::Duration::ZERO, &Observation::new(2)).replicas, 8);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(
        try_from = "MaxOfData<P>",
        bound(deserialize = "P: Policy + serde::Deserialize<'de>")
    )
)]
pub struct MaxOf<P> {
    policies: Vec<P>,
    #[cfg_attr(feature = "serde", serde(skip))]
    candidate: Decision,
}

impl<P: Policy> MaxOf<P> {
    /// All of these policies, shown the same observation.
    ///
    /// # Errors
    /// [`ConfigError`] where there is none.
    ///
    /// ```
    /// use autoscale_core::{from_fn, Fixed, MaxOf, Observation, Policy};
    /// let one_more = from_fn(|_, seen: &Observation| seen.spec_replicas + 1);
    /// let mut policy = MaxOf::new([Box::new(Fixed(3)) as Box<dyn Policy>, Box::new(one_more)])?;
    /// assert_eq!(policy.decide(std::time::Duration::ZERO, &Observation::new(5)).replicas, 6);
    /// assert!(MaxOf::<Fixed>::new([]).is_err());
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn new(policies: impl IntoIterator<Item = P>) -> Result<Self, ConfigError> {
        let policies: Vec<P> = policies.into_iter().collect();
        if policies.is_empty() {
            return Err(ConfigError::Missing {
                field: "policies".into(),
                need: "at least one policy",
            });
        }
        Ok(Self {
            policies,
            candidate: Decision::default(),
        })
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct MaxOfData<P> {
    policies: Vec<P>,
}

#[cfg(feature = "serde")]
impl<P: Policy> TryFrom<MaxOfData<P>> for MaxOf<P> {
    type Error = ConfigError;

    fn try_from(data: MaxOfData<P>) -> Result<Self, ConfigError> {
        Self::new(data.policies)
    }
}

impl<P: Policy> Policy for MaxOf<P> {
    fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
        out.reset(seen.spec_replicas);
        let mut first = true;
        let mut blind = true;
        for policy in &mut self.policies {
            policy.decide_into(now, seen, &mut self.candidate);
            blind &= self.candidate.blind;
            if first || self.candidate.replicas > out.replicas {
                core::mem::swap(out, &mut self.candidate);
                first = false;
            }
        }
        let largest = out.replicas;
        out.push(StageKind::MaxOf, largest);
        out.blind = blind;
        if !blind && direction(out.current_replicas, largest) == Reason::ScaleUp {
            out.reason = Reason::Largest;
        }
    }

    fn next_wakeup(&self) -> Option<Duration> {
        self.policies.iter().filter_map(Policy::next_wakeup).min()
    }
}
