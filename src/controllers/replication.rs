//! Keeps as many pods of a template as its `ReplicationController` says: the older form of a `ReplicaSet`, whose logic
//! it shares. Must not decide anything of its own.

use std::borrow::Cow;

use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetSpec, ReplicaSetStatus};
use k8s_openapi::api::core::v1::{ReplicationController, ReplicationControllerCondition, ReplicationControllerStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::informers::Informers;
use super::replicaset::Replicated;
use crate::client::informer::Informer;

impl Replicated for ReplicationController {
    const COMPONENT: &'static str = "replication-controller";

    fn informer(informers: &Informers) -> &Informer<Self> {
        &informers.replication_controllers
    }

    fn as_set(&self) -> Cow<'_, ReplicaSet> {
        let spec = self.spec.clone().unwrap_or_default();
        let selector = LabelSelector { match_labels: spec.selector, match_expressions: None };
        Cow::Owned(ReplicaSet {
            metadata: self.metadata.clone(),
            spec: Some(ReplicaSetSpec {
                min_ready_seconds: spec.min_ready_seconds,
                replicas: spec.replicas,
                selector,
                template: spec.template,
            }),
            status: self.status.clone().map(set_status),
        })
    }

    fn with_status(&self, status: ReplicaSetStatus) -> Option<Self> {
        let status = own_status(status);
        (self.status.as_ref() != Some(&status)).then(|| Self { status: Some(status), ..self.clone() })
    }
}

fn set_status(status: ReplicationControllerStatus) -> ReplicaSetStatus {
    let condition = |old: ReplicationControllerCondition| ReplicaSetCondition {
        last_transition_time: old.last_transition_time,
        message: old.message,
        reason: old.reason,
        status: old.status,
        type_: old.type_,
    };
    ReplicaSetStatus {
        available_replicas: status.available_replicas,
        conditions: status.conditions.map(|all| all.into_iter().map(condition).collect()),
        fully_labeled_replicas: status.fully_labeled_replicas,
        observed_generation: status.observed_generation,
        ready_replicas: status.ready_replicas,
        replicas: status.replicas,
        terminating_replicas: None,
    }
}

fn own_status(status: ReplicaSetStatus) -> ReplicationControllerStatus {
    let condition = |new: ReplicaSetCondition| ReplicationControllerCondition {
        last_transition_time: new.last_transition_time,
        message: new.message,
        reason: new.reason,
        status: new.status,
        type_: new.type_,
    };
    ReplicationControllerStatus {
        available_replicas: status.available_replicas,
        conditions: status.conditions.map(|all| all.into_iter().map(condition).collect()),
        fully_labeled_replicas: status.fully_labeled_replicas,
        observed_generation: status.observed_generation,
        ready_replicas: status.ready_replicas,
        replicas: status.replicas,
    }
}
