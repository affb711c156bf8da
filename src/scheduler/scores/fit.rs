//! Scores by what is left on the node: `LeastAllocated` and `NodeResourcesBalancedAllocation`.

use super::{BEST, Cycle, NodeInfo};

/// The emptier the better, with an assumption for pods that ask for nothing.
pub(super) fn least_allocated(cycle: &Cycle, node: &NodeInfo) -> i64 {
    let (has, weight, pod) = (&node.allocatable, node.weight, cycle.pod.weight);
    let left = |has: i64, used: i64| if used > has || has == 0 { 0 } else { (has - used) * BEST / has };
    i64::midpoint(left(has.cpu, weight.0 + pod.0), left(has.memory, weight.1 + pod.1))
}

/// The more alike the used parts of processor and memory the better.
pub(super) fn balanced(cycle: &Cycle, node: &NodeInfo) -> i64 {
    let (has, used, pod) = (&node.allocatable, &node.requested, &cycle.pod.requests);
    // In thousandths of the whole.
    let part = |has: i64, used: i64| if has == 0 { 0 } else { (used.saturating_mul(1000) / has).min(1000) };
    let difference = (part(has.cpu, used.cpu + pod.cpu) - part(has.memory, used.memory + pod.memory)).abs();
    (1000 - difference / 2) * BEST / 1000
}
