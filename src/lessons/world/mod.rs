//! What happened while a lesson ran, and how things stand after it. Must not judge it.

mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::predicate::{Picked, State, Was};
use super::refusal::Reason;
use requests::Requests;

/// Something that happened, and when since the lesson's start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Moment {
    /// Since the lesson's start.
    pub at: Duration,
    /// What happened.
    pub change: Change,
}

/// What may happen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Change {
    /// An object as it stood when the lesson began, or when a watch had to begin again.
    Known(Arc<Value>),
    /// An object appeared, changed or is gone (then its last state).
    Object(Was, Arc<Value>),
    /// A synthetic request to a service was answered, or not.
    Request {
        /// The service.
        to: Arc<str>,
        /// Whether it was answered well.
        answered: bool,
    },
    /// The API server answered a request.
    Audit(Arc<Entry>),
    /// The learner answered a question.
    Answer {
        /// The question's id.
        question: String,
        /// The option, from 0.
        option: usize,
        /// Whether it was right then.
        right: bool,
    },
    /// The learner put the items of a question in order: by their places in the right one.
    Order {
        /// The question's id.
        question: String,
        /// The items.
        items: Vec<usize>,
    },
    /// The server, or the editor before it, refused what the learner applied.
    Refusal {
        /// Of what kind it is.
        reason: Reason,
        /// As it came.
        text: String,
    },
    /// The learner opened an object's details.
    Opened {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// The learner used something of the screen.
    Used(String),
    /// Nothing but time.
    Tick,
}

/// A request that the API server answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The context of the second cluster, if it was asked there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Who asked.
    pub user: String,
    /// With which program, as it names itself.
    pub agent: String,
    /// `get`, `list`…
    pub verb: String,
    /// The resource with its subresource.
    pub resource: String,
    /// The namespace.
    #[serde(default)]
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// The HTTP status.
    pub code: u16,
}

/// How things stand.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The lesson's own namespace.
    home: String,
    objects: BTreeMap<Key, Arc<Value>>,
    requests: BTreeMap<Arc<str>, Requests>,
    answers: BTreeMap<String, (usize, bool)>,
    orders: BTreeMap<String, Vec<usize>>,
    refusals: Vec<(Reason, String)>,
    /// By kind and name, as each was when it was opened last, where that is known.
    opened: BTreeMap<(String, String), Option<Arc<Value>>>,
    used: BTreeSet<String>,
    /// How often an object was learnt of other than by a change.
    listing: u64,
    now: Duration,
}

/// Kind, namespace and name; the lesson's own namespace and none are written the same.
type Key = (String, String, String);

impl World {
    /// A world of which nothing is known yet, with the lesson's own namespace.
    #[must_use]
    pub fn new(home: &str) -> Self {
        Self { home: home.into(), ..Self::default() }
    }

    /// Takes in what happened.
    pub fn absorb(&mut self, moment: &Moment) {
        self.now = self.now.max(moment.at);
        match &moment.change {
            Change::Object(Was::Deleted, object) => drop(self.objects.remove(&self.key(object))),
            Change::Known(object) => {
                self.listing += 1;
                self.objects.insert(self.key(object), Arc::clone(object));
            }
            Change::Object(_, object) => {
                self.objects.insert(self.key(object), Arc::clone(object));
            }
            Change::Request { to, answered } => {
                self.requests.entry(Arc::clone(to)).or_default().take(self.now, *answered);
            }
            Change::Answer { question, option, right } => {
                self.answers.entry(question.clone()).or_insert((*option, *right));
            }
            Change::Order { question, items } => {
                self.orders.insert(question.clone(), items.clone());
            }
            Change::Refusal { reason, text } => self.refusals.push((*reason, text.clone())),
            Change::Opened { kind, name } => {
                let object = self.objects.get(&(kind.clone(), self.near(None), name.clone())).cloned();
                self.opened.insert((kind.clone(), name.clone()), object);
            }
            Change::Used(word) => {
                self.used.insert(word.clone());
            }
            Change::Audit(_) | Change::Tick => {}
        }
    }

    /// Since the lesson's start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Changes with every object that was learnt of other than by a change: what was kept of all objects is stale then.
    #[must_use]
    pub fn listing(&self) -> u64 {
        self.listing
    }

    /// The object of a kind with a name in the lesson's own namespace, or in none.
    #[must_use]
    pub fn object(&self, kind: &str, name: &str) -> Option<&Value> {
        self.object_in(kind, None, name)
    }

    /// The object of a kind with a name in a namespace; without one, in the lesson's own.
    #[must_use]
    pub fn object_in(&self, kind: &str, namespace: Option<&str>, name: &str) -> Option<&Value> {
        self.objects.get(&(kind.into(), self.near(namespace), name.into())).map(|object| &**object)
    }

    /// The objects of a kind in the lesson's own namespace, or in none.
    pub fn objects(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.objects_in(kind, None)
    }

