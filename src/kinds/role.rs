//! Role (rbac.authorization.k8s.io/v1): what may be done in one namespace. Must not decide who may.

use jiff::Timestamp;
use serde_json::Value;

use super::at::At;
use super::kind::{CREATED_AT, Kind, NAME, Rules};
use super::show;
use super::validate::{FieldError, NameRule, rbac};

pub(super) static KIND: Kind = Kind {
    group: "rbac.authorization.k8s.io",
    kind: "Role",
    plural: "roles",
    singular: "role",
    schema: "io.k8s.api.rbac.v1.Role",
    about: "Una lista de permisos dentro de un namespace: qué verbos sobre qué recursos.",
    columns: &[NAME, CREATED_AT],
    rules: &Role { namespaced: true },
    ..Kind::BASE
};

/// A role of a namespace or of the cluster.
pub(super) struct Role {
    pub(super) namespaced: bool,
}

impl Rules for Role {
    fn name_rule(&self) -> NameRule {
        NameRule::PathSegment
    }

    fn row(&self, object: &Value, _now: Timestamp) -> Vec<Value> {
        vec![show::name(object), show::created_at(object)]
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        rbac::rules(&At::root(object).field("rules"), self.namespaced)
    }
}
