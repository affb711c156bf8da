//! Where the panel stands, and what of it is in sight. Must not change anything.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::body::{self, Body};
use super::{Play, foot};
use crate::tui::state::State;
use crate::tui::widgets::panel::{lines, panel, row};
use crate::tui::widgets::text::{clip, span};

/// Columns from which lesson and bridge stand side by side.
const WIDE: u16 = 100;
/// The narrowest and the widest panel beside the bridge.
const PANEL: (u16, u16) = (44, 60);
/// Rows of the frame around the views.
const AROUND: u16 = 3;

/// Whether there is room for both.
pub fn wide(size: (u16, u16)) -> bool {
    size.0 >= WIDE
}

/// Columns of the panel on a screen of that size.
fn columns(size: (u16, u16)) -> u16 {
    if wide(size) { (size.0 * 2 / 5).clamp(PANEL.0, PANEL.1) } else { size.0 }
}

/// The room inside the panel.
fn room(state: &State) -> (usize, usize) {
    let height = state.size.1.saturating_sub(AROUND + 2);
    (usize::from(columns(state.size).saturating_sub(4)), usize::from(height))
}

/// Rows for the body: what the foot leaves.
pub fn page(play: &Play, state: &State) -> usize {
    let (width, height) = room(state);
    height.saturating_sub(foot::lines(play, width, state).len()).max(1)
}

/// The first line to show: within the body, and with what is asked in sight.
pub fn top(play: &Play, state: &State) -> usize {
    let body = body::body(play, room(state).0, state);
    let page = page(play, state);
    let last = body.lines.len().saturating_sub(page);
    let top = play.top.min(last);
    match (play.follow, asked(&body, page), body.verdict) {
        (true, Some(asked), _) => top.max(first(&asked, page)).min(asked.start),
        (true, None, Some(verdict)) => verdict.min(last),
        _ => top,
    }
}

/// How many lines below the first one shown what is asked would have to be to stand at the end of the page.
pub fn below(play: &Play, state: &State) -> usize {
    let page = page(play, state);
    let asked = asked(&body::body(play, room(state).0, state), page);
    asked.map_or(0, |asked| first(&asked, page).min(asked.start).saturating_sub(play.top))
}

/// The first line of a page that ends just behind what is asked.
fn first(asked: &Range<usize>, page: usize) -> usize {
    (asked.end + 1).saturating_sub(page)
}

/// What must be read before it is answered: all options, or the marked one where they do not fit at once.
fn asked(body: &Body, page: usize) -> Option<Range<usize>> {
    body.options.clone().filter(|options| options.len() <= page).or_else(|| body.marked.clone())
}

/// Whether what is asked can be read now.
pub fn in_sight(play: &Play, state: &State) -> bool {
    let page = page(play, state);
    let asked = asked(&body::body(play, room(state).0, state), page);
    asked.is_none_or(|asked| play.top <= asked.start && asked.end <= play.top + page)
}

/// Whether what the run answered begins in what is shown; where it answered nothing, all of it is.
pub fn verdict_in_sight(play: &Play, state: &State) -> bool {
    let verdict = body::body(play, room(state).0, state).verdict;
    verdict.is_none_or(|line| (play.top..play.top + page(play, state)).contains(&line))
}

/// Draws the panel beside the bridge, or the one of them that has the keys.
pub fn draw(play: &Play, frame: &mut Frame, area: Rect, state: &State) {
    if !wide(state.size) {
        return if play.on_bridge { alone(play, frame, area, state) } else { lesson(play, frame, area, state) };
    }
    let columns = columns(state.size).min(area.width);
    let left = Rect { width: area.width - columns, ..area };
    play.bridge.draw(frame, left, state);
    lesson(play, frame, Rect { x: area.x + left.width, width: columns, ..area }, state);
}

/// The bridge with one line that says how to get back.
fn alone(play: &Play, frame: &mut Frame, area: Rect, state: &State) {
    row(frame, area, 0, strip(play, usize::from(area.width), state));
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    play.bridge.draw(frame, below, state);
}

fn strip(play: &Play, room: usize, state: &State) -> Line<'static> {
    let theme = state.theme;
    let view = play.session.view();
    let mut spans = vec![span(" Tab: volver a la lección ", theme.selected())];
    spans.push(span(format!("  paso {} de {}  ", view.step, view.steps), theme.dim()));
    let shares = play.meters.all().iter().filter_map(|meter| Some((&meter.to, meter.percent()?)));
    for (to, percent) in shares {
        let style = if percent == 100 { theme.good() } else { theme.bad() };
        spans.extend([span(format!("→ {to} "), theme.strong()), span(format!("{percent} %  "), style)]);
    }
    for goal in &view.goals {
        spans.push(if goal.done { span("● ", theme.good()) } else { span("○ ", theme.dim()) });
    }
    if view.can_advance {
        spans.push(span(" paso completo", theme.good()));
    } else if let Some(next) = view.goals.iter().find(|goal| !goal.done) {
        // One line has no room for marks.
        let begun = foot::begun(next).map(|begun| span(format!("{begun} · "), theme.warn()));
        spans.extend(begun.into_iter().chain([span(next.text.replace(['`', '*'], ""), theme.text())]));
    }
    clip(spans, room)
}

fn lesson(play: &Play, frame: &mut Frame, area: Rect, state: &State) {
    let theme = state.theme;
    let view = play.session.view();
    let Body { lines: body, verdict, .. } = body::body(play, usize::from(area.width.saturating_sub(4)), state);
    let unseen = play.pending().is_some() && !in_sight(play, state);
    let unread = view.can_advance && view.debrief.is_none() && !verdict_in_sight(play, state);
    let foot = match (usize::from(area.width.saturating_sub(4)), unseen, unread) {
        (room, true, _) => foot::unseen(play, room, state),
        (room, false, true) => foot::unread(play, room, verdict.is_some_and(|line| line < play.top), state),
        (room, false, false) => foot::lines(play, room, state),
    };
    let page = page(play, state);
    let more = play.top + page < body.len();
    let title = format!(" {} {} ", view.id, view.title);
    let note = match more {
        true if unseen => span(" ▼ las opciones siguen abajo ", theme.warn()),
        true => span(" ▼ sigue: AvPág ", theme.warn()),
        false => span(format!(" paso {} de {} ", view.step, view.steps), theme.dim()),
    };
    let style = if play.on_bridge { theme.dim() } else { theme.accent() };
    let inner = panel(frame, area, Line::styled(title, theme.strong()), Line::from(note), style);
    let above = Rect { height: inner.height.min(u16::try_from(page).unwrap_or(u16::MAX)), ..inner };
    lines(frame, above, body.into_iter().skip(play.top));
    let below = Rect { y: above.y + above.height, height: inner.height - above.height, ..inner };
    lines(frame, below, foot);
}
