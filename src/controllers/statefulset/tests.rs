//! The order in which a StatefulSet makes, replaces and removes its pods, and whose its claims are.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet, StatefulSetStatus};
use kube::ResourceExt;
use serde_json::{Value, json};

use super::identity::{claims, new_pod};
use super::plan::{Action, Look};
use super::retention::{corrected, is_stale};
use crate::client::pod::Pod;
use crate::controllers::history;

/// A set of three; `more` is merged into its spec.
fn set(more: Value) -> StatefulSet {
    let mut spec = json!({
        "replicas": 3, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
        "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": []}},
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
    });
    json_patch::merge(&mut spec, &more);
    let meta = json!({"name": "db", "namespace": "ns", "uid": "set", "generation": 1});
    serde_json::from_value(json!({"metadata": meta, "spec": spec})).unwrap()
}

fn revision(set: &StatefulSet, name: &str) -> ControllerRevision {
    let template = &set.spec.as_ref().unwrap().template;
    let mut revision = ControllerRevision { data: Some(history::data(template)), ..ControllerRevision::default() };
    revision.metadata.name = Some(name.into());
    revision
}

/// The pod of an ordinal: its revision, and `ready`, `waiting`, `failed` or `going`.
fn pod(set: &StatefulSet, ordinal: i32, revision: &str, state: &str) -> Arc<Pod> {
    let mut pod = new_pod(set, ordinal, &set.spec.as_ref().unwrap().template, revision);
    pod.metadata.uid = Some(format!("uid-{ordinal}-{revision}"));
    let phase = match state {
        "ready" | "going" => "Running",
        "failed" => "Failed",
        _ => "Pending",
    };
    let ready = if state == "ready" { "True" } else { "False" };
    pod.status =
        serde_json::from_value(json!({"phase": phase, "conditions": [{"type": "Ready", "status": ready}]})).ok();
    if state == "going" {
        pod.metadata.deletion_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(Timestamp::UNIX_EPOCH));
    }
    Arc::new(pod)
}

/// The writes in short, and the status after them; `old` is what runs and `new` what is rolled out.
fn look(set: &StatefulSet, pods: &[Arc<Pod>]) -> (Vec<String>, StatefulSetStatus) {
    let (current, update) = (revision(set, "old"), revision(set, "new"));
    let look = Look { set, pods, current: &current, update: &update, claim: &|_| None, now: Timestamp::UNIX_EPOCH };
    let actions = look.plan();
    let status = look.status(&actions, 0);
    (actions.iter().map(told).collect(), status)
}

fn told(action: &Action) -> String {
    match action {
        Action::Claims(ordinal) => format!("claims {ordinal}"),
        Action::Create(_, pod) => format!("+{}", pod.name_any()),
        Action::Delete(pod) => format!("-{}", pod.name_any()),
        Action::Identify(_, pod) => format!("identify {}", pod.name_any()),
        Action::Own(claim) => format!("own {}", claim.name_any()),
    }
}

fn steps(set: &StatefulSet, pods: &[Arc<Pod>]) -> Vec<String> {
    look(set, pods).0
}

fn all(set: &StatefulSet, revision: &str, states: &[&str]) -> Vec<Arc<Pod>> {
    (0..).zip(states).map(|(ordinal, state)| pod(set, ordinal, revision, state)).collect()
}

#[test]
fn in_order_each_waits_for_the_one_before() {
    let set = set(json!({}));
    assert_eq!(steps(&set, &[]), ["+db-0"]);
    assert!(steps(&set, &all(&set, "new", &["waiting"])).is_empty());
    assert_eq!(steps(&set, &all(&set, "new", &["ready"])), ["+db-1"]);
    assert!(steps(&set, &all(&set, "new", &["ready", "ready", "ready"])).is_empty());
    let hole = [pod(&set, 0, "new", "ready"), pod(&set, 2, "new", "ready")];
    assert_eq!(steps(&set, &hole), ["+db-1"]);
}

#[test]
fn in_parallel_nobody_waits() {
    let set = set(json!({"podManagementPolicy": "Parallel"}));
    assert_eq!(steps(&set, &[]), ["+db-0", "+db-1", "+db-2"]);
}

#[test]
fn a_failed_pod_is_removed_and_its_place_taken_again() {
    let set = set(json!({}));
    assert_eq!(steps(&set, &all(&set, "new", &["ready", "failed"])), ["-db-1"]);
}

#[test]
fn shrinking_goes_from_the_last() {
    let set = set(json!({"replicas": 1}));
    assert_eq!(steps(&set, &all(&set, "new", &["ready", "ready", "ready"])), ["-db-2"]);
    assert!(steps(&set, &all(&set, "new", &["ready", "ready", "going"])).is_empty());
    assert!(steps(&set, &all(&set, "new", &["waiting", "ready", "ready"])).is_empty(), "the first must be well");
    let parallel = self::set(json!({"replicas": 1, "podManagementPolicy": "Parallel"}));
    assert_eq!(steps(&parallel, &all(&parallel, "new", &["ready", "ready", "ready"])), ["-db-2", "-db-1"]);
}

