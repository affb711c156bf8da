//! Many pods at once.

use std::time::Duration;

use kube::api::ListParams;
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
    let running = ListParams::default().fields("status.phase=Running");
    while cluster.pods().list(&running).await.unwrap().items.len() < PODS {
        assert!(begun.elapsed() < Duration::from_secs(30), "too slow");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("{PODS} pods created in {created:?}, Running after {:?}", begun.elapsed());
}
