//! A learner in a lesson: a state machine over moments. Must do no IO, draw nothing and go on only when asked.

use std::sync::Arc;
use std::time::Duration;

use super::format::{Choice, Goal, Lesson, Question, Step};
use super::help::Help;
use super::monitor::{self, Monitor};
use super::predicate::{Predicate, Was};
use super::refusal::Reason;
use super::tale::Tale;
use super::view::{Gauge, GoalView, KeyView, QuestionView, Verdict, View, gauges};
use super::world::{Change, Moment, World, is_leaving};

/// A lesson under way.
#[derive(Clone, Debug)]
pub struct Session {
    lesson: Arc<Lesson>,
    world: World,
    /// The sub-goals of every step, followed from the lesson's start, so that who runs ahead is not set back.
    goals: Vec<Vec<Followed>>,
    step: usize,
    help: Help,
    tale: Tale,
    /// All that was taken in, for the record.
    log: Vec<Moment>,
    finished: bool,
}

/// A sub-goal: green once, green while its step lasts.
#[derive(Clone, Debug)]
struct Followed {
    monitor: Monitor,
    done: bool,
}

impl Followed {
    fn new(when: &Predicate) -> Self {
        Self { monitor: Monitor::new(when), done: false }
    }

    fn view<'a>(&self, goal: &'a Goal, world: &World) -> GoalView<'a> {
        let held = self.monitor.held(world.now()).filter(|_| !self.done);
        let so_far = self.monitor.so_far(world).filter(|_| !self.done);
        let opens = matches!(goal.when, Predicate::Opened(_));
        GoalView { text: &goal.text, done: self.done, held, so_far, opens }
    }
}

impl Session {
    /// A session at the start of a lesson, before anything is known of the cluster.
    #[must_use]
    pub fn new(lesson: Arc<Lesson>) -> Self {
        let follow = |step: &Step| step.goals.iter().map(|goal| Followed::new(&goal.when)).collect();
        let goals = lesson.steps.iter().map(follow).collect();
        let world = World::new(&lesson.setup.namespace);
        let (help, tale, log) = (Help::default(), Tale::default(), Vec::new());
        Self { lesson, world, goals, step: 0, help, tale, log, finished: false }
    }

    /// Takes in what happened. Whether a sub-goal turned green.
    pub fn observe(&mut self, moment: &Moment) -> bool {
        self.log.push(moment.clone());
        let attempt = is_attempt(&self.world, &moment.change);
        self.tale.tell(&self.world, moment);
        self.world.absorb(moment);
        if matches!(moment.change, Change::Known(_)) {
            // How things stood is not something that happened; half of it known, counts would be wrong.
            return false;
        }
        let mut news = false;
        for (number, goals) in self.goals.iter_mut().enumerate() {
            for goal in goals.iter_mut().filter(|goal| !goal.done) {
                goal.done = goal.monitor.step(&self.world, moment);
                news |= goal.done && number == self.step;
            }
        }
        if news {
            self.help.progressed(moment.at);
        } else if attempt {
            self.help.tried();
        }
        news
    }

    /// Something happened on the learner's side just now. Whether a sub-goal turned green.
    pub fn did(&mut self, change: Change) -> bool {
        self.observe(&Moment { at: self.world.now(), change })
    }

    /// Time goes on though nothing happens. Whether a sub-goal turned green.
    pub fn tick(&mut self, at: Duration) -> bool {
        self.observe(&Moment { at, change: Change::Tick })
    }

    /// Answers a question of the current step with an option, from 0; the first answer counts.
    pub fn answer(&mut self, question: &str, option: usize) -> bool {
        let asked = self.current().question.as_ref().filter(|asked| asked.id == question);
        let Some(chosen) = asked.and_then(|asked| asked.options.get(option)) else { return false };
        if self.world.answer(question).is_some() {
            return false;
        }
        let right = self.is_right(chosen);
        self.did(Change::Answer { question: question.into(), option, right });
        true
    }

