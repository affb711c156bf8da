//! Where effects are done: the only part of the dashboard that does IO. Must not hold state that views show.

mod cluster;
mod contexts;
mod deeds;
mod discovery;
mod files;
mod forward;
mod lesson;
mod logs;
mod sessions;
mod settings;
mod table;
mod usage;
mod world;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use kube::Client;
use serde_json::Value;
use tokio::sync::{Mutex, mpsc, watch};

use self::lesson::Underway;
use super::model::catalog::Target;
use super::model::failure::Failure;
use super::msg::{Effect, Msg, Reply, Ticket};
use crate::base::clock::Clock;
use crate::base::tasks::Tasks;
use crate::lessons::traffic::Rates;

/// Messages on their way to the app; a slow screen slows the watches down, not the other way round.
const QUEUE: usize = 1024;
/// How long the end of the program waits for the end of a lesson.
const FAREWELL: Duration = Duration::from_secs(3);

/// Does effects in background tasks, which answer with messages.
#[derive(Debug)]
pub struct Runner {
    shared: Shared,
    tasks: Tasks,
    running: HashMap<Ticket, Tasks>,
    /// What is being measured for a view.
    measuring: HashMap<Ticket, Tasks>,
    /// Where to type at a view's shell.
    typing: HashMap<Ticket, mpsc::Sender<sessions::Input>>,
    /// The port-forwards, by their local port.
    forwards: HashMap<u16, Tasks>,
    /// Tells whether somebody looks at the server's figures.
    pulse: watch::Sender<bool>,
}

