//! CloudWatch alarms: a statistic a period, compared with a threshold, M out of N periods.
//!
//! Periods are aligned to multiples of their length; a period's datapoint is the statistic of the
//! gauge's readings in it, and the alarm is evaluated once a period, when it has ended (CloudWatch
//! slides the window of a long period by a minute; this is the one deviation). The alarm is in
//! `Alarm` where M of the newest N datapoints breach. Where datapoints are missing, real ones from
//! up to two periods before the N take their place; what then still lacks is treated as configured.
//!
//! Source: Amazon CloudWatch User Guide (`docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring`),
//! "Alarm evaluation" (`alarm-evaluation`) and "Configuring how CloudWatch alarms treat missing data"
//! (`alarms-and-missing-data`), whose two tables of examples are in `tests/it/aws/alarm.rs`. Cost:
//! O(N) a period. Edge cases: an alarm that sees only breaching datapoints, but fewer than M, waits until
//! the oldest of them is M periods old; a period in which nobody looked is no missing one unless
//! looking has become rarer, so that a tick longer than the period still fills the window (see
//! [`PeriodWindow`]); before N periods have passed nothing is filled in.

use core::time::Duration;

use crate::setters::setters;
use crate::{ConfigError, Gauge, PeriodWindow};

/// The longest period, in whole seconds.
const DAY: Duration = Duration::from_secs(86_400);
/// The most periods that an alarm looks at: a day of minutes.
const MOST_PERIODS: u32 = 1440;
/// How many periods before the N an evaluation looks back to where some of the N are missing.
pub(crate) const LOOK_BACK: u32 = 2;

/// A CloudWatch alarm.
///
/// ```
/// use autoscale_core::{Alarm, Comparison, Gauge, StepScaling, StepScalingConfig};
/// use autoscale_core::{AdjustmentType, ScalingAction, ScalingAlarm};
/// let high = Alarm::new("cpu-high", Gauge::cpu_utilization(), Comparison::GreaterThanThreshold, 70.0)
///     .with_evaluation_periods(3)
///     .with_datapoints_to_alarm(Some(2)); // 2 out of 3 minutes
/// let add_two = ScalingAction::simple(AdjustmentType::ChangeInCapacity, 2);
/// StepScaling::new(StepScalingConfig::new([ScalingAlarm::new(high, add_two)]))?;
/// # Ok::<(), autoscale_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Alarm {
    /// A name for people and logs, not empty.
    pub name: String,
    /// The figure it watches.
    pub gauge: Gauge,
    /// On which side of the threshold a datapoint breaches.
    pub comparison: Comparison,
    /// In the gauge's unit; finite.
    pub threshold: f64,
    /// What one datapoint covers; more than 0, at most 1 d, default 60 s.
    #[cfg_attr(feature = "serde", serde(default = "minute", with = "crate::duration"))]
    pub period: Duration,
    /// N: how many of the newest datapoints are looked at; 1 … 1440, default 1.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub evaluation_periods: u32,
    /// M: how many of them must breach; 1 … `evaluation_periods`, which is also the default.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub datapoints_to_alarm: Option<u32>,
    /// What is made of a period's readings; default the average.
    #[cfg_attr(feature = "serde", serde(default))]
    pub statistic: PeriodStatistic,
    /// What a period without a reading counts as; default `Missing`. Whatever is chosen, an absent
    /// datapoint never takes capacity away.
    #[cfg_attr(feature = "serde", serde(default))]
    pub treat_missing_data: TreatMissingData,
}

/// On which side of its threshold a datapoint breaches.
///
/// ```
/// use autoscale_core::Comparison;
/// assert!(Comparison::LessThanOrEqualToThreshold.is_breaching(30.0, 30.0));
/// assert!(!Comparison::GreaterThanThreshold.is_breaching(30.0, 30.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[allow(missing_docs)] // the names are CloudWatch's own
pub enum Comparison {
    GreaterThanThreshold,
    GreaterThanOrEqualToThreshold,
    LessThanThreshold,
    LessThanOrEqualToThreshold,
}

impl Comparison {
    /// Whether a value breaches a threshold.
    ///
    /// ```
    /// assert!(autoscale_core::Comparison::GreaterThanThreshold.is_breaching(70.1, 70.0));
    /// ```
    #[must_use]
    pub fn is_breaching(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterThanThreshold => value > threshold,
            Self::GreaterThanOrEqualToThreshold => value >= threshold,
            Self::LessThanThreshold => value < threshold,
            Self::LessThanOrEqualToThreshold => value <= threshold,
        }
    }

    /// Whether it is values above the threshold that breach.
    pub(crate) const fn is_upwards(self) -> bool {
        matches!(
            self,
            Self::GreaterThanThreshold | Self::GreaterThanOrEqualToThreshold
        )
    }
}

