//! Single cases of missing data that must not scale in.

use std::time::Duration;

use autoscale_core::{
    Fixed, Hpa, HpaConfig, Kpa, KpaConfig, MaxOf, MetricReading, Milli, Observation, Phase,
    PodGroup, Policy, PolicyExt, Readiness, from_fn,
};

use crate::given::{
    config, cpu, decide, external, memory, object, pod, secs, seen, seen_value, value, with_pods,
};

/// Two pods, the first at 300 %, the second idle: 150 % of a target of 100 %. The first one's
/// sample goes missing.
fn without_the_busy_one(busy: PodGroup) -> [u32; 2] {
    [Some(3000), None].map(|usage| {
        let seen = with_pods(vec![busy.clone(), pod()], &[usage, Some(0)]);
        decide(config(cpu(100)), &seen).replicas
    })
}

#[test]
fn sample_of_a_grown_up_pod() {
    assert_eq!(without_the_busy_one(pod()), [3, 2]);
}

/// Started a day ago, unready for a moment a minute ago.
#[test]
fn sample_of_a_pod_that_was_unready_for_a_moment() {
    let pod = PodGroup {
        ready_transition_age: Some(secs(60)),
        ..pod()
    };
    assert_eq!(without_the_busy_one(pod), [3, 2]);
}

/// Too busy to answer its readiness probe.
#[test]
fn sample_of_a_pod_that_turned_unready() {
    let pod = PodGroup {
        ready: Some(Readiness::False),
        ready_transition_age: Some(secs(60)),
        ..pod()
    };
    assert_eq!(without_the_busy_one(pod), [3, 2]);
}

/// Its node does not answer any more.
#[test]
fn sample_of_a_pod_on_a_lost_node() {
    let ready = Some(Readiness::Unknown);
    assert_eq!(without_the_busy_one(PodGroup { ready, ..pod() }), [3, 2]);
    let phase = Phase::Unknown;
    assert_eq!(without_the_busy_one(PodGroup { phase, ..pod() }), [3, 2]);
}

/// The pod's status is not known: no condition, no start time.
#[test]
fn facts_of_a_pod() {
    let blank = PodGroup {
        ready: None,
        started_age: None,
        ready_transition_age: None,
        ..pod()
    };
    let seen = with_pods(vec![blank, pod()], &[Some(600), Some(600)]);
    // 60 % of both is ⌈1.2⌉ = 2, of one alone ⌈0.6⌉ = 1.
    assert_eq!(decide(config(cpu(100)), &seen).replicas, 2);
}

/// Five pods that failed long ago are still listed, five of the ten live ones are not.
#[test]
fn failed_pods_do_not_stand_for_lost_ones() {
    let failed = PodGroup {
        phase: Phase::Failed,
        ..pod()
    };
    let mut pods = vec![pod(); 5];
    pods.extend(vec![failed; 5]);
    let seen = with_pods(pods, &[Some(300); 5]);
    assert_eq!(seen.status_replicas, 10);
    assert_eq!(decide(config(memory(400)), &seen).replicas, 10);
}

/// 60 % of the target is ⌈1.2⌉ = 2 pods for two, but 1 for the one that is listed.
#[test]
fn shortened_list_with_a_value_target() {
    for metric in [object(value(100)), external(value(100))] {
        let mut seen = seen_value(2, 60);
        assert_eq!(decide(config(metric.clone()), &seen).replicas, 2);
        seen.pods[0].count = 1;
        assert_eq!(decide(config(metric), &seen).replicas, 2);
    }
}

/// No pod is ready, and the load is half of what ten pods may have.
#[test]
fn no_ready_pod_with_a_value_target() {
    let mut seen = seen_value(10, 50);
    seen.pods[0].ready = Some(Readiness::Unknown);
    let replicas = decide(config(object(value(100))), &seen).replicas;
    assert!(replicas >= 5, "{replicas}");
}

/// Load for ten pods, then ten minutes of nothing, then one low reading: the window must run anew.
#[test]
fn a_gap_longer_than_the_window() {
    let run = |gap: fn(u64) -> bool| {
        let mut hpa = Hpa::new(HpaConfig::new(20, [cpu(50)])).unwrap();
        let mut replicas = 10;
        for tick in 0..=41 {
            let mut seen = seen(&[if tick == 41 { 100 } else { 500 }; 10]);
            if gap(tick) {
                seen.readings = vec![MetricReading::Failed];
            }
            replicas = hpa.decide(secs(tick * 15), &seen).replicas;
        }
        replicas
    };
    assert_eq!(run(|_| false), 10);
    assert_eq!(run(|tick| (1..41).contains(&tick)), 10);
}

#[test]
fn a_gap_longer_than_the_combinators_window() {
    let fast = KpaConfig::new(1.0)
        .with_stable_window(Duration::ZERO)
        .with_panic_window(Duration::ZERO)
        .with_reachable(false);
    let kpa = Kpa::new(fast).unwrap().with_initial_ready(secs(0), 1);
    let mut policy = kpa.stabilized(secs(0), secs(300)).unwrap();
    assert_eq!(policy.decide(secs(0), &seen_value(10, 10_000)).replicas, 10);
    for tick in 1..40 {
        let dead = Observation {
            readings: vec![],
            ..seen_value(10, 0)
        };
        assert_eq!(policy.decide(secs(tick * 15), &dead).replicas, 10);
    }
    assert_eq!(policy.decide(secs(600), &seen_value(10, 2000)).replicas, 10);
}

