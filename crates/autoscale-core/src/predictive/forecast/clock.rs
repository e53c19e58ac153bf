//! What the time of day says: how far off, and to which side, forecasts for it were.

const QUARTERS: usize = 96;
const QUARTER_MINUTES: f64 = 15.0;
/// Visits until half of what was seen is forgotten.
const HALF_LIFE_VISITS: f64 = 3.0;
/// Minutes of samples at which the seen bias counts half.
const BIAS_MINUTES: f64 = 15.0;
/// How much of what was seen is believed.
const BIAS_TRUST: f64 = 0.5;
const SPREAD_TRUST: f64 = 0.7;

/// Decayed sums of a quarter of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Quarter {
    weight: f64,
    /// Σ |error| ÷ its expected size.
    spread: f64,
    /// Σ ln(demand ÷ forecast).
    bias: f64,
}

/// The day's quarters.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Clock {
    quarters: Vec<Quarter>,
    decay: f64,
    bias_weight: f64,
}

impl Clock {
    pub(super) fn new(ticks_a_minute: f64) -> Self {
        let visit = (QUARTER_MINUTES * ticks_a_minute).max(1.0);
        Self {
            quarters: vec![Quarter::default(); QUARTERS],
            decay: 0.5_f64.powf(1.0 / (HALF_LIFE_VISITS * visit)),
            bias_weight: BIAS_MINUTES * ticks_a_minute,
        }
    }

    /// The quarter of a Unix time, in seconds.
    pub(super) fn quarter(unix_s: u64) -> usize {
        usize::try_from(unix_s / 900 % 96).unwrap_or(0)
    }

    pub(super) fn learn(&mut self, quarter: usize, spread: f64, bias: f64) {
        if let Some(seen) = self.quarters.get_mut(quarter) {
            seen.weight = seen.weight * self.decay + 1.0;
            seen.spread = seen.spread * self.decay + spread;
            seen.bias = seen.bias * self.decay + bias;
        }
    }

    /// Factors on the forecast's level and on the size of its error. `prior` is the weight of the
    /// opinion that this time is like any other.
    pub(super) fn factors(&self, quarter: usize, prior: f64) -> (f64, f64) {
        let mut near = Quarter::default();
        for (offset, share) in [(0, 0.5), (1, 0.25), (QUARTERS - 1, 0.25)] {
            let seen = self.quarters.get((quarter + offset) % QUARTERS);
            let seen = seen.copied().unwrap_or_default();
            near.weight += share * seen.weight;
            near.spread += share * seen.spread;
            near.bias += share * seen.bias;
        }
        let bias = BIAS_TRUST * near.bias / (near.weight + self.bias_weight);
        let spread = ((near.spread + prior) / (near.weight + prior)).clamp(0.3, 3.0);
        (bias.exp(), spread.powf(SPREAD_TRUST))
    }
}
