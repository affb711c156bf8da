//! Empties a namespace that was told to go, then lets it go. Must not know the kinds: it asks discovery.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, NamespaceCondition};
use kube::api::{DeleteParams, DynamicObject, ListParams, PostParams};
use kube::discovery::{ApiResource, Scope, verbs};
use kube::{Api, Discovery, ResourceExt};

use super::{Manager, Outcome, time, unless_gone};
use crate::client::object::{Key, is_deleting};
use crate::client::queue::Next;

/// Reconciles at once (`--concurrent-namespace-syncs`).
const WORKERS: usize = 10;
/// When to look again at a namespace that still has something in it.
const AGAIN: Duration = Duration::from_millis(500);
/// What keeps a namespace until this controller is done with it.
const FINALIZER: &str = "kubernetes";

pub(super) async fn run(manager: Arc<Manager>) {
    let queue = manager.queue();
    manager.informers.namespaces.wait_synced().await;
    let keys = queue.clone();
    manager.informers.namespaces.on_change(move |change| {
        if is_deleting(&change.object().metadata) {
            keys.add(Key::of(&**change.object()));
        }
    });
    queue.run(WORKERS, |key| reconcile(&manager, key)).await;
}

async fn reconcile(manager: &Manager, key: Key) -> Outcome {
    // Asked anew, as Kubernetes' own deleter does: what was heard may be of a namespace that is gone, and everything in
    // its namesake, which somebody made meanwhile, would be deleted.
    let api: Api<Namespace> = Api::all(manager.client.clone());
    let Some(namespace) = api.get_opt(&key.name).await? else { return Ok(Next::Done) };
    if !is_deleting(&namespace.metadata) || !finalizers(&namespace).iter().any(|name| name == FINALIZER) {
        return Ok(Next::Done);
    }
    let left = empty(&manager.client, &key.name).await?;
    let conditions = conditions(&namespace, &left, manager);
    let namespace = write_status(manager, &namespace, conditions).await?;
    match namespace {
        Some(namespace) if left.is_empty() => finalize(manager, namespace).await,
        Some(_) => Ok(Next::After(AGAIN)),
        None => Ok(Next::Done),
    }
}

fn finalizers(namespace: &Namespace) -> &[String] {
    namespace.spec.as_ref().and_then(|spec| spec.finalizers.as_deref()).unwrap_or_default()
}

/// What is left in the namespace.
#[derive(Debug, Default, PartialEq)]
struct Left {
    /// Objects by resource (`pods.`, `deployments.apps`).
    objects: BTreeMap<String, usize>,
    /// Objects by finalizer.
    finalizers: BTreeMap<String, usize>,
}

impl Left {
    fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

/// Deletes what is in the namespace, of every kind, and says what is still there.
async fn empty(client: &kube::Client, namespace: &str) -> kube::Result<Left> {
    let mut left = Left::default();
    for resource in resources(client).await? {
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
        let found = api.list_metadata(&ListParams::default()).await?;
        if found.items.is_empty() {
            continue;
        }
        api.delete_collection(&DeleteParams::background(), &ListParams::default()).await?;
        let remaining = api.list_metadata(&ListParams::default()).await?;
        if !remaining.items.is_empty() {
            left.objects.insert(format!("{}.{}", resource.plural, resource.group), remaining.items.len());
        }
        for finalizer in remaining.items.iter().flat_map(|object| object.metadata.finalizers.iter().flatten()) {
            *left.finalizers.entry(finalizer.clone()).or_default() += 1;
        }
    }
    Ok(left)
}

/// The namespaced resources that can be listed and deleted.
async fn resources(client: &kube::Client) -> kube::Result<Vec<ApiResource>> {
    let discovery = Discovery::new(client.clone()).run().await?;
    let all = discovery.groups().flat_map(kube::discovery::ApiGroup::recommended_resources);
    let fits = all.filter(|(_, can)| {
        can.scope == Scope::Namespaced && can.supports_operation(verbs::LIST) && can.supports_operation(verbs::DELETE)
    });
    // events.k8s.io is another name of core events: they would be deleted twice.
    Ok(fits.map(|(resource, _)| resource).filter(|resource| resource.group != "events.k8s.io").collect())
}

/// The conditions that tell what a namespace that is going waits for.
fn conditions(namespace: &Namespace, left: &Left, manager: &Manager) -> Vec<NamespaceCondition> {
    let count = |(name, count): (&String, &usize), what: &str| format!("{name} {what} {count} resource instances");
    let list =
        |map: &BTreeMap<String, usize>, what| map.iter().map(|it| count(it, what)).collect::<Vec<_>>().join(", ");
    let content = (!left.objects.is_empty())
        .then(|| ("SomeResourcesRemain", format!("Some resources are remaining: {}", list(&left.objects, "has"))));
    let finalizers = (!left.finalizers.is_empty()).then(|| {
        let text = format!("Some content in the namespace has finalizers remaining: {}", list(&left.finalizers, "in"));
        ("SomeFinalizersRemain", text)
    });
    let ok = |reason: &'static str, text: &str| (reason, "False", text.to_string());
    let or = |found: Option<(&'static str, String)>, reason, text| {
        found.map_or_else(|| ok(reason, text), |(reason, text)| (reason, "True", text))
    };
    let said = [
        ("NamespaceDeletionDiscoveryFailure", ok("ResourcesDiscovered", "All resources successfully discovered")),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            ok("ParsedGroupVersions", "All legacy kube types successfully parsed"),
        ),
        (
            "NamespaceDeletionContentFailure",
            ok("ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
        ),
        ("NamespaceContentRemaining", or(content, "ContentRemoved", "All content successfully removed")),
        (
            "NamespaceFinalizersRemaining",
            or(finalizers, "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
        ),
    ];
    let before = namespace.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    said.map(|(kind, (reason, status, message))| {
        let old = before.iter().find(|old| old.type_ == kind && old.status == status);
        let since = old.and_then(|old| old.last_transition_time.clone()).unwrap_or_else(|| time(manager));
        NamespaceCondition {
            type_: kind.into(),
            status: status.into(),
            reason: Some(reason.into()),
            message: Some(message),
            last_transition_time: Some(since),
        }
    })
    .into()
}

async fn write_status(
    manager: &Manager,
    namespace: &Namespace,
    conditions: Vec<NamespaceCondition>,
) -> kube::Result<Option<Namespace>> {
    let mut updated = namespace.clone();
    let status = updated.status.get_or_insert_default();
    (status.phase, status.conditions) = (Some("Terminating".into()), Some(conditions));
    if updated.status == namespace.status {
        return Ok(Some(updated));
    }
    let api: Api<Namespace> = Api::all(manager.client.clone());
    unless_gone(api.replace_status(&namespace.name_any(), &PostParams::default(), &updated).await)
}

async fn finalize(manager: &Manager, mut namespace: Namespace) -> Outcome {
    if let Some(finalizers) = namespace.spec.as_mut().and_then(|spec| spec.finalizers.as_mut()) {
        finalizers.retain(|finalizer| finalizer != FINALIZER);
    }
    let api: Api<Namespace> = Api::all(manager.client.clone());
    let name = namespace.name_any();
    unless_gone(api.replace_subresource("finalize", &name, &PostParams::default(), &namespace).await)?;
    Ok(Next::Done)
}
