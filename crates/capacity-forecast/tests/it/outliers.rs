//! Hampel's rule.

use capacity_forecast::HampelConfig;
use proptest::prelude::*;

use crate::{CASES, close};

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[test]
fn an_outlier_is_drawn_in_to_three_deviations() -> Outcome {
    let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 100.0];
    let kept = HampelConfig::default().winsorize(&values)?;
    assert_eq!(kept.outliers, [6]);
    // Median 4, median absolute deviation 2.
    close(kept.values[6], 4.0 + 3.0 * 1.4826 * 2.0, 1e-5);
    assert_eq!(kept.values[..6], values[..6]);
    Ok(())
}

#[test]
fn a_spike_on_constant_values_is_drawn_in_and_nothing_else() -> Outcome {
    let mut values = vec![1.0; 50];
    values[20] = 1000.0;
    let kept = HampelConfig::default().winsorize(&values)?;
    assert_eq!(kept.outliers, [20]);
    assert!(kept.values[20] > 1.0 && kept.values[20] < 100.0);
    assert!(
        HampelConfig::default()
            .winsorize(&[0.1; 30])?
            .outliers
            .is_empty()
    );
    Ok(())
}

#[test]
fn configurations_are_refused_with_the_reason() {
    let config = HampelConfig::default();
    for (config, says) in [
        (
            config.with_threshold(0.0),
            "threshold is 0, must be above 0 and finite",
        ),
        (
            config.with_threshold(f64::NAN),
            "threshold is NaN, must be above 0 and finite",
        ),
        (
            config.with_half_window(Some(0)),
            "half_window is 0, must be at least 1",
        ),
    ] {
        let refused = config.winsorize(&[1.0]);
        assert!(refused.is_err_and(|e| e.to_string() == says), "{says}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn only_what_is_reported_changes(
        values in proptest::collection::vec(crate::wild(), 0..60), window in 0..9_usize,
    ) {
        let window = (window > 0).then_some(window);
        let kept = HampelConfig::default().with_half_window(window).winsorize(&values)?;
        prop_assert_eq!(kept.values.len(), values.len());
        for (index, (was, is)) in values.iter().zip(&kept.values).enumerate() {
            if kept.outliers.contains(&index) {
                prop_assert!(is.is_finite());
            } else {
                prop_assert_eq!(was.to_bits(), is.to_bits());
            }
        }
    }
}
