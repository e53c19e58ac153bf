//! YAML as it stands in its text: what is where, and what it is made of.

use std::borrow::Cow;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// How deep values may be nested.
const DEPTH_LIMIT: usize = 64;

/// A value and its bytes; of a block collection only the start of the span counts.
#[derive(Debug)]
pub(super) struct Node<'s> {
    pub(super) span: Range<usize>,
    pub(super) content: Content<'s>,
    /// In brackets.
    pub(super) is_flow: bool,
    /// Within brackets.
    pub(super) in_flow: bool,
    pub(super) is_block_scalar: bool,
    /// An alias, or with an anchor or a tag.
    pub(super) is_marked: bool,
}

pub(super) type Pairs<'s> = Vec<(Node<'s>, Node<'s>)>;

#[derive(Debug)]
pub(super) enum Content<'s> {
    Scalar(Cow<'s, str>),
    List(Vec<Node<'s>>),
    Table(Pairs<'s>),
    Alias,
}

impl<'s> Node<'s> {
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// A key and its value.
    pub(super) fn entry(&self, name: &str) -> Option<(&Self, &Self)> {
        let Content::Table(pairs) = &self.content else {
            return None;
        };
        let found = pairs.iter().find(|(key, _)| key.text() == Some(name));
        found.map(|(key, value)| (key, value))
    }

    /// Whether nothing stands there.
    pub(super) const fn is_empty(&self) -> bool {
        self.span.start == self.span.end
    }

    /// Whether it stands for nothing, or for a collection of nothing.
    pub(super) fn holds_nothing(&self) -> bool {
        match &self.content {
            Content::Scalar(text) => self.is_empty() || ["~", "null"].contains(&&**text),
            Content::List(items) => items.is_empty(),
            Content::Table(pairs) => pairs.is_empty(),
            Content::Alias => false,
        }
    }

    /// The last thing that stands in it.
    pub(super) fn last(&self) -> &Self {
        match &self.content {
            Content::List(items) if !self.is_flow => items.last().map_or(self, Self::last),
            Content::Table(pairs) if !self.is_flow => {
                pairs.last().map_or(self, |(_, value)| value.last())
            }
            _ => self,
        }
    }

    /// Where it ends.
    pub(super) fn end(&self) -> usize {
        self.last().span.end
    }

    /// Whether anything in it is an alias or has an anchor or a tag.
    pub(super) fn has_marks(&self) -> bool {
        self.is_marked
            || match &self.content {
                Content::List(items) => items.iter().any(Self::has_marks),
                Content::Table(pairs) => pairs
                    .iter()
                    .any(|(key, value)| key.has_marks() || value.has_marks()),
                Content::Scalar(_) | Content::Alias => false,
            }
    }
}

struct Reader<'s> {
    source: &'s str,
    parser: Parser<'s, saphyr_parser::StrInput<'s>>,
    /// The byte of each character, and of the end.
    bytes: Vec<usize>,
}

/// The documents of a text, where it is valid.
pub(super) fn documents(source: &str) -> Option<Vec<Node<'_>>> {
    let bytes = source.char_indices().map(|(at, _)| at);
    let mut reader = Reader {
        source,
        parser: Parser::new_from_str(source),
        bytes: bytes.chain([source.len()]).collect(),
    };
    let mut documents = Vec::new();
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Some(documents),
            (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd, _) => {}
            event => documents.push(reader.node(event, false, 0)?),
        }
    }
}

impl<'s> Reader<'s> {
    fn next(&mut self) -> Option<(Event<'s>, Span)> {
        self.parser.next()?.ok()
    }

    fn bytes(&self, span: &Span) -> Option<Range<usize>> {
        let byte = |character: usize| self.bytes.get(character).copied();
        Some(byte(span.start.index())?..byte(span.end.index())?)
    }

    fn node(&mut self, event: (Event<'s>, Span), in_flow: bool, depth: usize) -> Option<Node<'s>> {
        if depth > DEPTH_LIMIT {
            return None;
        }
        let (event, span) = event;
        let span = self.bytes(&span)?;
        // The start of a list in lines may be that of its first item.
        let bracket = match event {
            Event::SequenceStart(..) => '[',
            _ => '{',
        };
        let is_flow = self.source[span.start..].starts_with(bracket);
        let mut node = Node {
            span,
            content: Content::Alias,
            is_flow: false,
            in_flow,
            is_block_scalar: false,
            is_marked: true,
        };
        let inside = in_flow || is_flow;
        match event {
            Event::Alias(_) => {}
            Event::Scalar(text, style, anchor, tag) => {
                node.is_marked = anchor != 0 || tag.is_some();
                node.is_block_scalar = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                node.content = Content::Scalar(text);
                node.span.end = node.span.start + self.scalar_length(&node.span)?;
            }
            Event::SequenceStart(anchor, tag) => {
                (node.is_marked, node.is_flow) = (anchor != 0 || tag.is_some(), is_flow);
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        event => items.push(self.node(event, inside, depth + 1)?),
                    }
                }
                node.content = Content::List(items);
            }
            Event::MappingStart(anchor, tag) => {
                (node.is_marked, node.is_flow) = (anchor != 0 || tag.is_some(), is_flow);
                let mut pairs = Vec::new();
                loop {
                    match self.next()? {
                        (Event::MappingEnd, _) => break,
                        event => {
                            let key = self.node(event, inside, depth + 1)?;
                            let event = self.next()?;
                            let mut value = self.node(event, inside, depth + 1)?;
                            if value.is_empty() {
                                value.span = self.after_colon(&key)?;
                            }
                            pairs.push((key, value));
                        }
                    }
                }
                node.content = Content::Table(pairs);
            }
            _ => return None,
        }
        self.close(&mut node)?;
        Some(node)
    }

    /// Finds where brackets close: the parser's end lies behind what follows them.
    fn close(&self, node: &mut Node<'_>) -> Option<()> {
        if !node.is_flow {
            return Some(());
        }
        let mut at = match &node.content {
            Content::List(items) => items.last().map(Node::end),
            Content::Table(pairs) => pairs.last().map(|(_, value)| value.end()),
            _ => None,
        }
        .unwrap_or(node.span.start + 1);
        loop {
            let rest = self.source.get(at..)?;
            match rest.chars().next()? {
                '}' | ']' => break,
                '#' => at += rest.find('\n')?,
                c if c == ',' || c.is_whitespace() => at += c.len_utf8(),
                _ => return None,
            }
        }
        node.span.end = at + 1;
        Some(())
    }

    /// The bytes of a scalar alone: the parser's end lies behind what follows it, comments included.
    fn scalar_length(&self, span: &Range<usize>) -> Option<usize> {
        let text = self.source.get(span.clone())?;
        let mut rest = text.char_indices().skip(1).peekable();
        let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
        let Some(quote) = quote else {
            return Some(text.trim_end().len());
        };
        while let Some((at, c)) = rest.next() {
            let next = rest.peek().map(|(_, next)| *next);
            let escapes = match quote {
                '"' => c == '\\',
                _ => c == quote && next == Some(quote),
            };
            if escapes {
                rest.next();
            } else if c == quote {
                return Some(at + 1);
            }
        }
        None
    }

    /// The place of a value that is not there.
    fn after_colon(&self, key: &Node<'_>) -> Option<Range<usize>> {
        let rest = &self.source[key.span.end..];
        let colon = rest.len() - rest.trim_start_matches(' ').len();
        let after = key.span.end + colon + 1;
        rest[colon..].starts_with(':').then_some(after..after)
    }
}
