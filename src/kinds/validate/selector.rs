//! `LabelSelector` objects (`unversionedvalidation.ValidateLabelSelector`) and how errors show them.
//! Must not match anything.

use serde_json::Value;

use super::common::label_key;
use super::{Bad, FieldError, labels};
use crate::base::selector::{Selector, SelectorError};
use crate::base::syntax;
use crate::kinds::at::At;

type Errors = Vec<FieldError>;

/// The selector of a `LabelSelector` as it stands in an object.
pub(in crate::kinds) fn label_selector(selector: &Value) -> Result<Selector, SelectorError> {
    let parsed = serde_json::from_value(selector.clone()).map_err(|error| SelectorError(error.to_string()))?;
    Selector::from_label_selector(&parsed)
}

pub(in crate::kinds) fn label_selector_errors(selector: &At) -> Errors {
    let mut errors = labels(&selector.field("matchLabels"));
    for expression in selector.field("matchExpressions").items() {
        errors.extend(requirement(&expression));
    }
    errors
}

fn requirement(rule: &At) -> Errors {
    let (operator, values) = (rule.field("operator"), rule.field("values"));
    let mut errors = Vec::new();
    match operator.text() {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(values.required("must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            errors.push(values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.push(operator.invalid_as(other, "not a valid selector operator")),
    }
    errors.extend(label_key(&rule.field("key")));
    errors.extend(values.items().flat_map(|value| value.all(syntax::label_value(value.text()))));
    errors
}

/// A selector as Go writes it: labels before expressions, whose fields have their own order too.
pub(in crate::kinds) fn shown_selector(selector: &Value) -> Bad {
    let json = |value: &Value| value.to_string();
    let mut parts = Vec::new();
    if let Some(labels) = selector.get("matchLabels").filter(|labels| labels.is_object()) {
        parts.push(format!("\"matchLabels\":{}", json(labels)));
    }
    if let Some(expressions) = selector.get("matchExpressions").and_then(Value::as_array) {
        let rules: Vec<String> = expressions.iter().map(shown_requirement).collect();
        parts.push(format!("\"matchExpressions\":[{}]", rules.join(",")));
    }
    Bad::Json(format!("{{{}}}", parts.join(",")))
}

fn shown_requirement(rule: &Value) -> String {
    let fields = ["key", "operator", "values"].into_iter().filter(|name| !rule[name].is_null());
    let fields: Vec<String> = fields.map(|name| format!("\"{name}\":{}", rule[name])).collect();
    format!("{{{}}}", fields.join(","))
}
