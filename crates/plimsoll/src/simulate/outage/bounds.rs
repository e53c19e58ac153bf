//! Values of flags and the range that each must lie in: whatever is wrong with one, it is refused
//! as it was given, with the same bound.

use std::time::Duration;

use crate::cli::{duration, refuse_flag};

/// A number from `least` to `most`.
pub(super) fn number(
    least: f64,
    most: f64,
) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync {
    move |text| {
        refuse_flag(text)?;
        let value = text.parse().ok();
        value
            .filter(|value| (least..=most).contains(value))
            .ok_or_else(|| format!("must be a number from {least} to {most}"))
    }
}

/// A share from `least` to `most`, `0.01` or `1%`.
pub(super) fn share(
    least: f64,
    most: f64,
) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync {
    move |text| {
        refuse_flag(text)?;
        let value = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse().map(|percent: f64| percent / 100.0),
            None => text.parse(),
        };
        value
            .ok()
            .filter(|value| (least..=most).contains(value))
            .ok_or_else(|| {
                let [from, to] = [least, most].map(|share| share * 100.0);
                format!("must be from {least} to {most} ({from}% to {to}%)")
            })
    }
}

/// A whole number from 1 to `most`.
pub(super) fn whole(most: u32) -> impl Fn(&str) -> Result<u32, String> + Clone + Send + Sync {
    move |text| {
        refuse_flag(text)?;
        let value = text.parse().ok();
        value
            .filter(|value| (1..=most).contains(value))
            .ok_or_else(|| format!("must be a whole number from 1 to {most}"))
    }
}

/// A length of time from `least` to `most`.
pub(super) fn span(
    least: &'static str,
    most: &'static str,
) -> impl Fn(&str) -> Result<Duration, String> + Clone + Send + Sync {
    move |text| {
        let bound = || format!("must be from {least} to {most}");
        refuse_flag(text)?;
        if text.starts_with('-') {
            return Err(bound());
        }
        let value = duration(text)?;
        match (duration(least)?..=duration(most)?).contains(&value) {
            true => Ok(value),
            false => Err(bound()),
        }
    }
}
