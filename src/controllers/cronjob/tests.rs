//! What a `CronJob` does at one moment: Jobs and a clock in, starts and events out.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use serde_json::{Value, json};

use super::plan::{Plan, plan};

/// Made at noon; `more` is merged into its spec, `status` is its status.
fn cron(more: Value, status: Value) -> CronJob {
    let mut spec = json!({
        "schedule": "*/10 * * * *", "concurrencyPolicy": "Allow",
        "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
        "jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": {"template": {}}},
    });
    json_patch::merge(&mut spec, &more);
    let meta = json!({"name": "tic", "namespace": "ns", "uid": "cron", "creationTimestamp": "2026-01-01T12:00:00Z"});
    serde_json::from_value(json!({"metadata": meta, "spec": spec, "status": status})).unwrap()
}

fn job(name: &str, condition: Option<&str>) -> Arc<Job> {
    let conditions: Vec<_> = condition.iter().map(|kind| json!({"type": kind, "status": "True"})).collect();
    let status = json!({"conditions": conditions, "startTime": format!("2026-01-01T11:0{}:00Z", name.len() % 10),
        "completionTime": "2026-01-01T11:30:00Z"});
    let meta = json!({"name": name, "namespace": "ns", "uid": name});
    Arc::new(serde_json::from_value(json!({"metadata": meta, "status": status})).unwrap())
}

fn listed(name: &str) -> Value {
    json!({"active": [{"name": name, "uid": name, "namespace": "ns"}]})
}

#[track_caller]
fn at(cron: &CronJob, jobs: &[Arc<Job>], time: &str) -> Plan {
    plan(cron, jobs, &BTreeSet::new(), format!("2026-01-01T{time}Z").parse::<Timestamp>().unwrap())
}

fn reasons(plan: &Plan) -> Vec<&'static str> {
    plan.told.iter().map(|told| told.reason).collect()
}

fn started(plan: &Plan) -> Option<String> {
    plan.start.as_ref().and_then(|start| start.job.metadata.name.clone())
}

