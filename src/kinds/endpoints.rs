//! Endpoints (core/v1): the old list of a Service's addresses, beside `EndpointSlices`. Must not compute addresses.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::each;
use super::kind::{AGE, Column, Kind, NAME, Rules};
use super::show;
use super::validate::{FieldError, dns_label, endpoint_ip, ip, label_key, port_number, protocol};

/// How many addresses a row shows.
pub(super) const SHOWN: usize = 3;

pub(super) static KIND: Kind = Kind {
    kind: "Endpoints",
    plural: "endpoints",
    singular: "endpoints",
    short_names: &["ep"],
    schema: "io.k8s.api.core.v1.Endpoints",
    about: "Las direcciones de los pods listos detrás de un Service, en el formato antiguo.",
    deprecated: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    columns: &[NAME, Column::text("Endpoints"), AGE],
    rules: &Endpoints,
    ..Kind::BASE
};

struct Endpoints;

impl Rules for Endpoints {
    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![show::name(object), json!(addresses(object)), show::age(object, now)]
    }

    fn default(&self, object: &mut Value) {
        let Some(fields) = object.as_object_mut() else { return };
        for subset in each(fields, "subsets") {
            for port in each(subset, "ports") {
                super::default::set(port, "protocol", json!("TCP"));
            }
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let subsets = At::root(object).field("subsets");
        subsets.items().flat_map(|subset| one_subset(&subset)).collect()
    }
}

fn addresses(object: &Value) -> String {
    let subsets = show::list(&object["subsets"]);
    if subsets.is_empty() {
        return "<none>".to_owned();
    }
    let found: Vec<String> = subsets.iter().flat_map(of_subset).collect();
    show::first_of(&found, SHOWN)
}

fn of_subset(subset: &Value) -> Vec<String> {
    let ips: Vec<&str> = show::list(&subset["addresses"]).iter().filter_map(|address| address["ip"].as_str()).collect();
    let ports = show::list(&subset["ports"]);
    if ports.is_empty() {
        return ips.into_iter().map(str::to_owned).collect();
    }
    let join = |ip: &str, port: i64| if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") };
    let numbers = ports.iter().map(|port| port["port"].as_i64().unwrap_or(0));
    numbers.flat_map(|port| ips.iter().map(move |ip| join(ip, port))).collect()
}

fn one_subset(subset: &At) -> Vec<FieldError> {
    let lists = ["addresses", "notReadyAddresses"].map(|name| subset.field(name));
    let mut errors = Vec::new();
    if lists.iter().all(At::is_empty) {
        errors.push(subset.required("must specify `addresses` or `notReadyAddresses`"));
    }
    for address in lists.iter().flat_map(At::items) {
        let (at, hostname) = (address.field("ip"), address.field("hostname"));
        errors.extend(ip(&at));
        if !hostname.is_empty() {
            errors.extend(dns_label(&hostname));
        }
        errors.extend(endpoint_ip(&at));
    }
    let ports = subset.field("ports");
    for port in ports.items() {
        errors.extend(one_port(&port, ports.len() > 1));
    }
    errors
}

fn one_port(port: &At, named: bool) -> Vec<FieldError> {
    let (name, application) = (port.field("name"), port.field("appProtocol"));
    let mut errors = Vec::new();
    if !name.is_empty() {
        errors.extend(dns_label(&name));
    } else if named {
        errors.push(name.required(""));
    }
    errors.extend(port_number(&port.field("port")));
    errors.extend(protocol(&port.field("protocol")));
    if application.is_set() {
        errors.extend(label_key(&application));
    }
    errors
}
