//! What another configuration keeps, and what it starts anew.

use std::sync::LazyLock;

use autoscale_core::{DemandForecast, Gauge, Policy, Predictive, PredictiveConfig, Statistic};

use super::service::{DAY, Service, config, hourly_burst, steady};
use crate::given::secs;

/// Three days of bursts by the clock.
static TRAINED: LazyLock<Service> = LazyLock::new(|| {
    let mut service = Service::new(config());
    service.run(3 * DAY, hourly_burst);
    service
});

/// The trained service, with this configuration instead.
fn changed(change: impl Fn(PredictiveConfig) -> PredictiveConfig) -> Service {
    let mut service = TRAINED.clone();
    let new = change(config());
    service.policy.reconfigure(new.clone()).unwrap();
    assert_eq!(service.policy.config(), &new);
    service
}

/// Cost of a rung in the middle: a record of three days, or of one interval.
fn record(service: &Service) -> f64 {
    service.out.ladder.rungs[7].cost
}

#[test]
fn another_share_keeps_records_and_forecast() {
    let mut service = changed(|c| c.with_accepted_bad_share(0.2));
    let mut unchanged = TRAINED.clone();
    let (demand, cost) = (hourly_burst(service.tick + 1), record(&TRAINED));
    service.step(demand);
    unchanged.step(demand);
    assert!((cost * 0.99..cost + 30.0).contains(&record(&service)));
    // The forecast, and with it every candidate, does not know of the share.
    let (ours, theirs) = (&service.out.ladder, &unchanged.out.ladder);
    assert_eq!(ours.expected_demand, theirs.expected_demand);
    let counts = |l: &autoscale_core::LadderStage| -> Vec<_> {
        l.rungs.iter().map(|r| (r.replicas, r.cost)).collect()
    };
    assert_eq!(counts(ours), counts(theirs));
    // It is followed within a few minutes.
    service.run(40, hourly_burst);
    unchanged.run(40, hourly_burst);
    let price = |s: &Service| s.out.ladder.rungs[s.out.ladder.followed.unwrap()].price;
    assert!(price(&service) < price(&unchanged));
}

#[test]
fn another_start_up_lag_or_bound_keeps_the_forecast_alone() {
    let changes: [fn(PredictiveConfig) -> PredictiveConfig; 4] = [
        |c| c.with_start_up(secs(180)),
        |c| c.with_metric_lag(secs(60)),
        |c| c.with_max_replicas(60),
        |c| c.with_min_replicas(2),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut service = changed(change);
        service.step(4.0);
        assert!(record(&service) < 30.0, "{index}: records anew");
        service.run(239, hourly_burst); // records are thin in the first hour
        let [before, at] = service.next_burst();
        assert!(at >= 20, "{index}: {at}");
        assert!(before < 14, "{index}: {before}");
    }
}

#[test]
fn another_capacity_keeps_the_forecast_alone() {
    // Of a replica that carries twice as much a burst needs half: 10.
    let mut service = changed(|c| c.with_target_value(200.0));
    assert!(service.policy.next_wakeup().is_some());
    service.step(4.0);
    assert!(record(&service) < 30.0, "records anew");
    assert!((1.5..3.5).contains(&service.out.ladder.expected_demand));
    service.run(239, hourly_burst);
    let [before, at] = service.next_burst();
    assert!((10..20).contains(&at), "{at}");
    assert!(before < 8, "{before}");
}

#[test]
fn another_unit_starts_all_anew() {
    let service = changed(|c| c.with_target_value(2000.0));
    assert_eq!(service.policy.next_wakeup(), None);
    assert_eq!(service.policy.forecast().expected(), 0.0);

    let interval = changed(|c| c.with_interval(secs(30)));
    assert_eq!(interval.policy.next_wakeup(), None);
    let mut fresh = Predictive::new(config().with_interval(secs(30))).unwrap();
    let mut renewed = interval.policy;
    for tick in 0..60 {
        let seen = steady(4, hourly_burst(tick));
        let now = secs(1_000_000 + 30 * tick);
        assert_eq!(renewed.decide(now, &seen), fresh.decide(now, &seen));
    }
}

#[test]
fn the_same_configuration_changes_nothing() {
    let (mut service, mut unchanged) = (changed(|c| c), TRAINED.clone());
    for tick in service.tick..service.tick + 60 {
        service.step(hourly_burst(tick));
        unchanged.step(hourly_burst(tick));
        assert_eq!(service.out, unchanged.out);
    }
}

#[test]
fn another_gauge_is_read_at_once() {
    let second = Gauge::new(Statistic::Total).with_reading(1);
    let mut service = changed(|c| c.with_gauge(second.clone()));
    service.step(4.0);
    assert!(service.out.blind, "there is no second reading");
}

#[test]
fn between_intervals_the_latest_count_stays() {
    for change in [|c: PredictiveConfig| c.with_max_replicas(60), |c| c] {
        let mut service = changed(change);
        let seen = service.load(4.0);
        service.tick -= 1; // the same instant as the decision before
        service
            .policy
            .decide_into(service.now(), &seen, &mut service.out);
        assert_eq!(service.out.replicas, seen.spec_replicas);
    }
}

#[test]
fn a_refused_configuration_changes_nothing() {
    let mut service = TRAINED.clone();
    let before = format!("{:?}", service.policy);
    let refused = config().with_target_value(50.0).with_min_replicas(0);
    assert!(service.policy.reconfigure(refused).is_err());
    assert_eq!(format!("{:?}", service.policy), before);
}
