//! The heartbeat of a component: a Lease that it renews while it lives. Must not elect a leader: there is one process.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use crate::base::clock::Clock;

/// How often a component renews its Lease (`--leader-elect-retry-period`).
const RENEW: Duration = Duration::from_secs(2);
/// How long a Lease holds (`--leader-elect-lease-duration`).
const HOLDS: i32 = 15;

/// Renews the component's Lease in `kube-system` for ever.
pub async fn keep(client: kube::Client, component: &str, holder: &str, clock: Clock) {
    let leases: Api<Lease> = Api::namespaced(client, "kube-system");
    loop {
        if let Err(error) = renew(&leases, component, holder, &clock).await {
            tracing::debug!(%error, component, "lease not renewed");
        }
        tokio::time::sleep(RENEW).await;
    }
}

async fn renew(leases: &Api<Lease>, component: &str, holder: &str, clock: &Clock) -> kube::Result<()> {
    let now = MicroTime(clock.now());
    let renewed = json!({"spec": {"holderIdentity": holder, "leaseDurationSeconds": HOLDS, "renewTime": now}});
    match leases.patch(component, &PatchParams::default(), &Patch::Merge(renewed)).await {
        Err(kube::Error::Api(status)) if status.is_not_found() => {
            leases.create(&PostParams::default(), &new_lease(component, holder, now)).await.map(drop)
        }
        other => other.map(drop),
    }
}

fn new_lease(component: &str, holder: &str, now: MicroTime) -> Lease {
    Lease {
        metadata: ObjectMeta { name: Some(component.into()), ..ObjectMeta::default() },
        spec: Some(LeaseSpec {
            holder_identity: Some(holder.into()),
            lease_duration_seconds: Some(HOLDS),
            acquire_time: Some(now.clone()),
            renew_time: Some(now),
            lease_transitions: Some(0),
            ..LeaseSpec::default()
        }),
    }
}
