//! What is wrong with lessons before anybody plays them. Must not need a cluster.
//!
//! One concern = one file and one line in [`ALL`].

mod conditions;
mod course;
mod scripts;
mod shape;
mod terms;
mod text;
mod wording;

use super::catalogue::Catalogue;
use super::check::Finding;
use super::course::Course;
use super::format::Lesson;

/// What a rule looks at.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    /// The lessons beside it.
    catalogue: &'a Catalogue,
    /// The course whose words it uses: its own, else the one in the executable.
    course: Option<&'a Course>,
}

/// A rule: from a lesson to what is wrong with it.
type Rule = fn(&Lesson, Around<'_>) -> Vec<String>;

/// Every rule for a lesson.
const ALL: &[Rule] =
    &[shape::lint, scripts::lint, conditions::lint, text::lint, wording::lint, terms::lint, course::lint];

/// Everything wrong with a lesson, in Spanish; nothing if all is well.
#[must_use]
pub fn lint(lesson: &Lesson, catalogue: &Catalogue) -> Vec<String> {
    let embedded = Catalogue::embedded().ok();
    let course = catalogue.course().or(embedded.as_ref().and_then(Catalogue::course));
    let around = Around { catalogue, course: course.map(AsRef::as_ref) };
    ALL.iter().flat_map(|rule| rule(lesson, around)).collect()
}

/// Everything wrong with the lessons of a catalogue, and with the course as a whole.
#[must_use]
pub fn catalogue(catalogue: &Catalogue) -> Vec<Finding> {
    let of = |lesson: &str, what: String| Finding { lesson: lesson.into(), what };
    let mut found: Vec<Finding> = Vec::new();
    for lesson in catalogue.lessons() {
        found.extend(lint(lesson, catalogue).into_iter().map(|what| of(&lesson.id, what)));
    }
    let course = catalogue.course().map(|course| course::whole(course, catalogue)).unwrap_or_default();
    found.extend(course.into_iter().map(|what| of("curso", what)));
    found
}
