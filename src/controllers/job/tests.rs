//! What a Job finds, decides and counts: pods in, moves and status out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::Job;
use serde_json::{Value, json};

use super::backoff::Failures;
use super::facts::Facts;
use super::indexes::Indexes;
use super::manage::Move;
use super::pods::{FINALIZER, index_of};
use super::verdict::Ending;
use crate::base::clock::Timing;
use crate::client::pod::Pod;

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn ago(seconds: i64) -> String {
    (now() - SignedDuration::from_secs(seconds)).to_string()
}

fn merge(base: &mut Value, over: Value) {
    json_patch::merge(base, &over);
}

/// A Job of three pods, two at once; `more` is merged into its spec.
fn job(more: Value) -> Job {
    let mut spec = json!({
        "completions": 3, "parallelism": 2, "backoffLimit": 6, "completionMode": "NonIndexed",
        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}},
    });
    merge(&mut spec, more);
    let meta = json!({"name": "tarea", "namespace": "ns", "uid": "job"});
    serde_json::from_value(json!({"metadata": meta, "spec": spec, "status": {"startTime": ago(60)}})).unwrap()
}

/// A pod in a phase; `more` is merged into the whole.
fn pod(name: &str, phase: &str, more: Value) -> Arc<Pod> {
    let mut pod = json!({
        "metadata": {"name": name, "namespace": "ns", "uid": name, "finalizers": [FINALIZER]},
        "status": {"phase": phase},
    });
    merge(&mut pod, more);
    Arc::new(serde_json::from_value(pod).unwrap())
}

fn indexed(name: &str, phase: &str, index: i32) -> Arc<Pod> {
    let index = index.to_string();
    pod(name, phase, json!({"metadata": {"annotations": {"batch.kubernetes.io/job-completion-index": index}}}))
}

fn exited(name: &str, code: i32, seconds_ago: i64) -> Arc<Pod> {
    let state = json!({"terminated": {"exitCode": code, "finishedAt": ago(seconds_ago)}});
    let phase = if code == 0 { "Succeeded" } else { "Failed" };
    let status = json!({"name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": state});
    pod(name, phase, json!({"status": {"containerStatuses": [status]}}))
}

fn look(job: &Job, pods: &[Arc<Pod>]) -> Facts {
    Facts::gather(job, pods.to_vec(), BTreeSet::new(), Failures::default(), (now(), Timing::Real))
}

fn created(facts: &Facts) -> Vec<Pod> {
    match facts.next_move() {
        Move::Create(pods) => pods,
        other => panic!("no creation: {other:?}"),
    }
}

fn deleted(facts: &Facts) -> Vec<String> {
    match facts.next_move() {
        Move::Delete(pods) => pods.iter().map(|pod| pod.metadata.name.clone().unwrap()).collect(),
        other => panic!("no deletion: {other:?}"),
    }
}

#[track_caller]
fn ends(facts: &Facts, reason: &str, message: &str) {
    let ending = facts.ending().expect("it goes on");
    assert_eq!((ending.reason.as_str(), ending.message.as_str()), (reason, message));
}

#[test]
fn runs_as_many_as_are_missing_but_never_more_at_once() {
    let run = |pods: &[_]| created(&look(&job(json!({})), pods)).len();
    assert_eq!(run(&[]), 2);
    assert_eq!(run(&[pod("a", "Running", json!({}))]), 1);
    let two_done = [exited("a", 0, 5), exited("b", 0, 5)];
    assert_eq!(run(&two_done), 1, "one is missing");
    let full = [pod("a", "Running", json!({})), pod("b", "Pending", json!({}))];
    assert_eq!(look(&job(json!({})), &full).next_move(), Move::Nothing);
}

#[test]
fn a_suspended_job_and_one_with_less_parallelism_remove_pods() {
    let ready = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}, "spec": {"nodeName": "n", "containers": []}});
    let pods = [pod("ready", "Running", ready), pod("waiting", "Pending", json!({}))];
    assert_eq!(deleted(&look(&job(json!({"suspend": true})), &pods)).len(), 2);
    assert_eq!(deleted(&look(&job(json!({"parallelism": 1})), &pods)), ["waiting"]);
}

#[test]
fn failures_are_followed_by_longer_and_longer_waits() {
    let wait = |pods: &[Arc<Pod>]| match look(&job(json!({})), pods).next_move() {
        Move::Wait(wait) => wait.as_secs(),
        _ => 0,
    };
    assert_eq!(wait(&[exited("a", 1, 4)]), 6);
    assert_eq!(wait(&[exited("a", 1, 14)]), 0);
    assert_eq!(wait(&[exited("a", 1, 20), exited("b", 1, 0)]), 20);
    let many: Vec<_> = (0..6).map(|number| exited(&number.to_string(), 1, 0)).collect();
    assert_eq!(wait(&many), 320);
    assert_eq!(wait(&[exited("a", 1, 20), exited("b", 0, 10)]), 0, "a success after it makes it forgotten");
}

