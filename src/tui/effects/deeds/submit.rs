//! Documents sent to the server, as `kubectl apply -f` does.

use http::{Request, header};
use serde_json::Value;

use super::{MANAGER, Shared, bytes, patch};
use crate::tui::model::failure::Failure;
use crate::tui::model::merge;
use crate::tui::model::undo::{Repair, Undo};
use crate::tui::msg::{Applied, Draft, Mode, Reply, Ticket};

/// Sends documents one after the other; each has its answer.
pub async fn submit(shared: Shared, ticket: Ticket, mode: Mode, drafts: Vec<Draft>) {
    let mut answers = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        answers.push(apply(&shared, mode, draft).await);
    }
    shared.reply(ticket, Reply::Submitted(mode, answers)).await;
}

/// Creates the object, or changes the one that is there.
async fn apply(shared: &Shared, mode: Mode, draft: &Draft) -> Result<Applied, Failure> {
    let dry = if mode == Mode::DryRun { "&dryRun=All" } else { "" };
    let checks = format!("fieldValidation=Strict{dry}");
    let live = match shared.get(&draft.target.path()).await {
        Ok(live) => live,
        Err(failure) if failure.missing() => return create(shared, &checks, draft).await,
        Err(failure) => return Err(failure),
    };
    let (how, body) = merge::patch(&live, draft);
    let object = patch(shared, &format!("{}?{checks}", draft.target.path()), how, &body).await?;
    let verb = match (alike(&object, &live), draft.original.is_some()) {
        (true, _) => "unchanged",
        (false, true) => "edited",
        (false, false) => "configured",
    };
    let undo = (verb != "unchanged").then(|| Undo::restoring(&draft.target, &live, &object));
    Ok(Applied { object, verb, undo })
}

async fn create(shared: &Shared, checks: &str, draft: &Draft) -> Result<Applied, Failure> {
    let path = draft.target.resource.path(draft.target.namespace.as_deref());
    let request = Request::post(format!("{path}?{checks}&{MANAGER}")).header(header::CONTENT_TYPE, "application/json");
    let object = shared.json(request, bytes(&merge::annotated(&draft.object))).await?;
    let name = draft.target.short();
    let command = crate::tui::model::kubectl::deed(&draft.target, &crate::tui::msg::Deed::Delete);
    let undo = Undo { what: format!("crear {name}"), command, repair: Repair::Delete { path: draft.target.path() } };
    Ok(Applied { object, verb: "created", undo: Some(undo) })
}

/// Whether nothing changed but what the server keeps account with: a dry run gives no new version to go by.
fn alike(one: &Value, other: &Value) -> bool {
    let bare = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object["metadata"].as_object_mut() {
            ["managedFields", "resourceVersion", "generation"].iter().for_each(|field| drop(metadata.remove(*field)));
        }
        object
    };
    bare(one) == bare(other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::alike;

    #[test]
    fn a_change_shows_in_the_object_though_its_version_stays() {
        let web = |image: &str, version: &str| json!({"metadata": {"name": "web", "resourceVersion": version}, "spec": {"image": image}});
        assert!(alike(&web("v1", "7"), &web("v1", "9")));
        assert!(!alike(&web("v1", "7"), &web("v2", "7")), "as a dry run answers");
    }
}