    /// The objects of a kind in a namespace; without one, in the lesson's own.
    pub fn objects_in(&self, kind: &str, namespace: Option<&str>) -> impl Iterator<Item = &Value> {
        let (kind, namespace) = (kind.to_owned(), self.near(namespace));
        let from = (kind.clone(), namespace.clone(), String::new());
        let within = move |key: &Key| key.0 == kind && key.1 == namespace;
        self.objects.range(from..).take_while(move |(key, _)| within(key)).map(|(_, object)| &**object)
    }

    /// Every object.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Value>> {
        self.objects.values()
    }

    /// The objects that match.
    pub fn picked<'a>(&'a self, picked: Picked<'a>) -> impl Iterator<Item = &'a Value> {
        self.objects_in(picked.kind, picked.namespace).filter(move |object| fits(object, &picked))
    }

    /// Whether an object of a change is in the namespace that a condition speaks of.
    #[must_use]
    pub fn is_in(&self, object: &Value, namespace: Option<&str>) -> bool {
        self.key(object).1 == self.near(namespace)
    }

    /// How many requests to a service were sent lately, and how many answered.
    #[must_use]
    pub fn lately(&self, to: &str, within: Duration) -> (u64, u64) {
        self.requests.get(to).map_or((0, 0), |requests| requests.since(self.now.checked_sub(within)))
    }

    /// How many requests to a service were sent since the lesson's start, and how many answered.
    #[must_use]
    pub fn in_all(&self, to: &str) -> (u64, u64) {
        self.requests.get(to).map_or((0, 0), Requests::in_all)
    }

    /// The option that was answered, if any.
    #[must_use]
    pub fn answer(&self, question: &str) -> Option<usize> {
        self.answers.get(question).map(|(option, _)| *option)
    }

    /// Whether a question was answered right, or put in the right order.
    #[must_use]
    pub fn right(&self, question: &str) -> bool {
        self.answers.get(question).is_some_and(|(_, right)| *right)
            || self.order(question).is_some_and(<[usize]>::is_sorted)
    }

    /// The order that was given last, if any.
    #[must_use]
    pub fn order(&self, question: &str) -> Option<&[usize]> {
        self.orders.get(question).map(Vec::as_slice)
    }

    /// The refusals so far.
    #[must_use]
    pub fn refusals(&self) -> &[(Reason, String)] {
        &self.refusals
    }

    /// How many objects, perhaps of a kind or in a state, the learner opened.
    #[must_use]
    pub fn opened(&self, kind: Option<&str>, state: Option<State>) -> u64 {
        let was = |object: &Option<Arc<Value>>| {
            state.is_none_or(|state| object.as_ref().is_some_and(|object| is(object, state)))
        };
        let all = self.opened.iter().filter(|((of, _), _)| kind.is_none_or(|kind| of == kind));
        all.filter(|(_, object)| was(object)).count() as u64
    }

    /// Whether the learner used something of the screen.
    #[must_use]
    pub fn used(&self, word: &str) -> bool {
        self.used.contains(word)
    }

    fn key(&self, object: &Value) -> Key {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &object["metadata"];
        (text(&object["kind"]), self.near(metadata["namespace"].as_str()), text(&metadata["name"]))
    }

    fn near(&self, namespace: Option<&str>) -> String {
        namespace.filter(|namespace| *namespace != self.home).unwrap_or_default().to_owned()
    }
}

fn fits(object: &Value, picked: &Picked) -> bool {
    has_labels(object, picked.labels)
        && picked
            .select
            .is_none_or(|selector| selector.matches_with(|name| object["metadata"]["labels"][name].as_str()))
        && picked.is.is_none_or(|state| is(object, state))
        && picked.with.iter().all(|says| says.holds(object))
}

/// Whether an object of a change matches, its namespace apart.
#[must_use]
pub fn matches(object: &Value, picked: &Picked) -> bool {
    object["kind"] == picked.kind && fits(object, picked)
}

/// Whether an object has all these labels.
#[must_use]
pub fn has_labels(object: &Value, labels: &BTreeMap<String, String>) -> bool {
    labels.iter().all(|(name, value)| object["metadata"]["labels"][name] == value.as_str())
}

/// Whether an object is in a state.
#[must_use]
pub fn is(object: &Value, state: State) -> bool {
    match state {
        State::Ready => !is_leaving(object) && has_condition(object, "Ready"),
        State::Running => !is_leaving(object) && object["status"]["phase"] == "Running",
        State::Pending => object["status"]["phase"] == "Pending",
    }
}

/// Whether an object's deletion was asked for.
#[must_use]
pub fn is_leaving(object: &Value) -> bool {
    object["metadata"].get("deletionTimestamp").is_some()
}

fn has_condition(object: &Value, name: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions.is_some_and(|all| all.iter().any(|one| one["type"] == name && one["status"] == "True"))
}
