//! What a Service needs of the cluster's: an address of its own and node ports. Must not route anything.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::super::call::{self, Call};
use super::super::errors::{ApiError, ApiResult};
use super::super::{object, respond};
use crate::kinds::validate::FieldError;

/// Node ports (`--service-node-port-range`).
const PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;
/// Addresses at the start of the range that are only given when asked for (`ipallocator.calculateRangeOffset`).
const STATIC_BAND: u32 = 256;

/// What other services hold.
#[derive(Default)]
struct Taken {
    addresses: BTreeSet<String>,
    ports: BTreeSet<(i64, String)>,
}

/// Whether a write needs anything of this file.
pub(super) fn applies(call: &Call) -> bool {
    call.kind.kind == "Service" && call.kind.group.is_empty()
}

/// Fills in addresses and ports; the caller holds the allocation lock until the service is stored.
pub(super) fn allocate(call: &Call, service: &mut Value, old: Option<&Value>) -> ApiResult<()> {
    if !service["spec"].is_object() {
        return Ok(());
    }
    let taken = taken(call, object::name(service));
    if let Some(old) = old {
        carry_over(service, old);
    }
    drop_what_the_type_has_not(service, old);
    let mut errors = Vec::new();
    errors.extend(address(call, service, old, &taken));
    errors.extend(node_ports(call, service, old, &taken));
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(call.kind, object::name(service), &errors)) }
}

fn taken(call: &Call, except: &str) -> Taken {
    let mut taken = Taken::default();
    for record in call.server.store.list(&call::prefix(call.kind, ""), None, None).records {
        let own = record.meta.name() == except && record.meta.namespace() == call.request.namespace;
        let Some(service) = respond::parse(&record.value.bytes()).ok().filter(|_| !own) else { continue };
        let addresses = service["spec"]["clusterIPs"].as_array().into_iter().flatten();
        taken.addresses.extend(addresses.filter_map(|one| one.as_str().map(Into::into)));
        for port in service["spec"]["ports"].as_array().into_iter().flatten() {
            taken.ports.extend(port["nodePort"].as_i64().map(|number| (number, protocol(port))));
        }
    }
    taken
}

fn protocol(port: &Value) -> String {
    port["protocol"].as_str().unwrap_or("TCP").into()
}

fn kind_of(service: &Value) -> &str {
    object::text(service, &["spec", "type"])
}

fn has_node_ports(service: &Value) -> bool {
    match kind_of(service) {
        "NodePort" => true,
        "LoadBalancer" => service["spec"]["allocateLoadBalancerNodePorts"] != false,
        _ => false,
    }
}

/// What an update leaves out and its type still has stays as it was (`patchAllocatedValues`).
fn carry_over(service: &mut Value, old: &Value) {
    let both_have_addresses = kind_of(service) != "ExternalName" && kind_of(old) != "ExternalName";
    for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if both_have_addresses && service["spec"][field].is_null() && !old["spec"][field].is_null() {
            service["spec"][field] = old["spec"][field].clone();
        }
    }
    if !(has_node_ports(service) && has_node_ports(old)) {
        return;
    }
    let before = old["spec"]["ports"].as_array().cloned().unwrap_or_default();
    for port in object::items_mut(service, &["spec", "ports"]) {
        let same = |other: &&Value| other["port"] == port["port"] && protocol(other) == protocol(port);
        let number = before.iter().find(same).map(|other| other["nodePort"].clone()).unwrap_or_default();
        if port["nodePort"].is_null() && !number.is_null() {
            port["nodePort"] = number;
        }
    }
}

/// A change of type gives back what the new type has no use for, unless the client asked for it.
fn drop_what_the_type_has_not(service: &mut Value, old: Option<&Value>) {
    let Some(old) = old.filter(|old| kind_of(old) != kind_of(service)) else { return };
    let Some(spec) = service["spec"].as_object_mut() else { return };
    if spec.get("type").and_then(Value::as_str) == Some("ExternalName") {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            spec.remove(field);
        }
    }
    if !has_node_ports(service) && has_node_ports(old) {
        let before = old["spec"]["ports"].as_array().cloned().unwrap_or_default();
        for (port, other) in object::items_mut(service, &["spec", "ports"]).zip(&before) {
            if let (true, Some(port)) = (port["nodePort"] == other["nodePort"], port.as_object_mut()) {
                port.remove("nodePort");
            }
        }
    }
}

