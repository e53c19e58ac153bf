//! From the plan to the answer.

use autoscale_core::{
    ConfigError, InstanceError, InstanceType, NodeGroup, PoolRules, Provision, ProvisionConfig,
    ProvisionReason, provision,
};

use super::figures::number;
use super::load::Load;
use super::nodes::{Budget, Chosen, Need, shortage};
use super::offers;
use super::plan::PlanFile;
use super::report::{
    Bar, ChosenBy, MixReport, NodesReport, ObjectiveReport, Raised, ReplicaIs, Replicas, Report,
    Stage, Unit, cheaper, shortfall,
};
use super::{around, fleet};
use crate::input_error::InputError;

/// Most replicas that one node is taken to carry where only the errors of a load are looked for.
const ANY_RATE: f64 = 1e9;
/// Most headroom that is not taken for a mistyped percentage.
pub(crate) const MOST_HEADROOM: f64 = 10.0;
const HEADROOM_BOUND: &str = "0 … 10: it is a share, 30% is 0.3";

/// Answers a plan; `name` and `command` are what it is called and how it is asked again.
pub(super) fn answer(file: &PlanFile, name: String, command: String) -> Result<Report, InputError> {
    check_objective(file)?;
    let plan = &file.plan;
    let mut load = Load::read(file)?;
    let mut notes = file.notes.clone();
    notes.append(&mut load.notes);
    let objective = ObjectiveReport {
        headroom: plan.objective.headroom(),
        survivor_headroom: plan.objective.survivor_headroom(),
        availability: plan.objective.availability.map(|share| share.0),
        replica_availability: plan
            .objective
            .availability
            .map(|_| plan.objective.replica_availability()),
    };
    let report = Report {
        plan: name,
        currency: plan.currency.clone(),
        prices_made_up: plan.prices_made_up && !plan.types.is_empty(),
        load,
        objective,
        replicas: None,
        instances: None,
        no_cost: None,
        left_out: Vec::new(),
        alternatives: Vec::new(),
        types: Vec::new(),
        phases: Vec::new(),
        right_sizing: None,
        off_peak: None,
        reserve: Vec::new(),
        read_replicas: around::read_replicas(file)?,
        cache: around::cache(file)?,
        savings: Vec::new(),
        bars: Vec::new(),
        notes,
        command,
    };
    let types = file.types()?;
    let rules = fleet::checked_rules(file, &types)?;
    let (allowed, left_out) = offers::offered(&file.allowed(&types)?);
    let mut sizing = Sizing {
        file,
        report,
        rules,
        types: allowed,
        unit: Unit::RequestsPerMinute,
        need: None,
    };
    sizing.report.left_out = left_out;
    sizing.say_what_is_assumed();
    if sizing.report.load.requests_per_minute.is_some() {
        sizing.size()?;
    } else if plan.fleet.is_empty()
        && sizing.report.read_replicas.is_none()
        && sizing.report.cache.is_none()
    {
        let message = "load is missing: requests_per_minute, users, trace or hourly in load; \
                       phases; endpoints; or a fleet, read_replicas or a cache to size";
        return Err(file.refuse("load", message));
    }
    fleet::right_sizing(&mut sizing, &types)?;
    fleet::off_peak_savings(&mut sizing)?;
    around::bars(&mut sizing.report);
    sizing.cost_bar();
    Ok(sizing.report)
}

