//! The Docker runtime against a real engine: what the kubelet relies on, without the rest of the cluster.
//!
//! Each test has its own cluster id and subnet, and takes everything down again, also when it fails.

mod bare;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use timonel::base::clock::{Clock, Timing};
use timonel::base::tasks::Tasks;
use timonel::kubelet::docker::{Config, DockerError, DockerRuntime, remove_all};
use timonel::kubelet::runtime::{
    AttachRequest, ContainerSpec, Event, ExecRequest, File, Files, HostPort, LogOptions, Mount, PodId, Runtime,
    RuntimeError, SandboxSpec, Volume, VolumeSource,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::engine::{docker, make_room};
use crate::server::binary;

/// Longer than any of these tests needs, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
const NODE: &str = "worker-1";

/// A cluster of its own in the engine.
struct World {
    config: Config,
    tasks: Tasks,
    network: u8,
}

impl World {
    async fn connect(&self) -> Result<DockerRuntime, DockerError> {
        DockerRuntime::connect(self.config.clone(), Clock::new(Timing::Real), &self.tasks).await
    }

    fn pod(&self, number: u8) -> PodId {
        let uid = format!("{}-{number}", self.config.cluster);
        PodId { uid, namespace: "default".into(), name: format!("web-{number}"), node: NODE.into() }
    }

    fn ip(&self, number: u8) -> IpAddr {
        Ipv4Addr::new(10, 201, self.network, number).into()
    }

    fn sandbox(&self, number: u8, volumes: Vec<Volume>) -> SandboxSpec {
        SandboxSpec {
            pod: self.pod(number),
            ip: self.ip(number),
            hostname: format!("web-{number}"),
            labels: [("app".into(), "web".into())].into(),
            hosts: Vec::new(),
            dns: timonel::kubelet::runtime::Dns::default(),
            host_ports: Vec::new(),
            volumes,
            alone: false,
        }
    }

    /// The sandbox of a pod that will have one container only.
    fn alone(&self, number: u8, volumes: Vec<Volume>) -> SandboxSpec {
        SandboxSpec { alone: true, ..self.sandbox(number, volumes) }
    }

    fn demo(&self, number: u8, attempt: u32) -> ContainerSpec {
        ContainerSpec {
            pod: self.pod(number),
            name: "demo".into(),
            image: "timonel/demo:v2".into(),
            attempt,
            hash: "h1".into(),
            ..ContainerSpec::default()
        }
    }
}

/// Runs a scenario in a cluster of its own, within bounds, and takes the cluster down whatever happened.
#[track_caller]
fn scenario(network: u8, body: impl AsyncFnOnce(&World)) {
    let data = tempfile::tempdir().unwrap();
    let cluster = format!("it{network}-{}", std::process::id());
    let mut config = Config::new(&cluster, data.path());
    config.subnet = format!("10.201.{network}.0/24");
    make_room(&config.subnet);
    config.executable = binary();
    let world = World { config, tasks: Tasks::new(), network };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let outcome = AssertUnwindSafe(tokio::time::timeout(PATIENCE, body(&world))).catch_unwind().await;
        world.tasks.stop().await;
        let removed = remove_all(&cluster, data.path()).await;
        match outcome {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(in_time) => in_time.expect("in time"),
        }
        removed.unwrap();
        assert_eq!(left_of(&cluster), "", "everything is taken down");
    });
}

/// What the engine still has of a cluster.
fn left_of(cluster: &str) -> String {
    let label = format!("label=dev.timonel.cluster={cluster}");
    let containers = docker(&["ps", "-aq", "--filter", &label]);
    containers
        + &docker(&["network", "ls", "-q", "--filter", &label])
        + &docker(&["volume", "ls", "-q", "--filter", &label])
}

/// Asks a pod over HTTP until it listens.
async fn get(ip: IpAddr, path: &str) -> String {
    get_at((ip, 80).into(), path).await
}

