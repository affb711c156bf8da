//! Tree and relations: lists of objects that can be entered. Must not know how they are tied.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::model::format::{fit, pad, width};
use crate::tui::model::kin::Link;
use crate::tui::theme::Theme;
use crate::tui::widgets::panel::lines;
use crate::tui::widgets::text::{clip, heading, light, span};
use crate::tui::widgets::window;

/// The widest that a name may be before what is said of it is pushed out.
const WIDEST: usize = 64;

/// Draws the part of the list around the chosen line.
pub fn draw(frame: &mut Frame, area: Rect, links: &[Link], chosen: usize, theme: Theme) {
    let shown = window::around(chosen, links.len(), usize::from(area.height));
    let label = links.iter().filter(|link| !link.heading).map(|link| width(&link.branch) + width(&link.label));
    let column = label.max().unwrap_or(0).min(WIDEST);
    let room = usize::from(area.width);
    lines(frame, area, shown.map(|index| line(&links[index], index == chosen, column, room, theme)));
}

fn line(link: &Link, chosen: bool, column: usize, room: usize, theme: Theme) -> Line<'static> {
    if link.heading {
        return heading(theme, &link.label);
    }
    let style = match (chosen, link.own) {
        (true, _) => theme.selected(),
        (false, true) => theme.strong(),
        (false, false) => theme.text(),
    };
    let left = column.saturating_sub(width(&link.branch));
    let sign = link.light.map_or_else(|| span("  ", theme.text()), |sign| light(theme, sign));
    let own = if link.own { "   ← aquí estás" } else { "" };
    let spans = vec![
        span("  ", theme.text()),
        span(link.branch.clone(), theme.dim()),
        sign,
        span(pad(&fit(&link.label, left), left), style),
        span(format!("  {}", link.note), theme.dim()),
        span(own, theme.accent()),
    ];
    clip(spans, room)
}
