//! Malformed requests of every kind: none makes the server panic, hang or fail, and none that is refused writes.
//!
//! The requests come from a seed, so that a failure happens again: bodies in three languages, patches, selectors, URLs.

use std::time::Duration;

use fastrand::Rng;
use http_body_util::BodyExt;
use serde_json::json;

use super::{World, world};

/// Longer than any answer should take, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Request {
    method: &'static str,
    path: String,
    media: &'static str,
    body: Vec<u8>,
}

#[tokio::test]
async fn a_few_thousand_malformed_requests_do_no_harm() {
    assault(3_000, 20_260_101).await;
}

#[tokio::test]
#[ignore = "needs minutes"]
async fn a_hundred_thousand_malformed_requests_do_no_harm() {
    assault(100_000, 7).await;
}

async fn assault(count: usize, seed: u64) {
    let world = world().await;
    world.pod("uno").await;
    world.config_map("uno").await;
    let (mut rng, mut refused) = (Rng::with_seed(seed), 0);
    for number in 0..count {
        let request = request(&mut rng);
        let told = format!(
            "#{number} {} {} {}: {}",
            request.method,
            request.path,
            request.media,
            String::from_utf8_lossy(&request.body)
        );
        let before = world.server.store().revision();
        let answered = tokio::time::timeout(PATIENCE, send(&world, request)).await;
        let status = answered.unwrap_or_else(|_| panic!("no answer: {told}"));
        let Some((status, reason)) = status else { continue };
        // What a strategic patch does not find in the schema, Kubernetes answers with a bare error of its own.
        let bare = status == 500 && reason.as_deref() == Some("") && told.contains("strategic-merge-patch");
        assert!(status < 500 || status == 504 || bare, "{status} {reason:?}: {told}");
        if status >= 400 {
            refused += 1;
            assert_eq!(world.server.store().revision(), before, "{status} and yet a write: {told}");
        }
    }
    assert!(refused > count / 2, "only {refused} of {count} were refused");
    // It goes on working.
    assert!(world.raw("GET", "/readyz", "", "").await.0 == 200);
}

/// The status and the reason that its `Status` gives; `None` where the request is none that HTTP can carry.
async fn send(world: &World, request: Request) -> Option<(u16, Option<String>)> {
    let watches = request.path.contains("watch");
    let request = http::Request::builder()
        .method(request.method)
        .uri(request.path.as_str())
        .header("content-type", request.media)
        .body(kube::client::Body::from(request.body))
        .ok()?;
    let response = world.client.send(request).await.ok()?;
    let status = response.status().as_u16();
    // A watch that was accepted never ends by itself.
    if watches && status < 400 {
        return Some((status, None));
    }
    let body = response.into_body().collect().await.ok()?.to_bytes();
    let answer: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let reason = (answer["kind"] == "Status").then(|| answer["reason"].as_str().unwrap_or_default().to_owned());
    Some((status, reason))
}

fn request(rng: &mut Rng) -> Request {
    match rng.u8(0..6) {
        0 => text_body(rng, "application/json"),
        1 => text_body(rng, "application/yaml"),
        2 => protobuf_body(rng),
        3 => patch(rng),
        4 => selector(rng),
        _ => url(rng),
    }
}

const COLLECTIONS: [&str; 6] = [
    "/api/v1/namespaces/default/pods",
    "/api/v1/namespaces/default/services",
    "/api/v1/namespaces/default/configmaps",
    "/apis/apps/v1/namespaces/default/deployments",
    "/apis/batch/v1/namespaces/default/cronjobs",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles",
];

fn pick<'a>(rng: &mut Rng, of: &[&'a str]) -> &'a str {
    of[rng.usize(..of.len())]
}

/// A manifest that is good until somebody scratches it.
fn manifest(rng: &mut Rng) -> serde_json::Value {
    let spec = json!({ "containers": [{ "name": "c", "image": "nginx", "ports": [{ "containerPort": 80 }],
        "resources": { "limits": { "cpu": "100m", "memory": "64Mi" } }, "env": [{ "name": "A", "value": "1" }] }] });
    let metadata = json!({ "name": "x", "labels": { "app": "x" }, "annotations": { "a": "b" } });
    match rng.u8(0..4) {
        0 => json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec }),
        1 => json!({ "apiVersion": "v1", "kind": "Service", "metadata": metadata,
            "spec": { "selector": { "app": "x" }, "ports": [{ "port": 80, "targetPort": "web" }] } }),
        2 => json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": { "a": "b" } }),
        _ => json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": { "replicas": 2,
            "selector": { "matchLabels": { "app": "x" } },
            "template": { "metadata": { "labels": { "app": "x" } }, "spec": spec } } }),
    }
}

/// Puts something where it does not belong.
fn scratch(rng: &mut Rng, mut bytes: Vec<u8>) -> Vec<u8> {
    for _ in 0..=rng.u8(0..4) {
        let at = rng.usize(0..=bytes.len());
        match rng.u8(0..7) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] = rng.u8(..),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes
                .insert(at, pick(rng, &["{", "}", "[", "]", ":", ",", "\"", "-", "&", "*", "\n", "\0"]).as_bytes()[0]),
            4 => drop(bytes.splice(at..at, std::iter::repeat_n(b'[', rng.usize(..2_000)))),
            5 => {
                let odd = pick(
                    rng,
                    &["null", "1e999", "-1", "99999999999999999999", "\"\\ud800\"", "true", "{}", "[]", "\u{feff}"],
                );
                bytes.splice(at..at, odd.bytes());
            }
            _ => {
                let copied = bytes[..at].to_vec();
                bytes.extend(copied);
            }
        }
    }
    bytes
}

