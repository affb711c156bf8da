//! Deployment (apps/v1): keeps a number of equal pods and changes them step by step. Must not make `ReplicaSets`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::{self, map, set, set_all};
use super::kind::{AGE, Column, Generation, Kind, NAME, Rules, Subresource, keep_metadata};
use super::show;
use super::validate::{Bad, FieldError, nonnegative, nonnegatives, workload};

pub(super) static KIND: Kind = Kind {
    group: "apps",
    kind: "Deployment",
    plural: "deployments",
    singular: "deployment",
    short_names: &["deploy"],
    categories: &["all"],
    schema: "io.k8s.api.apps.v1.Deployment",
    subresources: &[Subresource::Scale, Subresource::Status],
    about: "Mantiene N copias iguales de tu aplicación y las actualiza poco a poco, con vuelta atrás.",
    columns: &[
        NAME,
        Column::text("Ready"),
        Column::text("Up-to-date"),
        Column::text("Available"),
        AGE,
        Column::wide("Containers"),
        Column::wide("Images"),
        Column::wide("Selector"),
    ],
    rules: &Deployment,
    ..Kind::BASE
};

struct Deployment;

impl Rules for Deployment {
    fn has_status(&self) -> bool {
        true
    }

    fn generation(&self) -> Generation {
        Generation::SpecAndAnnotations
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let number = |value: &Value| value.as_i64().unwrap_or(0);
        let [containers, images] = show::containers(&spec["template"]["spec"]);
        vec![
            show::name(object),
            json!(format!("{}/{}", number(&status["readyReplicas"]), number(&spec["replicas"]))),
            show::count(&status["updatedReplicas"]),
            show::count(&status["availableReplicas"]),
            show::age(object, now),
            containers,
            images,
            json!(show::selector(&spec["selector"])),
        ]
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = default::spec(object) else { return };
        let fields =
            [("replicas", json!(1)), ("revisionHistoryLimit", json!(10)), ("progressDeadlineSeconds", json!(600))];
        set_all(spec, fields);
        default::template(spec);
        let Some(strategy) = map(spec, "strategy") else { return };
        if set(strategy, "type", json!("RollingUpdate")) == "RollingUpdate"
            && let Some(rolling) = map(strategy, "rollingUpdate")
        {
            set_all(rolling, [("maxUnavailable", json!("25%")), ("maxSurge", json!("25%"))]);
        }
    }

    fn warnings(&self, object: &Value) -> Vec<String> {
        super::validate::pod::warnings(&At::root(object).field("spec.template.spec"))
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let mut errors: Vec<FieldError> = nonnegative(&spec.field("replicas")).into_iter().collect();
        errors.extend(workload::selector(&spec, "deployment"));
        let template = workload::template(&spec);
        errors.extend(template);
        errors.extend(workload::always_running(&spec.field("template"), "ReplicaSet"));
        errors.extend(strategy(&spec.field("strategy")));
        errors.extend(nonnegatives(&spec, &["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"]));
        let (deadline, ready) = (spec.field("progressDeadlineSeconds"), spec.field("minReadySeconds").int());
        if deadline.number().is_some_and(|deadline| deadline <= ready) {
            errors.push(deadline.invalid("must be greater than minReadySeconds"));
        }
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = self.validate(new);
        errors.extend(workload::immutable_selector(&At::root(new), &At::root(old)));
        errors
    }

    fn prepare_status(&self, new: &mut Value, old: &Value) {
        super::kind::prepare_status(new, old);
        keep_metadata(new, old, "labels");
    }

    fn validate_status(&self, new: &Value, _old: &Value) -> Vec<FieldError> {
        let status = At::root(new).field("status");
        workload::replica_counts(&status, &["updatedReplicas", "readyReplicas", "availableReplicas"])
    }
}

fn strategy(strategy: &At) -> Vec<FieldError> {
    let rolling = strategy.field("rollingUpdate");
    match strategy.field("type").text() {
        "RollingUpdate" if rolling.is_null() => {
            vec![rolling.required("this should be defaulted and never be nil")]
        }
        "RollingUpdate" => workload::rolling_update(&rolling),
        "Recreate" if rolling.is_set() => {
            vec![rolling.forbidden("may not be specified when strategy `type` is 'Recreate'")]
        }
        "Recreate" => Vec::new(),
        other => {
            let mut error = strategy.unsupported(&["Recreate", "RollingUpdate"]);
            // The internal type writes itself, with Go's names.
            error.bad = Some(Bad::Json(format!("{{\"Type\":{},\"RollingUpdate\":{}}}", json!(other), rolling.value)));
            vec![error]
        }
    }
}
