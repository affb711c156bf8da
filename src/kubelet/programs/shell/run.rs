//! Runs a script's tree in a container's world. Must not touch anything outside that world.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use parking_lot::Mutex;

use super::parse::{Node, Redirect, RedirectKind, Simple, parse};
use super::sink::Sink;
use super::{PATH, applets, base_name, is_shell, reason};
use crate::kubelet::programs::input::Input;
use crate::kubelet::programs::world::World;

/// A file in memory to write when the command ends: its path, whether to append, and what was written.
type Redirected = (String, bool, Arc<Mutex<Vec<u8>>>);

/// Why commands stop before the script's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    Exit,
    Break,
    Continue,
}

/// A running shell.
#[derive(Clone)]
pub(in crate::kubelet) struct Session {
    pub(in crate::kubelet) world: World,
    pub(in crate::kubelet) variables: Vec<(String, String)>,
    pub(in crate::kubelet) directory: String,
    pub(in crate::kubelet) out: Sink,
    pub(in crate::kubelet) err: Sink,
    pub(in crate::kubelet) input: Input,
    /// Columns and rows of its terminal.
    pub(in crate::kubelet) size: Arc<Mutex<(u16, u16)>>,
    /// What SIGTERM does: nothing set ends it, an empty text is deafness, another one is a script.
    pub(super) trap: Arc<Mutex<Option<String>>>,
    pub(super) positional: Vec<String>,
    /// Exit code of the last command.
    pub(in crate::kubelet) status: i32,
    pub(super) leave: Option<Leave>,
}

impl Session {
    /// A shell in a container with the container's environment.
    pub(in crate::kubelet) fn new(world: World, out: Sink, err: Sink, input: Input) -> Self {
        let mut variables = vec![
            ("PATH".to_owned(), PATH.to_owned()),
            ("HOSTNAME".to_owned(), world.sandbox.hostname.clone()),
            ("HOME".to_owned(), "/root".to_owned()),
        ];
        for (name, value) in &world.spec.env {
            variables.retain(|(known, _)| known != name);
            variables.push((name.clone(), value.clone()));
        }
        let directory = Some(world.spec.working_dir.clone()).filter(|it| !it.is_empty());
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
    pub(in crate::kubelet) async fn program(&mut self, words: &[String]) -> i32 {
        let Some(program) = words.first() else { return 0 };
        if !is_shell(program) {
            return self.applet(words).await;
        }
        let words = &words[1..];
        if let [flags, script, rest @ ..] = words
            && flags.starts_with('-')
            && flags.contains('c')
        {
            self.positional = rest.to_vec();
            return self.script(&script.clone()).await;
        }
        let Some(at) = words.iter().position(|word| !word.starts_with('-')) else {
            let script = self.input.all().await;
            return self.script(&String::from_utf8_lossy(&script)).await;
        };
        self.positional = words[at..].to_vec();
        let Some(script) = self.world.files.read(&self.path(&words[at])) else {
            self.err.line(format_args!("sh: can't open '{}': No such file or directory", words[at]));
            return 2;
        };
        self.script(&String::from_utf8_lossy(&script)).await
    }

    /// The prompt of a terminal.
    pub(in crate::kubelet) fn prompt(&self, terminal: bool) {
        if terminal {
            self.out.write(format!("{} # ", self.directory).as_bytes());
        }
    }

    /// Whether the script has called `exit`.
    pub(in crate::kubelet) fn left(&self) -> bool {
        self.leave == Some(Leave::Exit)
    }

    /// Runs a script to its end.
    pub(in crate::kubelet) async fn script(&mut self, text: &str) -> i32 {
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
            input = Bytes::from(std::mem::take(&mut *buffer.lock())).into();
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
                self.err.line(format_args!("sh: can't create {path}: {}", reason(&error)));
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
                self.input = found.clone().unwrap_or_default().into();
                return found.is_some();
            }
            RedirectKind::Join if redirect.stderr => self.out.clone(),
            RedirectKind::Join => self.err.clone(),
            _ if path == "/dev/null" => Sink::Null,
            kind => match self.destination(&path, kind == RedirectKind::Append, files) {
                Ok(sink) => sink,
                Err(error) => {
                    self.err.line(format_args!("sh: can't create {target}: {}", reason(&error)));
                    return false;
                }
            },
        };
        if redirect.stderr {
            self.err = sink;
        } else {
            self.out = sink;
        }
        true
    }

    /// A file to write to: on a disk as the command goes on, in memory when it ends.
    fn destination(&self, path: &str, append: bool, files: &mut Vec<Redirected>) -> io::Result<Sink> {
        if let Some(file) = self.world.files.open(path, append) {
            return file.map(Sink::file);
        }
        Ok(match path {
            "/dev/stdout" | "/proc/1/fd/1" => Sink::own(&self.world, false),
            "/dev/stderr" | "/proc/1/fd/2" => Sink::own(&self.world, true),
            _ => {
                let (sink, buffer) = Sink::buffer();
                files.push((path.into(), append, buffer));
                sink
            }
        })
    }

    pub(super) async fn applet(&mut self, words: &[String]) -> i32 {
        if let Some(applet) = applets::find(&self.world, base_name(&words[0])) {
            return applet(self, words[1..].to_vec()).await;
        }
        if let Some(code) = self.world.host.run(self, words).await {
            return code;
        }
        self.err.line(format_args!("sh: {}: not found", words[0]));
        127
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
