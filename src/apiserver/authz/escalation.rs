//! Nobody gives away rights that they do not have: what a role's or binding's writer must hold themselves
//! (`pkg/registry/rbac/validation`). Must not store anything.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::call::Call;
use super::super::errors::{ApiError, ApiResult};
use super::super::object;
use super::super::request::Verb;
use super::{MASTERS, Question, allowed, rbac};

/// The group of roles and bindings.
const GROUP: &str = "rbac.authorization.k8s.io";

/// Refuses a role with rules, or a binding of a role with rules, that its writer does not hold.
pub(in super::super) fn check(call: &Call, value: &Value, old: Option<&Value>) -> ApiResult<()> {
    let written = matches!(call.verb, Verb::Create | Verb::Update | Verb::Patch);
    if call.kind.group != GROUP || !written || call.user.is_in(MASTERS) {
        return Ok(());
    }
    let own = |plural: &str, verb: &str, name: &str| {
        let question = Question {
            verb: verb.into(),
            group: GROUP.into(),
            resource: plural.into(),
            namespace: call.request.namespace.clone(),
            name: name.into(),
            ..Question::default()
        };
        allowed(&call.server, &call.user, &question)
    };
    let granted = match call.kind.kind {
        "Role" | "ClusterRole" => {
            let unchanged = old.is_some_and(|old| old["rules"] == value["rules"]);
            if unchanged || own(call.kind.plural, "escalate", object::name(value)) {
                return Ok(());
            }
            value["rules"].as_array().cloned().unwrap_or_default()
        }
        _ => {
            let reference = &value["roleRef"];
            let name = object::text(reference, &["name"]);
            let plural = if reference["kind"] == "Role" { "roles" } else { "clusterroles" };
            let unchanged = old.is_some_and(|old| old["roleRef"] == *reference && old["subjects"] == value["subjects"]);
            if unchanged || own(plural, "bind", name) {
                return Ok(());
            }
            rbac::rules_of_role(&call.server, reference, &call.request.namespace)
        }
    };
    let held = rbac::rules(&call.server, &call.user, &call.request.namespace);
    let missing = missing(&granted, &held);
    if missing.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = missing.into_iter().collect();
    let why = format!(
        "user {:?} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        call.user.name,
        quoted(call.user.groups.iter().map(String::as_str)),
        lines.join("\n")
    );
    Err(ApiError::forbidden(call.kind, object::name(value), &why))
}

/// What is granted and not held, each resource on a line of its own with its verbs.
fn missing(granted: &[Value], held: &[Value]) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for rule in granted {
        let list = |field: &str| -> Vec<String> {
            let words = rule[field].as_array().into_iter().flatten();
            words.filter_map(|word| word.as_str().map(Into::into)).collect()
        };
        let (verbs, names) = (list("verbs"), list("resourceNames"));
        for path in list("nonResourceURLs") {
            let holds = |verb: &String| {
                held.iter().any(|own| covers(own, &json!({ "nonResourceURLs": [path], "verbs": [verb] })))
            };
            let lacking: Vec<&String> = verbs.iter().filter(|verb| !holds(verb)).collect();
            if !lacking.is_empty() {
                lines.insert(format!(
                    "{{NonResourceURLs:[{path:?}], Verbs:{}}}",
                    quoted(lacking.into_iter().map(String::as_str))
                ));
            }
        }
        for group in list("apiGroups") {
            for resource in list("resources") {
                let part = |verb: &String| json!({ "apiGroups": [group], "resources": [resource], "verbs": [verb], "resourceNames": names });
                let lacking: Vec<&String> =
                    verbs.iter().filter(|verb| !held.iter().any(|own| covers(own, &part(verb)))).collect();
                if lacking.is_empty() {
                    continue;
                }
                let named = if names.is_empty() {
                    String::new()
                } else {
                    format!(", ResourceNames:{}", quoted(names.iter().map(String::as_str)))
                };
                lines.insert(format!(
                    "{{APIGroups:[{group:?}], Resources:[{resource:?}]{named}, Verbs:{}}}",
                    quoted(lacking.into_iter().map(String::as_str))
                ));
            }
        }
    }
    lines
}

/// Whether a rule gives everything that another of one part gives.
fn covers(own: &Value, part: &Value) -> bool {
    let has = |field: &str| {
        let owned: Vec<&str> = own[field].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let wanted = part[field].as_array().into_iter().flatten().filter_map(Value::as_str);
        let matches = |wanted: &str| {
            owned.iter().any(|one| match one.strip_suffix('*') {
                Some("") => true,
                Some(prefix) if field == "nonResourceURLs" => wanted.starts_with(prefix),
                Some(_) => *one == wanted,
                None => {
                    *one == wanted || one.strip_prefix("*/").is_some_and(|sub| wanted.ends_with(&format!("/{sub}")))
                }
            })
        };
        wanted.into_iter().all(matches)
    };
    let any = |field: &str| own[field].as_array().is_none_or(Vec::is_empty);
    let names = any("resourceNames")
        || (part["resourceNames"].as_array().is_some_and(|list| !list.is_empty()) && has("resourceNames"));
    has("verbs") && has("apiGroups") && has("resources") && has("nonResourceURLs") && names
}

/// `["get" "list"]`, as Go prints a slice of quoted texts.
fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.map(|word| format!("{word:?}")).collect();
    format!("[{}]", words.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::missing;

    #[test]
    fn only_what_is_not_held_is_told() {
        let granted =
            [json!({ "apiGroups": ["", "apps"], "resources": ["pods", "pods/log"], "verbs": ["get", "list"] })];
        let held = [
            json!({ "apiGroups": [""], "resources": ["pods"], "verbs": ["get"] }),
            json!({ "apiGroups": ["apps"], "resources": ["*"], "verbs": ["*"] }),
        ];
        let lines: Vec<String> = missing(&granted, &held).into_iter().collect();
        let told = [
            r#"{APIGroups:[""], Resources:["pods"], Verbs:["list"]}"#,
            r#"{APIGroups:[""], Resources:["pods/log"], Verbs:["get" "list"]}"#,
        ];
        assert_eq!(lines, told);
        assert!(
            missing(
                &[json!({ "nonResourceURLs": ["/metrics"], "verbs": ["get"] })],
                &[json!({ "nonResourceURLs": ["*"], "verbs": ["get"] })]
            )
            .is_empty()
        );
    }
}
