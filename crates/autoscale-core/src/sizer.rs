use core::time::Duration;

/// A rule that says how large something should be, other than a count of replicas: a container's
/// requests, a pool's nodes. The shape is [`Policy`](crate::Policy)'s, with an observation and a
/// decision of its own.
///
/// Call it with a `now` that does not go backwards; an earlier `now` counts as the last one.
///
/// ```
/// use autoscale_core::{Sizer, replay_sizing, SizingEntry};
/// use std::time::Duration;
/// struct Half;
/// impl Sizer for Half {
///     type Observation = u32;
///     type Decision = u32;
///     fn decide_into(&mut self, _now: Duration, seen: &u32, decision: &mut u32) {
///         *decision = seen / 2;
///     }
/// }
/// let decision = Half.decide(Duration::ZERO, &8);
/// let log = [SizingEntry { now: Duration::ZERO, observation: 8, decision }];
/// assert_eq!(replay_sizing(&mut Half, &log)?, 1);
/// # Ok::<(), autoscale_core::SizingDivergence<u32>>(())
/// ```
pub trait Sizer {
    /// What it is shown.
    type Observation;
    /// What it answers: the sizes, the reason and the number of every stage.
    type Decision: Default;

    /// Decides into a decision that the caller keeps, so that its buffers are used again.
    fn decide_into(
        &mut self,
        now: Duration,
        observation: &Self::Observation,
        decision: &mut Self::Decision,
    );

    /// Decides, with a fresh decision.
    fn decide(&mut self, now: Duration, observation: &Self::Observation) -> Self::Decision {
        let mut decision = Self::Decision::default();
        self.decide_into(now, observation, &mut decision);
        decision
    }
}

macro_rules! forward {
    ($($target:ty),*) => {$(
        impl<S: Sizer + ?Sized> Sizer for $target {
            type Observation = S::Observation;
            type Decision = S::Decision;

            fn decide_into(&mut self, now: Duration, seen: &S::Observation, out: &mut S::Decision) {
                (**self).decide_into(now, seen, out);
            }
        }
    )*};
}
forward!(&mut S, Box<S>);

/// One line of a [`Sizer`]'s log: everything that is needed to take the decision again.
///
/// ```
/// use autoscale_core::SizingEntry;
/// let entry = SizingEntry { now: std::time::Duration::ZERO, observation: 8, decision: 4 };
/// assert_eq!(entry.clone(), entry);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SizingEntry<O, D> {
    /// When the decision was taken.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub now: Duration,
    /// What the sizer was shown.
    pub observation: O,
    /// What it decided.
    pub decision: D,
}

/// The first entry of a log that a [`Sizer`] would decide differently.
///
/// ```
/// use autoscale_core::SizingDivergence;
/// let differs = SizingDivergence { index: 3, logged: 4, replayed: 5 };
/// assert_eq!(differs.to_string(), "entry 3: logged 4, replayed 5");
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("entry {index}: logged {logged:?}, replayed {replayed:?}")]
pub struct SizingDivergence<D: core::fmt::Debug> {
    /// Position of the entry in the log, from 0.
    pub index: usize,
    /// The decision in the log.
    pub logged: D,
    /// The decision that the sizer takes now.
    pub replayed: D,
}

/// Takes every decision of a log again and compares all of its numbers, bit for bit. The sizer must
/// be in the state that it had before the first entry. Gives the number of entries.
///
/// # Errors
/// [`SizingDivergence`] at the first entry that differs.
///
/// ```
/// use autoscale_core::{Sizer, SizingEntry, replay_sizing};
/// use std::time::Duration;
/// struct Twice;
/// impl Sizer for Twice {
///     type Observation = u32;
///     type Decision = u32;
///     fn decide_into(&mut self, _now: Duration, seen: &u32, decision: &mut u32) {
///         *decision = seen * 2;
///     }
/// }
/// let log = [SizingEntry { now: Duration::ZERO, observation: 3, decision: 7 }];
/// assert!(replay_sizing(&mut Twice, &log).is_err_and(|differs| differs.replayed == 6));
/// ```
pub fn replay_sizing<'a, S, O, D>(
    sizer: &mut S,
    log: impl IntoIterator<Item = &'a SizingEntry<O, D>>,
) -> Result<usize, SizingDivergence<D>>
where
    S: Sizer<Observation = O, Decision = D> + ?Sized,
    O: 'a,
    D: Default + Clone + PartialEq + core::fmt::Debug + 'a,
{
    let mut decision = D::default();
    let mut count = 0;
    for entry in log {
        sizer.decide_into(entry.now, &entry.observation, &mut decision);
        if decision != entry.decision {
            return Err(SizingDivergence {
                index: count,
                logged: entry.decision.clone(),
                replayed: decision,
            });
        }
        count += 1;
    }
    Ok(count)
}
