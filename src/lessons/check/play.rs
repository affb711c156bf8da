//! One play of a lesson on a cluster of its own, in virtual time, and what it proves. Must not start threads.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::{Cluster, Clusters, Wish};
use crate::base::clock::Timing;
use crate::base::tasks::Tasks;
use crate::lessons::clear;
use crate::lessons::deeds::Hands;
use crate::lessons::format::{Action, Lesson, Script};
use crate::lessons::script::{Player, Stuck};
use crate::lessons::session::Session;
use crate::lessons::shell;
use crate::lessons::traffic::Rates;

/// An untouched lesson must still be unsolved after this long.
const IDLE: Duration = Duration::from_secs(60);

/// A play to be made.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) lesson: &'a Arc<Lesson>,
    pub(super) play: Play<'a>,
    pub(super) seed: u64,
    pub(super) timing: Timing,
    /// Whether time passes as it does outside.
    pub(super) live: bool,
}

/// What is played and what it must come to.
#[derive(Clone, Copy)]
pub(super) enum Play<'a> {
    /// A minute of looking on, in which nothing may turn green; then the first solution.
    Idle,
    /// A way that must pass.
    Passes(&'a Script),
    /// A way that must not.
    Fails(&'a Script),
}

impl Job<'_> {
    /// What is played, for who waits.
    pub(super) fn name(&self) -> String {
        let what = match self.play {
            Play::Idle => "intacta un minuto, y después su solución".into(),
            Play::Passes(script) => script.name.clone(),
            Play::Fails(script) => format!("{} (no debe aprobar)", script.name),
        };
        let timing = if self.timing == Timing::Clase { "clase" } else { "real" };
        format!("{} {}: {what} · semilla {}, ritmo {timing}", self.lesson.id, self.lesson.title, self.seed)
    }

    /// Makes the play; what is wrong, in Spanish.
    pub(super) fn run(&self, clusters: &dyn Clusters) -> Vec<String> {
        let runtime = match self.live {
            true => tokio::runtime::Builder::new_multi_thread().enable_all().build(),
            false => tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build(),
        };
        match runtime {
            Ok(runtime) => runtime.block_on(self.play(clusters)),
            Err(error) => vec![error.to_string()],
        }
    }

    async fn play(&self, clusters: &dyn Clusters) -> Vec<String> {
        let setup = &self.lesson.setup;
        let wish = Wish {
            seed: self.seed,
            timing: self.timing,
            own: setup.cluster.clone().unwrap_or_default(),
            second: setup.second.clone(),
            namespace: setup.namespace.clone(),
            files: self.lesson.files.clone(),
        };
        match clusters.fresh(&wish).await {
            Err(why) => vec![why],
            Ok(cluster) => {
                let found = self.play_on(&*cluster).await;
                cluster.stop().await;
                found
            }
        }
    }

    async fn play_on(&self, cluster: &dyn Cluster) -> Vec<String> {
        let (client, second, tasks) = (cluster.client(), cluster.second(), Tasks::new());
        let clients = shell::Clients { own: &client, second: second.as_ref() };
        let rates = Rates::of(&self.lesson.setup.traffic);
        let mut running = match shell::start(clients, self.lesson, &rates, cluster.clock(), &tasks).await {
            Ok(running) => running,
            Err(error) => return vec![format!("no se pudo preparar: {error}")],
        };
        let mut session = Session::new(Arc::clone(self.lesson));
        let hands = Hands { client: &client, lesson: self.lesson, rates: &rates };
        let terminal = cluster.terminal();
        let (remarks, upcoming) = (Vec::new(), VecDeque::new());
        let mut player = Player { hands, terminal, running: &mut running, session: &mut session, remarks, upcoming };
        let mut found: Vec<String> = self.judge(&mut player).await.err().into_iter().collect();
        found.append(&mut player.remarks);
        drop(running);
        tasks.stop().await;
        // A cluster that stays must not keep the lesson.
        if self.live
            && let Err(error) = clear::leave(&client, self.lesson).await
        {
            found.push(error.to_string());
        }
        found
    }

    async fn judge(&self, player: &mut Player<'_>) -> Result<(), String> {
        player.look_around().await?;
        match self.play {
            Play::Idle => {
                player.idle(IDLE).await?;
                untouched(player.session)?;
                match self.lesson.solutions.first() {
                    Some(script) => passes(player, script).await,
                    None => Ok(()),
                }
            }
            Play::Passes(script) => passes(player, script).await,
            Play::Fails(script) => match player.play(script).await {
                Err(stuck) => refused_at_the_end(script, &stuck),
                Ok(()) => Err(format!("«{}» aprueba y no debería", script.name)),
            },
        }
    }
}

async fn passes(player: &mut Player<'_>, script: &Script) -> Result<(), String> {
    let why = match player.play(script).await {
        Ok(()) if player.session.finished() => return Ok(()),
        Ok(()) => "no llega al final".into(),
        Err(stuck) => stuck.why,
    };
    Err(format!("«{}» no aprueba: {why}", script.name))
}

fn untouched(session: &Session) -> Result<(), String> {
    match session.green() {
        green if green.is_empty() => Ok(()),
        green => Err(format!("sin tocar nada ya se cumple: {}", green.join("; "))),
    }
}

/// An anti-solution goes through until its last action, where the lesson does not let it on.
fn refused_at_the_end(script: &Script, stuck: &Stuck) -> Result<(), String> {
    match (stuck.left, script.play.last()) {
        (0, Some(Action::Next)) => Ok(()),
        _ => Err(format!("«{}» no llega a su final: {}", script.name, stuck.why)),
    }
}
