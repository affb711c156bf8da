//! From arguments to the rooms' own options. Must not act.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::args::{AuthorizationArg, ClusterArgs, Common, PartArg, RuntimeArg, StoreArg, TimingArg};
use crate::apiserver::{Access, Authorization, StaticTokens};
use crate::base::clock::Timing;
use crate::base::hints::Hint;
use crate::cluster::{Options, Part, RuntimeChoice, StoreKind, WorkerCapacity};

/// The asked data directory, or the user's own.
pub fn data_dir(common: &Common) -> anyhow::Result<PathBuf> {
    match &common.data_dir {
        Some(dir) => Ok(dir.clone()),
        None => Ok(dirs::data_dir().context("no sé dónde guardar el clúster: usa --data-dir CARPETA")?.join("timonel")),
    }
}

/// Where the dashboard's configuration is, whether it exists or not.
pub fn config() -> Option<PathBuf> {
    dirs::config_dir().map(|dir| dir.join("timonel").join("config.toml"))
}

/// The data directory where no argument was read: the environment's, or the user's own.
pub fn usual_data_dir() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os("TIMONEL_DATA_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    data_dir(&Common { data_dir: named, ..Common::default() })
}

/// How fast the slow waits pass.
pub fn timing(arg: TimingArg) -> Timing {
    match arg {
        TimingArg::Real => Timing::Real,
        TimingArg::Clase => Timing::Clase,
    }
}

/// The cluster that the arguments describe.
pub fn cluster(args: &ClusterArgs, timing: TimingArg, data_dir: PathBuf) -> Options {
    Options {
        store: match args.store {
            StoreArg::Sled => StoreKind::Sled,
            StoreArg::Memory => StoreKind::Memory,
        },
        workers: args.workers,
        capacity: WorkerCapacity {
            cpu: args.worker_cpu.clone(),
            memory: args.worker_memory.clone(),
            pods: args.worker_pods,
        },
        runtime: match args.runtime {
            RuntimeArg::Auto => RuntimeChoice::Auto,
            RuntimeArg::Embedded => RuntimeChoice::Embedded,
            RuntimeArg::Docker => RuntimeChoice::Docker,
        },
        timing: self::timing(timing),
        pod_cidr: args.pod_cidr.clone(),
        service_cidr: args.service_cidr.clone(),
        docker_subnet: args.docker_subnet.clone(),
        ..Options::new(data_dir)
    }
}

/// The part that a name stands for.
pub fn part(name: PartArg) -> Part {
    match name {
        PartArg::Scheduler => Part::Scheduler,
        PartArg::ControllerManager => Part::ControllerManager,
        PartArg::Kubelet => Part::Kubelet,
        PartArg::KubeProxy => Part::KubeProxy,
    }
}

/// How the API server knows people and decides for them.
pub fn access(mode: AuthorizationArg, token_file: Option<&Path>) -> Result<Access, Hint> {
    let authorization = match mode {
        AuthorizationArg::Rbac => Authorization::Rbac,
        AuthorizationArg::AlwaysAllow => Authorization::AlwaysAllow,
    };
    let tokens = token_file.map(static_tokens).transpose()?.unwrap_or_default();
    Ok(Access { authorization, tokens })
}

fn static_tokens(path: &Path) -> Result<StaticTokens, Hint> {
    let refuse = |cause: String| {
        let todo = "Escribe un usuario por línea: token,usuario,uid,\"grupo1,grupo2\".";
        Hint::new(format!("No se puede usar el archivo de tokens {}.", path.display()), todo).because(cause)
    };
    let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    StaticTokens::parse(&text).map_err(refuse)
}