fn check_objective(file: &PlanFile) -> Result<(), InputError> {
    let objective = &file.plan.objective;
    let availability = objective.availability.map_or(0.0, |share| share.0);
    let up = objective.replica_availability();
    let (headroom, survivors) = (objective.headroom(), objective.survivor_headroom());
    for (field, value, fine, bound) in [
        (
            "headroom",
            headroom,
            headroom <= MOST_HEADROOM,
            HEADROOM_BOUND,
        ),
        (
            "survivor_headroom",
            survivors,
            survivors <= MOST_HEADROOM,
            HEADROOM_BOUND,
        ),
        (
            "availability",
            availability,
            availability <= 0.999_999,
            "0 … 0.999999",
        ),
        (
            "replica_availability",
            up,
            up > 0.0 && up <= 1.0,
            "above 0, at most 1",
        ),
    ] {
        if !fine {
            let path = format!("objective.{field}");
            let message = format!("{path} is {value}, must be {bound}");
            return Err(file.refuse(&path, message));
        }
    }
    match objective.max_cost_per_month {
        Some(most) if !(most > 0.0 && most.is_finite()) => {
            let message = format!("objective.max_cost_per_month is {most}, must be above 0");
            Err(file.refuse("objective.max_cost_per_month", message))
        }
        _ => Ok(()),
    }
}

/// A plan on its way to the answer.
pub(super) struct Sizing<'a> {
    pub(super) file: &'a PlanFile,
    pub(super) report: Report,
    pub(super) rules: PoolRules,
    /// What the pool may be of; each carries so many of `unit`.
    pub(super) types: Vec<InstanceType>,
    pub(super) unit: Unit,
    /// What the nodes were chosen for.
    pub(super) need: Option<Need>,
}

