//! Delete: preconditions, grace, finalizers and propagation, then the removal itself or its beginning.

use axum::response::Response;
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::admission;
use super::super::body;
use super::super::call::Call;
use super::super::errors::{ApiError, ApiResult};
use super::super::meta::Encoded;
use super::super::object;
use super::super::params::Params;
use super::super::respond::{self, Payload, Reply};
use super::get::record;
use super::modify::may_go;
use crate::schema;
use crate::store::{Expect, WriteError};

/// Lost races after which the caller is told of a conflict.
const ATTEMPTS: usize = 20;

/// `metav1.DeleteOptions`.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct DeleteOptions {
    pub(in super::super) grace: Option<i64>,
    uid: Option<String>,
    version: Option<String>,
    policy: Option<Policy>,
    dry_run: bool,
}

/// What becomes of the object's dependents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    Orphan,
    Background,
    Foreground,
}

impl DeleteOptions {
    /// From the query, overridden by a body if there is one.
    pub(in super::super) fn read(params: &Params, headers: &HeaderMap, bytes: &[u8]) -> ApiResult<Self> {
        let query = json!({
            "gracePeriodSeconds": params.int("gracePeriodSeconds")?,
            "propagationPolicy": params.get("propagationPolicy"),
            "orphanDependents": params.optional_flag("orphanDependents"),
        });
        let mut options = Self::from_value(&query)?;
        if !bytes.is_empty() {
            options = Self::from_value(&parse(headers, bytes)?)?;
        }
        options.dry_run |= params.dry_run("DeleteOptions")?;
        Ok(options)
    }

    /// Whether nothing is to be done, only said.
    pub(in super::super) fn dry_run(&self) -> bool {
        self.dry_run
    }

    /// Refuses an object that is not the one, or not as, the preconditions say.
    ///
    /// # Errors
    /// A conflict, in the words of `Preconditions.Check`.
    pub(in super::super) fn check(&self, call: &Call, object: &Value) -> ApiResult<()> {
        let refuse = |why: String| Err(ApiError::conflict_kind(call.kind, object::name(object), &why));
        let (uid, version) = (object::meta(object, "uid"), object::meta(object, "resourceVersion"));
        if let Some(wanted) = self.uid.as_deref().filter(|wanted| *wanted != uid) {
            return refuse(format!(
                "the UID in the precondition ({wanted}) does not match the UID in record ({uid}). \
                 The object might have been deleted and then recreated"
            ));
        }
        if let Some(wanted) = self.version.as_deref().filter(|wanted| *wanted != version) {
            return refuse(format!(
                "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record \
                 ({version}). The object might have been modified"
            ));
        }
        Ok(())
    }

    /// The same, once the object has been changed on the way to its deletion.
    pub(in super::super) fn whatever_version(self) -> Self {
        Self { version: None, ..self }
    }

    /// From an object, such as the one inside an eviction.
    pub(in super::super) fn from_value(value: &Value) -> ApiResult<Self> {
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let policy = match (value["propagationPolicy"].as_str(), value["orphanDependents"].as_bool()) {
            (Some("Orphan"), _) | (None, Some(true)) => Some(Policy::Orphan),
            (Some("Background"), _) | (None, Some(false)) => Some(Policy::Background),
            (Some("Foreground"), _) => Some(Policy::Foreground),
            (None, None) => None,
            (Some(other), _) => {
                let known = "supported values: \"Background\", \"Foreground\", \"Orphan\"";
                let text = format!("Unsupported value: {other:?}: {known}");
                return Err(ApiError::invalid_options("DeleteOptions", "propagationPolicy", &text));
            }
        };
        Ok(Self {
            grace: value["gracePeriodSeconds"].as_i64(),
            uid: text(&value["preconditions"]["uid"]),
            version: text(&value["preconditions"]["resourceVersion"]),
            policy,
            dry_run: value["dryRun"].as_array().is_some_and(|list| list.iter().any(|one| one == "All")),
        })
    }
}

fn parse(headers: &HeaderMap, bytes: &[u8]) -> ApiResult<Value> {
    let parsed = match body::media_type(headers) {
        "application/vnd.kubernetes.protobuf" => schema::protobuf::decode(bytes),
        "application/yaml" => schema::yaml::parse(bytes).map(|parsed| parsed.value),
        _ => schema::json::parse(bytes).map(|parsed| parsed.value),
    };
    let value = parsed.map_err(ApiError::bad_request)?;
    let checked = schema::check("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions", value);
    checked.map(|checked| checked.value).map_err(ApiError::bad_request)
}

