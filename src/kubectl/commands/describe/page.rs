//! A page of `describe`: lines with levels and tabs, which are aligned at its end. Must not know any kind.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::kubectl::duration;
use crate::kubectl::print::tabs::Tabs;

/// Letters of an annotation that stand on one line.
const ANNOTATION: usize = 140;
/// What `apply` keeps for itself.
const HIDDEN: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A page that is being written (kubectl's `PrefixWriter`).
#[derive(Debug, Default)]
pub(crate) struct Page {
    text: String,
    /// Blocks that are aligned by themselves.
    done: String,
}

impl Page {
    /// A line so many levels inwards.
    pub fn line(&mut self, level: usize, text: impl AsRef<str>) {
        self.text += &"  ".repeat(level);
        self.text += text.as_ref();
        self.text.push('\n');
    }

    /// `Label:` and a value.
    pub fn field(&mut self, label: &str, value: impl std::fmt::Display) {
        self.line(0, format!("{label}:\t{value}"));
    }

    /// A field that is only told when it says something.
    pub fn maybe(&mut self, label: &str, value: &Value) {
        let text = text(value);
        if !text.is_empty() {
            self.field(label, text);
        }
    }

    /// Text as it is.
    pub fn raw(&mut self, text: &str) {
        self.text += text;
    }

    /// Ends a block: what follows has columns of its own.
    pub fn flush(&mut self) {
        self.done += &Tabs::describe().align(&std::mem::take(&mut self.text));
    }

    /// The aligned page.
    pub fn aligned(mut self) -> String {
        self.flush();
        self.done
    }

    /// The page with its tabs.
    pub fn unaligned(self) -> String {
        self.text
    }

    /// Name, and namespace where there is one.
    pub fn identity(&mut self, object: &Value) {
        self.field("Name", text(&object["metadata"]["name"]));
        if let Some(namespace) = object["metadata"]["namespace"].as_str() {
            self.field("Namespace", namespace);
        }
    }

    pub fn labels(&mut self, title: &str, labels: &Value) {
        self.labels_indented("", title, labels);
    }

    /// `title:` and a pair a line.
    pub fn labels_indented(&mut self, indent: &str, title: &str, labels: &Value) {
        let pairs: BTreeMap<&String, &Value> = labels.as_object().into_iter().flatten().collect();
        self.raw(&format!("{indent}{title}:\t"));
        if pairs.is_empty() {
            self.raw("<none>\n");
        }
        for (index, (key, value)) in pairs.into_iter().enumerate() {
            let before = if index > 0 { format!("{indent}\t") } else { String::new() };
            self.raw(&format!("{before}{key}={}\n", text(value)));
        }
    }

    /// Annotations, long ones under their name.
    pub fn annotations(&mut self, title: &str, annotations: &Value) {
        let pairs: BTreeMap<&String, &Value> = annotations.as_object().into_iter().flatten().collect();
        let pairs = pairs.into_iter().filter(|(key, _)| *key != HIDDEN);
        self.raw(&format!("{title}:\t"));
        let mut count = 0;
        for (key, value) in pairs {
            let value = text(value);
            let value = value.strip_suffix('\n').unwrap_or(&value);
            let before = if count > 0 { "\t" } else { "" };
            if value.len() + key.len() + 2 > ANNOTATION || value.contains('\n') {
                self.raw(&format!("{before}{key}:\n"));
                for line in value.split('\n') {
                    self.raw(&format!("\t  {}\n", shortened(line)));
                }
            } else {
                self.raw(&format!("{before}{key}: {value}\n"));
            }
            count += 1;
        }
        if count == 0 {
            self.raw("<none>\n");
        }
    }

    /// Labels and annotations of an object.
    pub fn marks(&mut self, object: &Value) {
        self.labels("Labels", &object["metadata"]["labels"]);
        self.annotations("Annotations", &object["metadata"]["annotations"]);
    }
}

fn shortened(line: &str) -> String {
    let most = ANNOTATION - 2;
    if line.chars().count() <= most {
        return line.into();
    }
    line.chars().take(most).chain("...".chars()).collect()
}

/// A text; empty where there is none.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A whole number; 0 where there is none.
pub(super) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// A text, or `<none>`.
pub(super) fn or_none(text: String) -> String {
    if text.is_empty() { "<none>".into() } else { text }
}

/// A value, or `<unset>`.
pub(super) fn or_unset(value: &Value) -> String {
    if value.is_null() { "<unset>".into() } else { text(value) }
}

pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// `a,b`.
pub(super) fn joined(value: &Value) -> String {
    items(value).map(text).collect::<Vec<_>>().join(",")
}

/// `True` or `False`.
pub(super) fn truth(value: &Value) -> &'static str {
    if value == true { "True" } else { "False" }
}

/// A time as mail writes it (Go's RFC1123Z).
pub(super) fn time(value: &Value) -> String {
    let at = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    at.map(|at| at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()).unwrap_or_default()
}

/// How long ago, or `<unknown>`.
pub(super) fn since(value: &Value, now: Timestamp) -> String {
    let at = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    at.map_or_else(|| "<unknown>".into(), |at| duration::human(now.duration_since(at).as_secs()))
}

/// `a=b,c=d` in order, as kubectl writes a selector.
pub(super) fn pairs(value: &Value) -> String {
    let pairs: BTreeMap<&String, &Value> = value.as_object().into_iter().flatten().collect();
    or_none(pairs.into_iter().map(|(key, value)| format!("{key}={}", text(value))).collect::<Vec<_>>().join(","))
}

/// `ReplicaSet/web-1`: who makes it anew.
pub(super) fn controller(object: &Value) -> Option<String> {
    let owner = items(&object["metadata"]["ownerReferences"]).find(|owner| owner["controller"] == true)?;
    Some(format!("{}/{}", text(&owner["kind"]), text(&owner["name"])))
}
