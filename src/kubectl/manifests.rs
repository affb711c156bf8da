//! Manifests from files, folders and standard input: one object each, lists taken apart. Must not ask the server.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::failure::{Failure, Outcome, go_words};
use super::flags::Files;
use super::io::{Entry, Input, Io};
use super::session::Session;
use crate::schema;

/// An object and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    /// As kubectl names it in errors: the path, or `STDIN`.
    pub source: String,
    pub object: Value,
}

/// What was read, and what could not be.
pub(crate) type Reading = (Vec<Manifest>, Vec<Failure>);

/// Reads everything that `-f` names, in its order. With `validate`, an object must say its kind.
pub(crate) async fn read(session: &mut Session<'_>, files: &Files, validate: bool) -> Outcome<Reading> {
    if let Some(folder) = &files.kustomize {
        return Err(Failure::Worded(format!(
            "Timonel no trae kustomize (-k {folder}): escribe los manifiestos completos y aplícalos con -f, o usa el kubectl instalado."
        )));
    }
    let (mut manifests, mut failures) = (Vec::new(), Vec::new());
    for name in &files.files {
        for (source, bytes) in sources(session, name, files.recursive).await? {
            if let Err(failure) = objects(&source, &bytes, validate, &mut manifests) {
                failures.push(failure);
            }
        }
    }
    Ok((manifests, failures))
}

/// The texts that one `-f` names.
async fn sources(session: &mut Session<'_>, name: &str, recursive: bool) -> Outcome<Vec<(String, Vec<u8>)>> {
    if name == "-" {
        return Ok(vec![("STDIN".into(), stdin(session.io).await?)]);
    }
    if name.starts_with("http://") || name.starts_with("https://") {
        return Err(Failure::Worded(format!(
            "Timonel no descarga manifiestos: guarda {name} en un archivo (curl -LO) y usa -f ARCHIVO."
        )));
    }
    let mut paths = Vec::new();
    collect(session.io, Path::new(name), recursive, true, &mut paths)?;
    if paths.is_empty() {
        return Err(Failure::error(format!(
            "error reading [{name}]: recognized file extensions are [.json .yaml .yml]"
        )));
    }
    let read = |path: PathBuf| {
        let bytes = session.io.read(&path);
        let bytes = bytes.map_err(|error| Failure::error(format!("open {}: {}", path.display(), go_words(&error))))?;
        Ok((path.display().to_string(), bytes))
    };
    paths.into_iter().map(read).collect()
}

/// Everything on standard input.
pub(crate) async fn stdin(io: &mut dyn Io) -> Outcome<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        match io.input().await? {
            Input::Bytes(bytes) => all.extend(bytes),
            Input::Resized(..) => {}
            Input::End => return Ok(all),
        }
    }
}

fn collect(io: &dyn Io, path: &Path, recursive: bool, is_top: bool, found: &mut Vec<PathBuf>) -> Outcome {
    let missing = |_| Failure::error(format!("the path {:?} does not exist", path.display().to_string()));
    match io.entry(path).map_err(missing)? {
        Entry::File if is_top || is_manifest(path) => found.push(path.to_path_buf()),
        Entry::Folder(entries) if is_top || recursive => {
            for entry in entries {
                collect(io, &entry, recursive, false, found)?;
            }
        }
        Entry::File | Entry::Folder(_) => {}
    }
    Ok(())
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json" || extension == "yaml" || extension == "yml")
}

fn objects(source: &str, bytes: &[u8], validate: bool, found: &mut Vec<Manifest>) -> Outcome {
    for document in documents(bytes) {
        let parsed = parse(document).map_err(|error| Failure::error(format!("error parsing {source}: {error}")))?;
        if parsed.is_null() {
            continue;
        }
        if validate {
            check(source, &parsed)?;
        }
        flatten(source, parsed, found);
    }
    Ok(())
}

/// One document of a file, as JSON or YAML.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, String> {
    if bytes.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<Value>(bytes).is_ok() {
        return schema::json::parse(bytes).map(|parsed| parsed.value);
    }
    let parsed = schema::yaml::parse(bytes).map_err(|error| format!("error converting YAML to JSON: {error}"))?;
    Ok(parsed.value)
}

/// The documents between lines of `---`.
pub(crate) fn documents(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut documents, mut start, mut at) = (Vec::new(), 0, 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let rest = line.strip_prefix(b"---").map(<[u8]>::trim_ascii);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"#")) {
            documents.push(&bytes[start..at]);
            start = at + line.len();
        }
        at += line.len();
    }
    documents.push(&bytes[start..]);
    documents.retain(|document| !document.trim_ascii().is_empty());
    documents
}

fn check(source: &str, object: &Value) -> Outcome {
    let is_missing = |field: &&str| object[*field].as_str().is_none_or(str::is_empty);
    let missing: Vec<&str> = ["apiVersion", "kind"].into_iter().filter(is_missing).collect();
    let problem = match missing.as_slice() {
        [] => return Ok(()),
        [one] => format!("{one} not set"),
        many => format!("[{}]", many.iter().map(|field| format!("{field} not set")).collect::<Vec<_>>().join(", ")),
    };
    Err(Failure::error(format!(
        "error validating {source:?}: error validating data: {problem}; if you choose to ignore these errors, turn validation off with --validate=false"
    )))
}

fn flatten(source: &str, object: Value, found: &mut Vec<Manifest>) {
    let is_list = object["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
    match object {
        Value::Object(mut fields) if is_list && fields.get("items").is_some_and(Value::is_array) => {
            if let Some(Value::Array(items)) = fields.remove("items") {
                items.into_iter().for_each(|item| flatten(source, item, found));
            }
        }
        object => found.push(Manifest { source: source.into(), object }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_end_at_their_separators() {
        let text = b"# head\n---\na: 1\n--- # second\nb: |\n  ---x\n---\n\n---\n";
        let found = documents(text);
        assert_eq!(found, [b"# head\n".as_slice(), b"a: 1\n", b"b: |\n  ---x\n"]);
        assert!(parse(found[0]).unwrap().is_null());
    }

    #[test]
    fn lists_are_taken_apart() {
        let mut found = Vec::new();
        let list = br#"{"apiVersion":"v1","kind":"List","items":[{"kind":"A","apiVersion":"v1"},{"kind":"B","apiVersion":"v1"}]}"#;
        objects("x", list, true, &mut found).unwrap();
        assert_eq!(found.iter().map(|it| it.object["kind"].as_str().unwrap()).collect::<Vec<_>>(), ["A", "B"]);
    }

    #[test]
    fn an_object_says_its_kind() {
        let error = objects("x.yaml", b"metadata: {}", true, &mut Vec::new()).unwrap_err().text();
        assert!(error.contains("[apiVersion not set, kind not set]"), "{error}");
        assert!(objects("x.yaml", b"metadata: {}", false, &mut Vec::new()).is_ok());
    }
}
