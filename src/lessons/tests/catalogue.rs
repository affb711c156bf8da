//! The embedded lessons are well-formed, and what is malformed is refused with its place.

use std::fs;

use super::super::catalogue::CatalogueError;
use super::super::format::Lesson;
use super::*;

#[test]
fn the_embedded_lessons_have_nothing_wrong() {
    let catalogue = Catalogue::embedded().unwrap();
    let ids: Vec<_> = catalogue.lessons().iter().map(|lesson| &*lesson.id).collect();
    assert!(ids.is_sorted_by_key(|id| catalogue.course().unwrap().place(id)), "{ids:?}");
    assert_eq!(lint::catalogue(&catalogue), []);
}

#[test]
fn the_manifest_of_the_lesson_is_the_one_of_the_notes() {
    let apuntes = include_str!("../../../manifests/apuntes.yaml");
    assert_eq!(lesson("5.2").files["apuntes.yaml"], apuntes);
}

#[test]
fn a_folder_is_one_lesson_or_many() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/lessons");
    let all = Catalogue::from_dir(root.as_ref()).unwrap();
    assert_eq!(all.lessons().len(), Catalogue::embedded().unwrap().lessons().len());
    let one = Catalogue::from_dir(format!("{root}/103-alta-disponibilidad").as_ref()).unwrap();
    assert_eq!(one.lessons()[0].id, "1.3");
    assert!(one.lessons()[0].files.contains_key("inicio.yaml"));
}

#[test]
fn what_is_malformed_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("900-rota");
    fs::create_dir(&path).unwrap();
    let good = include_str!("../../../lessons/103-alta-disponibilidad/leccion.yaml");
    let read = |text: String| {
        fs::write(path.join("leccion.yaml"), text).unwrap();
        Catalogue::from_dir(folder.path()).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(read(good.into()), Ok(()));
    let error = read(good.replace("minutes: 10", "minutos: 10")).unwrap_err();
    assert!(error.contains("900-rota/leccion.yaml") && error.contains("unknown field `minutos`"), "{error}");
    assert!(error.contains("line "), "{error}");
    assert!(read(good.replace("for: 5s", "for: pronto")).unwrap_err().contains("«pronto» no es una duración"));
    assert!(read(good.replace("path: spec.replicas,", "path: spec..replicas,")).unwrap_err().contains("la ruta"));
}

#[test]
fn two_lessons_of_one_number_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        let text = include_str!("../../../lessons/103-alta-disponibilidad/leccion.yaml");
        fs::write(folder.path().join(name).join("leccion.yaml"), text).unwrap();
    }
    assert!(matches!(Catalogue::from_dir(folder.path()), Err(CatalogueError::Twice { id }) if id == "1.3"));
}

/// The lint says something about a lesson that is broken on purpose.
#[track_caller]
fn broken(id: &str, says: &str, breaking: impl FnOnce(&mut Lesson)) {
    let mut broken = (*lesson(id)).clone();
    breaking(&mut broken);
    let found = lint::lint(&broken, &Catalogue::embedded().unwrap());
    assert!(found.iter().any(|what| what.contains(says)), "{found:?}");
}

#[test]
fn the_lint_finds_what_is_broken_on_purpose() {
    broken("1.3", "no tiene solución", |lesson| lesson.solutions.clear());
    broken("1.3", "no tiene antisolución", |lesson| lesson.anti_solutions.clear());
    broken("1.3", "inicio.yaml", |lesson| lesson.files.clear());
    broken("1.3", "como mucho 120", |lesson| lesson.steps[0].text = "palabra ".repeat(121));
    broken("1.3", "ningún objetivo", |lesson| lesson.steps[1].goals.clear());
    broken("1.3", "no existe", |lesson| lesson.requires.push("9.9".into()));
    broken("1.3", "al que nadie pide nada", |lesson| lesson.setup.traffic.clear());
    broken("1.4", "habla de la tecla V", |lesson| lesson.steps[0].keys.clear());
    broken("1.6", "habla de backend.yaml", |lesson| drop(lesson.files.remove("backend.yaml")));
    broken("5.2", "creencia", |lesson| lesson.steps[0].question.as_mut().unwrap().options[0].belief = None);
    broken("5.2", "una sola opción correcta", |lesson| {
        lesson.steps[0].question.as_mut().unwrap().options[0].right = true;
    });
    broken("6.2", "no es de la lección", |lesson| lesson.setup.second.as_mut().unwrap().context = "otro".into());
    broken("6.2", "no es el segundo", |lesson| lesson.setup.second = None);
    broken("6.2", "y no uno propio", |lesson| lesson.setup.cluster = None);
    broken("5.2", "que nadie pregunta", |lesson| lesson.steps[0].question = None);
}

#[test]
fn files_that_only_solve_a_lesson_are_not_given() {
    let ladder = lesson("5.2");
    assert!(ladder.speaks_of("apuntes.yaml") && ladder.files.contains_key("corregido.yaml"));
    assert!(!ladder.speaks_of("corregido.yaml"));
    assert!(lesson("1.3").speaks_of("inicio.yaml"));
}
