//! The plan: what a file or the flags ask for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use autoscale_core::{
    ConfigError, Demand, FleetGroup, FleetSizing, InstanceError, InstanceType, LoadPhase,
    NodePoolConfig, NodeSettings, PoolRules, PurchaseOption, ReadReplicasConfig, parse_duration,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::units::{Millis, Price, Share};
use crate::input_error::InputError;
use crate::policy_file::Sections;

/// A plan file. What is absent is not sized.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Plan {
    pub(super) name: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) prices_made_up: bool,
    pub(super) load: Load,
    pub(super) phases: Vec<LoadPhase>,
    pub(super) endpoints: Vec<EndpointLoad>,
    pub(super) objective: Objective,
    pub(super) replica: Option<Replica>,
    pub(super) types: Vec<Instance>,
    /// Another file with them.
    table: Option<PathBuf>,
    pub(super) pool: Pool,
    pub(super) settings: NodeSettings,
    pub(super) fleet: Vec<FleetGroup>,
    pub(super) right_sizing: Targets,
    pub(super) off_peak: OffPeakConfig,
    /// Read apart, with the fields of their configurations.
    read_replicas: Option<IgnoredAny>,
    cache: Option<IgnoredAny>,
}

/// The load, in one of its forms.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Load {
    pub(super) requests_per_minute: Option<f64>,
    pub(super) users: Option<f64>,
    pub(super) requests_per_user_minute: Option<f64>,
    #[serde(deserialize_with = "time")]
    pub(super) think_time: Option<Duration>,
    #[serde(deserialize_with = "time")]
    pub(super) response_time: Option<Duration>,
    pub(super) trace: Option<PathBuf>,
    pub(super) unit: Option<TraceUnit>,
    pub(super) quantile: Option<Share>,
    pub(super) hourly: Option<Vec<f64>>,
    pub(super) utc_offset_hours: Option<f64>,
}

/// What a trace's values count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TraceUnit {
    Requests,
    Rps,
}

/// An endpoint's benchmark and its part of the load.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndpointLoad {
    pub(super) method: String,
    pub(super) path: String,
    #[serde(alias = "p95_latency")]
    pub(super) p95_ms: Millis,
    pub(super) max_rps: f64,
    pub(super) allowed_p95_ms: Option<Millis>,
    pub(super) offered_rps: Option<f64>,
    pub(super) share: Option<Share>,
}

/// What has to be kept to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Objective {
    pub(super) headroom: Option<Share>,
    pub(super) survivor_headroom: Option<Share>,
    pub(super) availability: Option<Share>,
    pub(super) replica_availability: Option<Share>,
    pub(super) min_replicas: Option<u32>,
    pub(super) min_vcpu: f64,
    pub(super) min_memory_gib: f64,
    pub(super) min_gpus: u32,
    pub(super) node_vcpu: f64,
    pub(super) node_memory_gib: f64,
    pub(super) max_cost_per_month: Option<f64>,
}

impl Objective {
    /// Share of the load that capacity is held beyond it.
    pub(super) fn headroom(&self) -> f64 {
        self.headroom.map_or(0.2, |share| share.0)
    }

    pub(super) fn survivor_headroom(&self) -> f64 {
        self.survivor_headroom.map_or(0.0, |share| share.0)
    }

    pub(super) fn replica_availability(&self) -> f64 {
        self.replica_availability.map_or(0.99, |share| share.0)
    }

    /// What nodes must have, for a load.
    pub(super) fn demand(&self, requests_per_minute: f64) -> Demand {
        Demand::new(requests_per_minute)
            .with_headroom(self.headroom())
            .with_survivor_headroom(self.survivor_headroom())
            .with_min_vcpu(self.min_vcpu)
            .with_min_memory_gib(self.min_memory_gib)
            .with_min_gpus(self.min_gpus)
            .with_node_vcpu(self.node_vcpu)
            .with_node_memory_gib(self.node_memory_gib)
    }
}

/// What one replica carries and takes of a node; without it a node is a replica.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Replica {
    pub(super) requests_per_minute: Option<f64>,
    pub(super) vcpu: Option<f64>,
    pub(super) memory_gib: Option<f64>,
}

/// An instance type.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Instance {
    pub(super) name: String,
    vcpu: f64,
    memory_gib: f64,
    #[serde(default)]
    gpus: u32,
    requests_per_minute: Option<f64>,
    on_demand: Option<Price>,
    reserved: Option<Price>,
    spot: Option<Price>,
}

