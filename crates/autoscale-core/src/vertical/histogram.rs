//! Histograms whose samples fade, bucket for bucket those of the Kubernetes VPA.
//!
//! Bucket b starts at `first · (ratioᵇ − 1) / (ratio − 1)` (exponential) or at `b · size` (linear);
//! the last one has no end. A percentile is the *end* of the bucket in which the weight reaches that
//! share (the start of the last bucket). A sample at time t weighs `w · 2^((t − reference) /
//! half-life)`; the reference moves up, and all weights with it, once the exponent exceeds 100.
//! A bucket lighter than ε at either end counts as empty.
//!
//! Source: kubernetes/autoscaler, `vertical-pod-autoscaler/pkg/recommender/util`. Cost: O(1) a sample,
//! O(buckets in use) a percentile; 8 bytes for each bucket between the smallest and the largest one
//! in use. Edge cases: an empty histogram's percentile is 0; a percentile below 0 is that of the
//! first bucket and one above 1 that of the last; an earlier time than the reference weighs less.
//! Vectors: `conformance/vectors/autoscale/vpa`.

mod checkpoint;
mod options;

use core::time::Duration;

pub use checkpoint::{HistogramCheckpoint, HistogramError};
pub use options::HistogramOptions;

use crate::{ConfigError, numeric};

/// Largest exponent of a sample's weight before the reference moves.
const MAX_DECAY_EXPONENT: f64 = 100.0;
/// Weight of the heaviest bucket of a checkpoint.
const MAX_CHECKPOINT_WEIGHT: f64 = 10_000.0;
/// How many times `half_life` fits between `from` and `to`; negative where `to` is earlier.
fn ratio(to: Duration, from: Duration, half_life: Duration) -> f64 {
    let between = to.abs_diff(from).as_nanos() as f64 / half_life.as_nanos() as f64;
    if to < from { -between } else { between }
}

/// What is left of a weight; nothing where that is below ε.
fn without(held: f64, weight: f64, epsilon: f64) -> f64 {
    match held - weight {
        rest if rest < epsilon => 0.0,
        rest => rest,
    }
}

/// Weights of a quantity's values, newer samples heavier where it has a half-life.
///
/// ```
/// use autoscale_core::{Histogram, HistogramOptions};
/// use std::time::Duration;
/// let day = Duration::from_secs(86_400);
/// let mut cores = Histogram::decaying(HistogramOptions::vpa_cpu(), day)?;
/// cores.add(0.2, 1.0, Duration::ZERO);
/// cores.add(1.0, 1.0, day * 3); // eight times as heavy
/// assert!(cores.percentile(0.5) > 1.0);
/// assert!(cores.percentile(0.1) < 0.22);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "HistogramData"))]
pub struct Histogram {
    options: HistogramOptions,
    half_life: Option<Duration>,
    reference: Option<Duration>,
    /// The bucket of the first weight.
    first: usize,
    weights: Vec<f64>,
    total: f64,
    /// First bucket that is not empty; the last one where all are.
    min: usize,
    /// Last bucket that is not empty; 0 where all are.
    max: usize,
}

impl Histogram {
    /// An empty histogram whose samples keep their weight.
    ///
    /// ```
    /// use autoscale_core::{Histogram, HistogramOptions};
    /// assert!(Histogram::new(HistogramOptions::vpa_cpu()).is_empty());
    /// ```
    #[must_use]
    pub const fn new(options: HistogramOptions) -> Self {
        Self {
            options,
            half_life: None,
            reference: None,
            first: 0,
            weights: Vec::new(),
            total: 0.0,
            min: options.count - 1,
            max: 0,
        }
    }

    /// An empty histogram whose samples lose half of their weight in `half_life`.
    ///
    /// # Errors
    /// [`ConfigError`] where `half_life` is zero.
    ///
    /// ```
    /// use autoscale_core::{Histogram, HistogramOptions};
    /// use std::time::Duration;
    /// assert!(Histogram::decaying(HistogramOptions::vpa_cpu(), Duration::ZERO).is_err());
    /// ```
    pub fn decaying(options: HistogramOptions, half_life: Duration) -> Result<Self, ConfigError> {
        if half_life.is_zero() {
            return Err(ConfigError::range("half_life", "0s", "longer than zero"));
        }
        Ok(Self {
            half_life: Some(half_life),
            ..Self::new(options)
        })
    }

