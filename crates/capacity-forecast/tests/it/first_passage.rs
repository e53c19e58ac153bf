//! First passages against 50-digit arithmetic, and their edges.

use capacity_forecast::FirstPassage;
use proptest::prelude::*;

use crate::{CASES, close, wild};

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[test]
fn the_closed_form_holds_where_its_textbook_form_does_not() -> Outcome {
    for ((distance, drift, deviation), steps, expected) in [
        ((0.299, 0.005298, 0.009853), 24.0, 0.0002642537123026491),
        ((0.299, 0.005298, 0.009853), 72.0, 0.8676981807735611),
        ((0.2291, -0.00101, 0.04065), 1.0, 1.5133234336742298e-08),
        ((0.4979, 3.686e-05, 0.005678), 168.0, 2.341382924802211e-11),
        ((0.5, 0.05, 0.005), 8.0, 8.557687863468569e-13),
        ((0.5, 0.05, 0.005), 9.9, 0.38130600335686626),
        ((2.0, -0.5, 1.0), 30.0, 0.13509822546949116),
        ((1.0, -3.0, 0.4), 5.0, 5.1755550058018903e-17),
        ((1.0, 0.1, 0.01), 8.0, 8.557687863468569e-13),
        ((0.585, 0.001192, 0.01331), 24.0, 1.362063978252379e-17),
        // exp(2 μ d / σ²) alone would be 10^86858.
        ((0.1, 1.0, 0.001), 0.0995, 0.05665065216675454),
    ] {
        let passage = FirstPassage::new(distance, drift, deviation)?;
        close(passage.probability_by(steps), expected, 2e-12);
    }
    Ok(())
}

#[test]
fn edges() -> Outcome {
    let reached = FirstPassage::new(0.0, -1.0, 1.0)?;
    assert_eq!(
        (reached.probability_by(0.0), reached.probability_ever()),
        (1.0, 1.0)
    );
    assert_eq!(reached.quantile(1.0), Some(0.0));

    let sure = FirstPassage::new(3.0, 0.5, 0.0)?;
    assert_eq!(
        (sure.probability_by(5.99), sure.probability_by(6.0)),
        (0.0, 1.0)
    );
    assert_eq!(sure.quantile(0.01), Some(6.0));

    let never = FirstPassage::new(3.0, 0.0, 0.0)?;
    assert_eq!((never.probability_ever(), never.quantile(0.1)), (0.0, None));
    assert_eq!(never.quantile(0.0), Some(0.0));

    let passage = FirstPassage::new(1.0, 0.1, 0.5)?;
    for steps in [f64::NAN, -1.0, 0.0] {
        assert_eq!(passage.probability_by(steps), 0.0);
    }
    assert_eq!(passage.probability_by(f64::INFINITY), 1.0);
    assert_eq!(
        (passage.quantile(-0.1), passage.quantile(f64::NAN)),
        (None, None)
    );

    let away = FirstPassage::new(1.0, -0.1, 0.5)?;
    close(away.probability_ever(), (-0.8_f64).exp(), 1e-15);
    close(away.probability_by(1e9), away.probability_ever(), 1e-14);
    Ok(())
}

#[test]
fn refusals_name_field_value_and_bound() {
    for (distance, drift, deviation, says) in [
        (f64::NAN, 0.0, 1.0, "distance is NaN, must be finite"),
        (1.0, f64::INFINITY, 1.0, "drift is inf, must be finite"),
        (
            1.0,
            0.0,
            -1.0,
            "deviation is -1, must be at least 0 and finite",
        ),
        (
            1.0,
            0.0,
            f64::NAN,
            "deviation is NaN, must be at least 0 and finite",
        ),
    ] {
        let refused = FirstPassage::new(distance, drift, deviation);
        assert!(refused.is_err_and(|e| e.to_string() == says), "{says}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn a_quantile_is_the_first_step_that_gets_there(
        distance in 0.01..5.0_f64, drift in -0.5..0.5_f64, deviation in 0.01..2.0_f64, p in 0.01..0.99_f64,
    ) {
        let passage = FirstPassage::new(distance, drift, deviation)?;
        match passage.quantile(p) {
            Some(steps) => {
                prop_assert!(passage.probability_by(steps) >= p);
                prop_assert!(passage.probability_by(steps * (1.0 - 1e-9)) < p + 1e-12);
            }
            None => prop_assert!(passage.probability_ever() <= p + 1e-9),
        }
    }

    #[test]
    fn probabilities_of_anything_rise_with_time(
        distance in wild(), drift in wild(), deviation in wild(), a in 0.0..1e6_f64, b in wild(),
    ) {
        if let Ok(passage) = FirstPassage::new(distance, drift, deviation) {
            let b = b.abs();
            let (early, late) = (a.min(b), a.max(b));
            let (first, second) = (passage.probability_by(early), passage.probability_by(late));
            prop_assert!((0.0..=1.0).contains(&first) && (0.0..=1.0).contains(&second));
            prop_assert!(first <= second + 1e-12, "{first} by {early}, {second} by {late}");
            prop_assert!((0.0..=1.0).contains(&passage.probability_ever()));
            prop_assert!(passage.quantile(0.5).is_none_or(|steps| steps >= 0.0));
        }
    }
}
