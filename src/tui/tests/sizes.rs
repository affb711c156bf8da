//! Any size draws: no panic, and something to read.

use super::fixture::Driver;
use crate::tui::msg::Msg;

#[test]
fn four_hundred_random_sizes_never_panic() {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut driver = Driver::new((80, 24));
    let mut empty = Driver::empty((80, 24));
    driver.press("tab down down");
    for _ in 0..400 {
        let (width, height) = (rng.u16(20..=300), rng.u16(5..=100));
        for driver in [&mut driver, &mut empty] {
            driver.send(Msg::Resize(width, height));
            assert!(!driver.screen().trim().is_empty());
        }
        if rng.u8(..8) == 0 {
            driver.press(["?", "q", ":", "esc", "C", "tab", "down", "right"][rng.usize(..8)]);
        }
    }
}

#[test]
fn a_tiny_terminal_says_so_in_spanish() {
    let driver = Driver::new((20, 5));
    driver.shows("Agranda la terminal");
    driver.shows("20x5");
}
