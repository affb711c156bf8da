//! The world of a real process: its environment, the files of its container, what these say of its pod. Must not ask
//! anybody outside the container.

use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::Path;
use std::sync::Arc;

use super::net::Sockets;
use super::process::Process;
use crate::base::clock::{Clock, Timing};
use crate::base::tasks::Tasks;
use crate::kubelet::programs::files::Tree;
use crate::kubelet::programs::world::World;
use crate::kubelet::runtime::{ContainerSpec, Dns, PodId, SandboxSpec};

/// What this process runs in, for a command or, without one, for its image's program with some arguments.
pub(super) fn of_process(command: Vec<String>, args: Vec<String>, tasks: &Tasks) -> io::Result<World> {
    let files = Tree::disk(Path::new("/"));
    let env = |name: &str| std::env::var(name).unwrap_or_default();
    let hostname = line(&files, "/proc/sys/kernel/hostname");
    let pod = PodId {
        uid: String::new(),
        namespace: env("TIMONEL_NAMESPACE"),
        name: Some(env("TIMONEL_POD")).filter(|name| !name.is_empty()).unwrap_or_else(|| hostname.clone()),
        node: env("TIMONEL_NODE"),
    };
    let spec = ContainerSpec {
        pod: pod.clone(),
        image: env("TIMONEL_IMAGE"),
        command,
        args,
        env: std::env::vars_os().map(|(name, value)| (lossy(&name), lossy(&value))).collect(),
        working_dir: std::env::current_dir().map_or_else(|_| "/".into(), |path| lossy(path.as_os_str())),
        tty: io::stdin().is_terminal(),
        // Where the spec keeps none open, the engine gives one that is at its end.
        stdin: true,
        user: format!("{}:{}", rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()),
        ..ContainerSpec::default()
    };
    Ok(World {
        spec: Arc::new(spec),
        sandbox: Arc::new(sandbox(pod, hostname, &files)),
        host: Arc::new(Process::new(tasks)?),
        net: Arc::new(Sockets::new(tasks)),
        files,
        clock: Clock::new(Timing::Real),
        tasks: tasks.clone(),
    })
}

fn lossy(text: &std::ffi::OsStr) -> String {
    text.to_string_lossy().into_owned()
}

/// What the files of a container say of its pod.
fn sandbox(pod: PodId, hostname: String, files: &Tree) -> SandboxSpec {
    SandboxSpec {
        pod,
        ip: own_address(),
        hostname,
        labels: std::collections::BTreeMap::default(),
        hosts: hosts(&text(files, "/etc/hosts")),
        dns: dns(&text(files, "/etc/resolv.conf")),
        host_ports: Vec::new(),
        volumes: Vec::new(),
        alone: false,
    }
}

fn text(files: &Tree, path: &str) -> String {
    String::from_utf8_lossy(&files.read(path).unwrap_or_default()).into_owned()
}

fn line(files: &Tree, path: &str) -> String {
    text(files, path).trim().to_owned()
}

/// The address of the pod's own interface: the one that a datagram to the outside would leave from (none is sent).
fn own_address() -> IpAddr {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    });
    socket.map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip())
}

/// The lines of `/etc/hosts`.
fn hosts(text: &str) -> Vec<(IpAddr, Vec<String>)> {
    let entry = |line: &str| {
        let mut words = line.split('#').next()?.split_whitespace();
        Some((words.next()?.parse().ok()?, words.map(Into::into).collect()))
    };
    text.lines().filter_map(entry).collect()
}

/// What `/etc/resolv.conf` says; of a keyword that stands there twice the last one counts (resolv.conf(5)).
fn dns(text: &str) -> Dns {
    let mut dns = Dns::default();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => dns.servers.extend(words.next().and_then(|server| server.parse::<IpAddr>().ok())),
            Some("search") => dns.searches = words.map(Into::into).collect(),
            Some("options") => dns.options = words.map(Into::into).collect(),
            _ => {}
        }
    }
    dns
}

#[cfg(test)]
mod tests;
