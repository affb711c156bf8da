//! The revisions of a StatefulSet: the one that runs and the one that is rolled out. Thin: it reads and writes them.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt};

use super::super::adoption::{claim_children, controller_reference};
use super::super::history::{REVISION_HASH, data, hash, next, sort};
use super::super::informers::candidates;
use super::super::unless_gone;
use super::Controller;
use super::identity::revision_of;
use crate::base::selector::Selector;
use crate::client::pod::Pod;

/// Characters that a revision's name keeps of its set's.
const NAME_LIMIT: usize = 223;

/// What runs, what is rolled out, and all there is, oldest first.
pub(super) struct History {
    pub current: Arc<ControllerRevision>,
    pub update: Arc<ControllerRevision>,
    all: Vec<Arc<ControllerRevision>>,
    /// Names that were taken by other templates so far.
    pub collisions: i32,
}

impl Controller {
    fn revisions(&self, set: &StatefulSet) -> Api<ControllerRevision> {
        Api::namespaced(self.manager.client.clone(), &set.namespace().unwrap_or_default())
    }

    /// Finds the revisions, or makes that of the template (`getStatefulSetRevisions`).
    pub(super) async fn history(&self, set: &StatefulSet, selector: &Selector) -> kube::Result<History> {
        let candidates = candidates(&self.manager.informers.revisions, set);
        let mut all = claim_children(&self.manager.client, set, selector, candidates, |_| false).await?;
        sort(&mut all);
        let status = set.status.clone().unwrap_or_default();
        let mut collisions = status.collision_count.unwrap_or(0);
        let wanted = set.spec.as_ref().map(|spec| data(&spec.template));
        let number = next(&all);
        let same = all.iter().rposition(|revision| revision.data == wanted);
        let update = match same {
            Some(at) if at + 1 == all.len() => all[at].clone(),
            Some(at) => Arc::new(self.renumber(set, &all[at], number).await?),
            None => Arc::new(self.snapshot(set, number, &mut collisions).await?),
        };
        let runs = |revision: &&Arc<ControllerRevision>| Some(revision.name_any()) == status.current_revision;
        let current = all.iter().find(runs).cloned().unwrap_or_else(|| update.clone());
        Ok(History { current, update, all, collisions })
    }

    async fn renumber(
        &self,
        set: &StatefulSet,
        revision: &ControllerRevision,
        number: i64,
    ) -> kube::Result<ControllerRevision> {
        let updated = ControllerRevision { revision: number, ..revision.clone() };
        self.revisions(set).replace(&updated.name_any(), &PostParams::default(), &updated).await
    }

    /// Makes a revision, under another name while the name is taken by another template.
    async fn snapshot(&self, set: &StatefulSet, number: i64, collisions: &mut i32) -> kube::Result<ControllerRevision> {
        let api = self.revisions(set);
        loop {
            let revision = snapshot(set, number, *collisions);
            match api.create(&PostParams::default(), &revision).await {
                Err(kube::Error::Api(refused)) if refused.is_already_exists() => {
                    let there = api.get(&revision.name_any()).await?;
                    if there.data == revision.data {
                        return Ok(there);
                    }
                    *collisions += 1;
                }
                other => return other,
            }
        }
    }

    /// Removes the oldest revisions beyond the limit that nothing runs (`truncateHistory`).
    pub(super) async fn truncate_history(
        &self,
        set: &StatefulSet,
        history: &History,
        pods: &[Arc<Pod>],
    ) -> kube::Result<()> {
        let mut live: BTreeSet<String> = pods.iter().map(|pod| revision_of(pod).to_string()).collect();
        live.extend([history.current.name_any(), history.update.name_any()]);
        let dead: Vec<_> = history.all.iter().filter(|revision| !live.contains(&revision.name_any())).collect();
        let limit = set.spec.as_ref().and_then(|spec| spec.revision_history_limit).unwrap_or(10);
        let surplus = dead.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
        for revision in dead.into_iter().take(surplus) {
            unless_gone(self.revisions(set).delete(&revision.name_any(), &DeleteParams::default()).await)?;
        }
        Ok(())
    }
}

fn snapshot(set: &StatefulSet, number: i64, collisions: i32) -> ControllerRevision {
    let template = set.spec.as_ref().map(|spec| spec.template.clone()).unwrap_or_default();
    let data = data(&template);
    let hash = hash(&data, collisions);
    let mut labels = template.metadata.and_then(|meta| meta.labels).unwrap_or_default();
    labels.insert(REVISION_HASH.into(), hash.clone());
    let name: String = set.name_any().chars().take(NAME_LIMIT).collect();
    ControllerRevision {
        metadata: ObjectMeta {
            name: Some(format!("{name}-{hash}")),
            namespace: set.namespace(),
            labels: Some(labels),
            annotations: set.metadata.annotations.clone(),
            owner_references: Some(vec![controller_reference(set)]),
            ..ObjectMeta::default()
        },
        data: Some(data),
        revision: number,
    }
}
