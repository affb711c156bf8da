//! Ingress (networking.k8s.io/v1): HTTP from outside to Services, by host and path. Must not route anything.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::kind::{AGE, Column, Generation, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::{FieldError, dns_label, dns_subdomain, port_name, port_number, required};
use crate::base::syntax;

pub(super) static KIND: Kind = Kind {
    group: "networking.k8s.io",
    kind: "Ingress",
    plural: "ingresses",
    singular: "ingress",
    short_names: &["ing"],
    schema: "io.k8s.api.networking.v1.Ingress",
    subresources: &[Subresource::Status],
    about: "Lleva HTTP desde fuera hasta los Services, según el dominio y la ruta.",
    columns: &[NAME, Column::text("Class"), Column::text("Hosts"), Column::text("Address"), Column::text("Ports"), AGE],
    rules: &Ingress,
    ..Kind::BASE
};

struct Ingress;

impl Rules for Ingress {
    fn has_status(&self) -> bool {
        true
    }

    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn first_status(&self, _object: &Value) -> Value {
        json!({"loadBalancer": {}})
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let spec = &object["spec"];
        let tls = !show::list(&spec["tls"]).is_empty();
        vec![
            show::name(object),
            show::text_or(&spec["ingressClassName"], "<none>"),
            json!(hosts(&spec["rules"])),
            json!(addresses(object)),
            json!(if tls { "80, 443" } else { "80" }),
            show::age(object, now),
        ]
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let (rules, backend, class) =
            (spec.field("rules"), spec.field("defaultBackend"), spec.field("ingressClassName"));
        let mut errors = Vec::new();
        if rules.is_empty() && backend.is_null() {
            errors.push(spec.invalid_as(rules.value.clone(), "either `defaultBackend` or `rules` must be specified"));
        }
        if backend.is_set() {
            errors.extend(one_backend(&backend));
        }
        for rule in rules.items() {
            errors.extend(host(&rule.field("host")));
            errors.extend(paths(&rule.field("http")));
        }
        for tls in spec.field("tls").items() {
            errors.extend(tls.field("hosts").items().flat_map(|name| domain(&name)));
            let secret = tls.field("secretName");
            if !secret.is_empty() {
                errors.extend(dns_subdomain(&secret));
            }
        }
        if class.is_set() {
            errors.extend(dns_subdomain(&class));
        }
        errors
    }
}

fn hosts(rules: &Value) -> String {
    let named = show::list(rules).iter().filter_map(|rule| rule["host"].as_str()).filter(|host| !host.is_empty());
    let named: Vec<String> = named.map(str::to_owned).collect();
    if named.is_empty() { "*".to_owned() } else { show::first_of(&named, 3) }
}

fn addresses(object: &Value) -> String {
    let points = show::list(&object["status"]["loadBalancer"]["ingress"]).iter();
    let text = |point: &Value, name: &str| point[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let found: BTreeSet<String> =
        points.filter_map(|point| text(point, "ip").or_else(|| text(point, "hostname"))).collect();
    found.into_iter().collect::<Vec<_>>().join(",")
}

fn host(host: &At) -> Vec<FieldError> {
    if host.is_empty() {
        return Vec::new();
    }
    let mut errors = Vec::new();
    if host.text().parse::<IpAddr>().is_ok() {
        errors.push(host.invalid("must be a DNS name, not an IP address"));
    }
    errors.extend(domain(host));
    errors
}

/// A name, or one with a star as its first label.
fn domain(host: &At) -> Vec<FieldError> {
    const WILDCARD: &str = r"\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
    if !host.text().contains('*') {
        return dns_subdomain(host);
    }
    let rule = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
    let mut errors = host.all(syntax::too_long(host.text(), 253));
    if !syntax::matches(WILDCARD, host.text()) {
        errors.push(host.invalid(syntax::regex_error(rule, WILDCARD, &["*.example.com"])));
    }
    errors
}

fn paths(http: &At) -> Vec<FieldError> {
    if http.is_null() {
        return Vec::new();
    }
    let paths = http.field("paths");
    let mut errors: Vec<FieldError> = required(&paths).into_iter().collect();
    errors.extend(paths.items().flat_map(|path| one_path(&path)));
    errors
}

fn one_path(at: &At) -> Vec<FieldError> {
    let (path, kind) = (at.field("path"), at.field("pathType"));
    let mut errors = Vec::new();
    let relative = !path.text().starts_with('/');
    match kind.text() {
        "" if kind.is_null() => return vec![kind.required("pathType must be specified")],
        "Exact" | "Prefix" => {
            if relative {
                errors.push(path.invalid_as(path.text(), "must be an absolute path"));
            }
            let within = ["//", "/./", "/../", "%2f", "%2F"].into_iter().filter(|part| path.text().contains(part));
            errors.extend(within.map(|part| path.invalid(format!("must not contain '{part}'"))));
            let last = ["/..", "/."].into_iter().filter(|part| path.text().ends_with(part));
            errors.extend(last.map(|part| path.invalid(format!("cannot end with '{part}'"))));
        }
        "ImplementationSpecific" if !path.is_empty() && relative => {
            errors.push(path.invalid("must be an absolute path"));
        }
        "ImplementationSpecific" => {}
        _ => errors.push(kind.unsupported(&["Exact", "ImplementationSpecific", "Prefix"])),
    }
    errors.extend(one_backend(&at.field("backend")));
    errors
}

fn one_backend(backend: &At) -> Vec<FieldError> {
    let (resource, service) = (backend.field("resource"), backend.field("service"));
    match (resource.is_set(), service.is_set()) {
        (true, true) => vec![backend.invalid_as("", "cannot set both resource and service backends")],
        (false, false) => vec![backend.invalid_as("", "resource or service backend is required")],
        (true, false) => ["kind", "name"].iter().filter_map(|name| required(&resource.field(name))).collect(),
        (false, true) => service_backend(backend, &service),
    }
}

fn service_backend(backend: &At, service: &At) -> Vec<FieldError> {
    let (name, port) = (service.field("name"), service.field("port"));
    let mut errors = required(&name).map_or_else(|| dns_label(&name), |error| vec![error]);
    let (label, number) = (port.field("name"), port.field("number"));
    match (!label.is_empty(), number.int() != 0) {
        (true, true) => errors.push(backend.invalid_as("", "cannot set both port name & port number")),
        (true, false) => errors.extend(label.all(port_name(label.text()))),
        (false, true) => errors.extend(port_number(&number)),
        (false, false) => errors.push(backend.required("port name or number is required")),
    }
    errors
}
