//! Rounded boxes: at rest they are dim, the one in focus takes the accent.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear, Paragraph};

use crate::tui::theme::Theme;

/// Draws a box and gives the room inside it, one blank at each side.
pub fn panel(frame: &mut Frame, area: Rect, title: Line<'_>, note: Line<'_>, style: Style) -> Rect {
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(style);
    let block = block.title_top(title).title_bottom(note.right_aligned());
    let inner = block.inner(area);
    frame.render_widget(block, area);
    Rect { x: inner.x + inner.width.min(1), width: inner.width.saturating_sub(2), ..inner }
}

/// A box in the middle of the screen, over what is there; gives the room inside it.
pub fn dialog(frame: &mut Frame, area: Rect, size: (u16, u16), title: &str, theme: Theme) -> Rect {
    let width = size.0.min(area.width);
    let height = size.1.min(area.height);
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 3;
    let spot = Rect { x, y, width, height };
    frame.render_widget(Clear, spot);
    panel(frame, spot, Line::styled(format!(" {title} "), theme.strong()), Line::default(), theme.accent())
}

/// Lines from the top of an area; what does not fit is left out.
pub fn lines<'a>(frame: &mut Frame, area: Rect, lines: impl IntoIterator<Item = Line<'a>>) {
    let shown: Vec<Line> = lines.into_iter().take(usize::from(area.height)).collect();
    frame.render_widget(Paragraph::new(shown), area);
}

/// One line at a row of an area.
pub fn row(frame: &mut Frame, area: Rect, at: u16, line: Line<'_>) {
    if at < area.height {
        frame.render_widget(line, Rect { y: area.y + at, height: 1, ..area });
    }
}