    /// Adds a sample of this weight at `at`. What is not a finite weight ≥ 0 adds nothing.
    ///
    /// ```
    /// use autoscale_core::{Histogram, HistogramOptions};
    /// use std::time::Duration;
    /// let mut halves = Histogram::new(HistogramOptions::linear(9.0, 0.5, 1e-15)?);
    /// halves.add(1.2, 2.0, Duration::ZERO);
    /// assert!((halves.percentile(1.0) - 1.5).abs() < 1e-12);
    /// assert!((halves.total_weight() - 2.0).abs() < 1e-12);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn add(&mut self, value: f64, weight: f64, at: Duration) {
        if !(weight.is_finite() && weight >= 0.0) {
            return;
        }
        let weight = weight * self.decay_factor(at);
        let bucket = self.options.bucket_of(value);
        let epsilon = self.options.epsilon();
        let held = self.change(bucket, |held| held + weight);
        self.total += weight;
        if bucket < self.min && held >= epsilon {
            self.min = bucket;
        }
        if bucket > self.max && held >= epsilon {
            self.max = bucket;
        }
    }

    /// Takes back a sample that was added with the same value, weight and time. What is left below
    /// ε becomes nothing.
    ///
    /// ```
    /// use autoscale_core::{Histogram, HistogramOptions};
    /// use std::time::Duration;
    /// let mut cores = Histogram::new(HistogramOptions::vpa_cpu());
    /// cores.add(1.2, 2.0, Duration::ZERO);
    /// cores.subtract(1.2, 2.0, Duration::ZERO);
    /// assert!(cores.is_empty());
    /// ```
    pub fn subtract(&mut self, value: f64, weight: f64, at: Duration) {
        if !(weight.is_finite() && weight >= 0.0) {
            return;
        }
        let weight = weight * self.decay_factor(at);
        let epsilon = self.options.epsilon();
        self.total = without(self.total, weight, epsilon);
        self.change(self.options.bucket_of(value), |held| {
            without(held, weight, epsilon)
        });
        self.narrow();
    }

    /// The end of the bucket in which the weight reaches this share of the whole, 0 … 1; 0 where
    /// the histogram is empty.
    ///
    /// ```
    /// use autoscale_core::{Histogram, HistogramOptions};
    /// use std::time::Duration;
    /// let mut whole = Histogram::new(HistogramOptions::linear(10.0, 1.0, 1e-15)?);
    /// assert!(whole.percentile(0.5).abs() < 1e-12);
    /// for value in 0..10 {
    ///     whole.add(f64::from(value), 1.0, Duration::ZERO);
    /// }
    /// assert!((whole.percentile(0.9) - 9.0).abs() < 1e-12);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn percentile(&self, percentile: f64) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        let threshold = percentile * self.total;
        let mut sum = 0.0;
        let mut bucket = self.min;
        while bucket < self.max {
            sum += self.weight(bucket);
            if sum >= threshold {
                break;
            }
            bucket += 1;
        }
        self.options
            .bucket_start((bucket + 1).min(self.options.count - 1))
    }

    /// Whether it holds no weight.
    ///
    /// ```
    /// use autoscale_core::{Histogram, HistogramOptions};
    /// let mut cores = Histogram::new(HistogramOptions::vpa_cpu());
    /// cores.add(1.2, 1.0, std::time::Duration::ZERO);
    /// assert!(!cores.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.weight(self.min) < self.options.epsilon()
    }

    /// The weight of a bucket, as of the reference time.
    ///
    /// ```
    /// use autoscale_core::{Histogram, HistogramOptions};
    /// let mut halves = Histogram::new(HistogramOptions::linear(9.0, 0.5, 1e-15)?);
    /// halves.add(1.2, 2.0, std::time::Duration::ZERO);
    /// assert!((halves.weight(2) - 2.0).abs() < 1e-12);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn weight(&self, bucket: usize) -> f64 {
        bucket
            .checked_sub(self.first)
            .and_then(|at| self.weights.get(at))
            .copied()
            .unwrap_or(0.0)
    }

    /// The weight of all buckets, as of the reference time.
    ///
    /// ```
    /// use autoscale_core::{Histogram, HistogramOptions};
    /// assert!(Histogram::new(HistogramOptions::vpa_cpu()).total_weight().abs() < 1e-12);
    /// ```
    #[must_use]
    pub const fn total_weight(&self) -> f64 {
        self.total
    }

    /// How its range is cut.
    ///
    /// ```
    /// use autoscale_core::{Histogram, HistogramOptions};
    /// let cores = HistogramOptions::vpa_cpu();
    /// assert_eq!(Histogram::new(cores).options(), &cores);
    /// ```
    #[must_use]
    pub const fn options(&self) -> &HistogramOptions {
        &self.options
    }

    /// Adds another histogram's weights.
    ///
    /// # Errors
    /// [`HistogramError::Unlike`] where the buckets or the half-lives differ.
    ///
    /// ```
    /// use autoscale_core::{Histogram, HistogramOptions};
    /// use std::time::Duration;
    /// let mut one = Histogram::new(HistogramOptions::vpa_cpu());
    /// let mut other = one.clone();
    /// other.add(2.0, 1.0, Duration::ZERO);
    /// one.merge(&other)?;
    /// assert_eq!(one, other);
    /// assert!(one.merge(&Histogram::new(HistogramOptions::vpa_memory())).is_err());
    /// # Ok::<(), autoscale_core::HistogramError>(())
    /// ```
    pub fn merge(&mut self, other: &Self) -> Result<(), HistogramError> {
        if self.options != other.options || self.half_life != other.half_life {
            return Err(HistogramError::Unlike);
        }
        // The older reference is brought to the younger one.
        let mut factor = 1.0;
        match (self.reference, other.reference) {
            (Some(own), Some(theirs)) if own < theirs => self.move_reference(theirs),
            (None, Some(theirs)) => self.reference = Some(theirs),
            (Some(own), Some(theirs)) if theirs < own => factor = self.shrink(theirs, own),
            _ => {}
        }
        for bucket in other.min..=other.max {
            self.change(bucket, |held| held + other.weight(bucket) * factor);
        }
        self.total += other.total * factor;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.narrow();
        Ok(())
    }

    /// What a VPA checkpoint keeps: the weights scaled so that the heaviest is 10 000, rounded, and
    /// those that round to nothing left out.
    ///
    /// ```
    /// use autoscale_core::{Histogram, HistogramOptions};
    /// use std::time::Duration;
    /// let mut whole = Histogram::new(HistogramOptions::linear(10.0, 1.0, 1e-15)?);
    /// whole.add(1.0, 1.0, Duration::ZERO);
    /// whole.add(2.0, 4.0, Duration::ZERO);
    /// let saved = whole.checkpoint();
    /// assert_eq!(saved.bucket_weights.into_iter().collect::<Vec<_>>(), [(1, 2500), (2, 10_000)]);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn checkpoint(&self) -> HistogramCheckpoint {
        let heaviest = (self.min..=self.max)
            .map(|bucket| self.weight(bucket))
            .fold(0.0, f64::max);
        let weights = (self.min..=self.max).filter_map(|bucket| {
            let scaled = (self.weight(bucket) * (MAX_CHECKPOINT_WEIGHT / heaviest) + 0.5).floor();
            let scaled = numeric::trunc_replicas(scaled);
            (scaled > 0).then_some((bucket, scaled))
        });
        HistogramCheckpoint {
            reference_timestamp: self.reference,
            bucket_weights: weights.collect(),
            total_weight: self.total,
        }
    }

    /// Adds what a checkpoint kept.
    ///
    /// # Errors
    /// [`HistogramError`] where a bucket is none of this histogram's, or the total weight is
    /// negative or not finite. Nothing is added then.
    ///
    /// ```
    /// use autoscale_core::{Histogram, HistogramOptions};
    /// use std::time::Duration;
    /// let mut cores = Histogram::new(HistogramOptions::vpa_cpu());
    /// cores.add(0.7, 3.0, Duration::ZERO);
    /// let mut loaded = Histogram::new(HistogramOptions::vpa_cpu());
    /// loaded.load(&cores.checkpoint())?;
    /// assert_eq!(loaded, cores);
    /// # Ok::<(), autoscale_core::HistogramError>(())
    /// ```
    pub fn load(&mut self, checkpoint: &HistogramCheckpoint) -> Result<(), HistogramError> {
        let total = checkpoint.total_weight;
        if !(total.is_finite() && total >= 0.0) {
            return Err(HistogramError::TotalWeight { total });
        }
        let buckets = self.options.count;
        if let Some((&bucket, _)) = checkpoint
            .bucket_weights
            .last_key_value()
            .filter(|&(&bucket, _)| bucket >= buckets)
        {
            return Err(HistogramError::Bucket { bucket, buckets });
        }
        if self.half_life.is_some() {
            self.reference = checkpoint.reference_timestamp;
        }
        let sum: f64 = checkpoint
            .bucket_weights
            .values()
            .map(|&w| f64::from(w))
            .sum();
        if sum <= 0.0 {
            return Ok(());
        }
        for (&bucket, &weight) in &checkpoint.bucket_weights {
            self.change(bucket, |held| held + f64::from(weight) * (total / sum));
            self.min = self.min.min(bucket);
            self.max = self.max.max(bucket);
        }
        self.total += total;
        self.narrow();
        Ok(())
    }

    /// How many times a sample at `at` weighs what one at the reference does.
    fn decay_factor(&mut self, at: Duration) -> f64 {
        let Some(half_life) = self.half_life else {
            return 1.0;
        };
        let exponent = |reference: Duration| ratio(at, reference, half_life);
        match self.reference {
            Some(reference) if exponent(reference) <= MAX_DECAY_EXPONENT => {
                exponent(reference).exp2()
            }
            _ => {
                self.move_reference(at);
                self.reference
                    .map_or(1.0, |reference| exponent(reference).exp2())
            }
        }
    }

    /// Makes the multiple of the half-life that is next to `to` the reference.
    fn move_reference(&mut self, to: Duration) {
        let Some(half_life) = self.half_life else {
            return;
        };
        let length = half_life.as_nanos();
        let whole = (to.as_nanos() + length / 2) / length * length;
        let to = Duration::from_nanos(u64::try_from(whole).unwrap_or(u64::MAX));
        if let Some(from) = self.reference {
            let factor = self.shrink(from, to);
            for bucket in self.min..=self.max {
                self.change(bucket, |held| held * factor);
            }
            self.total *= factor;
            self.narrow();
        }
        self.reference = Some(to);
    }

    /// What a weight as of `from` is as of `to`.
    fn shrink(&self, from: Duration, to: Duration) -> f64 {
        self.half_life.map_or(1.0, |half_life| {
            (ratio(from, to, half_life) + 0.5).floor().exp2()
        })
    }

    /// Brings the first and the last bucket to where there is weight.
    fn narrow(&mut self) {
        let epsilon = self.options.epsilon();
        while self.weight(self.min) < epsilon && self.min < self.options.count - 1 {
            self.min += 1;
        }
        while self.weight(self.max) < epsilon && self.max > 0 {
            self.max -= 1;
        }
    }

    /// Changes the weight of a bucket and gives the new one.
    fn change(&mut self, bucket: usize, to: impl FnOnce(f64) -> f64) -> f64 {
        if self.weights.is_empty() {
            self.first = bucket;
        }
        if bucket < self.first {
            let before = self.first - bucket;
            self.weights.splice(0..0, core::iter::repeat_n(0.0, before));
            self.first = bucket;
        }
        let at = bucket - self.first;
        if at >= self.weights.len() {
            self.weights.resize(at + 1, 0.0);
        }
        let Some(held) = self.weights.get_mut(at) else {
            return 0.0; // There is room for it now.
        };
        *held = to(*held);
        *held
    }
}

