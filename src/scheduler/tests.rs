//! Decisions and their words: nodes and pods in, a node or Kubernetes' own message out.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{
    Container, ContainerPort, Node, NodeSpec, NodeStatus, PodSpec, ResourceRequirements, Taint,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;

use super::cache::Cache;
use super::catalog::Catalog;
use super::decide::decide;
use super::facts::PodFacts;
use super::log::{self, Log};
use super::preempt::{Preemption, preempt};
use super::words;
use crate::base::names::Names;
use crate::client::decisions::Outcome;
use crate::client::informer::Change;
use crate::client::pod::Pod;

fn quantities(cpu: &str) -> BTreeMap<String, Quantity> {
    [("cpu", cpu), ("memory", "4Gi"), ("pods", "110")].map(|(name, it)| (name.into(), Quantity(it.into()))).into()
}

fn node(name: &str) -> Node {
    let labels = [("kubernetes.io/hostname".to_string(), name.to_string())];
    Node {
        metadata: ObjectMeta { name: Some(name.into()), labels: Some(labels.into()), ..ObjectMeta::default() },
        spec: Some(NodeSpec::default()),
        status: Some(NodeStatus { allocatable: Some(quantities("2")), ..NodeStatus::default() }),
    }
}

fn pod(name: &str, cpu: Option<&str>) -> Pod {
    let requests = cpu.map(|cpu| [("cpu".to_string(), Quantity(cpu.into()))].into());
    let container = Container {
        name: "c".into(),
        resources: Some(ResourceRequirements { requests, ..ResourceRequirements::default() }),
        ..Container::default()
    };
    Pod {
        metadata: ObjectMeta {
            name: Some(name.into()),
            namespace: Some("ns".into()),
            uid: Some(name.into()),
            labels: Some([("app".into(), "web".into())].into()),
            ..ObjectMeta::default()
        },
        spec: Some(PodSpec { containers: vec![container], ..PodSpec::default() }.into()),
        status: None,
    }
}

/// A pod with more in its spec, as JSON.
fn pod_with(name: &str, more: &serde_json::Value) -> Pod {
    let mut spec = serde_json::to_value(pod(name, None).spec.unwrap().whole()).unwrap();
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Pod { spec: Some(serde_json::from_value::<PodSpec>(spec).unwrap().into()), ..pod(name, None) }
}

fn cluster(change: impl Fn(&mut Node)) -> Cache {
    let mut cache = Cache::default();
    for name in ["worker-1", "worker-2", "worker-3"] {
        let mut node = node(name);
        change(&mut node);
        cache.put_node(Arc::new(node));
    }
    cache
}

fn place(cache: &mut Cache, pod: &Pod) -> Option<String> {
    let facts = Arc::new(PodFacts::of(pod));
    let node = decide(cache, &Catalog::default(), &facts, 0, &Names::seeded(1)).chosen?;
    cache.put_pod(&node, facts);
    Some(node)
}

#[track_caller]
fn refused(cache: &Cache, pod: &Pod) -> String {
    refused_with(cache, &Catalog::default(), pod)
}

#[track_caller]
fn refused_with(cache: &Cache, catalog: &Catalog, pod: &Pod) -> String {
    let facts = PodFacts::of(pod);
    let decision = decide(cache, catalog, &facts, 0, &Names::seeded(1));
    assert_eq!(decision.chosen, None);
    match preempt(cache, catalog, &facts, &decision) {
        Preemption::Nothing(text) => words::unschedulable(&decision, Some(&text)),
        Preemption::Room { .. } => words::unschedulable(&decision, None),
    }
}

const UNHELPFUL: &str =
    "no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.";
const NO_VICTIMS: &str =
    "no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.";

