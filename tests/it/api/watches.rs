//! Watches: from a revision, transitions of selectors, bookmarks, time-outs, expiry.

use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams, WatchEvent, WatchParams};
use serde_json::json;

use super::world;

/// The next events as `KIND name`.
async fn told<S>(stream: &mut S, count: usize) -> Vec<String>
where
    S: Stream<Item = kube::Result<WatchEvent<ConfigMap>>> + Unpin,
{
    let mut said = Vec::new();
    for event in stream.take(count).collect::<Vec<_>>().await {
        said.push(match event.unwrap() {
            WatchEvent::Added(map) => format!("ADDED {}", map.metadata.name.unwrap()),
            WatchEvent::Modified(map) => format!("MODIFIED {}", map.metadata.name.unwrap()),
            WatchEvent::Deleted(map) => format!("DELETED {}", map.metadata.name.unwrap()),
            WatchEvent::Bookmark(mark) if mark.metadata.annotations.is_empty() => "BOOKMARK".into(),
            WatchEvent::Bookmark(_) => "BOOKMARK initial".into(),
            WatchEvent::Error(status) => format!("ERROR {}", status.reason),
        });
    }
    said
}

#[tokio::test(start_paused = true)]
async fn changes_come_in_order_after_the_revision() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    let from = world.config_map("uno").await.metadata.resource_version.unwrap();
    let mut stream = maps.watch(&WatchParams::default(), &from).await.unwrap().boxed();
    world.config_map("dos").await;
    maps.patch("dos", &PatchParams::default(), &Patch::Merge(json!({ "data": { "a": "2" } }))).await.unwrap();
    maps.delete("dos", &DeleteParams::default()).await.unwrap();
    assert_eq!(told(&mut stream, 3).await, ["ADDED dos", "MODIFIED dos", "DELETED dos"]);
}

#[tokio::test(start_paused = true)]
async fn a_selector_turns_changes_into_coming_and_going() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    let from = world.config_map("uno").await.metadata.resource_version.unwrap();
    let chosen = WatchParams::default().labels("color=azul");
    let mut stream = maps.watch(&chosen, &from).await.unwrap().boxed();
    for color in ["azul", "azul", "rojo"] {
        let patch = json!({ "metadata": { "labels": { "color": color } }, "data": { color: from, "n": color } });
        maps.patch("uno", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }
    assert_eq!(told(&mut stream, 2).await, ["ADDED uno", "DELETED uno"]);
}

#[tokio::test(start_paused = true)]
async fn initial_events_end_with_a_bookmark_and_more_follow() {
    let world = world().await;
    world.config_map("uno").await;
    let maps = world.api::<ConfigMap>();
    let params = WatchParams::default().initial_events();
    let mut stream = maps.watch(&params, "0").await.unwrap().boxed();
    assert_eq!(told(&mut stream, 2).await, ["ADDED uno", "BOOKMARK initial"]);
    world.config_map("dos").await;
    assert_eq!(told(&mut stream, 1).await, ["ADDED dos"]);
    assert_eq!(told(&mut stream, 1).await, ["BOOKMARK"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_at_its_timeout_and_after_expiry() {
    let world = world().await;
    let maps = world.api::<ConfigMap>();
    let from = world.config_map("uno").await.metadata.resource_version.unwrap();
    let short = WatchParams::default().timeout(5).disable_bookmarks();
    let stream = maps.watch(&short, &from).await.unwrap();
    assert_eq!(stream.count().await, 0);
    world.server.store().compact(u64::MAX);
    world.config_map("dos").await;
    let mut stream = maps.watch(&short, "1").await.unwrap().boxed();
    assert_eq!(told(&mut stream, 1).await, ["ERROR Expired"]);
    world.tasks.stop().await;
}