    /// Puts the items of the current step's question in order, by their places in the file; until it is right, again
    /// and again.
    pub fn put_in_order(&mut self, question: &str, items: &[usize]) -> bool {
        let asked = self.current().question.as_ref().filter(|asked| asked.id == question && asked.is_order());
        let mut sorted = items.to_vec();
        sorted.sort_unstable();
        if self.world.right(question) || asked.is_none_or(|asked| !sorted.iter().copied().eq(0..asked.order.len())) {
            return false;
        }
        self.did(Change::Order { question: question.into(), items: items.into() });
        true
    }

    /// Whoever applied a manifest for the learner says how it was refused: the `reason` of the server's Status, if any,
    /// and its text as it came.
    pub fn observe_refusal(&mut self, reason: &str, text: &str) -> bool {
        let sorted = match Reason::of(text) {
            Reason::Other => Reason::of(reason),
            sorted => sorted,
        };
        self.did(Change::Refusal { reason: sorted, text: text.into() })
    }

    /// The learner tried something that the cluster does not show.
    pub fn tried(&mut self) {
        self.help.tried();
    }

    /// Gives the next hint, if there is any help and one may be asked for.
    pub fn hint(&mut self) -> bool {
        self.current().hints.is_some() && self.help.give(self.world.now())
    }

    /// Goes on to the next step, or behind the last one to the debrief, once every sub-goal is green.
    pub fn advance(&mut self) -> bool {
        if !self.can_advance() {
            return false;
        }
        if self.step + 1 < self.lesson.steps.len() {
            self.step += 1;
            self.help = Help::starting(self.world.now());
            self.tale = Tale::default();
            self.ask_again();
        } else {
            self.finished = true;
        }
        true
    }

    /// What a detour met on the way and has left behind since is to be met again; who stands at a later step's end ran
    /// ahead, and is not set back.
    fn ask_again(&mut self) {
        let stands = |(goal, followed): (&Goal, &Followed)| followed.done && !self.is_lost(goal);
        let mut later = self.lesson.steps.iter().zip(&self.goals).skip(self.step + 1);
        if later.any(|(step, goals)| step.goals.iter().zip(goals).all(stands)) {
            return;
        }
        let (lesson, lost) = (Arc::clone(&self.lesson), self.left_behind());
        let goals = lesson.steps[self.step].goals.iter().zip(&mut self.goals[self.step]);
        for ((goal, followed), _) in goals.zip(lost).filter(|(_, lost)| *lost) {
            *followed = Followed::new(&goal.when);
        }
    }

    /// Which of the step's sub-goals were met and are not so any more.
    #[must_use]
    pub fn left_behind(&self) -> Vec<bool> {
        let goals = self.current().goals.iter().zip(&self.goals[self.step]);
        goals.map(|(goal, followed)| followed.done && self.is_lost(goal)).collect()
    }

    fn is_lost(&self, goal: &Goal) -> bool {
        let now = Moment { at: self.world.now(), change: Change::Tick };
        goal.when.is_lost(&|when| monitor::now(when, &self.world, &now))
    }

