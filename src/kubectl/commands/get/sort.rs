//! `--sort-by`. Must not ask the server.

use std::cmp::Ordering;

use serde_json::Value;

use crate::base::quantity::Quantity;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::print::jsonpath::Template;

/// Sorts the rows of a table by a field of their objects; rows without it are left out.
pub(super) fn rows(by: Option<&str>, rows: &mut Vec<Value>) -> Outcome {
    let Some(path) = by.map(read).transpose()? else { return Ok(()) };
    if rows.iter().all(|row| key(&path, &row["object"]).is_none()) {
        rows.clear();
    }
    rows.sort_by(|a, b| compare(key(&path, &a["object"]), key(&path, &b["object"])));
    Ok(())
}

/// Sorts objects by a field.
pub(super) fn objects(by: Option<&str>, objects: &mut [Value]) -> Outcome {
    let Some(path) = by.map(read).transpose()? else { return Ok(()) };
    if !objects.is_empty() && objects.iter().all(|object| key(&path, object).is_none()) {
        let shown = by.unwrap_or_default();
        return Err(Failure::error(format!("couldn't find any field with path {shown:?} in the list of objects")));
    }
    objects.sort_by(|a, b| compare(key(&path, a), key(&path, b)));
    Ok(())
}

fn read(by: &str) -> Outcome<Template> {
    Template::relaxed(by).map_err(Failure::error)
}

fn key<'v>(path: &'v Template, object: &'v Value) -> Option<&'v Value> {
    path.find(object).ok()?.first().copied()
}

/// Numbers by size, quantities by amount, texts naturally (digits inside them count as numbers).
fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => {
            a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Some(Value::String(a)), Some(Value::String(b))) => match (Quantity::parse(a), Quantity::parse(b)) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            _ => natural(a, b),
        },
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (left, right) = (chunk(&mut a), chunk(&mut b));
        let order = match (left.parse::<u64>(), right.parse::<u64>()) {
            (Ok(x), Ok(y)) => x.cmp(&y),
            _ => left.cmp(right),
        };
        if order != Ordering::Equal || left.is_empty() {
            return order;
        }
    }
}

/// The digits, or the other letters, at the beginning.
fn chunk<'t>(text: &mut &'t str) -> &'t str {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    let (chunk, rest) = text.split_at(end);
    *text = rest;
    chunk
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_and_numbers_inside_names_count() {
        let mut all = vec![json!({"m": "1Gi", "n": "p10"}), json!({"m": "512Mi", "n": "p9"})];
        objects(Some(".m"), &mut all).unwrap();
        assert_eq!(all[0]["m"], "512Mi");
        all.reverse();
        objects(Some("{.n}"), &mut all).unwrap();
        assert_eq!(all[0]["n"], "p9");
        assert!(objects(Some(".x"), &mut all).is_err());
    }
}
