//! One step of a lesson: text, prediction, sub-goals, help. Must stay plain data.

use serde::Deserialize;

use super::script::Action;
use crate::lessons::predicate::Predicate;

/// One step: a text, perhaps a prediction, and sub-goals.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its title.
    pub title: String,
    /// What to do and why, at most 120 words.
    pub text: String,
    /// What to look at on the bridge, such as `Service/web`.
    #[serde(default)]
    pub look: Vec<String>,
    /// Commands to type or copy, as they stand; words in CAPITALS are gaps for the learner to fill.
    #[serde(default)]
    pub commands: Vec<String>,
    /// What one key does, for who cannot type commands yet.
    #[serde(default)]
    pub keys: Vec<Key>,
    /// A file of the folder to open in the editor.
    pub edit: Option<String>,
    /// What the learner predicts before doing.
    pub question: Option<Question>,
    /// What turns green by itself.
    pub goals: Vec<Goal>,
    /// What happens by itself once the step begins: actions on the cluster, with waits between them.
    #[serde(default)]
    pub happens: Vec<Action>,
    /// Help, in the order in which it is given; in the last module there is none.
    pub hints: Option<Hints>,
}

impl Step {
    /// Every text of the step that a learner reads, with what it is.
    #[must_use]
    pub fn texts(&self) -> Vec<(&'static str, &str)> {
        let mut texts = vec![("título", &*self.title), ("texto", &*self.text)];
        texts.extend(self.keys.iter().map(|key| ("tecla", &*key.text)));
        if let Some(question) = &self.question {
            let options = question.options.iter().flat_map(Choice::texts);
            let asked = [&*question.text, &*question.because].into_iter().chain(options);
            texts.extend(asked.chain(question.order.iter().map(|item| &**item)).map(|text| ("pregunta", text)));
        }
        texts.extend(self.goals.iter().map(|goal| ("objetivo", &*goal.text)));
        texts.extend(self.levels().flat_map(Hint::texts).map(|text| ("pista", text)));
        texts.extend(self.hints.iter().map(|hints| ("solución", &*hints.solution)));
        texts
    }

    /// Its hints before the solution.
    pub fn levels(&self) -> impl Iterator<Item = &Hint> {
        self.hints.iter().flat_map(Hints::levels)
    }
}

/// A key that does something in one stroke.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// A capital letter.
    pub key: char,
    /// What it does, a few words.
    pub text: String,
    /// The command that would do the same, if there is one.
    pub command: Option<String>,
    /// What is done.
    pub play: Vec<Action>,
}

/// A prediction: ungraded, answered by what then happens. Either options to choose from, or items to put in order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its name, for `answered`.
    pub id: String,
    /// The question.
    pub text: String,
    /// What may be answered.
    #[serde(default)]
    pub options: Vec<Choice>,
    /// What must be put in order, here in the right one.
    #[serde(default)]
    pub order: Vec<String>,
    /// Why the right answer is right.
    pub because: String,
}

impl Question {
    /// Whether its answer is an order.
    #[must_use]
    pub fn is_order(&self) -> bool {
        !self.order.is_empty()
    }

    /// The items of an order as they are shown: mixed up, the same way each time, and never by chance in order.
    #[must_use]
    pub fn mixed(&self) -> Vec<usize> {
        let seed = self.id.bytes().fold(self.order.len() as u64, |sum, byte| sum.wrapping_mul(31) ^ u64::from(byte));
        let mut mixed: Vec<usize> = (0..self.order.len()).collect();
        fastrand::Rng::with_seed(seed).shuffle(&mut mixed);
        if self.is_order() && mixed.is_sorted() {
            mixed.rotate_left(1);
        }
        mixed
    }
}

/// One option of a question.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The option.
    pub text: String,
    /// Whether it is what happens.
    #[serde(default)]
    pub right: bool,
    /// It is right when this holds, for what depends on where things landed.
    pub when: Option<Predicate>,
    /// The belief behind a wrong option, answered kindly.
    pub belief: Option<String>,
}

impl Choice {
    /// What it says.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.text).chain(self.belief.as_deref())
    }
}

/// A sub-goal.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// What to achieve, one line.
    pub text: String,
    /// When it is achieved.
    pub when: Predicate,
}

/// Three hints and the solution.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hints {
    /// Where to look.
    pub mira: Hint,
    /// What to think about.
    pub piensa: Hint,
    /// Almost the answer.
    pub casi: Hint,
    /// The worked answer.
    pub solution: String,
}

impl Hints {
    /// The three hints before the solution.
    #[must_use]
    pub fn levels(&self) -> [&Hint; 3] {
        [&self.mira, &self.piensa, &self.casi]
    }
}

/// A hint, perhaps another one for another state.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Hint {
    /// Always the same.
    Plain(String),
    /// The first whose condition holds now; the last should have none.
    ByState(Vec<Variant>),
}

impl Hint {
    /// Its conditions.
    #[must_use]
    pub fn conditions(&self) -> Vec<&Predicate> {
        match self {
            Self::Plain(_) => Vec::new(),
            Self::ByState(variants) => variants.iter().filter_map(|variant| variant.when.as_ref()).collect(),
        }
    }

    /// Its texts.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::Plain(text) => vec![text],
            Self::ByState(variants) => variants.iter().map(|variant| &*variant.text).collect(),
        }
    }
}

/// A hint for a state.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// When it fits; always, if absent.
    pub when: Option<Predicate>,
    /// The hint.
    pub text: String,
}
