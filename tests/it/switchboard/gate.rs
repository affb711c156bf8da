//! etcd and the API server off, as a client feels it.

use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams, PostParams, WatchParams};
use kube::runtime::watcher;
use serde_json::json;
use timonel::client::informer::Informer;
use timonel::client::timonel::{Component, ComponentSpec, TrafficProbe};

use crate::api::{World, refusal, world};

async fn component(world: &World, name: &str) -> Api<Component> {
    let parts = Api::all(world.client.clone());
    let part = Component::new(name, [].into(), ComponentSpec::default());
    parts.create(&PostParams::default(), &part).await.unwrap();
    parts
}

/// Switches a part by its object, as `kubectl patch component` does.
async fn flip(parts: &Api<Component>, name: &str, on: bool) -> Component {
    let patch = Patch::Merge(json!({ "spec": { "enabled": on } }));
    parts.patch(name, &PatchParams::default(), &patch).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn without_etcd_nothing_is_read_nor_written_but_the_switchboard() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    let from = world.config_map("uno").await.metadata.resource_version.unwrap();
    let parts = component(&world, "etcd").await;
    let mut watch = maps.watch(&WatchParams::default(), &from).await.unwrap().boxed();
    world.server.gate().set_etcd(false);
    assert!(watch.next().await.is_none(), "an open watch ends");
    for refused in [
        refusal(maps.get("uno").await),
        refusal(maps.list(&ListParams::default()).await),
        refusal(maps.create(&PostParams::default(), &ConfigMap::default()).await),
        refusal(maps.watch(&WatchParams::default(), &from).await.map(|_| ())),
    ] {
        assert_eq!((refused.0, refused.1.as_str()), (500, ""));
        assert!(refused.2.starts_with("rpc error: code = Unavailable desc = connection error:"), "{}", refused.2);
    }
    let (status, _) = world.raw("GET", "/readyz/etcd", "", "").await;
    assert_eq!(status, 500);
    let (_, etcd) = world.raw("GET", "/api/v1/componentstatuses/etcd-0", "", "").await;
    assert_eq!(etcd["conditions"][0]["status"], "False", "{etcd}");
    assert!(!flip(&parts, "etcd", false).await.spec.enabled);
    world.server.gate().set_etcd(true);
    assert_eq!(maps.get("uno").await.unwrap().metadata.resource_version.unwrap(), from, "nothing is lost");
}

#[tokio::test(start_paused = true)]
async fn without_the_server_nobody_answers_but_the_switchboard() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    let from = world.config_map("uno").await.metadata.resource_version.unwrap();
    let parts = component(&world, "kube-apiserver").await;
    let mut watch = maps.watch(&WatchParams::default(), &from).await.unwrap().boxed();
    world.server.gate().set_server(false);
    assert!(!matches!(watch.next().await, Some(Ok(_))), "an open watch breaks off");
    let error = maps.get("uno").await.unwrap_err();
    assert!(!matches!(error, kube::Error::Api(_)), "there is no answer: {error}");
    assert!(!flip(&parts, "kube-apiserver", false).await.spec.enabled);
    assert_eq!(world.raw("GET", "/apis", "", "").await.0, 200);
    world.server.gate().set_server(true);
    maps.get("uno").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn informers_recover_by_themselves() {
    let world = world().await;
    let informer = Informer::<ConfigMap>::default();
    informer.start(world.api(), watcher::Config::default(), &world.tasks);
    informer.wait_synced().await;
    for switch in [timonel::apiserver::Gate::set_etcd, timonel::apiserver::Gate::set_server] {
        let before = informer.len();
        switch(world.server.gate(), false);
        tokio::time::sleep(Duration::from_secs(120)).await;
        switch(world.server.gate(), true);
        world.config_map(&format!("mapa-{before}")).await;
        let grown = async {
            while informer.len() == before {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), grown).await.expect("it hears again within its back-off");
    }
}

#[tokio::test(start_paused = true)]
async fn probes_live_in_namespaces_and_are_judged() {
    let world = world().await;
    let path = "/apis/timonel.dev/v1alpha1/namespaces/default/trafficprobes";
    let body = json!({ "apiVersion": "timonel.dev/v1alpha1", "kind": "TrafficProbe", "metadata": { "name": "p" },
        "spec": { "target": { "service": "web", "puerto": 80 } } });
    let strict = format!("{path}?fieldValidation=Strict");
    let (status, answer) = world.raw("POST", &strict, "application/json", &body.to_string()).await;
    assert_eq!((status, answer["reason"].as_str()), (400, Some("BadRequest")), "{answer}");
    assert_eq!(world.raw("POST", path, "application/json", &body.to_string()).await.0, 201);
    let probe: TrafficProbe = world.api().get("p").await.unwrap();
    assert_eq!((probe.spec.rate, probe.spec.path.as_str()), (Some(10), "/"));
    let elsewhere = path.replace("default", "nada");
    let (status, answer) = world.raw("POST", &elsewhere, "application/json", &body.to_string()).await;
    assert_eq!(status, 404, "{answer}");
}
