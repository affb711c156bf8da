//! Files of the editor: read within a limit, written whole or not at all.

use std::path::{Path, PathBuf};

use tokio::fs;

use super::Shared;
use crate::base::files::{Readable, create_private_dir, write_atomic};
use crate::base::tasks::Tasks;
use crate::tui::model::format::bytes;
use crate::tui::msg::{Reply, Ticket};

/// The largest file that the editor takes.
const LARGEST: u64 = 4 << 20;

/// Reads a file for a view.
pub async fn read(shared: Shared, ticket: Ticket, path: PathBuf) {
    let reply =
        if fs::try_exists(&path).await.unwrap_or(true) { Reply::File(text(&path).await) } else { Reply::NoFile };
    shared.reply(ticket, reply).await;
}

async fn text(path: &Path) -> Result<String, String> {
    let name = path.display();
    let meta = fs::metadata(path).await.map_err(|error| format!("no se puede abrir {name}: {error}"))?;
    if !meta.is_file() {
        return Err(format!("{name} no es un archivo"));
    }
    if meta.len() > LARGEST {
        let (size, most) = (bytes(meta.len()), bytes(LARGEST));
        return Err(format!("{name} mide {size} y el editor llega a {most}: pártelo en varios o aplícalo con kubectl"));
    }
    let raw = fs::read(path).await.map_err(|error| format!("no se puede leer {name}: {error}"))?;
    String::from_utf8(raw).map_err(|_| format!("{name} no es texto UTF-8"))
}

/// Writes a file beside the old one and puts it in its place.
pub async fn write(shared: Shared, to: Option<Ticket>, path: PathBuf, text: String) {
    let answer = replace(&path, &text).await.map_err(|error| format!("no se pudo guardar {}: {error}", path.display()));
    if let Err(why) = &answer {
        tracing::warn!("{why}");
    }
    if let Some(ticket) = to {
        shared.reply(ticket, Reply::Saved(answer.map(|()| path))).await;
    }
}

/// A folder that is missing is made for its owner only: drafts are nobody else's business.
async fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let (path, text) = (path.to_path_buf(), text.to_owned());
    Tasks::blocking(move || {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            create_private_dir(folder)?;
        }
        write_atomic(&path, text.as_bytes(), Readable::All)
    })
    .await
}

/// Removes a file; one that is not there is as good as removed.
pub async fn remove(path: PathBuf) {
    if let Err(error) = fs::remove_file(&path).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!("no se pudo borrar {}: {error}", path.display());
    }
}
