//! `kubectl create service clusterip|nodeport|loadbalancer|externalname`.

use clap::Args;
use serde_json::{Value, json};

use super::make::{Common, Made, metadata, one_name};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::grammar;
use crate::kubectl::session::Session;
use crate::kubectl::verb::{Command, Verb};

/// The kinds of Service.
pub(super) const TABLE: &[Command] = &[
    Command::of::<ClusterIp>(),
    Command::of::<ExternalName>(),
    Command::of::<LoadBalancer>(),
    Command::of::<NodePort>(),
];

/// What every Service takes.
#[derive(Args, Debug)]
pub(super) struct Ports {
    #[arg(hide = true)]
    args: Vec<String>,
    /// PUERTO o PUERTO:DESTINO; se puede repetir.
    #[arg(long, value_name = "PUERTO[:DESTINO]", value_delimiter = ',')]
    tcp: Vec<String>,
    #[command(flatten)]
    common: Common,
}

/// Arguments of `create service clusterip`.
#[derive(Args, Debug)]
pub(crate) struct ClusterIp {
    #[command(flatten)]
    ports: Ports,
    /// None para un Service sin IP.
    #[arg(long = "clusterip", value_name = "IP")]
    cluster_ip: Option<String>,
}

impl Verb for ClusterIp {
    const NAME: &'static str = "clusterip";
    const ABOUT: &'static str = "Un Service para dentro del clúster";
    const USAGE: &'static str = "NOMBRE --tcp=PUERTO[:DESTINO]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let headless = self.cluster_ip.as_deref() == Some("None");
        let more = self.cluster_ip.map(|ip| ("clusterIP", ip.into()));
        self.ports.make("ClusterIP", "failed to create ClusterIP service:", !headless, more, None, session).await
    }
}

/// Arguments of `create service nodeport`.
#[derive(Args, Debug)]
pub(crate) struct NodePort {
    #[command(flatten)]
    ports: Ports,
    /// Puerto en cada nodo.
    #[arg(long, value_name = "PUERTO", value_parser = grammar::int)]
    node_port: Option<i64>,
}

impl Verb for NodePort {
    const NAME: &'static str = "nodeport";
    const ABOUT: &'static str = "Un Service con un puerto en cada nodo";
    const USAGE: &'static str = "NOMBRE --tcp=PUERTO[:DESTINO] [--node-port=PUERTO]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        self.ports.make("NodePort", "failed to create NodePort service:", true, None, self.node_port, session).await
    }
}

/// Arguments of `create service loadbalancer`.
#[derive(Args, Debug)]
pub(crate) struct LoadBalancer {
    #[command(flatten)]
    ports: Ports,
}

impl Verb for LoadBalancer {
    const NAME: &'static str = "loadbalancer";
    const ABOUT: &'static str = "Un Service con una IP de fuera";
    const USAGE: &'static str = "NOMBRE --tcp=PUERTO[:DESTINO]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        self.ports.make("LoadBalancer", "failed to create LoadBalancer service:", true, None, None, session).await
    }
}

/// Arguments of `create service externalname`.
#[derive(Args, Debug)]
pub(crate) struct ExternalName {
    #[command(flatten)]
    ports: Ports,
    /// Nombre de DNS al que lleva.
    #[arg(long, value_name = "NOMBRE", required = true)]
    external_name: String,
}

impl Verb for ExternalName {
    const NAME: &'static str = "externalname";
    const ABOUT: &'static str = "Un Service que es otro nombre de fuera";
    const USAGE: &'static str = "NOMBRE --external-name=NOMBRE";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let more = Some(("externalName", self.external_name.into()));
        let failed = "failed to create ExternalName service:";
        self.ports.make("ExternalName", failed, false, more, None, session).await
    }
}

impl Ports {
    async fn make(
        &self,
        kind: &str,
        failed: &'static str,
        needs_port: bool,
        more: Option<(&str, Value)>,
        node_port: Option<i64>,
        session: &mut Session<'_>,
    ) -> Outcome {
        let name = one_name(&self.args, session)?;
        if needs_port && self.tcp.is_empty() {
            return Err(Failure::error("at least one tcp port specifier must be provided"));
        }
        let mut metadata = metadata(name);
        metadata["labels"] = json!({ "app": name });
        let mut spec = json!({ "selector": { "app": name }, "type": kind });
        let ports = self.tcp.iter().map(|text| port(text, node_port)).collect::<Outcome<Vec<_>>>()?;
        if !ports.is_empty() {
            spec["ports"] = ports.into();
        }
        if let Some((field, value)) = more {
            spec[field] = value;
        }
        let object = json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": {"loadBalancer": {}}});
        self.common.make(Made { object, plural: "services", namespaced: true, failed }, session).await
    }
}

/// `80`, `80:8080`, `80:http`.
fn port(text: &str, node_port: Option<i64>) -> Outcome<Value> {
    let (own, target) = text.split_once(':').unwrap_or((text, text));
    let number = number(own)?;
    let target = target.parse::<u16>().map_or_else(|_| Value::from(target), Into::into);
    let name = text.replace(':', "-");
    let mut port = json!({ "name": name, "port": number, "protocol": "TCP", "targetPort": target });
    if let Some(node_port) = node_port {
        port["nodePort"] = node_port.into();
    }
    Ok(port)
}

fn number(text: &str) -> Outcome<u16> {
    let wrong = |why: &str| Failure::error(format!("strconv.ParseUint: parsing {text:?}: {why}"));
    match text.parse::<u64>() {
        Ok(number) => u16::try_from(number).map_err(|_| wrong("value out of range")),
        Err(_) => Err(wrong("invalid syntax")),
    }
}
