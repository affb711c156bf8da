//! `Accept` → the form of the answer. Must not build answers.

use http::HeaderMap;
use http::header::ACCEPT;

use super::errors::{ApiError, ApiResult};

/// What the client wants to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    /// How it is written.
    pub(super) syntax: Syntax,
    /// Which view of the object.
    pub(super) view: View,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Syntax {
    #[default]
    Json,
    /// JSON with indentation (`?pretty=true`, curl).
    Pretty,
    Yaml,
}

/// Which view of an object an answer holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum View {
    #[default]
    Whole,
    /// A `Table` of this version of `meta.k8s.io`.
    Table(&'static str),
    /// `PartialObjectMetadata` or its list, of this version of `meta.k8s.io`.
    Partial(&'static str),
}

impl View {
    fn from_params(params: &[&str]) -> Option<Self> {
        let value = |name: &str| {
            params
                .iter()
                .find_map(|param| param.split_once('=').filter(|(key, _)| key.trim() == name))
                .map(|(_, v)| v.trim())
        };
        let version = match value("v") {
            Some("v1beta1") => "v1beta1",
            _ => "v1",
        };
        match value("as") {
            None | Some("") => Some(Self::Whole),
            Some("Table") => Some(Self::Table(version)),
            Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Some(Self::Partial(version)),
            Some(_) => None,
        }
    }
}

/// The media types of our answers.
const ACCEPTED: &str = "application/json, application/yaml";

/// The first acceptable form, by quality and then by order; JSON when the client does not care.
pub(super) fn form(headers: &HeaderMap) -> ApiResult<Form> {
    let mut clauses = clauses(headers);
    if clauses.is_empty() {
        return Ok(Form::default());
    }
    clauses.sort_by(|a, b| b.1.total_cmp(&a.1));
    let found = clauses.iter().find_map(|(clause, _)| one(clause));
    found.ok_or_else(|| ApiError::not_acceptable(ACCEPTED))
}

/// The clauses of `Accept` with their quality.
pub(super) fn clauses(headers: &HeaderMap) -> Vec<(&str, f32)> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let clauses = values.flat_map(|value| value.split(',')).map(str::trim).filter(|clause| !clause.is_empty());
    clauses.map(|clause| (clause, quality(clause))).collect()
}

fn quality(clause: &str) -> f32 {
    let q = clause.split(';').skip(1).find_map(|param| param.trim().strip_prefix("q="));
    q.and_then(|q| q.parse().ok()).unwrap_or(1.0)
}

fn one(clause: &str) -> Option<Form> {
    let mut parts = clause.split(';');
    let syntax = match parts.next().unwrap_or_default().trim() {
        "application/json" | "application/*" | "*/*" => Syntax::Json,
        "application/yaml" | "text/yaml" => Syntax::Yaml,
        _ => return None,
    };
    let params: Vec<&str> = parts.collect();
    Some(Form { syntax, view: View::from_params(&params)? })
}
