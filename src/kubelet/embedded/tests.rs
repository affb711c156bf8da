//! The embedded runtime alone, over the pod network and without an API.

use std::collections::BTreeMap;
use std::net::IpAddr;

use bytes::Bytes;
use tokio::io::AsyncReadExt;

use super::*;
use crate::base::clock::Timing;
use crate::base::net::{BoxStream, NetListener};
use crate::kubelet::runtime::{Dns, PodId};

/// A network of which nothing is asked.
struct NoNet;

#[async_trait]
impl PodNet for NoNet {
    fn listen(&self, _at: std::net::SocketAddr) -> std::io::Result<NetListener> {
        Err(std::io::ErrorKind::AddrInUse.into())
    }

    async fn dial(&self, _from: Option<IpAddr>, _to: std::net::SocketAddr) -> std::io::Result<BoxStream> {
        Err(std::io::ErrorKind::ConnectionRefused.into())
    }
}

/// A runtime with a sandbox for `pod`.
async fn runtime() -> Embedded {
    let clock = Clock::new(Timing::Real);
    let runtime = Embedded::new(Arc::new(NoNet), clock, Arc::new(Names::seeded(7)), &Tasks::new());
    let spec = SandboxSpec {
        pod: pod(),
        ip: [10, 244, 1, 2].into(),
        hostname: "p".into(),
        labels: BTreeMap::default(),
        hosts: Vec::new(),
        dns: Dns::default(),
        host_ports: Vec::new(),
        volumes: Vec::new(),
        alone: false,
    };
    runtime.run_sandbox(spec).await.unwrap();
    runtime
}

fn pod() -> PodId {
    PodId { uid: "u".into(), namespace: "ns".into(), name: "p".into(), node: "n".into() }
}

/// Starts a container of an image with a command; answers its id.
async fn start(runtime: &Embedded, image: &str, command: &[&str]) -> Result<String, RuntimeError> {
    runtime.pull(image).await?;
    let command = command.iter().map(|&word| word.into()).collect();
    runtime
        .start(ContainerSpec { pod: pod(), name: "c".into(), image: image.into(), command, ..ContainerSpec::default() })
        .await
}

async fn log(runtime: &Embedded, id: &str) -> String {
    let lines = runtime.logs(id, LogOptions::default()).await.unwrap();
    let lines: Vec<Bytes> = lines.map(|line| line.line).collect().await;
    String::from_utf8_lossy(&lines.concat()).into_owned()
}

#[tokio::test(start_paused = true)]
async fn a_command_runs_to_its_end_and_its_end_is_told() {
    let runtime = runtime().await;
    let mut events = runtime.events("n");
    let id = start(&runtime, "busybox", &["sh", "-c", "echo hola; sleep 5; exit 4"]).await.unwrap();
    let Some(Event::Exited { id: ended, exit, .. }) = events.next().await else { panic!("no exit") };
    assert_eq!((&ended, exit.code), (&id, 4));
    assert_eq!(log(&runtime, &id).await, "hola\n");
    let listed = runtime.list("n").await.unwrap();
    assert_eq!(listed[0].containers[0].exit, Some(exit));
    assert!(runtime.list("otro").await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn stopping_is_sigterm_and_then_sigkill() {
    let runtime = runtime().await;
    for (image, command, code) in [("busybox", &["sleep", "1000"][..], 143), ("empresa/app", &[], 0)] {
        let id = start(&runtime, image, command).await.unwrap();
        runtime.stop(&id, Duration::from_secs(30)).await.unwrap();
        assert_eq!(runtime.container(&id).unwrap().exit().unwrap().code, code, "{image}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_start_says_why() {
    let runtime = runtime().await;
    let error = start(&runtime, "busybox", &["noexiste"]).await.unwrap_err().to_string();
    assert!(error.ends_with("exec: \"noexiste\": executable file not found in $PATH"), "{error}");
    let id = start(&runtime, "nginx", &[]).await.unwrap();
    runtime.stop(&id, Duration::from_secs(1)).await.unwrap();
    assert!(log(&runtime, &id).await.contains("98: Address already in use"));
    assert_eq!(runtime.container(&id).unwrap().exit().unwrap().code, 1);
}

#[tokio::test(start_paused = true)]
async fn exec_runs_beside_the_container_and_ends_with_its_code() {
    let runtime = runtime().await;
    let id = start(&runtime, "busybox", &["sleep", "1000"]).await.unwrap();
    let command = ["sh", "-c", "echo $HOSTNAME; false"].map(Into::into).into();
    let mut process = runtime.exec(&id, ExecRequest { command, ..ExecRequest::default() }).await.unwrap();
    let mut out = String::new();
    process.stdout.read_to_string(&mut out).await.unwrap();
    assert_eq!((out.as_str(), process.exit.await), ("p\n", Ok(1)));
}

#[tokio::test(start_paused = true)]
async fn what_one_process_writes_the_next_one_reads_until_the_container_is_another() {
    let runtime = runtime().await;
    let sleep = ["sleep", "1000"];
    let id = start(&runtime, "busybox", &sleep).await.unwrap();
    assert_eq!(said(&runtime, &id, "echo hola > /tmp/nota").await, "");
    assert_eq!(said(&runtime, &id, "cat /tmp/nota").await, "hola\n");
    let next = start(&runtime, "busybox", &sleep).await.unwrap();
    assert_eq!(said(&runtime, &next, "cat /tmp/nota").await, "");
}

/// What a script in a container prints.
async fn said(runtime: &Embedded, id: &str, script: &str) -> String {
    let command = ["sh", "-c", script].map(Into::into).into();
    let mut process = runtime.exec(id, ExecRequest { command, ..ExecRequest::default() }).await.unwrap();
    let mut out = String::new();
    process.stdout.read_to_string(&mut out).await.unwrap();
    out
}

#[tokio::test(start_paused = true)]
async fn a_removed_sandbox_leaves_nothing() {
    let runtime = runtime().await;
    let id = start(&runtime, "empresa/app", &[]).await.unwrap();
    runtime.remove_sandbox("u").await.unwrap();
    assert!(runtime.list("n").await.unwrap().is_empty() && runtime.container(&id).is_err());
    assert!(runtime.stats("n").await.unwrap().is_empty());
}
