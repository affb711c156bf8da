//! Jobs and CronJobs: they end, fail, are counted, and leave nothing behind.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Event;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use timonel::client::pod::Pod;
use timonel::client::pods::phase;

use super::Cluster;

fn job(name: &str, image: &str, more: Value) -> Value {
    let container = json!({"name": "c", "image": image});
    let mut spec = json!({"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}});
    json_patch::merge(&mut spec, &more);
    json!({"metadata": {"name": name}, "spec": spec})
}

fn has(job: &Job, kind: &str, reason: &str) -> bool {
    let conditions = job.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|it| it.type_ == kind && it.status == "True" && it.reason.as_deref() == Some(reason))
}

fn counts(job: &Job) -> (i32, i32, i32) {
    let status = job.status.clone().unwrap_or_default();
    (status.active.unwrap_or(0), status.succeeded.unwrap_or(0), status.failed.unwrap_or(0))
}

#[tokio::test(start_paused = true)]
async fn a_job_runs_to_its_completions_and_counts_each_pod() {
    let cluster = Cluster::start(2).await;
    let (jobs, pods, events) = (cluster.see::<Job>(), cluster.see::<Pod>(), cluster.see::<Event>());
    cluster.create::<Job>(job("tarea", "bien", json!({"completions": 5, "parallelism": 2}))).await;
    let done = jobs.until(|jobs| jobs.iter().any(|job| has(job, "Complete", "CompletionsReached"))).await;
    assert_eq!(counts(&done[0]), (0, 5, 0));
    let ended = pods.until(|pods| pods.len() == 5 && pods.iter().all(|pod| pod.finalizers().is_empty())).await;
    assert!(ended.iter().all(|pod| phase(pod) == "Succeeded"));
    events.until(|events| events.iter().any(|event| event.message.as_deref() == Some("Job completed"))).await;
    let api: Api<Job> = cluster.world.api();
    api.delete("tarea", &DeleteParams::background()).await.unwrap();
    pods.until(<[_]>::is_empty).await;
}

#[tokio::test(start_paused = true)]
async fn failures_are_tried_again_with_growing_waits_until_the_limit() {
    let cluster = Cluster::start(1).await;
    let jobs = cluster.see::<Job>();
    let begun = cluster.clock.elapsed();
    cluster.create::<Job>(job("mala", "falla", json!({"backoffLimit": 3}))).await;
    let failed = jobs.until(|jobs| jobs.iter().any(|job| has(job, "Failed", "BackoffLimitExceeded"))).await;
    assert_eq!(counts(&failed[0]), (0, 0, 4));
    // 10 s, 20 s, 40 s.
    let took = cluster.clock.elapsed().saturating_sub(begun).as_secs();
    assert!((70..=80).contains(&took), "{took} s");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_stops_what_runs_and_a_ttl_removes_what_is_over() {
    let cluster = Cluster::start(1).await;
    let (jobs, pods) = (cluster.see::<Job>(), cluster.see::<Pod>());
    let begun = cluster.clock.elapsed();
    let more = json!({"activeDeadlineSeconds": 30, "ttlSecondsAfterFinished": 100});
    cluster.create::<Job>(job("larga", "sigue", more)).await;
    jobs.until(|jobs| jobs.iter().any(|job| has(job, "Failed", "DeadlineExceeded"))).await;
    let failed_after = cluster.clock.elapsed().saturating_sub(begun).as_secs();
    assert!((30..=34).contains(&failed_after), "{failed_after} s");
    jobs.until(<[_]>::is_empty).await;
    let gone_after = cluster.clock.elapsed().saturating_sub(begun).as_secs();
    assert!((130..=136).contains(&gone_after), "{gone_after} s");
    pods.until(<[_]>::is_empty).await;
}

#[tokio::test(start_paused = true)]
async fn each_index_succeeds_once_and_a_suspended_job_rests() {
    let cluster = Cluster::start(1).await;
    let (jobs, pods) = (cluster.see::<Job>(), cluster.see::<Pod>());
    let more = json!({"completionMode": "Indexed", "completions": 4, "parallelism": 4, "suspend": true});
    cluster.create::<Job>(job("partes", "bien", more)).await;
    jobs.until(|jobs| jobs.iter().any(|job| has(job, "Suspended", "JobSuspended"))).await;
    assert!(pods.informer.list().is_empty());
    let api: Api<Job> = cluster.world.api();
    let resume = Patch::Merge(json!({"spec": {"suspend": false}}));
    api.patch("partes", &PatchParams::default(), &resume).await.unwrap();
    let done = jobs.until(|jobs| jobs.iter().any(|job| has(job, "Complete", "CompletionsReached"))).await;
    assert_eq!(done[0].status.as_ref().unwrap().completed_indexes.as_deref(), Some("0-3"));
    let mut hosts: Vec<_> = pods.informer.list().iter().filter_map(|pod| pod.spec.as_ref()?.hostname.clone()).collect();
    hosts.sort();
    assert_eq!(hosts, ["partes-0", "partes-1", "partes-2", "partes-3"]);
}

#[tokio::test(start_paused = true)]
async fn a_cron_job_starts_on_time_and_keeps_a_short_history() {
    let cluster = Cluster::start(1).await;
    let (jobs, crons) = (cluster.see::<Job>(), cluster.see::<CronJob>());
    let template = job("", "bien", json!({}))["spec"].clone();
    let cron =
        json!({"metadata": {"name": "tic"}, "spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": template}}});
    cluster.create::<CronJob>(cron).await;
    let names = |jobs: &[Arc<Job>]| jobs.iter().map(|job| job.name_any()).collect::<Vec<_>>();
    // Named by the minutes since 1970; the clock began at midnight of 2026.
    let first = jobs.until(|jobs| jobs.len() == 1).await;
    assert_eq!(names(&first), ["tic-29453765"]);
    tokio::time::sleep(Duration::from_secs(25 * 60)).await;
    let all_done = |jobs: &[Arc<Job>]| jobs.iter().all(|job| has(job, "Complete", "CompletionsReached"));
    let last = |jobs: &[Arc<Job>]| jobs.last().map(|job| job.name_any());
    let kept = jobs.until(|it| it.len() == 3 && all_done(it) && last(it).as_deref() == Some("tic-29453790")).await;
    assert_eq!(names(&kept), ["tic-29453780", "tic-29453785", "tic-29453790"]);
    let status = |crons: &[Arc<CronJob>]| crons.first().and_then(|cron| cron.status.clone()).unwrap_or_default();
    let rested = crons.until(|crons| status(crons).active.is_none()).await;
    assert_eq!(status(&rested).last_schedule_time.unwrap().0.to_string(), "2026-01-01T00:30:00Z");
}

