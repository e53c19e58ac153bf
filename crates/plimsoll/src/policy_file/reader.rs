//! serde over a tree with positions.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Error as _, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::fault::Fault;
use super::tree::{Entry, Node, Position, Value};

/// Reads a value; the error knows its place and path.
pub(super) fn read<T: DeserializeOwned>(node: &Node) -> Result<T, Fault> {
    T::deserialize(Reader(node)).map_err(|fault| fault.at(node.at))
}

/// Takes the entry `key` out of a table and reads it, where it is there.
pub(super) fn take<T: DeserializeOwned>(node: &mut Node, key: &str) -> Result<Option<T>, Fault> {
    let read = |entry: Entry| {
        T::deserialize(Reader(&entry.node)).map_err(|fault| fault.within(key, entry.at()))
    };
    node.take(key).map(read).transpose()
}

struct Reader<'a>(&'a Node);

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Null => visitor.visit_unit(),
            Value::Boolean(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::List(items) => visitor.visit_seq(Items {
                left: items.iter().enumerate(),
            }),
            Value::Table(entries) => visitor.visit_map(Entries {
                left: entries.iter(),
                current: None,
            }),
            Value::Reference(text) => Err(Fault::custom(format!(
                "{text} has no value that the file gives"
            ))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    /// A struct is a table here, never a list of its fields' values.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.0.value {
            Value::List(_) => Err(Fault::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Text(name) => visitor.visit_enum(BorrowedStrDeserializer::new(name)),
            Value::Table(entries) => match entries.as_slice() {
                [entry] => visitor.visit_enum(Variant(entry)),
                _ => Err(Fault::custom(format!(
                    "has {} entries, must have exactly one",
                    entries.len()
                ))),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier
    }
}

struct Items<'a> {
    left: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
}

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let read = |(index, node): (usize, &'de Node)| {
            let fault = |fault: Fault| fault.within_item(index, node.at);
            seed.deserialize(Reader(node)).map_err(fault)
        };
        self.left.next().map(read).transpose()
    }
}

struct Entries<'a> {
    left: std::slice::Iter<'a, Entry>,
    current: Option<&'a Entry>,
}

fn key<'de, K: DeserializeSeed<'de>>(seed: K, entry: &'de Entry) -> Result<K::Value, Fault> {
    seed.deserialize(BorrowedStrDeserializer::new(&entry.key))
        .map_err(|fault: Fault| fault.at(entry.key_at))
}

fn value<'de, T: DeserializeSeed<'de>>(seed: T, entry: &'de Entry) -> Result<T::Value, Fault> {
    seed.deserialize(Reader(&entry.node))
        .map_err(|fault| fault.within(&entry.key, entry.at()))
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.current = self.left.next();
        self.current.map(|entry| key(seed, entry)).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        match self.current.take() {
            Some(entry) => value(seed, entry),
            None => Err(Fault::custom("a value was asked for before its key")),
        }
    }
}

struct Variant<'a>(&'a Entry);

impl<'a> Variant<'a> {
    fn wrong(&self, found: Unexpected<'_>, expected: &dyn de::Expected) -> Fault {
        Fault::invalid_type(found, expected).within(&self.0.key, self.0.at())
    }
}

impl<'de> de::EnumAccess<'de> for Variant<'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        key(seed, self.0).map(|name| (name, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        let at: Position = self.0.key_at;
        let message = format!("\"{}\" takes no value: write the name alone", self.0.key);
        Err(Fault::custom(message).at(at))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        value(seed, self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        Reader(&self.0.node)
            .deserialize_any(visitor)
            .map_err(|fault| fault.within(&self.0.key, self.0.at()))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if let Value::List(_) = self.0.node.value {
            return Err(self.wrong(Unexpected::Seq, &visitor));
        }
        self.tuple_variant(0, visitor)
    }
}
