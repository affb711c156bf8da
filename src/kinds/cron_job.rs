//! CronJob (batch/v1): a Job by the clock. Must not make Jobs.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::at::At;
use super::default::{self, map, set_all};
use super::job::job_spec;
use super::kind::{AGE, Column, Generation, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::{FieldError, choice, nonnegatives, shown_selector};
use crate::base::cron::Schedule;

/// Jobs get eleven more characters, and must fit 63.
const NAME_LIMIT: usize = 52;

pub(super) static KIND: Kind = Kind {
    group: "batch",
    kind: "CronJob",
    plural: "cronjobs",
    singular: "cronjob",
    short_names: &["cj"],
    categories: &["all"],
    schema: "io.k8s.api.batch.v1.CronJob",
    subresources: &[Subresource::Status],
    about: "Un Job que se lanza solo según un horario, como el cron de Unix.",
    columns: &[
        NAME,
        Column::text("Schedule"),
        Column::text("Timezone"),
        Column::boolean("Suspend"),
        Column::integer("Active"),
        Column::text("Last Schedule"),
        AGE,
        Column::wide("Containers"),
        Column::wide("Images"),
        Column::wide("Selector"),
    ],
    rules: &CronJob,
    ..Kind::BASE
};

struct CronJob;

impl Rules for CronJob {
    fn has_status(&self) -> bool {
        true
    }

    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let job = &spec["jobTemplate"]["spec"];
        let [containers, images] = show::containers(&job["template"]["spec"]);
        let last = &status["lastScheduleTime"];
        vec![
            show::name(object),
            show::text_or(&spec["schedule"], ""),
            show::text_or(&spec["timeZone"], "<none>"),
            show::flag(&spec["suspend"]),
            json!(show::list(&status["active"]).len()),
            json!(if last.is_null() { "<none>".to_owned() } else { show::since(last, now) }),
            show::age(object, now),
            containers,
            images,
            json!(show::selector(&job["selector"])),
        ]
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = default::spec(object) else { return };
        let fields = [
            ("concurrencyPolicy", json!("Allow")),
            ("suspend", json!(false)),
            ("successfulJobsHistoryLimit", json!(3)),
            ("failedJobsHistoryLimit", json!(1)),
        ];
        set_all(spec, fields);
        if let Some(job) = map(spec, "jobTemplate").and_then(|template| map(template, "spec")) {
            default::template(job);
        }
    }

    fn warnings(&self, object: &Value) -> Vec<String> {
        super::validate::pod::warnings(&At::root(object).field("spec.jobTemplate.spec.template.spec"))
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let root = At::root(object);
        let (name, spec) = (root.field("metadata.name"), root.field("spec"));
        let mut errors = schedule(&spec);
        errors.extend(nonnegatives(&spec, &["startingDeadlineSeconds"]));
        errors.extend(choice(&spec.field("concurrencyPolicy"), &["Allow", "Forbid", "Replace"]));
        errors.extend(job_template(&spec.field("jobTemplate.spec")));
        errors.extend(nonnegatives(&spec, &["successfulJobsHistoryLimit", "failedJobsHistoryLimit"]));
        if name.text().len() > NAME_LIMIT {
            errors.push(name.invalid("must be no more than 52 characters"));
        }
        errors
    }
}

fn schedule(spec: &At) -> Vec<FieldError> {
    let (schedule, zone) = (spec.field("schedule"), spec.field("timeZone"));
    if schedule.is_empty() {
        return vec![schedule.required("")];
    }
    let mut errors: Vec<FieldError> =
        Schedule::parse(schedule.text()).err().map(|text| schedule.invalid(text)).into_iter().collect();
    if schedule.text().contains("TZ") {
        let text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        errors.push(schedule.invalid(text));
    }
    if zone.is_set() {
        if zone.is_empty() {
            errors.push(zone.invalid("timeZone must be nil or non-empty string"));
        } else if TimeZone::get(zone.text()).is_err() {
            errors.push(zone.invalid(format!("unknown time zone {}", zone.text())));
        }
    }
    errors
}

fn job_template(job: &At) -> Vec<FieldError> {
    let mut errors = job_spec(job);
    let (selector, manual) = (job.field("selector"), job.field("manualSelector"));
    if selector.is_set() {
        errors.push(selector.invalid_as(shown_selector(selector.value), "`selector` will be auto-generated"));
    }
    if manual.flag() {
        errors.push(manual.unsupported(&["nil", "false"]));
    }
    errors
}
