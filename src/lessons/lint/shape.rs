//! Whether a lesson has all its parts. Must not read its texts.

use std::collections::BTreeSet;
use std::path::Path;

use super::Around;
use crate::lessons::catalogue::Catalogue;
use crate::lessons::clear::PREFIX;
use crate::lessons::format::{Card, Choice, Hint, Lesson, Question, Step};
use crate::lessons::predicate::Predicate;

/// Keys that a lesson may give a meaning: no other view uses them.
const KEYS: &str = "ABDEFHIJKMNOPQRSTUVWYZ";

/// The module without any help.
const GUARD: &str = "8";

pub(super) fn lint(lesson: &Lesson, around: Around<'_>) -> Vec<String> {
    let mut found = head(lesson, around.catalogue);
    for (number, step) in lesson.steps.iter().enumerate() {
        let wrong = of_step(step, lesson.module_number()).into_iter().chain(mentions(step, lesson));
        found.extend(wrong.map(|what| format!("paso {}: {what}", number + 1)));
    }
    for (number, card) in lesson.cards.iter().enumerate() {
        found.extend(of_card(card).into_iter().map(|what| format!("tarjeta {}: {what}", number + 1)));
    }
    let ids: Vec<_> = lesson.questions().map(|question| &question.id).collect();
    if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
        found.push("dos preguntas llevan el mismo nombre".into());
    }
    found
}

fn head(lesson: &Lesson, catalogue: &Catalogue) -> Vec<String> {
    let mut found = Vec::new();
    let exists = |id: &String| {
        catalogue.get(id).is_some() || Catalogue::embedded().is_ok_and(|embedded| embedded.get(id).is_some())
    };
    let missing = lesson.requires.iter().filter(|id| !exists(id));
    found.extend(missing.map(|id| format!("requiere la lección {id}, que no existe")));
    let foreign = lesson.setup.namespaces().filter(|name| !name.starts_with(PREFIX));
    found.extend(foreign.map(|name| format!("su espacio de nombres {name} no empieza por {PREFIX}")));
    if lesson.setup.second.is_some() && lesson.setup.cluster.is_none() {
        found.push("tiene un segundo clúster (`second`) y no uno propio (`cluster`)".into());
    }
    if !(1..=40).contains(&lesson.minutes) {
        found.push(format!("dura {} minutos; de 1 a 40", lesson.minutes));
    }
    if lesson.cards.is_empty() {
        found.push("no tiene tarjetas de repaso".into());
    } else if !lesson.cards.iter().any(|card| !card.options.is_empty()) {
        found.push("ninguna tarjeta tiene opciones, y la prueba del módulo necesita una".into());
    }
    if lesson.questions().next().is_none() {
        found.push("no pide ninguna predicción".into());
    }
    found
}

fn of_step(step: &Step, module: &str) -> Vec<String> {
    let mut found = Vec::new();
    match (&step.hints, module) {
        (None, GUARD) | (Some(_), _) => {}
        (None, _) => found.push(format!("no tiene pistas, y solo el módulo {GUARD} puede no tenerlas")),
    }
    if step.goals.is_empty() {
        found.push("no tiene ningún objetivo".into());
    }
    let strange = step.look.iter().filter(|place| place.split_once('/').is_none());
    found.extend(strange.map(|place| format!("«{place}» no es Kind/nombre: no se sabe qué mirar")));
    for key in &step.keys {
        if !KEYS.contains(key.key) {
            found.push(format!("la tecla {} no se puede usar; sí estas: {KEYS}", key.key));
        }
        if key.play.is_empty() {
            found.push(format!("la tecla {} no hace nada", key.key));
        }
    }
    if let Some(question) = &step.question {
        found.extend(of_question(question, step));
    }
    for hint in step.levels() {
        if let Hint::ByState(variants) = hint
            && variants.last().is_none_or(|last| last.when.is_some())
        {
            found.push("la última variante de una pista debe valer siempre".into());
        }
    }
    found
}

/// Keys and files that its texts speak of, hints too, and that are not there.
fn mentions(step: &Step, lesson: &Lesson) -> Vec<String> {
    let texts = step.texts();
    let quoted = texts.iter().flat_map(|(_, text)| text.split('`').skip(1).step_by(2));
    let missing = quoted.filter_map(|code| {
        let mut letters = code.chars();
        match (letters.next(), letters.next()) {
            (Some(key), None) if KEYS.contains(key) => {
                let there = step.keys.iter().any(|each| each.key == key);
                (!there).then(|| format!("habla de la tecla {key}, que este paso no tiene"))
            }
            _ if Path::new(code).extension().is_some_and(|kind| kind == "yaml") && !code.contains(['/', ' ']) => {
                (!lesson.files.contains_key(code)).then(|| format!("habla de {code}, que no está en su carpeta"))
            }
            _ => None,
        }
    });
    missing.collect()
}

fn of_question(question: &Question, step: &Step) -> Vec<String> {
    let mut found = Vec::new();
    let id = &question.id;
    match (question.options.len(), question.order.len()) {
        (0, 3..) => {}
        (2..=6, 0) => found.extend(of_options(&question.options).into_iter().map(|what| format!("«{id}» {what}"))),
        _ => found.push(format!("«{id}» debe tener de dos a seis opciones, o tres o más cosas que ordenar")),
    }
    let asks = |predicate: &Predicate| match predicate {
        Predicate::Answered(asked) => asked == id && !question.is_order(),
        Predicate::Right(asked) => asked == id,
        _ => false,
    };
    if !step.goals.iter().any(|goal| asks(&goal.when)) {
        found.push(format!("ningún objetivo pide responder «{id}»"));
    }
    found
}

fn of_options(options: &[Choice]) -> Vec<String> {
    let mut found = Vec::new();
    let depends = options.iter().all(|option| option.when.is_some());
    if !depends && options.iter().filter(|option| option.right).count() != 1 {
        found.push("debe tener una sola opción correcta".into());
    }
    if options.iter().any(|option| !option.right && option.belief.is_none()) {
        found.push("tiene una opción equivocada sin la creencia que hay detrás".into());
    }
    if options.iter().any(|option| option.right && option.belief.is_some()) {
        found.push("da una creencia equivocada a la opción correcta".into());
    }
    found
}

fn of_card(card: &Card) -> Vec<String> {
    match card.options.len() {
        0 => Vec::new(),
        1 => vec!["una sola opción no es una pregunta".into()],
        _ => of_options(&card.options),
    }
}
