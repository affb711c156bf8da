//! The cluster as the watches tell it: shelves of facts and how fresh each watch is. Synchronous; no IO.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::facts::{Component, Fact, Happening, Key, Lease, Node, Pod, Service, Slice, Workload};
use super::failure::Failure;
use super::metrics::Metrics;

/// Events kept: the last ones are what the bridge tells.
const EVENTS_KEPT: usize = 400;

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Nodes,
    Pods,
    Services,
    Slices,
    Deployments,
    ReplicaSets,
    Leases,
    Events,
    Components,
}

impl Source {
    /// Every watch.
    pub const ALL: [Self; 9] = [
        Self::Nodes,
        Self::Pods,
        Self::Services,
        Self::Slices,
        Self::Deployments,
        Self::ReplicaSets,
        Self::Leases,
        Self::Events,
        Self::Components,
    ];

    /// Its plural on the server.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Pods => "pods",
            Self::Services => "services",
            Self::Slices => "endpointslices",
            Self::Deployments => "deployments",
            Self::ReplicaSets => "replicasets",
            Self::Leases => "leases",
            Self::Events => "events",
            Self::Components => "components",
        }
    }
}

/// How a watch is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Feed {
    /// It has not answered yet.
    #[default]
    Starting,
    /// Changes arrive.
    Live,
    /// It broke and is being taken up again.
    Lost(Failure),
}

/// A change from a watch.
#[derive(Clone, Debug)]
pub enum Change {
    /// The whole list, anew.
    Replace(Source, Vec<Fact>),
    /// An object appeared or changed.
    Put(Fact),
    /// An object is gone.
    Remove(Source, Key),
    /// The watch broke.
    Lost(Source, Failure),
    /// The store's revision that the changes before it led to.
    Revision(u64),
}

impl Change {
    /// What goes on all the time in a cluster at rest, heartbeats and rates, and what only counts it.
    pub fn calm(&self) -> bool {
        matches!(
            self,
            Self::Put(Fact::Lease(_) | Fact::Component(_)) | Self::Remove(Source::Leases, _) | Self::Revision(_)
        )
    }
}

/// Figures kept as changes come, not counted at each frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Workers that are ready.
    pub ready: usize,
    /// Pods that services send to.
    pub serving: usize,
    /// Pods that have not ended.
    pub alive: usize,
}

impl Tally {
    /// Puts what there is now in the place of what there was.
    fn node(&mut self, new: Option<&Node>, old: Option<&Node>) {
        let ready = |node: Option<&Node>| usize::from(node.is_some_and(|node| node.ready == "True"));
        self.ready = self.ready + ready(new) - ready(old);
    }

    /// The same of a pod.
    fn pod(&mut self, new: Option<&Pod>, old: Option<&Pod>) {
        let count = |pod: Option<&Pod>| pod.map_or((0, 0), |pod| (usize::from(pod.serving), usize::from(!pod.ended)));
        let (new, old) = (count(new), count(old));
        (self.serving, self.alive) = (self.serving + new.0 - old.0, self.alive + new.1 - old.1);
    }
}

/// All that the watches have told.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    pub nodes: BTreeMap<Key, Arc<Node>>,
    pub pods: BTreeMap<Key, Arc<Pod>>,
    pub services: BTreeMap<Key, Arc<Service>>,
    pub slices: BTreeMap<Key, Arc<Slice>>,
    pub deployments: BTreeMap<Key, Arc<Workload>>,
    pub replica_sets: BTreeMap<Key, Arc<Workload>>,
    pub leases: BTreeMap<Key, Arc<Lease>>,
    pub events: BTreeMap<Key, Arc<Happening>>,
    pub components: BTreeMap<Key, Arc<Component>>,
    /// How each watch is doing.
    pub feeds: BTreeMap<Source, Feed>,
    /// The latest revision of the store that a watch has told.
    pub revision: u64,
    /// The latest that something other than a heartbeat led to.
    pub told: u64,
    /// Whether the next revision is of something other than a heartbeat.
    untold: bool,
    /// What is counted.
    pub tally: Tally,
    /// The server's own figures.
    pub metrics: Metrics,
}

