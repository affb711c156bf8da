//! Blocks and nodes over a document. Must not parse.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Block, Comparison, Node, Slice, shown};

/// Writes what the blocks make of a document.
pub(super) fn write(blocks: &[Block], document: &Value, out: &mut String) -> Result<(), String> {
    for block in blocks {
        match block {
            Block::Text(text) => out.push_str(text),
            Block::Path(nodes) => {
                let found = path(nodes, vec![document])?;
                out.push_str(&found.into_iter().map(shown).collect::<Vec<_>>().join(" "));
            }
            Block::Range(nodes, inner) => {
                for item in path(nodes, vec![document])? {
                    write(inner, item, out)?;
                }
            }
        }
    }
    Ok(())
}

/// The values that a path finds from some values.
pub(super) fn path<'v>(nodes: &'v [Node], mut values: Vec<&'v Value>) -> Result<Vec<&'v Value>, String> {
    for node in nodes {
        values = step(node, values)?;
    }
    Ok(values)
}

fn step<'v>(node: &'v Node, values: Vec<&'v Value>) -> Result<Vec<&'v Value>, String> {
    match node {
        Node::Field(name) if name.is_empty() => Ok(values),
        // A missing field is no error: kubectl allows it.
        Node::Field(name) => Ok(values.into_iter().filter_map(|value| value.get(name)).collect()),
        Node::Wildcard => Ok(values.into_iter().flat_map(children).collect()),
        Node::Recursive => Ok(values.into_iter().flat_map(descendants).collect()),
        Node::Slice(slice) => {
            let mut found = Vec::new();
            for value in values {
                found.extend(sliced(slice, value)?);
            }
            Ok(found)
        }
        Node::Union(parts) => {
            let mut found = Vec::new();
            for part in parts {
                found.extend(path(part, values.clone())?);
            }
            Ok(found)
        }
        Node::Filter(left, right) => filtered(left, right.as_ref(), &values),
        Node::Literal(value) => Ok(vec![value]),
    }
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    }
}

/// The value itself and all below it.
fn descendants(value: &Value) -> Vec<&Value> {
    let below = children(value).into_iter().flat_map(descendants);
    std::iter::once(value).chain(below).collect()
}

fn sliced<'v>(slice: &Slice, value: &'v Value) -> Result<Vec<&'v Value>, String> {
    let items = match value {
        Value::Array(items) => items,
        Value::Null => return Ok(Vec::new()),
        other => return Err(format!("{} is not array or slice", type_name(other))),
    };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let from_end = |index: i64| if index < 0 { index + length } else { index };
    let from = from_end(slice.from.unwrap_or(0));
    let to = if slice.single { from + 1 } else { from_end(slice.to.unwrap_or(length)) };
    if from != to && (from < 0 || from >= length) {
        return Err(format!("array index out of bounds: index {from}, length {length}"));
    }
    if from != to && to > length {
        return Err(format!("array index out of bounds: index {}, length {length}", to - 1));
    }
    let step = slice.step.unwrap_or(1);
    if step <= 0 {
        return Err("step must be > 0".into());
    }
    let (from, to) = (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(0));
    let within = items.get(from..to).unwrap_or_default();
    Ok(within.iter().step_by(usize::try_from(step).unwrap_or(1)).collect())
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "map[string]interface {}",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::Array(_) => "[]interface {}",
        Value::Null => "<nil>",
    }
}

fn filtered<'v>(
    left: &'v [Node],
    right: Option<&'v (Comparison, Vec<Node>)>,
    values: &[&'v Value],
) -> Result<Vec<&'v Value>, String> {
    let mut found = Vec::new();
    for value in values {
        let items = match value {
            Value::Array(items) => items.iter().collect(),
            Value::Object(map) => map.values().collect(),
            other => vec![*other],
        };
        for item in items {
            if passes(left, right, item)? {
                found.push(item);
            }
        }
    }
    Ok(found)
}

fn passes<'v>(left: &'v [Node], right: Option<&'v (Comparison, Vec<Node>)>, item: &'v Value) -> Result<bool, String> {
    let lefts = path(left, vec![item])?;
    let Some((comparison, right)) = right else { return Ok(!lefts.is_empty()) };
    let rights = path(right, vec![item])?;
    match (lefts.as_slice(), rights.as_slice()) {
        ([], _) | (_, []) => Ok(false),
        ([left], [right]) => Ok(holds(*comparison, left, right)),
        _ => Err("can only compare one element at a time".into()),
    }
}

fn holds(comparison: Comparison, left: &Value, right: &Value) -> bool {
    let order = order(left, right);
    match comparison {
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::NotEqual => order != Some(Ordering::Equal),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (a, b) => (a == b).then_some(Ordering::Equal),
    }
}
