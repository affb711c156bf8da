//! A place in an object, such as `spec.containers[name=web].image`. Must not know what stands there.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A parsed place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// A field; in brackets when it holds dots: `labels[app.kubernetes.io/name]`.
    Field(String),
    /// An item by its position: `[0]`.
    Index(usize),
    /// The item whose field says so: `[name=web]`.
    Item(String, String),
}

impl Path {
    /// Reads a path as a lesson file writes it.
    ///
    /// # Errors
    /// Says in Spanish what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (segment, after) =
                segment(rest).ok_or_else(|| format!("la ruta «{text}» no se entiende en «{rest}»"))?;
            segments.push(segment);
            rest = after.strip_prefix('.').unwrap_or(after);
        }
        if segments.is_empty() { Err("una ruta no puede estar vacía".into()) } else { Ok(Self(segments)) }
    }

    /// The place of a field inside fields.
    #[must_use]
    pub fn fields(names: &[&str]) -> Self {
        Self(names.iter().map(|name| Segment::Field((*name).into())).collect())
    }

    /// Whether it begins with a field.
    #[must_use]
    pub fn begins(&self, field: &str) -> bool {
        matches!(self.0.first(), Some(Segment::Field(first)) if first == field)
    }

    /// What stands there, if anything.
    #[must_use]
    pub fn of<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(object, |value, segment| match segment {
            Segment::Field(name) => value.get(name),
            Segment::Index(index) => value.get(index),
            Segment::Item(field, wanted) => {
                value.as_array()?.iter().find(|item| item.get(field).and_then(Value::as_str) == Some(wanted))
            }
        })
    }
}

fn segment(text: &str) -> Option<(Segment, &str)> {
    let Some(inside) = text.strip_prefix('[') else {
        let end = text.find(['.', '[']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        return (!name.is_empty()).then(|| (Segment::Field(name.into()), rest));
    };
    let (inside, rest) = inside.split_once(']')?;
    let segment = match (inside.parse(), inside.split_once('=')) {
        (Ok(index), _) => Segment::Index(index),
        (_, Some((field, wanted))) => Segment::Item(field.into(), wanted.into()),
        _ => Segment::Field(inside.into()),
    };
    Some((segment, rest))
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_fields_items_and_keys_with_dots() {
        let object = json!({
            "metadata": {"labels": {"app.kubernetes.io/name": "web"}},
            "spec": {"containers": [{"name": "a"}, {"name": "web", "env": [{"name": "DEBUG", "value": "true"}]}]},
        });
        let at = |path: &str| Path::parse(path).unwrap().of(&object).cloned();
        assert_eq!(at("metadata.labels[app.kubernetes.io/name]"), Some(json!("web")));
        assert_eq!(at("spec.containers[name=web].env[name=DEBUG].value"), Some(json!("true")));
        assert_eq!(at("spec.containers[0].name"), Some(json!("a")));
        assert_eq!((at("spec.containers[2]"), at("spec.nada")), (None, None));
    }

    #[test]
    fn refuses_what_is_no_path() {
        for text in ["", "a..b", "a[b", ".a"] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }
}
