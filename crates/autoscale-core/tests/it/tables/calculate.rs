//! One metric to one count.

use autoscale_core::{
    Behavior, Compat, Container, ContainerValue, HpaConfig, MetricError, MetricReading, MetricSpec,
    MetricStage, Milli, Observation, Phase, PodCounts, PodGroup, Readiness, ReplicaCalculator,
    Request, ResourceTarget, Sample, SampleValue,
};

use crate::given::{
    average, config, cpu, external, memory, object, pod, pods_metric, samples, secs, seen,
    seen_value, value, with_pods, young,
};

fn calculate(config: &HpaConfig, seen: &Observation) -> MetricStage {
    ReplicaCalculator::new(config).calculate(&config.metrics[0], &seen.readings[0], seen)
}

#[test]
fn utilization_and_tolerance() {
    // (usage of each pod in ‰ of the request, utilization, proposal, held by tolerance)
    for (usages, utilization, proposal, held) in [
        (vec![900, 900, 900], 90, 6, false),
        (vec![100; 5], 10, 1, false),
        (vec![540; 3], 54, 3, true),
        (vec![550; 3], 55, 3, true), // exactly 1.1
        (vec![560; 3], 56, 4, false),
        (vec![569; 3], 56, 4, false),  // whole percents, cut
        (vec![450; 10], 45, 10, true), // exactly 0.9
        (vec![440; 10], 44, 9, false),
        (vec![440; 3], 44, 3, false), // ⌈2.64⌉: below tolerance, yet no change
        (vec![500; 3], 50, 3, false),
        (vec![0; 4], 0, 0, false),
        (vec![1000, 0], 50, 2, false),
    ] {
        let stage = calculate(&config(cpu(50)), &seen(&usages));
        assert_eq!(stage.proposal, Ok(proposal), "{usages:?}");
        assert_eq!(stage.utilization_percent, Some(utilization), "{usages:?}");
        assert_eq!(stage.within_tolerance, held, "{usages:?}");
    }
}

#[test]
fn tolerance_of_each_direction() {
    let with = |up: Option<f64>, down: Option<f64>| {
        let mut behavior = Behavior::default();
        behavior.scale_up.tolerance = up;
        behavior.scale_down.tolerance = down;
        config(cpu(50)).with_behavior(Some(behavior))
    };
    // (up, down, usage, proposal for 10 pods)
    for (up, down, usage, proposal) in [
        (Some(0.0), None, 510, 11),
        (Some(0.0), None, 460, 10),
        (None, Some(0.0), 490, 10), // ⌈9.8⌉
        (None, Some(0.0), 440, 9),
        (None, Some(0.3), 360, 10),
        (None, Some(0.3), 340, 7),
        (Some(0.5), None, 740, 10),
        (Some(0.5), None, 760, 16), // ⌈15.2⌉
    ] {
        let stage = calculate(&with(up, down), &seen(&[usage; 10]));
        assert_eq!(stage.proposal, Ok(proposal), "{up:?} {down:?} {usage}");
    }
}

#[test]
fn missing_pods() {
    let lost = |stage: &MetricStage| (stage.proposal, stage.samples_lost);
    let five = |missing: PodGroup| {
        let mut pods = vec![pod(); 4];
        pods.push(missing);
        with_pods(pods, &[Some(100), Some(100), Some(100), Some(100), None])
    };
    // Below the target a young missing pod is taken to use its whole request: 28 % of 50 %.
    let stage = calculate(&config(cpu(50)), &five(young()));
    assert_eq!(lost(&stage), (Ok(3), false));
    assert_eq!(stage.adjusted_ratio, Some(0.56));
    assert_eq!((stage.pods.ready, stage.pods.missing), (4, 1));
    // … or the target, where that is more than the request: 54 % of 150 %.
    let mut busy = five(young());
    busy.readings = vec![samples(&[Some(300), Some(300), Some(300), Some(300), None])];
    assert_eq!(lost(&calculate(&config(cpu(150)), &busy)), (Ok(2), false));
    // A grown-up one forbids scaling in, unless upstream's answer is wanted.
    assert_eq!(
        lost(&calculate(&config(cpu(50)), &five(pod()))),
        (Ok(5), true)
    );
    let upstream = config(cpu(50)).with_compat(Compat::Upstream);
    assert_eq!(lost(&calculate(&upstream, &five(pod()))), (Ok(3), false));

    // Above the target it is taken to use nothing.
    for (values, proposal) in [
        (vec![Some(900), Some(900), None], 4),       // 60 % of 50 %
        (vec![Some(700), Some(700), None, None], 4), // 35 %: other side, no change
        (vec![Some(800), None], 2),                  // 40 %: other side
        (vec![Some(540), Some(540), Some(540), None], 4), // 40 %: other side
        (vec![Some(500), Some(500), None], 3),       // on target: not filled in
    ] {
        let seen = with_pods(vec![pod(); values.len()], &values);
        assert_eq!(
            calculate(&config(cpu(50)), &seen).proposal,
            Ok(proposal),
            "{values:?}"
        );
    }
}

