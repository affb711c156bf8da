//! The mouse: rows, headers, hints, the wheel.

use ratatui::crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::fixture::Driver;
use super::lists::pods;
use crate::tui::msg::Msg;

impl Driver {
    fn mouse(&mut self, kind: MouseEventKind, text: &str) -> &mut Self {
        let screen = self.screen();
        let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(text)).unwrap();
        let column = line.split(text).next().unwrap().chars().count();
        let [column, row] = [column, row].map(|place| u16::try_from(place).unwrap());
        self.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        self
    }

    /// Presses where the screen says this.
    pub fn click(&mut self, text: &str) -> &mut Self {
        self.mouse(MouseEventKind::Down(MouseButton::Left), text)
    }
}

#[test]
fn a_header_sorts_and_again_turns_the_order_round() {
    let mut driver = pods((120, 40));
    driver.click("RESTARTS");
    driver.shows("RESTARTS↑");
    driver.click("RESTARTS↑");
    driver.shows("RESTARTS↓");
}

#[test]
fn a_row_is_chosen_and_then_entered() {
    let mut driver = pods((120, 40));
    driver.click("web-6f7d9c8b54-c3d4e").click("web-6f7d9c8b54-c3d4e");
    driver.shows("default · pod/web-6f7d9c8b54-c3d4e");
}

#[test]
fn a_hint_does_what_its_key_does() {
    let mut driver = pods((120, 40));
    driver.click("filtrar").write("web");
    driver.shows("/ web");
}

#[test]
fn the_wheel_moves_the_choice() {
    let mut driver = pods((120, 40));
    driver.mouse(MouseEventKind::ScrollDown, "NAME").press("enter");
    driver.shows("pod/web-6f7d9c8b54-c3d4e");
}
