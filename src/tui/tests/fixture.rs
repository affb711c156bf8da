//! A fixed cluster, and a driver that presses keys and reads the screen.

use jiff::Timestamp;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::app::App;
use crate::tui::keys;
use crate::tui::model::cluster::{Change, Source};
use crate::tui::model::facts::{
    Component, Endpoint, Fact, Happening, Key, Labels, Lease, Node, Pod, Service, Slice, Workload,
};
use crate::tui::model::light::Light;
use crate::tui::model::metrics::Sample;
use crate::tui::msg::{Effect, Msg, Reply, Ticket};
use crate::tui::shot;
use crate::tui::state::State;
use crate::tui::theme::{Look, Theme};

/// The moment at which every test happens.
pub fn now() -> Timestamp {
    "2026-05-01T12:00:00Z".parse().unwrap()
}

fn before(seconds: i64) -> Timestamp {
    now() - jiff::SignedDuration::from_secs(seconds)
}

fn labels(app: &str) -> Labels {
    Labels::from([("app".to_string(), app.to_string())])
}

/// A pod that runs and answers.
pub fn pod(name: &str, app: &str, node: &str, ip: &str) -> Pod {
    Pod {
        key: Key::new("default", name),
        uid: format!("uid-{name}").into(),
        node: node.into(),
        status: "Running".into(),
        light: Light::Good,
        ready: 1,
        total: 1,
        serving: true,
        ip: ip.into(),
        cpu: 250,
        memory: 256 << 20,
        labels: labels(app).into(),
        ..Pod::default()
    }
}

fn ill(base: Pod, status: &str, light: Light) -> Pod {
    Pod { status: status.into(), light, ready: 0, serving: false, ..base }
}

fn pods() -> Vec<Pod> {
    let waiting = Pod {
        unscheduled: "0/3 nodes are available: 2 Insufficient cpu, 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.".into(),
        ..ill(pod("web-6f7d9c8b54-x2x8k", "web", "", ""), "Pending", Light::Waiting)
    };
    vec![
        pod("web-6f7d9c8b54-a1b2c", "web", "worker-1", "10.244.1.5"),
        pod("api-5c9b8d7f66-p0q1r", "api", "worker-1", "10.244.1.6"),
        Pod {
            trouble: "El contenedor «db» se cae: su programa termina con código 1 (4 reinicios).".into(),
            ..ill(pod("db-0", "db", "worker-1", "10.244.1.7"), "CrashLoopBackOff", Light::Bad)
        },
        pod("web-6f7d9c8b54-c3d4e", "web", "worker-2", "10.244.2.7"),
        ill(pod("api-5c9b8d7f66-s2t3u", "api", "worker-2", ""), "ContainerCreating", Light::Busy),
        ill(pod("web-6f7d9c8b54-f5g6h", "web", "worker-3", "10.244.3.2"), "Terminating", Light::Leaving),
        waiting,
    ]
}

/// A worker of the standard size.
pub fn node(name: &str, ready: &str, cidr: &str) -> Node {
    Node {
        key: Key::new("", name),
        ready: ready.into(),
        cpu: 2000,
        memory: 4 << 30,
        pod_cidr: cidr.into(),
        runtime: "timonel://0.1.0".into(),
        ..Node::default()
    }
}

fn service(name: &str, kind: &str, ip: &str, ports: &str, app: &str) -> Service {
    Service {
        key: Key::new("default", name),
        kind: kind.into(),
        ip: ip.into(),
        ports: ports.into(),
        selector: labels(app),
    }
}

fn slice(name: &str, endpoints: &[(&str, bool)]) -> Slice {
    let endpoint =
        |(name, ready): &(&str, bool)| Endpoint { name: (*name).into(), address: "10.244.1.1".into(), ready: *ready };
    Slice {
        key: Key::new("default", &format!("{name}-abcde")),
        service: name.into(),
        endpoints: endpoints.iter().map(endpoint).collect(),
    }
}

fn lease(namespace: &str, name: &str, age: i64) -> Fact {
    Fact::Lease(
        Lease {
            key: Key::new(namespace, name),
            renewed: Some(before(age)),
            seconds: if namespace == "kube-system" { 15 } else { 40 },
        }
        .into(),
    )
}

fn workload(name: &str, desired: i32, ready: i32, settled: bool) -> Workload {
    Workload { key: Key::new("default", name), desired, ready, settled, leaving: false }
}

