//! `RoleBinding` (rbac.authorization.k8s.io/v1): gives someone a role in a namespace. Must not decide who may.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::{each, map, set};
use super::kind::{AGE, Column, Kind, NAME, Rules};
use super::show;
use super::validate::{FieldError, NameRule, rbac};

pub(super) static KIND: Kind = Kind {
    group: "rbac.authorization.k8s.io",
    kind: "RoleBinding",
    plural: "rolebindings",
    singular: "rolebinding",
    schema: "io.k8s.api.rbac.v1.RoleBinding",
    about: "Da un Role a personas o cuentas, dentro de un namespace.",
    columns: &[
        NAME,
        Column::text("Role"),
        AGE,
        Column::wide("Users"),
        Column::wide("Groups"),
        Column::wide("ServiceAccounts"),
    ],
    rules: &RoleBinding { namespaced: true },
    ..Kind::BASE
};

/// A binding in a namespace or in the cluster.
pub(super) struct RoleBinding {
    pub(super) namespaced: bool,
}

impl Rules for RoleBinding {
    fn name_rule(&self) -> NameRule {
        NameRule::PathSegment
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let role = &object["roleRef"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let subjects = |kind: &str| {
            let found = show::list(&object["subjects"]).iter().filter(|subject| subject["kind"] == kind);
            let names = found.map(|subject| match kind {
                "ServiceAccount" => format!("{}/{}", text(&subject["namespace"]), text(&subject["name"])),
                _ => text(&subject["name"]),
            });
            json!(names.collect::<Vec<_>>().join(", "))
        };
        vec![
            show::name(object),
            json!(format!("{}/{}", text(&role["kind"]), text(&role["name"]))),
            show::age(object, now),
            subjects("User"),
            subjects("Group"),
            subjects("ServiceAccount"),
        ]
    }

    fn default(&self, object: &mut Value) {
        let Some(fields) = object.as_object_mut() else { return };
        if let Some(role) = map(fields, "roleRef") {
            fill_group(role);
        }
        for subject in each(fields, "subjects") {
            if subject.get("kind").is_some_and(|kind| kind == "User" || kind == "Group") {
                fill_group(subject);
            }
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        rbac::binding(&At::root(object), self.namespaced)
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = self.validate(new);
        errors.extend(rbac::same_role(&At::root(new), &At::root(old)));
        errors
    }
}

fn fill_group(reference: &mut serde_json::Map<String, Value>) {
    let group = json!("rbac.authorization.k8s.io");
    let field = set(reference, "apiGroup", group.clone());
    if *field == "" {
        *field = group;
    }
}
