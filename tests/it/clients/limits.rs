//! What greedy clients get: bounded memory and clear answers.

use std::fs;
use std::time::Duration;

use futures::StreamExt;
use futures::future::try_join_all;
use http_body_util::BodyExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams, WatchParams};
use serde_json::json;
use timonel::client;

use crate::server::Server;

const WATCHERS: usize = 1_000;
/// Megabytes that a thousand watchers or one that never reads may cost.
const BOUND: u64 = 150;

/// Resident megabytes of the server.
fn resident(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

async fn map(client: &kube::Client, name: &str) -> Api<ConfigMap> {
    let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let map = json!({ "metadata": { "name": name } });
    maps.create(&PostParams::default(), &serde_json::from_value(map).unwrap()).await.unwrap();
    maps
}

#[tokio::test]
#[ignore = "needs a while"]
async fn a_thousand_idle_watchers_and_one_that_never_reads_cost_little() {
    let server = Server::start(&["--runtime", "embedded", "--store", "memory", "--workers", "0"]);
    let client = client::remote(Some(&server.kubeconfig()), None).await.unwrap();
    let maps = map(&client, "uno").await;
    let before = resident(&server);
    let params = WatchParams::default();
    let watches = (0..WATCHERS).map(|_| maps.watch(&params, "0"));
    let mut streams: Vec<_> = try_join_all(watches).await.unwrap().into_iter().map(StreamExt::boxed).collect();
    for stream in &mut streams {
        stream.next().await.unwrap().unwrap();
    }
    assert!(resident(&server) < before + BOUND, "{} MB, before {before} MB", resident(&server));
    // Nobody reads any more, and yet somebody writes: 64 KiB, a thousand times.
    let data = "x".repeat(64 * 1024);
    for number in 0..1_000 {
        let patch = Patch::Merge(json!({ "data": { "relleno": data, "vuelta": number.to_string() } }));
        maps.patch("uno", &PatchParams::default(), &patch).await.unwrap();
    }
    assert!(resident(&server) < before + 2 * BOUND, "{} MB, before {before} MB", resident(&server));
    // Who reads on hears the rest, or that it is too late.
    let mut told = 0;
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_secs(30), streams[0].next()).await {
        told += 1;
        if matches!(event, Ok(kube::core::WatchEvent::Error(_)) | Err(_)) {
            break;
        }
        if told == 1_000 {
            break;
        }
    }
    assert!(told > 0);
}

#[tokio::test]
async fn a_body_of_more_than_three_mebibytes_is_refused_in_words() {
    let server = Server::start(&["--runtime", "embedded", "--store", "memory", "--workers", "0"]);
    let client = client::remote(Some(&server.kubeconfig()), None).await.unwrap();
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "gordo" }, "data": { "a": "x".repeat(3 << 20) } });
    let request = http::Request::post("/api/v1/namespaces/default/configmaps")
        .header("content-type", "application/json")
        .body(kube::client::Body::from(map.to_string().into_bytes()))
        .unwrap();
    let response = client.send(request).await.unwrap();
    assert_eq!(response.status(), 413);
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let status: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(status["message"], "Request entity too large: limit is 3145728");
    assert_eq!(status["reason"], "RequestEntityTooLarge");
}
