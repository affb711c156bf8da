//! What is always in sight: traffic, sub-goals, and what the next key does. Pure.

use ratatui::text::Line;

use super::{Phase, Play};
use crate::lessons::View;
use crate::lessons::view::{Gauge, GoalView, Lasting, Replicas};
use crate::tui::model::format::{pad, width};
use crate::tui::model::lesson::Meter;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::views::{editor, terminal};
use crate::tui::widgets::prose::hanging;
use crate::tui::widgets::text::{clip, span};

/// Its lines.
pub fn lines(play: &Play, room: usize, state: &State) -> Vec<Line<'static>> {
    let mut lines = watched(play, room, state);
    if play.phase == Phase::Running {
        lines.extend(next(play, &play.session.view(), room, state));
    }
    lines
}

/// The same while the marked option lies outside what is seen: Enter brings it into sight. Never more lines than [`lines`].
pub fn unseen(play: &Play, room: usize, state: &State) -> Vec<Line<'static>> {
    let mut lines = watched(play, room, state);
    lines.push(Line::styled("▼ Enter: seguir leyendo", state.theme.warn()));
    lines
}

/// The same while what the run answered lies outside what is seen: Enter brings it into sight.
pub fn unread(play: &Play, room: usize, above: bool, state: &State) -> Vec<Line<'static>> {
    let mut lines = watched(play, room, state);
    let way = if play.on_bridge { "Tab, Enter" } else { "Enter" };
    let sign = if above { '▲' } else { '▼' };
    lines.push(Line::styled(format!("{sign} {way}: ver cómo te fue y por qué"), state.theme.good()));
    lines
}

/// Traffic and sub-goals.
fn watched(play: &Play, room: usize, state: &State) -> Vec<Line<'static>> {
    let theme = state.theme;
    let mut lines = vec![Line::styled("─".repeat(room), theme.dim())];
    if play.phase == Phase::Running {
        let view = play.session.view();
        let longest = play.meters.all().iter().map(|meter| width(&meter.to)).max().unwrap_or_default();
        lines.extend(play.meters.all().iter().filter_map(|meter| traffic(meter, longest, room, theme)));
        lines.extend(gauges(&play.session.gauges(), room, theme));
        if view.debrief.is_none() {
            lines.extend(goals(&view, &play.session.left_behind(), room, theme));
        }
    }
    lines
}

fn traffic(meter: &Meter, longest: usize, room: usize, theme: Theme) -> Option<Line<'static>> {
    let percent = meter.percent()?;
    let style = if percent == 100 { theme.good() } else { theme.bad() };
    let mut spans = vec![span(format!("→ {} ", pad(&meter.to, longest)), theme.strong())];
    spans.push(span(format!("{percent:>3} % "), style));
    let told = format!(" {} ✓  {} ✕", meter.answered, meter.failed);
    let used: usize = spans.iter().map(ratatui::text::Span::width).sum::<usize>() + told.chars().count();
    for (bar, failed) in meter.bars(room.saturating_sub(used)) {
        spans.push(span(bar.to_string(), if failed { theme.bad() } else { theme.good() }));
    }
    spans.push(span(told, theme.dim()));
    Some(clip(spans, room))
}

/// Desired against actual, in one line, or one each where they do not fit; two clusters have their own lines.
fn gauges(all: &[Gauge], room: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for each in all.chunk_by(|one, other| one.cluster == other.cluster) {
        let line = gauged(each, usize::MAX, theme);
        match line.width() <= room + GAP.len() {
            true => lines.push(clip(line.spans, room)),
            false => lines.extend(each.iter().map(|gauge| gauged(std::slice::from_ref(gauge), room, theme))),
        }
    }
    lines
}

/// Between two gauges.
const GAP: &str = "   ";

fn gauged(gauges: &[Gauge], room: usize, theme: Theme) -> Line<'static> {
    let line = named(gauges, str::to_owned, theme);
    // The figures are what there is to see: the kind goes first.
    let short = |name: &str| name.rsplit_once(' ').map_or(name, |(_, name)| name).to_owned();
    let line = if line.width() > room.saturating_add(GAP.len()) { named(gauges, short, theme) } else { line };
    clip(line.spans, room)
}

fn named(gauges: &[Gauge], name: impl Fn(&str) -> String, theme: Theme) -> Line<'static> {
    let cluster = gauges.first().and_then(|gauge| gauge.cluster.as_ref());
    let mut spans: Vec<_> = cluster.map(|name| span(format!("{name}: "), theme.accent())).into_iter().collect();
    for gauge in gauges {
        spans.push(span(format!("{} ", name(&gauge.name)), theme.strong()));
        spans.push(match gauge.replicas {
            None => span(format!("no está{GAP}"), theme.dim()),
            Some(Replicas { desired, actual }) => {
                let style = if actual == desired { theme.good() } else { theme.warn() };
                span(format!("deseado {desired} · actual {actual}{GAP}"), style)
            }
        });
    }
    Line::from(spans)
}

fn goals(view: &View, left: &[bool], room: usize, theme: Theme) -> Vec<Line<'static>> {
    let each = |(goal, left): (&GoalView, &bool)| match begun(goal) {
        _ if *left => hanging(theme, "● ", &format!("{} · ya lo lograste", goal.text), theme.good(), room),
        Some(begun) => hanging(theme, "◐ ", &format!("{} · {begun}", goal.text), theme.warn(), room),
        None if goal.done => hanging(theme, "● ", goal.text, theme.good(), room),
        None => hanging(theme, "○ ", goal.text, theme.text(), room),
    };
    view.goals.iter().zip(left).flat_map(each).collect()
}

