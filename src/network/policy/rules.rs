//! What the policies allow, as `networking.k8s.io/v1` defines it: a pod that no policy selects may everything; one that
//! is selected, only what some policy allows. Must not do IO.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::networking::v1::{IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

use crate::base::selector::Selector;
use crate::client::pod::Pod as Object;
use crate::network::dns;
use crate::network::table::Protocol;

type Labels = BTreeMap<String, String>;

/// Everything that decides.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pods: HashMap<IpAddr, Pod>,
    namespaces: HashMap<String, Labels>,
    policies: Vec<Arc<NetworkPolicy>>,
}

/// A pod as policies see it.
#[derive(Debug, Default)]
struct Pod {
    namespace: String,
    labels: Labels,
    /// Name, number and protocol of its ports.
    ports: Vec<(String, u16, Protocol)>,
}

/// Which way a packet goes, from the pod that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

/// The other end of a packet, and the port that it goes to.
#[derive(Clone, Copy)]
struct Packet<'a> {
    peer: IpAddr,
    pod: Option<&'a Pod>,
    to: SocketAddr,
    protocol: Protocol,
    /// Who names the port.
    target: Option<&'a Pod>,
}

impl Rules {
    pub(super) fn new(policies: &[Arc<NetworkPolicy>], pods: &[Arc<Object>], namespaces: &[Arc<Namespace>]) -> Self {
        let labels = |namespace: &Arc<Namespace>| (namespace.name_any(), namespace.labels().clone());
        let mut rules = Self {
            pods: pods.iter().filter_map(read).collect(),
            namespaces: namespaces.iter().map(labels).collect(),
            policies: policies.to_vec(),
        };
        // DNS is a part of Timonel, but policies know it as the pod that it is elsewhere.
        let named = [("k8s-app".to_owned(), "kube-dns".to_owned())].into();
        rules.pods.insert(dns::OWN, Pod { namespace: "kube-system".into(), labels: named, ports: Vec::new() });
        rules
    }

    pub(super) fn allow(&self, from: Option<IpAddr>, to: SocketAddr, protocol: Protocol) -> bool {
        let source = from.and_then(|ip| self.pods.get(&ip));
        let target = self.pods.get(&to.ip());
        if from == Some(to.ip()) {
            return true;
        }
        let packet = |peer: IpAddr, pod| Packet { peer, pod, to, protocol, target };
        let out = source.is_none_or(|own| self.allows(own, Way::Out, packet(to.ip(), target)));
        let inward = match (target, from, source) {
            // A node reaches its own pods: how else would it probe them?
            (None, ..) | (Some(_), Some(_), None) => true,
            (Some(own), ip, source) => {
                self.allows(own, Way::In, packet(ip.unwrap_or(Ipv4Addr::UNSPECIFIED.into()), source))
            }
        };
        out && inward
    }

    fn allows(&self, own: &Pod, way: Way, packet: Packet) -> bool {
        let mut selecting = self.policies.iter().filter(|policy| selects(policy, own, way)).peekable();
        selecting.peek().is_none() || selecting.any(|policy| self.permits(policy, own, way, packet))
    }

    fn permits(&self, policy: &NetworkPolicy, own: &Pod, way: Way, packet: Packet) -> bool {
        let Some(spec) = &policy.spec else { return false };
        let rule = |peers: Option<&[NetworkPolicyPeer]>, ports: Option<&[NetworkPolicyPort]>| {
            any_or_all(peers, |peer| self.is_peer(peer, &own.namespace, packet))
                && any_or_all(ports, |port| is_port(port, packet))
        };
        match way {
            Way::In => spec.ingress.iter().flatten().any(|it| rule(it.from.as_deref(), it.ports.as_deref())),
            Way::Out => spec.egress.iter().flatten().any(|it| rule(it.to.as_deref(), it.ports.as_deref())),
        }
    }

    fn is_peer(&self, peer: &NetworkPolicyPeer, namespace: &str, packet: Packet) -> bool {
        if let Some(block) = &peer.ip_block {
            return in_block(block, packet.peer);
        }
        let Some(pod) = packet.pod else { return false };
        let none = Labels::new();
        let in_namespace = match &peer.namespace_selector {
            Some(selector) => takes(selector, self.namespaces.get(&pod.namespace).unwrap_or(&none)),
            None => pod.namespace == namespace,
        };
        in_namespace && peer.pod_selector.as_ref().is_none_or(|selector| takes(selector, &pod.labels))
    }
}

/// Without a list everything counts.
fn any_or_all<T>(list: Option<&[T]>, is: impl Fn(&T) -> bool) -> bool {
    list.is_none_or(|list| list.is_empty() || list.iter().any(is))
}

fn selects(policy: &NetworkPolicy, pod: &Pod, way: Way) -> bool {
    let Some(spec) = policy.spec.as_ref().filter(|_| policy.namespace().as_deref() == Some(&pod.namespace)) else {
        return false;
    };
    let named = if way == Way::In { "Ingress" } else { "Egress" };
    let typed = match &spec.policy_types {
        Some(types) => types.iter().any(|kind| kind == named),
        None => way == Way::In || spec.egress.is_some(),
    };
    typed && spec.pod_selector.as_ref().is_none_or(|selector| takes(selector, &pod.labels))
}

fn takes(selector: &LabelSelector, labels: &Labels) -> bool {
    Selector::from_label_selector(selector).is_ok_and(|selector| selector.matches(labels))
}

fn is_port(port: &NetworkPolicyPort, packet: Packet) -> bool {
    let protocol = if port.protocol.as_deref() == Some("UDP") { Protocol::Udp } else { Protocol::Tcp };
    let number = i32::from(packet.to.port());
    protocol == packet.protocol
        && match &port.port {
            None => true,
            Some(IntOrString::Int(first)) => (*first..=port.end_port.unwrap_or(*first)).contains(&number),
            Some(IntOrString::String(name)) => {
                packet.target.is_some_and(|pod| pod.ports.contains(&(name.clone(), packet.to.port(), protocol)))
            }
        }
}

fn in_block(block: &IPBlock, ip: IpAddr) -> bool {
    let inside = |cidr: &String| in_range(cidr, ip).unwrap_or(false);
    inside(&block.cidr) && !block.except.iter().flatten().any(inside)
}

fn in_range(cidr: &str, ip: IpAddr) -> Option<bool> {
    let (first, bits) = cidr.split_once('/')?;
    let (IpAddr::V4(first), IpAddr::V4(ip)) = (first.parse::<IpAddr>().ok()?, ip) else { return None };
    let shift = 32_u32.checked_sub(bits.parse().ok()?)?;
    Some(u64::from(first.to_bits()) >> shift == u64::from(ip.to_bits()) >> shift)
}

fn read(object: &Arc<Object>) -> Option<(IpAddr, Pod)> {
    let status = object.status.as_ref()?;
    let over = matches!(status.phase.as_deref(), Some("Succeeded" | "Failed"));
    let ip = status.pod_ip.as_ref()?.parse().ok().filter(|_| !over)?;
    let containers = object.spec.iter().flat_map(|spec| &spec.containers);
    let ports = containers.flat_map(|container| container.ports.iter().flatten()).filter_map(|port| {
        let protocol = if port.protocol.as_deref() == Some("UDP") { Protocol::Udp } else { Protocol::Tcp };
        Some((port.name.clone()?, u16::try_from(port.container_port).ok()?, protocol))
    });
    let pod = Pod {
        namespace: object.namespace().unwrap_or_default(),
        labels: object.labels().clone(),
        ports: ports.collect(),
    };
    Some((ip, pod))
}

#[cfg(test)]
mod tests;
