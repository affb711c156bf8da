//! The server's refusal of a document → problems at its lines. Pure.

use super::check::{Ready, problem, quoted, wrong_type};
use super::places::nearest;
use super::{Finder, Problem};
use crate::tui::model::failure::Failure;

/// What a refusal says, cause by cause; one problem at the top when it names no field.
pub fn problems(failure: &Failure, document: &Ready) -> Vec<Problem> {
    let text = failure.message.as_str();
    let at = |path: &str, value: bool, english: String| {
        problem(Finder::Server, document.first_line, nearest(&document.places, path), value, english)
    };
    let unknown: Vec<Problem> = strict(text).into_iter().map(|each| at(quoted(&each), false, each.clone())).collect();
    if !unknown.is_empty() {
        return unknown;
    }
    if text.contains("cannot unmarshal") || text.contains("quantities must match") {
        let place = wrong_type(text, &document.object, &document.places);
        return vec![problem(Finder::Server, document.first_line, place, true, text.to_string())];
    }
    let causes: Vec<_> = failure.causes.iter().filter(|cause| !cause.field.is_empty()).collect();
    if causes.is_empty() {
        return vec![at("metadata", false, text.to_string())];
    }
    let valued = |message: &str| !message.starts_with("Required value");
    causes
        .iter()
        .map(|cause| at(&cause.field, valued(&cause.message), format!("{}: {}", cause.field, cause.message)))
        .collect()
}

/// The complaints of strict decoding: `strict decoding error: unknown field "a", unknown field "b"`.
fn strict(text: &str) -> Vec<String> {
    let Some((_, list)) = text.split_once("strict decoding error: ") else { return Vec::new() };
    list.split("\", ").map(|each| if each.ends_with('"') { each.to_string() } else { format!("{each}\"") }).collect()
}
