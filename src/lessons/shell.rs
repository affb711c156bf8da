//! Sets a lesson up and tells what happens in it. Must be a client like any other, and decide nothing.

use std::time::Duration;

use k8s_openapi::api::core::v1::Event;
use kube::Client;
use kube::api::{Api, ListParams};
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};

use super::apply::{self, ApplyError};
use super::clear;
use super::deeds::Hands;
use super::format::{Action, Lesson};
use super::monitor::Monitor;
use super::observe;
use super::traffic::{self, Rates};
use super::world::{Change, Moment, World};
use crate::base::clock::Clock;
use crate::base::tasks::Tasks;

/// How often time passes for a session when nothing else happens.
const TICK: Duration = Duration::from_millis(500);
/// A namespace that does not empty itself, or objects that do not come up, in this time are an error.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// Moments that may wait for the session.
const QUEUE: usize = 1024;

/// Why a lesson could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The server refused or did not answer.
    #[error(transparent)]
    Client(#[from] Box<kube::Error>),
    /// An object of the lesson was refused.
    #[error("{file}: {source}")]
    Object {
        /// The lesson's file.
        file: String,
        /// The refusal.
        source: ApplyError,
    },
    /// The lesson names a file that its folder does not hold.
    #[error("la carpeta de la lección no tiene {0}")]
    NoFile(String),
    /// The lesson speaks of a kind that Timonel does not know.
    #[error("no conozco el kind {0}")]
    UnknownKind(String),
    /// The namespace exists and no lesson made it.
    #[error("el espacio de nombres {0} existe y no es de una lección")]
    ForeignNamespace(String),
    /// The lesson wants a second cluster and there is none.
    #[error("la lección pide un segundo clúster y aquí no lo hay")]
    NoSecond,
    /// A component cannot be switched.
    #[error("no se pudo preparar un componente: {0}")]
    Switch(String),
    /// The cluster did not get to the lesson's start.
    #[error("el clúster no llegó al punto de partida de la lección en {} s{}", PATIENCE.as_secs(), last_word(.0.as_ref()))]
    NotReady(Option<String>),
    /// What an earlier run left does not go away.
    #[error("el espacio de nombres {0}, de una partida anterior, no terminó de borrarse en {seconds} s: mira qué queda con «kubectl get all -n {0}»", seconds = PATIENCE.as_secs())]
    NotEmptied(String),
}

impl From<kube::Error> for SetupError {
    fn from(error: kube::Error) -> Self {
        Self::Client(Box::new(error))
    }
}

fn last_word(warning: Option<&String>) -> String {
    warning.map(|warning| format!("; lo último que avisó: {warning}")).unwrap_or_default()
}

/// Administrators' clients of the clusters that a lesson runs on.
#[derive(Clone, Copy)]
pub struct Clients<'a> {
    /// Of the lesson's own, where it is played.
    pub own: &'a Client,
    /// Of the second one, if there is one: it is set up and looked at.
    pub second: Option<&'a Client>,
}

impl<'a> Clients<'a> {
    /// The client of the second cluster.
    pub(super) fn beside(self) -> Result<&'a Client, SetupError> {
        self.second.ok_or(SetupError::NoSecond)
    }
}

/// A lesson that is set up: what happens in it. Dropping it stops its watches and requests.
#[derive(Debug)]
pub struct Running {
    moments: mpsc::Receiver<Moment>,
    tasks: Tasks,
}

impl Running {
    /// What happens next, for [`super::Session::observe`]; twice a second nothing but time.
    pub async fn next(&mut self) -> Option<Moment> {
        self.moments.recv().await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.cancel();
    }
}

