//! Anything goes in, nothing panics, and what comes out is finite.

use capacity_forecast::accuracy::{
    coverage, mae, mase, msis, pinball, rmse, seasonal_naive_scale, smape, weighted_interval_score,
};
use capacity_forecast::{
    ChangePointConfig, LeastSquares, MannKendall, Points, Siegel, SplitConformal, TheilSen, Trend,
    default_penalty,
};
use proptest::prelude::*;

use crate::{CASES, wild};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn scores_are_finite(
        steps in proptest::collection::vec((wild(), wild(), wild(), wild()), 0..30),
        season in 0..5_usize, level in wild(), scale in wild(),
    ) {
        let actual: Vec<f64> = steps.iter().map(|s| s.0).collect();
        let point: Vec<f64> = steps.iter().map(|s| s.1).collect();
        let low: Vec<f64> = steps.iter().map(|s| s.2.min(s.3)).collect();
        let high: Vec<f64> = steps.iter().map(|s| s.2.max(s.3)).collect();
        let scores = [
            mae(&actual, &point),
            rmse(&actual, &point),
            smape(&actual, &point),
            mase(&actual, &point, scale),
            pinball(&actual, &point, level),
            coverage(&actual, &low, &high),
            msis(&actual, &low, &high, level, scale),
            weighted_interval_score(&actual, &[(level, &low), (0.5, &point), (0.9, &high)], scale),
            seasonal_naive_scale(&actual, season),
        ];
        for score in scores.into_iter().flatten() {
            prop_assert!(score.value.is_finite() && score.value >= 0.0, "{score:?}");
        }
    }

    #[test]
    fn trends_are_finite(
        pairs in proptest::collection::vec((wild(), wild()), 0..30),
        horizon in wild(), reference in proptest::option::of(wild()),
    ) {
        let times: Vec<f64> = pairs.iter().map(|p| p.0).map(|t| if t.is_finite() { t } else { 7.0 }).collect();
        let values: Vec<f64> = pairs.iter().map(|p| p.1).collect();
        for points in [Points::grid(&values), Points::new(&times, &values)?] {
            if let Ok(test) = MannKendall::test(&points) {
                prop_assert!(test.z.is_finite() && (0.0..=1.0).contains(&test.p), "{test:?}");
            }
            if let Ok(fit) = TheilSen::fit(&points) {
                let numbers = [fit.slope, fit.intercept, fit.slope_low, fit.slope_high];
                prop_assert!(numbers.iter().all(|n| n.is_finite()), "{fit:?}");
            }
            if let Ok(fit) = Siegel::fit(&points) {
                prop_assert!(fit.slope.is_finite() && fit.intercept.is_finite(), "{fit:?}");
            }
            for fit in [LeastSquares::line(&points), LeastSquares::quadratic(&points)].into_iter().flatten() {
                prop_assert!(fit.coefficients().iter().all(|c| c.is_finite()), "{fit:?}");
                prop_assert!((0.0..=1.0).contains(&fit.r_squared()), "{fit:?}");
                prop_assert!(fit.value_at(1e300).is_finite() && fit.value_at(-3.0).is_finite());
            }
            if let Ok(trend) = Trend::assess(&points, horizon, reference) {
                prop_assert!(trend.change.is_finite());
            }
        }
    }

    #[test]
    fn changes_and_radii_are_finite(
        values in proptest::collection::vec(wild(), 0..40),
        penalty in proptest::option::of(wild()), min_segment in 0..50_usize, alpha in wild(),
    ) {
        prop_assert!(default_penalty(&values) >= 0.0 && default_penalty(&values).is_finite());
        let config = ChangePointConfig::default()
            .with_penalty(penalty)
            .with_min_segment(min_segment);
        if let Ok(found) = config.segment(&values) {
            prop_assert!(found.total_cost.is_finite() && found.penalty.is_finite(), "{found:?}");
            prop_assert!(found.change_indices.is_sorted());
            prop_assert!(found.change_indices.iter().all(|i| values[*i].is_finite()));
        }
        if let Ok(radius) = SplitConformal::new(values).radius(alpha) {
            prop_assert!(radius.is_finite());
        }
    }
}