impl Instance {
    /// The type; of no rate of its own it carries what its replicas do.
    fn of(&self, replica: Option<&Replica>) -> Option<InstanceType> {
        let rate = self.requests_per_minute.or_else(|| {
            let replica = replica?;
            let fits = replica.fits(self.vcpu, self.memory_gib, None);
            // Where none fits it carries nothing, but a type must carry something to be in a table.
            Some((fits? * replica.requests_per_minute.unwrap_or(1.0)).max(0.001))
        })?;
        let offer = |price: Option<Price>| price.map(|price| price.0);
        let mut kind = InstanceType::new(&self.name, self.vcpu, self.memory_gib, rate);
        kind.gpus = self.gpus;
        kind.on_demand = offer(self.on_demand);
        kind.reserved = offer(self.reserved);
        kind.spot = offer(self.spot);
        Some(kind)
    }
}

impl Replica {
    /// How many of it fit on a node; `None` where nothing says.
    fn fits(&self, vcpu: f64, memory_gib: f64, requests_per_minute: Option<f64>) -> Option<f64> {
        let by = |whole: Option<f64>, part: Option<f64>| Some((whole? / part? + 1e-9).floor());
        [
            by(Some(vcpu), self.vcpu),
            by(Some(memory_gib), self.memory_gib),
            by(requests_per_minute, self.requests_per_minute),
        ]
        .into_iter()
        .flatten()
        .reduce(f64::min)
    }
}

/// What the group of nodes may consist of, in eksctl's names or ours.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Pool {
    #[serde(alias = "minSize")]
    min_size: Option<u32>,
    #[serde(alias = "maxSize")]
    max_size: Option<u32>,
    #[serde(alias = "instanceTypes")]
    pub(super) instance_types: Option<Vec<String>>,
    #[serde(alias = "onDemandBaseCapacity")]
    on_demand_base_capacity: Option<u32>,
    #[serde(alias = "onDemandPercentageAboveBaseCapacity")]
    on_demand_percentage_above_base_capacity: Option<u32>,
    #[serde(alias = "spotInstancePools")]
    spot_instance_pools: Option<u32>,
    pub(super) purchase_options: Option<Vec<PurchaseOption>>,
    /// Whether what is not said of the distribution is what AWS takes.
    #[serde(skip)]
    pub(super) as_at_aws: bool,
}

impl Pool {
    /// Whether the percentage is the one that AWS takes where none is given.
    pub(super) const fn is_percentage_assumed(&self) -> bool {
        self.as_at_aws && self.on_demand_percentage_above_base_capacity.is_none()
    }

    pub(super) fn rules(&self) -> PoolRules {
        let mut rules = PoolRules::default();
        rules.min_size = self.min_size.unwrap_or(rules.min_size);
        rules.max_size = self.max_size.unwrap_or(rules.max_size);
        rules.on_demand_base_capacity = self.on_demand_base_capacity.unwrap_or(0);
        rules.on_demand_percentage_above_base_capacity = self
            .on_demand_percentage_above_base_capacity
            .or(self.as_at_aws.then_some(100));
        rules.spot_instance_pools = self.spot_instance_pools;
        if let Some(options) = &self.purchase_options {
            rules.purchase_options.clone_from(options);
        }
        rules
    }
}

/// How busy the fleet in use should be.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Targets {
    cpu_utilization: Option<Share>,
    memory_utilization: Option<Share>,
    survivor_utilization: Option<Share>,
}

impl Plan {
    /// The right-sizing that the plan asks for.
    pub(super) fn right_sizing(&self, rules: &PoolRules) -> FleetSizing {
        let targets = &self.right_sizing;
        let mut config = FleetSizing::default();
        for (target, share) in [
            (&mut config.cpu_utilization, targets.cpu_utilization),
            (&mut config.memory_utilization, targets.memory_utilization),
            (
                &mut config.survivor_utilization,
                targets.survivor_utilization,
            ),
        ] {
            *target = share.map_or(*target, |share| share.0);
        }
        config.node_vcpu = self.objective.node_vcpu;
        config.node_memory_gib = self.objective.node_memory_gib;
        config.rules = rules.clone();
        config.settings = self.settings;
        config
    }
}

