//! Change points: exactness against the unpruned optimum.

use capacity_forecast::{ChangePointConfig, default_penalty};
use proptest::prelude::*;

use crate::CASES;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Least cost over all partitions, by trying every last segment.
fn optimum(values: &[f64], penalty: f64, min_segment: usize) -> f64 {
    let cost = |from: usize, to: usize| -> f64 {
        let part = &values[from..to];
        let mean = part.iter().sum::<f64>() / part.len() as f64;
        part.iter().map(|v| (v - mean).powi(2)).sum()
    };
    let mut best = vec![f64::INFINITY; values.len() + 1];
    best[0] = -penalty;
    for end in min_segment..=values.len() {
        best[end] = (0..=end - min_segment)
            .map(|from| best[from] + cost(from, end) + penalty)
            .fold(f64::INFINITY, f64::min);
    }
    best[values.len()]
}

#[test]
fn a_shift_is_found_whatever_the_unit() -> Outcome {
    let mut random = 1_u32;
    let mut noise = || {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(random >> 8) / f64::from(1 << 24)
    };
    let values: Vec<f64> = (0..200)
        .map(|i| noise() + if i < 120 { 0.0 } else { 3.0 })
        .collect();
    for unit in [1.0, 1e300, 1e-300, 1e9] {
        let scaled: Vec<f64> = values.iter().map(|v| v * unit).collect();
        let found = ChangePointConfig::default().segment(&scaled)?;
        assert_eq!(found.change_indices, [120], "in units of {unit:e}");
        assert!(found.total_cost.is_finite() && found.penalty.is_finite());
    }
    let far: Vec<f64> = values.iter().map(|v| v + 1e9).collect();
    assert_eq!(
        ChangePointConfig::default().segment(&far)?.change_indices,
        [120]
    );
    Ok(())
}

#[test]
fn differences_that_only_rounding_tells_apart_are_no_noise() {
    // Differences of 0.41 and −0.6, but for the last digit.
    let teeth: Vec<f64> = (0..200).map(|i| f64::from(i * 41 % 101) / 101.0).collect();
    assert!(default_penalty(&teeth) > 0.1);
}

#[test]
fn gaps_belong_to_no_segment() -> Outcome {
    let gap = f64::NAN;
    let values = [1.0, 1.1, gap, 0.9, gap, gap, 7.0, 7.1, gap, 6.9];
    let found = ChangePointConfig::default().segment(&values)?;
    assert_eq!(found.change_indices, [6]);
    Ok(())
}

#[test]
fn a_step_without_noise_is_one_change() -> Outcome {
    let mut values = vec![2.0; 40];
    values.extend([5.0; 40]);
    assert!(default_penalty(&values) > 0.0);
    assert_eq!(
        ChangePointConfig::default()
            .segment(&values)?
            .change_indices,
        [40]
    );
    Ok(())
}

#[test]
fn what_cannot_change_does_not() -> Outcome {
    let free = ChangePointConfig::default().with_penalty(Some(0.0));
    for values in [
        [].as_slice(),
        &[1.0],
        &[1.0, 9.0, 1.0],
        &[f64::NAN; 5],
        &[0.1; 50],
    ] {
        assert!(
            free.segment(values)?.change_indices.is_empty(),
            "{values:?}"
        );
    }
    let dear = ChangePointConfig::default().with_penalty(Some(f64::MAX));
    assert!(
        dear.segment(&[0.0, 0.0, 1.0, 1.0])?
            .change_indices
            .is_empty()
    );
    Ok(())
}

#[test]
fn configurations_are_refused_with_the_reason() {
    let config = ChangePointConfig::default();
    for (config, says) in [
        (
            config.with_min_segment(0),
            "min_segment is 0, must be at least 1",
        ),
        (
            config.with_penalty(Some(-1.0)),
            "penalty is -1, must be at least 0 and finite",
        ),
        (
            config.with_penalty(Some(f64::NAN)),
            "penalty is NaN, must be at least 0 and finite",
        ),
    ] {
        let refused = config.segment(&[1.0, 2.0]);
        assert!(refused.is_err_and(|e| e.to_string() == says), "{says}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn pruning_loses_nothing(
        levels in proptest::collection::vec((-3.0..3.0_f64, 1..12_usize), 1..8),
        noise in proptest::collection::vec(-1.0..1.0_f64, 96),
        penalty in 0.01..6.0_f64,
        min_segment in 1..6_usize,
    ) {
        let steps = levels.iter().flat_map(|(level, length)| core::iter::repeat_n(*level, *length));
        let values: Vec<f64> = steps.zip(&noise).map(|(level, noise)| level + noise).collect();
        let config = ChangePointConfig::default()
            .with_penalty(Some(penalty))
            .with_min_segment(min_segment);
        let found = config.segment(&values)?;
        if values.len() >= min_segment {
            let least = optimum(&values, penalty, min_segment);
            prop_assert!((found.total_cost - least).abs() <= 1e-9 * (1.0 + least.abs()));
            let mut ends = found.change_indices.clone();
            ends.push(values.len());
            let starts = core::iter::once(0).chain(found.change_indices.iter().copied());
            prop_assert!(starts.zip(ends).all(|(from, to)| to >= from + min_segment));
        }
    }
}
