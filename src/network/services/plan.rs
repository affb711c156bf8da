//! Which doors a service has on this machine. Must not open them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::base::net::door_of;
use crate::network::table::{Name, Node, Port, Protocol, Service};

/// A place where something can listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) at: SocketAddr,
    pub(crate) protocol: Protocol,
}

/// A way into a service from this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Door {
    pub(crate) place: Place,
    pub(crate) service: Name,
    /// Name of the service's port.
    pub(crate) port: String,
    pub(super) kind: Kind,
    /// The node whose door it is, with its address; none for the whole cluster's.
    pub(super) node: Option<(String, IpAddr)>,
}

/// Why there is a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    NodePort,
    Balancer,
    /// A ClusterIP, where this machine is the one that has it.
    Cluster,
}

/// The doors of a service: for each port with somebody behind it, its NodePort on 127.0.0.1 and on every worker's own
/// address, and its port on the addresses of the load balancer. A door with nobody behind it stays shut, so that it
/// refuses as kube-proxy's rules do.
pub(super) fn doors(service: &Service, nodes: &[Node]) -> Vec<Door> {
    let open = service.ports.iter().filter(|port| port.has_somebody());
    open.flat_map(|port| node_doors(service, port, nodes).into_iter().chain(balancer_doors(service, port))).collect()
}

/// The doors of a service inside the pods' network, for each port with somebody behind it: at its ClusterIPs, and its
/// NodePort at the nodes' own addresses.
pub(crate) fn inner_doors(service: &Service, nodes: &[Node]) -> Vec<Door> {
    let open = service.ports.iter().filter(|port| port.has_somebody());
    open.flat_map(|port| {
        let at = |ip: &IpAddr| door(service, port, Kind::Cluster, SocketAddr::new(*ip, port.port));
        let of_node = |node: &Node| {
            let at = SocketAddr::new(node.address?, port.node_port?);
            Some(node_door(service, port, node, at))
        };
        service.addresses.iter().map(at).chain(nodes.iter().filter_map(of_node)).collect::<Vec<_>>()
    })
    .collect()
}

fn node_doors(service: &Service, port: &Port, nodes: &[Node]) -> Vec<Door> {
    let Some(number) = port.node_port else { return Vec::new() };
    let whole = door(service, port, Kind::NodePort, SocketAddr::from((Ipv4Addr::LOCALHOST, number)));
    let of_node = |node: &Node| {
        let own = node.address?;
        Some(node_door(service, port, node, SocketAddr::new(door_of(own)?, number)))
    };
    std::iter::once(whole.clone()).chain(nodes.iter().filter_map(of_node)).collect()
}

/// Only loopback addresses are this machine's to give.
fn balancer_doors<'a>(service: &'a Service, port: &'a Port) -> impl Iterator<Item = Door> + 'a {
    let addresses = service.outside.iter().filter(|ip| ip.is_loopback());
    addresses.map(|ip| door(service, port, Kind::Balancer, SocketAddr::new(*ip, port.port)))
}

fn node_door(service: &Service, port: &Port, node: &Node, at: SocketAddr) -> Door {
    let own = node.address.map(|address| (node.name.clone(), address));
    Door { node: own, ..door(service, port, Kind::NodePort, at) }
}

fn door(service: &Service, port: &Port, kind: Kind, at: SocketAddr) -> Door {
    let place = Place { at, protocol: port.protocol };
    Door { place, service: service.name.clone(), port: port.name.clone(), kind, node: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::table::service::Endpoint;

    fn service(ready: bool) -> Service {
        let at = "10.244.1.2:8080".parse().unwrap();
        let endpoints = vec![Endpoint { at, node: "worker-1".into(), ready, serving_out: false }];
        let port = Port { port: 80, node_port: Some(30_080), endpoints, ..Port::default() };
        let outside = vec!["127.8.0.1".parse().unwrap(), "192.0.2.1".parse().unwrap()];
        Service { ports: vec![port], outside, ..Service::default() }
    }

    #[test]
    fn pods_come_in_by_the_cluster_ip_and_by_the_nodes_own_addresses() {
        let service = Service { addresses: vec!["10.96.3.4".parse().unwrap()], ..service(true) };
        let doors = inner_doors(&service, &nodes(2));
        let places: Vec<String> = doors.iter().map(|door| door.place.at.to_string()).collect();
        assert_eq!(places, ["10.96.3.4:80", "192.168.0.1:30080", "192.168.0.2:30080"]);
        let owners: Vec<_> = doors.iter().map(|door| door.node.as_ref().map(|(name, _)| &**name)).collect();
        assert_eq!(owners, [None, Some("worker-1"), Some("worker-2")]);
    }

    fn nodes(count: u8) -> Vec<Node> {
        let node = |number: u8| {
            let address = Some([192, 168, 0, number].into());
            Node { name: format!("worker-{number}"), address, pods: None }
        };
        (1..=count).map(node).collect()
    }

    fn places(service: &Service, count: u8) -> Vec<String> {
        doors(service, &nodes(count)).iter().map(|door| door.place.at.to_string()).collect()
    }

    #[test]
    fn a_service_with_somebody_behind_it_has_doors_everywhere() {
        let expected = ["127.0.0.1:30080", "127.0.1.1:30080", "127.0.1.2:30080", "127.8.0.1:80"];
        assert_eq!(places(&service(true), 2), expected);
        assert_eq!(places(&service(true), 200).len(), 1 + 32 + 1, "so many workers have no address each");
    }

    #[test]
    fn with_nobody_behind_it_every_door_is_shut() {
        assert!(places(&service(false), 2).is_empty());
    }
}
