//! Detail and logs.

use serde_json::json;

use super::fixture::{Driver, SIZES, golden};
use super::lists::table;
use crate::tui::model::failure::Failure;
use crate::tui::msg::{Effect, Reply, Ticket};

pub fn object(effect: &Effect) -> Option<Ticket> {
    if let Effect::Object(ticket, _) = effect { Some(*ticket) } else { None }
}

fn pod() -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "api-5c9b8d7f66-s2t3u", "namespace": "default", "creationTimestamp": "2026-05-01T11:58:00Z",
            "labels": {"app": "api", "pod-template-hash": "5c9b8d7f66"}, "managedFields": [{"manager": "x"}],
            "ownerReferences": [{"kind": "ReplicaSet", "name": "api-5c9b8d7f66"}]},
        "spec": {"nodeName": "worker-2", "serviceAccountName": "default", "containers": [
            {"name": "api", "image": "timonel/demo:v1", "ports": [{"containerPort": 8080}],
             "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}},
             "env": [{"name": "DEBUG", "value": "true"}],
             "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5}},
            {"name": "cola", "image": "timonel/demo:v2"}]},
        "status": {"phase": "Pending", "podIP": "10.244.2.8", "qosClass": "Burstable",
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-05-01T11:58:00Z"},
                {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "containers with unready status: [cola]", "lastTransitionTime": "2026-05-01T11:58:00Z"}],
            "containerStatuses": [
                {"name": "api", "ready": true, "restartCount": 0, "state": {"running": {"startedAt": "2026-05-01T11:58:20Z"}}},
                {"name": "cola", "ready": false, "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 20s restarting failed container"}}}]}
    })
}

pub fn detail(size: (u16, u16)) -> Driver {
    let mut driver = Driver::new(size);
    driver.press(":").write("po").press("enter").table(table()).press("enter");
    let events = vec![
        json!({"type": "Normal", "reason": "Scheduled", "message": "Successfully assigned default/api-5c9b8d7f66-s2t3u to worker-2", "lastTimestamp": "2026-05-01T11:58:00Z"}),
        json!({"type": "Warning", "reason": "BackOff", "message": "Back-off restarting failed container cola in pod api-5c9b8d7f66-s2t3u", "count": 4, "lastTimestamp": "2026-05-01T11:59:50Z"}),
    ];
    driver.answer(object, Reply::Object(Ok(pod()))).answer(object, Reply::Events(Ok(events)));
    driver
}

#[test]
fn golden_detail() {
    for size in SIZES {
        golden("detail", &mut detail(size));
    }
}

#[test]
fn golden_yaml_hides_managed_fields() {
    let mut driver = detail((80, 24));
    driver.press("y");
    driver.hides("managedFields");
    golden("detail_yaml", &mut driver);
}

#[test]
fn a_change_asks_again_and_an_end_keeps_the_last_news() {
    let mut driver = detail((120, 40));
    let asked = |driver: &Driver| driver.effects.iter().filter(|effect| matches!(effect, Effect::Object(..))).count();
    let before = asked(&driver);
    driver.answer(object, Reply::Row(crate::tui::model::table::Row::default()));
    assert_eq!(asked(&driver), before + 1);
    driver.answer(object, Reply::RowGone(String::new()));
    driver.shows("ya no existe");
    driver.shows("timonel/demo:v1");
}

pub fn logs(size: (u16, u16)) -> Driver {
    let mut driver = Driver::new(size);
    driver.press(":").write("po").press("enter").table(table()).press("l");
    driver.answer(object, Reply::Object(Ok(pod())));
    let line = |number: usize| {
        format!("2026-05-01T12:{:02}:{:02}.000000000Z GET /tienda/{number} 200", number / 60, number % 60)
    };
    driver.answer(object, Reply::Lines(1, (0..100).map(line).collect()));
    driver
}

#[test]
fn golden_logs() {
    let mut driver = logs((80, 24));
    golden("logs", &mut driver);
    golden("logs_filtered", driver.press("/").write("/7").press("enter t"));
}

#[test]
fn logs_are_followed_until_one_scrolls_up() {
    let mut driver = logs((80, 24));
    driver.shows("/tienda/99");
    driver.press("k k k");
    driver.hides("/tienda/99");
    driver.answer(object, Reply::Lines(1, vec!["2026-05-01T12:02:00Z la última".into()]));
    driver.hides("la última");
    driver.press("f");
    driver.shows("la última");
}

