//! The certificate: whose it is, the lessons passed, each with seed, fingerprint and all that happened, so that a
//! teacher can replay it. It holds no secret: it shows what was done, not who sat at the keyboard.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;
use super::record::{Record, pack, unpack};
use crate::base::files::{self, Readable};

/// The version of the file that this program writes.
const VERSION: u32 = 1;

/// What a student hands to a teacher.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    version: u32,
    /// Whose it is.
    pub student: String,
    /// When it was made.
    pub issued: Timestamp,
    /// The lessons.
    pub passed: Vec<Passed>,
}

/// A lesson passed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passed {
    /// Fingerprint of the record.
    pub hash: String,
    /// All that happened.
    pub record: Record,
}

/// What came of replaying one lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The lesson's number.
    pub lesson: String,
    /// Its fingerprint.
    pub hash: String,
    /// Nothing, or what is wrong.
    pub outcome: Result<(), String>,
}

impl Certificate {
    /// The certificate of what a data directory has records of.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn of(catalogue: &Catalogue, data_dir: &Path, student: String, issued: Timestamp) -> io::Result<Self> {
        let mut passed = Vec::new();
        for lesson in catalogue.lessons() {
            if let Some(record) = Record::load(data_dir, &lesson.id)? {
                passed.push(Passed { hash: record.hash()?, record });
            }
        }
        Ok(Self { version: VERSION, student, issued, passed })
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// As the system answers.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        files::write_atomic(path, &pack(self)?, Readable::All)
    }

    /// Reads one.
    ///
    /// # Errors
    /// When the file is not there or no certificate of this version.
    pub fn load(path: &Path) -> io::Result<Self> {
        let certificate: Self = unpack(&std::fs::read(path)?)?;
        if certificate.version > VERSION {
            return Err(io::Error::other("lo escribió un Timonel más nuevo"));
        }
        Ok(certificate)
    }

    /// Replays every lesson.
    #[must_use]
    pub fn verify(&self, catalogue: &Catalogue) -> Vec<Verified> {
        self.passed.iter().map(|passed| passed.verify(catalogue)).collect()
    }
}

impl Passed {
    fn verify(&self, catalogue: &Catalogue) -> Verified {
        let lesson = &self.record.lesson;
        let outcome = match (self.record.hash(), catalogue.get(lesson)) {
            (Ok(hash), _) if hash != self.hash => {
                Err("el registro cambió después de hacerse (la huella no coincide)".into())
            }
            (Err(error), _) => Err(error.to_string()),
            (_, None) => Err("este Timonel no tiene esa lección".into()),
            (Ok(_), Some(lesson)) => self.record.replay(lesson),
        };
        Verified { lesson: lesson.clone(), hash: self.hash.clone(), outcome }
    }
}
