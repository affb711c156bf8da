//! What a step says, from its title to the hints given: lines to scroll through. Pure.

use std::ops::Range;
use std::time::Duration;

use ratatui::text::Line;

use super::{Phase, Play, order};
use crate::lessons::View;
use crate::lessons::view::QuestionView;
use crate::tui::model::format::width;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::widgets::prose::{hanging, prose};
use crate::tui::widgets::text::{span, wrap};

/// Said while a lesson is set up.
const PREPARING: &str = "Preparando la lección… En el puente se ve cómo aparecen sus pods.";

/// The lines, and those of the option that is marked.
#[derive(Debug, Default)]
pub struct Body {
    /// All of them.
    pub lines: Vec<Line<'static>>,
    /// Where the marked option is.
    pub marked: Option<Range<usize>>,
    /// Where all options of a question that waits for its answer are.
    pub options: Option<Range<usize>>,
    /// Where what the run answered begins.
    pub verdict: Option<usize>,
}

/// What to read now.
pub fn body(play: &Play, room: usize, state: &State) -> Body {
    let theme = state.theme;
    let plain = |lines| Body { lines, ..Body::default() };
    match &play.phase {
        Phase::Preparing => return plain(told(theme, PREPARING, room)),
        Phase::Broken(why) => return plain(broken(theme, why, room)),
        Phase::Running => {}
    }
    let view = play.session.view();
    match view.debrief {
        Some(debrief) => plain(ended(theme, &view, debrief, room)),
        None => step(play, &view, room, theme),
    }
}

fn told(theme: Theme, text: &str, room: usize) -> Vec<Line<'static>> {
    std::iter::once(Line::default()).chain(prose(theme, text, room)).collect()
}

fn broken(theme: Theme, why: &str, room: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default(), Line::styled("✕ La lección no se puede preparar", theme.bad())];
    lines.extend(told(theme, why, room));
    lines.extend(told(theme, "Pulsa `r` para intentarlo otra vez, o Esc dos veces para dejarla.", room));
    lines
}

fn ended(theme: Theme, view: &View, debrief: &str, room: usize) -> Vec<Line<'static>> {
    let mut lines = vec![Line::styled(format!("✓ Lección {} superada", view.id), theme.good())];
    lines.extend([Line::default(), heading(theme, "Qué pasó y por qué"), Line::default()]);
    lines.extend(prose(theme, debrief, room));
    lines
}

fn heading(theme: Theme, text: &str) -> Line<'static> {
    Line::styled(text.to_uppercase(), theme.dim())
}

fn step(play: &Play, view: &View, room: usize, theme: Theme) -> Body {
    let mut body = Body::default();
    body.lines.push(Line::from(vec![
        span(format!("Paso {} de {} · ", view.step, view.steps), theme.dim()),
        span(view.step_title.to_string(), theme.accent()),
    ]));
    body.lines.extend(told(theme, view.text, room));
    if !view.look.is_empty() {
        body.lines.push(Line::default());
        let names = view.look.join(" · ").replace('/', " ");
        body.lines.extend(hanging(theme, "Qué mirar: ", &format!("**{names}**"), theme.text(), room));
    }
    commands(&mut body, view, room, theme);
    keys(&mut body, view, room, theme);
    if let Some(question) = &view.question {
        ask(&mut body, play, question, room, theme);
    }
    for (name, text) in &view.hints {
        body.lines.extend([Line::default(), Line::styled(format!("Pista · {name}"), theme.warn())]);
        body.lines.extend(prose(theme, text, room));
    }
    body
}

fn commands(body: &mut Body, view: &View, room: usize, theme: Theme) {
    if view.commands.is_empty() {
        return;
    }
    body.lines.push(Line::default());
    for command in view.commands {
        for (number, piece) in wrap(command, room.saturating_sub(2)).into_iter().enumerate() {
            let lead = if number == 0 { "$ " } else { "  " };
            body.lines.push(Line::from(vec![span(lead, theme.dim()), span(piece, theme.accent())]));
        }
    }
}

/// What single keys do, and the command that would do the same.
fn keys(body: &mut Body, view: &View, room: usize, theme: Theme) {
    if view.keys.is_empty() {
        return;
    }
    body.lines.push(Line::default());
    for key in &view.keys {
        let command = key.command.map(|command| format!(" · `{command}`")).unwrap_or_default();
        let told = format!("**{}**{command}", key.text);
        body.lines.extend(hanging(theme, &format!("[{}] ", key.key), &told, theme.text(), room));
    }
}

fn ask(body: &mut Body, play: &Play, question: &QuestionView, room: usize, theme: Theme) {
    body.lines.extend([Line::default(), heading(theme, "Predice")]);
    body.lines.extend(hanging(theme, "", &format!("**{}**", question.text), theme.text(), room));
    if !question.items.is_empty() {
        order::ask(body, play, question, room, theme);
        return answer(body, question, room, theme);
    }
    let right = question.right.filter(|_| question.verdict.is_some());
    let first = body.lines.len();
    for (index, option) in question.options.iter().enumerate() {
        let start = body.lines.len();
        let (sign, style) = match question.chosen {
            None if index == play.marked && play.chose => ("▸", theme.accent()),
            _ if right == Some(index) => ("✓", theme.good()),
            Some(chosen) if chosen == index && right.is_some() => ("✕", theme.bad()),
            Some(chosen) if chosen == index => ("◆", theme.accent()),
            Some(_) => (" ", theme.dim()),
            None => (" ", theme.text()),
        };
        body.lines.extend(hanging(theme, &format!("{sign} {} ", index + 1), option, style, room));
        if question.chosen.is_none() && index == play.marked {
            body.marked = Some(start..body.lines.len());
        }
    }
    body.options = question.chosen.is_none().then_some(first..body.lines.len());
    answer(body, question, room, theme);
}

fn answer(body: &mut Body, question: &QuestionView, room: usize, theme: Theme) {
    body.verdict = question.verdict.is_some().then_some(body.lines.len() + 1);
    body.lines.extend(verdict(question, room, theme));
}

/// What the run answered.
fn verdict(question: &QuestionView, room: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    match &question.verdict {
        None if question.chosen.is_some() => {
            lines.extend(prose(theme, "Anotado. Ahora compruébalo: el clúster dirá si es así.", room));
        }
        None => return Vec::new(),
        Some(verdict) => {
            lines.push(match verdict.right {
                true if !question.items.is_empty() => Line::styled("✓ Ese es el orden", theme.good()),
                true => Line::styled("✓ Así fue, como predijiste", theme.good()),
                false => Line::styled("✕ No fue como predijiste", theme.warn()),
            });
            lines.extend(verdict.belief.into_iter().flat_map(|belief| prose(theme, belief, room)));
            lines.extend(told(theme, verdict.because, room));
            lines.extend(replay(&verdict.tale, room, theme));
        }
    }
    lines
}

/// What happened in the step, slowly: one line a happening, with its second.
fn replay(tale: &[(Duration, String)], room: usize, theme: Theme) -> Vec<Line<'static>> {
    if tale.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![Line::default(), heading(theme, "La repetición")];
    let mut before = String::new();
    for (at, what) in tale {
        let lead = format!("{:>6.1} s  ", at.as_secs_f64()).replace('.', ",");
        // What happened at once is read as one moment.
        let shown = if lead == before { " ".repeat(width(&lead)) } else { lead.clone() };
        lines.extend(hanging(theme, &shown, what, theme.text(), room));
        before = lead;
    }
    lines
}
