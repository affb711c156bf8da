//! `CertificateSigningRequest` (certificates.k8s.io/v1): asks the cluster to sign a certificate. Must not sign.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::at::At;
use super::kind::{self, AGE, Column, Kind, NAME, Rules, Subresource};
use super::show;
use super::validate::{FieldError, required};

pub(super) static KIND: Kind = Kind {
    group: "certificates.k8s.io",
    kind: "CertificateSigningRequest",
    plural: "certificatesigningrequests",
    singular: "certificatesigningrequest",
    short_names: &["csr"],
    namespaced: false,
    schema: "io.k8s.api.certificates.v1.CertificateSigningRequest",
    subresources: &[Subresource::Approval, Subresource::Status],
    about: "Pide al clúster que firme un certificado; alguien debe aprobarlo antes.",
    columns: &[
        NAME,
        AGE,
        Column::text("SignerName"),
        Column::text("Requestor"),
        Column::text("RequestedDuration"),
        Column::text("Condition"),
    ],
    rules: &CertificateSigningRequest,
    ..Kind::BASE
};

struct CertificateSigningRequest;

impl Rules for CertificateSigningRequest {
    fn has_status(&self) -> bool {
        true
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let spec = &object["spec"];
        let duration = spec["expirationSeconds"].as_i64().map_or_else(|| "<none>".to_owned(), show::human);
        vec![
            show::name(object),
            show::age(object, now),
            show::text_or(&spec["signerName"], "<none>"),
            show::text_or(&spec["username"], ""),
            json!(duration),
            json!(condition(&object["status"])),
        ]
    }

    /// Only the status and the labels of a request change.
    fn prepare_update(&self, new: &mut Value, old: &Value) {
        kind::prepare_update(self, new, old);
        kind::keep(new, old, "spec");
    }

    fn validate(&self, object: &Value) -> Vec<FieldError> {
        let spec = At::root(object).field("spec");
        let (request, signer, seconds) =
            (spec.field("request"), spec.field("signerName"), spec.field("expirationSeconds"));
        let mut errors: Vec<FieldError> = required(&request).into_iter().collect();
        if let Some(error) = required(&spec.field("usages")) {
            errors.push(FieldError { detail: "usages must contain at least one value".to_owned(), ..error });
        }
        if signer.is_empty() {
            errors.push(signer.required(""));
        } else if !signer.text().contains('/') {
            errors.push(
                signer.invalid("must be a fully qualified domain and path of the form 'example.com/signer-name'"),
            );
        }
        if seconds.number().is_some_and(|seconds| seconds < 600) {
            errors.push(seconds.invalid("may not specify a duration less than 600 seconds (10 minutes)"));
        }
        errors
    }

    fn fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        vec![("spec.signerName", object["spec"]["signerName"].as_str().unwrap_or_default().to_owned())]
    }
}

fn condition(status: &Value) -> String {
    let has = |kind: &str| show::list(&status["conditions"]).iter().any(|condition| condition["type"] == kind);
    let mut text = if has("Denied") {
        "Denied"
    } else if has("Approved") {
        "Approved"
    } else {
        "Pending"
    }
    .to_owned();
    if has("Failed") {
        text += ",Failed";
    }
    if status["certificate"].as_str().is_some_and(|certificate| !certificate.is_empty()) {
        text += ",Issued";
    }
    text
}
