//! Objects as the server's columns. Must not watch.

use serde_json::{Value, json};

use super::{Get, sort};
use crate::kubectl::duration;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::print::table::{self, Shown};
use crate::kubectl::print::tabs::Tabs;
use crate::kubectl::select::Target;
use crate::kubectl::session::Session;

/// Tables of one kind, one under the other.
struct Group<'t> {
    target: &'t Target,
    columns: Vec<Value>,
    rows: Vec<Value>,
}

/// Prints the targets, grouped by kind in their order.
pub(super) async fn print(
    get: &Get,
    targets: &[Target],
    mut failures: Vec<Failure>,
    wide: bool,
    session: &mut Session<'_>,
) -> Outcome {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for target in targets {
        match fetch(get, target, session).await {
            Ok(table) => add(&mut groups, target, table),
            Err(failure) => failures.push(failure),
        }
    }
    let kinds = targets.iter().map(|target| &target.resource).collect::<Vec<_>>();
    let several = kinds.iter().any(|kind| *kind != kinds[0]);
    for group in &mut groups {
        sort::rows(get.sort_by.as_deref(), &mut group.rows)?;
    }
    groups.retain(|group| !group.rows.is_empty());
    for (number, group) in groups.iter().enumerate() {
        if number > 0 && !get.no_headers {
            session.note("")?;
        }
        let shown = get.shown(group.target, wide, several);
        let text = lines(&group.columns, &group.rows, &shown);
        session.print(Tabs::table().align(&text))?;
    }
    if groups.is_empty() && failures.is_empty() && !get.ignore_not_found {
        nothing(get, targets, session).await?;
    }
    get.counted(failures)
}

impl Get {
    pub(super) fn shown(&self, target: &Target, wide: bool, several: bool) -> Shown {
        Shown {
            wide,
            namespace: self.selectors.all_namespaces && (several || target.resource.namespaced),
            kind: (self.show_kind || several).then(|| target.resource.label()),
            labels: self.label_columns.clone(),
            all_labels: self.show_labels,
            no_headers: self.no_headers,
        }
    }
}

async fn fetch(get: &Get, target: &Target, session: &mut Session<'_>) -> Outcome<Value> {
    let ask = get.ask(target).table();
    let ask = if get.sort_by.is_some() { ask.with("includeObject", "Object") } else { ask };
    let answer = match target.name {
        Some(_) => session.ask(ask).await,
        None => session.list(ask).await,
    };
    let answer = answer.map_err(|failure| target.explain(failure))?;
    Ok(if answer["kind"] == "Table" { answer } else { plain(answer, session) })
}

/// Name and age, where the server does not make tables.
fn plain(answer: Value, session: &Session<'_>) -> Value {
    let items = match answer["items"].as_array() {
        Some(items) => items.clone(),
        None => vec![answer],
    };
    let now = session.io.now();
    let row = |object: Value| {
        let created =
            object["metadata"]["creationTimestamp"].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok());
        let age = created.map_or("<unknown>".into(), |at| duration::human(now.duration_since(at).as_secs()));
        json!({"cells": [object["metadata"]["name"], age], "object": object})
    };
    let columns = json!([{"name": "Name", "format": "name"}, {"name": "Age"}]);
    json!({"columnDefinitions": columns, "rows": items.into_iter().map(row).collect::<Vec<_>>()})
}

fn add<'t>(groups: &mut Vec<Group<'t>>, target: &'t Target, mut table: Value) {
    let mut take = |name: &str| table[name].as_array_mut().map(std::mem::take).unwrap_or_default();
    let (columns, rows) = (take("columnDefinitions"), take("rows"));
    match groups.last_mut() {
        Some(last) if last.target.resource == target.resource => last.rows.extend(rows),
        _ => groups.push(Group { target, columns, rows }),
    }
}

/// Head and rows, before they are aligned.
pub(super) fn lines(columns: &[Value], rows: &[Value], shown: &Shown) -> String {
    let head = if shown.no_headers { String::new() } else { table::head(columns, shown) };
    rows.iter().fold(head, |text, row| text + &table::row(columns, row, shown))
}

async fn nothing(get: &Get, targets: &[Target], session: &mut Session<'_>) -> Outcome {
    let namespaced = !get.selectors.all_namespaces && targets.iter().all(|target| target.resource.namespaced);
    let namespace = session.namespace().await?;
    match namespaced {
        true => session.note(format!("No resources found in {namespace} namespace.")),
        false => session.note("No resources found"),
    }
}