impl Cluster {
    /// Takes in one change.
    pub fn apply(&mut self, change: Change) {
        self.untold |= !change.calm();
        match change {
            Change::Replace(source, facts) => {
                // Whoever was away may come back with another store, which counts from its own beginning.
                if matches!(self.feed(source), Feed::Lost(failure) if failure.unreachable()) {
                    (self.revision, self.told) = (0, 0);
                }
                self.clear(source);
                for fact in facts {
                    self.put(fact);
                }
                self.feeds.insert(source, Feed::Live);
            }
            Change::Put(fact) => self.put(fact),
            Change::Remove(source, key) => self.remove(source, &key),
            Change::Revision(revision) => {
                self.revision = self.revision.max(revision);
                if std::mem::take(&mut self.untold) {
                    self.told = self.told.max(revision);
                }
            }
            Change::Lost(source, failure) => {
                self.feeds.insert(source, Feed::Lost(failure));
            }
        }
        self.forget_old_events();
    }

    /// Lets a change that is about to be taken in have the texts that are here already.
    pub fn share(&self, change: &mut Change) {
        if let Change::Put(Fact::Pod(new)) = change
            && let Some(old) = self.pods.get(&new.key)
            && let Some(new) = Arc::get_mut(new)
        {
            new.like(old);
        }
    }

    /// All objects of a source.
    pub fn shelf(&self, source: Source) -> Vec<Fact> {
        fn all<T>(shelf: &BTreeMap<Key, Arc<T>>, make: fn(Arc<T>) -> Fact) -> Vec<Fact> {
            shelf.values().cloned().map(make).collect()
        }
        match source {
            Source::Nodes => all(&self.nodes, Fact::Node),
            Source::Pods => all(&self.pods, Fact::Pod),
            Source::Services => all(&self.services, Fact::Service),
            Source::Slices => all(&self.slices, Fact::Slice),
            Source::Deployments => all(&self.deployments, Fact::Deployment),
            Source::ReplicaSets => all(&self.replica_sets, Fact::ReplicaSet),
            Source::Leases => all(&self.leases, Fact::Lease),
            Source::Events => all(&self.events, Fact::Event),
            Source::Components => all(&self.components, Fact::Component),
        }
    }

    /// Whether an object is known, and known to be just so.
    pub fn knows(&self, fact: &Fact) -> bool {
        match fact {
            Fact::Node(it) => self.nodes.get(&it.key) == Some(it),
            Fact::Pod(it) => self.pods.get(&it.key) == Some(it),
            Fact::Service(it) => self.services.get(&it.key) == Some(it),
            Fact::Slice(it) => self.slices.get(&it.key) == Some(it),
            Fact::Deployment(it) => self.deployments.get(&it.key) == Some(it),
            Fact::ReplicaSet(it) => self.replica_sets.get(&it.key) == Some(it),
            Fact::Lease(it) => self.leases.get(&it.key) == Some(it),
            Fact::Event(it) => self.events.get(&it.key) == Some(it),
            Fact::Component(it) => self.components.get(&it.key) == Some(it),
        }
    }

    fn put(&mut self, fact: Fact) {
        match fact {
            Fact::Node(it) => {
                let old = self.nodes.insert(it.key.clone(), Arc::clone(&it));
                self.tally.node(Some(&it), old.as_deref());
            }
            Fact::Pod(it) => {
                let old = self.pods.insert(it.key.clone(), Arc::clone(&it));
                self.tally.pod(Some(&it), old.as_deref());
            }
            Fact::Service(it) => drop(self.services.insert(it.key.clone(), it)),
            Fact::Slice(it) => drop(self.slices.insert(it.key.clone(), it)),
            Fact::Deployment(it) => drop(self.deployments.insert(it.key.clone(), it)),
            Fact::ReplicaSet(it) => drop(self.replica_sets.insert(it.key.clone(), it)),
            Fact::Lease(it) => drop(self.leases.insert(it.key.clone(), it)),
            Fact::Event(it) => drop(self.events.insert(it.key.clone(), it)),
            Fact::Component(it) => drop(self.components.insert(it.key.clone(), it)),
        }
    }

