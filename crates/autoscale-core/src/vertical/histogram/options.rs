//! How a histogram's range is cut into buckets.

use crate::{ConfigError, numeric};

/// Most buckets of a histogram.
const MAX_BUCKETS: f64 = 100_000.0;

/// How a histogram's range is cut into buckets.
///
/// ```
/// use autoscale_core::HistogramOptions;
/// let cores = HistogramOptions::vpa_cpu();
/// assert_eq!(cores.bucket_count(), 176);
/// assert_eq!(cores.bucket_of(0.005), 0);
/// assert!((cores.bucket_start(1) - 0.01).abs() < 1e-12);
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Buckets", into = "Buckets"))]
pub struct HistogramOptions {
    buckets: Buckets,
    pub(super) count: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(tag = "scheme", rename_all = "snake_case", deny_unknown_fields)
)]
enum Buckets {
    Linear {
        max_value: f64,
        bucket_size: f64,
        epsilon: f64,
    },
    Exponential {
        max_value: f64,
        first_bucket_size: f64,
        ratio: f64,
        epsilon: f64,
    },
}

impl HistogramOptions {
    /// Buckets of one size up to at least `max_value`. A bucket at either end that weighs less than
    /// `epsilon` counts as empty.
    ///
    /// # Errors
    /// [`ConfigError`] where a number is not finite and positive, or the buckets are more than 100 000.
    ///
    /// ```
    /// use autoscale_core::HistogramOptions;
    /// let tenths = HistogramOptions::linear(1.0, 0.1, 1e-15)?;
    /// assert_eq!(tenths.bucket_count(), 11);
    /// assert!(HistogramOptions::linear(1.0, 0.0, 1e-15).is_err());
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn linear(max_value: f64, bucket_size: f64, epsilon: f64) -> Result<Self, ConfigError> {
        positive("max_value", max_value)?;
        positive("bucket_size", bucket_size)?;
        positive("epsilon", epsilon)?;
        let count = (max_value / bucket_size).ceil() + 1.0;
        Self::counted(
            Buckets::Linear {
                max_value,
                bucket_size,
                epsilon,
            },
            count,
        )
    }

    /// Buckets that each are `ratio` times as wide as the one before, the first one
    /// `first_bucket_size`, up to at least `max_value`.
    ///
    /// # Errors
    /// [`ConfigError`] where a number is not finite and positive, `ratio` is not above 1, or the
    /// buckets are more than 100 000.
    ///
    /// ```
    /// use autoscale_core::HistogramOptions;
    /// let doubling = HistogramOptions::exponential(7.0, 1.0, 2.0, 1e-4)?;
    /// assert!((doubling.bucket_start(2) - 3.0).abs() < 1e-12);
    /// assert!(HistogramOptions::exponential(7.0, 1.0, 1.0, 1e-4).is_err());
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn exponential(
        max_value: f64,
        first_bucket_size: f64,
        ratio: f64,
        epsilon: f64,
    ) -> Result<Self, ConfigError> {
        positive("max_value", max_value)?;
        positive("first_bucket_size", first_bucket_size)?;
        positive("epsilon", epsilon)?;
        if !(ratio.is_finite() && ratio > 1.0) {
            return Err(ConfigError::range("ratio", ratio, "a finite number > 1"));
        }
        let count = logarithm(max_value * (ratio - 1.0) / first_bucket_size + 1.0, ratio).ceil();
        Self::counted(
            Buckets::Exponential {
                max_value,
                first_bucket_size,
                ratio,
                epsilon,
            },
            count + 1.0,
        )
    }

    /// The VPA's for CPU: 0.01 to 1000 cores, each bucket 5 % wider than the last, ε = 10⁻⁴.
    ///
    /// ```
    /// assert_eq!(autoscale_core::HistogramOptions::vpa_cpu().bucket_count(), 176);
    /// ```
    #[must_use]
    pub const fn vpa_cpu() -> Self {
        Self {
            buckets: Buckets::Exponential {
                max_value: 1000.0,
                first_bucket_size: 0.01,
                ratio: 1.05,
                epsilon: 1e-4,
            },
            count: 176,
        }
    }