#[test]
fn refusals_are_in_kubernetes_words() {
    let selector = pod_with("a", &json!({"nodeSelector": {"disco": "cinta"}}));
    let say = |reason: &str, rest: &str| format!("0/3 nodes are available: 3 {reason}. {rest}");
    let affinity = say("node(s) didn't match Pod's node affinity/selector", UNHELPFUL);
    assert_eq!(refused(&cluster(|_| {}), &selector), affinity);
    let tainted = cluster(|node| {
        let taint = Taint { key: "mantenimiento".into(), effect: "NoSchedule".into(), ..Taint::default() };
        node.spec.as_mut().unwrap().taints = Some(vec![taint]);
    });
    assert_eq!(refused(&tainted, &pod("a", None)), say("node(s) had untolerated taint(s)", UNHELPFUL));
    let cordoned = cluster(|node| node.spec.as_mut().unwrap().unschedulable = Some(true));
    assert_eq!(refused(&cordoned, &pod("a", None)), say("node(s) were unschedulable", UNHELPFUL));
    assert_eq!(refused(&cluster(|_| {}), &pod("a", Some("5"))), say("Insufficient cpu", UNHELPFUL));
    assert_eq!(refused(&Cache::default(), &pod("a", None)), "no nodes available to schedule pods");
}

#[test]
fn a_full_cluster_says_so_and_makes_room_for_the_urgent() {
    let mut cache = cluster(|_| {});
    let nodes: Vec<_> =
        (0..6).filter_map(|number| place(&mut cache, &pod(&number.to_string(), Some("900m")))).collect();
    assert_eq!(nodes.len(), 6);
    let mut seventh = pod("7", Some("900m"));
    assert_eq!(refused(&cache, &seventh), format!("0/3 nodes are available: 3 Insufficient cpu. {NO_VICTIMS}"));
    seventh.spec.as_mut().unwrap().priority = Some(1000);
    let facts = PodFacts::of(&seventh);
    let victims = victims(&cache, &Catalog::default(), &facts);
    assert_eq!(victims.len(), 1);
}

fn victims(cache: &Cache, catalog: &Catalog, pod: &PodFacts) -> Vec<String> {
    let decision = decide(cache, catalog, pod, 0, &Names::seeded(1));
    let Preemption::Room { victims, .. } = preempt(cache, catalog, pod, &decision) else { panic!("no room") };
    victims.iter().map(|victim| victim.key.name.clone()).collect()
}

#[test]
fn room_is_made_where_no_budget_breaks() {
    let mut cache = Cache::default();
    ["n1", "n2"].into_iter().for_each(|name| cache.put_node(Arc::new(node(name))));
    let mut protected = pod("protegido", Some("2"));
    protected.metadata.labels = Some([("app".into(), "db".into())].into());
    cache.put_pod("n1", Arc::new(PodFacts::of(&protected)));
    cache.put_pod("n2", Arc::new(PodFacts::of(&pod("prescindible", Some("2")))));
    let mut urgent = pod("urgente", Some("2"));
    urgent.spec.as_mut().unwrap().priority = Some(1000);
    let mut catalog = Catalog::default();
    let budget = json!({"metadata": {"name": "db", "namespace": "ns"}, "spec": {"selector": {"matchLabels": {"app": "db"}}},
        "status": {"currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0, "expectedPods": 1}});
    catalog.budget_changed(&Change::Added(Arc::new(serde_json::from_value(budget).unwrap())));
    assert_eq!(victims(&cache, &catalog, &PodFacts::of(&urgent)), ["prescindible"]);
}

#[test]
fn a_pod_that_names_its_node_says_what_the_others_are() {
    let pinned = |node: &str| {
        let field = json!({"key": "metadata.name", "operator": "In", "values": [node]});
        let terms = json!({"nodeSelectorTerms": [{"matchFields": [field]}]});
        json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}})
    };
    let mut cache = cluster(|_| {});
    assert_eq!(place(&mut cache, &pod_with("a", &pinned("worker-2"))).as_deref(), Some("worker-2"));
    cache.put_pod("worker-2", Arc::new(PodFacts::of(&pod("lleno", Some("2")))));
    let mut big = pod_with("b", &pinned("worker-2"));
    big.spec.as_mut().unwrap().containers[0].resources =
        pod("x", Some("1")).spec.unwrap().containers[0].resources.clone();
    assert_eq!(
        refused(&cache, &big),
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. no new claims to \
         deallocate, preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is \
         not helpful for scheduling."
    );
}

