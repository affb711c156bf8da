//! The lessons that there are: those in the executable, or those of a folder. Must not judge them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use super::course::Course;
use super::format::{FORMAT, Lesson};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/lessons");

/// The file that makes a folder a lesson.
pub const LESSON_FILE: &str = "leccion.yaml";

/// Why lessons cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A folder or file cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// A lesson file is not as the format wants it.
    #[error("{folder}/{LESSON_FILE}: {source}")]
    Format {
        /// The lesson's folder.
        folder: String,
        /// Where and what, as the YAML reader says it.
        source: serde_yaml::Error,
    },
    /// A lesson is written for another version of the format.
    #[error("{folder}/{LESSON_FILE}: es del formato {format}; este Timonel lee el {FORMAT}")]
    OtherFormat {
        /// The lesson's folder.
        folder: String,
        /// Its format.
        format: u32,
    },
    /// A lesson has no step, so that nobody could be in it.
    #[error("{folder}/{LESSON_FILE}: la lección no tiene pasos")]
    NoSteps {
        /// The lesson's folder.
        folder: String,
    },
    /// A file of the course is not as it should be.
    #[error("{file}: {source}")]
    Course {
        /// The file.
        file: &'static str,
        /// Where and what.
        source: serde_yaml::Error,
    },
    /// Two lessons have the same id.
    #[error("dos lecciones llevan el número {id}")]
    Twice {
        /// The id.
        id: String,
    },
}

/// Lessons in the order of their folders, and the course that they belong to.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    lessons: Vec<Arc<Lesson>>,
    course: Option<Arc<Course>>,
}

/// A folder's files, by name.
type Folder = BTreeMap<String, String>;

impl Catalogue {
    /// The lessons in the executable.
    ///
    /// # Errors
    /// When one of them is malformed; a test holds that none is.
    pub fn embedded() -> Result<Self, CatalogueError> {
        let text = |file: &include_dir::File<'_>| Some((name(file.path()), file.contents_utf8()?.to_owned()));
        let folders = EMBEDDED.dirs().map(|dir| (name(dir.path()), dir.files().filter_map(text).collect()));
        Self::new(folders.collect(), &EMBEDDED.files().filter_map(text).collect())
    }

    /// The lessons of a folder: each a folder inside, or the folder itself if it is one lesson.
    ///
    /// # Errors
    /// When something cannot be read or is malformed.
    pub fn from_dir(dir: &Path) -> Result<Self, CatalogueError> {
        if dir.join(LESSON_FILE).exists() {
            return Self::new(BTreeMap::from([(name(dir), files(dir)?)]), &Folder::new());
        }
        let mut folders = BTreeMap::new();
        for path in entries(dir)?.into_iter().filter(|path| path.join(LESSON_FILE).exists()) {
            folders.insert(name(&path), files(&path)?);
        }
        Self::new(folders, &files(dir)?)
    }

    fn new(folders: BTreeMap<String, Folder>, beside: &Folder) -> Result<Self, CatalogueError> {
        let mut lessons: Vec<Arc<Lesson>> = Vec::new();
        for (folder, mut files) in folders {
            let Some(text) = files.remove(LESSON_FILE) else { continue };
            let lesson = Lesson {
                files,
                ..parse(&text).map_err(|source| CatalogueError::Format { folder: folder.clone(), source })?
            };
            if lesson.format != FORMAT {
                return Err(CatalogueError::OtherFormat { folder, format: lesson.format });
            }
            if lesson.steps.is_empty() {
                return Err(CatalogueError::NoSteps { folder });
            }
            if lessons.iter().any(|other| other.id == lesson.id) {
                return Err(CatalogueError::Twice { id: lesson.id });
            }
            lessons.push(Arc::new(lesson));
        }
        let course = Course::read(|file| beside.get(file).map(|text| &**text));
        let course = course.map_err(|(file, source)| CatalogueError::Course { file, source })?;
        Ok(Self { lessons, course: course.map(Arc::new) })
    }

    /// The lessons, in order.
    #[must_use]
    pub fn lessons(&self) -> &[Arc<Lesson>] {
        &self.lessons
    }

    /// The course that they belong to, if there is one.
    #[must_use]
    pub fn course(&self) -> Option<&Arc<Course>> {
        self.course.as_ref()
    }

    /// A lesson by its number, such as `1.3`.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Lesson>> {
        self.lessons.iter().find(|lesson| lesson.id == id)
    }
}

/// Reads a lesson file; conditions and actions are written as maps of one key.
fn parse(text: &str) -> Result<Lesson, serde_yaml::Error> {
    serde_yaml::with::singleton_map_recursive::deserialize(serde_yaml::Deserializer::from_str(text))
}

fn files(dir: &Path) -> Result<Folder, CatalogueError> {
    let mut files = Folder::new();
    for path in entries(dir)?.into_iter().filter(|path| path.is_file()) {
        let content =
            std::fs::read_to_string(&path).map_err(|source| CatalogueError::Io { path: path.clone(), source })?;
        files.insert(name(&path), content);
    }
    Ok(files)
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, CatalogueError> {
    let io = |source| CatalogueError::Io { path: dir.into(), source };
    let entries: Result<Vec<_>, _> =
        std::fs::read_dir(dir).map_err(io)?.map(|entry| entry.map(|entry| entry.path())).collect();
    entries.map_err(io)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