    /// Whether the lesson is passed: every step done and gone through.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.finished
    }

    /// The sub-goals that are green, of every step.
    #[must_use]
    pub fn green(&self) -> Vec<&str> {
        self.green_from(0)
    }

    /// The sub-goals of the step now and of those behind it that are green.
    #[must_use]
    pub fn green_ahead(&self) -> Vec<&str> {
        self.green_from(self.step)
    }

    fn green_from(&self, step: usize) -> Vec<&str> {
        let goals = self.lesson.steps.iter().skip(step).flat_map(|step| &step.goals);
        let followed = self.goals.iter().skip(step).flatten();
        goals.zip(followed).filter(|(_, followed)| followed.done).map(|(goal, _)| &*goal.text).collect()
    }

    /// The lesson.
    #[must_use]
    pub fn lesson(&self) -> &Arc<Lesson> {
        &self.lesson
    }

    /// How things stand, as far as the session saw.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// All that was taken in since the start.
    #[must_use]
    pub fn log(&self) -> &[Moment] {
        &self.log
    }

    /// Hints given in the current step.
    #[must_use]
    pub fn hints_given(&self) -> usize {
        self.help.given()
    }

    /// The current step, from 0.
    #[must_use]
    pub fn step(&self) -> usize {
        self.step
    }

    /// What to show.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        let (lesson, step) = (&*self.lesson, self.current());
        let goals = step.goals.iter().zip(&self.goals[self.step]);
        let keys =
            step.keys.iter().map(|key| KeyView { key: key.key, text: &key.text, command: key.command.as_deref() });
        View {
            id: &lesson.id,
            title: &lesson.title,
            module: &lesson.module,
            namespace: &lesson.setup.namespace,
            step: self.step + 1,
            steps: lesson.steps.len(),
            step_title: &step.title,
            text: &step.text,
            look: &step.look,
            commands: &step.commands,
            keys: keys.collect(),
            edit: step.edit.as_ref().and_then(|name| lesson.files.get_key_value(name)).map(|(n, c)| (&**n, &**c)),
            question: step.question.as_ref().map(|question| self.question(question)),
            goals: goals.map(|(goal, followed)| followed.view(goal, &self.world)).collect(),
            hints: step.hints.as_ref().map(|hints| self.help.shown(hints, &self.world)).unwrap_or_default(),
            hint_available: step.hints.is_some() && !self.can_advance() && self.help.available(self.world.now()),
            can_advance: self.can_advance(),
            debrief: self.finished.then_some(&*lesson.debrief),
        }
    }

    /// Desired against actual, of what is to be looked at: it counts pods, so only who shows it asks.
    #[must_use]
    pub fn gauges(&self) -> Vec<Gauge> {
        gauges(&self.current().look, &self.world, &self.lesson.setup)
    }

    fn question<'a>(&'a self, question: &'a Question) -> QuestionView<'a> {
        let chosen = self.world.answer(&question.id);
        let order = self.world.order(&question.id);
        // Predict, observe, explain: the run answers first.
        let over = self.can_advance();
        let option = chosen.and_then(|chosen| question.options.get(chosen)).filter(|_| over);
        let verdict = option.map(|option| Verdict {
            right: self.world.right(&question.id),
            belief: option.belief.as_deref(),
            because: &question.because,
            tale: self.tale.lines(),
        });
        let ordered = (question.is_order() && over).then(|| Verdict {
            right: true,
            belief: None,
            because: &question.because,
            tale: self.tale.lines(),
        });
        QuestionView {
            id: &question.id,
            text: &question.text,
            options: question.options.iter().map(|option| &*option.text).collect(),
            items: question.mixed().into_iter().map(|place| (place, &*question.order[place])).collect(),
            chosen,
            right: question.options.iter().position(|option| self.is_right(option)),
            in_place: order.map(|order| order.iter().enumerate().filter(|(place, item)| place == *item).count()),
            verdict: verdict.or(ordered),
        }
    }

    fn is_right(&self, option: &Choice) -> bool {
        let now = Moment { at: self.world.now(), change: Change::Tick };
        option.right || option.when.as_ref().is_some_and(|when| monitor::now(when, &self.world, &now))
    }

    fn current(&self) -> &Step {
        &self.lesson.steps[self.step]
    }

    /// Whether the learner may go on: every sub-goal is green.
    #[must_use]
    pub fn can_advance(&self) -> bool {
        !self.finished && self.goals[self.step].iter().all(|goal| goal.done)
    }
}

/// What a learner does, as against what the cluster does by itself: a refusal, an order that was wrong, something asked
/// to go away, a new object that nobody owns, or one that now wants something else.
fn is_attempt(world: &World, change: &Change) -> bool {
    let Change::Object(was, object) = change else {
        return matches!(change, Change::Refusal { .. } | Change::Order { .. });
    };
    let metadata = &object["metadata"];
    let before = || {
        let name = metadata["name"].as_str().unwrap_or_default();
        world.object_in(object["kind"].as_str().unwrap_or_default(), metadata["namespace"].as_str(), name)
    };
    match was {
        Was::Leaving => true,
        Was::Created => metadata.get("ownerReferences").is_none(),
        Was::Updated => !is_leaving(object) && before().is_some_and(|before| wants_else(before, object)),
        Was::Deleted => false,
    }
}

/// Whether an object wants something else than before: what its controllers report does not count.
fn wants_else(before: &serde_json::Value, now: &serde_json::Value) -> bool {
    ["spec", "data"].iter().any(|field| before[field] != now[field])
        || before["metadata"]["labels"] != now["metadata"]["labels"]
}
