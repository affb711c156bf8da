//! Where a DaemonSet's pods belong, and how a new version reaches every node.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::nodes::{Fitness, fitness, new_pod, target};
use super::plan::{Look, Steps};
use crate::client::pod::Pod;

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

/// A set; `template` is merged into its template, `rolling` is its rollingUpdate.
fn set(template: Value, rolling: Value) -> DaemonSet {
    let mut all = json!({"metadata": {"labels": {"app": "agente"}}, "spec": {"containers": []}});
    json_patch::merge(&mut all, &template);
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": rolling});
    let spec = json!({"selector": {"matchLabels": {"app": "agente"}}, "template": all, "updateStrategy": strategy});
    let annotations = json!({"deprecated.daemonset.template.generation": "4"});
    let meta = json!({"name": "agente", "namespace": "ns", "uid": "ds", "generation": 2, "annotations": annotations});
    serde_json::from_value(json!({"metadata": meta, "spec": spec})).unwrap()
}

fn plain() -> DaemonSet {
    set(json!({}), json!({"maxUnavailable": 1, "maxSurge": 0}))
}

fn node(name: &str, more: Value) -> Arc<Node> {
    let mut node = json!({"metadata": {"name": name, "labels": {"disco": "ssd"}}, "spec": {}});
    json_patch::merge(&mut node, &more);
    Arc::new(serde_json::from_value(node).unwrap())
}

fn three() -> Vec<Arc<Node>> {
    ["n1", "n2", "n3"].map(|name| node(name, json!({}))).into()
}

/// A pod of a revision on a node, ready or not.
fn pod(name: &str, on: &str, revision: &str, ready: bool) -> Arc<Pod> {
    let ready = json!({"type": "Ready", "status": if ready { "True" } else { "False" }});
    let labels = json!({"app": "agente", "controller-revision-hash": revision});
    Arc::new(
        serde_json::from_value(json!({
            "metadata": {"name": name, "namespace": "ns", "uid": name, "labels": labels},
            "spec": {"nodeName": on, "containers": []},
            "status": {"phase": "Running", "conditions": [ready]},
        }))
        .unwrap(),
    )
}

fn names(pods: &[Arc<Pod>]) -> Vec<String> {
    pods.iter().map(|pod| pod.name_any()).collect()
}

fn manage(set: &DaemonSet, nodes: &[Arc<Node>], pods: &[Arc<Pod>]) -> Steps {
    Look::new(set, nodes, pods, "new", now()).manage(&|_| None)
}

fn roll(set: &DaemonSet, pods: &[Arc<Pod>]) -> Steps {
    Look::new(set, &three(), pods, "new", now()).roll()
}

#[test]
fn it_belongs_where_selector_and_taints_let_it() {
    let everywhere = Fitness { should_run: true, may_stay: true };
    let nowhere = Fitness { should_run: false, may_stay: false };
    assert_eq!(fitness(&plain(), &node("n", json!({}))), everywhere);
    let picky = set(json!({"spec": {"nodeSelector": {"disco": "cinta"}}}), json!({}));
    assert_eq!(fitness(&picky, &node("n", json!({}))), nowhere);
    let tainted = |key: &str, effect: &str| node("n", json!({"spec": {"taints": [{"key": key, "effect": effect}]}}));
    assert_eq!(fitness(&plain(), &tainted("x", "NoSchedule")), Fitness { should_run: false, may_stay: true });
    assert_eq!(fitness(&plain(), &tainted("x", "NoExecute")), nowhere);
    assert_eq!(fitness(&plain(), &tainted("x", "PreferNoSchedule")), everywhere);
    assert_eq!(fitness(&plain(), &tainted("node.kubernetes.io/unreachable", "NoExecute")), everywhere);
    assert_eq!(fitness(&plain(), &tainted("node.kubernetes.io/unschedulable", "NoSchedule")), everywhere);
    let network = tainted("node.kubernetes.io/network-unavailable", "NoSchedule");
    assert!(!fitness(&plain(), &network).should_run);
    let on_host = set(json!({"spec": {"hostNetwork": true}}), json!({}));
    assert_eq!(fitness(&on_host, &network), everywhere);
}