async fn get_at(at: SocketAddr, path: &str) -> String {
    loop {
        if let Ok(mut stream) = tokio::net::TcpStream::connect(at).await {
            let request = format!("GET {path} HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            // A program that dies while it answers cuts the answer.
            let _ = stream.read_to_string(&mut answer).await;
            return answer;
        }
        // A container says to nobody when it listens: this is what a readiness probe is for.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn log(runtime: &DockerRuntime, id: &str, options: LogOptions) -> String {
    let lines = runtime.logs(id, options).await.unwrap().collect::<Vec<_>>().await;
    lines.iter().map(|line| String::from_utf8_lossy(&line.line).into_owned()).collect()
}

#[test]
#[ignore = "needs Docker"]
fn a_pod_answers_on_its_address_and_its_end_is_told() {
    scenario(1, async |world| {
        let runtime = world.connect().await.unwrap();
        let mut events = runtime.events(NODE);
        runtime.run_sandbox(world.sandbox(5, Vec::new())).await.unwrap();
        let id = runtime.start(world.demo(5, 0)).await.unwrap();
        let answer = get(world.ip(5), "/").await;
        for part in ["200 OK", "web-5", "10.201.1.5", NODE, "v2"] {
            assert!(answer.contains(part), "{part} in {answer}");
        }
        let tail = LogOptions { tail: Some(1), ..LogOptions::default() };
        assert!(log(&runtime, &id, tail).await.contains("GET / 200"));

        docker(&["kill", &id]);
        let Some(Event::Exited { pod_uid, id: ended, exit }) = events.next().await else { panic!("no exit") };
        assert_eq!((pod_uid, ended, exit.code), (world.pod(5).uid, id.clone(), 137));

        let noisy = ContainerSpec { message_from_log: true, ..world.demo(5, 1) };
        let again = runtime.start(noisy).await.unwrap();
        assert_ne!(again, id);
        get(world.ip(5), "/crash").await;
        let Some(Event::Exited { exit, .. }) = events.next().await else { panic!("no exit") };
        assert!(exit.code == 1 && exit.message.contains("me piden caer"), "{exit:?}");

        let again = runtime.start(world.demo(5, 2)).await.unwrap();
        assert!(get(world.ip(5), "/").await.contains("web-5"));
        runtime.stop(&again, Duration::from_secs(10)).await.unwrap();
        let Some(Event::Exited { exit, .. }) = events.next().await else { panic!("no exit") };
        assert_eq!(exit.code, 0, "the demo ends in order when it is told to");

        docker(&["kill", &format!("k8s_POD_web-5_default_{}_0", world.pod(5).uid)]);
        assert_eq!(events.next().await, Some(Event::SandboxLost { pod_uid: world.pod(5).uid }));

        runtime.run_sandbox(world.sandbox(5, Vec::new())).await.unwrap();
        runtime.stop_sandbox(&world.pod(5).uid).await.unwrap();
        assert!(!log(&runtime, &id, LogOptions::default()).await.is_empty(), "a stopped sandbox keeps its logs");
        runtime.run_sandbox(SandboxSpec { ip: world.ip(5), ..world.sandbox(6, Vec::new()) }).await.unwrap();
    });
}

#[test]
#[ignore = "needs Docker"]
fn a_restart_adopts_the_same_containers() {
    scenario(2, async |world| {
        let before = world.connect().await.unwrap();
        before.run_sandbox(world.sandbox(7, Vec::new())).await.unwrap();
        let first = before.start(world.demo(7, 0)).await.unwrap();
        before.stop(&first, Duration::ZERO).await.unwrap();
        let second = before.start(world.demo(7, 1)).await.unwrap();
        drop(before);

        let after = world.connect().await.unwrap();
        let found = after.list(NODE).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0].pod, found[0].ip, found[0].ready), (&world.pod(7), Some(world.ip(7)), true));
        let seen: Vec<_> =
            found[0].containers.iter().map(|one| (one.id.clone(), one.attempt, one.exit.is_some())).collect();
        assert_eq!(seen, [(first.clone(), 0, true), (second.clone(), 1, false)]);
        assert_eq!(
            (found[0].containers[1].image.as_str(), found[0].containers[1].hash.as_str()),
            ("timonel/demo:v2", "h1")
        );
        assert!(after.list("worker-2").await.unwrap().is_empty());

        after.run_sandbox(world.sandbox(7, Vec::new())).await.unwrap();
        assert_eq!(after.start(world.demo(7, 1)).await.unwrap(), second, "what runs is not started again");
        assert_eq!(after.remove_other_nodes(&[NODE.to_string()]).await.unwrap(), 0);
        after.remove(&first).await.unwrap();
        after.remove(&first).await.unwrap();
        assert_eq!(after.remove_other_nodes(&["worker-2".to_string()]).await.unwrap(), 2);
        after.remove_sandbox(&world.pod(7).uid).await.unwrap();
        after.remove_sandbox(&world.pod(7).uid).await.unwrap();
        assert!(after.list(NODE).await.unwrap().is_empty());
    });
}

