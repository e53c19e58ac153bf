//! Phases of growth: whether the instances of each carry its users.

use autoscale_core::{InstanceError, LoadPhase, PhaseCheck};

use super::answer::Sizing;
use super::nodes::{Chosen, Need};
use super::report::{Bar, PhaseReport};
use crate::input_error::InputError;

impl Sizing<'_> {
    pub(super) fn shared_phase(
        &self,
        given: &LoadPhase,
        check: &PhaseCheck,
        survivors: &PhaseCheck,
    ) -> Result<PhaseReport, InputError> {
        let mut phase = PhaseReport::of(given, check.requests_per_minute);
        phase.needed = Some(check.needed);
        phase.replicas = Some(check.replicas);
        phase.carried = check.carried;
        phase.missing = Some(check.missing);
        phase.idle = Some(check.idle);
        if let Some(need) = &self.need {
            let whole = f64::from(check.replicas);
            let need = need.with(f64::from(survivors.needed).min(whole), whole);
            let mut rules = self.rules.clone();
            rules.min_size = 0;
            self.add_nodes(&mut phase, need.choose(&self.types, &rules))?;
        }
        Ok(phase)
    }

    pub(super) fn node_phase(
        &self,
        given: &LoadPhase,
        rate: f64,
        need: &Need,
    ) -> Result<PhaseReport, InputError> {
        let mut phase = PhaseReport::of(given, rate);
        let within = |min: u32, max: u32| {
            let mut rules = self.rules.clone();
            (rules.min_size, rules.max_size) = (min, max);
            need.choose(&self.types, &rules)
        };
        let pool = self.rules.max_size;
        let most = phase.max_instances.map_or(pool, |most| most.clamp(1, pool));
        let least = phase.min_instances.unwrap_or(0);
        match within(0, most) {
            Ok(chosen) => {
                let needed = chosen.mix.size;
                phase.needed = Some(needed);
                phase.carried = phase.max_instances != Some(0) || needed == 0;
                phase.idle = Some(least.saturating_sub(needed));
                phase.missing = Some(0);
                let chosen = if least > needed {
                    within(least.min(most), most)
                } else {
                    Ok(chosen)
                };
                phase.replicas = chosen.as_ref().ok().map(|c| c.mix.size);
                self.add_nodes(&mut phase, chosen)?;
            }
            Err(InstanceError::Infeasible(_)) => {
                let needed = within(0, u32::from(u16::MAX)).ok().map(|c| c.mix.size);
                phase.needed = needed;
                phase.missing = needed.map(|needed| needed.saturating_sub(most));
            }
            Err(error) => return Err(self.file.refused_instances("pool", &error)),
        }
        Ok(phase)
    }

    pub(super) fn add_nodes(
        &self,
        phase: &mut PhaseReport,
        chosen: Result<Chosen, InstanceError>,
    ) -> Result<(), InputError> {
        match chosen {
            Ok(chosen) => {
                let costed = self.report.no_cost.is_none();
                phase.cost_per_month = costed.then(|| chosen.mix.cost_per_month());
                phase.nodes = chosen.mix.nodes;
                Ok(())
            }
            Err(InstanceError::Infeasible(_)) => Ok(()),
            Err(error) => Err(self.file.refused_instances("pool", &error)),
        }
    }

    pub(super) fn add_phase(&mut self, phase: PhaseReport) {
        let needed = phase
            .needed
            .map_or_else(|| "more than there may be".to_owned(), |n| n.to_string());
        let most = phase
            .max_instances
            .map_or_else(|| "any number".to_owned(), |n| n.to_string());
        self.report.bars.push(Bar {
            bar: format!("phase {}", phase.name),
            met: phase.carried,
            message: format!("needs {needed}, may have {most}"),
        });
        self.report.phases.push(phase);
    }
}
