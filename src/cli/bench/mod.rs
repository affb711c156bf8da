//! `timonel bench api`: how fast the API server is over TLS, measured as a client sees it. Must not be part of a cluster.
//!
//! It starts a cluster of its own with nothing in it but the API server and a store on disk, fills it with pods over
//! keep-alive connections, and asks it for them.

mod connection;
mod load;
mod scale;
mod watchers;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::args::BenchArgs;
use crate::base::clock::{Clock, Timing};
use crate::cluster::{Cluster, Home, Listen, Opened, Options, Part, RuntimeChoice};
use connection::{Connection, Target};
use load::{Outcome, Request};

const PODS: &str = "/api/v1/namespaces/default/pods";
const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";

/// Measures and prints one line a figure.
pub async fn run(args: BenchArgs) -> anyhow::Result<ExitCode> {
    if args.part == "scale" {
        return scale::run(args).await;
    }
    let clock = Clock::new(Timing::Real);
    let folder = tempfile::tempdir()?;
    let mut options = Options::new(folder.path().into());
    options.listen = Some(Listen::At(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))));
    options.runtime = RuntimeChoice::Embedded;
    options.disabled = vec![Part::ControllerManager, Part::Kubelet, Part::KubeProxy, Part::Scheduler];
    let Opened::Ours(home) = Home::open(folder.path())? else { anyhow::bail!("la carpeta temporal ya está en uso") };
    let cluster = Cluster::start(home, options).await?;
    let measured = measure(&args, clock, &Target::read(&cluster.kubeconfig())?).await;
    cluster.stop().await;
    measured.map(|()| ExitCode::SUCCESS)
}

async fn measure(args: &BenchArgs, clock: Clock, target: &Target) -> anyhow::Result<()> {
    let mut connections = Vec::new();
    for _ in 0..args.connections {
        connections.push(target.connect().await?);
    }
    let mut first = target.connect().await?;
    // Pods run as an account that a controller makes in life.
    let account = json!({ "metadata": { "name": "default" } }).to_string();
    first.send(&Request::new(Method::POST, "/api/v1/namespaces/default/serviceaccounts", JSON, account)).await?;
    let pods = args.pods;
    let create = |number: usize| Request::new(Method::POST, PODS, JSON, pod(number).to_string());
    let (outcome, connections) = load::run(clock, connections, pods, create).await?;
    print("create (durable)", &outcome);
    let get = move |number: usize| Request::new(Method::GET, &path(number * 7919 % pods), JSON, String::new());
    let (outcome, connections) = load::run(clock, connections, pods * 5, get).await?;
    print("get", &outcome);
    let patch = move |number: usize| {
        let body = json!({ "metadata": { "labels": { "vuelta": number.to_string() } } });
        Request::new(Method::PATCH, &path(number * 7919 % pods), MERGE, body.to_string())
    };
    let (outcome, _connections) = load::run(clock, connections, pods, patch).await?;
    print("merge patch (durable)", &outcome);
    list(clock, &mut first, pods).await?;
    let delays = watchers::fan_out(clock, target, args.watchers, args.writes).await?;
    println!("watch fan-out to {} watchers: {}", args.watchers, delays);
    Ok(())
}

async fn list(clock: Clock, connection: &mut Connection, pods: usize) -> anyhow::Result<()> {
    const TIMES: usize = 20;
    let mut took = Vec::new();
    let mut bytes = 0;
    for _ in 0..TIMES {
        let started = clock.elapsed();
        let answer = connection.send(&Request::new(Method::GET, PODS, JSON, String::new())).await?;
        bytes = answer.len();
        took.push(clock.elapsed().saturating_sub(started));
    }
    took.sort();
    println!(
        "list of {pods} pods ({bytes} bytes): median {:.1} ms, best {:.1} ms",
        millis(took[TIMES / 2]),
        millis(took[0])
    );
    Ok(())
}

fn path(number: usize) -> String {
    format!("{PODS}/p-{number:05}")
}

/// A pod as a Deployment's: what a manifest says, and no more.
fn pod(number: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": format!("p-{number:05}"), "labels": { "app": "web", "grupo": (number % 32).to_string() } },
        "spec": { "containers": [{
            "name": "web", "image": "nginx:1.28", "ports": [{ "containerPort": 80 }],
            "resources": { "requests": { "cpu": "10m", "memory": "16Mi" } },
            "env": [{ "name": "NUMERO", "value": number.to_string() }],
        }] },
    })
}

fn print(what: &str, outcome: &Outcome) {
    let Outcome { count, took, .. } = outcome;
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let per_second = *count as f64 / took.as_secs_f64();
    println!(
        "{what}: {per_second:.0}/s ({count} in {:.2} s, p50 {:.2} ms, p99 {:.2} ms)",
        took.as_secs_f64(),
        millis(outcome.percentile(50)),
        millis(outcome.percentile(99))
    );
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}
