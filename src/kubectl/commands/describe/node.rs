//! A node with what runs on it. Must not ask the server.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::name;
use super::page::{Page, items, joined, or_none, since, text, time};
use crate::base::quantity::Quantity;

/// Resources of which pods' shares are told.
const SHARED: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

pub(super) fn tell(page: &mut Page, node: &Value, lease: &Value, pods: &[Value], now: Timestamp) {
    let (meta, spec, status) = (&node["metadata"], &node["spec"], &node["status"]);
    page.field("Name", name(node));
    page.field("Roles", roles(&meta["labels"]));
    page.marks(node);
    page.field("CreationTimestamp", time(&meta["creationTimestamp"]));
    page.raw("Taints:\t");
    let taints: Vec<String> = items(&spec["taints"]).map(taint).collect();
    page.raw(&format!("{}\n", or_none(taints.join("\n\t"))));
    page.field("Unschedulable", spec["unschedulable"] == true);
    told_lease(page, lease);
    conditions(page, &status["conditions"]);
    page.line(0, "Addresses:");
    for address in items(&status["addresses"]) {
        page.line(1, format!("{}:\t{}", text(&address["type"]), text(&address["address"])));
    }
    for (label, field) in [("Capacity", "capacity"), ("Allocatable", "allocatable")] {
        let amounts: BTreeMap<&String, &Value> = status[field].as_object().into_iter().flatten().collect();
        if !amounts.is_empty() {
            page.line(0, format!("{label}:"));
            amounts.into_iter().for_each(|(key, value)| page.line(1, format!("{key}:\t{}", text(value))));
        }
    }
    system(page, &status["nodeInfo"]);
    page.maybe("PodCIDR", &spec["podCIDR"]);
    if items(&spec["podCIDRs"]).next().is_some() {
        page.field("PodCIDRs", joined(&spec["podCIDRs"]));
    }
    page.maybe("ProviderID", &spec["providerID"]);
    shares(page, status, pods, now);
}

fn roles(labels: &Value) -> String {
    let labels = labels.as_object().into_iter().flatten();
    let role = |(key, value): (&String, &Value)| match key.as_str() {
        "kubernetes.io/role" => Some(text(value)),
        key => key.strip_prefix("node-role.kubernetes.io/").map(Into::into),
    };
    let mut roles: Vec<String> = labels.filter_map(role).filter(|role| !role.is_empty()).collect();
    roles.sort();
    or_none(roles.join(","))
}

fn taint(taint: &Value) -> String {
    let value = taint["value"].as_str().filter(|value| !value.is_empty()).map(|value| format!("={value}"));
    format!("{}{}:{}", text(&taint["key"]), value.unwrap_or_default(), text(&taint["effect"]))
}

fn told_lease(page: &mut Page, lease: &Value) {
    page.line(0, "Lease:");
    let spec = &lease["spec"];
    let holder = text(&spec["holderIdentity"]);
    page.line(1, format!("HolderIdentity:\t{}", if holder.is_empty() { "<unset>".into() } else { holder }));
    let known = |at: String| if at.is_empty() { "<unset>".into() } else { at };
    page.line(1, format!("AcquireTime:\t{}", known(time(&spec["acquireTime"]))));
    page.line(1, format!("RenewTime:\t{}", known(time(&spec["renewTime"]))));
}

fn conditions(page: &mut Page, list: &Value) {
    if items(list).next().is_none() {
        return;
    }
    page.line(0, "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
    page.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for one in items(list) {
        page.line(
            1,
            format!(
                "{} \t{} \t{} \t{} \t{} \t{} ",
                text(&one["type"]),
                text(&one["status"]),
                time(&one["lastHeartbeatTime"]),
                time(&one["lastTransitionTime"]),
                text(&one["reason"]),
                text(&one["message"])
            ),
        );
    }
}

fn system(page: &mut Page, info: &Value) {
    page.line(0, "System Info:");
    for (label, field) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
        ("Kube-Proxy Version", "kubeProxyVersion"),
    ] {
        page.line(1, format!("{label}:\t{}", text(&info[field])));
    }
}

/// Thousandths of an amount.
fn milli(value: &Value) -> i64 {
    value.as_str().and_then(|text| Quantity::parse(text).ok()).map(|amount| amount.milli()).unwrap_or_default()
}

/// What a pod asks for or may use at most: its containers' sum, or the largest of those that prepare it.
fn of_pod(pod: &Value, part: &str, resource: &str) -> i64 {
    let each =
        |list: &str| items(&pod["spec"][list]).map(|one| milli(&one["resources"][part][resource])).collect::<Vec<_>>();
    let sum: i64 = each("containers").iter().sum();
    let most = each("initContainers").into_iter().max().unwrap_or_default();
    let overhead = milli(&pod["spec"]["overhead"][resource]);
    sum.max(most) + if sum.max(most) > 0 || part == "requests" { overhead } else { 0 }
}

/// An amount as Kubernetes writes it.
fn shown(milli: i64, resource: &str) -> String {
    if resource == "cpu" {
        return Quantity::from_milli(milli).to_string();
    }
    Quantity::from_bytes(milli / 1000).to_string()
}

fn percent(part: i64, whole: i64) -> i64 {
    (part * 100).checked_div(whole).unwrap_or_default()
}

fn shares(page: &mut Page, status: &Value, pods: &[Value], now: Timestamp) {
    let whole = if status["allocatable"].is_object() { &status["allocatable"] } else { &status["capacity"] };
    page.field("Non-terminated Pods", format!("({} in total)", pods.len()));
    page.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    page.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    for pod in pods {
        let mut cells = vec![text(&pod["metadata"]["namespace"]), name(pod), String::new()];
        for resource in ["cpu", "memory"] {
            for part in ["requests", "limits"] {
                let amount = of_pod(pod, part, resource);
                cells.push(format!("{} ({}%)", shown(amount, resource), percent(amount, milli(&whole[resource]))));
            }
        }
        cells.push(since(&pod["metadata"]["creationTimestamp"], now));
        page.line(1, cells.join("\t"));
    }
    page.line(0, "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)");
    page.line(1, "Resource\tRequests\tLimits");
    page.line(1, "--------\t--------\t------");
    let others = whole.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let others = others.filter(|name| !SHARED.contains(name) && *name != "pods");
    for resource in SHARED.into_iter().chain(others) {
        let told = ["requests", "limits"].map(|part| {
            let sum: i64 = pods.iter().map(|pod| of_pod(pod, part, resource)).sum();
            match SHARED.contains(&resource) || resource.starts_with("hugepages-") {
                true => format!("{} ({}%)", shown(sum, resource), percent(sum, milli(&whole[resource]))),
                false => shown(sum, resource),
            }
        });
        page.line(1, format!("{resource}\t{}\t{}", told[0], told[1]));
    }
}
