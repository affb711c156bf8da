//! From pods to services and from outside to pods.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{StreamExt, stream};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Node, Service};
use k8s_openapi::api::networking::v1::Ingress;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use timonel::base::clock::{Clock, Timing};
use timonel::client::pod::Pod;

use super::world::{World, ask, eventually, ip};

async fn service(world: &World, name: &str, spec: Value) {
    world.create::<Service>(json!({ "metadata": { "name": name }, "spec": spec })).await;
}

/// A service's NodePort on this machine.
async fn node_port(world: &World, name: &str) -> SocketAddr {
    let spec = world.api::<Service>().get(name).await.unwrap().spec.unwrap();
    let port = spec.ports.unwrap()[0].node_port.unwrap();
    SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).unwrap()))
}

/// A worker's `InternalIP`.
async fn own_address(world: &World, name: &str) -> String {
    let node = Api::<Node>::all(world.client.clone()).get(name).await.unwrap();
    let addresses = node.status.unwrap().addresses.unwrap();
    addresses.into_iter().find(|one| one.type_ == "InternalIP").unwrap().address
}

/// A Deployment of the demo program that lets its clients go before it ends.
async fn deploy(world: &World, name: &str, replicas: i32) {
    let container = json!({
        "name": "c", "image": "timonel/demo:v1", "ports": [{ "containerPort": 80 }],
        "readinessProbe": { "httpGet": { "path": "/ready", "port": 80 }, "periodSeconds": 1 },
        "lifecycle": { "preStop": { "sleep": { "seconds": 3 } } },
    });
    let labels = json!({ "app": name });
    let template = json!({ "metadata": { "labels": labels }, "spec": { "containers": [container] } });
    let spec = json!({ "replicas": replicas, "selector": { "matchLabels": labels }, "template": template });
    world.create::<Deployment>(json!({ "metadata": { "name": name }, "spec": spec })).await;
    until_available(world, name, replicas).await;
}

async fn until_available(world: &World, name: &str, replicas: i32) {
    eventually("the replicas", async || {
        let found = world.api::<Deployment>().get(name).await.unwrap();
        let (generation, status) = (found.metadata.generation, found.status.unwrap_or_default());
        let whole = status.updated_replicas == Some(replicas) && status.replicas == Some(replicas);
        (whole && status.available_replicas == Some(replicas) && status.observed_generation == generation).then_some(())
    })
    .await;
}

pub async fn pods_reach_each_other_across_workers(world: &World) {
    let (one, other) = (world.demo("uno", "worker-1").await, world.demo("otro", "worker-2").await);
    world.client_pod("cliente", "worker-1").await;
    world.until_said("cliente", &format!("wget -qO- http://{}/", ip(&one)), "Hola desde uno").await;
    world.until_said("cliente", &format!("wget -qO- http://{}/", ip(&other)), "en worker-2").await;
}

pub async fn names_lead_to_services(world: &World) {
    world.demo("web", "worker-1").await;
    service(world, "web", json!({ "selector": { "app": "web" }, "ports": [{ "port": 8080, "targetPort": 80 }] })).await;
    service(world, "sueltos", json!({ "clusterIP": "None", "selector": { "app": "web" }, "ports": [{ "port": 80 }] }))
        .await;
    world.client_pod("cliente", "worker-2").await;
    world.until_said("cliente", "timeout 2 wget -qO- http://web:8080/", "Hola desde web").await;
    let whole = format!("http://web.{}.svc.cluster.local:8080/", world.namespace);
    world.until_said("cliente", &format!("timeout 2 wget -qO- {whole}"), "Hola desde web").await;
    world.until_said("cliente", "timeout 2 wget -qO- http://sueltos/", "Hola desde web").await;
    let cluster_ip = world.api::<Service>().get("web").await.unwrap().spec.unwrap().cluster_ip.unwrap();
    world.until_said("cliente", "nslookup web", &cluster_ip).await;
    let (said, code) = world.run("cliente", "c", "wget -qO- http://nadie/").await;
    assert!(code != 0 && said.contains("bad address 'nadie"), "{said}");
}

