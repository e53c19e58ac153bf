//! Values of expressions, as far as the file alone gives them.

use std::cell::Cell;
use std::collections::BTreeMap;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey, Traversal, TraversalOperator, UnaryOperator};
use hcl_edit::structure::Body;
use hcl_edit::template::{Element, StringTemplate};

use crate::policy_file::fault::{Fault, quote};
use crate::policy_file::nearest::suggestion;
use crate::policy_file::places::Places;
use crate::policy_file::tree::{DEPTH_LIMIT, Entry, Node, Position, Value};

/// How many expressions are evaluated at most: a local may use others twice, and they others again.
const EVALUATION_LIMIT: u32 = 100_000;

/// The names that a module gives to values.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    /// Defaults of variables; `None` where there is none.
    variables: BTreeMap<&'a str, Option<&'a Expression>>,
    locals: BTreeMap<&'a str, &'a Expression>,
}

/// Evaluates a file's expressions.
pub(super) struct Evaluator<'a> {
    places: Places<'a>,
    scope: Scope<'a>,
    left: Cell<u32>,
}

impl<'a> Scope<'a> {
    /// Reads what a file defines.
    pub(super) fn of(body: &'a Body, places: &Places<'_>) -> Result<Self, Fault> {
        let mut scope = Self::default();
        for block in body.blocks() {
            let at = places.of(block.span().map_or(0, |span| span.start));
            let twice = |what: &str, name: &str| {
                Err(Fault::new(at, format!("{what}.{name} is defined twice")))
            };
            match (block.ident.as_str(), block.labels.as_slice()) {
                ("variable", [name]) => {
                    let name = name.as_str();
                    let default = block.body.get_attribute("default").map(|a| &a.value);
                    if scope.variables.insert(name, default).is_some() {
                        return twice("var", name);
                    }
                }
                ("locals", []) => {
                    for local in block.body.attributes() {
                        if scope.locals.insert(&local.key, &local.value).is_some() {
                            return twice("local", &local.key);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(scope)
    }
}

impl<'a> Evaluator<'a> {
    pub(super) const fn new(places: Places<'a>, scope: Scope<'a>) -> Self {
        Self {
            places,
            scope,
            left: Cell::new(EVALUATION_LIMIT),
        }
    }

    /// Where something begins.
    pub(super) fn place(&self, spanned: &impl hcl_edit::Span) -> Position {
        self.places.of(spanned.span().map_or(0, |span| span.start))
    }

    /// The source of something.
    pub(super) fn text(&self, spanned: &impl hcl_edit::Span) -> &str {
        self.places.text(spanned.span().unwrap_or_default())
    }

    /// The value of an expression that stands in a resource.
    pub(super) fn evaluate(&self, expression: &Expression) -> Result<Node, Fault> {
        let at = self.place(expression);
        let value = self.value(expression, at, 0)?;
        Ok(Node { at, value })
    }

    /// `at` is where the value is used, which is what a message points to.
    fn value(&self, expression: &Expression, at: Position, depth: usize) -> Result<Value, Fault> {
        let refused = |what: String| Err(Fault::new(at, format!("{what} is not supported")));
        let left = self.left.get().saturating_sub(1);
        self.left.set(left);
        if depth > DEPTH_LIMIT || left == 0 {
            let message = "locals and variables use each other in a circle, or too deep";
            return Err(Fault::new(at, message));
        }
        let inner = |expression: &Expression| self.value(expression, at, depth + 1);
        Ok(match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(value) => Value::Boolean(*value.value()),
            Expression::Number(value) => match value.value().as_i64() {
                Some(whole) => Value::Integer(whole),
                None => Value::Float(value.value().as_f64().unwrap_or(f64::NAN)),
            },
            Expression::String(text) => Value::Text(text.value().clone()),
            Expression::StringTemplate(template) => self.template(template, at, depth)?,
            Expression::Parenthesis(parenthesis) => inner(parenthesis.inner())?,
            Expression::Array(items) => Value::List(
                items
                    .iter()
                    .map(|item| {
                        let at = self.place(item);
                        let value = self.value(item, at, depth + 1)?;
                        Ok(Node { at, value })
                    })
                    .collect::<Result<_, Fault>>()?,
            ),
            Expression::Object(object) => {
                let mut entries = Vec::new();
                for (key, value) in object {
                    let key = match key {
                        ObjectKey::Ident(name) => name.as_str().to_owned(),
                        ObjectKey::Expression(key) => match inner(key)? {
                            Value::Text(text) => text,
                            _ => return refused("a key that is no plain name".to_owned()),
                        },
                    };
                    let key_at = self.place(value.expr());
                    entries.push(Entry {
                        key,
                        key_at,
                        node: Node {
                            at: key_at,
                            value: self.value(value.expr(), key_at, depth + 1)?,
                        },
                    });
                }
                Value::Table(entries)
            }
            Expression::UnaryOp(operation) => {
                match (operation.operator.value(), inner(&operation.expr)?) {
                    (UnaryOperator::Neg, Value::Integer(value)) if value != i64::MIN => {
                        Value::Integer(-value)
                    }
                    (UnaryOperator::Neg, Value::Float(value)) => Value::Float(-value),
                    (UnaryOperator::Not, Value::Boolean(value)) => Value::Boolean(!value),
                    (operator, _) => return refused(format!("operator {operator} here")),
                }
            }
            Expression::Traversal(traversal) => self.traversal(traversal, at, depth)?,
            Expression::FuncCall(call) => return refused(format!("function {}()", call.name.name)),
            Expression::BinaryOp(operation) => {
                return refused(format!("operator {}", operation.operator.value()));
            }
            Expression::Conditional(_) => return refused("a condition".to_owned()),
            Expression::ForExpr(_) => return refused("a for expression".to_owned()),
            Expression::HeredocTemplate(_) => return refused("a heredoc".to_owned()),
            Expression::Variable(name) => {
                let message = format!("{} is no value: quote it", quote(name));
                return Err(Fault::new(at, message));
            }
        })
    }

    /// A string with `${…}` in it; a reference where one of these is known to AWS only.
    fn template(
        &self,
        template: &StringTemplate,
        at: Position,
        depth: usize,
    ) -> Result<Value, Fault> {
        let (mut text, mut known) = (String::new(), true);
        for element in template {
            let part = match element {
                Element::Literal(literal) => Value::Text(literal.value().clone()),
                Element::Interpolation(part) => self.value(&part.expr, at, depth + 1)?,
                Element::Directive(_) => {
                    return Err(Fault::new(at, "a template directive is not supported"));
                }
            };
            match part {
                Value::Text(part) => text.push_str(&part),
                Value::Integer(part) => text.push_str(&part.to_string()),
                Value::Float(part) => text.push_str(&part.to_string()),
                Value::Boolean(part) => text.push_str(&part.to_string()),
                Value::Reference(part) => {
                    text.push_str(&part);
                    known = false;
                }
                Value::Null | Value::List(_) | Value::Table(_) => {
                    return Err(Fault::new(at, "a list or a mapping in a text"));
                }
            }
        }
        Ok(if known {
            Value::Text(text)
        } else {
            Value::Reference(text)
        })
    }

    fn traversal(&self, path: &Traversal, at: Position, depth: usize) -> Result<Value, Fault> {
        let mut names = match &path.expr {
            Expression::Variable(first) => vec![first.as_str()],
            _ => return Err(Fault::new(at, "a path into a value is not supported")),
        };
        for operator in &path.operators {
            match operator.value() {
                TraversalOperator::GetAttr(name) => names.push(name.as_str()),
                _ => {
                    let message = format!("{}[…]: an index is not supported", names.join("."));
                    return Err(Fault::new(at, message));
                }
            }
        }
        let missing = |kind: &str, name: &str, known: Vec<&str>| {
            let hint = suggestion(name, "the file defines", &known);
            Err(Fault::new(
                at,
                format!("{kind}.{name} is not in the file{hint}"),
            ))
        };
        let (value, rest) = match names.as_slice() {
            ["var", name, rest @ ..] => match self.scope.variables.get(name) {
                Some(Some(default)) => (self.value(default, at, depth + 1)?, rest),
                Some(None) => return Err(Fault::new(at, format!("var.{name} has no default"))),
                None => {
                    let known = self.scope.variables.keys().copied().collect();
                    return missing("var", name, known);
                }
            },
            ["local", name, rest @ ..] => match self.scope.locals.get(name) {
                Some(value) => (self.value(value, at, depth + 1)?, rest),
                None => {
                    let known = self.scope.locals.keys().copied().collect();
                    return missing("local", name, known);
                }
            },
            _ => return Ok(Value::Reference(names.join("."))),
        };
        rest.iter().try_fold(value, |value, step| {
            let message = format!("{} has no field {step}", names.join("."));
            let mut node = Node { at, value };
            match node.take(step) {
                Some(entry) => Ok(entry.node.value),
                None => Err(Fault::new(at, message)),
            }
        })
    }
}
