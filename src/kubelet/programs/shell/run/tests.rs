//! Scripts as learners write them, in an empty container.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::super::sink::Sink;
use super::*;
use crate::base::clock::{Clock, Timing};
use crate::base::net::{BoxStream, NetListener, PodNet};
use crate::base::tasks::Tasks;
use crate::kubelet::programs::files::Layout;
use crate::kubelet::programs::world::Host;
use crate::kubelet::runtime::{ContainerSpec, Dns, PodId, SandboxSpec};

/// A container that keeps nothing.
struct NoHost;

#[async_trait::async_trait]
impl Host for NoHost {
    fn write(&self, _stderr: bool, _data: &[u8]) {}

    fn stdin(&self) -> Box<dyn tokio::io::AsyncRead + Send + Unpin> {
        Box::new(tokio::io::empty())
    }

    async fn terminated(&self) {
        std::future::pending::<()>().await;
    }

    fn signal(&self, _process: i32, _signal: i32) -> std::io::Result<()> {
        Err(std::io::ErrorKind::NotFound.into())
    }

    fn allocate(&self, _bytes: u64) {}

    async fn work(&self, _time: std::time::Duration) {}

    async fn burn(&self, _milli: u64) {
        std::future::pending::<()>().await;
    }
}

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
    let sandbox = SandboxSpec {
        pod: PodId::default(),
        ip: [10, 244, 1, 2].into(),
        hostname: "p".into(),
        labels: std::collections::BTreeMap::default(),
        hosts: Vec::new(),
        dns: Dns::default(),
        host_ports: Vec::new(),
        volumes: Vec::new(),
        alone: false,
    };
    let mut files = Layout::default();
    files.seed("/etc/hostname", "p\n".into());
    files.make_directory("/tmp").unwrap();
    let env = vec![("COLOR".to_owned(), "azul marino".to_owned())];
    World {
        spec: Arc::new(ContainerSpec { env, ..ContainerSpec::default() }),
        sandbox: Arc::new(sandbox),
        host: Arc::new(NoHost),
        net: Arc::new(NoNet),
        files: files.into(),
        clock: Clock::new(Timing::Real),
        tasks: Tasks::new(),
    }
}

/// A script's output (both streams) and exit code.
async fn run(script: &str) -> (String, i32) {
    let (sink, buffer) = Sink::buffer();
    let mut session = Session::new(world(), sink.clone(), sink, Input::default());
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
        ("kill 7; kill -NADA 1", "kill: can't kill pid 7: No such process\nkill: bad signal name 'NADA'\n", 1),
        ("id; whoami; ps | wc -l", "uid=0(root) gid=0(root) groups=0(root)\nroot\n2\n", 0),
        ("cd /nada || cd /tmp && pwd", "sh: cd: can't cd to /nada: No such file or directory\n/tmp\n", 0),
        ("date +%Y > /dev/null; ls /; true", "etc\ntmp\n", 0),
    ];
    for (script, output, code) in table {
        assert_eq!(run(script).await, (output.to_owned(), code), "{script}");
    }
}
