//! Service (core/v1): one stable address for a changing set of pods. Must not allocate addresses or ports.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::at::At;
use super::default::{self, each, set};
use super::kind::{self, AGE, Column, Kind, NAME, Rules, Subresource};
use super::validate::{FieldError, NameRule};

mod kept;
mod row;
mod rules;

pub(super) static KIND: Kind = Kind {
    kind: "Service",
    plural: "services",
    singular: "service",
    short_names: &["svc"],
    categories: &["all"],
    schema: "io.k8s.api.core.v1.Service",
    subresources: &[Subresource::Proxy, Subresource::Status],
    about: "Una dirección fija que reparte el tráfico entre los pods que hay detrás, cambien lo que cambien.",
    columns: &[
        NAME,
        Column::text("Type"),
        Column::text("Cluster-IP"),
        Column::text("External-IP"),
        Column::text("Port(s)"),
        AGE,
        Column::wide("Selector"),
    ],
    rules: &Service,
    ..Kind::BASE
};

struct Service;

impl Rules for Service {
    fn has_status(&self) -> bool {
        true
    }

    fn name_rule(&self) -> NameRule {
        NameRule::Label1035
    }

    fn first_status(&self, _object: &Value) -> Value {
        json!({"loadBalancer": {}})
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        row::row(object, now)
    }

    fn default(&self, object: &mut Value) {
        if let Some(spec) = default::spec(object) {
            fill(spec);
        }
    }

    fn prepare_create(&self, object: &mut Value) {
        kind::prepare_create(self, object);
        if let Some(spec) = default::spec(object) {
            kept::cluster_ips(spec);
            kept::families(spec);
        }
    }

    /// What was allocated stays when the new object is silent about it.
    fn prepare_update(&self, new: &mut Value, old: &Value) {
        kind::prepare_update(self, new, old);
        if let Some(spec) = default::spec(new) {
            kept::from_old(spec, &old["spec"]);
            kept::families(spec);
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        rules::service(&At::root(object).field("spec"))
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let mut errors = rules::changes(&At::root(new).field("spec"), &At::root(old).field("spec"));
        errors.extend(self.validate(new));
        errors
    }

    fn fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        let text = |name: &str| object["spec"][name].as_str().unwrap_or_default().to_owned();
        vec![("spec.clusterIP", text("clusterIP")), ("spec.type", text("type"))]
    }
}

fn fill(spec: &mut Map<String, Value>) {
    if set(spec, "sessionAffinity", json!("None")) == "ClientIP" {
        let config = default::map(spec, "sessionAffinityConfig").and_then(|config| default::map(config, "clientIP"));
        if let Some(client) = config {
            set(client, "timeoutSeconds", json!(10800));
        }
    } else if spec.get("sessionAffinity") == Some(&json!("None")) {
        spec.remove("sessionAffinityConfig");
    }
    let kind = set(spec, "type", json!("ClusterIP")).as_str().unwrap_or_default().to_owned();
    for port in each(spec, "ports") {
        set(port, "protocol", json!("TCP"));
        let number = port.get("port").cloned().unwrap_or(json!(0));
        let target = set(port, "targetPort", number.clone());
        if *target == 0 || *target == "" {
            *target = number;
        }
    }
    let external_ips = spec.get("externalIPs").and_then(Value::as_array).is_some_and(|ips| !ips.is_empty());
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") || (kind == "ClusterIP" && external_ips) {
        set(spec, "externalTrafficPolicy", json!("Cluster"));
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer" | "ClusterIP") {
        set(spec, "internalTrafficPolicy", json!("Cluster"));
    }
    if kind == "LoadBalancer" {
        set(spec, "allocateLoadBalancerNodePorts", json!(true));
    }
}
