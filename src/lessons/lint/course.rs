//! Whether the course is whole: every lesson of the plan, every line of the notes. Must not judge a lesson by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::Around;
use crate::lessons::catalogue::Catalogue;
use crate::lessons::course::Course;
use crate::lessons::format::Lesson;

/// Whether a lesson stands in the course as the plan says.
pub(super) fn lint(lesson: &Lesson, around: Around<'_>) -> Vec<String> {
    let Some(course) = around.catalogue.course() else { return Vec::new() };
    let mut found = Vec::new();
    match course.planned().find(|planned| planned.id == lesson.id) {
        None => found.push("no está en el plan del curso".into()),
        Some(planned) if planned.title != lesson.title => {
            found.push(format!("en el plan se titula «{}»", planned.title));
        }
        Some(_) => {}
    }
    if course.module(lesson.module_number()).is_some_and(|module| module.title != lesson.module) {
        found.push(format!("su módulo no se titula «{}»", lesson.module));
    }
    let unknown = lesson.notes.iter().filter(|line| !course.notes.contains(line));
    found.extend(unknown.map(|line| format!("los apuntes no tienen la línea «{line}»")));
    let later = lesson.requires.iter().filter(|id| course.place(id) >= course.place(&lesson.id));
    found.extend(later.map(|id| format!("requiere la lección {id}, que viene después")));
    found
}

/// What is missing in the whole.
pub(super) fn whole(course: &Course, catalogue: &Catalogue) -> Vec<String> {
    let mut found = Vec::new();
    for planned in course.planned() {
        let written = catalogue.get(&planned.id).is_some();
        if written == course.pending.contains(&planned.id) {
            let what = if written { "está escrita y sigue entre las pendientes" } else { "falta" };
            found.push(format!("la lección {} {what}", planned.id));
        }
    }
    let covered: BTreeSet<&str> =
        catalogue.lessons().iter().flat_map(|lesson| &lesson.notes).map(|line| &**line).collect();
    if course.pending.is_empty() {
        let missing = course.notes.iter().filter(|line| !covered.contains(&***line));
        found.extend(missing.map(|line| format!("ninguna lección trata esta línea de los apuntes: «{line}»")));
    }
    found.extend(terms(course));
    found
}

fn terms(course: &Course) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = BTreeMap::new();
    for term in &course.terms {
        if course.place(&term.lesson).is_none() {
            found.push(format!("«{}» se explica en {}, que no está en el plan", term.term, term.lesson));
        }
        for form in term.forms() {
            if seen.insert(form.to_lowercase(), &term.term).is_some() {
                found.push(format!("dos términos del glosario se escriben «{form}»"));
            }
        }
    }
    found
}
