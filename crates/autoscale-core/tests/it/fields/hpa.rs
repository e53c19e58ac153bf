//! Every field of an HPA's configuration.

use autoscale_core::{
    Behavior, Change, Compat, Hpa, HpaConfig, MetricReading, Milli, Observation, Policy, Readiness,
    Request, Sample, ScalingPolicy, SelectPolicy,
};

use super::assert_covers;
use crate::given::{
    average, behavior, config, cpu, external, pod, rules, secs, seen, seen_value, with_pods, young,
};

/// Counts after each of the observations, 15 s apart, in an HPA that has seen one quiet tick.
fn hpa(config: &HpaConfig, script: &[Observation]) -> Vec<u32> {
    let mut hpa = Hpa::new(config.clone()).unwrap();
    hpa.decide(secs(0), &Observation::new(script[0].spec_replicas));
    let times = (1..).map(|tick| secs(tick * 15));
    times
        .zip(script)
        .map(|(now, seen)| hpa.decide(now, seen).replicas)
        .collect()
}

/// One case: the field, two configurations that differ in it, what is seen, both answers.
struct Case<C>(&'static str, C, C, Vec<Observation>, [Vec<u32>; 2]);

fn check_hpa(cases: impl IntoIterator<Item = Case<HpaConfig>>) {
    for Case(field, base, changed, script, expected) in cases {
        assert_eq!(
            [hpa(&base, &script), hpa(&changed, &script)],
            expected,
            "{field}"
        );
        assert_ne!(expected[0], expected[1], "{field}");
    }
}

#[test]
fn hpa_config() {
    let base = || config(cpu(50));
    let one = |usages: &[i64]| vec![seen(usages)];
    let young_ones = vec![with_pods(vec![young(); 3], &[Some(900); 3])];
    let never_ready = autoscale_core::PodGroup {
        ready: Some(Readiness::False),
        started_age: Some(secs(400)),
        ready_transition_age: Some(secs(380)),
        ..pod()
    };
    let never_ready = vec![with_pods(vec![pod(), never_ready], &[Some(900), Some(900)])];
    let large = autoscale_core::PodGroup {
        pod_requests: vec![Request {
            resource: "cpu".into(),
            amount: Milli(2000),
        }],
        ..pod()
    };
    let old = Sample {
        age: secs(400),
        ..Sample::of_group(0, 3, Milli(900))
    };
    let stale = Observation {
        readings: vec![MetricReading::Pods(vec![old])],
        pods: vec![autoscale_core::PodGroup { count: 3, ..pod() }],
        ..seen(&[0; 3])
    };
    let adolescent = autoscale_core::PodGroup {
        started_age: Some(secs(100)),
        ready_transition_age: Some(secs(60)),
        ..pod()
    };
    let without_a_sample = vec![with_pods(vec![adolescent, pod()], &[None, Some(0)])];
    let second = Observation {
        readings: [seen(&[500; 3]).readings, seen(&[900; 3]).readings].concat(),
        ..seen(&[0; 3])
    };
    let zero = || config(external(average(10))).with_min_replicas(0);
    let cases = vec![
        Case(
            "first_sample_grace",
            config(cpu(100)),
            config(cpu(100)).with_first_sample_grace(secs(30)),
            without_a_sample,
            [vec![1], vec![2]],
        ),
        Case(
            "min_replicas",
            base(),
            base().with_min_replicas(3),
            one(&[500; 2]),
            [vec![2], vec![3]],
        ),
        Case(
            "max_replicas",
            base(),
            HpaConfig::new(5, [cpu(50)]),
            one(&[900; 3]),
            [vec![6], vec![5]],
        ),
        Case(
            "metrics",
            base(),
            config(cpu(90)),
            one(&[900; 3]),
            [vec![6], vec![3]],
        ),
        Case(
            "behavior",
            base(),
            base().with_behavior(Some(Behavior::default())),
            one(&[9000]),
            [vec![4], vec![5]],
        ),
        Case(
            "tolerance",
            base(),
            base().with_tolerance(0.05),
            one(&[540; 3]),
            [vec![3], vec![4]],
        ),
        Case(
            "downscale_stabilization",
            base(),
            base().with_downscale_stabilization(secs(15)),
            one(&[100; 5]),
            [vec![1], vec![5]],
        ),
        Case(
            "cpu_initialization_period",
            base(),
            base().with_cpu_initialization_period(secs(60)),
            young_ones,
            [vec![3], vec![6]],
        ),
        Case(
            "initial_readiness_delay",
            base(),
            base().with_initial_readiness_delay(secs(10)),
            never_ready,
            [vec![2], vec![4]],
        ),
        Case(
            "legacy_scale_up_factor",
            base(),
            base().with_legacy_scale_up_factor(3.0),
            one(&[9000; 3]),
            [vec![6], vec![9]],
        ),
        Case(
            "legacy_scale_up_minimum",
            base(),
            base().with_legacy_scale_up_minimum(7),
            one(&[9000; 3]),
            [vec![6], vec![7]],
        ),
        Case(
            "scale_to_zero",
            zero().with_compat(Compat::Upstream),
            zero()
                .with_compat(Compat::Upstream)
                .with_scale_to_zero(false),
            vec![seen_value(2, 0), seen_value(0, 30)],
            [vec![0, 3], vec![0, 0]],
        ),
        Case(
            "pod_level_requests",
            base(),
            base().with_pod_level_requests(false),
            vec![with_pods(vec![large; 3], &[Some(900); 3])],
            [vec![3], vec![6]],
        ),
        Case(
            "max_sample_age",
            base(),
            base().with_max_sample_age(None),
            vec![stale],
            [vec![3], vec![6]],
        ),
        Case(
            "compat",
            base(),
            base().with_compat(Compat::Upstream),
            vec![with_pods(
                vec![pod(); 5],
                &[Some(100), Some(100), Some(100), Some(100), None],
            )],
            [vec![5], vec![3]],
        ),
        Case(
            "first_reading",
            base(),
            base().with_first_reading(1),
            vec![second],
            [vec![3], vec![6]],
        ),
    ];
    assert_covers(&base(), cases.iter().map(|c| c.0));
    check_hpa(cases);
}

#[test]
fn behavior_and_rules() {
    let base = || behavior(None, None);
    let with = |change: &dyn Fn(&mut Behavior)| {
        let mut changed = base();
        change(&mut changed);
        config(cpu(50)).with_behavior(Some(changed))
    };
    let none = || with(&|_| {});
    let up = || vec![seen(&[900; 3]), seen(&[900; 3])];
    let down = || vec![seen(&[200; 10])];
    let slow = |from: &mut autoscale_core::ScalingRules| from.policies[0].change = Change::Pods(2);
    let sides = vec![
        Case(
            "scale_up",
            none(),
            with(&|b| slow(&mut b.scale_up)),
            up(),
            [vec![6, 6], vec![5, 5]],
        ),
        Case(
            "scale_down",
            none(),
            with(&|b| slow(&mut b.scale_down)),
            down(),
            [vec![4], vec![8]],
        ),
    ];
    assert_covers(&base(), sides.iter().map(|c| c.0));
    check_hpa(sides);

    for upwards in [true, false] {
        let changed = |change: &dyn Fn(&mut autoscale_core::ScalingRules)| {
            with(&|b| {
                change(if upwards {
                    &mut b.scale_up
                } else {
                    &mut b.scale_down
                })
            })
        };
        let script = || if upwards { up() } else { down() };
        let free = || if upwards { vec![6, 6] } else { vec![4] };
        let held = || if upwards { vec![3, 6] } else { vec![10] };
        let never = || if upwards { vec![3, 3] } else { vec![10] };
        let limited = || if upwards { vec![5, 5] } else { vec![8] };
        let case = |name, change: &dyn Fn(&mut autoscale_core::ScalingRules), expected| {
            Case(name, none(), changed(change), script(), [free(), expected])
        };
        let cases = vec![
            case(
                "stabilization_window",
                &|r| r.stabilization_window = Some(secs(30)),
                held(),
            ),
            case("tolerance", &|r| r.tolerance = Some(0.9), never()),
            case("select", &|r| r.select = SelectPolicy::Disabled, never()),
            case("policies", &|r| slow(r), limited()),
        ];
        assert_covers(&base().scale_up, cases.iter().map(|c| c.0));
        check_hpa(cases);
    }

    let limited = |change, period| {
        let up = rules(SelectPolicy::Max, &[(change, period)]);
        config(cpu(50)).with_behavior(Some(behavior(Some(up), None)))
    };
    let twice = || vec![seen(&[9000; 3]), seen(&[9000; 5])];
    let cases = vec![
        Case(
            "change",
            limited(Change::Pods(2), 60),
            limited(Change::Percent(200), 60),
            vec![seen(&[9000; 3])],
            [vec![5], vec![9]],
        ),
        Case(
            "period",
            limited(Change::Pods(2), 60),
            limited(Change::Pods(2), 15),
            twice(),
            [vec![5, 5], vec![5, 7]],
        ),
    ];
    let policy = ScalingPolicy {
        change: Change::Pods(1),
        period: secs(1),
    };
    assert_covers(&policy, cases.iter().map(|c| c.0));
    check_hpa(cases);
}
