//! `timonel down`: removes from the engine all that this cluster made. Must not touch its stored state.

use std::path::Path;
use std::process::ExitCode;

use crate::base::hints::Hint;
use crate::cluster::{Home, Opened, home, volumes};
use crate::kubelet::docker;

pub async fn run(data_dir: &Path) -> anyhow::Result<ExitCode> {
    let Some(id) = home::cluster_id(data_dir) else {
        println!("En {} no hay ningún clúster: nada que quitar.", data_dir.display());
        return Ok(ExitCode::SUCCESS);
    };
    let _held = match Home::open(data_dir)? {
        Opened::Ours(home) => home,
        Opened::Running { .. } => return Err(still_running(data_dir).into()),
    };
    let removed = docker::remove_all(&id, &volumes(data_dir)).await.map_err(|error| error.hint())?;
    println!(
        "Quitado del motor: {} contenedores, {} redes, {} volúmenes, {} imágenes.",
        removed.containers, removed.networks, removed.volumes, removed.images
    );
    Ok(ExitCode::SUCCESS)
}

fn still_running(data_dir: &Path) -> Hint {
    Hint::new(
        format!("El clúster de {} está corriendo y volvería a crear lo que se quite.", data_dir.display()),
        "Ciérralo primero (q en el tablero, Ctrl-C en «timonel server») y repite.",
    )
}
