//! What the learner has done, in one file of the data directory. Must lose nothing: written whole, never over a file
//! that it could not read.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::format::Lesson;
use super::session::Session;
use crate::base::files::{self, Readable};

/// The file in the data directory.
const FILE: &str = "progreso.json";
/// The version of the file that this program writes.
const VERSION: u32 = 1;
/// Days after which a card is asked again, one after another (fixed spacing does as well as any).
const DAYS: [i64; 4] = [1, 3, 7, 21];

/// Why the progress cannot be used. The file is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum ProgressError {
    /// The file cannot be read or written.
    #[error("no se puede leer o escribir {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// The file is damaged.
    #[error("el archivo de progreso {path} está dañado: {cause}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where and what.
        cause: String,
    },
    /// A later program wrote it.
    #[error("el archivo de progreso {path} es de una versión más nueva de Timonel ({version})")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
}

/// All that the learner has done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    version: u32,
    #[serde(default)]
    lessons: BTreeMap<String, Done>,
    #[serde(default)]
    cards: BTreeMap<String, Asked>,
    /// Lessons that a module's test showed to be known, and when.
    #[serde(default)]
    known: BTreeMap<String, Timestamp>,
}

/// What was done in one lesson.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// The lesson's version.
    pub version: u32,
    /// The furthest step reached, from 1.
    pub step: usize,
    /// When it was passed first.
    pub finished: Option<Timestamp>,
    /// The options chosen, from 0, by question.
    pub answers: BTreeMap<String, usize>,
    /// The most hints taken in a step; four is the solution.
    pub hints: usize,
}

/// When a card is asked again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    due: Timestamp,
    /// How often it was known in a row.
    known: usize,
}

/// A card to ask: the lesson and the card's number in it.
pub type CardId = (String, usize);

