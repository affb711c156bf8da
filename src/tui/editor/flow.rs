//! The half of the scan that reads within a line: keys, scalars and collections in braces, which may span lines.

use super::places::{Place, below};

/// The column of the colon that ends the key which begins at a column, if one does.
pub fn key_end(letters: &[char], start: usize) -> Option<usize> {
    let after = match letters.get(start)? {
        quote @ ('"' | '\'') => start + 1 + letters[start + 1..].iter().position(|letter| letter == quote)? + 1,
        '{' | '[' | '#' | '|' | '>' | '&' | '*' | '!' => return None,
        _ => start,
    };
    let ends = |&at: &usize| letters[at] == ':' && letters.get(at + 1).is_none_or(|next| *next == ' ');
    let end = (after..letters.len()).find(ends)?;
    let comment = (after..end).any(|at| letters[at] == '#' && at > 0 && letters[at - 1] == ' ');
    (!comment).then_some(end)
}

/// A key without its quotes.
pub fn unquote(letters: &[char]) -> String {
    let text: String = letters.iter().collect();
    let text = text.trim();
    text.trim_matches(|letter| letter == '"' || letter == '\'').to_string()
}

/// Letters of a scalar: up to a comment, without blanks at its end.
pub fn scalar_length(letters: &[char]) -> usize {
    let end = match letters.first() {
        Some(quote @ ('"' | '\'')) => {
            letters[1..].iter().position(|letter| letter == quote).map_or(letters.len(), |at| at + 2)
        }
        _ => (1..letters.len()).find(|&at| letters[at] == '#' && letters[at - 1] == ' ').unwrap_or(letters.len()),
    };
    end - letters[..end].iter().rev().take_while(|letter| letter.is_whitespace()).count()
}

/// Deeper than any manifest; deeper ones are not told apart.
const DEEPEST: usize = 64;

/// Reads a collection in braces from a position, with the places inside it; answers with the line after it.
pub fn read(lines: &[&str], line: usize, column: usize, path: &str, found: &mut Vec<Place>) -> usize {
    let mut reader =
        Reader { lines: &lines[line..], first: line, line: 0, column, letters: lines[line].chars().collect(), found };
    reader.collection(path, 0);
    line + reader.line + 1
}

struct Reader<'a> {
    lines: &'a [&'a str],
    first: usize,
    line: usize,
    column: usize,
    letters: Vec<char>,
    found: &'a mut Vec<Place>,
}

impl Reader<'_> {
    /// The next letter that is no blank, going on to the next line at the end of one.
    fn peek(&mut self) -> Option<char> {
        loop {
            while self.letters.get(self.column).is_some_and(|letter| letter.is_whitespace()) {
                self.column += 1;
            }
            match self.letters.get(self.column) {
                Some('#') | None => {
                    let next: Vec<char> = self.lines.get(self.line + 1)?.chars().collect();
                    (self.line, self.column, self.letters) = (self.line + 1, 0, next);
                }
                Some(letter) => return Some(*letter),
            }
        }
    }

    fn collection(&mut self, path: &str, depth: usize) {
        let Some(open) = self.peek() else { return };
        self.column += 1;
        let mut index = 0;
        while let Some(letter) = self.peek() {
            match letter {
                '}' | ']' => {
                    self.column += 1;
                    return;
                }
                ',' => self.column += 1,
                _ if depth > DEEPEST => self.column += 1,
                _ if open == '{' => self.pair(path, depth),
                _ => {
                    let path = format!("{path}[{index}]");
                    index += 1;
                    self.push(&path, 1);
                    self.value(&path, depth);
                }
            }
        }
    }

    fn push(&mut self, path: &str, length: usize) {
        let (line, column) = (self.first + self.line, self.column);
        self.found.push(Place { path: path.into(), line, column, length, value: None });
    }

    fn pair(&mut self, path: &str, depth: usize) {
        let end = self.token_end(true);
        let path = below(path, &unquote(&self.letters[self.column..end]));
        self.push(&path, end - self.column);
        self.column = end;
        if self.peek() == Some(':') {
            self.column += 1;
            self.value(&path, depth);
        }
    }

    fn value(&mut self, path: &str, depth: usize) {
        match self.peek() {
            Some('{' | '[') => self.collection(path, depth + 1),
            Some(',' | '}' | ']') | None => {}
            Some(_) => {
                let end = self.token_end(false);
                let place = (self.first + self.line, self.column, end - self.column);
                if let Some(last) = self.found.last_mut() {
                    last.value = Some(place);
                }
                self.column = end;
            }
        }
    }

    /// Where a key or a scalar ends on this line; at least one letter on.
    fn token_end(&self, key: bool) -> usize {
        let start = self.column;
        if let Some(quote @ ('"' | '\'')) = self.letters.get(start) {
            let close = self.letters[start + 1..].iter().position(|letter| letter == quote);
            return close.map_or(self.letters.len(), |at| start + at + 2);
        }
        let stops = |&at: &usize| match self.letters[at] {
            ',' | '}' | ']' => true,
            ':' => key && self.letters.get(at + 1).is_none_or(|next| next.is_whitespace()),
            _ => false,
        };
        (start..self.letters.len()).find(stops).unwrap_or(self.letters.len()).max(start + 1).min(self.letters.len())
    }
}
