//! The bridge: what it looks like, and moving over it.

use super::fixture::{Driver, SIZES, golden, pod};
use crate::tui::model::light::Light;

#[test]
fn golden_bridge() {
    for size in SIZES {
        golden("bridge", &mut Driver::new(size));
    }
}

#[test]
fn golden_bridge_with_a_thousand_pods() {
    for size in SIZES {
        golden("bridge_1000", &mut Driver::with(size, many(1000)));
    }
}

fn many(count: usize) -> Vec<crate::tui::model::facts::Pod> {
    let each = |index: usize| {
        let node = format!("worker-{}", 1 + index % 3);
        let mut pod = pod(&format!("web-6f7d9c8b54-{index:05}"), "web", &node, "10.244.1.9");
        (pod.cpu, pod.memory) = (5, 8 << 20);
        if index.is_multiple_of(41) {
            (pod.light, pod.status) = (Light::Bad, "CrashLoopBackOff".into());
        }
        if index.is_multiple_of(97) {
            (pod.light, pod.status) = (Light::Busy, "ContainerCreating".into());
        }
        pod
    };
    (0..count).map(each).collect()
}

#[test]
fn golden_bridge_without_a_cluster() {
    golden("bridge_empty", &mut Driver::empty((80, 24)));
}

#[test]
fn the_choice_moves_through_sections_columns_and_pods() {
    let mut driver = Driver::new((120, 40));
    driver.press("tab down");
    golden("bridge_chosen", &mut driver);
    driver.press("ctrl-c n");
    driver.press("right");
    driver.press("tab");
    golden("bridge_service", &mut driver);
}
