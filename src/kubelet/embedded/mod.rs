//! The embedded runtime: containers are tasks of this process, images are built-in programs.
//! Must not reach outside the process: the network is `base::net::PodNet`, the files are in memory.

mod container;
mod exec;
mod images;
mod log;
mod sandbox;

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::sync::DropGuard;

use crate::base::clock::Clock;
use crate::base::names::Names;
use crate::base::net::PodNet;
use crate::base::tasks::Tasks;
use crate::kubelet::programs;
use crate::kubelet::programs::reference::Reference;
use crate::kubelet::programs::world::World;
use crate::kubelet::runtime::{
    AttachRequest, Container as Listed, ContainerSpec, Event, ExecRequest, Files, Image, LogLine, LogOptions, Process,
    Runtime, RuntimeError, Sandbox as ListedSandbox, SandboxSpec, Usage,
};
use container::Container;
use sandbox::Sandbox;

/// Containers without Docker. Clones share everything.
#[derive(Clone)]
pub struct Embedded(Arc<Shared>);

struct Shared {
    net: Arc<dyn PodNet>,
    clock: Clock,
    names: Arc<Names>,
    tasks: Tasks,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By pod uid.
    pods: HashMap<String, Pod>,
    /// By container id.
    containers: HashMap<String, Arc<Container>>,
    images: HashMap<String, Image>,
    /// Boxed: each channel keeps room for many events, and a thousand workers mostly hear of none.
    subscribers: Vec<(String, mpsc::UnboundedSender<Box<Event>>)>,
}

struct Pod {
    sandbox: Arc<Sandbox>,
    containers: Vec<String>,
    stopped: bool,
    /// What keeps its host ports open.
    ports: Vec<DropGuard>,
}

impl Embedded {
    /// A runtime whose pods speak over the given network.
    #[must_use]
    pub fn new(net: Arc<dyn PodNet>, clock: Clock, names: Arc<Names>, tasks: &Tasks) -> Self {
        Self(Arc::new(Shared { net, clock, names, tasks: tasks.clone(), state: Mutex::default() }))
    }

    fn container(&self, id: &str) -> Result<Arc<Container>, RuntimeError> {
        let found = self.0.state.lock().containers.get(id).cloned();
        found.ok_or_else(|| RuntimeError::NotFound(format!("container \"{id}\"")))
    }

    fn sandbox(&self, pod_uid: &str) -> Result<Arc<Sandbox>, RuntimeError> {
        let state = self.0.state.lock();
        let pod = state.pods.get(pod_uid).filter(|pod| !pod.stopped);
        pod.map(|pod| pod.sandbox.clone())
            .ok_or_else(|| RuntimeError::NotFound(format!("sandbox of pod \"{pod_uid}\"")))
    }

    fn world(&self, container: &Arc<Container>, sandbox: &Sandbox) -> World {
        World {
            spec: container.spec.clone(),
            sandbox: sandbox.spec.clone(),
            host: container.clone(),
            net: self.0.net.clone(),
            files: container.files.clone(),
            clock: self.0.clock,
            tasks: self.0.tasks.child(),
        }
    }

    /// Opens a pod's host ports: at the worker's own address, and at 127.0.0.1 where nobody has them yet.
    fn publish(&self, spec: &SandboxSpec) -> Result<Vec<DropGuard>, RuntimeError> {
        let mut open = Vec::new();
        for port in &spec.host_ports {
            let to = SocketAddr::new(spec.ip, port.container_port);
            let at = SocketAddr::new(port.host_ip.unwrap_or(Ipv4Addr::LOCALHOST.into()), port.host_port);
            let protocol = if port.udp { "UDP" } else { "TCP" };
            let opened = self.0.net.publish(at, to, port.udp).map_err(|error| {
                RuntimeError::Sandbox(format!("cannot listen on the {protocol} port: listen {at}: bind: {error}"))
            })?;
            open.push(opened);
            let usual = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port.host_port);
            open.extend(self.0.net.publish(usual, to, port.udp).ok().filter(|_| at != usual));
        }
        Ok(open)
    }

    async fn run(self, container: Arc<Container>, world: World) {
        let program = programs::of(&world);
        let exit = container.run(program(world.clone()), &world).await;
        let pod = &container.spec.pod;
        let event = Event::Exited { pod_uid: pod.uid.clone(), id: container.id.clone(), exit };
        self.0.state.lock().tell(&pod.node, &event);
    }
}

