//! The workers on the bridge: a column each, with bars and its pods as lines, or as dots when they are many.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::nav::Spot;
use crate::tui::model::bridge::{Worker, count, percent};
use crate::tui::model::facts::Pod;
use crate::tui::model::flash::Actor;
use crate::tui::model::format::{cpu, fit, fit_middle, pad, width};
use crate::tui::model::light::Light;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::widgets::panel::{lines, panel, row};
use crate::tui::widgets::text::{bar, clip, light, span};
use crate::tui::widgets::window;

/// The narrowest column in which a pod can be told.
const NARROWEST: u16 = 22;

/// The height below which a roomy bridge does not shrink its workers.
const SHORTEST: u16 = 14;

/// Columns for as many workers as fit, those around the chosen one when they do not all fit.
pub fn draw(frame: &mut Frame, area: Rect, workers: &[Worker], chosen: Option<&Spot>, state: &State) {
    let mut area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let fits = usize::from((area.width + 1) / (NARROWEST + 1)).max(1);
    let focus = workers.iter().position(|worker| holds(worker, chosen)).unwrap_or(0);
    let shown = window::around(focus, workers.len(), fits);
    if let Some(mark) = window::mark(&shown, workers.len()) {
        row(frame, area, 0, Line::styled(format!("workers {mark} (← →)"), state.theme.dim()));
        area = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    }
    let columns = Layout::horizontal(vec![Constraint::Fill(1); shown.len().max(1)]).spacing(1).split(area);
    for (worker, column) in workers[shown].iter().zip(columns.iter()) {
        draw_one(frame, *column, worker, chosen, state);
    }
}

/// The height that shows every pod as a line, in steps, so that the screen does not jump with each pod.
pub fn height(workers: &[Worker]) -> u16 {
    let most = workers.iter().map(|worker| worker.pods.len()).max().unwrap_or(0);
    u16::try_from(most.div_ceil(4) * 4 + 6).unwrap_or(u16::MAX).max(SHORTEST)
}

/// Whether the choice is this worker or one of its pods.
fn holds(worker: &Worker, chosen: Option<&Spot>) -> bool {
    match chosen {
        Some(Spot::Worker(key)) => &worker.node.key == key,
        Some(Spot::Pod(key)) => worker.pods.iter().any(|pod| &pod.key == key),
        _ => false,
    }
}

fn draw_one(frame: &mut Frame, area: Rect, worker: &Worker, chosen: Option<&Spot>, state: &State) {
    let theme = state.theme;
    let border = border(holds(worker, chosen), &Actor::Worker(worker.node.key.clone()), state);
    let room = panel(frame, area, title(worker, chosen, area.width, state), beat(worker, state), border);
    let columns = usize::from(room.width);
    let mut head = figures(worker, columns, room.height, theme);
    let left = usize::from(room.height).saturating_sub(head.len());
    head.extend(pods(worker, chosen, columns, left, state));
    lines(frame, room, head);
}

/// Light, name, and the longest word for its state that fits between the corners.
fn title(worker: &Worker, chosen: Option<&Spot>, room: u16, state: &State) -> Line<'static> {
    let (key, theme) = (&worker.node.key, state.theme);
    let style = match chosen == Some(&Spot::Worker(key.clone())) {
        true => theme.selected(),
        false if state.looks_at("Node", &key.name, "") => theme.looked(theme.strong()),
        false => theme.strong(),
    };
    // The corners, a blank and the light.
    let room = usize::from(room).saturating_sub(5);
    let fits = |word: &&str| width(&key.name) + 1 + width(word) <= room;
    let word = [worker.word.as_str(), brief(&worker.word)].into_iter().find(fits).unwrap_or_default();
    let name = fit_middle(&key.name, room);
    let used = width(&name) + 1 + width(word);
    let blank = if used < room { " " } else { "" };
    Line::from(vec![
        span(" ", theme.text()),
        light(theme, worker.light),
        span(name, style),
        span(if word.is_empty() { " ".into() } else { format!(" {word}{blank}") }, theme.warn()),
    ])
}

