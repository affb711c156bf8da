//! What the server's refusals have in common. Must only sort texts that came from the server or kubectl.

use serde::{Deserialize, Serialize};

/// A kind of refusal: two texts of one kind teach the same thing.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The text is no YAML or JSON.
    Syntax,
    /// No such kind in that version.
    NoKind,
    /// The object has no name.
    NoName,
    /// A field that the kind does not have.
    UnknownField,
    /// A value of the wrong type.
    WrongType,
    /// A field that must be there is not.
    Required,
    /// Two fields that must agree do not.
    Mismatch,
    /// Somebody else changed the object after it was read.
    Conflict,
    /// Any other rule.
    Other,
}

/// Fragments of the texts of Kubernetes 1.36 and kubectl 1.33; the first that is found decides.
const SIGNS: &[(&str, Reason)] = &[
    ("no matches for kind", Reason::NoKind),
    ("could not find the requested resource", Reason::NoKind),
    ("no kind", Reason::NoKind),
    ("resource name may not be empty", Reason::NoName),
    ("name or generateName is required", Reason::NoName),
    ("unknown field", Reason::UnknownField),
    ("cannot unmarshal", Reason::WrongType),
    ("yaml: ", Reason::Syntax),
    ("error converting YAML", Reason::Syntax),
    ("error parsing", Reason::Syntax),
    ("Required value", Reason::Required),
    ("does not match template", Reason::Mismatch),
    ("the object has been modified", Reason::Conflict),
];

impl Reason {
    /// Sorts a refusal by its text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        SIGNS.iter().find(|(sign, _)| text.contains(sign)).map_or(Self::Other, |(_, reason)| *reason)
    }

    /// What it is about, in Spanish.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Syntax => "el texto no es YAML válido",
            Self::NoKind => "ese kind no existe en esa versión",
            Self::NoName => "falta el nombre",
            Self::UnknownField => "un campo que no existe ahí",
            Self::WrongType => "un valor de otro tipo",
            Self::Required => "falta un campo obligatorio",
            Self::Mismatch => "dos campos no coinciden",
            Self::Conflict => "otro lo cambió después de que lo leyeras",
            Self::Other => "otra regla",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_of_the_notes_has_five_kinds() {
        let texts = [
            (r#"no matches for kind "Deployment" in version "v1""#, Reason::NoKind),
            ("resource name may not be empty", Reason::NoName),
            (
                r#"strict decoding error: unknown field "metadata.app", unknown field "spec.containers""#,
                Reason::UnknownField,
            ),
            ("json: cannot unmarshal bool into Go struct field EnvVar.value of type string", Reason::WrongType),
            ("* spec.selector: Required value\n* …: `selector` does not match template `labels`", Reason::Required),
            (
                r#"spec.template.metadata.labels: Invalid value: {"app":"otra"}: `selector` does not match template `labels`"#,
                Reason::Mismatch,
            ),
            ("Operation cannot be fulfilled: the object has been modified; please apply", Reason::Conflict),
            ("exceeded quota", Reason::Other),
        ];
        for (text, reason) in texts {
            assert_eq!(Reason::of(text), reason, "{text}");
        }
    }
}
