//! What the engine is asked for, from what the kubelet wants: pure translations. Must not talk to the engine.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HostConfig, HostConfigLogConfig, NetworkingConfig,
    PortBinding, PortMap, VolumeCreateRequest,
};

use super::bare::Shared;
use super::images::Served;
use super::labels;
use super::volumes::Sources;
use crate::kubelet::runtime::{ContainerSpec, HostPort, PodId, Resources, SandboxSpec, VolumeSource};

/// The engine's own smallest share of a processor, in billionths.
const LEAST_NANO_CPUS: i64 = 10_000_000;
/// Where the pause container sees a pod's empty volumes, to open them to every user.
pub(super) const OPENED: &str = "/volumes";

/// The pause container of a pod: owner of its network, its address, its host name and its ports.
pub(super) fn sandbox(
    cluster: &str,
    network: &str,
    image: &str,
    spec: &SandboxSpec,
    shared: &Shared,
) -> ContainerCreateBody {
    let mut labels = labels::of_pod(cluster, &spec.pod, labels::PAUSE);
    labels.insert(labels::VOLUMES.into(), serde_json::json!(shared.volumes).to_string());
    labels.insert(labels::EMPTY.into(), serde_json::json!(empty_names(spec, &shared.volumes)).to_string());
    let binds = empty_binds(spec, &shared.volumes);
    let opened = (0..binds.len()).map(|index| format!("{OPENED}/{index}")).collect();
    let body = ContainerCreateBody {
        image: Some(image.into()),
        cmd: Some(opened),
        labels: Some(labels),
        exposed_ports: Some(spec.host_ports.iter().map(port_name).collect()),
        host_config: Some(HostConfig {
            ipc_mode: Some("shareable".into()),
            // Only our own program runs in it: it cuts the pod off from another worker when it is told to.
            cap_add: Some(vec!["NET_ADMIN".into()]),
            port_bindings: Some(port_bindings(&spec.host_ports)),
            binds: Some(binds),
            log_config: Some(log_config()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    owner(body, network, shared)
}

/// A container that owns its pod's network, address, names and labels; of labels, our own have the last word.
fn owner(body: ContainerCreateBody, network: &str, shared: &Shared) -> ContainerCreateBody {
    let mut labels = shared.labels.clone().into_iter().collect::<labels::Labels>();
    labels.extend(body.labels.unwrap_or_default());
    ContainerCreateBody {
        hostname: Some(shared.hostname.clone()),
        labels: Some(labels),
        host_config: Some(HostConfig {
            network_mode: Some(network.into()),
            extra_hosts: Some(extra_hosts(&shared.hosts)),
            dns: Some(shared.dns.servers.iter().map(ToString::to_string).collect()),
            dns_search: Some(shared.dns.searches.clone()),
            dns_options: Some(shared.dns.options.clone()),
            ..body.host_config.unwrap_or_default()
        }),
        networking_config: Some(address(network, &shared.ip.to_string())),
        ..body
    }
}

/// The only container of a pod, without a pause container: it says for a restart of ours what the pod was promised.
pub(super) fn alone(mut body: ContainerCreateBody, network: &str, shared: &Shared) -> ContainerCreateBody {
    body.labels.get_or_insert_default().insert(labels::SANDBOX.into(), shared.written());
    owner(body, network, shared)
}

/// A container of a pod, in the namespaces of its pause container.
pub(super) fn beside_pause(mut body: ContainerCreateBody, pod: &PodId) -> ContainerCreateBody {
    let pause = Some(format!("container:{}", labels::pause_name(pod)));
    let host = body.host_config.get_or_insert_default();
    (host.network_mode, host.ipc_mode) = (pause.clone(), pause);
    body
}

/// Our own program in the network namespace of another container, with the right to change it; it ends by itself.
pub(super) fn route(cluster: &str, image: &str, beside: &str, args: &[&str]) -> ContainerCreateBody {
    let labels = [(labels::CLUSTER, cluster), (labels::ROLE, labels::ROUTE)];
    ContainerCreateBody {
        image: Some(image.into()),
        entrypoint: Some(["/timonel", "guest"].iter().chain(args).map(ToString::to_string).collect()),
        labels: Some(labels.map(|(key, value)| (key.into(), value.into())).into()),
        host_config: Some(HostConfig {
            network_mode: Some(format!("container:{beside}")),
            cap_add: Some(vec!["NET_ADMIN".into()]),
            log_config: Some(log_config()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

/// The container of the service proxy: its program's two arguments are the range of ClusterIPs and its own address.
pub(super) fn proxy(
    cluster: &str,
    network: &str,
    image: &str,
    hash: &str,
    [services, own]: [&str; 2],
) -> ContainerCreateBody {
    let labels = [(labels::CLUSTER, cluster), (labels::ROLE, labels::PROXY), (labels::HASH, hash)];
    ContainerCreateBody {
        image: Some(image.into()),
        cmd: Some(vec![services.into(), own.into()]),
        open_stdin: Some(true),
        labels: Some(labels.map(|(key, value)| (key.into(), value.into())).into()),
        host_config: Some(HostConfig {
            network_mode: Some(network.into()),
            cap_add: Some(vec!["NET_ADMIN".into()]),
            log_config: Some(log_config()),
            ..HostConfig::default()
        }),
        networking_config: Some(address(network, own)),
        ..ContainerCreateBody::default()
    }
}

fn empty_binds(spec: &SandboxSpec, volumes: &Sources) -> Vec<String> {
    let names = empty_names(spec, volumes).into_iter().filter_map(|name| volumes.get(name));
    names.enumerate().map(|(index, name)| format!("{name}:{OPENED}/{index}")).collect()
}

/// The pod's names of its empty volumes.
fn empty_names<'a>(spec: &'a SandboxSpec, volumes: &Sources) -> Vec<&'a str> {
    let empty = spec.volumes.iter().filter(|volume| matches!(volume.source, VolumeSource::Empty { .. }));
    empty.map(|volume| volume.name.as_str()).filter(|name| volumes.contains_key(*name)).collect()
}

fn address(network: &str, ip: &str) -> NetworkingConfig {
    let ipam = EndpointIpamConfig { ipv4_address: Some(ip.into()), ..EndpointIpamConfig::default() };
    let endpoint = EndpointSettings { ipam_config: Some(ipam), ..EndpointSettings::default() };
    NetworkingConfig { endpoints_config: Some(HashMap::from([(network.into(), endpoint)])) }
}

fn port_name(port: &HostPort) -> String {
    format!("{}/{}", port.container_port, if port.udp { "udp" } else { "tcp" })
}

fn port_bindings(ports: &[HostPort]) -> PortMap {
    let mut bindings = PortMap::new();
    for port in ports {
        let host_ip = port.host_ip.unwrap_or(Ipv4Addr::LOCALHOST.into()).to_string();
        let binding = PortBinding { host_ip: Some(host_ip), host_port: Some(port.host_port.to_string()) };
        bindings.entry(port_name(port)).or_default().get_or_insert_default().push(binding);
    }
    bindings
}

fn extra_hosts(lines: &[(IpAddr, Vec<String>)]) -> Vec<String> {
    lines.iter().flat_map(|(ip, names)| names.iter().map(move |name| format!("{name}:{ip}"))).collect()
}

/// Logs that the engine can give back, bounded as the kubelet bounds them (`containerLogMaxSize`, `containerLogMaxFiles`).
fn log_config() -> HostConfigLogConfig {
    let bounds = [("max-size", "10m"), ("max-file", "5")];
    let config = bounds.into_iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    HostConfigLogConfig { typ: Some("json-file".into()), config: Some(config) }
}

/// A container of a pod, wherever its network is: [`alone`] or [`beside_pause`] say that.
pub(super) fn container(
    cluster: &str,
    spec: &ContainerSpec,
    served: &Served,
    cpus: i64,
    binds: Vec<String>,
) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(served.image.clone()),
        entrypoint: some_if_any(&spec.command),
        cmd: some_if_any(&spec.args),
        env: Some(environment(spec, served)),
        working_dir: Some(spec.working_dir.clone()).filter(|folder| !folder.is_empty()),
        user: Some(spec.user.clone()).filter(|user| !user.is_empty()),
        tty: Some(spec.tty),
        open_stdin: Some(spec.stdin),
        stdin_once: Some(spec.stdin_once),
        labels: Some(container_labels(cluster, spec)),
        host_config: Some(HostConfig {
            binds: Some(binds),
            log_config: Some(log_config()),
            ..limits(&spec.resources, cpus)
        }),
        ..ContainerCreateBody::default()
    }
}

fn some_if_any(words: &[String]) -> Option<Vec<String>> {
    (!words.is_empty()).then(|| words.to_vec())
}

/// The spec's environment; our own program is also told where it is, and of which image.
fn environment(spec: &ContainerSpec, served: &Served) -> Vec<String> {
    let PodId { name, namespace, node, .. } = &spec.pod;
    let told = [
        ("TIMONEL_IMAGE", &spec.image),
        ("TIMONEL_POD", name),
        ("TIMONEL_NAMESPACE", namespace),
        ("TIMONEL_NODE", node),
    ];
    let told = told.into_iter().filter(|_| served.guest).map(|(name, value)| format!("{name}={value}"));
    told.chain(spec.env.iter().map(|(name, value)| format!("{name}={value}"))).collect()
}

fn container_labels(cluster: &str, spec: &ContainerSpec) -> labels::Labels {
    let mut labels = labels::of_pod(cluster, &spec.pod, labels::CONTAINER);
    let own = [
        (labels::CONTAINER_NAME, spec.name.clone()),
        (labels::ATTEMPT, spec.attempt.to_string()),
        (labels::HASH, spec.hash.clone()),
        (labels::IMAGE, spec.image.clone()),
        (labels::MESSAGE_FROM_LOG, spec.message_from_log.to_string()),
    ];
    labels.extend(own.map(|(key, value)| (key.to_string(), value)));
    labels
}

/// Limits as the kubelet translates them (`MilliCPUToShares`: 1024 a CPU, at least 2). A limit above the machine is the
/// machine's own: a virtual node may promise more than there is. Without swap, as Kubernetes runs.
fn limits(resources: &Resources, cpus: i64) -> HostConfig {
    let nano = |milli: i64| milli.saturating_mul(1_000_000).clamp(LEAST_NANO_CPUS, cpus.max(1) * 1_000_000_000);
    HostConfig {
        cpu_shares: resources.cpu_request.map(|milli| (milli.saturating_mul(1024) / 1000).max(2)),
        nano_cpus: resources.cpu_limit.filter(|&milli| milli > 0).map(nano),
        memory: resources.memory_limit,
        memory_swap: resources.memory_limit,
        ..HostConfig::default()
    }
}

/// The engine's volume for an empty one of a pod.
pub(super) fn empty_volume(
    cluster: &str,
    pod: &PodId,
    name: &str,
    memory: bool,
    limit: Option<u64>,
) -> VolumeCreateRequest {
    let tmpfs = || {
        let size = limit.map(|bytes| format!(",size={bytes}")).unwrap_or_default();
        let options = [("type", "tmpfs".into()), ("device", "tmpfs".into()), ("o", format!("mode=1777{size}"))];
        options.into_iter().map(|(key, value): (&str, String)| (key.to_string(), value)).collect()
    };
    VolumeCreateRequest {
        name: Some(name.into()),
        driver: Some("local".into()),
        driver_opts: memory.then(tmpfs),
        labels: Some(labels::of_pod(cluster, pod, labels::CONTAINER)),
        ..VolumeCreateRequest::default()
    }
}

#[cfg(test)]
mod tests;
