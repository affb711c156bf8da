//! The course around the lessons: its modules and what each is to hold, the glossary, the notes that it follows.
//! Must not know a lesson's content.

use std::collections::BTreeMap;

use serde::Deserialize;

/// File of the modules, beside the lessons' folders.
pub const COURSE_FILE: &str = "curso.yaml";
/// File of the terms.
pub const GLOSSARY_FILE: &str = "glosario.yaml";
/// File of the notes, as they were written.
pub const NOTES_FILE: &str = "apuntes.txt";

/// The plan of the course.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// The modules, in order.
    pub modules: Vec<Module>,
    /// Lessons of the plan that nobody has written yet.
    pub pending: Vec<String>,
    /// The terms, in the order of the alphabet.
    pub terms: Vec<Term>,
    /// Words that no text uses, each with the one to use.
    pub avoid: BTreeMap<String, String>,
    /// The lines of the notes that say something.
    pub notes: Vec<String>,
}

/// Lessons about one thing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// Its number, such as `1`.
    pub number: String,
    /// Its title.
    pub title: String,
    /// What it is about, in a line.
    pub about: String,
    /// Its lessons, in order.
    pub lessons: Vec<Planned>,
}

/// A lesson of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// Its number.
    pub id: String,
    /// Its title.
    pub title: String,
}

/// A term of the glossary.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The term in its fixed form.
    pub term: String,
    /// How it appears in texts; the term itself, if absent.
    #[serde(default)]
    pub forms: Vec<String>,
    /// What Kubernetes calls it, where that is another word.
    pub english: Option<String>,
    /// The lesson that explains it; no earlier one uses it.
    pub lesson: String,
    /// What it means, in a sentence or two.
    pub meaning: String,
}

impl Term {
    /// How it appears in texts.
    pub fn forms(&self) -> impl Iterator<Item = &str> {
        let own = self.forms.is_empty().then_some(&*self.term);
        self.forms.iter().map(|form| &**form).chain(own)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CourseFile {
    modules: Vec<Module>,
    #[serde(default)]
    pending: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GlossaryFile {
    terms: Vec<Term>,
    #[serde(default)]
    avoid: BTreeMap<String, String>,
}

impl Course {
    /// Reads the three files; none of them is required.
    ///
    /// # Errors
    /// The file's name and what is wrong with it.
    pub fn read<'a>(file: impl Fn(&str) -> Option<&'a str>) -> Result<Option<Self>, (&'static str, serde_yaml::Error)> {
        let Some(text) = file(COURSE_FILE) else { return Ok(None) };
        let course: CourseFile = serde_yaml::from_str(text).map_err(|error| (COURSE_FILE, error))?;
        let glossary = file(GLOSSARY_FILE).unwrap_or("terms: []");
        let mut glossary: GlossaryFile = serde_yaml::from_str(glossary).map_err(|error| (GLOSSARY_FILE, error))?;
        glossary.terms.sort_by_key(|term| term.term.to_lowercase());
        let notes = file(NOTES_FILE).unwrap_or_default();
        Ok(Some(Self {
            modules: course.modules,
            pending: course.pending,
            terms: glossary.terms,
            avoid: glossary.avoid,
            notes: notes.lines().map(str::trim).filter(|line| says_something(line)).map(str::to_owned).collect(),
        }))
    }

    /// Where a lesson stands in the course.
    #[must_use]
    pub fn place(&self, id: &str) -> Option<usize> {
        self.planned().position(|lesson| lesson.id == id)
    }

    /// Every lesson of the plan, in order.
    pub fn planned(&self) -> impl Iterator<Item = &Planned> {
        self.modules.iter().flat_map(|module| &module.lessons)
    }

    /// The module of a number.
    #[must_use]
    pub fn module(&self, number: &str) -> Option<&Module> {
        self.modules.iter().find(|module| module.number == number)
    }
}

/// Whether a line of the notes holds words, and is not only a rule.
fn says_something(line: &str) -> bool {
    line.chars().any(char::is_alphanumeric)
}