fn text_body(rng: &mut Rng, media: &'static str) -> Request {
    let manifest = manifest(rng);
    let text = match media {
        "application/yaml" if rng.bool() => "a: &a [x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\n\
             c: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c]\n"
            .to_owned(),
        "application/yaml" => serde_yaml::to_string(&manifest).unwrap(),
        _ => manifest.to_string(),
    };
    let (method, name) = if rng.bool() { ("POST", "") } else { ("PUT", "/uno") };
    let path = format!(
        "{}{name}{}",
        pick(rng, &COLLECTIONS),
        pick(rng, &["", "?fieldValidation=Strict", "?dryRun=All", "?dryRun=Some", "?fieldValidation=x"])
    );
    Request { method, path, media, body: scratch(rng, text.into_bytes()) }
}

/// Kubernetes' envelope around bytes that are hardly a message.
fn protobuf_body(rng: &mut Rng) -> Request {
    let mut body = b"k8s\0\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12".to_vec();
    let length = rng.usize(..200);
    let raw: Vec<u8> = std::iter::repeat_with(|| rng.u8(..)).take(length).collect();
    body.push(u8::try_from(raw.len().min(127)).unwrap());
    body.extend(raw);
    let body = if rng.bool() { scratch(rng, body) } else { body };
    Request { method: "POST", path: pick(rng, &COLLECTIONS).into(), media: "application/vnd.kubernetes.protobuf", body }
}

fn patch(rng: &mut Rng) -> Request {
    let media = [
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ];
    let bodies = [
        r#"[{"op":"replace","path":"/spec/containers/0/image","value":"x"}]"#,
        r#"[{"op":"move","from":"/metadata","path":"/metadata/labels/a/b"},{"op":"test","path":"","value":{}}]"#,
        r#"{"spec":{"containers":[{"name":"c","$patch":"delete"},{"$patch":"replace"}],"$setElementOrder/containers":[{"name":"c"}]}}"#,
        r#"{"metadata":{"finalizers":["a"],"$deleteFromPrimitiveList/finalizers":[1],"labels":{"a":null}},"$retainKeys":["x"]}"#,
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"uno"},"spec":{"containers":[{"name":"c"},{"name":"c"}]}}"#,
        r#"{"data":{"a":{"b":[1,2,3]}},"binaryData":"x","immutable":"yes"}"#,
    ];
    let path = format!(
        "{}/uno{}",
        pick(rng, &COLLECTIONS[..3]),
        pick(rng, &["", "/status", "?fieldManager=a&force=x", "?fieldManager=%00", "/scale"])
    );
    let body = pick(rng, &bodies).as_bytes().to_vec();
    Request { method: "PATCH", path, media: pick(rng, &media), body: scratch(rng, body) }
}

/// Any text as a query's value.
fn noise(rng: &mut Rng) -> String {
    let alphabet = [
        "a",
        "app",
        "=",
        "!=",
        "==",
        "in",
        "notin",
        "(",
        ")",
        ",",
        "!",
        " ",
        "%20",
        "%",
        "%zz",
        "é",
        ".",
        "/",
        ">",
        "<",
        "1",
        "-",
        "\"",
        "+",
        "metadata.name",
        "spec.nodeName",
    ];
    (0..rng.usize(..12)).map(|_| pick(rng, &alphabet)).collect()
}

fn selector(rng: &mut Rng) -> Request {
    let names = [
        "labelSelector",
        "fieldSelector",
        "limit",
        "continue",
        "resourceVersion",
        "resourceVersionMatch",
        "timeoutSeconds",
        "sendInitialEvents",
        "watch",
        "pretty",
    ];
    let pairs: Vec<String> =
        (0..rng.usize(1..4)).map(|_| format!("{}={}", pick(rng, &names), escaped(&noise(rng)))).collect();
    let method = pick(rng, &["GET", "GET", "GET", "DELETE"]);
    // A deletion that selects nothing: only its parsing is at stake.
    let path = if method == "DELETE" { "/api/v1/namespaces/ninguno/configmaps" } else { pick(rng, &COLLECTIONS) };
    Request { method, path: format!("{path}?{}", pairs.join("&")), media: "application/json", body: Vec::new() }
}

/// What a URL cannot hold, escaped; broken escapes stay.
fn escaped(text: &str) -> String {
    let mut url = String::new();
    for byte in text.bytes() {
        match char::from(byte) {
            letter if letter.is_ascii_graphic() && !"\"<>&#".contains(letter) => url.push(letter),
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

fn url(rng: &mut Rng) -> Request {
    let parts = [
        "api",
        "apis",
        "v1",
        "v2",
        "apps",
        "namespaces",
        "default",
        "pods",
        "uno",
        "status",
        "log",
        "exec",
        "proxy",
        "scale",
        "..",
        ".",
        "",
        "%2e%2e",
        "%00",
        "openapi",
        "v3",
        "watch",
        "finalize",
        "binding",
        "~",
        "é",
        "metrics.k8s.io",
    ];
    let path: String = (0..rng.usize(1..9)).fold(String::new(), |path, _| path + "/" + &escaped(pick(rng, &parts)));
    let method = pick(rng, &["GET", "PUT", "POST", "PATCH", "HEAD", "OPTIONS", "TRACE"]);
    Request { method, path, media: pick(rng, &["application/json", "text/plain", ""]), body: Vec::new() }
}
