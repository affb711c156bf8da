//! `timonel bench scale`: how long a whole cluster in this process takes to run many pods on many workers, and how much
//! memory it needs. Must not simulate anything that a cluster does: only its containers are embedded.

use std::process::ExitCode;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use serde_json::json;

use super::super::args::BenchArgs;
use crate::base::clock::{Clock, Timing};
use crate::base::pipe::Identity;
use crate::cluster::{Cluster, Home, Opened, Options, RuntimeChoice, StoreKind, WorkerCapacity};

/// The Deployment that is scaled.
const NAME: &str = "muchos";
/// A range in which each of 2,000 workers has 254 addresses for pods.
const POD_CIDR: &str = "10.128.0.0/9";
/// As long as nothing has gone wrong.
const PATIENCE: Duration = Duration::from_secs(600);

/// Measures and prints one line a figure.
pub async fn run(args: BenchArgs) -> anyhow::Result<ExitCode> {
    let clock = Clock::new(Timing::Real);
    let folder = tempfile::tempdir()?;
    let Opened::Ours(home) = Home::open(folder.path())? else { anyhow::bail!("la carpeta temporal ya está en uso") };
    let options = Options {
        store: StoreKind::Memory,
        runtime: RuntimeChoice::Embedded,
        workers: args.workers,
        capacity: WorkerCapacity { cpu: "64".into(), memory: "256Gi".into(), pods: 250 },
        pod_cidr: Some(POD_CIDR.into()),
        ..Options::new(folder.path().into())
    };
    let cluster = Cluster::start(home, options).await?;
    cluster.ready().await?;
    println!("{} workers Ready: {:.2} s, {}", args.workers, clock.elapsed().as_secs_f64(), memory());
    let measured = tokio::time::timeout(PATIENCE, measure(&args, clock, &cluster)).await;
    cluster.stop().await;
    measured??;
    Ok(ExitCode::SUCCESS)
}

async fn measure(args: &BenchArgs, clock: Clock, cluster: &Cluster) -> anyhow::Result<()> {
    let api: Api<Deployment> = Api::namespaced(cluster.client(Identity::admin()), "default");
    let labels = json!({ "app": NAME });
    let container = json!({ "name": "c", "image": "timonel/demo:v1",
        "resources": { "requests": { "cpu": "10m", "memory": "16Mi" } } });
    let deployment = json!({ "metadata": { "name": NAME }, "spec": {
        "replicas": 1, "selector": { "matchLabels": labels },
        "template": { "metadata": { "labels": labels }, "spec": { "containers": [container] } } } });
    api.create(&PostParams::default(), &serde_json::from_value(deployment)?).await?;
    until(&api, 1).await?;
    let (begun, pods) = (clock.elapsed(), i32::try_from(args.pods)?);
    let patch = Patch::Merge(json!({ "spec": { "replicas": pods } }));
    api.patch(NAME, &PatchParams::default(), &patch).await?;
    until(&api, pods).await?;
    let took = clock.elapsed().saturating_sub(begun).as_secs_f64();
    println!("1 → {pods} pods Running and ready: {took:.2} s ({:.0}/s), {}", f64::from(pods) / took, memory());
    Ok(())
}

/// Waits until so many pods are ready.
async fn until(api: &Api<Deployment>, ready: i32) -> anyhow::Result<()> {
    let config = watcher::Config::default().fields(&format!("metadata.name={NAME}"));
    let mut changes = watcher(api.clone(), config).default_backoff().applied_objects().boxed();
    while let Some(deployment) = changes.try_next().await? {
        if deployment.status.and_then(|status| status.ready_replicas) == Some(ready) {
            return Ok(());
        }
    }
    anyhow::bail!("el clúster se detuvo antes")
}

/// The memory that this process has, and the most that it has had, where the system tells it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mebibytes = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
    };
    match (mebibytes("VmRSS:"), mebibytes("VmHWM:")) {
        (Some(now), Some(most)) => format!("{now} MiB, como mucho {most} MiB"),
        _ => "memoria desconocida".to_owned(),
    }
}
