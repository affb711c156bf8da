//! A whole cluster of three workers, and a namespace of it for each scenario. Must not know any scenario.

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures::TryStreamExt;
use k8s_openapi::api::core::v1::{Event, Namespace};
use kube::api::{Api, AttachParams, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use timonel::base::clock::Timing;
use timonel::base::pipe::Identity;
use timonel::client::pod::Pod;
use timonel::client::timonel::Component;
use timonel::cluster::{Cluster, Home, Opened, Options, RuntimeChoice, StoreKind};
use timonel::kubelet::docker::remove_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::engine::make_room;
use crate::server::binary;

/// The image with a shell that is made for Docker from Debian's busybox; in memory, the one that is built in.
const MADE: &str = "timonel-it/busybox:1";
const SUBNET: &str = "10.200.0.0/16";
const BUILT_IN: &str = "busybox:1.36";
/// Longest wait for something to become so.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running cluster.
pub struct Place {
    cluster: Cluster,
    folder: TempDir,
    docker: bool,
}

impl Place {
    pub async fn open(runtime: RuntimeChoice) -> Self {
        let docker = runtime == RuntimeChoice::Docker;
        if docker {
            import_busybox();
        }
        let folder = tempfile::tempdir().unwrap();
        let Opened::Ours(home) = Home::open(folder.path()).unwrap() else { panic!("the folder is ours") };
        let mut options = Options {
            store: StoreKind::Memory,
            runtime,
            timing: Timing::Clase,
            executable: Some(binary()),
            ..Options::new(folder.path().into())
        };
        if docker {
            // Away from a cluster that a person may have running.
            options.docker_subnet = SUBNET.into();
            make_room(SUBNET);
            options.service_cidr = "10.200.0.0/18".into();
            options.pod_cidr = Some("10.200.128.0/17".into());
        }
        let cluster = Cluster::start(home, options).await.unwrap();
        cluster.ready().await.unwrap();
        Self { cluster, folder, docker }
    }

    /// A namespace for a scenario.
    pub async fn world(&self, name: &str) -> World {
        let client = self.cluster.client(Identity::admin());
        create(&Api::<Namespace>::all(client.clone()), json!({ "metadata": { "name": name } })).await;
        World { client, namespace: name.into(), docker: self.docker }
    }

    pub async fn close(self) {
        let id = timonel::cluster::home::cluster_id(self.folder.path()).unwrap();
        self.cluster.stop().await;
        if self.docker {
            remove_all(&id, &timonel::cluster::volumes(self.folder.path())).await.unwrap();
            let removed = Command::new("docker").args(["rmi", "-f", MADE]).output().unwrap();
            assert!(removed.status.success(), "{}", String::from_utf8_lossy(&removed.stderr));
            let label = format!("label=dev.timonel.cluster={id}");
            let left = Command::new("docker").args(["ps", "-aq", "--filter", &label]).output().unwrap();
            assert!(left.stdout.is_empty(), "containers are left behind");
        }
    }
}

/// Makes an image of Debian's busybox, with the libraries of one that is not static: nothing is pulled.
fn import_busybox() {
    let script = "set -e; here=$(mktemp -d); cd $here; mkdir -p bin tmp etc; cp $(command -v busybox) bin/busybox; \
                  for name in $(busybox --list); do [ $name = busybox ] || ln -s busybox bin/$name; done; \
                  for lib in $(ldd bin/busybox 2>/dev/null | grep -o '/[^ )]*'); do \
                      mkdir -p .$(dirname $lib); cp -L $lib .$lib; done; \
                  tar c .; rm -r $here";
    let archive = Command::new("sh").args(["-c", script]).output().unwrap();
    assert!(archive.status.success(), "busybox is needed: {}", String::from_utf8_lossy(&archive.stderr));
    let import = ["import", "-c", "CMD [\"sh\"]", "-c", "ENV PATH=/bin", "-", MADE];
    let mut import = Command::new("docker").args(import).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    import.stdin.take().unwrap().write_all(&archive.stdout).unwrap();
    assert!(import.wait().unwrap().success(), "docker import");
}

/// A scenario's own namespace.
pub struct World {
    pub client: kube::Client,
    pub namespace: String,
    pub docker: bool,
}

impl World {
    pub fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub fn pods(&self) -> Api<Pod> {
        self.api()
    }

    /// An image with a shell.
    pub fn shell(&self) -> &'static str {
        if self.docker { MADE } else { BUILT_IN }
    }

    /// A container that runs a script in the shell.
    pub fn script(&self, name: &str, script: &str) -> Value {
        json!({ "name": name, "image": self.shell(), "command": ["sh", "-c", script] })
    }

    /// A container with a shell that does nothing, and ends at once when it is told to.
    pub fn idle(&self, name: &str) -> Value {
        self.script(name, "trap 'exit 0' TERM; while true; do sleep 1; done")
    }

    pub async fn create<K>(&self, object: Value)
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + Serialize
            + DeserializeOwned,
    {
        create(&self.api::<K>(), object).await;
    }

    /// Makes a pod that ends without a wait.
    pub async fn pod(&self, name: &str, mut spec: Value) {
        if spec["terminationGracePeriodSeconds"].is_null() {
            spec["terminationGracePeriodSeconds"] = json!(1);
        }
        self.create::<Pod>(json!({ "metadata": { "name": name, "labels": { "app": name } }, "spec": spec })).await;
    }

    /// A pod of the demo program, ready.
    pub async fn demo(&self, name: &str, node: &str) -> Value {
        // Ready means that it listens: a container that runs need not yet.
        let probe = json!({ "httpGet": { "path": "/healthz", "port": 80 }, "periodSeconds": 1 });
        let container = json!({ "name": "c", "image": "timonel/demo:v1", "readinessProbe": probe });
        let spec = json!({ "nodeName": node, "containers": [container] });
        self.pod(name, spec).await;
        self.until_ready(name).await
    }

    /// A pod with a shell, ready.
    pub async fn client_pod(&self, name: &str, node: &str) -> Value {
        self.pod(name, json!({ "nodeName": node, "containers": [self.idle("c")] })).await;
        self.until_ready(name).await
    }

    /// Waits until a pod is as wanted; answers it.
    pub async fn until(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let watch = async {
            let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
            let mut changes = std::pin::pin!(watcher(self.pods(), config).applied_objects());
            while let Some(pod) = changes.try_next().await.unwrap() {
                last = serde_json::to_value(pod).unwrap();
                if wanted(&last) {
                    return;
                }
            }
        };
        let outcome = tokio::time::timeout(PATIENCE, watch).await;
        assert!(outcome.is_ok(), "{name} never became so: {}", last["status"]);
        last
    }

    pub async fn until_ready(&self, name: &str) -> Value {
        self.until(name, ready).await
    }

    /// Runs a script in a container; both its outputs and its exit code.
    pub async fn run(&self, pod: &str, container: &str, script: &str) -> (String, i32) {
        self.run_with(pod, container, script, b"").await
    }

    /// As [`World::run`], with something on its standard input.
    pub async fn run_with(&self, pod: &str, container: &str, script: &str, input: &[u8]) -> (String, i32) {
        let params = AttachParams::default().container(container).stdin(!input.is_empty()).stdout(true).stderr(true);
        let mut process = self.pods().exec(pod, ["sh", "-c", script], &params).await.unwrap();
        let (status, mut out, mut err) = (process.take_status().unwrap(), Vec::new(), Vec::new());
        let (mut stdout, mut stderr) = (process.stdout().unwrap(), process.stderr().unwrap());
        let stdin = process.stdin();
        let feed = async {
            if let Some(mut stdin) = stdin {
                stdin.write_all(input).await.unwrap();
                stdin.shutdown().await.unwrap();
            }
        };
        let (out_read, err_read, ()) = tokio::join!(stdout.read_to_end(&mut out), stderr.read_to_end(&mut err), feed);
        out_read.unwrap();
        err_read.unwrap();
        let causes = status.await.and_then(|status| status.details).and_then(|details| details.causes);
        let code = causes.into_iter().flatten().find_map(|cause| cause.message?.parse().ok()).unwrap_or(0);
        out.append(&mut err);
        (String::from_utf8_lossy(&out).into_owned(), code)
    }

    /// Runs a script until it says what is wanted.
    pub async fn until_said(&self, pod: &str, script: &str, wanted: &str) {
        let mut said = String::new();
        let asked = async {
            loop {
                said = self.run(pod, "c", script).await.0;
                if said.contains(wanted) {
                    return;
                }
                // Nobody tells us what a program in a container says.
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let outcome = tokio::time::timeout(PATIENCE, asked).await;
        assert!(outcome.is_ok(), "{script}: {said}");
    }

    /// `reason: message` of the events about an object.
    pub async fn events(&self, name: &str) -> Vec<String> {
        let params = ListParams::default().fields(&format!("involvedObject.name={name}"));
        let events = self.api::<Event>().list(&params).await.unwrap().items;
        let text = |it: Event| format!("{}: {}", it.reason.unwrap_or_default(), it.message.unwrap_or_default());
        events.into_iter().map(text).collect()
    }

    /// Switches a part of the cluster.
    pub async fn switch(&self, part: &str, on: bool) {
        let parts: Api<Component> = Api::all(self.client.clone());
        let patch = Patch::Merge(json!({ "spec": { "enabled": on } }));
        parts.patch(part, &PatchParams::default(), &patch).await.unwrap();
    }

    /// Takes the namespace down and waits until its pods are gone.
    pub async fn leave(self) {
        let force = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
        let namespaces = Api::<Namespace>::all(self.client.clone());
        namespaces.delete(&self.namespace, &DeleteParams::default()).await.unwrap();
        let gone = async {
            while namespaces.get_opt(&self.namespace).await.unwrap().is_some() {
                let _ = self.pods().delete_collection(&force, &ListParams::default()).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, gone).await.is_ok(), "{} does not go", self.namespace);
    }
}

async fn create<K>(api: &Api<K>, object: Value)
where
    K: kube::Resource + Clone + std::fmt::Debug + Serialize + DeserializeOwned,
    K::DynamicType: Default,
{
    let object: K = serde_json::from_value(object).unwrap();
    // The default account of a new namespace comes a moment after it.
    let made = async {
        loop {
            match api.create(&PostParams::default(), &object).await {
                Err(kube::Error::Api(status)) if status.code == 403 => {}
                other => return other,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, made).await.unwrap().unwrap();
}

/// Whether a pod's condition Ready is True.
pub fn ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    conditions.iter().any(|it| it["type"] == "Ready" && it["status"] == "True")
}

/// A pod's address.
pub fn ip(pod: &Value) -> String {
    pod["status"]["podIP"].as_str().unwrap().into()
}

/// Asks again until there is an answer.
pub async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let asked = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("{what} never came"))
}

/// One request on a connection of its own; what came back.
pub async fn ask(door: SocketAddr, host: &str, path: &str) -> std::io::Result<String> {
    let asked = async {
        let mut stream = tokio::net::TcpStream::connect(door).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    };
    tokio::time::timeout(Duration::from_secs(5), asked).await?
}
