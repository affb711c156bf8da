//! Making room for a pod of higher priority (`DefaultPreemption`): whose going would let it in, at the least cost.
//! Must not do IO: it only says who would have to go.

use std::cmp::Reverse;
use std::sync::Arc;

use super::cache::{Cache, NodeInfo};
use super::catalog::Catalog;
use super::decide::Decision;
use super::facts::PodFacts;
use super::filters::{self, Cycle};
use super::words::not_available;

/// Nodes on which room is looked for: a tenth, and at least so many (`minCandidateNodesPercentage`, `…Absolute`).
const CANDIDATES: (usize, usize) = (10, 100);
const UNHELPFUL: &str = "Preemption is not helpful for scheduling";

/// What preemption brought.
#[derive(Debug)]
pub(super) enum Preemption {
    /// These must go, and then the pod fits on this node.
    Room { node: String, victims: Vec<Arc<PodFacts>> },
    /// Nothing, and why.
    Nothing(String),
}

/// Who would go from a node, and how many of them a budget protects.
struct Room {
    victims: Vec<Arc<PodFacts>>,
    protected: usize,
}

/// Looks for the node where room costs least.
pub(super) fn preempt(cache: &Cache, catalog: &Catalog, pod: &PodFacts, decision: &Decision) -> Preemption {
    if !pod.preempts {
        return Preemption::Nothing("not eligible due to preemptionPolicy=Never.".into());
    }
    let nodes = cache.nodes();
    let search = Search { pod, catalog, decision, nodes: &nodes, repelling: cache.has_repelling() };
    let enough = (nodes.len() * CANDIDATES.0 / 100).max(CANDIDATES.1);
    let (mut rooms, mut reasons) = (Vec::new(), vec![UNHELPFUL.to_string(); decision.elsewhere]);
    for (name, refusal) in &decision.refused {
        let Some(node) = nodes.iter().find(|node| node.name == *name).filter(|_| refusal.preemptible) else {
            reasons.push(UNHELPFUL.into());
            continue;
        };
        match search.room_on(node) {
            Ok(room) => rooms.push((name.clone(), room)),
            Err(reason) => reasons.push(reason),
        }
        if rooms.len() == enough {
            break;
        }
    }
    match rooms.into_iter().min_by_key(|(_, room)| cost(room)) {
        Some((node, room)) => Preemption::Room { node, victims: room.victims },
        None => Preemption::Nothing(not_available(decision.nodes, reasons.iter().map(AsRef::as_ref))),
    }
}

/// What makes one room dearer than another, in the order in which it counts.
type Cost = (usize, i32, i64, usize, Reverse<Option<jiff::Timestamp>>);

/// Less is better: budgets that break, the highest priority that goes, the sum of them, how many; then those that
/// started last.
fn cost(room: &Room) -> Cost {
    let victims = &room.victims;
    let highest = victims.iter().map(|pod| pod.priority).max().unwrap_or(i32::MIN);
    let sum = victims.iter().map(|pod| i64::from(pod.priority) + i64::from(i32::MAX)).sum();
    let first = victims.iter().filter(|pod| pod.priority == highest).filter_map(|pod| pod.started).min();
    (room.protected, highest, sum, victims.len(), Reverse(first))
}

struct Search<'a> {
    pod: &'a PodFacts,
    catalog: &'a Catalog,
    decision: &'a Decision,
    nodes: &'a [&'a NodeInfo],
    repelling: bool,
}

impl Search<'_> {
    /// Who must go from a node: all of lower priority but those that may stay nevertheless, those that a budget protects
    /// and the most important first.
    fn room_on(&self, node: &NodeInfo) -> Result<Room, String> {
        let mut lower: Vec<_> =
            node.pods.values().filter(|other| other.priority < self.pod.priority).cloned().collect();
        if lower.is_empty() {
            return Err("No preemption victims found for incoming pod".into());
        }
        let mut without = node.clone();
        for other in &lower {
            without.remove(&other.uid);
        }
        self.fits(&without)?;
        lower.sort_by_key(|other| (Reverse(other.priority), other.started));
        let (protected, others) = self.catalog.split_by_budget(lower);
        let protected = self.reprieve(protected, &mut without);
        let mut victims = protected.clone();
        victims.extend(self.reprieve(others, &mut without));
        victims.sort_by_key(|victim| Reverse(victim.priority));
        Ok(Room { victims, protected: protected.len() })
    }

    /// Lets those stay beside whom the pod still fits; the others.
    fn reprieve(&self, pods: Vec<Arc<PodFacts>>, without: &mut NodeInfo) -> Vec<Arc<PodFacts>> {
        let mut victims = Vec::new();
        for other in pods {
            without.add(other.clone());
            if self.fits(without).is_err() {
                without.remove(&other.uid);
                victims.push(other);
            }
        }
        victims
    }

    fn fits(&self, candidate: &NodeInfo) -> Result<(), String> {
        let changed: Vec<&NodeInfo> =
            self.nodes.iter().map(|other| if other.name == candidate.name { candidate } else { other }).collect();
        let cycle = Cycle::new(self.pod, self.catalog, &self.decision.needs, &changed, self.repelling);
        filters::run(&cycle, candidate).map_err(|refusal| refusal.reasons.join(", "))
    }
}
