//! What is shown of a session. Must be read-only: whoever draws asks the session to change.

use std::time::Duration;

use serde_json::Value;

use super::format::Setup;
use super::predicate::State;
use super::world::{World, is};

/// A lesson as the learner sees it now.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The lesson's number, such as `1.3`.
    pub id: &'a str,
    /// The lesson's title.
    pub title: &'a str,
    /// The module's title.
    pub module: &'a str,
    /// The lesson's namespace: what the learner applies goes there.
    pub namespace: &'a str,
    /// The step, from 1.
    pub step: usize,
    /// How many steps there are.
    pub steps: usize,
    /// The step's title.
    pub step_title: &'a str,
    /// What to do and why.
    pub text: &'a str,
    /// What to highlight on the bridge, such as `Service/web`.
    pub look: &'a [String],
    /// Commands to copy.
    pub commands: &'a [String],
    /// What single keys do.
    pub keys: Vec<KeyView<'a>>,
    /// A file of the lesson to open in the editor: its name and content.
    pub edit: Option<(&'a str, &'a str)>,
    /// The prediction to make first.
    pub question: Option<QuestionView<'a>>,
    /// The sub-goals, in order.
    pub goals: Vec<GoalView<'a>>,
    /// Help already given: its name (`mira`, `piensa`, `casi`, `solución`) and text.
    pub hints: Vec<(&'static str, &'a str)>,
    /// Whether more help may be asked for.
    pub hint_available: bool,
    /// Whether the learner may go on: every sub-goal is green.
    pub can_advance: bool,
    /// After the last step: what happened and why.
    pub debrief: Option<&'a str>,
}

/// A question with its options.
#[derive(Clone, Debug)]
pub struct QuestionView<'a> {
    /// Its name, for [`super::Session::answer`].
    pub id: &'a str,
    /// The question.
    pub text: &'a str,
    /// The options, in order.
    pub options: Vec<&'a str>,
    /// What is to be put in order, mixed up: each with its right place, from 0.
    pub items: Vec<(usize, &'a str)>,
    /// The option that was chosen.
    pub chosen: Option<usize>,
    /// The option that is right now; nobody is told before the run has answered.
    pub right: Option<usize>,
    /// How many items of the order given last stood in their place.
    pub in_place: Option<usize>,
    /// Once the step is done: whether it was right, and why.
    pub verdict: Option<Verdict<'a>>,
}

/// What the run answered to a prediction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// Whether the prediction was right.
    pub right: bool,
    /// The belief behind a wrong option, kindly answered.
    pub belief: Option<&'a str>,
    /// Why it is as it is.
    pub because: &'a str,
    /// The replay: what happened in this step, with the time since the first happening.
    pub tale: Vec<(Duration, String)>,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyView<'a> {
    /// The key.
    pub key: char,
    /// What it does.
    pub text: &'a str,
    /// The command that would do the same.
    pub command: Option<&'a str>,
}

/// What an object wants and what there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gauge {
    /// The context of its cluster, where there are two.
    pub cluster: Option<String>,
    /// Kind and name; the name alone where there are two clusters, which must fit beside it.
    pub name: String,
    /// Replicas; nothing where there is no such object.
    pub replicas: Option<Replicas>,
}

/// Wanted and ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replicas {
    /// Replicas wanted.
    pub desired: u64,
    /// Replicas ready.
    pub actual: u64,
}

impl Replicas {
    /// Counted, not read from the status: that says nothing new while its controller is off.
    fn of(object: &Value, world: &World, namespace: Option<&str>) -> Option<Self> {
        let desired = object["spec"]["replicas"].as_u64()?;
        let selector = &object["spec"]["selector"];
        let Some(labels) = selector.get("matchLabels").unwrap_or(selector).as_object() else {
            return Some(Self { desired, actual: object["status"]["readyReplicas"].as_u64().unwrap_or(0) });
        };
        let picked = |pod: &&Value| {
            labels.iter().all(|(key, value)| pod["metadata"]["labels"][key] == *value) && !is_of_another(pod, object)
        };
        let ready = world.objects_in("Pod", namespace).filter(picked).filter(|pod| is(pod, State::Ready)).count();
        Some(Self { desired, actual: u64::try_from(ready).unwrap_or(u64::MAX) })
    }
}

/// Whether a pod has a controller that is neither the object nor a ReplicaSet of it, told by its name.
fn is_of_another(pod: &Value, object: &Value) -> bool {
    let owners = pod["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let Some(owner) = owners.into_iter().find(|owner| owner["controller"] == true) else { return false };
    let set = owner["name"].as_str().and_then(|name| name.rsplit_once('-')).map(|(deployment, _hash)| deployment);
    let is_own = owner["uid"].is_string() && owner["uid"] == object["metadata"]["uid"];
    !is_own && (object["kind"] != "Deployment" || set != object["metadata"]["name"].as_str())
}

/// Kinds that want so many pods.
pub(super) const REPLICATED: &[&str] = &["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"];

/// Desired and actual replicas of the objects to look at that have them; then those of the same names in the second
/// cluster, if there is one.
pub(super) fn gauges(look: &[String], world: &World, setup: &Setup) -> Vec<Gauge> {
    let own = setup.second.as_ref().map(|second| &*second.own);
    let beside = setup.second.as_ref().zip(setup.beside());
    let far = beside.iter().flat_map(|(second, place)| all_gauges(look, world, Some(place), Some(&second.context)));
    all_gauges(look, world, None, own).chain(far).collect()
}

fn all_gauges<'a>(
    look: &'a [String],
    world: &'a World,
    namespace: Option<&'a str>,
    cluster: Option<&'a str>,
) -> impl Iterator<Item = Gauge> + use<'a> {
    look.iter().filter_map(move |place| {
        let (kind, name) = place.split_once('/')?;
        let object = world.object_in(kind, namespace, name);
        let replicas = object.and_then(|object| Replicas::of(object, world, namespace));
        match (cluster, object, replicas) {
            // Gone from one cluster and not from the other: that is what there is to see.
            (Some(cluster), None, _) | (Some(cluster), _, Some(_)) => {
                Some(Gauge { cluster: Some(cluster.to_owned()), name: name.to_owned(), replicas })
            }
            (_, Some(_), None) => None,
            (None, None, _) if !REPLICATED.contains(&kind) => None,
            (None, ..) => Some(Gauge { cluster: None, name: format!("{kind} {name}"), replicas }),
        }
    })
}

/// A sub-goal and whether it is achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoalView<'a> {
    /// What to achieve.
    pub text: &'a str,
    /// Green.
    pub done: bool,
    /// What has to hold for a while and holds, if it is time that is missing.
    pub held: Option<Lasting>,
    /// Of what has to be done several times: how often it was, of how often.
    pub so_far: Option<(u64, u64)>,
    /// Whether it is met by opening something on the screen.
    pub opens: bool,
}

/// Something that has to hold for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasting {
    /// How long it has held.
    pub held: Duration,
    /// How long it has to.
    pub whole: Duration,
    /// Whether it only comes before what the sub-goal says.
    pub before: bool,
}
