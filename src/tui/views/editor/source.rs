//! Where the edited text comes from, and where its draft is kept. Must not do IO.

use std::hash::Hasher;
use std::path::{Path, PathBuf};

use crate::tui::model::catalog::Target;

/// What is being edited.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A file; it need not exist yet.
    File(PathBuf),
    /// A template of Timonel.
    Template(String),
    /// An object of the cluster.
    Object(Target),
    /// A file of a lesson: what is written in it stays until the lesson begins anew.
    Lesson(LessonFile),
}

/// A file of a lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct LessonFile {
    /// The lesson's number.
    pub lesson: String,
    /// The file's name.
    pub name: String,
    /// What it says in the lesson.
    pub text: String,
}

impl Source {
    /// How it is called.
    pub fn title(&self) -> String {
        match self {
            Self::File(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
            Self::Template(name) => format!("{name}.yaml (plantilla)"),
            Self::Object(target) => target.short(),
            Self::Lesson(file) => format!("{} (lección {})", file.name, file.lesson),
        }
    }

    /// The command that would send it.
    pub fn command(&self, dry_run: bool) -> String {
        let how = if dry_run { " --dry-run=server" } else { "" };
        match self {
            Self::File(path) => format!("kubectl apply -f {}{how}", path.display()),
            Self::Template(name) => format!("kubectl apply -f {name}.yaml{how}"),
            Self::Lesson(file) => format!("kubectl apply -f {}{how}", file.name),
            Self::Object(target) if dry_run => crate::tui::model::kubectl::read("edit", target, "  # --dry-run=server"),
            Self::Object(target) => crate::tui::model::kubectl::read("edit", target, ""),
        }
    }

    /// Where its draft is kept below the data directory.
    pub fn draft(&self, data_dir: &Path, context: &str) -> PathBuf {
        let mut hash = fnv::FnvHasher::default();
        hash.write(context.as_bytes());
        match self {
            Self::File(path) => hash.write(path.as_os_str().as_encoded_bytes()),
            Self::Template(name) => hash.write(name.as_bytes()),
            Self::Object(target) => hash.write(target.path().as_bytes()),
            Self::Lesson(file) => hash.write(format!("{} {}", file.lesson, file.name).as_bytes()),
        }
        data_dir.join("borradores").join(format!("{:016x}.yaml", hash.finish()))
    }
}
