//! ServiceAccount (core/v1): who a pod is before the API. Must not sign tokens.

use super::kind::{Kind, Subresource};

pub(super) static KIND: Kind = Kind {
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    singular: "serviceaccount",
    short_names: &["sa"],
    schema: "io.k8s.api.core.v1.ServiceAccount",
    subresources: &[Subresource::Token],
    about: "La identidad con que un pod habla con el API server.",
    ..Kind::BASE
};
