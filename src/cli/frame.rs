//! `timonel frame`: one frame of the dashboard as text. Must not need a terminal.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use super::args::FrameArgs;
use crate::cluster::home;
use crate::{client, tui};

pub async fn run(args: FrameArgs, data_dir: &Path) -> anyhow::Result<ExitCode> {
    let own = home::kubeconfig(data_dir);
    let kubeconfig = match (&args.kubeconfig, &args.context) {
        (Some(path), _) => Some(path.as_path()),
        (None, Some(_)) => None,
        (None, None) => Some(own.as_path()),
    };
    let client = client::remote(kubeconfig, args.context.as_deref()).await;
    let client = client.context("no hay un clúster que mostrar: arranca uno con «timonel server» o da --kubeconfig")?;
    println!("{}", tui::frame(client, &args.view, args.size).await?);
    Ok(ExitCode::SUCCESS)
}
