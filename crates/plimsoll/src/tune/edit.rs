//! A manifest's text with nothing but some values changed: the rest stays byte for byte.

use std::ops::Range;

use serde_json::{Map, Value};

use super::tree::{Content, Node, Pairs, documents};
use super::yaml;

const KIND: &str = "HorizontalPodAutoscaler";

/// What a field is put before where it is new; anything else comes last.
const BEFORE: [(&str, &str); 1] = [("minReplicas", "maxReplicas")];

/// Why a text is not edited.
pub(super) type Unsafe = &'static str;

/// The text of one manifest, changed from what `before` says to what `after` says.
pub(super) fn edited(source: &str, before: &Value, after: &Value) -> Result<String, Unsafe> {
    let documents = documents(source).ok_or("it could not be read again")?;
    let manifest = documents.iter().find_map(find);
    let manifest = manifest.ok_or("it could not be read again")?;
    let start = source.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let json = start.strip_prefix('{').map(str::trim_start);
    let mut editor = Editor {
        source,
        is_json: json.is_some_and(|rest| rest.starts_with('"')),
        end_of_line: if source.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        },
        step: 2,
        edits: Vec::new(),
    };
    if let Some((key, value)) = manifest.entry("spec")
        && let Content::Table(pairs) = &value.content
        && let Some((inner, _)) = pairs.first()
    {
        let columns = [key, inner].map(|key| editor.column(key.span.start));
        editor.step = columns[1].saturating_sub(columns[0]).max(1);
    }
    editor.change(manifest, 0, before, after)?;
    Ok(editor.finish())
}

/// The manifest of a document, or of a list's items.
fn find<'t, 's>(node: &'t Node<'s>) -> Option<&'t Node<'s>> {
    match node.entry("kind").map(|(_, kind)| kind.text()) {
        Some(Some(KIND)) => Some(node),
        _ => match &node.entry("items")?.1.content {
            Content::List(items) => items.iter().find_map(find),
            _ => None,
        },
    }
}

struct Editor<'a> {
    source: &'a str,
    /// Keys and texts are in double quotes.
    is_json: bool,
    end_of_line: &'static str,
    /// Columns that a level is indented by.
    step: usize,
    /// What replaces which bytes; of those at the same place the first comes first.
    edits: Vec<(Range<usize>, String)>,
}