/// What every task needs.
#[derive(Clone)]
pub struct Shared {
    client: Client,
    /// The second cluster of the lesson under way, if it has one.
    second: Option<Client>,
    clock: Clock,
    sender: mpsc::Sender<Msg>,
    /// One at a time reads and writes the learner's progress.
    progress: Arc<Mutex<()>>,
    /// How many requests the lesson under way sends.
    rates: Arc<Mutex<Rates>>,
    /// The lesson under way.
    lesson: Arc<Mutex<Option<Underway>>>,
    /// How many lessons are being taken away.
    leaving: Arc<watch::Sender<usize>>,
    /// Whether somebody looks at the server's figures.
    pulse: watch::Receiver<bool>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Runner {
    /// Starts watching the cluster; the messages come out of the receiver. The second one is there for its lesson alone.
    pub fn start(client: Client, second: Option<Client>, clock: Clock, tasks: Tasks) -> (Self, mpsc::Receiver<Msg>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let (pulse, looked_at) = watch::channel(true);
        let shared = Shared {
            client,
            second,
            clock,
            sender,
            progress: Arc::default(),
            rates: Arc::default(),
            lesson: Arc::default(),
            leaving: Arc::default(),
            pulse: looked_at,
        };
        cluster::start(&shared, &tasks);
        tasks.spawn(discovery::run(shared.clone()));
        let runner = Self {
            shared,
            tasks,
            running: HashMap::new(),
            measuring: HashMap::new(),
            typing: HashMap::new(),
            forwards: HashMap::new(),
            pulse,
        };
        (runner, receiver)
    }

    /// Ends the lesson under way, where the program leaves it as it is: its cluster may go on.
    pub async fn finish(&self) {
        // A cluster that does not answer must not keep anybody here.
        let left = tokio::time::timeout(FAREWELL, lesson::finish(self.shared.clone())).await;
        left.unwrap_or_else(|_| tracing::warn!("the lesson was not cleared away in time"));
    }

    /// Says whether somebody looks at the server's figures: those that nobody sees are not read.
    pub fn pulse(&self, wanted: bool) {
        self.pulse.send_if_modified(|now| std::mem::replace(now, wanted) != wanted);
    }

    /// Does an effect.
    pub fn run(&mut self, effect: Effect) {
        match effect {
            Effect::Stop(ticket) => {
                let stopped = [self.running.remove(&ticket), self.measuring.remove(&ticket)];
                stopped.iter().flatten().for_each(Tasks::cancel);
                self.typing.remove(&ticket);
            }
            Effect::Copy(text) => super::terminal::copy(&text),
            Effect::Table(ticket, listing) => {
                let shared = self.shared.clone();
                table::start(&shared, self.anew(ticket), ticket, &listing);
            }
            Effect::Usage(ticket, path) => self.measure(ticket, path),
            Effect::Shell(ticket, session, size) => {
                let (sender, inbox) = sessions::line();
                let shared = self.shared.clone();
                self.anew(ticket).spawn(sessions::run(shared, ticket, session, size, inbox));
                self.typing.insert(ticket, sender);
            }
            Effect::Type(ticket, bytes) => self.input(ticket, sessions::Input::Bytes(bytes)),
            Effect::Fit(ticket, size) => self.input(ticket, sessions::Input::Size(size)),
            Effect::Forward(wish) => {
                let tasks = self.tasks.child();
                tasks.spawn(forward::open(self.shared.clone(), *wish.clone(), tasks.clone()));
                self.forwards.insert(wish.local, tasks);
            }
            Effect::StopForward(port) => self.forwards.remove(&port).iter().for_each(Tasks::cancel),
            other => self.spawn(other),
        }
    }

    /// Does in the background what has to wait for something.
    fn spawn(&mut self, effect: Effect) {
        let shared = self.shared.clone();
        match effect {
            Effect::Logs(ticket, number, request) => {
                self.of(ticket).spawn(logs::follow(shared, ticket, number, request))
            }
            Effect::Object(ticket, target) => self.of(ticket).spawn(object(shared, ticket, target)),
            Effect::World(ticket, wants) => self.of(ticket).spawn(world::look(shared, ticket, wants)),
            Effect::AsItWas(ticket, target, at) => self.of(ticket).spawn(as_it_was(shared, ticket, target, at)),
            Effect::Events(ticket, target) => self.of(ticket).spawn(events(shared, ticket, target, None)),
            Effect::Submit(ticket, mode, drafts) => self.of(ticket).spawn(deeds::submit(shared, ticket, mode, drafts)),
            Effect::ReadFile(ticket, path) => self.of(ticket).spawn(files::read(shared, ticket, path)),
            Effect::Pause(ticket, which, time) => self.of(ticket).spawn(pause(shared, ticket, which, time)),
            Effect::Change { command, target, change } => {
                self.tasks.spawn(deeds::change(shared, command, target, change))
            }
            Effect::Undo(undo) => self.tasks.spawn(deeds::undo(shared, undo)),
            Effect::WriteFile { to, path, text } => self.tasks.spawn(files::write(shared, to, path, text)),
            Effect::RemoveFile(path) => self.tasks.spawn(files::remove(path)),
            Effect::Lesson(ticket, wanted) => {
                let tasks = self.anew(ticket).clone();
                self.of(ticket).spawn(lesson::play(shared, ticket, wanted, tasks))
            }
            Effect::LessonKey(ticket, wanted, key) => {
                self.of(ticket).spawn(lesson::stroke(shared, ticket, wanted, key))
            }
            Effect::LessonStep(ticket, wanted, step) => self.of(ticket).spawn(lesson::happen(shared, wanted, step)),
            Effect::LeaveLesson(left) => {
                shared.leaving.send_modify(|leaving| *leaving += 1);
                self.tasks.spawn(lesson::leave(shared, left))
            }
            Effect::ReadProgress(ticket, data_dir) => self.tasks.spawn(lesson::read(shared, ticket, data_dir)),
            Effect::KeepProgress(ticket, data_dir, session) => {
                self.tasks.spawn(lesson::keep(shared, ticket, data_dir, session))
            }
            Effect::SetAside(ticket, data_dir) => self.tasks.spawn(lesson::set_aside(shared, ticket, data_dir)),
            Effect::FollowSettings(path) => self.tasks.spawn(settings::follow(shared, path)),
            Effect::Discover => self.tasks.spawn(discovery::run(shared)),
            Effect::Contexts(ticket, path) => self.of(ticket).spawn(contexts::read(shared, ticket, path)),
            // Those of `run`.
            _ => return,
        };
    }

    /// A key or a size for a shell; one that does not take them any more loses them.
    fn input(&self, ticket: Ticket, input: sessions::Input) {
        if let Some(sender) = self.typing.get(&ticket) {
            let _full = sender.try_send(input);
        }
    }

    /// Measures something else for a view, or nothing any more.
    fn measure(&mut self, ticket: Ticket, path: Option<String>) {
        if let Some(old) = self.measuring.remove(&ticket) {
            old.cancel();
        }
        let Some(path) = path else { return };
        let tasks = self.tasks.child();
        tasks.spawn(usage::follow(self.shared.clone(), ticket, path));
        self.measuring.insert(ticket, tasks);
    }

    fn of(&mut self, ticket: Ticket) -> &Tasks {
        let parent = &self.tasks;
        self.running.entry(ticket).or_insert_with(|| parent.child())
    }

    /// Stops what ran under the ticket: a view follows one thing at a time.
    fn anew(&mut self, ticket: Ticket) -> &Tasks {
        if let Some(old) = self.running.remove(&ticket) {
            old.cancel();
        }
        self.of(ticket)
    }
}

impl Shared {
    /// Sends a message; without anybody to hear it, the task has nothing left to do and is about to be stopped.
    async fn send(&self, msg: Msg) {
        let _gone = self.sender.send(msg).await;
    }

