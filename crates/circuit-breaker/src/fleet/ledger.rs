//! What the fleet agrees on: its generation, and who may probe for it.
//!
//! The ledger is the one thing that instances write over each other, so each change is one step of
//! the store, and [`Ledger::after`] is that step. A store in another language carries out the same
//! rules; in order:
//!
//! 1. An instance that knows a later generation or round than the ledger (which was lost, or is a
//!    copy that lagged) is believed, and nobody holds the lease.
//! 2. No time lies further ahead than a lease, or the longest wait: the store's clock has gone back
//!    then.
//! 3. A lease that is over is a failed round: the fleet waits from now.
//! 4. What the instance asks for: it counts only with the round of the lease that it holds, so that
//!    an answer of an earlier round changes nothing.

use std::time::Duration;

use super::report::{Fields, LARGEST, Report, ReportError, invalid};

/// What an instance asks of the fleet's ledger.
///
/// ```
/// use circuit_breaker::fleet::Act;
///
/// assert_eq!(Act::Succeeded { round: 4 }.to_string(), "succeeded 4");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Act {
    /// Nothing: it only reports.
    #[default]
    Nothing,
    /// The right to probe for the fleet.
    Ask,
    /// It is at it.
    Renew {
        /// The round that it holds.
        round: u64,
    },
    /// Its probes came back well: the fleet has recovered, a new generation begins.
    Succeeded {
        /// The round that it held.
        round: u64,
    },
    /// They did not: the fleet waits.
    Failed {
        /// The round that it held.
        round: u64,
    },
    /// It has not probed: another one may.
    Release {
        /// The round that it held.
        round: u64,
    },
}

impl Act {
    /// The act's name and its round, 0 where it has none.
    ///
    /// ```
    /// assert_eq!(circuit_breaker::fleet::Act::Ask.parts(), ("ask", 0));
    /// ```
    #[must_use]
    pub const fn parts(self) -> (&'static str, u64) {
        match self {
            Self::Nothing => ("nothing", 0),
            Self::Ask => ("ask", 0),
            Self::Renew { round } => ("renew", round),
            Self::Succeeded { round } => ("succeeded", round),
            Self::Failed { round } => ("failed", round),
            Self::Release { round } => ("release", round),
        }
    }
}

impl std::fmt::Display for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, round) = self.parts();
        write!(f, "{name} {round}")
    }
}

/// What an instance sends to the store once a period.
///
/// ```
/// use circuit_breaker::fleet::{FleetConfig, FleetSettings, FleetView};
/// use circuit_breaker::{CircuitBreaker, Config, Settings};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
/// let fleet = FleetSettings::new(FleetConfig::default(), breaker.settings())?;
/// let mut view = FleetView::new(&fleet, "pod-7", 1)?;
/// let request = view.prepare(&breaker, Duration::from_secs(1));
/// assert_eq!(request.report.to_string(), "1 closed 0 unknown 0 0 0 0");
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Request {
    /// The instance.
    pub id: String,
    /// What it tells.
    pub report: Report,
    /// The fleet's generation that it knows.
    pub generation: u64,
    /// The last round of probes that it knows.
    pub round: u64,
    /// What it asks for.
    pub act: Act,
    /// How long the fleet waits if a round of probes ends now in failure.
    pub wait: Duration,
    /// The longest that the fleet ever waits.
    pub longest_wait: Duration,
    /// For how long it asks, or renews.
    pub lease: Duration,
    /// How long the store keeps what was written last.
    pub keep: Duration,
}

/// What the fleet agrees on. Times are the store's.
///
/// As text: `1 GENERATION ROUND FAILED LEASE_UNTIL NEXT_PROBE HOLDER`, times in milliseconds, the
/// holder empty while there is none.
///
/// ```
/// use circuit_breaker::fleet::Ledger;
///
/// let ledger: Ledger = "1 3 17 2 90000 0 pod-7".parse()?;
/// assert_eq!((ledger.generation, ledger.round, ledger.holder.as_str()), (3, 17, "pod-7"));
/// assert_eq!(ledger.to_string(), "1 3 17 2 90000 0 pod-7");
/// # Ok::<(), circuit_breaker::fleet::ReportError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Ledger {
    /// How often the fleet has recovered. Votes and openings of an earlier one do not count.
    pub generation: u64,
    /// How often the right to probe was given.
    pub round: u64,
    /// Rounds in a row that failed.
    pub failed: u64,
    /// Until when the holder has the right, unless it renews; milliseconds of the store's time.
    pub lease_until: u64,
    /// From when on the right is given again; milliseconds of the store's time.
    pub next_probe: u64,
    /// Who probes for the fleet; empty while nobody does.
    pub holder: String,
}

