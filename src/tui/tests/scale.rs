//! Many pods that keep changing: a key is answered within a frame, nothing is drawn that did not change.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::fixture::{Driver, changes, node, now, pod};
use super::lists::{columns, row};
use crate::base::clock::{Clock, Timing};
use crate::tui::model::cluster::{Change, Source};
use crate::tui::model::facts::{Fact, Lease, Pod};
use crate::tui::model::light::Light;
use crate::tui::model::table::Table;
use crate::tui::msg::{Effect, Msg, Reply};

/// Pods.
const PODS: usize = 10_000;
/// Changes that come in the time of a frame, when 500 come in a second.
const CHANGES: usize = 8;
/// Frames looked at: as many as in two seconds.
const FRAMES: usize = 120;
/// What a frame may take. An executable that is not optimised gets more room, and is held to it all the same.
const BUDGET: Duration = Duration::from_millis(if cfg!(debug_assertions) { 600 } else { 16 });

fn many() -> Vec<Pod> {
    let one = |index: usize| {
        let mut pod =
            pod(&format!("web-6f7d9c8b54-{index:05}"), "web", &format!("worker-{}", 1 + index % 3), "10.244.1.9");
        if index.is_multiple_of(50) {
            (pod.light, pod.status) = (Light::Bad, "CrashLoopBackOff".into());
        }
        pod
    };
    (0..PODS).map(one).collect()
}

fn changed(index: usize, turn: usize) -> Change {
    let mut pod = many_one(index);
    pod.restarts = i32::try_from(turn).unwrap_or(0);
    Change::Put(Fact::Pod(pod.into()))
}

fn many_one(index: usize) -> Pod {
    pod(&format!("web-6f7d9c8b54-{index:05}"), "web", &format!("worker-{}", 1 + index % 3), "10.244.1.9")
}

/// The time that all but one in a hundred frames take, and the longest.
fn measure(driver: &mut Driver, keys: &[&str], table: bool) -> (Duration, Duration) {
    let clock = Clock::new(Timing::Real);
    let mut times = Vec::new();
    let mut rng = fastrand::Rng::with_seed(3);
    for frame in 0..FRAMES {
        let begun = clock.elapsed();
        let news = (0..CHANGES).map(|_| changed(rng.usize(..PODS), frame)).collect();
        driver.app.update(Msg::Cluster(news));
        if table {
            for _ in 0..CHANGES {
                let index = rng.usize(..PODS);
                let row =
                    row("default", &format!("web-6f7d9c8b54-{index:05}"), "1/1", "Running", &frame.to_string(), 200);
                let asked = |effect: &Effect| if let Effect::Table(ticket, _) = effect { Some(*ticket) } else { None };
                let ticket = driver.effects.iter().rev().find_map(asked).unwrap();
                driver.app.update(Msg::Reply(ticket, Reply::Row(row)));
            }
        }
        let key = crate::tui::keys::event(keys[frame % keys.len()]).unwrap();
        driver.app.update(Msg::Key(key));
        driver.app.settle();
        driver.screen();
        times.push(clock.elapsed().saturating_sub(begun));
    }
    times.sort_unstable();
    (times[FRAMES * 99 / 100], times[FRAMES - 1])
}

#[test]
fn a_key_is_drawn_within_a_frame_while_ten_thousand_pods_change() {
    let mut driver = Driver::with((120, 40), many());
    let (bridge, longest) = measure(&mut driver, &["down", "right", "up", "left"], false);
    println!("puente: p99 {bridge:?}, la peor {longest:?}");
    driver.press(":").write("po").press("enter");
    let rows = (0..PODS).map(|index| row("default", &format!("web-6f7d9c8b54-{index:05}"), "1/1", "Running", "0", 200));
    driver.table(Reply::Table(Table { columns: columns(), rows: rows.collect(), ..Table::default() }));
    let (list, longest) = measure(&mut driver, &["down", "pgdn", "up", "G"], true);
    println!("lista: p99 {list:?}, la peor {longest:?}");
    assert!(bridge < BUDGET && list < BUDGET, "puente {bridge:?}, lista {list:?}, tope {BUDGET:?}");
}

#[test]
fn no_key_is_lost_while_everything_changes() {
    let mut driver = Driver::with((120, 40), many());
    driver.press(":").write("po").press("enter");
    let rows = (0..PODS).map(|index| row("default", &format!("web-6f7d9c8b54-{index:05}"), "1/1", "Running", "0", 200));
    driver.table(Reply::Table(Table { columns: columns(), rows: rows.collect(), ..Table::default() }));
    for turn in 0..40 {
        driver.app.update(Msg::Cluster((0..CHANGES).map(|index| changed(index * 7, turn)).collect()));
        driver.app.update(Msg::Key(crate::tui::keys::event("down").unwrap()));
    }
    driver.app.settle();
    let screen = driver.screen();
    driver.press("d");
    driver.shows("default · pod/web-6f7d9c8b54-00040");
    assert!(screen.contains("web-6f7d9c8b54-00040"), "{screen}");
}

