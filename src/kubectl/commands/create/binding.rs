//! `kubectl create rolebinding` and `clusterrolebinding`.

use clap::Args;
use serde_json::{Value, json};

use super::make::{Common, Made, metadata, one_name};
use crate::kubectl::failure::{Failure, Outcome};
use crate::kubectl::session::Session;
use crate::kubectl::verb::Verb;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Who gets the permissions.
#[derive(Args, Debug)]
pub(super) struct Subjects {
    /// Usuarios.
    #[arg(long, value_name = "USUARIO", value_delimiter = ',')]
    user: Vec<String>,
    /// Grupos.
    #[arg(long, value_name = "GRUPO", value_delimiter = ',')]
    group: Vec<String>,
    /// Cuentas de servicio, como ESPACIO:NOMBRE.
    #[arg(long, value_name = "ESPACIO:NOMBRE", value_delimiter = ',')]
    serviceaccount: Vec<String>,
}

impl Subjects {
    fn read(&self) -> Outcome<Vec<Value>> {
        let named = |kind: &'static str, names: &[String]| {
            names.iter().map(|name| json!({"apiGroup": GROUP, "kind": kind, "name": name})).collect::<Vec<_>>()
        };
        let mut all = named("User", &self.user);
        all.extend(named("Group", &self.group));
        for account in &self.serviceaccount {
            let Some((namespace, name)) = account.split_once(':').filter(|(_, name)| !name.contains(':')) else {
                return Err(Failure::error("serviceaccount must be <namespace>:<name>"));
            };
            all.push(json!({"kind": "ServiceAccount", "name": name, "namespace": namespace}));
        }
        Ok(all)
    }
}

/// Arguments of `create rolebinding`.
#[derive(Args, Debug)]
pub(crate) struct RoleBinding {
    #[arg(hide = true)]
    args: Vec<String>,
    /// El ClusterRole que se da.
    #[arg(long, value_name = "NOMBRE")]
    clusterrole: Option<String>,
    /// El Role que se da.
    #[arg(long, value_name = "NOMBRE")]
    role: Option<String>,
    #[command(flatten)]
    subjects: Subjects,
    #[command(flatten)]
    common: Common,
}

impl Verb for RoleBinding {
    const NAME: &'static str = "rolebinding";
    const ABOUT: &'static str = "Da los permisos de un Role a alguien";
    const USAGE: &'static str = "NOMBRE --role=NOMBRE|--clusterrole=NOMBRE [--user=] [--group=] [--serviceaccount=]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let name = one_name(&self.args, session)?;
        let role = match (&self.clusterrole, &self.role) {
            (Some(role), None) => ("ClusterRole", role.as_str()),
            (None, Some(role)) => ("Role", role.as_str()),
            _ => return Err(Failure::error("exactly one of clusterrole or role must be specified")),
        };
        let object = binding("RoleBinding", name, role, &self.subjects)?;
        let failed = "failed to create rolebinding:";
        self.common.make(Made { object, plural: "rolebindings", namespaced: true, failed }, session).await
    }
}

/// Arguments of `create clusterrolebinding`.
#[derive(Args, Debug)]
pub(crate) struct ClusterRoleBinding {
    #[arg(hide = true)]
    args: Vec<String>,
    /// El ClusterRole que se da.
    #[arg(long, value_name = "NOMBRE", required = true)]
    clusterrole: String,
    #[command(flatten)]
    subjects: Subjects,
    #[command(flatten)]
    common: Common,
}

impl Verb for ClusterRoleBinding {
    const NAME: &'static str = "clusterrolebinding";
    const ABOUT: &'static str = "Da los permisos de un ClusterRole a alguien, en todo el clúster";
    const USAGE: &'static str = "NOMBRE --clusterrole=NOMBRE [--user=] [--group=] [--serviceaccount=]";

    async fn run(self, session: &mut Session<'_>) -> Outcome {
        let name = one_name(&self.args, session)?;
        let object = binding("ClusterRoleBinding", name, ("ClusterRole", &self.clusterrole), &self.subjects)?;
        let failed = "failed to create clusterrolebinding:";
        self.common.make(Made { object, plural: "clusterrolebindings", namespaced: false, failed }, session).await
    }
}

fn binding(kind: &str, name: &str, (role, to): (&str, &str), subjects: &Subjects) -> Outcome<Value> {
    let mut object = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": kind,
        "metadata": metadata(name),
        "roleRef": {"apiGroup": GROUP, "kind": role, "name": to},
    });
    let subjects = subjects.read()?;
    if !subjects.is_empty() {
        object["subjects"] = subjects.into();
    }
    Ok(object)
}
