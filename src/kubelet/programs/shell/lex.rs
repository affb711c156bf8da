//! From a script's characters to its tokens: words with quotes and `$`, operators. Must not know reserved words.

use std::fmt;
use std::iter::Peekable;
use std::vec::IntoIter;

use super::parse::RedirectKind;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    /// `;` or the end of a line.
    Semicolon,
    Ampersand,
    And,
    Or,
    Pipe,
    Open,
    Close,
    /// With whether it is about standard error.
    Redirect(RedirectKind, bool),
}

/// A word before expansion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word(pub(super) Vec<Part>);

/// A piece of a word and whether it is quoted (then it is not split at blanks).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(String, bool),
    /// `$name`, `${name}`, `${name:-default}`.
    Variable(String, Option<String>, bool),
    /// `$(script)` or `` `script` ``.
    Command(String, bool),
    /// `$((expression))`.
    Arithmetic(String),
}

impl Word {
    /// The word's text when nothing in it is quoted or expanded.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Text(text, false)] => Some(text),
            _ => None,
        }
    }

    /// `name=rest` as an assignment.
    pub(super) fn assignment(&self) -> Option<(String, Word)> {
        let Some(Part::Text(text, false)) = self.0.first() else { return None };
        let (name, rest) = text.split_once('=')?;
        let is_name = !name.is_empty() && name.chars().all(is_name) && !name.starts_with(|c: char| c.is_ascii_digit());
        let mut parts = vec![Part::Text(rest.into(), false)];
        parts.extend_from_slice(&self.0[1..]);
        is_name.then(|| (name.to_owned(), Word(parts)))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Word(word) => word.plain().unwrap_or("word"),
            Self::Semicolon => ";",
            Self::Ampersand => "&",
            Self::And => "&&",
            Self::Or => "||",
            Self::Pipe => "|",
            Self::Open => "(",
            Self::Close => ")",
            Self::Redirect(..) => "redirection",
        })
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Cuts a script into tokens.
pub(super) struct Lexer(Peekable<IntoIter<char>>);

impl Lexer {
    pub(super) fn new(text: &str) -> Self {
        Self(text.chars().collect::<Vec<_>>().into_iter().peekable())
    }

    /// Every token, or busybox's complaint about a quote that is not closed.
    pub(super) fn tokens(mut self) -> Result<Vec<Token>, String> {
        let mut tokens = Vec::new();
        while let Some(&next) = self.0.peek() {
            match next {
                ' ' | '\t' | '\r' => drop(self.0.next()),
                '#' => while self.0.next_if(|&c| c != '\n').is_some() {},
                '2' if self.redirects_stderr() => {
                    self.0.next();
                    tokens.push(self.operator(true));
                }
                ';' | '\n' | '&' | '|' | '(' | ')' | '<' | '>' => tokens.push(self.operator(false)),
                _ => tokens.push(Token::Word(self.word()?)),
            }
        }
        Ok(tokens)
    }

    fn redirects_stderr(&self) -> bool {
        let mut ahead = self.0.clone();
        ahead.next();
        ahead.peek() == Some(&'>')
    }

    fn operator(&mut self, stderr: bool) -> Token {
        let first = self.0.next().unwrap_or_default();
        let mut twice = |c: char| self.0.next_if_eq(&c).is_some();
        match first {
            '&' if twice('&') => Token::And,
            '&' => Token::Ampersand,
            '|' if twice('|') => Token::Or,
            '|' => Token::Pipe,
            '(' => Token::Open,
            ')' => Token::Close,
            '<' => Token::Redirect(RedirectKind::Read, stderr),
            '>' if twice('>') => Token::Redirect(RedirectKind::Append, stderr),
            '>' if twice('&') => {
                self.0.next_if(char::is_ascii_digit);
                Token::Redirect(RedirectKind::Join, stderr)
            }
            '>' => Token::Redirect(RedirectKind::Write, stderr),
            _ => Token::Semicolon,
        }
    }