#[test]
fn a_roll_out_goes_from_the_last_down_to_the_partition() {
    let plain = set(json!({}));
    let old = all(&plain, "old", &["ready", "ready", "ready"]);
    assert_eq!(steps(&plain, &old), ["-db-2"]);
    let next = [old[0].clone(), old[1].clone(), pod(&plain, 2, "new", "ready")];
    assert_eq!(steps(&plain, &next), ["-db-1"]);
    let partitioned = set(json!({"updateStrategy": {"rollingUpdate": {"partition": 2}}}));
    assert!(steps(&partitioned, &next).is_empty());
    let by_hand = set(json!({"updateStrategy": {"type": "OnDelete", "rollingUpdate": null}}));
    assert!(steps(&by_hand, &old).is_empty());
    let faster = set(json!({"updateStrategy": {"rollingUpdate": {"maxUnavailable": 2}}}));
    assert_eq!(steps(&faster, &old), ["-db-2", "-db-1"]);
}

#[test]
fn below_the_partition_a_lost_pod_comes_back_as_it_was() {
    let set = set(json!({"updateStrategy": {"rollingUpdate": {"partition": 1}}}));
    let (current, update) = (revision(&set, "old"), revision(&set, "new"));
    let look =
        Look { set: &set, pods: &[], current: &current, update: &update, claim: &|_| None, now: Timestamp::UNIX_EPOCH };
    let [Action::Create(0, first)] = &look.plan()[..] else { panic!("not one creation") };
    assert_eq!(first.labels()["controller-revision-hash"], "old");
    assert_eq!(first.spec.as_ref().unwrap().subdomain.as_deref(), Some("db"));
    assert_eq!(first.labels()["apps.kubernetes.io/pod-index"], "0");
}

#[test]
fn ordinals_may_start_elsewhere() {
    let set = set(json!({"ordinals": {"start": 5}, "replicas": 1}));
    assert_eq!(steps(&set, &[]), ["+db-5"]);
}

#[test]
fn the_status_ends_with_the_new_revision_as_the_current() {
    let set = set(json!({}));
    let (_, during) = look(&set, &[pod(&set, 0, "old", "ready"), pod(&set, 1, "new", "ready")]);
    assert_eq!((during.current_replicas, during.updated_replicas, during.replicas), (Some(1), Some(2), 3));
    assert_eq!(during.current_revision.as_deref(), Some("old"));
    let (_, after) = look(&set, &all(&set, "new", &["ready", "ready", "ready"]));
    assert_eq!((after.current_replicas, after.current_revision.as_deref()), (Some(3), Some("new")));
}

fn with_claims(policy: Value) -> StatefulSet {
    let template = json!({"metadata": {"name": "datos"}, "spec": {"accessModes": ["ReadWriteOnce"]}});
    set(json!({"volumeClaimTemplates": [template], "persistentVolumeClaimRetentionPolicy": policy}))
}

#[test]
fn each_ordinal_has_claims_of_its_own() {
    let set = with_claims(json!({}));
    let claim = &claims(&set, 1)[0];
    assert_eq!((claim.name_any().as_str(), claim.labels()["app"].as_str()), ("datos-db-1", "db"));
    let pod = new_pod(&set, 1, &set.spec.as_ref().unwrap().template, "new");
    let volume = &pod.spec.as_ref().unwrap().volumes.as_ref().unwrap()[0];
    assert_eq!(volume.persistent_volume_claim.as_ref().unwrap().claim_name, "datos-db-1");
    assert_eq!(steps(&set, &all(&set, "new", &["waiting"])), ["claims 0"], "a waiting pod's lost claim comes back");
}

#[test]
fn the_retention_policy_says_whose_a_claim_is() {
    let owners = |policy: Value, ordinal: i32| {
        let set = with_claims(policy);
        let claim = claims(&set, ordinal).remove(0);
        let claim = corrected(&set, ordinal, &pod(&set, ordinal, "new", "ready"), &claim).unwrap_or(claim);
        let kinds = claim.metadata.owner_references.unwrap_or_default().into_iter().map(|owner| owner.kind);
        kinds.collect::<Vec<_>>().join(",")
    };
    assert_eq!(owners(json!({"whenDeleted": "Retain", "whenScaled": "Retain"}), 0), "");
    assert_eq!(owners(json!({"whenDeleted": "Delete", "whenScaled": "Retain"}), 0), "StatefulSet");
    assert_eq!(owners(json!({"whenDeleted": "Retain", "whenScaled": "Delete"}), 0), "");
    assert_eq!(owners(json!({"whenDeleted": "Retain", "whenScaled": "Delete"}), 7), "Pod");
    assert_eq!(owners(json!({"whenDeleted": "Delete", "whenScaled": "Delete"}), 0), "StatefulSet");
    assert_eq!(owners(json!({"whenDeleted": "Delete", "whenScaled": "Delete"}), 7), "Pod");
}

#[test]
fn a_pod_waits_for_the_claim_of_its_predecessor_to_go() {
    let set = with_claims(json!({"whenDeleted": "Retain", "whenScaled": "Delete"}));
    let old = pod(&set, 7, "new", "ready");
    let claim = corrected(&set, 7, &old, &claims(&set, 7)[0]).unwrap();
    let new = new_pod(&set, 7, &set.spec.as_ref().unwrap().template, "new");
    assert!(is_stale(&claim, &new) && !is_stale(&claim, &old));
}

#[test]
fn a_revision_keeps_the_template() {
    let set = set(json!({}));
    let kept = revision(&set, "x");
    assert_eq!(history::template(&kept).as_ref(), Some(&set.spec.as_ref().unwrap().template));
}
