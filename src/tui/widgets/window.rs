//! Which part of a long list is on screen: only visible rows are built. Pure.

use std::ops::Range;

use crate::tui::keys::Action;

/// The rows to show so that the chosen one is in sight, with others around it.
pub fn around(chosen: usize, total: usize, room: usize) -> Range<usize> {
    let room = room.min(total);
    let start = chosen.saturating_sub(room / 2).min(total - room);
    start..start + room
}

/// `1–18 de 43`, where not all is shown.
pub fn mark(shown: &Range<usize>, total: usize) -> Option<String> {
    (shown.len() < total).then(|| format!("{}–{} de {total}", shown.start + 1, shown.end))
}

/// Where the choice goes after a move, within the list.
pub fn step(chosen: usize, total: usize, by: isize) -> usize {
    chosen.saturating_add_signed(by).min(total.saturating_sub(1))
}

/// The same where one step past an end leads to the other: for short lists.
pub fn turn(chosen: usize, total: usize, by: isize) -> usize {
    match by {
        -1 if chosen == 0 => total.saturating_sub(1),
        1 if chosen + 1 >= total => 0,
        _ => step(chosen, total, by),
    }
}

/// How far an action moves in a list whose page has so many rows; 0 for what does not move.
pub fn by(action: Action, page: usize) -> isize {
    let page = isize::try_from(page).unwrap_or(1).max(1);
    match action {
        Action::Down => 1,
        Action::Up => -1,
        Action::PageDown => page,
        Action::PageUp => -page,
        Action::Top => isize::MIN,
        Action::Bottom => isize::MAX,
        _ => 0,
    }
}