impl Editor<'_> {
    fn finish(mut self) -> String {
        self.edits.sort_by_key(|(part, _)| (part.start, part.end));
        let (mut text, mut at) = (String::with_capacity(self.source.len()), 0);
        for (part, new) in &self.edits {
            text.push_str(&self.source[at..part.start.max(at)]);
            text.push_str(new);
            at = part.end;
        }
        text.push_str(&self.source[at..]);
        text
    }

    /// Changes a value; its key stands at column `column`, or its dash.
    fn change(
        &mut self,
        node: &Node<'_>,
        column: usize,
        before: &Value,
        after: &Value,
    ) -> Result<(), Unsafe> {
        if before == after {
            return Ok(());
        }
        if node.is_marked {
            return Err("an anchor, alias or tag stands where a value changes");
        }
        match (&node.content, before, after) {
            (Content::Table(pairs), Value::Object(before), Value::Object(after))
                if !pairs.is_empty() =>
            {
                self.change_table(node, pairs, before, after)
            }
            (Content::List(items), Value::Array(before), Value::Array(after))
                if !items.is_empty() && !after.is_empty() && items.len() == before.len() =>
            {
                self.change_list(node, items, before, after)
            }
            (_, _, Value::Object(_) | Value::Array(_)) if node.holds_nothing() => {
                self.fill(node, column, after);
                Ok(())
            }
            (Content::Scalar(_), _, Value::String(_) | Value::Number(_)) => {
                self.replace(node, after)
            }
            _ => Err("a field has another form than expected"),
        }
    }

    fn change_table(
        &mut self,
        node: &Node<'_>,
        pairs: &Pairs<'_>,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) -> Result<(), Unsafe> {
        let (first, _) = pairs.first().ok_or("a mapping is empty")?;
        if before.keys().any(|key| !after.contains_key(key)) {
            return Err("a field is taken away");
        }
        let column = self.column(first.span.start);
        let mut new = Map::new();
        for (key, value) in after {
            match node.entry(key) {
                Some((_, old)) => {
                    let before = before.get(key).unwrap_or(&Value::Null);
                    self.change(old, column, before, value)?;
                }
                None => {
                    new.insert(key.clone(), value.clone());
                }
            }
        }
        for (key, next) in BEFORE {
            if let Some((next, _)) = node.entry(next)
                && let Some(value) = new.remove(key)
            {
                self.put_before(node, next, key, &value);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        let last = node.last();
        if last.is_block_scalar {
            return Err("a text of several lines ends a mapping");
        }
        if node.is_flow {
            let text = yaml::flow(&Value::Object(new), self.is_json);
            let entries = text[1..text.len() - 1].to_owned();
            self.append_flow(node, first, entries)
        } else {
            let lines = yaml::block(&Value::Object(new), column, self.step);
            self.append_lines(last.span.end, &lines);
            Ok(())
        }
    }

    fn change_list(
        &mut self,
        node: &Node<'_>,
        items: &[Node<'_>],
        before: &[Value],
        after: &[Value],
    ) -> Result<(), Unsafe> {
        let first = items.first().ok_or("a list is empty")?;
        let dash = match node.is_flow {
            true => 0,
            false => self.source[..first.span.start].rfind('-').unwrap_or(0),
        };
        let dash = self.column(dash);
        for ((item, before), after) in items.iter().zip(before).zip(after) {
            self.change(item, dash, before, after)?;
        }
        let last = node.last();
        if let (Some(kept), Some(surplus)) = (
            items[..after.len().min(items.len())].last(),
            items.get(after.len()..).filter(|rest| !rest.is_empty()),
        ) {
            if surplus.iter().any(Node::has_marks) {
                return Err("an anchor, alias or tag stands where a value changes");
            }
            let ends = [kept.last().span.end, last.span.end];
            let [start, end] = match node.is_flow {
                true => [kept.end(), items.last().map_or(0, Node::end)],
                false => ends.map(|at| self.line_end(at)),
            };
            self.edits.push((start..end, String::new()));
        }
        let more = &after[items.len().min(after.len())..];
        if more.is_empty() {
            return Ok(());
        }
        if last.is_block_scalar {
            return Err("a text of several lines ends a list");
        }
        let more = Value::Array(more.to_vec());
        if node.is_flow {
            let text = yaml::flow(&more, self.is_json);
            self.append_flow(node, first, text[1..text.len() - 1].to_owned())
        } else {
            let lines = yaml::block(&more, dash, self.step);
            self.append_lines(last.span.end, &lines);
            Ok(())
        }
    }

    /// Replaces a scalar, in its own kind of quotes.
    fn replace(&mut self, node: &Node<'_>, value: &Value) -> Result<(), Unsafe> {
        if node.is_block_scalar {
            return Err("a text of several lines is to change");
        }
        let old = &self.source[node.span.clone()];
        let text = match (old.chars().next(), value) {
            (None, _) => format!(" {}", yaml::scalar(value)),
            (Some('"'), Value::String(text)) => yaml::quoted(text),
            (_, Value::String(text)) if self.is_json => yaml::quoted(text),
            (Some('\''), Value::String(text)) => format!("'{}'", text.replace('\'', "''")),
            // Quantities as they were written.
            (_, Value::String(text)) if text.chars().all(|c| c.is_ascii_alphanumeric()) => {
                text.clone()
            }
            _ => yaml::scalar(value),
        };
        self.edits.push((node.span.clone(), text));
        Ok(())
    }

    /// Fills a field that holds nothing yet.
    fn fill(&mut self, node: &Node<'_>, column: usize, value: &Value) {
        if node.in_flow {
            let text = yaml::flow(value, self.is_json);
            let space = if node.is_empty() { " " } else { "" };
            self.edits
                .push((node.span.clone(), space.to_owned() + &text));
            return;
        }
        let before = &self.source[..node.span.start];
        let start = before.trim_end_matches(' ').len();
        self.edits.push((start..node.span.end, String::new()));
        let lines = yaml::block(value, column + self.step, self.step);
        self.append_lines(node.span.end, &lines);
    }

    fn put_before(&mut self, node: &Node<'_>, next: &Node<'_>, key: &str, value: &Value) {
        let at = next.span.start;
        let line = self.line_start(at);
        let indent = &self.source[line..at];
        let own_line = indent.chars().all(|c| c == ' ' || c == '\t');
        let mut entry = Map::new();
        entry.insert(key.to_owned(), value.clone());
        let text = yaml::flow(&Value::Object(entry), self.is_json);
        let text = &text[1..text.len() - 1];
        let comma = if node.is_flow { "," } else { "" };
        let rest = if node.is_flow && !own_line {
            " ".to_owned()
        } else {
            let indent = match own_line {
                true => indent.to_owned(),
                false => " ".repeat(self.column(at)),
            };
            format!("{}{indent}", self.end_of_line)
        };
        self.edits.push((at..at, format!("{text}{comma}{rest}")));
    }

    /// Adds entries at the end of what stands in brackets.
    fn append_flow(
        &mut self,
        node: &Node<'_>,
        first: &Node<'_>,
        entries: String,
    ) -> Result<(), Unsafe> {
        let last = match &node.content {
            Content::List(items) => items.last().map_or(0, Node::end),
            Content::Table(pairs) => {
                pairs
                    .last()
                    .map_or(0, |(key, value)| match value.is_empty() {
                        true => value.span.end.max(key.span.end),
                        false => value.end(),
                    })
            }
            _ => return Err("a field has another form than expected"),
        };
        let gap = &self.source[last..node.span.end - 1];
        // A comma in a comment is none.
        let code = gap.lines().next().unwrap_or_default();
        let code = code.split('#').next().unwrap_or_default();
        let line = self.line_start(first.span.start);
        let indent = &self.source[line..first.span.start];
        let own_lines = gap.contains('\n') && indent.trim_start_matches([' ', '\t']).is_empty();
        let at = match code.find(',') {
            Some(comma) => last + comma + 1,
            None => {
                self.edits.push((last..last, ",".to_owned()));
                last
            }
        };
        if own_lines {
            let (at, indent) = (self.line_end(at), indent.to_owned());
            let text = format!("{}{indent}{entries}", self.end_of_line);
            self.edits.push((at..at, text));
        } else {
            self.edits.push((at..at, format!(" {entries}")));
        }
        Ok(())
    }

    /// Adds lines after the line in which a value ends.
    fn append_lines(&mut self, value_end: usize, lines: &str) {
        let at = self.line_end(value_end);
        let lines: String = lines
            .lines()
            .map(|line| format!("{}{line}", self.end_of_line))
            .collect();
        self.edits.push((at..at, lines));
    }

    fn line_start(&self, at: usize) -> usize {
        self.source[..at].rfind('\n').map_or(0, |end| end + 1)
    }

    /// Where the line ends that holds a byte, before its line break.
    fn line_end(&self, at: usize) -> usize {
        let rest = &self.source[at..];
        let line = rest.split('\n').next().unwrap_or_default();
        at + line.trim_end_matches('\r').len()
    }

    fn column(&self, at: usize) -> usize {
        self.source[self.line_start(at)..at].chars().count()
    }
}

#[cfg(test)]
mod tests;
