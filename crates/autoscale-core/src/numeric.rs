//! The few numeric conversions that this crate needs, each saturating: a result that does not fit
//! becomes the nearest value that does, never a wrapped one. NaN becomes zero.
#![allow(clippy::cast_possible_truncation)] // float-to-int `as` saturates; that is the point here

/// `⌈value⌉` as a replica count: negative and NaN give 0, above `i32::MAX` gives `i32::MAX`
/// (Kubernetes counts replicas in an `int32`).
pub(crate) fn ceil_replicas(value: f64) -> u32 {
    value.ceil().clamp(0.0, f64::from(i32::MAX)) as u32
}

/// `value` cut towards zero, as a replica count with the same bounds as [`ceil_replicas`].
pub(crate) fn trunc_replicas(value: f64) -> u32 {
    value.trunc().clamp(0.0, f64::from(i32::MAX)) as u32
}

/// `⌊value⌋` saturated to 32 bits.
pub(crate) fn floor_i32(value: f64) -> i32 {
    value.floor() as i32
}

/// `value` rounded to the nearest integer, or `None` where it is not finite or does not fit.
pub(crate) fn round_i64(value: f64) -> Option<i64> {
    let rounded = value.round();
    // 2^63 is exact in f64; i64::MAX is not.
    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0)
        .contains(&rounded)
        .then_some(rounded as i64)
}

/// `⌈value⌉` saturated to 64 bits.
pub(crate) fn ceil_i64(value: f64) -> i64 {
    value.ceil() as i64
}

/// A wide sum brought back to 64 bits.
pub(crate) fn saturate_i64(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// A wide sum brought back to 32 bits.
pub(crate) fn saturate_i32(value: i128) -> i32 {
    i32::try_from(value).unwrap_or(if value < 0 { i32::MIN } else { i32::MAX })
}

/// The nearest `f64` of a 64-bit integer.
pub(crate) const fn to_f64(value: i64) -> f64 {
    value as f64
}

/// An index below `len` (0 where there is none), truncated; NaN gives 0.
pub(crate) fn index(value: f64, len: usize) -> usize {
    (value.max(0.0) as usize).min(len.saturating_sub(1))
}

/// Smallest count of replicas that carries a demand given in replicas. Division leaves whole
/// demands a hair too high.
pub(crate) fn replicas_for(demand: f64) -> u32 {
    ceil_replicas(demand - 1e-9)
}

/// Exact for every count that occurs.
pub(crate) const fn count_f64(value: usize) -> f64 {
    value as f64
}

/// A smaller number for a smaller table.
pub(crate) const fn to_f32(value: f64) -> f32 {
    value as f32
}

/// Exact: a count of things in memory.
pub(crate) const fn count_u64(value: usize) -> u64 {
    value as u64
}

/// `value` cut to a whole number; NaN and what is negative give 0.
pub(crate) const fn trunc_u64(value: f64) -> u64 {
    value as u64
}

/// The nearest `f64` of a 64-bit count.
pub(crate) const fn u64_f64(value: u64) -> f64 {
    value as f64
}
