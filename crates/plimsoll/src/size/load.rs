//! The load: from one of its forms into requests a minute.

use autoscale_core::{Endpoint, HourlyProfile, ProvisionConfig, UserLoad, provision};
use plimsoll_sim::{Trace, Unit};
use serde::Serialize;

use super::figures::number;
use super::plan::{PlanFile, TraceUnit};
use super::units::Share;
use crate::input_error::InputError;
use crate::recorded::trace_from;

/// Share of the error budget that a trace's highest load may use up where no quantile is given.
const SHORT_SHARE: f64 = 0.5;
/// Quantile of a trace where neither a quantile nor an availability is given.
const QUANTILE: f64 = 0.999;
/// Share of the load that sums of decimals may be off by.
const WHOLE: f64 = 1e-6;

/// What there is to carry, and where that comes from.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Load {
    /// `None` where the plan states none: then nothing is sized by load.
    pub(super) requests_per_minute: Option<f64>,
    pub(super) source: Option<Source>,
    pub(super) users: Option<f64>,
    pub(super) trace: Option<TraceFacts>,
    #[serde(skip)]
    pub(super) user_load: Option<UserLoad>,
    #[serde(skip)]
    pub(super) profile: Option<HourlyProfile>,
    #[serde(skip)]
    pub(super) endpoints: Vec<Endpoint>,
    /// What is to be said about it.
    #[serde(skip)]
    pub(super) notes: Vec<String>,
}

/// What the load was given as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    RequestsPerMinute,
    Users,
    Trace,
    Hourly,
    Phases,
    Endpoints,
}

/// What was read from a trace.
#[derive(Clone, Debug, Serialize)]
pub(super) struct TraceFacts {
    pub(super) file: String,
    pub(super) steps: usize,
    pub(super) step_s: u32,
    pub(super) missing_steps: usize,
    pub(super) quantile: f64,
    pub(super) peak_requests_per_minute: f64,
    /// Share of the steps whose load is above the quantile.
    pub(super) uncovered_share: f64,
}

impl Load {
    pub(super) fn read(file: &PlanFile) -> Result<Self, InputError> {
        let given = &file.plan.load;
        let forms = [
            ("requests_per_minute", given.requests_per_minute.is_some()),
            ("users", given.users.is_some()),
            ("trace", given.trace.is_some()),
            ("hourly", given.hourly.is_some()),
        ];
        let mut forms = forms.iter().filter(|(_, there)| *there);
        if let (Some((first, _)), Some((second, _))) = (forms.next(), forms.next()) {
            let message = format!("load.{first} and load.{second} exclude each other: give one");
            return Err(file.refuse(&format!("load.{second}"), message));
        }
        for (field, there) in [
            ("quantile", given.quantile.is_some()),
            ("unit", given.unit.is_some()),
            ("utc_offset_hours", given.utc_offset_hours.is_some()),
        ] {
            if there && given.trace.is_none() {
                let message = format!("load.{field} is about a trace: none is given");
                return Err(file.refuse(&format!("load.{field}"), message));
            }
        }
        let user_load = user_load(file)?;
        let mut load = Self {
            requests_per_minute: given.requests_per_minute,
            source: given.requests_per_minute.map(|_| Source::RequestsPerMinute),
            users: given.users,
            trace: None,
            user_load,
            profile: None,
            endpoints: Vec::new(),
            notes: Vec::new(),
        };
        for (path, value) in [
            ("load.requests_per_minute", given.requests_per_minute),
            ("load.users", given.users),
        ] {
            check(file, path, value)?;
        }
        let rate = |field: &str, users: f64| {
            let load = user_load.ok_or_else(|| {
                let need = "what one user asks for, or think_time (--requests-per-user as a flag)";
                let message = format!("load.requests_per_user_minute is missing: {need}");
                file.refuse(field, message)
            })?;
            Ok(load.requests_per_minute(users))
        };
        if let Some(users) = given.users {
            load.requests_per_minute = Some(rate("load.users", users)?);
            load.source = Some(Source::Users);
        } else if given.trace.is_some() {
            load.take_trace(file)?;
        } else if let Some(hours) = &given.hourly {
            load.take_hours(file, hours)?;
        }
        for (index, phase) in file.plan.phases.iter().enumerate() {
            rate(&format!("phases[{index}].users"), phase.users)?;
        }
        check_phases(file)?;
        if load.source.is_none() && file.plan.endpoints.is_empty() {
            let rates = file.plan.phases.iter();
            let rates = rates.filter_map(|p| Some(user_load?.requests_per_minute(p.users)));
            load.requests_per_minute = rates.reduce(f64::max);
            load.source = load.requests_per_minute.map(|_| Source::Phases);
        }
        load.take_endpoints(file)?;
        check(file, "load", load.requests_per_minute)?;
        Ok(load)
    }