/// Answers a delete of one object.
pub(in super::super) async fn delete(call: &Call, bytes: &[u8]) -> ApiResult<Response> {
    let options = DeleteOptions::read(&call.params, &call.headers, bytes)?;
    let (deleted, gone) = remove(call, &call.request.name, &options).await?;
    // Kubernetes shows a deleted pod, and says of other kinds only that they are gone.
    let shown = if gone && call.kind.kind != "Pod" { respond::success(call, &deleted) } else { deleted };
    Reply::ok(Payload::Made(shown)).render(call)
}

/// Deletes one object, or begins to; answers its last state and whether it is gone.
pub(in super::super) async fn remove(call: &Call, name: &str, options: &DeleteOptions) -> ApiResult<(Value, bool)> {
    admission::leave(call, name)?;
    for _ in 0..ATTEMPTS {
        let current = record(call, name)?;
        let old = call.read(&current.value.bytes())?;
        options.check(call, &old)?;
        let Some(new) = dying(&old, options, call.server.clock.now()) else { return Ok((old, false)) };
        let gone = may_go(&new);
        if options.dry_run {
            return Ok((new, gone));
        }
        let (store, expect) = (call.store(), Expect::Revision(current.modified));
        let encoded = Encoded::new(call.kind, &new).at(call.server.clock.now());
        let written = if gone {
            store.delete(&current.key, expect, move |revision| encoded.finish(revision)).await
        } else {
            store.put(&current.key, expect, move |revision| encoded.finish(revision)).await
        };
        match written {
            Ok(record) => return Ok((call.read(&record.value.bytes())?, gone)),
            Err(WriteError::Conflict { .. }) => {}
            Err(WriteError::Backend(error)) => return Err(ApiError::internal(error)),
        }
    }
    Err(ApiError::modified(call.kind, name))
}

/// The object as its deletion leaves it; `None` when a deletion that has begun already covers this one.
fn dying(old: &Value, options: &DeleteOptions, now: Timestamp) -> Option<Value> {
    let mut new = old.clone();
    propagate(&mut new, options.policy);
    if object::deleting(old) {
        if !shorten(&mut new, options) && new == *old && !may_go(&new) {
            return None;
        }
        return Some(new);
    }
    let grace = grace(old, options.grace);
    mark(&mut new, grace, now);
    Some(new)
}

/// Finalizers that the garbage collector knows.
const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

fn propagate(new: &mut Value, policy: Option<Policy>) {
    let Some(policy) = policy else { return };
    let mut finalizers = object::finalizers(new);
    finalizers.retain(|one| one != ORPHAN && one != FOREGROUND);
    match policy {
        Policy::Orphan => finalizers.push(ORPHAN.into()),
        Policy::Foreground => finalizers.push(FOREGROUND.into()),
        Policy::Background => {}
    }
    object::set_finalizers(new, finalizers);
}

/// Seconds that a pod's containers get to end (`podStrategy.CheckGracefulDelete`); nothing else has grace.
fn grace(old: &Value, asked: Option<i64>) -> i64 {
    if old["kind"] != "Pod" {
        return 0;
    }
    let ended = matches!(object::text(old, &["status", "phase"]), "Succeeded" | "Failed");
    if ended || object::text(old, &["spec", "nodeName"]).is_empty() {
        return 0;
    }
    let own = old["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or(30);
    let seconds = asked.unwrap_or(own);
    if seconds < 0 { 1 } else { seconds }
}

fn mark(new: &mut Value, grace: i64, now: Timestamp) {
    let at = now.checked_add(SignedDuration::from_secs(grace)).unwrap_or(now);
    object::set_meta(new, "deletionTimestamp", object::time(at).into());
    object::set_meta(new, "deletionGracePeriodSeconds", grace.into());
    if let Some(generation) = new["metadata"]["generation"].as_i64().filter(|generation| *generation > 0) {
        object::set_meta(new, "generation", (generation + 1).into());
    }
    if new["kind"] == "Namespace" {
        new["status"]["phase"] = "Terminating".into();
    }
}

/// A second deletion may only shorten the grace period of the first.
fn shorten(new: &mut Value, options: &DeleteOptions) -> bool {
    let current = new["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or_default();
    let Some(asked) = options.grace.map(|grace| grace.max(0)).filter(|grace| *grace < current) else { return false };
    let before = object::meta(new, "deletionTimestamp").parse::<Timestamp>();
    if let Some(at) = before.ok().and_then(|at| at.checked_sub(SignedDuration::from_secs(current - asked)).ok()) {
        object::set_meta(new, "deletionTimestamp", object::time(at).into());
    }
    object::set_meta(new, "deletionGracePeriodSeconds", asked.into());
    true
}
