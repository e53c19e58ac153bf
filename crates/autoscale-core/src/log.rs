use core::time::Duration;

use crate::{Decision, Observation, Policy};

/// One line of a decision log: everything that is needed to take the decision again.
///
/// A format that writes numbers as text must read them back exactly: with `serde_json` turn its
/// feature `float_roundtrip` on.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use autoscale_core::{Fixed, LogEntry, Observation, Policy};
/// let (now, observation) = (std::time::Duration::from_secs(15), Observation::new(2));
/// let decision = Fixed(5).decide(now, &observation);
/// let entry = LogEntry { now, observation, decision };
/// let line = serde_json::to_string(&entry)?;
/// assert_eq!(serde_json::from_str::<LogEntry>(&line)?, entry);
/// # }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LogEntry {
    /// When the decision was taken.
    #[cfg_attr(feature = "serde", serde(with = "crate::duration"))]
    pub now: Duration,
    /// What the policy was shown.
    pub observation: Observation,
    /// What it decided.
    pub decision: Decision,
}

/// The first entry of a log that a policy would decide differently.
///
/// ```
/// use autoscale_core::{replay, Fixed, LogEntry, Observation, Policy};
/// let (now, observation) = (std::time::Duration::ZERO, Observation::new(2));
/// let decision = Fixed(5).decide(now, &observation);
/// let log = [LogEntry { now, observation, decision }];
/// let message = replay(&mut Fixed(6), &log).err().map(|divergence| divergence.to_string());
/// assert_eq!(message.as_deref(), Some("entry 0: logged 5 replicas, replayed 6 replicas"));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("entry {index}: logged {} replicas, replayed {} replicas", logged.replicas, replayed.replicas)]
pub struct Divergence {
    /// Position of the entry in the log, from 0.
    pub index: usize,
    /// The decision in the log.
    pub logged: Box<Decision>,
    /// The decision that the policy takes now.
    pub replayed: Box<Decision>,
}

/// Takes every decision of a log again and compares all of its numbers, bit for bit. The policy
/// must be in the state that it had before the first entry. Gives the number of entries.
///
/// # Errors
/// [`Divergence`] at the first entry that differs.
///
/// ```
/// use autoscale_core::{replay, Fixed, LogEntry, Observation, Policy};
/// use std::time::Duration;
/// let observation = Observation::new(2);
/// let decision = Fixed(5).decide(Duration::ZERO, &observation);
/// let log = [LogEntry { now: Duration::ZERO, observation, decision }];
/// assert_eq!(replay(&mut Fixed(5), &log)?, 1);
/// assert!(replay(&mut Fixed(6), &log).is_err());
/// # Ok::<(), autoscale_core::Divergence>(())
/// ```
pub fn replay<'a>(
    policy: &mut (impl Policy + ?Sized),
    log: impl IntoIterator<Item = &'a LogEntry>,
) -> Result<usize, Divergence> {
    let mut decision = Decision::default();
    let mut count = 0;
    for entry in log {
        policy.decide_into(entry.now, &entry.observation, &mut decision);
        if decision != entry.decision {
            return Err(Divergence {
                index: count,
                logged: Box::new(entry.decision.clone()),
                replayed: Box::new(decision),
            });
        }
        count += 1;
    }
    Ok(count)
}
