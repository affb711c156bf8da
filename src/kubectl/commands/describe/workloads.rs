//! What makes pods: Deployments, sets, Jobs. Must not ask the server.

use jiff::Timestamp;
use serde_json::Value;

use super::page::{Page, controller, items, number, or_none, or_unset, pairs, text, time, truth};
use super::{name, template};
use crate::base::selector::Selector;
use crate::kubectl::duration;

fn selector(object: &Value) -> String {
    let selector = &object["spec"]["selector"];
    if selector["matchLabels"].is_null() && selector["matchExpressions"].is_null() {
        return pairs(selector);
    }
    let selector = serde_json::from_value(selector.clone()).ok();
    selector
        .and_then(|selector| Selector::from_label_selector(&selector).ok())
        .map(|one| one.to_string())
        .unwrap_or_default()
}

fn conditions(page: &mut Page, object: &Value) {
    if items(&object["status"]["conditions"]).next().is_none() {
        return;
    }
    page.line(0, "Conditions:\n  Type\tStatus\tReason");
    page.line(1, "----\t------\t------");
    for one in items(&object["status"]["conditions"]) {
        page.line(1, format!("{} \t{}\t{}", text(&one["type"]), text(&one["status"]), text(&one["reason"])));
    }
}

pub(super) fn deployment(page: &mut Page, object: &Value, sets: &[Value]) {
    let (spec, status) = (&object["spec"], &object["status"]);
    page.identity(object);
    page.field("CreationTimestamp", time(&object["metadata"]["creationTimestamp"]));
    page.marks(object);
    page.field("Selector", selector(object));
    page.field(
        "Replicas",
        format!(
            "{} desired | {} updated | {} total | {} available | {} unavailable",
            spec["replicas"].as_i64().unwrap_or(1),
            number(&status["updatedReplicas"]),
            number(&status["replicas"]),
            number(&status["availableReplicas"]),
            number(&status["unavailableReplicas"])
        ),
    );
    page.field("StrategyType", text(&spec["strategy"]["type"]));
    page.field("MinReadySeconds", number(&spec["minReadySeconds"]));
    let rolling = &spec["strategy"]["rollingUpdate"];
    if rolling.is_object() {
        let (unavailable, surge) = (text(&rolling["maxUnavailable"]), text(&rolling["maxSurge"]));
        page.field("RollingUpdateStrategy", format!("{unavailable} max unavailable, {surge} max surge"));
    }
    template::tell(page, &spec["template"]);
    conditions(page, object);
    let owned = sets.iter().filter(|set| is_owned(set, object));
    let (new, old): (Vec<&Value>, Vec<&Value>) = owned.partition(|set| is_of(set, &spec["template"]));
    page.field("OldReplicaSets", told_sets(&old));
    page.field("NewReplicaSet", told_sets(&new));
}

fn is_owned(one: &Value, owner: &Value) -> bool {
    items(&one["metadata"]["ownerReferences"])
        .any(|reference| reference["controller"] == true && reference["uid"] == owner["metadata"]["uid"])
}

/// Whether a ReplicaSet has this template.
fn is_of(set: &Value, template: &Value) -> bool {
    let mut own = set["spec"]["template"].clone();
    if let Some(labels) = own.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove("pod-template-hash");
    }
    own == *template
}

