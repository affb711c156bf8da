//! What the whole dashboard shares: the cluster, where we are, what was done. One owner: the app. No IO.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::config::Settings;
use super::editor::explain::in_one;
use super::model::catalog::{self, Resource};
use super::model::cluster::{Change, Cluster, Feed};
use super::model::failure::Failure;
use super::model::flash::{Actor, Flashes};
use super::model::memory::Memory;
use super::model::metrics::Sample;
use super::model::scope::Scope;
use super::model::timeline::Timeline;
use super::model::undo::Undo;
use super::msg::Forwarding;
use super::theme::{Look, Theme};

/// Commands kept in the log.
const LOG_KEPT: usize = 500;
/// Changes that can be taken back, one after the other.
const UNDOS_KEPT: usize = 50;

/// How an action on the cluster went.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// On its way.
    Sent,
    /// Done; what to say about it.
    Done(String),
    /// Refused; the server's text.
    Refused(String),
}

/// An action and the command that would have done the same.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// `kubectl …`.
    pub command: String,
    /// How it went.
    pub fate: Fate,
}

/// A line that says something and fades at the next key.
#[derive(Clone, Debug, Default)]
pub struct Notice {
    /// What it says, in Spanish.
    pub text: String,
    /// How it says it.
    pub tone: Tone,
}

/// What kind of news a notice is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    #[default]
    Done,
    /// Nothing was done, and what to do instead.
    Tip,
    /// Something failed.
    Bad,
}

impl Notice {
    /// Something was done.
    pub fn info(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Done }
    }

    /// Nothing was done: what to do instead.
    pub fn tip(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Tip }
    }

    /// Bad news.
    pub fn bad(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Bad }
    }
}

/// A moment looked back at, and the cluster as it goes on meanwhile.
#[derive(Clone, Debug)]
pub struct Past {
    /// The place in the recording.
    pub place: usize,
    /// What had just happened.
    pub told: String,
    /// The cluster as it is.
    pub live: Cluster,
}

/// The shared state.
#[derive(Debug)]
pub struct State {
    /// The time that is shown: now as of the last message, or the moment looked back at.
    pub now: Timestamp,
    /// The time now as of the last message, whatever is shown.
    pub clock: Timestamp,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// How things look.
    pub theme: Theme,
    /// How things look where nobody chose: as the terminal asks.
    pub native: Look,
    /// Name of the kubeconfig context, or of the embedded cluster.
    pub context: String,
    /// The server's version once it has answered.
    pub version: Option<String>,
    /// Where drafts are kept; nowhere when absent.
    pub data_dir: Option<PathBuf>,
    /// The kinds of the server.
    pub catalog: Vec<Arc<Resource>>,
    /// Whether discovery has answered.
    pub discovered: bool,
    /// The watched objects, as they are or as they were.
    pub cluster: Cluster,
    /// What the watches have told, to look back at.
    pub timeline: Timeline,
    /// The moment looked back at, if any.
    pub past: Option<Past>,
    /// The namespaces looked at.
    pub scope: Scope,
    /// What the user has chosen in the configuration.
    pub settings: Settings,
    /// Whether it was started for looking only (`--solo-lectura`).
    pub locked: bool,
    /// How each kind was last listed.
    pub memory: Memory,
    /// What takes the last changes back, oldest first.
    pub undos: Vec<Undo>,
    /// The port-forwards, in the order in which they were opened.
    pub forwards: Vec<Forwarding>,
    /// The kubeconfig that leads to this cluster; kubectl's own when absent.
    pub kubeconfig: Option<PathBuf>,
    /// What a lesson asks to look at, such as `Service/web`.
    pub look: Vec<String>,
    /// Whether the cluster ends with the dashboard and nothing of it is kept.
    pub fleeting: bool,
    /// The lesson whose own cluster this is.
    pub practice: Option<String>,
    /// Whether lessons give hints.
    pub hints: bool,
    /// What was done, oldest first.
    pub log: Vec<Entry>,
    /// What to say now.
    pub notice: Option<Notice>,
    /// Whether a box over the last whole screen has the keys.
    pub boxed: bool,
    /// What has just acted, for whom motion does not disturb.
    pub flashes: Flashes,
    /// When something was last done or became otherwise: heartbeats and rates do not count.
    pub stirred: Timestamp,
    /// Whether the bridge is at rest: it counts no seconds and measures nothing until something stirs.
    pub resting: bool,
}