/// What is made of a period's readings.
///
/// ```
/// use autoscale_core::{Alarm, Comparison, Gauge, PeriodStatistic};
/// let alarm = Alarm::new("cpu", Gauge::cpu_utilization(), Comparison::GreaterThanThreshold, 90.0);
/// assert_eq!(alarm.statistic, PeriodStatistic::Average);
/// assert_eq!(alarm.with_statistic(PeriodStatistic::Maximum).statistic, PeriodStatistic::Maximum);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum PeriodStatistic {
    /// Their mean.
    #[default]
    Average,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// Their sum, which grows with the number of readings a period.
    Sum,
}

/// What a period without a reading counts as.
///
/// ```
/// use autoscale_core::TreatMissingData;
/// assert_eq!(TreatMissingData::default(), TreatMissingData::Missing);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum TreatMissingData {
    /// As nothing; where all are missing the alarm has insufficient data.
    #[default]
    Missing,
    /// As beyond the threshold.
    Breaching,
    /// As within the threshold.
    NotBreaching,
    /// The alarm stays in the state it is in.
    Ignore,
}

/// The state of an alarm, with CloudWatch's names.
///
/// ```
/// assert_eq!(autoscale_core::AlarmState::default().to_string(), "INSUFFICIENT_DATA");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum AlarmState {
    /// Within the threshold.
    Ok,
    /// Beyond it.
    Alarm,
    /// Just made, or without data.
    #[default]
    InsufficientData,
}

impl core::fmt::Display for AlarmState {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        })
    }
}

/// What an evaluation looks at.
#[derive(Default)]
pub(crate) struct Count {
    pub(crate) breaching: u32,
    real: u32,
    missing: u32,
    /// How many periods ago the oldest breaching one was; 1 = the newest.
    oldest_breaching: u32,
}

#[cfg(feature = "serde")]
mod defaults {
    use super::Duration;

    pub(super) const fn minute() -> Duration {
        Duration::from_secs(60)
    }
    pub(super) const fn one() -> u32 {
        1
    }
}
#[cfg(feature = "serde")]
use defaults::{minute, one};

