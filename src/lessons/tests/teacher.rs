//! What a teacher reads, and the lesson that an author begins with.

use super::super::{lint, scaffold, teacher};
use super::progress::{day, finished};
use super::*;

#[test]
fn a_script_tells_beliefs_and_solutions() {
    let script = teacher::script(&lesson("1.3"));
    for part in
        ["# 1.3 Alta disponibilidad", "**Predicción.**", "✓ Sí.", "**Solución.**", "kubectl delete pod", "## Cierre"]
    {
        assert!(script.contains(part), "{part}");
    }
}

#[test]
fn a_report_tells_what_was_done_and_what_was_believed() {
    let mut progress = super::super::progress::Progress::default();
    progress.record(&finished(), day(0));
    let report = teacher::report(&Catalogue::embedded().unwrap(), &progress, "Ana");
    assert!(report.starts_with("# Ana\n\n1 de "));
    assert!(
        report.contains("| 5.2 El manifiesto de los apuntes | hecha | 1970-01-01 | ninguna | 1 de 2 |"),
        "{report}"
    );
    assert!(report.contains("## Lo que creía y el clúster desmintió"), "a wrong prediction comes with its belief");
    assert!(report.contains("| 1.3 Alta disponibilidad | sin empezar |"));
}

#[test]
fn a_new_lesson_has_nothing_wrong_and_is_never_written_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let place = scaffold::write(folder.path(), "807-la-mia").unwrap();
    let catalogue = Catalogue::from_dir(&place).unwrap();
    assert_eq!(catalogue.lessons()[0].id, "8.7");
    assert_eq!(lint::catalogue(&catalogue), []);
    assert!(scaffold::write(folder.path(), "807-la-mia").is_err());
    assert!(scaffold::write(folder.path(), "la-mia").unwrap_err().to_string().contains("NNN-nombre"));
}