impl State {
    fn tell(&mut self, node: &str, event: &Event) {
        self.subscribers.retain(|(of, subscriber)| of != node || subscriber.send(event.clone().into()).is_ok());
    }

    fn listed(&self, pod: &Pod) -> ListedSandbox {
        let containers = pod.containers.iter().filter_map(|id| self.containers.get(id));
        ListedSandbox {
            pod: pod.sandbox.spec.pod.clone(),
            ip: (!pod.stopped).then_some(pod.sandbox.spec.ip),
            ready: !pod.stopped,
            containers: containers.map(|container| listed(container)).collect(),
        }
    }
}

fn listed(container: &Container) -> Listed {
    Listed {
        id: container.id.clone(),
        name: container.spec.name.clone(),
        image: container.spec.image.clone(),
        image_id: container.image_id.clone(),
        attempt: container.spec.attempt,
        hash: container.spec.hash.clone(),
        started_at: container.started_at,
        exit: container.exit(),
    }
}

#[async_trait]
impl Runtime for Embedded {
    fn version(&self) -> String {
        concat!("embedded://", env!("CARGO_PKG_VERSION")).into()
    }

    async fn check(&self) -> Result<(), RuntimeError> {
        Ok(())
    }

    async fn list(&self, node: &str) -> Result<Vec<ListedSandbox>, RuntimeError> {
        let state = self.0.state.lock();
        let of_node = state.pods.values().filter(|pod| pod.sandbox.spec.pod.node == node);
        Ok(of_node.map(|pod| state.listed(pod)).collect())
    }