#[test]
#[ignore = "needs Docker"]
fn volumes_limits_exec_and_follow_reach_the_container() {
    let files = |text: &str| -> Files {
        Files::from([("saludo".to_string(), File { data: text.to_string().into(), mode: 0o644 })])
    };
    scenario(3, async |world| {
        let runtime = world.connect().await.unwrap();
        let volume = |name: &str, source| Volume { name: name.into(), source };
        let volumes = vec![
            volume("config", VolumeSource::Files(files("hola"))),
            volume("scratch", VolumeSource::Empty { memory: false, limit: None }),
            volume("fast", VolumeSource::Empty { memory: true, limit: Some(1 << 20) }),
        ];
        runtime.run_sandbox(world.sandbox(9, volumes)).await.unwrap();
        let mount = |volume: &str, sub_path: &str| Mount {
            volume: volume.into(),
            path: format!("/mnt/{volume}{sub_path}"),
            sub_path: sub_path.into(),
            read_only: volume == "config",
        };
        let mut spec = world.demo(9, 0);
        spec.mounts = vec![mount("config", ""), mount("scratch", ""), mount("scratch", "sub"), mount("fast", "")];
        spec.resources.cpu_limit = Some(500);
        spec.resources.memory_limit = Some(64 << 20);
        spec.user = "1000:1000".into();
        spec.env = vec![("PORT".into(), "8081".into())];
        let id = runtime.start(spec).await.unwrap();
        let limits = docker(&["inspect", "-f", "{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}}", &id]);
        assert_eq!(limits.trim(), "500000000 67108864");

        let copy = |path: &str| docker(&["cp", "-L", &format!("{id}:{path}"), "-"]);
        assert!(copy("/mnt/config/saludo").contains("hola"));
        runtime.update_volume(&world.pod(9).uid, "config", files("adiós")).await.unwrap();
        assert!(copy("/mnt/config/saludo").contains("adiós"));

        let follow = runtime.logs(&id, LogOptions { follow: true, ..LogOptions::default() }).await.unwrap();
        let command = ["/timonel", "guest", "no-such"].map(String::from).to_vec();
        let mut process = runtime.exec(&id, ExecRequest { command, ..ExecRequest::default() }).await.unwrap();
        let mut complaint = String::new();
        process.stderr.take().unwrap().read_to_string(&mut complaint).await.unwrap();
        assert!(complaint.contains("no-such"), "{complaint}");
        assert_eq!(process.exit.await.unwrap(), 1);

        let usage = runtime.stats(NODE).await.unwrap();
        assert!(usage.len() == 1 && usage[0].id == id && usage[0].cpu_nanos > 0, "{usage:?}");
        runtime.stop(&id, Duration::from_secs(10)).await.unwrap();
        let followed: Vec<_> = follow.collect().await;
        assert!(followed.iter().any(|line| line.line.starts_with(b"demo: SIGTERM")), "follow ends with the container");
    });
}