#[test]
fn rules_about_other_namespaces_go_by_their_labels() {
    let mut catalog = Catalog::default();
    let space = json!({"metadata": {"name": "otro", "labels": {"equipo": "azul"}}});
    catalog.namespace_changed(&Change::Added(Arc::new(serde_json::from_value(space).unwrap())));
    let mut cache = cluster(|_| {});
    let mut there = pod("vecino", None);
    there.metadata.namespace = Some("otro".into());
    ["worker-1", "worker-2", "worker-3"].iter().zip(["a", "b", "c"]).for_each(|(node, uid)| {
        let mut pod = there.clone();
        pod.metadata.uid = Some(uid.into());
        cache.put_pod(node, Arc::new(PodFacts::of(&pod)));
    });
    let apart = |team: &str| {
        let rule = json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}},
            "namespaceSelector": {"matchLabels": {"equipo": team}}});
        json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [rule]}}})
    };
    let decide = |team: &str| {
        let facts = PodFacts::of(&pod_with("nuevo", &apart(team)));
        decide(&cache, &catalog, &facts, 0, &Names::seeded(1)).chosen.is_some()
    };
    assert!(!decide("azul"));
    assert!(decide("rojo"));
}

#[test]
fn pods_that_keep_apart_take_a_node_each() {
    let rule = json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}});
    let spec = json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [rule]}}});
    let mut cache = cluster(|_| {});
    let mut nodes: Vec<_> =
        (0..3).filter_map(|number| place(&mut cache, &pod_with(&number.to_string(), &spec))).collect();
    nodes.sort();
    assert_eq!(nodes, ["worker-1", "worker-2", "worker-3"]);
    let own = format!("0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules. {NO_VICTIMS}");
    assert_eq!(refused(&cache, &pod_with("4", &spec)), own);
    let theirs = "0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules.";
    assert_eq!(refused(&cache, &pod("5", None)), format!("{theirs} {NO_VICTIMS}"));
}

#[test]
fn a_host_port_is_one_pod_a_node() {
    let with_port = |name: &str| {
        let mut pod = pod(name, None);
        let port = ContainerPort { container_port: 80, host_port: Some(8088), ..ContainerPort::default() };
        pod.spec.as_mut().unwrap().containers[0].ports = Some(vec![port]);
        pod
    };
    let mut cache = cluster(|_| {});
    assert!((0..3).all(|number| place(&mut cache, &with_port(&number.to_string())).is_some()));
    let reason = "node(s) didn't have free ports for the requested pod ports";
    assert_eq!(refused(&cache, &with_port("4")), format!("0/3 nodes are available: 3 {reason}. {NO_VICTIMS}"));
}

