//! Job (batch/v1): pods that must end well a number of times. Must not make pods.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::at::At;
use super::default::{self, map, set, set_all};
use super::kind::{self, AGE, Column, Generation, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::{
    Bad, FieldError, immutable, label_selector, label_selector_errors, nonnegatives, pod, same, workload,
};

pub(super) static KIND: Kind = Kind {
    group: "batch",
    kind: "Job",
    plural: "jobs",
    singular: "job",
    categories: &["all"],
    schema: "io.k8s.api.batch.v1.Job",
    subresources: &[Subresource::Status],
    about: "Una tarea que termina: crea pods hasta que acaben bien las veces pedidas.",
    columns: &[
        NAME,
        Column::text("Status"),
        Column::text("Completions"),
        Column::text("Duration"),
        AGE,
        Column::wide("Containers"),
        Column::wide("Images"),
        Column::wide("Selector"),
    ],
    rules: &Job,
    ..Kind::BASE
};

struct Job;

impl Rules for Job {
    fn has_status(&self) -> bool {
        true
    }

    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let spec = &object["spec"];
        let [containers, images] = show::containers(&spec["template"]["spec"]);
        vec![
            show::name(object),
            json!(status(object)),
            json!(completions(object)),
            json!(duration(&object["status"], now)),
            show::age(object, now),
            containers,
            images,
            json!(show::selector(&spec["selector"])),
        ]
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = default::spec(object) else { return };
        if ["completions", "parallelism"].iter().all(|name| spec.get(*name).is_none_or(Value::is_null)) {
            set(spec, "completions", json!(1));
        }
        let per_index = spec.get("backoffLimitPerIndex").is_some_and(Value::is_number);
        let ended_by_policy = spec.get("podFailurePolicy").is_some_and(Value::is_object);
        let fields = [
            ("parallelism", json!(1)),
            ("backoffLimit", json!(if per_index { i32::MAX } else { 6 })),
            ("completionMode", json!("NonIndexed")),
            ("suspend", json!(false)),
            ("manualSelector", json!(false)),
            ("podReplacementPolicy", json!(if ended_by_policy { "Failed" } else { "TerminatingOrFailed" })),
        ];
        set_all(spec, fields);
        default::template(spec);
    }

    /// The selector is made of the uid, which the server gives before it prepares the object.
    fn prepare_create(&self, object: &mut Value) {
        kind::prepare_create(self, object);
        let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
        let (uid, name) = (text("uid"), text("name"));
        if let Some(spec) = default::spec(object) {
            generate_selector(spec, &uid, &name);
        }
    }

    fn warnings(&self, object: &Value) -> Vec<String> {
        super::validate::pod::warnings(&At::root(object).field("spec.template.spec"))
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let (selector, template) = (spec.field("selector"), spec.field("template"));
        let mut errors = job_spec(&spec);
        if selector.is_null() {
            errors.push(selector.required(""));
        }
        errors.extend(label_selector_errors(&selector));
        if let Ok(parsed) = label_selector(selector.value)
            && selector.is_set()
        {
            errors.extend(workload::mismatch(&parsed, &template));
        }
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = self.validate(new);
        let (spec, before) = (At::root(new).field("spec"), At::root(old).field("spec"));
        let indexed = before.field("completionMode").text() == "Indexed";
        if !indexed {
            errors.extend(immutable(&spec.field("completions"), &before.field("completions")));
        }
        errors.extend(workload::immutable_selector(&At::root(new), &At::root(old)));
        let template = spec.field("template");
        if !same(&template, &before.field("template")) {
            let shown = Bad::Json(super::internal::template(template.value));
            errors.push(template.invalid_as(shown, super::validate::IMMUTABLE));
        }
        for name in ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] {
            errors.extend(immutable(&spec.field(name), &before.field(name)));
        }
        errors
    }

    fn fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        vec![("status.successful", object["status"]["succeeded"].as_i64().unwrap_or(0).to_string())]
    }
}

fn generate_selector(spec: &mut Map<String, Value>, uid: &str, name: &str) {
    if spec.get("manualSelector") == Some(&Value::Bool(true)) {
        return;
    }
    let template = map(spec, "template").and_then(|template| map(template, "metadata"));
    if let Some(labels) = template.and_then(|metadata| map(metadata, "labels")) {
        set_all(
            labels,
            [
                ("job-name", json!(name)),
                ("controller-uid", json!(uid)),
                ("batch.kubernetes.io/job-name", json!(name)),
                ("batch.kubernetes.io/controller-uid", json!(uid)),
            ],
        );
    }
    if let Some(selector) = map(spec, "selector").and_then(|selector| map(selector, "matchLabels")) {
        set(selector, "batch.kubernetes.io/controller-uid", json!(uid));
    }
}

/// What Jobs and the template of a CronJob share (`validateJobSpec`).
pub(super) fn job_spec(spec: &At) -> Vec<FieldError> {
    let mut errors = nonnegatives(
        spec,
        &[
            "parallelism",
            "completions",
            "activeDeadlineSeconds",
            "backoffLimit",
            "ttlSecondsAfterFinished",
            "backoffLimitPerIndex",
            "maxFailedIndexes",
        ],
    );
    let mode = spec.field("completionMode");
    if mode.is_set() {
        if !matches!(mode.text(), "NonIndexed" | "Indexed") {
            errors.push(mode.unsupported(&["NonIndexed", "Indexed"]));
        }
        let completions = spec.field("completions");
        if mode.text() == "Indexed" && completions.is_null() {
            errors.push(completions.required("when completion mode is Indexed"));
        }
    }
    let template = spec.field("template");
    errors.extend(pod::template(&template));
    // What is no policy at all was refused with the template already.
    let policy = template.field("spec.restartPolicy");
    if matches!(policy.text(), "" | "Always") {
        errors.push(if policy.is_empty() {
            policy.required("valid values: \"OnFailure\", \"Never\"")
        } else {
            policy.unsupported(&["OnFailure", "Never"])
        });
    }
    errors
}

fn has_condition(object: &Value, kind: &str) -> bool {
    let mut conditions = show::list(&object["status"]["conditions"]).iter();
    conditions.any(|condition| condition["type"] == kind && condition["status"] == "True")
}

fn status(object: &Value) -> &'static str {
    if has_condition(object, "Complete") {
        "Complete"
    } else if has_condition(object, "Failed") {
        "Failed"
    } else if !object["metadata"]["deletionTimestamp"].is_null() {
        "Terminating"
    } else if has_condition(object, "Suspended") {
        "Suspended"
    } else if has_condition(object, "FailureTarget") {
        "FailureTarget"
    } else if has_condition(object, "SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

fn completions(object: &Value) -> String {
    let done = object["status"]["succeeded"].as_i64().unwrap_or(0);
    match (object["spec"]["completions"].as_i64(), object["spec"]["parallelism"].as_i64().unwrap_or(0)) {
        (Some(wanted), _) => format!("{done}/{wanted}"),
        (None, parallel) if parallel > 1 => format!("{done}/1 of {parallel}"),
        (None, _) => format!("{done}/1"),
    }
}

fn duration(status: &Value, now: Timestamp) -> String {
    let Some(start) = show::parse_time(&status["startTime"]) else { return String::new() };
    let end = show::parse_time(&status["completionTime"]).unwrap_or(now);
    show::human(end.duration_since(start).as_secs())
}
