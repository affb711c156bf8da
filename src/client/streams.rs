//! The lines of `/timonel/v1/audit` and `/timonel/v1/history`, for those who write and read them. Must not read a store.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where the answered requests are told as they come, a line of JSON each.
pub const AUDIT: &str = "/timonel/v1/audit";
/// Where the revisions that are kept are told, a line of JSON each.
pub const HISTORY: &str = "/timonel/v1/history";

/// A line of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AuditLine {
    /// A request that was answered.
    Request(AuditRequest),
    /// The reader was slower than the requests, and missed so many.
    #[serde(rename_all = "camelCase")]
    Missed {
        /// How many.
        missed: u64,
    },
}

/// A request that was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRequest {
    /// When the answer began.
    pub time: Timestamp,
    /// Who asked.
    pub user: String,
    /// With which program, as it names itself; absent where it does not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// `get`, `list`, `watch`, `create`…; the HTTP method in lower case outside of resources.
    pub verb: String,
    /// The resource with its subresource, such as `pods/status`; the path's first part outside of resources.
    pub resource: String,
    /// The namespace; absent where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The object's name; absent for collections.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The HTTP status; 0 when the connection was closed without an answer.
    pub code: u16,
    /// Until the answer began.
    pub latency_microseconds: u64,
}

/// A line of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "UPPERCASE")]
pub enum HistoryLine {
    /// The first line: the window that is kept.
    Bookmark(Window),
    /// An object came.
    Added(Revision),
    /// An object is another now.
    Modified(Revision),
    /// An object went; with its last state.
    Deleted(Revision),
    /// The stream ends here: a Status that says why.
    Error {
        /// The Status.
        object: Value,
    },
}

/// What is kept of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Every revision after this one is kept.
    pub oldest: u64,
    /// The last revision when the stream began.
    pub revision: u64,
}

/// One write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// Its revision.
    pub revision: u64,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The key in the store, such as `/registry/pods/default/web`.
    pub key: String,
    /// The object after the write; its last state when it went.
    pub object: Value,
}
