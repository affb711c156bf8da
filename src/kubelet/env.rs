//! A container's environment, resolved as the kubelet does: service links, envFrom, env, `$(VAR)`. Must not do IO.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container, EnvVar, EnvVarSource, ResourceFieldSelector, Service};
use kube::ResourceExt;

use super::fields;
use super::pod::spec;
use super::sources::{Sources, Wanted};
use crate::client::pod::Pod;

/// What the environment follows from besides the pod.
pub(crate) struct Facts<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) ip: IpAddr,
    pub(crate) host_ip: IpAddr,
    pub(crate) sources: &'a Sources,
    /// Services of the pod's namespace, and `kubernetes` of `default`.
    pub(crate) services: &'a [Arc<Service>],
    /// The node's allocatable, which stands for a limit that is not set.
    pub(crate) node: &'a fields::Node,
}

/// Names of the ConfigMaps and Secrets that a container's environment refers to.
pub(crate) fn wanted(container: &Container) -> Wanted {
    let mut wanted = Wanted::default();
    for from in container.env_from.iter().flatten() {
        wanted.config_maps.extend(from.config_map_ref.iter().map(|it| it.name.clone()));
        wanted.secrets.extend(from.secret_ref.iter().map(|it| it.name.clone()));
    }
    for source in container.env.iter().flatten().filter_map(|variable| variable.value_from.as_ref()) {
        wanted.config_maps.extend(source.config_map_key_ref.iter().map(|it| it.name.clone()));
        wanted.secrets.extend(source.secret_key_ref.iter().map(|it| it.name.clone()));
    }
    wanted
}

/// The environment in order, or the message of `CreateContainerConfigError`.
pub(crate) fn resolve(container: &Container, facts: &Facts) -> Result<Vec<(String, String)>, String> {
    let mut env = Env::default();
    let links = spec::spec(facts.pod).enable_service_links.unwrap_or(true);
    for service in facts.services {
        if links || service.name_any() == "kubernetes" {
            service_links(service, &mut env);
        }
    }
    for from in container.env_from.iter().flatten() {
        let prefix = from.prefix.as_deref().unwrap_or_default();
        let optional = |it: Option<bool>| it.unwrap_or(false);
        if let Some(reference) = &from.config_map_ref {
            let data = config_map(facts, &reference.name, optional(reference.optional))?;
            data.into_iter().for_each(|(key, value)| env.set(&format!("{prefix}{key}"), value));
        }
        if let Some(reference) = &from.secret_ref {
            let data = secret(facts, &reference.name, optional(reference.optional))?;
            data.into_iter().for_each(|(key, value)| env.set(&format!("{prefix}{key}"), value));
        }
    }
    for variable in container.env.iter().flatten() {
        if let Some(value) = value(container, variable, facts, &env)? {
            env.set(&variable.name, value);
        }
    }
    // It stays as long as the container.
    env.0.shrink_to_fit();
    Ok(env.0)
}

/// Replaces `$(NAME)` by what `lookup` knows; `$$(NAME)` stays as `$(NAME)`, unknown ones stay as they are.
pub(crate) fn expand(text: &str, lookup: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, dollar) = rest.split_at(at);
        out.push_str(before);
        let after = &dollar[1..];
        if let Some(escaped) = after.strip_prefix('$') {
            out.push('$');
            rest = escaped;
        } else if let Some((name, tail)) = after.strip_prefix('(').and_then(|it| it.split_once(')')) {
            out.push_str(&lookup(name).unwrap_or_else(|| format!("$({name})")));
            rest = tail;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out + rest
}

/// Variables in the order in which they were first set.
#[derive(Default)]
struct Env(Vec<(String, String)>);

impl Env {
    fn set(&mut self, name: &str, value: String) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.into(), value)),
        }
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

fn value(container: &Container, variable: &EnvVar, facts: &Facts, env: &Env) -> Result<Option<String>, String> {
    match &variable.value_from {
        None => Ok(Some(expand(variable.value.as_deref().unwrap_or_default(), |name| env.get(name)))),
        Some(source) => value_from(container, source, facts),
    }
}