#[test]
fn unready_pods() {
    let pending = PodGroup {
        phase: Phase::Pending,
        ..pod()
    };
    let up = with_pods(vec![pod(), pod(), pending.clone()], &[Some(900), Some(900)]);
    let stage = calculate(&config(cpu(50)), &up);
    assert_eq!((stage.proposal, stage.pods.unready), (Ok(4), 1)); // 60 % of 50 %
    let mut pods = vec![pod(); 4];
    pods.push(pending);
    let down = with_pods(pods, &[Some(100); 4]);
    assert_eq!(calculate(&config(cpu(50)), &down).proposal, Ok(1)); // 10 % of 50 % of 4
}

/// Group of one pod of each kind, CPU and memory: (ready, unready, missing, ignored).
#[test]
fn groups() {
    let at = |started: u64, transition: u64, ready: Readiness| PodGroup {
        started_age: Some(secs(started)),
        ready_transition_age: Some(secs(transition)),
        ready: Some(ready),
        ..pod()
    };
    let (yes, no) = (Readiness::True, Readiness::False);
    let phase = |phase| PodGroup { phase, ..pod() };
    let deleting = PodGroup {
        deleting: true,
        ..pod()
    };
    let no_condition = PodGroup {
        ready: None,
        ..pod()
    };
    let not_started = PodGroup {
        started_age: None,
        ..pod()
    };
    const READY: [u32; 4] = [1, 0, 0, 0];
    const UNREADY: [u32; 4] = [0, 1, 0, 0];
    const IGNORED: [u32; 4] = [0, 0, 0, 1];
    for (name, pod, cpu, memory) in [
        ("grown-up", pod(), READY, READY),
        ("deleting", deleting, IGNORED, IGNORED),
        ("failed", phase(Phase::Failed), IGNORED, IGNORED),
        ("succeeded", phase(Phase::Succeeded), IGNORED, IGNORED),
        ("pending", phase(Phase::Pending), UNREADY, UNREADY),
        ("no condition", no_condition, UNREADY, READY),
        ("not started", not_started, UNREADY, READY),
        (
            "young, window before ready",
            at(60, 20, yes),
            UNREADY,
            READY,
        ),
        ("young, window after ready", at(100, 60, yes), READY, READY),
        ("young, not ready", at(100, 90, no), UNREADY, READY),
        ("never ready", at(400, 380, no), UNREADY, READY),
        ("turned unready", at(400, 360, no), READY, READY),
        ("as old as the period", at(300, 10, yes), READY, READY),
    ] {
        for (resource, expected) in [("cpu", cpu), ("memory", memory)] {
            let mut calculator = ReplicaCalculator::new(&config(crate::given::cpu(50)));
            let sample = [Sample::of_group(0, 1, Milli(1))];
            let counts = calculator.group_pods(Some(resource), std::slice::from_ref(&pod), &sample);
            assert_eq!(flat(counts[0].pods), expected, "{name}, {resource}");
        }
    }
    let mut calculator = ReplicaCalculator::new(&config(cpu(50)));
    let counts = calculator.group_pods(
        None,
        &[pod(), PodGroup { count: 3, ..pod() }],
        &[
            Sample::of_group(1, 2, Milli(1)),
            Sample::of_group(7, 2, Milli(1)),
        ],
    );
    assert_eq!(
        (flat(counts[0].pods), flat(counts[1].pods)),
        ([0, 0, 1, 0], [2, 0, 1, 0])
    );
}

fn flat(pods: PodCounts) -> [u32; 4] {
    [pods.ready, pods.unready, pods.missing, pods.ignored]
}

