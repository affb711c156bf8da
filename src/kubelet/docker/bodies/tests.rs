//! The translations, from specs to what the engine is asked for.

use std::path::PathBuf;

use super::*;
use crate::kubelet::runtime::Volume;

fn pod() -> PodId {
    PodId { uid: "u-1".into(), namespace: "default".into(), name: "web".into(), node: "worker-1".into() }
}

fn spec() -> SandboxSpec {
    SandboxSpec {
        pod: pod(),
        ip: [10, 112, 1, 7].into(),
        hostname: "web".into(),
        labels: [("app".into(), "web".into()), (labels::CLUSTER.into(), "forged".into())].into(),
        hosts: vec![([10, 0, 0, 1].into(), vec!["db".into(), "db.local".into()])],
        dns: crate::kubelet::runtime::Dns::default(),
        host_ports: vec![HostPort { host_ip: None, host_port: 8080, container_port: 80, udp: false }],
        volumes: vec![
            Volume { name: "host".into(), source: VolumeSource::Host(PathBuf::from("/srv")) },
            Volume { name: "tmp".into(), source: VolumeSource::Empty { memory: false, limit: None } },
        ],
        alone: true,
    }
}

fn shared() -> Shared {
    Shared::new(&spec(), Sources::from([("host".into(), "/srv".into()), ("tmp".into(), "timonel_u-1_tmp".into())]))
}

fn served(guest: bool) -> Served {
    Served { image: "img".into(), guest }
}

#[test]
fn the_pause_container_owns_address_ports_and_labels() {
    let body = sandbox("c1", "timonel-c1", "pause", &spec(), &shared());
    let labels = body.labels.unwrap();
    assert_eq!((labels["app"].as_str(), labels[labels::CLUSTER].as_str()), ("web", "c1"));
    let host = body.host_config.unwrap();
    let binding = host.port_bindings.unwrap()["80/tcp"].clone().unwrap();
    assert_eq!(binding[0].host_ip.as_deref(), Some("127.0.0.1"));
    assert_eq!(host.extra_hosts.unwrap(), ["db:10.0.0.1", "db.local:10.0.0.1"]);
    assert_eq!(host.binds.unwrap(), ["timonel_u-1_tmp:/volumes/0"]);
    assert_eq!(body.cmd.unwrap(), ["/volumes/0"]);
    let endpoints = body.networking_config.unwrap().endpoints_config.unwrap();
    let ipam = endpoints["timonel-c1"].ipam_config.clone().unwrap();
    assert_eq!(ipam.ipv4_address.as_deref(), Some("10.112.1.7"));
}

#[test]
fn a_container_joins_its_pause_container() {
    let spec = ContainerSpec { pod: pod(), name: "app".into(), attempt: 2, ..ContainerSpec::default() };
    let body = beside_pause(container("c1", &spec, &served(false), 2, Vec::new()), &spec.pod);
    let host = body.host_config.unwrap();
    assert_eq!(host.network_mode.as_deref(), Some("container:k8s_POD_web_default_u-1_0"));
    assert_eq!(labels::container_name("app", &spec.pod, 2), "k8s_app_web_default_u-1_2");
    assert_eq!((body.entrypoint, body.cmd, body.working_dir), (None, None, None));
    assert_eq!(body.env.unwrap(), Vec::<String>::new());
}

#[test]
fn a_container_alone_owns_what_the_pause_container_would() {
    let spec = ContainerSpec { pod: pod(), name: "app".into(), ..ContainerSpec::default() };
    let body = alone(container("c1", &spec, &served(false), 2, vec!["/srv:/srv:rw".into()]), "timonel-c1", &shared());
    let labels = body.labels.unwrap();
    assert_eq!((labels["app"].as_str(), labels[labels::CLUSTER].as_str()), ("web", "c1"));
    assert_eq!(Shared::read(&labels), Some(shared()));
    let host = body.host_config.unwrap();
    assert_eq!((host.network_mode.as_deref(), host.ipc_mode, host.cap_add), (Some("timonel-c1"), None, None));
    assert_eq!(host.extra_hosts.unwrap(), ["db:10.0.0.1", "db.local:10.0.0.1"]);
    assert_eq!((host.binds.unwrap(), body.hostname.unwrap()), (vec!["/srv:/srv:rw".into()], "web".into()));
    let endpoints = body.networking_config.unwrap().endpoints_config.unwrap();
    let ipam = endpoints["timonel-c1"].ipam_config.clone().unwrap();
    assert_eq!(ipam.ipv4_address.as_deref(), Some("10.112.1.7"));
}

#[test]
fn routes_are_changed_beside_a_container() {
    let body = route("c1", "pause", "id-1", &["route", "cut", "10.112.2.0/24"]);
    assert_eq!(body.entrypoint.unwrap(), ["/timonel", "guest", "route", "cut", "10.112.2.0/24"]);
    let host = body.host_config.unwrap();
    assert_eq!((host.network_mode.as_deref(), host.cap_add.unwrap().len()), (Some("container:id-1"), 1));
    assert!(!body.labels.unwrap().contains_key(labels::NODE), "the node's events are its pods' alone");
}

#[test]
fn a_stand_in_is_told_whom_it_simulates_and_the_spec_has_the_last_word() {
    let env = vec![("TIMONEL_NODE".into(), "mine".into())];
    let spec = ContainerSpec { pod: pod(), image: "nginx".into(), env, ..ContainerSpec::default() };
    let env = container("c1", &spec, &served(true), 2, Vec::new()).env.unwrap();
    assert!(env.contains(&"TIMONEL_IMAGE=nginx".to_string()));
    assert_eq!(env.last().unwrap(), "TIMONEL_NODE=mine");
}

#[test]
fn limits_are_the_kubelets_and_fit_the_machine() {
    let of = |cpu_request, cpu_limit| limits(&Resources { cpu_request, cpu_limit, memory_limit: Some(1 << 26) }, 2);
    assert_eq!(of(Some(250), Some(500)).cpu_shares, Some(256));
    assert_eq!(of(Some(1), None).cpu_shares, Some(2));
    assert_eq!(of(None, Some(500)).nano_cpus, Some(500_000_000));
    assert_eq!(of(None, Some(16_000)).nano_cpus, Some(2_000_000_000));
    assert_eq!(of(None, Some(1)).nano_cpus, Some(10_000_000));
    assert_eq!(of(None, None).memory_swap, Some(1 << 26));
}

#[test]
fn a_volume_in_memory_is_bounded() {
    let request = empty_volume("c1", &pod(), "timonel_u-1_tmp", true, Some(1024));
    assert_eq!(request.driver_opts.unwrap()["o"], "mode=1777,size=1024");
    assert_eq!(empty_volume("c1", &pod(), "x", false, None).driver_opts, None);
}
