//! The masters on the bridge: four boxes, or one line of lights where there is little room.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::nav::Spot;
use super::workers::{border, told_beat};
use crate::tui::model::bridge::{Loop, Master};
use crate::tui::model::flash::Actor;
use crate::tui::model::format::{fit, fit_middle};
use crate::tui::model::light::Light;
use crate::tui::model::metrics::sparkline;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::widgets::panel::{lines, panel, row};
use crate::tui::widgets::text::{clip, light, span};

/// What is told of the requests while nothing is measured.
const CALM: &str = "sin medir";

/// The masters as those who act, in their order.
const ACTORS: [Actor; 4] = [Actor::ApiServer, Actor::Controllers, Actor::Scheduler, Actor::Etcd];

/// Height of the boxes.
pub const HEIGHT: u16 = 4;

/// One line: a light, the name and the one figure of each, as far as they fit.
pub fn brief(frame: &mut Frame, area: Rect, masters: &[Master], chosen: Option<&Spot>, state: &State) {
    let theme = state.theme;
    let room = usize::from(area.width);
    let spaced = |(gap, shown): (&str, usize)| {
        let each = |(index, master): (usize, &Master)| {
            let style = match chosen == Some(&Spot::Master(index)) {
                true => theme.selected(),
                false if state.lit(&ACTORS[index]) => theme.strong(),
                false => theme.text(),
            };
            let brief = if rests(master, state) { CALM } else { &master.brief };
            let figure = if index < masters.len() - shown { String::new() } else { format!(" {brief}") };
            let figure = span(figure, theme.dim());
            let before = span(if index == 0 { " " } else { gap }.to_owned(), theme.text());
            [before, light(theme, master.light), span(short(master.name), style), figure]
        };
        masters.iter().enumerate().flat_map(each).collect::<Vec<Span>>()
    };
    let fits = |spans: &Vec<Span>| spans.iter().map(Span::width).sum::<usize>() < room;
    // The last figures are the last to go: lessons ask for the queue and the revision.
    let ways = [("   ", 4), ("  ", 4), (" ", 4), ("  ", 3), (" ", 3)];
    let spans = ways.map(spaced).into_iter().find(fits).unwrap_or_else(|| spaced((" ", 2)));
    row(frame, area, 0, clip(spans, room));
}

/// Whether its requests are not measured now: what was measured last is no news.
fn rests(master: &Master, state: &State) -> bool {
    master.spark && state.resting && master.light == Light::Good
}

fn short(name: &'static str) -> &'static str {
    match name {
        "API Server" => "API",
        "Controller Manager" => "Controllers",
        other => other,
    }
}

/// Four boxes side by side; the one with the loops is wider.
pub fn boxes(frame: &mut Frame, area: Rect, masters: &[Master], chosen: Option<&Spot>, state: &State) {
    let theme = state.theme;
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let wide = [Constraint::Fill(5), Constraint::Fill(8), Constraint::Fill(5), Constraint::Fill(5)];
    let columns: [Rect; 4] = Layout::horizontal(wide).spacing(1).areas(inner);
    for (index, (master, area)) in masters.iter().zip(columns).enumerate() {
        let focused = chosen == Some(&Spot::Master(index));
        let border = border(focused, &ACTORS[index], state);
        let name = if focused { theme.selected() } else { theme.strong() };
        let title = Line::from(vec![
            span(" ", theme.text()),
            light(theme, master.light),
            span(master.name, name),
            span(" ", theme.text()),
        ]);
        let room = panel(frame, area, title, beat(master, state), border);
        lines(frame, room, body(master, usize::from(room.width), state));
    }
}

fn beat(master: &Master, state: &State) -> Line<'static> {
    let told = |age| Line::styled(told_beat(age, master.light != Light::Bad, state), state.theme.dim());
    master.beat.map(told).unwrap_or_default()
}

fn body(master: &Master, room: usize, state: &State) -> Vec<Line<'static>> {
    let theme = state.theme;
    let mut body = Vec::new();
    for (index, text) in master.lines.iter().enumerate() {
        let style = if index == 0 { theme.text() } else { theme.dim() };
        let text = if rests(master, state) { CALM } else { text };
        let cut = if text.contains('→') { fit_middle(text, room) } else { fit(text, room) };
        body.push(Line::styled(cut, style));
    }
    if master.spark {
        body.push(Line::styled(sparkline(&state.cluster.metrics.history, room), theme.accent()));
    }
    if !master.loops.is_empty() && master.lines.len() < 2 {
        body.extend(master.loops.chunks(2).map(|pair| loops(theme, pair, room)));
    }
    body
}

fn loops(theme: Theme, pair: &[Loop], room: usize) -> Line<'static> {
    let column = room / 2;
    let mut spans: Vec<Span> = Vec::new();
    for each in pair {
        let sign = if each.total == 0 { light(theme, Light::Done) } else { light(theme, each.light) };
        let count = format!(" {}/{}", each.done, each.total);
        let name = fit(each.name, column.saturating_sub(4 + count.len()).max(1));
        let blanks = column.saturating_sub(2 + name.len() + count.len());
        spans.extend([
            sign,
            span(name, theme.text()),
            span(count, theme.dim()),
            span(" ".repeat(blanks), theme.text()),
        ]);
    }
    Line::from(spans)
}