impl PartialEq for Histogram {
    /// The same buckets with the same weights, to 10⁻¹⁵.
    fn eq(&self, other: &Self) -> bool {
        self.options == other.options
            && (self.half_life, self.reference) == (other.half_life, other.reference)
            && (self.min, self.max) == (other.min, other.max)
            && (self.min..=self.max)
                .all(|bucket| (self.weight(bucket) - other.weight(bucket)).abs() <= 1e-15)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct HistogramData {
    options: HistogramOptions,
    half_life: Option<Duration>,
    reference: Option<Duration>,
    first: usize,
    weights: Vec<f64>,
    total: f64,
    min: usize,
    max: usize,
}

#[cfg(feature = "serde")]
impl TryFrom<HistogramData> for Histogram {
    type Error = HistogramError;

    fn try_from(data: HistogramData) -> Result<Self, HistogramError> {
        let buckets = data.options.count;
        let end = data.first.saturating_add(data.weights.len());
        for bucket in [end.saturating_sub(1), data.min, data.max] {
            if bucket >= buckets {
                return Err(HistogramError::Bucket { bucket, buckets });
            }
        }
        let sound = |weight: &f64| weight.is_finite() && *weight >= 0.0;
        if let Some(&weight) = data.weights.iter().find(|&weight| !sound(weight)) {
            return Err(ConfigError::range("weights", weight, "finite numbers >= 0").into());
        }
        if !sound(&data.total) {
            return Err(HistogramError::TotalWeight { total: data.total });
        }
        let mut histogram = match data.half_life {
            Some(half_life) => Self::decaying(data.options, half_life)?,
            None => Self::new(data.options),
        };
        histogram.reference = data.reference;
        histogram.first = data.first;
        histogram.weights = data.weights;
        histogram.total = data.total;
        histogram.min = data.min;
        histogram.max = data.max;
        Ok(histogram)
    }
}