    fn remove(&mut self, source: Source, key: &Key) {
        match source {
            Source::Nodes => self.tally.node(None, self.nodes.remove(key).as_deref()),
            Source::Pods => self.tally.pod(None, self.pods.remove(key).as_deref()),
            Source::Services => drop(self.services.remove(key)),
            Source::Slices => drop(self.slices.remove(key)),
            Source::Deployments => drop(self.deployments.remove(key)),
            Source::ReplicaSets => drop(self.replica_sets.remove(key)),
            Source::Leases => drop(self.leases.remove(key)),
            Source::Events => drop(self.events.remove(key)),
            Source::Components => drop(self.components.remove(key)),
        }
    }

    fn clear(&mut self, source: Source) {
        match source {
            Source::Nodes => {
                self.nodes.clear();
                self.tally.ready = 0;
            }
            Source::Pods => {
                self.pods.clear();
                (self.tally.serving, self.tally.alive) = (0, 0);
            }
            Source::Services => self.services.clear(),
            Source::Slices => self.slices.clear(),
            Source::Deployments => self.deployments.clear(),
            Source::ReplicaSets => self.replica_sets.clear(),
            Source::Leases => self.leases.clear(),
            Source::Events => self.events.clear(),
            Source::Components => self.components.clear(),
        }
    }

    fn forget_old_events(&mut self) {
        if self.events.len() <= EVENTS_KEPT + EVENTS_KEPT / 4 {
            return;
        }
        let mut times: Vec<_> = self.events.values().map(|event| event.at).collect();
        times.sort_unstable();
        let oldest = times[times.len() - EVENTS_KEPT];
        self.events.retain(|_, event| event.at >= oldest);
    }

    /// Whether every watch has answered, well or with a refusal.
    pub fn synced(&self) -> bool {
        Source::ALL.iter().all(|source| self.feed(*source) != &Feed::Starting)
    }

    /// How one watch is doing.
    pub fn feed(&self, source: Source) -> &Feed {
        self.feeds.get(&source).unwrap_or(&Feed::Starting)
    }

    /// The failure of a watch whose server cannot be reached, if any.
    pub fn broken(&self) -> Option<&Failure> {
        self.feeds.values().find_map(|feed| match feed {
            Feed::Lost(failure) if failure.unreachable() => Some(failure),
            _ => None,
        })
    }

    /// Whether the server answers, but cannot read: etcd is off.
    pub fn blind(&self) -> bool {
        self.feeds.values().any(|feed| matches!(feed, Feed::Lost(failure) if failure.code >= 500))
    }

    /// What cannot be seen here for lack of rights or because this server does not have it; switches are Timonel's own, and
    /// other clusters do well without.
    pub fn refused(&self) -> impl Iterator<Item = (Source, &Failure)> {
        self.feeds.iter().filter_map(|(source, feed)| match feed {
            Feed::Lost(failure) if !failure.unreachable() && *source != Source::Components => Some((*source, failure)),
            _ => None,
        })
    }

    /// The latest event that satisfies a condition.
    pub fn last_event(&self, wanted: impl Fn(&Happening) -> bool) -> Option<&Happening> {
        self.events.values().map(AsRef::as_ref).filter(|event| wanted(event)).max_by_key(|event| event.at)
    }

    /// A heartbeat of the control plane or of a node.
    pub fn lease(&self, namespace: &str, name: &str) -> Option<&Lease> {
        self.leases.get(&Key::new(namespace, name)).map(AsRef::as_ref)
    }

    /// The pods of a namespace.
    pub fn within<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Pod> {
        let all = self.pods.range(Key::new(namespace, "")..);
        all.take_while(move |(key, _)| key.namespace == *namespace).map(|(_, pod)| pod.as_ref())
    }

    /// The pods that a selector takes in, as a Service does: an empty one takes none.
    pub fn selected<'a>(
        &'a self,
        namespace: &'a str,
        selector: &'a super::facts::Labels,
    ) -> impl Iterator<Item = &'a Pod> {
        self.within(namespace).filter(move |pod| {
            !selector.is_empty() && selector.iter().all(|(name, value)| pod.labels.get(name) == Some(value))
        })
    }
}
