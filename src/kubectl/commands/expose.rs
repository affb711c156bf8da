//! `kubectl expose`: a Service for what runs already. Must not create anything else.

use clap::Args;
use serde_json::{Map, Value, json};

use super::create::make::{Common, Made};
use super::create::override_with;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::flags::Files;
use crate::kubectl::select::{self, Info, Query};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// Arguments of `expose`.
#[derive(Args, Debug)]
pub(crate) struct Expose {
    /// Qué exponer.
    #[arg(value_name = "TIPO", hide = true)]
    args: Vec<String>,
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    common: Common,
    /// Puertos en los que escucha el Service, separados por comas.
    #[arg(long, value_name = "PUERTO")]
    port: Option<String>,
    /// TCP, UDP o SCTP.
    #[arg(long, value_name = "PROTOCOLO")]
    protocol: Option<String>,
    /// Puerto del contenedor, por número o por nombre.
    #[arg(long, value_name = "PUERTO")]
    target_port: Option<String>,
    /// Nombre del Service.
    #[arg(long, value_name = "NOMBRE")]
    name: Option<String>,
    /// ClusterIP, NodePort, LoadBalancer o ExternalName.
    #[arg(long = "type", value_name = "TIPO")]
    kind: Option<String>,
    /// Otro selector, por ejemplo app=web.
    #[arg(long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// Etiquetas del Service.
    #[arg(short = 'l', long, value_name = "ETIQUETAS")]
    labels: Option<String>,
    /// None para un Service sin IP.
    #[arg(long, value_name = "IP")]
    cluster_ip: Option<String>,
    /// Una IP de fuera que también lleva aquí.
    #[arg(long, value_name = "IP")]
    external_ip: Option<String>,
    /// La IP que se pide al balanceador.
    #[arg(long, value_name = "IP")]
    load_balancer_ip: Option<String>,
    /// None o ClientIP.
    #[arg(long, value_name = "MODO")]
    session_affinity: Option<String>,
    /// JSON que se une al Service.
    #[arg(long, value_name = "JSON")]
    overrides: Option<String>,
}

impl Verb for Expose {
    const NAME: &'static str = "expose";
    const ABOUT: &'static str = "Crea un Service para un Deployment, Pod, ReplicaSet o Service";
    const USAGE: &'static str = "TIPO NOMBRE --port=PUERTO [OPCIONES]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let query = Query { args: &self.args, files: self.files.clone(), ..Query::default() };
        let (infos, mut failures) = select::infos(session, &query).await?;
        for info in infos {
            if let Err(failure) = self.one(&info, session).await {
                failures.push(failure);
            }
        }
        Failure::all(failures)
    }
}

impl Expose {
    async fn one(&self, info: &Info, session: &mut Session<'_>) -> Outcome {
        let mut service = self.service(info)?;
        if let Some(overrides) = &self.overrides {
            service = override_with(&service, overrides, None)?;
        }
        let made = Made { object: service, plural: "services", namespaced: true, failed: "" };
        if !self.common.dry_run.read()?.is_client() {
            // The source's namespace, which -f may have chosen.
            session.globals.namespace.get_or_insert_with(|| info.namespace.clone());
        }
        self.common.make_as(made, "exposed", "kubectl-expose", session).await
    }

