//! What is always in sight: traffic, sub-goals, and what the next key does. Pure.

use ratatui::text::Line;

use super::{Phase, Play};
use crate::lessons::View;
use crate::lessons::view::{Gauge, Replicas};
use crate::tui::model::lesson::Meter;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::widgets::prose::hanging;
use crate::tui::widgets::text::{clip, span};

/// Its lines.
pub fn lines(play: &Play, room: usize, state: &State) -> Vec<Line<'static>> {
    let theme = state.theme;
    let mut lines = vec![Line::styled("─".repeat(room), theme.dim())];
    if play.phase == Phase::Running {
        let view = play.session.view();
        lines.extend(traffic(&play.meter, room, theme));
        lines.extend(gauges(&view.gauges, room, theme));
        if view.debrief.is_none() {
            lines.extend(goals(&view, room, theme));
        }
        lines.extend(next(play, &view, room, state));
    }
    lines
}

fn traffic(meter: &Meter, room: usize, theme: Theme) -> Option<Line<'static>> {
    let percent = meter.percent()?;
    let style = if percent == 100 { theme.good() } else { theme.bad() };
    let mut spans = vec![span(format!("→ {} ", meter.to), theme.strong())];
    spans.push(span(format!("{percent:>3} % "), style));
    let told = format!(" {} ✓  {} ✕", meter.answered, meter.failed);
    let used: usize = spans.iter().map(ratatui::text::Span::width).sum::<usize>() + told.chars().count();
    for (bar, failed) in meter.bars(room.saturating_sub(used)) {
        spans.push(span(bar.to_string(), if failed { theme.bad() } else { theme.good() }));
    }
    spans.push(span(told, theme.dim()));
    Some(clip(spans, room))
}

/// Desired against actual, in one line; where there are two clusters, in one line each.
fn gauges(all: &[Gauge], room: usize, theme: Theme) -> impl Iterator<Item = Line<'static>> {
    all.chunk_by(|one, other| one.cluster == other.cluster).map(move |each| gauged(each, room, theme))
}

fn gauged(gauges: &[Gauge], room: usize, theme: Theme) -> Line<'static> {
    let cluster = gauges.first().and_then(|gauge| gauge.cluster.as_ref());
    let mut spans: Vec<_> = cluster.map(|name| span(format!("{name}: "), theme.accent())).into_iter().collect();
    for gauge in gauges {
        spans.push(span(format!("{} ", gauge.name), theme.strong()));
        spans.push(match gauge.replicas {
            None => span("no está   ", theme.dim()),
            Some(Replicas { desired, actual }) => {
                let style = if actual == desired { theme.good() } else { theme.warn() };
                span(format!("deseado {desired} · actual {actual}   "), style)
            }
        });
    }
    clip(spans, room)
}

fn goals(view: &View, room: usize, theme: Theme) -> Vec<Line<'static>> {
    let each = |goal: &crate::lessons::view::GoalView| match goal.done {
        true => hanging(theme, "● ", goal.text, theme.good(), room),
        false => hanging(theme, "○ ", goal.text, theme.text(), room),
    };
    view.goals.iter().flat_map(each).collect()
}

/// What the next key does.
fn next(play: &Play, view: &View, room: usize, state: &State) -> Vec<Line<'static>> {
    let (theme, hints) = (state.theme, state.hints);
    let (key, does) = if view.debrief.is_some() {
        match play.next_lesson() {
            Some(lesson) => ("Enter", format!("siguiente lección: {} {}", lesson.id, lesson.title)),
            None => ("Enter", "ver todas las lecciones".into()),
        }
    } else if view.can_advance && view.step == view.steps {
        ("Enter", "terminar y ver qué pasó".into())
    } else if view.can_advance {
        ("Enter", "siguiente paso".into())
    } else if play.pending().is_some() {
        match view.question.as_ref().is_some_and(|question| question.items.is_empty()) {
            true => ("Enter", "responder; la opción se elige con ↑ ↓ o su número".into()),
            false => ("Enter", "poner en orden: ↑ ↓ y Enter, o sus números".into()),
        }
    } else if view.hint_available && hints {
        ("i", "pedir una pista".into())
    } else if view.edit.is_some() {
        ("e", "abrir el manifiesto en el editor".into())
    } else {
        ("Tab", "ir al puente".into())
    };
    // The keys go elsewhere while the bridge has them.
    let way = if play.on_bridge && !matches!(key, "Tab" | "i") { format!("Tab, {key}") } else { key.to_string() };
    let style = if view.can_advance || view.debrief.is_some() { theme.good() } else { theme.accent() };
    hanging(theme, &format!("▸ {way}: "), &does, style, room)
}
