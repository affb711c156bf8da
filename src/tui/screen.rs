//! The frame around every view: context above, what was last done and the keys below. Must not change anything.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::crossterm::event::KeyEvent;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::keys::{self, Action, Binding};
use super::model::bridge;
use super::model::cluster::Tally;
use super::model::facts::Happening;
use super::model::format::{ago, fit, seconds_between, thousands, width};
use super::state::{Entry, Fate, Notice, State, Tone};
use super::theme::Theme;
use super::view::View;
use super::widgets::panel::row;
use super::widgets::text::{self, span};

/// Columns from which the last event is told.
const ROOMY: usize = 50;
/// Seconds after which what happened is no news any more.
const NEWS: i64 = 300;
/// Seconds after which the last command makes room for what happens.
const FRESH: i64 = 20;

/// The smallest size where something useful can be drawn.
const SMALLEST: (u16, u16) = (40, 10);

/// Draws the views (the first whole, the others over it) and the frame around them.
pub fn draw(frame: &mut Frame, views: &[&dyn View], state: &State) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return too_small(frame, area);
    }
    let [Some(first), top] = [views.first(), views.last()] else { return };
    row(frame, area, 0, header(*first, state, area.width));
    row(frame, area, area.height - 2, status(state, area.width));
    row(frame, area, area.height - 1, hints(*top.unwrap_or(first), state, area.width));
    let body = body((area.width, area.height));
    for view in views {
        view.draw(frame, body, state);
    }
    // Where one types nothing covers the text.
    if let Some(notice) = state.notice.as_ref().filter(|_| !top.is_some_and(|view| view.typing())) {
        long(frame, area, notice, state.theme);
    }
}

/// Where views are drawn: between the first line and the last two.
pub fn body(size: (u16, u16)) -> Rect {
    Rect { x: 0, y: 1, width: size.0, height: size.1.saturating_sub(3) }
}

fn too_small(frame: &mut Frame, area: Rect) {
    let size = format!("{}x{} < {}x{}", area.width, area.height, SMALLEST.0, SMALLEST.1);
    let lines = ["Agranda la terminal", "Timonel necesita más", &size];
    super::widgets::panel::lines(frame, area, lines.into_iter().map(|line| Line::raw(line.to_string())));
}

fn header(view: &dyn View, state: &State, room: u16) -> Line<'static> {
    let (theme, title) = (state.theme, view.title(state));
    let place = vec![span(" ⎈ timonel", theme.accent()), span(" › ", theme.dim()), span(title, theme.strong())];
    let room = usize::from(room);
    let left = Line::from(place);
    let (live, facts) = (live(state), facts(view, state));
    for less in 0..=facts.len() {
        let shown = facts.iter().skip(less).map(|text| span(format!("{text}   "), state.theme.dim()));
        let mut spans: Vec<Span> = shown.collect();
        spans.extend(live.clone());
        let right = Line::from(spans);
        if left.width() + right.width() + 2 <= room {
            return text::sides(left, right, room);
        }
    }
    left
}

/// Figures of the cluster, the first to go first. The revision is that of the last change: heartbeats make theirs without
/// end; where etcd tells its own it is left out. Of a server that does not answer nothing is known.
fn facts(view: &dyn View, state: &State) -> Vec<String> {
    let cluster = &state.cluster;
    let version = state.version.as_deref().and_then(|version| version.split('+').next());
    let who = [Some(state.context.as_str()), state.runtime(), version];
    let who: Vec<&str> = who.into_iter().flatten().collect();
    let revision = Some(cluster.told).filter(|told| *told > 0).or_else(|| bridge::revision(cluster));
    let revision = revision.filter(|_| !view.shows_revision()).map(|revision| format!("rev {}", thousands(revision)));
    let Tally { ready, serving, alive } = cluster.tally;
    let counts = match state.past.is_none() && cluster.broken().is_some() {
        true => "workers ?   pods ?".into(),
        false => format!("workers {ready}/{}   pods {serving}/{alive}", cluster.nodes.len()),
    };
    [Some(who.join(" · ")), revision, Some(counts)].into_iter().flatten().collect()
}

