//! Any other kind: field by field, with titles made of the names. Must not know any kind.

use serde_json::{Map, Value};

use super::page::{Page, text};

/// Fields that stand elsewhere on the page.
const TOLD: [&str; 5] = ["managedFields", "name", "namespace", "labels", "annotations"];

pub(super) fn tell(page: &mut Page, object: &Value) {
    let meta = &object["metadata"];
    page.field("Name", text(&meta["name"]));
    page.field("Namespace", text(&meta["namespace"]));
    page.marks(object);
    if let Some(fields) = object.as_object() {
        map(page, 0, fields, true);
    }
}

fn map(page: &mut Page, level: usize, fields: &Map<String, Value>, is_top: bool) {
    let mut names: Vec<&String> = fields.keys().collect();
    names.sort();
    for name in names {
        let value = &fields[name];
        let label = title(name);
        match value {
            Value::Object(inner) => {
                page.line(level, format!("{label}:"));
                let inner: Map<String, Value> = if is_top && name == "metadata" {
                    inner
                        .iter()
                        .filter(|(name, _)| !TOLD.contains(&name.as_str()))
                        .map(|(k, v)| (k.clone(), v.clone()))
                        .collect()
                } else {
                    inner.clone()
                };
                map(page, level + 1, &inner, false);
            }
            Value::Array(list) => {
                page.line(level, format!("{label}:"));
                for item in list {
                    match item {
                        Value::Object(inner) => map(page, level + 1, inner, false),
                        other => page.line(level + 1, plain(other)),
                    }
                }
            }
            other => page.line(level, format!("{label}:\t{}", plain(other))),
        }
    }
}

fn plain(value: &Value) -> String {
    if value.is_null() { "<nil>".into() } else { text(value) }
}

/// Short words that are written large.
const ABBREVIATIONS: [&str; 6] = ["API", "URL", "UID", "OSB", "GUID", "ID"];

/// `apiVersion` → `API Version`.
fn title(field: &str) -> String {
    if field.contains(['/', '.', '-', '_']) {
        return field.into();
    }
    let mut words: Vec<String> = Vec::new();
    for letter in field.chars() {
        let goes_on = |word: &String| {
            let large = word.chars().all(char::is_uppercase);
            !letter.is_uppercase() || large || word.ends_with(char::is_uppercase)
        };
        match words.last_mut().filter(|word| goes_on(word)) {
            Some(word) => word.push(letter),
            None => words.push(letter.to_string()),
        }
    }
    let word = |word: String| {
        let large = word.to_uppercase();
        if ABBREVIATIONS.contains(&large.as_str()) {
            return large;
        }
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    };
    words.into_iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn titles_are_made_of_the_words_of_a_name() {
        for (field, label) in [
            ("apiVersion", "API Version"),
            ("creationTimestamp", "Creation Timestamp"),
            ("uid", "UID"),
            ("spec", "Spec"),
            ("app.kubernetes.io/name", "app.kubernetes.io/name"),
        ] {
            assert_eq!(title(field), label);
        }
    }
}
