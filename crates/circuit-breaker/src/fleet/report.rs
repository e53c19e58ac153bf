//! What one instance tells the others, and how it is written.

use super::evidence::Vote;
use crate::state::State;

/// The longest name of an instance, in bytes.
pub const MAX_ID: usize = 128;
/// The largest number that a report or a ledger may hold: exact in every store's numbers.
pub(crate) const LARGEST: u64 = 1 << 48;

/// What one instance tells the others once a period: what its window holds now, not what came since
/// the last time, so that a report that is lost or told twice changes nothing.
///
/// As text: `1 STATE GENERATION VOTE CALLS FAILURES SLOW DEMAND`, separated by single spaces.
///
/// ```
/// use circuit_breaker::fleet::{Report, Vote};
///
/// let report: Report = "1 closed 3 good 120 2 0 14".parse()?;
/// assert_eq!((report.generation, report.vote, report.calls), (3, Vote::Good, 120));
/// assert_eq!(report.to_string(), "1 closed 3 good 120 2 0 14");
/// # Ok::<(), circuit_breaker::fleet::ReportError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Report {
    /// The state of its breaker.
    pub state: State,
    /// The fleet's generation that the rest belongs to: open, the one that it opened in.
    pub generation: u64,
    /// What it says of its own calls.
    pub vote: Vote,
    /// Calls of its window; open, of the window that made it open.
    pub calls: u64,
    /// Those that failed.
    pub failures: u64,
    /// Those that were slow.
    pub slow: u64,
    /// Calls that it refused since its last report: how soon it could make use of probes.
    pub demand: u64,
}

/// Why a text is no report.
///
/// ```
/// use circuit_breaker::fleet::Report;
///
/// let refused = "1 closed 3 good 5 6 0 0".parse::<Report>().unwrap_err();
/// assert_eq!(refused.to_string(), "failures is 6, must be at most calls (5)");
/// ```
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A field is missing.
    #[error("{field} is missing, must be {bound}")]
    Missing {
        /// The field.
        field: &'static str,
        /// What it must be.
        bound: &'static str,
    },
    /// A field is not what it must be.
    #[error("{field} is {value}, must be {bound}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// The value found, its first 40 characters.
        value: String,
        /// What it must be.
        bound: &'static str,
    },
    /// A part is more than its whole.
    #[error("{field} is {value}, must be at most calls ({calls})")]
    MoreThanCalls {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u64,
        /// The calls.
        calls: u64,
    },
}

/// Fields of a text, one after another.
pub(crate) struct Fields<'a>(std::str::Split<'a, char>);

impl<'a> Fields<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self(text.split(' '))
    }

    pub(crate) fn text(
        &mut self,
        field: &'static str,
        bound: &'static str,
    ) -> Result<&'a str, ReportError> {
        self.0.next().ok_or(ReportError::Missing { field, bound })
    }

    pub(crate) fn number(&mut self, field: &'static str) -> Result<u64, ReportError> {
        let bound = "a whole number up to 2^48";
        let text = self.text(field, bound)?;
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|number| digits && *number <= LARGEST)
            .ok_or_else(|| invalid(field, text, bound))
    }

    pub(crate) fn version(&mut self) -> Result<(), ReportError> {
        match self.text("version", "1")? {
            "1" => Ok(()),
            other => Err(invalid("version", other, "1")),
        }
    }

    pub(crate) fn end(mut self) -> Result<(), ReportError> {
        self.0
            .next()
            .map_or(Ok(()), |rest| Err(invalid("rest", rest, "nothing")))
    }
}

pub(crate) fn invalid(field: &'static str, value: &str, bound: &'static str) -> ReportError {
    ReportError::Invalid {
        field,
        value: value.chars().take(40).collect(),
        bound,
    }
}

impl std::str::FromStr for Report {
    type Err = ReportError;

    fn from_str(text: &str) -> Result<Self, ReportError> {
        let mut fields = Fields::new(text);
        fields.version()?;
        let name = fields.text("state", "a state's name")?;
        let state = (0..6)
            .map(State::from_bits)
            .find(|state| state.as_str() == name)
            .ok_or_else(|| invalid("state", name, "a state's name"))?;
        let generation = fields.number("generation")?;
        let name = fields.text("vote", "bad, good or unknown")?;
        let vote = [Vote::Bad, Vote::Good, Vote::Unknown]
            .into_iter()
            .find(|vote| vote.as_str() == name)
            .ok_or_else(|| invalid("vote", name, "bad, good or unknown"))?;
        let report = Self {
            state,
            generation,
            vote,
            calls: fields.number("calls")?,
            failures: fields.number("failures")?,
            slow: fields.number("slow")?,
            demand: fields.number("demand")?,
        };
        fields.end()?;
        let calls = report.calls;
        for (field, value) in [("failures", report.failures), ("slow", report.slow)] {
            if value > calls {
                return Err(ReportError::MoreThanCalls {
                    field,
                    value,
                    calls,
                });
            }
        }
        Ok(report)
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let calls = self.calls.min(LARGEST);
        write!(
            f,
            "1 {} {} {} {calls} {} {} {}",
            self.state.as_str(),
            self.generation.min(LARGEST),
            self.vote.as_str(),
            self.failures.min(calls),
            self.slow.min(calls),
            self.demand.min(LARGEST)
        )
    }
}
