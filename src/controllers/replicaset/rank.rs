//! Which pods go first when there are too many (`ActivePodsWithRanks`). Must not do IO.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::client::pod::Pod;
use crate::client::pods::{is_active, is_ready, node_name, phase, ready_since, restarts};

/// The annotation by which a person says what losing a pod costs.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// The `count` pods that are missed least.
pub(super) fn first_to_go(active: &[Arc<Pod>], related: &[Arc<Pod>], count: usize, now: Timestamp) -> Vec<Arc<Pod>> {
    let mut crowd: HashMap<&str, usize> = HashMap::new();
    for node in related.iter().filter(|pod| is_active(pod)).filter_map(|pod| node_name(pod)) {
        *crowd.entry(node).or_default() += 1;
    }
    let crowded = |pod: &Pod| node_name(pod).and_then(|node| crowd.get(node).copied()).unwrap_or(0);
    let mut pods = active.to_vec();
    pods.sort_by(|a, b| compare(a, b, (crowded(a), crowded(b)), now));
    pods.truncate(count);
    pods
}

/// Which of two pods is missed less, wherever the others are (`ActivePods`): less means it goes earlier.
pub(in crate::controllers) fn less_useful(a: &Pod, b: &Pod, now: Timestamp) -> Ordering {
    compare(a, b, (0, 0), now)
}

/// Less means: goes earlier.
fn compare(a: &Pod, b: &Pod, crowd: (usize, usize), now: Timestamp) -> Ordering {
    let assigned = node_name(a).is_some().cmp(&node_name(b).is_some());
    assigned
        .then_with(|| phase_rank(a).cmp(&phase_rank(b)))
        .then_with(|| is_ready(a).cmp(&is_ready(b)))
        .then_with(|| cost(a).cmp(&cost(b)))
        .then_with(|| Reverse(crowd.0).cmp(&Reverse(crowd.1)))
        .then_with(|| age_rank(ready_since(a), now).cmp(&age_rank(ready_since(b), now)))
        .then_with(|| Reverse(restarts(a)).cmp(&Reverse(restarts(b))))
        .then_with(|| age_rank(created(a), now).cmp(&age_rank(created(b), now)))
        .then_with(|| a.metadata.uid.cmp(&b.metadata.uid))
}

fn phase_rank(pod: &Pod) -> u8 {
    match phase(pod) {
        "Running" => 2,
        "Unknown" => 1,
        _ => 0,
    }
}

fn cost(pod: &Pod) -> i32 {
    let annotations = pod.metadata.annotations.as_ref();
    annotations.and_then(|all| all.get(DELETION_COST)?.parse().ok()).unwrap_or(0)
}

fn created(pod: &Pod) -> Option<Timestamp> {
    pod.metadata.creation_timestamp.as_ref().map(|time| time.0)
}

/// Ages on a logarithmic scale, so that pods of about the same age are chosen between at random (`LogarithmicScaleDown`).
fn age_rank(since: Option<Timestamp>, now: Timestamp) -> u32 {
    since.map_or(0, |since| {
        let seconds = u64::try_from(now.duration_since(since).as_secs()).unwrap_or(0);
        u64::BITS - seconds.leading_zeros()
    })
}
