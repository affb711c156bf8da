//! Autoscaling: a load that the pods share, measured by a played kubelet.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::core::v1::Event;
use parking_lot::Mutex;
use serde_json::{Value, json};
use timonel::apiserver::listen::serve_pipe;
use timonel::base::clock::Clock;
use timonel::base::pipe::pipe;
use timonel::client::informer::Informer;
use timonel::client::pod::Pod;
use timonel::client::pods::is_ready;

use super::Cluster;

/// What all pods use together: thousandths of a core, and megabytes.
#[derive(Clone, Copy, Default)]
struct Load {
    millicores: u64,
    megabytes: u64,
}

/// A kubelet that measures a load shared evenly by the ready pods.
struct Meter {
    load: Mutex<Load>,
    pods: Informer<Pod>,
    clock: Clock,
    /// Processor time of each pod so far, and when it was last counted.
    used: Mutex<HashMap<String, (Duration, u64)>>,
}

impl Meter {
    fn summary(&self) -> Value {
        let (now, load) = (self.clock.elapsed(), *self.load.lock());
        let ready: Vec<_> = self.pods.list().into_iter().filter(|pod| is_ready(pod)).collect();
        let each = Load {
            millicores: load.millicores / (ready.len().max(1) as u64),
            megabytes: load.megabytes / (ready.len().max(1) as u64),
        };
        let measure = |pod: &Arc<Pod>| {
            let uid = pod.metadata.uid.clone().unwrap();
            let mut used = self.used.lock();
            let (since, nanos) = used.entry(uid.clone()).or_insert((now, 0));
            *nanos += u64::try_from(now.saturating_sub(*since).as_micros()).unwrap() * each.millicores;
            *since = now;
            let reference = json!({"name": pod.metadata.name, "namespace": "default", "uid": uid});
            let cpu = json!({"time": self.clock.now().to_string(), "usageCoreNanoSeconds": *nanos});
            let memory = json!({"workingSetBytes": each.megabytes * 1024 * 1024});
            json!({"podRef": reference, "containers": [{"name": "c", "cpu": cpu, "memory": memory}]})
        };
        json!({ "pods": ready.iter().map(measure).collect::<Vec<_>>() })
    }
}

fn meter(cluster: &Cluster, pods: &Informer<Pod>) -> Arc<Meter> {
    let meter =
        Arc::new(Meter { load: Mutex::default(), pods: pods.clone(), clock: cluster.clock, used: Mutex::default() });
    let measured = meter.clone();
    let answer = move || std::future::ready(measured.summary().to_string());
    let (dialer, listener) = pipe();
    serve_pipe(listener, Router::new().route("/stats/summary", get(answer)), &cluster.world.tasks);
    cluster.world.server.nodes().register("worker-1", dialer);
    meter
}

async fn deploy(cluster: &Cluster) {
    let resources = json!({"requests": {"cpu": "100m", "memory": "100Mi"}});
    let container = json!({"name": "c", "image": "timonel/demo:v1", "resources": resources});
    cluster.deploy("web", 1, json!({"spec": {"template": {"spec": {"containers": [container]}}}})).await;
}