/// How far a sub-goal is on its way, if it is.
pub(super) fn begun(goal: &GoalView) -> Option<String> {
    let held = goal.held.filter(|held| !held.before).map(|held| format!("así {}", seconds(held)));
    held.or_else(|| goal.so_far.map(|(times, whole)| format!("van {times} de {whole}")))
}

/// `3 de 8 s`.
fn seconds(lasting: Lasting) -> String {
    format!("{} de {} s", lasting.held.as_secs(), lasting.whole.as_secs())
}

/// What the next key does.
fn next(play: &Play, view: &View, room: usize, state: &State) -> Vec<Line<'static>> {
    let theme = state.theme;
    let (key, does) = offered(play, view, state.hints);
    // The keys go elsewhere while the bridge has them.
    let none = matches!(&*key, WAIT | MISSING);
    let elsewhere = play.on_bridge && !none && key != "i";
    let way = if elsewhere { format!("Tab, {key}") } else { key };
    let way = if state.boxed && !none { format!("Esc, {way}") } else { way };
    let style = if view.can_advance || view.debrief.is_some() { theme.good() } else { theme.accent() };
    hanging(theme, &format!("▸ {way}: "), &does, style, room)
}

/// A key, and what it does.
fn offered(play: &Play, view: &View, hints: bool) -> (String, String) {
    if view.debrief.is_some() {
        match play.next_lesson() {
            Some(lesson) => ("Enter".into(), format!("siguiente lección: {} {}", lesson.id, lesson.title)),
            None => ("Enter".into(), "ver todas las lecciones".into()),
        }
    } else if view.can_advance && view.step == view.steps {
        ("Enter".into(), "terminar y ver qué pasó".into())
    } else if view.can_advance {
        ("Enter".into(), "siguiente paso".into())
    } else if play.pending().is_some() {
        match view.question.as_ref().is_some_and(|question| question.items.is_empty()) {
            true if play.chose => ("Enter".into(), "responder lo marcado".into()),
            // A number means nothing on the bridge.
            true if play.on_bridge => ("↑ ↓".into(), "elegir una opción; Enter la responde".into()),
            true => ("↑ ↓".into(), "elegir una opción, o con su número; Enter la responde".into()),
            false if play.picked.len() == play.items().len() => ("Enter".into(), "comprobar este orden".into()),
            false if play.on_bridge => ("↑ ↓".into(), "elegir el que va ahora, y Enter lo pone".into()),
            false => ("↑ ↓".into(), "elegir el que va ahora, y Enter lo pone; o con su número".into()),
        }
    } else {
        missing(play, view, hints)
    }
}

/// What is still to be done: to wait, what was not done yet, or else what is not so yet.
fn missing(play: &Play, view: &View, hints: bool) -> (String, String) {
    let open = || view.goals.iter().filter(|goal| !goal.done);
    // Where nothing is to be opened, or it was, and where a part is done already, only what is missing can be told.
    let new = |name: &str| !play.been.contains(&name);
    let opens =
        view.edit.is_some() && new(editor::ENTRY.name) || !view.commands.is_empty() && new(terminal::ENTRY.name);
    let begun = !opens || view.goals.iter().any(|goal| goal.done);
    if let Some(held) = open().find_map(|goal| goal.held) {
        (WAIT.into(), format!("{}, sin cambiar nada", seconds(held)))
    } else if let Some(offer) = untouched(play, view) {
        offer
    } else if begun || !view.keys.is_empty() {
        // One line has no room for marks.
        let goal = open().next();
        let ways = if goal.is_some_and(|goal| goal.opens) { THERE.into() } else { ways(play, view, hints) };
        let goal = goal.map(|goal| goal.text.replace(['`', '*'], "")).unwrap_or_default();
        (MISSING.into(), format!("{goal}{ways}"))
    } else if view.edit.is_some() {
        ("e".into(), "abrir el manifiesto en el editor".into())
    } else {
        (":terminal".into(), "escribir ahí el comando (c lo copia)".into())
    }
}

/// How something is opened on the bridge.
const THERE: &str = " (en el puente: Tab, flechas, Enter)";

/// What may help with what is missing: the keys and other ways that were not tried yet; once something is done, it may
/// well be that only time is missing.
fn ways(play: &Play, view: &View, hints: bool) -> String {
    let asked = usize::from(view.question.is_some());
    let begun = view.goals.iter().filter(|goal| goal.done).count() > asked;
    let new = |name: &str| !begun && !play.been.contains(&name);
    let keys = view.keys.iter().filter(|key| !play.stands(key, &view.keys)).map(|key| key.key.to_string());
    let edit = (view.edit.is_some() && new(editor::ENTRY.name)).then(|| "e".to_owned());
    let terminal = (!view.commands.is_empty() && new(terminal::ENTRY.name)).then(|| ":terminal".to_owned());
    let hint = (view.hint_available && hints).then(|| "i: pista".to_owned());
    let done = view.keys.last().filter(|_| view.keys.iter().all(|key| play.stands(key, &view.keys)));
    let again = done.map(|key| format!("ya pulsaste {}: espera, o repite si hace falta", key.key));
    let all: Vec<String> = keys.chain(edit).chain(terminal).chain(again).chain(hint).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
}

/// What stands for a key where there is none to press.
const WAIT: &str = "espera";
const MISSING: &str = "falta";

/// The first key of the step behind all that were pressed: what was done, or passed over, is not proposed.
fn untouched(play: &Play, view: &View) -> Option<(String, String)> {
    let behind = view.keys.iter().rposition(|key| play.stands(key, &view.keys)).map_or(0, |at| at + 1);
    let key = view.keys.get(behind)?;
    Some((key.key.to_string(), key.text.to_owned()))
}
