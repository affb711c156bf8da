//! Why the server (or the way to it) said no, kept as it came. Must not translate: `editor::explain` does.

use std::fmt;

use kube::core::Status;

/// One cause inside a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// Field, as `spec.containers[0].image`.
    pub field: String,
    /// Message, as the server wrote it.
    pub message: String,
}

/// A refusal or a broken connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// HTTP code; 0 when nothing answered.
    pub code: u16,
    /// Kubernetes' reason, such as `Invalid`; empty when nothing answered.
    pub reason: String,
    /// The text, in English, as it came.
    pub message: String,
    /// Its causes, field by field.
    pub causes: Vec<Cause>,
}

impl Failure {
    /// A failure of the way to the server.
    pub fn broken(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), ..Self::default() }
    }

    /// Whether the server answered that this is not allowed.
    pub fn denied(&self) -> bool {
        matches!(self.code, 401 | 403)
    }

    /// Whether the server answered that there is no such thing.
    pub fn missing(&self) -> bool {
        self.code == 404
    }

    /// Whether the version to start from is too old (410 Gone): list again.
    pub fn expired(&self) -> bool {
        self.code == 410
    }

    /// Whether nobody answered at all.
    pub fn unreachable(&self) -> bool {
        self.code == 0
    }

    /// One line in Spanish for a place where there is little room.
    pub fn short(&self) -> String {
        match self.code {
            0 if self.message.contains("Connection refused") => "sin conexión: nadie escucha en esa dirección".into(),
            0 => format!("sin conexión: {}", self.message),
            401 | 403 => "sin permiso".into(),
            404 => "no existe aquí".into(),
            _ => self.message.clone(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<&Status> for Failure {
    fn from(status: &Status) -> Self {
        let causes = status.details.as_ref().map(|details| details.causes.as_slice()).unwrap_or_default();
        let cause = |cause: &kube::core::response::StatusCause| Cause {
            field: cause.field.clone(),
            message: cause.message.clone(),
        };
        Self {
            code: status.code,
            reason: status.reason.clone(),
            message: status.message.clone(),
            causes: causes.iter().map(cause).collect(),
        }
    }
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::from(status.as_ref()),
            other => Self::broken(root_of(&other)),
        }
    }
}

/// The innermost source: «connection refused» says more than its wrapping.
fn root_of(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
