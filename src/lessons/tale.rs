//! The replay that answers a prediction: what happened in a step, one line a happening, with its second. Must tell only
//! what was seen, and neither judge nor count it.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use serde_json::Value;

use super::predicate::{State, Was};
use super::world::{Change, Moment, World, is, is_leaving};

/// Lines kept, the last ones: a replay is to be read, and what came long before was another attempt.
const LINES: usize = 16;
/// Characters kept of a refusal.
const WORDS: usize = 160;
/// Requests are told by this share of time.
const WINDOW: Duration = Duration::from_secs(1);

/// What happened so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Tale {
    lines: VecDeque<(Duration, String)>,
    /// To whom requests were failing when last told.
    failing: BTreeSet<String>,
}

impl Tale {
    /// Takes in a moment that the world does not show yet.
    pub(super) fn tell(&mut self, world: &World, moment: &Moment) {
        match &moment.change {
            Change::Object(was, object) => {
                for line in told(world, *was, object) {
                    self.add(moment.at, placed(object, line));
                }
            }
            Change::Request { to, answered } => self.request(world, moment.at, to, *answered),
            Change::Refusal { text, .. } => {
                let first = shortened(text.lines().next().unwrap_or_default());
                self.add(moment.at, format!("rechazado: {first}"));
            }
            _ => {}
        }
    }

    fn request(&mut self, world: &World, at: Duration, to: &str, answered: bool) {
        let (sent, fine) = world.lately(to, WINDOW);
        let was_failing = self.failing.contains(to);
        let failing = !answered || (was_failing && fine < sent);
        if failing != was_failing {
            match failing {
                true => self.failing.insert(to.to_owned()),
                false => self.failing.remove(to),
            };
            let what = if failing { "empiezan a fallar" } else { "se responden todas otra vez" };
            self.add(at, format!("peticiones a {to}: {what}"));
        }
    }

    fn add(&mut self, at: Duration, line: String) {
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back((at, line));
    }

    /// Each happening: seconds since the first, and what it was.
    pub(super) fn lines(&self) -> Vec<(Duration, String)> {
        let began = self.lines.front().map(|(at, _)| *at).unwrap_or_default();
        self.lines.iter().map(|(at, line)| (at.saturating_sub(began), line.clone())).collect()
    }
}

/// A refusal may carry a whole object: its beginning says what was wrong.
fn shortened(text: &str) -> String {
    let kept: String = text.chars().take(WORDS).collect();
    if kept.len() < text.len() { format!("{kept}…") } else { kept }
}

/// What happened in the second cluster says so.
fn placed(object: &Value, line: String) -> String {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    namespace.split_once('/').map_or(line.clone(), |(cluster, _)| format!("en {cluster}: {line}"))
}

/// What a change of an object is, in a few words; nothing, when it is not worth telling.
fn told(world: &World, was: Was, object: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
    let before = world.object_in(&kind, object["metadata"]["namespace"].as_str(), &name);
    match (kind.as_str(), was, before) {
        ("EndpointSlice" | "Endpoints" | "Event" | "Lease", ..) => Vec::new(),
        ("Node", Was::Updated, Some(before)) => flips(before, object, &[(READY, "listo", "ya no responde")], &name),
        ("Pod", Was::Updated, Some(before)) => pod(before, object, &name),
        ("Pod", Was::Created, _) => vec![format!("nace el pod {name}")],
        ("Pod", Was::Leaving, _) => vec![format!("el pod {name} se despide")],
        ("Pod", Was::Deleted, _) => vec![format!("el pod {name} ya no existe")],
        (_, Was::Created, _) => vec![format!("aparece {kind} {name}")],
        (_, Was::Deleted, _) => vec![format!("desaparece {kind} {name}")],
        (_, Was::Updated, Some(before)) => wanted(before, object, &format!("{kind} {name}")),
        _ => Vec::new(),
    }
}

/// What is looked at, and the words for its beginning and end.
type Flip = (fn(&Value) -> bool, &'static str, &'static str);

const READY: fn(&Value) -> bool = |object| is(object, State::Ready);

fn flips(before: &Value, now: &Value, watched: &[Flip], name: &str) -> Vec<String> {
    let changed = watched.iter().filter(|(look, ..)| look(before) != look(now));
    changed.map(|(look, on, off)| format!("{name}: {}", if look(now) { on } else { off })).collect()
}

fn pod(before: &Value, now: &Value, name: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let node = |pod: &Value| pod["spec"]["nodeName"].as_str().map(str::to_owned);
    if let (None, Some(node)) = (node(before), node(now)) {
        lines.push(format!("{name}: le toca {node}"));
    }
    if before["metadata"]["labels"] != now["metadata"]["labels"] {
        lines.push(format!("{name}: cambian sus etiquetas"));
    }
    if restarts(now) > restarts(before) {
        lines.push(format!("{name}: su contenedor se reinicia"));
    }
    let waiting = reason(now).filter(|reason| TELLING.contains(reason) && Some(*reason) != self::reason(before));
    lines.extend(waiting.map(|reason| format!("{name}: {reason}")));
    if !is_leaving(now) {
        let off = if all_run(now) { "se da por no listo, porque su worker no informa" } else { "deja de estar listo" };
        lines.extend(flips(before, now, &[(READY, "listo", off)], name));
    }
    lines
}

/// Whether each container is ready, as its kubelet said last: who calls the pod not ready then is the node controller.
fn all_run(pod: &Value) -> bool {
    let containers = pod["status"]["containerStatuses"].as_array();
    containers.is_some_and(|all| !all.is_empty() && all.iter().all(|container| container["ready"] == true))
}

/// Reasons for which a container waits that are news.
const TELLING: &[&str] = &["ImagePullBackOff", "ErrImagePull", "CrashLoopBackOff", "CreateContainerConfigError"];

fn reason(pod: &Value) -> Option<&str> {
    let containers = pod["status"]["containerStatuses"].as_array()?;
    containers.iter().find_map(|container| container["state"]["waiting"]["reason"].as_str())
}

fn restarts(pod: &Value) -> u64 {
    let containers = pod["status"]["containerStatuses"].as_array();
    containers.into_iter().flatten().filter_map(|container| container["restartCount"].as_u64()).sum()
}

/// What an object wants now, if it wants something else than before.
fn wanted(before: &Value, now: &Value, name: &str) -> Vec<String> {
    let (was, is) = (&before["spec"], &now["spec"]);
    let replicas = (was["replicas"] != is["replicas"]).then(|| format!("{name}: ahora quiere {}", is["replicas"]));
    let template = (was["template"] != is["template"]).then(|| format!("{name}: tiene un molde nuevo"));
    let selector = (was["selector"] != is["selector"]).then(|| format!("{name}: busca otras etiquetas"));
    let enabled = (was["enabled"] != is["enabled"])
        .then(|| format!("{name}: {}", if is["enabled"] == false { "apagado" } else { "encendido" }));
    [replicas, template, selector, enabled].into_iter().flatten().collect()
}
