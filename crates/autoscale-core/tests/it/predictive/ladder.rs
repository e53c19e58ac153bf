//! What a decision says of its candidates.

use autoscale_core::{Decision, LadderStage, Reason, StageKind};

use super::service::{DAY, HOUR, Noise, Service, config, hourly_burst};

fn check(ladder: &LadderStage, out: &Decision) {
    assert_eq!(ladder.rungs.len(), 28);
    let (calm, brisk) = ladder.rungs.split_at(14);
    assert!(calm.iter().all(|r| !r.brisk) && brisk.iter().all(|r| r.brisk));
    for style in [calm, brisk] {
        assert!(style.is_sorted_by(|a, b| a.price < b.price));
    }
    for rung in &ladder.rungs {
        assert!((0.0..=1.0).contains(&rung.bad_share) && rung.cost > 0.0);
    }
    let followed = ladder.rungs[ladder.followed.unwrap()];
    assert_eq!(Some(followed.replicas), out.after(StageKind::Bounded));
    assert_eq!(followed.replicas, out.replicas);
    assert!(ladder.expected_demand > 0.0);
}

#[test]
fn every_decision_names_the_candidate_it_follows() {
    let mut service = Service::new(config());
    let mut reasons = Vec::new();
    for tick in 0..12 * HOUR {
        service.step(hourly_burst(tick));
        check(&service.out.ladder, &service.out);
        let (from, to) = (service.out.current_replicas, service.out.replicas);
        let expected = match from.cmp(&to) {
            std::cmp::Ordering::Less => Reason::ScaleUp,
            std::cmp::Ordering::Equal => Reason::Steady,
            std::cmp::Ordering::Greater => Reason::ScaleDown,
        };
        assert_eq!(service.out.reason, expected);
        reasons.push(expected);
    }
    for reason in [Reason::ScaleUp, Reason::Steady, Reason::ScaleDown] {
        assert!(reasons.contains(&reason), "{reason:?}");
    }
}

#[test]
fn a_higher_price_buys_more_and_costs_more() {
    let (mut service, mut noise) = (Service::new(config()), Noise(1));
    for _ in 0..2 * DAY {
        service.step(10.0 * (0.15 * noise.normal()).exp());
    }
    let (calm, brisk) = service.out.ladder.rungs.split_at(14);
    for style in [calm, brisk] {
        for pair in style.windows(2) {
            assert!(pair[1].bad_share <= pair[0].bad_share * 1.02, "{pair:?}");
            assert!(pair[1].cost >= pair[0].cost * 0.98, "{pair:?}");
        }
        assert!(style[13].bad_share < style[0].bad_share / 20.0);
        assert!(style[13].cost > style[0].cost * 1.2);
    }
}

#[test]
fn the_same_twice_gives_the_same_bits() {
    let mut services = [Service::new(config()), Service::new(config())];
    let mut noise = Noise(5);
    for tick in 0..4 * HOUR {
        let demand = hourly_burst(tick) * (0.2 * noise.normal()).exp();
        let [a, b] = &mut services;
        a.step(demand);
        b.step(demand);
        assert_eq!(a.out, b.out);
    }
}
