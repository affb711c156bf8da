//! Where each field of a YAML document stands: path → line and column, found by indentation. Pure.
//!
//! It must never fail: of a text that is no YAML it finds what it can. Only places are taken from it, never values.

use super::flow;

/// Where a field stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its path, as the API server writes it: `spec.containers[0].image`.
    pub path: String,
    /// Line of its key (or dash), from 0.
    pub line: usize,
    /// Column of its key in letters, from 0.
    pub column: usize,
    /// Letters of its key.
    pub length: usize,
    /// Line, column and length of its value when that is a scalar.
    pub value: Option<(usize, usize, usize)>,
}

/// A block that is open while the scan goes down.
#[derive(Debug)]
struct Block {
    indent: usize,
    path: String,
    /// The next index when it is a sequence.
    sequence: Option<usize>,
    /// The key whose value has not been seen yet.
    pending: Option<String>,
}

/// The places of a document.
pub fn places(text: &str) -> Vec<Place> {
    let mut scan = Scan::default();
    let lines: Vec<&str> = text.lines().collect();
    let mut number = 0;
    while number < lines.len() {
        number = scan.line(&lines, number);
    }
    scan.found
}

/// The place of a path; else of the nearest field above it that is there.
pub fn nearest<'a>(places: &'a [Place], path: &str) -> Option<&'a Place> {
    let mut path = path;
    loop {
        if let Some(place) = places.iter().rev().find(|place| place.path == path) {
            return Some(place);
        }
        path = &path[..path.rfind(['.', '['])?];
    }
}

/// The field that a position is in: the last one that begins at it or before, not deeper than the cursor's column.
pub fn at(places: &[Place], line: usize, column: usize) -> Option<&Place> {
    let before = |place: &&Place| {
        place.line < line && place.column < column.max(1) || place.line == line && place.column <= column
    };
    places.iter().rfind(before).or_else(|| places.iter().find(|place| place.line == line))
}

/// A path without its indexes.
pub fn without_indexes(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut inside = false;
    for letter in path.chars() {
        match letter {
            '[' => inside = true,
            ']' => inside = false,
            other if !inside => out.push(other),
            _ => {}
        }
    }
    out
}

/// A field below a path.
pub fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_string() } else { format!("{path}.{key}") }
}

#[derive(Debug, Default)]
struct Scan {
    blocks: Vec<Block>,
    found: Vec<Place>,
}

impl Scan {
    /// Reads what begins at a line and answers with the next one to read.
    fn line(&mut self, lines: &[&str], number: usize) -> usize {
        let letters: Vec<char> = lines[number].chars().collect();
        let mut column = letters.iter().take_while(|letter| **letter == ' ').count();
        if letters.get(column).is_none_or(|letter| *letter == '#') {
            return number + 1;
        }
        while letters.get(column) == Some(&'-') && letters.get(column + 1).is_none_or(|next| *next == ' ') {
            self.dash(number, column);
            column += 1;
            column += letters[column..].iter().take_while(|letter| **letter == ' ').count();
            if letters.get(column).is_none_or(|letter| *letter == '#') {
                return number + 1;
            }
        }
        match flow::key_end(&letters, column) {
            Some(end) => self.key(lines, &letters, number, column, end),
            None => self.item(lines, &letters, number, column),
        }
    }

    fn close_deeper(&mut self, indent: usize, keep_sequence: bool) {
        while let Some(block) = self.blocks.last() {
            let same = block.indent == indent;
            let ended = block.indent > indent || same && block.sequence.is_some() && !keep_sequence;
            if !ended {
                break;
            }
            self.blocks.pop();
        }
    }

    /// The path at which a block that begins now hangs.
    fn hook(&self) -> String {
        let Some(block) = self.blocks.last() else { return String::new() };
        match (&block.pending, block.sequence) {
            (Some(key), _) => below(&block.path, key),
            (None, Some(index)) => format!("{}[{}]", block.path, index.saturating_sub(1)),
            (None, None) => block.path.clone(),
        }
    }

    fn dash(&mut self, line: usize, column: usize) {
        self.close_deeper(column, true);
        let open = self.blocks.last().is_some_and(|block| block.sequence.is_some() && block.indent == column);
        if !open {
            let path = self.hook();
            self.blocks.push(Block { indent: column, path, sequence: Some(0), pending: None });
        }
        let Some(block) = self.blocks.last_mut() else { return };
        let index = block.sequence.unwrap_or(0);
        block.sequence = Some(index + 1);
        let path = format!("{}[{index}]", block.path);
        self.found.push(Place { path, line, column, length: 1, value: None });
    }

    fn key(&mut self, lines: &[&str], letters: &[char], line: usize, column: usize, end: usize) -> usize {
        self.close_deeper(column, false);
        let open = self.blocks.last().is_some_and(|block| block.sequence.is_none() && block.indent == column);
        if !open {
            let path = self.hook();
            self.blocks.push(Block { indent: column, path, sequence: None, pending: None });
        }
        let Some(block) = self.blocks.last_mut() else { return line + 1 };
        let name = flow::unquote(&letters[column..end]);
        let path = below(&block.path, &name);
        block.pending = Some(name);
        let start = end + 1 + letters[end + 1..].iter().take_while(|letter| **letter == ' ').count();
        let place = Place { path: path.clone(), line, column, length: end - column, value: None };
        self.found.push(place);
        match letters.get(start) {
            None | Some('#' | '&' | '!') => line + 1,
            Some('|' | '>') => skip_text(lines, line, column),
            Some('{' | '[') => flow::read(lines, line, start, &path, &mut self.found),
            Some(_) => {
                let length = flow::scalar_length(&letters[start..]);
                if let Some(place) = self.found.last_mut() {
                    place.value = Some((line, start, length));
                }
                line + 1
            }
        }
    }

    /// What stands after a dash and is no key: a scalar, or a collection in braces.
    fn item(&mut self, lines: &[&str], letters: &[char], line: usize, column: usize) -> usize {
        match letters[column] {
            '{' | '[' => {
                let path = self.hook();
                flow::read(lines, line, column, &path, &mut self.found)
            }
            _ => {
                if let Some(place) = self.found.last_mut().filter(|place| place.line == line) {
                    place.value = Some((line, column, flow::scalar_length(&letters[column..])));
                }
                line + 1
            }
        }
    }
}

/// The line after a text block (`|`, `>`) whose key stands at a column.
fn skip_text(lines: &[&str], line: usize, column: usize) -> usize {
    let inside =
        |text: &&&str| text.trim().is_empty() || text.chars().take_while(|letter| *letter == ' ').count() > column;
    line + 1 + lines[line + 1..].iter().take_while(inside).count()
}