/// Makes the lesson's namespaces anew with its objects, and begins once it stands as the lesson wants it.
///
/// # Errors
/// When the cluster refuses or does not get there in time.
pub async fn start(
    clients: Clients<'_>,
    lesson: &Lesson,
    rates: &Rates,
    clock: Clock,
    tasks: &Tasks,
) -> Result<Running, SetupError> {
    let client = clients.own;
    // First all runs: with its controller off, no namespace ever goes away.
    clear::mend(client).await?;
    clear::reset(client, lesson).await?;
    switch(client, lesson, rates).await?;
    furnish(client, lesson, &lesson.setup.objects).await?;
    if let Some(second) = &lesson.setup.second {
        clear::reset(clients.beside()?, lesson).await?;
        furnish(clients.beside()?, lesson, &second.objects).await?;
    }
    let tasks = tasks.child();
    let (out, mut changes) = mpsc::channel(QUEUE);
    let mut syncing = observe::watch_all(clients, lesson, &out, &tasks)?;
    observe::listen_all(clients, lesson, &out, &tasks);
    for traffic in &lesson.setup.traffic {
        let namespace = lesson.setup.namespace.clone();
        tasks.spawn(traffic::run(client.clone(), namespace, traffic.clone(), rates.clone(), out.clone()));
    }
    drop(out);
    let warm = timeout(PATIENCE, warm_up(lesson, &mut changes, &mut syncing, &clock)).await;
    let Some(world) = warm.ok().flatten() else {
        return Err(SetupError::NotReady(last_warning(client, &lesson.setup.namespace).await));
    };
    let (sender, moments) = mpsc::channel(QUEUE);
    tasks.spawn(relay(world, changes, sender, clock));
    Ok(Running { moments, tasks })
}

/// Creates what the lesson begins with in a cluster.
async fn furnish(client: &Client, lesson: &Lesson, files: &[String]) -> Result<(), SetupError> {
    for file in files {
        let text = lesson.files.get(file).ok_or_else(|| SetupError::NoFile(file.clone()))?;
        let applied = apply::apply(client, &lesson.setup.namespace, text).await;
        applied.map_err(|source| SetupError::Object { file: file.clone(), source })?;
    }
    Ok(())
}

/// Switches components as the lesson wants them.
async fn switch(client: &Client, lesson: &Lesson, rates: &Rates) -> Result<(), SetupError> {
    let hands = Hands { client, lesson, rates };
    for (component, on) in &lesson.setup.switches {
        let action = Action::Switch { component: component.clone(), on: *on };
        hands.perform(&action).await.map_err(SetupError::Switch)?;
    }
    Ok(())
}

/// The newest warning in a namespace, to say why it does not get on.
async fn last_warning(client: &Client, namespace: &str) -> Option<String> {
    let events: Api<Event> = Api::namespaced(client.clone(), namespace);
    let warnings = events.list(&ListParams::default().fields("type=Warning")).await.ok()?;
    let newest = warnings.items.into_iter().max_by_key(|event| event.last_timestamp.clone())?;
    let about = newest.involved_object;
    let (kind, name) = (about.kind.unwrap_or_default(), about.name.unwrap_or_default());
    Some(format!("{kind} {name}: {}: {}", newest.reason.unwrap_or_default(), newest.message.unwrap_or_default()))
}

/// Takes in changes until every list is complete and the lesson's start is reached; how things stand then.
async fn warm_up(
    lesson: &Lesson,
    changes: &mut mpsc::Receiver<Change>,
    syncing: &mut mpsc::Receiver<()>,
    clock: &Clock,
) -> Option<World> {
    let (mut world, mut listed, began) = (World::new(&lesson.setup.namespace), false, clock.elapsed());
    let mut ready = lesson.setup.ready.as_ref().map(Monitor::new);
    let mut ticks = interval(TICK);
    loop {
        let change = tokio::select! {
            biased;
            change = changes.recv() => change?,
            // Every watch drops its end once its first list is in the queue before.
            _ = syncing.recv(), if !listed => { listed = true; Change::Tick }
            _ = ticks.tick() => Change::Tick,
        };
        let moment = Moment { at: clock.elapsed().saturating_sub(began), change };
        world.absorb(&moment);
        if listed && ready.as_mut().is_none_or(|ready| ready.step(&world, &moment)) {
            return Some(world);
        }
    }
}

/// Hands on how things stand at the start, then what happens, each with its time.
async fn relay(world: World, mut changes: mpsc::Receiver<Change>, out: mpsc::Sender<Moment>, clock: Clock) {
    let began = clock.elapsed();
    for object in world.all() {
        let moment = Moment { at: Duration::ZERO, change: Change::Known(object.clone()) };
        if out.send(moment).await.is_err() {
            return;
        }
    }
    let mut ticks = interval(TICK);
    loop {
        let change = tokio::select! {
            change = changes.recv() => match change {
                Some(change) => change,
                None => return,
            },
            _ = ticks.tick() => Change::Tick,
        };
        if out.send(Moment { at: clock.elapsed().saturating_sub(began), change }).await.is_err() {
            return;
        }
    }
}