impl Alarm {
    /// An alarm on one average minute.
    ///
    /// ```
    /// use autoscale_core::{Alarm, Comparison, Gauge};
    /// let alarm = Alarm::new("cpu-low", Gauge::cpu_utilization(), Comparison::LessThanThreshold, 30.0);
    /// assert_eq!((alarm.period.as_secs(), alarm.evaluation_periods), (60, 1));
    /// ```
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        gauge: Gauge,
        comparison: Comparison,
        threshold: f64,
    ) -> Self {
        Self {
            name: name.into(),
            gauge,
            comparison,
            threshold,
            period: Duration::from_secs(60),
            evaluation_periods: 1,
            datapoints_to_alarm: None,
            statistic: PeriodStatistic::Average,
            treat_missing_data: TreatMissingData::Missing,
        }
    }

    setters! {
        "Alarm::new(\"cpu\", Gauge::cpu_utilization(), Comparison::LessThanThreshold, 30.0)\n    ";
        with_period: period, Duration, "Duration::from_secs(10)";
        with_evaluation_periods: evaluation_periods, u32, "3";
        with_datapoints_to_alarm: datapoints_to_alarm, Option<u32>, "Some(1)";
        with_statistic: statistic, PeriodStatistic, "PeriodStatistic::Maximum";
        with_treat_missing_data: treat_missing_data, TreatMissingData, "TreatMissingData::Ignore";
    }

    /// The state after a period, from its datapoint and the earlier ones, newest first, and the
    /// state before. No more than two beyond `evaluation_periods` are looked at.
    ///
    /// ```
    /// use autoscale_core::{Alarm, AlarmState, Comparison, Gauge, TreatMissingData};
    /// let high = Comparison::GreaterThanThreshold;
    /// let alarm = Alarm::new("high", Gauge::cpu_utilization(), high, 70.0).with_evaluation_periods(3);
    /// let seen = [Some(80.0), None, Some(90.0), Some(75.0), Some(10.0)]; // newest first
    /// assert_eq!(alarm.evaluate(seen, AlarmState::Ok), AlarmState::Alarm);
    /// let lost = [None; 5];
    /// assert_eq!(alarm.evaluate(lost, AlarmState::Alarm), AlarmState::InsufficientData);
    /// let careful = alarm.with_treat_missing_data(TreatMissingData::Ignore);
    /// assert_eq!(careful.evaluate(lost, AlarmState::Alarm), AlarmState::Alarm);
    /// ```
    #[must_use]
    pub fn evaluate(
        &self,
        datapoints: impl IntoIterator<Item = Option<f64>>,
        state: AlarmState,
    ) -> AlarmState {
        let (n, m) = (self.evaluation_periods, self.needed());
        let count = self.count(datapoints);
        if count.breaching >= m {
            return AlarmState::Alarm;
        }
        if count.real == n {
            return AlarmState::Ok;
        }
        let filled = count.missing.min(n - count.real);
        let all_breach = count.breaching == count.real;
        match self.treat_missing_data {
            TreatMissingData::Breaching if count.breaching + filled >= m => AlarmState::Alarm,
            TreatMissingData::Breaching | TreatMissingData::NotBreaching => AlarmState::Ok,
            TreatMissingData::Missing if count.real == 0 => AlarmState::InsufficientData,
            _ if !all_breach => AlarmState::Ok,
            TreatMissingData::Missing if count.oldest_breaching >= m => AlarmState::Alarm,
            TreatMissingData::Missing | TreatMissingData::Ignore => state,
        }
    }

    /// Counts the datapoints that an evaluation looks at.
    pub(crate) fn count(&self, datapoints: impl IntoIterator<Item = Option<f64>>) -> Count {
        let mut count = Count::default();
        for (age, value) in (1..=self.evaluation_periods.saturating_add(LOOK_BACK)).zip(datapoints)
        {
            if count.real == self.evaluation_periods {
                break;
            }
            match value {
                None => count.missing += 1,
                Some(value) => {
                    count.real += 1;
                    if self.comparison.is_breaching(value, self.threshold) {
                        count.breaching += 1;
                        count.oldest_breaching = age;
                    }
                }
            }
        }
        count
    }

    /// Whether the newest N datapoints, without those that are absent or incomplete, are enough for
    /// an alarm, the newest being neither.
    pub(crate) fn is_certain(&self, window: &PeriodWindow) -> bool {
        let newest = window.closed.iter().rev().take(self.places(0));
        let breaching = newest
            .flatten()
            .filter(|d| d.complete && self.comparison.is_breaching(d.value, self.threshold));
        let needed = usize::try_from(self.needed()).unwrap_or(usize::MAX);
        window.newest().is_some_and(|d| d.complete) && breaching.count() >= needed
    }

    /// How many closed periods it needs to remember.
    pub(crate) fn capacity(&self) -> usize {
        self.places(LOOK_BACK)
    }

    fn places(&self, more: u32) -> usize {
        usize::try_from(self.evaluation_periods + more).unwrap_or(usize::MAX)
    }

    /// Whether another alarm's datapoints are this one's too.
    pub(crate) fn is_same_series(&self, other: &Self) -> bool {
        self.name == other.name
            && self.gauge == other.gauge
            && self.period == other.period
            && self.statistic == other.statistic
    }

    /// M.
    pub(crate) fn needed(&self) -> u32 {
        self.datapoints_to_alarm.unwrap_or(self.evaluation_periods)
    }

    pub(crate) fn validate(&self, path: &str) -> Result<(), ConfigError> {
        if self.name.is_empty() {
            return Err(ConfigError::Missing {
                field: format!("{path}.name"),
                need: "a name",
            });
        }
        if !self.threshold.is_finite() {
            return Err(ConfigError::range(
                format!("{path}.threshold"),
                self.threshold,
                "a finite number",
            ));
        }
        check_period(&format!("{path}.period"), self.period)?;
        let n = self.evaluation_periods;
        check_periods(&format!("{path}.evaluation_periods"), n)?;
        let m = self.needed();
        if m == 0 || m > n {
            return Err(ConfigError::range(
                format!("{path}.datapoints_to_alarm"),
                m,
                "1 … evaluation_periods",
            ));
        }
        Ok(())
    }
}

pub(crate) fn check_period(field: &str, period: Duration) -> Result<(), ConfigError> {
    if period.is_zero() || period > DAY {
        let given = crate::format_duration(period);
        return Err(ConfigError::range(field, given, "more than 0, at most 1d"));
    }
    Ok(())
}

pub(crate) fn check_periods(field: &str, periods: u32) -> Result<(), ConfigError> {
    if periods == 0 || periods > MOST_PERIODS {
        return Err(ConfigError::range(field, periods, "1 … 1440"));
    }
    Ok(())
}