impl Ledger {
    /// What becomes of the ledger with `request` at `now`, the store's time in milliseconds.
    ///
    /// ```
    /// use circuit_breaker::fleet::{Act, FleetConfig, FleetSettings, FleetView, Ledger};
    /// use circuit_breaker::{CircuitBreaker, Config, Settings};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
    /// let fleet = FleetSettings::new(FleetConfig::default(), breaker.settings())?;
    /// let mut request = FleetView::new(&fleet, "pod-7", 1)?.prepare(&breaker, Duration::ZERO);
    /// request.act = Act::Ask;
    /// let ledger = Ledger::default().after(&request, 5000);
    /// assert_eq!((ledger.holder.as_str(), ledger.round, ledger.lease_until), ("pod-7", 1, 7000));
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    #[must_use]
    pub fn after(&self, request: &Request, now: u64) -> Self {
        let mut ledger = self.clone();
        if request.generation > ledger.generation || request.round > ledger.round {
            ledger.generation = ledger.generation.max(request.generation);
            ledger.round = ledger.round.max(request.round);
            ledger.holder.clear();
        }
        let wait = millis(request.wait);
        let ahead = |span: Duration| now.saturating_add(millis(span));
        ledger.lease_until = ledger.lease_until.min(ahead(request.lease));
        ledger.next_probe = ledger.next_probe.min(ahead(request.longest_wait));
        if !ledger.holder.is_empty() && now >= ledger.lease_until {
            ledger.fail(now, wait);
        }
        let held = (ledger.holder == request.id).then_some(ledger.round);
        match request.act {
            Act::Ask if ledger.holder.is_empty() && now >= ledger.next_probe => {
                // Nobody has asked for long: what failed then says nothing of now.
                if now - ledger.next_probe >= millis(request.keep) {
                    ledger.failed = 0;
                }
                ledger.round = ledger.round.saturating_add(1);
                ledger.holder.clone_from(&request.id);
                ledger.lease_until = ahead(request.lease);
            }
            Act::Renew { round } if held == Some(round) => {
                ledger.lease_until = ahead(request.lease);
            }
            Act::Succeeded { round } if held == Some(round) => {
                ledger.generation = ledger.generation.saturating_add(1);
                ledger.failed = 0;
                ledger.next_probe = 0;
                ledger.holder.clear();
            }
            Act::Failed { round } if held == Some(round) => ledger.fail(now, wait),
            Act::Release { round } if held == Some(round) => ledger.holder.clear(),
            // It asks for nothing, for what is given, or of a round that is over.
            _ => {}
        }
        ledger
    }

    fn fail(&mut self, now: u64, wait: u64) {
        self.failed = self.failed.saturating_add(1);
        self.next_probe = now.saturating_add(wait);
        self.holder.clear();
    }
}

/// Whole milliseconds, at most what a ledger may hold.
pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).map_or(LARGEST, |ms| ms.min(LARGEST))
}

impl std::str::FromStr for Ledger {
    type Err = ReportError;

    fn from_str(text: &str) -> Result<Self, ReportError> {
        let mut fields = Fields::new(text);
        fields.version()?;
        let ledger = Self {
            generation: fields.number("generation")?,
            round: fields.number("round")?,
            failed: fields.number("failed")?,
            lease_until: fields.number("lease_until")?,
            next_probe: fields.number("next_probe")?,
            holder: fields
                .text("holder", "an instance's name or nothing")?
                .to_owned(),
        };
        fields.end()?;
        if !ledger.holder.is_empty() && !is_id(&ledger.holder) {
            return Err(invalid(
                "holder",
                &ledger.holder,
                "an instance's name or nothing",
            ));
        }
        Ok(ledger)
    }
}

impl std::fmt::Display for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            generation,
            round,
            failed,
            lease_until,
            next_probe,
            holder,
        } = self;
        write!(
            f,
            "1 {generation} {round} {failed} {lease_until} {next_probe} {holder}"
        )
    }
}

/// Whether a text may name an instance: 1 to 128 visible ASCII characters.
pub(crate) fn is_id(id: &str) -> bool {
    (1..=super::report::MAX_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}
