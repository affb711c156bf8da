//! `metav1.Status` answers with Kubernetes' reasons, codes, details and texts. Must not decide when they apply.

use http::StatusCode;
use serde::Serialize;

use crate::kinds::Kind;
use crate::kinds::validate::FieldError;

/// A failure as the client sees it.
#[derive(Clone, Debug)]
pub struct ApiError(Box<Failure>);

/// The parts of a failed `metav1.Status`.
#[derive(Clone, Debug)]
struct Failure {
    code: StatusCode,
    reason: &'static str,
    message: String,
    details: Option<Details>,
    next: Option<String>,
    warnings: Vec<String>,
}

/// `metav1.StatusDetails`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) group: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) kind: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) causes: Vec<StatusCause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after_seconds: Option<u32>,
}

/// `metav1.StatusCause`.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct StatusCause {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) reason: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) field: String,
}

/// Shorthand for what every handler returns.
pub(super) type ApiResult<T> = Result<T, ApiError>;

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for ApiError {}

impl ApiError {
    fn new(code: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Failure {
            code,
            reason,
            message: message.into(),
            details: None,
            next: None,
            warnings: Vec::new(),
        }))
    }

    fn about(mut self, kind: &Kind, name: &str) -> Self {
        self.0.details = Some(Details {
            name: name.into(),
            group: kind.group.into(),
            kind: kind.plural.into(),
            ..Details::default()
        });
        self
    }

    /// Adds causes to the details.
    pub(super) fn caused_by(mut self, causes: Vec<StatusCause>) -> Self {
        self.0.details.get_or_insert_default().causes = causes;
        self
    }

    /// Tells the client when to come back.
    pub(super) fn retry_after(mut self, seconds: u32) -> Self {
        self.0.details.get_or_insert_default().retry_after_seconds = Some(seconds);
        self
    }

    /// With what the client is to be warned of, although it failed for another reason.
    pub(super) fn warn(mut self, warnings: &[String]) -> Self {
        self.0.warnings.extend_from_slice(warnings);
        self
    }

    /// What the client is to be warned of.
    pub(super) fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// The HTTP status.
    pub(super) fn code(&self) -> StatusCode {
        self.0.code
    }

    /// The seconds of a `Retry-After` header.
    pub(super) fn retry_after_seconds(&self) -> Option<u32> {
        self.0.details.as_ref().and_then(|details| details.retry_after_seconds)
    }

    /// The whole `metav1.Status` object.
    pub(super) fn status(&self) -> serde_json::Value {
        let mut status = serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.0.message, "code": self.0.code.as_u16(),
        });
        if !self.0.reason.is_empty() {
            status["reason"] = self.0.reason.into();
        }
        if let Some(next) = &self.0.next {
            status["metadata"]["continue"] = next.as_str().into();
        }
        if let Some(details) = &self.0.details {
            status["details"] = serde_json::to_value(details).unwrap_or_default();
        }
        status
    }

    /// `pods "x" not found`.
    pub(super) fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} not found", qualified(kind));
        Self::new(StatusCode::NOT_FOUND, "NotFound", message).about(kind, name)
    }

    /// As [`ApiError::not_found`], of a resource that is told by another name than its path's.
    pub(super) fn not_found_as(kind: &Kind, resource: &str, name: &str) -> Self {
        let message = format!("{resource}.{} {name:?} not found", kind.group);
        Self::new(StatusCode::NOT_FOUND, "NotFound", message).about(kind, name)
    }

    /// What somebody behind us does not find, in their words.
    pub(super) fn not_found_behind(kind: &Kind, name: &str, text: &str) -> Self {
        let message = format!("the server could not find the requested resource ( {} {name})", qualified(kind));
        let cause =
            StatusCause { reason: "UnexpectedServerResponse".into(), message: text.into(), field: String::new() };
        Self::new(StatusCode::NOT_FOUND, "NotFound", message).about(kind, name).caused_by(vec![cause])
    }

    /// An unknown path.
    pub(super) fn no_such_path() -> Self {
        let mut error =
            Self::new(StatusCode::NOT_FOUND, "NotFound", "the server could not find the requested resource");
        error.0.details = Some(Details::default());
        error
    }

    /// `pods "x" already exists`.
    pub(super) fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", qualified(kind));
        Self::new(StatusCode::CONFLICT, "AlreadyExists", message).about(kind, name)
    }

    /// `Operation cannot be fulfilled on pods "x": …`.
    pub(super) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", qualified(kind));
        Self::new(StatusCode::CONFLICT, "Conflict", message).about(kind, name)
    }

    /// The conflict of an outdated `resourceVersion`.
    pub(super) fn modified(kind: &Kind, name: &str) -> Self {
        Self::conflict(kind, name, MODIFIED)
    }

    /// A conflict that names the kind and not the resource, as preconditions of a deletion do.
    pub(super) fn conflict_kind(kind: &Kind, name: &str, why: &str) -> Self {
        Self::conflict_resource(kind.group, kind.kind, name, why)
    }

    /// A conflict about a resource by its words.
    pub(super) fn conflict_resource(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let qualified = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let message = format!("Operation cannot be fulfilled on {qualified} {name:?}: {why}");
        let mut error = Self::new(StatusCode::CONFLICT, "Conflict", message);
        error.0.details =
            Some(Details { name: name.into(), group: group.into(), kind: resource.into(), ..Details::default() });
        error
    }

    /// The conflicts of a server-side apply, one cause a field.
    pub(super) fn apply_conflict(message: String, causes: Vec<StatusCause>) -> Self {
        Self::new(StatusCode::CONFLICT, "Conflict", message).caused_by(causes)
    }

    /// `Deployment.apps "x" is invalid: …` with one cause a field.
    pub(super) fn invalid(kind: &Kind, name: &str, errors: &[FieldError]) -> Self {
        Self::invalid_causes(kind.kind, kind.group, name, errors)
    }

    /// As [`ApiError::invalid`] for a type that is no stored kind.
    pub(super) fn invalid_causes(kind: &str, group: &str, name: &str, errors: &[FieldError]) -> Self {
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let message = format!("{qualified} {name:?} is invalid: {}", aggregate(&texts));
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message);
        error.0.details = Some(Details {
            name: name.into(),
            group: group.into(),
            kind: kind.into(),
            causes: errors.iter().map(cause_of).collect(),
            ..Details::default()
        });
        error
    }

    /// A patch whose result is no valid object; Kubernetes says it of an object without kind and name.
    pub(super) fn invalid_patch(shown: &str, why: &str) -> Self {
        let text = format!("Invalid value: {shown:?}: {why}");
        let mut error =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", format!(" \"\" is invalid: patch: {text}"));
        let cause = StatusCause { reason: "FieldValueInvalid".into(), message: text, field: "patch".into() };
        error.0.details = Some(Details { causes: vec![cause], ..Details::default() });
        error
    }

    /// A patch that does not apply.
    pub(super) fn unprocessable() -> Self {
        let message = "the server rejected our request due to an error in our request";
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message);
        error.0.details = Some(Details::default());
        error
    }

    /// A request that cannot be understood.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// The options of a request are invalid (422 without a resource), such as `ListOptions`.
    pub(super) fn invalid_options(kind: &str, field: &str, text: &str) -> Self {
        let message = format!("{kind}.meta.k8s.io \"\" is invalid: {field}: {text}");
        let mut error = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message);
        error.0.details = Some(Details {
            group: "meta.k8s.io".into(),
            kind: kind.into(),
            causes: vec![StatusCause { reason: cause_in(text).into(), message: text.into(), field: field.into() }],
            ..Details::default()
        });
        error
    }

    /// `pods "x" is forbidden: …`, or `pods is forbidden: …` without a name.
    pub(super) fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        Self::forbidden_resource(kind.group, kind.plural, name, why)
    }

    /// As [`ApiError::forbidden`] for a resource that may not exist.
    pub(super) fn forbidden_resource(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let qualified = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let subject = if name.is_empty() { qualified } else { format!("{qualified} {name:?}") };
        let mut error = Self::new(StatusCode::FORBIDDEN, "Forbidden", format!("{subject} is forbidden: {why}"));
        error.0.details =
            Some(Details { name: name.into(), group: group.into(), kind: resource.into(), ..Details::default() });
        error
    }

    /// A forbidden path that is no resource.
    pub(super) fn forbidden_path(message: String) -> Self {
        let mut error = Self::new(StatusCode::FORBIDDEN, "Forbidden", message);
        error.0.details = Some(Details::default());
        error
    }

    /// The store does not answer: etcd's client speaks, and the API server passes it on.
    pub(super) fn etcd_unreachable() -> Self {
        let message = "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: \
             dial tcp 127.0.0.1:2379: connect: connection refused\"";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "", message)
    }

    /// No valid credentials.
    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", "Unauthorized")
    }

    /// A revision or continue token that is no longer kept.
    pub(super) fn expired(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "Expired", message)
    }

    /// A revision that is yet to come.
    pub(super) fn too_large_version(asked: u64, current: u64) -> Self {
        let text = "Too large resource version";
        let message = format!("{text}: {asked}, current: {current}");
        let cause =
            StatusCause { reason: "ResourceVersionTooLarge".into(), message: text.into(), field: String::new() };
        Self::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", message).caused_by(vec![cause]).retry_after(1)
    }

    /// A request that took too long.
    pub(super) fn timeout() -> Self {
        let message = "Timeout: request did not complete within the allotted timeout";
        let mut error = Self::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", message);
        error.0.details = Some(Details::default());
        error
    }

    /// With the token of a list that goes on with whatever is there now.
    pub(super) fn with_continue(mut self, token: String) -> Self {
        self.0.next = Some(token);
        self
    }

    /// The resource has no such verb.
    pub(super) fn method_not_allowed(kind: Option<&Kind>) -> Self {
        let error = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        );
        match kind {
            Some(kind) => error.about(kind, ""),
            None => error,
        }
    }

    /// A request body in a language we do not read.
    pub(super) fn unsupported_media_type(accepted: &str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            format!("the body of the request was in an unknown format - accepted media types include: {accepted}"),
        )
    }

    /// No answer in a form that the client accepts.
    pub(super) fn not_acceptable(accepted: &str) -> Self {
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "NotAcceptable",
            format!("only the following media types are accepted: {accepted}"),
        )
    }

    /// A body over the limit of 3 MiB (apiserver `MaxRequestBodyBytes`).
    pub(super) fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            format!("Request entity too large: limit is {limit}"),
        )
    }

    /// A patch with too many operations.
    pub(super) fn too_large_patch(message: String) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
    }

    /// Come back later, as evictions say.
    pub(super) fn too_many_requests(message: &str, seconds: u32) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message).retry_after(seconds)
    }

    /// Nobody behind us answers.
    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
    }

    /// A failure that Kubernetes gives no reason of its own.
    pub(super) fn unknown(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "", message)
    }

    /// Something that should not happen.
    pub(super) fn internal(message: impl std::fmt::Display) -> Self {
        let text = message.to_string();
        let mut error =
            Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", format!("Internal error occurred: {text}"));
        error.0.details = Some(Details {
            causes: vec![StatusCause { message: text, ..StatusCause::default() }],
            ..Details::default()
        });
        error
    }
}

