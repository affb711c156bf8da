//! What follows from each change of the graph of owners.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};

use super::graph::{Attempt, Graph, Node, Task};
use super::{FOREGROUND, ORPHAN};

fn node(uid: &str, owner: Option<&str>, finalizer: Option<&str>) -> Node {
    let owner = owner.map(|uid| OwnerReference {
        uid: uid.into(),
        block_owner_deletion: Some(true),
        ..OwnerReference::default()
    });
    let meta = ObjectMeta {
        name: Some(uid.into()),
        uid: Some(uid.into()),
        owner_references: owner.map(|owner| vec![owner]),
        deletion_timestamp: finalizer.map(|_| Time(Timestamp::UNIX_EPOCH)),
        finalizers: finalizer.map(|name| vec![name.into()]),
        ..ObjectMeta::default()
    };
    Node::new("v1", "Pod", &meta)
}

fn delete(uid: &str) -> Task {
    Task::Delete(uid.into())
}

#[test]
fn the_end_of_an_owner_is_looked_at_in_each_dependent() {
    let mut graph = Graph::default();
    assert_eq!(graph.put(node("rs", None, None)), []);
    assert_eq!(graph.put(node("pod", Some("rs"), None)), []);
    assert_eq!(graph.remove("rs"), [delete("pod")]);
    assert!(matches!(graph.decide("pod"), Attempt::Owned(_)));
    assert_eq!(graph.owner_state("rs"), None);
}

#[test]
fn a_dependent_that_comes_before_its_owner_is_looked_at() {
    let mut graph = Graph::default();
    assert_eq!(graph.put(node("pod", Some("rs"), None)), [delete("pod")]);
    graph.put(node("rs", None, None));
    assert_eq!(graph.owner_state("rs"), Some(false));
}

#[test]
fn in_the_foreground_the_owner_waits_for_its_dependents() {
    let mut graph = Graph::default();
    graph.put(node("rs", None, None));
    graph.put(node("pod", Some("rs"), None));
    assert_eq!(graph.put(node("rs", None, Some(FOREGROUND))), [delete("pod"), delete("rs")]);
    assert_eq!(graph.decide("rs"), Attempt::Each(vec!["pod".into()]));
    assert_eq!(graph.owner_state("rs"), Some(true));
    assert_eq!(graph.remove("pod"), [delete("rs")]);
    assert!(matches!(graph.decide("rs"), Attempt::Finish(_, FOREGROUND)));
}

#[test]
fn orphans_are_let_go_before_their_owner_goes() {
    let mut graph = Graph::default();
    graph.put(node("rs", None, None));
    graph.put(node("pod", Some("rs"), None));
    assert_eq!(graph.put(node("rs", None, Some(ORPHAN))), [Task::Orphan("rs".into())]);
    let Attempt::Release(owner, dependents) = graph.orphan("rs") else { panic!("not released") };
    assert_eq!((owner.uid.as_str(), dependents[0].uid.as_str()), ("rs", "pod"));
    graph.put(node("pod", None, None));
    let Attempt::Release(_, dependents) = graph.orphan("rs") else { panic!("not released") };
    assert!(dependents.is_empty());
}
