//! An error at a field, printed exactly as `k8s.io/apimachinery/pkg/util/validation/field` prints it.
//! Must not decide what is wrong.

use std::fmt::{self, Write as _};

use serde_json::Value;

/// What kind of thing is wrong; [`Cause::reason`] is what a `Status` carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Needed and absent.
    Required,
    /// Malformed or out of bounds.
    Invalid,
    /// Names something that does not exist.
    NotFound,
    /// Must be unique and is not.
    Duplicate,
    /// None of the known values.
    NotSupported,
    /// Well-formed, but not allowed here.
    Forbidden,
    /// Too many bytes.
    TooLong,
    /// Too many elements.
    TooMany,
    /// Of another type than the field.
    TypeInvalid,
    /// A fault of the server.
    InternalError,
}

impl Cause {
    /// The reason in `Status.details.causes`.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::NotFound => "FieldValueNotFound",
            Self::Duplicate => "FieldValueDuplicate",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::InternalError => "InternalError",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotFound => "Not found",
            Self::Duplicate => "Duplicate value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::InternalError => "Internal error",
        }
    }
}

/// The value that is shown with an error.
#[derive(Debug, Clone, PartialEq)]
pub enum Bad {
    /// Shown as JSON.
    Value(Value),
    /// JSON already written, in the order in which Kubernetes' own types write it.
    Json(String),
}

impl<T: Into<Value>> From<T> for Bad {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{value}"),
            Self::Json(text) => f.write_str(text),
        }
    }
}

/// One thing that is wrong with an object.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    /// Where, as `spec.containers[0].image`.
    pub field: String,
    /// What kind of thing.
    pub cause: Cause,
    /// The value that is shown, where Kubernetes shows one.
    pub bad: Option<Bad>,
    /// The rest of the text; may be empty.
    pub detail: String,
}

impl FieldError {
    /// An invalid value.
    pub fn invalid(field: impl Into<String>, bad: impl Into<Bad>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), cause: Cause::Invalid, bad: Some(bad.into()), detail: detail.into() }
    }

    /// A missing value.
    pub fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), cause: Cause::Required, bad: None, detail: detail.into() }
    }

    /// A value that is not allowed here.
    pub fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), cause: Cause::Forbidden, bad: None, detail: detail.into() }
    }

    /// The text without the field, as `Status.details.causes[].message` has it.
    #[must_use]
    pub fn body(&self) -> String {
        let mut text = self.cause.words().to_owned();
        if let Some(bad) = &self.bad {
            let _ = write!(text, ": {bad}");
        }
        if !self.detail.is_empty() {
            let _ = write!(text, ": {}", self.detail);
        }
        text
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}
