//! Runs a script's tree in a container's world. Must not touch anything outside that world.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use parking_lot::Mutex;

use super::applets;
use super::expand::arithmetic;
use super::lex::{Part, Word};
use super::parse::{Node, Redirect, RedirectKind, Simple, parse};
use super::sink::Sink;
use super::{SHELLS, base_name};
use crate::kubelet::embedded::container::World;

/// A file to write when the command ends: its path, whether to append, and what was written.
type Redirected = (String, bool, std::sync::Arc<parking_lot::Mutex<Vec<u8>>>);

/// Why commands stop before the script's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    Exit,
    Break,
    Continue,
}

/// A running shell.
#[derive(Clone)]
pub(in crate::kubelet::embedded) struct Session {
    pub(super) world: World,
    pub(super) variables: Vec<(String, String)>,
    pub(super) directory: String,
    pub(in crate::kubelet::embedded) out: Sink,
    pub(super) err: Sink,
    pub(super) input: Bytes,
    /// Columns and rows of its terminal.
    pub(in crate::kubelet::embedded) size: Arc<Mutex<(u16, u16)>>,
    /// What SIGTERM does: nothing set ends it, an empty text is deafness, another one is a script.
    pub(super) trap: Arc<Mutex<Option<String>>>,
    positional: Vec<String>,
    status: i32,
    leave: Option<Leave>,
}

