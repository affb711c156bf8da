//! Shows how two pod specs differ, as Kubernetes shows it: a unified diff of its internal types written as JSON.
//! Must not judge the difference.

use serde_json::Value;
use similar::TextDiff;

use crate::kinds::internal;

/// The hunks of the difference, three lines of context around each.
pub(super) fn diff(old: &Value, new: &Value) -> String {
    let (old, new) = (internal::pod_spec(old), internal::pod_spec(new));
    TextDiff::from_lines(&old, &new).unified_diff().context_radius(3).to_string()
}
