//! What is done next, as tables: (pod, state) → actions.

use serde_json::json;

use super::super::fixtures::{at, deleted, pod, simple, state};
use super::*;
use crate::kubelet::runtime::Exit;

#[track_caller]
fn check(pod: &Pod, state: &PodState, expected: &[&str]) {
    let text = |action: &Action| match action {
        Action::Start { name, attempt } => format!("start {name} {attempt}"),
        Action::Stop { name, grace, .. } => format!("stop {name} {}", grace.as_secs()),
        Action::Fail { reason, .. } => format!("fail {reason}"),
        other => format!("{other:?}"),
    };
    let actions: Vec<String> = plan(pod, state, Timing::Real, at(100)).actions.iter().map(text).collect();
    assert_eq!(actions, expected);
}

#[test]
fn the_sandbox_comes_first_and_then_every_container() {
    let web = simple("Always", &["a", "b"]);
    check(&web, &PodState::default(), &["RunSandbox"]);
    check(&web, &state(&web, &[]), &["start a 0", "start b 0"]);
    check(&web, &state(&web, &[("a", None)]), &["start b 0"]);
    check(&web, &state(&web, &[("a", None), ("b", None)]), &[]);
}

#[test]
fn ended_containers_are_restarted_as_the_policy_says() {
    let table: [(&str, i32, &[&str]); 5] = [
        ("Always", 0, &["start a 1"]),
        ("Always", 1, &["start a 1"]),
        ("OnFailure", 1, &["start a 1"]),
        ("OnFailure", 0, &[]),
        ("Never", 1, &[]),
    ];
    for (policy, code, expected) in table {
        let pod = simple(policy, &["a", "b"]);
        check(&pod, &state(&pod, &[("a", Some(code)), ("b", None)]), expected);
    }
}

#[test]
fn a_finished_pod_gives_its_address_back_once() {
    let job = simple("Never", &["a"]);
    let mut done = state(&job, &[("a", Some(0))]);
    check(&job, &done, &["StopSandbox"]);
    done.stopped = true;
    check(&job, &done, &[]);
}

#[test]
fn a_back_off_is_waited_for() {
    let web = simple("Always", &["a"]);
    let mut crashed = state(&web, &[("a", Some(1))]);
    let known = crashed.container("a");
    known.crash = known.crash.next(at(95), at(95), Timing::Real);
    known.current.as_mut().unwrap().exit = Some(Exit { code: 1, at: at(99), ..Exit::default() });
    let expected = Plan { actions: vec![], wake: Some(at(109)) };
    assert_eq!(plan(&web, &crashed, Timing::Real, at(100)), expected);
    assert_eq!(plan(&web, &crashed, Timing::Real, at(109)).actions.len(), 1);
}

#[test]
fn a_failed_pull_does_not_hold_the_others_back() {
    let web = simple("Always", &["a", "b"]);
    let mut failed = state(&web, &[]);
    let failure = Failure { reason: "ErrImagePull", message: String::new(), at: at(99), retry: at(109) };
    failed.container("a").failure = Some(failure);
    check(&web, &failed, &["start b 0"]);
    failed.container("a").failure.as_mut().unwrap().at = at(100);
    assert_eq!(plan(&web, &failed, Timing::Real, at(100)).wake, Some(at(101)), "to show ImagePullBackOff");
}

fn with_init() -> Pod {
    pod(json!({
        "initContainers": [
            { "name": "i1", "image": "i" },
            { "name": "side", "image": "i", "restartPolicy": "Always" },
            { "name": "i2", "image": "i" },
        ],
        "containers": [{ "name": "a", "image": "i" }],
    }))
}

/// The containers with their exits, and what is to be done.
type Row = (&'static [(&'static str, Option<i32>)], &'static [&'static str]);

#[test]
fn init_containers_go_one_by_one_and_sidecars_stay() {
    let pod = with_init();
    let table: [Row; 6] = [
        (&[], &["start i1 0"]),
        (&[("i1", None)], &[]),
        (&[("i1", Some(1))], &["start i1 1"]),
        (&[("i1", Some(0))], &["start side 0"]),
        (&[("i1", Some(0)), ("side", None)], &["start i2 0"]),
        (&[("i1", Some(0)), ("side", None), ("i2", Some(0))], &["start a 0"]),
    ];
    for (containers, expected) in table {
        check(&pod, &state(&pod, containers), expected);
    }
    let done = [("i1", Some(0)), ("side", Some(1)), ("i2", Some(0)), ("a", None)];
    check(&pod, &state(&pod, &done), &["start side 1"]);
}

#[test]
fn a_sidecar_that_has_not_started_holds_the_next() {
    let pod = with_init();
    let mut waiting = state(&pod, &[("i1", Some(0)), ("side", None)]);
    waiting.container("side").current.as_mut().unwrap().started = false;
    check(&pod, &waiting, &[]);
}

#[test]
fn a_new_sandbox_runs_init_containers_anew() {
    let pod = with_init();
    let mut lost = state(&pod, &[("i1", Some(0)), ("side", None), ("i2", Some(0)), ("a", None)]);
    lost.sandbox_lost(at(50));
    check(&pod, &lost, &["RunSandbox"]);
    lost.sandbox_up([10, 244, 1, 3].into());
    check(&pod, &lost, &["start i1 1"]);
}

#[test]
fn deletion_stops_containers_then_sidecars_then_everything() {
    let pod = deleted(with_init(), 30);
    let running = [("i1", Some(0)), ("side", None), ("i2", Some(0)), ("a", None)];
    let mut going = state(&pod, &running);
    check(&pod, &going, &["stop a 30"]);
    going.container("a").current.as_mut().unwrap().stopping = Some(at(130));
    check(&pod, &going, &[]);
    check(&deleted(with_init(), 0), &going, &["stop a 0"]);
    going = state(&pod, &[("i1", Some(0)), ("side", None), ("i2", Some(0)), ("a", Some(0))]);
    check(&pod, &going, &["stop side 30"]);
    going = state(&pod, &[("i1", Some(0)), ("side", Some(0)), ("i2", Some(0)), ("a", Some(0))]);
    check(&pod, &going, &["RemoveSandbox"]);
    going.removed = true;
    check(&pod, &going, &["Finalize"]);
}

#[test]
fn a_condemned_or_changed_container_is_stopped_once() {
    let web = simple("Always", &["a"]);
    let mut sick = state(&web, &[("a", None)]);
    sick.container("a").current.as_mut().unwrap().condemned = Some("enfermo".into());
    check(&web, &sick, &["stop a 30"]);
    sick.container("a").current.as_mut().unwrap().stopping = Some(at(120));
    check(&web, &sick, &[]);
    let mut changed = state(&web, &[("a", None)]);
    changed.container("a").current.as_mut().unwrap().hash = "otro".into();
    check(&web, &changed, &["stop a 30"]);
}

#[test]
fn a_deadline_fails_the_pod() {
    let mut spec = json!({ "activeDeadlineSeconds": 60, "containers": [{ "name": "a", "image": "i" }] });
    let late = pod(spec.clone());
    check(&late, &state(&late, &[("a", None)]), &["fail DeadlineExceeded"]);
    spec["activeDeadlineSeconds"] = json!(200);
    let early = pod(spec);
    assert_eq!(plan(&early, &state(&early, &[("a", None)]), Timing::Real, at(100)).wake, Some(at(200)));
    let mut failed = state(&late, &[("a", None)]);
    failed.verdict = Some(("DeadlineExceeded", String::new()));
    check(&late, &failed, &["stop a 30"]);
}
