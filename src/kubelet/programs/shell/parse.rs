//! From a script's text to its tree: the part of POSIX shell that manifests use. Must not run anything.

use super::lex::{Lexer, Token, Word};

/// A piece of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Assignments, words and redirections.
    Simple(Simple),
    /// Commands whose output feeds the next.
    Pipe(Vec<Node>),
    /// `! command`.
    Not(Box<Node>),
    /// `a && b` (`true`) or `a || b` (`false`).
    Then(Box<Node>, bool, Box<Node>),
    /// `command &`: goes on beside the others.
    Background(Box<Node>),
    /// One after the other.
    List(Vec<Node>),
    /// `while`, or `until` when the flag is false.
    While(Box<Node>, bool, Box<Node>),
    /// `for name in words`.
    For(String, Vec<Word>, Box<Node>),
    /// Conditions with their branches, and `else`.
    If(Vec<(Node, Node)>, Option<Box<Node>>),
}

/// A simple command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Simple {
    pub(super) assignments: Vec<(String, Word)>,
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
}

/// `2> file`, `>> file`, `< file`, `2>&1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redirect {
    pub(super) kind: RedirectKind,
    pub(super) stderr: bool,
    pub(super) to: Word,
}

/// How a redirection is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RedirectKind {
    Read,
    Write,
    Append,
    /// To the other stream.
    Join,
}

/// The tree of a script, or busybox's complaint.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    let mut parser = Parser { tokens: Lexer::new(text).tokens()?, at: 0 };
    let list = parser.list(&[])?;
    match parser.peek() {
        None => Ok(list),
        Some(token) => Err(unexpected(token)),
    }
}

fn unexpected(token: &Token) -> String {
    format!("sh: syntax error: unexpected \"{token}\"")
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// The reserved word at this place, if the next token is one.
    fn word_is(&self, wanted: &[&str]) -> bool {
        matches!(self.peek(), Some(Token::Word(word)) if word.plain().is_some_and(|text| wanted.contains(&text)))
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        if self.word_is(&[wanted]) {
            self.at += 1;
            return Ok(());
        }
        match self.peek() {
            Some(token) => Err(format!("{} (expecting \"{wanted}\")", unexpected(token))),
            None => Err(format!("sh: syntax error: unexpected end of file (expecting \"{wanted}\")")),
        }
    }

    /// Commands up to one of the reserved words, or a closing bracket, or the end.
    fn list(&mut self, end: &[&str]) -> Result<Node, String> {
        let mut nodes = Vec::new();
        loop {
            while self.take(&Token::Semicolon) || self.take(&Token::Ampersand) {}
            if self.peek().is_none() || self.word_is(end) || self.peek() == Some(&Token::Close) {
                return Ok(Node::List(nodes));
            }
            let command = self.and_or()?;
            let beside = self.peek() == Some(&Token::Ampersand);
            nodes.push(if beside { Node::Background(Box::new(command)) } else { command });
            if !matches!(self.peek(), None | Some(Token::Semicolon | Token::Ampersand | Token::Close))
                && !self.word_is(end)
            {
                return Err(self.peek().map(unexpected).unwrap_or_default());
            }
        }
    }

    fn and_or(&mut self) -> Result<Node, String> {
        let mut left = self.pipeline()?;
        loop {
            let and = match self.peek() {
                Some(Token::And) => true,
                Some(Token::Or) => false,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Node::Then(Box::new(left), and, Box::new(self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Result<Node, String> {
        if self.word_is(&["!"]) {
            self.at += 1;
            return Ok(Node::Not(Box::new(self.pipeline()?)));
        }
        let mut commands = vec![self.command()?];
        while self.take(&Token::Pipe) {
            commands.push(self.command()?);
        }
        Ok(if commands.len() == 1 { commands.remove(0) } else { Node::Pipe(commands) })
    }

    fn command(&mut self) -> Result<Node, String> {
        if self.take(&Token::Open) {
            let list = self.list(&[])?;
            return if self.take(&Token::Close) { Ok(list) } else { Err("sh: syntax error: missing \")\"".into()) };
        }
        if self.word_is(&["{"]) {
            return self.block("{", "}");
        }
        if self.word_is(&["while", "until"]) {
            let positive = self.word_is(&["while"]);
            self.at += 1;
            let condition = Box::new(self.list(&["do"])?);
            return Ok(Node::While(condition, positive, Box::new(self.block("do", "done")?)));
        }
        if self.word_is(&["for"]) {
            return self.for_loop();
        }
        if self.word_is(&["if"]) {
            return self.conditional();
        }
        self.simple().map(Node::Simple)
    }

    fn block(&mut self, open: &str, close: &str) -> Result<Node, String> {
        self.expect(open)?;
        let body = self.list(&[close])?;
        self.expect(close)?;
        Ok(body)
    }

    fn for_loop(&mut self) -> Result<Node, String> {
        self.expect("for")?;
        let name = match self.peek() {
            Some(Token::Word(word)) => word.plain().unwrap_or_default().to_owned(),
            _ => return Err("sh: syntax error: bad for loop variable".into()),
        };
        self.at += 1;
        let mut words = Vec::new();
        self.expect("in")?;
        while let Some(Token::Word(word)) = self.peek() {
            words.push(word.clone());
            self.at += 1;
        }
        while self.take(&Token::Semicolon) {}
        Ok(Node::For(name, words, Box::new(self.block("do", "done")?)))
    }

    fn conditional(&mut self) -> Result<Node, String> {
        let mut branches = Vec::new();
        let mut otherwise = None;
        self.expect("if")?;
        loop {
            let condition = self.list(&["then"])?;
            self.expect("then")?;
            branches.push((condition, self.list(&["elif", "else", "fi"])?));
            if self.word_is(&["elif"]) {
                self.at += 1;
                continue;
            }
            if self.word_is(&["else"]) {
                self.at += 1;
                otherwise = Some(Box::new(self.list(&["fi"])?));
            }
            self.expect("fi")?;
            return Ok(Node::If(branches, otherwise));
        }
    }

    fn simple(&mut self) -> Result<Simple, String> {
        let mut simple = Simple::default();
        loop {
            match self.peek().cloned() {
                Some(Token::Word(word)) => {
                    self.at += 1;
                    match word.assignment().filter(|_| simple.words.is_empty()) {
                        Some(assignment) => simple.assignments.push(assignment),
                        None => simple.words.push(word),
                    }
                }
                Some(Token::Redirect(kind, stderr)) => {
                    self.at += 1;
                    let to = match (kind, self.peek().cloned()) {
                        (RedirectKind::Join, _) => Word::default(),
                        (_, Some(Token::Word(word))) => {
                            self.at += 1;
                            word
                        }
                        _ => return Err("sh: syntax error: unexpected redirection".into()),
                    };
                    simple.redirects.push(Redirect { kind, stderr, to });
                }
                other if simple == Simple::default() => {
                    return Err(other
                        .as_ref()
                        .map_or_else(|| "sh: syntax error: unexpected end of file".into(), unexpected));
                }
                _ => return Ok(simple),
            }
        }
    }
}
