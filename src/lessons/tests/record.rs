//! Records and certificates: what was played can be replayed, and a changed one is noticed.

use super::super::certificate::Certificate;
use super::super::record::Record;
use super::progress::{day, finished, under_way};
use super::*;

fn certificate(folder: &std::path::Path) -> Certificate {
    Record::of(&finished(), day(0)).save(folder).unwrap();
    Certificate::of(&Catalogue::embedded().unwrap(), folder, "Ana".into(), day(1)).unwrap()
}

#[test]
fn a_certificate_is_replayed_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ana.timonel");
    certificate(folder.path()).save(&file).unwrap();
    let verified = Certificate::load(&file).unwrap().verify(&Catalogue::embedded().unwrap());
    assert_eq!(verified.len(), 1);
    assert_eq!((&*verified[0].lesson, &verified[0].outcome), ("5.2", &Ok(())));
}

#[test]
fn a_changed_record_is_noticed_by_its_fingerprint_and_an_unfinished_one_by_the_replay() {
    let folder = tempfile::tempdir().unwrap();
    let outcome =
        |certificate: &Certificate| certificate.verify(&Catalogue::embedded().unwrap())[0].outcome.clone().unwrap_err();
    let mut changed = certificate(folder.path());
    changed.passed[0].record.moments.pop();
    assert!(outcome(&changed).contains("la huella no coincide"));
    let mut unfinished = certificate(folder.path());
    unfinished.passed[0].record = Record::of(&under_way(), day(0));
    unfinished.passed[0].hash = unfinished.passed[0].record.hash().unwrap();
    assert!(outcome(&unfinished).contains("en el paso 2 no se cumple"), "{}", outcome(&unfinished));
    let mut older = certificate(folder.path());
    older.passed[0].record.version = 0;
    older.passed[0].hash = older.passed[0].record.hash().unwrap();
    assert!(outcome(&older).contains("se jugó la versión 0"));
}

#[test]
fn what_is_no_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("otra-cosa");
    std::fs::write(&file, "hola").unwrap();
    assert!(Certificate::load(&file).is_err());
}