#[test]
fn logs_stop_where_they_are_and_hide_nothing_that_was_seen() {
    let mut driver = logs((80, 24));
    driver.press("f");
    driver.shows("◌ quieto");
    driver.shows("/tienda/99");
    driver.answer(object, Reply::Lines(1, vec!["2026-05-01T12:02:00Z la última".into()]));
    driver.hides("la última");
    driver.press("f");
    driver.shows("la última");
    driver.shows("● siguiendo");
}

#[test]
fn logs_are_bounded() {
    let mut driver = logs((80, 24));
    let long = "x".repeat(1 << 20);
    driver.answer(object, Reply::Lines(1, (0..30).map(|_| long.clone()).collect()));
    driver.answer(object, Reply::Lines(1, (0..25_000).map(|number| format!("línea {number}")).collect()));
    driver.shows("línea 24999");
    driver.shows("lo más antiguo ya no se guarda");
}

#[test]
fn another_container_and_the_run_before() {
    let mut driver = logs((120, 40));
    let asked = |driver: &Driver| {
        let logs = driver.effects.iter().filter_map(|effect| match effect {
            Effect::Logs(_, number, request) => Some((*number, request.container.clone(), request.previous)),
            _ => None,
        });
        logs.collect::<Vec<_>>()
    };
    let (app, tail) = (Some("api".to_owned()), Some("cola".to_owned()));
    assert_eq!(asked(&driver), [(1, app.clone(), false), (2, tail.clone(), false)]);
    driver.answer(object, Reply::Lines(2, vec!["2026-05-01T12:02:00Z de la cola".into()]));
    driver.hides("de la cola");
    driver.press("tab");
    driver.shows("de la cola");
    driver.hides("/tienda/99");
    driver.press("tab");
    driver.shows("2 contenedores juntos");
    driver.shows("cola de la cola");
    driver.press("p");
    assert_eq!(asked(&driver)[2..], [(3, app, true), (4, tail, true)]);
    driver.answer(object, Reply::Lines(2, vec!["2026-05-01T12:02:01Z tarde".into()]));
    driver.hides("tarde");
}

#[test]
fn a_log_is_filtered_with_its_neighbours_and_saved_as_it_is_seen() {
    let mut driver = logs((120, 40));
    driver.press("x");
    driver.shows("primero filtra");
    driver.press("/").write("tienda/50").press("enter");
    driver.hides("/tienda/49");
    driver.press("x");
    driver.shows("y 2 líneas alrededor");
    driver.shows("/tienda/48");
    driver.hides("/tienda/47");
    driver.app.state.data_dir = Some("/datos".into());
    driver.press("ctrl-s");
    let Some(Effect::WriteFile { path, text, .. }) = driver.effects.last() else { panic!("nothing was saved") };
    assert!(path.starts_with("/datos") && path.extension().is_some_and(|it| it == "txt"), "{path:?}");
    assert_eq!(text.lines().count(), 5);
}

#[test]
fn lines_in_json_are_read_as_text_until_asked_as_they_are() {
    let mut driver = logs((120, 40));
    let line = r#"2026-05-01T12:03:00Z {"level":"error","msg":"sin disco","libre":0}"#;
    driver.answer(object, Reply::Lines(1, vec![line.into()]));
    driver.shows("ERROR  sin disco  libre=0");
    driver.press("J");
    driver.shows(r#"{"level":"error","msg":"sin disco","libre":0}"#);
}

#[test]
fn a_log_may_begin_a_few_minutes_ago() {
    let mut driver = logs((120, 40));
    driver.press("m");
    driver.shows("el último minuto");
    let Some(Effect::Logs(_, _, request)) = driver.effects.last() else { panic!() };
    assert_eq!(request.minutes, 1);
    driver.press("m m m m");
    driver.hides("minuto");
    driver.hides("/tienda/99");
}

#[test]
fn a_log_without_lines_says_why() {
    let mut driver = logs((120, 40));
    driver.press("/").write("nada de esto").press("enter");
    driver.shows("Ninguna línea pasa el filtro (Esc lo quita).");
    driver.press("esc p");
    driver.shows("Todavía no ha escrito nada.");
    for number in [3, 4] {
        let failure =
            Failure { code: 400, ..Failure::broken("previous terminated container \"api\" in pod not found") };
        driver.answer(object, Reply::LogEnd(number, Some(failure)));
    }
    driver.shows("no se ha reiniciado");
}
