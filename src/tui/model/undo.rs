//! What takes a change back, made ready while what was before is still known. Pure.

use serde_json::{Value, json};

use super::catalog::Target;
use super::merge::difference;

/// The request that takes a change back.
#[derive(Clone, Debug, PartialEq)]
pub enum Repair {
    /// A patch of what is there.
    Patch {
        /// Where.
        path: String,
        /// Content type of the patch.
        how: &'static str,
        /// The patch.
        body: Value,
    },
    /// What is gone, made again.
    Create {
        /// Address of the collection.
        path: String,
        /// The object.
        body: Value,
    },
    /// What was made, taken away.
    Delete {
        /// Where.
        path: String,
    },
}

/// A change that can be taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct Undo {
    /// The command that did it.
    pub what: String,
    /// The command that would take it back.
    pub command: String,
    /// How it is taken back.
    pub repair: Repair,
}

/// Fields that the server gives and that a new object must not have.
const GIVEN: &[&str] = &[
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "generation",
    "selfLink",
];

impl Undo {
    /// Takes a deletion back by making the object again: with a new uid, and without what it owned. A Namespace does not come
    /// back with what was in it, nor a Node with its kubelet, and a pod of a controller is replaced: those cannot be taken back.
    pub fn recreating(what: &str, path: String, before: &Value, kind: &str) -> Option<Self> {
        // Whose controller has made another one by now would only lose one of the two.
        let replaced =
            kind == "Pod" && before["metadata"]["ownerReferences"].as_array().is_some_and(|all| !all.is_empty());
        if replaced || ["Namespace", "Node"].contains(&kind) {
            return None;
        }
        let mut body = before.clone();
        body.as_object_mut()?.remove("status");
        let meta = body["metadata"].as_object_mut()?;
        GIVEN.iter().for_each(|field| drop(meta.remove(*field)));
        if kind == "Pod" {
            body["spec"].as_object_mut()?.remove("nodeName");
        }
        Some(Self {
            what: what.into(),
            command: "kubectl create -f - # lo que había antes".into(),
            repair: Repair::Create { path, body },
        })
    }

    /// Takes an edition back: what was there before is said again.
    pub fn restoring(target: &Target, before: &Value, after: &Value) -> Self {
        let said = |object: &Value| {
            let mut object = object.clone();
            object.as_object_mut().map(|root| root.remove("status"));
            object["metadata"] = json!({
                "labels": object["metadata"]["labels"], "annotations": object["metadata"]["annotations"]});
            object
        };
        let body = difference(&said(after), &said(before));
        let repair = Repair::Patch { path: target.path(), how: "application/merge-patch+json", body };
        Self {
            what: format!("cambiar {}", target.short()),
            command: format!("kubectl apply -f - # {} como estaba antes", target.short()),
            repair,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Repair, Undo};
    use crate::tui::model::catalog::{Target, essentials, find};

    #[test]
    fn what_is_made_again_leaves_the_servers_own_fields_out() {
        let before = json!({"metadata": {"name": "web", "uid": "1", "resourceVersion": "7", "labels": {"a": "b"}},
            "spec": {"nodeName": "worker-1", "containers": []}, "status": {"phase": "Running"}});
        let undo = Undo::recreating("kubectl delete pod web", "/api/v1/namespaces/default/pods".into(), &before, "Pod")
            .unwrap();
        let Repair::Create { body, .. } = undo.repair else { panic!() };
        assert_eq!(body, json!({"metadata": {"name": "web", "labels": {"a": "b"}}, "spec": {"containers": []}}));
        assert_eq!(Undo::recreating("", String::new(), &before, "Namespace"), None);
    }

    #[test]
    fn an_edition_is_taken_back_by_what_was_said_before() {
        let target = Target { resource: find(&essentials(), "deploy").unwrap(), namespace: None, name: "web".into() };
        let before =
            json!({"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 2, "paused": true}, "status": {"x": 1}});
        let after = json!({"metadata": {"resourceVersion": "2", "labels": {"a": "b"}}, "spec": {"replicas": 5}, "status": {"x": 2}});
        let Repair::Patch { body, .. } = Undo::restoring(&target, &before, &after).repair else { panic!() };
        assert_eq!(body, json!({"metadata": {"labels": null}, "spec": {"replicas": 2, "paused": true}}));
    }
}