fn live(state: &State) -> Vec<Span<'static>> {
    let theme = state.theme;
    if let Some(past) = &state.past {
        let at = if past.place == state.timeline.last() { "ahora" } else { "pasado" };
        return vec![span(format!("◀ {} {at} ", state.now.strftime("%H:%M:%S")), theme.warn())];
    }
    let mut shown = Vec::new();
    if state.only_looks() {
        shown.push(span("solo lectura · ", theme.warn()));
    }
    shown.extend(match (state.cluster.broken(), state.cluster.synced()) {
        (Some(_), _) => vec![span("✕ reconectando ", theme.bad())],
        (None, _) if state.cluster.blind() => vec![span("✕ sin datos nuevos ", theme.bad())],
        (None, false) => vec![span("◐ conectando ", theme.warn())],
        (None, true) if state.resting => vec![span("● ", theme.good()), span("sin cambios ", theme.text())],
        (None, true) => vec![span("● ", theme.good()), span("en vivo ", theme.text())],
    });
    shown
}

/// What to say; else the last command at the left and the last event at the right.
fn status(state: &State, room: u16) -> Line<'static> {
    let theme = state.theme;
    let room = usize::from(room);
    if let Some(notice) = &state.notice {
        let (sign, style) = sign(notice, theme);
        let said = text::clip(vec![span(sign, style), span(notice.text.replace('\n', "  "), theme.text())], room);
        return text::sides(said, Line::from(last_command(state)), room);
    }
    let left = text::clip(last_command(state), room);
    let spare = room.saturating_sub(left.width() + 3);
    let happened = last_event(state).filter(|_| spare > ROOMY).map(|(_, event)| fit(&event, spare));
    let right = Line::styled(happened.map(|event| event + " ").unwrap_or_default(), theme.dim());
    text::sides(left, right, room)
}

fn sign(notice: &Notice, theme: Theme) -> (&'static str, Style) {
    match notice.tone {
        Tone::Done => (" ✓ ", theme.good()),
        Tone::Tip => (" › ", theme.accent()),
        Tone::Bad => (" ✕ ", theme.bad()),
    }
}

/// What does not fit in its line takes as many as it needs, over the view, until the next key.
fn long(frame: &mut Frame, area: Rect, notice: &Notice, theme: Theme) {
    let (sign, style) = sign(notice, theme);
    let pieces = text::wrap(&notice.text, usize::from(area.width).saturating_sub(width(sign) + 1));
    let height = u16::try_from(pieces.len()).unwrap_or(u16::MAX).min(area.height / 3);
    if height < 2 {
        return;
    }
    let spot = Rect { y: area.y + area.height - 1 - height, height, ..area };
    frame.render_widget(Clear, spot);
    let lead = |at: usize| if at == 0 { sign } else { "   " };
    let lines = pieces.into_iter().enumerate().map(|(at, piece)| (lead(at), piece));
    let lines = lines.map(|(lead, piece)| Line::from(vec![span(lead, style), span(piece, theme.text())]));
    super::widgets::panel::lines(frame, spot, lines);
}

/// How long after a frame the line of the last event reads otherwise, where it is shown.
pub fn ticks(state: &State) -> Option<Duration> {
    let spare = usize::from(state.size.0).saturating_sub(Line::from(last_command(state)).width() + 3);
    let counts = state.notice.is_none() && spare > ROOMY && !state.resting;
    let (at, _) = last_event(state).filter(|_| counts)?;
    Some(Duration::from_secs(if seconds_between(at, state.now) < 120 { 1 } else { 60 }))
}

