//! `ClusterRole` (rbac.authorization.k8s.io/v1): what may be done in the whole cluster. Must not decide who may.

use super::kind::Kind;
use super::role::{self, Role};

pub(super) static KIND: Kind = Kind {
    kind: "ClusterRole",
    plural: "clusterroles",
    singular: "clusterrole",
    namespaced: false,
    schema: "io.k8s.api.rbac.v1.ClusterRole",
    about: "Una lista de permisos que vale en todo el clúster, o que muchos namespaces reutilizan.",
    rules: &Role { namespaced: false },
    ..role::KIND
};
