//! Φ and its inverse against 50-digit arithmetic.

use capacity_forecast::normal::{normal_cdf, normal_quantile};

use crate::close;

#[test]
fn distribution_function_holds_its_digits() {
    for (x, expected) in [
        (-37.0, 5.725571222524577e-300),
        (-20.0, 2.7536241186062337e-89),
        (-8.3, 5.205569744890254e-17),
        (-5.7, 5.990371401063528e-09),
        (-5.6, 1.071759025831093e-08),
        (-3.0, 0.0013498980316300946),
        (-1.0, 0.15865525393145705),
        (-0.68, 0.2482522304535705),
        (-0.67, 0.2514288950953101),
        (-1e-09, 0.49999999960105773),
        (0.0, 0.5),
        (0.3, 0.6179114221889527),
        (0.6744, 0.7499714786270594),
        (1.5, 0.9331927987311419),
        (4.0, 0.9999683287581669),
        (8.0, 0.9999999999999993),
        (40.0, 1.0),
        (-40.0, 0.0),
        (f64::INFINITY, 1.0),
        (f64::NEG_INFINITY, 0.0),
    ] {
        close(normal_cdf(x), expected, 1e-15);
    }
    assert!(normal_cdf(f64::NAN).is_nan());
}

#[test]
fn quantiles_hold_their_digits() {
    for (p, expected) in [
        (1e-300, -37.0470962993612),
        (1e-100, -21.273453560965326),
        (1e-20, -9.262340089798407),
        (1e-09, -5.9978070150076865),
        (0.0005, -3.290526731491895),
        (0.025, -1.9599639845400543),
        (0.075, -1.439531470938456),
        (0.2, -0.8416212335729142),
        (0.4999, -0.00025066283008800747),
        (0.5, 0.0),
        (0.7, 0.5244005127080407),
        (0.93, 1.475791028179171),
        (0.99, 2.3263478740408408),
        (0.999999, 4.753424308817087),
        (0.0, f64::NEG_INFINITY),
        (1.0, f64::INFINITY),
    ] {
        if f64::is_infinite(expected) {
            assert_eq!(normal_quantile(p), expected);
        } else {
            close(normal_quantile(p), expected, 2e-15);
        }
    }
    for p in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert!(normal_quantile(p).is_nan(), "{p}");
    }
}

#[test]
fn both_rise_without_a_step_back_at_their_seams() {
    for seam in [-39.0, -5.656_854_249_492_381, -0.674_489_75, 0.674_489_75] {
        let mut last = 0.0;
        for step in -1000..1000 {
            let p = normal_cdf(seam + f64::from(step) * 1e-6);
            assert!(p >= last, "{seam} {step}");
            last = p;
        }
    }
    for seam in [0.075, (-25.0_f64).exp()] {
        let mut last = f64::NEG_INFINITY;
        for step in -1000..1000 {
            let x = normal_quantile(seam * (1.0 + f64::from(step) * 1e-6));
            assert!(x > last, "{seam} {step}");
            last = x;
        }
    }
}