    fn service(&self, info: &Info) -> Outcome<Value> {
        let selector = match &self.selector {
            Some(text) => pairs(text)?,
            None => introspected_selector(info)?,
        };
        let mut spec = json!({ "ports": self.ports(info)?, "selector": selector });
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                spec[name] = value;
            }
        };
        set("type", self.kind.as_deref().map(Into::into));
        set("clusterIP", self.cluster_ip.as_deref().map(Into::into));
        set("externalIPs", self.external_ip.as_deref().map(|ip| json!([ip])));
        set("loadBalancerIP", self.load_balancer_ip.as_deref().map(Into::into));
        set("sessionAffinity", self.session_affinity.as_deref().map(Into::into));
        let labels = match &self.labels {
            Some(text) => Value::Object(pairs(text)?),
            None => info.object["metadata"]["labels"].clone(),
        };
        let mut metadata = json!({ "creationTimestamp": null, "name": self.name.as_deref().unwrap_or(&info.name) });
        if labels.as_object().is_some_and(|labels| !labels.is_empty()) {
            metadata["labels"] = labels;
        }
        Ok(
            json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": {"loadBalancer": {}}}),
        )
    }

    fn ports(&self, info: &Info) -> Outcome<Vec<Value>> {
        let asked = self.port.as_deref().map(|ports| ports.split(',').map(str::to_string).collect());
        let found: Vec<(i64, Option<String>)> = match asked {
            Some(numbers) => numbers_of(numbers)?,
            None => introspected_ports(info),
        };
        if found.is_empty() {
            return Err(Failure::error("couldn't find port via --port flag or introspection"));
        }
        let several = found.len() > 1;
        let port = |(at, (number, protocol)): (usize, &(i64, Option<String>))| {
            let target = self.target_port.as_deref().map_or_else(|| json!(number), number_or_name);
            let protocol = self.protocol.clone().or_else(|| protocol.clone()).unwrap_or_else(|| "TCP".into());
            let mut port = json!({ "port": number, "protocol": protocol, "targetPort": target });
            if several {
                port["name"] = format!("port-{}", at + 1).into();
            }
            port
        };
        Ok(found.iter().enumerate().map(port).collect())
    }
}

fn numbers_of(ports: Vec<String>) -> Outcome<Vec<(i64, Option<String>)>> {
    let read = |port: String| {
        let number = port.trim().parse();
        number
            .map(|number| (number, None))
            .map_err(|_| Failure::error(format!("strconv.Atoi: parsing {port:?}: invalid syntax")))
    };
    ports.into_iter().map(read).collect()
}

/// A number where it is one, else a port's name.
pub(super) fn number_or_name(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| text.into(), Into::into)
}

/// `a=b,c=d`.
pub(super) fn pairs(text: &str) -> Outcome<Map<String, Value>> {
    let pair = |part: &str| match part.split_once('=') {
        Some((key, value)) => Ok((key.trim().to_string(), value.trim().into())),
        None => Err(Failure::error(format!("unexpected label spec: {part}"))),
    };
    text.split(',').filter(|part| !part.is_empty()).map(pair).collect()
}

/// What selects the pods of an object.
fn introspected_selector(info: &Info) -> Outcome<Map<String, Value>> {
    let object = &info.object;
    let none = |what: &str| {
        Failure::error(format!("couldn't retrieve selectors via --selector flag or introspection: {what}"))
    };
    let filled = |value: &Value| value.as_object().filter(|map| !map.is_empty()).cloned();
    match info.resource.kind.as_str() {
        "Pod" => {
            filled(&object["metadata"]["labels"]).ok_or_else(|| none("the pod has no labels and cannot be exposed"))
        }
        "Service" => filled(&object["spec"]["selector"]).ok_or_else(|| none("the service has no pod selector set")),
        "ReplicationController" => Ok(filled(&object["spec"]["selector"]).unwrap_or_default()),
        "Deployment" | "ReplicaSet" if !object["spec"]["selector"]["matchExpressions"].is_null() => {
            Err(none("couldn't convert expressions to map-based selector format"))
        }
        "Deployment" | "ReplicaSet" => Ok(filled(&object["spec"]["selector"]["matchLabels"]).unwrap_or_default()),
        kind => Err(Failure::error(format!("cannot expose a {kind}"))),
    }
}

/// The ports of an object's containers, or of a Service.
fn introspected_ports(info: &Info) -> Vec<(i64, Option<String>)> {
    let spec = &info.object["spec"];
    let (list, field) = match info.resource.kind.as_str() {
        "Service" => (vec![&spec["ports"]], "port"),
        "Pod" => (ports_of(&spec["containers"]), "containerPort"),
        _ => (ports_of(&spec["template"]["spec"]["containers"]), "containerPort"),
    };
    let ports = list.into_iter().filter_map(Value::as_array).flatten();
    ports.filter_map(|port| Some((port[field].as_i64()?, port["protocol"].as_str().map(Into::into)))).collect()
}

fn ports_of(containers: &Value) -> Vec<&Value> {
    containers.as_array().into_iter().flatten().map(|container| &container["ports"]).collect()
}
