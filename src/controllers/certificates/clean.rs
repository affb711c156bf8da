//! Removes certificate requests that are over (`csrcleaner`): issued or judged an hour ago, or pending for a day.
//! Must not judge.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use kube::Api;
use kube::api::DeleteParams;

use super::super::{Manager, Outcome, unless_gone};
use super::{has, is_issued, since};
use crate::client::object::Key;
use crate::client::queue::Next;

/// How often each is looked at (`pollingInterval`).
const INTERVAL: Duration = Duration::from_secs(3600);
/// How long a request stays after it was judged.
const JUDGED: SignedDuration = SignedDuration::from_hours(1);
/// How long one that nobody judges stays.
const PENDING: SignedDuration = SignedDuration::from_hours(24);

pub(in super::super) async fn run(manager: Arc<Manager>) {
    let queue = manager.queue();
    manager.informers.certificate_requests.wait_synced().await;
    let keys = queue.clone();
    manager.informers.certificate_requests.on_change(move |change| keys.add(Key::of(&**change.object())));
    queue.run(1, |key| reconcile(&manager, key)).await;
}

/// Whether a request has been of no use for long enough.
fn is_over(request: &CertificateSigningRequest, now: Timestamp) -> bool {
    let older = |since: Option<Timestamp>, limit| since.is_some_and(|since| now.duration_since(since) > limit);
    let created = request.metadata.creation_timestamp.as_ref().map(|time| time.0);
    let judged = ["Denied", "Failed"].iter().any(|kind| older(since(request, kind), JUDGED));
    let approved = older(since(request, "Approved"), JUDGED) && is_issued(request);
    let waits = !["Approved", "Denied", "Failed"].iter().any(|kind| has(request, kind));
    judged || approved || (waits && older(created, PENDING))
}

async fn reconcile(manager: &Manager, key: Key) -> Outcome {
    let Some(request) = manager.informers.certificate_requests.get(&key) else { return Ok(Next::Done) };
    if !is_over(&request, manager.clock.now()) {
        return Ok(Next::After(INTERVAL));
    }
    let api: Api<CertificateSigningRequest> = Api::all(manager.client.clone());
    unless_gone(api.delete(&key.name, &DeleteParams::default()).await)?;
    Ok(Next::Done)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn each_state_has_its_time() {
        let now: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
        let over = |created: i64, condition: Option<(&str, i64)>, certificate: Value| {
            let ago = |hours: i64| (now - SignedDuration::from_mins(hours * 60 + 1)).to_string();
            let conditions: Vec<Value> = condition
                .iter()
                .map(|(kind, hours)| json!({"type": kind, "status": "True", "lastUpdateTime": ago(*hours)}))
                .collect();
            let spec = json!({"request": "", "signerName": "a/b", "usages": []});
            let request = json!({"metadata": {"creationTimestamp": ago(created)}, "spec": spec,
                "status": {"conditions": conditions, "certificate": certificate}});
            is_over(&serde_json::from_value(request).unwrap(), now)
        };
        assert!(over(24, None, json!(null)) && !over(23, None, json!(null)));
        assert!(over(1, Some(("Denied", 1)), json!(null)) && !over(1, Some(("Denied", 0)), json!(null)));
        assert!(over(1, Some(("Approved", 1)), json!("aGk=")) && !over(30, Some(("Approved", 1)), json!(null)));
    }
}
