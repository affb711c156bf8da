//! What the scheduler writes: bindings, conditions, events, and the deletion of those that must make room.

use k8s_openapi::api::core::v1::{Binding, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::{Value, json};

use super::facts::PodFacts;
use super::queue::Pending;
use super::state::{Room, Verdict};
use super::storage::Bindings;
use super::{NAME, Scheduler};
use crate::client::decisions::Outcome;
use crate::client::pod::Pod;

impl Scheduler {
    pub(super) async fn write(&self, verdict: Verdict) {
        let written = match verdict {
            Verdict::Bind { pending, node, bindings } => return self.bind(pending, &node, &bindings).await,
            Verdict::Refuse { pod, message, room } => self.refuse(&pod, &message, room).await,
        };
        if let Err(error) = written {
            tracing::debug!(%error, "refusal not written");
        }
    }

    fn pods(&self, pod: &PodFacts) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &pod.key.namespace)
    }

    async fn bind(&self, pending: Pending, node: &str, bindings: &Bindings) {
        let pod = pending.pod.clone();
        if let Err(text) = self.bind_volumes(bindings, node).await {
            self.recorder.about(reference(&pod), true, "FailedScheduling", text);
            self.log.lock().settle(&pod.uid, Outcome::Failed);
            return self.note(|state, now| state.undo(pending, bindings, true, now));
        }
        let binding = Binding {
            metadata: ObjectMeta {
                name: Some(pod.key.name.clone()),
                namespace: Some(pod.key.namespace.clone()),
                uid: Some(pod.uid.clone()),
                ..ObjectMeta::default()
            },
            target: ObjectReference {
                kind: Some("Node".into()),
                name: Some(node.into()),
                ..ObjectReference::default()
            },
        };
        let params = PostParams::default();
        let bound: kube::Result<Value> =
            self.pods(&pod).create_subresource("binding", &pod.key.name, &params, &binding).await;
        match bound {
            Ok(_) => {
                self.log.lock().settle(&pod.uid, Outcome::Bound);
                let message = format!("Successfully assigned {} to {node}", pod.key);
                self.recorder.about(reference(&pod), false, "Scheduled", message);
            }
            Err(error) => {
                // Gone, or bound by somebody else: nothing to try again.
                let retry =
                    !matches!(&error, kube::Error::Api(status) if status.is_not_found() || status.is_conflict());
                tracing::debug!(%error, pod = %pod.key, "not bound");
                self.log.lock().settle(&pod.uid, Outcome::Failed);
                self.note(|state, now| state.undo(pending, bindings, retry, now));
            }
        }
    }

    async fn refuse(&self, pod: &PodFacts, message: &str, room: Option<Room>) -> kube::Result<()> {
        self.recorder.about(reference(pod), true, "FailedScheduling", message.into());
        let condition = json!({
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
            "lastTransitionTime": Time(self.clock.now()),
        });
        let mut status = json!({ "conditions": [condition] });
        if let Some(room) = &room {
            status["nominatedNodeName"] = json!(room.node);
        }
        self.patch_status(pod, status).await?;
        let Some(room) = room else { return Ok(()) };
        for victim in &room.victims {
            self.remove(victim, pod, &room.node).await?;
        }
        Ok(())
    }

    async fn patch_status(&self, pod: &PodFacts, status: Value) -> kube::Result<()> {
        let patch = json!({"metadata": {"uid": pod.uid}, "status": status});
        let params = PatchParams::default();
        unless_gone(self.pods(pod).patch_status(&pod.key.name, &params, &Patch::Strategic(patch)).await)
    }

    async fn remove(&self, victim: &PodFacts, pod: &PodFacts, node: &str) -> kube::Result<()> {
        let condition = json!({
            "type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler",
            "message": format!("{NAME}: preempting to accommodate a higher priority pod"),
            "lastTransitionTime": Time(self.clock.now()),
        });
        self.patch_status(victim, json!({ "conditions": [condition] })).await?;
        let preconditions = Some(Preconditions { uid: Some(victim.uid.clone()), resource_version: None });
        let params = DeleteParams { preconditions, ..DeleteParams::default() };
        unless_gone(self.pods(victim).delete(&victim.key.name, &params).await)?;
        self.recorder.about(
            reference(victim),
            false,
            "Preempted",
            format!("Preempted by pod {} on node {node}", pod.uid),
        );
        Ok(())
    }
}

fn reference(pod: &PodFacts) -> ObjectReference {
    ObjectReference {
        api_version: Some("v1".into()),
        kind: Some("Pod".into()),
        namespace: Some(pod.key.namespace.clone()),
        name: Some(pod.key.name.clone()),
        uid: Some(pod.uid.clone()),
        ..ObjectReference::default()
    }
}

fn unless_gone<T>(result: kube::Result<T>) -> kube::Result<()> {
    match result {
        Err(kube::Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(()),
        other => other.map(drop),
    }
}
