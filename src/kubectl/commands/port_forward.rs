//! `kubectl port-forward`. Must not understand what is carried.

use std::net::{Ipv4Addr, SocketAddr};

use clap::Args;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use kube::Api;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use super::pods::{self, text};
use crate::client::pod::Pod;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::select::Info;
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `port-forward`.
#[derive(Args, Debug)]
pub(crate) struct PortForward {
    /// POD o TIPO/NOMBRE, y puertos [LOCAL:]REMOTO.
    #[arg(value_name = "POD", hide = true)]
    args: Vec<String>,
    /// En qué direcciones de aquí se escucha.
    #[arg(
        long,
        value_name = "DIRECCIONES",
        value_delimiter = ',',
        default_value = "localhost",
        hide_default_value = true
    )]
    address: Vec<String>,
    /// Se acepta y no cambia nada.
    #[arg(long, value_name = "TIEMPO", hide = true)]
    pod_running_timeout: Option<String>,
}

impl Verb for PortForward {
    const NAME: &'static str = "port-forward";
    const ABOUT: &'static str = "Lleva puertos de esta máquina a un pod";
    const USAGE: &'static str = "POD|TIPO/NOMBRE [LOCAL:]REMOTO…";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let [word, ports @ ..] = self.args.as_slice() else {
            return Err(session.usage("TYPE/NAME and list of ports are required for port-forward"));
        };
        if ports.is_empty() {
            return Err(session.usage("TYPE/NAME and list of ports are required for port-forward"));
        }
        let info = pods::object(word, session).await?;
        let mut found = pods::of(&info, session).await?;
        let pod = found.swap_remove(0);
        if pod["status"]["phase"] != "Running" {
            let phase = text(&pod["status"]["phase"]);
            return Err(Failure::error(format!(
                "unable to forward port because pod is not running. Current status={phase}"
            )));
        }
        let ports = ports.iter().map(|text| pair(text, &info, &pod)).collect::<Outcome<Vec<_>>>()?;
        let listeners = self.listen(&ports, session).await?;
        let (namespace, name) = (text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]));
        let api = Api::namespaced(session.client().await?, &namespace);
        serve(&listeners, &api, &name, session).await
    }
}

impl PortForward {
    async fn listen(&self, ports: &[(u16, u16)], session: &mut Session<'_>) -> Outcome<Vec<(TcpListener, u16, u16)>> {
        let mut listeners = Vec::new();
        for (local, remote) in ports {
            for address in &self.address {
                let ip = if address == "localhost" { Ok(Ipv4Addr::LOCALHOST.into()) } else { address.parse() };
                let ip = ip.map_err(|_| Failure::error(format!("{address} is not a valid IP")))?;
                let listener = session.io.listen(SocketAddr::new(ip, *local)).await.map_err(|error| {
                    Failure::error(format!("unable to listen on port {local}: Listeners failed to create with the following errors: [unable to create listener: Error {error}]"))
                })?;
                let at = listener.local_addr()?;
                session.line(format!("Forwarding from {at} -> {remote}"))?;
                listeners.push((listener, at.port(), *remote));
            }
        }
        Ok(listeners)
    }
}

/// `8080:80`, `80`, `:80`, `8080:web`.
fn pair(text: &str, info: &Info, pod: &Value) -> Outcome<(u16, u16)> {
    let (local, remote) = text.split_once(':').unwrap_or((text, text));
    let target = target(remote, info, pod)?;
    let local = match local {
        "" => 0,
        same if same == remote && same.parse::<u16>().is_err() => target,
        number => number.parse().map_err(|_| {
            Failure::error(format!(
                "error parsing local port {local:?}: strconv.ParseUint: parsing {local:?}: invalid syntax"
            ))
        })?,
    };
    Ok((local, target))
}

/// The container's port behind a number or name; a Service's port leads to its target.
fn target(remote: &str, info: &Info, pod: &Value) -> Outcome<u16> {
    let number = remote.parse::<u16>().ok();
    if info.resource.kind == "Service" {
        let mut ports = info.object["spec"]["ports"].as_array().into_iter().flatten();
        let is_it = |port: &&Value| match number {
            Some(number) => port["port"] == number,
            None => port["name"] == remote,
        };
        let Some(port) = ports.find(is_it) else {
            return Err(Failure::error(format!("Service {} does not have a service port {remote}", info.name)));
        };
        return match &port["targetPort"] {
            Value::String(name) => named(name, pod),
            Value::Number(number) => Ok(number.as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or_default()),
            _ => Ok(port["port"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or_default()),
        };
    }
    number.map_or_else(|| named(remote, pod), Ok)
}

fn named(name: &str, pod: &Value) -> Outcome<u16> {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    let mut ports = containers.flat_map(|container| container["ports"].as_array().into_iter().flatten());
    let found = ports.find(|port| port["name"] == name).and_then(|port| port["containerPort"].as_u64());
    found.and_then(|port| u16::try_from(port).ok()).ok_or_else(|| {
        Failure::error(format!("Pod '{}' does not have a named port '{name}'", text(&pod["metadata"]["name"])))
    })
}

/// Serves connections until the command is ended.
async fn serve(
    listeners: &[(TcpListener, u16, u16)],
    pods: &Api<Pod>,
    pod: &str,
    session: &mut Session<'_>,
) -> Outcome {
    let mut running = FuturesUnordered::new();
    loop {
        let mut accepting: FuturesUnordered<_> = listeners.iter().map(accept).collect();
        tokio::select! {
            accepted = accepting.next() => {
                let Some((stream, local, remote)) = accepted else { return Ok(()) };
                session.line(format!("Handling connection for {local}"))?;
                running.push(carry(stream?, pods, pod, remote));
            }
            Some(done) = running.next(), if !running.is_empty() => {
                if let Err(failure) = done {
                    session.note(format!("error: {}", Failure::message(&failure)))?;
                }
            }
        }
    }
}

async fn accept((listener, local, remote): &(TcpListener, u16, u16)) -> (std::io::Result<TcpStream>, u16, u16) {
    (listener.accept().await.map(|(stream, _)| stream), *local, *remote)
}

async fn carry(mut near: TcpStream, pods: &Api<Pod>, pod: &str, port: u16) -> Outcome {
    let mut forwarder = pods.portforward(pod, &[port]).await.map_err(|error| Failure::error(error.to_string()))?;
    let Some(mut far) = forwarder.take_stream(port) else { return Ok(()) };
    // Either end may close without a word.
    let _ended = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    drop(far);
    let _ended = forwarder.join().await;
    Ok(())
}
