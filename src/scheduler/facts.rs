//! What the scheduler knows of a pod, read once: requests, ports, terms, owner. Must not do IO.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use k8s_openapi::api::core::v1::{
    Container, NodeSelectorTerm, PodAffinityTerm, PodSpec, Toleration, TopologySpreadConstraint, Volume,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Wire;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::catalog::Catalog;
use super::storage::ClaimName;
use crate::base::mark::mark;
use crate::base::quantity::Quantity;
use crate::base::selector::Selector;
use crate::client::host_ports::HostPort;
use crate::client::object::{Key, controller_of, is_deleting, uid_of};
use crate::client::pod::{Pod, Spec};

/// What a container without requests counts as when nodes are scored (`DefaultMilliCPURequest`, `DefaultMemoryRequest`).
const ASSUMED: (i64, i64) = (100, 200 * 1024 * 1024);

/// Amounts of resources: thousandths of a processor, bytes, and counts of anything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Resources {
    pub cpu: i64,
    pub memory: i64,
    pub ephemeral: i64,
    pub pods: i64,
    pub others: BTreeMap<String, i64>,
}

impl Resources {
    pub(super) fn of(list: Option<&BTreeMap<String, Wire>>) -> Self {
        let mut all = Self::default();
        for (name, amount) in list.into_iter().flatten() {
            let Ok(amount) = Quantity::parse(&amount.0) else { continue };
            match name.as_str() {
                "cpu" => all.cpu = amount.milli(),
                "memory" => all.memory = amount.value(),
                "ephemeral-storage" => all.ephemeral = amount.value(),
                "pods" => all.pods = amount.value(),
                _ => {
                    all.others.insert(name.clone(), amount.value());
                }
            }
        }
        all
    }

    fn merge(&mut self, other: &Self, with: fn(i64, i64) -> i64) {
        self.cpu = with(self.cpu, other.cpu);
        self.memory = with(self.memory, other.memory);
        self.ephemeral = with(self.ephemeral, other.ephemeral);
        self.pods = with(self.pods, other.pods);
        for (name, amount) in &other.others {
            let own = self.others.entry(name.clone()).or_default();
            *own = with(*own, *amount);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.merge(other, i64::saturating_add);
    }

    pub(super) fn subtract(&mut self, other: &Self) {
        self.merge(other, i64::saturating_sub);
    }
}

/// A rule about other pods: which, and within which part of the cluster.
#[derive(Clone, Debug)]
pub(super) struct Term {
    selector: Selector,
    namespaces: BTreeSet<String>,
    /// Other namespaces, by their labels.
    namespace_selector: Option<Selector>,
    pub topology_key: String,
    pub weight: i64,
}

impl Term {
    fn new(term: &PodAffinityTerm, weight: i64, pod: &Pod) -> Self {
        let keys = (term.match_label_keys.as_deref(), term.mismatch_label_keys.as_deref());
        Self {
            selector: selector(term.label_selector.as_ref(), keys, pod),
            namespaces: namespaces(term, pod),
            namespace_selector: term.namespace_selector.as_ref().and_then(|it| Selector::from_label_selector(it).ok()),
            topology_key: term.topology_key.clone(),
            weight,
        }
    }

    pub(super) fn matches(&self, pod: &PodFacts, catalog: &Catalog) -> bool {
        self.selector.matches(&pod.labels) && self.covers(&pod.key.namespace, catalog)
    }

    fn covers(&self, namespace: &str, catalog: &Catalog) -> bool {
        let selects = |selector: &Selector| selector.is_empty() || catalog.namespace_matches(namespace, selector);
        self.namespaces.contains(namespace) || self.namespace_selector.as_ref().is_some_and(selects)
    }
}

/// The namespaces that a term names: the pod's own where it names and selects none.
fn namespaces(term: &PodAffinityTerm, pod: &Pod) -> BTreeSet<String> {
    let named: BTreeSet<String> = term.namespaces.iter().flatten().cloned().collect();
    let own = named.is_empty() && term.namespace_selector.is_none();
    if own { pod.metadata.namespace.iter().cloned().collect() } else { named }
}

/// A selector, narrowed by the pod's own values of some labels.
fn selector(
    selector: Option<&LabelSelector>,
    (same, other): (Option<&[String]>, Option<&[String]>),
    pod: &Pod,
) -> Selector {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelectorRequirement;
    let Some(selector) = selector else { return Selector::nothing() };
    let mut selector = selector.clone();
    let labels = pod.metadata.labels.clone().unwrap_or_default();
    for (keys, operator) in [(same, "In"), (other, "NotIn")] {
        let known = keys.unwrap_or_default().iter().filter_map(|key| Some((key, labels.get(key)?)));
        let narrowed = known.map(|(key, value)| LabelSelectorRequirement {
            key: key.clone(),
            operator: operator.into(),
            values: Some(vec![value.clone()]),
        });
        selector.match_expressions.get_or_insert_default().extend(narrowed);
    }
    Selector::from_label_selector(&selector).unwrap_or_else(|_| Selector::nothing())
}

/// A rule of even spreading.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    pub topology_key: String,
    pub max_skew: i64,
    pub min_domains: i64,
    pub hard: bool,
    pub honor_affinity: bool,
    pub honor_taints: bool,
    selector: Selector,
}

