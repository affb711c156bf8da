//! The reviews: questions about access that are created and answered, never stored.

use axum::response::Response;
use serde_json::{Value, json};

use super::super::authn::User;
use super::super::body;
use super::super::call::Call;
use super::super::errors::{ApiError, ApiResult};
use super::super::object;
use super::super::respond::{Payload, Reply};
use super::super::subresource;
use super::{Question, decide, rules};

/// Answers the creation of a review.
pub(in super::super) async fn create(call: &Call, bytes: &[u8]) -> ApiResult<Response> {
    if call.kind.kind == "Binding" {
        return subresource::bind(call, bytes).await;
    }
    let mut review = body::decode(&call.headers, bytes, call.kind.into(), call.field_validation()?)?.value;
    let user = &call.user;
    review["status"] = match call.kind.kind {
        "SelfSubjectAccessReview" => access(call, user, &review["spec"]),
        "SubjectAccessReview" | "LocalSubjectAccessReview" => access(call, &subject(&review["spec"]), &review["spec"]),
        "SelfSubjectRulesReview" => self_rules(call, user, &review["spec"]),
        "SelfSubjectReview" => json!({ "userInfo": info(user) }),
        "TokenReview" => token(call, &review["spec"]),
        _ => return Err(ApiError::method_not_allowed(Some(call.kind))),
    };
    if call.kind.kind == "SelfSubjectReview" {
        object::set_meta(&mut review, "creationTimestamp", object::time(call.server.clock.now()).into());
    }
    Reply::created(Payload::Made(review)).render(call)
}

fn subject(spec: &Value) -> User {
    let groups = spec["groups"].as_array().into_iter().flatten();
    User {
        name: object::text(spec, &["user"]).into(),
        uid: object::text(spec, &["uid"]).into(),
        groups: groups.filter_map(|group| group.as_str().map(Into::into)).collect(),
        ..User::default()
    }
}

fn access(call: &Call, user: &User, spec: &Value) -> Value {
    let question = question(spec);
    let (allowed, reason) = match decide(&call.server, user, &question) {
        Ok(reason) => (true, reason),
        Err(reason) => (false, reason),
    };
    let mut status = json!({ "allowed": allowed });
    if !reason.is_empty() {
        status["reason"] = reason.into();
    }
    status
}

fn question(spec: &Value) -> Question {
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let text = |field: &str| resource[field].as_str().unwrap_or_default().to_owned();
    if let Some(path_text) = path["path"].as_str() {
        let verb = path["verb"].as_str().unwrap_or_default().into();
        return Question { verb, path: path_text.into(), ..Question::default() };
    }
    Question {
        verb: text("verb"),
        group: text("group"),
        resource: text("resource"),
        subresource: text("subresource"),
        namespace: text("namespace"),
        name: text("name"),
        path: String::new(),
    }
}

fn self_rules(call: &Call, user: &User, spec: &Value) -> Value {
    let mut granted = rules(&call.server, user, object::text(spec, &["namespace"]));
    if user.is_in(super::MASTERS) {
        granted.push(json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }));
        granted.push(json!({ "verbs": ["*"], "nonResourceURLs": ["*"] }));
    }
    let (paths, resources): (Vec<Value>, Vec<Value>) =
        granted.into_iter().partition(|rule| rule["nonResourceURLs"].is_array());
    json!({ "incomplete": false, "resourceRules": resources, "nonResourceRules": paths })
}

fn info(user: &User) -> Value {
    let mut info = json!({ "username": user.name, "groups": user.groups });
    if !user.uid.is_empty() {
        info["uid"] = user.uid.as_str().into();
    }
    if !user.extra.is_empty() {
        info["extra"] = json!(user.extra);
    }
    info
}

fn token(call: &Call, spec: &Value) -> Value {
    let token = object::text(spec, &["token"]);
    let server = &call.server;
    match server.access.tokens.user(token).or_else(|| server.tokens.authenticate(server, token)) {
        Some(user) => {
            json!({ "authenticated": true, "user": info(&user), "audiences": [super::super::tokens::ISSUER] })
        }
        None => json!({ "authenticated": false, "user": {} }),
    }
}