#[tokio::test(start_paused = true)]
async fn a_month_of_a_cron_job_is_one_job_a_day_at_its_local_time() {
    const DAY: u64 = 24 * 60;
    let cluster = Cluster::start(0).await;
    let (jobs, events) = (cluster.see::<Job>(), cluster.see::<Event>());
    let template = job("", "bien", json!({}))["spec"].clone();
    let spec = json!({"schedule": "30 3 * * *", "timeZone": "America/Bogota", "jobTemplate": {"spec": template}});
    cluster.create::<CronJob>(json!({"metadata": {"name": "diario"}, "spec": spec})).await;
    // 3:30 in Bogota is 8:30 in UTC; the clock began at midnight of the first of January.
    tokio::time::sleep(Duration::from_secs(5)).await;
    tokio::time::advance(Duration::from_secs((8 * 60 + 29) * 60)).await;
    for day in 1..=31 {
        let name = format!("diario-{}", 29_453_760 + (day - 1) * DAY + 8 * 60 + 30);
        let begun = cluster.clock.elapsed();
        jobs.until(|jobs| jobs.iter().any(|job| job.name_any() == name)).await;
        let waited = cluster.clock.elapsed().saturating_sub(begun).as_secs();
        assert!(waited <= 62, "day {day}: {waited} s late");
        assert_eq!(jobs.informer.list().len() as u64, day, "one a day");
        tokio::time::advance(Duration::from_secs(DAY * 60 - 61)).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let missed = |event: &&Arc<Event>| matches!(event.reason.as_deref(), Some("MissSchedule" | "TooManyMissedTimes"));
    assert_eq!(events.informer.list().iter().find(missed), None);
}
