//! `-o custom-columns=NAME:.metadata.name,…`. Must not ask the server.

use serde_json::Value;

use super::go;
use super::jsonpath::Template;

/// Columns that the user chose.
#[derive(Debug)]
pub(crate) struct Columns(Vec<(String, Template)>);

impl Columns {
    /// Reads `HEADER:path,…`.
    ///
    /// # Errors
    /// In kubectl's words.
    pub fn parse(spec: &str) -> Result<Self, String> {
        if spec.is_empty() {
            return Err("custom-columns format specified but no custom columns given".into());
        }
        let mut columns = Vec::new();
        for part in spec.split(',') {
            let Some((head, path)) = part.split_once(':') else {
                return Err(format!("unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>"));
            };
            columns.push((head.to_string(), Template::relaxed(path)?));
        }
        Ok(Self(columns))
    }

    /// Reads a file: a line of headers, a line of paths.
    ///
    /// # Errors
    /// In kubectl's words.
    pub fn parse_file(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let (Some(heads), Some(paths)) = (lines.next(), lines.next()) else {
            return Err("invalid template, missing header line. Expected format is one line of space separated headers, one line of space separated column specs.".into());
        };
        let (heads, paths) = (heads.split_whitespace(), paths.split_whitespace());
        if heads.clone().count() != paths.clone().count() {
            let (found, specs) = (heads.count(), paths.count());
            return Err(format!("number of headers ({found}) and field specifications ({specs}) don't match"));
        }
        let columns = heads.zip(paths).map(|(head, path)| Ok((head.to_string(), Template::relaxed(path)?)));
        Ok(Self(columns.collect::<Result<_, String>>()?))
    }

    pub fn head(&self) -> String {
        self.0.iter().map(|(head, _)| head.as_str()).collect::<Vec<_>>().join("\t") + "\n"
    }

    /// The row of an object.
    ///
    /// # Errors
    /// When a path cannot be evaluated over it.
    pub fn row(&self, object: &Value) -> Result<String, String> {
        let mut cells = Vec::new();
        for (_, path) in &self.0 {
            let found: Vec<String> = path.find(object)?.into_iter().map(go::plain).collect();
            cells.push(if found.is_empty() { "<none>".into() } else { found.join(",") });
        }
        Ok(cells.join("\t") + "\n")
    }
}
