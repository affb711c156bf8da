//! The revisions of an object that makes pods: ReplicaSets of a Deployment, `ControllerRevision`s of the others.
//! Must not change anything.

use std::collections::BTreeMap;

use serde_json::Value;

use super::About;
use crate::base::selector::Selector;
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::rest::Ask;
use crate::kubectl::select::Info;
use crate::kubectl::session::Session;
use crate::schema::merge;

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
const CAUSE: &str = "kubernetes.io/change-cause";

/// One revision.
#[derive(Clone, Debug)]
pub(super) struct Revision {
    /// The ReplicaSet or `ControllerRevision`.
    pub object: Value,
    /// The pod template that it had.
    pub template: Value,
    pub cause: Option<String>,
}

/// The revisions of an object by their numbers.
pub(super) async fn of(info: &Info, session: &mut Session<'_>) -> Outcome<BTreeMap<i64, Revision>> {
    let (list, is_deployment) = match info.resource.kind.as_str() {
        "Deployment" => ("replicasets", true),
        "DaemonSet" | "StatefulSet" => ("controllerrevisions", false),
        _ => {
            let resource = &info.resource;
            return Err(Failure::error(format!("no history viewer has been implemented for {:?}", resource.kind)));
        }
    };
    let path = format!("/apis/apps/v1/namespaces/{}/{list}", info.namespace);
    let found = session.list(Ask::get(path).maybe("labelSelector", selector(&info.object))).await?;
    let owned = found["items"].as_array().into_iter().flatten().filter(|one| is_owned(one, &info.object));
    let revision = |one: &Value| {
        let number = if is_deployment {
            one["metadata"]["annotations"][REVISION].as_str().and_then(|text| text.parse().ok())?
        } else {
            one["revision"].as_i64()?
        };
        let template = if is_deployment {
            one["spec"]["template"].clone()
        } else {
            let type_name = crate::kubectl::apply::type_of(&info.resource)?;
            merge::strategic(type_name, &info.object, &one["data"]).ok()?["spec"]["template"].clone()
        };
        let cause = one["metadata"]["annotations"][CAUSE].as_str().map(Into::into);
        Some((number, Revision { object: one.clone(), template, cause }))
    };
    Ok(owned.filter_map(revision).collect())
}

fn is_owned(one: &Value, owner: &Value) -> bool {
    let owners = one["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    owners.clone().any(|reference| reference["controller"] == true && reference["uid"] == owner["metadata"]["uid"])
}

/// The object's own selector as a parameter.
fn selector(object: &Value) -> Option<String> {
    let selector = serde_json::from_value(object["spec"]["selector"].clone()).ok()?;
    Selector::from_label_selector(&selector).ok().map(|selector| selector.to_string())
}

impl About {
    /// Of each object its revisions.
    pub(super) async fn pasts(
        &self,
        session: &mut Session<'_>,
    ) -> Outcome<(Vec<(Info, BTreeMap<i64, Revision>)>, Vec<Failure>)> {
        let (infos, mut failures) = self.infos(session).await?;
        let mut pasts = Vec::new();
        for info in infos {
            match of(&info, session).await {
                Ok(past) => pasts.push((info, past)),
                Err(failure) => failures.push(failure),
            }
        }
        Ok((pasts, failures))
    }
}
