//! What can wake the dashboard ([`Msg`]) and what it can ask of the world ([`Effect`]): both closed. Must not do IO.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ratatui::crossterm::event::{KeyEvent, MouseEvent};
use serde_json::Value;

use super::config::Settings;
use super::model::catalog::{Listing, Resource, Target};
use super::model::cluster::Change;
use super::model::failure::Failure;
use super::model::lesson::News;
use super::model::metrics::Sample;
use super::model::table::{Row, Table};
use super::model::undo::Undo;
use super::model::world::{Want, World};
use crate::lessons::format::Key;
use crate::lessons::progress::Progress;
use crate::lessons::{Lesson, Session};

/// Names one open view: answers come back under the number that asked for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Everything that can change the state.
#[derive(Debug)]
pub enum Msg {
    /// The time now; sent before a batch of others.
    Clock(Timestamp),
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse was pressed or its wheel turned.
    Mouse(MouseEvent),
    /// The configuration was read, or why it cannot be, in Spanish.
    Settings(Result<Box<Settings>, String>),
    /// The terminal has a new size (columns, rows).
    Resize(u16, u16),
    /// The watched objects changed.
    Cluster(Vec<Change>),
    /// A reading of the server's metrics.
    Metrics(Result<Sample, Failure>),
    /// The server's version, such as `v1.36.0`.
    Version(Result<String, Failure>),
    /// The kinds that the server serves.
    Catalog(Result<Vec<Arc<Resource>>, Failure>),
    /// An answer for one view.
    Reply(Ticket, Reply),
    /// An action on the cluster ended.
    Done(Outcome),
    /// Something about a port-forward.
    Forward(ForwardNews),
    /// A signal asks the program to end.
    Terminate,
}

/// How an action on the cluster ended, with the command that would have done the same.
#[derive(Debug)]
pub struct Outcome {
    /// The equivalent `kubectl` command.
    pub command: String,
    /// What to say in Spanish, or why it failed.
    pub result: Result<String, Failure>,
    /// What takes it back, where something does.
    pub undo: Option<Undo>,
}

/// A port of this machine that leads to one of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarding {
    /// Where it leads: a pod, or what has pods.
    pub target: Target,
    /// The port of this machine; it names the port-forward.
    pub local: u16,
    /// The port there, by number or name.
    pub remote: String,
    /// Whether it listens.
    pub open: bool,
    /// Connections now.
    pub now: usize,
    /// Connections since it was opened.
    pub total: usize,
    /// Why it could not be opened.
    pub failed: Option<String>,
    /// How the last connection that failed did.
    pub trouble: Option<String>,
}

impl Forwarding {
    /// One that is to be opened.
    pub fn new(target: Target, local: u16, remote: &str) -> Self {
        Self { target, local, remote: remote.into(), open: false, now: 0, total: 0, failed: None, trouble: None }
    }

    /// Whether it is open or on its way.
    pub fn alive(&self) -> bool {
        self.failed.is_none()
    }

    /// Takes in what happened.
    pub fn take(&mut self, news: &ForwardNews) {
        match news {
            ForwardNews::Open(_) => self.open = true,
            ForwardNews::Failed(_, why) => self.failed = Some(why.clone()),
            ForwardNews::Begun(_) => (self.now, self.total) = (self.now + 1, self.total + 1),
            ForwardNews::Ended(_, trouble) => {
                self.now = self.now.saturating_sub(1);
                if trouble.is_some() {
                    self.trouble.clone_from(trouble);
                }
            }
        }
    }
}

/// What happens with a port-forward, named by its local port.
#[derive(Debug)]
pub enum ForwardNews {
    /// It listens.
    Open(u16),
    /// It could not be opened; why.
    Failed(u16, String),
    /// A connection began.
    Begun(u16),
    /// A connection ended; badly, if it says why.
    Ended(u16, Option<String>),
}

impl ForwardNews {
    /// The local port.
    pub fn port(&self) -> u16 {
        match self {
            Self::Open(port) | Self::Failed(port, _) | Self::Begun(port) | Self::Ended(port, _) => *port,
        }
    }
}

/// Where a shell runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellAt {
    /// In a container of a pod; the only one, or the default one, when absent.
    Exec { namespace: String, pod: String, container: Option<String> },
    /// On this machine, with a kubeconfig and one of its contexts.
    Local { kubeconfig: Option<PathBuf>, context: String },
}

/// A context of a kubeconfig.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextLine {
    /// Its name.
    pub name: String,
    /// Its cluster's name and the server's address.
    pub cluster: String,
    /// The address of the server.
    pub server: String,
    /// The user's name.
    pub user: String,
    /// The namespace that it begins in.
    pub namespace: String,
    /// Whether kubectl uses it now.
    pub current: bool,
}

/// Answers to one view.
#[derive(Debug)]
pub enum Reply {
    /// The whole table, anew.
    Table(Table),
    /// A row appeared or changed.
    Row(Row),
    /// The row of this uid is gone.
    RowGone(String),
    /// The table's watch was lost; it is being taken up again.
    Stale(Failure),
    /// One object.
    Object(Result<Value, Failure>),
    /// What is around an object.
    World(Box<World>),
    /// A reading of the metrics API.
    Usage(Result<Value, Failure>),
    /// The events about an object.
    Events(Result<Vec<Value>, Failure>),
    /// New log lines.
    Lines(u64, Vec<String>),
    /// The log ended, or failed.
    LogEnd(u64, Option<Failure>),
    /// A file was read.
    File(Result<String, String>),
    /// The file does not exist.
    NoFile,
    /// A file was written.
    Saved(Result<PathBuf, String>),
    /// The server answered the documents sent, one answer each, in order.
    Submitted(Mode, Vec<Result<Applied, Failure>>),
    /// What a shell wrote.
    Bytes(Vec<u8>),
    /// A shell ended; how.
    ShellEnd(Result<String, Failure>),
    /// The contexts of the kubeconfig, or why it cannot be read.
    Contexts(Result<Vec<ContextLine>, String>),
    /// A pause ended; the number says which.
    Pause(u64),
    /// What happens in a lesson.
    Lesson(News),
    /// What the learner has done, or why it cannot be read or kept, in Spanish.
    Progress(Result<Box<Progress>, String>),
    /// Where a progress file that cannot be used was put aside.
    SetAside(Result<PathBuf, String>),
}

