//! Policies over three pods: `web` and `api` in `a`, `otro` in `b`.

use serde_json::{Value, json};

use super::*;

const NODE: [u8; 4] = [192, 168, 0, 1];

fn rules(specs: &[Value]) -> Rules {
    let pod = |namespace: &str, name: &str, last: u8| {
        let ports = json!([{ "name": "http", "containerPort": 8080 }]);
        Arc::new(
            serde_json::from_value(json!({
                "metadata": { "name": name, "namespace": namespace, "labels": { "app": name } },
                "spec": { "containers": [{ "name": "c", "ports": ports }] },
                "status": { "phase": "Running", "podIP": format!("10.244.1.{last}") },
            }))
            .unwrap(),
        )
    };
    let namespace = |name: &str| {
        let labels = json!({ "kubernetes.io/metadata.name": name });
        Arc::new(serde_json::from_value(json!({ "metadata": { "name": name, "labels": labels } })).unwrap())
    };
    let policies = specs.iter().map(|spec| {
        let object = json!({ "metadata": { "name": "p", "namespace": "a" }, "spec": spec });
        Arc::new(serde_json::from_value(object).unwrap())
    });
    let pods = [pod("a", "web", 1), pod("a", "api", 2), pod("b", "otro", 3)];
    Rules::new(&policies.collect::<Vec<_>>(), &pods, &[namespace("a"), namespace("b"), namespace("kube-system")])
}

/// Whether `from` (0 is outside) reaches `to` at a port.
fn reaches(rules: &Rules, from: u8, to: u8, port: u16) -> bool {
    let ip = |last: u8| IpAddr::from([10, 244, 1, last]);
    rules.allow((from > 0).then(|| ip(from)), (ip(to), port).into(), Protocol::Tcp)
}

#[test]
fn a_pod_that_is_not_selected_may_everything() {
    let denied = rules(&[json!({ "podSelector": { "matchLabels": { "app": "web" } } })]);
    assert!(!reaches(&denied, 2, 1, 80) && !reaches(&denied, 0, 1, 80), "selected and nothing allowed");
    assert!(reaches(&denied, 1, 2, 80) && reaches(&denied, 1, 3, 80), "the others, and what it asks itself");
    assert!(denied.allow(Some(NODE.into()), ([10, 244, 1, 1], 80).into(), Protocol::Tcp), "its node probes it");
}

#[test]
fn peers_are_chosen_by_their_labels_their_namespace_and_their_address() {
    let from = |peers: Value| {
        rules(&[json!({ "podSelector": { "matchLabels": { "app": "web" } }, "ingress": [{ "from": peers }] })])
    };
    let labelled = from(json!([{ "podSelector": { "matchLabels": { "app": "api" } } }]));
    assert!(reaches(&labelled, 2, 1, 80) && !reaches(&labelled, 3, 1, 80));
    let anywhere = from(json!([{ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "b" } } }]));
    assert!(reaches(&anywhere, 3, 1, 80) && !reaches(&anywhere, 2, 1, 80));
    let block = from(json!([{ "ipBlock": { "cidr": "10.244.0.0/16", "except": ["10.244.1.3/32"] } }]));
    assert!(reaches(&block, 2, 1, 80) && !reaches(&block, 3, 1, 80));
    assert!(reaches(&from(json!([{ "ipBlock": { "cidr": "0.0.0.0/0" } }])), 0, 1, 80));
    assert!(reaches(&from(json!([])), 3, 1, 80), "an empty list is everybody");
}

#[test]
fn ports_are_chosen_by_number_range_and_name() {
    let on = |ports: Value| rules(&[json!({ "podSelector": {}, "ingress": [{ "ports": ports }] })]);
    for ports in [json!([{ "port": 8080 }]), json!([{ "port": 8000, "endPort": 8100 }]), json!([{ "port": "http" }])] {
        let rules = on(ports);
        assert!(reaches(&rules, 3, 1, 8080) && !reaches(&rules, 3, 1, 80));
    }
    assert!(!reaches(&on(json!([{ "port": 8080, "protocol": "UDP" }])), 3, 1, 8080));
}

#[test]
fn egress_stops_what_a_pod_asks_but_for_dns_where_it_is_allowed() {
    let closed = json!({ "podSelector": { "matchLabels": { "app": "web" } }, "policyTypes": ["Egress"] });
    let dns = json!({ "podSelector": {}, "policyTypes": ["Egress"], "egress": [{
        "to": [{ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "kube-system" } } }],
        "ports": [{ "port": 53, "protocol": "UDP" }],
    }] });
    let asks_dns = |rules: &Rules| rules.allow(Some([10, 244, 1, 1].into()), (dns::OWN, 53).into(), Protocol::Udp);
    let alone = rules(std::slice::from_ref(&closed));
    assert!(!reaches(&alone, 1, 2, 80) && reaches(&alone, 2, 1, 80) && !asks_dns(&alone));
    let both = rules(&[closed, dns]);
    assert!(asks_dns(&both) && !reaches(&both, 1, 3, 80));
}
