//! The server's own Table (what `kubectl get` prints), as plain data. No IO.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// A column of the server's table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Column {
    /// Header, such as `Ready`.
    pub name: String,
    /// 0 is always shown, higher only where there is room (`-o wide`).
    #[serde(default)]
    pub priority: i32,
}

/// A row: what the server printed, and the object that it is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Cells as text, in the order of the columns.
    pub cells: Vec<String>,
    /// Namespace; empty for cluster-scoped kinds.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// Its uid, which tells it from a later one of the same name.
    pub uid: String,
    /// When it was created, for ages that tick.
    pub created: Option<Timestamp>,
}

/// A list as the server prints it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// Where a watch continues.
    pub version: String,
    /// Where the next page begins; empty at the end.
    pub next: String,
    /// The namespace that it tells whole; all that was asked for when absent.
    pub part: Option<String>,
}

impl Table {
    /// Reads a `meta.k8s.io/v1` Table; `None` when it is something else.
    pub fn read(value: &Value) -> Option<Self> {
        if value["kind"] != "Table" {
            return None;
        }
        let columns = value["columnDefinitions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let rows = value["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
        Some(Self {
            columns: columns.iter().filter_map(|column| Column::deserialize(column).ok()).collect(),
            rows: rows.iter().map(Row::read).collect(),
            version: text(&value["metadata"]["resourceVersion"]),
            next: text(&value["metadata"]["continue"]),
            part: None,
        })
    }
}

impl Row {
    fn read(value: &Value) -> Self {
        let cells = value["cells"].as_array().map(Vec::as_slice).unwrap_or_default();
        let meta = &value["object"]["metadata"];
        Self {
            cells: cells.iter().map(text).collect(),
            namespace: text(&meta["namespace"]),
            name: text(&meta["name"]),
            uid: text(&meta["uid"]),
            created: meta["creationTimestamp"].as_str().and_then(|at| at.parse().ok()),
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