/// Ten pods with ten requests each; half of the samples are missing, or one is negative.
#[test]
fn kpa_with_some_samples() {
    let decide = |values: &[Option<i64>]| {
        let mut kpa = Kpa::new(KpaConfig::new(10.0))
            .unwrap()
            .with_initial_ready(secs(0), 1);
        kpa.decide(secs(0), &with_pods(vec![pod(); 10], values))
            .replicas
    };
    assert_eq!(decide(&[Some(10_000); 10]), 10);
    assert_eq!(decide(&[Some(10_000); 5]), 10);
    let mut some = [Some(10_000); 10];
    some[9] = Some(-40_000);
    assert_eq!(decide(&some), 10);
}

#[test]
fn kpa_with_a_negative_series() {
    let mut kpa = Kpa::new(KpaConfig::new(10.0))
        .unwrap()
        .with_initial_ready(secs(0), 1);
    let mut seen = seen_value(10, 0);
    seen.readings = vec![MetricReading::Values {
        values_milli: vec![Milli(100_000), Milli(-50_000)],
        age: secs(0),
    }];
    assert_eq!(kpa.decide(secs(0), &seen).replicas, 10);
}

/// A restart beside ten pods of which three are listed: there is no history to scale in on.
#[test]
fn kpa_born_with_a_shortened_list() {
    let mut seen = seen_value(10, 20_000);
    seen.pods[0].count = 3;
    let mut kpa = Kpa::new(KpaConfig::new(10.0)).unwrap();
    assert_eq!(kpa.decide(secs(0), &seen).replicas, 10);
}

/// A restart in the middle of a scale-out: three of ten are ready.
#[test]
fn kpa_born_while_pods_start() {
    let mut seen = seen_value(10, 20_000);
    seen.pods[0].count = 3;
    seen.pods.push(PodGroup {
        count: 7,
        ready: Some(Readiness::False),
        ..pod()
    });
    let mut kpa = Kpa::new(KpaConfig::new(10.0)).unwrap();
    assert_eq!(kpa.decide(secs(0), &seen).replicas, 10);
}

/// Load for ten pods; the up rate must not cut it to twice the one pod that is listed.
#[test]
fn kpa_with_a_shortened_list() {
    let config = KpaConfig::new(10.0).with_max_scale_up_rate(2.0);
    let mut kpa = Kpa::new(config).unwrap().with_initial_ready(secs(0), 1);
    let mut seen = seen_value(10, 100_000);
    seen.pods[0].count = 1;
    assert_eq!(kpa.decide(secs(0), &seen).replicas, 10);
}

/// Scales to zero where it is idle, and then gets load: the count after that, 1 if the
/// configuration is refused.
fn after_zero(config: HpaConfig, idle: &Observation) -> u32 {
    let Ok(mut hpa) = Hpa::new(config) else {
        return 1;
    };
    hpa.decide(secs(0), idle);
    let spec_replicas = hpa.decide(secs(600), idle).replicas;
    let mut busy = seen_value(spec_replicas, 1000);
    busy.readings.extend(seen(&[9000; 2]).readings);
    hpa.decide(secs(615), &busy).replicas
}

/// `min_replicas` of 0 without the feature: there would be no way back.
#[test]
fn no_zero_without_scale_to_zero() {
    let off = config(external(value(10)))
        .with_min_replicas(0)
        .with_scale_to_zero(false);
    assert_ne!(after_zero(off, &seen_value(2, 0)), 0);
}

/// `min_replicas` of 0 without a metric that could wake the target: no way back either.
#[test]
fn no_zero_without_a_metric_that_wakes() {
    let cpu = config(cpu(50)).with_min_replicas(0);
    assert_ne!(after_zero(cpu, &seen(&[9, 9])), 0); // 0.9 % of the request counts as 0 %
}

/// A request that makes no sense is as good as none.
#[test]
fn a_negative_request() {
    let mut seen = seen(&[500; 4]);
    for pod in &mut seen.pods {
        pod.containers[0].requests[0].amount = Milli(-1000);
    }
    assert_eq!(decide(config(cpu(50)), &seen).replicas, 4);
}

/// Whether a fallback outside speaks must not depend on the order of the policies inside.
#[test]
fn blindness_of_several_in_any_order() {
    let blind = [0, 1].map(|turn| {
        let kpa = Kpa::new(KpaConfig::new(1.0)).unwrap();
        let mut all: Vec<Box<dyn Policy>> = vec![Box::new(kpa), Box::new(Fixed(6))];
        all.rotate_left(turn);
        let decision = MaxOf::new(all)
            .unwrap()
            .decide(secs(0), &Observation::new(6));
        (decision.replicas, decision.blind)
    });
    assert_eq!(blind[0], blind[1]);
}

/// A wrapped policy's change that never happened is not taken for one of the other direction.
#[test]
fn history_follows_what_was_carried_out() {
    let mut policy = from_fn(|now: Duration, _: &Observation| if now.is_zero() { 20 } else { 14 })
        .rate_limited(autoscale_core::Behavior::default())
        .unwrap();
    // Wants 20 of 16, but something outside brings the count to 10: nothing was added.
    assert_eq!(policy.decide(secs(0), &Observation::new(16)).replicas, 20);
    let decision = policy.decide(secs(1), &Observation::new(10));
    assert_eq!(decision.replicas, 14); // and so four more are within the rates
}
