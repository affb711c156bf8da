//! Creating and deleting pods for an owner, in growing batches, with the events that tell of it (`RealPodControl`).
//! Must not decide how many.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Resource, ResourceExt};

use super::adoption::controller_reference;
use super::expectations::Expectations;
use super::unless_gone;
use crate::client::object::{Key, uid_of};
use crate::client::pod::Pod;
use crate::client::recorder::Recorder;

/// First size of a batch of creations; it doubles while all succeed (`SlowStartInitialBatchSize`).
const FIRST_BATCH: usize = 1;

/// Pods at once that a controller makes or removes in one look (`BurstReplicas`).
pub(super) const BURST: usize = 500;

/// The hands of one controller.
pub(super) struct PodControl {
    pub client: kube::Client,
    pub recorder: Recorder,
    pub expectations: Expectations,
}

impl PodControl {
    fn api<O: Resource>(&self, owner: &O) -> Api<Pod> {
        Api::namespaced(self.client.clone(), owner.meta().namespace.as_deref().unwrap_or_default())
    }

    /// Creates pods of a template, counting on the cache to show them.
    ///
    /// # Errors
    /// The first refusal; what was not tried is no longer expected.
    pub(super) async fn create_many<O>(&self, owner: &O, template: &PodTemplateSpec, count: usize) -> kube::Result<()>
    where
        O: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        let pod = from_template(owner, template);
        self.expectations.expect_creations(&Key::of(owner), count);
        self.create_each(owner, count, |_| Cow::Borrowed(&pod)).await.1
    }

    /// Creates `count` pods, which the caller has expected: how many were made, and the first refusal.
    pub(super) async fn create_each<'a, O>(
        &self,
        owner: &O,
        count: usize,
        pod: impl Fn(usize) -> Cow<'a, Pod>,
    ) -> (usize, kube::Result<()>)
    where
        O: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        let key = Key::of(owner);
        let made = AtomicUsize::new(0);
        let create = |number| {
            let (key, made, pod) = (&key, &made, pod(number));
            async move {
                self.create(owner, key, &pod).await?;
                made.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        };
        let (tried, result) = slow_start(count, create).await;
        for _ in tried..count {
            self.expectations.created(&key);
        }
        (made.into_inner(), result)
    }

    /// Creates one pod and tells of it; the caller has expected it.
    pub(super) async fn create<O>(&self, owner: &O, key: &Key, pod: &Pod) -> kube::Result<()>
    where
        O: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        match self.api(owner).create(&PostParams::default(), pod).await {
            Ok(pod) => {
                self.recorder.normal(owner, "SuccessfulCreate", format!("Created pod: {}", pod.name_any()));
                Ok(())
            }
            Err(error) => {
                self.expectations.created(key);
                // The namespace is going: it is no news that nothing can be made in it.
                if !is_namespace_terminating(&error) {
                    self.recorder.warning(owner, "FailedCreate", format!("Error creating: {}", said(&error)));
                }
                Err(error)
            }
        }
    }

    /// Deletes pods, counting on the cache to show it.
    ///
    /// # Errors
    /// The first refusal.
    pub(super) async fn delete_many<O>(&self, owner: &O, pods: &[Arc<Pod>]) -> kube::Result<()>
    where
        O: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        let key = Key::of(owner);
        self.expectations.expect_deletions(&key, pods.iter().map(|pod| uid_of(&pod.metadata).into()));
        let results = join_all(pods.iter().map(|pod| self.delete(owner, &key, pod))).await;
        results.into_iter().collect()
    }

    /// Deletes one pod and tells of it; the caller has expected it.
    pub(super) async fn delete<O>(&self, owner: &O, key: &Key, pod: &Pod) -> kube::Result<()>
    where
        O: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        let name = pod.name_any();
        match unless_gone(self.api(owner).delete(&name, &DeleteParams::default()).await) {
            Ok(Some(_)) => self.recorder.normal(owner, "SuccessfulDelete", format!("Deleted pod: {name}")),
            Ok(None) => self.expectations.deleted(key, uid_of(&pod.metadata)),
            Err(error) => {
                self.expectations.deleted(key, uid_of(&pod.metadata));
                self.recorder.warning(owner, "FailedDelete", format!("Error deleting: {}", said(&error)));
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Tries `count` times in batches of 1, 2, 4, … and stops after the first batch with a failure: how many were tried, and the failure.
async fn slow_start<F, R>(count: usize, attempt: F) -> (usize, kube::Result<()>)
where
    F: Fn(usize) -> R,
    R: Future<Output = kube::Result<()>>,
{
    let (mut tried, mut batch) = (0, FIRST_BATCH);
    while tried < count {
        let size = batch.min(count - tried);
        let results = join_all((tried..tried + size).map(&attempt)).await;
        tried += size;
        if let Some(error) = results.into_iter().find_map(Result::err) {
            return (tried, Err(error));
        }
        batch *= 2;
    }
    (tried, Ok(()))
}

/// The pod that a template describes (`GetPodFromTemplate`): labels, annotations, a generated name, its manager.
pub(super) fn from_template<O: Resource<DynamicType = ()>>(owner: &O, template: &PodTemplateSpec) -> Pod {
    let meta = template.metadata.clone().unwrap_or_default();
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", owner.meta().name.as_deref().unwrap_or_default())),
            labels: meta.labels,
            annotations: meta.annotations,
            finalizers: meta.finalizers,
            owner_references: Some(vec![controller_reference(owner)]),
            ..ObjectMeta::default()
        },
        spec: template.spec.clone().map(Into::into),
        status: None,
    }
}

/// The server's own words, or the transport's.
pub(super) fn said(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}

fn is_namespace_terminating(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else { return false };
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes.into_iter().any(|cause| cause.reason == "NamespaceTerminating")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn batches_grow_until_one_fails() {
        let fails_fifth = |number| async move {
            if number == 4 { Err(kube::Error::LinesCodecMaxLineLengthExceeded) } else { Ok(()) }
        };
        let (tried, result) = slow_start(100, fails_fifth).await;
        assert_eq!(tried, 1 + 2 + 4, "the batch of the failure ends, the next does not begin");
        assert!(result.is_err());
    }
}
