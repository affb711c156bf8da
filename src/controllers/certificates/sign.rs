//! Signs the requests that were approved, for the signers of Kubernetes itself. Must not approve.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use kube::Api;
use kube::api::PostParams;

use super::super::{Manager, Outcome, unless_gone};
use super::subject::{Subject, pem};
use super::{has, is_issued, with};
use crate::client::object::Key;
use crate::client::queue::Next;

/// Reconciles at once (`--concurrent-csr-signing-syncs` has five).
const WORKERS: usize = 5;
/// How long a certificate lasts at most (`--cluster-signing-duration`).
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);
/// From when it holds, for clocks that disagree (`signer.backdate`).
const BACKDATE: SignedDuration = SignedDuration::from_secs(5 * 60);

pub(in super::super) async fn run(manager: Arc<Manager>) {
    let queue = manager.queue();
    manager.informers.certificate_requests.wait_synced().await;
    let keys = queue.clone();
    manager.informers.certificate_requests.on_change(move |change| keys.add(Key::of(&**change.object())));
    queue.run(WORKERS, |key| reconcile(&manager, key)).await;
}

async fn reconcile(manager: &Manager, key: Key) -> Outcome {
    let Some(request) = manager.informers.certificate_requests.get(&key) else { return Ok(Next::Done) };
    let Some(signer) = manager.config.signer.clone() else { return Ok(Next::Done) };
    if !has(&request, "Approved") || has(&request, "Failed") || is_issued(&request) {
        return Ok(Next::Done);
    }
    let usages = request.spec.usages.clone().unwrap_or_default();
    let now = manager.clock.now();
    let judged = match Subject::of(&request) {
        Ok(subject) => subject.fits(&request.spec.signer_name, &usages),
        Err(why) => Some(Err(format!("unable to parse csr {:?}: {why}", key.name))),
    };
    let updated = match judged {
        None => return Ok(Next::Done),
        Some(Err(why)) => with(&request, "Failed", ("SignerValidationFailure", &why), now),
        Some(Ok(())) => {
            let validity = (now - BACKDATE, now + lasts(&request));
            match signer.certificate(&pem(&request), &usages, validity) {
                Ok(certificate) => issued(&request, certificate),
                Err(why) => with(&request, "Failed", ("SignerValidationFailure", &why), now),
            }
        }
    };
    let api: Api<CertificateSigningRequest> = Api::all(manager.client.clone());
    unless_gone(api.replace_status(&key.name, &PostParams::default(), &updated).await)?;
    Ok(Next::Done)
}

/// As long as it was asked for, but not longer than certificates last.
fn lasts(request: &CertificateSigningRequest) -> SignedDuration {
    let asked = request.spec.expiration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let lasts = asked.map_or(LONGEST, |seconds| Duration::from_secs(seconds).min(LONGEST));
    SignedDuration::try_from(lasts).unwrap_or_default()
}

fn issued(request: &CertificateSigningRequest, certificate: String) -> CertificateSigningRequest {
    let mut issued = request.clone();
    issued.status.get_or_insert_default().certificate = Some(ByteString(certificate.into_bytes()));
    issued
}