/// The optimistic lock's text (apiserver `registry.OptimisticLockErrorMsg`).
pub(super) const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

/// The reason of a cause, as the words of its text tell it.
fn cause_in(text: &str) -> &'static str {
    match text.split_once(':').map_or("", |(words, _)| words) {
        "Forbidden" => "FieldValueForbidden",
        "Required value" => "FieldValueRequired",
        "Unsupported value" => "FieldValueNotSupported",
        _ => "FieldValueInvalid",
    }
}

/// `deployments.apps`, or `pods` for the core group.
pub(super) fn qualified(kind: &Kind) -> String {
    if kind.group.is_empty() { kind.plural.into() } else { format!("{}.{}", kind.plural, kind.group) }
}

/// One text alone, several in brackets without repeats (apimachinery `Aggregate`).
pub(super) fn aggregate(texts: &[String]) -> String {
    match texts {
        [one] => one.clone(),
        many => {
            let mut seen: Vec<&str> = Vec::with_capacity(many.len());
            for text in many {
                if !seen.contains(&text.as_str()) {
                    seen.push(text);
                }
            }
            if let [one] = seen.as_slice() { (*one).to_owned() } else { format!("[{}]", seen.join(", ")) }
        }
    }
}

/// A validation error as a cause.
fn cause_of(error: &FieldError) -> StatusCause {
    StatusCause { reason: error.cause.reason().into(), message: error.body(), field: error.field.clone() }
}
