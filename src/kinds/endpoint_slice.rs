//! EndpointSlice (discovery.k8s.io/v1): the addresses of a Service's pods, in slices. Must not compute addresses.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::{each, set};
use super::kind::{AGE, Column, Generation, Kind, NAME, Rules};
use super::show;
use super::validate::{FieldError, PROTOCOLS, dns_label, dns_subdomain, endpoint_ip, immutable, ip, label_key};

const TYPES: &[&str] = &["FQDN", "IPv4", "IPv6"];
const SHOWN: usize = 3;

pub(super) static KIND: Kind = Kind {
    group: "discovery.k8s.io",
    kind: "EndpointSlice",
    plural: "endpointslices",
    singular: "endpointslice",
    schema: "io.k8s.api.discovery.v1.EndpointSlice",
    about: "La lista viva de pods a los que un Service reparte el tráfico.",
    columns: &[NAME, Column::text("AddressType"), Column::text("Ports"), Column::text("Endpoints"), AGE],
    rules: &EndpointSlice,
    ..Kind::BASE
};

struct EndpointSlice;

impl Rules for EndpointSlice {
    fn generation(&self) -> Generation {
        Generation::Content
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let port = |port: &Value| match (&port["port"], &port["name"]) {
            (Value::Number(number), _) => number.to_string(),
            (_, Value::String(name)) if !name.is_empty() => name.clone(),
            _ => "*".to_owned(),
        };
        let ports: Vec<String> = show::list(&object["ports"]).iter().map(port).collect();
        let addresses = show::list(&object["endpoints"]).iter().flat_map(|found| show::list(&found["addresses"]));
        let addresses: Vec<String> = addresses.filter_map(Value::as_str).map(str::to_owned).collect();
        let or_unset = |list: &[String]| {
            if list.is_empty() { "<unset>".to_owned() } else { show::first_of(list, SHOWN) }
        };
        vec![
            show::name(object),
            show::text_or(&object["addressType"], ""),
            json!(or_unset(&ports)),
            json!(or_unset(&addresses)),
            show::age(object, now),
        ]
    }

    fn default(&self, object: &mut Value) {
        let Some(fields) = object.as_object_mut() else { return };
        for port in each(fields, "ports") {
            set(port, "name", json!(""));
            set(port, "protocol", json!("TCP"));
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let root = At::root(object);
        let kind = root.field("addressType");
        let mut errors: Vec<FieldError> = Vec::new();
        if kind.is_empty() {
            errors.push(kind.required(""));
        } else {
            errors.extend(kind.one_of(TYPES));
        }
        errors.extend(endpoints(&root.field("endpoints"), kind.text()));
        errors.extend(ports(&root.field("ports")));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value) -> Vec<FieldError> {
        let kind = |object| At::root(object).field("addressType");
        let mut errors = self.validate(new);
        errors.extend(immutable(&kind(new), &kind(old)));
        errors
    }
}

fn endpoints(endpoints: &At, kind: &str) -> Vec<FieldError> {
    if endpoints.len() > 1000 {
        return vec![endpoints.too_many(1000)];
    }
    let mut errors = Vec::new();
    for endpoint in endpoints.items() {
        let (addresses, hostname) = (endpoint.field("addresses"), endpoint.field("hostname"));
        if addresses.is_empty() {
            errors.push(addresses.required("must contain at least 1 address"));
        } else if addresses.len() > 100 {
            errors.push(addresses.too_many(100));
        }
        for address in addresses.items() {
            errors.extend(match kind {
                "FQDN" => dns_subdomain(&address),
                _ => ip(&address).map_or_else(|| endpoint_ip(&address), |error| vec![error]),
            });
        }
        if hostname.is_set() {
            errors.extend(dns_label(&hostname));
        }
    }
    errors
}

fn ports(ports: &At) -> Vec<FieldError> {
    if ports.len() > 20_000 {
        return vec![ports.too_many(20_000)];
    }
    let (mut errors, mut names) = (Vec::new(), Vec::new());
    for port in ports.items() {
        let (name, application) = (port.field("name"), port.field("appProtocol"));
        if !name.is_empty() {
            errors.extend(dns_label(&name));
        }
        if names.contains(&name.text()) {
            errors.push(name.duplicate_as(name.text()));
        }
        names.push(name.text());
        errors.extend(port.field("protocol").one_of(PROTOCOLS));
        if application.is_set() {
            errors.extend(label_key(&application));
        }
    }
    errors
}