/// The state of a worker in the fewest letters.
fn brief(word: &str) -> &str {
    match word {
        "kubelet apagado" => "apagado",
        "acordonado" => "acord.",
        "NotReady, acordonado" => "NotReady",
        "sin noticias" => "?",
        other => other,
    }
}

fn beat(worker: &Worker, state: &State) -> Line<'static> {
    let well = worker.light == Light::Good;
    let style = if well { state.theme.dim() } else { state.theme.bad() };
    worker.beat.map(|age| Line::styled(told_beat(age, well, state), style)).unwrap_or_default()
}

/// The frame of what is chosen, of what has just acted, or of the others.
pub(super) fn border(chosen: bool, actor: &Actor, state: &State) -> Style {
    match chosen {
        true => state.theme.accent(),
        false if state.lit(actor) => state.theme.strong(),
        false => state.theme.dim(),
    }
}

/// How old a heartbeat is; that it is well, while no seconds are counted.
pub(super) fn told_beat(age: i64, well: bool, state: &State) -> String {
    match age {
        _ if state.resting && well => " latido ✓ ".into(),
        ..600 => format!(" latido {age} s "),
        _ => format!(" latido {} min ", age / 60),
    }
}

/// What its pods have asked for: two bars one under the other, or one line where there is little room.
fn figures(worker: &Worker, room: usize, height: u16, theme: Theme) -> Vec<Line<'static>> {
    let shares = [("CPU", percent(worker.cpu, worker.node.cpu)), ("MEM", percent(worker.memory, worker.node.memory))];
    if height < 8 {
        let each = |(name, share): &(&str, Option<i64>)| {
            format!("{name} {}", share.map_or("?".into(), |share| format!("{share} %")))
        };
        let text = shares.iter().map(each).collect::<Vec<_>>().join("  ");
        return vec![Line::styled(fit(&text, room), theme.dim())];
    }
    let asked = [
        format!("{} de {}", cpu(worker.cpu), cpu(worker.node.cpu)),
        format!("{} de {}", size(worker.memory), size(worker.node.memory)),
    ];
    let mut rows: Vec<Line> =
        shares.iter().zip(asked).map(|((name, share), asked)| gauge(name, *share, asked, room, theme)).collect();
    rows.push(Line::styled(network(worker, room), theme.dim()));
    rows.push(Line::default());
    rows
}

/// How many pods, and their addresses where there is room: half of a range says nothing.
fn network(worker: &Worker, room: usize) -> String {
    let total = worker.pods.len();
    let pods = if total == 1 { "1 pod".into() } else { format!("{total} pods") };
    let both = format!("{pods}  {}", worker.node.pod_cidr);
    if worker.node.pod_cidr.is_empty() || width(&both) > room { fit(&pods, room) } else { both }
}

fn size(bytes: i64) -> String {
    crate::tui::model::format::bytes(u64::try_from(bytes).unwrap_or(0))
}

fn gauge(name: &str, share: Option<i64>, asked: String, room: usize, theme: Theme) -> Line<'static> {
    let percent = share.map_or("   ?".into(), |share| format!("{share:>3} %"));
    let note = if room >= 36 { format!("  {}", pad(&asked, 16)) } else { String::new() };
    let bar_room = room.saturating_sub(name.len() + 1 + percent.len() + 1 + width(&note));
    let mut spans = vec![span(format!("{name} "), theme.dim())];
    spans.extend(bar(theme, share.unwrap_or(0), bar_room));
    spans.extend([span(format!(" {percent}"), theme.text()), span(note, theme.dim())]);
    Line::from(spans)
}

fn pods(worker: &Worker, chosen: Option<&Spot>, room: usize, height: usize, state: &State) -> Vec<Line<'static>> {
    if worker.pods.is_empty() {
        return vec![Line::styled("sin pods", state.theme.dim())];
    }
    if worker.pods.len() > height {
        return dots(worker, chosen, room, height, state);
    }
    worker.pods.iter().map(|pod| pod_line(pod, is(chosen, pod), room, state)).collect()
}

