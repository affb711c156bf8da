//! A pod. Must not ask the server.

use serde_json::Value;

use super::page::{Page, controller, items, number, text, time};
use super::template;

/// The whole pod but its events.
pub(super) fn tell(page: &mut Page, pod: &Value) {
    head(page, pod);
    status(page, pod);
    let (spec, state) = (&pod["spec"], &pod["status"]);
    for (label, list, statuses) in [
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
        ("Ephemeral Containers", "ephemeralContainers", "ephemeralContainerStatuses"),
    ] {
        if list == "containers" || items(&spec[list]).next().is_some() {
            template::containers(page, label, &spec[list], Some((pod, statuses)), "");
        }
    }
    if items(&spec["readinessGates"]).next().is_some() {
        page.line(0, "Readiness Gates:\n  Type\tStatus");
        for gate in items(&spec["readinessGates"]) {
            let found = items(&state["conditions"]).find(|one| one["type"] == gate["conditionType"]);
            let status = found.map_or_else(|| "<none>".into(), |one| text(&one["status"]));
            page.line(1, format!("{} \t{status} ", text(&gate["conditionType"])));
        }
    }
    if items(&state["conditions"]).next().is_some() {
        page.line(0, "Conditions:\n  Type\tStatus");
        for one in items(&state["conditions"]) {
            page.line(1, format!("{} \t{} ", text(&one["type"]), text(&one["status"])));
        }
    }
    template::volumes(page, &spec["volumes"], "");
    page.maybe("QoS Class", &state["qosClass"]);
    page.labels("Node-Selectors", &spec["nodeSelector"]);
    template::tolerations(page, "Tolerations", &spec["tolerations"]);
    template::spread(page, &spec["topologySpreadConstraints"], "");
}

fn head(page: &mut Page, pod: &Value) {
    let (spec, state) = (&pod["spec"], &pod["status"]);
    page.identity(pod);
    if !spec["priority"].is_null() {
        page.field("Priority", number(&spec["priority"]));
    }
    page.maybe("Priority Class Name", &spec["priorityClassName"]);
    page.maybe("Runtime Class Name", &spec["runtimeClassName"]);
    page.maybe("Service Account", &spec["serviceAccountName"]);
    match spec["nodeName"].as_str() {
        Some(node) => page.field("Node", format!("{node}/{}", text(&state["hostIP"]))),
        None => page.field("Node", "<none>"),
    }
    if !state["startTime"].is_null() {
        page.field("Start Time", time(&state["startTime"]));
    }
    page.marks(pod);
}

fn status(page: &mut Page, pod: &Value) {
    let (meta, state) = (&pod["metadata"], &pod["status"]);
    let ended = matches!(state["phase"].as_str(), Some("Succeeded" | "Failed"));
    if meta["deletionTimestamp"].is_null() || ended {
        page.field("Status", text(&state["phase"]));
    } else {
        page.field("Status", "Terminating (lasts <invalid>)");
        page.field("Termination Grace Period", format!("{}s", number(&meta["deletionGracePeriodSeconds"])));
    }
    page.maybe("Reason", &state["reason"]);
    page.maybe("Message", &state["message"]);
    page.maybe("SeccompProfile", &pod["spec"]["securityContext"]["seccompProfile"]["type"]);
    page.field("IP", text(&state["podIP"]));
    if items(&state["podIPs"]).next().is_none() {
        page.field("IPs", "<none>");
    } else {
        page.line(0, "IPs:");
        items(&state["podIPs"]).for_each(|one| page.line(1, format!("IP:\t{}", text(&one["ip"]))));
    }
    if let Some(owner) = controller(pod) {
        page.field("Controlled By", owner);
    }
    page.maybe("NominatedNodeName", &state["nominatedNodeName"]);
}
