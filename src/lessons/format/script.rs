//! Ways through a lesson, played by the check, and what one can do in it. Must not do it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::lessons::predicate::{Predicate, State, seconds};

/// A way through the lesson, played by the check.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What the way is.
    pub name: String,
    /// What is done, in order.
    pub play: Vec<Action>,
}

/// One thing that a learner does.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Answers a question with the option of that number, from 1.
    Answer {
        /// The question's id.
        question: String,
        /// The option.
        option: usize,
    },
    /// Puts the items of a question in order: their numbers in the right order; without them, in that one.
    Order {
        /// The question's id.
        question: String,
        /// The items, by their place in the file from 1.
        #[serde(default)]
        items: Vec<usize>,
    },
    /// Applies a manifest of the folder; a refusal is what the learner sees.
    Apply(String),
    /// Deletes one object: the first by name of those that match.
    Delete(Target),
    /// Deletes all that match.
    DeleteAll(Target),
    /// Sets the replicas of a Deployment.
    Scale {
        /// Its name.
        deployment: String,
        /// How many.
        replicas: u32,
    },
    /// Merges a patch into an object, such as `Deployment/web`.
    Patch {
        /// Kind and name.
        object: String,
        /// The merge patch.
        with: Value,
    },
    /// Sets labels on the objects that match; `null` takes one away.
    Label {
        /// Which objects.
        on: Target,
        /// On so many of them, the first by name; on all, if absent.
        most: Option<usize>,
        /// The labels.
        set: BTreeMap<String, Option<String>>,
    },
    /// Switches a component on or off, such as `scheduler`.
    Switch {
        /// The component's name.
        component: String,
        /// On or off.
        on: bool,
    },
    /// Runs a command in a pod: the first by name of those that match.
    Exec {
        /// Which pod.
        pod: Target,
        /// The command line, for its shell.
        command: String,
    },
    /// Types a command line in the terminal.
    Run(Run),
    /// Asks so many requests a second of a service from now on.
    Rate {
        /// The service.
        to: String,
        /// Requests a second.
        rate: u32,
    },
    /// Opens an object's details on the screen.
    Open(Opened),
    /// Uses something of the screen, by its word.
    Use(String),
    /// Does what a key of the step does.
    Key(char),
    /// Waits for a condition, at most a minute.
    Until(Predicate),
    /// Does nothing for a while.
    #[serde(deserialize_with = "seconds")]
    Wait(Duration),
    /// Goes on to the next step.
    Next,
}

/// A command line.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Run {
    /// It must succeed.
    Line(String),
    /// It must fail, and say so.
    Refused {
        /// The command line.
        line: String,
        /// What its error says, in part.
        fails: String,
    },
}

impl Run {
    /// The command line.
    #[must_use]
    pub fn line(&self) -> &str {
        match self {
            Self::Line(line) | Self::Refused { line, .. } => line,
        }
    }
}

/// Objects of a kind with labels.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Their kind.
    pub of: String,
    /// Their namespace; the lesson's own, if absent.
    #[serde(rename = "in")]
    pub namespace: Option<String>,
    /// Their name; any, if absent.
    pub name: Option<String>,
    /// Their labels.
    #[serde(default, rename = "where")]
    pub labels: BTreeMap<String, String>,
}

/// Objects to open: how many of those that match.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// Their kind.
    pub of: String,
    /// Their labels.
    #[serde(default, rename = "where")]
    pub labels: BTreeMap<String, String>,
    /// How they are; anyhow, if absent.
    #[serde(default)]
    pub is: Option<State>,
    /// How many; one, if absent.
    #[serde(default = "one")]
    pub most: usize,
}

fn one() -> usize {
    1
}