fn event(name: &str, ago: i64, reason: &str, message: &str, kind: &str, object: &str) -> Fact {
    Fact::Event(
        Happening {
            key: Key::new("default", name),
            at: Some(before(ago)),
            reason: reason.into(),
            message: message.into(),
            kind: kind.into(),
            object: object.into(),
            ..Happening::default()
        }
        .into(),
    )
}

/// A part with a switch.
pub fn part(name: &str, plane: &str, of: &str, enabled: bool) -> Fact {
    Fact::Component(
        Component {
            key: Key::new("", name),
            enabled,
            state: if enabled { "Running".into() } else { "Stopped".into() },
            since: Some(before(125)),
            rate: (plane != "network").then_some(2),
            queue: (plane == "control").then_some(0),
            about: format!("Qué hace {name}.").into(),
            plane: plane.into(),
            part_of: of.into(),
            ..Component::default()
        }
        .into(),
    )
}

fn parts() -> Vec<Fact> {
    let manager = "controller-manager";
    vec![
        part("apiserver", "control", "", true),
        part("etcd", "control", "", true),
        part("scheduler", "control", "", true),
        part(manager, "control", "", true),
        part("deployment-controller", "control", manager, true),
        part("endpointslice-controller", "control", manager, true),
        part("kubelet-worker-1", "worker", "", true),
        part("kubelet-worker-2", "worker", "", true),
        part("kubelet-worker-3", "worker", "", false),
        part("kube-proxy", "network", "", true),
        part("dns", "network", "", true),
        part("ingress-controller", "network", "", false),
        part("tunnel-worker-1-worker-2", "network", "", true),
        part("tunnel-worker-1-worker-3", "network", "", false),
        part("service-lb-controller", "provider", "", true),
    ]
}

/// The lists that the watches would bring.
pub fn changes(pods: Vec<Pod>) -> Vec<Change> {
    let nodes = [
        ("worker-1", "True", "10.244.1.0/24"),
        ("worker-2", "True", "10.244.2.0/24"),
        ("worker-3", "Unknown", "10.244.3.0/24"),
    ];
    let leases = [
        ("kube-system", "kube-controller-manager", 1),
        ("kube-system", "kube-scheduler", 2),
        ("kube-node-lease", "worker-1", 2),
        ("kube-node-lease", "worker-2", 7),
        ("kube-node-lease", "worker-3", 52),
    ];
    let services = vec![
        Fact::Service(service("tienda", "NodePort", "10.96.3.9", "80:30080/TCP", "tiend").into()),
        Fact::Service(service("web", "ClusterIP", "10.96.12.4", "80/TCP", "web").into()),
        Fact::Service(service("api", "ClusterIP", "10.96.40.2", "8080/TCP", "api").into()),
    ];
    let slices = vec![
        Fact::Slice(slice("web", &[("web-6f7d9c8b54-a1b2c", true), ("web-6f7d9c8b54-c3d4e", true)]).into()),
        Fact::Slice(slice("api", &[("api-5c9b8d7f66-p0q1r", true), ("api-5c9b8d7f66-s2t3u", false)]).into()),
    ];
    let events = vec![
        event(
            "e1",
            30,
            "Scheduled",
            "Successfully assigned default/api-5c9b8d7f66-s2t3u to worker-2",
            "Pod",
            "api-5c9b8d7f66-s2t3u",
        ),
        event("e2", 4, "SuccessfulCreate", "Created pod: web-6f7d9c8b54-x2x8k", "ReplicaSet", "web-6f7d9c8b54"),
    ];
    vec![
        Change::Replace(
            Source::Nodes,
            nodes.map(|(name, ready, cidr)| Fact::Node(node(name, ready, cidr).into())).into(),
        ),
        Change::Replace(Source::Pods, pods.into_iter().map(|pod| Fact::Pod(pod.into())).collect()),
        Change::Replace(Source::Services, services),
        Change::Replace(Source::Slices, slices),
        Change::Replace(
            Source::Deployments,
            vec![
                Fact::Deployment(workload("web", 4, 2, false).into()),
                Fact::Deployment(workload("api", 2, 1, false).into()),
            ],
        ),
        Change::Replace(
            Source::ReplicaSets,
            vec![
                Fact::ReplicaSet(workload("web-6f7d9c8b54", 4, 2, true).into()),
                Fact::ReplicaSet(workload("api-5c9b8d7f66", 2, 1, true).into()),
            ],
        ),
        Change::Replace(Source::Leases, leases.map(|(namespace, name, age)| lease(namespace, name, age)).into()),
        Change::Replace(Source::Events, events),
        Change::Replace(Source::Components, parts()),
    ]
}