impl Spread {
    fn new(constraint: &TopologySpreadConstraint, pod: &Pod) -> Self {
        let keys = (constraint.match_label_keys.as_deref(), None);
        Self {
            topology_key: constraint.topology_key.clone(),
            max_skew: constraint.max_skew.into(),
            min_domains: constraint.min_domains.unwrap_or(1).into(),
            hard: constraint.when_unsatisfiable == "DoNotSchedule",
            honor_affinity: constraint.node_affinity_policy.as_deref() != Some("Ignore"),
            honor_taints: constraint.node_taints_policy.as_deref() == Some("Honor"),
            selector: selector(constraint.label_selector.as_ref(), keys, pod),
        }
    }

    /// Whether it counts `other` for a pod of `namespace`.
    pub(super) fn counts(&self, other: &PodFacts, namespace: &str) -> bool {
        other.key.namespace == namespace && !other.deleting && self.selector.matches(&other.labels)
    }
}

/// What the scheduler knows of a pod.
#[derive(Clone, Debug)]
pub(super) struct PodFacts {
    pub key: Key,
    pub uid: String,
    pub labels: BTreeMap<String, String>,
    /// The mark of its controller's uid: told from another's at a glance, for each of thousands of pods.
    pub owner: Option<u64>,
    pub priority: i32,
    pub preempts: bool,
    pub deleting: bool,
    pub started: Option<jiff::Timestamp>,
    pub requests: Resources,
    /// As the requests, with an assumption where a container has none: processor and memory.
    pub weight: (i64, i64),
    pub ports: Vec<HostPort>,
    pub claims: Vec<ClaimName>,
    /// The only nodes that its node affinity names, where it names nodes; empty when the names contradict each other.
    pub pinned: Option<BTreeSet<String>>,
    pub tolerations: Vec<Toleration>,
    pub affinity: Vec<Term>,
    pub anti_affinity: Vec<Term>,
    /// Preferred terms; the weight of anti-affinity is negative.
    pub preferences: Vec<Term>,
    pub spreads: Vec<Spread>,
    /// Read for its node rules.
    pub spec: Spec,
}

impl PodFacts {
    /// Of a pod that has its node: where it might go is asked of it no more.
    pub(super) fn placed(pod: &Pod) -> Self {
        static NO_RULES: LazyLock<Spec> = LazyLock::new(Spec::default);
        Self { spec: NO_RULES.clone(), tolerations: Vec::new(), spreads: Vec::new(), pinned: None, ..Self::of(pod) }
    }

    pub(super) fn of(pod: &Pod) -> Self {
        let spec = pod.spec.clone().unwrap_or_default();
        let (requests, weight) = requests(&spec);
        let (ports, claims, pinned) = (HostPort::of(&spec).collect(), claims(&spec, pod), pinned(&spec));
        let terms = Terms::of(&spec, pod);
        let spreads = spec.topology_spread_constraints.iter().flatten().map(|it| Spread::new(it, pod)).collect();
        let tolerations = spec.tolerations.clone().unwrap_or_default();
        Self {
            key: Key::of(pod),
            uid: uid_of(&pod.metadata).into(),
            labels: pod.metadata.labels.clone().unwrap_or_default(),
            owner: controller_of(&pod.metadata).map(|owner| mark(&owner.uid)),
            priority: spec.priority.unwrap_or(0),
            preempts: spec.preemption_policy.as_deref() != Some("Never"),
            deleting: is_deleting(&pod.metadata),
            started: pod.status.as_ref().and_then(|status| status.start_time.as_ref().map(|time| time.0)),
            requests,
            weight,
            ports,
            claims,
            pinned,
            tolerations,
            affinity: terms.affinity,
            anti_affinity: terms.anti_affinity,
            preferences: terms.preferences,
            spreads,
            spec,
        }
    }
}

