//! Services: refusals, what they keep through updates, how they are shown.

use serde_json::json;

use super::{change_refused, made, refused, row};

fn service(spec: &str) -> String {
    format!("{{apiVersion: v1, kind: Service, metadata: {{name: s}}, spec: {spec}}}")
}

#[test]
fn refusals() {
    refused(
        &service("{selector: {a: b}, ports: [{port: 80}, {port: 81}]}"),
        "
spec.ports[0].name: Required value
spec.ports[1].name: Required value",
    );
    refused(&service("{selector: {a: b}}"), "spec.ports: Required value");
    refused(
        &service("{type: Raro, ports: [{port: 0, protocol: HTTP}]}"),
        r#"
spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive
spec.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"
spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive
spec.type: Unsupported value: "Raro": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort""#,
    );
    refused(
        &service("{ports: [{port: 80, nodePort: 30080}]}"),
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    );
}

#[test]
fn an_address_does_not_change() {
    change_refused(
        &service("{clusterIP: 10.96.1.1, ports: [{port: 80}]}"),
        |new| new["spec"]["clusterIP"] = json!("10.96.7.7"),
        r#"spec.clusterIPs[0]: Invalid value: ["10.96.7.7"]: may not change once set"#,
    );
    change_refused(
        &service("{clusterIP: 10.96.1.1, ports: [{port: 80}]}"),
        |new| new["spec"] = json!({"ports": [{"port": 80}]}),
        "",
    );
}

#[test]
fn defaults_and_rows() {
    let (kind, mut api) =
        made(&service("{selector: {app: api}, ports: [{port: 80, targetPort: 8080, name: a}, {port: 9090, name: b}]}"));
    assert_eq!(api["spec"]["ports"][1]["targetPort"], 9090);
    assert_eq!(api["spec"]["ipFamilies"], json!(["IPv4"]));
    api["spec"]["clusterIPs"] = json!(["10.111.60.0"]);
    assert_eq!(
        row(kind, &api),
        [
            json!("s"),
            json!("ClusterIP"),
            json!("10.111.60.0"),
            json!("<none>"),
            json!("80/TCP,9090/TCP"),
            json!("10m"),
            json!("app=api")
        ]
    );
    let (kind, out) = made(&service("{type: ExternalName, externalName: ejemplo.com}"));
    assert_eq!(row(kind, &out)[1..5], [json!("ExternalName"), json!("<none>"), json!("ejemplo.com"), json!("<none>")]);
}