#[test]
fn starts_when_its_time_has_come_and_says_when_next() {
    let cron = cron(json!({}), json!({}));
    let early = at(&cron, &[], "12:04:00");
    assert_eq!((started(&early), early.next.map(|wait| wait.as_millis())), (None, Some(360_100)));
    let due = at(&cron, &[], "12:10:00.100");
    let start = due.start.as_ref().unwrap();
    assert_eq!(started(&due).as_deref(), Some("tic-29454490"));
    let annotations = start.job.metadata.annotations.as_ref().unwrap();
    assert_eq!(annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"], "2026-01-01T12:10:00Z");
    assert_eq!(start.job.metadata.labels.as_ref().unwrap()["a"], "b");
    assert_eq!(due.next.map(|wait| wait.as_secs()), Some(600));
}

#[test]
fn a_start_is_made_once() {
    let made = cron(json!({}), json!({"lastScheduleTime": "2026-01-01T12:10:00Z"}));
    assert_eq!(started(&at(&made, &[], "12:10:05")), None);
    assert_eq!(started(&at(&made, &[], "12:20:05")).as_deref(), Some("tic-29454500"));
}

#[test]
fn of_missed_starts_only_the_last_is_made_up_for() {
    let cron = cron(json!({}), json!({}));
    let late = at(&cron, &[], "15:44:00");
    assert_eq!(late.start.as_ref().map(|start| start.at.to_string()).as_deref(), Some("2026-01-01T15:40:00Z"));
    assert!(late.told.is_empty());
    let very_late = plan(&cron, &[], &BTreeSet::new(), "2026-01-03T12:05:00Z".parse().unwrap());
    assert_eq!(reasons(&very_late), ["TooManyMissedTimes"]);
    assert!(very_late.start.is_some());
}

#[test]
fn a_deadline_that_has_passed_is_a_miss() {
    let cron = cron(json!({"startingDeadlineSeconds": 30, "schedule": "0 * * * *"}), json!({}));
    assert!(at(&cron, &[], "13:00:20").start.is_some());
    let late = at(&cron, &[], "13:00:40");
    assert_eq!((late.start, late.told), (None, Vec::new()), "older starts than the deadline are not even looked for");
}

#[test]
fn concurrency_allows_forbids_or_replaces() {
    let running = [job("tic-1", None)];
    let with = |policy: &str| at(&cron(json!({"concurrencyPolicy": policy}), listed("tic-1")), &running, "12:10:01");
    assert!(started(&with("Allow")).is_some());
    let forbidden = with("Forbid");
    assert_eq!((started(&forbidden), reasons(&forbidden)), (None, vec!["JobAlreadyActive"]));
    let replacing = with("Replace").start.unwrap();
    assert_eq!(replacing.replaced[0].name.as_deref(), Some("tic-1"));
}

#[test]
fn a_suspended_one_starts_nothing() {
    let plan = at(&cron(json!({"suspend": true}), json!({})), &[], "12:10:01");
    assert_eq!((started(&plan), plan.next), (None, None));
}

#[test]
fn sees_what_ended_what_is_unknown_and_what_is_missing() {
    let ended = at(&cron(json!({}), listed("tic-1")), &[job("tic-1", Some("Complete"))], "12:04:00");
    assert_eq!(ended.told[0].message, "Saw completed job: tic-1, condition: Complete");
    assert_eq!(ended.status.active, None);
    let unknown = at(&cron(json!({}), json!({})), &[job("a-mano", None)], "12:04:00");
    assert_eq!(unknown.told[0].message, "Saw a job that the controller did not create or forgot: a-mano");
    let cron = cron(json!({}), listed("tic-1"));
    let missing = plan(&cron, &[], &BTreeSet::from(["tic-1".into()]), "2026-01-01T12:04:00Z".parse().unwrap());
    assert_eq!(missing.told[0].message, "Active job went missing: tic-1");
    assert_eq!(missing.status.active, None);
}

#[test]
fn the_last_success_is_remembered() {
    let plan = at(&cron(json!({}), json!({})), &[job("tic-1", Some("Complete"))], "12:04:00");
    assert_eq!(plan.status.last_successful_time.unwrap().0.to_string(), "2026-01-01T11:30:00Z");
}

#[test]
fn the_oldest_of_each_ending_go() {
    let jobs: Vec<_> = ["a", "bb", "ccc", "dddd"]
        .map(|name| job(name, Some("Complete")))
        .into_iter()
        .chain([job("fffff", Some("Failed")), job("gggggg", Some("Failed"))])
        .collect();
    let plan = at(&cron(json!({}), json!({})), &jobs, "12:04:00");
    let gone: Vec<_> = plan.outdated.iter().filter_map(|job| job.metadata.name.clone()).collect();
    assert_eq!(gone, ["a", "fffff"]);
}

#[test]
fn a_place_has_its_own_time() {
    let cron = cron(json!({"schedule": "30 8 * * *", "timeZone": "America/Bogota"}), json!({}));
    let plan = at(&cron, &[], "13:30:00.5");
    let job = plan.start.unwrap().job;
    let annotations = job.metadata.annotations.unwrap();
    assert_eq!(annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"], "2026-01-01T08:30:00-05:00");
}

#[test]
fn what_never_comes_or_cannot_be_read_is_said() {
    let never = at(&cron(json!({"schedule": "0 0 31 2 *"}), json!({})), &[], "12:04:00");
    let text = "invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second";
    assert_eq!((never.told[0].message.as_str(), never.next), (text, None));
    let nowhere = at(&cron(json!({"timeZone": "Luna/Mar"}), json!({})), &[], "12:04:00");
    assert_eq!(reasons(&nowhere), ["UnknownTimeZone"]);
    let odd = at(&cron(json!({"schedule": "cada rato"}), json!({})), &[], "12:04:00");
    assert_eq!(reasons(&odd), ["UnparseableSchedule"]);
}
