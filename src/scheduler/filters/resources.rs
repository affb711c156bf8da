//! Whether what a pod asks for is left on the node: `NodeResourcesFit`.

use super::{Cycle, Reasons};
use crate::scheduler::cache::NodeInfo;

pub(super) fn fit(cycle: &Cycle, node: &NodeInfo) -> Result<(), Reasons> {
    let (asked, has, used) = (&cycle.pod.requests, &node.allocatable, &node.requested);
    let named = [
        ("cpu", asked.cpu, has.cpu, used.cpu),
        ("memory", asked.memory, has.memory, used.memory),
        ("ephemeral-storage", asked.ephemeral, has.ephemeral, used.ephemeral),
    ];
    let others = asked.others.iter().map(|(name, &amount)| {
        let of = |resources: &crate::scheduler::facts::Resources| resources.others.get(name).copied().unwrap_or(0);
        (name.as_str(), amount, of(has), of(used))
    });
    let (mut reasons, mut preemptible) = (Vec::new(), true);
    if used.pods + 1 > has.pods {
        reasons.push("Too many pods".into());
        preemptible &= has.pods > 0;
    }
    for (name, asked, has, used) in named.into_iter().chain(others) {
        if asked > 0 && asked > has - used {
            reasons.push(format!("Insufficient {name}").into());
            preemptible &= asked <= has;
        }
    }
    if reasons.is_empty() { Ok(()) } else { Err(Reasons(reasons, preemptible)) }
}
