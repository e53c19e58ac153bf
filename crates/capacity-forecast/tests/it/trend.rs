//! Trends: against a count of all pairs, on irregular times, in any unit.

use core::time::Duration;

use capacity_forecast::{
    ForecastError, LeastSquares, MannKendall, Points, Siegel, TheilSen, Trend, TrendDirection,
};
use proptest::prelude::*;

use crate::{CASES, close};

type Outcome = Result<(), ForecastError>;

#[test]
fn ties_lower_the_variance() -> Outcome {
    // Gilbert (1987), §16.4: two groups of two and one of three among ten values.
    let values = [1.0, 1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 6.0, 6.0, 6.0];
    let test = MannKendall::test(&Points::grid(&values))?;
    assert_eq!(test.s, 45 - 1 - 1 - 3);
    close(
        test.variance,
        (10.0 * 9.0 * 25.0 - 2.0 * (2.0 * 9.0) - 6.0 * 11.0) / 18.0,
        1e-15,
    );
    close(test.z, 39.0 / test.variance.sqrt(), 1e-15);
    Ok(())
}

#[test]
fn half_the_values_may_be_wild_for_siegel_and_a_quarter_for_theil_sen() -> Outcome {
    let line = |x: usize| 10.0 + 0.5 * x as f64;
    let spoiled = |every: usize| -> Vec<f64> {
        (0..60)
            .map(|x| {
                if x % every == 1 {
                    500.0 * (x as f64)
                } else {
                    line(x)
                }
            })
            .collect()
    };
    let fit = TheilSen::fit(&Points::grid(&spoiled(5)))?;
    close(fit.slope, 0.5, 0.2);
    let mut third = spoiled(3);
    third[0] = -9e9;
    let fit = Siegel::fit(&Points::grid(&third))?;
    close(fit.slope, 0.5, 1e-9);
    close(fit.intercept, 10.0, 1e-9);
    Ok(())
}

#[test]
fn unix_times_lose_no_digits() -> Outcome {
    let start = 1_790_000_000_u64;
    let seconds: Vec<u64> = (0..500).map(|i| start + i * 37 + i * i % 29).collect();
    let values: Vec<f64> = seconds
        .iter()
        .map(|s| {
            let hours = (s - start) as f64 / 3600.0;
            3.0 + 0.25 * hours - 0.01 * hours * hours
        })
        .collect();
    let raw: Vec<f64> = seconds.iter().map(|s| *s as f64).collect();
    let fit = LeastSquares::quadratic(&Points::new(&raw, &values)?)?;
    for (time, value) in raw.iter().zip(&values) {
        close(fit.value_at(*time), *value, 1e-11);
    }
    let times: Vec<Duration> = seconds.iter().copied().map(Duration::from_secs).collect();
    let points = Points::at_times(&times, Duration::from_secs(3600), &values)?;
    let [c0, c1, c2] = LeastSquares::quadratic(&points)?.coefficients();
    close(c0, 3.0, 1e-12);
    close(c1, 0.25, 1e-11);
    close(c2, -0.01, 1e-10);
    Ok(())
}

#[test]
fn a_trend_must_be_sure_and_must_matter() -> Outcome {
    let noise = |i: u32| f64::from(i * 7919 % 101) / 101.0 - 0.5;
    let series = |slope: f64, spread: f64| -> Points {
        let values: Vec<f64> = (0..60)
            .map(|i| 50.0 + slope * f64::from(i) + spread * noise(i))
            .collect();
        Points::grid(&values)
    };
    let direction = |points: &Points, horizon: f64, limit: f64| {
        Trend::assess(points, horizon, Some(limit)).map(|trend| trend.direction)
    };
    assert_eq!(
        direction(&series(0.1, 1.0), 30.0, 90.0)?,
        TrendDirection::Increasing
    );
    assert_eq!(
        direction(&series(-0.1, 1.0), 30.0, 90.0)?,
        TrendDirection::Decreasing
    );
    // Sure, but 0.3 % of the limit.
    assert_eq!(
        direction(&series(0.01, 0.01), 30.0, 90.0)?,
        TrendDirection::Stable
    );
    // It would matter, but noise hides whether it is one.
    assert_eq!(
        direction(&series(0.1, 400.0), 30.0, 90.0)?,
        TrendDirection::Stable
    );
    assert_eq!(
        direction(&Points::grid(&[5.0; 30]), 30.0, 90.0)?,
        TrendDirection::Stable
    );
    let flat = Trend::assess(&Points::grid(&[5.0; 30]), 30.0, None)?;
    assert_eq!((flat.direction, flat.change), (TrendDirection::Stable, 0.0));
    // The share counts, not the unit.
    for unit in [1e-9, 1e9] {
        let scaled: Vec<f64> = series(0.1, 1.0).values().iter().map(|v| v * unit).collect();
        let trend = Trend::assess(&Points::grid(&scaled), 30.0, Some(90.0 * unit))?;
        assert_eq!(trend.direction, TrendDirection::Increasing);
        close(
            trend.change,
            Trend::assess(&series(0.1, 1.0), 30.0, Some(90.0))?.change,
            1e-9,
        );
    }
    Ok(())
}

