//! Port-forwards: a port of this machine that leads to one of a pod. Each connection asks anew which pod answers, so that a
//! new pod takes the place of one that went. Must not keep the list: the app does.

use kube::Api;
use serde_json::Value;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use super::{Shared, escape};
use crate::base::tasks::Tasks;
use crate::client::pod::Pod;
use crate::tui::model::failure::Failure;
use crate::tui::model::world::{each, name, number, pairs, text};
use crate::tui::msg::{ForwardNews, Forwarding, Msg};

/// Listens until it is stopped.
pub async fn open(shared: Shared, wish: Forwarding, tasks: Tasks) {
    let port = wish.local;
    let listener = match TcpListener::bind(("127.0.0.1", port)).await {
        Ok(listener) => listener,
        Err(error) => {
            let why = format!("no se puede escuchar en 127.0.0.1:{port}: {error}");
            return shared.send(Msg::Forward(ForwardNews::Failed(port, why))).await;
        }
    };
    // A target that does not exist is said at once, not at the first connection.
    if let Err(failure) = place(&shared, &wish).await {
        return shared.send(Msg::Forward(ForwardNews::Failed(port, failure.to_string()))).await;
    }
    shared.send(Msg::Forward(ForwardNews::Open(port))).await;
    while let Ok((stream, _)) = listener.accept().await {
        tasks.spawn(carry(shared.clone(), wish.clone(), stream));
    }
}

/// Carries one connection.
async fn carry(shared: Shared, wish: Forwarding, stream: TcpStream) {
    let port = wish.local;
    shared.send(Msg::Forward(ForwardNews::Begun(port))).await;
    let ended = join(&shared, &wish, stream).await.err().map(|failure| failure.to_string());
    shared.send(Msg::Forward(ForwardNews::Ended(port, ended))).await;
}

async fn join(shared: &Shared, wish: &Forwarding, mut stream: TcpStream) -> Result<(), Failure> {
    let (pod, port) = place(shared, wish).await?;
    let namespace = wish.target.namespace.as_deref().unwrap_or_default();
    let pods: Api<Pod> = Api::namespaced(shared.client.clone(), namespace);
    let mut forwarder = pods.portforward(&pod, &[port]).await?;
    let error = forwarder.take_error(port);
    let mut far = forwarder.take_stream(port).ok_or_else(|| Failure::broken("the stream has no data"))?;
    let copied = copy_bidirectional(&mut stream, &mut far).await;
    drop(far);
    let refused = match error {
        Some(error) => futures::FutureExt::now_or_never(error).flatten(),
        None => None,
    };
    match (copied, refused) {
        (_, Some(refused)) => Err(Failure::broken(refused)),
        // A client that goes in the middle is nobody's fault.
        (Ok(_) | Err(_), None) => Ok(()),
    }
}

/// The pod that answers now, and its port.
async fn place(shared: &Shared, wish: &Forwarding) -> Result<(String, u16), Failure> {
    let object = shared.get(&wish.target.path()).await?;
    if wish.target.resource.kind == "Pod" {
        return port_of(&object, &wish.remote).map(|port| (name(&object).to_string(), port));
    }
    let service = wish.target.resource.kind == "Service";
    let selector = if service { &object["spec"]["selector"] } else { &object["spec"]["selector"]["matchLabels"] };
    let remote = if service { target_port(&object, &wish.remote)? } else { wish.remote.clone() };
    let namespace = wish.target.namespace.as_deref().unwrap_or_default();
    let path = format!("/api/v1/namespaces/{namespace}/pods?labelSelector={}", escape(&pairs(selector)));
    let pods = shared.get(&path).await?;
    let ready = |pod: &&Value| {
        pod["metadata"]["deletionTimestamp"].is_null()
            && each(pod, "/status/conditions").any(|it| it["type"] == "Ready" && it["status"] == "True")
    };
    let pod = each(&pods, "/items").find(ready);
    let pod = pod.ok_or_else(|| Failure::broken(format!("{} no tiene ningún pod listo", wish.target.short())))?;
    port_of(pod, &remote).map(|port| (name(pod).to_string(), port))
}

/// What a service's port leads to in its pods.
fn target_port(service: &Value, wanted: &str) -> Result<String, Failure> {
    let is = |port: &&Value| {
        text(port, "/name") == wanted || wanted.parse::<u64>().is_ok_and(|wanted| port["port"] == wanted)
    };
    let port = each(service, "/spec/ports").find(is);
    let port = port.ok_or_else(|| Failure::broken(format!("el Service no tiene el puerto {wanted}")))?;
    Ok(match &port["targetPort"] {
        Value::String(name) => name.clone(),
        Value::Number(number) => number.to_string(),
        _ => port["port"].to_string(),
    })
}

/// A port of a pod, by number or by name.
fn port_of(pod: &Value, wanted: &str) -> Result<u16, Failure> {
    let named = || {
        let ports = each(pod, "/spec/containers").flat_map(|container| each(container, "/ports"));
        let port = ports.into_iter().find(|port| text(port, "/name") == wanted)?;
        number(port, "/containerPort").and_then(|port| u16::try_from(port).ok())
    };
    let missing = || Failure::broken(format!("el pod no tiene un puerto llamado {wanted}"));
    wanted.parse().ok().or_else(named).ok_or_else(missing)
}
