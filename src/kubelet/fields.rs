//! The downward API: fields of the pod and resources of its containers as text. Must not do IO.

use std::collections::BTreeMap;
use std::net::IpAddr;

use k8s_openapi::api::core::v1::Container;
use kube::ResourceExt;

use super::pod::spec;
use crate::base::quantity::Quantity;
use crate::client::pod::Pod;

/// The node's allocatable, which stands for limits that are not set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    pub(crate) cpu: Quantity,
    pub(crate) memory: Quantity,
}

/// A `fieldRef`: the field's text, or why there is none.
pub(crate) fn field(pod: &Pod, path: &str, (ip, host_ip): (Option<IpAddr>, IpAddr)) -> Result<String, String> {
    if let Some((map, key)) = subscript(path) {
        let values = if map == "metadata.labels" { pod.labels() } else { pod.annotations() };
        return Ok(values.get(key).cloned().unwrap_or_default());
    }
    let id = spec::id(pod);
    Ok(match path {
        "metadata.name" => id.name,
        "metadata.namespace" => id.namespace,
        "metadata.uid" => id.uid,
        "metadata.labels" => quoted(pod.labels()),
        "metadata.annotations" => quoted(pod.annotations()),
        "spec.nodeName" => id.node,
        "spec.serviceAccountName" => spec::spec(pod).service_account_name.clone().unwrap_or_default(),
        "status.hostIP" | "status.hostIPs" => host_ip.to_string(),
        "status.podIP" | "status.podIPs" => ip.map(|ip| ip.to_string()).unwrap_or_default(),
        _ => return Err(format!("unsupported fieldPath: {path}")),
    })
}

/// `metadata.labels['key']` as its map and key.
fn subscript(path: &str) -> Option<(&str, &str)> {
    let (map, key) = path.strip_suffix("']")?.split_once("['")?;
    matches!(map, "metadata.labels" | "metadata.annotations").then_some((map, key))
}

/// A map as the downward API writes it: a line `key="value"` each.
fn quoted(map: &BTreeMap<String, String>) -> String {
    map.iter().map(|(key, value)| format!("{key}={value:?}")).collect::<Vec<_>>().join("\n")
}

/// A `resourceFieldRef`: the value divided, rounded up.
pub(crate) fn resource(
    container: &Container,
    name: &str,
    divisor: Option<&str>,
    node: &Node,
) -> Result<String, String> {
    let resources = container.resources.clone().unwrap_or_default();
    let (kind, resource) = name.split_once('.').unwrap_or(("", name));
    let map = if kind == "requests" { resources.requests } else { resources.limits };
    let set = map.unwrap_or_default().get(resource).and_then(|value| Quantity::parse(&value.0).ok());
    let divisor = divisor.and_then(|text| Quantity::parse(text).ok()).filter(|it| it.milli() > 0);
    match resource {
        "cpu" => {
            let value = set.unwrap_or_else(|| if kind == "limits" { node.cpu } else { Quantity::default() });
            Ok(divide(value.milli(), divisor.map_or(1_000, |it| it.milli())))
        }
        "memory" | "ephemeral-storage" => {
            let value = set.unwrap_or_else(|| if kind == "limits" { node.memory } else { Quantity::default() });
            Ok(divide(value.value(), divisor.map_or(1, |it| it.value())))
        }
        _ => Err(format!("unsupported container resource : {name}")),
    }
}

fn divide(value: i64, by: i64) -> String {
    let by = by.max(1);
    (value / by + i64::from(value % by > 0)).to_string()
}
