//! What an object was before: its revisions as its controller keeps them, and what changed from one to another. Pure.

use jiff::Timestamp;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::catalog::Resource;
use super::world::{Want, World, each, name, namespace, number, pairs, text};
use crate::tui::state::State;
use crate::tui::views::detail::yaml_lines;

/// Annotation of a ReplicaSet with the revision of its Deployment (Kubernetes `deploymentutil.RevisionAnnotation`).
const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";
/// Annotation with the reason that `kubectl annotate` wrote.
const CAUSE: &str = "/metadata/annotations/kubernetes.io~1change-cause";
/// Lines around a change.
const CONTEXT: usize = 3;

/// One state that the object was in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Revision {
    /// Its number.
    pub number: i64,
    /// When it came.
    pub at: Option<Timestamp>,
    /// What tells it from others: its images, or who wrote it.
    pub what: String,
    /// What it said, as YAML lines.
    pub lines: Vec<String>,
    /// Whether it can be gone back to with `kubectl rollout undo`.
    pub rollout: bool,
}

/// A line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The same in both.
    Same(String),
    /// Only in the newer.
    Added(String),
    /// Only in the older.
    Removed(String),
    /// Lines that are the same and left out.
    Gap,
}

/// What has to be listed to know the revisions of an object, where its controller keeps them.
pub fn wants(object: &Value, state: &State) -> Vec<Want> {
    let word = match text(object, "/kind") {
        "Deployment" => "replicasets",
        "StatefulSet" | "DaemonSet" => "controllerrevisions",
        _ => return Vec::new(),
    };
    let labels = pairs(&object["spec"]["selector"]["matchLabels"]);
    let want = Want::all(&state.catalog, word, Some(namespace(object)));
    want.map(|want| Want { labels, ..want }).into_iter().collect()
}

/// Whether a kind's controller keeps revisions.
pub fn kept(resource: &Resource) -> bool {
    resource.group == "apps" && ["Deployment", "StatefulSet", "DaemonSet"].contains(&resource.kind.as_str())
}

/// The revisions, the newest first.
pub fn revisions(object: &Value, world: &World) -> Vec<Revision> {
    let mine = |other: &&Value| {
        each(other, "/metadata/ownerReferences").any(|reference| reference["uid"] == object["metadata"]["uid"])
    };
    let sets = world.of("ReplicaSet").filter(mine).map(|set| {
        let number = text(set, REVISION).parse().unwrap_or(0);
        revision(set, number, &set["spec"]["template"])
    });
    let kept = world
        .of("ControllerRevision")
        .filter(mine)
        .map(|kept| revision(kept, number(kept, "/revision").unwrap_or(0), &kept["data"]["spec"]["template"]));
    let mut all: Vec<Revision> = sets.chain(kept).collect();
    all.sort_by_key(|revision| std::cmp::Reverse(revision.number));
    all
}

fn revision(holder: &Value, number: i64, template: &Value) -> Revision {
    let mut template = template.clone();
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.remove("pod-template-hash");
        labels.remove("controller-revision-hash");
    }
    let images: Vec<&str> = each(&template, "/spec/containers").map(|container| text(container, "/image")).collect();
    let cause = text(holder, CAUSE);
    let what = if cause.is_empty() { images.join(", ") } else { format!("{} · {cause}", images.join(", ")) };
    let at = text(holder, "/metadata/creationTimestamp").parse().ok();
    let what = if what.is_empty() { name(holder).to_string() } else { what };
    Revision { number, at, what, lines: yaml_lines(&template), rollout: true }
}

/// What changed from older lines to newer ones, with a few lines around each change.
pub fn difference(older: &[String], newer: &[String]) -> Vec<Piece> {
    let older: Vec<&str> = older.iter().map(String::as_str).collect();
    let newer: Vec<&str> = newer.iter().map(String::as_str).collect();
    let diff = TextDiff::from_slices(&older, &newer);
    let mut pieces = Vec::new();
    for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if index > 0 {
            pieces.push(Piece::Gap);
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = change.value().to_string();
            pieces.push(match change.tag() {
                ChangeTag::Equal => Piece::Same(line),
                ChangeTag::Insert => Piece::Added(line),
                ChangeTag::Delete => Piece::Removed(line),
            });
        }
    }
    pieces
}
