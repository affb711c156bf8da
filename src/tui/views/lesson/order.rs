//! A question whose answer is an order: items are taken one after another by their numbers. Must not judge the order.

use ratatui::text::Line;

use super::Play;
use super::body::Body;
use crate::lessons::view::QuestionView;
use crate::tui::theme::Theme;
use crate::tui::widgets::prose::hanging;
use crate::tui::widgets::text::span;

/// The items, each with its number and, once taken, its place.
pub fn ask(body: &mut Body, play: &Play, question: &QuestionView, room: usize, theme: Theme) {
    let done = question.verdict.is_some();
    let mut items: Vec<_> = question.items.iter().enumerate().collect();
    if done {
        items.sort_by_key(|(_, (place, _))| *place);
    }
    for (index, (place, item)) in items {
        let start = body.lines.len();
        let taken = play.picked.iter().position(|picked| picked == place);
        let (sign, style) = match (done, taken) {
            (true, _) => (format!("✓ {}º", place + 1), theme.good()),
            (false, Some(turn)) => (format!("◆ {}º · {}", turn + 1, index + 1), theme.accent()),
            (false, None) if index == play.marked => (format!("▸ {} ", index + 1), theme.accent()),
            (false, None) => (format!("  {} ", index + 1), theme.text()),
        };
        body.lines.extend(hanging(theme, &format!("{sign} "), item, style, room));
        if !done && index == play.marked {
            body.marked = Some(start..body.lines.len());
        }
    }
    if !done {
        body.lines.extend([Line::default(), Line::from(span(told(play, question), theme.dim()))]);
    }
}

/// What to do next, or how near the last try came.
fn told(play: &Play, question: &QuestionView) -> String {
    let total = question.items.len();
    match (play.picked.len(), question.in_place) {
        (0, Some(placed)) if placed == total => "ese es el orden".into(),
        (0, Some(_)) => near(question).unwrap_or_default(),
        (taken, _) if taken == total => "Enter lo comprueba; su número lo quita".into(),
        (taken, _) => format!("elige el {}º con su número o con Enter", taken + 1),
    }
}

/// How near an order came, unless it is the right one.
pub fn near(question: &QuestionView) -> Option<String> {
    let (total, placed) = (question.items.len(), question.in_place?);
    (placed < total).then(|| match placed {
        1 => format!("1 de {total} estaba en su sitio: prueba otra vez"),
        placed => format!("{placed} de {total} estaban en su sitio: prueba otra vez"),
    })
}

/// Takes an item, or gives it back.
pub fn toggle(picked: &mut Vec<usize>, place: usize) {
    match picked.iter().position(|taken| *taken == place) {
        Some(turn) => drop(picked.remove(turn)),
        None => picked.push(place),
    }
}
