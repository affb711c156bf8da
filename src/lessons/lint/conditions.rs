//! Whether conditions speak of what there is, and never pass on a flicker. Must not evaluate them.

use std::collections::BTreeSet;

use super::Around;
use crate::lessons::deeds::known;
use crate::lessons::format::{Hint, Lesson, Step};
use crate::lessons::predicate::Predicate;

pub(super) fn lint(lesson: &Lesson, _: Around<'_>) -> Vec<String> {
    let mut found = BTreeSet::new();
    for predicate in lesson.predicates() {
        predicate.visit(&mut |part| found.extend(of_part(part, lesson)));
    }
    found.extend(lesson.steps.iter().flat_map(Step::levels).flat_map(of_hint));
    let goals = lesson.steps.iter().flat_map(|step| &step.goals);
    let flickering = goals.filter(|goal| flickers(&goal.when));
    found.extend(flickering.map(|goal| {
        format!("«{}» se daría por cumplido por un instante: su estado debe sostenerse (held)", goal.text)
    }));
    found.into_iter().collect()
}

/// A hint sees how things are when it is asked for, and nothing of what was before.
fn of_hint(hint: &Hint) -> Vec<String> {
    let Hint::ByState(variants) = hint else { return Vec::new() };
    let mut found = Vec::new();
    for when in variants.iter().filter_map(|variant| variant.when.as_ref()) {
        when.visit(&mut |part| {
            found.extend(part.remembers().map(|word| {
                format!("una pista mira solo cómo están las cosas ahora: su condición no puede llevar `{word}`")
            }));
        });
    }
    found
}

fn of_part(part: &Predicate, lesson: &Lesson) -> Option<String> {
    if let Some(kind) = part.kind().filter(|kind| known(kind).is_err()) {
        return Some(format!("habla del kind {kind}, que Timonel no conoce"));
    }
    if let Some(namespace) = part.namespace().filter(|name| !lesson.setup.speaks_of(name)) {
        return Some(format!("habla del espacio de nombres {namespace}, que no es de la lección"));
    }
    match part {
        Predicate::Answered(id) | Predicate::Right(id) if !lesson.questions().any(|asked| asked.id == *id) => {
            Some(format!("espera la respuesta a «{id}», que nadie pregunta"))
        }
        Predicate::Traffic(share) if !lesson.setup.traffic.iter().any(|each| each.to == share.to) => {
            Some(format!("mide el tráfico a «{}», al que nadie pide nada", share.to))
        }
        Predicate::Traffic(share) if share.at_least.is_none() && share.below.is_none() => {
            Some("una condición de tráfico no dice cuánto".into())
        }
        Predicate::Audit(asked) => {
            let contexts = lesson.setup.second.as_ref().map(|second| &second.context);
            let strange = asked.cluster.as_ref().filter(|cluster| Some(*cluster) != contexts);
            strange.map(|cluster| format!("escucha al clúster {cluster}, que no es el segundo de la lección"))
        }
        _ => None,
    }
}

/// Whether a condition ends in a state that is good for a moment and might not stay. What failed once has failed:
/// `below` is an event.
fn flickers(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::Count(count) => count.is.is_some() || count.with.iter().any(|says| says.path.begins("status")),
        Predicate::Read(read) => read.says.iter().any(|says| says.path.begins("status")),
        Predicate::Renewed(_) => true,
        Predicate::Traffic(share) => share.at_least.is_some() && !share.whole,
        Predicate::Then(parts) => parts.last().is_some_and(flickers),
        Predicate::All(parts) => {
            let steady = |part: &&Predicate| matches!(part, Predicate::Held(_) | Predicate::Then(_));
            !parts.iter().any(|part| steady(&part) && !flickers(part)) && parts.iter().any(flickers)
        }
        Predicate::Any(parts) => parts.iter().any(flickers),
        _ => false,
    }
}