    fn word(&mut self) -> Result<Word, String> {
        let (mut parts, mut text) = (Vec::new(), String::new());
        let flush = |text: &mut String, parts: &mut Vec<Part>| {
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(text), false));
            }
        };
        while let Some(&next) = self.0.peek() {
            match next {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\'' => {
                    flush(&mut text, &mut parts);
                    self.0.next();
                    parts.push(Part::Text(self.until('\'')?, true));
                }
                '"' => {
                    flush(&mut text, &mut parts);
                    self.0.next();
                    self.quoted(&mut parts)?;
                }
                '$' | '`' => {
                    flush(&mut text, &mut parts);
                    self.dollar(&mut parts, false)?;
                }
                '\\' => {
                    self.0.next();
                    flush(&mut text, &mut parts);
                    let escaped = self.0.next().filter(|&c| c != '\n');
                    parts.extend(escaped.map(|c| Part::Text(c.into(), true)));
                }
                _ => text.extend(self.0.next()),
            }
        }
        flush(&mut text, &mut parts);
        Ok(Word(parts))
    }

    fn until(&mut self, end: char) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.0.next() {
                Some(c) if c == end => return Ok(text),
                Some(c) => text.push(c),
                None => return Err("sh: syntax error: unterminated quoted string".into()),
            }
        }
    }

    fn quoted(&mut self, parts: &mut Vec<Part>) -> Result<(), String> {
        let mut text = String::new();
        loop {
            match self.0.peek().copied() {
                None => return Err("sh: syntax error: unterminated quoted string".into()),
                Some('"') => {
                    self.0.next();
                    parts.push(Part::Text(text, true));
                    return Ok(());
                }
                Some('$' | '`') => {
                    parts.push(Part::Text(std::mem::take(&mut text), true));
                    self.dollar(parts, true)?;
                }
                Some('\\') => {
                    self.0.next();
                    match self.0.next() {
                        Some(c @ ('"' | '$' | '`' | '\\')) => text.push(c),
                        Some('\n') | None => {}
                        Some(c) => text.extend(['\\', c]),
                    }
                }
                Some(c) => {
                    self.0.next();
                    text.push(c);
                }
            }
        }
    }

    fn dollar(&mut self, parts: &mut Vec<Part>, quoted: bool) -> Result<(), String> {
        if self.0.next() == Some('`') {
            parts.push(Part::Command(self.until('`')?, quoted));
            return Ok(());
        }
        match self.0.peek().copied() {
            Some('(') => {
                self.0.next();
                let inner = self.bracketed()?;
                parts.push(match inner.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
                    Some(expression) => Part::Arithmetic(expression.into()),
                    None => Part::Command(inner, quoted),
                });
            }
            Some('{') => {
                self.0.next();
                let inner = self.until('}')?;
                let (name, default) = match inner.split_once(":-").or_else(|| inner.split_once('-')) {
                    Some((name, default)) => (name.to_owned(), Some(default.to_owned())),
                    None => (inner, None),
                };
                parts.push(Part::Variable(name, default, quoted));
            }
            Some(c) if is_name(c) => {
                let mut name = String::new();
                while let Some(c) = self.0.next_if(|&c| is_name(c)) {
                    name.push(c);
                }
                parts.push(Part::Variable(name, None, quoted));
            }
            Some(c @ ('?' | '$' | '#' | '@' | '*' | '!')) => {
                self.0.next();
                parts.push(Part::Variable(c.into(), None, quoted));
            }
            _ => parts.push(Part::Text("$".into(), quoted)),
        }
        Ok(())
    }

    /// The text up to the bracket that closes the one just read.
    fn bracketed(&mut self) -> Result<String, String> {
        let (mut text, mut depth) = (String::new(), 1);
        while let Some(c) = self.0.next() {
            match c {
                '(' => depth += 1,
                ')' if depth == 1 => return Ok(text),
                ')' => depth -= 1,
                '\'' => {
                    let quoted = self.until('\'')?;
                    text.extend(["'", &quoted]);
                }
                _ => {}
            }
            text.push(c);
        }
        Err("sh: syntax error: unterminated \"$(\"".into())
    }
}