#[test]
fn a_cluster_at_rest_draws_the_same_frame_and_asks_for_no_more_than_a_second() {
    let mut driver = Driver::new((120, 40));
    let first = driver.screen();
    driver.send(Msg::Cluster(changes(Vec::new()).into_iter().skip(2).take(1).collect()));
    assert_eq!(first, driver.screen());
    assert_eq!(driver.app.ticks(), Some(Duration::from_secs(1)), "los latidos cuentan segundos");
    driver.press(":").write("recursos").press("enter");
    let before = driver.screen();
    driver.send(Msg::Clock(now() + SignedDuration::from_millis(400)));
    assert_eq!((driver.screen(), driver.app.ticks()), (before, Some(Duration::from_secs(1))), "«hace 4 s»");
    driver.send(Msg::Clock(now() + SignedDuration::from_secs(200)));
    assert_eq!(driver.app.ticks(), Some(Duration::from_secs(60)), "«hace 3 min»");
}

#[test]
fn heartbeats_draw_the_bridge_and_leave_a_list_alone() {
    let mut driver = Driver::new((120, 40));
    let beats = || changes(Vec::new()).into_iter().filter_map(beat).chain([Change::Revision(5000)]).collect::<Vec<_>>();
    driver.app.take_stale();
    driver.send(Msg::Cluster(beats()));
    assert!(driver.app.take_stale() && driver.app.pulses());
    driver.press(":").write("recursos").press("enter");
    driver.app.take_stale();
    let (before, counted) = (driver.screen(), driver.app.state.cluster.tally);
    driver.send(Msg::Cluster(beats()));
    assert!(!driver.app.take_stale() && !driver.app.pulses());
    assert_eq!(driver.screen(), before, "tampoco la revisión de los latidos se ve");
    driver.send(Msg::Cluster(vec![changed(3, 1), Change::Revision(5001)]));
    assert!(driver.app.take_stale());
    driver.shows("rev 5 001");
    assert_eq!(driver.app.state.cluster.tally.serving, counted.serving + 1);
}

/// The heartbeats of a list, one by one.
fn beat(change: Change) -> Option<Change> {
    match change {
        Change::Replace(Source::Leases, facts) => facts.into_iter().next().map(Change::Put),
        _ => None,
    }
}

#[test]
fn what_is_and_what_was_are_kept_once() {
    let mut driver = Driver::with((120, 40), many());
    let key = many_one(7).key;
    let find = |driver: &Driver| driver.app.state.cluster.pods[&key].clone();
    let before = find(&driver);
    driver.send(Msg::Cluster(vec![changed(7, 3)]));
    driver.press("t g");
    assert!(Arc::ptr_eq(&before, &find(&driver)), "el pasado no es una copia");
}

#[test]
fn a_bridge_where_nothing_stirs_counts_no_seconds_until_a_key_or_a_change() {
    let mut driver = Driver::new((120, 40));
    let beats = |at: i64| {
        let at = now() + SignedDuration::from_secs(at);
        let lists = changes(Vec::new()).into_iter().filter_map(|change| match change {
            Change::Replace(Source::Leases, facts) => Some(facts),
            _ => None,
        });
        let lease = |fact| match fact {
            Fact::Lease(it) => Change::Put(Fact::Lease(Lease { renewed: Some(at), ..Lease::clone(&it) }.into())),
            other => Change::Put(other),
        };
        lists.flatten().map(lease).collect::<Vec<_>>()
    };
    let after = |driver: &mut Driver, seconds: i64| {
        driver.send(Msg::Clock(now() + SignedDuration::from_secs(seconds)));
        driver.send(Msg::Cluster(beats(seconds)));
        driver.app.settle();
        driver.screen()
    };
    assert!(after(&mut driver, 9).contains("● en vivo"));
    let still = after(&mut driver, 11);
    assert!(still.contains("● sin cambios") && still.contains("latido ✓"), "{still}");
    assert!(!driver.app.pulses(), "nadie mide mientras");
    assert_eq!(after(&mut driver, 55), still, "no se escribe nada");
    driver.send(Msg::Cluster(vec![Change::Put(Fact::Node(node("worker-1", "True", "10.244.1.0/24").into()))]));
    assert_eq!(after(&mut driver, 56), still, "lo que ya se sabía no despierta");
    driver.press("down");
    assert!(after(&mut driver, 57).contains("● en vivo"));
    after(&mut driver, 80);
    driver.send(Msg::Cluster(vec![Change::Put(Fact::Node(node("worker-1", "Unknown", "10.244.1.0/24").into()))]));
    assert!(after(&mut driver, 81).contains("● en vivo") && driver.app.pulses());
}