/// The dashboard in a test: what it asked of the world is kept.
pub struct Driver {
    pub app: App,
    pub effects: Vec<Effect>,
}

impl Driver {
    /// A dashboard that has seen nothing yet.
    pub fn empty(size: (u16, u16)) -> Self {
        let mut state = State::new("timonel".into(), None, Look::Dark, now());
        state.size = size;
        let (app, effects) = App::open(state, "").unwrap();
        Self { app, effects }
    }

    /// A dashboard over the fixed cluster.
    pub fn new(size: (u16, u16)) -> Self {
        Self::with(size, pods())
    }

    /// A dashboard over the fixed cluster with other pods.
    pub fn with(size: (u16, u16), pods: Vec<Pod>) -> Self {
        let mut driver = Self::empty(size);
        driver.send(Msg::Version(Ok("v1.36.0".into())));
        driver.send(Msg::Cluster(changes(pods)));
        driver.send(Msg::Catalog(Ok(crate::tui::model::catalog::essentials())));
        let mut total = 0.0;
        for (second, requests) in [0, 12, 30, 55, 80, 42, 20, 8, 8, 14, 40, 66, 90, 84].into_iter().enumerate() {
            total += f64::from(requests) * 2.0;
            let ago = jiff::SignedDuration::from_secs(2 * (14 - i64::try_from(second).unwrap()));
            driver.send(Msg::Clock(now() - ago));
            let sample = Sample {
                requests: total,
                seconds: total * 0.0018,
                timed: total,
                revision: Some(1284.0),
                objects: Some(214.0),
                bytes: Some(98_304.0),
            };
            driver.send(Msg::Metrics(Ok(sample)));
        }
        driver.send(Msg::Clock(now()));
        driver
    }

    /// A message from the world.
    pub fn send(&mut self, msg: Msg) {
        let effects = self.app.update(msg);
        self.effects.extend(effects);
        self.app.settle();
    }

    /// Keys, as the key tables write them, between blanks.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.send(Msg::Key(keys::event(key).unwrap()));
        }
        self
    }

    /// Letters typed one by one.
    pub fn write(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            self.send(Msg::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
        }
        self
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        shot::text(&self.app, self.app.state.size).unwrap()
    }

    /// An answer to whoever last asked for this kind of effect.
    pub fn answer(&mut self, asked: impl Fn(&Effect) -> Option<Ticket>, reply: Reply) -> &mut Self {
        let ticket = self.effects.iter().rev().find_map(asked).unwrap();
        self.send(Msg::Reply(ticket, reply));
        self
    }

    /// The server's table to whoever last asked for one.
    pub fn table(&mut self, reply: Reply) -> &mut Self {
        self.answer(|effect| if let Effect::Table(ticket, _) = effect { Some(*ticket) } else { None }, reply)
    }

    /// Whether the screen says this.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        let screen = self.screen();
        assert!(screen.contains(text), "no está «{text}» en:\n{screen}");
    }

    /// Whether the screen does not say this.
    #[track_caller]
    pub fn hides(&self, text: &str) {
        let screen = self.screen();
        assert!(!screen.contains(text), "está «{text}» en:\n{screen}");
    }
}

/// The sizes that every view is drawn at.
pub const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// Compares a screen with the one that was looked at and accepted: its text and weights, and its colours in both looks.
#[track_caller]
pub fn golden(name: &str, driver: &mut Driver) {
    let (width, height) = driver.app.state.size;
    let settings = {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings
    };
    let before = driver.app.state.theme;
    for (look, ending) in [(Look::Plain, ""), (Look::Dark, "_oscuro"), (Look::Light, "_claro")] {
        driver.app.state.theme = Theme::new(look);
        let styles = shot::styles(&driver.app, (width, height)).unwrap();
        let shown = if look == Look::Plain { format!("{}\n\n{styles}", driver.screen()) } else { styles };
        settings.bind(|| insta::assert_snapshot!(format!("{name}_{width}x{height}{ending}"), shown));
    }
    driver.app.state.theme = before;
}