struct Terms {
    affinity: Vec<Term>,
    anti_affinity: Vec<Term>,
    preferences: Vec<Term>,
}

impl Terms {
    fn of(spec: &PodSpec, pod: &Pod) -> Self {
        let rules = spec.affinity.clone().unwrap_or_default();
        let (near, far) = (rules.pod_affinity.unwrap_or_default(), rules.pod_anti_affinity.unwrap_or_default());
        let required = |terms: Option<Vec<PodAffinityTerm>>| {
            terms.iter().flatten().map(|term| Term::new(term, 0, pod)).collect::<Vec<_>>()
        };
        let liked = near.preferred_during_scheduling_ignored_during_execution.into_iter().flatten().map(|it| (it, 1));
        let disliked =
            far.preferred_during_scheduling_ignored_during_execution.into_iter().flatten().map(|it| (it, -1));
        let preferences = liked.chain(disliked);
        Self {
            affinity: required(near.required_during_scheduling_ignored_during_execution),
            anti_affinity: required(far.required_during_scheduling_ignored_during_execution),
            preferences: preferences
                .map(|(it, sign)| Term::new(&it.pod_affinity_term, i64::from(it.weight) * sign, pod))
                .collect(),
        }
    }
}

/// A pod's requests (`PodRequests`): its containers' and sidecars' together, or those of an init container where they are more.
fn requests(spec: &PodSpec) -> (Resources, (i64, i64)) {
    let of = |container: &Container| {
        Resources::of(container.resources.as_ref().and_then(|resources| resources.requests.as_ref()))
    };
    let mut total = Resources::default();
    let mut weight = (0, 0);
    for container in &spec.containers {
        let requests = of(container);
        weight.0 += if requests.cpu > 0 { requests.cpu } else { ASSUMED.0 };
        weight.1 += if requests.memory > 0 { requests.memory } else { ASSUMED.1 };
        total.add(&requests);
    }
    let (mut sidecars, mut most) = (Resources::default(), Resources::default());
    for container in spec.init_containers.iter().flatten() {
        let mut now = of(container);
        now.add(&sidecars);
        most.merge(&now, i64::max);
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars.add(&of(container));
        }
    }
    total.add(&sidecars);
    total.merge(&most, i64::max);
    total.add(&Resources::of(spec.overhead.as_ref()));
    total.pods = 1;
    (total, weight)
}

/// The claims of a pod's volumes; that of an ephemeral one is called after both.
fn claims(spec: &PodSpec, pod: &Pod) -> Vec<ClaimName> {
    let (namespace, owner) = (pod.metadata.namespace.as_deref(), pod.metadata.name.as_deref());
    let named = |volume: &Volume| {
        if let Some(claim) = &volume.persistent_volume_claim {
            return Some((claim.claim_name.clone(), false));
        }
        volume.ephemeral.as_ref().map(|_| (format!("{}-{}", owner.unwrap_or_default(), volume.name), true))
    };
    let all = spec.volumes.iter().flatten().filter_map(named);
    all.map(|(name, ephemeral)| ClaimName { key: Key::new(namespace.unwrap_or_default(), name), ephemeral }).collect()
}

/// The nodes that required node affinity names; `None` as soon as one of its terms names none.
fn pinned(spec: &PodSpec) -> Option<BTreeSet<String>> {
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let terms = &affinity.required_during_scheduling_ignored_during_execution.as_ref()?.node_selector_terms;
    let named = |term: &NodeSelectorTerm| {
        let fields = term.match_fields.iter().flatten();
        let names = fields.filter(|field| field.key == "metadata.name" && field.operator == "In");
        let sets = names.map(|field| field.values.iter().flatten().cloned().collect::<BTreeSet<_>>());
        sets.reduce(|all, more| all.intersection(&more).cloned().collect())
    };
    let sets: Option<Vec<BTreeSet<String>>> = terms.iter().map(named).collect();
    sets.filter(|sets| !sets.is_empty()).map(|sets| sets.into_iter().flatten().collect())
}
