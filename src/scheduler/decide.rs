//! One decision: filter the nodes, score what is left, choose. Must not do IO nor change anything.

use super::cache::{Cache, NodeInfo};
use super::catalog::Catalog;
use super::facts::PodFacts;
use super::filters::{self, Cycle, Refusal};
use super::scores::{self, Column};
use super::storage::{Bindings, Needs, needs};
use crate::base::names::Names;

/// Below this many nodes all of them are looked at (`minFeasibleNodesToFind`).
const ALWAYS: usize = 100;

/// How a decision came about: for each node why not, and the points of those that remained.
#[derive(Clone, Debug, Default)]
pub(super) struct Decision {
    /// How many nodes there are.
    pub nodes: usize,
    /// Why the pod must wait whatever the node: the filter that says so, and its words.
    pub barred: Option<(&'static str, String)>,
    /// The nodes that refused, with why.
    pub refused: Vec<(String, Refusal)>,
    /// How many nodes were not looked at because the pod names others.
    pub elsewhere: usize,
    /// The nodes that were scored.
    pub feasible: Vec<String>,
    /// Each score's points, in the order of `feasible`.
    pub points: Vec<Column>,
    /// Where the pod goes, if anywhere.
    pub chosen: Option<String>,
    /// What its claims get there.
    pub bindings: Bindings,
    /// What it needs of storage.
    pub needs: Needs,
}

/// What the nodes say that were not looked at.
pub(super) const ELSEWHERE: &str = "node(s) didn't satisfy plugin(s) [NodeAffinity]";

/// Chooses a node; `start` turns the order in which nodes are tried, so that all get their turn.
pub(super) fn decide(cache: &Cache, catalog: &Catalog, pod: &PodFacts, start: usize, names: &Names) -> Decision {
    let all = cache.nodes();
    let mut decision = Decision { nodes: all.len(), ..Decision::default() };
    if all.is_empty() {
        return decision;
    }
    match prepare(pod, catalog) {
        Ok(needs) => decision.needs = needs,
        Err(barred) => {
            decision.barred = Some(barred);
            return decision;
        }
    }
    let needs = decision.needs.clone();
    let cycle = Cycle::new(pod, catalog, &needs, &all, cache.has_repelling());
    let mut nodes = all;
    nodes.retain(|node| pod.pinned.as_ref().is_none_or(|names| names.contains(&node.name)));
    decision.elsewhere = decision.nodes - nodes.len();
    if !nodes.is_empty() {
        let turn = start % nodes.len();
        nodes.rotate_left(turn);
    }
    let feasible = filter(&cycle, nodes, &mut decision);
    choose(&cycle, &feasible, names, &mut decision);
    let chosen = feasible.iter().find(|node| Some(&node.name) == decision.chosen.as_ref());
    if let Some(node) = chosen.and_then(|node| node.node.as_ref()) {
        decision.bindings = needs.on(node, catalog).unwrap_or_default();
    }
    decision
}

/// What holds for the pod whatever the node.
fn prepare(pod: &PodFacts, catalog: &Catalog) -> Result<Needs, (&'static str, String)> {
    if pod.pinned.as_ref().is_some_and(std::collections::BTreeSet::is_empty) {
        return Err(("NodeAffinity", "pod affinity terms conflict".into()));
    }
    needs(pod, catalog)
}

fn filter<'a>(cycle: &Cycle, nodes: Vec<&'a NodeInfo>, decision: &mut Decision) -> Vec<&'a NodeInfo> {
    let enough = enough(nodes.len());
    let mut feasible = Vec::new();
    for node in nodes {
        match filters::run(cycle, node) {
            Ok(()) => feasible.push(node),
            Err(refusal) => decision.refused.push((node.name.clone(), refusal)),
        }
        if feasible.len() == enough {
            break;
        }
    }
    decision.feasible = feasible.iter().map(|node| node.name.clone()).collect();
    feasible
}

/// How many feasible nodes are worth scoring (`numFeasibleNodesToFind`): a part that shrinks as the cluster grows.
fn enough(nodes: usize) -> usize {
    let percent = 50_usize.saturating_sub(nodes / 125).max(5);
    if nodes < ALWAYS { nodes } else { (nodes * percent / 100).max(ALWAYS) }
}

/// The most points win; among equals, chance.
fn choose(cycle: &Cycle, feasible: &[&NodeInfo], names: &Names, decision: &mut Decision) {
    if let [only] = feasible {
        decision.chosen = Some(only.name.clone());
        return;
    }
    decision.points = scores::rate(cycle, feasible);
    let total = |at: usize| decision.points.iter().map(|column| column.points[at]).sum::<i64>();
    let totals: Vec<i64> = (0..feasible.len()).map(total).collect();
    let Some(most) = totals.iter().max() else { return };
    let best: Vec<usize> = (0..totals.len()).filter(|&at| totals[at] == *most).collect();
    decision.chosen = Some(feasible[best[names.below(best.len())]].name.clone());
}
