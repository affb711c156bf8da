//! What went wrong, in the words in which kubectl says it (`pkg/cmd/util/helpers.go`). Must not print.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Status, StatusCause, StatusDetails};

/// How a command ends.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a command did not do what it was asked.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The server refused.
    Status(Box<Status>),
    /// `error: …`.
    Error(String),
    /// To be shown as it is.
    Worded(String),
    /// Several things went wrong.
    Several(Vec<Failure>),
    /// All was said: only the exit code is left.
    Exit(u8),
}

impl Failure {
    /// `error: …`.
    pub fn error(text: impl Into<String>) -> Self {
        Self::Error(text.into())
    }

    /// `error: …`, and where the command's help is.
    pub fn usage(path: &str, text: impl AsRef<str>) -> Self {
        Self::Error(format!("{}\nSee '{path} -h' for help and examples", text.as_ref()))
    }

    /// A refusal that the client words as the server would.
    pub fn status(code: u16, reason: &str, message: impl Into<String>) -> Self {
        let message = Some(message.into());
        let reason = Some(reason.to_string()).filter(|reason| !reason.is_empty());
        Self::Status(Box::new(Status { code: Some(code.into()), reason, message, ..Status::default() }))
    }

    /// All of them as one; none at all is success.
    pub fn all(mut failures: Vec<Failure>) -> Outcome {
        match failures.len() {
            0 => Ok(()),
            1 => Err(failures.remove(0)),
            _ => Err(Self::Several(failures)),
        }
    }

    /// The server's reason, such as `NotFound`; empty when it was not the server.
    pub fn reason(&self) -> &str {
        match self {
            Self::Status(status) => status.reason.as_deref().unwrap_or_default(),
            _ => "",
        }
    }

    pub fn is_not_found(&self) -> bool {
        self.reason() == "NotFound"
    }

    pub fn is_conflict(&self) -> bool {
        self.reason() == "Conflict"
    }

    /// The bare message, as Go's `err.Error()` has it.
    pub fn message(&self) -> String {
        match self {
            Self::Status(status) => status.message.clone().unwrap_or_default(),
            Self::Error(text) | Self::Worded(text) => text.clone(),
            Self::Several(all) => match all.as_slice() {
                [one] => one.message(),
                all => format!("[{}]", all.iter().map(Self::message).collect::<Vec<_>>().join(", ")),
            },
            Self::Exit(code) => format!("exit {code}"),
        }
    }

    /// `error when creating "web.yaml": …`, when it is known where the object came from.
    pub fn when(self, verb: &str, source: &str) -> Self {
        if source.is_empty() {
            return self;
        }
        let text = format!("error when {verb} {source:?}: {}", self.message());
        match self {
            Self::Status(mut status) => {
                status.message = Some(text);
                Self::Status(status)
            }
            other => other.with_message(text),
        }
    }

    /// The same with words before the message; it stays the server's refusal.
    pub fn before(self, words: &str) -> Self {
        let text = format!("{words}{}", self.message());
        self.with_message(text)
    }

    fn with_message(self, text: String) -> Self {
        match self {
            Self::Status(mut status) => {
                status.message = Some(text);
                Self::Status(status)
            }
            Self::Exit(code) => Self::Exit(code),
            _ => Self::Error(text),
        }
    }

    /// What kubectl prints at its end, without the last line break; empty when nothing is left to say.
    pub fn text(&self) -> String {
        match self {
            Self::Status(status) if is_invalid(status) => invalid(status),
            Self::Status(_) => self.line(),
            Self::Error(text) if text.starts_with("error: ") => text.clone(),
            Self::Error(text) => format!("error: {text}"),
            Self::Worded(text) => text.clone(),
            Self::Several(all) => all.iter().map(Self::line).collect::<Vec<_>>().join("\n"),
            Self::Exit(_) => String::new(),
        }
    }

    /// The line of one failure among several.
    pub fn line(&self) -> String {
        let Self::Status(status) = self else { return self.message() };
        match status.reason.as_deref().unwrap_or_default() {
            "" => format!("Error from server: {}", self.message()),
            "Unauthorized" => format!("error: You must be logged in to the server ({})", self.message()),
            reason => format!("Error from server ({reason}): {}", self.message()),
        }
    }

    /// The exit code that tells of it.
    pub fn code(&self) -> u8 {
        if let Self::Exit(code) = self { *code } else { 1 }
    }
}

fn is_invalid(status: &Status) -> bool {
    status.reason.as_deref() == Some("Invalid")
}

/// `The Pod "x" is invalid: …`, one line a cause.
fn invalid(status: &Status) -> String {
    let message = status.message.as_deref().unwrap_or_default();
    let Some(StatusDetails { kind, name, causes, .. }) = &status.details else {
        return format!("The request is invalid{}", after_colon(message));
    };
    let (kind, name) = (kind.as_deref().unwrap_or_default(), name.as_deref().unwrap_or_default());
    let causes = causes.as_deref().unwrap_or_default();
    if !kind.is_empty() || !name.is_empty() {
        return with_causes(&format!("The {kind} {name:?} is invalid"), causes);
    }
    if causes.is_empty() {
        return format!("The request is invalid{}", after_colon(message));
    }
    with_causes("The request is invalid", causes)
}

fn after_colon(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

fn with_causes(head: &str, causes: &[StatusCause]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for cause in causes {
        let (field, message) =
            (cause.field.as_deref().unwrap_or_default(), cause.message.as_deref().unwrap_or_default());
        let line = format!("{field}: {message}");
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    match lines.as_slice() {
        [] => head.to_string(),
        [one] => format!("{head}: {one}"),
        many => format!("{head}: \n{}", many.iter().map(|line| format!("* {line}")).collect::<Vec<_>>().join("\n")),
    }
}

impl From<std::io::Error> for Failure {
    /// A reader that went away ends the command as a signal would; the rest is told.
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::Exit(141),
            _ => Self::Error(go_words(&error)),
        }
    }
}

/// A system error in Go's words: `no such file or directory`.
pub(crate) fn go_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        std::io::ErrorKind::IsADirectory => "is a directory".into(),
        _ => error.to_string(),
    }
}