#[test]
fn a_pod_is_pinned_to_its_node() {
    let pod = new_pod(&plain(), "n2", "abc");
    assert_eq!((target(&pod), pod.metadata.generate_name.as_deref()), (Some("n2"), Some("agente-")));
    let labels = pod.labels();
    assert_eq!((labels["controller-revision-hash"].as_str(), labels["pod-template-generation"].as_str()), ("abc", "4"));
    assert_eq!(pod.spec.unwrap().tolerations.as_ref().unwrap().len(), 6);
}

#[test]
fn each_node_gets_one_and_keeps_the_oldest() {
    let steps = manage(&plain(), &three(), &[pod("a", "n1", "new", true)]);
    assert_eq!((steps.create, steps.delete), (vec!["n2".into(), "n3".into()], vec![]));
    let doubled = [pod("a", "n1", "new", true), pod("b", "n1", "new", true)];
    assert_eq!(names(&manage(&plain(), &three()[..1], &doubled).delete), ["b"]);
}

#[test]
fn what_does_not_belong_goes() {
    let nodes = [node("n1", json!({"spec": {"taints": [{"key": "x", "effect": "NoExecute"}]}}))];
    assert_eq!(names(&manage(&plain(), &nodes, &[pod("a", "n1", "new", true)]).delete), ["a"]);
    let mut waiting = new_pod(&plain(), "gone", "new");
    waiting.metadata.name = Some("w".into());
    assert_eq!(names(&manage(&plain(), &nodes[..0], &[Arc::new(waiting)]).delete), ["w"]);
}

#[test]
fn a_failed_pod_is_removed_but_not_again_and_again() {
    let mut failed = (*pod("a", "n1", "new", false)).clone();
    failed.status.as_mut().unwrap().phase = Some("Failed".into());
    let (set, nodes, pods) = (plain(), three(), [Arc::new(failed)]);
    let look = Look::new(&set, &nodes[..1], &pods, "new", now());
    assert_eq!(look.manage(&|_| None).ended.len(), 1);
    let later = look.manage(&|_| Some(Duration::from_secs(4)));
    assert_eq!((later.delete, later.again), (vec![], Some(Duration::from_secs(4))));
}

#[test]
fn a_roll_out_misses_no_more_than_it_may() {
    let set = plain();
    let old = ["n1", "n2", "n3"].map(|on| pod(on, on, "old", true));
    assert_eq!(names(&roll(&set, &old).delete), ["n1"]);
    let half = [pod("n1", "n1", "new", false), old[1].clone(), old[2].clone()];
    assert!(roll(&set, &half).delete.is_empty(), "the new one is not available yet");
    let next = [pod("n1", "n1", "new", true), old[1].clone(), old[2].clone()];
    assert_eq!(names(&roll(&set, &next).delete), ["n2"]);
    let broken = [pod("b1", "n1", "old", false), pod("b2", "n2", "old", false), old[2].clone()];
    assert_eq!(names(&roll(&set, &broken).delete), ["b1", "b2"], "what is broken is replaced at once");
}

#[test]
fn with_a_surge_the_new_one_comes_first() {
    let set = set(json!({}), json!({"maxUnavailable": 0, "maxSurge": 1}));
    let old = ["n1", "n2", "n3"].map(|on| pod(on, on, "old", true));
    let steps = roll(&set, &old);
    assert_eq!((steps.create, steps.delete.len()), (vec!["n1".into()], 0));
    let both = |ready| [vec![pod("x", "n1", "new", ready)], old.to_vec()].concat();
    assert_eq!(roll(&set, &both(false)), Steps::default());
    let over = roll(&set, &both(true));
    assert_eq!((over.create, names(&over.delete)), (vec!["n2".into()], vec!["n1".into()]));
    assert!(manage(&set, &three(), &both(false)).delete.is_empty(), "two may live side by side");
    assert_eq!(names(&manage(&set, &three(), &both(true)).delete), ["n1"]);
}

#[test]
fn the_status_counts_nodes() {
    let (set, nodes) = (plain(), three());
    let pods = [pod("a", "n1", "new", true), pod("b", "n2", "old", false), pod("c", "lost", "old", true)];
    let look = Look::new(&set, &nodes, &pods, "new", now());
    let status = look.status(true);
    assert_eq!((status.desired_number_scheduled, status.current_number_scheduled, status.number_ready), (3, 2, 1));
    assert_eq!((status.updated_number_scheduled, status.number_unavailable), (Some(1), Some(2)));
    assert_eq!((status.observed_generation, look.status(false).observed_generation), (Some(2), None));
}