fn autoscaler(more: Value) -> Value {
    let mut spec = json!({"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 1, "maxReplicas": 6});
    json_patch::merge(&mut spec, &more);
    json!({"metadata": {"name": "web"}, "spec": spec})
}

fn resource(name: &str, target: Value) -> Value {
    json!([{"type": "Resource", "resource": {"name": name, "target": target}}])
}

fn wants(deployments: &[Arc<Deployment>], replicas: i32) -> bool {
    deployments.iter().any(|it| it.spec.as_ref().and_then(|spec| spec.replicas) == Some(replicas))
}

fn condition(autoscaler: &HorizontalPodAutoscaler, kind: &str) -> Option<(String, String)> {
    let all = autoscaler.status.as_ref()?.conditions.as_ref()?;
    let found = all.iter().find(|condition| condition.type_ == kind)?;
    Some((found.status.clone(), found.reason.clone().unwrap_or_default()))
}

#[tokio::test(start_paused = true)]
async fn replicas_follow_the_load_up_at_once_and_down_after_five_minutes() {
    let cluster = Cluster::start(1).await;
    let (pods, deployments, events) = (cluster.see::<Pod>(), cluster.see::<Deployment>(), cluster.see::<Event>());
    let autoscalers = cluster.see::<HorizontalPodAutoscaler>();
    let meter = meter(&cluster, &pods.informer);
    *meter.load.lock() = Load { millicores: 200, megabytes: 0 };
    deploy(&cluster).await;
    let metrics = resource("cpu", json!({"type": "Utilization", "averageUtilization": 50}));
    cluster.create::<HorizontalPodAutoscaler>(autoscaler(json!({ "metrics": metrics }))).await;
    deployments.until(|all| wants(all, 4)).await;
    pods.until(|pods| pods.iter().filter(|pod| is_ready(pod)).count() == 4).await;
    let told = "New size: 4; reason: cpu resource utilization (percentage of request) above target";
    events.until(|events| events.iter().any(|event| event.message.as_deref() == Some(told))).await;
    let settled = |all: &[Arc<HorizontalPodAutoscaler>]| {
        let status = all.first().and_then(|it| it.status.clone()).unwrap_or_default();
        let metric = status.current_metrics.unwrap_or_default();
        let current = metric.first().and_then(|metric| metric.resource.clone());
        status.desired_replicas == 4 && current.is_some_and(|it| it.current.average_utilization == Some(50))
    };
    let seen = autoscalers.until(settled).await;
    assert_eq!(condition(&seen[0], "ScalingActive"), Some(("True".into(), "ValidMetricFound".into())));
    *meter.load.lock() = Load::default();
    let calm_since = cluster.clock.elapsed();
    autoscalers.until(|all| condition(&all[0], "AbleToScale").is_some_and(|it| it.1 == "ScaleDownStabilized")).await;
    deployments.until(|all| wants(all, 1)).await;
    let waited = cluster.clock.elapsed().saturating_sub(calm_since).as_secs();
    assert!((270..=345).contains(&waited), "{waited} s");
    events
        .until(|events| {
            events.iter().any(|it| it.message.as_deref() == Some("New size: 1; reason: All metrics below target"))
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn memory_counts_too_and_behaviour_bounds_the_rate() {
    let cluster = Cluster::start(1).await;
    let (pods, deployments) = (cluster.see::<Pod>(), cluster.see::<Deployment>());
    let autoscalers = cluster.see::<HorizontalPodAutoscaler>();
    let meter = meter(&cluster, &pods.informer);
    *meter.load.lock() = Load { millicores: 0, megabytes: 600 };
    deploy(&cluster).await;
    let metrics = resource("memory", json!({"type": "AverageValue", "averageValue": "100Mi"}));
    let rate = json!([{"type": "Pods", "value": 2, "periodSeconds": 60}]);
    let behavior = json!({"scaleUp": {"policies": rate}, "scaleDown": {"selectPolicy": "Disabled"}});
    let more = json!({"metrics": metrics, "behavior": behavior});
    cluster.create::<HorizontalPodAutoscaler>(autoscaler(more)).await;
    deployments.until(|all| wants(all, 3)).await;
    let first = cluster.clock.elapsed();
    let limited = |all: &[Arc<HorizontalPodAutoscaler>]| {
        condition(&all[0], "ScalingLimited") == Some(("True".into(), "ScaleUpLimit".into()))
    };
    autoscalers.until(limited).await;
    deployments.until(|all| wants(all, 5)).await;
    assert!(cluster.clock.elapsed().saturating_sub(first).as_secs() >= 60);
    deployments.until(|all| wants(all, 6)).await;
    *meter.load.lock() = Load::default();
    tokio::time::sleep(Duration::from_secs(1200)).await;
    assert!(wants(&deployments.informer.list(), 6), "it may not go down");
}

#[tokio::test(start_paused = true)]
async fn what_keeps_it_from_scaling_is_said() {
    let cluster = Cluster::start(1).await;
    let (events, autoscalers) = (cluster.see::<Event>(), cluster.see::<HorizontalPodAutoscaler>());
    let metrics = resource("cpu", json!({"type": "Utilization", "averageUtilization": 50}));
    cluster.create::<HorizontalPodAutoscaler>(autoscaler(json!({ "metrics": metrics }))).await;
    autoscalers
        .until(|all| {
            !all.is_empty() && condition(&all[0], "AbleToScale") == Some(("False".into(), "FailedGetScale".into()))
        })
        .await;
    cluster.deploy("web", 1, json!({})).await;
    let silent = "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from \
                  resource metrics API";
    let tells = |events: &[Arc<Event>], reason: &str, message: &str| {
        events.iter().any(|it| it.reason.as_deref() == Some(reason) && it.message.as_deref() == Some(message))
    };
    events.until(|events| tells(events, "FailedGetResourceMetric", silent)).await;
    let whole = format!(
        "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {silent}"
    );
    events.until(|events| tells(events, "FailedComputeMetricsReplicas", &whole)).await;
    autoscalers
        .until(|all| condition(&all[0], "ScalingActive") == Some(("False".into(), "FailedGetResourceMetric".into())))
        .await;
}
