//! What a pod takes (`podComputeUsageHelper`, `resourcehelper.PodRequests`). Must not ask what a node has.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Amounts, is_extended, quantity};
use crate::base::quantity::Quantity;
use crate::kinds::show;

/// What a quota counts of pods; a plain name means requests.
const COMPUTE: &[&str] = &["cpu", "ephemeral-storage", "memory"];
/// What every container must state once a quota counts it (`validationSet`).
const STATED: &[&str] = &["cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory"];
const HUGE: &str = "hugepages-";

/// Whether a name in a quota counts pods or what they ask for.
pub(super) fn counts(name: &str) -> bool {
    let (part, resource) = name.split_once('.').unwrap_or(("requests", name));
    let requested = name.strip_prefix("requests.");
    name == "pods"
        || (matches!(part, "requests" | "limits") && COMPUTE.contains(&resource))
        || requested.unwrap_or(name).starts_with(HUGE)
        || requested.is_some_and(is_extended)
}

/// Whether a pod still takes anything: it has not ended, nor outlived the grace of its deletion (`QuotaV1Pod`).
pub(super) fn is_charged(pod: &Value, now: Timestamp) -> bool {
    let meta = &pod["metadata"];
    let overdue = || {
        let told = show::parse_time(&meta["deletionTimestamp"])?;
        let grace = SignedDuration::from_secs(meta["deletionGracePeriodSeconds"].as_i64()?);
        Some(now > told.checked_add(grace).ok()?)
    };
    !matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) && overdue() != Some(true)
}

/// What it asks for and may take at most, by the names of quotas.
pub(super) fn compute(spec: &Value) -> Amounts {
    let mut amounts = Amounts::new();
    for (resource, amount) in totals(spec, "requests") {
        if COMPUTE.contains(&resource.as_str()) || resource.starts_with(HUGE) {
            amounts.insert(resource.clone(), amount);
            amounts.insert(format!("requests.{resource}"), amount);
        } else if is_extended(&resource) {
            amounts.insert(format!("requests.{resource}"), amount);
        }
    }
    let limits = totals(spec, "limits").into_iter().filter(|(resource, _)| COMPUTE.contains(&resource.as_str()));
    amounts.extend(limits.map(|(resource, amount)| (format!("limits.{resource}"), amount)));
    amounts
}

/// The sum of the containers that run together, or what the start takes if that is more; with the pod's overhead.
pub(super) fn totals(spec: &Value, part: &str) -> Amounts {
    let of = |container: &Value| -> Amounts { list(&container["resources"][part]) };
    let mut running = Amounts::new();
    for container in show::list(&spec["containers"]) {
        sum(&mut running, &of(container));
    }
    let (mut sidecars, mut start) = (Amounts::new(), Amounts::new());
    for container in show::list(&spec["initContainers"]) {
        let mut together = of(container);
        if container["restartPolicy"] == "Always" {
            sum(&mut running, &together);
            sum(&mut sidecars, &together);
            together = sidecars.clone();
        } else {
            sum(&mut together, &sidecars);
        }
        raise(&mut start, &together);
    }
    raise(&mut running, &start);
    running.extend(list(&spec["resources"][part]));
    let mut overhead = list(&spec["overhead"]);
    if part == "limits" {
        overhead.retain(|resource, _| running.get(resource).is_some_and(|limit| !limit.is_zero()));
    }
    sum(&mut running, &overhead);
    running
}

fn list(resources: &Value) -> Amounts {
    let pairs = resources.as_object().into_iter().flatten();
    pairs.filter_map(|(resource, amount)| Some((resource.clone(), quantity(amount)?))).collect()
}

fn sum(total: &mut Amounts, amounts: &Amounts) {
    for (resource, amount) in amounts {
        let so_far = total.get(resource).copied().unwrap_or_default();
        total.insert(resource.clone(), so_far + *amount);
    }
}

fn raise(total: &mut Amounts, amounts: &Amounts) {
    for (resource, amount) in amounts {
        let so_far = total.get(resource).copied().unwrap_or_default();
        total.insert(resource.clone(), Quantity::max(so_far, *amount));
    }
}

/// What a quota counts and some container does not state, as `cpu for: a,b`; the pod as a whole may state it for all.
#[must_use]
pub fn unspecified(pod: &Value, hard: &Amounts) -> Vec<String> {
    let spec = &pod["spec"];
    let mut missing = Vec::new();
    for name in hard.keys().filter(|name| STATED.contains(&name.as_str())) {
        let (part, resource) = name.split_once('.').unwrap_or(("requests", name));
        let containers = ["containers", "initContainers"].into_iter().flat_map(|list| show::list(&spec[list]));
        let without = containers.filter(|container| container["resources"][part][resource].is_null());
        let names: BTreeSet<&str> = without.filter_map(|container| container["name"].as_str()).collect();
        if !names.is_empty() && spec["resources"][part][resource].is_null() {
            missing.push(format!("{name} for: {}", names.into_iter().collect::<Vec<_>>().join(",")));
        }
    }
    missing
}
