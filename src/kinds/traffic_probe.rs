//! TrafficProbe (timonel.dev): a stream of test requests and what became of them. Must not send any: the prober does.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default;
use super::kind::{AGE, Column, Generation, Kind, NAME, Rules, Subresource, TIMONEL};
use super::show;
use super::validate::FieldError;

/// Requests a second that one process can send beside a whole cluster.
const FASTEST: i64 = 1000;
/// A minute: nobody waits longer for a page.
const LONGEST_TIMEOUT: i64 = 60_000;

pub(super) static KIND: Kind = Kind {
    group: TIMONEL,
    version: "v1alpha1",
    kind: "TrafficProbe",
    plural: "trafficprobes",
    singular: "trafficprobe",
    short_names: &["tp"],
    categories: &["timonel"],
    schema: "dev.timonel.v1alpha1.TrafficProbe",
    subresources: &[Subresource::Status],
    about: "Un chorro de peticiones de prueba: cuántas se responden, quién y en cuánto tiempo.",
    columns: &[
        NAME,
        Column::text("Target"),
        Column::integer("Rate"),
        Column::integer("Sent"),
        Column::integer("Answered"),
        Column::integer("Failed"),
        Column::text("Now"),
        Column::text("P50"),
        Column::text("P99"),
        AGE,
        Column::wide("Last Error"),
    ],
    rules: &TrafficProbe,
    ..Kind::BASE
};

struct TrafficProbe;

impl Rules for TrafficProbe {
    fn has_status(&self) -> bool {
        true
    }

    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn first_status(&self, _object: &Value) -> Value {
        json!({"sent": 0, "answered": 0, "failed": 0})
    }

    fn default(&self, object: &mut Value) {
        if let Some(spec) = default::spec(object) {
            default::set_all(spec, [("rate", json!(10)), ("path", json!("/")), ("timeoutMilliseconds", json!(2000))]);
        }
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let (spec, status) = (&object["spec"], &object["status"]);
        let share =
            status["window"]["percent"].as_i64().map_or_else(|| "-".to_owned(), |percent| format!("{percent}%"));
        vec![
            show::name(object),
            json!(target(&spec["target"])),
            show::count(&spec["rate"]),
            show::count(&status["sent"]),
            show::count(&status["answered"]),
            show::count(&status["failed"]),
            json!(share),
            json!(millis(&status["latency"]["p50Microseconds"])),
            json!(millis(&status["latency"]["p99Microseconds"])),
            show::age(object, now),
            show::text_or(&status["lastError"]["message"], ""),
        ]
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let mut errors: Vec<FieldError> = targets(&spec.field("target")).into_iter().collect();
        errors.extend(within(&spec.field("rate"), 0, FASTEST));
        errors.extend(within(&spec.field("timeoutMilliseconds"), 1, LONGEST_TIMEOUT));
        let path = spec.field("path");
        if !path.text().starts_with('/') {
            errors.push(path.invalid("must begin with /"));
        }
        errors
    }
}

/// Exactly one of the three ways to name a target.
fn targets(target: &At) -> Option<FieldError> {
    let ways = ["service", "host", "address"].map(|name| target.field(name));
    match ways.iter().filter(|way| !way.is_empty()).count() {
        0 => Some(target.required("one of service, host or address is required")),
        1 => {
            let address = target.field("address");
            let bad = !address.is_empty() && address.text().parse::<std::net::IpAddr>().is_err();
            bad.then(|| address.invalid("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"))
        }
        _ => Some(target.forbidden("only one of service, host or address may be set")),
    }
}

fn within(number: &At, least: i64, most: i64) -> Option<FieldError> {
    let bad = number.is_set() && !(least..=most).contains(&number.int());
    bad.then(|| number.invalid(format!("must be between {least} and {most}, inclusive")))
}

/// `web:80`, `http://tienda.local`.
fn target(target: &Value) -> String {
    let port = match &target["port"] {
        Value::String(name) => format!(":{name}"),
        Value::Number(number) => format!(":{number}"),
        _ => String::new(),
    };
    let text = |name: &str| target[name].as_str().filter(|text| !text.is_empty());
    match (text("service"), text("host"), text("address")) {
        (Some(service), ..) => format!("{service}{port}"),
        (_, Some(host), _) => format!("http://{host}{port}"),
        (.., address) => format!("{}{port}", address.unwrap_or_default()),
    }
}

fn millis(micros: &Value) -> String {
    match micros.as_u64() {
        Some(micros) => format!("{}.{}ms", micros / 1000, micros % 1000 / 100),
        None => "-".to_owned(),
    }
}
