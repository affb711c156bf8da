//! Every lesson on fresh clusters in virtual time: unsolved after a minute untouched, then passed by its solution.
//! The whole check (alternatives, anti-solutions, seeds, both timings) is `timonel lessons check`.

use std::fs;
use std::path::Path;

use serde_yaml::Mapping;
use timonel::cluster::Practice;
use timonel::lessons::check::{Plan, check};
use timonel::lessons::{Catalogue, lint, scaffold};

#[test]
fn every_lesson_fails_untouched_and_passes_with_its_solution() {
    let catalogue = Catalogue::embedded().unwrap();
    let report = check(&catalogue, &Practice::default(), &Plan::brief(2), &|_| {});
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert_eq!(report.plays, catalogue.lessons().len());
}

/// The course's files, with each lesson changed by hand.
fn course_with(change: impl Fn(&mut Mapping)) -> tempfile::TempDir {
    let course = tempfile::tempdir().unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("lessons");
    for entry in fs::read_dir(here).unwrap().map(Result::unwrap) {
        let to = course.path().join(entry.file_name());
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to).unwrap();
            continue;
        }
        fs::create_dir(&to).unwrap();
        for file in fs::read_dir(entry.path()).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
        let lesson = to.join("leccion.yaml");
        let mut text: Mapping = serde_yaml::from_str(&fs::read_to_string(&lesson).unwrap()).unwrap();
        change(&mut text);
        fs::write(&lesson, serde_yaml::to_string(&text).unwrap()).unwrap();
    }
    course
}

/// Each lesson of the course, broken on purpose: something that must not pass is called its solution.
#[test]
#[ignore = "needs minutes"]
fn no_lesson_can_be_broken_unnoticed() {
    let course = course_with(|lesson| {
        let wrong = lesson["anti_solutions"][0].clone();
        lesson["solutions"] = vec![wrong].into();
    });
    let catalogue = Catalogue::from_dir(course.path()).unwrap();
    let found = check(&catalogue, &Practice::default(), &Plan::brief(2), &|_| {}).findings;
    let unnoticed = catalogue.lessons().iter().map(|lesson| &lesson.id).filter(|id| {
        let says = |what: &str| what.contains("no aprueba");
        !found.iter().any(|finding| finding.lesson == **id && says(&finding.what))
    });
    assert_eq!(unnoticed.collect::<Vec<_>>(), Vec::<&String>::new(), "{found:#?}");
}

/// What the check says of the lesson that authors begin with, after a change to its file.
fn found(from: &str, to: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let place = scaffold::write(folder.path(), "909-prueba").unwrap();
    let file = place.join("leccion.yaml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "no está: {from}");
    fs::write(&file, text.replacen(from, to, 1)).unwrap();
    match Catalogue::from_dir(&place) {
        Err(error) => vec![error.to_string()],
        Ok(catalogue) => {
            let plan = Plan { timings: Plan::brief(2).timings, ..Plan::whole(2) };
            let mut findings = lint::catalogue(&catalogue);
            if findings.is_empty() {
                findings = check(&catalogue, &Practice::default(), &plan, &|_| {}).findings;
            }
            findings.into_iter().map(|finding| finding.what).collect()
        }
    }
}

#[test]
fn the_lesson_that_authors_begin_with_passes_the_check() {
    assert_eq!(found("minutes: 5", "minutes: 6"), Vec::<String>::new());
}

/// Each class of field, broken on purpose: the check must say so.
#[test]
fn a_lesson_broken_anywhere_makes_the_check_fail() {
    let long = format!("text: |\n      {}", "palabra ".repeat(125));
    let broken = [
        ("format: 1", "format: 2", "es del formato 2"),
        ("minutes: 5", "minutos: 5", "unknown field"),
        ("minutes: 5", "minutes: 90", "dura 90 minutos"),
        ("requires: []", "requires: ['9.1']", "requiere la lección 9.1"),
        ("namespace: leccion-9-9", "namespace: default", "no empieza por leccion-"),
        ("objects: [inicio.yaml]", "objects: [otro.yaml]", "nombra el archivo otro.yaml"),
        ("is: Ready, equals: 1}\n\nsteps", "is: Ready, equals: 7}\n\nsteps", "no se pudo preparar"),
        ("text: |", &*long, "como mucho 120"),
        ("look: [Deployment/miapp-backend]", "look: [miapp-backend]", "no se sabe qué mirar"),
        ("          right: true", "          right: false", "una sola opción correcta"),
        ("          belief: Cambiar", "          text: Cambiar", "duplicate field"),
        ("when: {answered: que-hara}", "when: {answered: otra}", "que nadie pregunta"),
        ("is: Ready, equals: 2}}, for: 3s}", "is: Ready, equals: 1}}, for: 3s}", "sin tocar nada ya se cumple"),
        ("is: Ready, equals: 2}}, for: 3s}", "is: Ready, equals: 9}}, for: 3s}", "no aprueba"),
        (
            "held: {that: {count: {of: Pod, where: {app: miapp-backend}, is: Ready, equals: 2}}, for: 3s}",
            "count: {of: Pod, where: {app: miapp-backend}, is: Ready, equals: 2}",
            "debe sostenerse",
        ),
        ("of: Pod, where", "of: Barco, where", "Barco"),
        (
            "        - text: Pulsa `+`",
            "        - when: {answered: que-hara}\n          text: Pulsa `+`",
            "debe valer siempre",
        ),
        (
            "        - text: Pulsa `+`",
            "        - when: {happened: {answered: que-hara}}\n          text: ¿Ya?\n        - text: Pulsa `+`",
            "no puede llevar `happened`",
        ),
        ("debrief: |\n", "debrief: |\n  Este cluster es tuyo.\n", "di «clúster»"),
        ("debrief: |\n", "debrief: |\n  En tus apuntes dice «los pods vuelan».\n", "los apuntes no dicen"),
        (
            "      - text: Se reinician los tres.\n        belief: Escalar no toca los pods que ya corren.\n",
            "",
            "una sola opción no es una pregunta",
        ),
        ("deployment: miapp-backend, replicas: 2", "deployment: miapp-backend, replicas: 1", "no aprueba"),
        ("with: {spec: {replicas: 2}}", "with: {spec: {replicas: 3}}", "no aprueba"),
        (
            "      - delete: {of: Pod, where: {app: miapp-backend}}",
            "      - scale: {deployment: miapp-backend, replicas: 2}",
            "",
        ),
        ("anti_solutions:\n", "anti_solutions: []\nalternatives_viejas:\n", "unknown field"),
    ];
    for (from, to, says) in broken {
        let found = found(from, to);
        assert!(found.iter().any(|what| what.contains(says)), "«{from}» → «{to}»: {found:?}");
    }
}
