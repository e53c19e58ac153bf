//! From requests a second to replicas needed.

use std::time::Duration;

use crate::Trace;

/// What one replica carries.
///
/// ```
/// use plimsoll_sim::{CsvSource, Demand, ServiceModel, TraceSource};
/// # use std::time::Duration;
/// let trace = CsvSource::new("0,6000\n60,12000\n").load()?; // 100, then 200 requests a second
/// let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
/// let demand = Demand::new(&trace, model, Duration::from_secs(60), Duration::ZERO)?;
/// assert_eq!(demand.load, [2.5, 5.0]); // in replicas that carry 40 requests a second
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServiceModel {
    /// Requests a second that a replica can carry at most; > 0.
    pub capacity_rps: f64,
    /// Share of that which it may be loaded to before its requests count as badly served;
    /// 0 < … ≤ 1.
    pub utilization: f64,
}

impl ServiceModel {
    /// The model in which the 99.9 % quantile of a trace's rate needs `replicas` replicas.
    ///
    /// ```
    /// use plimsoll_sim::{CsvSource, ServiceModel, TraceSource};
    /// let trace = CsvSource::new("0,6000\n60,6000\n").load()?;
    /// let model = ServiceModel::fitted(&trace, 0.8, 40.0);
    /// assert!((model.capacity_rps - 3.125).abs() < 1e-9); // 100 rps ÷ (40 × 0.8)
    /// # Ok::<(), plimsoll_sim::TraceError>(())
    /// ```
    #[must_use]
    pub fn fitted(trace: &Trace, utilization: f64, replicas: f64) -> Self {
        let mut sorted = trace.rates.clone();
        if sorted.is_empty() {
            return Self {
                capacity_rps: 1.0,
                utilization,
            };
        }
        sorted.sort_unstable_by(f64::total_cmp);
        let position = (sorted.len() - 1) as f64 * 0.999;
        let low = position.floor() as usize;
        let high = (low + 1).min(sorted.len() - 1);
        let quantile = sorted[low] + (sorted[high] - sorted[low]) * position.fract();
        // A trace that is idle 99.9 % of the time is fitted to its peak.
        let reference = if quantile > 0.0 {
            quantile
        } else {
            sorted[sorted.len() - 1]
        };
        Self {
            capacity_rps: reference / (replicas * utilization),
            utilization,
        }
    }
}

/// A load in replicas, tick by tick.
///
/// ```
/// use plimsoll_sim::{Demand, Plant, PlantConfig, ServiceModel};
/// # use std::time::Duration;
/// let demand = Demand {
///     start_s: 0,
///     tick: Duration::from_secs(15),
///     model: ServiceModel { capacity_rps: 50.0, utilization: 0.8 },
///     load: vec![1.5, 3.0, 0.0],
///     scored_from: 1,
/// };
/// assert_eq!(Plant::new(&demand, PlantConfig::default())?.needed(), [2, 3, 1]);
/// # Ok::<(), plimsoll_sim::PlantError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// Start of the first tick, seconds since the epoch.
    pub start_s: i64,
    /// Length of a tick.
    pub tick: Duration,
    /// The model behind it.
    pub model: ServiceModel,
    /// Load of each tick in replicas at the allowed utilization.
    pub load: Vec<f64>,
    /// First tick that counts; those before it only warm the policy up.
    pub scored_from: usize,
}

/// Nine years of ticks of 15 s.
const MOST_TICKS: u128 = 20_000_000;

/// Why a demand could not be made.
///
/// ```
/// use plimsoll_sim::{CsvSource, Demand, ServiceModel, TraceSource};
/// # use std::time::Duration;
/// let trace = CsvSource::new("0,6000\n60,12000\n").load()?;
/// let model = ServiceModel { capacity_rps: 50.0, utilization: 1.5 };
/// let refused = Demand::new(&trace, model, Duration::from_secs(15), Duration::ZERO).err();
/// let message = refused.map(|error| error.to_string());
/// assert_eq!(message.as_deref(), Some("utilization is 1.5, must be more than 0, at most 1"));
/// # Ok::<(), plimsoll_sim::TraceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DemandError {
    /// A number is out of its range.
    #[error("{field} is {value}, must be {bound}")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// Its value.
        value: f64,
        /// Its range.
        bound: &'static str,
    },
    /// Less than a tick.
    #[error("the trace is {trace_s} s long, must be at least a tick ({tick_s} s)")]
    TooShort {
        /// Length of the trace.
        trace_s: u64,
        /// Length of a tick.
        tick_s: f64,
    },
    /// More ticks than can be simulated.
    #[error(
        "the trace spans {ticks} ticks, must be at most {MOST_TICKS}: cut it or use a longer tick"
    )]
    TooLong {
        /// Ticks in the trace.
        ticks: u128,
    },
    /// The warm-up leaves nothing to score.
    #[error("warm_up is {warm_up_s} s, must be shorter than the trace ({trace_s} s)")]
    NothingScored {
        /// Length of the warm-up.
        warm_up_s: u64,
        /// Length of the trace.
        trace_s: u64,
    },
}

