//! Says in each `PodDisruptionBudget` how many of its pods may be missing. Must not evict: the eviction does, by this
//! number.

mod plan;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, OwnerReference};
use kube::api::PostParams;
use kube::{Api, ResourceExt};

use super::scales::{self, Target};
use super::{Manager, Outcome, unless_gone};
use crate::base::selector::Selector;
use crate::client::object::{Key, controller_of, uid_of};
use crate::client::pod::Pod;
use crate::client::queue::{Next, Queue};
use crate::client::recorder::Recorder;

struct Controller {
    manager: Arc<Manager>,
    recorder: Recorder,
}

pub(super) async fn run(manager: Arc<Manager>) {
    let recorder = manager.recorder("controllermanager");
    let controller = Controller { manager: manager.clone(), recorder };
    let informers = &manager.informers;
    informers.budgets.wait_synced().await;
    informers.pods.wait_synced().await;
    informers.replica_sets.wait_synced().await;
    informers.deployments.wait_synced().await;
    informers.stateful_sets.wait_synced().await;
    informers.replication_controllers.wait_synced().await;
    let queue = manager.queue();
    subscribe(&manager, &queue);
    queue.run(1, |key| controller.reconcile(key)).await;
}

fn subscribe(manager: &Manager, queue: &Queue<Key>) {
    let keys = queue.clone();
    manager.informers.budgets.on_change(move |change| keys.add(Key::of(&**change.object())));
    let (budgets, keys) = (manager.informers.budgets.clone(), queue.clone());
    manager.informers.pods.on_change(move |change| {
        let namespace = change.object().metadata.namespace.as_deref().unwrap_or_default();
        let states = [change.before(), change.after()];
        let selects = |budget: &PodDisruptionBudget| {
            let selector = selector_of(budget);
            states.iter().flatten().any(|pod| selector.matches(pod.labels()))
        };
        keys.add_all(budgets.in_namespace(namespace).iter().filter(|it| selects(it)).map(|it| Key::of(&**it)));
    });
}

/// What a budget covers: nothing without a selector, everything with an empty one.
fn selector_of(budget: &PodDisruptionBudget) -> Selector {
    let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    let parsed = selector.and_then(|selector| Selector::from_label_selector(selector).ok());
    parsed.unwrap_or_else(Selector::nothing)
}

