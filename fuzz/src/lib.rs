//! The reader of policy files, as the tool has it. The tool is a program without a library: what it
//! reads with is built here from its source, so that texts need no files.

#[path = "../../crates/plimsoll/src/input_error.rs"]
#[allow(dead_code)] // the tool uses the rest
mod input_error;
#[path = "../../crates/plimsoll/src/output.rs"]
#[allow(dead_code)] // the tool uses the rest
mod output;
#[path = "../../crates/plimsoll/src/policy_file/mod.rs"]
#[allow(dead_code, unused_imports)] // the tool uses the rest
mod policy_file;
#[path = "../../crates/plimsoll/src/scaling_group.rs"]
#[allow(dead_code)] // the tool uses the rest
mod scaling_group;

use std::path::Path;

use autoscale_core::{Fixed, Hpa, Kpa, Observation, Policy, Predictive, Triggers, WeightedFactors};
use policy_file::PolicySource;
use scaling_group::GroupPolicy;

/// Whatever a policy file says, it is refused in one line or makes policies that decide.
pub fn read_policies(name: &str, text: &str) {
    let policies = match policy_file::load_from(Path::new(name), || Ok(text.to_owned())) {
        Ok(policies) => policies,
        Err(error) => {
            let line = error.to_string();
            assert!(
                line.starts_with(name) && !line.contains(['\n', '\r']),
                "{line:?}"
            );
            return;
        }
    };
    assert!(!policies.is_empty());
    for named in policies {
        let policy: Box<dyn Policy> = match named.source {
            PolicySource::Hpa(config) => Box::new(Hpa::new(config).expect("accepted")),
            PolicySource::Kpa(kpa) => Box::new(Kpa::new(kpa.config(74.0)).expect("accepted")),
            PolicySource::Group(group) => Box::new(GroupPolicy::new(&group).expect("accepted")),
            PolicySource::Predictive(predictive) => {
                Box::new(Predictive::new(predictive.config).expect("accepted"))
            }
            PolicySource::Triggers(config, _) => Box::new(Triggers::new(config).expect("accepted")),
            PolicySource::Weighted(config, _) => {
                Box::new(WeightedFactors::new(*config).expect("accepted"))
            }
            PolicySource::Fixed(replicas) => Box::new(Fixed(replicas)),
        };
        let mut policy = named.around.wrap(policy).expect("accepted");
        policy.decide(Default::default(), &Observation::new(3));
    }
}