impl Demand {
    /// Spreads a trace over ticks. The first `warm_up` of it is not scored.
    ///
    /// # Errors
    /// [`DemandError`] names the field, the value and the bound.
    ///
    /// ```
    /// use plimsoll_sim::{CsvSource, Demand, ServiceModel, TraceSource};
    /// # use std::time::Duration;
    /// let trace = CsvSource::new("0,6000\n60,12000\n").load()?;
    /// let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// let (tick, warm_up) = (Duration::from_secs(15), Duration::from_secs(60));
    /// let demand = Demand::new(&trace, model, tick, warm_up)?;
    /// assert_eq!((demand.load.len(), demand.scored_from), (8, 4));
    /// assert!(Demand::new(&trace, model, tick, warm_up * 2).is_err()); // nothing would be scored
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        trace: &Trace,
        model: ServiceModel,
        tick: Duration,
        warm_up: Duration,
    ) -> Result<Self, DemandError> {
        let check = |field, value: f64, ok: bool, bound| {
            if ok {
                Ok(())
            } else {
                Err(DemandError::OutOfRange {
                    field,
                    value,
                    bound,
                })
            }
        };
        let capacity = model.capacity_rps;
        check(
            "capacity",
            capacity,
            (1e-6..=1e12).contains(&capacity),
            "1e-6 … 1e12 requests a second",
        )?;
        let share = model.utilization;
        check(
            "utilization",
            share,
            share > 0.0 && share <= 1.0,
            "more than 0, at most 1",
        )?;
        let tick_ms = tick.as_millis();
        check(
            "tick",
            tick.as_secs_f64(),
            (1000..=3_600_000).contains(&tick_ms),
            "1 s … 1 h",
        )?;
        check(
            "trace.step_s",
            f64::from(trace.step_s),
            trace.step_s > 0,
            "at least 1",
        )?;
        let bad_rate = trace
            .rates
            .iter()
            .copied()
            .find(|r| !(r.is_finite() && *r >= 0.0));
        check(
            "trace.rates",
            bad_rate.unwrap_or(0.0),
            bad_rate.is_none(),
            "finite numbers ≥ 0",
        )?;
        let step_ms = u128::from(trace.step_s) * 1000;
        let total_ms = step_ms * trace.rates.len() as u128;
        if total_ms < tick_ms {
            let (trace_s, tick_s) = ((total_ms / 1000) as u64, tick.as_secs_f64());
            return Err(DemandError::TooShort { trace_s, tick_s });
        }
        if total_ms / tick_ms > MOST_TICKS {
            return Err(DemandError::TooLong {
                ticks: total_ms / tick_ms,
            });
        }
        let ticks = (total_ms / tick_ms) as usize;
        let scored_from = warm_up.as_millis().div_ceil(tick_ms) as usize;
        if scored_from >= ticks {
            return Err(DemandError::NothingScored {
                warm_up_s: warm_up.as_secs(),
                trace_s: (total_ms / 1000) as u64,
            });
        }
        let unit = capacity * share;
        let load = (0..ticks as u128)
            .map(|t| mean_rate(&trace.rates, step_ms, t * tick_ms, (t + 1) * tick_ms) / unit)
            .collect();
        Ok(Self {
            start_s: trace.start_s,
            tick,
            model,
            load,
            scored_from,
        })
    }

    /// Replicas that a tick needs so that nothing is badly served.
    ///
    /// ```
    /// use plimsoll_sim::Demand;
    /// assert_eq!([0.0, 0.3, 2.0, 2.1].map(Demand::replicas_for), [0, 1, 2, 3]);
    /// ```
    #[must_use]
    pub fn replicas_for(load: f64) -> u32 {
        (load - 1e-9).ceil().clamp(0.0, f64::from(u32::MAX)) as u32
    }

    /// Replicas that each tick needs, within bounds.
    ///
    /// ```
    /// use plimsoll_sim::{CsvSource, Demand, ServiceModel, TraceSource};
    /// # use std::time::Duration;
    /// let trace = CsvSource::new("0,600\n60,6000\n120,60000\n").load()?;
    /// let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// let demand = Demand::new(&trace, model, Duration::from_secs(60), Duration::ZERO)?;
    /// assert_eq!(demand.needed(2, 20), [2, 3, 20]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn needed(&self, min: u32, max: u32) -> Vec<u32> {
        self.load
            .iter()
            .map(|x| Self::replicas_for(*x).clamp(min, max))
            .collect()
    }

    /// How many ticks a duration takes, rounded up.
    ///
    /// ```
    /// use std::time::Duration;
    /// let ticks = plimsoll_sim::Demand::ticks(Duration::from_secs(20), Duration::from_secs(15));
    /// assert_eq!(ticks, 2);
    /// ```
    #[must_use]
    pub fn ticks(duration: Duration, tick: Duration) -> usize {
        duration.as_millis().div_ceil(tick.as_millis().max(1)) as usize
    }

    /// Ticks in a day.
    ///
    /// ```
    /// # use plimsoll_sim::{CsvSource, Demand, ServiceModel, TraceSource};
    /// # use std::time::Duration;
    /// # let trace = CsvSource::new("0,6000\n60,12000\n").load()?;
    /// # let model = ServiceModel { capacity_rps: 50.0, utilization: 0.8 };
    /// let demand = Demand::new(&trace, model, Duration::from_secs(15), Duration::ZERO)?;
    /// assert_eq!(demand.ticks_a_day(), 5760.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn ticks_a_day(&self) -> f64 {
        86_400.0 / self.tick.as_secs_f64()
    }
}

/// Mean of a stepwise rate from `from` to `to`, both in milliseconds since its start.
fn mean_rate(rates: &[f64], step_ms: u128, from: u128, to: u128) -> f64 {
    let (first, last) = ((from / step_ms) as usize, ((to - 1) / step_ms) as usize);
    if first == last {
        return rates[first];
    }
    let covered = |index: usize| {
        let begin = index as u128 * step_ms;
        (to.min(begin + step_ms) - from.max(begin)) as f64
    };
    let sum: f64 = (first..=last).map(|i| rates[i] * covered(i)).sum();
    sum / (to - from) as f64
}
