//! Whether a node takes a pod that somebody put there (kubelet `predicateAdmitHandler`): who names a node asks no
//! scheduler. Must not remember anything.

use crate::client::host_ports::HostPort;
use crate::client::pod::Pod;
use crate::client::pods::is_terminal;

/// Whether a pod asks for anything that only one may have.
pub(crate) fn asks(pod: &Pod) -> bool {
    host_ports(pod).next().is_some()
}

/// Why the node refuses a pod beside those that it has: the reason, and what the event says.
pub(crate) fn refusal<'a>(pod: &Pod, others: impl Iterator<Item = &'a Pod>) -> Option<(&'static str, String)> {
    let wanted: Vec<HostPort> = host_ports(pod).collect();
    let taken = |other: &Pod| host_ports(other).any(|port| wanted.iter().any(|own| own.clashes(&port)));
    let clash = others.filter(|other| !is_terminal(other)).any(taken);
    clash.then(|| ("NodePorts", "Predicate NodePorts failed".to_owned()))
}

/// What a refused pod's status says beside the event.
pub(crate) fn told(message: &str) -> String {
    format!("Pod was rejected: {message}")
}

fn host_ports(pod: &Pod) -> impl Iterator<Item = HostPort> {
    pod.spec.iter().flat_map(|spec| HostPort::of(spec))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(port: serde_json::Value, phase: &str) -> Pod {
        let spec = json!({ "containers": [{ "name": "c", "ports": [port] }] });
        serde_json::from_value(json!({ "spec": spec, "status": { "phase": phase } })).unwrap()
    }

    #[test]
    fn a_port_of_the_node_is_taken_once() {
        let on = |port: i32, ip: &str, phase: &str| {
            pod(json!({ "containerPort": 80, "hostPort": port, "hostIP": ip, "protocol": "TCP" }), phase)
        };
        let (first, none) = (on(8080, "", "Running"), pod(json!({ "containerPort": 80 }), "Running"));
        let refused = |wanted: &Pod, other: &Pod| refusal(wanted, std::iter::once(other)).map(|(reason, _)| reason);
        assert_eq!(refused(&on(8080, "127.0.0.1", "Pending"), &first), Some("NodePorts"));
        assert_eq!(refused(&on(8081, "", "Pending"), &first), None);
        assert_eq!(refused(&on(8080, "", "Pending"), &on(8080, "", "Succeeded")), None, "it has given it back");
        assert_eq!(refused(&on(8080, "127.0.0.2", "Pending"), &on(8080, "127.0.0.1", "Running")), None);
        assert_eq!(refused(&none, &first), None);
        assert_eq!(told("Predicate NodePorts failed"), "Pod was rejected: Predicate NodePorts failed");
    }
}