impl Progress {
    /// Reads the progress of a data directory; none yet is an empty one.
    ///
    /// # Errors
    /// When the file is there and cannot be used.
    pub fn load(data_dir: &Path) -> Result<Self, ProgressError> {
        let path = data_dir.join(FILE);
        let text = files::read_if_exists(&path).map_err(|source| ProgressError::Io { path: path.clone(), source })?;
        let Some(text) = text else { return Ok(Self { version: VERSION, ..Self::default() }) };
        Self::parse(&path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ProgressError> {
        let damaged = |error: serde_json::Error| ProgressError::Damaged { path: path.into(), cause: error.to_string() };
        // The version first: a newer file may hold what this program does not know.
        let value: serde_json::Value = serde_json::from_str(text).map_err(damaged)?;
        match value["version"].as_u64() {
            Some(version) if version > VERSION.into() => {
                let version = u32::try_from(version).unwrap_or(u32::MAX);
                Err(ProgressError::Newer { path: path.into(), version })
            }
            _ => serde_json::from_value(value).map_err(damaged),
        }
    }

    /// Writes the progress, whole or not at all.
    ///
    /// # Errors
    /// As the system answers; what was there stays.
    pub fn save(&self, data_dir: &Path) -> Result<(), ProgressError> {
        let path = data_dir.join(FILE);
        files::create_private_dir(data_dir).map_err(|source| ProgressError::Io { path: path.clone(), source })?;
        self.export(&path)
    }

    /// Puts a file that cannot be used aside, under a name of its own, so that one may begin anew. Its new place.
    ///
    /// # Errors
    /// As the system answers.
    pub fn set_aside(data_dir: &Path, now: Timestamp) -> Result<PathBuf, ProgressError> {
        let path = data_dir.join(FILE);
        let aside = data_dir.join(format!("progreso.{}.dañado.json", now.as_second()));
        std::fs::rename(&path, &aside).map_err(|source| ProgressError::Io { path, source })?;
        Ok(aside)
    }

    /// Notes how far a session is.
    pub fn record(&mut self, session: &Session, now: Timestamp) {
        let (lesson, view) = (session.lesson(), session.view());
        let done = self.lessons.entry(lesson.id.clone()).or_default();
        if done.version != lesson.version {
            *done = Done { version: lesson.version, finished: done.finished, ..Done::default() };
        }
        done.step = done.step.max(view.step);
        done.hints = done.hints.max(session.hints_given());
        for question in lesson.steps.iter().filter_map(|step| step.question.as_ref()) {
            if let Some(option) = session.world().answer(&question.id) {
                done.answers.insert(question.id.clone(), option);
            }
        }
        if session.finished() && done.finished.is_none() {
            done.finished = Some(now);
            for number in 0..lesson.cards.len() {
                let asked = Asked { due: days_after(now, DAYS[0]), known: 0 };
                self.cards.entry(card_key(&lesson.id, number)).or_insert(asked);
            }
        }
    }

    /// What was done in a lesson.
    #[must_use]
    pub fn lesson(&self, id: &str) -> Option<&Done> {
        self.lessons.get(id)
    }

    /// Whether a lesson was passed in its present version.
    #[must_use]
    pub fn passed(&self, lesson: &Lesson) -> bool {
        self.lessons.get(&lesson.id).is_some_and(|done| done.finished.is_some())
    }

    /// Whether a module's test showed that a lesson is known.
    #[must_use]
    pub fn knows(&self, id: &str) -> bool {
        self.known.contains_key(id)
    }

    /// Notes that a module's test was passed: its lessons may be skipped, and their cards come up later all the same.
    pub fn know<'a>(&mut self, lessons: impl IntoIterator<Item = &'a Lesson>, now: Timestamp) {
        for lesson in lessons {
            self.known.entry(lesson.id.clone()).or_insert(now);
            for number in 0..lesson.cards.len() {
                let asked = Asked { due: days_after(now, DAYS[0]), known: 0 };
                self.cards.entry(card_key(&lesson.id, number)).or_insert(asked);
            }
        }
    }

    /// Takes in what was done elsewhere: of each lesson and card, what is further.
    pub fn merge(&mut self, other: Self) {
        for (id, theirs) in other.lessons {
            let ours = self.lessons.entry(id).or_default();
            let finished = [ours.finished, theirs.finished].into_iter().flatten().min();
            let further = (theirs.version, theirs.step) > (ours.version, ours.step);
            *ours = Done { finished, ..if further { theirs } else { std::mem::take(ours) } };
        }
        for (id, theirs) in other.cards {
            let ours = self.cards.entry(id).or_insert_with(|| theirs.clone());
            if theirs.due > ours.due {
                *ours = theirs;
            }
        }
        for (id, when) in other.known {
            self.known.entry(id).or_insert(when);
        }
    }

    /// Writes the progress into a file of any name.
    ///
    /// # Errors
    /// As the system answers.
    pub fn export(&self, path: &Path) -> Result<(), ProgressError> {
        let write = || files::write_atomic(path, &serde_json::to_vec_pretty(self)?, Readable::Owner);
        write().map_err(|source| ProgressError::Io { path: path.into(), source })
    }

    /// Reads the progress from a file of any name.
    ///
    /// # Errors
    /// When it is not there or cannot be used.
    pub fn import(path: &Path) -> Result<Self, ProgressError> {
        let text = std::fs::read_to_string(path);
        Self::parse(path, &text.map_err(|source| ProgressError::Io { path: path.into(), source })?)
    }

    /// The cards to ask now, the longest due first.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<CardId> {
        let mut due: Vec<_> = self.cards.iter().filter(|(_, asked)| asked.due <= now).collect();
        due.sort_by_key(|(_, asked)| asked.due);
        due.into_iter().filter_map(|(key, _)| card_id(key)).collect()
    }

    /// Notes whether a card was known: known ones come again later each time, the others tomorrow.
    pub fn answered(&mut self, (lesson, number): &CardId, known: bool, now: Timestamp) {
        if let Some(asked) = self.cards.get_mut(&card_key(lesson, *number)) {
            asked.known = if known { asked.known + 1 } else { 0 };
            asked.due = days_after(now, DAYS[asked.known.min(DAYS.len() - 1)]);
        }
    }
}

fn card_key(lesson: &str, number: usize) -> String {
    format!("{lesson}/{number}")
}

fn card_id(key: &str) -> Option<CardId> {
    let (lesson, number) = key.rsplit_once('/')?;
    Some((lesson.into(), number.parse().ok()?))
}

fn days_after(now: Timestamp, days: i64) -> Timestamp {
    now + SignedDuration::from_hours(24 * days)
}
