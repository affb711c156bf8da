//! Services in front of pods: ClusterIP and name inside the network, doors on this machine from outside.

use std::net::SocketAddr;
use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::{Cluster, cluster, create, ready};

/// Makes a service over pods that are already there, with the given spec.
pub(super) async fn service(cluster: &Cluster, name: &str, spec: Value, port: u16, pods: &[&str]) -> Service {
    let protocol = spec["ports"][0]["protocol"].as_str().unwrap_or("TCP").to_owned();
    let services: Api<Service> = Api::namespaced(cluster.client.clone(), "default");
    let service = create(&services, json!({ "metadata": { "name": name }, "spec": spec })).await;
    let mut endpoints = Vec::new();
    for pod in pods {
        let pod = cluster.until(pod, ready).await;
        endpoints.push(json!({ "addresses": [pod["status"]["podIP"]], "conditions": { "ready": true } }));
    }
    let slices: Api<EndpointSlice> = Api::namespaced(cluster.client.clone(), "default");
    let slice = json!({
        "metadata": { "name": format!("{name}-1"), "labels": { "kubernetes.io/service-name": name } },
        "addressType": "IPv4", "ports": [{ "name": "", "port": port, "protocol": protocol }], "endpoints": endpoints,
    });
    create(&slices, slice).await;
    service
}

pub(super) async fn demo(cluster: &Cluster, name: &str) {
    cluster.pod(name, json!({ "containers": [{ "name": "c", "image": "timonel/demo:v1" }] })).await;
}

async fn shell(cluster: &Cluster, name: &str, script: &str) {
    let command = json!(["sh", "-c", script]);
    cluster.pod(name, json!({ "containers": [{ "name": "c", "image": "busybox", "command": command }] })).await;
    cluster.until(name, ready).await;
}

fn node_port(service: &Service) -> u16 {
    u16::try_from(service.spec.as_ref().unwrap().ports.as_ref().unwrap()[0].node_port.unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn another_pod_reaches_a_service_by_its_name() {
    let cluster = cluster().await;
    demo(&cluster, "web").await;
    service(&cluster, "web", json!({ "ports": [{ "port": 8080, "targetPort": 80 }] }), 80, &["web"]).await;
    shell(&cluster, "cliente", "sleep 1000").await;
    let said = cluster.run("cliente", "until wget -qO- http://web:8080/; do sleep 1; done").await;
    assert!(said.ends_with("Hola desde web (10.244.4.2) en worker-1, versión v1\n[0]"), "{said}");
    let said = cluster.run("cliente", "nslookup web").await;
    assert!(
        said.contains("Server:\t\t10.96.0.10\n") && said.contains("Name:\tweb.default.svc.cluster.local\n"),
        "{said}"
    );
    let said = cluster.run("cliente", "nslookup nadie; nc -zv web 8080; nc -z web 81; ping -c1 web").await;
    for text in [
        "** server can't find nadie: NXDOMAIN",
        "web (10.",
        ":8080) open",
        ":81): Connection refused",
        "100% packet loss",
        "[1]",
    ] {
        assert!(said.contains(text), "{text} not in {said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_headless_service_names_each_of_its_pods() {
    let cluster = cluster().await;
    demo(&cluster, "uno").await;
    demo(&cluster, "dos").await;
    service(&cluster, "pares", json!({ "clusterIP": "None", "ports": [{ "port": 80 }] }), 80, &["uno", "dos"]).await;
    shell(&cluster, "cliente", "sleep 1000").await;
    let said = cluster.run("cliente", "until nslookup pares >/tmp/x; do sleep 1; done; grep -c 10.244 /tmp/x").await;
    assert_eq!(said, "2\n[0]");
    assert!(cluster.run("cliente", "wget -qO- 10-244-4-3.pares").await.starts_with("Hola desde dos"));
    assert_eq!(
        cluster.run("cliente", "ping -q -c2 10.244.4.2 | grep packets").await,
        "2 packets transmitted, 2 packets received, 0% packet loss\n[0]"
    );
}

#[tokio::test]
async fn a_node_port_and_a_balancers_address_answer_on_this_machine_and_refuse_when_nobody_is_there() {
    let cluster = cluster().await;
    demo(&cluster, "web").await;
    let port = free_port("127.9.8.7").await;
    let spec = json!({ "type": "LoadBalancer", "ports": [{ "port": port, "targetPort": 80 }] });
    let service = service(&cluster, "web", spec, 80, &["web"]).await;
    let services: Api<Service> = Api::namespaced(cluster.client.clone(), "default");
    let status = json!({ "status": { "loadBalancer": { "ingress": [{ "ip": "127.9.8.7" }] } } });
    services.patch_status("web", &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
    let doors = [
        format!("127.0.0.1:{}", node_port(&service)),
        format!("127.0.1.1:{}", node_port(&service)),
        format!("127.9.8.7:{port}"),
    ];
    for door in &doors {
        let answer = eventually(async || ask(door.parse().unwrap()).await.ok().filter(|text| !text.is_empty())).await;
        assert!(answer.contains("Hola desde web"), "{door}: {answer}");
    }
    let slices: Api<EndpointSlice> = Api::namespaced(cluster.client.clone(), "default");
    slices.patch("web-1", &PatchParams::default(), &Patch::Merge(json!({ "endpoints": [] }))).await.unwrap();
    for door in &doors {
        eventually(async || {
            ask(door.parse().unwrap()).await.err().filter(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
        })
        .await;
    }
}

#[tokio::test]
async fn datagrams_go_through_services_and_doors_and_their_answers_come_back() {
    let cluster = cluster().await;
    shell(&cluster, "eco", "echo eco | nc -u -l -p 9000").await;
    let spec = json!({ "type": "NodePort", "ports": [{ "port": 53, "targetPort": 9000, "protocol": "UDP" }] });
    let service = service(&cluster, "eco", spec, 9000, &["eco"]).await;
    let door = SocketAddr::from(([127, 0, 0, 1], node_port(&service)));
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let answer = eventually(async || {
        socket.send_to(b"hola\n", door).await.ok()?;
        let mut space = [0; 64];
        let heard = tokio::time::timeout(Duration::from_millis(200), socket.recv_from(&mut space)).await.ok()?.ok()?;
        Some((String::from_utf8_lossy(&space[..heard.0]).into_owned(), heard.1))
    });
    assert_eq!(answer.await, ("eco\n".to_owned(), door));
    shell(&cluster, "cliente", "sleep 1000").await;
    assert_eq!(cluster.run("cliente", "echo x | nc -u -w 2 eco 53").await, "eco\n[0]");
}

/// A port that nobody uses at an address of this machine.
async fn free_port(ip: &str) -> u16 {
    tokio::net::TcpListener::bind((ip, 0)).await.unwrap().local_addr().unwrap().port()
}

/// Asks again until there is an answer, within bounds.
pub(super) async fn eventually<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let asked = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked).await.expect("in time")
}

async fn ask(door: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(door).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
