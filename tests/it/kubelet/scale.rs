//! Many pods at once.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::TryStreamExt;
use kube::ResourceExt;
use kube::runtime::{WatchStreamExt, watcher};
use serde_json::json;
use timonel::base::clock::{Clock, Timing};

use super::cluster_of;

/// Pods of the test; the goal of 1,000 in under 2 s is for a release build on an idle machine.
const PODS: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn many_pods_run_soon() {
    let cluster = cluster_of(3).await;
    let begun = Clock::new(Timing::Real);
    let creations = (0..PODS).map(|number| {
        let spec = json!({ "nodeName": format!("worker-{}", number % 3 + 1), "containers": [{ "name": "c", "image": "timonel/demo:v1" }] });
        let pod = json!({ "metadata": { "name": format!("p-{number}") }, "spec": spec });
        let api = cluster.pods();
        async move { drop(super::create(&api, pod).await) }
    });
    futures::future::join_all(creations).await;
    let created = begun.elapsed();
    let running = watcher::Config::default().fields("status.phase=Running");
    let all_run = async {
        let (mut names, mut changes) =
            (BTreeSet::new(), std::pin::pin!(watcher(cluster.pods(), running).applied_objects()));
        while names.len() < PODS {
            names.insert(changes.try_next().await.unwrap().unwrap().name_any());
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all_run).await.expect("too slow");
    println!("{PODS} pods created in {created:?}, Running after {:?}", begun.elapsed());
}
