//! `ClusterRoleBinding` (rbac.authorization.k8s.io/v1): gives someone a role everywhere. Must not decide who may.

use super::kind::Kind;
use super::role_binding::{self, RoleBinding};

pub(super) static KIND: Kind = Kind {
    kind: "ClusterRoleBinding",
    plural: "clusterrolebindings",
    singular: "clusterrolebinding",
    namespaced: false,
    schema: "io.k8s.api.rbac.v1.ClusterRoleBinding",
    about: "Da un ClusterRole a personas o cuentas, en todo el clúster.",
    rules: &RoleBinding { namespaced: false },
    ..role_binding::KIND
};
