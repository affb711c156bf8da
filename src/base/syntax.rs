//! The syntax of names in Kubernetes (DNS labels, label keys and values), with its texts. Must not know any kind.
//!
//! Each rule answers with Kubernetes' messages (`apimachinery/pkg/util/validation`), an empty list when it holds.

use std::collections::HashMap;
use std::sync::{LazyLock, RwLock};

use regex::Regex;

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const LABEL_1035: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const KEY: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const VALUE: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const KEY_TEXT: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// Whether the whole text has the form of the pattern. A pattern that is no expression matches nothing.
pub fn matches(pattern: &'static str, text: &str) -> bool {
    static COMPILED: LazyLock<RwLock<HashMap<&'static str, Option<Regex>>>> = LazyLock::new(RwLock::default);
    if let Ok(read) = COMPILED.read()
        && let Some(regex) = read.get(pattern)
    {
        return regex.as_ref().is_some_and(|regex| regex.is_match(text));
    }
    let regex = Regex::new(&format!("^(?:{pattern})$")).ok();
    let is_match = regex.as_ref().is_some_and(|regex| regex.is_match(text));
    if let Ok(mut write) = COMPILED.write() {
        write.insert(pattern, regex);
    }
    is_match
}

/// Kubernetes' text for a regular expression that does not match (`RegexError`).
#[must_use]
pub fn regex_error(text: &str, pattern: &str, examples: &[&str]) -> String {
    if examples.is_empty() {
        return format!("{text} (regex used for validation is '{pattern}')");
    }
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}', ")).collect();
    let examples = examples.join(" or ");
    format!("{text} (e.g. {examples}regex used for validation is '{pattern}')")
}

fn check(text: &str, limit: usize, pattern: &'static str, message: impl FnOnce() -> String) -> Vec<String> {
    let mut errors = too_long(text, limit);
    if !matches(pattern, text) {
        errors.push(message());
    }
    errors
}

/// Kubernetes' text for a value of more bytes than allowed (`MaxLenError`).
#[must_use]
pub fn too_long(text: &str, limit: usize) -> Vec<String> {
    if text.len() > limit { vec![format!("must be no more than {limit} bytes")] } else { Vec::new() }
}

/// A label of DNS (RFC 1123): 63 lower case letters, digits and hyphens.
#[must_use]
pub fn dns_label(text: &str) -> Vec<String> {
    check(text, 63, LABEL, || {
        if matches(SUBDOMAIN, text) {
            return "must not contain dots".to_owned();
        }
        let rule = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
        regex_error(rule, LABEL, &["my-name", "123-abc"])
    })
}

/// A subdomain of DNS (RFC 1123): labels with dots, 253 bytes.
#[must_use]
pub fn dns_subdomain(text: &str) -> Vec<String> {
    let rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
    check(text, 253, SUBDOMAIN, || regex_error(rule, SUBDOMAIN, &["example.com"]))
}

/// A label of DNS (RFC 1035), which must start with a letter.
#[must_use]
pub fn dns_1035_label(text: &str) -> Vec<String> {
    let rule = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
    check(text, 63, LABEL_1035, || regex_error(rule, LABEL_1035, &["my-name", "abc-123"]))
}

/// The key of a label: an optional subdomain, `/`, and a name of 63 bytes.
#[must_use]
pub fn label_key(text: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let name = match text.split('/').collect::<Vec<_>>()[..] {
        [name] => name,
        [prefix, name] => {
            errors.extend(key_prefix(prefix));
            name
        }
        _ => {
            let domain = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {KEY_TEXT} {domain}")];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".to_owned());
    }
    errors.extend(check(name, 63, KEY, || KEY_TEXT.to_owned()).into_iter().map(|text| format!("name part {text}")));
    errors
}

fn key_prefix(prefix: &str) -> Vec<String> {
    if prefix.is_empty() {
        return vec!["prefix part must be non-empty".to_owned()];
    }
    dns_subdomain(prefix).into_iter().map(|text| format!("prefix part {text}")).collect()
}

/// The value of a label: empty, or 63 letters, digits, `-`, `_` and `.`.
#[must_use]
pub fn label_value(text: &str) -> Vec<String> {
    let rule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    check(text, 63, VALUE, || regex_error(rule, VALUE, &["MyValue", "my_value", "12345"]))
}
