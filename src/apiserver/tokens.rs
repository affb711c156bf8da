//! Service-account tokens: JSON Web Tokens that this server signs and knows again. Must not keep any.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use super::authn::User;
use super::call;
use super::pki::SigningKey;
use super::server::ApiServer;
use crate::kinds;

/// Who signs, and for whom unless a token says otherwise.
pub(super) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// Who signs the tokens of Secrets, which never expire.
const LEGACY_ISSUER: &str = "kubernetes/serviceaccount";

/// What a token says.
#[derive(Clone, Debug)]
pub(super) struct Claims {
    pub(super) namespace: String,
    pub(super) account: String,
    pub(super) uid: String,
    pub(super) audiences: Vec<String>,
    /// Seconds since 1970.
    pub(super) issued: i64,
    pub(super) seconds: i64,
    /// Kind in lower case, name and uid of the object that the token lives as long as.
    pub(super) bound: Option<(String, String, String)>,
    pub(super) id: String,
}

/// Signs tokens and recognizes them; without a key it does neither.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens(Option<Arc<SigningKey>>);

impl Tokens {
    pub(super) fn new(key: Option<Arc<SigningKey>>) -> Self {
        Self(key)
    }

    /// The signed token; `None` without a key.
    pub(super) fn sign(&self, claims: &Claims) -> Option<String> {
        sign(self.0.as_ref()?, &body(claims))
    }

    /// The service account of a token that we signed, that has not expired and whose objects still exist.
    pub(super) fn authenticate(&self, server: &ApiServer, token: &str) -> Option<User> {
        let key = self.0.as_ref()?;
        let (message, signature) = token.rsplit_once('.')?;
        if !key.verifies(message.as_bytes(), &BASE64.decode(signature).ok()?) {
            return None;
        }
        let (_, body) = message.split_once('.')?;
        let claims: Value = serde_json::from_slice(&BASE64.decode(body).ok()?).ok()?;
        if claims["iss"] == LEGACY_ISSUER {
            return legacy_user(server, &claims, token);
        }
        let now = server.clock.now().as_second();
        let current = claims["nbf"].as_i64()? <= now && now < claims["exp"].as_i64()?;
        if !current || !claims["aud"].as_array()?.iter().any(|audience| audience == ISSUER) {
            return None;
        }
        user(server, &claims["kubernetes.io"])
    }
}

fn sign(key: &SigningKey, body: &Value) -> Option<String> {
    let header = json!({ "alg": SigningKey::ALGORITHM, "kid": key.id(), "typ": "JWT" });
    let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(body.to_string()));
    let signature = key.sign(message.as_bytes())?;
    Some(format!("{message}.{}", BASE64.encode(signature)))
}

/// A token that lives as long as the Secret that holds it: for the account of this name and uid.
#[must_use]
pub fn legacy_token(key: &SigningKey, namespace: &str, account: (&str, &str), secret: &str) -> Option<String> {
    let (name, uid) = account;
    let body = json!({
        "iss": LEGACY_ISSUER,
        "kubernetes.io/serviceaccount/namespace": namespace,
        "kubernetes.io/serviceaccount/secret.name": secret,
        "kubernetes.io/serviceaccount/service-account.name": name,
        "kubernetes.io/serviceaccount/service-account.uid": uid,
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
    });
    sign(key, &body)
}

/// The caller of such a token, if its Secret still holds it and the account is still the same one.
fn legacy_user(server: &ApiServer, claims: &Value, token: &str) -> Option<User> {
    let claim = |name: &str| claims[format!("kubernetes.io/serviceaccount/{name}")].as_str();
    let (namespace, name, uid) = (claim("namespace")?, claim("service-account.name")?, claim("service-account.uid")?);
    let get = |plural: &str, name: &str| server.store.get(&call::key(kinds::find("", "v1", plural)?, namespace, name));
    let secret = super::respond::parse(&get("secrets", claim("secret.name")?)?.value.bytes()).ok()?;
    let held = base64::engine::general_purpose::STANDARD.decode(secret["data"]["token"].as_str()?).ok()?;
    let same = get("serviceaccounts", name)?.meta.uid() == uid;
    if !same || held != token.as_bytes() || super::object::deleting(&secret) {
        return None;
    }
    let mut user = User::service_account(namespace, name);
    user.uid = uid.into();
    Some(user)
}

fn body(claims: &Claims) -> Value {
    let Claims { namespace, account, uid, audiences, issued, seconds, bound, id } = claims;
    let mut about = json!({ "namespace": namespace, "serviceaccount": { "name": account, "uid": uid } });
    if let Some((kind, name, uid)) = bound {
        about[kind] = json!({ "name": name, "uid": uid });
    }
    json!({
        "aud": audiences, "exp": issued + seconds, "iat": issued, "nbf": issued, "iss": ISSUER, "jti": id,
        "kubernetes.io": about, "sub": format!("system:serviceaccount:{namespace}:{account}"),
    })
}

/// The caller, if the account and the object that the token is bound to are still the same ones.
fn user(server: &ApiServer, about: &Value) -> Option<User> {
    let namespace = about["namespace"].as_str()?;
    let account = &about["serviceaccount"];
    for (field, plural) in
        [("serviceaccount", "serviceaccounts"), ("pod", "pods"), ("secret", "secrets"), ("node", "nodes")]
    {
        if let Some(name) = about[field]["name"].as_str() {
            let kind = kinds::find("", "v1", plural)?;
            let record = server.store.get(&call::key(kind, namespace, name))?;
            if about[field]["uid"].as_str() != Some(record.meta.uid()) {
                return None;
            }
        }
    }
    let mut user = User::service_account(namespace, account["name"].as_str()?);
    user.uid = account["uid"].as_str()?.into();
    if let Some(pod) = about["pod"]["name"].as_str() {
        user.extra.insert("authentication.kubernetes.io/pod-name".into(), vec![pod.into()]);
        let uid = about["pod"]["uid"].as_str().unwrap_or_default();
        user.extra.insert("authentication.kubernetes.io/pod-uid".into(), vec![uid.into()]);
    }
    Some(user)
}