pub async fn every_kind_of_service_answers(world: &World) {
    world.demo("web", "worker-3").await;
    service(world, "web", json!({ "type": "LoadBalancer", "selector": { "app": "web" }, "ports": [{ "port": 18_080, "targetPort": 80 }] })).await;
    world.client_pod("cliente", "worker-1").await;
    let cluster_ip = world.api::<Service>().get("web").await.unwrap().spec.unwrap().cluster_ip.unwrap();
    world.until_said("cliente", &format!("timeout 2 wget -qO- http://{cluster_ip}:18080/"), "Hola desde web").await;
    let (node, port) = (own_address(world, "worker-2").await, node_port(world, "web").await.port());
    world.until_said("cliente", &format!("timeout 2 wget -qO- http://{node}:{port}/"), "Hola desde web").await;
    let answers = async |door: SocketAddr, host: &str| {
        eventually(&format!("an answer at {door}"), async || {
            ask(door, host, "/").await.ok().filter(|answer| answer.contains("Hola desde web"))
        })
        .await
    };
    answers(node_port(world, "web").await, "x").await;
    let balancer = eventually("an address of the balancer", async || {
        let status = world.api::<Service>().get("web").await.unwrap().status?;
        status.load_balancer?.ingress?.into_iter().next()?.ip?.parse().ok()
    })
    .await;
    answers(SocketAddr::new(balancer, 18_080), "x").await;
    ingress(world).await;
}

async fn ingress(world: &World) {
    world.switch("ingress-controller", true).await;
    let backend = json!({ "service": { "name": "web", "port": { "number": 18_080 } } });
    let path = json!({ "path": "/", "pathType": "Prefix", "backend": backend });
    let host = format!("{}.localhost", world.namespace);
    let spec = json!({ "rules": [{ "host": host, "http": { "paths": [path] } }] });
    world.create::<Ingress>(json!({ "metadata": { "name": "web" }, "spec": spec })).await;
    let door = eventually("the ingress controller's door", async || {
        let shown =
            world.api::<Ingress>().get("web").await.unwrap().status?.load_balancer?.ingress?.into_iter().next()?;
        let port = u16::try_from(shown.ports?.first()?.port).ok()?;
        Some(SocketAddr::new(shown.ip?.parse().ok()?, port))
    })
    .await;
    eventually("an answer through the ingress", async || {
        ask(door, &host, "/").await.ok().filter(|answer| answer.contains("Hola desde web"))
    })
    .await;
    assert!(ask(door, "otra.localhost", "/").await.unwrap().starts_with("HTTP/1.1 404"));
}

