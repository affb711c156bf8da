//! Certificate requests through their lives: approved by a person or by itself, signed, refused, forgotten.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value, json};

use super::{Cluster, Seen};
use crate::api::refusal;

struct Ask<'a> {
    name: &'a str,
    signer: &'a str,
    group: &'a str,
    user: &'a str,
    usages: Value,
}

impl Ask<'_> {
    fn request(&self) -> CertificateSigningRequest {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, self.group);
        params.distinguished_name.push(DnType::CommonName, self.user);
        let pem = params.serialize_request(&KeyPair::generate().unwrap()).unwrap().pem().unwrap();
        let request = base64::engine::general_purpose::STANDARD.encode(pem);
        let signer = format!("kubernetes.io/{}", self.signer);
        let spec = json!({"request": request, "signerName": signer, "usages": self.usages, "expirationSeconds": 3600});
        serde_json::from_value(json!({"metadata": {"name": self.name}, "spec": spec})).unwrap()
    }
}

fn conditions(request: &CertificateSigningRequest) -> Vec<(String, String)> {
    let conditions = request.status.as_ref().and_then(|status| status.conditions.clone()).unwrap_or_default();
    conditions.into_iter().map(|it| (it.type_, it.reason.unwrap_or_default())).collect()
}

fn certificate(request: &CertificateSigningRequest) -> Option<String> {
    let certificate = request.status.as_ref()?.certificate.clone()?;
    Some(String::from_utf8(certificate.0).unwrap())
}

async fn until(
    seen: &Seen<CertificateSigningRequest>,
    name: &str,
    wanted: fn(&CertificateSigningRequest) -> bool,
) -> Arc<CertificateSigningRequest> {
    let is = |it: &Arc<CertificateSigningRequest>| it.name_any() == name && wanted(it);
    seen.until(|all| all.iter().any(is)).await.into_iter().find(is).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_request_is_signed_once_it_is_approved_and_forgotten_an_hour_later() {
    let cluster = Cluster::start(0).await;
    let seen = cluster.see::<CertificateSigningRequest>();
    let api: Api<CertificateSigningRequest> = Api::all(cluster.world.client.clone());
    let client = json!(["digital signature", "client auth"]);
    let ask =
        Ask { name: "ana", signer: "kube-apiserver-client", group: "equipo", user: "ana", usages: client.clone() };
    let made = api.create(&PostParams::default(), &ask.request()).await.unwrap();
    assert_eq!(made.spec.username.as_deref(), Some("kubernetes-admin"));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(certificate(&api.get("ana").await.unwrap()), None, "nobody approved it");
    let approved = json!([{"type": "Approved", "status": "True", "reason": "Prueba", "message": ""}]);
    let patch = Patch::Merge(json!({"status": {"conditions": approved}}));
    api.patch_approval("ana", &PatchParams::default(), &patch).await.unwrap();
    let signed = until(&seen, "ana", |it| certificate(it).is_some()).await;
    assert!(certificate(&signed).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    tokio::time::sleep(Duration::from_secs(3000)).await;
    assert!(api.get_opt("ana").await.unwrap().is_some());
    tokio::time::sleep(Duration::from_secs(1000)).await;
    seen.until(<[_]>::is_empty).await;
    let masters = Ask { name: "jefe", group: "system:masters", ..ask };
    let refused = refusal(api.create(&PostParams::default(), &masters.request()).await);
    assert!(
        refused
            .2
            .ends_with("use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed")
    );
}

#[tokio::test(start_paused = true)]
async fn kubelets_are_approved_by_themselves_and_what_fits_no_signer_fails() {
    let cluster = Cluster::start(0).await;
    let seen = cluster.see::<CertificateSigningRequest>();
    let api: Api<CertificateSigningRequest> = Api::all(cluster.world.client.clone());
    let client = json!(["digital signature", "client auth"]);
    let kubelet = Ask {
        name: "nodo",
        signer: "kube-apiserver-client-kubelet",
        group: "system:nodes",
        user: "system:node:worker-9",
        usages: client,
    };
    api.create(&PostParams::default(), &kubelet.request()).await.unwrap();
    let signed = until(&seen, "nodo", |it| certificate(it).is_some()).await;
    assert_eq!(conditions(&signed), [("Approved".into(), "AutoApproved".into())]);
    let serving = Ask { name: "sirve", signer: "kubelet-serving", usages: json!(["server auth"]), ..kubelet };
    api.create(&PostParams::default(), &serving.request()).await.unwrap();
    let approved = json!([{"type": "Approved", "status": "True", "reason": "Prueba", "message": ""}]);
    let patch = Patch::Merge(json!({"status": {"conditions": approved}}));
    api.patch_approval("sirve", &PatchParams::default(), &patch).await.unwrap();
    let failed = until(&seen, "sirve", |it| conditions(it).len() == 2).await;
    assert_eq!(conditions(&failed)[1], ("Failed".into(), "SignerValidationFailure".into()));
    let why = failed.status.as_ref().unwrap().conditions.as_ref().unwrap()[1].message.clone();
    assert_eq!(why.as_deref(), Some("DNS or IP subjectAltName is required"));
}