#[test]
fn spreading_is_even_by_rule_and_by_default() {
    let count = |cache: &Cache| {
        let mut counts: Vec<_> = cache.nodes().iter().map(|node| node.pods.len()).collect();
        counts.sort_unstable();
        counts
    };
    let rule = json!({"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}}});
    let mut ruled = cluster(|_| {});
    for number in 0..6 {
        let pod = pod_with(&number.to_string(), &json!({"topologySpreadConstraints": [rule]}));
        assert!(place(&mut ruled, &pod).is_some());
    }
    assert_eq!(count(&ruled), [2, 2, 2]);
    let mut free = cluster(|_| {});
    assert!((0..9).all(|number| place(&mut free, &pod(&number.to_string(), None)).is_some()));
    assert_eq!(count(&free), [3, 3, 3]);
}

#[test]
fn too_many_pods_is_a_reason_beside_others() {
    let mut cache = cluster(|node| {
        let status = node.status.as_mut().unwrap();
        status.allocatable =
            Some(BTreeMap::from([("pods".into(), Quantity("1".into())), ("cpu".into(), Quantity("1".into()))]));
    });
    assert!((0..3).all(|number| place(&mut cache, &pod(&number.to_string(), Some("1"))).is_some()));
    let message = "0/3 nodes are available: 3 Insufficient cpu, 3 Too many pods.";
    assert_eq!(refused(&cache, &pod("4", Some("1"))), format!("{message} {NO_VICTIMS}"));
}

/// A pod with a claim of a name.
fn with_claim(name: &str, claim: &str) -> Pod {
    pod_with(name, &json!({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]}))
}

/// A catalogue with one claim, a class that waits for its first consumer and what else is put in.
fn storage(claim: &serde_json::Value, provisioner: &str, volumes: &[serde_json::Value]) -> Catalog {
    let mut catalog = Catalog::default();
    let class =
        json!({"metadata": {"name": "lenta"}, "provisioner": provisioner, "volumeBindingMode": "WaitForFirstConsumer"});
    catalog.class_changed(&Change::Added(Arc::new(serde_json::from_value(class).unwrap())));
    let mut whole = json!({"metadata": {"name": "datos", "namespace": "ns", "uid": "c"}, "spec": {"accessModes": ["ReadWriteOnce"],
        "storageClassName": "lenta", "resources": {"requests": {"storage": "1Gi"}}}});
    json_patch::merge(&mut whole, claim);
    catalog.claim_changed(&Change::Added(Arc::new(serde_json::from_value(whole).unwrap())));
    for volume in volumes {
        catalog.volume_changed(&Change::Added(Arc::new(serde_json::from_value(volume.clone()).unwrap())));
    }
    catalog
}

/// A free volume of so many Gi on a node.
fn volume(name: &str, size: u32, node: &str) -> serde_json::Value {
    let rule = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": [node]});
    json!({"metadata": {"name": name}, "status": {"phase": "Available"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "capacity": {"storage": format!("{size}Gi")}, "storageClassName": "lenta",
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}}}})
}

#[test]
fn a_pod_without_its_claim_waits_wherever_it_might_go() {
    let cache = cluster(|_| {});
    let say = |catalog: &Catalog, claim: &str| refused_with(&cache, catalog, &with_claim("a", claim));
    let words = |reason: &str| format!("0/3 nodes are available: {reason}. not found");
    let missing = words("persistentvolumeclaim \"no-hay\" not found");
    assert_eq!(say(&Catalog::default(), "no-hay"), missing);
    let immediate = storage(&json!({"spec": {"storageClassName": "otra"}}), "x", &[]);
    assert_eq!(say(&immediate, "datos"), words("pod has unbound immediate PersistentVolumeClaims"));
    let going = storage(&json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}), "x", &[]);
    assert_eq!(say(&going, "datos"), words("persistentvolumeclaim \"datos\" is being deleted"));
    let lost = storage(&json!({"status": {"phase": "Lost"}, "spec": {"volumeName": "pv"}}), "x", &[]);
    let text = "persistentvolumeclaim \"datos\" bound to non-existent persistentvolume \"pv\"";
    assert_eq!(say(&lost, "datos"), words(text));
}

