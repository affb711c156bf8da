//! What can be said of a text before it is sent: YAML, kubectl's own refusals, unknown fields and wrong types. Pure.
//!
//! Each layer hides the next, as in life: a text that does not read has no fields, a kind that does not exist has no types.

use std::sync::Arc;

use serde_json::Value;

use super::documents::{Document, split};
use super::places::{Place, nearest, places, without_indexes};
use super::{Finder, Problem, explain};
use crate::schema::{self, types, yaml};
use crate::tui::model::catalog::{Resource, Target, by_kind};

/// What the checks need to know of the server.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Its kinds; without them nothing is said of kinds.
    pub catalog: Option<&'a [Arc<Resource>]>,
    /// The namespace of what names none.
    pub namespace: &'a str,
}

/// A document that could be sent.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Where it goes.
    pub target: Target,
    /// What it says.
    pub object: Value,
    /// Its first line in the text.
    pub first_line: usize,
    /// Where its fields stand, in lines of the document.
    pub places: Vec<Place>,
}

/// What the checks found.
#[derive(Debug, Default)]
pub struct Report {
    /// What is wrong, in the order of the text.
    pub problems: Vec<Problem>,
    /// What kubectl would send.
    pub ready: Vec<Ready>,
}

/// Checks a whole text.
pub fn check(text: &str, known: Known) -> Report {
    let mut report = Report::default();
    for document in split(text) {
        one(&document, known, &mut report);
    }
    report.problems.sort_by_key(|problem| (problem.line, problem.column));
    report
}

fn one(document: &Document, known: Known, report: &mut Report) {
    let parsed = match yaml::parse(document.text.as_bytes()) {
        Ok(parsed) => parsed,
        Err(error) => return report.problems.push(syntax(document, error)),
    };
    let places = places(document.text);
    let at = |finder, path: &str, english: String| {
        problem(finder, document.first_line, nearest(&places, path), false, english)
    };
    let repeated = parsed.duplicates.iter().map(|text| at(Finder::Schema, quoted(text), text.clone()));
    report.problems.extend(repeated);
    let object = parsed.value;
    match addressed(&object, known) {
        Err((path, english)) => report.problems.push(at(Finder::Client, path, english)),
        Ok(target) => {
            report.problems.extend(fields(&object, document.first_line, &places));
            if let Some(target) = target {
                report.ready.push(Ready { target, object, first_line: document.first_line, places });
            }
        }
    }
}

/// A problem at a place (its value when asked for and there), or at the first line.
pub fn problem(finder: Finder, first_line: usize, place: Option<&Place>, value: bool, english: String) -> Problem {
    let (line, column, length) = match place {
        Some(Place { value: Some(value_at), .. }) if value => *value_at,
        Some(place) => (place.line, place.column, place.length),
        None => (0, 0, 1),
    };
    let spanish = explain::explain(&english);
    Problem { line: first_line + line, column, length: length.max(1), finder, english, spanish }
}

/// The text between the first quotes: `unknown field "spec.x"`.
pub fn quoted(text: &str) -> &str {
    text.split('"').nth(1).unwrap_or_default()
}

/// `yaml: line 5: …` is the fifth line of the document.
fn syntax(document: &Document, error: String) -> Problem {
    let number = error.strip_prefix("yaml: line ").and_then(|rest| rest.split(':').next()?.parse::<usize>().ok());
    let line = number.unwrap_or(1).saturating_sub(1);
    let text = document.text.lines().nth(line).unwrap_or_default();
    let column = text.chars().take_while(|letter| *letter == ' ').count();
    let length = text.trim().chars().count().max(1);
    let spanish = explain::explain(&error);
    Problem { line: document.first_line + line, column, length, finder: Finder::Syntax, english: error, spanish }
}

/// Where kubectl would send an object, or why it would not (kubectl 1.33's words).
fn addressed(object: &Value, known: Known) -> Result<Option<Target>, (&'static str, String)> {
    if !object.is_object() {
        return Err(("", "error validating data: invalid object to validate".into()));
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let (api_version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
    let missing: Vec<&str> = [(&api_version, "apiVersion not set"), (&kind, "kind not set")]
        .into_iter()
        .filter_map(|(value, problem)| value.is_empty().then_some(problem))
        .collect();
    match missing.as_slice() {
        [] => {}
        [one] => return Err(("", format!("error validating data: {one}"))),
        many => return Err(("", format!("error validating data: [{}]", many.join(", ")))),
    }
    let Some(catalog) = known.catalog else { return Ok(None) };
    let Some(resource) = by_kind(catalog, &api_version, &kind) else {
        let path = if catalog.iter().any(|resource| resource.kind == kind) { "apiVersion" } else { "kind" };
        return Err((path, format!("no matches for kind \"{kind}\" in version \"{api_version}\"")));
    };
    let name = text(&object["metadata"]["name"]);
    if name.is_empty() {
        return Err(("metadata", "resource name may not be empty".into()));
    }
    let own = object["metadata"]["namespace"].as_str().filter(|own| !own.is_empty());
    let namespace = resource.namespaced.then(|| own.unwrap_or(known.namespace).to_string());
    Ok(Some(Target { resource, namespace, name }))
}

/// Unknown fields and the first wrong type, as the server's strict decoding would say.
fn fields(object: &Value, first_line: usize, places: &[Place]) -> Vec<Problem> {
    let (api_version, kind) =
        (object["apiVersion"].as_str().unwrap_or_default(), object["kind"].as_str().unwrap_or_default());
    let Some(definition) = types::by_kind(api_version, kind) else { return Vec::new() };
    match schema::check(definition.name, object.clone()) {
        Ok(checked) => {
            let at = |text: String| problem(Finder::Schema, first_line, nearest(places, quoted(&text)), false, text);
            checked.unknown.into_iter().map(at).collect()
        }
        Err(text) => vec![problem(Finder::Schema, first_line, wrong_type(&text, object, places), true, text)],
    }
}

/// The place of Go's `json: cannot unmarshal bool into Go struct field EnvVar.spec.template.spec.containers.env.value of
/// type string`: the first field of that path (Go leaves out indexes) whose value has that type.
pub fn wrong_type<'a>(text: &str, object: &Value, places: &'a [Place]) -> Option<&'a Place> {
    let Some((_, rest)) = text.split_once("cannot unmarshal ") else { return culprit(object, places) };
    let found = rest.split(' ').next()?;
    let (_, path) = rest.split_once("Go struct field ")?;
    let path = path.split(" of type").next()?.split_once('.')?.1;
    let mut candidates = places.iter().filter(|place| without_indexes(&place.path) == path);
    candidates
        .find(|place| value_at(object, &place.path).is_some_and(|value| word(value) == found))
        .or_else(|| nearest(places, path))
}

/// The field of a quantity that does not read: Kubernetes does not say which.
fn culprit<'a>(object: &Value, places: &'a [Place]) -> Option<&'a Place> {
    let amount = |place: &&Place| place.path.contains(".requests.") || place.path.contains(".limits.");
    let wrong = |place: &&Place| match value_at(object, &place.path) {
        Some(Value::String(text)) => crate::base::quantity::Quantity::parse(text).is_err(),
        _ => false,
    };
    places.iter().filter(amount).find(wrong)
}

/// What Go calls a JSON value.
fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The value at a path with indexes.
pub fn value_at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    let pointer = path.replace('~', "~0").replace('/', "~1").replace('[', "/").replace(']', "").replace('.', "/");
    object.pointer(&format!("/{pointer}"))
}
