//! What may be said of objects: how many, which, what they say, what became of them. Must not look at any.
//!
//! serde cannot both flatten and refuse unknown fields: what [`Picked`] gathers is written out in each condition.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::base::selector::Selector;
use crate::lessons::path::Path;

/// Which objects: of a kind, in a namespace, with labels, in a state, saying something.
#[derive(Clone, Copy, Debug)]
pub struct Picked<'a> {
    /// Their kind.
    pub kind: &'a str,
    /// Their namespace; the lesson's own, if absent.
    pub namespace: Option<&'a str>,
    /// Their labels.
    pub labels: &'a BTreeMap<String, String>,
    /// Their labels, as a selector.
    pub select: Option<&'a Selector>,
    /// Their state.
    pub is: Option<State>,
    /// What each must say.
    pub with: &'a [Says],
}

/// Objects of a kind, counted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// Their kind, such as `Pod`.
    pub of: String,
    /// Their namespace; the lesson's own, if absent.
    #[serde(rename = "in")]
    pub namespace: Option<String>,
    /// Their labels.
    #[serde(default, rename = "where")]
    pub labels: BTreeMap<String, String>,
    /// Their labels as a selector, such as `env!=qa`.
    #[serde(default, deserialize_with = "selector")]
    pub select: Option<Selector>,
    /// Their state.
    pub is: Option<State>,
    /// What each must say.
    #[serde(default)]
    pub with: Vec<Says>,
    /// Exactly so many.
    pub equals: Option<u64>,
    /// So many or more.
    pub at_least: Option<u64>,
    /// So many or fewer.
    pub at_most: Option<u64>,
}

impl Count {
    /// What the count must be.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds { equals: self.equals, at_least: self.at_least, at_most: self.at_most }
    }

    /// Which objects are counted.
    #[must_use]
    pub fn picked(&self) -> Picked<'_> {
        Picked {
            kind: &self.of,
            namespace: self.namespace.as_deref(),
            labels: &self.labels,
            select: self.select.as_ref(),
            is: self.is,
            with: &self.with,
        }
    }
}

/// There are objects that match, and none of them says at a path what one of them said when this began.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewed {
    /// Their kind.
    pub of: String,
    /// Their namespace; the lesson's own, if absent.
    #[serde(rename = "in")]
    pub namespace: Option<String>,
    /// Their labels.
    #[serde(default, rename = "where")]
    pub labels: BTreeMap<String, String>,
    /// Their state, then and now.
    pub is: Option<State>,
    /// What tells one from another; their uid, if absent.
    #[serde(default = "uid")]
    pub path: Path,
}

impl Renewed {
    /// Which objects are compared.
    #[must_use]
    pub fn picked(&self) -> Picked<'_> {
        Picked {
            kind: &self.of,
            namespace: self.namespace.as_deref(),
            labels: &self.labels,
            select: None,
            is: self.is,
            with: &[],
        }
    }
}

fn uid() -> Path {
    Path::fields(&["metadata", "uid"])
}

/// A change of an object.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeOf {
    /// The object's kind.
    pub of: String,
    /// Its namespace; the lesson's own, if absent.
    #[serde(rename = "in")]
    pub namespace: Option<String>,
    /// The object's labels.
    #[serde(default, rename = "where")]
    pub labels: BTreeMap<String, String>,
    /// What it must say after the change.
    #[serde(default)]
    pub with: Vec<Says>,
    /// What happened to it.
    pub was: Was,
}

impl ChangeOf {
    /// Which objects it speaks of.
    #[must_use]
    pub fn picked(&self) -> Picked<'_> {
        Picked {
            kind: &self.of,
            namespace: self.namespace.as_deref(),
            labels: &self.labels,
            select: None,
            is: None,
            with: &self.with,
        }
    }
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Was {
    /// It appeared.
    Created,
    /// It changed.
    Updated,
    /// Its deletion was asked for; it may still say goodbye.
    Leaving,
    /// It is gone.
    Deleted,
}

/// The state of a Pod or another object with conditions.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum State {
    /// Its condition `Ready` is true and it is not being deleted.
    Ready,
    /// Its phase is `Running` and it is not being deleted.
    Running,
    /// Its phase is `Pending`.
    Pending,
}

/// What one object says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// Kind and name, such as `Deployment/web`.
    pub of: String,
    /// Its namespace; the lesson's own, if absent.
    #[serde(rename = "in")]
    pub namespace: Option<String>,
    /// What it must say; without it, that it exists.
    #[serde(default)]
    pub says: Vec<Says>,
}

/// What an object says at a path; without more, that there is something.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Says {
    /// Where, such as `spec.template.spec.containers[name=web].image`.
    pub path: Path,
    /// Exactly this.
    pub equals: Option<Value>,
    /// One of these.
    pub one_of: Option<Vec<Value>>,
    /// A text with this in it.
    pub contains: Option<String>,
    /// A text that this regular expression fits.
    pub matches: Option<Pattern>,
    /// A number, this or more.
    pub at_least: Option<i64>,
    /// A number, this or less.
    pub at_most: Option<i64>,
    /// Whether there is anything.
    pub exists: Option<bool>,
    /// Whether it says the same as when the condition began.
    pub same: Option<bool>,
}

impl Says {
    /// Whether an object says so; what it said when the condition began is for others to compare.
    #[must_use]
    pub fn holds(&self, object: &Value) -> bool {
        let found = self.path.of(object);
        let text = || found.and_then(Value::as_str);
        let number = || found.and_then(Value::as_i64);
        found.is_some() == self.exists.unwrap_or(true)
            && self.equals.as_ref().is_none_or(|wanted| found == Some(wanted))
            && self.one_of.as_ref().is_none_or(|wanted| found.is_some_and(|found| wanted.contains(found)))
            && self.contains.as_ref().is_none_or(|part| text().is_some_and(|text| text.contains(&**part)))
            && self.matches.as_ref().is_none_or(|pattern| text().is_some_and(|text| pattern.0.is_match(text)))
            && self.at_least.is_none_or(|least| number().is_some_and(|number| number >= least))
            && self.at_most.is_none_or(|most| number().is_some_and(|number| number <= most))
    }
}

/// A regular expression.
#[derive(Clone, Debug)]
pub struct Pattern(regex::Regex);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        regex::Regex::new(&String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

/// What a number must be; without any bound, at least one.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Exactly so many.
    pub equals: Option<u64>,
    /// So many or more.
    pub at_least: Option<u64>,
    /// So many or fewer.
    pub at_most: Option<u64>,
}

impl Bounds {
    /// Whether a number is within.
    #[must_use]
    pub fn allow(&self, number: u64) -> bool {
        let unbounded = self.equals.is_none() && self.at_least.is_none() && self.at_most.is_none();
        self.equals.is_none_or(|wanted| number == wanted)
            && self.at_least.is_none_or(|least| number >= least)
            && self.at_most.is_none_or(|most| number <= most)
            && (!unbounded || number > 0)
    }
}

fn selector<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Selector>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| Selector::parse(&text).map_err(D::Error::custom)).transpose()
}
