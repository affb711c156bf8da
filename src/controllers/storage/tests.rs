//! What claims and volumes need, case by case.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::{Value, json};

use super::plan::{Around, ClaimStep, Reclaim, VolumeStep, claim, volume};
use crate::client::pod::Pod;

fn volume_of(name: &str, size: &str, more: Value) -> Arc<PersistentVolume> {
    let mut whole = json!({
        "metadata": {"name": name},
        "spec": {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "storageClassName": "manual"},
        "status": {"phase": "Available"},
    });
    json_patch::merge(&mut whole, &more);
    Arc::new(serde_json::from_value(whole).unwrap())
}

fn claim_of(class: Value, more: Value) -> PersistentVolumeClaim {
    let mut whole = json!({
        "metadata": {"name": "datos", "namespace": "n", "uid": "u"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    whole["spec"]["storageClassName"] = class;
    json_patch::merge(&mut whole, &more);
    serde_json::from_value(whole).unwrap()
}

fn class(name: &str, provisioner: &str, mode: &str) -> Arc<StorageClass> {
    let class = json!({"metadata": {"name": name, "annotations": {"storageclass.kubernetes.io/is-default-class":
        (name == "de-todos").to_string()}}, "provisioner": provisioner, "volumeBindingMode": mode});
    Arc::new(serde_json::from_value(class).unwrap())
}

fn step(it: &PersistentVolumeClaim, volumes: &[Arc<PersistentVolume>], users: &[Arc<Pod>]) -> ClaimStep {
    let classes = [
        class("a-mano", "kubernetes.io/no-provisioner", "Immediate"),
        class("de-todos", "ejemplo.com/discos", "Immediate"),
        class("espera", "ejemplo.com/discos", "WaitForFirstConsumer"),
    ];
    claim(it, &Around { volumes, classes: &classes, users })
}

fn reserved(uid: &str) -> Value {
    json!({"spec": {"claimRef": {"namespace": "n", "name": "datos", "uid": uid}}})
}

#[test]
fn a_claim_gets_the_smallest_that_fits_or_the_one_that_names_it() {
    let all = [
        volume_of("grande", "9Gi", json!({})),
        volume_of("justo", "2Gi", json!({})),
        volume_of("corto", "1Mi", json!({})),
    ];
    let it = claim_of(json!("manual"), json!({}));
    assert_eq!(step(&it, &all, &[]), ClaimStep::Bind(all[1].clone()));
    let named = volume_of("suyo", "9Gi", reserved(""));
    assert_eq!(step(&it, &[all[1].clone(), named.clone()], &[]), ClaimStep::Bind(named));
    let asked = claim_of(json!("manual"), json!({"spec": {"volumeName": "grande"}}));
    assert_eq!(step(&asked, &all, &[]), ClaimStep::Bind(all[0].clone()));
    let others = [volume_of("grande", "9Gi", reserved("otro"))];
    let taken = "volume \"grande\" already bound to a different claim.";
    assert_eq!(step(&asked, &others, &[]), ClaimStep::Taken(taken.into()));
}

#[test]
fn a_claim_without_a_volume_says_what_it_waits_for() {
    let waits = |class: Value, users: &[Arc<Pod>]| match step(&claim_of(class, json!({})), &[], users) {
        ClaimStep::Wait(Some((reason, _))) => reason,
        other => panic!("{other:?}"),
    };
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": []}});
    let pod: Arc<Pod> = Arc::new(serde_json::from_value(pod).unwrap());
    assert_eq!(waits(json!("espera"), &[]), "WaitForFirstConsumer");
    assert_eq!(waits(json!("espera"), &[pod]), "WaitForPodScheduled");
    assert_eq!(waits(json!("a-mano"), &[]), "FailedBinding");
    assert_eq!(waits(json!(""), &[]), "FailedBinding");
    assert_eq!(waits(json!("no-hay"), &[]), "ProvisioningFailed");
    assert_eq!(step(&claim_of(json!(null), json!({})), &[], &[]), ClaimStep::Class("de-todos".into()));
    assert_eq!(
        step(&claim_of(json!("de-todos"), json!({})), &[], &[]),
        ClaimStep::Provision("ejemplo.com/discos".into())
    );
    let annotations = json!({"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "worker-1"}}});
    let placed = claim_of(json!("espera"), annotations);
    assert_eq!(step(&placed, &[], &[]), ClaimStep::Provision("ejemplo.com/discos".into()));
}

#[test]
fn a_claim_knows_when_its_volume_is_lost() {
    let bound =
        json!({"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}, "spec": {"volumeName": "v"}});
    let it = claim_of(json!("manual"), bound);
    let lost = |step| match step {
        ClaimStep::Lost(reason, _) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(lost(step(&it, &[], &[])), "ClaimLost");
    assert_eq!(lost(step(&it, &[volume_of("v", "1Gi", reserved("otro"))], &[])), "ClaimMisbound");
    let own = volume_of("v", "1Gi", reserved("u"));
    assert_eq!(step(&it, std::slice::from_ref(&own), &[]), ClaimStep::Bind(own.clone()));
}

#[test]
fn a_volume_follows_its_claim() {
    let of = |more: Value| volume_of("v", "1Gi", more);
    let claim = |name: Value| claim_of(json!("manual"), json!({"spec": {"volumeName": name}}));
    assert_eq!(volume(&of(json!({})), None), VolumeStep::Phase("Available"));
    assert_eq!(volume(&of(reserved("")), None), VolumeStep::Phase("Available"));
    assert_eq!(volume(&of(reserved("u")), Some(&claim(json!("v")))), VolumeStep::Phase("Bound"));
    assert_eq!(volume(&of(reserved("u")), Some(&claim(json!(null)))), VolumeStep::AskClaim);
    assert_eq!(volume(&of(reserved("u")), Some(&claim(json!("w")))), VolumeStep::Unbind { ours: false });
    let policy = |policy: &str, made: bool| {
        let mut more = reserved("u");
        more["spec"]["persistentVolumeReclaimPolicy"] = policy.into();
        if made {
            more["metadata"]["annotations"] = json!({"pv.kubernetes.io/provisioned-by": "x"});
        }
        volume(&of(more), None)
    };
    assert_eq!(policy("Retain", true), VolumeStep::Released(Reclaim::Keep));
    assert_eq!(policy("Delete", true), VolumeStep::Released(Reclaim::ByMaker));
    assert!(matches!(policy("Delete", false), VolumeStep::Released(Reclaim::Unable("VolumeFailedDelete", _))));
    assert!(matches!(policy("Recycle", false), VolumeStep::Released(Reclaim::Unable("VolumeFailedRecycle", _))));
}
