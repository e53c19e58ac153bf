//! A file's contents with the position of every key and value, whatever its format.

/// Line and column, both from 1.
pub(super) type Position = (usize, usize);

/// How deep values may be nested.
pub(super) const DEPTH_LIMIT: usize = 64;

/// A value and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
    /// What a Terraform file refers to and does not hold, such as `aws_lb.web.arn`.
    Reference(String),
}

/// A key, where it stands, and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_at: Position,
    pub(super) node: Node,
}

impl Entry {
    /// Where an error about the whole entry belongs: at a scalar itself, at the key of anything
    /// larger or empty.
    pub(super) const fn at(&self) -> Position {
        match self.node.value {
            Value::Null | Value::List(_) | Value::Table(_) => self.key_at,
            _ => self.node.at,
        }
    }
}

impl Node {
    /// The entries, where it is a table.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|e| e.key == key)
    }

    /// The text of an entry, where it is one.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match &self.entry(key)?.node.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items of an entry, where it is a list.
    pub(super) fn items_mut(&mut self, key: &str) -> Option<&mut Vec<Self>> {
        let Value::Table(entries) = &mut self.value else {
            return None;
        };
        match &mut entries.iter_mut().find(|e| e.key == key)?.node.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// Takes an entry out.
    pub(super) fn take(&mut self, key: &str) -> Option<Entry> {
        let Value::Table(entries) = &mut self.value else {
            return None;
        };
        let place = entries.iter().position(|e| e.key == key)?;
        Some(entries.remove(place))
    }

    /// Puts an entry in.
    pub(super) fn put(&mut self, entry: Entry) {
        if let Value::Table(entries) = &mut self.value {
            entries.push(entry);
        }
    }

    /// The position of the first field of this name, however deep.
    pub(super) fn find_key(&self, key: &str) -> Option<Position> {
        match &self.value {
            Value::Table(entries) => self.entry(key).map(Entry::at).or_else(|| {
                let mut nodes = entries.iter().map(|e| &e.node);
                nodes.find_map(|node| node.find_key(key))
            }),
            Value::List(items) => items.iter().find_map(|item| item.find_key(key)),
            _ => None,
        }
    }

    /// The position of the field at a path such as `spec.metrics[2].pods`, or, where there is none,
    /// of the nearest thing around it.
    pub(super) fn find(&self, path: &str) -> Position {
        let (mut node, mut at) = (self, self.at);
        for step in path.split(['.', '[']) {
            let next = match (step.strip_suffix(']'), &node.value) {
                (Some(index), Value::List(items)) => index
                    .parse()
                    .ok()
                    .and_then(|i: usize| items.get(i))
                    .map(|item| (item, item.at)),
                (None, _) => node.entry(step).map(|e| (&e.node, e.at())),
                _ => None,
            };
            let Some(found) = next else { break };
            (node, at) = found;
        }
        at
    }
}
