//! Thirty pods in Docker beside the engine's own speed, a Timonel that is killed and comes back, and its end.
//!
//! One test, because thirty pods are dear: it prints what it measured.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use futures::{StreamExt, stream};
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::json;
use timonel::base::clock::{Clock, Timing};
use timonel::client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::engine::{docker, make_room};
use crate::server::{Server, binary};

const PODS: usize = 30;
const PATIENCE: Duration = Duration::from_secs(120);
const SUBNET: &str = "10.202.0.0/16";
const FLAGS: [&str; 10] = [
    "--runtime",
    "docker",
    "--docker-subnet",
    SUBNET,
    "--service-cidr",
    "10.202.0.0/18",
    "--pod-cidr",
    "10.202.128.0/17",
    "--timing",
    "clase",
];

/// Several calls of docker, four at the same time, as Timonel makes them; how long they took.
async fn at_once(calls: Vec<Vec<String>>) -> Duration {
    let clock = Clock::new(Timing::Real);
    let call = async |args: Vec<String>| {
        let output = tokio::process::Command::new("docker").args(&args).output().await.unwrap();
        assert!(output.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    stream::iter(calls).for_each_concurrent(4, call).await;
    clock.elapsed()
}

async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let asked = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("{what} never came"))
}

async fn get(at: SocketAddr) -> Option<String> {
    let mut stream = tokio::net::TcpStream::connect(at).await.ok()?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

/// The pods' containers by pod: their ids without their runtime.
async fn containers(pods: &Api<Pod>) -> Vec<(String, String)> {
    let listed = pods.list(&ListParams::default().labels("app=muchos")).await.unwrap().items;
    let id = |pod: Pod| {
        let name = pod.metadata.name?;
        let status = pod.status?.container_statuses?.into_iter().next()?;
        status.state?.running?;
        Some((name, status.container_id?.split_once("://")?.1.to_owned()))
    };
    let mut all: Vec<_> = listed.into_iter().filter_map(id).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Docker"]
async fn thirty_pods_outlive_a_kill_and_leave_nothing_when_they_go() {
    make_room(SUBNET);
    let server = Server::start(&FLAGS);
    let data = server.data_dir();
    let id = std::fs::read_to_string(data.join("cluster-id")).unwrap().trim().to_owned();
    let client = client::remote(Some(&server.kubeconfig()), None).await.unwrap();
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let alien = format!("ajeno={id}");
    let foreign = docker(&["create", "--label", &alien, &image("timonel/pause")]);
    one_pod(&pods, &id).await;

    let began = start_all(&client, &pods).await;
    let engine = engine_alone(&id).await;
    println!("{PODS} pods: {began:?}; the engine alone, the same containers: {engine:?}");
    println!("rate: {:.0} % of the engine's", 100.0 * engine.as_secs_f64() / began.as_secs_f64());

    let before = containers(&pods).await;
    let folder = server.kill();
    let addresses = addresses(&before);
    for at in &addresses {
        assert!(get(*at).await.is_some_and(|answer| answer.contains("Hola desde")), "{at} goes on serving");
    }
    let (lost, _) = &before[0];
    docker(&["rm", "-f", &before[0].1]);

    let server = Server::start_in(folder, &FLAGS);
    let client = client::remote(Some(&server.kubeconfig()), None).await.unwrap();
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let after = eventually("the replaced container", async || {
        let now = containers(&pods).await;
        (now.len() == PODS && now.iter().all(|one| one != &before[0])).then_some(now)
    })
    .await;
    let same = before.iter().filter(|one| after.contains(one)).count();
    assert_eq!(same, PODS - 1, "all but {lost} are the same containers");

    let clock = Clock::new(Timing::Real);
    let sets: Api<ReplicaSet> = Api::default_namespaced(client.clone());
    let none = Patch::Merge(json!({ "spec": { "replicas": 0 } }));
    sets.patch("muchos", &PatchParams::default(), &none).await.unwrap();
    eventually("the end of all pods", async || {
        let left = pods.list(&ListParams::default().labels("app=muchos")).await.unwrap().items;
        left.is_empty().then_some(())
    })
    .await;
    println!("{PODS} pods deleted in {:?}", clock.elapsed());
    down(server, &id, &foreign);
}

/// One of our images by its name, whatever its tag.
fn image(name: &str) -> String {
    docker(&["images", "--format", "{{.Repository}}:{{.Tag}}", name]).lines().next().unwrap().to_owned()
}

/// What one pod costs beside one plain container: it is one, too.
async fn one_pod(pods: &Api<Pod>, id: &str) {
    let (network, label) = (format!("timonel-{id}"), format!("dev.timonel.cluster={id}"));
    let demo = image("timonel/demo");
    let mut figures = Vec::new();
    for round in 0..3 {
        let name = format!("uno-{round}");
        let clock = Clock::new(Timing::Real);
        let spec = json!({ "nodeName": "worker-1", "terminationGracePeriodSeconds": 0, "containers": [{ "name": "c", "image": "timonel/demo:v1" }] });
        let pod = serde_json::from_value(json!({ "metadata": { "name": name }, "spec": spec })).unwrap();
        pods.create(&PostParams::default(), &pod).await.unwrap();
        let running = kube::runtime::wait::conditions::is_pod_running();
        let waited = kube::runtime::wait::await_condition(pods.clone(), &name, running);
        tokio::time::timeout(PATIENCE, waited).await.unwrap().unwrap();
        let of_pod = clock.elapsed();
        assert_eq!(
            docker(&["ps", "-aq", "--filter", &format!("label=io.kubernetes.pod.name={name}")]).lines().count(),
            1
        );
        pods.delete(&name, &DeleteParams::default()).await.unwrap();

        let clock = Clock::new(Timing::Real);
        let made = docker(&["run", "-d", "--label", &label, "--network", &network, &demo]);
        figures.push((of_pod, clock.elapsed()));
        docker(&["rm", "-f", &made]);
    }
    for (pod, plain) in figures {
        println!("one pod {pod:?}; docker run {plain:?}");
    }
}

async fn start_all(client: &kube::Client, pods: &Api<Pod>) -> Duration {
    let labels = json!({ "app": "muchos" });
    let spec =
        json!({ "terminationGracePeriodSeconds": 1, "containers": [{ "name": "c", "image": "timonel/demo:v1" }] });
    let set = json!({ "metadata": { "name": "muchos" }, "spec": { "replicas": PODS, "selector": { "matchLabels": labels }, "template": { "metadata": { "labels": labels }, "spec": spec } } });
    let clock = Clock::new(Timing::Real);
    let sets: Api<ReplicaSet> = Api::default_namespaced(client.clone());
    sets.create(&PostParams::default(), &serde_json::from_value(set).unwrap()).await.unwrap();
    eventually("all pods", async || (containers(pods).await.len() == PODS).then_some(())).await;
    let took = clock.elapsed();
    let services: Api<Service> = Api::default_namespaced(client.clone());
    let service =
        json!({ "metadata": { "name": "muchos" }, "spec": { "selector": labels, "ports": [{ "port": 80 }] } });
    services.create(&PostParams::default(), &serde_json::from_value(service).unwrap()).await.unwrap();
    took
}

/// The same containers made with docker alone, four at a time; they are removed again.
async fn engine_alone(id: &str) -> Duration {
    let (network, label) = (format!("timonel-{id}"), format!("dev.timonel.cluster={id}"));
    let demo = image("timonel/demo");
    let run = |number| {
        let name = format!("solo-{number}");
        ["run", "-d", "--label", &label, "--name", &name, "--network", &network, &demo].map(String::from).to_vec()
    };
    let took = at_once((0..PODS).map(run).collect()).await;
    let clock = Clock::new(Timing::Real);
    let remove = |number| ["rm", "-f", &format!("solo-{number}")].map(String::from).to_vec();
    at_once((0..PODS).map(remove).collect()).await;
    println!("the engine alone deletes them in {:?}", clock.elapsed());
    took
}

/// Where pods' containers answer, from the engine's own knowledge: nobody else is there to ask.
fn addresses(pods: &[(String, String)]) -> Vec<SocketAddr> {
    let ip = |(_, id): &(String, String)| {
        let ip = docker(&["inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", id]);
        format!("{ip}:80").parse().unwrap()
    };
    pods.iter().map(ip).collect()
}

/// `timonel down` removes everything of this cluster, and only that.
fn down(server: Server, id: &str, foreign: &str) {
    let folder = server.kill();
    let output = Command::new(binary()).arg("down").arg("--data-dir").arg(folder.path().join("data")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let label = format!("label=dev.timonel.cluster={id}");
    assert_eq!(docker(&["ps", "-aq", "--filter", &label]), "");
    assert_eq!(docker(&["network", "ls", "-q", "--filter", &label]), "");
    assert_eq!(
        docker(&["ps", "-aq", "--no-trunc", "--filter", &format!("label=ajeno={id}")]),
        foreign,
        "what is not ours stays"
    );
    docker(&["rm", "-f", foreign]);
}
