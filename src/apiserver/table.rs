//! The server-side table: the kind's columns and rows. Must not know any kind.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::call::Call;
use super::errors::{ApiError, ApiResult};
use crate::kinds::Kind;

/// Which object each row carries (`?includeObject=`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Include {
    Nothing,
    Metadata,
    Object,
}

impl Include {
    /// From the query; the metadata alone when missing.
    pub(super) fn from_call(call: &Call) -> ApiResult<Self> {
        match call.params.get("includeObject") {
            None | Some("Metadata") => Ok(Self::Metadata),
            Some("None") => Ok(Self::Nothing),
            Some("Object") => Ok(Self::Object),
            Some(other) => Err(ApiError::bad_request(format!(
                "Invalid value: {other:?}: must be 'Metadata', 'Object', 'None', or empty"
            ))),
        }
    }
}

/// A row as it is written.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    cells: Vec<Value>,
    object: Option<Object<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Object<'a> {
    Whole(&'a Value),
    Partial(Partial<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Partial<'a> {
    kind: &'static str,
    api_version: String,
    metadata: &'a Value,
}

/// Builds tables of one kind for one call.
#[derive(Clone, Copy)]
pub(super) struct Tabler<'a> {
    call: &'a Call,
    version: &'a str,
    include: Include,
}

impl<'a> Tabler<'a> {
    pub(super) fn new(call: &'a Call, version: &'a str) -> ApiResult<Self> {
        Ok(Self { call, version, include: Include::from_call(call)? })
    }

    /// A table with these rows; columns are left out where the client has them already.
    pub(super) fn table(&self, metadata: &Value, columns: bool, rows: &[Row]) -> Value {
        let columns = if columns { definitions(self.call.kind) } else { Value::Null };
        json!({
            "kind": "Table", "apiVersion": format!("meta.k8s.io/{}", self.version), "metadata": metadata,
            "columnDefinitions": columns, "rows": rows,
        })
    }

    /// A table with its columns as text, object after object: thousands of rows need not be held as values.
    pub(super) fn written(&self, metadata: &Value, values: impl Iterator<Item = ApiResult<Value>>) -> ApiResult<Bytes> {
        let mut bytes = Vec::new();
        let columns = definitions(self.call.kind);
        let version = self.version;
        let head = format!(
            "{{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/{version}\",\"metadata\":{metadata},\"columnDefinitions\":{columns},\"rows\":["
        );
        bytes.extend_from_slice(head.as_bytes());
        for (index, value) in values.enumerate() {
            if index > 0 {
                bytes.push(b',');
            }
            let row = serde_json::to_writer(&mut bytes, &self.row(&value?));
            row.map_err(|error| ApiError::internal(error.to_string()))?;
        }
        bytes.extend_from_slice(b"]}");
        Ok(bytes.into())
    }

    /// The row of an object.
    pub(super) fn row<'v>(&self, value: &'v Value) -> Row<'v> {
        let cells = self.call.kind.rules.row(value, self.call.server.clock.now());
        let object = match self.include {
            Include::Nothing => None,
            Include::Metadata => Some(Object::Partial(Partial {
                kind: "PartialObjectMetadata",
                api_version: format!("meta.k8s.io/{}", self.version),
                metadata: &value["metadata"],
            })),
            Include::Object => Some(Object::Whole(value)),
        };
        Row { cells, object }
    }
}

/// The table of a single object.
pub(super) fn of_object(call: &Call, version: &str, value: &Value) -> ApiResult<Value> {
    let tabler = Tabler::new(call, version)?;
    let metadata = json!({ "resourceVersion": value["metadata"]["resourceVersion"] });
    Ok(tabler.table(&metadata, true, &[tabler.row(value)]))
}

fn definitions(kind: &Kind) -> Value {
    let definition = |column: &crate::kinds::Column| {
        json!({
            "name": column.name, "type": column.kind, "format": column.format, "description": "",
            "priority": column.priority,
        })
    };
    kind.columns.iter().map(definition).collect()
}