pub async fn a_killed_pod_is_skipped(world: &World) {
    deploy(world, "web", 2).await;
    service(world, "web", json!({ "type": "NodePort", "selector": { "app": "web" }, "ports": [{ "port": 80 }] })).await;
    let door = node_port(world, "web").await;
    eventually("an answer", async || ask(door, "x", "/").await.ok().filter(|answer| answer.contains("Hola"))).await;
    let pods = world.pods().list(&ListParams::default().labels("app=web")).await.unwrap();
    let victim = pods.items[0].metadata.name.clone().unwrap();
    let force = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
    world.pods().delete(&victim, &force).await.unwrap();
    let begun = Clock::new(Timing::Real);
    let mut last_failure = Duration::ZERO;
    while begun.elapsed() < Duration::from_secs(3) {
        let answer = ask(door, "x", "/").await;
        if !answer.is_ok_and(|text| text.contains("Hola") && !text.contains(&victim)) {
            last_failure = begun.elapsed();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(last_failure < Duration::from_secs(1), "skipped only after {last_failure:?}");
}

/// Requests of a rolling update, and how many at the same time.
const REQUESTS: usize = 2_000;
const CLIENTS: usize = 4;

pub async fn a_rolling_update_loses_nothing(world: &World) {
    deploy(world, "web", 3).await;
    service(world, "web", json!({ "type": "NodePort", "selector": { "app": "web" }, "ports": [{ "port": 80 }] })).await;
    let door = node_port(world, "web").await;
    eventually("an answer", async || ask(door, "x", "/").await.ok().filter(|answer| answer.contains("Hola"))).await;
    let (lost, of_old, of_new) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let requests = stream::iter(0..REQUESTS).for_each_concurrent(CLIENTS, async |_| {
        let answer = ask(door, "x", "/").await.unwrap_or_default();
        let counter = if answer.contains("v1") {
            &of_old
        } else if answer.contains("v2") {
            &of_new
        } else {
            &lost
        };
        counter.fetch_add(1, Ordering::Relaxed);
        // Over the whole update, not only its beginning.
        tokio::time::sleep(Duration::from_millis(25)).await;
    });
    let update = async {
        let image = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "c", "image": "timonel/demo:v2" }] } } } });
        world.api::<Deployment>().patch("web", &PatchParams::default(), &Patch::Strategic(image)).await.unwrap();
        until_available(world, "web", 3).await;
    };
    tokio::join!(requests, update);
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    assert_eq!(count(&lost), 0, "lost, of {REQUESTS}");
    assert!(count(&of_old) > 0 && count(&of_new) > 0, "old {} new {}", count(&of_old), count(&of_new));
    let old: Vec<Pod> = world.pods().list(&ListParams::default().labels("app=web")).await.unwrap().items;
    assert!(!old.is_empty());
}

/// Connections opened and closed, and for how long requests are counted.
const CONNECTIONS: usize = 10_000;
const MEASURED: Duration = Duration::from_secs(2);

pub async fn the_proxy_is_fast_and_leaks_nothing(world: &World) {
    let pod = world.demo("web", "worker-1").await;
    service(world, "web", json!({ "type": "NodePort", "selector": { "app": "web" }, "ports": [{ "port": 80 }] })).await;
    let door = node_port(world, "web").await;
    eventually("an answer", async || ask(door, "x", "/").await.ok().filter(|answer| answer.contains("Hola"))).await;
    if world.docker {
        let straight = rate(format!("{}:80", ip(&pod)).parse().unwrap()).await;
        let through = rate(door).await;
        let part = 100.0 * through / straight;
        println!("requests a second: {straight:.0} straight, {through:.0} through the NodePort ({part:.0} %)");
        // Without optimisation nothing is fast.
        assert!(cfg!(debug_assertions) || part >= 60.0, "only {part:.0} %");
    }
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    let connect = async |_| drop(tokio::net::TcpStream::connect(door).await.unwrap());
    stream::iter(0..CONNECTIONS).for_each_concurrent(16, connect).await;
    let few = before + 16;
    eventually("the end of all connections", async || (open() <= few).then_some(())).await;
    println!("{CONNECTIONS} connections: {before} descriptors before, {} after", open());
}

/// Requests a second over four connections that stay open.
async fn rate(at: SocketAddr) -> f64 {
    let clock = Clock::new(Timing::Real);
    let client = async || {
        let stream = hyper_util::rt::TokioIo::new(tokio::net::TcpStream::connect(at).await.unwrap());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        let ask = async {
            let mut count = 0_u32;
            while clock.elapsed() < MEASURED {
                let request = http::Request::get("/").header("host", "x").body(String::new()).unwrap();
                let response = sender.send_request(request).await.unwrap();
                http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
                count += 1;
            }
            count
        };
        tokio::select! {
            count = ask => count,
            _ = connection => 0,
        }
    };
    let counts = tokio::join!(client(), client(), client(), client());
    f64::from(counts.0 + counts.1 + counts.2 + counts.3) / clock.elapsed().as_secs_f64()
}
