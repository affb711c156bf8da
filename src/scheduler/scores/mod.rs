//! How good a node is for a pod, where it may go. A score is one function and one line of the table: it gives each node
//! a number, the table brings them to 0..=100 and weighs them. Must not do IO.

mod fit;
mod prefer;
mod spread;

use super::cache::NodeInfo;
use super::filters::Cycle;

/// How raw numbers become 0..=100 (`DefaultNormalizeScore`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// They already are.
    Direct,
    /// The most is 100.
    More,
    /// The most is 0.
    Less,
    /// The least is 0, the most is 100; numbers may be negative.
    Range,
}

type Rate = fn(&Cycle, &NodeInfo) -> i64;

struct Score {
    name: &'static str,
    weight: i64,
    scale: Scale,
    rate: Rate,
}

const BEST: i64 = 100;

/// The scores with Kubernetes' own weights.
static SCORES: &[Score] = &[
    Score { name: "TaintToleration", weight: 3, scale: Scale::Less, rate: prefer::avoided_taints },
    Score { name: "NodeAffinity", weight: 2, scale: Scale::More, rate: prefer::node_affinity },
    Score { name: "PodTopologySpread", weight: 2, scale: Scale::Less, rate: spread::crowd },
    Score { name: "InterPodAffinity", weight: 2, scale: Scale::Range, rate: prefer::pod_affinity },
    Score { name: "NodeResourcesFit", weight: 1, scale: Scale::Direct, rate: fit::least_allocated },
    Score { name: "NodeResourcesBalancedAllocation", weight: 1, scale: Scale::Direct, rate: fit::balanced },
];

/// One score's verdict on the nodes, weighed, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub name: &'static str,
    pub points: Vec<i64>,
}

/// Rates the nodes by every score.
pub(super) fn rate(cycle: &Cycle, nodes: &[&NodeInfo]) -> Vec<Column> {
    let column = |score: &Score| {
        let raw = nodes.iter().map(|node| (score.rate)(cycle, node)).collect();
        let points = score.scale.apply(raw).into_iter().map(|points| points * score.weight).collect();
        Column { name: score.name, points }
    };
    SCORES.iter().map(column).collect()
}

impl Scale {
    fn apply(self, raw: Vec<i64>) -> Vec<i64> {
        let (least, most) = (raw.iter().copied().min().unwrap_or(0), raw.iter().copied().max().unwrap_or(0));
        let scaled = |value: i64| match self {
            Self::Direct => value,
            Self::More if most == 0 => value,
            Self::More => BEST * value / most,
            Self::Less if most == 0 => BEST,
            Self::Less => BEST - BEST * value / most,
            Self::Range if most == least => 0,
            Self::Range => BEST * (value - least) / (most - least),
        };
        raw.into_iter().map(scaled).collect()
    }
}