    fn take_trace(&mut self, file: &PlanFile) -> Result<(), InputError> {
        let given = &file.plan.load;
        let Some(path) = given.trace.as_deref().map(|path| file.path_of(path)) else {
            return Ok(());
        };
        let unit = match given.unit {
            None | Some(TraceUnit::Requests) => Unit::Requests,
            Some(TraceUnit::Rps) => Unit::RequestsPerSecond,
        };
        let trace = trace_from(&path, unit).map_err(|e| file.named_at("load.trace", e))?;
        let budget = file.plan.objective.availability.map(|a| 1.0 - a.0);
        let usual = budget.map_or(QUANTILE, |budget| 1.0 - budget * SHORT_SHARE);
        let quantile = given.quantile.map_or(usual, |Share(quantile)| quantile);
        if !(quantile > 0.0 && quantile <= 1.0) {
            let message = format!("load.quantile is {quantile}, must be above 0, at most 1");
            return Err(file.refuse("load.quantile", message));
        }
        let (carried, uncovered) = at_quantile(&trace, quantile);
        let loads = trace.rates.iter().map(|rate| (rate * 60.0).min(carried));
        let at = |i: usize| i64::try_from(i).unwrap_or(0) * i64::from(trace.step_s);
        let samples = loads
            .enumerate()
            .map(|(i, load)| (trace.start_s + at(i), load));
        let profile = HourlyProfile::from_samples(samples, offset(file)?);
        self.profile = Some(profile.map_err(|e| file.refused("load", &e))?);
        self.requests_per_minute = Some(carried);
        self.source = Some(Source::Trace);
        self.trace = Some(TraceFacts {
            file: path.display().to_string(),
            steps: trace.rates.len(),
            step_s: trace.step_s,
            missing_steps: trace.repairs.missing_steps,
            quantile,
            peak_requests_per_minute: trace.rates.iter().fold(0.0, |a: f64, b| a.max(*b)) * 60.0,
            uncovered_share: uncovered,
        });
        Ok(())
    }

    fn take_hours(&mut self, file: &PlanFile, hours: &[f64]) -> Result<(), InputError> {
        if hours.len() != 24 && hours.len() != 168 {
            let message = format!(
                "load.hourly has {} entries, must have 24 or 168",
                hours.len()
            );
            return Err(file.refuse("load.hourly", message));
        }
        for (hour, load) in hours.iter().enumerate() {
            check(file, &format!("load.hourly[{hour}]"), Some(*load))?;
        }
        let profile = HourlyProfile::new(hours.iter().copied());
        self.requests_per_minute = Some(profile.peak());
        self.source = Some(Source::Hourly);
        self.profile = Some(profile);
        Ok(())
    }

    /// The endpoints with what is offered to each.
    fn take_endpoints(&mut self, file: &PlanFile) -> Result<(), InputError> {
        for (index, given) in file.plan.endpoints.iter().enumerate() {
            let place = format!("endpoints[{index}]");
            let offered = match (given.offered_rps, given.share) {
                (Some(rate), None) => rate,
                (None, Some(Share(share))) => {
                    let Some(load) = self.requests_per_minute else {
                        let message = format!(
                            "{place}.share is a share of a load that the plan does not give: give \
                             load, or offered_rps"
                        );
                        return Err(file.refuse(&format!("{place}.share"), message));
                    };
                    share * load / 60.0
                }
                (Some(_), Some(_)) => {
                    let message = format!(
                        "{place}.offered_rps and {place}.share exclude each other: give one"
                    );
                    return Err(file.refuse(&format!("{place}.share"), message));
                }
                (None, None) => {
                    let message = format!(
                        "{place}.offered_rps is missing: what is asked of it, or a share of the load"
                    );
                    return Err(file.refuse(&place, message));
                }
            };
            let mut endpoint = Endpoint::new(
                given.method.clone(),
                given.path.clone(),
                given.p95_ms.0,
                given.max_rps,
            );
            endpoint.offered_rps = offered;
            endpoint.allowed_p95_ms = given.allowed_p95_ms.map(|limit| limit.0);
            self.endpoints.push(endpoint);
        }
        if self.endpoints.is_empty() {
            return Ok(());
        }
        let offered: f64 = self.endpoints.iter().map(|e| e.offered_rps).sum();
        match self.requests_per_minute {
            Some(load) => self.take_rest(file, load / 60.0, offered),
            None => {
                self.requests_per_minute = Some(offered * 60.0);
                self.source = Some(Source::Endpoints);
                Ok(())
            }
        }
    }

