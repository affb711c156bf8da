//! Who manages whom: an owner adopts what its selector matches and nobody manages, and releases what it no longer
//! matches (`ControllerRefManager`). The decision is pure; the patches are sent here.

use std::fmt::Debug;
use std::sync::Arc;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::unless_gone;
use crate::base::selector::Selector;
use crate::client::object::{controller_of, is_deleting, uid_of};

/// What to do with a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    Keep,
    Adopt,
    Release,
    Leave,
}

fn claim(owner: &ObjectMeta, selector: &Selector, child: &ObjectMeta, child_ended: bool) -> Claim {
    let matches = child.labels.as_ref().map_or_else(|| selector.is_empty(), |labels| selector.matches(labels));
    match controller_of(child) {
        Some(manager) if manager.uid != uid_of(owner) => Claim::Leave,
        Some(_) if matches => Claim::Keep,
        Some(_) if is_deleting(owner) => Claim::Leave,
        Some(_) => Claim::Release,
        None if is_deleting(owner) || is_deleting(child) || child_ended || !matches => Claim::Leave,
        None => Claim::Adopt,
    }
}

/// The children that the owner manages, after adopting and releasing. `ended` says which are past being adopted.
///
/// # Errors
/// When the server refuses an adoption or release for another reason than the child being gone.
pub(super) async fn claim_children<O, C>(
    client: &kube::Client,
    owner: &O,
    selector: &Selector,
    children: Vec<Arc<C>>,
    ended: impl Fn(&C) -> bool,
) -> kube::Result<Vec<Arc<C>>>
where
    O: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    C: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
{
    claim_with(client, owner, selector, children, ended, &[]).await
}

/// The same; what is adopted gets these finalizers too.
pub(super) async fn claim_with<O, C>(
    client: &kube::Client,
    owner: &O,
    selector: &Selector,
    children: Vec<Arc<C>>,
    ended: impl Fn(&C) -> bool,
    finalizers: &[&str],
) -> kube::Result<Vec<Arc<C>>>
where
    O: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    C: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
{
    let api: Api<C> = Api::namespaced(client.clone(), owner.meta().namespace.as_deref().unwrap_or_default());
    let mut claimed = Vec::with_capacity(children.len());
    let mut may_adopt = None;
    for child in children {
        match claim(owner.meta(), selector, child.meta(), ended(&child)) {
            Claim::Keep => claimed.push(child),
            Claim::Adopt => {
                if may_adopt.is_none() {
                    may_adopt = Some(is_still_there(client, owner).await?);
                }
                if may_adopt == Some(true) {
                    claimed.extend(adopt(&api, owner, child.meta(), finalizers).await?.map(Arc::new));
                }
            }
            Claim::Release => release(&api, owner.meta(), child.meta(), finalizers).await?,
            Claim::Leave => {}
        }
    }
    Ok(claimed)
}

/// The cache may be behind: who was told to go must not adopt (`RecheckDeletionTimestamp`).
async fn is_still_there<O>(client: &kube::Client, owner: &O) -> kube::Result<bool>
where
    O: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
{
    let meta = owner.meta();
    let api: Api<O> = Api::namespaced(client.clone(), meta.namespace.as_deref().unwrap_or_default());
    let there = api.get_metadata_opt(meta.name.as_deref().unwrap_or_default()).await?;
    Ok(there.is_some_and(|there| uid_of(&there.metadata) == uid_of(meta) && !is_deleting(&there.metadata)))
}

async fn adopt<O, C>(api: &Api<C>, owner: &O, child: &ObjectMeta, finalizers: &[&str]) -> kube::Result<Option<C>>
where
    O: Resource<DynamicType = ()>,
    C: Clone + DeserializeOwned + Debug,
{
    let mut patch = json!({"metadata": {"uid": child.uid, "ownerReferences": [controller_reference(owner)]}});
    if !finalizers.is_empty() {
        patch["metadata"]["finalizers"] = json!(finalizers);
    }
    let name = child.name.as_deref().unwrap_or_default();
    unless_gone(api.patch(name, &PatchParams::default(), &Patch::Strategic(patch)).await)
}

async fn release<C: Clone + DeserializeOwned + Debug>(
    api: &Api<C>,
    owner: &ObjectMeta,
    child: &ObjectMeta,
    finalizers: &[&str],
) -> kube::Result<()> {
    let gone = json!({"$patch": "delete", "uid": owner.uid});
    let mut patch = json!({"metadata": {"uid": child.uid, "ownerReferences": [gone]}});
    if !finalizers.is_empty() {
        patch["metadata"]["$deleteFromPrimitiveList/finalizers"] = json!(finalizers);
    }
    let name = child.name.as_deref().unwrap_or_default();
    unless_gone(api.patch(name, &PatchParams::default(), &Patch::Strategic(patch)).await).map(drop)
}

/// The reference by which an object says that `owner` manages it.
pub(super) fn controller_reference<O: Resource<DynamicType = ()>>(owner: &O) -> OwnerReference {
    OwnerReference {
        api_version: O::api_version(&()).into_owned(),
        kind: O::kind(&()).into_owned(),
        name: owner.meta().name.clone().unwrap_or_default(),
        uid: uid_of(owner.meta()).into(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(uid: &str, owner: Option<&str>, label: &str) -> ObjectMeta {
        let owner =
            owner.map(|uid| OwnerReference { uid: uid.into(), controller: Some(true), ..OwnerReference::default() });
        ObjectMeta {
            uid: Some(uid.into()),
            labels: Some([("app".into(), label.into())].into()),
            owner_references: owner.map(|owner| vec![owner]),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn claims_by_owner_then_by_selector() {
        let selector = Selector::from_labels(&[("app".into(), "web".into())].into());
        let decide = |owner, label| claim(&meta("me", None, ""), &selector, &meta("pod", owner, label), false);
        assert_eq!(decide(None, "web"), Claim::Adopt);
        assert_eq!(decide(None, "db"), Claim::Leave);
        assert_eq!(decide(Some("me"), "web"), Claim::Keep);
        assert_eq!(decide(Some("me"), "db"), Claim::Release);
        assert_eq!(decide(Some("another"), "web"), Claim::Leave);
        assert_eq!(claim(&meta("me", None, ""), &selector, &meta("pod", None, "web"), true), Claim::Leave);
    }
}
