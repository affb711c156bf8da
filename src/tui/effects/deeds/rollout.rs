//! Back to an earlier revision, as `kubectl rollout undo` does (kubectl `pkg/polymorphichelpers/rollback.go`).

use serde_json::{Value, json};

use super::{Change, MERGE, STRATEGIC, Went, patch};
use crate::tui::model::failure::Failure;
use crate::tui::model::kubectl;
use crate::tui::model::undo::Repair;
use crate::tui::model::world::{each, number, text};
use crate::tui::msg::Deed;

/// Annotation of a ReplicaSet with the revision of its Deployment.
const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

/// Gives the object the pod template of a revision, or of the one before the last.
pub(super) async fn undo(change: &Change<'_>, revision: Option<i64>) -> Went {
    let object = change.now().await?;
    let mut kept = revisions(change, &object).await?;
    kept.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    let wanted = match revision {
        Some(wanted) => kept.iter().find(|(number, _)| *number == wanted),
        None => kept.get(1),
    };
    let Some((number, template)) = wanted else {
        return Err(Failure::broken("no rollout history found for this revision"));
    };
    let path = change.target.path();
    // A strategic merge could not take away what the earlier template did not have: the whole template is replaced.
    let body = |template: &Value| json!({"spec": {"template": replaced(&object["spec"]["template"], template)}});
    let how = if change.target.resource.kind == "Deployment" { MERGE } else { STRATEGIC };
    patch(change.shared, &path, how, &body(template)).await?;
    let back = Repair::Patch {
        path,
        how,
        body: json!({"spec": {"template": replaced(template, &object["spec"]["template"])}}),
    };
    let command = kubectl::deed(change.target, &Deed::Undo(None));
    Ok((format!("{}: vuelve a la revisión {number}", change.name()), Some(change.undo(command, back))))
}

/// The merge patch from one template to another.
fn replaced(from: &Value, to: &Value) -> Value {
    crate::tui::model::merge::difference(from, to)
}

async fn revisions(change: &Change<'_>, object: &Value) -> Result<Vec<(i64, Value)>, Failure> {
    let namespace = change.target.namespace.as_deref().unwrap_or_default();
    let deployment = change.target.resource.kind == "Deployment";
    let plural = if deployment { "replicasets" } else { "controllerrevisions" };
    let list = change.shared.get(&format!("/apis/apps/v1/namespaces/{namespace}/{plural}")).await?;
    let mine = |other: &&Value| {
        each(other, "/metadata/ownerReferences").any(|owner| owner["uid"] == object["metadata"]["uid"])
    };
    let read = |kept: &Value| {
        if deployment {
            let mut template = kept["spec"]["template"].clone();
            template["metadata"]["labels"].as_object_mut().map(|labels| labels.remove("pod-template-hash"));
            Some((text(kept, REVISION).parse().ok()?, template))
        } else {
            Some((number(kept, "/revision")?, kept["data"]["spec"]["template"].clone()))
        }
    };
    Ok(each(&list, "/items").filter(mine).filter_map(read).collect())
}
