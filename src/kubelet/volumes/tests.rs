//! Volumes from their declarations.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;

fn resolved(volume: Value) -> Result<String, String> {
    let spec = json!({ "volumes": [volume], "containers": [{ "name": "c" }] });
    let pod: Pod =
        serde_json::from_value(json!({ "metadata": { "name": "web", "labels": { "a": "b" } }, "spec": spec })).unwrap();
    let map: ConfigMap = serde_json::from_value(json!({ "data": { "uno": "1", "dos": "2" } })).unwrap();
    let mut sources = Sources { token: Some("ficha".into()), ..Sources::default() };
    sources.config_maps.insert("mapa".into(), Some(Arc::new(map)));
    let node = fields::Node::default();
    let facts =
        Facts { pod: &pod, host_ip: [192, 168, 0, 1].into(), sources: &sources, node: &node, disk: "/d".as_ref() };
    resolve(&facts).map(|volumes| match &volumes[0].source {
        VolumeSource::Files(files) => {
            let text = |(path, file): &(String, File)| {
                format!("{path}={}:{:o}", String::from_utf8_lossy(&file.data), file.mode)
            };
            files.iter().map(text).collect::<Vec<_>>().join(" ")
        }
        other => format!("{other:?}"),
    })
}

#[test]
fn files_come_from_objects_fields_and_tokens() {
    let table = [
        (json!({ "name": "v", "configMap": { "name": "mapa" } }), "dos=2:644 uno=1:644"),
        (
            json!({ "name": "v", "configMap": { "name": "mapa", "defaultMode": 256, "items": [{ "key": "uno", "path": "a/b" }] } }),
            "a/b=1:400",
        ),
        (json!({ "name": "v", "secret": { "secretName": "no", "optional": true } }), ""),
        (
            json!({ "name": "v", "downwardAPI": { "items": [{ "path": "l", "fieldRef": { "fieldPath": "metadata.labels" } }] } }),
            "l=a=\"b\":644",
        ),
        (
            json!({ "name": "v", "projected": { "sources": [{ "serviceAccountToken": { "path": "token" } }, { "configMap": { "name": "mapa", "items": [{ "key": "dos", "path": "d" }] } }] } }),
            "d=2:644 token=ficha:644",
        ),
        (json!({ "name": "v", "emptyDir": { "sizeLimit": "1Ki" } }), "Empty { memory: false, limit: Some(1024) }"),
        (json!({ "name": "v", "hostPath": { "path": "/etc" } }), "Host(\"/etc\")"),
    ];
    for (volume, expected) in table {
        assert_eq!(resolved(volume).unwrap(), expected);
    }
}

#[test]
fn what_is_missing_is_a_failed_mount() {
    let error = resolved(json!({ "name": "v", "configMap": { "name": "otro" } })).unwrap_err();
    assert_eq!(error, "MountVolume.SetUp failed for volume \"v\" : configmap \"otro\" not found");
    let error =
        resolved(json!({ "name": "v", "configMap": { "name": "mapa", "items": [{ "key": "z", "path": "z" }] } }))
            .unwrap_err();
    assert!(error.ends_with("references non-existent config key: z"));
}
