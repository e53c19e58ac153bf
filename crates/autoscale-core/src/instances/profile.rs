use crate::ConfigError;
use crate::numeric::{self, count_f64};

const WEEK: usize = 168;

/// A load hour by hour: of a day that all days are like, or of a week.
///
/// ```
/// use autoscale_core::HourlyProfile;
/// let day = HourlyProfile::new((0..24).map(|hour| if hour < 8 { 100.0 } else { 900.0 }));
/// assert_eq!(day.requests_per_minute.len(), 24);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct HourlyProfile {
    /// Requests a minute that each hour must be able to carry, local time: 24 hours of any day from
    /// midnight, or 168 from Monday's midnight; each 0 … 10⁹.
    pub requests_per_minute: Vec<f64>,
}

impl HourlyProfile {
    /// These hours.
    ///
    /// ```
    /// assert_eq!(autoscale_core::HourlyProfile::new([5.0; 168]).requests_per_minute[7], 5.0);
    /// ```
    #[must_use]
    pub fn new(requests_per_minute: impl IntoIterator<Item = f64>) -> Self {
        Self {
            requests_per_minute: requests_per_minute.into_iter().collect(),
        }
    }

    /// The largest load of each hour of the week among samples of (Unix time in seconds, requests a
    /// minute), in local time `utc_offset_s` seconds east of Greenwich. An hour without a sample
    /// carries the largest of all: what was not seen saves nothing.
    ///
    /// # Errors
    /// [`ConfigError`] where there is no sample or one is not 0 … 10⁹.
    ///
    /// ```
    /// use autoscale_core::HourlyProfile;
    /// // Monday, 5 January 1970, 00:30 and 01:00.
    /// let seen = HourlyProfile::from_samples([(347_400, 50.0), (349_200, 80.0)], 0)?;
    /// assert_eq!(seen.requests_per_minute[..3], [50.0, 80.0, 80.0]);
    /// # Ok::<(), autoscale_core::ConfigError>(())
    /// ```
    pub fn from_samples(
        samples: impl IntoIterator<Item = (i64, f64)>,
        utc_offset_s: i32,
    ) -> Result<Self, ConfigError> {
        let mut hours: Vec<Option<f64>> = vec![None; WEEK];
        let mut largest: Option<f64> = None;
        for (index, (time, load)) in samples.into_iter().enumerate() {
            in_range(&format!("samples[{index}]"), load)?;
            let local = time.saturating_add(i64::from(utc_offset_s));
            // 1 January 1970 was a Thursday.
            let hour = (local.div_euclid(3600) + 72).rem_euclid(168);
            let hour = hours.get_mut(usize::try_from(hour).unwrap_or(0));
            if let Some(slot) = hour {
                *slot = Some(slot.map_or(load, |seen| seen.max(load)));
            }
            largest = Some(largest.map_or(load, |seen| seen.max(load)));
        }
        let Some(largest) = largest else {
            return Err(ConfigError::Missing {
                field: "samples".into(),
                need: "at least one sample",
            });
        };
        Ok(Self::new(hours.iter().map(|h| h.unwrap_or(largest))))
    }

    /// The largest load of any hour; 0 of none.
    ///
    /// ```
    /// assert_eq!(autoscale_core::HourlyProfile::new([1.0, 7.0, 3.0]).peak(), 7.0);
    /// ```
    #[must_use]
    pub fn peak(&self) -> f64 {
        self.requests_per_minute.iter().copied().fold(0.0, f64::max)
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let hours = self.requests_per_minute.len();
        if hours != 24 && hours != WEEK {
            let value = format!("{hours} hours");
            return Err(ConfigError::range(
                "requests_per_minute",
                value,
                "24 or 168 hours",
            ));
        }
        for (hour, load) in self.requests_per_minute.iter().enumerate() {
            in_range(&format!("requests_per_minute[{hour}]"), *load)?;
        }
        Ok(())
    }

    /// The loads of one hour of the day on each of these days (0 = Monday).
    pub(super) fn at(&self, days: &[usize], hour: usize) -> impl Iterator<Item = f64> {
        let hours = self.requests_per_minute.len();
        let index = move |day: &usize| (day * 24 + hour) % hours.max(1);
        let loads = &self.requests_per_minute;
        days.iter()
            .filter_map(move |day| loads.get(index(day)).copied())
    }

    /// Share of the hours in which at least `count` nodes are needed, given each hour's.
    pub(super) fn share(counts: &[u32], count: u32) -> f64 {
        let hours = counts.iter().filter(|n| **n >= count).count();
        count_f64(hours) / count_f64(counts.len()).max(1.0)
    }
}

fn in_range(field: &str, load: f64) -> Result<(), ConfigError> {
    if (0.0..=1e9).contains(&load) {
        return Ok(());
    }
    Err(ConfigError::range(field, load, "0 … 1000000000"))
}

/// Nodes of one type that carry a load, at least `min`.
pub(super) fn nodes_for(load: f64, one: f64, min: u32) -> u32 {
    numeric::replicas_for(load / one).max(min)
}