#[test]
#[ignore = "needs Docker"]
fn what_cannot_be_is_said_clearly() {
    scenario(4, async |world| {
        let runtime = world.connect().await.unwrap();
        assert_eq!(runtime.image("example.invalid/nobody/nothing:1").await, Ok(None));
        let pulled = runtime.pull("example.invalid/nobody/nothing:1").await;
        assert!(matches!(pulled, Err(RuntimeError::Pull(_))), "{pulled:?}");
        let pulled = runtime.pull("Not A Reference").await;
        assert!(matches!(pulled, Err(RuntimeError::InvalidImage(_))), "{pulled:?}");

        runtime.run_sandbox(world.sandbox(3, Vec::new())).await.unwrap();
        let mut wrong = world.demo(3, 0);
        wrong.command = vec!["/no-such-program".into()];
        let started = runtime.start(wrong).await;
        assert!(matches!(&started, Err(RuntimeError::Start(text)) if text.contains("no-such-program")), "{started:?}");
        assert!(runtime.list(NODE).await.unwrap()[0].containers.is_empty(), "it leaves nothing");

        let mut other = world.config.clone();
        other.cluster.push('x');
        let clash = DockerRuntime::connect(other, Clock::new(Timing::Real), &world.tasks).await;
        assert!(matches!(clash, Err(DockerError::SubnetTaken { .. })), "{clash:?}");
    });
}

#[test]
#[ignore = "needs Docker"]
fn an_absent_known_image_is_served_by_a_stand_in_that_says_so() {
    scenario(5, async |world| {
        let runtime = world.connect().await.unwrap();
        assert_eq!(runtime.image("ricardoqsx/backend:none-such").await, Ok(None));
        runtime.pull("ricardoqsx/backend:none-such").await.unwrap();
        runtime.run_sandbox(world.sandbox(4, Vec::new())).await.unwrap();
        let mut spec = world.demo(4, 0);
        spec.image = "ricardoqsx/backend:none-such".into();
        let id = runtime.start(spec).await.unwrap();
        assert!(get(world.ip(4), "/").await.contains("simulado: ricardoqsx/backend:none-such"));
        assert!(
            log(&runtime, &id, LogOptions::default())
                .await
                .starts_with("timonel: la imagen ricardoqsx/backend:none-such se simula")
        );
    });
}

#[test]
#[ignore = "needs Docker"]
fn down_removes_only_what_carries_the_label() {
    scenario(6, async |world| {
        let foreign = format!("foreign-{}", world.config.cluster);
        docker(&["volume", "create", &foreign]);
        let before = world.connect().await.unwrap();
        let scratch = VolumeSource::Empty { memory: false, limit: None };
        let volumes = || vec![Volume { name: "scratch".into(), source: scratch.clone() }];
        before.run_sandbox(world.sandbox(3, volumes())).await.unwrap();
        docker(&["rm", "-f", &format!("k8s_POD_web-3_default_{}_0", world.pod(3).uid)]);
        let runtime = world.connect().await.unwrap();
        assert_eq!(docker(&["volume", "ls", "-q", "--filter", &format!("name={}", world.pod(3).uid)]), "");

        runtime.run_sandbox(world.sandbox(2, volumes())).await.unwrap();
        runtime.start(world.demo(2, 0)).await.unwrap();
        let removed = remove_all(&world.config.cluster, Path::new(&world.config.data_dir)).await.unwrap();
        let kept = docker(&["volume", "ls", "-q", "--filter", &format!("name={foreign}")]);
        docker(&["volume", "rm", &foreign]);
        let counts = (removed.containers, removed.networks, removed.volumes);
        assert_eq!((counts, kept.trim()), ((2, 1, 1), foreign.as_str()));
        assert!(matches!(runtime.run_sandbox(world.sandbox(2, Vec::new())).await, Err(RuntimeError::Sandbox(_))));
    });
}

