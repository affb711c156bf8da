//! How the cluster stands when a lesson begins. Must not set anything up.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::lessons::predicate::Predicate;

/// The start of a lesson, the same each time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The namespace of its own, made anew.
    pub namespace: String,
    /// Other namespaces, made anew too.
    #[serde(default)]
    pub also: Vec<String>,
    /// Namespaces that the learner is going to make: there are none of that name at the start.
    #[serde(default)]
    pub free: Vec<String>,
    /// What random choices start from.
    pub seed: u64,
    /// A cluster of its own instead of the learner's.
    pub cluster: Option<OwnCluster>,
    /// Another cluster beside its own, with namespaces of the same names.
    pub second: Option<Second>,
    /// Components that begin switched on or off; all go on again at the end.
    #[serde(default)]
    pub switches: BTreeMap<String, bool>,
    /// Manifests of the folder to create, each in its own namespace or else in the lesson's.
    #[serde(default)]
    pub objects: Vec<String>,
    /// Synthetic requests that run all along.
    #[serde(default)]
    pub traffic: Vec<Traffic>,
    /// What must hold before the lesson begins.
    pub ready: Option<Predicate>,
}

impl Setup {
    /// The namespaces that a lesson speaks of: its own, those beside it, those that will come.
    pub fn namespaces(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.namespace).chain(&self.also).chain(&self.free)
    }

    /// Whether a condition may speak of a namespace: of the lesson, or of its second cluster as `prod/NAMESPACE`.
    #[must_use]
    pub fn speaks_of(&self, place: &str) -> bool {
        let name = self.in_second(place).unwrap_or(place);
        self.namespaces().any(|own| own == name)
    }

    /// How conditions name the namespace of the second cluster that bears the name of the lesson's own.
    #[must_use]
    pub fn beside(&self) -> Option<String> {
        self.second.as_ref().map(|second| format!("{}/{}", second.context, self.namespace))
    }

    /// The namespace that a condition means in the second cluster, if it means one there.
    #[must_use]
    pub fn in_second<'a>(&self, place: &'a str) -> Option<&'a str> {
        let (context, namespace) = place.split_once('/')?;
        self.second.as_ref().filter(|second| second.context == context).map(|_| namespace)
    }
}

/// A cluster only for one lesson: in memory, gone at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnCluster {
    /// How many workers.
    pub workers: Option<u32>,
    /// Most pods of each worker.
    pub pods: Option<u32>,
    /// CPU of each worker.
    pub cpu: Option<String>,
    /// Memory of each worker.
    pub memory: Option<String>,
}

/// A second cluster, and what the kubeconfig that leads to both calls each. The kubeconfig begins with the second in use.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Second {
    /// Its context, and how conditions name its namespaces: `prod/leccion-6-2`.
    pub context: String,
    /// The context of the lesson's own cluster.
    pub own: String,
    /// What it is made of.
    #[serde(default)]
    pub cluster: OwnCluster,
    /// Manifests of the folder to create in it.
    #[serde(default)]
    pub objects: Vec<String>,
}

/// Requests to a service, as its users would send them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// The service's name.
    pub to: String,
    /// Its port.
    pub port: u16,
    /// The path to ask for.
    #[serde(default = "root_path")]
    pub path: String,
    /// Requests a second at the start.
    #[serde(default = "default_rate")]
    pub rate: u32,
}

fn root_path() -> String {
    "/".into()
}

fn default_rate() -> u32 {
    10
}
