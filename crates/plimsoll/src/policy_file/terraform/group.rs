//! Groups with their policies, alarms and schedules put together.

use std::time::Duration;

use autoscale_core::{
    ConfigError, ScalingAlarm, StepScaling, StepScalingConfig, TargetTracking,
    TargetTrackingConfig, TrackedTarget,
};

use super::convert::{self, Action, Metrics};
use super::resource::Resource;
use super::schedule::{self, ScheduledAction};
use super::schema::{self, ResourceType, Whole};
use super::{ACTIONS, Contents, policy_type};
use crate::policy_file::fault::{Fault, quote};
use crate::policy_file::nearest::suggestion;
use crate::policy_file::reader::read;
use crate::policy_file::tree::Value;
use crate::policy_file::{Around, Bounds, NamedPolicy, PolicySource};
use crate::scaling_group::ScalingGroup;

/// A group while it is put together.
struct Group {
    resource: Resource,
    min: u32,
    max: u32,
    cooldown: Duration,
    /// Where no policy has its own.
    warm_up: Duration,
    policies: Vec<Policy>,
    actions: Vec<ScheduledAction>,
    alarms: Vec<ScalingAlarm>,
    /// For each alarm its index among the file's alarms, and its policy's.
    origins: Vec<(usize, usize)>,
    metrics: Metrics,
    notes: Vec<String>,
    ignored: Vec<String>,
}

/// A policy of a group.
struct Policy {
    resource: Resource,
    action: Action,
    warm_up: Option<Duration>,
    enabled: bool,
    triggered: bool,
}

/// One policy a group, in the file's order.
pub(super) fn policies(contents: Contents) -> Result<Vec<NamedPolicy>, Fault> {
    let Contents {
        resources,
        mut notes,
    } = contents;
    let (mut groups, mut policies, mut alarms, mut schedules) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for resource in resources {
        match resource.kind {
            ResourceType::Group | ResourceType::EcsTarget => groups.push(Group::new(resource)?),
            ResourceType::Policy | ResourceType::EcsPolicy => policies.push(resource),
            ResourceType::Alarm => alarms.push(resource),
            ResourceType::Schedule | ResourceType::EcsSchedule => schedules.push(resource),
        }
    }
    for resource in policies {
        let place = group_of(&groups, &resource)?;
        groups[place].add_policy(resource)?;
    }
    for (index, alarm) in alarms.iter().enumerate() {
        trigger(&mut groups, alarm, index)?;
    }
    for resource in schedules {
        let place = group_of(&groups, &resource)?;
        groups[place].add_schedule(resource)?;
    }
    let nothing = match groups.first() {
        None => return Err(Fault::of_file("holds no aws_autoscaling_group")),
        Some(first) => first.resource.fault(
            "",
            format!("{}: no policy of it can act", first.resource.address),
        ),
    };
    let mut named = Vec::new();
    for group in groups {
        if group.policies.iter().any(Policy::can_act) || !group.actions.is_empty() {
            named.push(group.finish(&alarms)?);
        } else {
            let address = &group.resource.address;
            notes.push(format!(
                "{address}: no policy of it can act: it is not replayed"
            ));
        }
    }
    let first = named.first_mut().ok_or(nothing)?;
    first.notes.extend(notes);
    Ok(named)
}

/// The group that a policy or a schedule belongs to.
fn group_of(groups: &[Group], resource: &Resource) -> Result<usize, Fault> {
    let ecs = matches!(
        resource.kind,
        ResourceType::EcsPolicy | ResourceType::EcsSchedule
    );
    let (field, kind) = match ecs {
        true => ("resource_id", ResourceType::EcsTarget),
        false => ("autoscaling_group_name", ResourceType::Group),
    };
    let Some(wanted) = resource.text_or_reference(field) else {
        let message = format!("{field} of {} is missing", resource.address);
        return Err(resource.fault(field, message));
    };
    let of_kind = || groups.iter().filter(|g| g.resource.kind == kind);
    let found = groups.iter().position(|group| {
        let address = &group.resource.address;
        group.resource.kind == kind
            && (wanted.rsplit_once('.').is_some_and(|(to, _)| to == address)
                || group.resource.text_or_reference(match ecs {
                    true => "resource_id",
                    false => "name",
                }) == Some(wanted))
    });
    found.ok_or_else(|| {
        let known: Vec<&str> = of_kind().map(|g| g.resource.address.as_str()).collect();
        let wanted = match wanted.rsplit_once('.') {
            Some((to, _)) if to.starts_with(kind.name()) => to,
            _ => wanted,
        };
        let hint = suggestion(wanted, "the file has", &known);
        let message = format!(
            "{field}: the file has no {} {}{hint}",
            kind.name(),
            quote(wanted)
        );
        resource.fault(field, message)
    })
}

