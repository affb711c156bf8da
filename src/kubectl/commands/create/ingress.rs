//! `kubectl create ingress`.

use clap::Args;
use regex::Regex;
use serde_json::{Value, json};

use super::make::{Common, Made, metadata, one_name};
use crate::kubectl::commands::expose::pairs;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

/// `host/path=service:port[,tls[=secret]]`; a `*` at the path's end means a prefix.
const RULE: &str = r"^(?P<host>[\w*\-.]*)(?P<path>/[\w*\-.$/]*)=(?P<service>[^:,]+):(?P<port>[^:,]+)(?P<tls>,tls(=(?P<secret>[\w\-.]+))?)?$";

/// Arguments of `create ingress`.
#[derive(Args, Debug)]
pub(crate) struct Ingress {
    #[arg(hide = true)]
    args: Vec<String>,
    /// host/ruta=servicio:puerto[,tls[=secreto]]; se puede repetir.
    #[arg(long, value_name = "REGLA")]
    rule: Vec<String>,
    /// La clase de ingress.
    #[arg(long, value_name = "NOMBRE")]
    class: Option<String>,
    /// servicio:puerto para lo que ninguna regla dice.
    #[arg(long, value_name = "SERVICIO:PUERTO")]
    default_backend: Option<String>,
    /// Anotación clave=valor; se puede repetir.
    #[arg(long, value_name = "CLAVE=VALOR")]
    annotation: Vec<String>,
    #[command(flatten)]
    common: Common,
}

impl Verb for Ingress {
    const NAME: &'static str = "ingress";
    const ABOUT: &'static str = "Crea un Ingress: qué servicio responde a cada dirección";
    const USAGE: &'static str = "NOMBRE --rule=HOST/RUTA=SERVICIO:PUERTO[,tls[=SECRETO]]";
    const ALIASES: &'static [&'static str] = &["ing"];

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let mut metadata = metadata(one_name(&self.args, session)?);
        if self.rule.is_empty() && self.default_backend.is_none() {
            return Err(Failure::error(
                "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)",
            ));
        }
        for annotation in &self.annotation {
            for (key, value) in pairs(annotation)? {
                metadata["annotations"][key] = value;
            }
        }
        let object = json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": metadata,
            "spec": self.spec()?,
            "status": {"loadBalancer": {}},
        });
        let failed = "failed to create ingress:";
        self.common.make(Made { object, plural: "ingresses", namespaced: true, failed }, session).await
    }
}

impl Ingress {
    fn spec(&self) -> Outcome<Value> {
        let (mut rules, mut tls): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
        for text in &self.rule {
            add(text, &mut rules, &mut tls)?;
        }
        let mut spec = json!({});
        if let Some(class) = &self.class {
            spec["ingressClassName"] = class.as_str().into();
        }
        if let Some(text) = &self.default_backend {
            let wrong = || Failure::error("default-backend should be in format servicename:serviceport");
            let (service, port) = text.split_once(':').filter(|(_, port)| !port.contains(':')).ok_or_else(wrong)?;
            spec["defaultBackend"] = backend(service, port);
        }
        for (field, list) in [("rules", rules), ("tls", tls)] {
            if !list.is_empty() {
                spec[field] = list.into();
            }
        }
        Ok(spec)
    }
}

fn add(text: &str, rules: &mut Vec<Value>, tls: &mut Vec<Value>) -> Outcome {
    let wrong = || {
        Failure::error(format!(
            "rule {text} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]"
        ))
    };
    let found = Regex::new(RULE).ok().and_then(|rule| rule.captures(text)).ok_or_else(wrong)?;
    let host = &found["host"];
    let (path, kind) = match found["path"].strip_suffix('*') {
        Some(prefix) => (prefix, "Prefix"),
        None => (&found["path"], "Exact"),
    };
    let path = json!({"backend": backend(&found["service"], &found["port"]), "path": path, "pathType": kind});
    let same = |rule: &&mut Value| rule["host"].as_str().unwrap_or_default() == host;
    match rules.iter_mut().find(same).and_then(|rule| rule["http"]["paths"].as_array_mut()) {
        Some(paths) => paths.push(path),
        None => {
            let mut rule = json!({"http": {"paths": [path]}});
            if !host.is_empty() {
                rule["host"] = host.into();
            }
            rules.push(rule);
        }
    }
    if found.name("tls").is_some() {
        let mut entry = json!({});
        if !host.is_empty() {
            entry["hosts"] = json!([host]);
        }
        if let Some(secret) = found.name("secret") {
            entry["secretName"] = secret.as_str().into();
        }
        tls.push(entry);
    }
    Ok(())
}

fn backend(service: &str, port: &str) -> Value {
    let port = match port.parse::<u16>() {
        Ok(number) => json!({ "number": number }),
        Err(_) => json!({ "name": port }),
    };
    json!({"service": {"name": service, "port": port}})
}
