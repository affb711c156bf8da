//! Lessons: catalogue, panel, question, sub-goals, hints and debrief, as a learner sees and steers them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;

use super::fixture::{Driver, golden, now};
use crate::lessons::predicate::Was;
use crate::lessons::progress::Progress;
use crate::lessons::{Change, Moment, Session};
use crate::tui::model::failure::Failure;
use crate::tui::model::lesson::{News, catalogue};
use crate::tui::msg::{Effect, Mode, Msg, Reply, Ticket};

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

fn asked(effect: &Effect) -> Option<Ticket> {
    if let Effect::Lesson(ticket, _) = effect { Some(*ticket) } else { None }
}

fn moments(driver: &mut Driver, changes: impl IntoIterator<Item = (u64, Change)>) {
    let moment = |(at, change)| Moment { at: Duration::from_millis(at), change };
    driver.answer(asked, Reply::Lesson(News::Moments(changes.into_iter().map(moment).collect())));
}

fn request(at: u64, answered: bool) -> (u64, Change) {
    (at, Change::Request { to: "web".into(), answered })
}

/// A dashboard with a lesson that is set up.
pub fn playing(size: (u16, u16), id: &str) -> Driver {
    let mut driver = Driver::new(size);
    driver.app.state.data_dir = Some(PathBuf::from("datos"));
    driver.press(":").write(&format!("leccion {id}")).press("enter");
    driver.answer(asked, Reply::Lesson(News::Started));
    driver
}

fn pod(name: &str) -> Arc<serde_json::Value> {
    Arc::new(json!({"kind": "Pod", "metadata": {"name": name, "labels": {"app": "web"}},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}))
}

