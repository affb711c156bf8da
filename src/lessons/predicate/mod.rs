//! Conditions as data: what a lesson file says about objects, traffic, answers and time. Must not be evaluated here.
//!
//! Each condition holds or not at a moment. The temporal ones look back to where they began: the start of the lesson,
//! or, behind `then`, the moment when what comes before held.

mod facts;
mod objects;

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

pub use facts::{Asked, Heard, Share};
pub use objects::{Bounds, ChangeOf, Count, Pattern, Picked, Read, Renewed, Says, State, Was};

use super::refusal::Reason;

/// A condition.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Predicate {
    /// How many objects match, now.
    Count(Count),
    /// What an object says, now.
    Read(Read),
    /// None of the objects that match was there when this began.
    Renewed(Renewed),
    /// The change of this very moment; mostly inside `happened` or `then`.
    Change(ChangeOf),
    /// The condition held at some moment.
    Happened(Box<Predicate>),
    /// Each held, one after another.
    Then(Vec<Predicate>),
    /// The condition held at every moment.
    Always(Box<Predicate>),
    /// The condition holds, and has for a while: never a flicker.
    Held(Held),
    /// The share of synthetic requests that were answered.
    Traffic(Share),
    /// A question was answered, right or not.
    Answered(String),
    /// A question was answered right; one with an order may be tried again.
    Right(String),
    /// How many kinds of refusal the learner has seen.
    Refused(Bounds),
    /// The last refusal was of this kind; for hints.
    LastRefusal(Reason),
    /// Requests that reached the API server, since this began.
    Audit(Asked),
    /// How many objects were opened on the screen.
    Opened(Heard),
    /// Something of the screen was used, by its word.
    Used(String),
    /// All hold at once.
    All(Vec<Predicate>),
    /// One holds.
    Any(Vec<Predicate>),
    /// The condition does not hold.
    Not(Box<Predicate>),
}

impl Predicate {
    /// The conditions directly inside.
    #[must_use]
    pub fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Happened(inner) | Self::Always(inner) | Self::Not(inner) => vec![inner],
            Self::Held(held) => vec![&held.that],
            Self::Then(parts) | Self::All(parts) | Self::Any(parts) => parts.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Its word, if it follows what happens from when it began: asked once, it has seen nothing.
    #[must_use]
    pub fn remembers(&self) -> Option<&'static str> {
        match self {
            Self::Renewed(_) => Some("renewed"),
            Self::Change(_) => Some("change"),
            Self::Happened(_) => Some("happened"),
            Self::Then(_) => Some("then"),
            Self::Always(_) => Some("always"),
            Self::Held(_) => Some("held"),
            Self::Audit(_) => Some("audit"),
            _ => None,
        }
    }

    /// Whether it is of how things stand, and they stand otherwise now, as `holds` tells of what does not last: a thing
    /// that was done stays done.
    #[must_use]
    pub fn is_lost(&self, holds: &dyn Fn(&Self) -> bool) -> bool {
        match self {
            Self::Count(_) | Self::Read(_) => !holds(self),
            Self::Held(held) => held.that.is_lost(holds),
            Self::Then(parts) => parts.last().is_some_and(|last| last.is_lost(holds)),
            Self::All(parts) => parts.iter().any(|part| part.is_lost(holds)),
            Self::Any(parts) => parts.iter().all(|part| part.is_lost(holds)),
            _ => false,
        }
    }

    /// Visits the condition and all inside it.
    pub fn visit<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        for part in self.parts() {
            part.visit(visit);
        }
    }

    /// The kind whose objects it speaks of, if any.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        match self {
            Self::Count(count) => Some(&count.of),
            Self::Renewed(renewed) => Some(&renewed.of),
            Self::Change(change) => Some(&change.of),
            Self::Read(read) => Some(read.of.split('/').next().unwrap_or_default()),
            _ => None,
        }
    }

    /// The namespace that it names, if it is not the lesson's own.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Count(count) => count.namespace.as_deref(),
            Self::Renewed(renewed) => renewed.namespace.as_deref(),
            Self::Change(change) => change.namespace.as_deref(),
            Self::Read(read) => read.namespace.as_deref(),
            _ => None,
        }
    }
}

/// A condition and for how long.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The condition.
    pub that: Box<Predicate>,
    /// For how long, such as `5s`.
    #[serde(rename = "for", deserialize_with = "seconds")]
    pub duration: Duration,
}

/// A duration such as `5s`, `500ms` or `2m`.
pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| D::Error::custom(format!("«{text}» no es una duración como 5s")))?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number * 60)),
        _ => Err(D::Error::custom(format!("«{text}» no es una duración como 5s"))),
    }
}
