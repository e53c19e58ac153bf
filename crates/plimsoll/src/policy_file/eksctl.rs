//! Node groups of eksctl's `ClusterConfig`, as the `pool` of a sizing plan.
//!
//! A group of `nodeGroups` is an EC2 Auto Scaling group, spot nodes in it by its
//! `instancesDistribution`; one of `managedNodeGroups` is all spot (`spot: true`) or all on-demand.
//! What else of a group would change which nodes are chosen is named with its line.

use super::nearest::suggestion;
use super::sections::Sections;
use super::tree::{Entry, Node, Position, Value};
use crate::input_error::InputError;

/// Keys of a group, or of its `instancesDistribution`, that are not followed, and what they do.
const NOT_FOLLOWED: [(&str, &str); 8] = [
    ("availabilityZones", "zones are not told apart"),
    (
        "desiredCapacity",
        "it is where the group starts, not how many it needs",
    ),
    (
        "instanceSelector",
        "its types are those of the table, all of them",
    ),
    (
        "launchTemplate",
        "its types are those of the table, all of them",
    ),
    (
        "maxPodsPerNode",
        "what a node carries is what the table says",
    ),
    ("maxPrice", "spot nodes are taken at the table's price"),
    (
        "spotAllocationStrategy",
        "spot nodes are of the cheapest pools",
    ),
    ("capacityRebalance", "spot nodes are not replaced ahead"),
];

/// Keys of `instancesDistribution` that the plan's pool has as well.
const FOLLOWED: [&str; 4] = [
    "instanceTypes",
    "onDemandBaseCapacity",
    "onDemandPercentageAboveBaseCapacity",
    "spotInstancePools",
];

impl Sections {
    /// Whether it is a cluster in eksctl's words.
    pub(crate) fn is_cluster(&self) -> bool {
        let kind = self.root.as_ref().and_then(|root| root.text("kind"));
        kind == Some("ClusterConfig")
    }

    /// One node group of a cluster, the only one or the one of this name, as a plan that has nothing
    /// but a `pool`; and what is to be said about it.
    pub(crate) fn node_group(self, name: Option<&str>) -> Result<(Self, Vec<String>), InputError> {
        let groups = self.groups()?;
        let names: Vec<&str> = groups.iter().map(|group| group.name).collect();
        let names = names.join(", ");
        let group = match name {
            Some(name) => groups.iter().find(|group| group.name == name),
            None if groups.len() > 1 => {
                let at = groups.get(1).map(|group| group.node.at);
                let message = format!(
                    "holds {} node groups ({names}): name one with --node-group",
                    groups.len()
                );
                return Err(InputError::new(&self.file, at, message));
            }
            None => groups.first(),
        };
        let Some(group) = group else {
            let message = match name {
                Some(name) if !groups.is_empty() => {
                    format!("--node-group is {name}, must be one of {names}")
                }
                _ => "nodeGroups is missing: that or managedNodeGroups, with a group".to_owned(),
            };
            return Err(InputError::new(&self.file, None, message));
        };
        let (pool, notes) = group.pool(&self.file.display().to_string())?;
        let plan = Node {
            at: group.node.at,
            value: Value::Table(vec![Entry {
                key: "pool".to_owned(),
                key_at: group.node.at,
                node: pool,
            }]),
        };
        let root = Some(plan);
        Ok((Self { root, ..self }, notes))
    }

    fn groups(&self) -> Result<Vec<Group<'_>>, InputError> {
        let mut groups = Vec::new();
        for (key, managed) in [("nodeGroups", false), ("managedNodeGroups", true)] {
            let Some(entry) = self.root.as_ref().and_then(|root| root.entry(key)) else {
                continue;
            };
            let nodes = match &entry.node.value {
                Value::List(nodes) => nodes.as_slice(),
                Value::Null => &[],
                _ => {
                    let message = format!("{key} must be a list");
                    return Err(InputError::new(&self.file, Some(entry.at()), message));
                }
            };
            for (index, node) in nodes.iter().enumerate() {
                let Some(name) = node.text("name") else {
                    let message = format!("{key}[{index}].name is missing");
                    return Err(InputError::new(&self.file, Some(node.at), message));
                };
                groups.push(Group {
                    name,
                    managed,
                    node,
                });
            }
        }
        Ok(groups)
    }
}