fn deployment() -> Arc<serde_json::Value> {
    Arc::new(json!({"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 1}}))
}

/// The first step of 1.3, done: a pod was killed and users noticed.
fn outage(driver: &mut Driver) {
    moments(driver, [(0, Change::Known(pod("web-a"))), (0, Change::Known(deployment()))]);
    moments(driver, (0..40).map(|tenth| request(tenth * 100, true)));
    moments(
        driver,
        [(4000, Change::Object(Was::Leaving, pod("web-a"))), (4050, Change::Object(Was::Deleted, pod("web-a")))],
    );
    moments(driver, (41..60).map(|tenth| request(tenth * 100, false)));
    moments(driver, [(6000, Change::Object(Was::Created, pod("web-b")))]);
    moments(driver, (61..140).map(|tenth| request(tenth * 100, true)));
    moments(driver, [(14_500, Change::Tick)]);
}

/// A Deployment of 6.2 in a namespace, with what it wants; its status is old.
fn shop(namespace: &str, desired: u32) -> Arc<serde_json::Value> {
    let spec = json!({"replicas": desired, "selector": {"matchLabels": {"app": "tienda"}}});
    Arc::new(json!({"kind": "Deployment", "metadata": {"name": "tienda", "namespace": namespace},
        "spec": spec, "status": {"readyReplicas": 9}}))
}

/// Its pods that are ready.
fn keepers(namespace: &'static str, count: usize) -> impl Iterator<Item = Arc<serde_json::Value>> {
    (0..count).map(move |number| {
        let meta = json!({"name": format!("tienda-{number}"), "namespace": namespace, "labels": {"app": "tienda"}});
        let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
        Arc::new(json!({"kind": "Pod", "metadata": meta, "status": ready}))
    })
}

#[test]
fn the_panel_says_how_each_of_two_clusters_is() {
    for size in SIZES {
        let mut driver = Driver::new(size);
        driver.app.state.practice = Some("6.2".into());
        driver.press(":").write("leccion 6.2").press("enter");
        driver.answer(asked, Reply::Lesson(News::Started));
        let known = [shop("leccion-6-2", 1), shop("prod/leccion-6-2", 3)].into_iter();
        let known = known.chain(keepers("leccion-6-2", 1)).chain(keepers("prod/leccion-6-2", 2));
        moments(&mut driver, known.map(|object| (0, Change::Known(object))));
        driver.shows("pruebas: tienda deseado 1 · actual 1");
        driver.shows("prod: tienda deseado 3 · actual 2");
        moments(&mut driver, [(9, Change::Object(Was::Deleted, shop("prod/leccion-6-2", 3)))]);
        driver.shows("pruebas: tienda deseado 1 · actual 1");
        driver.shows("prod: tienda no está");
    }
}

#[test]
fn the_pods_of_another_with_the_same_labels_are_not_counted() {
    let mut driver = playing((120, 40), "1.3");
    let selected = json!({"replicas": 1, "selector": {"matchLabels": {"app": "web"}}});
    let web = json!({"kind": "Deployment", "metadata": {"name": "web"}, "spec": selected});
    let owned = |name: &str, set: &str| {
        let mut pod = (*pod(name)).clone();
        pod["metadata"]["ownerReferences"] = json!([{"kind": "ReplicaSet", "name": set, "controller": true}]);
        Arc::new(pod)
    };
    let known = [Arc::new(web), owned("web-6f7d9-a", "web-6f7d9"), owned("otro-5c8d7-a", "otro-5c8d7")];
    moments(&mut driver, known.map(|object| (0, Change::Known(object))));
    driver.shows("deseado 1 · actual 1");
}

#[test]
fn the_foot_says_what_is_missing_once_everything_was_tried() {
    let mut driver = playing((120, 40), "1.5");
    driver.press("2 enter");
    driver.shows("▸ T: Subir el tráfico");
    driver.press("T");
    driver.hides("▸ T:");
    driver.shows("▸ falta: ");
}

fn kept(driver: &Driver) -> Option<&Session> {
    driver.effects.iter().rev().find_map(|effect| match effect {
        Effect::KeepProgress(_, _, session) => Some(&**session),
        _ => None,
    })
}

/// No golden screen: the course grows.
#[test]
fn the_catalogue_says_how_far_each_lesson_is() {
    for size in SIZES {
        let mut driver = Driver::new(size);
        driver.app.state.data_dir = Some(PathBuf::from("datos"));
        driver.press("L");
        let mut progress = Progress::default();
        progress.record(&Session::new(Arc::clone(catalogue().unwrap().get("1.3").unwrap())), super::fixture::now());
        let reading = |effect: &Effect| if let Effect::ReadProgress(ticket, _) = effect { Some(*ticket) } else { None };
        driver.answer(reading, Reply::Progress(Ok(Box::new(progress))));
        for said in ["Módulo 1 · ¿Qué es un orquestador", "Alta disponibilidad", "10 min", "en curso, paso 1", "nueva"]
        {
            driver.shows(said);
        }
        driver
            .answer(reading, Reply::Progress(Err("el archivo de progreso datos/progreso.json está dañado: x".into())));
        driver.shows("Tu progreso no se puede leer");
        driver.press("r s");
        assert!(matches!(driver.effects.last(), Some(Effect::SetAside(..))));
    }
}

#[test]
fn golden_lesson_with_a_question() {
    for size in SIZES {
        let mut driver = playing(size, "1.3");
        moments(&mut driver, (0..40).map(|tenth| request(tenth * 100, true)));
        golden("lesson_question", &mut driver);
    }
}

#[test]
fn golden_lesson_with_goals_and_verdict() {
    for size in SIZES {
        let mut driver = playing(size, "1.3");
        driver.press("1 enter");
        outage(&mut driver);
        driver.press("down down down down down down down down down down down down down down down down");
        golden("lesson_goals", &mut driver);
        driver.press("tab");
        golden("lesson_bridge", &mut driver);
    }
}

#[test]
fn a_prediction_is_marked_then_answered_once() {
    let mut driver = playing((120, 40), "1.3");
    driver.press("2").shows("▸ 2 ");
    driver.press("down up up up").shows("▸ 1 ");
    driver.press("enter").shows("◆ 1 ");
    driver.hides("▸ 2 ");
    assert_eq!(kept(&driver).unwrap().world().answer("una-replica"), Some(0));
    driver.press("2 enter").shows("◆ 1 ");
}

#[test]
fn who_has_not_predicted_is_asked_to_before_a_key_shows_it() {
    let stroke = |driver: &Driver| driver.effects.iter().any(|effect| matches!(effect, Effect::LessonKey(..)));
    for size in SIZES {
        let mut driver = playing(size, "1.5");
        driver.press("T").shows("T otra vez lo hace sin ella");
        assert!(!stroke(&driver));
        driver.press("T");
        assert!(stroke(&driver), "it asks once");
        let mut driver = playing(size, "1.5");
        driver.press("2 enter T");
        assert!(stroke(&driver), "who has predicted is not held up");
    }
}

#[test]
fn keys_of_the_bridge_say_where_they_work() {
    let mut driver = playing((120, 40), "1.3");
    driver.press("ctrl-d").shows("esa tecla es del puente");
}

/// The server speaks English: what it means is said first, and all of it can be read.
#[test]
fn a_refused_key_is_explained_in_as_many_lines_as_it_takes() {
    for size in SIZES {
        let mut driver = playing(size, "2.9");
        let text = "Operation cannot be fulfilled on deployments.apps \"web\": the object has been modified; please apply \
                    your changes to the latest version and try again";
        driver.answer(asked, Reply::Lesson(News::Refused { reason: "Conflict".into(), text: text.into() }));
        for said in ["Kubernetes lo rechaza. Alguien cambió el objeto", "try again»"] {
            driver.shows(said);
        }
    }
}

#[test]
fn a_refused_key_is_offered_again_after_what_comes_before_it() {
    let mut driver = playing((120, 40), "1.1");
    driver.shows("▸ A:");
    driver.press("B");
    driver.answer(asked, Reply::Lesson(News::Refused { reason: "Conflict".into(), text: "no".into() }));
    driver.shows("▸ A:");
    driver.press("A").shows("▸ B:");
    driver.press("B").shows("▸ D:");
}

#[test]
fn the_foot_says_how_to_leave_the_box_that_has_the_keys() {
    let mut driver = playing((120, 40), "0.1");
    driver.press("tab up up up enter").shows("▸ Esc, Tab, Enter: siguiente paso");
    driver.press("esc").shows("▸ Tab, Enter: siguiente paso");
}

#[test]
fn who_presses_while_a_lesson_is_prepared_is_told_to_wait() {
    let mut driver = Driver::new((120, 40));
    driver.press(":").write("leccion 1.3").press("enter 2").shows("la lección se está preparando");
}

#[test]
fn a_question_out_of_sight_is_shown_before_it_is_answered() {
    let mut driver = playing((80, 24), "1.3");
    driver.hides("  1 No.");
    driver.press("enter").shows("  1 No.");
    driver.press("enter").shows("elige una opción");
    driver.shows("○ Responde la predicción");
    driver.press("down").shows("▸ 1 No.");
    driver.press("enter").shows("● Responde la predicción");
}

#[test]
fn nothing_goes_on_alone() {
    let mut driver = playing((120, 40), "1.3");
    driver.shows("▼ Enter: seguir leyendo");
    driver.press("enter").shows("↑ ↓: elegir una opción");
    driver.press("1 enter");
    outage(&mut driver);
    driver.shows("siguiente paso");
    driver.shows("paso 1 de 3");
    // Pressed before anybody could read what the run answered.
    driver.press("enter").shows("paso 1 de 3");
    driver.send(Msg::Clock(now() + SignedDuration::from_secs(1)));
    driver.press("enter").shows("Paso 2 de");
}

#[test]
fn refusals_of_the_editor_reach_the_lesson() {
    let mut driver = playing((120, 40), "5.2");
    driver.press("1 enter e").shows("Editor · apuntes.yaml (lección 5.2)");
    let reading = |effect: &Effect| if let Effect::ReadFile(ticket, _) = effect { Some(*ticket) } else { None };
    driver.answer(reading, Reply::NoFile);
    driver.shows("kind: Deployment");
    driver.press("ctrl-e");
    let submitted = |effect: &Effect| if let Effect::Submit(ticket, ..) = effect { Some(*ticket) } else { None };
    if driver.effects.iter().any(|effect| submitted(effect).is_some()) {
        let failure =
            Failure { reason: "BadRequest".into(), message: "no matches for kind".into(), ..Failure::default() };
        driver.answer(submitted, Reply::Submitted(Mode::Apply, vec![Err(failure)]));
    }
    driver.press("esc").shows("● Aplica el manifiesto y lee el rechazo");
    assert!(driver.effects.iter().any(|effect| matches!(effect, Effect::WriteFile { .. })), "lo escrito se queda");
    driver.shows("siguiente paso");
}

#[test]
fn leaving_asks_and_gives_the_namespace_back() {
    let mut driver = playing((80, 24), "5.2");
    assert_eq!(driver.app.state.scope.only(), Some("leccion-5-2"));
    driver.press("esc").shows("Tab: volver a la lección");
    driver.press("esc").shows("¿Dejar la lección?");
    driver.press("n").shows("Tab: volver a la lección");
    driver.press("esc s").hides("lección");
    assert!(driver.app.state.scope.all());
    assert!(matches!(driver.effects.last(), Some(Effect::Stop(_))));
}

#[test]
fn a_lesson_that_cannot_be_prepared_says_why() {
    let mut driver = playing((80, 24), "5.2");
    driver.answer(asked, Reply::Lesson(News::Failed("el espacio de nombres existe".into())));
    driver.shows("La lección no se puede preparar");
    driver.press("r");
    driver.shows("Preparando la lección");
    driver.press(":").write("leccion 9.9").press("enter").shows("no hay lección 9.9");
}
