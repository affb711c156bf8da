//! Looking back: steps, play, comparison, lists as they were, nothing changed meanwhile.

use jiff::SignedDuration;

use super::fixture::{Driver, SIZES, golden, now, pod};
use super::lists::table;
use crate::tui::model::cluster::{Change, Source};
use crate::tui::model::facts::{Fact, Happening, Key};
use crate::tui::msg::{Effect, Msg, Reply, Ticket};

/// A pod that comes, is told of, and is deleted, a second between each.
fn story(size: (u16, u16)) -> Driver {
    let mut driver = Driver::new(size);
    let born = Fact::Pod(pod("nuevo-7d4b9c6f5-zzzzz", "web", "worker-2", "10.244.2.9").into());
    let event = Fact::Event(
        Happening {
            key: Key::new("default", "e9"),
            at: Some(now()),
            reason: "Killing".into(),
            message: "Stopping container web".into(),
            kind: "Pod".into(),
            object: "db-0".into(),
            ..Happening::default()
        }
        .into(),
    );
    let gone = Change::Remove(Source::Pods, Key::new("default", "db-0"));
    for (second, change) in (1..).zip([Change::Put(born), Change::Revision(1290), Change::Put(event), gone]) {
        driver.send(Msg::Clock(now() + SignedDuration::from_secs(second)));
        driver.send(Msg::Cluster(vec![change]));
    }
    driver
}

/// Looking back.
pub fn past(size: (u16, u16)) -> Driver {
    let mut driver = story(size);
    driver.press("t left");
    driver
}

fn pause(effect: &Effect) -> Option<Ticket> {
    if let Effect::Pause(ticket, ..) = effect { Some(*ticket) } else { None }
}

#[test]
fn golden_timeline() {
    for size in SIZES {
        golden("timeline", &mut past(size));
    }
    golden("timeline_compare", story((120, 40)).press("t g v"));
}

#[test]
fn a_deletion_is_gone_back_before_and_time_comes_back_to_now() {
    let mut driver = story((120, 40));
    driver.hides("✕ db-0");
    driver.press("t left");
    driver.shows("◀ 12:00:03 pasado");
    driver.shows("Pod/db-0  Killing: Stopping container web");
    driver.shows("✕ db-0");
    driver.press("left");
    driver.shows("pod nuevo-7d4b9c6f5-zzzzz: aparece (Running)");
    driver.press("left");
    driver.hides("nuevo-7d4b9c6f5-zzzzz");
    driver.press("G");
    driver.shows("pod db-0: se va");
    driver.press("esc");
    driver.shows("● en vivo");
    driver.hides("✕ db-0");
}

#[test]
fn the_bridge_of_the_past_is_looked_into() {
    let mut driver = story((120, 40));
    driver.press("t left tab backtab X");
    driver.shows("¿Por qué? · default · pod/db-0");
    driver.press("esc v down");
    driver.shows("v vuelve al puente");
}

#[test]
fn what_happens_meanwhile_is_kept_and_seen_on_coming_back() {
    let mut driver = story((120, 40));
    driver.press("t g");
    driver.send(Msg::Cluster(vec![Change::Put(Fact::Pod(
        pod("tarde-7d4b9c6f5-yyyyy", "web", "worker-1", "10.244.1.9").into(),
    ))]));
    driver.hides("tarde-7d4");
    driver.press("esc");
    driver.shows("tarde-7d4");
}

#[test]
fn the_past_is_played_and_compared() {
    let mut driver = story((120, 40));
    driver.press("t g v");
    driver.shows("+ pod nuevo-7d4b9c6f5-zzzzz");
    driver.shows("- pod db-0");
    driver.press("v + space");
    driver.shows("▶ reproduciendo · ×8");
    for turn in 1..=3 {
        driver.answer(pause, Reply::Pause(turn));
    }
    driver.shows("pod db-0: se va");
    driver.shows("ya es ahora");
    driver.press("E");
    driver.shows("Killing");
}

#[test]
fn lists_of_the_past_are_asked_for_at_their_revision_and_nothing_is_changed() {
    let mut driver = story((120, 40));
    driver.press("t left :").write("po").press("enter");
    let asked = |effect: &Effect| if let Effect::Table(_, listing) = effect { listing.revision } else { None };
    assert_eq!(driver.effects.iter().rev().find_map(asked), Some(1290));
    driver.table(table());
    driver.press("ctrl-d");
    driver.shows("estás mirando el pasado");
}

#[test]
fn from_a_list_of_the_past_one_comes_back_to_its_moment_and_logs_are_refused() {
    let mut driver = story((120, 40));
    driver.press("t left");
    let moment = driver.app.state.past.as_ref().unwrap().place;
    driver.press(":").write("po").press("enter");
    driver.table(table());
    driver.press("l");
    driver.shows("los logs son los de ahora");
    driver.press("t");
    driver.shows("Línea de tiempo");
    assert_eq!(driver.app.state.past.as_ref().unwrap().place, moment);
}

#[test]
fn the_moment_before_the_last_deletion_is_a_key_away() {
    let mut driver = story((120, 40));
    driver.send(Msg::Cluster(vec![Change::Put(Fact::Pod(pod("tarde-1", "web", "worker-1", "10.244.1.9").into()))]));
    driver.press("t D");
    driver.shows("justo antes de que se borrara: pod db-0");
    driver.shows("✕ db-0");
    driver.hides("tarde-1");
    driver.press("D");
    driver.shows("nadie pidió borrar nada que se recuerde");
}

#[test]
fn a_list_under_the_time_line_comes_back_to_now() {
    let mut driver = story((120, 40));
    driver.press(":").write("po").press("enter");
    driver.table(table());
    driver.press("t D");
    let asked = |effect: &Effect| if let Effect::Table(_, listing) = effect { Some(listing.revision) } else { None };
    assert!(driver.effects.iter().rev().find_map(asked).flatten().is_some(), "as it was then");
    driver.press("esc");
    driver.shows("● en vivo");
    assert_eq!(driver.effects.iter().rev().find_map(asked), Some(None), "as it is now");
}