/// The schedule that is looked for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OffPeakConfig {
    pub(super) max_blocks: u32,
}

impl Default for OffPeakConfig {
    fn default() -> Self {
        Self { max_blocks: 3 }
    }
}

/// The reads of a database, beside the configuration of its replicas.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reads {
    pub(super) reads_per_s: f64,
    /// Replicas that there are.
    #[serde(default)]
    pub(super) replicas: u32,
    pub(super) lag_s: Option<f64>,
    pub(super) writes_per_s: Option<f64>,
}

/// What a cache holds and is asked for, beside the configuration of its nodes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CacheLoad {
    /// Nodes that there are.
    #[serde(default)]
    pub(super) nodes: u32,
    pub(super) memory_gib: Option<f64>,
    /// Memory of a node.
    pub(super) node_memory_gib: Option<f64>,
    pub(super) ops_per_s: Option<f64>,
    pub(super) latency_ms: Option<f64>,
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    parse_duration(&text)
        .map(Some)
        .map_err(serde::de::Error::custom)
}

/// A plan and the file that it is from, for what is wrong with it.
#[derive(Debug)]
pub(super) struct PlanFile {
    pub(super) document: Sections,
    pub(super) plan: Plan,
    /// The file that the instance types are from, where it is another one.
    pub(super) table: Option<Sections>,
    /// What is to be said of how it was read.
    pub(super) notes: Vec<String>,
}

impl PlanFile {
    pub(super) fn new(mut document: Sections) -> Result<Self, InputError> {
        let distribution = ["instancesDistribution", "instances_distribution"];
        let mut words = distribution.iter().chain(&[
            "onDemandBaseCapacity",
            "onDemandPercentageAboveBaseCapacity",
            "spotInstancePools",
        ]);
        let as_at_aws = words.any(|word| document.has_path(&format!("pool.{word}")));
        document.lift("pool", &distribution)?;
        let mut plan: Plan = document.read()?;
        plan.pool.as_at_aws = as_at_aws;
        Ok(Self {
            plan,
            document,
            table: None,
            notes: Vec::new(),
        })
    }

    /// The file of instance types that the plan names.
    pub(super) fn table_path(&self) -> Result<Option<PathBuf>, InputError> {
        let Some(path) = &self.plan.table else {
            return Ok(None);
        };
        if self.plan.types.is_empty() {
            return Ok(Some(self.path_of(path)));
        }
        let message = "table and types exclude each other: give one";
        Err(self.document.refuse("table", message))
    }

    /// With the instance types of another file.
    pub(super) fn with_table(mut self, table: Sections) -> Result<Self, InputError> {
        let types: Table = table.read()?;
        if types.types.is_empty() {
            return Err(table.refuse("", "types is missing: at least one instance type"));
        }
        self.plan.types = types.types;
        self.plan.currency = types.currency.or(self.plan.currency);
        self.plan.prices_made_up = types.prices_made_up;
        self.table = Some(table);
        Ok(self)
    }

    pub(super) fn read_replicas(&self) -> Result<Option<(Reads, ReadReplicasConfig)>, InputError> {
        let ours = ["reads_per_s", "replicas", "lag_s", "writes_per_s"];
        self.document.section("read_replicas", &ours)
    }

    pub(super) fn cache(&self) -> Result<Option<(CacheLoad, NodePoolConfig)>, InputError> {
        let ours = [
            "nodes",
            "memory_gib",
            "node_memory_gib",
            "ops_per_s",
            "latency_ms",
        ];
        self.document.section("cache", &ours)
    }

    /// The instance types that the pool may be of.
    pub(super) fn types(&self) -> Result<Vec<InstanceType>, InputError> {
        let mut types = Vec::new();
        for (index, instance) in self.plan.types.iter().enumerate() {
            let Some(kind) = instance.of(self.plan.replica.as_ref()) else {
                let message = format!(
                    "types[{index}].requests_per_minute is missing: what {} carries, or in \
                     replica what one takes (vcpu, memory_gib)",
                    instance.name
                );
                return Err(self.refuse(&format!("types[{index}]"), message));
            };
            types.push(kind);
        }
        Ok(types)
    }

