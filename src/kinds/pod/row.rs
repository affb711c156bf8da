//! The row of a pod: what kubectl calls its STATUS is reasoned here, from the printers of Kubernetes (`printPod`).
//! Must not change anything.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::kinds::show;

pub(super) fn row(pod: &Value, now: Timestamp) -> Vec<Value> {
    let seen = Seen::of(pod);
    let (spec, status) = (&pod["spec"], &pod["status"]);
    vec![
        show::name(pod),
        json!(format!("{}/{}", seen.ready, seen.total)),
        json!(seen.reason),
        json!(seen.restarts.text(now)),
        show::age(pod, now),
        show::text_or(&status["podIPs"][0]["ip"], "<none>"),
        show::text_or(&spec["nodeName"], "<none>"),
        show::text_or(&status["nominatedNodeName"], "<none>"),
        json!(readiness_gates(pod)),
    ]
}

/// Restarts and the last end of a container, counted over several containers.
#[derive(Default)]
struct Restarts {
    count: i64,
    last: Option<Timestamp>,
}

impl Restarts {
    fn add(&mut self, container: &Value) {
        self.count += container["restartCount"].as_i64().unwrap_or(0);
        self.last = self.last.max(show::parse_time(&container["lastState"]["terminated"]["finishedAt"]));
    }

    fn text(&self, now: Timestamp) -> String {
        match self.last {
            Some(last) if self.count != 0 => {
                format!("{} ({} ago)", self.count, show::human(now.duration_since(last).as_secs()))
            }
            _ => self.count.to_string(),
        }
    }
}

/// What the containers of a pod say together.
struct Seen {
    ready: usize,
    total: usize,
    reason: String,
    restarts: Restarts,
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

impl Seen {
    fn of(pod: &Value) -> Self {
        let (spec, status) = (&pod["spec"], &pod["status"]);
        let sidecars = show::list(&spec["initContainers"]).iter().filter(|init| is_sidecar(init)).count();
        let mut seen = Self {
            ready: 0,
            total: show::list(&spec["containers"]).len() + sidecars,
            reason: text(&status["reason"]).or(text(&status["phase"])).unwrap_or_default().to_owned(),
            restarts: Restarts::default(),
        };
        if condition(status, "PodScheduled").is_some_and(|found| found["reason"] == "SchedulingGated") {
            "SchedulingGated".clone_into(&mut seen.reason);
        }
        let initializing = seen.init_containers(spec, status);
        if !initializing || is_true(status, "Initialized") {
            seen.containers(spec, status);
        }
        seen.deletion(pod);
        seen
    }

    /// Reads the init containers up to the first that is not done; whether there is one.
    fn init_containers(&mut self, spec: &Value, status: &Value) -> bool {
        let inits = show::list(&spec["initContainers"]);
        for (index, container) in show::list(&status["initContainerStatuses"]).iter().enumerate() {
            self.restarts.add(container);
            let (terminated, waiting) = (&container["state"]["terminated"], &container["state"]["waiting"]);
            if terminated.is_object() && terminated["exitCode"].as_i64().unwrap_or(0) == 0 {
                continue;
            }
            if inits.iter().any(|init| init["name"] == container["name"] && is_sidecar(init))
                && container["started"] == true
            {
                self.ready += usize::from(container["ready"] == true);
                continue;
            }
            self.reason = if terminated.is_object() {
                format!("Init:{}", ended(terminated))
            } else {
                match text(&waiting["reason"]) {
                    Some(reason) if reason != "PodInitializing" => format!("Init:{reason}"),
                    _ => format!("Init:{index}/{}", inits.len()),
                }
            };
            return true;
        }
        false
    }

    fn containers(&mut self, spec: &Value, status: &Value) {
        self.restarts = Restarts::default();
        let sidecar = |status: &&Value| {
            show::list(&spec["initContainers"]).iter().any(|init| init["name"] == status["name"] && is_sidecar(init))
        };
        for container in show::list(&status["initContainerStatuses"]).iter().filter(sidecar) {
            self.restarts.add(container);
        }
        let mut running = false;
        for container in show::list(&status["containerStatuses"]).iter().rev() {
            self.restarts.add(container);
            let state = &container["state"];
            if let Some(reason) = text(&state["waiting"]["reason"]) {
                reason.clone_into(&mut self.reason);
            } else if state["terminated"].is_object() {
                self.reason = ended(&state["terminated"]);
            } else if container["ready"] == true && state["running"].is_object() {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" && running {
            let running = if is_true(status, "Ready") { "Running" } else { "NotReady" };
            running.clone_into(&mut self.reason);
        }
    }

    fn deletion(&mut self, pod: &Value) {
        if pod["metadata"]["deletionTimestamp"].is_null() {
            return;
        }
        let finished = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        if pod["status"]["reason"] == "NodeLost" {
            "Unknown".clone_into(&mut self.reason);
        } else if !finished {
            "Terminating".clone_into(&mut self.reason);
        }
    }
}

/// How a container ended: its reason, or else its signal or exit code.
fn ended(terminated: &Value) -> String {
    let signal = terminated["signal"].as_i64().unwrap_or(0);
    match text(&terminated["reason"]) {
        Some(reason) => reason.to_owned(),
        None if signal != 0 => format!("Signal:{signal}"),
        None => format!("ExitCode:{}", terminated["exitCode"].as_i64().unwrap_or(0)),
    }
}

fn is_sidecar(init: &Value) -> bool {
    init["restartPolicy"] == "Always"
}

fn condition<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    show::list(&status["conditions"]).iter().find(|condition| condition["type"] == kind)
}

fn is_true(status: &Value, kind: &str) -> bool {
    condition(status, kind).is_some_and(|condition| condition["status"] == "True")
}

fn readiness_gates(pod: &Value) -> String {
    let gates = show::list(&pod["spec"]["readinessGates"]);
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let holds = |gate: &&Value| is_true(&pod["status"], gate["conditionType"].as_str().unwrap_or_default());
    format!("{}/{}", gates.iter().filter(holds).count(), gates.len())
}