fn address(call: &Call, service: &mut Value, old: Option<&Value>, taken: &Taken) -> Option<FieldError> {
    if kind_of(service) == "ExternalName" {
        return None;
    }
    let wanted = object::text(service, &["spec", "clusterIP"]).to_owned();
    let chosen = match wanted.as_str() {
        "" => free_address(call, taken)?,
        "None" => wanted,
        _ if old.is_some_and(|old| object::text(old, &["spec", "clusterIP"]) == wanted) => wanted,
        // A changed address is refused by the kind's own validation.
        _ if old.is_some_and(|old| !object::text(old, &["spec", "clusterIP"]).is_empty()) => return None,
        _ => {
            if let Some(why) = refused_address(call, &wanted, taken) {
                let detail = format!("failed to allocate IP {wanted}: {why}");
                return Some(FieldError::invalid("spec.clusterIPs", json!([wanted]), detail));
            }
            wanted
        }
    };
    service["spec"]["clusterIPs"] = json!([chosen]);
    service["spec"]["clusterIP"] = chosen.into();
    for (field, value) in [("ipFamilies", json!(["IPv4"])), ("ipFamilyPolicy", json!("SingleStack"))] {
        if service["spec"][field].is_null() {
            service["spec"][field] = value;
        }
    }
    None
}

/// The first address of the services' range and how many there are.
fn range(call: &Call) -> Option<(u32, u32)> {
    let (base, bits) = call.server.service_cidr.split_once('/')?;
    let size = 1u32.checked_shl(32u32.checked_sub(bits.parse().ok()?)?)?;
    Some((u32::from(base.parse::<Ipv4Addr>().ok()?), size))
}

fn refused_address(call: &Call, wanted: &str, taken: &Taken) -> Option<String> {
    let address = wanted.parse::<Ipv4Addr>().ok()?;
    let (base, size) = range(call)?;
    if !(base + 1..base + size - 1).contains(&u32::from(address)) {
        let cidr = &call.server.service_cidr;
        return Some(format!("provided IP is not in the valid range. The range of valid IPs is {cidr}"));
    }
    taken.addresses.contains(wanted).then(|| "provided IP is already allocated".to_owned())
}

/// A free address drawn at random, above the band of those given by hand.
fn free_address(call: &Call, taken: &Taken) -> Option<String> {
    let (base, size) = range(call)?;
    let band = if size > 2 * STATIC_BAND { STATIC_BAND } else { 1 };
    let count = size.checked_sub(band + 1)?;
    let start = u32::try_from(call.server.names.below(usize::try_from(count).ok()?)).ok()?;
    let candidates = (0..count).map(|step| Ipv4Addr::from(base + band + (start + step) % count).to_string());
    candidates.into_iter().find(|address| !taken.addresses.contains(address))
}

fn node_ports(call: &Call, service: &mut Value, old: Option<&Value>, taken: &Taken) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !has_node_ports(service) {
        return errors;
    }
    let before: Vec<i64> = old.map(numbers).unwrap_or_default();
    let mut own = Taken::default();
    for (index, port) in object::items_mut(service, &["spec", "ports"]).enumerate() {
        let protocol = protocol(port);
        match port["nodePort"].as_i64().filter(|number| *number != 0) {
            Some(number) => {
                let clash = taken.ports.contains(&(number, protocol.clone())) && !before.contains(&number);
                if let Some(why) = refused_port(number, clash) {
                    errors.push(FieldError::invalid(format!("spec.ports[{index}].nodePort"), number, why));
                }
                own.ports.insert((number, protocol));
            }
            None => {
                if let Some(number) = free_port(call, taken, &own) {
                    port["nodePort"] = number.into();
                    own.ports.insert((number, protocol));
                }
            }
        }
    }
    errors
}

fn numbers(service: &Value) -> Vec<i64> {
    service["spec"]["ports"].as_array().into_iter().flatten().filter_map(|port| port["nodePort"].as_i64()).collect()
}

fn refused_port(number: i64, clash: bool) -> Option<String> {
    if !PORTS.contains(&number) {
        let (first, last) = (PORTS.start(), PORTS.end());
        return Some(format!("provided port is not in the valid range. The range of valid ports is {first}-{last}"));
    }
    clash.then(|| "provided port is already allocated".to_owned())
}

fn free_port(call: &Call, taken: &Taken, own: &Taken) -> Option<i64> {
    let used: BTreeSet<i64> = taken.ports.iter().chain(&own.ports).map(|(number, _)| *number).collect();
    let count = PORTS.end() - PORTS.start() + 1;
    let start = i64::try_from(call.server.names.below(usize::try_from(count).ok()?)).ok()?;
    (0..count).map(|step| PORTS.start() + (start + step) % count).find(|number| !used.contains(number))
}
