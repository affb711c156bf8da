//! The kinds of the switchboard.

use serde_json::json;

use super::{made, refused, row};

#[test]
fn a_part_is_on_unless_it_says_otherwise() {
    let (kind, mut part) = made("{apiVersion: timonel.dev/v1alpha1, kind: Component, metadata: {name: etcd}}");
    assert_eq!(part["spec"]["enabled"], true);
    assert!(kind.is_switchboard());
    part["status"] = json!({"state": "Stopped", "since": "2026-01-01T00:09:00Z", "queueLength": 3, "restarts": 1});
    let cells = json!(["etcd", true, "Stopped", "60s", "-", "3", 1, "", ""]);
    assert_eq!(json!(row(kind, &part)), cells);
}

#[test]
fn a_probe_has_one_target_and_a_sane_rate() {
    let probe = |spec: &str| {
        format!("{{apiVersion: timonel.dev/v1alpha1, kind: TrafficProbe, metadata: {{name: p}}, spec: {spec}}}")
    };
    refused(&probe("{target: {service: web}}"), "");
    refused(&probe("{target: {}}"), "spec.target: Required value: one of service, host or address is required");
    refused(
        &probe("{target: {service: web, host: a.b}, rate: 5000, path: x}"),
        "spec.target: Forbidden: only one of service, host or address may be set\n\
         spec.rate: Invalid value: 5000: must be between 0 and 1000, inclusive\n\
         spec.path: Invalid value: \"x\": must begin with /",
    );
    let (kind, mut made) = made(&probe("{target: {service: web, port: http}}"));
    made["status"] = json!({"sent": 7, "answered": 6, "failed": 1, "window": {"percent": 85},
        "latency": {"p50Microseconds": 1234, "p99Microseconds": 20000}, "lastError": {"message": "no"}});
    assert_eq!(json!(row(kind, &made)), json!(["p", "web:http", 10, 7, 6, 1, "85%", "1.2ms", "20.0ms", "10m", "no"]));
}
