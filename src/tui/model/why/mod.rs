//! Why something fails: the cause, what proves it, what to do and which lesson teaches it. Pure rules, a room a kind; must
//! not guess: without proof there is no finding.

mod case;
mod image;
mod job;
mod life;
mod line;
mod network;
mod node;
mod off;
mod reach;
mod run;
mod scale;
mod schedule;
mod start;
mod storage;
#[cfg(test)]
mod tests;
mod workload;

use jiff::Timestamp;
use serde_json::Value;

use super::world::{Want, text};
use crate::tui::state::State;
pub use case::Case;
pub use line::of_row;

/// A cause as it is told; `{…}` are filled in by what proves it.
#[derive(Debug)]
pub struct Cause {
    /// A name of its own.
    pub id: &'static str,
    /// What is wrong, a sentence.
    pub says: &'static str,
    /// What to do, step by step.
    pub advice: &'static [&'static str],
    /// The command to begin with.
    pub command: &'static str,
    /// The lesson that teaches it.
    pub lesson: &'static str,
}

/// A field or an event that proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Where it is: a field, or an event's reason.
    pub place: String,
    /// What it says there, in Kubernetes' own words.
    pub says: String,
}

/// A cause that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub id: &'static str,
    /// What is wrong.
    pub cause: String,
    /// What proves it.
    pub proofs: Vec<Proof>,
    /// What to do.
    pub advice: Vec<String>,
    /// The command to begin with.
    pub command: String,
    /// The lesson that teaches it.
    pub lesson: &'static str,
}

/// Declares the causes of a room.
macro_rules! causes {
    ($($name:ident: $id:literal, $says:literal, [$($advice:literal),+ $(,)?], $command:literal, $lesson:literal;)+) => {
        $(static $name: super::Cause = super::Cause {
            id: $id, says: $says, advice: &[$($advice),+], command: $command, lesson: $lesson,
        };)+
        #[cfg(test)]
        pub(super) static CAUSES: &[&super::Cause] = &[$(&$name),+];
    };
}
use causes;

impl Cause {
    /// The cause as it is found in a case, the object's name and namespace filled in.
    fn found(&self, case: &Case) -> Finding {
        let finding = Finding {
            id: self.id,
            cause: self.says.into(),
            proofs: Vec::new(),
            advice: self.advice.iter().map(|step| (*step).to_string()).collect(),
            command: self.command.into(),
            lesson: self.lesson,
        };
        finding.with("nombre", case.name()).with("ns", &case.flag()).with("tipo", &case.kind().to_lowercase())
    }
}

impl Finding {
    /// Fills `{name}` in.
    fn with(mut self, name: &str, value: &str) -> Self {
        let hole = format!("{{{name}}}");
        let fill = |text: &mut String| *text = text.replace(&hole, value);
        fill(&mut self.cause);
        fill(&mut self.command);
        self.advice.iter_mut().for_each(fill);
        self
    }

    /// Adds a proof; an empty one proves nothing and is left out.
    fn proof(mut self, place: impl Into<String>, says: impl Into<String>) -> Self {
        let proof = Proof { place: place.into(), says: says.into() };
        if !proof.says.is_empty() && !self.proofs.contains(&proof) {
            self.proofs.push(proof);
        }
        self
    }

    /// Adds an event as a proof.
    fn event(self, event: Option<&Value>) -> Self {
        match event {
            Some(event) => self.proof(format!("evento {}", text(event, "/reason")), text(event, "/message")),
            None => self,
        }
    }
}

/// Every cause found, what matters most first.
pub fn diagnose(case: &Case) -> Vec<Finding> {
    let mut found = match case.kind() {
        "Pod" => pod(case),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "ReplicationController" => workload::find(case),
        "Job" | "CronJob" => job::find(case),
        "Service" => network::find(case),
        "Ingress" => reach::find(case),
        "Node" => node::find(case),
        "PersistentVolumeClaim" => storage::find(case),
        "HorizontalPodAutoscaler" => scale::find(case),
        "Namespace" => life::namespace(case),
        _ => Vec::new(),
    };
    found.extend(off::find(case));
    let mut seen = Vec::new();
    found.retain(|finding| {
        let new = !seen.contains(&finding.cause);
        seen.push(finding.cause.clone());
        new
    });
    found
}

/// A pod: what keeps it from going on, in the order of its life from the end to the beginning.
fn pod(case: &Case) -> Vec<Finding> {
    let rooms = [life::find, schedule::find, image::find, start::find, run::find];
    rooms.iter().flat_map(|room| room(case)).collect()
}

/// The cause of an object in one line, from itself alone.
pub fn brief(object: &Value) -> Option<String> {
    diagnose(&Case::new(object, &[], None, Timestamp::UNIX_EPOCH)).into_iter().next().map(|finding| finding.cause)
}

/// A list that is needed: a word for the kind, where, and a field selector.
type Needed = (&'static str, Space, &'static str);

/// What has to be listed for the causes of a kind: a word, whether in the object's namespace, and a field selector.
const NEEDED: &[(&str, &[Needed])] = &[
    ("Pod", &[("nodes", Space::None, ""), ("leases", Space::Named("kube-system"), ""), ("pvc", Space::Own, "")]),
    (
        "Service",
        &[("pods", Space::Own, ""), ("endpointslices", Space::Own, ""), ("leases", Space::Named("kube-system"), "")],
    ),
    (
        "Ingress",
        &[
            ("services", Space::Own, ""),
            ("endpointslices", Space::Own, ""),
            ("ingressclasses", Space::None, ""),
            ("secrets", Space::Own, "type=kubernetes.io/tls"),
        ],
    ),
    ("Node", &[("leases", Space::Named("kube-node-lease"), "")]),
    (
        "PersistentVolumeClaim",
        &[("storageclasses", Space::None, ""), ("persistentvolumes", Space::None, ""), ("pods", Space::Own, "")],
    ),
    ("CronJob", &[("jobs", Space::Own, "")]),
    ("Deployment", OF_OWNERS),
    ("ReplicaSet", OF_OWNERS),
    ("StatefulSet", OF_OWNERS),
    ("DaemonSet", OF_OWNERS),
    ("ReplicationController", OF_OWNERS),
    ("Job", OF_OWNERS),
    ("HorizontalPodAutoscaler", &[("deployments", Space::Own, "")]),
];

/// What what makes pods needs.
const OF_OWNERS: &[Needed] = &[
    ("pods", Space::Own, ""),
    ("nodes", Space::None, ""),
    ("pvc", Space::Own, ""),
    ("events", Space::Own, "involvedObject.kind=Pod"),
    ("leases", Space::Named("kube-system"), ""),
];

/// Where a list is asked for.
#[derive(Clone, Copy)]
enum Space {
    /// The kind has no namespaces.
    None,
    /// In the object's own.
    Own,
    /// In this one.
    Named(&'static str),
}

/// What to list around an object to tell its causes.
pub fn wants(object: &Value, state: &State) -> Vec<Want> {
    let kind = text(object, "/kind");
    let needed = NEEDED.iter().filter(|(name, _)| *name == kind).flat_map(|(_, needed)| *needed);
    let own = text(object, "/metadata/namespace");
    let want = |(word, space, fields): &Needed| {
        let namespace = match space {
            Space::None => None,
            Space::Own => Some(own),
            Space::Named(name) => Some(*name),
        };
        Want::all(&state.catalog, word, namespace).map(|want| Want { fields: (*fields).into(), ..want })
    };
    let mut wants: Vec<Want> = needed.filter_map(want).collect();
    super::kin::narrow(&mut wants, object);
    wants
}