    fn events(&self, node: &str) -> BoxStream<'static, Event> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.0.state.lock().subscribers.push((node.into(), sender));
        futures::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|event| (*event, receiver))
        })
        .boxed()
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, RuntimeError> {
        Reference::parse(reference)?;
        Ok(self.0.state.lock().images.get(reference).cloned())
    }

    async fn pull(&self, reference: &str) -> Result<Image, RuntimeError> {
        let image = images::pull(reference)?;
        self.0.state.lock().images.insert(reference.into(), image.clone());
        Ok(image)
    }

    async fn run_sandbox(&self, spec: SandboxSpec) -> Result<(), RuntimeError> {
        self.remove_sandbox(&spec.pod.uid.clone()).await?;
        let ports = self.publish(&spec)?;
        self.0.net.attach(spec.ip, &spec.pod.node);
        let (uid, sandbox) = (spec.pod.uid.clone(), Arc::new(Sandbox::new(spec)));
        self.0.state.lock().pods.insert(uid, Pod { sandbox, containers: Vec::new(), stopped: false, ports });
        Ok(())
    }

    async fn stop_sandbox(&self, pod_uid: &str) -> Result<(), RuntimeError> {
        let mut state = self.0.state.lock();
        if let Some(pod) = state.pods.get_mut(pod_uid).filter(|pod| !pod.stopped) {
            pod.stopped = true;
            pod.ports.clear();
            self.0.net.detach(pod.sandbox.spec.ip);
        }
        Ok(())
    }

    async fn remove_sandbox(&self, pod_uid: &str) -> Result<(), RuntimeError> {
        self.stop_sandbox(pod_uid).await?;
        let mut state = self.0.state.lock();
        for id in state.pods.remove(pod_uid).into_iter().flat_map(|pod| pod.containers) {
            if let Some(container) = state.containers.remove(&id) {
                container.kill();
            }
        }
        Ok(())
    }

    async fn update_volume(&self, pod_uid: &str, volume: &str, files: Files) -> Result<(), RuntimeError> {
        let sandbox = self.sandbox(pod_uid)?;
        let found = sandbox.volumes.get(volume);
        found.ok_or_else(|| RuntimeError::NotFound(format!("volume \"{volume}\"")))?.replace(&files);
        Ok(())
    }

    async fn start(&self, spec: ContainerSpec) -> Result<String, RuntimeError> {
        let sandbox = self.sandbox(&spec.pod.uid)?;
        let image = self.0.state.lock().images.get(&spec.image).cloned();
        let image = image.ok_or_else(|| RuntimeError::Start(format!("failed to resolve image \"{}\"", spec.image)))?;
        let id = (self.0.names.uid() + &self.0.names.uid()).replace('-', "");
        let spec = Arc::new(spec);
        let files = sandbox.files(&spec);
        let container = Arc::new(Container::new(id.clone(), image.id, spec, files, &self.0.clock));
        let world = self.world(&container, &sandbox);
        programs::check(&world)?;
        {
            let mut state = self.0.state.lock();
            let pod = state.pods.get_mut(&container.spec.pod.uid);
            pod.ok_or_else(|| RuntimeError::NotFound("sandbox".into()))?.containers.push(id.clone());
            state.containers.insert(id.clone(), container.clone());
        }
        self.0.tasks.spawn(self.clone().run(container, world));
        Ok(id)
    }

    async fn stop(&self, id: &str, grace: Duration) -> Result<(), RuntimeError> {
        self.container(id)?.stop(grace).await;
        Ok(())
    }

    async fn remove(&self, id: &str) -> Result<(), RuntimeError> {
        let mut state = self.0.state.lock();
        if let Some(container) = state.containers.remove(id) {
            container.kill();
            if let Some(pod) = state.pods.get_mut(&container.spec.pod.uid) {
                pod.containers.retain(|other| other != id);
            }
        }
        Ok(())
    }

    async fn logs(&self, id: &str, options: LogOptions) -> Result<BoxStream<'static, LogLine>, RuntimeError> {
        Ok(self.container(id)?.log.read(&options))
    }

    async fn exec(&self, id: &str, request: ExecRequest) -> Result<Process, RuntimeError> {
        let container = self.container(id)?;
        if container.exit().is_some() {
            return Err(RuntimeError::Other(format!("container \"{id}\" is not running")));
        }
        let sandbox = self.sandbox(&container.spec.pod.uid)?;
        exec::exec(self.world(&container, &sandbox), &container, request)
    }

    async fn attach(&self, id: &str, request: AttachRequest) -> Result<Process, RuntimeError> {
        Ok(exec::attach(&self.container(id)?, &request, &self.0.tasks))
    }

    async fn empty_usage(&self, pod_uid: &str) -> Result<BTreeMap<String, u64>, RuntimeError> {
        let sandbox = self.sandbox(pod_uid)?;
        let sizes = sandbox.volumes.iter().filter_map(|(name, volume)| Some((name.clone(), volume.size()?)));
        Ok(sizes.collect())
    }

    async fn images(&self) -> Result<Vec<(Vec<String>, u64)>, RuntimeError> {
        let state = self.0.state.lock();
        let mut images: Vec<_> =
            state.images.iter().map(|(name, image)| (vec![image.id.clone(), name.clone()], image.size)).collect();
        images.sort();
        Ok(images)
    }

    async fn stats(&self, node: &str) -> Result<Vec<Usage>, RuntimeError> {
        let (state, at) = (self.0.state.lock(), self.0.clock.now());
        let running = state.containers.values().filter(|it| it.spec.pod.node == node && it.exit().is_none());
        let usage = |container: &Arc<Container>| Usage {
            pod_uid: container.spec.pod.uid.clone(),
            id: container.id.clone(),
            cpu_nanos: container.used.cpu_nanos.load(Ordering::Relaxed),
            memory: container.memory(),
            at,
        };
        Ok(running.map(usage).collect())
    }
}

#[cfg(test)]
mod tests;