/// Adds an alarm to the groups whose policies it triggers.
fn trigger(groups: &mut [Group], alarm: &Resource, index: usize) -> Result<(), Fault> {
    let body: schema::Alarm = read(&alarm.node)?;
    let mut ignored = alarm.ignored.clone();
    for (field, begins) in ACTIONS {
        let Some(entry) = alarm.node.entry(field) else {
            continue;
        };
        let Value::List(items) = &entry.node.value else {
            return Err(Fault::new(entry.at(), format!("{field} must be a list")));
        };
        for item in items {
            let Value::Reference(to) = &item.value else {
                continue;
            };
            if policy_type(to).is_none() {
                ignored.push(to.clone());
                continue;
            }
            if !begins {
                let message = format!("{field}: {to}: only alarm_actions may trigger a policy");
                return Err(Fault::new(item.at, message));
            }
            let (group, policy) = find_policy(groups, to)
                .map_err(|message| Fault::new(item.at, format!("{field}: {message}")))?;
            let group = &mut groups[group];
            group.trigger(policy, alarm, &body, index)?;
            for name in ignored.drain(..) {
                add(&mut group.ignored, name);
            }
        }
    }
    Ok(())
}

/// Where the policy is that an action refers to.
fn find_policy(groups: &[Group], reference: &str) -> Result<(usize, usize), String> {
    let (address, field) = reference.rsplit_once('.').unwrap_or((reference, ""));
    let mut known = Vec::new();
    for (i, group) in groups.iter().enumerate() {
        for (j, policy) in group.policies.iter().enumerate() {
            if policy.resource.address == address {
                return match field {
                    "arn" => Ok((i, j)),
                    _ => Err(format!("{reference} must be {address}.arn")),
                };
            }
            known.push(policy.resource.address.as_str());
        }
    }
    let hint = suggestion(address, "the file has", &known);
    Err(format!("{address} is not in the file{hint}"))
}

/// Adds what is not there yet.
fn add(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}

fn seconds(value: Whole<u32>) -> Duration {
    Duration::from_secs(value.0.into())
}

impl Group {
    fn new(resource: Resource) -> Result<Self, Fault> {
        let mut notes = Vec::new();
        let default = Duration::from_secs(300);
        let (min, max, cooldown, warm_up, low) = if resource.kind == ResourceType::Group {
            let body: schema::Group = read(&resource.node)?;
            let (min, max) = (body.min_size.0, body.max_size.0);
            if let Some(Whole(desired)) = body.desired_capacity {
                if !(min..=max).contains(&desired) {
                    let message = format!(
                        "desired_capacity is {desired}, must be min_size … max_size \
                         ({min} … {max})"
                    );
                    return Err(resource.fault("desired_capacity", message));
                }
                notes.push(format!(
                    "desired_capacity ({desired}) is not replayed: the fleet begins as large as \
                     the load needs it"
                ));
            }
            let cooldown = body.default_cooldown.map_or(default, seconds);
            let warm_up = body
                .default_instance_warmup
                .or(body.health_check_grace_period)
                .map_or(cooldown, seconds);
            (min, max, cooldown, warm_up, ("min_size", "max_size"))
        } else {
            let body: schema::EcsTarget = read(&resource.node)?;
            let namespace = resource.text_or_reference("service_namespace");
            if namespace != Some("ecs") {
                let message = format!(
                    "service_namespace is {}, must be \"ecs\"",
                    quote(namespace.unwrap_or_default())
                );
                return Err(resource.fault("service_namespace", message));
            }
            let (min, max) = (body.min_capacity.0, body.max_capacity.0);
            let names = ("min_capacity", "max_capacity");
            (min, max, default, default, names)
        };
        if max == 0 {
            let message = format!("{} is 0, must be at least 1", low.1);
            return Err(resource.fault(low.1, message));
        }
        if min > max {
            let message = format!("{} is {min}, must be at most {} ({max})", low.0, low.1);
            return Err(resource.fault(low.0, message));
        }
        Ok(Self {
            min,
            max,
            cooldown,
            warm_up,
            policies: Vec::new(),
            actions: Vec::new(),
            alarms: Vec::new(),
            origins: Vec::new(),
            metrics: Metrics::default(),
            notes,
            ignored: resource.ignored.clone(),
            resource,
        })
    }

