//! A pod spec as Kubernetes' internal Go types write it in JSON: capital names, every field, zero values shown.
//! Refusals of pod updates quote it. Must not be used for anything that clients read as an object.

use std::fmt::Write as _;

use serde_json::Value;

mod types;

use types::{Field, Shape, Type};

/// The spec as indented JSON (one space a level), one field a line, in the order of the Go struct.
pub(super) fn pod_spec(spec: &Value) -> String {
    let mut text = String::new();
    object(&mut text, &lift_host_fields(spec), types::POD_SPEC, 0);
    text
}

/// A pod template on one line, as other refusals show it.
pub(super) fn template(template: &Value) -> String {
    let mut parts: Vec<String> = Vec::new();
    for name in ["name", "namespace", "labels", "annotations"] {
        let value = &template["metadata"][name];
        if !value.is_null() && value != "" {
            parts.push(format!("\"{name}\":{value}"));
        }
    }
    let spec = pod_spec(&template["spec"]);
    // No text of a spec holds a raw line break: JSON escapes them.
    let spec: String = spec.lines().map(|line| line.trim_start().replacen("\": ", "\":", 1)).collect();
    parts.push(format!("\"Spec\":{spec}"));
    format!("{{{}}}", parts.join(","))
}

/// Internally the host's namespaces belong to the security context.
fn lift_host_fields(spec: &Value) -> Value {
    let mut spec = spec.clone();
    let lifted: Vec<(&str, Value)> = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"]
        .into_iter()
        .filter_map(|name| Some((name, spec.get(name)?.clone())))
        .collect();
    if let Some(context) = spec.get_mut("securityContext").and_then(Value::as_object_mut) {
        context.extend(lifted.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    spec
}

fn indent(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n(' ', depth));
}

fn object(text: &mut String, value: &Value, fields: &Type, depth: usize) {
    text.push('{');
    for (index, Field(name, json, shape)) in fields.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        indent(text, depth + 1);
        let _ = write!(text, "\"{name}\": ");
        one(text, value.get(json).unwrap_or(&Value::Null), shape, depth + 1);
    }
    indent(text, depth);
    text.push('}');
}

fn one(text: &mut String, value: &Value, shape: &Shape, depth: usize) {
    match (shape, value) {
        (Shape::Text, Value::Null) => text.push_str("\"\""),
        (Shape::Number, Value::Null) => text.push('0'),
        (Shape::Flag, Value::Null) => text.push_str("false"),
        (Shape::Struct(fields), value) => object(text, value, fields, depth),
        (_, Value::Null) => text.push_str("null"),
        (Shape::Pointer(fields), value) => object(text, value, fields, depth),
        (Shape::List(fields), Value::Array(items)) => {
            list(text, items.len(), depth, |text, index| object(text, &items[index], fields, depth + 1));
        }
        (_, value) => plain(text, value, depth),
    }
}

fn list(text: &mut String, count: usize, depth: usize, mut item: impl FnMut(&mut String, usize)) {
    text.push('[');
    for index in 0..count {
        if index > 0 {
            text.push(',');
        }
        indent(text, depth + 1);
        item(text, index);
    }
    if count > 0 {
        indent(text, depth);
    }
    text.push(']');
}

/// A value whose Go type writes itself as the object has it: maps, texts, numbers, label selectors.
fn plain(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Array(items) => {
            list(text, items.len(), depth, |text, index| plain(text, &items[index], depth + 1));
        }
        Value::Object(fields) if fields.is_empty() => text.push_str("{}"),
        Value::Object(fields) => {
            text.push('{');
            for (index, (name, value)) in fields.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                indent(text, depth + 1);
                let _ = write!(text, "{}: ", Value::from(name.as_str()));
                plain(text, value, depth + 1);
            }
            indent(text, depth);
            text.push('}');
        }
        other => {
            let _ = write!(text, "{other}");
        }
    }
}