    async fn reply(&self, ticket: Ticket, reply: Reply) {
        self.send(Msg::Reply(ticket, reply)).await;
    }

    /// One request with a JSON answer.
    async fn json(&self, request: http::request::Builder, body: Vec<u8>) -> Result<Value, Failure> {
        let request = request.body(body).map_err(Failure::broken)?;
        self.client.request::<Value>(request).await.map_err(Failure::from)
    }

    async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.json(Request::get(path), Vec::new()).await
    }
}

async fn pause(shared: Shared, ticket: Ticket, which: u64, time: Duration) {
    tokio::time::sleep(time).await;
    shared.reply(ticket, Reply::Pause(which)).await;
}

async fn object(shared: Shared, ticket: Ticket, target: Target) {
    let answer = shared.get(&target.path()).await;
    shared.reply(ticket, Reply::Object(answer)).await;
}

/// An object at a revision: a list of one, for only lists can be asked of the past.
async fn as_it_was(shared: Shared, ticket: Ticket, target: Target, at: u64) {
    let only = escape(&format!("metadata.name={}", target.name));
    let path = target.resource.path(target.namespace.as_deref());
    let answer = shared.get(&format!("{path}?fieldSelector={only}{}", exactly(Some(at)))).await;
    let object = answer.and_then(|mut list| match list["items"].get_mut(0).map(Value::take) {
        Some(mut object) => {
            // Not every server says in a list what each of its items is.
            object["kind"] = target.resource.kind.as_str().into();
            object["apiVersion"] = list["apiVersion"].take();
            Ok(object)
        }
        None => Err(Failure::broken("en ese momento no existía")),
    });
    shared.reply(ticket, Reply::Object(object)).await;
    events(shared, ticket, target, Some(at)).await;
}

fn exactly(at: Option<u64>) -> String {
    at.map(|at| format!("&resourceVersion={at}&resourceVersionMatch=Exact")).unwrap_or_default()
}

async fn events(shared: Shared, ticket: Ticket, target: Target, at: Option<u64>) {
    let namespace = target.namespace.as_deref().unwrap_or("default");
    let about = format!("involvedObject.name={},involvedObject.kind={}", target.name, target.resource.kind);
    let path = format!("/api/v1/namespaces/{namespace}/events?fieldSelector={}{}", escape(&about), exactly(at));
    let answer = shared.get(&path).await.map(|mut list| match list["items"].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    });
    shared.reply(ticket, Reply::Events(answer)).await;
}

/// Escapes a value of a query.
fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