    fn add_policy(&mut self, resource: Resource) -> Result<(), Fault> {
        let mut metrics = self.metrics.clone();
        let read = match resource.kind {
            ResourceType::EcsPolicy => convert::ecs_policy(&resource, &mut metrics)?,
            _ => convert::policy(&resource, self.cooldown, &mut metrics)?,
        };
        if read.enabled {
            self.metrics = metrics;
        } else {
            let name = quote(resource.name());
            self.notes
                .push(format!("policy {name} is switched off (enabled)"));
        }
        for name in &resource.ignored {
            add(&mut self.ignored, name.clone());
        }
        self.notes.extend(read.notes);
        self.policies.push(Policy {
            triggered: matches!(read.action, Action::Track(_)),
            action: read.action,
            warm_up: read.warm_up,
            enabled: read.enabled,
            resource,
        });
        Ok(())
    }

    fn add_schedule(&mut self, resource: Resource) -> Result<(), Fault> {
        if resource.kind == ResourceType::EcsSchedule {
            let name = quote(resource.name());
            self.notes.push(format!("schedule {name} is not replayed"));
            return Ok(());
        }
        let (action, note) = schedule::read_action(resource)?;
        self.actions.extend(action);
        self.notes.extend(note);
        Ok(())
    }

    /// An alarm triggers a policy.
    fn trigger(
        &mut self,
        policy: usize,
        alarm: &Resource,
        body: &schema::Alarm,
        index: usize,
    ) -> Result<(), Fault> {
        let place = policy;
        let policy = &mut self.policies[place];
        let name = quote(alarm.name());
        let Action::Adjust(action) = &policy.action else {
            let message = format!(
                "alarm_actions: {} is a target tracking policy, which has alarms of its own",
                policy.resource.address
            );
            return Err(alarm.fault("alarm_actions", message));
        };
        if body.actions_enabled == Some(false) {
            add(
                &mut self.notes,
                format!("alarm {name} is switched off (actions_enabled)"),
            );
            return Ok(());
        }
        policy.triggered = true;
        if policy.enabled {
            let (converted, note) = convert::alarm(alarm, body, action, &mut self.metrics)?;
            if let Some(note) = note {
                add(&mut self.notes, note);
            }
            self.alarms.push(converted);
            self.origins.push((index, place));
        }
        Ok(())
    }

    /// What is to be known of a group that grows and never shrinks, or the other way round, unless a
    /// note has said it of the policy that would.
    fn one_way(&self, said: &[String]) -> Option<String> {
        let acting = self.policies.iter().filter(|p| p.can_act());
        let policies = acting.map(|p| p.action.directions());
        let schedules = self.actions.iter().map(ScheduledAction::directions);
        let [out, inwards] = policies
            .chain(schedules)
            .fold([false; 2], |[a, b], [c, d]| [a || c, b || d]);
        let (what, never) = match (out, inwards) {
            (true, false) => ("takes replicas away", "never scales in"),
            (false, true) => ("adds replicas", "never scales out"),
            _ => return None,
        };
        let is_said = said.iter().any(|note| note.ends_with(never));
        let address = &self.resource.address;
        (!is_said).then(|| format!("{address}: nothing that acts on it {what}: it {never}"))
    }

