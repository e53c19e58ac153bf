//! Terraform files that describe AWS auto scaling.
//!
//! Read are EC2 auto scaling groups and ECS services (Application Auto Scaling), their policies,
//! and the CloudWatch alarms that trigger these; see [`schema`] for every field. A value is what
//! the file gives: literals, locals, defaults of variables, texts made of them. Functions,
//! operators, `count` and the like are refused where they bear on scaling, and not looked at
//! elsewhere.

mod convert;
mod expression;
mod group;
mod resource;
mod schedule;
mod schema;

use std::path::Path;

use hcl_edit::structure::{Block, Body};

use self::expression::{Evaluator, Scope};
use self::resource::Resource;
use self::schema::ResourceType;
use super::NamedPolicy;
use super::fault::{Fault, quote};
use super::nearest::{nearest, suggestion};
use super::places::Places;
use super::tree::{Node, Value};
use crate::input_error::InputError;

/// Blocks that a Terraform file may have at its top.
const BLOCKS: &[&str] = &[
    "resource",
    "variable",
    "locals",
    "module",
    "data",
    "output",
    "provider",
    "terraform",
    "moved",
    "import",
    "removed",
    "check",
    "ephemeral",
];

/// Fields of an alarm that name what happens, and whether it is when the alarm begins.
const ACTIONS: [(&str, bool); 3] = [
    ("alarm_actions", true),
    ("ok_actions", false),
    ("insufficient_data_actions", false),
];

/// What a file holds.
#[derive(Debug, Default)]
struct Contents {
    resources: Vec<Resource>,
    /// About what is not read.
    notes: Vec<String>,
}

/// The policies of a file, one a group.
pub(super) fn policies(file: &Path, source: &str) -> Result<Vec<NamedPolicy>, InputError> {
    let read = || {
        let places = Places::new(source);
        let body = parse(source)?;
        let scope = Scope::of(&body, &places)?;
        let evaluator = Evaluator::new(places, scope);
        let contents = Contents::of(&body, &evaluator)?;
        group::policies(contents)
    };
    read().map_err(|fault| fault.in_file(file, &[]))
}

fn parse(source: &str) -> Result<Body, Fault> {
    hcl_edit::parser::parse_body(source).map_err(|error| {
        let at = (error.location().line(), error.location().column());
        let message = error.message().replace('\n', "; ");
        Fault::new(at, format!("not valid HCL: {message}"))
    })
}

impl Contents {
    fn of(body: &Body, evaluator: &Evaluator<'_>) -> Result<Self, Fault> {
        let mut contents = Self::default();
        if let Some(stray) = body.attributes().next() {
            let message = format!("{} stands in no block", quote(&stray.key));
            return Err(Fault::new(evaluator.place(stray), message));
        }
        for block in body.blocks() {
            let labels: Vec<&str> = block.labels.iter().map(|l| l.as_str()).collect();
            match (block.ident.as_str(), labels.as_slice()) {
                ("resource", [kind, label]) => contents.add(evaluator, kind, label, block)?,
                ("resource", _) => {
                    let message = format!(
                        "resource has {} labels, must have 2, its type and its name",
                        labels.len()
                    );
                    return Err(Fault::new(evaluator.place(block), message));
                }
                ("module", _) => {
                    let name = labels.first().unwrap_or(&"");
                    contents
                        .notes
                        .push(format!("module {} is not read", quote(name)));
                }
                (name, _) if BLOCKS.contains(&name) => {}
                (name, _) => {
                    let hint = suggestion(name, "valid blocks", BLOCKS);
                    let message = format!("unknown block {}{hint}", quote(name));
                    return Err(Fault::new(evaluator.place(block), message));
                }
            }
        }
        Ok(contents)
    }

    fn add(
        &mut self,
        evaluator: &Evaluator<'_>,
        kind: &str,
        label: &str,
        block: &Block,
    ) -> Result<(), Fault> {
        let at = evaluator.place(block);
        let Some(kind) = ResourceType::ALL.into_iter().find(|t| t.name() == kind) else {
            let known = ResourceType::ALL.map(ResourceType::name);
            return match nearest(kind, &known) {
                Some(meant) => {
                    let message = format!(
                        "unknown resource {}; did you mean \"{meant}\"?",
                        quote(kind)
                    );
                    Err(Fault::new(at, message))
                }
                None => Ok(()),
            };
        };
        let address = format!("{}.{label}", kind.name());
        if kind == ResourceType::Alarm && !triggers_policies(evaluator, block)? {
            self.notes.push(format!(
                "alarm {}: none of its actions is a scaling policy of the file: it changes nothing",
                quote(label)
            ));
            return Ok(());
        }
        if let Some(first) = self.resources.iter().find(|r| r.address == address) {
            let message = format!("{address} is given twice, first in line {}", first.at.0);
            return Err(Fault::new(at, message));
        }
        self.resources
            .push(Resource::read(evaluator, kind, label, block)?);
        Ok(())
    }
}

/// Whether one of an alarm's actions is a scaling policy. What else an alarm may be about and how
/// it is written is of no concern here.
fn triggers_policies(evaluator: &Evaluator<'_>, alarm: &Block) -> Result<bool, Fault> {
    for (field, _) in ACTIONS {
        let Some(attribute) = alarm.body.get_attribute(field) else {
            continue;
        };
        match evaluator.evaluate(&attribute.value) {
            Ok(node) => {
                let Value::List(items) = &node.value else {
                    continue;
                };
                let is_policy = |item: &Node| match &item.value {
                    Value::Reference(to) => policy_type(to).is_some(),
                    _ => false,
                };
                if items.iter().any(is_policy) {
                    return Ok(true);
                }
            }
            Err(fault) if evaluator.text(attribute).contains("autoscaling_policy.") => {
                return Err(fault.within(field, evaluator.place(attribute)));
            }
            Err(_) => {}
        }
    }
    Ok(false)
}

/// The type of the scaling policy that a reference names.
fn policy_type(reference: &str) -> Option<ResourceType> {
    let (kind, _) = reference.split_once('.')?;
    [ResourceType::Policy, ResourceType::EcsPolicy]
        .into_iter()
        .find(|policy| policy.name() == kind)
}
