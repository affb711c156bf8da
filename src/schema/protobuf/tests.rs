//! The captured bodies are what kubectl 1.33 sends for `kubectl create …`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{decode, decode_as};
use crate::schema::types;

const DEPLOYMENT: &str = "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErgBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEoYBCAMSDAoKCgNh\
    cHASA3dlYhpsChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkwSLgoFbmdpbngSBW5naW54KgAyCgoAEAAYUCIAKgBCAGoA\
    cgCAAQCIAQCQAQCiAQAaADIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgAOAAaDAgAEAAYACAAKAA4ABoAIgA=";
const CONFIG_MAP: &str = "azhzAAoPCgJ2MRIJQ29uZmlnTWFwEiYKEgoCY20SABoAIgAqADIAOABCABIGCgFhEgExEggKAWISA2RvcxoAIgA=";
const NAMESPACE: &str = "azhzAAoPCgJ2MRIJTmFtZXNwYWNlEh4KFgoGZXF1aXBvEgAaACIAKgAyADgAQgASABoCCgAaACIA";
const JOB: &str = "azhzAAoPCghiYXRjaC92MRIDSm9iEoQBChEKAWoSABoAIgAqADIAOABCABJlMmMKEAoAEgAaACIAKgAyADgAQgASTxIsCgFqEgdi\
    dXN5Ym94GgRlY2hvGgRob2xhKgBCAGoAcgCAAQCIAQCQAQCiAQAaBU5ldmVyMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAaCCAA\
    KAAwADoAGgAiAA==";
const TOKEN: &str = "azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIdChAKABIAGgAiACoAMgA4AEIAEgMg2AQaBAoA\
    EgAaACIA";
const SECRET: &str = "azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAWsSAXYaABoAIgA=";
const SERVICE: &str = "azhzAAoNCgJ2MRIHU2VydmljZRJpCh8KA3N2YxIAGgAiACoAMgA4AEIAWgoKA2FwcBIDc3ZjEkIKGwoHODAtODA4MBIDVENQGFAi\
    BwgAEJA/GgAoABIKCgNhcHASA3N2YxoAIglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA==";
const QUOTA: &str = "azhzAAoTCgJ2MRINUmVzb3VyY2VRdW90YRIwChEKAXESABoAIgAqADIAOABCABIZCgoKA2NwdRIDCgExCgsKBHBvZHMSAwoBMhoA\
    GgAiAA==";

fn decoded(body: &str) -> Value {
    decode(&STANDARD.decode(body).unwrap()).unwrap()
}

#[test]
fn kubectl_creates_a_deployment() {
    assert_eq!(
        decoded(DEPLOYMENT),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"app": "web"}},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "strategy": {},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
                    {"name": "nginx", "image": "nginx", "ports": [{"containerPort": 80}], "resources": {}}]}}},
            "status": {}})
    );
}

#[test]
fn kubectl_creates_maps_bytes_and_quantities() {
    assert_eq!(decoded(CONFIG_MAP)["data"], json!({"a": "1", "b": "dos"}));
    assert_eq!(decoded(SECRET)["data"], json!({"k": "dg=="}));
    assert_eq!(decoded(QUOTA)["spec"]["hard"], json!({"cpu": "1", "pods": "2"}));
}

#[test]
fn kubectl_creates_the_rest() {
    assert_eq!(decoded(NAMESPACE)["metadata"]["name"], "equipo");
    assert_eq!(
        decoded(JOB)["spec"]["template"]["spec"],
        json!({"containers": [{"name": "j", "image": "busybox", "command": ["echo", "hola"], "resources": {}}],
            "restartPolicy": "Never"})
    );
    assert_eq!(decoded(TOKEN)["spec"]["expirationSeconds"], 600);
    assert_eq!(
        decoded(SERVICE)["spec"],
        json!({"ports": [{"name": "80-8080", "port": 80, "protocol": "TCP", "targetPort": 8080}],
            "selector": {"app": "svc"}, "type": "ClusterIP"})
    );
}

#[test]
fn inlined_messages_and_times_find_their_place() {
    // A volume named v whose source (2) is an emptyDir (2), and a time of one second after the epoch.
    let volume = [0x0a, 1, b'v', 0x12, 2, 0x12, 0];
    assert_eq!(decode_as("io.k8s.api.core.v1.Volume", &volume).unwrap(), json!({"name": "v", "emptyDir": {}}));
    let meta = [0x42, 2, 0x08, 1];
    let meta = decode_as("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", &meta).unwrap();
    assert_eq!(meta, json!({"creationTimestamp": "1970-01-01T00:00:01Z"}));
}

#[test]
fn what_is_not_ours_is_refused() {
    assert!(decode(b"{}").unwrap_err().contains("protobuf"));
    let unknown = b"k8s\0\x0a\x0b\x0a\x02v1\x12\x05Llave";
    assert_eq!(decode(unknown).unwrap_err(), r#"no kind "Llave" is registered for version "v1""#);
    assert_eq!(decode(b"k8s\0\x0a\xff").unwrap_err(), "unexpected EOF");
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..120), at in any::<prop::sample::Index>()) {
        let _ = decode_as(at.get(types::all()).name, &bytes);
        let _ = decode(&[b"k8s\0", &bytes[..]].concat());
    }

    #[test]
    fn a_damaged_body_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut body = STANDARD.decode(DEPLOYMENT).unwrap();
        *at.get_mut(&mut body) = byte;
        let _ = decode(&body);
    }
}
