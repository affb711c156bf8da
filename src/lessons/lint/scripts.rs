//! Whether the ways through a lesson can be played at all. Must not play them.

use std::collections::BTreeSet;

use super::Around;
use crate::lessons::deeds::known;
use crate::lessons::format::{Action, Lesson, Script};

pub(super) fn lint(lesson: &Lesson, _: Around<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if lesson.solutions.is_empty() {
        found.push("no tiene solución".into());
    }
    if lesson.anti_solutions.is_empty() {
        found.push("no tiene antisolución".into());
    }
    found.extend(files(lesson));
    found.extend(lesson.scripts().flat_map(|script| of_script(script, lesson)));
    let keys = lesson.steps.iter().flat_map(|step| &step.keys).flat_map(|key| &key.play);
    let strange = keys.filter(|action| !on_the_cluster(action));
    found.extend(strange.map(|action| format!("una tecla no puede hacer esto: {action:?}")));
    found.extend(happens(lesson));
    found
}

/// What happens by itself is done to a cluster that ends with the lesson, and takes no learner.
fn happens(lesson: &Lesson) -> Vec<String> {
    let all = || lesson.steps.iter().flat_map(|step| &step.happens);
    let strange = all().filter(|action| !on_the_cluster(action) && !matches!(action, Action::Wait(_)));
    let mut found: Vec<String> = strange.map(|action| format!("esto no puede pasar solo: {action:?}")).collect();
    if lesson.setup.cluster.is_none() && all().next().is_some() {
        found.push("algo pasa solo (`happens`) y la lección no tiene clúster propio (`cluster`)".into());
    }
    found
}

/// Every file that the lesson names is there, and every file there is named.
fn files(lesson: &Lesson) -> Vec<String> {
    let applied = lesson.actions().filter_map(|action| match action {
        Action::Apply(file) => Some(file),
        _ => None,
    });
    let edited = lesson.steps.iter().filter_map(|step| step.edit.as_ref());
    let far = lesson.setup.second.iter().flat_map(|second| &second.objects);
    let named: BTreeSet<_> = lesson.setup.objects.iter().chain(far).chain(edited).chain(applied).collect();
    let missing = named.iter().filter(|file| !lesson.files.contains_key(**file));
    let mut found: Vec<String> =
        missing.map(|file| format!("nombra el archivo {file}, que no está en su carpeta")).collect();
    let typed: Vec<_> = lesson.actions().filter_map(typed).chain(commands(lesson)).collect();
    let idle =
        lesson.files.keys().filter(|file| !named.contains(file) && !typed.iter().any(|line| line.contains(&***file)));
    found.extend(idle.map(|file| format!("nadie usa el archivo {file}")));
    found
}

fn typed(action: &Action) -> Option<&str> {
    match action {
        Action::Run(run) => Some(run.line()),
        _ => None,
    }
}

fn commands(lesson: &Lesson) -> impl Iterator<Item = &str> {
    lesson.steps.iter().flat_map(|step| &step.commands).map(|command| &**command)
}

fn of_script(script: &Script, lesson: &Lesson) -> Vec<String> {
    let mut found: Vec<String> = script.play.iter().filter_map(|action| of_action(action, lesson)).collect();
    if !matches!(script.play.last(), Some(Action::Next)) {
        found.push("debe terminar con «next»".into());
    }
    found.into_iter().map(|what| format!("«{}»: {what}", script.name)).collect()
}

fn of_action(action: &Action, lesson: &Lesson) -> Option<String> {
    let question = |id: &String| lesson.questions().find(|question| question.id == *id);
    let nobody = |id: &String| format!("responde «{id}», que nadie pregunta");
    match action {
        Action::Answer { question: id, option } => match question(id) {
            None => Some(nobody(id)),
            Some(asked) => {
                let there = (1..=asked.options.len()).contains(option);
                (!there).then(|| format!("«{id}» no tiene opción {option}"))
            }
        },
        Action::Order { question: id, .. } => question(id).is_none().then(|| nobody(id)),
        Action::Delete(target) | Action::DeleteAll(target) | Action::Label { on: target, .. } => {
            known(&target.of).err()
        }
        Action::Key(key) => {
            let there = lesson.steps.iter().flat_map(|step| &step.keys).any(|each| each.key == *key);
            (!there).then(|| format!("ningún paso tiene la tecla {key}"))
        }
        Action::Rate { to, .. } => {
            let there = lesson.setup.traffic.iter().any(|traffic| traffic.to == *to);
            (!there).then(|| format!("nadie pide nada a {to}"))
        }
        _ => None,
    }
}

/// Whether an action is done through the API alone, so that a key can do it.
fn on_the_cluster(action: &Action) -> bool {
    matches!(
        action,
        Action::Apply(_)
            | Action::Delete(_)
            | Action::DeleteAll(_)
            | Action::Scale { .. }
            | Action::Patch { .. }
            | Action::Label { .. }
            | Action::Switch { .. }
            | Action::Exec { .. }
            | Action::Rate { .. }
    )
}
