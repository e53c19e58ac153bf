//! Any configuration and any observation, made of bytes: proptest shrinks them, and the fuzzer
//! grows them.

use std::time::Duration;

use autoscale_core::{
    Behavior, Change, Compat, HpaConfig, KpaConfig, MetricSpec, Milli, ResourceTarget,
    ScalingPolicy, ScalingRules, SelectPolicy, ValueTarget,
};

#[path = "decode_observation.rs"] // the fuzzer finds this file by its path as well
mod observation;

/// Reads values off a byte string; zeros follow its end.
#[derive(Clone, Debug)]
pub(crate) struct Bytes<'a> {
    rest: &'a [u8],
    plain: bool,
    /// Whether the metrics of the last HPA are read pod by pod, so that readings mostly fit them.
    per_pod: Vec<bool>,
}

impl<'a> Bytes<'a> {
    /// Every value that the types can hold.
    pub(crate) const fn new(rest: &'a [u8]) -> Self {
        Self {
            rest,
            plain: false,
            per_pod: Vec::new(),
        }
    }

    /// The same, but durations of whole milliseconds and at most a few years.
    #[allow(dead_code)] // only used where something is written to files
    pub(crate) fn plain(rest: &'a [u8]) -> Self {
        Self {
            plain: true,
            ..Self::new(rest)
        }
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else {
            return 0;
        };
        self.rest = rest;
        *first
    }

