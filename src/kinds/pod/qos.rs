//! The quality of service of a pod (`ComputePodQOS`): who is evicted first when a node runs short.
//! Must not change anything.

use serde_json::Value;

use crate::base::quantity::Quantity;
use crate::kinds::show;

const COUNTED: &[&str] = &["cpu", "memory"];

/// `Guaranteed`, `Burstable` or `BestEffort`.
pub(in crate::kinds) fn class(spec: &Value) -> &'static str {
    let lists = ["containers", "initContainers"].map(|name| show::list(&spec[name]));
    let containers: Vec<&Value> = lists.into_iter().flatten().map(|container| &container["resources"]).collect();
    let asks = |resources: &&Value| {
        ["requests", "limits"].iter().any(|side| COUNTED.iter().any(|name| amount(resources, side, name).is_some()))
    };
    if !containers.iter().any(asks) {
        "BestEffort"
    } else if containers.iter().all(|resources| is_fixed(resources)) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

/// Whether every counted resource is requested up to its limit.
fn is_fixed(resources: &Value) -> bool {
    COUNTED.iter().all(|name| {
        let limit = amount(resources, "limits", name);
        limit.is_some() && amount(resources, "requests", name).is_none_or(|request| Some(request) == limit)
    })
}

fn amount(resources: &Value, side: &str, name: &str) -> Option<Quantity> {
    let quantity = Quantity::parse(resources[side][name].as_str()?).ok()?;
    (!quantity.is_zero()).then_some(quantity)
}
