//! The text form of label selectors, token by token as `k8s.io/apimachinery/pkg/labels` reads it, with its errors.
//! Must not match anything.

use std::collections::BTreeSet;

use super::{Operator, Requirement, SelectorError};

const BINARY_OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    End,
    Symbol(&'static str),
    Word(&'a str),
}

impl<'a> Token<'a> {
    #[expect(clippy::match_same_arms, reason = "one text lives for ever, the other as long as the selector")]
    fn literal(self) -> &'a str {
        match self {
            Self::End => "",
            Self::Symbol(text) => text,
            Self::Word(text) => text,
        }
    }
}

const SYMBOLS: &[&str] = &["==", "!=", "=", "!", "(", ")", ",", ">", "<"];

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let token = if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            Token::Symbol(symbol)
        } else {
            let end = rest.find(|c: char| c.is_ascii_whitespace() || "=!(),><".contains(c)).unwrap_or(rest.len());
            Token::Word(&rest[..end])
        };
        found.push(token);
        rest = rest[token.literal().len()..].trim_start();
    }
    found
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    next: usize,
}

pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    let mut parser = Parser { tokens: tokens(text), next: 0 };
    let mut found = Vec::new();
    loop {
        match parser.peek() {
            Token::End => return Ok(found),
            Token::Word(_) | Token::Symbol("!") => found.push(parser.requirement()?),
            other @ Token::Symbol(_) => return Err(expected(other, "!, identifier, or 'end of string'")),
        }
        match parser.take() {
            Token::End => return Ok(found),
            Token::Symbol(",") => parser.after_comma()?,
            other => return Err(expected(other, "',' or 'end of string'")),
        }
    }
}

fn expected(found: Token<'_>, wanted: &str) -> SelectorError {
    SelectorError(format!("found '{}', expected: {wanted}", found.literal()))
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Token<'a> {
        self.tokens.get(self.next).copied().unwrap_or(Token::End)
    }

    fn take(&mut self) -> Token<'a> {
        let token = self.peek();
        self.next += 1;
        token
    }

    fn after_comma(&self) -> Result<(), SelectorError> {
        match self.peek() {
            Token::Word(_) | Token::Symbol("!") => Ok(()),
            other => Err(expected(other, "identifier after ','")),
        }
    }

    fn requirement(&mut self) -> Result<Requirement, SelectorError> {
        self.try_requirement().map_err(|error| SelectorError(format!("unable to parse requirement: {error}")))
    }

    fn try_requirement(&mut self) -> Result<Requirement, SelectorError> {
        let absent = self.peek() == Token::Symbol("!");
        if absent {
            self.take();
        }
        let key = match self.take() {
            Token::Word(key) => key,
            other => return Err(expected(other, "identifier")),
        };
        check_key(key)?;
        if absent {
            return at_root(Requirement::new(key, Operator::DoesNotExist, BTreeSet::new()));
        }
        if matches!(self.peek(), Token::End | Token::Symbol(",")) {
            return at_root(Requirement::new(key, Operator::Exists, BTreeSet::new()));
        }
        let operator = operator(self.take())?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => BTreeSet::from([self.exact_value()?]),
        };
        at_root(Requirement::new(key, operator, values))
    }

    fn exact_value(&mut self) -> Result<String, SelectorError> {
        match self.peek() {
            Token::End | Token::Symbol(",") => Ok(String::new()),
            Token::Word(value) => {
                self.take();
                Ok(value.to_owned())
            }
            other @ Token::Symbol(_) => Err(expected(other, "identifier")),
        }
    }

    fn values(&mut self) -> Result<BTreeSet<String>, SelectorError> {
        let open = self.take();
        if open != Token::Symbol("(") {
            return Err(expected(open, "'('"));
        }
        match self.peek() {
            Token::Symbol(")") => {
                self.take();
                return Ok(BTreeSet::from([String::new()]));
            }
            Token::Word(_) | Token::Symbol(",") => {}
            other => return Err(expected(other, "',', ')' or identifier")),
        }
        let values = self.list()?;
        self.take();
        Ok(values)
    }

    /// What stands between the parentheses; the closing one is left.
    fn list(&mut self) -> Result<BTreeSet<String>, SelectorError> {
        let mut values = BTreeSet::new();
        loop {
            match self.take() {
                Token::Word(value) => {
                    values.insert(value.to_owned());
                    match self.peek() {
                        Token::Symbol(",") => {}
                        Token::Symbol(")") => return Ok(values),
                        other => return Err(expected(other, "',' or ')'")),
                    }
                }
                Token::Symbol(",") => {
                    if values.is_empty() || matches!(self.peek(), Token::Symbol(")" | ",")) {
                        values.insert(String::new());
                    }
                    if self.peek() == Token::Symbol(")") {
                        return Ok(values);
                    }
                }
                other => return Err(expected(other, "',', or identifier")),
            }
        }
    }
}

fn operator(token: Token<'_>) -> Result<Operator, SelectorError> {
    Ok(match token.literal() {
        "in" => Operator::In,
        "notin" => Operator::NotIn,
        "=" => Operator::Equals,
        "==" => Operator::DoubleEquals,
        "!=" => Operator::NotEquals,
        "gt" | ">" => Operator::GreaterThan,
        "lt" | "<" => Operator::LessThan,
        _ => return Err(expected(token, BINARY_OPERATORS)),
    })
}

/// In a text there is no field to name: Kubernetes prints its absent path as `<nil>`.
fn check_key(key: &str) -> Result<(), SelectorError> {
    at_root(Requirement::new(key, Operator::Exists, BTreeSet::new())).map(|_| ())
}

fn at_root(requirement: Result<Requirement, SelectorError>) -> Result<Requirement, SelectorError> {
    requirement.map_err(|SelectorError(text)| match text.strip_prefix("key: ") {
        Some(rest) => SelectorError::new(format!("<nil>: {rest}")),
        None => SelectorError(text),
    })
}
