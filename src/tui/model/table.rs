//! The server's own Table (what `kubectl get` prints), as plain data. No IO.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::shared::Text;

/// A column of the server's table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Column {
    /// Header, such as `Ready`.
    pub name: String,
    /// 0 is always shown, higher only where there is room (`-o wide`).
    #[serde(default)]
    pub priority: i32,
}

/// The texts of a row in one piece: ten thousand rows are a hundred thousand cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cells {
    text: Box<str>,
    /// Where each ends.
    ends: Box<[u32]>,
}

impl Cells {
    /// A cell by its column.
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = |index: usize| self.ends.get(index).map(|end| *end as usize);
        let from = index.checked_sub(1).map_or(Some(0), end)?;
        self.text.get(from..end(index)?)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Each, in the order of the columns.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

impl<S: AsRef<str>> FromIterator<S> for Cells {
    fn from_iter<T: IntoIterator<Item = S>>(cells: T) -> Self {
        let (mut text, mut ends) = (String::new(), Vec::new());
        for cell in cells {
            text.push_str(cell.as_ref());
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        Self { text: text.into(), ends: ends.into() }
    }
}

/// A row: what the server printed, and the object that it is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Cells as text, in the order of the columns.
    pub cells: Cells,
    /// Namespace; empty for cluster-scoped kinds.
    pub namespace: Text,
    /// Name of the object.
    pub name: Text,
    /// Its uid, which tells it from a later one of the same name.
    pub uid: Text,
    /// When it was created, for ages that tick.
    pub created: Option<Timestamp>,
}

/// A list as the server prints it, a `meta.k8s.io/v1` Table.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(try_from = "Sent")]
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

/// A table as it is sent. What nobody shows (managedFields, half of the text) is not read into memory.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    kind: String,
    #[serde(default)]
    metadata: SentMeta,
    column_definitions: Option<Vec<Column>>,
    rows: Option<Vec<SentRow>>,
}

#[derive(Deserialize)]
struct SentRow {
    cells: Vec<Value>,
    object: Option<SentObject>,
}

#[derive(Deserialize)]
struct SentObject {
    #[serde(default)]
    metadata: SentMeta,
}

/// What is read of the metadata of a table or of an object.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SentMeta {
    name: String,
    namespace: String,
    uid: String,
    resource_version: String,
    creation_timestamp: Option<String>,
    r#continue: String,
}

impl TryFrom<Sent> for Table {
    type Error = &'static str;

    fn try_from(sent: Sent) -> Result<Self, Self::Error> {
        if sent.kind != "Table" {
            return Err("the server did not answer with a Table");
        }
        let rows = sent.rows.unwrap_or_default();
        // A watch's event is a table of one row; not every server says its version at the top.
        let first = rows.first().and_then(|row| row.object.as_ref()).map(|object| &object.metadata.resource_version);
        let version = Some(sent.metadata.resource_version).filter(|version| !version.is_empty());
        Ok(Self {
            columns: sent.column_definitions.unwrap_or_default(),
            version: version.or_else(|| first.cloned()).unwrap_or_default(),
            next: sent.metadata.r#continue,
            rows: rows.into_iter().map(Row::from).collect(),
            part: None,
        })
    }
}

impl From<SentRow> for Row {
    fn from(sent: SentRow) -> Self {
        let meta = sent.object.map(|object| object.metadata).unwrap_or_default();
        Self {
            cells: sent.cells.into_iter().map(text).collect(),
            namespace: meta.namespace.into(),
            name: meta.name.into(),
            uid: meta.uid.into(),
            created: meta.creation_timestamp.and_then(|at| at.parse().ok()),
        }
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