    fn finish(mut self, alarms: &[Resource]) -> Result<NamedPolicy, Fault> {
        let mut notes = Vec::new();
        for policy in self.policies.iter().filter(|p| !p.triggered) {
            let name = quote(policy.resource.name());
            let never = policy.action.never();
            notes.push(format!("policy {name}: no alarm triggers it: {never}"));
        }
        notes.extend(self.one_way(&notes));
        notes.append(&mut self.notes);
        let (not_followed, ignored): (Vec<_>, Vec<_>) = (self.ignored.iter().map(String::as_str))
            .partition(|name| schema::NOT_FOLLOWED.contains(name));
        for (what, names) in [
            ("not followed, though it bears on scaling", not_followed),
            ("ignored", ignored),
        ] {
            if !names.is_empty() {
                notes.push(format!("{what}: {}", names.join(", ")));
            }
        }
        let own_bounds = Bounds {
            min: Some(self.min),
            max: Some(self.max),
        };
        let (schedule, bounds, note) = schedule::schedule(&self.actions, own_bounds)?;
        notes.extend(note);
        let acting = || self.policies.iter().filter(|p| p.can_act());
        let own = acting().filter_map(|p| p.warm_up).max();
        let warm_up = own.unwrap_or(self.warm_up);
        let targets: Vec<TrackedTarget> = acting()
            .filter_map(|policy| match &policy.action {
                Action::Track(target) => Some(target.clone()),
                Action::Adjust(_) => None,
            })
            .collect();
        let tracking =
            (!targets.is_empty()).then(|| TargetTrackingConfig::new(targets).with_warm_up(warm_up));
        if let Some(config) = &tracking {
            let trackers: Vec<&Resource> = acting()
                .filter(|p| matches!(p.action, Action::Track(_)))
                .map(|p| &p.resource)
                .collect();
            TargetTracking::new(config.clone()).map_err(|error| {
                refused(&error, &self.resource, |i| vec![trackers.get(i).copied()])
            })?;
        }
        let step = (!self.alarms.is_empty())
            .then(|| StepScalingConfig::new(self.alarms.clone()).with_warm_up(warm_up));
        if let Some(config) = &step {
            let origins = |i: usize| match self.origins.get(i) {
                Some((alarm, policy)) => vec![
                    alarms.get(*alarm),
                    self.policies.get(*policy).map(|p| &p.resource),
                ],
                None => Vec::new(),
            };
            StepScaling::new(config.clone())
                .map_err(|error| refused(&error, &self.resource, origins))?;
        }
        Ok(NamedPolicy {
            name: self.resource.name().to_owned(),
            at: Some(self.metrics.at().unwrap_or(self.resource.at)),
            source: PolicySource::Group(Box::new(ScalingGroup {
                step,
                tracking,
                metrics: self.metrics.names(),
                bounds,
                warms_up_as_fleet: false,
            })),
            around: Around {
                activation: None,
                schedule,
            },
            notes,
        })
    }
}

impl Policy {
    const fn can_act(&self) -> bool {
        self.enabled && self.triggered
    }
}

/// What the core refused, at the field of the resource that it came from.
fn refused<'a>(
    error: &ConfigError,
    group: &'a Resource,
    origins: impl Fn(usize) -> Vec<Option<&'a Resource>>,
) -> Fault {
    let path = match error {
        ConfigError::OutOfRange { field, .. } | ConfigError::Missing { field, .. } => field,
        ConfigError::Inconsistent { field, .. } => *field,
        _ => "",
    };
    let (before, field) = path.rsplit_once('.').unwrap_or(("", path));
    let index = before
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'))
        .and_then(|(index, _)| index.parse().ok())
        .unwrap_or(0);
    let message = error.to_string();
    let rest = message.strip_prefix(path).unwrap_or(&message);
    let name = match field {
        "steps" => "step_adjustment",
        "adjustment" => "scaling_adjustment",
        "lower_bound" => "metric_interval_lower_bound",
        "upper_bound" => "metric_interval_upper_bound",
        other => other,
    };
    let resources: Vec<&Resource> = origins(index).into_iter().flatten().collect();
    let places = resources
        .iter()
        .find_map(|r| Some((*r, r.node.find_key(name)?)));
    let first = resources.first().copied().unwrap_or(group);
    let (resource, at) = places.unwrap_or((first, first.at));
    Fault::new(at, format!("{}: {name}{rest}", resource.address))
}
