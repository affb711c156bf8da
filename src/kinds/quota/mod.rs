//! What an object counts for in a `ResourceQuota`, and which objects a quota covers (`pkg/quota/v1/evaluator/core`).
//! Must not know what a namespace holds: who asks adds up.

mod pod;
mod scope;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::kind::Kind;
use super::show;
use crate::base::quantity::Quantity;
use crate::base::syntax;

pub use pod::unspecified;
pub use scope::covers;

/// Amounts by the names that quotas use (`pods`, `requests.cpu`, `count/deployments.apps`).
pub type Amounts = BTreeMap<String, Quantity>;

/// Names of core kinds that count their objects, also without `count/`.
const OBJECTS: &[&str] = &["configmaps", "replicationcontrollers", "resourcequotas", "secrets"];
const SERVICES: &[&str] = &["services", "services.loadbalancers", "services.nodeports"];
const CLAIMS: &[&str] = &["persistentvolumeclaims", "requests.storage"];
/// Between the name of a storage class and what is counted of it.
const OF_CLASS: &str = ".storageclass.storage.k8s.io/";

/// A kind by the names that paths use (`schema.GroupResource`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource<'a> {
    /// The API group; empty for the core.
    pub group: &'a str,
    /// The name in paths, as `pods`.
    pub plural: &'a str,
}

impl<'a> Resource<'a> {
    const fn core(plural: &'a str) -> Self {
        Self { group: "", plural }
    }

    /// `pods`, `deployments.apps`.
    #[must_use]
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}

impl From<&Kind> for Resource<'static> {
    fn from(kind: &Kind) -> Self {
        Self { group: kind.group, plural: kind.plural }
    }
}

/// Whose objects a name in a quota counts; `None` for names that nobody counts.
#[must_use]
pub fn counted(name: &str) -> Option<Resource<'_>> {
    if let Some(qualified) = name.strip_prefix("count/") {
        let (plural, group) = qualified.split_once('.').unwrap_or((qualified, ""));
        return Some(Resource { group, plural });
    }
    let of_class = name.rsplit_once(OF_CLASS).map_or(name, |(_, rest)| rest);
    match name {
        _ if CLAIMS.contains(&of_class) => Some(Resource::core("persistentvolumeclaims")),
        _ if pod::counts(name) => Some(Resource::core("pods")),
        _ if SERVICES.contains(&name) => Some(Resource::core("services")),
        _ if OBJECTS.contains(&name) => Some(Resource::core(name)),
        _ => None,
    }
}

/// What one object counts for. A pod that has ended, or should be gone, counts for nothing but its object.
#[must_use]
pub fn usage(of: Resource<'_>, object: &Value, now: Timestamp) -> Amounts {
    let one = Quantity::from_value(1);
    let mut amounts = Amounts::from([(format!("count/{}", of.qualified()), one)]);
    match (of.group, of.plural) {
        ("", "pods") if !pod::is_charged(object, now) => {}
        ("", "pods") => {
            amounts.insert("pods".to_owned(), one);
            amounts.extend(pod::compute(&object["spec"]));
        }
        ("", "services") => amounts.extend(service(&object["spec"])),
        ("", "persistentvolumeclaims") => amounts.extend(claim(object)),
        ("", plural) if OBJECTS.contains(&plural) => drop(amounts.insert(plural.to_owned(), one)),
        _ => {}
    }
    amounts
}

fn service(spec: &Value) -> Amounts {
    let ports = show::list(&spec["ports"]);
    let stated = || ports.iter().filter(|port| port["nodePort"].as_i64().unwrap_or_default() != 0).count();
    let balanced = spec["type"] == "LoadBalancer";
    // Those of a load balancer are drawn later: what counts is whether they will be.
    let node_ports = match spec["type"].as_str() {
        Some("LoadBalancer") if spec["allocateLoadBalancerNodePorts"] == false => stated(),
        Some("LoadBalancer" | "NodePort") => ports.len(),
        _ => 0,
    };
    let count = |count: usize| Quantity::from_value(i64::try_from(count).unwrap_or(i64::MAX));
    let amounts =
        [("services", 1), ("services.loadbalancers", usize::from(balanced)), ("services.nodeports", node_ports)];
    amounts.map(|(name, amount)| (name.to_owned(), count(amount))).into()
}

fn claim(object: &Value) -> Amounts {
    let requested = quantity(&object["spec"]["resources"]["requests"]["storage"]);
    let allocated = quantity(&object["status"]["allocatedResources"]["storage"]);
    let storage = requested.map(|requested| Quantity::max(requested, allocated.unwrap_or_default()));
    let mut amounts = Amounts::from([(CLAIMS[0].to_owned(), Quantity::from_value(1))]);
    amounts.extend(storage.map(|storage| (CLAIMS[1].to_owned(), storage)));
    let class = object["metadata"]["annotations"]["volume.beta.kubernetes.io/storage-class"].as_str();
    let class = class.or(object["spec"]["storageClassName"].as_str()).unwrap_or_default();
    if !class.is_empty() {
        let of_class: Amounts =
            amounts.iter().map(|(name, amount)| (format!("{class}{OF_CLASS}{name}"), *amount)).collect();
        amounts.extend(of_class);
    }
    amounts
}

fn quantity(value: &Value) -> Option<Quantity> {
    Quantity::parse(value.as_str()?).ok()
}

/// The limits that a quota sets.
#[must_use]
pub fn hard(quota: &Value) -> Amounts {
    let pairs = quota["spec"]["hard"].as_object().into_iter().flatten();
    pairs.filter_map(|(name, amount)| Some((name.clone(), quantity(amount)?))).collect()
}

/// Adds amounts of the names that are already there.
pub fn add(total: &mut Amounts, amounts: &Amounts) {
    for (name, sum) in total {
        if let Some(amount) = amounts.get(name) {
            *sum = *sum + *amount;
        }
    }
}

/// Whether a resource is one of an add-on (`nvidia.com/gpu`).
fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/") && syntax::label_key(name).is_empty()
}
