//! What happened in a lesson from its start to its end, kept so that somebody else can replay it and see it pass.
//! Must not judge: the replay does.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::format::Lesson;
use super::session::Session;
use super::world::{Change, Moment};
use crate::base::files::{self, Readable};

/// Folder of the records in the data directory.
const FOLDER: &str = "registros";

/// A lesson as it was played.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The lesson's number.
    pub lesson: String,
    /// The lesson's version.
    pub version: u32,
    /// What random choices started from.
    pub seed: u64,
    /// When it was passed.
    pub finished: Timestamp,
    /// Everything that happened, in order.
    pub moments: Vec<Moment>,
}

impl Record {
    /// The record of a session that is over.
    #[must_use]
    pub fn of(session: &Session, finished: Timestamp) -> Self {
        let lesson = session.lesson();
        Self {
            lesson: lesson.id.clone(),
            version: lesson.version,
            seed: lesson.setup.seed,
            finished,
            moments: session.log().iter().map(slim).collect(),
        }
    }

    /// A fingerprint of all that happened.
    ///
    /// # Errors
    /// None that is known: a record is plain data.
    pub fn hash(&self) -> Result<String, serde_json::Error> {
        let digest = Sha256::digest(serde_json::to_vec(self)?);
        Ok(digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")))
    }

    /// Goes through all that happened once more. Whether the lesson is passed by it, or what is missing.
    ///
    /// # Errors
    /// What is missing, in Spanish.
    pub fn replay(&self, lesson: &Arc<Lesson>) -> Result<(), String> {
        if (lesson.version, lesson.setup.seed) != (self.version, self.seed) {
            return Err(format!("se jugó la versión {} y aquí está la {}", self.version, lesson.version));
        }
        let mut session = Session::new(Arc::clone(lesson));
        for moment in &self.moments {
            session.observe(moment);
        }
        while session.advance() {}
        match session.finished() {
            true => Ok(()),
            false => {
                let view = session.view();
                let missing: Vec<_> = view.goals.iter().filter(|goal| !goal.done).map(|goal| goal.text).collect();
                Err(format!("en el paso {} no se cumple: {}", view.step, missing.join("; ")))
            }
        }
    }

    /// Keeps the record in a data directory; the latest of a lesson replaces the one before.
    ///
    /// # Errors
    /// As the system answers.
    pub fn save(&self, data_dir: &Path) -> io::Result<()> {
        let folder = data_dir.join(FOLDER);
        files::create_private_dir(&folder)?;
        files::write_atomic(&path(data_dir, &self.lesson), &pack(self)?, Readable::Owner)
    }

    /// The record of a lesson that a data directory keeps, if there is one.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn load(data_dir: &Path, lesson: &str) -> io::Result<Option<Self>> {
        match std::fs::read(path(data_dir, lesson)) {
            Ok(bytes) => unpack(&bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn path(data_dir: &Path, lesson: &str) -> PathBuf {
    data_dir.join(FOLDER).join(format!("{lesson}.json.gz"))
}

/// A moment without what no condition reads.
fn slim(moment: &Moment) -> Moment {
    let slim = |object: &Arc<serde_json::Value>| {
        let mut object = (**object).clone();
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
        Arc::new(object)
    };
    let change = match &moment.change {
        Change::Known(object) => Change::Known(slim(object)),
        Change::Object(was, object) => Change::Object(*was, slim(object)),
        other => other.clone(),
    };
    Moment { at: moment.at, change }
}

/// JSON, compressed.
pub(super) fn pack(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&serde_json::to_vec(value)?)?;
    packer.finish()
}

/// The reverse of [`pack`].
pub(super) fn unpack<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    let mut text = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}
