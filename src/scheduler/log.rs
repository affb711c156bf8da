//! The last decisions, kept in memory for whoever wants to see how they came about. Must not grow without bounds.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::decide::{Decision, ELSEWHERE};
use super::facts::PodFacts;
use super::filters;
use crate::client::decisions::{self as told, Filter, Outcome, Score};

/// Decisions that are kept.
const KEPT: usize = 256;
/// Nodes that are named of each filter and score.
const NAMED: usize = 20;

/// A ring of decisions.
#[derive(Debug, Default)]
pub(super) struct Log {
    kept: VecDeque<told::Decision>,
    number: u64,
}

/// What is known of a decision besides how it came about.
pub(super) struct Result {
    pub outcome: Outcome,
    pub message: Option<String>,
    pub victims: Vec<String>,
}

impl Log {
    pub(super) fn push(&mut self, pod: &PodFacts, attempt: u32, decision: &Decision, result: Result, now: Timestamp) {
        self.number += 1;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(told::Decision {
            number: self.number,
            time: now,
            pod: pod.key.to_string(),
            uid: pod.uid.clone(),
            priority: pod.priority,
            attempt,
            nodes: decision.nodes,
            filters: funnel(decision),
            scores: scores(decision),
            node: decision.chosen.clone(),
            message: result.message,
            victims: result.victims,
            outcome: result.outcome,
        });
    }

    /// Says what became of the last decision about a pod.
    pub(super) fn settle(&mut self, uid: &str, outcome: Outcome) {
        if let Some(decision) = self.kept.iter_mut().rev().find(|decision| decision.uid == uid) {
            decision.outcome = outcome;
        }
    }

    /// The decisions after a number.
    pub(super) fn after(&self, number: u64) -> told::Decisions {
        told::Decisions { items: self.kept.iter().filter(|it| it.number > number).cloned().collect() }
    }
}

/// The filters that nodes came to, in their order.
fn funnel(decision: &Decision) -> Vec<Filter> {
    let mut left = decision.feasible.len() + decision.refused.len() + decision.elsewhere;
    if let Some((name, words)) = &decision.barred {
        let reasons = BTreeMap::from([("*".to_string(), vec![words.clone()])]);
        return vec![Filter { name: (*name).into(), came: decision.nodes, refused: decision.nodes, reasons }];
    }
    let mut funnel = Vec::new();
    for name in filters::names() {
        let refused: Vec<_> = decision.refused.iter().filter(|(_, refusal)| refusal.filter == name).collect();
        let named = refused
            .iter()
            .take(NAMED)
            .map(|(node, refusal)| (node.clone(), refusal.reasons.iter().map(ToString::to_string).collect::<Vec<_>>()));
        let mut reasons: BTreeMap<_, _> = named.collect();
        let elsewhere = if name == "NodeAffinity" { decision.elsewhere } else { 0 };
        if elsewhere > 0 {
            reasons.insert("*".into(), vec![ELSEWHERE.into()]);
        }
        funnel.push(Filter { name: name.into(), came: left, refused: refused.len() + elsewhere, reasons });
        left -= refused.len() + elsewhere;
    }
    funnel
}

/// The points of the best nodes.
fn scores(decision: &Decision) -> Vec<Score> {
    let total = |at: &usize| decision.points.iter().map(|column| column.points[*at]).sum::<i64>();
    let mut best: Vec<usize> =
        if decision.points.is_empty() { Vec::new() } else { (0..decision.feasible.len()).collect() };
    best.sort_by_key(|at| std::cmp::Reverse(total(at)));
    best.truncate(NAMED);
    let score = |column: &super::scores::Column| Score {
        name: column.name.into(),
        points: best.iter().map(|&at| (decision.feasible[at].clone(), column.points[at])).collect(),
    };
    decision.points.iter().map(score).collect()
}
