//! The configuration file, followed: read again whenever it changes. Must not interpret it.

use std::path::{Path, PathBuf};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{Receiver, channel};

use super::Shared;
use crate::tui::config::Settings;
use crate::tui::msg::Msg;

/// Follows a file until the program ends; its folder is what is watched, since editors put a new file in the old one's place.
pub async fn follow(shared: Shared, path: PathBuf) {
    let (_watcher, mut changes) = match watch(&path) {
        Ok(watching) => watching,
        Err(error) => return tracing::info!("no se vigila {}: {error}", path.display()),
    };
    let mut last = tokio::fs::read_to_string(&path).await.ok();
    while changes.recv().await.is_some() {
        let text = tokio::fs::read_to_string(&path).await.ok();
        if text == last {
            continue;
        }
        let settings = Settings::parse(text.as_deref().unwrap_or_default());
        last = text;
        shared.send(Msg::Settings(settings.map(Box::new))).await;
    }
}

/// Wakes the receiver at each change in the file's folder; more than one waiting says no more than one.
fn watch(path: &Path) -> notify::Result<(RecommendedWatcher, Receiver<()>)> {
    let (sender, receiver) = channel(1);
    let mut watcher = notify::recommended_watcher(move |_| {
        let _waiting = sender.try_send(());
    })?;
    watcher.watch(path.parent().unwrap_or(Path::new(".")), RecursiveMode::NonRecursive)?;
    Ok((watcher, receiver))
}