#[test]
fn waits_pass_faster_in_class() {
    let failures = Failures::default().after([], [&*exited("a", 1, 0)]);
    assert_eq!(failures.wait(now(), Timing::Clase), Duration::from_secs(1));
}

#[test]
fn limits_end_it() {
    let limit = "Job has reached the specified backoff limit";
    let failed = [exited("a", 1, 5), exited("b", 1, 5)];
    ends(&look(&job(json!({"backoffLimit": 1})), &failed), "BackoffLimitExceeded", limit);
    assert_eq!(look(&job(json!({"backoffLimit": 2})), &failed).ending(), None);
    let restarted = json!({"status": {"containerStatuses":
        [{"name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 3}]}});
    let on_failure = job(json!({"backoffLimit": 3, "template": {"spec": {"restartPolicy": "OnFailure"}}}));
    ends(&look(&on_failure, &[pod("a", "Running", restarted)]), "BackoffLimitExceeded", limit);
    let late = job(json!({"activeDeadlineSeconds": 60}));
    ends(&look(&late, &[]), "DeadlineExceeded", "Job was active longer than specified deadline");
    let soon = look(&job(json!({"activeDeadlineSeconds": 70})), &[]);
    assert_eq!((soon.ending(), soon.time_left()), (None, Some(Duration::from_secs(10))));
    let paused = job(json!({"activeDeadlineSeconds": 60, "suspend": true}));
    assert_eq!(look(&paused, &[]).ending(), None, "its time stands still");
}

#[test]
fn a_failure_policy_ignores_counts_or_ends() {
    let rule = |action: &str, code: i32| {
        json!({"podFailurePolicy": {"rules": [
        {"action": action, "onExitCodes": {"operator": "In", "values": [code]}}]}})
    };
    let pods = [exited("a", 42, 5)];
    let message = "Container c for pod ns/a failed with exit code 42 matching FailJob rule at index 0";
    ends(&look(&job(rule("FailJob", 42)), &pods), "PodFailurePolicy", message);
    assert_eq!(look(&job(rule("FailJob", 1)), &pods).ending(), None);
    assert_eq!(look(&job(rule("Ignore", 42)), &pods).failed, 0);
    assert_eq!(look(&job(rule("Count", 42)), &pods).failed, 1);
    let disrupted = json!({"podFailurePolicy": {"rules": [{"action": "FailJob", "onPodConditions":
        [{"type": "DisruptionTarget", "status": "True"}]}]}});
    let evicted =
        pod("b", "Failed", json!({"status": {"conditions": [{"type": "DisruptionTarget", "status": "True"}]}}));
    let message = "Pod ns/b has condition DisruptionTarget matching FailJob rule at index 0";
    ends(&look(&job(disrupted), &[evicted]), "PodFailurePolicy", message);
}

#[test]
fn each_index_has_a_pod_that_knows_it() {
    let job = job(json!({"completionMode": "Indexed", "parallelism": 3}));
    let pods = [indexed("a", "Running", 1), indexed("b", "Succeeded", 0)];
    let facts = look(&job, &pods);
    assert_eq!(facts.succeeded, 1);
    let [made] = &created(&facts)[..] else { panic!("not one pod") };
    assert_eq!((index_of(made), made.metadata.generate_name.as_deref()), (Some(2), Some("tarea-2-")));
    let spec = made.spec.as_ref().unwrap();
    assert_eq!(spec.hostname.as_deref(), Some("tarea-2"));
    let variable = &spec.containers[0].env.as_ref().unwrap()[0];
    let field = variable.value_from.as_ref().unwrap().field_ref.as_ref().unwrap();
    assert_eq!(variable.name, "JOB_COMPLETION_INDEX");
    assert_eq!(field.field_path, "metadata.labels['batch.kubernetes.io/job-completion-index']");
}

#[test]
fn doubles_of_an_index_and_invalid_ones_go() {
    let job = job(json!({"completionMode": "Indexed", "parallelism": 3}));
    let pods = [indexed("a", "Running", 0), indexed("b", "Pending", 0), indexed("c", "Running", 7)];
    let mut gone = deleted(&look(&job, &pods));
    gone.sort();
    assert_eq!(gone, ["b", "c"]);
}

#[test]
fn a_success_policy_ends_it_before_all_are_done() {
    let policy = |rule: Value| job(json!({"completionMode": "Indexed", "successPolicy": {"rules": [rule]}}));
    let pods = [indexed("a", "Succeeded", 0), indexed("b", "Running", 1)];
    let leader = policy(json!({"succeededIndexes": "0"}));
    ends(&look(&leader, &pods), "SuccessPolicy", "Matched rules at index 0");
    assert!(look(&leader, &pods).ending().unwrap().well);
    assert_eq!(look(&policy(json!({"succeededIndexes": "0-1"})), &pods).ending(), None);
    ends(&look(&policy(json!({"succeededCount": 1})), &pods), "SuccessPolicy", "Matched rules at index 0");
}

#[test]
fn failures_of_an_index_are_its_own() {
    let spec = json!({"completionMode": "Indexed", "backoffLimitPerIndex": 1, "backoffLimit": i32::MAX});
    let failed = |name: &str, before: &str| {
        let mut pod = (*indexed(name, "Failed", 0)).clone();
        let annotations = pod.metadata.annotations.as_mut().unwrap();
        annotations.insert("batch.kubernetes.io/job-index-failure-count".into(), before.into());
        pod.metadata.creation_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now()));
        Arc::new(pod)
    };
    let once = look(&job(spec.clone()), &[failed("a", "0")]);
    assert_eq!(once.failed_indexes, Some(Indexes::default()));
    assert!(once.delayed.contains_key(&0), "kept until another has its count");
    assert_eq!(created(&once).iter().filter_map(index_of).collect::<Vec<_>>(), [1], "index 0 waits 10 s");
    let twice = look(&job(spec.clone()), &[failed("a", "1")]);
    assert_eq!(twice.failed_indexes.as_ref().map(ToString::to_string).as_deref(), Some("0"));
    let all = [failed("a", "1"), indexed("b", "Succeeded", 1), indexed("c", "Succeeded", 2)];
    ends(&look(&job(spec), &all), "FailedIndexes", "Job has failed indexes");
}

#[test]
fn each_pod_is_counted_once_and_the_end_is_announced_first() {
    let job = job(json!({"completions": 1}));
    let pods = [exited("a", 0, 5), exited("b", 1, 5)];
    let mut facts = look(&job, &pods);
    assert!(facts.is_complete(0));
    let ending = Ending::completed();
    let (done, all) = facts.track(Some(&ending));
    assert_eq!((done.len(), all), (2, true));
    let status = facts.job.status.clone().unwrap();
    let kept = status.uncounted_terminated_pods.unwrap();
    assert_eq!((kept.succeeded, kept.failed), (Some(vec!["a".into()]), Some(vec!["b".into()])));
    assert_eq!((status.succeeded, status.failed), (None, None), "not before the finalizers are gone");
    assert_eq!(status.conditions.unwrap()[0].type_, "SuccessCriteriaMet");
    assert!(!facts.settle(&BTreeSet::from(["a".into()]), Some(&ending)), "one is still to be counted");
    assert!(facts.settle(&BTreeSet::from(["a".into(), "b".into()]), Some(&ending)));
    let status = facts.job.status.clone().unwrap();
    assert_eq!((status.succeeded, status.failed), (Some(1), Some(1)));
    let last = status.conditions.unwrap().pop().unwrap();
    let reason = (last.type_.as_str(), last.reason.as_deref(), last.message.as_deref());
    assert_eq!(reason, ("Complete", Some("CompletionsReached"), Some("Reached expected number of succeeded pods")));
}

#[test]
fn a_pod_whose_finalizer_was_taken_is_not_counted_again() {
    let mut job = job(json!({}));
    job.status.as_mut().unwrap().succeeded = Some(1);
    let released = BTreeSet::from(["a".to_string()]);
    let pods = vec![exited("a", 0, 5)];
    let facts = Facts::gather(&job, pods, released, Failures::default(), (now(), Timing::Real));
    assert_eq!(facts.succeeded, 1);
}

#[test]
fn indexes_read_and_write_intervals() {
    let indexes = Indexes::parse("0,2-4,9,x", 8);
    assert_eq!((indexes.to_string().as_str(), indexes.total()), ("0,2-4", 4));
    assert_eq!(indexes.with([5, 7]).to_string(), "0,2-5,7");
    assert_eq!(indexes.with([1]).to_string(), "0-4");
    assert_eq!(Indexes::default().with([3, 4]).to_string(), "3,4");
    assert_eq!(indexes.missing(3, 8), [1, 5, 6]);
    assert_eq!(indexes.missing(9, 8), [1, 5, 6, 7]);
    assert!(indexes.has(3) && !indexes.has(1) && !indexes.has(9));
    assert_eq!(indexes.common(&Indexes::parse("1-3", 8)), 2);
}
