//! The text that Go prints of a structure with `spew`'s `%#v`, which Kubernetes hashes (`dump.ForHash`): every field by its
//! Go name and type, in Go's order. Driven by `assets/schema/go-structs.txt`; must not know any kind by name.
//!
//! What an API client in Go has decoded is what is printed: absent fields are zero, empty lists and maps are nil.

use std::collections::HashMap;
use std::fmt::{self, Write};
use std::sync::LazyLock;

use serde_json::Value;

mod quantity;
#[cfg(test)]
mod tests;

static STRUCTS: LazyLock<HashMap<&str, Vec<Field>>> =
    LazyLock::new(|| parse(include_str!("../../assets/schema/go-structs.txt")));

/// One field of a Go structure.
struct Field {
    name: &'static str,
    ty: &'static str,
    /// The name in JSON; none when the field is embedded, whose fields are the outer object's.
    json: Option<String>,
}

/// Writes what Go prints of the JSON value decoded as that type, such as `v1.PodTemplateSpec`.
///
/// Times print as Go's zero time: templates have none of their own.
///
/// # Errors
/// Only those of the writer.
pub fn dump(out: &mut dyn Write, ty: &str, value: &Value) -> fmt::Result {
    typed(out, ty, Some(value))
}

/// Reads the table: a line without indentation opens a structure; an indented one is a field: its name, its type, and
/// its name in JSON when that is not the name with a small first letter (`.`: embedded).
fn parse(text: &'static str) -> HashMap<&'static str, Vec<Field>> {
    let mut structs = HashMap::new();
    let mut open = "";
    for line in text.lines() {
        match line.strip_prefix(' ') {
            Some(line) => structs.entry(open).or_insert_with(Vec::new).extend(field(line)),
            None => open = line,
        }
    }
    structs
}

fn field(line: &'static str) -> Option<Field> {
    let mut columns = line.split(' ');
    let (name, ty) = (columns.next()?, columns.next()?);
    let json = match columns.next() {
        Some(".") => None,
        Some(json) => Some(json.to_owned()),
        None => Some(format!("{}{}", name.get(..1)?.to_lowercase(), name.get(1..)?)),
    };
    Some(Field { name, ty, json })
}

/// `(type)value`; a pointer's value follows its own type at once.
fn typed(out: &mut dyn Write, ty: &str, value: Option<&Value>) -> fmt::Result {
    write!(out, "({ty})")?;
    match (ty.strip_prefix('*'), value) {
        (Some(_), None) => out.write_str("<nil>"),
        (pointee, value) => bare(out, pointee.unwrap_or(ty), value),
    }
}

/// The value alone, as elements of lists and maps are printed.
fn bare(out: &mut dyn Write, ty: &str, value: Option<&Value>) -> fmt::Result {
    if let Some(element) = ty.strip_prefix("[]") {
        return list(out, element, value);
    }
    if let Some(element) = map_element(ty) {
        return map(out, element, value);
    }
    match ty {
        "bool" => write!(out, "{}", value.and_then(Value::as_bool).unwrap_or_default()),
        "int32" | "int64" => write!(out, "{}", value.and_then(Value::as_i64).unwrap_or_default()),
        "resource.Quantity" => quantity::dump(out, value.and_then(Value::as_str).unwrap_or("0")),
        "intstr.IntOrString" => int_or_string(out, value),
        "v1.Time" => out.write_str("{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}"),
        "v1.FieldsV1" => raw(out, value),
        _ => match STRUCTS.get(ty) {
            Some(fields) => structure(out, fields, value),
            None => out.write_str(value.and_then(Value::as_str).unwrap_or_default()),
        },
    }
}

/// What a map type holds.
fn map_element(ty: &str) -> Option<&str> {
    match ty {
        "v1.ResourceList" => Some("resource.Quantity"),
        _ => ty.strip_prefix("map[string]"),
    }
}

fn list(out: &mut dyn Write, element: &str, value: Option<&Value>) -> fmt::Result {
    match value.and_then(Value::as_array) {
        Some(elements) if !elements.is_empty() => {
            out.write_char('[')?;
            spaced(out, elements, |out, value| bare(out, element, Some(value)))?;
            out.write_char(']')
        }
        _ => out.write_str("<nil>"),
    }
}

fn map(out: &mut dyn Write, element: &str, value: Option<&Value>) -> fmt::Result {
    match value.and_then(Value::as_object) {
        Some(entries) if !entries.is_empty() => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            out.write_str("map[")?;
            spaced(out, entries, |out, (key, value)| {
                write!(out, "{key}:")?;
                bare(out, element, Some(value))
            })?;
            out.write_char(']')
        }
        _ => out.write_str("<nil>"),
    }
}

fn structure(out: &mut dyn Write, fields: &[Field], value: Option<&Value>) -> fmt::Result {
    out.write_char('{')?;
    spaced(out, fields, |out, field| {
        write!(out, "{}:", field.name)?;
        let value = match &field.json {
            Some(json) => value.and_then(|value| value.get(json)).filter(|value| !value.is_null()),
            None => value,
        };
        typed(out, field.ty, value)
    })?;
    out.write_char('}')
}

fn int_or_string(out: &mut dyn Write, value: Option<&Value>) -> fmt::Result {
    let (kind, int) = match value {
        Some(Value::String(_)) => (1, 0),
        number => (0, number.and_then(Value::as_i64).unwrap_or_default()),
    };
    let text = value.and_then(Value::as_str).unwrap_or_default();
    write!(out, "{{Type:(intstr.Type){kind} IntVal:(int32){int} StrVal:(string){text}}}")
}

/// The bytes of any JSON.
fn raw(out: &mut dyn Write, value: Option<&Value>) -> fmt::Result {
    out.write_str("{Raw:([]uint8)[")?;
    spaced(out, value.map(Value::to_string).unwrap_or_default().bytes(), |out, byte| write!(out, "{byte}"))?;
    out.write_str("]}")
}

/// Writes the items with a space between two.
fn spaced<T>(
    out: &mut dyn Write,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut dyn Write, T) -> fmt::Result,
) -> fmt::Result {
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.write_char(' ')?;
        }
        write(out, item)?;
    }
    Ok(())
}
