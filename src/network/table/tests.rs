//! Routes to endpoints, from services and slices as the API gives them.

use futures::FutureExt;
use serde_json::{Value, json};

use super::*;

const CLUSTER_IP: &str = "10.96.0.9:80";

/// An endpoint on a node, with its conditions.
fn endpoint(last: u8, node: &str, conditions: Value) -> Value {
    json!({ "addresses": [format!("10.244.1.{last}")], "nodeName": node, "conditions": conditions })
}

fn ready(last: u8, node: &str) -> Value {
    endpoint(last, node, json!({ "ready": true }))
}

/// A table with the service `a/web` whose spec is completed by `spec`.
fn table(spec: Value, endpoints: Value) -> ServiceTable {
    let table = ServiceTable::default();
    set(&table, spec, endpoints);
    table
}

fn set(table: &ServiceTable, spec: Value, endpoints: Value) {
    let mut object = json!({ "metadata": { "name": "web", "namespace": "a" }, "spec": {
        "clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9"],
        "ports": [{ "name": "http", "port": 80, "targetPort": 8080, "nodePort": 30080 }] } });
    object["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let slice = json!({ "metadata": { "name": "web-1" }, "addressType": "IPv4",
        "ports": [{ "name": "http", "port": 8080 }], "endpoints": endpoints });
    let slices = [Arc::new(serde_json::from_value(slice).unwrap())];
    table.apply(Change::Service(Service::new(&serde_json::from_value(object).unwrap(), &slices)));
}

fn ask(table: &ServiceTable, client: &str, node: Option<&str>) -> String {
    match table.route(Caller { client: client.parse().ok(), node }, CLUSTER_IP.parse().unwrap(), Protocol::Tcp) {
        Route::To(endpoint) => endpoint.to_string().trim_start_matches("10.244.1.").trim_end_matches(":8080").into(),
        other => format!("{other:?}"),
    }
}

fn asked(table: &ServiceTable, client: &str, node: Option<&str>, times: usize) -> Vec<String> {
    (0..times).map(|_| ask(table, client, node)).collect()
}

#[test]
fn ready_endpoints_take_turns_and_others_are_refused() {
    let endpoints =
        json!([ready(2, "n1"), endpoint(3, "n1", json!({ "ready": false })), { "addresses": ["10.244.1.4"] }]);
    let table = table(json!({}), endpoints);
    assert_eq!(asked(&table, "10.244.2.2", None, 3), ["2", "4", "2"]);
    let route = |to: &str, protocol| table.route(Caller::default(), to.parse().unwrap(), protocol);
    assert_eq!(route("10.96.0.9:81", Protocol::Tcp), Route::Refused);
    assert_eq!(route(CLUSTER_IP, Protocol::Udp), Route::Refused);
    assert_eq!(route("10.244.1.3:1", Protocol::Tcp), Route::Straight, "a pod's address is itself");
    table.apply(Change::Gone(("a".into(), "web".into())));
    assert_eq!(route(CLUSTER_IP, Protocol::Tcp), Route::Straight);
}

#[test]
fn without_ready_ones_those_that_end_serve_on() {
    let ending = endpoint(2, "n1", json!({ "ready": false, "serving": true, "terminating": true }));
    let ended = endpoint(3, "n1", json!({ "ready": false, "serving": false, "terminating": true }));
    let one = table(json!({}), json!([ending, ended, ready(4, "n1")]));
    assert_eq!(asked(&one, "10.244.2.2", None, 2), ["4", "4"]);
    let none = table(json!({}), json!([ending, ended]));
    assert_eq!(asked(&none, "10.244.2.2", None, 2), ["2", "2"]);
    assert_eq!(ask(&table(json!({}), json!([ended])), "10.244.2.2", None), "Refused");
}

#[tokio::test(start_paused = true)]
async fn a_client_keeps_its_endpoint_while_it_lives_and_time_has_not_passed() {
    let affinity =
        json!({ "sessionAffinity": "ClientIP", "sessionAffinityConfig": { "clientIP": { "timeoutSeconds": 60 } } });
    let table = table(affinity.clone(), json!([ready(2, "n1"), ready(3, "n1")]));
    assert_eq!(asked(&table, "10.244.2.2", None, 3), ["2", "2", "2"]);
    assert_eq!(asked(&table, "10.244.2.3", None, 2), ["3", "3"]);
    set(&table, affinity.clone(), json!([ready(3, "n1"), ready(4, "n1")]));
    assert_eq!(asked(&table, "10.244.2.3", None, 2), ["3", "3"], "a change elsewhere moves nobody");
    let moved = ask(&table, "10.244.2.2", None);
    assert_ne!(moved, "2");
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_ne!(ask(&table, "10.244.2.2", None), moved, "forgotten: its turn comes as anybody's");
}

#[test]
fn local_policies_stay_on_the_node_or_vanish() {
    let endpoints = json!([ready(2, "n1"), ready(3, "n2")]);
    let inside = table(json!({ "internalTrafficPolicy": "Local" }), endpoints.clone());
    assert_eq!(asked(&inside, "10.244.2.2", Some("n2"), 2), ["3", "3"]);
    assert_eq!(ask(&inside, "10.244.2.2", Some("n3")), "Dropped");
    let outside = table(json!({ "externalTrafficPolicy": "Local", "externalIPs": ["192.0.2.1"] }), endpoints);
    assert_eq!(asked(&outside, "10.244.2.2", Some("n3"), 2), ["2", "3"], "from inside it does not matter");
    let name = ("a".into(), "web".into());
    let caller = |node| Caller { client: None, node };
    let by_port = |node| outside.enter(&name, caller(node), |port| port.node_port == Some(30080));
    assert_eq!(by_port(Some("n2")), Route::To("10.244.1.3:8080".parse().unwrap()));
    assert_eq!(by_port(Some("n3")), Route::Dropped);
    let external = outside.route(caller(Some("n1")), "192.0.2.1:80".parse().unwrap(), Protocol::Tcp);
    assert_eq!(external, Route::To("10.244.1.2:8080".parse().unwrap()));
}

#[test]
fn every_node_leads_its_node_ports_to_the_service() {
    let table = table(json!({}), json!([ready(2, "n1")]));
    let pods = Some(("10.244.1.0".parse().unwrap(), 24));
    let node = |name: &str, last: u8, pods| {
        Change::Node(Node { name: name.into(), address: Some([192, 168, 0, last].into()), pods })
    };
    table.apply(node("n1", 1, pods));
    table.apply(node("n2", 2, None));
    for to in ["192.168.0.1:30080", "192.168.0.2:30080"] {
        let route = table.route(Caller::default(), to.parse().unwrap(), Protocol::Tcp);
        assert_eq!(route, Route::To("10.244.1.2:8080".parse().unwrap()), "{to}");
    }
    assert_eq!(table.node_of("10.244.1.77".parse().unwrap()).as_deref(), Some("n1"));
    assert_eq!(table.node_of("192.168.0.2".parse().unwrap()).as_deref(), Some("n2"));
    assert_eq!(table.node_of("10.244.2.1".parse().unwrap()), None);
}

#[test]
fn a_follower_comes_to_the_same_table() {
    let table = table(json!({}), json!([ready(2, "n1")]));
    let copy = ServiceTable::default();
    let mut changes = table.lines();
    set(&table, json!({}), json!([ready(5, "n1")]));
    while let Some(Some(line)) = changes.next().now_or_never() {
        copy.apply(serde_json::from_slice(&line).unwrap());
    }
    assert_eq!(ask(&copy, "10.244.2.2", None), "5");
}
