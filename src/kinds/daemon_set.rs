//! DaemonSet (apps/v1): one pod on each node. Must not make pods.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::{self, map, set, set_all};
use super::kind::{self, AGE, Column, Generation, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::{Bad, FieldError, count_or_percent, label_selector, nonnegatives, pod, workload};

pub(super) static KIND: Kind = Kind {
    group: "apps",
    kind: "DaemonSet",
    plural: "daemonsets",
    singular: "daemonset",
    short_names: &["ds"],
    categories: &["all"],
    schema: "io.k8s.api.apps.v1.DaemonSet",
    subresources: &[Subresource::Status],
    about: "Un pod en cada nodo: agentes de registros, de métricas o de red.",
    columns: &[
        NAME,
        Column::integer("Desired"),
        Column::integer("Current"),
        Column::integer("Ready"),
        Column::integer("Up-to-date"),
        Column::integer("Available"),
        Column::text("Node Selector"),
        AGE,
        Column::wide("Containers"),
        Column::wide("Images"),
        Column::wide("Selector"),
    ],
    rules: &DaemonSet,
    ..Kind::BASE
};

struct DaemonSet;

/// The annotation that old clients read instead of the revisions.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

fn count_template(object: &mut Value, generation: i64) {
    let Some(metadata) = object.as_object_mut().and_then(|object| map(object, "metadata")) else { return };
    if let Some(annotations) = map(metadata, "annotations") {
        annotations.insert(TEMPLATE_GENERATION.into(), json!(generation.to_string()));
    }
}

impl Rules for DaemonSet {
    fn has_status(&self) -> bool {
        true
    }

    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn prepare_create(&self, object: &mut Value) {
        kind::prepare_create(self, object);
        count_template(object, 1);
    }

    fn prepare_update(&self, new: &mut Value, old: &Value) {
        kind::prepare_update(self, new, old);
        let before = old["metadata"]["annotations"][TEMPLATE_GENERATION].as_str().and_then(|text| text.parse().ok());
        let changed = new["spec"]["template"] != old["spec"]["template"];
        count_template(new, before.unwrap_or(0) + i64::from(changed));
    }

    fn first_status(&self, _object: &Value) -> Value {
        json!({"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0})
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let pod = &spec["template"]["spec"];
        let [containers, images] = show::containers(pod);
        vec![
            show::name(object),
            show::count(&status["desiredNumberScheduled"]),
            show::count(&status["currentNumberScheduled"]),
            show::count(&status["numberReady"]),
            show::count(&status["updatedNumberScheduled"]),
            show::count(&status["numberAvailable"]),
            json!(show::labels(&pod["nodeSelector"])),
            show::age(object, now),
            containers,
            images,
            json!(show::selector(&spec["selector"])),
        ]
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = default::spec(object) else { return };
        set(spec, "revisionHistoryLimit", json!(10));
        default::template(spec);
        let Some(strategy) = map(spec, "updateStrategy") else { return };
        if set(strategy, "type", json!("RollingUpdate")) == "RollingUpdate"
            && let Some(rolling) = map(strategy, "rollingUpdate")
        {
            set_all(rolling, [("maxUnavailable", json!(1)), ("maxSurge", json!(0))]);
        }
    }

    fn warnings(&self, object: &Value) -> Vec<String> {
        super::validate::pod::warnings(&At::root(object).field("spec.template.spec"))
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let (selector, template) = (spec.field("selector"), spec.field("template"));
        let mut errors: Vec<FieldError> = Vec::new();
        if selector.is_null() {
            errors.push(selector.required(""));
        }
        errors.extend(super::validate::label_selector_errors(&selector));
        let parsed = label_selector(selector.value).ok().filter(|_| selector.is_set());
        errors.extend(parsed.and_then(|parsed| workload::mismatch(&parsed, &template)));
        errors.extend(workload::empty_selector(&selector, "daemonset"));
        errors.extend(pod::template(&template));
        errors.extend(workload::always_running(&template, "DaemonSet"));
        errors.extend(nonnegatives(&spec, &["minReadySeconds"]));
        errors.extend(strategy(&spec.field("updateStrategy")));
        errors.extend(nonnegatives(&spec, &["revisionHistoryLimit"]));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = self.validate(new);
        errors.extend(workload::immutable_selector(&At::root(new), &At::root(old)));
        errors
    }
}

fn strategy(strategy: &At) -> Vec<FieldError> {
    let rolling = strategy.field("rollingUpdate");
    match strategy.field("type").text() {
        "OnDelete" => Vec::new(),
        "RollingUpdate" if rolling.is_null() => vec![rolling.required("")],
        "RollingUpdate" => rolling_update(&rolling),
        other => {
            let mut error = strategy.unsupported(&["RollingUpdate", "OnDelete"]);
            error.bad = Some(Bad::Json(format!("{{\"Type\":{},\"RollingUpdate\":{}}}", json!(other), rolling.value)));
            vec![error]
        }
    }
}

/// Exactly one of the two bounds may differ from zero.
fn rolling_update(rolling: &At) -> Vec<FieldError> {
    let (unavailable, surge) = (rolling.field("maxUnavailable"), rolling.field("maxSurge"));
    let mut errors: Vec<FieldError> = [&unavailable, &surge].into_iter().filter_map(count_or_percent).collect();
    errors.extend([&unavailable, &surge].into_iter().filter_map(workload::at_most_all));
    match (workload::is_zero(&unavailable), workload::is_zero(&surge)) {
        (false, false) => errors.push(surge.invalid("may not be set when maxUnavailable is non-zero")),
        (true, true) => errors.push(unavailable.required("cannot be 0 when maxSurge is 0")),
        _ => {}
    }
    errors
}
