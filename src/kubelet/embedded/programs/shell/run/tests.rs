//! Scripts as learners write them, in an empty container.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::super::sink::Sink;
use super::*;
use crate::base::clock::{Clock, Timing};
use crate::base::net::{BoxStream, NetListener, PodNet};
use crate::base::tasks::Tasks;
use crate::kubelet::embedded::container::Container;
use crate::kubelet::embedded::sandbox::Sandbox;
use crate::kubelet::runtime::{ContainerSpec, Dns, PodId, SandboxSpec};

struct NoNet;

#[async_trait::async_trait]
impl PodNet for NoNet {
    fn listen(&self, _at: SocketAddr) -> std::io::Result<NetListener> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    async fn dial(&self, _from: Option<IpAddr>, _to: SocketAddr) -> std::io::Result<BoxStream> {
        Err(std::io::ErrorKind::ConnectionRefused.into())
    }
}

fn world() -> World {
    let clock = Clock::new(Timing::Real);
    let env = vec![("COLOR".to_owned(), "azul marino".to_owned())];
    let sandbox = Sandbox::new(SandboxSpec {
        pod: PodId::default(),
        ip: [10, 244, 1, 2].into(),
        hostname: "p".into(),
        labels: BTreeMap::default(),
        hosts: Vec::new(),
        dns: Dns::default(),
        host_ports: Vec::new(),
        volumes: Vec::new(),
        alone: false,
    });
    let spec = ContainerSpec { env, ..ContainerSpec::default() };
    let files = sandbox.files(&spec);
    let container = Container::new("id".into(), String::new(), spec, files.clone(), &clock);
    World {
        container: Arc::new(container),
        sandbox: Arc::new(sandbox),
        net: Arc::new(NoNet),
        files,
        clock,
        tasks: Tasks::new(),
    }
}

/// A script's output (both streams) and exit code.
async fn run(script: &str) -> (String, i32) {
    let (sink, buffer) = Sink::buffer();
    let mut session = Session::new(world(), sink.clone(), sink, Bytes::new());
    let code = session.program(&["sh".into(), "-c".into(), script.into()]).await;
    let output = String::from_utf8_lossy(&buffer.lock()).into_owned();
    (output, code)
}

#[tokio::test(start_paused = true)]
async fn scripts_do_what_they_do_in_busybox() {
    let table = [
        ("echo uno; echo dos", "uno\ndos\n", 0),
        ("echo \"$COLOR\" '$COLOR' ${NADA:-defecto}", "azul marino $COLOR defecto\n", 0),
        ("for i in 1 2 3; do echo -n $i,; done", "1,2,3,", 0),
        ("i=0; while [ $i -lt 3 ]; do i=$((i+1)); echo $i; sleep 60; done", "1\n2\n3\n", 0),
        ("if [ -f /etc/hostname ]; then cat /etc/hostname; else echo no; fi", "p\n", 0),
        ("false && echo a || echo b", "b\n", 0),
        ("echo hola > /tmp/x; echo mundo >> /tmp/x; cat /tmp/x | wc -l", "2\n", 0),
        ("exit 3; echo nunca", "", 3),
        ("noexiste --x", "sh: noexiste: not found\n", 127),
        ("echo $(hostname)-$(echo $?)", "p-0\n", 0),
        ("cat /no 2>/dev/null; echo $?", "1\n", 0),
        ("while true; do echo vez; break; done", "vez\n", 0),
        ("until test -n \"$X\"; do X=si; done; echo $X", "si\n", 0),
        ("printf '%s=%d\\n' a 1 b 2", "a=1\nb=2\n", 0),
        ("seq 3 | grep -v 2 | tail -n 1", "3\n", 0),
        ("wget -qO- http://10.0.0.1/", "wget: can't connect to remote host (10.0.0.1): Connection refused\n", 1),
        ("if true; then echo", "sh: syntax error: unexpected end of file (expecting \"fi\")\n", 2),
        ("echo 'sin fin", "sh: syntax error: unterminated quoted string\n", 2),
        ("date +%Y > /dev/null; ls /; true", "etc\ntmp\n", 0),
    ];
    for (script, output, code) in table {
        assert_eq!(run(script).await, (output.to_owned(), code), "{script}");
    }
}
