//! The demand that a trace makes.

use std::time::Duration;

use plimsoll_sim::{Demand, DemandError, Repairs, ServiceModel, Trace};

use super::ten_minutes;

const MODEL: ServiceModel = ServiceModel {
    capacity_rps: 50.0,
    utilization: 0.8,
};

fn demand(rates: &[f64], tick_s: u64, warm_up_s: u64) -> Result<Demand, DemandError> {
    let rates = rates.to_vec();
    let trace = Trace {
        start_s: 0,
        step_s: 60,
        rates,
        repairs: Repairs::default(),
    };
    Demand::new(
        &trace,
        MODEL,
        Duration::from_secs(tick_s),
        Duration::from_secs(warm_up_s),
    )
}

#[test]
fn a_tick_has_the_load_of_its_step_in_replicas() {
    let load = |tick_s| demand(&[40.0, 80.0], tick_s, 0).unwrap().load;
    assert_eq!(load(60), [1.0, 2.0]);
    assert_eq!(load(30), [1.0, 1.0, 2.0, 2.0]);
    assert_eq!(load(15), [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]);
}

/// No request may be lost between a trace and its demand, whatever the tick.
#[test]
fn a_tick_longer_than_a_step_carries_all_of_its_requests() {
    for tick_s in [120, 240] {
        let load = demand(&[40.0, 80.0, 40.0, 400.0], tick_s, 0).unwrap().load;
        let requests: f64 = load
            .iter()
            .map(|replicas| replicas * 40.0 * tick_s as f64)
            .sum();
        let recorded = 60.0 * (40.0 + 80.0 + 40.0 + 400.0);
        assert!(
            (requests - recorded).abs() < 1e-6,
            "{tick_s} s: {requests} of {recorded}"
        );
    }
}

#[test]
fn the_warm_up_is_never_cut_short() {
    for (tick_s, warm_up_s, scored_from) in [(15, 0, 0), (15, 60, 4), (15, 61, 5), (60, 1, 1)] {
        let made = demand(&[40.0; 4], tick_s, warm_up_s).unwrap();
        assert_eq!(
            made.scored_from, scored_from,
            "tick {tick_s} s, warm-up {warm_up_s} s"
        );
    }
}

#[test]
fn a_demand_names_what_is_out_of_range() {
    let named = |tick_s, warm_up_s| {
        demand(&[40.0; 4], tick_s, warm_up_s)
            .unwrap_err()
            .to_string()
    };
    for (tick_s, warm_up_s, words) in [
        (0, 0, ["tick is 0", "1 s"]),
        (3601, 0, ["tick is 3601", "1 h"]),
        (15, 240, ["warm_up is 240 s", "240 s"]),
    ] {
        let error = named(tick_s, warm_up_s);
        assert!(words.iter().all(|w| error.contains(w)), "{error}");
    }
    let trace = ten_minutes();
    for (capacity_rps, utilization, field) in [
        (0.0, 0.8, "capacity is 0"),
        (f64::NAN, 0.8, "capacity is NaN"),
        (1.0, 0.0, "utilization is 0"),
        (1.0, 1.1, "utilization is 1.1"),
        (1.0, f64::NAN, "utilization is NaN"),
    ] {
        let model = ServiceModel {
            capacity_rps,
            utilization,
        };
        let made = Demand::new(&trace, model, Duration::from_secs(15), Duration::ZERO);
        let error = made.unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
    }
}

#[test]
fn the_fitted_model_needs_what_it_was_fitted_to() {
    for (replicas, utilization) in [(40.0, 0.8), (10.0, 1.0), (3.0, 0.5)] {
        let model = ServiceModel::fitted(&ten_minutes(), utilization, replicas);
        // The 99.9 % quantile of 0 … 9, between the two largest.
        let needed = 8.991 / (model.capacity_rps * model.utilization);
        assert!(
            (needed - replicas).abs() < 1e-9,
            "{needed} instead of {replicas}"
        );
    }
    let idle = Trace {
        rates: [&[0.0; 2000][..], &[8.0]].concat(),
        ..ten_minutes()
    };
    let model = ServiceModel::fitted(&idle, 0.8, 40.0);
    assert!(
        (model.capacity_rps - 8.0 / 32.0).abs() < 1e-9,
        "fitted to the peak"
    );
}
