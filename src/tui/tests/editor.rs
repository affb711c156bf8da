//! The editor: the ladder of the notes' manifest, by keys; drafts; sending.

use std::path::PathBuf;

use serde_json::json;

use super::fixture::{Driver, SIZES, golden};
use crate::tui::model::failure::{Cause, Failure};
use crate::tui::msg::{Applied, Effect, Mode, Reply, Ticket};
use crate::tui::state::Fate;

fn paused(effect: &Effect) -> Option<Ticket> {
    if let Effect::Pause(ticket, ..) = effect { Some(*ticket) } else { None }
}

fn submitted(effect: &Effect) -> Option<Ticket> {
    if let Effect::Submit(ticket, ..) = effect { Some(*ticket) } else { None }
}

fn read(effect: &Effect) -> Option<Ticket> {
    if let Effect::ReadFile(ticket, _) = effect { Some(*ticket) } else { None }
}

/// The fingers rest: what was written is checked.
fn rest(driver: &mut Driver) {
    let version = driver
        .effects
        .iter()
        .rev()
        .find_map(|effect| if let Effect::Pause(_, version, _) = effect { Some(*version) } else { None });
    driver.answer(paused, Reply::Pause(version.unwrap()));
}

pub fn editing(size: (u16, u16), what: &str) -> Driver {
    let mut driver = Driver::new(size);
    driver.press(":").write(&format!("editar {what}")).press("enter");
    driver
}

#[test]
fn golden_editor() {
    for size in SIZES {
        golden("editor_notes", &mut editing(size, "apuntes"));
    }
}

#[test]
fn golden_editor_helps_with_the_field_under_the_cursor() {
    let mut driver = editing((80, 24), "deployment");
    driver.press("down down down down down down down");
    golden("editor_help", &mut driver);
}

#[test]
fn golden_editor_of_unknown_fields() {
    let mut driver = editing((120, 40), "apuntes");
    driver.press("ctrl-n").write("X").press("backspace");
    rest(&mut driver);
    driver.shows("En la versión «v1»");
    // `apiVersion: v1` → `apiVersion: apps/v1`, and a name.
    for _ in 0..12 {
        driver.press("right");
    }
    driver.write("apps/").press("down down end").press("enter").write("name: backend");
    rest(&mut driver);
    golden("editor_fields", &mut driver);
    driver.shows("✕ 2 problemas");
}

#[test]
fn what_kubectl_would_not_send_is_not_sent() {
    let mut driver = editing((120, 40), "apuntes");
    driver.press("ctrl-e");
    assert!(!driver.effects.iter().any(|effect| matches!(effect, Effect::Submit(..))));
    driver.shows("no matches for kind");
    let entry = driver.app.state.log.last().unwrap();
    assert_eq!(entry.command, "kubectl apply -f apuntes.yaml");
    assert!(matches!(&entry.fate, Fate::Refused(text) if text.starts_with("error: no matches")));
}

#[test]
fn a_refusal_goes_to_its_lines_and_an_apply_to_the_bridge() {
    let mut driver = editing((120, 40), "apuntes-corregido");
    driver.press("ctrl-t");
    let cause = Cause { field: "spec.selector".into(), message: "Required value".into() };
    let failure =
        Failure { code: 422, message: "Deployment.apps is invalid".into(), causes: vec![cause], ..Failure::default() };
    driver.answer(submitted, Reply::Submitted(Mode::DryRun, vec![Err(failure)]));
    driver.shows("Un Deployment necesita saber qué pods son suyos");
    driver.shows("servidor: spec.selector: Required value");
    driver.press("ctrl-t");
    let ok = |verb| Ok(Applied { object: json!({}), verb, undo: None });
    driver.answer(submitted, Reply::Submitted(Mode::DryRun, vec![ok("created")]));
    driver.shows("created (server dry run): el servidor lo aceptaría");
    driver.press("ctrl-e").answer(submitted, Reply::Submitted(Mode::Apply, vec![ok("created")]));
    driver.shows("› Puente");
    driver.shows("deployment.apps/backend created");
    assert!(
        driver
            .app
            .state
            .log
            .iter()
            .any(|entry| entry.command == "kubectl apply -f apuntes-corregido.yaml --dry-run=server")
    );
}

