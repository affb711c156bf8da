//! The tour: shown card by card, left at any moment.

use super::fixture::{Driver, SIZES, golden};

#[test]
fn golden_tour() {
    for size in SIZES {
        golden("tour", Driver::new(size).press(":").write("recorrido").press("enter enter"));
    }
}

#[test]
fn the_tour_goes_on_with_enter_and_ends_after_the_last_card() {
    let mut driver = Driver::new((120, 40));
    driver.press(":").write("recorrido").press("enter");
    driver.shows("Esto es el puente");
    for _ in 0..6 {
        driver.press("enter");
    }
    driver.shows("Las lecciones");
    driver.press("left");
    driver.shows("Romper para aprender");
    driver.press("enter enter");
    driver.hides("Enter sigue");
}