impl Session {
    /// A shell in a container with the container's environment.
    pub(in crate::kubelet::embedded) fn new(world: World, out: Sink, err: Sink, input: Bytes) -> Self {
        let mut variables = vec![
            ("PATH".to_owned(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
            ("HOSTNAME".to_owned(), world.sandbox.spec.hostname.clone()),
            ("HOME".to_owned(), "/root".to_owned()),
        ];
        for (name, value) in &world.container.spec.env {
            variables.retain(|(known, _)| known != name);
            variables.push((name.clone(), value.clone()));
        }
        let directory = Some(world.container.spec.working_dir.clone()).filter(|it| !it.is_empty());
        Self {
            variables,
            directory: directory.unwrap_or_else(|| "/".into()),
            out,
            err,
            input,
            size: Arc::new(Mutex::new((80, 24))),
            trap: Arc::default(),
            positional: Vec::new(),
            status: 0,
            leave: None,
            world,
        }
    }

    /// Runs a program with its arguments: a shell with its script, or an applet.
    pub(in crate::kubelet::embedded) async fn program(&mut self, words: &[String]) -> i32 {
        let Some(program) = words.first() else { return 0 };
        if !SHELLS.contains(&base_name(program)) {
            return self.applet(words).await;
        }
        match &words[1..] {
            [flags, script, rest @ ..] if flags.starts_with('-') && flags.contains('c') => {
                self.positional = rest.to_vec();
                self.script(&script.clone()).await
            }
            [] => {
                let script = String::from_utf8_lossy(&self.input).into_owned();
                self.script(&script).await
            }
            [file, rest @ ..] => {
                self.positional = std::iter::once(file).chain(rest).cloned().collect();
                match self.world.files.read(&self.path(file)) {
                    Some(data) => self.script(&String::from_utf8_lossy(&data)).await,
                    None => {
                        self.err.line(format_args!("sh: can't open '{file}': No such file or directory"));
                        2
                    }
                }
            }
        }
    }

    /// Whether this program is a shell.
    pub(in crate::kubelet::embedded) fn is_shell(program: &str) -> bool {
        SHELLS.contains(&base_name(program))
    }

    /// Gives standard input.
    pub(in crate::kubelet::embedded) fn set_input(&mut self, input: Bytes) {
        self.input = input;
    }

    /// The prompt of a terminal.
    pub(in crate::kubelet::embedded) fn prompt(&self, terminal: bool) {
        if terminal {
            self.out.write(format!("{} # ", self.directory).as_bytes());
        }
    }

    /// Whether the script has called `exit`.
    pub(in crate::kubelet::embedded) fn left(&self) -> bool {
        self.leave == Some(Leave::Exit)
    }

    /// Runs a script to its end.
    pub(in crate::kubelet::embedded) async fn script(&mut self, text: &str) -> i32 {
        match parse(text) {
            Ok(tree) => {
                self.node(&tree).await;
                self.status
            }
            Err(complaint) => {
                self.err.line(complaint);
                2
            }
        }
    }

    fn node<'a>(&'a mut self, node: &'a Node) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            match node {
                Node::Simple(simple) => self.simple(simple).await,
                Node::Pipe(commands) => self.pipe(commands).await,
                Node::Not(inner) => {
                    self.node(inner).await;
                    self.status = i32::from(self.status == 0);
                }
                Node::Then(left, and, right) => {
                    self.node(left).await;
                    if self.leave.is_none() && (self.status == 0) == *and {
                        self.node(right).await;
                    }
                }
                Node::List(nodes) => {
                    for node in nodes {
                        self.node(node).await;
                        if self.leave.is_some() {
                            return;
                        }
                    }
                }
                Node::While(condition, wanted, body) => loop {
                    self.node(condition).await;
                    if self.leave.is_some() || (self.status == 0) != *wanted {
                        self.status = 0;
                        return;
                    }
                    self.node(body).await;
                    if self.ends_loop() {
                        return;
                    }
                    // A loop without a wait must not hold the whole process.
                    tokio::task::yield_now().await;
                },
                Node::For(name, words, body) => {
                    for value in self.words(words).await {
                        self.set(name, value);
                        self.node(body).await;
                        if self.ends_loop() {
                            return;
                        }
                    }
                }
                Node::Background(command) => {
                    let (mut beside, tasks) = (self.clone(), self.world.tasks.clone());
                    let command = (**command).clone();
                    tasks.spawn(async move { beside.node(&command).await });
                    self.status = 0;
                }
                Node::If(branches, otherwise) => self.conditional(branches, otherwise.as_deref()).await,
            }
        })
    }

    async fn conditional(&mut self, branches: &[(Node, Node)], otherwise: Option<&Node>) {
        for (condition, branch) in branches {
            self.node(condition).await;
            if self.leave.is_some() {
                return;
            }
            if self.status == 0 {
                return self.node(branch).await;
            }
        }
        self.status = 0;
        if let Some(branch) = otherwise {
            self.node(branch).await;
        }
    }

    /// Whether a `break` or an `exit` ends this loop.
    fn ends_loop(&mut self) -> bool {
        match self.leave {
            Some(Leave::Exit) => true,
            Some(_) => self.leave.take() == Some(Leave::Break),
            None => false,
        }
    }

    async fn pipe(&mut self, commands: &[Node]) {
        let mut input = self.input.clone();
        for (index, command) in commands.iter().enumerate() {
            let mut stage = self.clone();
            stage.input = std::mem::take(&mut input);
            if index + 1 == commands.len() {
                stage.node(command).await;
                self.status = stage.status;
                return;
            }
            let (sink, buffer) = Sink::buffer();
            stage.out = sink;
            stage.node(command).await;
            input = std::mem::take(&mut *buffer.lock()).into();
        }
    }

    async fn simple(&mut self, simple: &Simple) {
        let words = self.words(&simple.words).await;
        for (name, word) in &simple.assignments {
            let value = self.word(word).await.join(" ");
            self.set(name, value);
        }
        if words.is_empty() {
            self.status = 0;
            return;
        }
        let (out, err, input) = (self.out.clone(), self.err.clone(), self.input.clone());
        let mut files = Vec::new();
        for redirect in &simple.redirects {
            if !self.redirect(redirect, &mut files).await {
                self.status = 1;
                (self.out, self.err) = (out, err);
                return;
            }
        }
        self.status = self.built_in(&words).await;
        (self.out, self.err, self.input) = (out, err, input);
        for (path, append, buffer) in files {
            let mut data = if append { self.world.files.read(&path).unwrap_or_default().to_vec() } else { Vec::new() };
            data.append(&mut buffer.lock());
            if let Err(error) = self.world.files.write(&path, data.into()) {
                self.err.line(format_args!("sh: can't create {path}: {error}"));
                self.status = 1;
            }
        }
    }

    async fn redirect(&mut self, redirect: &Redirect, files: &mut Vec<Redirected>) -> bool {
        let target = self.word(&redirect.to).await.join(" ");
        let path = self.path(&target);
        let sink = match redirect.kind {
            RedirectKind::Read => {
                let found = self.world.files.read(&path);
                if found.is_none() {
                    self.err.line(format_args!("sh: can't open {target}: no such file"));
                }
                self.input = found.clone().unwrap_or_default();
                return found.is_some();
            }
            RedirectKind::Join if redirect.stderr => self.out.clone(),
            RedirectKind::Join => self.err.clone(),
            _ if path == "/dev/null" => Sink::Null,
            _ if path == "/dev/stdout" || path == "/proc/1/fd/1" => Sink::log(&self.world.container.log, false),
            _ if path == "/dev/stderr" || path == "/proc/1/fd/2" => Sink::log(&self.world.container.log, true),
            kind => {
                let (sink, buffer) = Sink::buffer();
                files.push((path, kind == RedirectKind::Append, buffer));
                sink
            }
        };
        if redirect.stderr {
            self.err = sink;
        } else {
            self.out = sink;
        }
        true
    }

    /// Commands that change the shell itself; anything else is a program.
    async fn built_in(&mut self, words: &[String]) -> i32 {
        let argument = words.get(1).map(String::as_str);
        match words[0].as_str() {
            "exit" => {
                self.leave = Some(Leave::Exit);
                argument.and_then(|code| code.parse().ok()).unwrap_or(self.status) & 0xff
            }
            "break" => self.leaving(Leave::Break),
            "continue" => self.leaving(Leave::Continue),
            "cd" => {
                self.directory = self.path(argument.unwrap_or("/root"));
                0
            }
            "export" | "local" | "readonly" => {
                for (name, value) in words[1..].iter().filter_map(|word| word.split_once('=')) {
                    self.set(name, value.to_owned());
                }
                0
            }
            "unset" => {
                self.variables.retain(|(name, _)| !words[1..].contains(name));
                0
            }
            "trap" => self.set_trap(&words[1..]),
            "set" | ":" | "wait" => 0,
            "exec" => {
                let code = Box::pin(self.program(&words[1..])).await;
                self.leave = Some(Leave::Exit);
                code
            }
            "timeout" => {
                let Some(limit) = argument.and_then(super::applets::seconds) else {
                    return self.fail("timeout", format_args!("invalid number '{}'", argument.unwrap_or_default()));
                };
                let mut inner = self.clone();
                let command = words[2..].to_vec();
                let ended = tokio::time::timeout(limit, Box::pin(inner.program(&command))).await;
                // SIGTERM, as `timeout` sends it.
                ended.unwrap_or(143)
            }
            "eval" => Box::pin(self.script(&words[1..].join(" "))).await,
            name if SHELLS.contains(&base_name(name)) => {
                let mut inner = self.clone();
                Box::pin(inner.program(words)).await
            }
            _ => self.applet(words).await,
        }
    }

    /// `trap SCRIPT SIGNAL…`: only SIGTERM is ever sent here.
    fn set_trap(&mut self, words: &[String]) -> i32 {
        let of_term = |signal: &String| ["TERM", "SIGTERM", "15"].contains(&signal.as_str());
        if let [script, signals @ ..] = words
            && signals.iter().any(of_term)
        {
            *self.trap.lock() = Some(script.clone()).filter(|script| script != "-");
        }
        0
    }

    fn leaving(&mut self, how: Leave) -> i32 {
        self.leave = Some(how);
        0
    }

    async fn applet(&mut self, words: &[String]) -> i32 {
        match applets::find(&self.world, base_name(&words[0])) {
            Some(applet) => applet(self, words[1..].to_vec()).await,
            None => {
                self.err.line(format_args!("sh: {}: not found", words[0]));
                127
            }
        }
    }

    /// Words with their expansions; unquoted ones are split at blanks.
    async fn words(&mut self, words: &[Word]) -> Vec<String> {
        let mut all = Vec::new();
        for word in words {
            all.extend(self.word(word).await);
        }
        all
    }

    async fn word(&mut self, word: &Word) -> Vec<String> {
        let (mut done, mut current, mut present) = (Vec::new(), String::new(), false);
        for part in &word.0 {
            let (text, quoted) = match part {
                Part::Text(text, quoted) => (text.clone(), *quoted || !text.is_empty()),
                Part::Variable(name, default, quoted) => {
                    let value = self.get(name).filter(|value| !value.is_empty() || default.is_none());
                    (value.or_else(|| default.clone()).unwrap_or_default(), *quoted)
                }
                Part::Arithmetic(expression) => (arithmetic(expression, &|name| self.get(name)).to_string(), true),
                Part::Command(script, quoted) => (Box::pin(self.output_of(script)).await, *quoted),
            };
            if quoted {
                present = true;
                current.push_str(&text);
                continue;
            }
            let mut pieces = text.split_whitespace();
            if text.starts_with(char::is_whitespace) && present {
                done.push(std::mem::take(&mut current));
                present = false;
            }
            if let Some(first) = pieces.next() {
                current.push_str(first);
                present = true;
            }
            for piece in pieces {
                done.push(std::mem::replace(&mut current, piece.to_owned()));
            }
        }
        if present {
            done.push(current);
        }
        done
    }

    async fn output_of(&mut self, script: &str) -> String {
        let mut inner = self.clone();
        let (sink, buffer) = Sink::buffer();
        inner.out = sink;
        self.status = inner.script(script).await;
        let output = String::from_utf8_lossy(&buffer.lock()).into_owned();
        output.trim_end_matches('\n').to_owned()
    }

    /// A variable, or one of the shell's own.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        match name {
            "?" => Some(self.status.to_string()),
            "$" | "!" => Some("1".into()),
            "#" => Some(self.positional.len().saturating_sub(1).to_string()),
            "@" | "*" => Some(self.positional.get(1..).unwrap_or_default().join(" ")),
            "RANDOM" => Some((self.world.clock.now().subsec_nanosecond() % 32_768).to_string()),
            _ => match name.parse::<usize>() {
                Ok(index) => self.positional.get(index).cloned(),
                Err(_) => self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()),
            },
        }
    }

    fn set(&mut self, name: &str, value: String) {
        match self.variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.variables.push((name.into(), value)),
        }
    }

    /// A path from the current directory.
    pub(super) fn path(&self, path: &str) -> String {
        if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.directory.trim_end_matches('/')) }
    }

    /// Complains as busybox applets do, and fails.
    pub(super) fn fail(&self, applet: &str, complaint: impl std::fmt::Display) -> i32 {
        self.err.line(format_args!("{applet}: {complaint}"));
        1
    }

    /// Waits as long as `sleep` was told.
    pub(super) async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

#[cfg(test)]
mod tests;