/// The last command while it is news, or on its way; what only reads has nothing to be proud of.
fn last_command(state: &State) -> Vec<Span<'static>> {
    let theme = state.theme;
    let fresh = |entry: &&Entry| {
        entry.fate == Fate::Sent || seconds_between(entry.at, state.clock) <= FRESH || state.past.is_some()
    };
    let Some(entry) = state.log.last().filter(fresh) else { return Vec::new() };
    let sign = match &entry.fate {
        Fate::Sent => span("◐ ", theme.warn()),
        Fate::Done(text) if text.is_empty() => span("", theme.text()),
        Fate::Done(_) => span("✓ ", theme.good()),
        Fate::Refused(_) => span("✕ ", theme.bad()),
    };
    vec![span(" $ ", theme.accent()), span(format!("{} ", entry.command), theme.text()), sign]
}

/// When something happened last, and what: how long ago, or at what time where no seconds are counted.
fn last_event(state: &State) -> Option<(Timestamp, String)> {
    let now = if state.resting { state.stirred } else { state.now };
    let recent = |event: &Happening| {
        let new = event.at.is_some_and(|at| seconds_between(at, now) <= NEWS);
        new && (event.key.namespace.is_empty() || state.scope.has(&event.key.namespace))
    };
    let event = state.cluster.last_event(recent)?;
    let at = event.at?;
    let when = if state.resting { at.strftime("%H:%M:%S UTC").to_string() } else { ago(at, state.now) };
    let told = format!("{when}  {}/{}  {}", event.kind, event.object, event.message.lines().next().unwrap_or_default());
    Some((at, told))
}

/// A key of the hint bar, and its word there.
type Hint = (&'static Binding, &'static str);

/// The keys of the view on top, as many as fit, and always its own way back, and the ways to help and to elsewhere.
fn hinted(view: &dyn View, state: &State, room: u16) -> Vec<Hint> {
    let keymap = &state.settings.keymap;
    let need = |hint: &Hint| hint_width(*hint, state);
    let all = |groups: &[&'static [Binding]]| -> Vec<Hint> {
        let told = groups.iter().copied().flatten().map(|binding| (binding, view.hint(binding, state)));
        told.filter(|(binding, word)| !word.is_empty() && !keymap.keys(binding).is_empty()).collect()
    };
    let everywhere = if view.typing() { Vec::new() } else { all(&[keys::GLOBAL]) };
    let (back, mut own): (Vec<_>, Vec<_>) =
        all(view.keys()).into_iter().partition(|(binding, _)| binding.action == Action::Back);
    if back.is_empty() && !view.typing() && !view.home() {
        own.push((&keys::LEAVE, keys::LEAVE.hint));
    }
    let last: Vec<Hint> = back.into_iter().chain(everywhere).collect();
    let kept: usize = last.iter().map(need).sum();
    let mut left = usize::from(room).saturating_sub(kept);
    let own = own.into_iter().filter(|hint| {
        let fits = need(hint) <= left + 2;
        if fits {
            left = left.saturating_sub(need(hint));
        }
        fits
    });
    own.collect::<Vec<_>>().into_iter().chain(last).collect()
}

/// Columns of a key, its word and the gap after it.
fn hint_width((binding, word): Hint, state: &State) -> usize {
    width(&state.settings.keymap.label(binding)) + width(word) + 4
}

fn hints(view: &dyn View, state: &State, room: u16) -> Line<'static> {
    let theme = state.theme;
    let each = |(binding, word): Hint| {
        let label = state.settings.keymap.label(binding);
        [span(label, theme.accent()), span(format!(" {word}   "), theme.dim())]
    };
    let shown = hinted(view, state, room).into_iter().flat_map(each);
    Line::from(std::iter::once(span(" ", theme.text())).chain(shown).collect::<Vec<_>>())
}

/// The key whose hint is under the pointer.
pub fn hint_at(view: &dyn View, state: &State, at: Position) -> Option<KeyEvent> {
    if at.y + 1 != state.size.1 {
        return None;
    }
    let mut left = 1;
    let (under, _) = hinted(view, state, state.size.0).into_iter().find(|hint| {
        left += hint_width(*hint, state);
        usize::from(at.x) < left
    })?;
    keys::event(state.settings.keymap.keys(under).first()?)
}
