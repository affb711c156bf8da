//! Lease (coordination.k8s.io/v1): a renewed «I am here»: heartbeats of nodes, leadership. Must not renew anything.

use jiff::Timestamp;
use serde_json::Value;

use super::at::At;
use super::kind::{AGE, Column, Kind, NAME, Rules};
use super::show;
use super::validate::FieldError;

pub(super) static KIND: Kind = Kind {
    group: "coordination.k8s.io",
    kind: "Lease",
    plural: "leases",
    singular: "lease",
    schema: "io.k8s.api.coordination.v1.Lease",
    about: "Un «sigo aquí» que se renueva: latido de los nodos y turno de quien manda.",
    columns: &[NAME, Column::text("Holder"), AGE],
    rules: &Lease,
    ..Kind::BASE
};

struct Lease;

impl Rules for Lease {
    fn updates_unconditionally(&self) -> bool {
        false
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![show::name(object), show::text_or(&object["spec"]["holderIdentity"], ""), show::age(object, now)]
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let (seconds, turns) = (spec.field("leaseDurationSeconds"), spec.field("leaseTransitions"));
        let mut errors = Vec::new();
        if seconds.number().is_some_and(|seconds| seconds <= 0) {
            errors.push(seconds.invalid("must be greater than 0"));
        }
        if turns.int() < 0 {
            errors.push(turns.invalid("must be greater than or equal to 0"));
        }
        errors
    }
}
