//! The user's bounds hold for the decision and for every imagined fleet.

use autoscale_core::{Blocked, Reason, StageKind};

use super::service::{HOUR, Service, config, hourly_burst};

fn within(service: &Service, min: u32, max: u32) {
    let out = &service.out;
    assert!((min..=max).contains(&out.replicas));
    assert!(
        out.ladder
            .rungs
            .iter()
            .all(|r| (min..=max).contains(&r.replicas))
    );
}

#[test]
fn shadows_respect_them_too() {
    let mut service = Service::new(config().with_min_replicas(6).with_max_replicas(12));
    service.ready = 6;
    let (mut cut, mut lifted) = (0, 0);
    for tick in 0..6 * HOUR {
        service.step(hourly_burst(tick));
        within(&service, 6, 12);
        let out = &service.out;
        let wanted = out.after(StageKind::Recommended).unwrap();
        match out.reason {
            Reason::TooManyReplicas => {
                assert!(wanted > 12 && out.is_blocked_by(Blocked::Bounds));
                cut += 1;
            }
            Reason::TooFewReplicas => {
                assert!(wanted < 6 && out.is_blocked_by(Blocked::Bounds));
                lifted += 1;
            }
            _ => assert!((6..=12).contains(&wanted)),
        }
    }
    assert!(cut > 20 && lifted > 0, "{cut} {lifted}");
    let cost = &service.out.ladder.rungs;
    let intervals = 6.0 * 240.0;
    assert!(
        cost.iter()
            .all(|r| r.cost > 5.5 * intervals && r.cost < 12.3 * intervals)
    );
}

#[test]
fn one_replica_is_a_range() {
    let mut service = Service::new(config().with_max_replicas(1));
    for tick in 0..HOUR {
        assert_eq!(service.step(hourly_burst(tick)), 1);
        within(&service, 1, 1);
    }
}

#[test]
fn raised_bounds_are_used() {
    let base = config().with_max_replicas(8);
    let mut service = Service::new(base.clone());
    service.run(2 * HOUR, |_| 20.5);
    within(&service, 1, 8);
    assert_eq!(service.out.replicas, 8);
    service
        .policy
        .reconfigure(base.clone().with_max_replicas(30))
        .unwrap();
    service.run(HOUR, |_| 20.5);
    within(&service, 1, 30);
    assert!(
        (21..=28).contains(&service.out.replicas),
        "{}",
        service.out.replicas
    );

    service.policy.reconfigure(base.clone()).unwrap();
    service.step(20.5);
    within(&service, 1, 8);
    assert_eq!(service.out.replicas, 8);

    let low = base.with_min_replicas(5);
    service.policy.reconfigure(low).unwrap();
    service.run(4 * HOUR, |_| 1.0);
    within(&service, 5, 8);
    assert_eq!(service.out.replicas, 5);
}

#[test]
fn a_large_fleet() {
    let mut service = Service::new(config().with_max_replicas(100_000));
    service.ready = 50_000;
    service.run(HOUR, |_| 40_000.5);
    assert!(
        (40_001..=50_000).contains(&service.out.replicas),
        "{}",
        service.out.replicas
    );
    service.run(HOUR, |_| 60_000.5);
    assert!((60_001..=100_000).contains(&service.out.replicas));
}
