//! PodDisruptionBudget (policy/v1): how many pods may be missing on purpose. Must not evict anything.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::kind::{AGE, Column, Generation, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::{FieldError, count_or_percent, label_selector_errors, workload};

pub(super) static KIND: Kind = Kind {
    group: "policy",
    kind: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
    singular: "poddisruptionbudget",
    short_names: &["pdb"],
    schema: "io.k8s.api.policy.v1.PodDisruptionBudget",
    subresources: &[Subresource::Status],
    about: "Cuántos pods deben seguir en pie cuando alguien vacía un nodo a propósito.",
    columns: &[
        NAME,
        Column::text("Min Available"),
        Column::text("Max Unavailable"),
        Column::integer("Allowed Disruptions"),
        AGE,
    ],
    rules: &PodDisruptionBudget,
    ..Kind::BASE
};

struct PodDisruptionBudget;

impl Rules for PodDisruptionBudget {
    fn updates_unconditionally(&self) -> bool {
        false
    }

    fn has_status(&self) -> bool {
        true
    }

    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn first_status(&self, _object: &Value) -> Value {
        json!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0})
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let bound = |name: &str| match &object["spec"][name] {
            Value::Number(number) => json!(number.to_string()),
            Value::String(percent) => json!(percent),
            _ => json!("N/A"),
        };
        vec![
            show::name(object),
            bound("minAvailable"),
            bound("maxUnavailable"),
            show::count(&object["status"]["disruptionsAllowed"]),
            show::age(object, now),
        ]
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let (least, most) = (spec.field("minAvailable"), spec.field("maxUnavailable"));
        let mut errors: Vec<FieldError> = Vec::new();
        if least.is_set() && most.is_set() {
            errors.push(spec.invalid("minAvailable and maxUnavailable cannot be both set"));
        }
        for bound in [&least, &most].into_iter().filter(|bound| bound.is_set()) {
            errors.extend(count_or_percent(bound));
            errors.extend(workload::at_most_all(bound));
        }
        errors.extend(label_selector_errors(&spec.field("selector")));
        let policy = spec.field("unhealthyPodEvictionPolicy");
        if policy.is_set() {
            errors.extend(policy.one_of(&["AlwaysAllow", "IfHealthyBudget"]));
        }
        errors
    }
}