struct Group<'a> {
    name: &'a str,
    /// Whether it is one of `managedNodeGroups`.
    managed: bool,
    node: &'a Node,
}

impl Group<'_> {
    fn pool(&self, file: &str) -> Result<(Node, Vec<String>), InputError> {
        let refuse = |at: Position, message: String| InputError::new(file, Some(at), message);
        let mut notes = vec![format!("node group {} of {file}", self.name)];
        let distribution = self.node.entry("instancesDistribution");
        if let Some(entry) = distribution.filter(|_| self.managed) {
            let message = "instancesDistribution is of nodeGroups, a managed group has spot";
            return Err(refuse(entry.key_at, message.to_owned()));
        }
        if let Some(entry) = self.node.entry("spot").filter(|_| !self.managed) {
            let message = "spot is of managedNodeGroups, a group of nodeGroups has \
                           instancesDistribution";
            return Err(refuse(entry.key_at, message.to_owned()));
        }
        let inner = distribution.map_or(&[][..], |entry| entry.node.entries());
        let mut pool: Vec<Entry> = Vec::new();
        for entry in self.node.entries().iter().chain(inner) {
            let key = entry.key.as_str();
            if let Some((_, why)) = NOT_FOLLOWED.iter().find(|(name, _)| *name == key) {
                let (line, _) = entry.key_at;
                notes.push(format!("{file}:{line}: {key} is not followed: {why}"));
            }
        }
        for entry in self.node.entries() {
            // eksctl takes these of a group itself only where it is managed.
            let own = ["minSize", "maxSize"].contains(&entry.key.as_str())
                || (self.managed && entry.key == "instanceTypes");
            if own {
                pool.push(entry.clone());
            }
        }
        for entry in inner {
            let known = |(name, _): &(&str, &str)| *name == entry.key;
            if NOT_FOLLOWED.iter().any(known) {
                continue;
            }
            if !FOLLOWED.contains(&entry.key.as_str()) {
                let message = format!(
                    "unknown field \"{}\" in instancesDistribution{}",
                    entry.key,
                    suggestion(&entry.key, "valid fields", &FOLLOWED)
                );
                return Err(refuse(entry.key_at, message));
            }
            pool.push(entry.clone());
        }
        let has = |pool: &[Entry], key: &str| pool.iter().any(|entry| entry.key == key);
        if !has(&pool, "instanceTypes") {
            let one = self.node.entry("instanceType");
            match one.filter(|_| self.node.text("instanceType") != Some("mixed")) {
                Some(one) => {
                    let list = Value::List(vec![one.node.clone()]);
                    pool.push(entry("instanceTypes", one.node.at, list));
                }
                None => notes.push("no instance type is named: all types of the table".to_owned()),
            }
        }
        if !has(&pool, "maxSize") {
            notes.push("maxSize is not given: any number of nodes".to_owned());
        }
        if distribution.is_none() {
            pool.push(self.options(&refuse)?);
        } else if !has(&pool, "onDemandPercentageAboveBaseCapacity") {
            pool.push(entry(
                "instancesDistribution",
                self.node.at,
                Value::Table(Vec::new()),
            ));
        }
        let pool = Node {
            at: self.node.at,
            value: Value::Table(pool),
        };
        Ok((pool, notes))
    }

    /// How its nodes are paid for where nothing is distributed: one way or the other.
    fn options(
        &self,
        refuse: &dyn Fn(Position, String) -> InputError,
    ) -> Result<Entry, InputError> {
        let spot = self.node.entry("spot");
        let (at, options): (_, &[&str]) = match spot.map(|entry| (entry, &entry.node.value)) {
            Some((entry, Value::Boolean(true))) => (entry.node.at, &["spot"]),
            Some((entry, Value::Boolean(false))) => (entry.node.at, &["on_demand", "reserved"]),
            None => (self.node.at, &["on_demand", "reserved"]),
            Some((entry, _)) => {
                return Err(refuse(entry.at(), "spot must be true or false".to_owned()));
            }
        };
        let text = |option: &&str| Node {
            at,
            value: Value::Text((*option).to_owned()),
        };
        let options = options.iter().map(text).collect();
        Ok(entry("purchase_options", at, Value::List(options)))
    }
}

fn entry(key: &str, at: Position, value: Value) -> Entry {
    Entry {
        key: key.to_owned(),
        key_at: at,
        node: Node { at, value },
    }
}