#[test]
fn unsaved_changes_are_asked_about() {
    let mut driver = editing((80, 24), "pod");
    driver.write("x").press("esc");
    driver.shows("¿Cerrar sin terminar?");
    driver.press("n");
    driver.shows("Editor · pod.yaml");
    driver.press("esc s");
    driver.shows("› Puente");
}

#[test]
fn an_editor_without_changes_closes_at_once() {
    let mut driver = editing((80, 24), "pod");
    driver.press("esc");
    driver.shows("› Puente");
}

#[test]
fn drafts_are_written_found_again_and_cleared() {
    let open = || {
        let mut driver = Driver::new((80, 24));
        driver.app.state.data_dir = Some(PathBuf::from("datos"));
        driver.press(":").write("editar pod").press("enter");
        driver
    };
    let mut driver = open();
    driver.answer(read, Reply::NoFile).write("# hola");
    rest(&mut driver);
    let Some(Effect::WriteFile { path, text, .. }) = driver.effects.last() else { panic!("no hay borrador") };
    assert!(path.starts_with("datos/borradores") && text.starts_with("# hola"));
    let mut again = open();
    again.answer(read, Reply::File(Ok(text.clone())));
    again.shows("se recuperó lo que no habías guardado");
    again.shows("# hola");
    again.press("ctrl-z ctrl-z");
    again.hides("# hola");
    again.press("esc");
    assert!(again.effects.iter().any(|effect| matches!(effect, Effect::RemoveFile(_))));
}

#[test]
fn a_file_that_cannot_be_edited_says_why() {
    let mut driver = editing((120, 40), "enorme.yaml");
    driver.answer(read, Reply::File(Err("enorme.yaml mide 10 MiB y el editor llega a 4 MiB".into())));
    driver.shows("enorme.yaml mide 10 MiB");
    driver.shows("› Puente");
}

#[test]
fn a_file_is_saved_before_it_is_applied() {
    let mut driver = editing((120, 40), "cm.yaml");
    driver.answer(read, Reply::NoFile);
    for line in ["apiVersion: v1", "kind: ConfigMap", "metadata:", "name: a"] {
        driver.write(line).press("enter");
    }
    driver.shows("  name: a");
    driver.press("ctrl-e");
    assert!(driver.effects.iter().any(|effect| matches!(effect, Effect::WriteFile { text, .. } if text.contains("kind: ConfigMap\nmetadata:\n  name: a"))));
    let Some(Effect::Submit(_, Mode::Apply, drafts)) = driver.effects.last() else { panic!() };
    assert_eq!(drafts[0].target.path(), "/api/v1/namespaces/default/configmaps/a");
}

#[test]
fn an_object_is_edited_without_what_the_server_writes() {
    let mut driver = Driver::new((120, 40));
    driver.press("tab down").press("e");
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default", "uid": "u", "resourceVersion": "7"}, "spec": {"containers": []}, "status": {"phase": "Running"}});
    driver.answer(
        |effect| if let Effect::Object(ticket, _) = effect { Some(*ticket) } else { None },
        Reply::Object(Ok(object)),
    );
    driver.shows("kind: Pod");
    driver.hides("resourceVersion");
    driver.hides("phase");
    driver.press("ctrl-e");
    driver.shows("¿Aplicar los cambios a pod/");
    driver.press("s");
    let Some(Effect::Submit(_, Mode::Apply, drafts)) = driver.effects.last() else { panic!() };
    assert!(drafts[0].original.is_some());
}

#[test]
fn templates_are_offered() {
    let mut driver = Driver::new((80, 24));
    driver.press(":").write("editar").press("enter");
    driver.shows("Elige una plantilla");
    driver.shows("apuntes");
    driver.press("enter");
    driver.shows("Editor · apuntes.yaml");
}