fn told_sets(sets: &[&Value]) -> String {
    let one = |set: &&Value| {
        let (now, wanted) = (number(&set["status"]["replicas"]), number(&set["spec"]["replicas"]));
        format!("{} ({now}/{wanted} replicas created)", name(set))
    };
    or_none(sets.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// `1 Running / 0 Waiting / 0 Succeeded / 0 Failed` of the pods that are its own.
fn pods_status(object: &Value, pods: &[Value]) -> String {
    let count =
        |phase: &str| pods.iter().filter(|pod| is_owned(pod, object) && pod["status"]["phase"] == phase).count();
    format!(
        "{} Running / {} Waiting / {} Succeeded / {} Failed",
        count("Running"),
        count("Pending"),
        count("Succeeded"),
        count("Failed")
    )
}

/// A ReplicaSet, ReplicationController, DaemonSet or StatefulSet.
pub(super) fn set(page: &mut Page, object: &Value, kind: &str, pods: &[Value]) {
    let (spec, status) = (&object["spec"], &object["status"]);
    page.identity(object);
    if kind == "StatefulSet" {
        page.field("CreationTimestamp", time(&object["metadata"]["creationTimestamp"]));
    }
    page.field("Selector", selector(object));
    if kind == "DaemonSet" {
        page.field("Node-Selector", pairs(&spec["template"]["spec"]["nodeSelector"]));
    }
    page.marks(object);
    match kind {
        "DaemonSet" => daemons(page, status),
        "StatefulSet" => {
            let (wanted, now) = (spec["replicas"].as_i64().unwrap_or(1), number(&status["replicas"]));
            page.field("Replicas", format!("{wanted} desired | {now} total"));
            page.field("Update Strategy", text(&spec["updateStrategy"]["type"]));
            if !spec["updateStrategy"]["rollingUpdate"]["partition"].is_null() {
                page.line(1, format!("Partition:\t{}", number(&spec["updateStrategy"]["rollingUpdate"]["partition"])));
            }
        }
        _ => {
            if let Some(owner) = controller(object) {
                page.field("Controlled By", owner);
            }
            page.field(
                "Replicas",
                format!("{} current / {} desired", number(&status["replicas"]), number(&spec["replicas"])),
            );
        }
    }
    page.field("Pods Status", pods_status(object, pods));
    template::tell(page, &spec["template"]);
    match kind {
        "StatefulSet" => claims(page, &spec["volumeClaimTemplates"]),
        "DaemonSet" => {}
        _ => conditions(page, object),
    }
}

fn daemons(page: &mut Page, status: &Value) {
    for (label, field) in [
        ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ] {
        page.line(0, format!("{label}: {}", number(&status[field])));
    }
}

fn claims(page: &mut Page, list: &Value) {
    if items(list).next().is_none() {
        return page.field("Volume Claims", "<none>");
    }
    page.line(0, "Volume Claims:");
    for claim in items(list) {
        page.line(1, format!("Name:\t{}", name(claim)));
        page.line(1, format!("StorageClass:\t{}", text(&claim["spec"]["storageClassName"])));
        page.labels_indented("  ", "Labels", &claim["metadata"]["labels"]);
        page.labels_indented("  ", "Annotations", &claim["metadata"]["annotations"]);
        let capacity = text(&claim["spec"]["resources"]["requests"]["storage"]);
        page.line(1, format!("Capacity:\t{}", if capacity.is_empty() { "<default>".into() } else { capacity }));
        let modes: Vec<String> = items(&claim["spec"]["accessModes"]).map(text).collect();
        page.line(1, format!("Access Modes:\t[{}]", modes.join(" ")));
    }
}

pub(super) fn job(page: &mut Page, object: &Value) {
    let (spec, status) = (&object["spec"], &object["status"]);
    page.identity(object);
    page.field("Selector", selector(object));
    page.marks(object);
    if let Some(owner) = controller(object) {
        page.field("Controlled By", owner);
    }
    page.field("Parallelism", or_unset(&spec["parallelism"]));
    page.field("Completions", or_unset(&spec["completions"]));
    page.maybe("Completion Mode", &spec["completionMode"]);
    page.maybe("Suspend", &spec["suspend"]);
    page.maybe("Backoff Limit", &spec["backoffLimit"]);
    if !spec["ttlSecondsAfterFinished"].is_null() {
        page.field("TTL Seconds After Finished", number(&spec["ttlSecondsAfterFinished"]));
    }
    for (label, field) in [("Start Time", "startTime"), ("Completed At", "completionTime")] {
        if !status[field].is_null() {
            page.field(label, time(&status[field]));
        }
    }
    if let Some(seconds) = lasted(status) {
        page.field("Duration", duration::human(seconds));
    }
    if !spec["activeDeadlineSeconds"].is_null() {
        page.field("Active Deadline Seconds", format!("{}s", number(&spec["activeDeadlineSeconds"])));
    }
    let ready = status["ready"].as_i64().map(|ready| format!(" ({ready} Ready)")).unwrap_or_default();
    let (active, succeeded, failed) =
        (number(&status["active"]), number(&status["succeeded"]), number(&status["failed"]));
    page.field("Pods Statuses", format!("{active} Active{ready} / {succeeded} Succeeded / {failed} Failed"));
    if spec["completionMode"] == "Indexed" {
        page.field("Completed Indexes", or_none(text(&status["completedIndexes"])));
    }
    template::tell(page, &spec["template"]);
}

fn lasted(status: &Value) -> Option<i64> {
    let at = |field: &str| status[field].as_str()?.parse::<Timestamp>().ok();
    Some(at("completionTime")?.duration_since(at("startTime")?).as_secs())
}

pub(super) fn cron_job(page: &mut Page, object: &Value) {
    let spec = &object["spec"];
    page.identity(object);
    page.marks(object);
    page.field("Schedule", text(&spec["schedule"]));
    page.maybe("Time Zone", &spec["timeZone"]);
    page.field("Concurrency Policy", text(&spec["concurrencyPolicy"]));
    page.field("Suspend", truth(&spec["suspend"]));
    page.field("Successful Job History Limit", or_unset(&spec["successfulJobsHistoryLimit"]));
    page.field("Failed Job History Limit", or_unset(&spec["failedJobsHistoryLimit"]));
    let deadline = spec["startingDeadlineSeconds"].as_i64().map(|seconds| format!("{seconds}s"));
    page.field("Starting Deadline Seconds", deadline.unwrap_or_else(|| "<unset>".into()));
    let job = &spec["jobTemplate"]["spec"];
    page.field(
        "Selector",
        if job["selector"].is_object() { pairs(&job["selector"]["matchLabels"]) } else { "<unset>".into() },
    );
    page.field("Parallelism", or_unset(&job["parallelism"]));
    page.field("Completions", or_unset(&job["completions"]));
    if !job["activeDeadlineSeconds"].is_null() {
        page.field("Active Deadline Seconds", format!("{}s", number(&job["activeDeadlineSeconds"])));
    }
    template::tell(page, &job["template"]);
    let last = &object["status"]["lastScheduleTime"];
    page.field("Last Schedule Time", if last.is_null() { "<unset>".into() } else { time(last) });
    let active: Vec<String> = items(&object["status"]["active"]).map(|one| text(&one["name"])).collect();
    page.field("Active Jobs", or_none(active.join(", ")));
}
