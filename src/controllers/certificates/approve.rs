//! Approves the client certificates of kubelets, where who asks may have them. Must not approve anybody else's.

use std::sync::Arc;

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use kube::Api;
use kube::api::PostParams;

use super::super::{Manager, Outcome, unless_gone};
use super::subject::Subject;
use super::{KUBELET_CLIENT, has, is_issued, with};
use crate::client::object::Key;
use crate::client::queue::Next;

pub(in super::super) async fn run(manager: Arc<Manager>) {
    let queue = manager.queue();
    manager.informers.certificate_requests.wait_synced().await;
    let keys = queue.clone();
    manager.informers.certificate_requests.on_change(move |change| keys.add(Key::of(&**change.object())));
    queue.run(1, |key| reconcile(&manager, key)).await;
}

async fn reconcile(manager: &Manager, key: Key) -> Outcome {
    let Some(request) = manager.informers.certificate_requests.get(&key) else { return Ok(Next::Done) };
    if has(&request, "Approved") || has(&request, "Denied") || is_issued(&request) {
        return Ok(Next::Done);
    }
    let Some(subject) = Subject::of(&request).ok().filter(|subject| is_kubelet(&request, subject)) else {
        return Ok(Next::Done);
    };
    let own = request.spec.username.as_deref() == Some(subject.name.as_str());
    // The kubelet itself, or whoever may ask for any kubelet.
    let asked = [(own, "selfnodeclient", "self kubelet"), (true, "nodeclient", "kubelet")];
    for (_, permission, whose) in asked.into_iter().filter(|(applies, ..)| *applies) {
        if may(manager, &request, permission).await? {
            let message = format!("Auto approving {whose} client certificate after SubjectAccessReview.");
            let approved = with(&request, "Approved", ("AutoApproved", &message), manager.clock.now());
            let api: Api<CertificateSigningRequest> = Api::all(manager.client.clone());
            unless_gone(api.replace_subresource("approval", &key.name, &PostParams::default(), &approved).await)?;
            return Ok(Next::Done);
        }
    }
    Ok(Next::Done)
}

fn is_kubelet(request: &CertificateSigningRequest, subject: &Subject) -> bool {
    let usages = request.spec.usages.as_deref().unwrap_or_default();
    request.spec.signer_name == KUBELET_CLIENT && subject.kubelet_client(usages).is_ok()
}

async fn may(manager: &Manager, request: &CertificateSigningRequest, permission: &str) -> kube::Result<bool> {
    let asked = ResourceAttributes {
        group: Some("certificates.k8s.io".into()),
        resource: Some("certificatesigningrequests".into()),
        verb: Some("create".into()),
        subresource: Some(permission.into()),
        version: Some("*".into()),
        ..ResourceAttributes::default()
    };
    let spec = &request.spec;
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: spec.username.clone(),
            uid: spec.uid.clone(),
            groups: spec.groups.clone(),
            extra: spec.extra.clone(),
            resource_attributes: Some(asked),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let api: Api<SubjectAccessReview> = Api::all(manager.client.clone());
    let answer = api.create(&PostParams::default(), &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}
