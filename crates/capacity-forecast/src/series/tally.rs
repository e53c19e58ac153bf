use super::Combine;
use crate::numeric::count_f64;

/// What is known of the samples of one instant, or of the instants of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(super) struct Tally {
    pub(super) count: usize,
    sum: f64,
    /// The running mean, for sums beyond the largest number.
    mean: f64,
    max: f64,
    min: f64,
    last: f64,
}

impl Tally {
    pub(super) fn of(value: f64) -> Self {
        Self {
            count: 1,
            sum: value,
            mean: value,
            max: value,
            min: value,
            last: value,
        }
    }

    pub(super) fn add(&mut self, value: f64) {
        if self.count == 0 {
            *self = Self::of(value);
            return;
        }
        self.count += 1;
        let count = count_f64(self.count);
        self.sum = (self.sum + value).clamp(f64::MIN, f64::MAX);
        self.mean += value / count - self.mean / count;
        self.max = self.max.max(value);
        self.min = self.min.min(value);
        self.last = value;
    }

    pub(super) fn value(&self, combine: Combine) -> f64 {
        match combine {
            Combine::Mean if self.sum.abs() >= f64::MAX => self.mean,
            Combine::Mean => self.sum / count_f64(self.count.max(1)),
            Combine::Max => self.max,
            Combine::Min => self.min,
            Combine::Last => self.last,
            Combine::Sum => self.sum,
        }
    }

    #[cfg(feature = "serde")]
    pub(super) fn is_finite(&self) -> bool {
        [self.sum, self.mean, self.max, self.min, self.last]
            .iter()
            .all(|value| value.is_finite())
    }
}
