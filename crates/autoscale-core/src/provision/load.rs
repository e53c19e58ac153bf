//! From loads to replicas, stage by stage.

use super::spare;
use super::{MOST, PhaseCheck, Provision, ProvisionConfig, ProvisionReason, ProvisionStage};
use crate::ConfigError;
use crate::numeric::{self, count_f64};

pub(super) fn provision(config: &ProvisionConfig) -> Result<Provision, ConfigError> {
    let mut out = Provision::default();
    let budget = config.availability.map(|availability| 1.0 - availability);
    let samples = !config.load_samples.is_empty();
    // Only a varying load may be left short; the rest of the budget is for replicas that are down.
    let short = budget.filter(|_| samples).unwrap_or(0.0) * config.short_share;
    let down = budget.map(|budget| budget - short);
    let sized = Sized { config, down };

    if let Some(rate) = config.requests_per_minute {
        sized.rate(&mut out, ProvisionReason::Load, "", rate)?;
    }
    if let (Some(users), Some(load)) = (config.users, config.user_load) {
        let rate = load.requests_per_minute(users);
        sized.rate(&mut out, ProvisionReason::Load, "users", rate)?;
    }
    if samples {
        let rate = spare::covered(&config.load_samples, short);
        sized.rate(&mut out, ProvisionReason::LoadSamples, "", rate)?;
    }
    sized.endpoints(&mut out)?;
    let only_phases = out.stages.is_empty();
    sized.phases(&mut out, only_phases)?;

    if down.is_some() {
        let replicas = sized.with_spare(out.needed)?;
        out.spare = replicas - out.needed;
        if out.spare > 0 {
            out.reason = ProvisionReason::Spare;
        }
        out.stages.push(ProvisionStage {
            reason: ProvisionReason::Spare,
            replicas_exact: f64::from(replicas),
            replicas,
            ..ProvisionStage::default()
        });
    }
    out.replicas = (out.needed + out.spare).max(config.min_replicas);
    if out.replicas > out.needed + out.spare {
        out.reason = ProvisionReason::MinReplicas;
    }
    out.stages.push(ProvisionStage {
        reason: ProvisionReason::MinReplicas,
        replicas_exact: f64::from(config.min_replicas),
        replicas: out.replicas,
        ..ProvisionStage::default()
    });
    if down.is_some() {
        let up = config.replica_availability;
        out.shortage_probability = Some(spare::binomial_below(out.replicas, up, out.needed));
    }
    if let Some(rate) = config.replica_requests_per_minute.filter(|_| samples) {
        // As the count of replicas is rounded, to a hair.
        let carried = (f64::from(out.needed) + 1e-9) * rate * config.utilization;
        let above = config.load_samples.iter().filter(|s| **s > carried).count();
        out.uncovered_share = count_f64(above) / count_f64(config.load_samples.len());
    }
    Ok(out)
}

struct Sized<'a> {
    config: &'a ProvisionConfig,
    /// Error budget of replicas that are down.
    down: Option<f64>,
}

impl Sized<'_> {
    /// A stage that needs so many replicas, not yet rounded.
    fn stage(
        &self,
        reason: ProvisionReason,
        name: &str,
        rate: f64,
        exact: f64,
    ) -> Result<ProvisionStage, ConfigError> {
        let replicas = numeric::replicas_for(exact);
        if replicas > MOST {
            let bound = "such that at most 1000000 replicas are needed";
            let (field, value) = match reason {
                ProvisionReason::Endpoints => ("endpoints", format!("{exact} replicas")),
                ProvisionReason::Phase => ("phases", format!("{name}: {exact} replicas")),
                ProvisionReason::LoadSamples => ("load_samples", rate.to_string()),
                _ if name == "users" => ("users", format!("{rate} requests a minute")),
                _ => ("requests_per_minute", rate.to_string()),
            };
            return Err(ConfigError::range(field, value, bound));
        }
        Ok(ProvisionStage {
            reason,
            name: name.to_owned(),
            requests_per_minute: rate,
            replicas_exact: exact,
            replicas,
        })
    }

    fn by_rate(
        &self,
        reason: ProvisionReason,
        name: &str,
        rate: f64,
    ) -> Result<ProvisionStage, ConfigError> {
        let one = self.config.replica_requests_per_minute.unwrap_or(1.0);
        self.stage(reason, name, rate, rate / (one * self.config.utilization))
    }

    fn rate(
        &self,
        out: &mut Provision,
        reason: ProvisionReason,
        name: &str,
        rate: f64,
    ) -> Result<(), ConfigError> {
        let stage = self.by_rate(reason, name, rate)?;
        out.requests_per_minute = out.requests_per_minute.max(rate);
        raise(out, &stage);
        out.stages.push(stage);
        Ok(())
    }

    fn endpoints(&self, out: &mut Provision) -> Result<(), ConfigError> {
        let (mut total, mut rate) = (0.0, 0.0);
        for endpoint in &self.config.endpoints {
            let exact = endpoint.offered_rps / (endpoint.max_rps * self.config.utilization);
            let name = format!("{} {}", endpoint.method, endpoint.path);
            let offered = endpoint.offered_rps * 60.0;
            total += exact;
            rate += offered;
            out.stages
                .push(self.stage(ProvisionReason::Endpoints, &name, offered, exact)?);
        }
        if !self.config.endpoints.is_empty() {
            let stage = self.stage(ProvisionReason::Endpoints, "", rate, total)?;
            raise(out, &stage);
            out.stages.push(stage);
        }
        Ok(())
    }

    /// Checks each phase; where nothing else states a load, the largest of them is the load.
    fn phases(&self, out: &mut Provision, decide: bool) -> Result<(), ConfigError> {
        let Some(load) = self.config.user_load else {
            return Ok(());
        };
        for phase in &self.config.phases {
            let rate = load.requests_per_minute(phase.users);
            let stage = self.by_rate(ProvisionReason::Phase, &phase.name, rate)?;
            let needed = self
                .with_spare(stage.replicas)?
                .max(self.config.min_replicas);
            let least = phase.min_instances.unwrap_or(0);
            let most = phase.max_instances.unwrap_or(u32::MAX);
            out.phases.push(PhaseCheck {
                name: phase.name.clone(),
                requests_per_minute: rate,
                needed,
                replicas: needed.clamp(least, most.max(least)),
                carried: needed <= most,
                missing: needed.saturating_sub(most),
                idle: least.saturating_sub(needed),
            });
            if decide {
                out.requests_per_minute = out.requests_per_minute.max(rate);
                raise(out, &stage);
            }
            out.stages.push(stage);
        }
        Ok(())
    }

    /// So many replicas and the spare ones of the error budget.
    fn with_spare(&self, needed: u32) -> Result<u32, ConfigError> {
        let Some(down) = self.down else {
            return Ok(needed);
        };
        let up = self.config.replica_availability;
        spare::replicas_for(needed, up, down).ok_or_else(|| {
            let bound = "such that 1000000 replicas keep the error budget";
            ConfigError::range("replica_availability", up, bound)
        })
    }
}

fn raise(out: &mut Provision, stage: &ProvisionStage) {
    if stage.replicas > out.needed {
        out.needed = stage.replicas;
        out.reason = stage.reason;
    }
}
