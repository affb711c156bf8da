//! What is reported, as tables.

use serde_json::json;

use super::super::fixtures::{at, pod, simple, state};
use super::super::state::Failure;
use super::*;

type Containers<'a> = &'a [(&'a str, Option<i32>)];

fn report(pod: &Pod, state: &PodState) -> Value {
    let host = Host { ip: [192, 168, 0, 1].into(), scheme: "embedded".into() };
    serde_json::to_value(status(pod, state, &host, Timing::Real, at(100))).unwrap()
}

#[test]
fn phases_follow_the_containers() {
    let table: [(&str, Containers, &str); 8] = [
        ("Always", &[], "Pending"),
        ("Always", &[("a", None)], "Pending"),
        ("Always", &[("a", None), ("b", None)], "Running"),
        ("Always", &[("a", Some(1)), ("b", Some(0))], "Running"),
        ("OnFailure", &[("a", Some(1)), ("b", Some(0))], "Running"),
        ("OnFailure", &[("a", Some(0)), ("b", Some(0))], "Succeeded"),
        ("Never", &[("a", Some(0)), ("b", Some(2))], "Failed"),
        ("Never", &[("a", Some(2)), ("b", None)], "Running"),
    ];
    for (policy, containers, expected) in table {
        let pod = simple(policy, &["a", "b"]);
        assert_eq!(phase(&pod, &state(&pod, containers)), expected, "{policy} {containers:?}");
    }
}

#[test]
fn an_unready_container_makes_the_pod_unready_and_is_named() {
    let web = simple("Always", &["a", "b"]);
    let mut half = state(&web, &[("a", None), ("b", None)]);
    half.container("b").current.as_mut().unwrap().ready = false;
    let report = report(&web, &half);
    let ready = report["conditions"].as_array().unwrap().iter().find(|it| it["type"] == "Ready").unwrap().clone();
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("False"), &json!("ContainersNotReady")));
    assert_eq!(ready["message"], "containers with unready status: [b]");
}

#[test]
fn pull_errors_turn_into_back_off_after_a_moment() {
    let web = simple("Always", &["a"]);
    let mut failed = state(&web, &[]);
    let failure = |seconds| Failure { reason: "ErrImagePull", message: "no".into(), at: at(seconds), retry: at(200) };
    for (since, reason, message) in
        [(100, "ErrImagePull", "no"), (90, "ImagePullBackOff", "Back-off pulling image \"i\": ErrImagePull: no")]
    {
        failed.container("a").failure = Some(failure(since));
        let waiting = report(&web, &failed)["containerStatuses"][0]["state"]["waiting"].clone();
        assert_eq!((&waiting["reason"], &waiting["message"]), (&json!(reason), &json!(message)));
    }
}

#[test]
fn quality_of_service_follows_requests_and_limits() {
    let class = |resources: Value| qos_class(&pod(json!({ "containers": [{ "name": "a", "resources": resources }] })));
    assert_eq!(class(json!({})), "BestEffort");
    assert_eq!(class(json!({ "requests": { "cpu": "1" } })), "Burstable");
    let all = json!({ "cpu": "1", "memory": "1Gi" });
    assert_eq!(class(json!({ "requests": all, "limits": all })), "Guaranteed");
    assert_eq!(class(json!({ "requests": { "cpu": "500m" }, "limits": all })), "Burstable");
}

#[test]
fn only_differences_are_patched() {
    let old = json!({ "a": 1, "b": { "c": 1, "d": 2 }, "e": [1] });
    assert_eq!(merge_diff(&old, &old), None);
    let new = json!({ "b": { "c": 1, "d": 3 }, "e": [1, 2], "f": true });
    assert_eq!(merge_diff(&old, &new), Some(json!({ "a": null, "b": { "d": 3 }, "e": [1, 2], "f": true })));
}

#[test]
fn a_pod_that_the_node_does_not_take_tells_why_and_nothing_of_containers() {
    let mut web = simple("Always", &["a"]);
    let refused = PodState { verdict: Some(("NodePorts", "no".into())), rejected: true, ..state(&web, &[]) };
    let told = report(&web, &refused);
    assert_eq!(
        (&told["phase"], &told["reason"], &told["message"]),
        (&json!("Failed"), &json!("NodePorts"), &json!("no"))
    );
    assert_eq!((&told["containerStatuses"], &told["conditions"]), (&Value::Null, &Value::Null));
    web.status = serde_json::from_value(told.clone()).unwrap();
    let adopted = PodState::adopt(&web, None, at(200));
    assert_eq!(report(&web, &adopted), told, "also after a restart of the kubelet");
    assert!(plan::plan(&web, &adopted, Timing::Real, at(200)).actions.is_empty());
}

#[test]
fn a_pod_that_has_failed_stays_so_whatever_its_policy() {
    let mut web = simple("Always", &["a"]);
    web.status = serde_json::from_value(json!({ "phase": "Failed", "reason": "Evicted" })).unwrap();
    let ended = state(&web, &[("a", Some(0))]);
    assert_eq!(report(&web, &ended)["phase"], "Failed");
    assert!(
        !plan::plan(&web, &ended, Timing::Real, at(200))
            .actions
            .iter()
            .any(|it| matches!(it, plan::Action::Start { .. }))
    );
}
