//! The manifests that come with Timonel, as templates. Must not touch the disk: they are part of the program.

use include_dir::{Dir, include_dir};

static MANIFESTS: Dir = include_dir!("$CARGO_MANIFEST_DIR/manifests");

/// The names, without their extension.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = MANIFESTS.files().filter_map(|file| file.path().file_stem()?.to_str()).collect();
    names.sort_unstable();
    names
}

/// The text of one.
pub fn text(name: &str) -> Option<&'static str> {
    MANIFESTS.get_file(format!("{name}.yaml"))?.contents_utf8()
}