/// How documents are sent to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Checked by the server, nothing kept (`--dry-run=server`).
    DryRun,
    /// Kept.
    Apply,
}

/// One document on its way to the server.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Where it goes.
    pub target: Target,
    /// What it says.
    pub object: Value,
    /// What it said when it was opened for editing; absent for a manifest, which is applied.
    pub original: Option<Value>,
}

/// A document that the server took.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The object as the server has it now.
    pub object: Value,
    /// In kubectl's words: `created`, `configured`, `unchanged`, `edited`.
    pub verb: &'static str,
    /// What takes it back; nothing when nothing changed.
    pub undo: Option<Undo>,
}

/// A change of an object that exists.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Delete it.
    Delete,
    /// Set its number of replicas.
    Scale(i64),
    /// Restart its pods one by one, as `kubectl rollout restart`.
    Restart,
    /// Stop or resume a rollout.
    Pause(bool),
    /// No more pods on a node, or again.
    Cordon(bool),
    /// A node emptied.
    Drain,
    /// Stop or resume a `CronJob` or a Job.
    Suspend(bool),
    /// A Job from a `CronJob`, now.
    Trigger,
    /// Another image for a container.
    Image {
        /// The container.
        container: String,
        /// The image.
        image: String,
    },
    /// A label with a value, or without it none.
    Label {
        /// Its name.
        key: String,
        /// Its value.
        value: Option<String>,
    },
    /// A part of the cluster on or off.
    Switch(bool),
    /// Back to a revision of its controller, or to the one before, as `kubectl rollout undo`.
    Undo(Option<i64>),
}

/// What to read of a pod's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRequest {
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// Container; the only one when absent.
    pub container: Option<String>,
    /// The run before the last restart.
    pub previous: bool,
    /// Only what was written in the last minutes; all when 0.
    pub minutes: u32,
    /// Lines of what was written before, unless minutes say how much.
    pub tail: u32,
}

/// Everything that the dashboard can ask of the world.
#[derive(Debug)]
pub enum Effect {
    /// List and watch a table for a view.
    Table(Ticket, Listing),
    /// Read one object.
    Object(Ticket, Target),
    /// The same of a moment looked back at, by its revision, with its events.
    AsItWas(Ticket, Target, u64),
    /// List what is around an object.
    World(Ticket, Vec<Want>),
    /// Read a path of the metrics API every few seconds; nothing any more when absent.
    Usage(Ticket, Option<String>),
    /// Read the events about an object.
    Events(Ticket, Target),
    /// Follow a log; its lines come under this number.
    Logs(Ticket, u64, LogRequest),
    /// Stop all that runs for a view.
    Stop(Ticket),
    /// Change an object and say how it went.
    Change { command: String, target: Target, change: Deed },
    /// Take a change back.
    Undo(Undo),
    /// Send documents.
    Submit(Ticket, Mode, Vec<Draft>),
    /// Read a file of at most the editor's limit.
    ReadFile(Ticket, PathBuf),
    /// Write a file, whole or not at all.
    WriteFile { to: Option<Ticket>, path: PathBuf, text: String },
    /// Remove a file if it is there.
    RemoveFile(PathBuf),
    /// Answer after a pause.
    Pause(Ticket, u64, Duration),
    /// Put text on the clipboard through the terminal (OSC 52).
    Copy(String),
    /// Read the configuration again whenever its file changes.
    FollowSettings(PathBuf),
    /// Run a shell at a terminal of so many columns and rows.
    Shell(Ticket, ShellAt, (u16, u16)),
    /// Type at a view's shell.
    Type(Ticket, Vec<u8>),
    /// Tell a view's shell its columns and rows.
    Fit(Ticket, (u16, u16)),
    /// Open a port-forward.
    Forward(Box<Forwarding>),
    /// Close the port-forward of a local port.
    StopForward(u16),
    /// Read the contexts of a kubeconfig, or of kubectl's own files.
    Contexts(Ticket, Option<PathBuf>),
    /// Ask again which kinds the server serves.
    Discover,
    /// Set a lesson up, anew if it runs, and tell what happens in it.
    Lesson(Ticket, Arc<Lesson>),
    /// Do what a key of a lesson does.
    LessonKey(Ticket, Arc<Lesson>, Key),
    /// What happens by itself in a step of a lesson.
    LessonStep(Ticket, Arc<Lesson>, usize),
    /// Switch on again what a lesson left off, and take its objects away.
    LeaveLesson(Arc<Lesson>),
    /// Read what the learner has done, from the data directory.
    ReadProgress(Ticket, PathBuf),
    /// Keep how far a session is, in the data directory.
    KeepProgress(Ticket, PathBuf, Box<Session>),
    /// Put a progress file that cannot be used aside, unharmed.
    SetAside(Ticket, PathBuf),
}
