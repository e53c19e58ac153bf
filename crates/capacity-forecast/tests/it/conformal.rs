//! Conformal radii: ranks, the share of misses in the long run, snapshots, allocations.

use capacity_forecast::{
    AdaptiveConformal, AdaptiveConformalConfig, ForecastError, SplitConformal,
};
use proptest::prelude::*;

use crate::{CASES, wild};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn config(alpha: f64, gamma: f64, window: usize) -> AdaptiveConformalConfig {
    AdaptiveConformalConfig::default()
        .with_alpha(alpha)
        .with_gamma(gamma)
        .with_window(window)
}

#[test]
fn ten_percent_needs_nine_scores() -> Outcome {
    let scores = |count: u32| SplitConformal::new((1..=count).map(f64::from));
    let refused = Err(ForecastError::NotCalibrated { have: 8, need: 9 });
    assert_eq!(scores(8).radius(0.1), refused);
    assert_eq!(scores(9).radius(0.1)?, 9.0);
    assert_eq!(scores(19).radius(0.1)?, 18.0);
    assert_eq!(
        scores(0).radius(0.5),
        Err(ForecastError::NotCalibrated { have: 0, need: 1 })
    );
    for alpha in [0.0, 1.0, -0.1, f64::NAN] {
        assert!(matches!(
            scores(9).radius(alpha),
            Err(ForecastError::OutOfRange { .. })
        ));
    }
    Ok(())
}

#[test]
fn the_window_forgets_the_oldest() -> Outcome {
    let mut interval = AdaptiveConformal::new(config(0.5, 0.0, 3))?;
    for score in [9.0, 9.0, 1.0, 2.0, 3.0] {
        interval.observe(score);
    }
    assert_eq!(interval.radius()?, 2.0);
    interval.observe(4.0);
    assert_eq!(interval.radius()?, 3.0);
    Ok(())
}

#[test]
fn misses_tend_to_alpha_although_errors_grow_a_hundredfold() -> Outcome {
    const STEPS: u32 = 20_000;
    let (alpha, gamma) = (0.1, 0.02);
    let mut interval = AdaptiveConformal::new(config(alpha, gamma, 100))?;
    let (mut missed, mut asked) = (0.0, 0.0);
    let mut random = 1_u32;
    for step in 0..STEPS {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = f64::from(random >> 8) / f64::from(1 << 24);
        let score = noise * (1.0 + 99.0 * f64::from(step) / f64::from(STEPS));
        if let Some(miss) = interval.observe(score) {
            missed += f64::from(u8::from(miss));
            asked += 1.0;
        }
        assert!((-gamma..=1.0 + gamma).contains(&interval.alpha()));
    }
    assert!(asked > f64::from(STEPS) - 10.0);
    // Gibbs and Candès, proposition 4.1.
    let share: f64 = missed / asked;
    assert!(
        (share - alpha).abs() <= (1.0 - alpha + gamma) / (gamma * asked),
        "{share}"
    );
    Ok(())
}

#[test]
fn a_perfect_forecast_does_not_let_alpha_run_away() -> Outcome {
    let mut interval = AdaptiveConformal::new(config(0.1, 0.05, 50))?;
    for _ in 0..5000 {
        interval.observe(0.0);
        assert!(interval.alpha() <= 1.05);
    }
    assert_eq!(interval.radius()?, 0.0);
    Ok(())
}

#[test]
fn after_a_run_of_misses_it_says_that_no_width_is_enough() -> Outcome {
    let mut interval = AdaptiveConformal::new(config(0.1, 0.2, 20))?;
    for error in 1..=10 {
        interval.observe(f64::from(error));
    }
    assert!(
        interval.alpha() < 0.0,
        "the tenth was the first that could miss, and did"
    );
    assert!(matches!(
        interval.radius(),
        Err(ForecastError::NotCalibrated { .. })
    ));
    assert_eq!(
        interval.observe(1e300),
        Some(false),
        "an infinite interval misses nothing"
    );
    Ok(())
}

#[test]
fn updates_allocate_nothing() -> Outcome {
    let mut interval = AdaptiveConformal::new(config(0.1, 0.02, 64))?;
    let allocated = allocation_counter::measure(|| {
        for step in 0..1000_u32 {
            interval.observe(f64::from(step % 37));
            let _ = interval.radius();
        }
    });
    assert_eq!(allocated.count_total, 0);
    Ok(())
}

#[test]
fn configurations_are_refused_with_the_reason() {
    for (config, says) in [
        (
            config(0.0, 0.1, 9),
            "alpha is 0, must be within 0..1, both exclusive",
        ),
        (config(0.1, 1.5, 9), "gamma is 1.5, must be within 0..=1"),
        (
            config(0.1, 0.1, 8),
            "window is 8, must be at least 1/alpha - 1 for alpha (0.1)",
        ),
        (
            config(0.1, 0.1, usize::MAX),
            "window is 18446744073709551615, must be at most 1048576",
        ),
    ] {
        let refused = AdaptiveConformal::new(config);
        assert!(refused.is_err_and(|e| e.to_string() == says), "{says}");
    }
}

#[test]
fn snapshots_that_contradict_themselves_are_refused() -> Outcome {
    let mut interval = AdaptiveConformal::new(config(0.5, 0.1, 2))?;
    interval.observe(1.0);
    let good = interval.snapshot();
    let mut too_many = good.clone();
    too_many.scores = vec![1.0; 3];
    let mut not_a_score = good;
    not_a_score.scores = vec![f64::NAN];
    for (bad, says) in [
        (too_many, "scores is 3, must be at most window (2)"),
        (not_a_score, "scores[0] is NaN, must be finite"),
    ] {
        let refused = AdaptiveConformal::restore(bad);
        assert!(refused.is_err_and(|e| e.to_string() == says), "{says}");
    }
    Ok(())
}

#[cfg(feature = "serde")]
#[test]
fn a_snapshot_survives_a_file() -> Outcome {
    let mut interval = AdaptiveConformal::new(config(0.1, 0.02, 30))?;
    for step in 0..77_u32 {
        interval.observe(f64::from(step * 7919 % 101) / 3.0);
    }
    let text = serde_json::to_string(&interval.snapshot())?;
    let mut restored = AdaptiveConformal::restore(serde_json::from_str(&text)?)?;
    assert_eq!(restored, interval);
    for score in [3.0, 50.0, 0.1] {
        assert_eq!(restored.observe(score), interval.observe(score));
    }
    assert_eq!(restored, interval);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn adaptive_is_split_over_the_newest_scores(
        scores in proptest::collection::vec(wild(), 0..80), alpha in 0.05..0.95_f64,
    ) {
        let mut interval = AdaptiveConformal::new(config(alpha, 0.0, 25))?;
        for score in &scores {
            interval.observe(*score);
        }
        let finite: Vec<f64> = scores.iter().copied().filter(|s| s.is_finite()).collect();
        let newest = finite.iter().rev().take(25).copied();
        prop_assert_eq!(interval.radius(), SplitConformal::new(newest).radius(alpha));
        prop_assert_eq!(interval.ignored(), (scores.len() - finite.len()) as u64);
    }
}
