//! Text → blocks and nodes. Must not evaluate.

use serde_json::{Number, Value};

use super::{Block, Comparison, Node, Slice};

/// The blocks of a whole template.
pub(super) fn blocks(text: &str) -> Result<Vec<Block>, String> {
    Parser { rest: text }.blocks(false)
}

struct Parser<'t> {
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn blocks(&mut self, in_range: bool) -> Result<Vec<Block>, String> {
        let mut blocks = Vec::new();
        loop {
            let text = self.until("{");
            if !text.is_empty() {
                blocks.push(Block::Text(text.into()));
            }
            if self.rest.is_empty() {
                return if in_range { Err("unexpected end of template in range".into()) } else { Ok(blocks) };
            }
            match self.action()? {
                Action::Path(path) => blocks.push(Block::Path(path)),
                Action::Range(path) => {
                    let inner = self.blocks(true)?;
                    blocks.push(Block::Range(path, inner));
                }
                Action::End if in_range => return Ok(blocks),
                Action::End => return Err("not in range, nothing to end".into()),
            }
        }
    }

    /// `{ … }`.
    fn action(&mut self) -> Result<Action, String> {
        self.skip(1);
        self.blanks();
        if self.takes_word("end") {
            self.close()?;
            return Ok(Action::End);
        }
        let is_range = self.takes_word("range");
        let path = self.path("}")?;
        self.close()?;
        Ok(if is_range { Action::Range(path) } else { Action::Path(path) })
    }

    fn close(&mut self) -> Result<(), String> {
        self.blanks();
        if self.take('}') { Ok(()) } else { Err("unclosed action".into()) }
    }

    /// The steps up to one of the letters in `ends`, which stays.
    fn path(&mut self, ends: &str) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        loop {
            let Some(letter) = self.rest.chars().next() else { return Err("unclosed action".into()) };
            match letter {
                end if ends.contains(end) => return Ok(nodes),
                ' ' | '@' | '$' => self.skip(1),
                '[' => nodes.extend(self.bracket()?),
                '"' | '\'' => nodes.push(Node::Literal(self.quoted(letter)?.into())),
                '.' => nodes.push(self.field()),
                '+' | '-' | '0'..='9' => nodes.push(Node::Literal(self.number()?)),
                letter if letter.is_alphabetic() || letter == '_' => nodes.push(self.word()?),
                other => return Err(format!("unrecognized character in action: U+{:04X} '{other}'", u32::from(other))),
            }
        }
    }

    fn field(&mut self) -> Node {
        self.skip(1);
        // `..name`: the name is a step of its own.
        if self.take('.') {
            return Node::Recursive;
        }
        if self.take('*') {
            return Node::Wildcard;
        }
        // No name: `{.}` is the document itself.
        Node::Field(self.name())
    }

    /// A name, in which `\` takes the next letter as it is.
    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(letter) = self.rest.chars().next() {
            if letter == '\\' {
                self.skip(1);
            } else if " .,[]()$@{}!=<>".contains(letter) {
                break;
            }
            if let Some(letter) = self.rest.chars().next() {
                name.push(letter);
                self.skip(letter.len_utf8());
            }
        }
        name
    }

    /// A bare word: a boolean, or a field after `..`.
    fn word(&mut self) -> Result<Node, String> {
        match self.name().as_str() {
            "true" => Ok(Node::Literal(true.into())),
            "false" => Ok(Node::Literal(false.into())),
            name if !name.is_empty() => Ok(Node::Field(name.into())),
            _ => Err(format!("unrecognized identifier {}", self.rest)),
        }
    }

    fn number(&mut self) -> Result<Value, String> {
        let end = self.rest[1..].find(|c: char| !c.is_ascii_digit() && c != '.').map_or(self.rest.len(), |at| at + 1);
        let text = &self.rest[..end];
        self.skip(end);
        let number = text.strip_prefix('+').unwrap_or(text);
        let read = number.parse::<i64>().ok().map(Number::from);
        let read = read.or_else(|| Number::from_f64(number.parse().ok()?));
        read.map(Value::Number).ok_or_else(|| format!("cannot parse number {text}"))
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        self.skip(1);
        let mut text = String::new();
        let mut letters = self.rest.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' => match letters.next().map(|(_, next)| next) {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(other) => text.push(other),
                    None => break,
                },
                letter if letter == quote => {
                    self.skip(at + 1);
                    return Ok(text);
                }
                other => text.push(other),
            }
        }
        Err("unterminated quoted string".into())
    }

    /// `[…]`: an index, a slice, a union, a key, or a filter.
    fn bracket(&mut self) -> Result<Vec<Node>, String> {
        self.skip(1);
        if self.rest.starts_with("?(") {
            self.skip(2);
            return Ok(vec![self.filter()?]);
        }
        let inside = self.inside()?;
        if inside.contains(',') {
            let parts = inside.split(',').map(|part| subscript(part.trim()));
            return Ok(vec![Node::Union(parts.collect::<Result<_, String>>()?)]);
        }
        subscript(inside.trim())
    }

    /// What stands up to the bracket that closes, which quotes may hide.
    fn inside(&mut self) -> Result<&'t str, String> {
        let mut quote = None;
        for (at, letter) in self.rest.char_indices() {
            match (quote, letter) {
                (None, ']') => {
                    let inside = &self.rest[..at];
                    self.skip(at + 1);
                    return Ok(inside);
                }
                (None, '\'' | '"') => quote = Some(letter),
                (Some(open), letter) if open == letter => quote = None,
                _ => {}
            }
        }
        Err("unterminated array".into())
    }

    /// `@.a == "b")]` after its `?(`.
    fn filter(&mut self) -> Result<Node, String> {
        let left = self.path("=!<>)")?;
        let comparison = self.comparison()?;
        let right = match comparison {
            Some(comparison) => {
                self.blanks();
                Some((comparison, self.path(")")?))
            }
            None => None,
        };
        if !self.take(')') || !self.take(']') {
            return Err("unterminated filter".into());
        }
        Ok(Node::Filter(left, right))
    }

    fn comparison(&mut self) -> Result<Option<Comparison>, String> {
        let end = self.rest.find(|c: char| !"=!<>".contains(c)).unwrap_or(self.rest.len());
        let sign = &self.rest[..end];
        self.skip(end);
        Ok(Some(match sign {
            "" => return Ok(None),
            "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            other => return Err(format!("unrecognized filter operator {other}")),
        }))
    }

    fn until(&mut self, stop: &str) -> &'t str {
        let end = self.rest.find(stop).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        text
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(word) else { return false };
        if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return false;
        }
        self.rest = rest;
        true
    }

    fn take(&mut self, letter: char) -> bool {
        let found = self.rest.strip_prefix(letter);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }
}

enum Action {
    Path(Vec<Node>),
    Range(Vec<Node>),
    End,
}

/// `0`, `-1`, `1:3`, `::2`, `*`, `'a.path'`.
fn subscript(text: &str) -> Result<Vec<Node>, String> {
    let quoted = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    if let Some(path) = quoted('\'').or_else(|| quoted('"')) {
        return Parser { rest: &format!(".{path}}}") }.path("}");
    }
    if text == "*" {
        return Ok(vec![Node::Slice(Slice { from: None, to: None, step: None, single: false })]);
    }
    let parts: Vec<&str> = text.split(':').collect();
    let read = |part: Option<&&str>| match part {
        None | Some(&"") => Ok(None),
        Some(part) => part.parse().map(Some).map_err(|_| format!("invalid array index {text}")),
    };
    if text.is_empty() || parts.len() > 3 {
        return Err(format!("invalid array index {text}"));
    }
    let single = parts.len() == 1;
    let (from, to, step) = (read(parts.first())?, read(parts.get(1))?, read(parts.get(2))?);
    Ok(vec![Node::Slice(Slice { from, to, step, single })])
}