    fn below(&mut self, count: u8) -> u8 {
        self.byte() % count
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    fn raw(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.byte()) % from.len()]
    }

    pub(crate) fn u32(&mut self) -> u32 {
        match self.below(8) {
            0..=3 => u32::from(self.byte() % 20),
            4 => u32::from(self.byte()),
            5 => self.pick(&[0, 1, i32::MAX.unsigned_abs(), 1 << 31, u32::MAX]),
            _ => (self.raw() & 0xffff_ffff) as u32,
        }
    }

    pub(crate) fn milli(&mut self) -> Milli {
        Milli(match self.below(8) {
            0..=4 => i64::from(self.byte()) * 10,
            5 => self.pick(&[0, 1, -1, i64::MAX, i64::MIN, i64::from(i32::MAX)]),
            6 => -i64::from(self.byte()),
            _ => self.raw().cast_signed(),
        })
    }

    pub(crate) fn duration(&mut self) -> Duration {
        match self.below(if self.plain { 6 } else { 8 }) {
            0..=2 => Duration::from_secs(u64::from(self.byte())),
            3 | 4 => Duration::from_secs(u64::from(self.byte()) * 15),
            5 => Duration::from_millis(self.raw() & 0xf_ffff),
            6 => self.pick(&[Duration::ZERO, Duration::from_nanos(1), Duration::MAX]),
            _ => Duration::new(self.raw(), (self.raw() % 1_000_000_000) as u32),
        }
    }

    fn short(&mut self, limit: u64) -> Duration {
        Duration::from_secs(u64::from(self.byte()) * 15 % (limit + 1))
    }

    fn f64(&mut self, least: f64) -> f64 {
        let value = match self.below(6) {
            0 => least,
            1 => least + f64::from(self.byte()) / 100.0,
            2 => least + f64::from(self.byte()),
            3 => least + self.pick(&[0.1, f64::EPSILON, f64::MIN_POSITIVE, 5e-324]),
            4 => f64::MAX,
            _ => f64::from_bits(self.raw()),
        };
        if value.is_finite() && value >= least {
            value
        } else {
            least
        }
    }

    fn name(&mut self) -> String {
        self.pick(&["cpu", "memory", "app"]).to_owned()
    }

    fn many<T>(&mut self, most: u8, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.below(most + 1);
        (0..count).map(|_| one(self)).collect()
    }

    /// At least one, but for one time in 16.
    fn some<T>(&mut self, most: u8, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = if self.below(16) == 0 {
            0
        } else {
            1 + self.below(most)
        };
        (0..count).map(|_| one(self)).collect()
    }

    fn optional<T>(&mut self, one: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flag().then(|| one(self))
    }

    fn target(&mut self) -> Milli {
        Milli(self.milli().0.saturating_abs().max(1))
    }

    fn resource_target(&mut self) -> ResourceTarget {
        if self.flag() {
            ResourceTarget::Utilization(self.u32().max(1))
        } else {
            ResourceTarget::AverageValue(self.target())
        }
    }

    fn value_target(&mut self) -> ValueTarget {
        if self.flag() {
            ValueTarget::Value(self.target())
        } else {
            ValueTarget::AverageValue(self.target())
        }
    }

    fn metric(&mut self) -> MetricSpec {
        match self.below(16) {
            0..=5 => MetricSpec::Resource {
                name: self.name(),
                target: self.resource_target(),
            },
            6 => MetricSpec::ContainerResource {
                name: self.name(),
                container: self.name(),
                target: self.resource_target(),
            },
            7..=10 => MetricSpec::Pods {
                name: self.name(),
                average_value: self.target(),
            },
            11 | 12 => MetricSpec::Object {
                name: self.name(),
                target: self.value_target(),
            },
            13 | 14 => MetricSpec::External {
                name: self.name(),
                target: self.value_target(),
            },
            _ => MetricSpec::Unknown {
                source_type: self.name(),
            },
        }
    }

    fn rules(&mut self) -> ScalingRules {
        let mut policies = self.many(2, Self::policy);
        policies.push(self.policy());
        let select = [SelectPolicy::Max, SelectPolicy::Min, SelectPolicy::Disabled];
        ScalingRules::scale_up()
            .with_stabilization_window(self.optional(|b| b.short(3600)))
            .with_tolerance(self.optional(|b| b.f64(0.0)))
            .with_select(self.pick(&select))
            .with_policies(policies)
    }

    fn policy(&mut self) -> ScalingPolicy {
        let amount = self.u32().clamp(1, i32::MAX.unsigned_abs());
        ScalingPolicy {
            change: if self.flag() {
                Change::Pods(amount)
            } else {
                Change::Percent(amount)
            },
            period: self.short(1799) + Duration::from_secs(1),
        }
    }

    /// Any rules that [`autoscale_core::PolicyExt::rate_limited`] accepts.
    pub(crate) fn behavior(&mut self) -> Behavior {
        let scale_up = self.rules();
        Behavior::new(scale_up, self.rules())
    }

    /// Any configuration that `Hpa::new` accepts.
    pub(crate) fn hpa_config(&mut self) -> HpaConfig {
        let mut metrics = self.many(2, Self::metric);
        metrics.push(self.metric());
        let wakes =
            |m: &MetricSpec| matches!(m, MetricSpec::Object { .. } | MetricSpec::External { .. });
        let max = self.u32().saturating_add(u32::from(self.byte()));
        let max = max.clamp(1, i32::MAX.unsigned_abs());
        // Zero where it can be left again; at least one elsewhere.
        let scale_to_zero = self.flag();
        let least = u32::from(!scale_to_zero || !metrics.iter().any(wakes));
        let min = if self.flag() { self.u32() } else { 0 };
        let min = min.clamp(least, max);
        self.per_pod = metrics.iter().map(|m| !wakes(m)).collect();
        HpaConfig::new(max, metrics)
            .with_min_replicas(min)
            .with_behavior(self.optional(Self::behavior))
            .with_tolerance(self.f64(0.0))
            .with_downscale_stabilization(self.short(3600))
            .with_cpu_initialization_period(self.duration())
            .with_initial_readiness_delay(self.duration())
            .with_legacy_scale_up_factor(self.f64(1.0))
            .with_legacy_scale_up_minimum(self.u32())
            .with_scale_to_zero(scale_to_zero)
            .with_pod_level_requests(self.flag())
            .with_max_sample_age(self.optional(|b| b.short(3600)))
            .with_compat(self.pick(&[Compat::Repaired, Compat::Upstream]))
            .with_first_reading(self.pick(&[0, 0, 0, 1, usize::MAX]))
    }

    /// Any configuration that `Kpa::new` accepts.
    pub(crate) fn kpa_config(&mut self) -> KpaConfig {
        let stable = self.short(3600);
        KpaConfig::new(self.f64(0.0).max(5e-324))
            .with_total_value(self.optional(|b| b.f64(0.0)))
            .with_target_burst_capacity(if self.flag() { -1.0 } else { self.f64(0.0) })
            .with_panic_threshold(self.f64(1.0))
            .with_max_scale_up_rate(self.f64(1.0))
            .with_max_scale_down_rate(self.f64(1.0))
            .with_stable_window(stable)
            .with_panic_window(self.short(3600).min(stable))
            .with_scale_down_delay(self.short(3600))
            .with_activation_scale((self.u32() >> 1).max(1))
            .with_reachable(self.flag())
            .with_max_sample_age(self.optional(Self::duration))
            .with_reading(self.pick(&[0, 0, 0, 1, usize::MAX]))
    }
}