impl Sizing<'_> {
    fn say_what_is_assumed(&mut self) {
        let plan = &self.file.plan;
        if plan.types.is_empty() {
            let note = "no instance types are given: no instances, no cost";
            self.report.notes.push(note.to_owned());
        }
        if !self.types.is_empty() && !self.types.iter().any(offers::has_offer) {
            let note = "no type has an offer (on_demand, reserved, spot): nodes are counted as \
                        on-demand ones without a price";
            self.report.notes.push(note.to_owned());
        }
        if plan.pool.is_percentage_assumed() {
            let note = "onDemandPercentageAboveBaseCapacity is not given: 100, as at AWS: no spot \
                        nodes";
            self.report.notes.push(note.to_owned());
        }
        if self.report.load.requests_per_minute.is_none() {
            return;
        }
        let mut note = |text: &str| self.report.notes.push(text.to_owned());
        if plan.objective.headroom.is_none() {
            note("headroom is not given: 20%");
        }
        if plan.objective.availability.is_none() {
            note("availability is not given: no spare for replicas that are down");
        } else if plan.objective.replica_availability.is_none() {
            note("replica_availability is not given: a replica is up 99% of the time");
        }
    }

    fn size(&mut self) -> Result<(), InputError> {
        let replica = self.file.plan.replica;
        let shared = replica.is_some() || !self.report.load.endpoints.is_empty();
        let down = self.budget();
        if shared {
            self.size_shared(down)
        } else {
            self.size_nodes(down)
        }
    }

    /// What of the error budget is left for replicas that are down.
    fn budget(&mut self) -> Option<f64> {
        let availability = self.report.objective.availability?;
        let budget = 1.0 - availability;
        let uncovered = self
            .report
            .load
            .trace
            .as_ref()
            .map_or(0.0, |t| t.uncovered_share);
        let left = budget - uncovered;
        if left >= 1e-6 {
            return Some(left);
        }
        self.report.bars.push(Bar {
            bar: "error budget".to_owned(),
            met: false,
            message: format!(
                "the load is above what is sized for in {uncovered:.6} of the time, the whole \
                 budget is {budget:.6}: nothing is left for replicas that are down"
            ),
        });
        None
    }

    fn provision(&self, config: &ProvisionConfig) -> Result<Provision, InputError> {
        let refused = |e: ConfigError| self.file.refused("replica", &e);
        provision(config).map_err(refused)
    }

    /// Replicas of their own, and nodes to put them on.
    fn size_shared(&mut self, down: Option<f64>) -> Result<(), InputError> {
        let objective = &self.file.plan.objective;
        let mut config = self.report.load.config(self.file);
        let rate = self.file.plan.replica.and_then(|r| r.requests_per_minute);
        config.replica_requests_per_minute = rate;
        if rate.is_none() && !config.endpoints.is_empty() {
            // The load is what the endpoints' shares are of.
            config.requests_per_minute = None;
        }
        config.utilization = 1.0 / (1.0 + objective.headroom());
        config.availability = down.map(|down| 1.0 - down);
        let found = self.provision(&config)?;
        config.utilization = 1.0 / (1.0 + objective.survivor_headroom());
        config.availability = None;
        config.min_replicas = 0;
        let survivors = self.provision(&config)?;
        let stages = found.stages.iter().map(|stage| Stage {
            reason: stage.reason,
            name: stage.name.clone(),
            requests_per_minute: Some(stage.requests_per_minute).filter(|rate| *rate > 0.0),
            exact: Some(stage.replicas_exact),
            replicas: stage.replicas,
        });
        self.report.replicas = Some(Replicas {
            count: found.replicas,
            replica_is: ReplicaIs::Part,
            needed: Some(found.needed),
            spare: Some(found.spare),
            reason: found.reason,
            shortage_probability: found.shortage_probability,
            stages: stages.collect(),
        });
        self.error_budget_bar(found.shortage_probability, down);
        self.shared_types()?;
        let need = Need {
            base: f64::from(survivors.needed),
            whole: f64::from(found.replicas),
            demand: objective.demand(0.0).with_survivor_headroom(0.0),
            budget: None,
        };
        self.choose(need)?;
        let checks = found.phases.iter().zip(&survivors.phases);
        for (given, (check, left)) in self.file.plan.phases.iter().zip(checks) {
            let phase = self.shared_phase(given, check, left)?;
            self.add_phase(phase);
        }
        Ok(())
    }

    /// The types in replicas: what does not hold one is left out.
    fn shared_types(&mut self) -> Result<(), InputError> {
        self.unit = Unit::Replicas;
        let mut left_out = Vec::new();
        let mut types = Vec::new();
        for kind in &self.types {
            let Some(fits) = self.file.fits(kind) else {
                let message = "replica is missing: what of a node one takes (vcpu, memory_gib or \
                               requests_per_minute)";
                return Err(self.file.refuse("replica", message));
            };
            if fits < 1.0 {
                left_out.push(kind.name.as_str());
                continue;
            }
            let mut kind = kind.clone();
            kind.requests_per_minute = fits;
            types.push(kind);
        }
        if !left_out.is_empty() {
            let names = left_out.join(", ");
            self.report
                .notes
                .push(format!("too small for a replica: {names}"));
        }
        if types.is_empty() && !left_out.is_empty() {
            self.report.bars.push(Bar {
                bar: "instances".to_owned(),
                met: false,
                message: "no instance type holds a replica".to_owned(),
            });
        }
        self.types = types;
        Ok(())
    }

    /// Nodes that are the replicas.
    fn size_nodes(&mut self, down: Option<f64>) -> Result<(), InputError> {
        let objective = &self.file.plan.objective;
        let mut config = self.report.load.config(self.file);
        config.replica_requests_per_minute = Some(ANY_RATE);
        config.availability = down.map(|down| 1.0 - down);
        let checked = self.provision(&config)?;
        if self.types.is_empty() {
            let message = "types is missing: instance types with what each carries; or \
                           replica.requests_per_minute";
            return Err(self.file.refuse("types", message));
        }
        let load = self.report.load.requests_per_minute.unwrap_or(0.0);
        let headroom = 1.0 + objective.headroom();
        let need = Need {
            base: load,
            whole: load * headroom,
            demand: objective.demand(0.0),
            budget: down.map(|down| Budget {
                up: objective.replica_availability(),
                down,
            }),
        };
        if let Some(least) = objective.min_replicas {
            self.rules.min_size = self.rules.min_size.max(least);
        }
        let chosen = self.choose(need.clone())?;
        if let Some(chosen) = chosen {
            self.report.replicas = Some(self.node_replicas(&need, &chosen));
            self.error_budget_bar(chosen.shortage_probability, down);
        }
        for (given, check) in self.file.plan.phases.iter().zip(&checked.phases) {
            let rate = check.requests_per_minute;
            let phase = self.node_phase(given, rate, &need.with(rate, rate * headroom))?;
            self.add_phase(phase);
        }
        Ok(())
    }

    /// How the count of nodes comes about, stage by stage.
    fn node_replicas(&self, need: &Need, chosen: &Chosen) -> Replicas {
        let mut free = self.rules.clone();
        free.min_size = 0;
        let mix = |need: &Need| need.choose(&self.types, &free).ok().map(|c| c.mix);
        let without_budget = Need {
            budget: None,
            ..need.clone()
        };
        let count = chosen.mix.size;
        let bare = mix(&without_budget).unwrap_or_else(|| chosen.mix.clone());
        let spared = need.budget.and_then(|_| mix(need));
        let spared = spared.map_or(bare.size, |mix| mix.size);
        let stage = |reason, replicas, rate| Stage {
            reason,
            name: String::new(),
            requests_per_minute: rate,
            exact: None,
            replicas,
        };
        let mut stages = vec![stage(ProvisionReason::Load, bare.size, Some(need.base))];
        if need.budget.is_some() {
            stages.push(stage(ProvisionReason::Spare, spared, None));
        }
        stages.push(stage(ProvisionReason::MinReplicas, count, None));
        // Nodes of different types are not spare for each other one by one.
        let mut names = bare
            .nodes
            .iter()
            .chain(&chosen.mix.nodes)
            .map(|n| &n.instance);
        let first = names.next();
        let alike = names.all(|name| Some(name) == first);
        let needed = alike.then_some(bare.size.min(count));
        Replicas {
            count,
            replica_is: ReplicaIs::Node,
            needed,
            spare: needed.map(|needed| count - needed),
            reason: if count != spared {
                ProvisionReason::MinReplicas
            } else if spared != bare.size {
                ProvisionReason::Spare
            } else {
                ProvisionReason::Load
            },
            shortage_probability: chosen.shortage_probability,
            stages,
        }
    }

    fn error_budget_bar(&mut self, short: Option<f64>, down: Option<f64>) {
        if let (Some(short), Some(down)) = (short, down) {
            self.report.bars.push(Bar {
                bar: "error budget".to_owned(),
                met: short <= down,
                message: format!("short with probability {short:.2e}, may be {down:.2e}"),
            });
        }
    }

    /// Chooses the nodes and says what else there is; `None` where there are no types or no mix.
    fn choose(&mut self, need: Need) -> Result<Option<Chosen>, InputError> {
        if self.types.is_empty() {
            return Ok(None);
        }
        let all = self.types.clone();
        let found = self.choose_priced(&need);
        self.types_alone(&need, &all)?;
        let chosen = match found {
            Ok(chosen) => chosen,
            Err(InstanceError::Infeasible(short)) => {
                self.report.bars.push(Bar {
                    bar: "instances".to_owned(),
                    met: false,
                    message: format!("no mix will do: {}", shortfall(&short, self.unit)),
                });
                return Ok(None);
            }
            Err(error) => return Err(self.file.refused_instances("pool", &error)),
        };
        let mix = self.mix(&need, &chosen);
        self.report.bars.push(Bar {
            bar: "instances".to_owned(),
            met: true,
            message: format!(
                "{} nodes carry {} {}, {} are needed",
                mix.size,
                number(mix.capacity),
                mix.unit.name(),
                number(mix.needs)
            ),
        });
        self.alternatives(&need, &mix)?;
        self.report.instances = Some(mix);
        self.need = Some(need.with(need.base, chosen.whole));
        Ok(Some(chosen))
    }

    /// The cheapest mix of the offers with a price; where none will do, the smallest of all offers,
    /// without a cost.
    fn choose_priced(&mut self, need: &Need) -> Result<Chosen, InstanceError> {
        let (priced, left_out) =
            offers::priced(&self.types, &need.demand, &self.rules, |_, _| false);
        let Some(first) = left_out.first() else {
            return need.choose(&self.types, &self.rules);
        };
        let found = (!priced.is_empty()).then(|| need.choose(&priced, &self.rules));
        let why = match found {
            Some(Err(InstanceError::Infeasible(_))) => {
                "; no mix of the offers that have a price will do"
            }
            Some(found) => {
                self.types = priced;
                self.report.left_out.extend(left_out);
                return found;
            }
            None => "",
        };
        self.report.no_cost = first.no_cost(why);
        self.types = offers::at_one_price(&self.types);
        need.choose(&self.types, &self.rules)
    }

    fn mix(&self, need: &Need, chosen: &Chosen) -> MixReport {
        let mix = &chosen.mix;
        let costed = self.report.no_cost.is_none();
        let cost = |hour: f64| costed.then_some(hour);
        let budget = need.budget.filter(|_| chosen.whole > need.whole);
        let up = budget.map_or(1.0, |budget| budget.up);
        let short = |nodes: &[NodeGroup]| shortage(&self.types, nodes, up, need.whole);
        let raised = budget.map(|budget| Raised {
            needs: need.whole,
            allowed: budget.down,
            shortage: &short,
        });
        MixReport {
            chosen_by: if costed {
                ChosenBy::Cost
            } else {
                ChosenBy::Count
            },
            nodes: mix
                .nodes
                .iter()
                .filter_map(|group| self.nodes(group))
                .collect(),
            size: mix.size,
            cost_per_hour: cost(mix.cost_per_hour),
            cost_per_month: cost(mix.cost_per_month()),
            cost_lower_bound_per_hour: cost(mix.cost_lower_bound_per_hour),
            proven: mix.proven,
            unit: self.unit,
            capacity: mix.requests_per_minute,
            needs: need.whole,
            capacity_after_loss: mix.requests_per_minute_after_loss,
            needs_after_loss: need.base * (1.0 + need.demand.survivor_headroom),
            largest_spot_group: mix.largest_spot_group.clone(),
            vcpu: mix.vcpu,
            memory_gib: mix.memory_gib,
            gpus: mix.gpus,
            interruptions_per_month: mix.interruptions_per_month,
            shortage_probability: chosen.shortage_probability,
            raised_for_error_budget: chosen.whole > need.whole,
            binding: mix.binding.clone(),
            cheaper: if costed {
                cheaper(mix, self.unit, raised)
            } else {
                Vec::new()
            },
        }
    }

    fn nodes(&self, group: &NodeGroup) -> Option<NodesReport> {
        let kind = self.types.iter().find(|kind| kind.name == group.instance)?;
        let settings = &self.file.plan.settings;
        let price = kind
            .offer(group.option)
            .and_then(|offer| offer.price_per_hour);
        let price = price.filter(|_| self.report.no_cost.is_none());
        let cost = price.map(|price| price * f64::from(group.count));
        Some(NodesReport {
            instance: group.instance.clone(),
            option: group.option,
            count: group.count,
            vcpu: kind.vcpu,
            memory_gib: kind.memory_gib,
            carries: kind.requests_per_minute,
            workers: settings.workers(kind),
            max_workers: settings.max_workers(kind),
            cache_mb: settings.cache_mb(kind),
            cost_per_hour: cost,
            cost_per_month: cost.map(|cost| cost * autoscale_core::HOURS_PER_MONTH),
        })
    }

    fn cost_bar(&mut self) {
        let Some(most) = self.file.plan.objective.max_cost_per_month else {
            return;
        };
        let cost = self
            .report
            .instances
            .as_ref()
            .and_then(|mix| mix.cost_per_month);
        self.report.bars.push(Bar {
            bar: "cost".to_owned(),
            met: cost.is_some_and(|cost| cost <= most),
            message: match cost {
                Some(cost) => format!("{cost:.2} a month, may be {most:.2}"),
                None => format!("not known, may be {most:.2} a month"),
            },
        });
    }
}
