//! A store in memory: for tests, simulations, and instances within one process.

use std::collections::BTreeMap;

use super::ledger::{Ledger, Request, millis};
use super::merge::Reply;

/// A store in memory, with the rules that every store follows. Time is an argument.
///
/// ```
/// use circuit_breaker::fleet::{Board, FleetConfig, FleetSettings, FleetView};
/// use circuit_breaker::{CircuitBreaker, Config, Settings};
/// use std::time::Duration;
///
/// let settings = Settings::new(Config::default())?;
/// let fleet = FleetSettings::new(FleetConfig::default(), &settings)?;
/// let mut board = Board::default();
/// let now = Duration::from_secs(1);
/// for name in ["pod-1", "pod-2"] {
///     let breaker = CircuitBreaker::new(&settings, 1);
///     let request = FleetView::new(&fleet, name, 1)?.prepare(&breaker, now);
///     board.exchange(&request, 1000);
/// }
/// assert_eq!(board.read(1000).reports.len(), 2);
/// # Ok::<(), circuit_breaker::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Board {
    written: BTreeMap<String, String>,
    ledger: String,
}

impl Board {
    /// Carries out one request at `now`, the store's time in milliseconds.
    ///
    /// ```
    /// use circuit_breaker::fleet::{Act, Board, FleetConfig, FleetSettings, FleetView};
    /// use circuit_breaker::{CircuitBreaker, Config, Settings};
    /// use std::time::Duration;
    ///
    /// let breaker = CircuitBreaker::new(&Settings::new(Config::default())?, 1);
    /// let fleet = FleetSettings::new(FleetConfig::default(), breaker.settings())?;
    /// let mut request = FleetView::new(&fleet, "pod-1", 1)?.prepare(&breaker, Duration::ZERO);
    /// request.act = Act::Ask;
    /// assert_eq!(Board::default().exchange(&request, 7).ledger.holder, "pod-1");
    /// # Ok::<(), circuit_breaker::ConfigError>(())
    /// ```
    pub fn exchange(&mut self, request: &Request, now: u64) -> Reply {
        let ledger: Ledger = self.ledger.parse().unwrap_or_default();
        self.ledger = ledger.after(request, now).to_string();
        let text = format!("{now} {}", request.report);
        self.written.insert(request.id.clone(), text);
        let keep = millis(request.keep);
        self.written.retain(|_, text| {
            let stamp = text.split(' ').next().and_then(|s| s.parse::<u64>().ok());
            stamp.is_some_and(|stamp| now.saturating_sub(stamp) <= keep)
        });
        self.read(now)
    }

    /// What stands there.
    ///
    /// ```
    /// assert!(circuit_breaker::fleet::Board::default().read(0).reports.is_empty());
    /// ```
    #[must_use]
    pub fn read(&self, now: u64) -> Reply {
        let written = self
            .written
            .iter()
            .map(|(id, text)| (id.as_str(), text.as_str()));
        Reply::parse(now, &self.ledger, written)
    }

    /// Writes any text in an instance's place, as one that has gone wrong would; an empty name is
    /// the ledger's.
    ///
    /// ```
    /// let mut board = circuit_breaker::fleet::Board::default();
    /// board.write("pod-9", "garbage");
    /// assert_eq!(board.read(0).refused, 1);
    /// ```
    pub fn write(&mut self, id: &str, text: &str) {
        if id.is_empty() {
            text.clone_into(&mut self.ledger);
        } else {
            self.written.insert(id.to_owned(), text.to_owned());
        }
    }
}
