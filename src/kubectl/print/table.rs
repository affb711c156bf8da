//! Columns: the server's own Table as kubectl prints it. Must not sort nor ask the server.

use serde_json::Value;

/// What is shown beside the server's columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    /// Also columns of lower priority.
    pub wide: bool,
    /// A NAMESPACE column.
    pub namespace: bool,
    /// `pod/` before names.
    pub kind: Option<String>,
    /// Labels with a column of their own (`-L`).
    pub labels: Vec<String>,
    /// A LABELS column.
    pub all_labels: bool,
    /// Rows only.
    pub no_headers: bool,
}

/// The heads of a table, one line.
pub(crate) fn head(columns: &[Value], shown: &Shown) -> String {
    let mut cells: Vec<String> = Vec::new();
    if shown.namespace {
        cells.push("NAMESPACE".into());
    }
    let names = visible(columns, shown).filter_map(|(_, column)| column["name"].as_str());
    cells.extend(names.map(str::to_uppercase));
    let last_part = |label: &String| label.rsplit('/').next().unwrap_or_default().to_uppercase();
    cells.extend(shown.labels.iter().map(last_part));
    if shown.all_labels {
        cells.push("LABELS".into());
    }
    cells.join("\t") + "\n"
}

/// A row of a table, one line.
pub(crate) fn row(columns: &[Value], row: &Value, shown: &Shown) -> String {
    let metadata = &row["object"]["metadata"];
    let mut cells: Vec<String> = Vec::new();
    if shown.namespace {
        cells.push(metadata["namespace"].as_str().unwrap_or_default().into());
    }
    for (place, column) in visible(columns, shown) {
        let cell = cell(&row["cells"][place]);
        match &shown.kind {
            Some(kind) if column["format"] == "name" => cells.push(format!("{kind}/{cell}")),
            _ => cells.push(cell),
        }
    }
    let label = |name: &String| metadata["labels"][name].as_str().unwrap_or_default().to_string();
    cells.extend(shown.labels.iter().map(label));
    if shown.all_labels {
        cells.push(labels(&metadata["labels"]));
    }
    cells.join("\t") + "\n"
}

fn visible<'c>(columns: &'c [Value], shown: &Shown) -> impl Iterator<Item = (usize, &'c Value)> {
    let wide = shown.wide;
    let counts = move |column: &Value| wide || column["priority"].as_i64().unwrap_or(0) == 0;
    columns.iter().enumerate().filter(move |(_, column)| counts(column))
}

/// Only a text's first line is shown.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => match text.find(['\n', '\r', '\x0c']) {
            Some(end) => format!("{}...", escaped(&text[..end])),
            None => escaped(text),
        },
        other => other.to_string(),
    }
}

/// A terminal is not to obey what an object says.
fn escaped(text: &str) -> String {
    text.replace('\x1b', "^[")
}

/// `a=b,c=d`, or `<none>`.
pub(crate) fn labels(value: &Value) -> String {
    let pairs = value.as_object().into_iter().flatten();
    let pairs: Vec<String> =
        pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    if pairs.is_empty() { "<none>".into() } else { pairs.join(",") }
}
