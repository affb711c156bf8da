//! Environments as tables.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use serde_json::{Value, json};

use super::*;

fn resolved(container: Value, services: &[Arc<Service>]) -> Result<Vec<String>, String> {
    let pod: Pod = serde_json::from_value(json!({
        "metadata": { "name": "web", "namespace": "ns", "labels": { "app": "x" } },
        "spec": { "nodeName": "worker-1", "containers": [container] },
    }))
    .unwrap();
    let map: ConfigMap = serde_json::from_value(json!({ "data": { "A": "uno", "B": "dos" } })).unwrap();
    let secret: Secret = serde_json::from_value(json!({ "data": { "clave": "c2VjcmV0bw==" } })).unwrap();
    let mut sources = Sources::default();
    sources.config_maps.insert("mapa".into(), Some(Arc::new(map)));
    sources.secrets.insert("secreto".into(), Some(Arc::new(secret)));
    let node = fields::Node::default();
    let (ip, host_ip) = ([10, 244, 1, 2].into(), [192, 168, 0, 1].into());
    let facts = Facts { pod: &pod, ip, host_ip, sources: &sources, services, node: &node };
    let container = &spec::spec(&pod).containers[0];
    resolve(container, &facts).map(|env| env.iter().map(|(name, value)| format!("{name}={value}")).collect())
}

#[test]
fn values_come_from_everywhere_and_refer_to_earlier_ones() {
    let container = json!({
        "name": "c",
        "resources": { "limits": { "cpu": "1500m", "memory": "64Mi" } },
        "envFrom": [{ "prefix": "P_", "configMapRef": { "name": "mapa" } }],
        "env": [
            { "name": "UNO", "value": "1" },
            { "name": "DOS", "value": "$(UNO)+$(NADA)+$$(UNO)" },
            { "name": "CLAVE", "valueFrom": { "secretKeyRef": { "name": "secreto", "key": "clave" } } },
            { "name": "POD", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } },
            { "name": "APP", "valueFrom": { "fieldRef": { "fieldPath": "metadata.labels['app']" } } },
            { "name": "IP", "valueFrom": { "fieldRef": { "fieldPath": "status.podIP" } } },
            { "name": "CPU", "valueFrom": { "resourceFieldRef": { "resource": "limits.cpu" } } },
            { "name": "MEM", "valueFrom": { "resourceFieldRef": { "resource": "limits.memory", "divisor": "1Mi" } } },
            { "name": "QUIZA", "valueFrom": { "configMapKeyRef": { "name": "mapa", "key": "Z", "optional": true } } },
        ],
    });
    let expected = [
        "P_A=uno",
        "P_B=dos",
        "UNO=1",
        "DOS=1+$(NADA)+$(UNO)",
        "CLAVE=secreto",
        "POD=web",
        "APP=x",
        "IP=10.244.1.2",
        "CPU=2",
        "MEM=64",
    ];
    assert_eq!(resolved(container, &[]).unwrap(), expected);
}

#[test]
fn what_is_missing_is_named_as_the_kubelet_names_it() {
    let from = |source: Value| resolved(json!({ "name": "c", "env": [{ "name": "X", "valueFrom": source }] }), &[]);
    let missing = from(json!({ "configMapKeyRef": { "name": "otro", "key": "a" } })).unwrap_err();
    assert_eq!(missing, "configmap \"otro\" not found");
    let missing = from(json!({ "configMapKeyRef": { "name": "mapa", "key": "Z" } })).unwrap_err();
    assert_eq!(missing, "couldn't find key Z in ConfigMap ns/mapa");
    assert!(resolved(json!({ "name": "c", "envFrom": [{ "secretRef": { "name": "no" } }] }), &[]).is_err());
}

#[test]
fn services_are_announced_in_the_old_style() {
    let service = json!({ "metadata": { "name": "mi-bd" }, "spec": { "clusterIP": "10.96.0.9", "ports": [{ "port": 5432, "name": "pg" }] } });
    let service = Arc::new(serde_json::from_value(service).unwrap());
    let env = resolved(json!({ "name": "c" }), &[service]).unwrap();
    for expected in ["MI_BD_SERVICE_HOST=10.96.0.9", "MI_BD_SERVICE_PORT_PG=5432", "MI_BD_PORT_5432_TCP_ADDR=10.96.0.9"]
    {
        assert!(env.contains(&expected.to_owned()), "{expected} not in {env:?}");
    }
}
