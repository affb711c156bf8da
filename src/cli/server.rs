//! `timonel server`: the cluster without a dashboard. Must print exactly one line on standard output, once it is ready.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use tracing_subscriber::EnvFilter;

use super::args::ServerArgs;
use super::{settings, signals};
use crate::base::clock::{Clock, Timing};
use crate::base::hints::Hint;
use crate::cluster::{Cluster, Home, Listen, Opened};

pub async fn run(args: ServerArgs, data_dir: PathBuf) -> anyhow::Result<ExitCode> {
    log();
    let started = Clock::new(Timing::Real);
    let mut options = settings::cluster(&args.cluster, args.timing, data_dir.clone());
    options.listen = Some(Listen::At(args.listen));
    options.disabled = args.disable.iter().copied().map(settings::part).collect();
    options.access = settings::access(args.authorization_mode, args.token_auth_file.as_deref())?;
    options.kubeconfig = args.kubeconfig;
    let home = match Home::open(&data_dir)? {
        Opened::Ours(home) => home,
        Opened::Running { kubeconfig } => bail!(already_running(&data_dir, &kubeconfig)),
    };
    let cluster = Cluster::start(home, options).await?;
    let ended = tokio::select! {
        ready = cluster.ready() => ready.map(|()| false),
        ended = signals::asked_to_end() => Ok(ended.is_ok()),
    };
    let outcome = match ended {
        Ok(false) => announce_and_wait(&cluster, started).await,
        Ok(true) => Ok(()),
        Err(hint) => Err(hint.into()),
    };
    cluster.stop().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn announce_and_wait(cluster: &Cluster, started: Clock) -> anyhow::Result<()> {
    let millis = started.elapsed().as_millis();
    let url = cluster.url().unwrap_or_default();
    println!("listo en {millis} ms {url} kubeconfig {}", cluster.kubeconfig().display());
    signals::asked_to_end().await?;
    Ok(())
}

fn already_running(data_dir: &std::path::Path, kubeconfig: &std::path::Path) -> Hint {
    Hint::new(
        format!("Ya hay un Timonel corriendo en {}.", data_dir.display()),
        format!(
            "Úsalo con KUBECONFIG={}, ciérralo, o elige otra carpeta con --data-dir CARPETA.",
            kubeconfig.display()
        ),
    )
}

/// Logs go to standard error, quiet unless `RUST_LOG` asks for more.
fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
