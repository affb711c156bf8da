//! Who asks for a certificate is written into the request, and nobody asks for one of the administrators' group
//! (`CertificateSubjectRestriction`). Must not approve nor sign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;

use super::super::call::Call;
use super::super::errors::{ApiError, ApiResult};
use super::super::object;
use super::{Operation, Plugin};

pub(super) const PLUGIN: Plugin = Plugin { mutate, validate };

/// The signer whose certificates let people in.
const CLIENT: &str = "kubernetes.io/kube-apiserver-client";

fn applies(call: &Call, operation: Operation) -> bool {
    operation == Operation::Create && call.kind.kind == "CertificateSigningRequest"
}

#[expect(clippy::unnecessary_wraps, reason = "as every plug-in")]
fn mutate(call: &Call, operation: Operation, request: &mut Value, _old: Option<&Value>) -> ApiResult<()> {
    date(call, request);
    if !applies(call, operation) || !request["spec"].is_object() {
        return Ok(());
    }
    let user = &call.user;
    request["spec"]["username"] = user.name.as_str().into();
    request["spec"]["groups"] = json!(user.groups);
    let spec = request["spec"].as_object_mut();
    let Some(spec) = spec else { return Ok(()) };
    spec.remove("uid");
    spec.remove("extra");
    if !user.uid.is_empty() {
        spec.insert("uid".into(), user.uid.as_str().into());
    }
    if !user.extra.is_empty() {
        spec.insert("extra".into(), json!(user.extra));
    }
    Ok(())
}

/// A condition that does not say since when it holds holds since now (`populateConditionTimestamps`).
fn date(call: &Call, request: &mut Value) {
    if call.kind.kind != "CertificateSigningRequest" {
        return;
    }
    let now = object::time(call.server.clock.now());
    for condition in object::items_mut(request, &["status", "conditions"]) {
        for field in ["lastUpdateTime", "lastTransitionTime"] {
            if condition[field].is_null() {
                condition[field] = now.as_str().into();
            }
        }
    }
}

fn validate(call: &Call, operation: Operation, request: &Value, _old: Option<&Value>) -> ApiResult<()> {
    if !applies(call, operation) || request["spec"]["signerName"] != CLIENT {
        return Ok(());
    }
    let groups = groups(request["spec"]["request"].as_str().unwrap_or_default()).unwrap_or_default();
    if groups.iter().any(|group| group == "system:masters") {
        let why = format!("use of {CLIENT} signer with system:masters group is not allowed");
        return Err(ApiError::forbidden(call.kind, object::name(request), &why));
    }
    Ok(())
}

/// The groups that a request's subject names.
fn groups(encoded: &str) -> Option<Vec<String>> {
    let pem = BASE64.decode(encoded).ok()?;
    let (_, pem) = parse_x509_pem(&pem).ok()?;
    let (_, request) = X509CertificationRequest::from_der(&pem.contents).ok()?;
    let subject = request.certification_request_info.subject;
    Some(subject.iter_organization().filter_map(|group| group.as_str().ok()).map(Into::into).collect())
}
