//! All reports together: sums and counts, whatever their order.

use super::config::FleetSettings;
use super::evidence::Vote;
use super::ledger::{Ledger, is_id, millis};
use super::report::{LARGEST, Report};
use crate::state::State;

/// What the store answers: its time, the ledger after the request, and everybody's last report.
///
/// ```
/// use circuit_breaker::fleet::Reply;
///
/// let written = [("pod-1", "9500 1 open 0 bad 40 30 0 12"), ("pod-2", "rubbish")];
/// let reply = Reply::parse(10_000, "1 0 0 0 0 0 ", written);
/// assert_eq!((reply.reports.len(), reply.refused), (1, 1));
/// assert_eq!(reply.reports[0].age, 500);
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Reply {
    /// The store's time in milliseconds; compared with nothing but the store's own times.
    pub now: u64,
    /// What the fleet agrees on.
    pub ledger: Ledger,
    /// Whether the ledger could be read; if not, the one above is empty.
    pub ledger_is_sound: bool,
    /// The reports that could be read.
    pub reports: Vec<Aged>,
    /// How many could not.
    pub refused: u32,
}

/// A report and how old it is.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Aged {
    /// Who wrote it.
    pub id: String,
    /// How long ago, in milliseconds of the store's time.
    pub age: u64,
    /// What it says.
    pub report: Report,
}

impl Reply {
    /// Reads what a store holds: `written` are names and texts `MILLISECONDS REPORT`. What makes no
    /// sense is counted, and otherwise as if it were not there; so is what comes from the future.
    ///
    /// ```
    /// use circuit_breaker::fleet::Reply;
    ///
    /// let reply = Reply::parse(0, "not a ledger", [("", "")]);
    /// assert_eq!((reply.ledger_is_sound, reply.refused), (false, 1));
    /// ```
    pub fn parse<'a>(
        now: u64,
        ledger: &str,
        written: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let parsed = ledger.parse();
        let mut reply = Self {
            now: now.min(LARGEST),
            ledger_is_sound: parsed.is_ok(),
            ledger: parsed.unwrap_or_default(),
            ..Self::default()
        };
        for (id, text) in written {
            match read(reply.now, id, text) {
                Some(aged) => reply.reports.push(aged),
                None => reply.refused = reply.refused.saturating_add(1),
            }
        }
        reply
    }
}

fn read(now: u64, id: &str, text: &str) -> Option<Aged> {
    let (stamp, report) = text.split_once(' ')?;
    let digits = stamp.bytes().all(|b| b.is_ascii_digit());
    let stamp: u64 = stamp.parse().ok().filter(|_| digits && is_id(id))?;
    Some(Aged {
        id: id.to_owned(),
        age: now.checked_sub(stamp)?,
        report: report.parse().ok()?,
    })
}

/// All live reports of a generation together.
///
/// ```
/// use circuit_breaker::fleet::{FleetConfig, FleetSettings, Merged, Reply};
/// use circuit_breaker::{Config, Settings};
///
/// let settings = Settings::new(Config::default())?;
/// let fleet = FleetSettings::new(FleetConfig::default(), &settings)?;
/// let written = [
///     ("pod-1", "9900 1 open 0 bad 40 30 0 12"),
///     ("pod-2", "9800 1 closed 0 unknown 10 2 0 0"),
///     ("pod-3", "1000 1 closed 0 good 900 0 0 0"),
/// ];
/// let merged = Merged::new(&fleet, &Reply::parse(10_000, "1 0 0 0 0 0 ", written));
/// assert_eq!((merged.live, merged.old, merged.bad, merged.open), (2, 1, 1, 1));
/// assert_eq!((merged.calls, merged.failures), (50, 32));
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Merged {
    /// Instances whose report is not too old.
    pub live: u32,
    /// Instances whose report is.
    pub old: u32,
    /// What could not be read.
    pub refused: u32,
    /// Live instances that say "bad" in this generation.
    pub bad: u32,
    /// That say "good".
    pub good: u32,
    /// That are open or half-open in this generation.
    pub open: u32,
    /// Those of them that say "bad": they opened by their own rules, or had seen enough for them when
    /// they opened.
    pub open_bad: u32,
    /// Calls, each instance's scaled down to
    /// [`FleetConfig::max_weight`](super::FleetConfig::max_weight).
    pub calls: u64,
    /// Those that failed.
    pub failures: u64,
    /// Those that were slow.
    pub slow: u64,
    /// The most calls that an open instance refused since its last report.
    pub top_demand: u64,
}

impl Merged {
    /// Adds up the live reports that belong to the ledger's generation: O(reports), in any order.
    #[must_use]
    pub fn new(settings: &FleetSettings, reply: &Reply) -> Self {
        let config = settings.config();
        let limit = millis(config.period.saturating_mul(config.missed_periods));
        let mut merged = Self {
            refused: reply.refused,
            ..Self::default()
        };
        for Aged { age, report, .. } in &reply.reports {
            if *age > limit {
                merged.old = merged.old.saturating_add(1);
            } else {
                merged.live = merged.live.saturating_add(1);
                if report.generation == reply.ledger.generation {
                    merged.add(report, u64::from(config.max_weight));
                }
            }
        }
        merged
    }

    fn add(&mut self, report: &Report, weight: u64) {
        match report.vote {
            Vote::Bad => self.bad = self.bad.saturating_add(1),
            Vote::Good => self.good = self.good.saturating_add(1),
            Vote::Unknown => {}
        }
        if matches!(report.state, State::Open | State::HalfOpen) {
            self.open = self.open.saturating_add(1);
            self.open_bad = self
                .open_bad
                .saturating_add(u32::from(report.vote == Vote::Bad));
            self.top_demand = self.top_demand.max(report.demand);
        }
        let scaled = |part: u64| {
            if report.calls <= weight {
                part
            } else {
                let part = u128::from(part) * u128::from(weight) / u128::from(report.calls);
                u64::try_from(part).unwrap_or(weight)
            }
        };
        self.calls = self.calls.saturating_add(report.calls.min(weight));
        self.failures = self.failures.saturating_add(scaled(report.failures));
        self.slow = self.slow.saturating_add(scaled(report.slow));
    }
}
