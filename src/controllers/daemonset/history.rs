//! The revisions of a DaemonSet: which is the current one, and which are kept. Thin: it reads and writes them.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::super::adoption::{claim_children, controller_reference};
use super::super::deployment::pod_template_hash;
use super::super::history::{POD_REVISION, data, next, sort};
use super::super::informers::candidates;
use super::super::unless_gone;
use super::Controller;
use crate::base::selector::Selector;
use crate::client::pod::Pod;

/// The current revision and the older ones, oldest first.
pub(super) struct History {
    pub current: Arc<ControllerRevision>,
    pub old: Vec<Arc<ControllerRevision>>,
}

impl History {
    /// The label of the pods of the current revision.
    pub(super) fn hash(&self) -> &str {
        self.current.labels().get(POD_REVISION).map(String::as_str).unwrap_or_default()
    }
}

impl Controller {
    fn revisions(&self, set: &DaemonSet) -> Api<ControllerRevision> {
        Api::namespaced(self.manager.client.clone(), &set.namespace().unwrap_or_default())
    }

    /// Finds the revision of the current template, or makes it (`constructHistory`).
    pub(super) async fn history(
        &self,
        set: &DaemonSet,
        selector: &Selector,
        pods: &[Arc<Pod>],
    ) -> kube::Result<History> {
        let candidates = candidates(&self.manager.informers.revisions, set);
        let mut all = claim_children(&self.manager.client, set, selector, candidates, |_| false).await?;
        sort(&mut all);
        let wanted = set.spec.as_ref().map(|spec| data(&spec.template));
        let (mut same, old): (Vec<_>, Vec<_>) = all.into_iter().partition(|revision| revision.data == wanted);
        let number = next(&old);
        let current = match same.pop() {
            None => Arc::new(self.snapshot(set, number).await?),
            Some(current) => {
                self.remove_doubles(set, &current, &same, pods).await?;
                self.renumber(set, current, number).await?
            }
        };
        Ok(History { current, old })
    }

    /// A version that comes back gets the newest number.
    async fn renumber(
        &self,
        set: &DaemonSet,
        current: Arc<ControllerRevision>,
        number: i64,
    ) -> kube::Result<Arc<ControllerRevision>> {
        if current.revision >= number {
            return Ok(current);
        }
        let updated = ControllerRevision { revision: number, ..(*current).clone() };
        let name = current.name_any();
        Ok(Arc::new(self.revisions(set).replace(&name, &PostParams::default(), &updated).await?))
    }

    async fn remove_doubles(
        &self,
        set: &DaemonSet,
        current: &ControllerRevision,
        doubles: &[Arc<ControllerRevision>],
        pods: &[Arc<Pod>],
    ) -> kube::Result<()> {
        if doubles.is_empty() {
            return Ok(());
        }
        let hash = current.labels().get(POD_REVISION);
        let api: Api<Pod> = Api::namespaced(self.manager.client.clone(), &set.namespace().unwrap_or_default());
        for pod in pods.iter().filter(|pod| pod.labels().get(POD_REVISION) != hash) {
            let patch = Patch::Merge(json!({"metadata": {"labels": {(POD_REVISION): hash}}}));
            unless_gone(api.patch(&pod.name_any(), &PatchParams::default(), &patch).await)?;
        }
        for double in doubles {
            unless_gone(self.revisions(set).delete(&double.name_any(), &DeleteParams::default()).await)?;
        }
        Ok(())
    }

    async fn snapshot(&self, set: &DaemonSet, number: i64) -> kube::Result<ControllerRevision> {
        let revision = snapshot(set, number);
        let api = self.revisions(set);
        match api.create(&PostParams::default(), &revision).await {
            Err(kube::Error::Api(refused)) if refused.is_already_exists() => {
                let there = api.get(&revision.name_any()).await?;
                if there.data == revision.data {
                    return Ok(there);
                }
                self.count_collision(set).await?;
                Err(kube::Error::Api(refused))
            }
            other => other,
        }
    }

    /// Another template has the name: the next look makes another one.
    async fn count_collision(&self, set: &DaemonSet) -> kube::Result<()> {
        let api: Api<DaemonSet> = Api::namespaced(self.manager.client.clone(), &set.namespace().unwrap_or_default());
        let mut updated = set.clone();
        let count = &mut updated.status.get_or_insert_default().collision_count;
        *count = Some(count.unwrap_or(0) + 1);
        unless_gone(api.replace_status(&set.name_any(), &PostParams::default(), &updated).await).map(drop)
    }

    /// Removes the oldest revisions beyond the limit that no pod runs (`cleanupHistory`).
    pub(super) async fn clean_history(
        &self,
        set: &DaemonSet,
        history: &History,
        pods: &[Arc<Pod>],
    ) -> kube::Result<()> {
        let limit = set.spec.as_ref().and_then(|spec| spec.revision_history_limit).unwrap_or(10);
        let surplus = history.old.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        let lives = |revision: &ControllerRevision| {
            let hash = revision.labels().get(POD_REVISION);
            pods.iter().any(|pod| pod.labels().get(POD_REVISION) == hash)
        };
        for revision in history.old.iter().filter(|revision| !lives(revision)).take(surplus) {
            unless_gone(self.revisions(set).delete(&revision.name_any(), &DeleteParams::default()).await)?;
        }
        Ok(())
    }
}

fn snapshot(set: &DaemonSet, number: i64) -> ControllerRevision {
    let template = set.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
    let collisions = set.status.as_ref().and_then(|status| status.collision_count);
    let hash = pod_template_hash(&template, collisions);
    let mut labels = template.metadata.as_ref().and_then(|meta| meta.labels.clone()).unwrap_or_default();
    labels.insert(POD_REVISION.into(), hash.clone());
    ControllerRevision {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", set.name_any())),
            namespace: set.namespace(),
            labels: Some(labels),
            annotations: set.metadata.annotations.clone(),
            owner_references: Some(vec![controller_reference(set)]),
            ..ObjectMeta::default()
        },
        data: Some(data(&template)),
        revision: number,
    }
}
