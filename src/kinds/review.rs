//! The kinds that are only asked: who am I, may I, and the binding of a pod. They are answered, never stored.
//! Must not answer them.

use super::kind::{ASKED, Kind};

const AUTHENTICATION: Kind =
    Kind { group: "authentication.k8s.io", namespaced: false, verbs: ASKED, columns: &[], rules: &Asked, ..Kind::BASE };
const AUTHORIZATION: Kind = Kind { group: "authorization.k8s.io", ..AUTHENTICATION };

/// What is never stored has no rows.
struct Asked;

impl super::Rules for Asked {
    fn row(&self, _object: &serde_json::Value, _now: jiff::Timestamp) -> Vec<serde_json::Value> {
        Vec::new()
    }
}

pub(super) static BINDING: Kind = Kind {
    kind: "Binding",
    plural: "bindings",
    singular: "binding",
    schema: "io.k8s.api.core.v1.Binding",
    verbs: ASKED,
    about: "Lo que envía el scheduler para dar un nodo a un pod.",
    columns: &[],
    rules: &Asked,
    ..Kind::BASE
};

pub(super) static SELF_SUBJECT_REVIEW: Kind = Kind {
    kind: "SelfSubjectReview",
    plural: "selfsubjectreviews",
    singular: "selfsubjectreview",
    schema: "io.k8s.api.authentication.v1.SelfSubjectReview",
    about: "Pregunta al API server «¿quién soy?».",
    ..AUTHENTICATION
};

pub(super) static TOKEN_REVIEW: Kind = Kind {
    kind: "TokenReview",
    plural: "tokenreviews",
    singular: "tokenreview",
    schema: "io.k8s.api.authentication.v1.TokenReview",
    about: "Pregunta de quién es un token.",
    ..AUTHENTICATION
};

pub(super) static LOCAL_SUBJECT_ACCESS_REVIEW: Kind = Kind {
    kind: "LocalSubjectAccessReview",
    plural: "localsubjectaccessreviews",
    singular: "localsubjectaccessreview",
    namespaced: true,
    schema: "io.k8s.api.authorization.v1.LocalSubjectAccessReview",
    about: "Pregunta si alguien puede hacer algo en un namespace.",
    ..AUTHORIZATION
};

pub(super) static SELF_SUBJECT_ACCESS_REVIEW: Kind = Kind {
    kind: "SelfSubjectAccessReview",
    plural: "selfsubjectaccessreviews",
    singular: "selfsubjectaccessreview",
    schema: "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
    about: "Pregunta «¿puedo yo hacer esto?»: lo que hay detrás de kubectl auth can-i.",
    ..AUTHORIZATION
};

pub(super) static SELF_SUBJECT_RULES_REVIEW: Kind = Kind {
    kind: "SelfSubjectRulesReview",
    plural: "selfsubjectrulesreviews",
    singular: "selfsubjectrulesreview",
    schema: "io.k8s.api.authorization.v1.SelfSubjectRulesReview",
    about: "Pregunta todo lo que puedo hacer en un namespace.",
    ..AUTHORIZATION
};

pub(super) static SUBJECT_ACCESS_REVIEW: Kind = Kind {
    kind: "SubjectAccessReview",
    plural: "subjectaccessreviews",
    singular: "subjectaccessreview",
    schema: "io.k8s.api.authorization.v1.SubjectAccessReview",
    about: "Pregunta si otra persona o cuenta puede hacer algo.",
    ..AUTHORIZATION
};
