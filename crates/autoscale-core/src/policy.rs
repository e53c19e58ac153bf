use core::time::Duration;

use crate::{Decision, Observation, Reason, StageKind};

/// A rule that says how many replicas to run.
///
/// Call [`decide_into`](Self::decide_into) (or [`decide`](Self::decide)) once a tick, with a `now`
/// that does not go backwards; an earlier `now` counts as the last one. The observation's
/// `spec_replicas` must show what became of the previous decision: a policy learns from it whether
/// its change was carried out.
///
/// ```
/// use autoscale_core::{from_fn, Observation, Policy};
/// use std::time::Duration;
/// let mut double = from_fn(|_now, seen: &Observation| seen.spec_replicas * 2);
/// assert_eq!(double.decide(Duration::ZERO, &Observation::new(3)).replicas, 6);
/// ```
pub trait Policy {
    /// Decides into a decision that the caller keeps, so that its buffers are used again.
    fn decide_into(&mut self, now: Duration, observation: &Observation, decision: &mut Decision);

    /// Decides, with a fresh [`Decision`].
    fn decide(&mut self, now: Duration, observation: &Observation) -> Decision {
        let mut decision = Decision::default();
        self.decide_into(now, observation, &mut decision);
        decision
    }

    /// When the same observation would next be answered otherwise, such as at the end of the window
    /// that holds a change back; `None` where only a new observation can change the answer. Being
    /// called earlier does no harm.
    ///
    /// ```
    /// use autoscale_core::{Fixed, Observation, Policy, PolicyExt};
    /// use std::time::Duration;
    /// let minute = Duration::from_secs(60);
    /// let mut policy = Fixed(9).stabilized(minute, minute)?;
    /// policy.decide(minute, &Observation::new(2));
    /// assert_eq!(policy.next_wakeup(), Some(minute * 2 + Duration::from_nanos(1)));
    /// assert_eq!(Fixed(9).next_wakeup(), None);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    fn next_wakeup(&self) -> Option<Duration> {
        None
    }
}

macro_rules! forward {
    ($($target:ty),*) => {$(
        impl<P: Policy + ?Sized> Policy for $target {
            fn decide_into(&mut self, now: Duration, seen: &Observation, out: &mut Decision) {
                (**self).decide_into(now, seen, out);
            }

            fn next_wakeup(&self) -> Option<Duration> {
                (**self).next_wakeup()
            }
        }
    )*};
}
forward!(&mut P, Box<P>);

/// A policy made of a closure that gives the number of replicas.
///
/// ```
/// use autoscale_core::{from_fn, Observation, Policy};
/// use std::time::Duration;
/// let mut night_shift = from_fn(|now, _seen: &Observation| if now.as_secs() < 3600 { 1 } else { 4 });
/// assert_eq!(night_shift.decide(Duration::from_secs(4000), &Observation::new(1)).replicas, 4);
/// ```
pub const fn from_fn<F>(rule: F) -> FromFn<F>
where
    F: FnMut(Duration, &Observation) -> u32,
{
    FromFn(rule)
}

/// The policy that [`from_fn`] makes.
///
/// ```
/// use autoscale_core::{from_fn, FromFn, Observation, Policy};
/// use std::time::Duration;
/// fn one_more(_now: Duration, seen: &Observation) -> u32 {
///     seen.spec_replicas + 1
/// }
/// let mut policy: FromFn<fn(Duration, &Observation) -> u32> = from_fn(one_more);
/// assert_eq!(policy.decide(Duration::ZERO, &Observation::new(3)).replicas, 4);
/// ```
#[derive(Clone, Copy)]
pub struct FromFn<F>(F);

impl<F> core::fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("FromFn(..)")
    }
}

impl<F: FnMut(Duration, &Observation) -> u32> Policy for FromFn<F> {
    fn decide_into(&mut self, now: Duration, observation: &Observation, decision: &mut Decision) {
        decision.reset(observation.spec_replicas);
        decision.push(StageKind::Recommended, (self.0)(now, observation));
        decision.reason = direction(decision.current_replicas, decision.replicas);
    }
}

/// A fixed number of replicas.
///
/// ```
/// use autoscale_core::{Fixed, Observation, Policy};
/// assert_eq!(Fixed(7).decide(std::time::Duration::ZERO, &Observation::new(2)).replicas, 7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fixed(pub u32);

impl Policy for Fixed {
    fn decide_into(&mut self, _: Duration, observation: &Observation, decision: &mut Decision) {
        decision.reset(observation.spec_replicas);
        decision.push(StageKind::Recommended, self.0);
        decision.reason = Reason::Fixed;
    }
}

/// The plain reason for going from one count to another.
pub(crate) const fn direction(from: u32, to: u32) -> Reason {
    if to > from {
        Reason::ScaleUp
    } else if to < from {
        Reason::ScaleDown
    } else {
        Reason::Steady
    }
}
