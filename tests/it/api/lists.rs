//! Lists: pages, selectors, revisions, tables.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, VersionMatch};
use serde_json::Value;

use super::{refusal, world};
use timonel::client::pod::Pod;

#[tokio::test(start_paused = true)]
async fn pages_show_one_revision() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    for number in 0..5 {
        world.config_map(&format!("m{number}")).await;
    }
    let page = maps.list(&ListParams::default().limit(2)).await.unwrap();
    assert_eq!((page.items.len(), page.metadata.remaining_item_count), (2, Some(3)));
    maps.delete("m3", &kube::api::DeleteParams::default()).await.unwrap();
    let token = page.metadata.continue_.unwrap();
    let rest = maps.list(&ListParams::default().continue_token(&token)).await.unwrap();
    let names: Vec<_> = rest.items.into_iter().filter_map(|map| map.metadata.name).collect();
    assert_eq!(names, ["m2", "m3", "m4"]);
    assert_eq!(rest.metadata.resource_version, page.metadata.resource_version);
    let (code, _, _) = refusal(maps.list(&ListParams::default().continue_token("nada")).await);
    assert_eq!(code, 400);
}

#[tokio::test(start_paused = true)]
async fn selectors_choose_and_refuse() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    for name in ["uno", "dos"] {
        world.config_map(name).await;
    }
    assert_eq!(maps.list(&ListParams::default().labels("app in (uno,tres)")).await.unwrap().items.len(), 1);
    assert_eq!(maps.list(&ListParams::default().fields("metadata.name!=uno")).await.unwrap().items.len(), 1);
    let (code, _, text) = refusal(maps.list(&ListParams::default().fields("spec.color=azul")).await);
    assert_eq!((code, text.as_str()), (400, "field label not supported: spec.color"));
    let (_, _, text) = refusal(maps.list(&ListParams::default().labels("a b c")).await);
    assert_eq!(text, "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
    let (code, body) = world.raw("GET", "/api/v1/pods?limit=cinco", "", "").await;
    assert_eq!((code, body["message"].as_str()), (400, Some("strconv.ParseInt: parsing \"cinco\": invalid syntax")));
}

#[tokio::test(start_paused = true)]
async fn an_exact_revision_is_shown_again() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    let first = world.config_map("uno").await.metadata.resource_version.unwrap();
    world.config_map("dos").await;
    let then = ListParams::default().at(&first).matching(VersionMatch::Exact);
    assert_eq!(maps.list(&then).await.unwrap().items.len(), 1);
    let later = ListParams::default().at("9999").matching(VersionMatch::NotOlderThan);
    assert_eq!(
        refusal(maps.list(&later).await).2,
        format!("Too large resource version: 9999, current: {}", world_revision(&world).await)
    );
}

async fn world_revision(world: &super::World) -> String {
    world.api::<ConfigMap>().list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_table_has_the_kinds_columns() {
    let world = world().await;
    world.pod("uno").await;
    let request = http::Request::get("/api/v1/namespaces/default/pods?limit=500")
        .header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
        .body(Vec::new())
        .unwrap();
    let table: Value = world.client.request(request).await.unwrap();
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["columnDefinitions"][0]["name"], "Name");
    assert_eq!(table["rows"][0]["cells"][0], "uno");
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let metadata = world.api::<Pod>().list_metadata(&ListParams::default()).await.unwrap();
    assert_eq!(metadata.items[0].metadata.name.as_deref(), Some("uno"));
}
