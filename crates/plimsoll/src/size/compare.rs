//! What else would carry the same: each type alone, and fewer ways of paying.

use autoscale_core::{InstanceError, InstanceType, NodeGroup};

use super::answer::Sizing;
use super::nodes::Need;
use super::offers::at_one_price;
use super::report::{Alternative, MixReport, Saving, TypeReport, shortfall};
use crate::input_error::InputError;

impl Sizing<'_> {
    /// Each type by itself: `all` of them, also those that have no offer with a price.
    pub(super) fn types_alone(
        &mut self,
        need: &Need,
        all: &[InstanceType],
    ) -> Result<(), InputError> {
        let settings = self.file.plan.settings;
        for kind in &at_one_price(all) {
            let priced = self.types.iter().find(|priced| priced.name == kind.name);
            let costed = self.report.no_cost.is_none() && priced.is_some();
            let found = need.choose(std::slice::from_ref(priced.unwrap_or(kind)), &self.rules);
            let (mix, why_not) = match found {
                Ok(chosen) => (Some(chosen.mix), None),
                Err(InstanceError::Infeasible(short)) => (None, Some(shortfall(&short, self.unit))),
                Err(error) => return Err(self.file.refused_instances("pool", &error)),
            };
            let cost = mix
                .as_ref()
                .filter(|_| costed)
                .map(|mix| mix.cost_per_month());
            self.report.types.push(TypeReport {
                instance: kind.name.clone(),
                vcpu: kind.vcpu,
                memory_gib: kind.memory_gib,
                gpus: kind.gpus,
                carries: kind.requests_per_minute,
                workers: settings.workers(kind),
                max_workers: settings.max_workers(kind),
                cache_mb: settings.cache_mb(kind),
                alone: mix.map(|mix| mix.size),
                alone_cost_per_month: cost,
                why_not,
            });
        }
        Ok(())
    }

    /// What else would carry it, and what that costs more.
    pub(super) fn alternatives(&mut self, need: &Need, mix: &MixReport) -> Result<(), InputError> {
        let Some(cost) = mix.cost_per_month else {
            return Ok(());
        };
        use autoscale_core::PurchaseOption::{OnDemand, Reserved, Spot};
        let ways: [(&str, &[_]); 3] = [
            ("on_demand alone", &[OnDemand]),
            ("on_demand and spot", &[OnDemand, Spot]),
            ("on_demand and reserved", &[OnDemand, Reserved]),
        ];
        let chosen_nodes: Vec<NodeGroup> = mix
            .nodes
            .iter()
            .map(|group| NodeGroup::new(&group.instance, group.option, group.count))
            .collect();
        let mut found = Vec::new();
        for (name, options) in ways {
            let mut rules = self.rules.clone();
            rules
                .purchase_options
                .retain(|option| options.contains(option));
            let fewer = rules.purchase_options.len() < self.rules.purchase_options.len();
            if fewer && rules.purchase_options.contains(&OnDemand) {
                found.push((name.to_owned(), need.choose(&self.types, &rules)));
            }
        }
        if self.types.len() > 1 {
            for kind in &self.types {
                // A table of one type has one spot pool, whatever is asked of the others.
                let pools = self
                    .rules
                    .spot_instance_pools
                    .is_some_and(|pools| pools > 1);
                let pools = if pools { ", one spot pool" } else { "" };
                let name = format!("{} alone{pools}", kind.name);
                found.push((name, need.choose(std::slice::from_ref(kind), &self.rules)));
            }
        }
        for (name, chosen) in found {
            let mix = match chosen {
                Ok(chosen) => chosen.mix,
                Err(InstanceError::Infeasible(_)) => continue,
                Err(error) => return Err(self.file.refused_instances("pool", &error)),
            };
            // The same again is no alternative.
            let known = chosen_nodes == mix.nodes
                || self
                    .report
                    .alternatives
                    .iter()
                    .any(|a| a.nodes == mix.nodes);
            if !known {
                self.report.alternatives.push(Alternative {
                    name,
                    size: mix.size,
                    cost_per_month: mix.cost_per_month(),
                    choice_saves_per_month: mix.cost_per_month() - cost,
                    nodes: mix.nodes,
                });
            }
        }
        let alternatives = &mut self.report.alternatives;
        alternatives.sort_by(|a, b| a.cost_per_month.total_cmp(&b.cost_per_month));
        let on_demand = alternatives.iter().find(|a| a.name == "on_demand alone");
        if let Some(other) = on_demand.filter(|a| a.choice_saves_per_month > 1e-9 * cost) {
            self.report.savings.push(Saving {
                kind: "mix",
                per_month: other.choice_saves_per_month,
                why: "against on-demand nodes alone".to_owned(),
            });
        }
        Ok(())
    }
}
