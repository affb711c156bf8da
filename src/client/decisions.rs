//! How the scheduler decided, as it tells it at `/timonel/v1/scheduler/decisions`: the funnel of filters, the scores and
//! the choice. Must not decide anything.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where the scheduler's last decisions are read; `?after=N` leaves out those up to number N.
pub const PATH: &str = "/timonel/v1/scheduler/decisions";

/// The last decisions, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Decisions {
    /// At most so many as the scheduler keeps.
    pub items: Vec<Decision>,
}

/// One decision about one pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Rises by one with each decision.
    pub number: u64,
    /// When it was made.
    pub time: Timestamp,
    /// `namespace/name`.
    pub pod: String,
    /// The pod's uid.
    pub uid: String,
    /// The pod's priority.
    pub priority: i32,
    /// How often a node was looked for already, this time included.
    pub attempt: u32,
    /// How many nodes there were.
    pub nodes: usize,
    /// The filters in their order, each with the nodes that came to it.
    pub filters: Vec<Filter>,
    /// The scores in their order; none where a single node was left.
    pub scores: Vec<Score>,
    /// The node, if one took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Why none did, in Kubernetes' words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The pods that must go to make room for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub victims: Vec<String>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The node was chosen, and the binding is being written.
    Binding,
    /// The server has written the binding.
    Bound,
    /// The server did not take it.
    Failed,
    /// No node takes the pod for now.
    Unschedulable,
    /// Others were told to go to make room.
    Preempting,
}

/// One filter: how many nodes came to it and which it refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// Kubernetes' name of the plug-in.
    pub name: String,
    /// Nodes that came to it.
    pub came: usize,
    /// Nodes that it refused.
    pub refused: usize,
    /// Some of them, each with why.
    pub reasons: BTreeMap<String, Vec<String>>,
}

/// One score: its weighed points for the best nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Kubernetes' name of the plug-in.
    pub name: String,
    /// Points by node.
    pub points: BTreeMap<String, i64>,
}

/// Reads the decisions after a number (0 for all that are kept).
///
/// # Errors
/// When the server or the scheduler does not answer, or the cluster is not ours.
pub async fn read(client: &kube::Client, after: u64) -> kube::Result<Decisions> {
    let request = http::Request::get(format!("{PATH}?after={after}")).body(Vec::new());
    client.request(request.map_err(kube::Error::HttpError)?).await
}
