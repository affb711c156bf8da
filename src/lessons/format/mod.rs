//! What a lesson file (`leccion.yaml`) holds. Must stay plain data: one field, one meaning, unknown fields refused.
//!
//! `docs/lecciones.md` tells the same to those who write lessons; a new field goes there too.

mod card;
mod script;
mod setup;
mod step;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use card::Card;
pub use script::{Action, Opened, Run, Script, Target};
pub use setup::{OwnCluster, Second, Setup, Traffic};
pub use step::{Choice, Goal, Hint, Hints, Key, Question, Step, Variant};

use super::predicate::Predicate;

/// The version of the format that this program reads.
pub const FORMAT: u32 = 1;

/// A whole lesson.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// The version of this format.
    pub format: u32,
    /// Module and number, such as `1.3`.
    pub id: String,
    /// Raised when the lesson changes so that earlier progress no longer fits.
    pub version: u32,
    /// Its title.
    pub title: String,
    /// Its module's title.
    pub module: String,
    /// What one can do after it, in a line.
    pub aim: String,
    /// Lessons to do before.
    #[serde(default)]
    pub requires: Vec<String>,
    /// The lines of the notes that it covers, as they stand there.
    #[serde(default)]
    pub notes: Vec<String>,
    /// How long it takes.
    pub minutes: u32,
    /// How the cluster stands at the start.
    pub setup: Setup,
    /// What to do, one step after another.
    pub steps: Vec<Step>,
    /// What happened, which component did it, how real Kubernetes differs.
    pub debrief: String,
    /// What to ask again on later days.
    pub cards: Vec<Card>,
    /// Ways to pass; the first is the one that hints lead to.
    pub solutions: Vec<Script>,
    /// Other ways that must pass too.
    #[serde(default)]
    pub alternatives: Vec<Script>,
    /// Ways that look right and must not pass.
    pub anti_solutions: Vec<Script>,
    /// The other files of the folder, by name.
    #[serde(skip)]
    pub files: BTreeMap<String, String>,
}

impl Lesson {
    /// The number of its module, such as `1`.
    #[must_use]
    pub fn module_number(&self) -> &str {
        self.id.split('.').next().unwrap_or_default()
    }

    /// Whether a file is part of what the learner is given: it stands there at the start, or a step names it.
    #[must_use]
    pub fn speaks_of(&self, file: &str) -> bool {
        let named = |step: &Step| {
            let keys = step.keys.iter().filter_map(|key| key.command.as_deref());
            let commands = step.commands.iter().map(String::as_str).chain(keys).chain(step.edit.as_deref());
            let texts = step.texts().into_iter().map(|(_, text)| text);
            commands.chain(texts).any(|text| text.contains(file))
        };
        self.setup.objects.iter().any(|object| object == file) || self.steps.iter().any(named)
    }

    /// Every script: those that must pass, then those that must not.
    pub fn scripts(&self) -> impl Iterator<Item = &Script> {
        self.passing().chain(&self.anti_solutions)
    }

    /// The scripts that must pass; the first is the one that hints lead to.
    pub fn passing(&self) -> impl Iterator<Item = &Script> {
        self.solutions.iter().chain(&self.alternatives)
    }

    /// The questions of all steps.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.steps.iter().filter_map(|step| step.question.as_ref())
    }

    /// Every action of a script or a key, and what happens by itself.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        let keys = self.steps.iter().flat_map(|step| &step.keys).flat_map(|key| &key.play);
        let happens = self.steps.iter().flat_map(|step| &step.happens);
        self.scripts().flat_map(|script| &script.play).chain(keys).chain(happens)
    }

    /// Every text that a learner reads, with where it stands.
    #[must_use]
    pub fn texts(&self) -> Vec<(String, &str)> {
        let mut texts = vec![("título".into(), &*self.title), ("objetivo".into(), &*self.aim)];
        for (number, step) in self.steps.iter().enumerate() {
            let place = |what: &str| format!("paso {}, {what}", number + 1);
            texts.extend(step.texts().into_iter().map(|(what, text)| (place(what), text)));
        }
        texts.push(("cierre".into(), &self.debrief));
        for (number, card) in self.cards.iter().enumerate() {
            let place = format!("tarjeta {}", number + 1);
            let options = card.options.iter().flat_map(Choice::texts);
            texts.extend([&*card.question, &*card.answer].into_iter().chain(options).map(|text| (place.clone(), text)));
        }
        texts
    }

    /// Every condition, wherever it stands.
    #[must_use]
    pub fn predicates(&self) -> Vec<&Predicate> {
        let mut all: Vec<&Predicate> = self.setup.ready.iter().collect();
        for step in &self.steps {
            all.extend(step.goals.iter().map(|goal| &goal.when));
            all.extend(step.levels().flat_map(Hint::conditions));
            let options = step.question.iter().flat_map(|question| &question.options);
            all.extend(options.filter_map(|option| option.when.as_ref()));
        }
        all.extend(self.actions().filter_map(|action| match action {
            Action::Until(predicate) => Some(predicate),
            _ => None,
        }));
        all
    }
}