    /// Keeps the types that the pool names, in the table's order.
    pub(super) fn allowed(&self, types: &[InstanceType]) -> Result<Vec<InstanceType>, InputError> {
        let Some(names) = &self.plan.pool.instance_types else {
            return Ok(types.to_vec());
        };
        let list = self.written("pool.instance_types");
        for (index, name) in names.iter().enumerate() {
            if !types.iter().any(|kind| kind.name == *name) {
                let message = format!(
                    "pool.instance_types[{index}] is {name}, must be the name of a type in the table"
                );
                return Err(self.document.refuse(&format!("{list}[{index}]"), message));
            }
        }
        let allowed = types.iter().filter(|kind| names.contains(&kind.name));
        Ok(allowed.cloned().collect())
    }

    /// How many replicas fit on a node of this type, where replicas share nodes.
    pub(super) fn fits(&self, kind: &InstanceType) -> Option<f64> {
        let replica = self.plan.replica.as_ref()?;
        let own = self.plan.types.iter().find(|i| i.name == kind.name)?;
        replica.fits(kind.vcpu, kind.memory_gib, own.requests_per_minute)
    }

    /// An error about a field.
    pub(super) fn refuse(&self, path: &str, message: impl Into<String>) -> InputError {
        match &self.table {
            Some(table) if path.starts_with("types") => table.refuse(path, message),
            _ => self.document.refuse(path, message),
        }
    }

    /// An error about a file that a field names: of the file as a whole it belongs to the field.
    pub(super) fn named_at(&self, field: &str, error: InputError) -> InputError {
        if error.has_place() || !self.document.has_path(field) {
            return error;
        }
        self.document.refuse(field, format!("{field}: {error}"))
    }

    /// A configuration's error, with the plan's names of the fields.
    pub(super) fn refused(&self, section: &str, error: &ConfigError) -> InputError {
        let field: &str = match error {
            ConfigError::OutOfRange { field, .. } | ConfigError::Missing { field, .. } => field,
            ConfigError::Inconsistent { field, .. } => field,
            _ => "",
        };
        let path = place(section, field);
        let message = error.to_string().replacen(field, &path, 1);
        self.refuse(&self.written(&path), message)
    }

    /// Why no instances were chosen, where that is the input's fault.
    pub(super) fn refused_instances(&self, section: &str, error: &InstanceError) -> InputError {
        match error {
            InstanceError::Config(error) => self.refused(section, error),
            InstanceError::UnknownType { field, .. } => self.refuse(field, error.to_string()),
            _ => self.refuse(section, error.to_string()),
        }
    }

    /// The path as the file writes it: eksctl's name where that is the one there.
    fn written(&self, path: &str) -> String {
        let camel = path
            .split('_')
            .enumerate()
            .map(|(i, part)| match part.chars().next() {
                Some(first) if i > 0 => first.to_ascii_uppercase().to_string() + &part[1..],
                _ => part.to_owned(),
            })
            .collect::<String>();
        if self.document.has_path(&camel) {
            camel
        } else {
            path.to_owned()
        }
    }

    /// Where a relative path of the plan points to.
    pub(super) fn path_of(&self, path: &Path) -> PathBuf {
        self.document.folder().join(path)
    }
}

/// The field of the plan that a configuration's field comes from.
fn place(section: &str, field: &str) -> String {
    let first = field.split(['.', '[']).next().unwrap_or(field);
    match first {
        "types" | "fleet" | "settings" | "phases" | "endpoints" => field.to_owned(),
        "user_load" => "load.requests_per_user_minute".to_owned(),
        "users" | "requests_per_minute" => format!("load.{field}"),
        "replica_requests_per_minute" => "replica.requests_per_minute".to_owned(),
        "utilization" => "objective.headroom".to_owned(),
        "headroom"
        | "survivor_headroom"
        | "min_vcpu"
        | "min_memory_gib"
        | "min_gpus"
        | "node_vcpu"
        | "node_memory_gib"
        | "availability"
        | "replica_availability" => {
            format!("objective.{field}")
        }
        "min_replicas" if section == "replica" => "objective.min_replicas".to_owned(),
        "min_size"
        | "max_size"
        | "on_demand_percentage_above_base_capacity"
        | "spot_instance_pools"
        | "purchase_options" => format!("pool.{field}"),
        _ if section.is_empty() => field.to_owned(),
        _ => format!("{section}.{field}"),
    }
}

/// A file of instance types alone.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table {
    types: Vec<Instance>,
    currency: Option<String>,
    prices_made_up: bool,
}
