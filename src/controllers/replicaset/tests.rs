//! Plans of the `ReplicaSet` controller: objects in, decisions out.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetSpec};
use k8s_openapi::api::core::v1::{PodCondition, PodSpec, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

use super::counts_alike;
use super::plan::{Need, need, next_look, status_of};
use crate::client::informer::Change;
use crate::client::pod::Pod;

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn set(replicas: i32) -> ReplicaSet {
    let spec = ReplicaSetSpec { replicas: Some(replicas), ..ReplicaSetSpec::default() };
    ReplicaSet { spec: Some(spec), ..ReplicaSet::default() }
}

fn pod(name: &str, node: Option<&str>, ready: Option<i64>) -> Arc<Pod> {
    let ready = ready.map(|ago| PodCondition {
        type_: "Ready".into(),
        status: "True".into(),
        last_transition_time: Some(Time(now() - SignedDuration::from_secs(ago))),
        ..PodCondition::default()
    });
    Arc::new(Pod {
        metadata: ObjectMeta { name: Some(name.into()), uid: Some(name.into()), ..ObjectMeta::default() },
        spec: Some(PodSpec { node_name: node.map(Into::into), ..PodSpec::default() }.into()),
        status: Some(PodStatus {
            phase: Some(if node.is_some() { "Running" } else { "Pending" }.into()),
            conditions: ready.map(|ready| vec![ready]),
            ..PodStatus::default()
        }),
    })
}

fn goes(set: &ReplicaSet, pods: &[Arc<Pod>]) -> Vec<String> {
    let Need::Delete(pods) = need(set, pods, pods, now()) else { return Vec::new() };
    pods.iter().map(|pod| pod.metadata.name.clone().unwrap_or_default()).collect()
}

#[test]
fn creates_what_is_missing_at_most_a_burst() {
    assert_eq!(need(&set(3), &[], &[], now()), Need::Create(3));
    assert_eq!(need(&set(900), &[], &[], now()), Need::Create(500));
    assert_eq!(need(&set(1), &[pod("a", None, None)], &[], now()), Need::Nothing);
}

#[test]
fn the_least_useful_pods_go_first() {
    let pods = [
        pod("old", Some("n1"), Some(10_000)),
        pod("crowded", Some("n2"), Some(10_000)),
        pod("crowd", Some("n2"), Some(20_000)),
        pod("unready", Some("n3"), None),
        pod("unassigned", None, None),
    ];
    assert_eq!(goes(&set(4), &pods), ["unassigned"]);
    assert_eq!(goes(&set(3), &pods), ["unassigned", "unready"]);
    assert_eq!(goes(&set(2), &pods), ["unassigned", "unready", "crowded"]);
}

#[test]
fn among_equals_the_newest_goes() {
    let pods = [pod("old", Some("n1"), Some(10_000)), pod("new", Some("n2"), Some(10))];
    assert_eq!(goes(&set(1), &pods), ["new"]);
}

#[test]
fn an_annotation_is_nothing_to_a_set_and_all_that_it_counts_is() {
    let old = pod("a", Some("n1"), Some(60));
    let alike = |change: &dyn Fn(&mut Pod)| {
        let mut new = (*old).clone();
        change(&mut new);
        counts_alike(&Change::Updated { old: old.clone(), new: Arc::new(new) })
    };
    assert!(alike(&|pod| pod.metadata.annotations = Some([("n".into(), "1".into())].into())));
    assert!(!alike(&|pod| pod.metadata.labels = Some([("app".into(), "b".into())].into())));
    assert!(!alike(&|pod| pod.metadata.owner_references = Some(Vec::new())));
    assert!(!alike(&|pod| pod.metadata.deletion_timestamp = Some(Time(now()))));
    assert!(!alike(&|pod| pod.status.as_mut().unwrap().phase = Some("Failed".into())));
    assert!(!alike(&|pod| pod.status.as_mut().unwrap().conditions = None));
    assert!(!counts_alike(&Change::Added(old.clone())));
}

#[test]
fn the_status_counts_and_min_ready_seconds_delays_availability() {
    let mut set = set(3);
    set.metadata.generation = Some(7);
    if let Some(spec) = &mut set.spec {
        spec.min_ready_seconds = Some(30);
    }
    let pods = [pod("a", Some("n1"), Some(60)), pod("b", Some("n1"), Some(10)), pod("c", None, None)];
    let status = status_of(&set, &pods, None, now());
    assert_eq!((status.replicas, status.ready_replicas, status.available_replicas), (3, Some(2), Some(1)));
    assert_eq!((status.observed_generation, status.fully_labeled_replicas), (Some(7), Some(3)));
    assert_eq!(next_look(&set, &pods, now()).map(|wait| wait.as_secs()), Some(20));
}

#[test]
fn a_refusal_is_a_condition_until_it_is_over() {
    let mut set = set(3);
    let failed = status_of(&set, &[], Some("exceeded quota".into()), now());
    let condition = &failed.conditions.as_ref().unwrap()[0];
    assert_eq!((condition.type_.as_str(), condition.reason.as_deref()), ("ReplicaFailure", Some("FailedCreate")));
    set.status = Some(failed);
    assert_eq!(status_of(&set, &[], None, now()).conditions, None);
}