/// How long nothing stirs until the bridge rests.
const REST: SignedDuration = SignedDuration::from_secs(10);
/// The same for whom motion disturbs.
const REST_SOON: SignedDuration = SignedDuration::from_secs(1);

impl State {
    /// A dashboard that knows nothing yet.
    pub fn new(context: String, data_dir: Option<PathBuf>, look: Look, now: Timestamp) -> Self {
        Self {
            now,
            clock: now,
            size: (80, 24),
            theme: Theme::new(look),
            native: look,
            context,
            version: None,
            data_dir,
            catalog: catalog::essentials(),
            discovered: false,
            cluster: Cluster::default(),
            timeline: Timeline::default(),
            past: None,
            scope: Scope::default(),
            settings: Settings::default(),
            locked: false,
            memory: Memory::default(),
            undos: Vec::new(),
            forwards: Vec::new(),
            kubeconfig: None,
            look: Vec::new(),
            fleeting: false,
            practice: None,
            hints: true,
            log: Vec::new(),
            notice: None,
            boxed: false,
            flashes: Flashes::default(),
            stirred: now,
            resting: false,
        }
    }

    /// Takes in the user's choices.
    pub fn choose(&mut self, settings: Settings) {
        self.theme = Theme::new(settings.look.unwrap_or(self.native));
        self.settings = settings;
    }

    /// Whether nothing may be changed.
    pub fn read_only(&self) -> bool {
        self.frozen().is_some()
    }

    /// Whether one only looks, by wish.
    pub fn only_looks(&self) -> bool {
        self.locked || self.settings.read_only
    }

