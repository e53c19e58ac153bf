//! Scores: what is skipped, what is refused.

use capacity_forecast::ForecastError;
use capacity_forecast::accuracy::{
    brier, brier_skill, coverage, mae, mase, msis, pinball, rmse, seasonal_naive_scale, smape,
    weighted_interval_score,
};

use crate::close;

type Outcome = Result<(), ForecastError>;

const GAP: f64 = f64::NAN;

#[test]
fn weighted_interval_score_is_protocol_cf_1s() -> Outcome {
    // Worked out from the protocol's formula.
    let actual = [3.0, 8.5, 5.0, 7.25];
    let quantiles: [(f64, &[f64]); 5] = [
        (0.025, &[1.0, 4.0, 4.5, 2.0]),
        (0.1, &[2.0, 5.0, 4.75, 3.0]),
        (0.5, &[4.0, 6.0, 5.0, 5.0]),
        (0.9, &[5.0, 8.0, 6.0, 7.0]),
        (0.975, &[7.0, 9.0, 6.5, 7.2]),
    ];
    let score = weighted_interval_score(&actual, &quantiles, 1.6)?;
    close(score.value, 0.3284375, 1e-12);
    Ok(())
}

#[test]
fn missing_actual_values_are_skipped_and_counted() -> Outcome {
    let actual = [1.0, GAP, 4.0, f64::INFINITY];
    // Where nothing is known about the actual value, the forecast may be missing too.
    let point = [2.0, GAP, 2.0, 2.0];
    let (low, high) = ([0.0, GAP, 0.0, 0.0], [2.0, GAP, 2.0, 2.0]);
    let scores = [
        (mae(&actual, &point)?, 1.5),
        (rmse(&actual, &point)?, 2.5_f64.sqrt()),
        (mase(&actual, &point, 3.0)?, 0.5),
        (pinball(&actual, &point, 0.9)?, (0.1 + 1.8) / 2.0),
        (coverage(&actual, &low, &high)?, 0.5),
        (
            msis(&actual, &low, &high, 0.5, 2.0)?,
            (2.0 + 2.0 + 4.0 * 2.0) / 4.0,
        ),
    ];
    for (score, expected) in scores {
        close(score.value, expected, 1e-15);
        assert_eq!((score.observed, score.missing), (2, 2));
    }
    let scale = seasonal_naive_scale(&[1.0, GAP, 3.0, 4.0, 9.0], 2)?;
    assert_eq!((scale.value, scale.observed, scale.missing), (4.0, 2, 1));
    Ok(())
}

#[test]
fn refusals_say_what_is_wrong() {
    let two = [1.0, 2.0];
    let says = |refused: Result<_, ForecastError>, text: &str| match refused {
        Ok(score) => panic!("{text}: {score:?}"),
        Err(e) => assert_eq!(e.to_string(), text),
    };
    says(mae(&two, &[1.0]), "point has 1 values, must have 2");
    says(coverage(&two, &two, &[]), "upper has 0 values, must have 2");
    says(mae(&two, &[1.0, GAP]), "point[1] is not finite");
    says(
        mae(&[], &[]),
        "the series has 0 observed values, must be at least 1",
    );
    says(
        mae(&[GAP], &[1.0]),
        "every one of the series' 1 values is missing",
    );
    says(
        mase(&two, &two, 0.0),
        "scale is 0, must be above 0 and finite",
    );
    says(
        pinball(&two, &two, 1.0),
        "level is 1, must be within 0..1, both exclusive",
    );
    says(
        msis(&two, &two, &two, GAP, 1.0),
        "level is NaN, must be within 0..1, both exclusive",
    );
    says(
        weighted_interval_score(&two, &[], 1.0),
        "quantiles is empty, must be at least one",
    );
    says(
        seasonal_naive_scale(&two, 0),
        "season is 0, must be at least one step",
    );
    says(
        seasonal_naive_scale(&two, 2),
        "the series has 2 observed values, must be at least 3",
    );
    says(
        seasonal_naive_scale(&[1.0, GAP], 1),
        "every one of the series' 1 values is missing",
    );
}

#[test]
fn brier_scores() -> Outcome {
    let happened = [true, false, false, false];
    close(
        brier(&happened, &[0.7, 0.1, 0.0, 0.2])?,
        (0.09 + 0.01 + 0.04) / 4.0,
        1e-15,
    );
    close(brier_skill(&happened, &[0.25; 4], 0.25)?, 0.0, 0.0);
    close(
        brier_skill(&happened, &[1.0, 0.0, 0.0, 0.0], 0.25)?,
        1.0,
        0.0,
    );
    assert!(brier_skill(&happened, &[0.0, 1.0, 1.0, 1.0], 0.25)? < -3.0);

    let refused = brier(&happened, &[0.5, 1.5, 0.0, 0.0]);
    let text = "probability[1] is 1.5, must be within 0..=1";
    assert!(refused.is_err_and(|e| e.to_string() == text));
    assert!(brier(&happened, &[0.5]).is_err() && brier(&[], &[]).is_err());
    assert!(brier_skill(&happened, &[0.5; 4], 2.0).is_err());
    // Nothing can be better than a base rate that is always right.
    assert!(brier_skill(&[false; 4], &[0.5; 4], 0.0).is_err());
    Ok(())
}

#[test]
fn sizes_that_overflow_when_squared_or_added_do_not() -> Outcome {
    let (huge, tiny) = ([1e300, -1e300, 1e300], [1e-300, -1e-300, 1e-300]);
    close(rmse(&huge, &[0.0; 3])?.value, 1e300, 1e-15);
    close(rmse(&tiny, &[0.0; 3])?.value, 1e-300, 1e-15);
    close(mae(&[f64::MAX; 3], &[0.0; 3])?.value, f64::MAX, 1e-15);
    close(smape(&[f64::MAX], &[f64::MIN])?.value, 200.0, 1e-15);
    close(
        smape(&tiny, &[-1e-300, 1e-300, -1e-300])?.value,
        200.0,
        1e-15,
    );
    assert_eq!(mase(&huge, &[0.0; 3], 1e-300)?.value, f64::MAX);
    assert_eq!(mae(&[f64::MAX], &[f64::MIN])?.value, f64::MAX);
    close(
        seasonal_naive_scale(&[0.0, f64::MAX, 0.0, f64::MAX], 1)?.value,
        f64::MAX,
        1e-15,
    );
    Ok(())
}
