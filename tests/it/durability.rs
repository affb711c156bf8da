//! What was acknowledged survives a kill without warning, and what was desired comes back, once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::join_all;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ListParams, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Client, ResourceExt};
use serde_json::json;

use crate::server::Server;
use timonel::client::pod::Pod;

const WRITES: usize = 1000;
const KILL_AFTER: usize = 400;
const FLAGS: &[&str] = &["--runtime", "embedded", "--workers", "2"];

async fn client(server: &Server) -> Client {
    timonel::client::remote(Some(&server.kubeconfig()), None).await.unwrap()
}

fn deployment() -> Deployment {
    serde_json::from_value(json!({
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "timonel/demo:v1"}]},
            },
        },
    }))
    .unwrap()
}

async fn three_ready(client: &Client) {
    let ready = |found: Option<&Deployment>| {
        found.and_then(|it| it.status.as_ref()).and_then(|status| status.ready_replicas) == Some(3)
    };
    await_condition(Api::default_namespaced(client.clone()), "web", ready).await.unwrap();
}

/// Writes until the server dies; the names that were acknowledged.
async fn write_until_killed(client: Client, server: Server) -> (BTreeSet<String>, tempfile::TempDir) {
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let count = Arc::new(AtomicUsize::new(0));
    let (kill, killed) = tokio::sync::oneshot::channel();
    let kill = Arc::new(Mutex::new(Some(kill)));
    let writer = |first: usize| {
        let (client, acknowledged, count, kill) = (client.clone(), acknowledged.clone(), count.clone(), kill.clone());
        async move {
            let maps = Api::<ConfigMap>::default_namespaced(client);
            for number in (first..WRITES).step_by(16) {
                let name = format!("cm-{number}");
                let map =
                    serde_json::from_value(json!({"metadata": {"name": name}, "data": {"n": number.to_string()}}));
                if maps.create(&PostParams::default(), &map.unwrap()).await.is_err() {
                    return;
                }
                acknowledged.lock().unwrap().insert(name);
                if count.fetch_add(1, Ordering::SeqCst) == KILL_AFTER {
                    let _ = kill.lock().unwrap().take().unwrap().send(());
                }
            }
        }
    };
    let killer = async {
        killed.await.unwrap();
        server.kill()
    };
    let (folder, _) = tokio::join!(killer, join_all((0..16).map(writer)));
    (Arc::try_unwrap(acknowledged).unwrap().into_inner().unwrap(), folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_nothing_that_was_acknowledged() {
    let server = Server::start(FLAGS);
    let before = client(&server).await;
    Api::default_namespaced(before.clone()).create(&PostParams::default(), &deployment()).await.unwrap();
    three_ready(&before).await;
    let (acknowledged, folder) = write_until_killed(before, server).await;
    assert!(acknowledged.len() > KILL_AFTER, "{}", acknowledged.len());

    let server = Server::start_in(folder, FLAGS);
    let after = client(&server).await;
    let maps = Api::<ConfigMap>::default_namespaced(after.clone()).list(&ListParams::default()).await.unwrap();
    let found: BTreeSet<String> = maps.iter().map(ResourceExt::name_any).collect();
    let lost: Vec<_> = acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "lost {lost:?}");

    three_ready(&after).await;
    let pods = Api::<Pod>::default_namespaced(after.clone()).list(&ListParams::default()).await.unwrap();
    let sets = Api::<ReplicaSet>::default_namespaced(after).list(&ListParams::default()).await.unwrap();
    assert_eq!((pods.items.len(), sets.items.len()), (3, 1));
}