    /// Why nothing may be changed, if so.
    pub fn frozen(&self) -> Option<&'static str> {
        match self.past {
            Some(_) => {
                Some("estás mirando el pasado: aquí nada se cambia (vuelve a ahora desde la línea de tiempo, t)")
            }
            None if self.only_looks() => Some("modo de solo lectura: aquí nada se cambia"),
            None => None,
        }
    }

    /// The revision of the moment looked back at.
    pub fn moment(&self) -> Option<u64> {
        self.past.as_ref().map(|_| self.cluster.revision).filter(|revision| *revision > 0)
    }

    /// The cluster as it is now, whatever is shown.
    fn live(&mut self) -> &mut Cluster {
        match &mut self.past {
            Some(past) => &mut past.live,
            None => &mut self.cluster,
        }
    }

    /// Whether nothing has stirred for so long that the bridge may rest.
    pub fn still(&self) -> bool {
        let after = if self.settings.motion { REST } else { REST_SOON };
        self.past.is_none() && self.cluster.broken().is_none() && self.clock.duration_since(self.stirred) >= after
    }

    /// Takes in a change of the cluster, and keeps it to be looked back at. News of what is known already are none.
    pub fn learn(&mut self, mut change: Change) {
        let (timeline, clock) = (&mut self.timeline, self.clock);
        let live = match &mut self.past {
            Some(past) => &mut past.live,
            None => &mut self.cluster,
        };
        if matches!(&change, Change::Put(fact) if live.knows(fact)) {
            return;
        }
        if !change.calm() {
            self.stirred = clock;
        }
        if self.settings.motion {
            self.flashes.hear(clock, live, &change);
        }
        live.share(&mut change);
        timeline.record(clock, live, &change);
        live.apply(change);
    }

    /// Whether it has just acted; nothing does in the past.
    pub fn lit(&self, actor: &Actor) -> bool {
        self.past.is_none() && self.flashes.lit(actor, self.clock)
    }

    /// Takes in a reading of the server's metrics.
    pub fn measured(&mut self, sample: Result<Sample, Failure>) {
        let clock = self.clock;
        let metrics = &mut self.live().metrics;
        match sample {
            Ok(sample) => metrics.take(clock, sample),
            Err(failure) => metrics.failure = Some(failure),
        }
    }

    /// The time goes on; what is shown of the past stands still.
    pub fn tick(&mut self, now: Timestamp) {
        self.clock = now;
        if self.past.is_none() {
            self.now = now;
        }
    }

    /// Shows the cluster as it was at a place of the recording, or as it is.
    pub fn seek(&mut self, place: Option<usize>) {
        if let Some(past) = self.past.take() {
            self.cluster = past.live;
        }
        self.now = self.clock;
        if let Some(place) = place {
            let mut then = self.timeline.cluster(place);
            then.feeds.clone_from(&self.cluster.feeds);
            // What was is known, whether or not the server answers now.
            let lost = |feed: &&mut Feed| matches!(feed, Feed::Lost(failure) if failure.unreachable());
            then.feeds.values_mut().filter(lost).for_each(|feed| *feed = Feed::Live);
            then.metrics.failure.clone_from(&self.cluster.metrics.failure);
            then.metrics.gone_by = true;
            self.now = self.timeline.at(place).unwrap_or(self.clock);
            let told = self.timeline.told(place);
            self.past = Some(Past { place, told, live: std::mem::replace(&mut self.cluster, then) });
        }
    }

    /// Remembers what takes a change back.
    pub fn remember(&mut self, undo: Undo) {
        self.undos.push(undo);
        let extra = self.undos.len().saturating_sub(UNDOS_KEPT);
        self.undos.drain(..extra);
    }

    /// Whether a lesson asks to look at an object, or at the one that owns it.
    pub fn looks_at(&self, kind: &str, name: &str, owner: &str) -> bool {
        self.look.iter().filter_map(|place| place.split_once('/')).any(|(wanted, of)| {
            let itself = wanted == kind && of == name;
            // A Deployment's pods belong to its ReplicaSets, which are named after it.
            let owned = owner.split_once('/').and_then(|(_, owner)| owner.strip_prefix(of));
            itself || owned.is_some_and(|rest| rest.is_empty() || (rest.starts_with('-') && !rest[1..].contains('-')))
        })
    }

    /// Writes a command into the log as sent.
    pub fn sent(&mut self, command: String) {
        self.write(command, Fate::Sent);
    }

    /// Writes a command that only reads into the log, once in a row.
    pub fn read(&mut self, command: String) {
        if self.log.last().is_none_or(|last| last.command != command) {
            self.write(command, Fate::Done(String::new()));
        }
    }

    fn write(&mut self, command: String, fate: Fate) {
        self.log.push(Entry { at: self.clock, command, fate });
        let extra = self.log.len().saturating_sub(LOG_KEPT);
        self.log.drain(..extra);
    }

    /// Writes how a command went.
    pub fn done(&mut self, command: &str, result: Result<String, Failure>) {
        let fate = match result {
            Ok(text) => Fate::Done(text),
            Err(failure) => Fate::Refused(failure.message),
        };
        self.notice = Some(match &fate {
            Fate::Refused(text) => Notice::bad(refusal(text)),
            Fate::Done(text) => Notice::info(text.clone()),
            Fate::Sent => Notice::default(),
        });
        // What only reads was written as done.
        let read = Fate::Done(String::new());
        let waits = |entry: &Entry| entry.command == command && (entry.fate == Fate::Sent || entry.fate == read);
        let sent = self.log.iter_mut().rev().find(|entry| waits(entry));
        match sent {
            Some(entry) => entry.fate = fate,
            // What no command does.
            None if command.is_empty() => {}
            None => self.log.push(Entry { at: self.clock, command: command.into(), fate }),
        }
    }

    /// What runs the containers, as the nodes say it: `embebido`, `docker`, `containerd`.
    pub fn runtime(&self) -> Option<&str> {
        let version = &self.cluster.nodes.values().next()?.runtime;
        let name = version.split("://").next().filter(|name| !name.is_empty())?;
        Some(if name == "timonel" || name == "embedded" { "embebido" } else { name })
    }
}

/// What could not be done and why: what Kubernetes' text means, where that is known, and the text.
fn refusal(text: &str) -> String {
    in_one(text).map_or_else(|| format!("no se pudo: {text}"), |told| format!("no se pudo. {told}"))
}
