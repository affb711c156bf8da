//! The progress file.

use std::fs;

use jiff::{SignedDuration, Timestamp};

use super::super::progress::{Progress, ProgressError};
use super::*;

pub(super) fn day(days: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * days)
}

/// A session of 5.2 in its second step.
pub(super) fn under_way() -> Session {
    let mut session = Session::new(lesson("5.2"));
    session.answer("primer-error", 2);
    session.observe_refusal("", "no matches for kind");
    assert!(session.advance());
    session
}

/// The same, finished.
pub(super) fn finished() -> Session {
    let mut session = under_way();
    session.answer("capas", 1);
    session.observe_refusal("", "resource name may not be empty");
    session.observe_refusal("", "unknown field");
    session.advance();
    let done = json!({
        "kind": "Deployment", "metadata": {"name": "x"}, "status": {"readyReplicas": 3},
        "spec": {"replicas": 3, "selector": {"matchLabels": {}}, "template": {"spec": {"containers": [
            {"name": "miapp-backend", "image": "i", "env": [{"name": "DEBUG", "value": "true"}]}]}}},
    });
    session.observe(&at(1_000, object(Was::Created, done)));
    session.tick(Duration::from_secs(5));
    assert!(session.advance() && session.finished());
    session
}

#[test]
fn what_was_done_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut progress = Progress::load(folder.path()).unwrap();
    assert!(progress.lesson("5.2").is_none());
    progress.record(&under_way(), day(0));
    progress.save(folder.path()).unwrap();
    let found = Progress::load(folder.path()).unwrap();
    assert_eq!(found, progress);
    let done = found.lesson("5.2").unwrap();
    assert_eq!((done.step, done.finished, done.answers["primer-error"]), (2, None, 2));
    assert!(!found.passed(&lesson("5.2")));
}

#[test]
fn passing_again_does_not_change_the_first_time() {
    let mut progress = Progress::default();
    progress.record(&finished(), day(0));
    progress.record(&under_way(), day(3));
    progress.record(&finished(), day(5));
    let done = progress.lesson("5.2").unwrap();
    assert_eq!((done.finished, done.step), (Some(day(0)), 3));
}

#[test]
fn cards_come_again_after_one_three_seven_and_twentyone_days() {
    let mut progress = Progress::default();
    progress.record(&finished(), day(0));
    assert_eq!((progress.due(day(0)).len(), progress.due(day(1)).len()), (0, 3));
    let card = progress.due(day(1))[0].clone();
    for (today, next) in [(1, 4), (4, 11), (11, 32), (32, 53)] {
        assert!(progress.due(day(today)).contains(&card));
        progress.answered(&card, true, day(today));
        assert!(!progress.due(day(next - 1)).contains(&card) && progress.due(day(next)).contains(&card), "{next}");
    }
    progress.answered(&card, false, day(53));
    assert!(progress.due(day(54)).contains(&card), "forgotten: tomorrow");
}

#[test]
fn a_damaged_file_is_said_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("progreso.json");
    fs::write(&file, r#"{"version": 1, "lessons": {"1.3": "#).unwrap();
    assert!(matches!(Progress::load(folder.path()), Err(ProgressError::Damaged { path, .. }) if path == file));
    assert!(fs::read_to_string(&file).unwrap().ends_with("\"1.3\": "));
    let aside = Progress::set_aside(folder.path(), day(1)).unwrap();
    assert!(fs::read_to_string(aside).unwrap().ends_with("\"1.3\": "), "nothing is lost");
    assert_eq!(Progress::load(folder.path()).unwrap().due(day(100)).len(), 0);
}

#[test]
fn a_newer_file_is_left_to_the_newer_program() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("progreso.json"), r#"{"version": 2, "marinero": true}"#).unwrap();
    assert!(matches!(Progress::load(folder.path()), Err(ProgressError::Newer { version: 2, .. })));
}

#[test]
fn progress_of_two_machines_adds_up() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copia.json");
    let (mut here, mut there) = (Progress::default(), Progress::default());
    here.record(&under_way(), day(0));
    there.record(&finished(), day(2));
    there.know([&*lesson("1.3")], day(2));
    there.export(&file).unwrap();
    here.merge(Progress::import(&file).unwrap());
    assert!(here.passed(&lesson("5.2")) && here.knows("1.3") && !here.passed(&lesson("1.3")));
    assert_eq!(here.lesson("5.2").unwrap().step, 3);
    assert_eq!(here.due(day(3)).len(), 6, "cards of both");
    let before = here.clone();
    here.merge(Progress::default());
    assert_eq!(here, before, "nothing is lost to an empty one");
}