#[test]
fn plain_values_containers_and_requests() {
    let three = seen(&[900; 3]);
    assert_eq!(calculate(&config(memory(500)), &three).proposal, Ok(6));
    assert_eq!(calculate(&config(pods_metric(500)), &three).proposal, Ok(6));

    let container = |name: &str| {
        config(MetricSpec::ContainerResource {
            name: "cpu".into(),
            container: name.into(),
            target: ResourceTarget::Utilization(50),
        })
    };
    let sidecar = Container {
        name: "proxy".into(),
        restartable: true,
        requests: vec![Request {
            resource: "cpu".into(),
            amount: Milli(100),
        }],
    };
    let group = PodGroup {
        count: 2,
        init_containers: vec![sidecar],
        ..pod()
    };
    let part = |name: &str, amount| ContainerValue {
        name: name.into(),
        value: Some(Milli(amount)),
    };
    let sample = Sample {
        value: SampleValue::Containers(vec![part("app", 770), part("proxy", 100)]),
        ..Sample::of_group(0, 2, Milli(0))
    };
    let mut seen = with_pods(vec![group], &[]);
    seen.readings = vec![MetricReading::Pods(vec![sample])];
    // 77 % of the container; 100 % of the sidecar; 870 of 1100 = 79 % of the pod.
    assert_eq!(calculate(&container("app"), &seen).proposal, Ok(4));
    assert_eq!(
        calculate(&container("proxy"), &seen).utilization_percent,
        Some(100)
    );
    assert_eq!(
        calculate(&config(cpu(50)), &seen).utilization_percent,
        Some(79)
    );
    let error = |c: &HpaConfig, seen: &Observation| calculate(c, seen).error();
    let stranger = error(&container("x"), &seen);
    assert_eq!(stranger, Some(MetricError::ContainerMetricMissing));
    seen.pods[0].containers[0].name = "web".into();
    assert_eq!(
        error(&container("app"), &seen),
        Some(MetricError::ContainerNotFound)
    );
    seen.pods[0].containers[0].requests.clear();
    assert_eq!(
        error(&config(cpu(50)), &seen),
        Some(MetricError::MissingRequest)
    );
    // A pod-level request of 2000m for 870m: 43 %.
    seen.pods[0].pod_requests = vec![Request {
        resource: "cpu".into(),
        amount: Milli(2000),
    }];
    assert_eq!(
        calculate(&config(cpu(50)), &seen).utilization_percent,
        Some(43)
    );
}

#[test]
fn values_for_the_whole_target() {
    for (metric, total, proposal) in [
        (object(value(50)), 90, 6),   // ⌈1.8 × 3⌉
        (object(value(50)), 54, 3),   // 1.08
        (object(value(50)), 20, 2),   // ⌈0.4 × 3⌉
        (object(average(20)), 90, 5), // ⌈90 ÷ 20⌉
        (object(average(20)), 62, 3), // 62 ÷ 60
        (external(average(20)), 20, 1),
        (external(value(50)), 101, 7), // ⌈2.02 × 3⌉
    ] {
        let stage = calculate(&config(metric.clone()), &seen_value(3, total));
        assert_eq!(stage.proposal, Ok(proposal), "{metric:?} {total}");
    }
    let mut series = seen_value(3, 0);
    series.readings = vec![MetricReading::Values {
        values_milli: vec![Milli(40), Milli(50)],
        age: secs(0),
    }];
    assert_eq!(
        calculate(&config(external(value(50))), &series).proposal,
        Ok(6)
    );
}

#[test]
fn failures() {
    let none = with_pods(vec![pod()], &[]);
    let reading = |reading: MetricReading| Observation {
        readings: vec![reading],
        ..none.clone()
    };
    let values = |values: &[i64], age| MetricReading::Values {
        values_milli: values.iter().copied().map(Milli).collect(),
        age: secs(age),
    };
    let aged = |age| Sample {
        age: secs(age),
        ..Sample::of_group(0, 1, Milli(1))
    };
    let pods = |sample: Sample| MetricReading::Pods(vec![sample]);
    let total = || object(value(1));
    let negative = Sample::of_group(0, 1, Milli(-1));
    let unknown = MetricSpec::Unknown {
        source_type: "new".into(),
    };
    use MetricError as E;
    for (metric, seen, error) in [
        (cpu(50), reading(MetricReading::Failed), E::FetchFailed),
        (cpu(50), reading(MetricReading::Pods(vec![])), E::NoSamples),
        (cpu(50), reading(values(&[1], 0)), E::WrongReading),
        (cpu(50), reading(pods(aged(301))), E::Stale),
        (cpu(50), reading(pods(negative)), E::Negative),
        (
            cpu(50),
            reading(pods(Sample::of_group(9, 1, Milli(1)))),
            E::MetricsMatchNoPod,
        ),
        (total(), reading(MetricReading::Failed), E::FetchFailed),
        (total(), reading(values(&[], 0)), E::NoSamples),
        (total(), reading(values(&[1], 301)), E::Stale),
        (total(), reading(values(&[5, -1], 0)), E::Negative),
        (total(), reading(samples(&[Some(1)])), E::WrongReading),
        (unknown, reading(MetricReading::Failed), E::UnknownSource),
    ] {
        let stage = calculate(&config(metric.clone()), &seen);
        assert_eq!(stage.error(), Some(error), "{metric:?} {seen:?}");
    }
    let no_pods = Observation {
        pods: vec![],
        ..seen(&[1])
    };
    assert_eq!(
        calculate(&config(cpu(50)), &no_pods).error(),
        Some(E::NoPods)
    );
    // As old as allowed is not stale.
    let edge = calculate(&config(memory(1)), &reading(pods(aged(300))));
    assert_eq!((edge.proposal, edge.rejected_samples), (Ok(1), 0));
}
