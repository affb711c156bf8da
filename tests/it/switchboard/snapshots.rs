//! Photos of etcd and back to them: what watchers, informers, controllers and kubelets make of it.

use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::watcher;
use kube::{Api, ResourceExt};
use serde_json::json;
use timonel::base::tasks::Tasks;
use timonel::client::informer::Informer;
use timonel::client::timonel::{Snapshot, SnapshotSpec, SnapshotStatus};
use timonel::store::{Expect, Limits, SledBackend, Store};

use super::{Whole, eventually, pass, whole};

impl Whole {
    fn photos(&self) -> Api<Snapshot> {
        Api::all(self.client.clone())
    }

    async fn photograph(&self, name: &str) -> SnapshotStatus {
        let snapshot = Snapshot::new(name, [].into(), SnapshotSpec::default());
        self.photos().create(&PostParams::default(), &snapshot).await.unwrap();
        eventually(async || self.photos().get(name).await.unwrap().status.filter(|status| status.taken_at.is_some()))
            .await
    }

    async fn go_back(&self, name: &str, request: &str) -> SnapshotStatus {
        let patch = Patch::Merge(json!({ "spec": { "restoreRequest": request } }));
        self.photos().patch(name, &PatchParams::default(), &patch).await.unwrap();
        let done = |status: &SnapshotStatus| status.restored_request == request;
        eventually(async || self.photos().get(name).await.unwrap().status.filter(done)).await
    }

    async fn scale(&self, replicas: u32) {
        let patch = Patch::Merge(json!({ "spec": { "replicas": replicas } }));
        self.api::<Deployment>().patch("web", &PatchParams::default(), &patch).await.unwrap();
    }
}

