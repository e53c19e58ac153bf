//! Forecasts of demand as a distribution at a horizon.

mod adaptive;
mod clock;
mod days;
mod histogram;
mod phase;
mod regression;
mod scale;
mod smooth;

use core::time::Duration;

pub use adaptive::AdaptiveForecast;

/// A forecast of demand, as a distribution at a horizon.
///
/// Demand is counted in replicas: what one replica carries at its allowed utilization is 1. A
/// policy asks for what it needs to weigh a further replica: the demand that would come while `n`
/// replicas are too few.
///
/// ```
/// use autoscale_core::DemandForecast;
/// use std::time::Duration;
///
/// /// Tomorrow is like now, within a tenth.
/// struct Naive(f64);
/// impl DemandForecast for Naive {
///     fn observe(&mut self, _at: Duration, demand: f64) {
///         self.0 = demand;
///     }
///     fn skip(&mut self, _intervals: u64) {}
///     fn partial_expectations(&mut self, _at: Duration, counts: &[f64], out: &mut [f64]) -> usize {
///         let (low, high) = (self.0 * 0.9, self.0 * 1.1); // uniform between them
///         let beyond = |n: f64| {
///             let from = n.clamp(low, high);
///             (high * high - from * from) / (2.0 * (high - low))
///         };
///         out.iter_mut().zip(counts).for_each(|(out, n)| *out = beyond(*n));
///         counts.iter().take_while(|n| **n < high).count() + 1
///     }
///     fn expected(&self) -> f64 {
///         self.0
///     }
/// }
///
/// let (mut forecast, mut beyond) = (Naive(0.0), [0.0; 3]);
/// forecast.observe(Duration::ZERO, 10.0);
/// let useful = forecast.partial_expectations(Duration::from_secs(90), &[5.0, 10.0, 15.0], &mut beyond);
/// assert_eq!((useful, beyond), (3, [10.0, 5.25, 0.0]));
/// ```
pub trait DemandForecast {
    /// Takes the demand of the newest interval, which ended at Unix time `at`. Called once an
    /// interval, in order; `demand` is finite and at least 0.
    fn observe(&mut self, at: Duration, demand: f64);

    /// So many intervals passed without a sample.
    fn skip(&mut self, intervals: u64);

    /// Writes `E[y; y > n]` — the expected demand, where it exceeds n, and 0 where it does not — for
    /// each n of `counts`, ascending, where y is the demand of the interval that ends at Unix time
    /// `at`. Gives how many of the counts, from the first one, are worth considering: the last of
    /// them is the most that can be ordered, so that it should have nothing beyond it. What is
    /// written for further counts is not read, and more counts than there are means all of them.
    fn partial_expectations(&mut self, at: Duration, counts: &[f64], out: &mut [f64]) -> usize;

    /// The expected demand of the latest forecast.
    fn expected(&self) -> f64;

    /// What is asked for lies so many intervals ahead from now on. Does nothing unless implemented:
    /// the time asked for says it as well.
    fn set_horizon(&mut self, _horizon: usize) {}

    /// What is observed from now on means something else: another metric, another clock, or intervals
    /// of another length. Unless implemented it goes on with what it knows.
    fn restart(&mut self, _interval: Duration, horizon: usize) {
        self.set_horizon(horizon);
    }

    /// Whether a state that was read back can be gone on with; a policy refuses one that cannot.
    fn is_sound(&self) -> bool {
        true
    }
}