#[test]
fn refusals_say_what_is_wrong() {
    let says = |refused: Result<(), ForecastError>, text: &str| {
        assert_eq!(refused.err().map(|e| e.to_string()).as_deref(), Some(text));
    };
    let short = Points::grid(&[1.0, f64::NAN]);
    let too_short = |need| format!("the series has 1 observed values, must be at least {need}");
    says(MannKendall::test(&short).map(|_| ()), &too_short(3));
    says(TheilSen::fit(&short).map(|_| ()), &too_short(2));
    says(Siegel::fit(&short).map(|_| ()), &too_short(2));
    says(LeastSquares::line(&short).map(|_| ()), &too_short(2));
    says(LeastSquares::quadratic(&short).map(|_| ()), &too_short(3));
    let many = Points::grid(&[1.0; 4097]);
    says(
        Siegel::fit(&many).map(|_| ()),
        "number of points is 4097, must be at most 4096",
    );
    says(
        Points::new(&[0.0], &[]).map(|_| ()),
        "values has 0 values, must have 1",
    );
    says(
        Points::new(&[0.0, f64::NAN], &[1.0, 2.0]).map(|_| ()),
        "times[1] is not finite",
    );
    says(
        Points::at_times(&[], Duration::ZERO, &[]).map(|_| ()),
        "unit is 0 s, must be above 0 s",
    );
    let rising = Points::grid(&[1.0, 2.0, 3.0]);
    says(
        Trend::assess(&rising, 0.0, None).map(|_| ()),
        "horizon is 0, must be above 0 and finite",
    );
    says(
        Trend::assess(&rising, 1.0, Some(0.0)).map(|_| ()),
        "reference is 0, must be finite and not 0",
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn s_counts_all_pairs(
        pairs in proptest::collection::vec((0..12_i32, 0..6_i32), 3..50),
    ) {
        let (times, values): (Vec<f64>, Vec<f64>) =
            pairs.iter().map(|(t, v)| (f64::from(*t), f64::from(*v))).unzip();
        let test = MannKendall::test(&Points::new(&times, &values)?)?;
        let mut expected = 0;
        for (i, (time, value)) in pairs.iter().enumerate() {
            for (other_time, other) in &pairs[..i] {
                expected += i64::from((time - other_time).signum() * (value - other).signum());
            }
        }
        prop_assert_eq!(test.s, expected);
        prop_assert!((0.0..=1.0).contains(&test.p));
    }

    #[test]
    fn order_and_sign_of_the_input_mean_nothing_else(
        pairs in proptest::collection::vec((0.0..100.0_f64, -5.0..5.0_f64), 3..40),
    ) {
        let points = |pairs: &[(f64, f64)], sign: f64| {
            let (times, values): (Vec<f64>, Vec<f64>) =
                pairs.iter().map(|(t, v)| (*t, sign * v)).unzip();
            Points::new(&times, &values)
        };
        let forward = points(&pairs, 1.0)?;
        let backward: Vec<(f64, f64)> = pairs.iter().rev().copied().collect();
        prop_assert_eq!(&forward, &points(&backward, 1.0)?);
        let (up, down) = (TheilSen::fit(&forward)?, TheilSen::fit(&points(&pairs, -1.0)?)?);
        prop_assert_eq!(up.slope, -down.slope);
        prop_assert!(up.slope_low <= up.slope && up.slope <= up.slope_high);
    }
}