#[test]
fn a_bound_volume_draws_its_pod_to_its_node() {
    let mut cache = cluster(|_| {});
    let bound =
        json!({"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}, "spec": {"volumeName": "pv"}});
    let catalog = storage(&bound, "x", &[volume("pv", 1, "worker-3")]);
    let facts = PodFacts::of(&with_claim("a", "datos"));
    assert_eq!(decide(&cache, &catalog, &facts, 0, &Names::seeded(1)).chosen.as_deref(), Some("worker-3"));
    cache.put_pod("worker-3", Arc::new(PodFacts::of(&pod("lleno", Some("2")))));
    let mut big = with_claim("b", "datos");
    big.spec.as_mut().unwrap().containers[0].resources =
        pod("x", Some("1")).spec.unwrap().containers[0].resources.clone();
    let text = refused_with(&cache, &catalog, &big);
    let reasons =
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't match PersistentVolume's node affinity.";
    assert!(text.starts_with(reasons), "{text}");
    let gone = refused_with(&cache, &storage(&bound, "x", &[]), &with_claim("c", "datos"));
    assert!(gone.contains("3 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"), "{gone}");
}

#[test]
fn a_waiting_claim_gets_the_smallest_volume_that_fits_or_has_one_made() {
    let cache = cluster(|_| {});
    let facts = PodFacts::of(&with_claim("a", "datos"));
    let decide = |catalog: &Catalog| decide(&cache, catalog, &facts, 0, &Names::seeded(1));
    let volumes = [volume("small", 0, "worker-2"), volume("big", 5, "worker-2"), volume("right", 2, "worker-2")];
    let given = decide(&storage(&json!({}), "kubernetes.io/no-provisioner", &volumes));
    assert_eq!((given.chosen.as_deref(), given.bindings.given[0].0.as_str()), (Some("worker-2"), "right"));
    let mut taken = storage(&json!({}), "kubernetes.io/no-provisioner", &volumes[2..]);
    taken.assume(&given.bindings.given, &[], "worker-2");
    let none = "3 node(s) didn't find available persistent volumes to bind";
    assert!(refused_with(&cache, &taken, &with_claim("b", "datos")).contains(none));
    let made = decide(&storage(&json!({}), "timonel.dev/local-path", &[]));
    assert_eq!(made.bindings.made.len(), 1);
    let selected = json!({"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "worker-1"}}});
    let there = decide(&storage(&selected, "timonel.dev/local-path", &[]));
    assert_eq!(there.chosen.as_deref(), Some("worker-1"), "where its volume is being made already");
}

#[test]
fn a_claim_for_one_pod_has_one_pod() {
    let mut cache = cluster(|_| {});
    let bound = json!({"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
        "spec": {"volumeName": "pv", "accessModes": ["ReadWriteOncePod"]}});
    let catalog = storage(&bound, "x", &[volume("pv", 1, "worker-3")]);
    cache.put_pod("worker-3", Arc::new(PodFacts::of(&with_claim("a", "datos"))));
    let text = refused_with(&cache, &catalog, &with_claim("b", "datos"));
    let reason = "3 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";
    assert!(text.contains(reason), "{text}");
}

#[test]
fn the_funnel_counts_what_came_to_each_filter() {
    let mut cache = cluster(|_| {});
    cache.put_pod("worker-1", Arc::new(PodFacts::of(&pod("lleno", Some("2")))));
    let facts = PodFacts::of(&pod("nuevo", Some("1")));
    let decision = decide(&cache, &Catalog::default(), &facts, 0, &Names::seeded(1));
    let mut log = Log::default();
    let result = log::Result { outcome: Outcome::Binding, message: None, victims: Vec::new() };
    log.push(&facts, 1, &decision, result, jiff::Timestamp::UNIX_EPOCH);
    log.settle("nuevo", Outcome::Bound);
    let told = log.after(0).items.remove(0);
    let counts: Vec<_> = told.filters.iter().map(|it| (it.name.as_str(), it.came, it.refused)).collect();
    assert_eq!(counts[0], ("NodeUnschedulable", 3, 0));
    assert_eq!(counts[5], ("NodeResourcesFit", 3, 1));
    assert_eq!(counts.last(), Some(&("InterPodAffinity", 2, 0)));
    assert_eq!(told.filters[5].reasons["worker-1"], ["Insufficient cpu"]);
    assert_eq!((told.scores.len(), told.scores[0].points.len(), told.outcome), (6, 2, Outcome::Bound));
    for number in 2..=300 {
        let result = log::Result { outcome: Outcome::Binding, message: None, victims: Vec::new() };
        log.push(&facts, number, &decision, result, jiff::Timestamp::UNIX_EPOCH);
    }
    assert_eq!((log.after(0).items.len(), log.after(299).items.len()), (256, 1));
}