    /// The VPA's for memory: 10⁷ to 10¹² bytes, each bucket 5 % wider than the last, ε = 10⁻⁴.
    ///
    /// ```
    /// assert_eq!(autoscale_core::HistogramOptions::vpa_memory().bucket_count(), 176);
    /// ```
    #[must_use]
    pub const fn vpa_memory() -> Self {
        Self {
            buckets: Buckets::Exponential {
                max_value: 1e12,
                first_bucket_size: 1e7,
                ratio: 1.05,
                epsilon: 1e-4,
            },
            count: 176,
        }
    }

    fn counted(buckets: Buckets, count: f64) -> Result<Self, ConfigError> {
        if count > MAX_BUCKETS {
            return Err(ConfigError::range(
                "max_value",
                buckets.max_value(),
                "at most 100 000 buckets",
            ));
        }
        Ok(Self {
            buckets,
            count: numeric::index(count, usize::MAX),
        })
    }

    /// How many buckets there are.
    ///
    /// ```
    /// let doubling = autoscale_core::HistogramOptions::exponential(7.0, 1.0, 2.0, 1e-4)?;
    /// assert_eq!(doubling.bucket_count(), 4); // from 0, 1, 3 and 7
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub const fn bucket_count(&self) -> usize {
        self.count
    }

    /// Where a bucket starts, in the samples' unit.
    ///
    /// ```
    /// let tenths = autoscale_core::HistogramOptions::linear(1.0, 0.1, 1e-15)?;
    /// assert!((tenths.bucket_start(3) - 0.3).abs() < 1e-12);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn bucket_start(&self, bucket: usize) -> f64 {
        let bucket = numeric::count_f64(bucket);
        match self.buckets {
            Buckets::Linear { bucket_size, .. } => bucket * bucket_size,
            Buckets::Exponential {
                first_bucket_size,
                ratio,
                ..
            } => first_bucket_size * (ratio.powf(bucket) - 1.0) / (ratio - 1.0),
        }
    }

    /// The bucket that a value falls into: the first one for what is negative or NaN, the last one
    /// for what is too large.
    ///
    /// ```
    /// let tenths = autoscale_core::HistogramOptions::linear(1.0, 0.1, 1e-15)?;
    /// assert_eq!((tenths.bucket_of(-1.0), tenths.bucket_of(0.25), tenths.bucket_of(9.0)), (0, 2, 10));
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    #[must_use]
    pub fn bucket_of(&self, value: f64) -> usize {
        let bucket = match self.buckets {
            Buckets::Linear { bucket_size, .. } => value / bucket_size,
            Buckets::Exponential {
                first_bucket_size, ..
            } if value < first_bucket_size => 0.0,
            Buckets::Exponential {
                first_bucket_size,
                ratio,
                ..
            } => logarithm(value * (ratio - 1.0) / first_bucket_size + 1.0, ratio),
        };
        numeric::index(bucket, self.count)
    }

    /// Below this weight a bucket at either end counts as empty.
    pub(super) const fn epsilon(&self) -> f64 {
        match self.buckets {
            Buckets::Linear { epsilon, .. } | Buckets::Exponential { epsilon, .. } => epsilon,
        }
    }
}

impl Buckets {
    const fn max_value(&self) -> f64 {
        match *self {
            Self::Linear { max_value, .. } | Self::Exponential { max_value, .. } => max_value,
        }
    }
}

impl TryFrom<Buckets> for HistogramOptions {
    type Error = ConfigError;

    fn try_from(buckets: Buckets) -> Result<Self, ConfigError> {
        match buckets {
            Buckets::Linear {
                max_value,
                bucket_size,
                epsilon,
            } => Self::linear(max_value, bucket_size, epsilon),
            Buckets::Exponential {
                max_value,
                first_bucket_size,
                ratio,
                epsilon,
            } => Self::exponential(max_value, first_bucket_size, ratio, epsilon),
        }
    }
}

impl From<HistogramOptions> for Buckets {
    fn from(options: HistogramOptions) -> Self {
        options.buckets
    }
}

fn logarithm(value: f64, base: f64) -> f64 {
    value.ln() / base.ln()
}

fn positive(field: &'static str, value: f64) -> Result<(), ConfigError> {
    if value.is_finite() && value > 0.0 {
        Ok(())
    } else {
        Err(ConfigError::range(field, value, "a finite number > 0"))
    }
}