fn version(map: &ConfigMap) -> u64 {
    map.resource_version().unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_restored_store_is_taken_up_by_everybody() {
    let (whole, tasks) = (whole(2).await, Tasks::new());
    let maps = whole.api::<ConfigMap>();
    let informer = Informer::<ConfigMap>::default();
    informer.start(maps.clone(), watcher::Config::default(), &tasks);
    whole.deploy("web", 3).await;
    let old = whole.ready("web", 3).await;
    whole.create::<ConfigMap>(json!({ "metadata": { "name": "uno" }, "data": { "a": "1" } })).await;
    let photo = whole.photograph("antes").await;
    assert!(photo.objects > 20 && photo.bytes > 1000 && photo.restored_at.is_none(), "{photo:?}");
    whole.scale(5).await;
    whole.ready("web", 5).await;
    maps.delete("uno", &DeleteParams::default()).await.unwrap();
    let two = whole.create::<ConfigMap>(json!({ "metadata": { "name": "dos" } })).await;
    let gone = old[0]["metadata"]["name"].as_str().unwrap();
    whole.api::<k8s_openapi::api::core::v1::Pod>().delete(gone, &DeleteParams::default()).await.unwrap();
    let late = whole.ready("web", 5).await;
    let mut watch = maps.watch(&WatchParams::default(), &two.resource_version().unwrap()).await.unwrap().boxed();
    let back = whole.go_back("antes", "1").await;
    assert!(back.restored_revision.unwrap() > version(&two) && back.restored_at.is_some());
    let expired = loop {
        match watch.next().await.expect("it says why it ends").unwrap() {
            WatchEvent::Error(error) => break error,
            other => assert!(!matches!(other, WatchEvent::Deleted(_)), "{other:?}"),
        }
    };
    assert_eq!((expired.code, expired.reason.as_str()), (410, "Expired"));
    let uno = maps.get("uno").await.unwrap();
    assert!(version(&uno) > version(&two) && uno.data.unwrap()["a"] == "1");
    assert!(maps.get_opt("dos").await.unwrap().is_none());
    let names = || informer.list().iter().map(|map| map.name_any()).filter(|name| name.len() == 3).collect::<Vec<_>>();
    eventually(async || (names() == ["uno"]).then_some(())).await;
    // The same three run, also the one that was gone.
    let now = whole.ready("web", 3).await;
    let names = |pods: &[serde_json::Value]| pods.iter().map(|pod| pod["metadata"]["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&now), names(&old));
    assert_ne!(names(&late), names(&old));
    whole.scale(4).await;
    whole.ready("web", 4).await;
    tasks.stop().await;
    whole.stop().await;
}

#[tokio::test(start_paused = true)]
async fn each_request_restores_once_and_a_photo_can_be_restored_again() {
    let whole = whole(1).await;
    let maps = whole.api::<ConfigMap>();
    whole.photograph("vacio").await;
    for request in ["1", "2"] {
        whole.create::<ConfigMap>(json!({ "metadata": { "name": "uno" } })).await;
        whole.go_back("vacio", request).await;
        assert!(maps.get_opt("uno").await.unwrap().is_none(), "{request}");
    }
    whole.create::<ConfigMap>(json!({ "metadata": { "name": "uno" } })).await;
    let label = Patch::Merge(json!({ "metadata": { "labels": { "a": "b" } } }));
    whole.photos().patch("vacio", &PatchParams::default(), &label).await.unwrap();
    pass(30).await;
    assert!(maps.get_opt("uno").await.unwrap().is_some(), "nobody asked again");
    whole.photos().delete("vacio", &DeleteParams::default()).await.unwrap();
    assert!(whole.photos().list(&ListParams::default()).await.unwrap().items.is_empty());
    whole.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_etcd_photos_wait() {
    let whole = whole(1).await;
    whole.switch("etcd", false).await;
    let snapshot = Snapshot::new("luego", [].into(), SnapshotSpec::default());
    whole.photos().create(&PostParams::default(), &snapshot).await.unwrap();
    pass(60).await;
    assert!(whole.photos().get("luego").await.unwrap().status.is_none_or(|status| status.taken_at.is_none()));
    whole.switch("etcd", true).await;
    eventually(async || whole.photos().get("luego").await.unwrap().status?.taken_at).await;
    whole.stop().await;
}

/// A store of plain bytes, on disk.
async fn store(folder: &std::path::Path, tasks: &Tasks) -> Store<()> {
    Store::open(Box::new(SledBackend::new(folder.to_path_buf())), |_, _| (), Limits::default(), tasks).await.unwrap()
}

#[tokio::test]
async fn what_was_restored_is_there_after_a_restart() {
    let (folder, tasks) = (tempfile::tempdir().unwrap(), Tasks::new());
    let place = folder.path().join("store");
    let open = store(&place, &tasks).await;
    let put = |key: &'static str, text: &'static str, expect| open.put(key, expect, move |_| (text.into(), ()));
    put("/a", "1", Expect::Absent).await.unwrap();
    put("/b", "1", Expect::Absent).await.unwrap();
    let photo = open.list("", None, None).records;
    put("/a", "2", Expect::Exists).await.unwrap();
    open.delete("/b", Expect::Exists, |_| (bytes::Bytes::new(), ())).await.unwrap();
    put("/c", "1", Expect::Absent).await.unwrap();
    let mut watch = open.watch("/", open.revision()).unwrap();
    let again = photo.into_iter().map(|record| {
        let value = record.value.bytes();
        (record, move |_| (value, ()))
    });
    let revision = open.restore(again.collect()).await.unwrap();
    assert!(watch.next().await.is_none(), "it is too old");
    assert_eq!(
        (open.revision(), open.oldest(), open.history(revision - 1).unwrap_err().oldest),
        (revision, revision, revision)
    );
    put("/d", "1", Expect::Absent).await.unwrap();
    drop(open);
    tasks.stop().await;
    let tasks = Tasks::new();
    let opened = tokio::time::timeout(Duration::from_secs(20), store(&place, &tasks)).await.unwrap();
    let records = opened.list("", None, None).records;
    let held: Vec<_> = records.iter().map(|record| (&*record.key, record.value.bytes(), record.created)).collect();
    let (d, one) = (revision + 1, bytes::Bytes::from("1"));
    assert_eq!(held, [("/a", one.clone(), 1), ("/b", one.clone(), 2), ("/d", one, d)]);
    assert_eq!(opened.revision(), d);
    tasks.stop().await;
}