impl Controller {
    async fn reconcile(&self, key: Key) -> Outcome {
        let Some(budget) = self.manager.informers.budgets.get(&key) else { return Ok(Next::Done) };
        let selector = selector_of(&budget);
        let mut pods = self.manager.informers.pods.in_namespace(&key.namespace);
        pods.retain(|pod| selector.matches(pod.labels()));
        if pods.is_empty() {
            self.recorder.normal(&*budget, "NoPods", "No matching pods found");
        }
        let scale = match self.scale(&budget, &pods).await {
            Ok(scale) => scale,
            Err(why) => return self.fail(&budget, &why).await,
        };
        let (now, count) = (self.manager.clock.now(), plan::count(&budget, pods.len(), scale));
        let disrupted = plan::disrupted(&budget, &pods, now);
        for pod in &disrupted.overdue {
            let message = format!("Pod was expected by PDB {}/{} to be deleted but it wasn't", key.namespace, key.name);
            self.recorder.warning(&**pod, "NotDeleted", message);
        }
        if let Some(status) = plan::status(&budget, &pods, count, &disrupted, now) {
            self.write(&budget, status).await?;
        }
        let left = disrupted.recheck.map(|at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
        Ok(left.map_or(Next::Done, |left| Next::After(left + Duration::from_millis(1))))
    }

    /// Nothing may be disrupted while the numbers are not known; they are looked at again with back-off.
    async fn fail(&self, budget: &PodDisruptionBudget, why: &str) -> Outcome {
        let message = format!("Failed to calculate the number of expected pods: {why}");
        self.recorder.warning(budget, "CalculateExpectedPodCountFailed", message);
        self.write(budget, plan::failed(budget, why, self.manager.clock.now())).await?;
        Ok(Next::Retry)
    }

    async fn write(&self, budget: &PodDisruptionBudget, status: PodDisruptionBudgetStatus) -> kube::Result<()> {
        if budget.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let api: Api<PodDisruptionBudget> =
            Api::namespaced(self.manager.client.clone(), &budget.namespace().unwrap_or_default());
        let updated = PodDisruptionBudget { status: Some(status), ..budget.clone() };
        unless_gone(api.replace_status(&budget.name_any(), &PostParams::default(), &updated).await).map(drop)
    }

    /// How many replicas the owners of the pods want in all (`getExpectedScale`).
    async fn scale(&self, budget: &PodDisruptionBudget, pods: &[Arc<Pod>]) -> Result<i32, String> {
        if !plan::needs_scale(budget) {
            return Ok(0);
        }
        let (mut scales, mut unmanaged) = (BTreeMap::new(), false);
        for pod in pods {
            match controller_of(&pod.metadata) {
                None => unmanaged = true,
                Some(owner) if scales.contains_key(&owner.uid) => {}
                Some(owner) => {
                    let (root, scale) = self.scale_of(owner, pod).await?;
                    scales.insert(owner.uid.clone(), (root, scale));
                }
            }
        }
        if unmanaged {
            self.recorder.warning(budget, "UnmanagedPods", unmanaged_text(budget));
        }
        // Several sets of one Deployment count once.
        let roots: BTreeMap<String, i32> = scales.into_values().collect();
        Ok(roots.into_values().fold(0, i32::saturating_add))
    }

    /// Who keeps a pod's number, by uid, and that number.
    async fn scale_of(&self, owner: &OwnerReference, pod: &Pod) -> Result<(String, i32), String> {
        let namespace = pod.namespace().unwrap_or_default();
        let known = match owner.kind.as_str() {
            "ReplicaSet" => self.set_scale(owner, &namespace),
            "StatefulSet" => {
                let set = self.manager.informers.stateful_sets.get(&Key::new(namespace, owner.name.clone()));
                let set = set.filter(|set| uid_of(&set.metadata) == owner.uid);
                set.map(|set| (owner.uid.clone(), set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)))
            }
            "ReplicationController" => {
                let all = &self.manager.informers.replication_controllers;
                let found = all.get(&Key::new(namespace, owner.name.clone()));
                let found = found.filter(|it| uid_of(&it.metadata) == owner.uid);
                found.map(|it| (owner.uid.clone(), it.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)))
            }
            _ => {
                let target = (owner.api_version.as_str(), owner.kind.as_str());
                let target = Target::find(&self.manager.client, target, &namespace, &owner.name).await?;
                Some((owner.uid.clone(), scales::wanted(&target.get().await?)))
            }
        };
        known.ok_or_else(|| format!("found no controllers for pod {:?}", pod.name_any()))
    }

    /// A set's number, or that of the Deployment behind it.
    fn set_scale(&self, owner: &OwnerReference, namespace: &str) -> Option<(String, i32)> {
        let informers = &self.manager.informers;
        let set = informers.replica_sets.get(&Key::new(namespace, owner.name.clone()))?;
        if uid_of(&set.metadata) != owner.uid {
            return None;
        }
        let Some(above) = controller_of(&set.metadata).filter(|above| above.kind == "Deployment") else {
            return Some((owner.uid.clone(), set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)));
        };
        let deployment = informers.deployments.get(&Key::new(namespace, above.name.clone()))?;
        let own = uid_of(&deployment.metadata) == above.uid;
        own.then(|| (above.uid.clone(), deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1)))
    }
}

fn unmanaged_text(budget: &PodDisruptionBudget) -> String {
    let selector = budget.spec.as_ref().and_then(|spec| spec.selector.clone()).unwrap_or_default();
    format!(
        "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status \
         of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods \
         please set \".spec.minAvailable\" field of the PDB to an integer value.",
        as_go(&selector)
    )
}

/// A selector as Go prints it.
fn as_go(selector: &LabelSelector) -> String {
    let labels = selector.match_labels.iter().flatten().map(|(key, value)| format!("{key}: {value},"));
    let rules = selector.match_expressions.iter().flatten().map(|rule| {
        let values = rule.values.iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        format!("LabelSelectorRequirement{{Key:{},Operator:{},Values:[{values}],}},", rule.key, rule.operator)
    });
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{}}},MatchExpressions:[]LabelSelectorRequirement{{{}}},}}",
        labels.collect::<String>(),
        rules.collect::<String>()
    )
}