#[test]
#[ignore = "needs Docker"]
fn host_ports_lead_in_and_memory_limits_kill() {
    scenario(7, async |world| {
        let runtime = world.connect().await.unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let host_port = HostPort { host_ip: None, host_port: free.port(), container_port: 80, udp: false };
        let with_port =
            |number| SandboxSpec { host_ports: vec![host_port.clone()], ..world.sandbox(number, Vec::new()) };
        runtime.run_sandbox(with_port(5)).await.unwrap();
        let clash = runtime.run_sandbox(with_port(6)).await;
        assert!(matches!(&clash, Err(RuntimeError::Sandbox(text)) if text.contains("already allocated")), "{clash:?}");

        let mut events = runtime.events(NODE);
        let mut spec = world.demo(5, 0);
        spec.resources.memory_limit = Some(32 << 20);
        let id = runtime.start(spec).await.unwrap();
        assert!(get(world.ip(5), "/").await.contains("web-5"));
        assert!(get_at(free, "/").await.contains("web-5"), "through the host's port");
        let (ended, _) = tokio::join!(events.next(), get_at(free, "/fuga?mb=256"));
        let Some(Event::Exited { exit, .. }) = ended else { panic!("{ended:?}") };
        assert_eq!((exit.code, exit.oom_killed), (137, true));
        let known = runtime.list(NODE).await.unwrap();
        let known = known.iter().find(|sandbox| sandbox.pod == world.pod(5)).unwrap();
        assert_eq!((&known.containers[0].id, known.containers[0].exit.as_ref()), (&id, Some(&exit)));
    });
}

#[test]
#[ignore = "needs Docker"]
fn attached_streams_end_with_the_process() {
    scenario(10, async |world| {
        let runtime = world.connect().await.unwrap();
        runtime.run_sandbox(world.sandbox(5, Vec::new())).await.unwrap();
        let mut spec = world.demo(5, 0);
        spec.tty = true;
        spec.stdin = true;
        let id = runtime.start(spec).await.unwrap();
        let request = AttachRequest { stdin: true, tty: true };
        let mut process = runtime.attach(&id, request).await.unwrap();
        process.resize.send((100, 30)).await.unwrap();
        assert!(process.stderr.is_none());
        get(world.ip(5), "/crash").await;
        let mut said = String::new();
        process.stdout.read_to_string(&mut said).await.unwrap();
        assert!(said.contains("me piden caer"), "{said}");
        assert_eq!(process.exit.await.unwrap(), 1);
        assert!(log(&runtime, &id, LogOptions::default()).await.contains("GET /crash 500"), "a terminal has a log too");
    });
}

/// A socket that leads to the engine as long as its tasks live.
fn relay(socket: &Path) -> Tasks {
    let _ = std::fs::remove_file(socket);
    let (tasks, listener) = (Tasks::new(), tokio::net::UnixListener::bind(socket).unwrap());
    let connections = tasks.clone();
    tasks.spawn(async move {
        while let Ok((mut ours, _)) = listener.accept().await {
            connections.spawn(async move {
                let mut theirs = tokio::net::UnixStream::connect("/var/run/docker.sock").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut ours, &mut theirs).await;
            });
        }
    });
    tasks
}

#[test]
#[ignore = "needs Docker"]
fn an_engine_that_goes_away_is_said_and_all_goes_on_when_it_returns() {
    scenario(8, async |world| {
        let socket = world.config.data_dir.join("engine.sock");
        let engine = relay(&socket);
        let host = format!("unix://{}", socket.display());
        let config = Config { host: host.clone(), ..world.config.clone() };
        let runtime = DockerRuntime::connect(config, Clock::new(Timing::Real), &world.tasks).await.unwrap();
        runtime.run_sandbox(world.sandbox(6, Vec::new())).await.unwrap();
        let id = runtime.start(world.demo(6, 0)).await.unwrap();
        let mut events = runtime.events(NODE);
        let (lost, ()) = tokio::join!(events.next(), engine.stop());
        assert_eq!(lost, None, "the stream's end tells that the connection was lost");

        let down = runtime.check().await;
        assert!(matches!(down, Err(RuntimeError::Unavailable(_))), "{down:?}");
        let down = runtime.start(world.demo(6, 1)).await;
        assert!(matches!(down, Err(RuntimeError::Unavailable(_))), "{down:?}");
        let down =
            DockerRuntime::connect(Config { host, ..world.config.clone() }, Clock::new(Timing::Real), &world.tasks);
        assert!(matches!(down.await, Err(DockerError::NoEngine { .. })));

        let engine = relay(&socket);
        runtime.check().await.unwrap();
        let found = runtime.list(NODE).await.unwrap();
        assert!(found[0].ready && found[0].containers[0].id == id && found[0].containers[0].exit.is_none());
        engine.stop().await;
    });
}
