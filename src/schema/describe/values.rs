//! What the allowed values of a field are for, as the API server appends it to the field's words (kube-openapi `enum.go`).
//! The words are the comments of the constants in k8s.io/api. Must not know fields.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// By Go's type and the value.
static WORDS: LazyLock<BTreeMap<(&'static str, &'static str), &'static str>> = LazyLock::new(|| {
    let lines = include_str!("../../../assets/schema/enums.txt").lines();
    lines.filter_map(|line| line.split_once('\t')).filter_map(|(ty, rest)| key(ty, rest)).collect()
});

fn key(ty: &'static str, rest: &'static str) -> Option<((&'static str, &'static str), &'static str)> {
    let (value, words) = rest.split_once('\t')?;
    Some(((ty, value), words))
}

/// The paragraph about the allowed values of a Go type such as `v1.PullPolicy`, begun by an empty line.
pub(super) fn paragraph(go_type: &str, values: &[&str]) -> String {
    let ty = go_type.rsplit('.').next().unwrap_or(go_type);
    let mut lines: Vec<String> = values
        .iter()
        .map(|value| match WORDS.get(&(ty, *value)) {
            Some(words) => format!(" - `{value:?}` {words}"),
            None => format!(" - `{value:?}`"),
        })
        .collect();
    lines.sort();
    format!("\n\nPossible enum values:\n{}", lines.join("\n"))
}
