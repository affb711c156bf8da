//! Plays what a learner would do in a lesson. Must not reach around the API.

use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;

use super::deeds::{Hands, Outcome};
use super::format::{Action, Opened, Run, Script};
use super::monitor::Monitor;
use super::session::Session;
use super::shell::Running;
use super::world::{Change, Moment, has_labels, is};

/// A learner waits no longer for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where command lines are typed.
#[async_trait]
pub trait Terminal: Send + Sync {
    /// Runs a command line in the folder of the lesson's files: what it printed, or what it complained of.
    async fn type_line(&self, line: &str) -> Result<String, String>;
}

/// Someone who plays a lesson by a script.
pub(super) struct Player<'a> {
    pub(super) hands: Hands<'a>,
    pub(super) terminal: Option<&'a dyn Terminal>,
    pub(super) running: &'a mut Running,
    pub(super) session: &'a mut Session,
    /// What is wrong though the script goes on.
    pub(super) remarks: Vec<String>,
    /// What is going to happen by itself, and when.
    pub(super) upcoming: VecDeque<(Duration, Action)>,
}

/// Where a script did not go on.
pub(super) struct Stuck {
    /// Actions behind the one that failed.
    pub(super) left: usize,
    pub(super) why: String,
}

impl Player<'_> {
    /// Takes in how things stand at the start, which comes before time passes.
    pub(super) async fn look_around(&mut self) -> Result<(), String> {
        self.pump(PATIENCE, |_, moment| matches!(moment.change, Change::Tick)).await?;
        self.begin_step();
        Ok(())
    }

    /// What happens by itself in this step comes in its time, whatever the learner does meanwhile.
    fn begin_step(&mut self) {
        let mut due = self.session.world().now();
        for action in &self.session.lesson().steps[self.session.step()].happens {
            match action {
                Action::Wait(duration) => due += *duration,
                other => self.upcoming.push_back((due, other.clone())),
            }
        }
    }

    async fn happen(&mut self, now: Duration) {
        while self.upcoming.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, action)) = self.upcoming.pop_front() else { return };
            if let Err(why) = self.hands.perform(&action).await {
                self.remarks.push(format!("no pudo pasar: {why}"));
            }
        }
    }

    /// Plays the actions up to the first that does not come as the script expects it: how many were left, and why.
    pub(super) async fn play(&mut self, script: &Script) -> Result<(), Stuck> {
        for (number, action) in script.play.iter().enumerate() {
            let left = script.play.len() - number - 1;
            self.act(action).await.map_err(|why| Stuck { left, why })?;
        }
        Ok(())
    }

    /// Looks on for a while.
    pub(super) async fn idle(&mut self, duration: Duration) -> Result<(), String> {
        let until = self.session.world().now() + duration;
        self.pump(duration, |session, _| session.world().now() >= until).await
    }

    async fn act(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Answer { question, option } => {
                let taken = self.session.answer(question, option.saturating_sub(1));
                taken.then_some(()).ok_or_else(|| format!("la pregunta {question} no se puede contestar con {option}"))
            }
            Action::Order { question, items } => self.order(question, items),
            Action::Open(opened) => self.open(opened),
            Action::Use(word) => {
                self.session.did(Change::Used(word.clone()));
                Ok(())
            }
            Action::Run(run) => self.run(run).await,
            Action::Key(key) => self.key(*key).await,
            Action::Wait(duration) => self.idle(*duration).await,
            Action::Until(predicate) => {
                let mut monitor = Monitor::new(predicate);
                let met = self.pump(PATIENCE, |session, moment| monitor.step(session.world(), moment)).await;
                met.map_err(|_| format!("no llegó a cumplirse: {predicate:?}"))
            }
            Action::Next => self.go_on().await,
            on_the_cluster => self.perform(on_the_cluster).await,
        }
    }

    async fn perform(&mut self, action: &Action) -> Result<(), String> {
        if let Outcome::Refused { reason, text } = self.hands.perform(action).await? {
            self.session.observe_refusal(&reason, &text);
        }
        Ok(())
    }

    fn order(&mut self, question: &str, items: &[usize]) -> Result<(), String> {
        let asked = self.session.lesson().questions().find(|asked| asked.id == question);
        let places: Vec<usize> = match items {
            [] => (0..asked.map_or(0, |asked| asked.order.len())).collect(),
            items => items.iter().map(|item| item.saturating_sub(1)).collect(),
        };
        let taken = self.session.put_in_order(question, &places);
        taken.then_some(()).ok_or_else(|| format!("la pregunta {question} no se puede ordenar así"))
    }

    fn open(&mut self, opened: &Opened) -> Result<(), String> {
        let matching = self.session.world().objects(&opened.of).filter(|object| has_labels(object, &opened.labels));
        let matching = matching.filter(|object| opened.is.is_none_or(|state| is(object, state)));
        let names = matching.filter_map(|object| object["metadata"]["name"].as_str());
        let names: Vec<String> = names.take(opened.most).map(str::to_owned).collect();
        if names.len() < opened.most {
            return Err(format!("hay {} {} que abrir", names.len(), opened.of));
        }
        for name in names {
            self.session.did(Change::Opened { kind: opened.of.clone(), name });
        }
        Ok(())
    }

    async fn run(&mut self, run: &Run) -> Result<(), String> {
        let terminal = self.terminal.ok_or("aquí no hay terminal donde escribir órdenes")?;
        let typed = self.hands.fill(run.line()).await?;
        match (run, terminal.type_line(&typed).await) {
            (Run::Line(_), Ok(_)) => Ok(()),
            (Run::Line(line), Err(error)) => Err(format!("«{line}» falla: {error}")),
            (Run::Refused { line, .. }, Ok(_)) => Err(format!("«{line}» debía fallar y no falla")),
            (Run::Refused { fails, .. }, Err(error)) if error.contains(fails) => {
                self.session.observe_refusal("", &error);
                Ok(())
            }
            (Run::Refused { line, fails }, Err(error)) => Err(format!("«{line}» no dice «{fails}»: {error}")),
        }
    }

    async fn key(&mut self, key: char) -> Result<(), String> {
        let lesson = self.session.lesson().clone();
        let pressed = lesson.steps[self.session.step()].keys.iter().find(|each| each.key == key);
        let pressed = pressed.ok_or_else(|| format!("este paso no tiene la tecla {key}"))?;
        for action in &pressed.play {
            self.perform(action).await?;
        }
        Ok(())
    }

    /// Goes on once every sub-goal is green. What is green before its step began proves nothing of it.
    async fn go_on(&mut self) -> Result<(), String> {
        if !self.session.can_advance() {
            let _ = self.pump(PATIENCE, |session, _| session.can_advance()).await;
        }
        if !self.session.advance() {
            return Err(self.pending());
        }
        if !self.session.finished() {
            self.begin_step();
        }
        let early: Vec<_> = self.session.green_ahead().into_iter().map(str::to_owned).collect();
        if !early.is_empty() && !self.session.finished() {
            let step = self.session.step() + 1;
            self.remarks.push(format!("al llegar al paso {step} ya se cumple: {}", early.join("; ")));
        }
        Ok(())
    }

    fn pending(&self) -> String {
        let view = self.session.view();
        let missing: Vec<_> = view.goals.iter().filter(|goal| !goal.done).map(|goal| goal.text).collect();
        format!("paso {}: sin cumplir: {}", view.step, missing.join("; "))
    }

    /// Takes in what happens until something is so.
    async fn pump(&mut self, patience: Duration, mut so: impl FnMut(&Session, &Moment) -> bool) -> Result<(), String> {
        let until = self.session.world().now() + patience;
        while let Some(moment) = self.running.next().await {
            self.session.observe(&moment);
            self.happen(moment.at).await;
            if so(self.session, &moment) {
                return Ok(());
            }
            if moment.at > until {
                return Err("se acabó la espera".into());
            }
        }
        Err("la lección dejó de observar el clúster".into())
    }
}
