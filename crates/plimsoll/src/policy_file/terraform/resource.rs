//! Resources of a file: what bears on scaling, evaluated, and the names of what does not.

use hcl_edit::structure::{Block, Body, Structure};

use super::expression::Evaluator;
use super::schema::{ALWAYS_IGNORED, LENIENT, ResourceType};
use crate::policy_file::fault::{Fault, quote};
use crate::policy_file::nearest::nearest;
use crate::policy_file::tree::{Entry, Node, Position, Value};

/// A resource that bears on scaling.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) kind: ResourceType,
    /// `aws_autoscaling_group.web`.
    pub(super) address: String,
    /// Its label.
    pub(super) label: String,
    pub(super) at: Position,
    /// Its fields, those aside that do not bear on scaling.
    pub(super) node: Node,
    /// Names of the fields that do not bear on scaling.
    pub(super) ignored: Vec<String>,
}

impl Resource {
    /// Reads a resource's block.
    pub(super) fn read(
        evaluator: &Evaluator<'_>,
        kind: ResourceType,
        label: &str,
        block: &Block,
    ) -> Result<Self, Fault> {
        let at = evaluator.place(block);
        let mut ignored = Vec::new();
        let is_ignored =
            |name: &str| ALWAYS_IGNORED.contains(&name) || kind.schema().ignored.contains(&name);
        for structure in &block.body {
            let (name, at) = name_of(evaluator, structure);
            if ["count", "for_each"].contains(&name) {
                let message = format!(
                    "{name} of {}.{label} is not supported: write the resources out",
                    kind.name()
                );
                return Err(Fault::new(at, message));
            }
            if is_ignored(name) {
                if !ALWAYS_IGNORED.contains(&name) && !ignored.iter().any(|i| i == name) {
                    ignored.push(name.to_owned());
                }
            } else if !kind.schema().read.contains(&name) {
                let names = [kind.schema().read, kind.schema().ignored].concat();
                let hint = match nearest(name, &names) {
                    Some(meant) => format!("; did you mean \"{meant}\"?"),
                    None => format!("; fields that are read: {}", kind.schema().read.join(", ")),
                };
                let what = match structure {
                    Structure::Block(block) if block.ident.as_str() == "dynamic" => {
                        format!("unknown block: dynamic {}", quote(name))
                    }
                    _ => format!("unknown field {}", quote(name)),
                };
                let message = format!("{what} in {}{hint}", kind.name());
                return Err(Fault::new(at, message));
            }
        }
        let node = table(evaluator, &block.body, at, &is_ignored)?;
        Ok(Self {
            kind,
            address: format!("{}.{label}", kind.name()),
            label: label.to_owned(),
            at,
            node,
            ignored,
        })
    }

    /// A fault about one of its fields, or about the whole.
    pub(super) fn fault(&self, path: &str, message: impl Into<String>) -> Fault {
        Fault::new(self.node.find(path), message)
    }

    /// What reports call it: its name where the file gives it, or its label.
    pub(super) fn name(&self) -> &str {
        let field = match self.kind {
            ResourceType::Alarm => "alarm_name",
            ResourceType::Schedule => "scheduled_action_name",
            _ => "name",
        };
        self.node.text(field).unwrap_or(&self.label)
    }

    /// A field's value, where it is a text or a reference.
    pub(super) fn text_or_reference(&self, field: &str) -> Option<&str> {
        match &self.node.entry(field)?.node.value {
            Value::Text(text) | Value::Reference(text) => Some(text),
            _ => None,
        }
    }
}

/// The name of an attribute or a block; of a dynamic block, the name of what it makes.
fn name_of<'a>(evaluator: &Evaluator<'_>, structure: &'a Structure) -> (&'a str, Position) {
    match structure {
        Structure::Attribute(attribute) => (&attribute.key, evaluator.place(attribute)),
        Structure::Block(block) => match (block.ident.as_str(), block.labels.as_slice()) {
            ("dynamic", [label]) => (label.as_str(), evaluator.place(block)),
            (name, _) => (name, evaluator.place(block)),
        },
    }
}

/// A body as a table; blocks that may repeat are lists.
fn table(
    evaluator: &Evaluator<'_>,
    body: &Body,
    at: Position,
    is_ignored: &dyn Fn(&str) -> bool,
) -> Result<Node, Fault> {
    let mut node = Node {
        at,
        value: Value::Table(Vec::new()),
    };
    for structure in body {
        let (name, key_at) = name_of(evaluator, structure);
        if is_ignored(name) {
            continue;
        }
        let value = match structure {
            Structure::Attribute(attribute) => match evaluator.evaluate(&attribute.value) {
                Err(_) if LENIENT.contains(&name) => Node {
                    at: key_at,
                    value: Value::Reference(name.to_owned()),
                },
                value => value.map_err(|fault| fault.within(name, key_at))?,
            },
            Structure::Block(block) if block.ident.as_str() == "dynamic" => {
                let message = format!("dynamic {} is not supported: write it out", quote(name));
                return Err(Fault::new(key_at, message));
            }
            Structure::Block(block) => table(evaluator, &block.body, key_at, &|_| false)
                .map_err(|fault| fault.within(name, key_at))?,
        };
        let repeats = ["step_adjustment", "metric_query", "metrics"].contains(&name);
        if repeats && matches!(structure, Structure::Block(_)) {
            if let Some(items) = node.items_mut(name) {
                items.push(value);
                continue;
            }
            node.put(Entry {
                key: name.to_owned(),
                key_at,
                node: Node {
                    at: key_at,
                    value: Value::List(vec![value]),
                },
            });
            continue;
        }
        if node.entry(name).is_some() {
            return Err(Fault::new(key_at, format!("{name} is given twice")));
        }
        node.put(Entry {
            key: name.to_owned(),
            key_at,
            node: value,
        });
    }
    Ok(node)
}