    /// What no endpoint is asked of the load: what a replica carries elsewhere sizes it, and without
    /// that figure it is refused. All in requests a second.
    fn take_rest(&mut self, file: &PlanFile, load: f64, offered: f64) -> Result<(), InputError> {
        let shares = file.plan.endpoints.iter().map(|e| e.share);
        let shares: Option<Vec<f64>> = shares.map(|share| Some(share?.0)).collect();
        let shares = shares.map(|shares| shares.iter().sum::<f64>());
        if let Some(sum) = shares.filter(|sum| *sum > 1.0 + WHOLE) {
            let message = format!("the endpoints' shares add up to {sum}, must be at most 1");
            return Err(file.refuse("endpoints", message));
        }
        let rest = load - offered;
        if rest.abs() <= load * WHOLE {
            return Ok(());
        }
        let (asked, whole) = (number(offered), number(load));
        if rest < 0.0 {
            self.notes.push(format!(
                "the endpoints are asked {asked} req/s, the load is {whole} req/s: the endpoints count"
            ));
            return Ok(());
        }
        let replica = file.plan.replica.and_then(|r| r.requests_per_minute);
        let Some(carries) = replica else {
            let found = match shares {
                Some(sum) => format!("shares add up to {}", rounded(sum)),
                None => format!("loads add up to {asked} of {whole} req/s"),
            };
            let message = format!(
                "the endpoints' {found}, must be the whole load, or replica.requests_per_minute \
                 must say what one carries of the rest ({} req/s)",
                number(rest)
            );
            return Err(file.refuse("endpoints", message));
        };
        let name = format!("{} req/s not covered by an endpoint", number(rest));
        self.notes.push(format!(
            "{name}: sized with replica.requests_per_minute ({})",
            number(carries)
        ));
        let mut endpoint = Endpoint::new("other", format!("({name})"), 1.0, carries / 60.0);
        endpoint.offered_rps = rest;
        self.endpoints.push(endpoint);
        Ok(())
    }

    /// The stated load as the configuration of a provision.
    pub(super) fn config(&self, file: &PlanFile) -> ProvisionConfig {
        let by_rate = !matches!(self.source, None | Some(Source::Phases | Source::Endpoints));
        let objective = &file.plan.objective;
        let mut config = ProvisionConfig::new();
        config.requests_per_minute = self.requests_per_minute.filter(|_| by_rate);
        config.user_load = self.user_load;
        config.phases.clone_from(&file.plan.phases);
        config.endpoints.clone_from(&self.endpoints);
        config.replica_availability = objective.replica_availability();
        config.min_replicas = objective.min_replicas.unwrap_or(1);
        config
    }
}

/// The smallest load that is exceeded for no more than 1 − `quantile` of the steps, in requests a
/// minute, and the share of the steps that exceed it.
fn at_quantile(trace: &Trace, quantile: f64) -> (f64, f64) {
    let mut sorted = trace.rates.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let steps = sorted.len() as f64;
    // Division leaves whole counts a hair too low.
    let exceeded = ((1.0 - quantile) * steps + 1e-9).floor() as usize;
    let rate = sorted
        .get(exceeded)
        .or(sorted.last())
        .copied()
        .unwrap_or(0.0);
    let above = sorted.iter().filter(|other| **other > rate).count();
    (rate * 60.0, above as f64 / steps.max(1.0))
}

/// A share to the millionth, without the noise of binary sums.
fn rounded(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}

/// Refuses phases that cannot be told apart or have no users.
fn check_phases(file: &PlanFile) -> Result<(), InputError> {
    let mut config = ProvisionConfig::new();
    config.phases.clone_from(&file.plan.phases);
    // Only what is wrong with the phases is of interest: the load is any.
    config.user_load = Some(UserLoad::Rate {
        requests_per_minute: 1e-6,
    });
    config.replica_requests_per_minute = Some(1e9);
    if config.phases.is_empty() {
        return Ok(());
    }
    match provision(&config) {
        Ok(_) => Ok(()),
        Err(error) => Err(file.refused("phases", &error)),
    }
}

fn offset(file: &PlanFile) -> Result<i32, InputError> {
    let hours = file.plan.load.utc_offset_hours.unwrap_or(0.0);
    if !(-14.0..=14.0).contains(&hours) {
        let message = format!("load.utc_offset_hours is {hours}, must be -14 … 14");
        return Err(file.refuse("load.utc_offset_hours", message));
    }
    Ok((hours * 3600.0).round() as i32)
}

/// What a user asks for, where the plan says.
fn user_load(file: &PlanFile) -> Result<Option<UserLoad>, InputError> {
    let given = &file.plan.load;
    match (given.requests_per_user_minute, given.think_time) {
        (Some(_), Some(_)) => {
            let message = "load.requests_per_user_minute and load.think_time exclude each other: \
                           give one";
            Err(file.refuse("load.think_time", message))
        }
        (Some(requests_per_minute), None) => Ok(Some(UserLoad::Rate {
            requests_per_minute,
        })),
        (None, Some(think_time)) => {
            let Some(response_time) = given.response_time else {
                let message = "load.response_time is missing: how long a user waits for an answer";
                return Err(file.refuse("load.think_time", message));
            };
            Ok(Some(UserLoad::ThinkTime {
                think_time,
                response_time,
            }))
        }
        (None, None) if given.response_time.is_some() => {
            let message = "load.think_time is missing: how long a user thinks between requests";
            Err(file.refuse("load.response_time", message))
        }
        (None, None) => Ok(None),
    }
}

fn check(file: &PlanFile, path: &str, value: Option<f64>) -> Result<(), InputError> {
    match value {
        Some(value) if !(0.0..=1e9).contains(&value) => {
            let message = format!("{path} is {value}, must be 0 … 1000000000");
            Err(file.refuse(path, message))
        }
        _ => Ok(()),
    }
}
