//! Certificate requests: approves those of kubelets, signs those that are approved, removes those that are over. Three
//! controllers, as in Kubernetes. Must not hold keys: the manager's signer does.

mod approve;
mod clean;
mod sign;
mod subject;

use jiff::Timestamp;
use k8s_openapi::api::certificates::v1::{CertificateSigningRequest, CertificateSigningRequestCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

pub(super) use approve::run as approve;
pub(super) use clean::run as clean;
pub(super) use sign::run as sign;

/// The signers of Kubernetes itself.
const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";
const LEGACY: &str = "kubernetes.io/legacy-unknown";

/// When a request got a condition; `None` while it has not.
fn since(request: &CertificateSigningRequest, kind: &str) -> Option<Timestamp> {
    let conditions = request.status.as_ref()?.conditions.as_ref()?;
    let condition = conditions.iter().find(|condition| condition.type_ == kind && condition.status == "True")?;
    let created = &request.metadata.creation_timestamp;
    let times = [&condition.last_update_time, &condition.last_transition_time, created];
    Some(times.into_iter().flatten().map(|time| time.0).next().unwrap_or(Timestamp::UNIX_EPOCH))
}

fn has(request: &CertificateSigningRequest, kind: &str) -> bool {
    since(request, kind).is_some()
}

fn is_issued(request: &CertificateSigningRequest) -> bool {
    let certificate = request.status.as_ref().and_then(|status| status.certificate.as_ref());
    certificate.is_some_and(|certificate| !certificate.0.is_empty())
}

/// The same request with one more condition.
fn with(
    request: &CertificateSigningRequest,
    kind: &str,
    (reason, message): (&str, &str),
    now: Timestamp,
) -> CertificateSigningRequest {
    let mut request = request.clone();
    request.status.get_or_insert_default().conditions.get_or_insert_default().push(
        CertificateSigningRequestCondition {
            type_: kind.into(),
            status: "True".into(),
            reason: Some(reason.into()),
            message: Some(message.into()),
            last_update_time: Some(Time(now)),
            last_transition_time: Some(Time(now)),
        },
    );
    request
}
