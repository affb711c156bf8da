//! `NetworkPolicy` (networking.k8s.io/v1): who may talk to whom. Must not filter anything.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::default::{self, each, set};
use super::kind::{AGE, Column, Generation, Kind, NAME, Rules};
use super::show;
use super::validate::{FieldError, cidr, label_selector_errors, parse_cidr, port_name, port_number, protocol};

pub(super) static KIND: Kind = Kind {
    group: "networking.k8s.io",
    kind: "NetworkPolicy",
    plural: "networkpolicies",
    singular: "networkpolicy",
    short_names: &["netpol"],
    schema: "io.k8s.api.networking.v1.NetworkPolicy",
    about: "El cortafuegos de los pods: quién puede hablar con quién.",
    columns: &[NAME, Column::text("Pod-Selector"), AGE],
    rules: &NetworkPolicy,
    ..Kind::BASE
};

struct NetworkPolicy;

impl Rules for NetworkPolicy {
    fn generation(&self) -> Generation {
        Generation::Spec
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![show::name(object), json!(show::selector(&object["spec"]["podSelector"])), show::age(object, now)]
    }

    /// Without types, a policy is about what comes in, and about what goes out if it says something of it.
    fn default(&self, object: &mut Value) {
        let Some(spec) = default::spec(object) else { return };
        for rules in ["ingress", "egress"] {
            for rule in each(spec, rules) {
                for port in each(rule, "ports") {
                    set(port, "protocol", json!("TCP"));
                }
            }
        }
        let egress = spec.get("egress").and_then(Value::as_array).is_some_and(|rules| !rules.is_empty());
        let types = if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
        let field = set(spec, "policyTypes", types.clone());
        if field.as_array().is_some_and(Vec::is_empty) {
            *field = types;
        }
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let mut errors = label_selector_errors(&spec.field("podSelector"));
        for (rules, peers) in [("ingress", "from"), ("egress", "to")] {
            for rule in spec.field(rules).items() {
                errors.extend(rule.field("ports").items().flat_map(|port| one_port(&port)));
                errors.extend(rule.field(peers).items().flat_map(|peer| one_peer(&peer)));
            }
        }
        let types = spec.field("policyTypes");
        if types.len() > 2 {
            errors.push(types.invalid("may not specify more than two policyTypes"));
            return errors;
        }
        errors.extend(types.items().filter_map(|kind| kind.one_of(&["Ingress", "Egress"])));
        errors
    }
}

fn one_port(at: &At) -> Vec<FieldError> {
    let (port, end) = (at.field("port"), at.field("endPort"));
    let mut errors: Vec<FieldError> = Vec::new();
    if at.field("protocol").is_set() {
        errors.extend(protocol(&at.field("protocol")));
    }
    if port.is_null() {
        if end.is_set() {
            errors.push(end.invalid("may not be specified when `port` is not specified"));
        }
    } else if port.value.is_string() {
        if end.is_set() {
            errors.push(end.invalid("may not be specified when `port` is non-numeric"));
        }
        errors.extend(port.all(port_name(port.text())));
    } else {
        errors.extend(port_number(&port));
        if end.is_set() {
            if end.int() < port.int() {
                errors.push(end.invalid("must be greater than or equal to `port`"));
            }
            errors.extend(port_number(&end));
        }
    }
    errors
}

fn one_peer(peer: &At) -> Vec<FieldError> {
    let (pods, namespaces, block) = (peer.field("podSelector"), peer.field("namespaceSelector"), peer.field("ipBlock"));
    let mut errors = label_selector_errors(&pods);
    errors.extend(label_selector_errors(&namespaces));
    if block.is_set() {
        errors.extend(ip_block(&block));
    }
    let selectors = pods.is_set() || namespaces.is_set();
    if !selectors && block.is_null() {
        errors.push(peer.required("must specify a peer"));
    } else if selectors && block.is_set() {
        errors.push(peer.forbidden("may not specify both ipBlock and another peer"));
    }
    errors
}

fn ip_block(block: &At) -> Vec<FieldError> {
    let whole = block.field("cidr");
    if whole.is_empty() {
        return vec![whole.required("")];
    }
    let mut errors: Vec<FieldError> = cidr(&whole).into_iter().collect();
    let Some(network) = parse_cidr(whole.text()) else { return errors };
    for except in block.field("except").items() {
        match parse_cidr(except.text()) {
            None => errors.extend(cidr(&except)),
            Some(part) if contains(network, part.0) && part.1 > network.1 => {}
            Some(_) => errors.push(except.invalid("must be a strict subset of `cidr`")),
        }
    }
    errors
}

fn contains((network, length): (IpAddr, u8), address: IpAddr) -> bool {
    let same = |a: u128, b: u128, bits: u32| {
        let rest = bits.saturating_sub(u32::from(length));
        a.checked_shr(rest).unwrap_or(0) == b.checked_shr(rest).unwrap_or(0)
    };
    match (network, address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same(u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
        _ => false,
    }
}