fn is(chosen: Option<&Spot>, pod: &Pod) -> bool {
    matches!(chosen, Some(Spot::Pod(key)) if key == &pod.key)
}

/// Light, name, and at the right its containers ready and its address, or what keeps it from running.
fn pod_line(pod: &Pod, chosen: bool, room: usize, state: &State) -> Line<'static> {
    let theme = state.theme;
    let narrow = room < 30;
    let plain = pod.light == Light::Good;
    let ready = if narrow && !plain { String::new() } else { format!(" {}/{}", pod.ready, pod.total) };
    let note = match (plain, room < 36) {
        (true, true) => String::new(),
        (true, false) => format!("  {}", pad(&pod.ip, 12)),
        (false, _) => format!(" {}", fit(&short(pod), room.saturating_sub(13))),
    };
    let left_room = room.saturating_sub(width(&ready) + width(&note));
    let name = fit_middle(&pod.key.name, left_room.saturating_sub(2));
    let style: Style = match (chosen, state.looks_at("Pod", &pod.key.name, &pod.owner)) {
        (true, _) => theme.selected(),
        (false, true) => theme.looked(theme.text()),
        (false, false) if state.lit(&Actor::Pod(pod.key.clone())) => theme.strong(),
        (false, false) => theme.text(),
    };
    let note_style = if plain { theme.dim() } else { theme.light(pod.light) };
    let left = clip(vec![light(theme, pod.light), span(name, style)], left_room);
    let gap = span(" ".repeat(left_room.saturating_sub(left.width())), theme.text());
    let mut spans = left.spans;
    spans.extend([gap, span(ready, theme.dim()), span(note, note_style)]);
    clip(spans, room)
}

/// What keeps it from being well, in the fewest words.
fn short(pod: &Pod) -> String {
    if pod.light == Light::Busy && pod.status == "Running" { "no listo".into() } else { String::from(&pod.status) }
}

/// A dot a pod, the chosen one named below, and how many are in each state.
fn dots(worker: &Worker, chosen: Option<&Spot>, room: usize, height: usize, state: &State) -> Vec<Line<'static>> {
    let theme = state.theme;
    let focus = worker.pods.iter().position(|pod| is(chosen, pod));
    let told = 1 + usize::from(focus.is_some());
    let grid = height.saturating_sub(told).max(1);
    let step = if worker.pods.len() * 2 <= grid * room { 2 } else { 1 };
    let per_row = (room / step).max(1);
    let rows = worker.pods.len().div_ceil(per_row);
    let shown = window::around(focus.unwrap_or(0) / per_row, rows, grid);
    let mut out: Vec<Line> = worker
        .pods
        .chunks(per_row)
        .skip(shown.start)
        .take(shown.len())
        .map(|row| dot_row(row, chosen, step, theme))
        .collect();
    out.push(counters(worker, room, theme));
    if let Some(pod) = focus.and_then(|index| worker.pods.get(index)) {
        out.push(pod_line(pod, true, room, state));
    }
    out.truncate(height.max(1));
    out
}

fn dot_row(pods: &[&Pod], chosen: Option<&Spot>, step: usize, theme: Theme) -> Line<'static> {
    let gap = " ".repeat(step - 1);
    let dot = |pod: &&Pod| {
        let style = if is(chosen, pod) { theme.selected() } else { theme.light(pod.light) };
        [span(pod.light.glyph(), style), span(gap.clone(), theme.text())]
    };
    Line::from(pods.iter().flat_map(dot).collect::<Vec<Span>>())
}

fn counters(worker: &Worker, room: usize, theme: Theme) -> Line<'static> {
    let mut spans = Vec::new();
    for (each, number) in count(&worker.pods) {
        let word = if room < 44 { String::new() } else { format!(" {}", each.word()) };
        spans.extend([light(theme, each), span(format!("{number}{word}   "), theme.dim())]);
    }
    clip(spans, room)
}
