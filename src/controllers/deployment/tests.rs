//! Plans of the Deployment controller, played through: each plan's writes are applied, pods become ready, and again.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, ReplicaSet, ReplicaSetStatus, RollingUpdateDeployment,
};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, Time};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::plan::{Action, plan};
use super::sets::{REVISION, available, replicas, revision};
use crate::client::queue::Next;

fn template(image: &str) -> PodTemplateSpec {
    let container = Container { name: "c".into(), image: Some(image.into()), ..Container::default() };
    PodTemplateSpec {
        metadata: Some(ObjectMeta { labels: Some([("app".into(), "web".into())].into()), ..ObjectMeta::default() }),
        spec: Some(PodSpec { containers: vec![container], ..PodSpec::default() }),
    }
}

fn deployment(count: i32) -> Deployment {
    let quarter = Some(IntOrString::String("25%".into()));
    Deployment {
        metadata: ObjectMeta {
            name: Some("web".into()),
            uid: Some("d".into()),
            generation: Some(1),
            ..ObjectMeta::default()
        },
        spec: Some(DeploymentSpec {
            replicas: Some(count),
            selector: LabelSelector {
                match_labels: Some([("app".into(), "web".into())].into()),
                ..LabelSelector::default()
            },
            strategy: Some(DeploymentStrategy {
                type_: Some("RollingUpdate".into()),
                rolling_update: Some(RollingUpdateDeployment { max_surge: quarter.clone(), max_unavailable: quarter }),
            }),
            template: template("v1"),
            progress_deadline_seconds: Some(600),
            revision_history_limit: Some(10),
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}

/// A cluster of one Deployment, where pods are ready as soon as `ready` says.
struct World {
    deployment: Deployment,
    sets: Vec<ReplicaSet>,
    now: Timestamp,
    ready: fn(&ReplicaSet) -> bool,
    scalings: Vec<String>,
}

impl World {
    fn new(count: i32) -> Self {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        Self { deployment: deployment(count), sets: Vec::new(), now, ready: |_| true, scalings: Vec::new() }
    }

    fn spec(&mut self) -> &mut DeploymentSpec {
        self.deployment.metadata.generation = self.deployment.metadata.generation.map(|generation| generation + 1);
        self.deployment.spec.as_mut().unwrap()
    }

    /// Plans and applies until nothing is left to do; the wait that the last plan asked for.
    fn settle(&mut self) -> Next {
        for _ in 0..100 {
            let sets: Vec<_> = self.sets.iter().cloned().map(Arc::new).collect();
            let plan =
                plan(&self.deployment, &sets, &|set| set.status.as_ref().is_some_and(|it| it.replicas > 0), self.now);
            let done = plan.actions.is_empty() && !self.run_pods();
            plan.actions.into_iter().for_each(|action| self.apply(action));
            if done {
                return plan.next;
            }
        }
        panic!("never settles: {:?}", self.scalings);
    }

    fn apply(&mut self, action: Action) {
        match action {
            Action::Create(set) => {
                self.tell("", 0, replicas(&set));
                let mut set = *set;
                set.metadata.uid.clone_from(&set.metadata.name);
                set.metadata.creation_timestamp =
                    Some(Time(self.now + SignedDuration::from_secs(i64::try_from(self.sets.len()).unwrap())));
                self.sets.push(set);
            }
            Action::Update(set) => self.replace(*set),
            Action::Scale { set, from, to } => {
                let name = if revision(&set.metadata) == 1 { "old" } else { "new" };
                self.tell(name, from, to);
                self.replace(*set);
            }
            Action::Delete(gone) => self.sets.retain(|set| set.metadata.name != gone.metadata.name),
            Action::Revision(revision) => {
                self.deployment.metadata.annotations.get_or_insert_default().insert(REVISION.into(), revision);
            }
            Action::Status(status) => self.deployment.status = Some(*status),
        }
    }

    fn tell(&mut self, name: &str, from: i32, to: i32) {
        if from != to {
            self.scalings.push(format!("{name} {from}→{to}").trim().into());
        }
    }

    fn replace(&mut self, new: ReplicaSet) {
        let place = self.sets.iter_mut().find(|set| set.metadata.name == new.metadata.name).unwrap();
        *place = new;
    }

    /// The ReplicaSet controller and the kubelets, in a step; whether anything changed.
    fn run_pods(&mut self) -> bool {
        let ready = self.ready;
        self.sets.iter_mut().fold(false, |changed, set| {
            let count = replicas(set);
            let up = if ready(set) { Some(count).filter(|&count| count > 0) } else { None };
            let status = ReplicaSetStatus {
                replicas: count,
                ready_replicas: up,
                available_replicas: up,
                ..ReplicaSetStatus::default()
            };
            changed | (set.status.replace(status.clone()) != Some(status))
        })
    }

    fn sizes(&self) -> Vec<i32> {
        self.sets.iter().map(replicas).collect()
    }

    fn progress(&self) -> (String, String) {
        let conditions = self.deployment.status.as_ref().unwrap().conditions.as_ref().unwrap();
        let progressing = conditions.iter().find(|condition| condition.type_ == "Progressing").unwrap();
        (progressing.status.clone(), progressing.reason.clone().unwrap())
    }

    fn revision(&self) -> String {
        self.deployment.metadata.annotations.as_ref().unwrap()[REVISION].clone()
    }
}

#[test]
fn the_first_roll_out_makes_one_set() {
    let mut world = World::new(3);
    world.settle();
    assert_eq!((world.sizes(), world.scalings.clone(), world.revision()), (vec![3], vec!["0→3".into()], "1".into()));
    assert_eq!(world.progress(), ("True".into(), "NewReplicaSetAvailable".into()));
    let status = world.deployment.status.as_ref().unwrap();
    assert_eq!(
        (status.available_replicas, status.unavailable_replicas, status.observed_generation),
        (Some(3), None, Some(1))
    );
    let set = &world.sets[0];
    let hash = &set.metadata.labels.as_ref().unwrap()["pod-template-hash"];
    assert_eq!(set.metadata.name, Some(format!("web-{hash}")));
}

#[test]
fn rolling_goes_up_one_and_down_one_as_kubernetes_tells_it() {
    let mut world = World::new(3);
    world.settle();
    world.scalings.clear();
    world.spec().template = template("v2");
    world.settle();
    assert_eq!(world.scalings, ["0→1", "old 3→2", "new 1→2", "old 2→1", "new 2→3", "old 1→0"]);
    assert_eq!((world.sizes(), world.revision()), (vec![0, 3], "2".into()));
}

#[test]
fn a_broken_template_stops_within_the_bounds_and_times_out() {
    let mut world = World::new(4);
    world.settle();
    world.ready = |set| revision(&set.metadata) == 1;
    world.spec().template = template("broken");
    let next = world.settle();
    assert_eq!(world.sizes(), [3, 2], "one below, one above");
    assert_eq!(world.sets.iter().map(available).sum::<i32>(), 3);
    assert_eq!(next, Next::After(std::time::Duration::from_secs(601)));
    world.now += SignedDuration::from_secs(601);
    assert_eq!(world.settle(), Next::Done);
    assert_eq!(world.progress(), ("False".into(), "ProgressDeadlineExceeded".into()));
}

#[test]
fn a_rollback_brings_the_old_set_to_the_front() {
    let mut world = World::new(3);
    world.settle();
    world.spec().template = template("v2");
    world.settle();
    world.spec().template = template("v1");
    world.settle();
    assert_eq!((world.sizes(), world.revision()), (vec![3, 0], "3".into()));
    let annotations = world.sets[0].metadata.annotations.as_ref().unwrap();
    assert_eq!(annotations["deployment.kubernetes.io/revision-history"], "1");
}

#[test]
fn a_pause_keeps_the_template_but_not_the_scale() {
    let mut world = World::new(2);
    world.settle();
    world.spec().paused = Some(true);
    world.spec().template = template("v2");
    world.spec().replicas = Some(4);
    world.settle();
    assert_eq!(world.sizes(), [4]);
    assert_eq!(world.progress(), ("Unknown".into(), "DeploymentPaused".into()));
    world.spec().paused = None;
    world.settle();
    assert_eq!(world.sizes(), [0, 4]);
}

#[test]
fn scaling_in_the_middle_is_shared_in_proportion() {
    let mut world = World::new(8);
    world.settle();
    world.ready = |set| revision(&set.metadata) == 1;
    world.spec().template = template("broken");
    world.settle();
    assert_eq!(world.sizes(), [6, 4]);
    world.spec().replicas = Some(16);
    world.settle();
    assert_eq!(world.sizes(), [12, 8]);
}

#[test]
fn recreate_stops_everything_first() {
    let mut world = World::new(3);
    world.spec().strategy = Some(DeploymentStrategy { type_: Some("Recreate".into()), rolling_update: None });
    world.settle();
    world.scalings.clear();
    world.spec().template = template("v2");
    world.settle();
    assert_eq!(world.scalings, ["old 3→0", "0→3"]);
}

#[test]
fn history_is_kept_to_its_limit() {
    let mut world = World::new(1);
    world.spec().revision_history_limit = Some(2);
    for version in ["v1", "v2", "v3", "v4", "v5"] {
        world.spec().template = template(version);
        world.settle();
    }
    let revisions: Vec<_> = world.sets.iter().map(|set| revision(&set.metadata)).collect();
    assert_eq!(revisions, [3, 4, 5]);
}
