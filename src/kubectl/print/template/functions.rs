//! The functions of templates: Go's own and kubectl's. Must not know nodes.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::kubectl::print::go;

/// Calls a function.
pub(super) fn call(name: &str, args: &[Value]) -> Result<Value, String> {
    match (name, args) {
        ("and", args) => Ok(args.iter().find(|arg| !is_true(arg)).or(args.last()).cloned().unwrap_or_default()),
        ("or", args) => Ok(args.iter().find(|arg| is_true(arg)).or(args.last()).cloned().unwrap_or_default()),
        ("not", [arg]) => Ok((!is_true(arg)).into()),
        ("len", [arg]) => length(arg),
        ("index", [value, keys @ ..]) => index(value, keys),
        ("print", args) => Ok(args.iter().map(go::plain).collect::<String>().into()),
        ("println", args) => Ok((args.iter().map(go::plain).collect::<Vec<_>>().join(" ") + "\n").into()),
        ("printf", [format, args @ ..]) => Ok(printf(&go::plain(format), args).into()),
        ("base64decode", [arg]) => decode(arg),
        ("exists", [value, keys @ ..]) => Ok(index(value, keys).is_ok_and(|found| !found.is_null()).into()),
        ("eq", [first, others @ ..]) if !others.is_empty() => Ok(others.iter().any(|other| first == other).into()),
        ("ne", [a, b]) => Ok((a != b).into()),
        ("lt", [a, b]) => Ok((order(a, b)? == Ordering::Less).into()),
        ("le", [a, b]) => Ok((order(a, b)? != Ordering::Greater).into()),
        ("gt", [a, b]) => Ok((order(a, b)? == Ordering::Greater).into()),
        ("ge", [a, b]) => Ok((order(a, b)? != Ordering::Less).into()),
        (
            "not" | "len" | "index" | "printf" | "base64decode" | "exists" | "eq" | "ne" | "lt" | "le" | "gt" | "ge",
            _,
        ) => Err(format!("wrong number of args for {name}: got {}", args.len())),
        (name, _) => Err(format!("function {name:?} not defined")),
    }
}

/// What counts as true: all but zero, empty and nothing.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

fn length(value: &Value) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => text.len().into(),
        Value::Array(items) => items.len().into(),
        Value::Object(map) => map.len().into(),
        other => return Err(format!("len of type {}", go::plain(other))),
    })
}

fn index(value: &Value, keys: &[Value]) -> Result<Value, String> {
    let mut value = value;
    for key in keys {
        value = match (value, key) {
            (Value::Object(map), Value::String(name)) => map.get(name).unwrap_or(&Value::Null),
            (Value::Array(items), Value::Number(at)) => {
                let found = at.as_u64().and_then(|at| items.get(usize::try_from(at).ok()?));
                found.ok_or_else(|| format!("index out of range: {at}"))?
            }
            (Value::Null, _) => return Err("index of untyped nil".into()),
            (_, key) => return Err(format!("cannot index with {}", go::plain(key))),
        };
    }
    Ok(value.clone())
}

fn decode(value: &Value) -> Result<Value, String> {
    let bytes = STANDARD.decode(go::plain(value)).map_err(|error| format!("base64 decode failed: {error}"))?;
    Ok(String::from_utf8_lossy(&bytes).into())
}

fn order(a: &Value, b: &Value) -> Result<Ordering, String> {
    let order = match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => None,
    };
    order.ok_or_else(|| "incompatible types for comparison".into())
}

/// `%s`, `%v`, `%d`, `%q`, with a width; anything else as it is.
fn printf(format: &str, args: &[Value]) -> String {
    let (mut out, mut args, mut letters) = (String::new(), args.iter(), format.chars().peekable());
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let left = letters.next_if_eq(&'-').is_some();
        let mut width = String::new();
        while let Some(digit) = letters.next_if(char::is_ascii_digit) {
            width.push(digit);
        }
        let text = match letters.next() {
            Some('%') => "%".to_string(),
            Some('q') => args.next().map(|arg| go::quoted(&go::plain(arg))).unwrap_or_default(),
            Some(_) => args.next().map(go::plain).unwrap_or_default(),
            None => break,
        };
        let width = width.parse().unwrap_or(0);
        out += &if left { format!("{text:<width$}") } else { format!("{text:>width$}") };
    }
    out
}