fn value_from(container: &Container, source: &EnvVarSource, facts: &Facts) -> Result<Option<String>, String> {
    if let Some(field) = &source.field_ref {
        let addresses = (Some(facts.ip), facts.host_ip);
        return fields::field(facts.pod, &field.field_path, addresses).map(Some);
    }
    if let Some(ResourceFieldSelector { container_name, divisor, resource }) = &source.resource_field_ref {
        let other = container_name.as_deref().and_then(|name| spec::container(facts.pod, name));
        let divisor = divisor.as_ref().map(|it| it.0.as_str());
        return fields::resource(other.unwrap_or(container), resource, divisor, facts.node).map(Some);
    }
    let (kind, name, key, optional, data) = if let Some(it) = &source.config_map_key_ref {
        let optional = it.optional.unwrap_or(false);
        ("ConfigMap", &it.name, &it.key, optional, config_map(facts, &it.name, optional)?)
    } else if let Some(it) = &source.secret_key_ref {
        let optional = it.optional.unwrap_or(false);
        ("Secret", &it.name, &it.key, optional, secret(facts, &it.name, optional)?)
    } else {
        return Ok(None);
    };
    match data.get(key) {
        Some(value) => Ok(Some(value.clone())),
        None if optional => Ok(None),
        None => Err(format!("couldn't find key {key} in {kind} {}/{name}", spec::id(facts.pod).namespace)),
    }
}

fn config_map(facts: &Facts, name: &str, optional: bool) -> Result<BTreeMap<String, String>, String> {
    match facts.sources.config_maps.get(name).cloned().flatten() {
        Some(map) => Ok(map.data.clone().unwrap_or_default()),
        None if optional => Ok(BTreeMap::new()),
        None => Err(format!("configmap \"{name}\" not found")),
    }
}

fn secret(facts: &Facts, name: &str, optional: bool) -> Result<BTreeMap<String, String>, String> {
    let text = |data: &[u8]| String::from_utf8_lossy(data).into_owned();
    match facts.sources.secrets.get(name).cloned().flatten() {
        Some(secret) => Ok(secret.data.iter().flatten().map(|(key, data)| (key.clone(), text(&data.0))).collect()),
        None if optional => Ok(BTreeMap::new()),
        None => Err(format!("secret \"{name}\" not found")),
    }
}

/// The variables that announce a service, in the old style of Docker links.
fn service_links(service: &Service, env: &mut Env) {
    let spec = service.spec.clone().unwrap_or_default();
    let ports = spec.ports.unwrap_or_default();
    let (Some(ip), Some(first)) = (spec.cluster_ip.filter(|ip| !ip.is_empty() && ip != "None"), ports.first()) else {
        return;
    };
    let name = service.name_any().to_uppercase().replace('-', "_");
    env.set(&format!("{name}_SERVICE_HOST"), ip.clone());
    env.set(&format!("{name}_SERVICE_PORT"), first.port.to_string());
    for port in &ports {
        if let Some(port_name) = port.name.as_deref().filter(|it| !it.is_empty()) {
            env.set(
                &format!("{name}_SERVICE_PORT_{}", port_name.to_uppercase().replace('-', "_")),
                port.port.to_string(),
            );
        }
    }
    for (index, port) in ports.iter().enumerate() {
        let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".into());
        let url = format!("{}://{ip}:{}", protocol.to_lowercase(), port.port);
        let prefix = format!("{name}_PORT_{}_{protocol}", port.port);
        if index == 0 {
            env.set(&format!("{name}_PORT"), url.clone());
        }
        env.set(&prefix, url);
        env.set(&format!("{prefix}_PROTO"), protocol.to_lowercase());
        env.set(&format!("{prefix}_PORT"), port.port.to_string());
        env.set(&format!("{prefix}_ADDR"), ip.clone());
    }
}

#[cfg(test)]
mod tests;
