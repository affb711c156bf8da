//! How logs look. Pure.

use std::collections::VecDeque;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::streams::Streams;
use super::{AROUND, Logs};
use crate::tui::model::format::{fit, pad, width};
use crate::tui::model::log::{self, pretty, readable};
use crate::tui::model::rows::Filter;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::widgets::input::Input;
use crate::tui::widgets::panel::{lines, row};
use crate::tui::widgets::text::{clip, span, wrap};

/// How the server says that a container has not been restarted.
const NO_RUN_BEFORE: &str = "previous terminated container";
/// The widest that a line's label may be.
const LABEL: usize = 24;

pub(super) fn draw(logs: &Logs, frame: &mut Frame, area: Rect, state: &State) {
    row(frame, area, 0, status(logs, usize::from(area.width), state.theme));
    let mut top = 1;
    if let Some(filter) = &logs.filter {
        row(frame, area, 1, search(logs, filter, state.theme));
        top = 2;
    }
    let body = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
    let room = (usize::from(body.height), usize::from(body.width.saturating_sub(2)));
    let page = page(logs, room, state.theme);
    if page.is_empty() {
        return lines(frame, body, [Line::default(), Line::styled(format!("   {}", nothing(logs)), state.theme.dim())]);
    }
    lines(frame, body, page);
}

fn search(logs: &Logs, filter: &Input, theme: Theme) -> Line<'static> {
    if logs.typing {
        return filter.line(theme, " / ");
    }
    let around = match AROUND[logs.around] {
        0 => String::new(),
        around => format!("   y {around} líneas alrededor"),
    };
    let told = format!("{around}   Esc lo quita");
    Line::from(vec![span(format!(" / {}", filter.text()), theme.text()), span(told, theme.dim())])
}

/// Whether it goes on, whose it is, since when.
fn status(logs: &Logs, room: usize, theme: Theme) -> Line<'static> {
    let streams = &logs.streams;
    if let Some(failure) = streams.failure() {
        if streams.previous && failure.message.contains(NO_RUN_BEFORE) {
            return Line::styled(" ○ no se ha reiniciado: no hay logs anteriores (p: los de ahora)", theme.text());
        }
        return Line::styled(fit(&format!(" ✕ {failure}"), room), theme.bad());
    }
    let what = match streams.previous {
        true => "○ antes del último reinicio",
        false if streams.over() => "○ el log terminó",
        false if logs.above_end == 0 && !logs.still => "● siguiendo",
        false => "◌ quieto (f: seguir)",
    };
    let since = match streams.minutes {
        0 => String::new(),
        1 => "   el último minuto".into(),
        minutes => format!("   los últimos {minutes} minutos"),
    };
    let dropped = if logs.log.dropped() { "   (lo más antiguo ya no se guarda)" } else { "" };
    let told =
        [span(format!(" {what}"), theme.text()), span(format!("   {}{since}{dropped}", whose(streams)), theme.dim())];
    clip(told.into(), room)
}

/// Why there is no line.
fn nothing(logs: &Logs) -> &'static str {
    match (&logs.filter, logs.streams.minutes) {
        _ if logs.streams.failure().is_some() => "",
        (Some(filter), _) if !filter.text().is_empty() && !logs.log.is_empty() => {
            "Ninguna línea pasa el filtro (Esc lo quita)."
        }
        (_, 0) => "Todavía no ha escrito nada.",
        _ => "En ese tiempo no ha escrito nada (m: desde antes).",
    }
}

fn whose(streams: &Streams) -> String {
    let (pods, known) = (streams.pods().len(), streams.known);
    match (streams.only(), pods) {
        _ if streams.is_empty() => "…".into(),
        (Some(stream), 1) => format!("contenedor {}", stream.container),
        (Some(stream), _) => format!("pod {} · contenedor {} (Tab: otro)", stream.pod, stream.container),
        (None, 1) => format!("{} contenedores juntos (Tab: uno)", streams.all().len()),
        (None, _) if known > pods => format!("{pods} de {known} pods juntos (Tab: uno)"),
        (None, _) => format!("{pods} pods juntos (Tab: uno)"),
    }
}

/// What is on screen: only the lines that are shown, only as many as fit, from the end.
fn page(logs: &Logs, (room, width): (usize, usize), theme: Theme) -> Vec<Line<'static>> {
    let (filter, shown) = (logs.filter(), logs.shown());
    let label = labels(&logs.streams);
    let upto = shown.len().saturating_sub(logs.above_end);
    let mut out: VecDeque<Line<'static>> = VecDeque::new();
    for index in (0..upto).rev() {
        if out.len() >= room {
            break;
        }
        let told = told(logs, shown[index], (label, width), &filter, theme);
        told.into_iter().rev().for_each(|line| out.push_front(line));
        // Neighbours of one hit end where those of the next do not yet begin.
        if logs.around > 0 && !filter.open() && index > 0 && shown[index - 1] + 1 < shown[index] {
            out.push_front(Line::styled(" ┄┄", theme.dim()));
        }
    }
    out.into_iter().rev().take(room).rev().collect()
}

/// Columns that labels take; none where only one stream is shown.
fn labels(streams: &Streams) -> usize {
    match streams.only() {
        Some(_) => 0,
        None => streams.all().iter().map(|stream| width(&streams.label(stream)) + 1).max().unwrap_or(0).min(LABEL),
    }
}

/// A line, in as many as it takes.
fn told(logs: &Logs, place: usize, (label, room): (usize, usize), filter: &Filter, theme: Theme) -> Vec<Line<'static>> {
    let Some(line) = logs.log.line(place) else { return Vec::new() };
    let (time, text) = log::split(&line.text);
    let said = if logs.pretty { pretty(text) } else { None }.unwrap_or_else(|| text.to_owned());
    let said = match time.filter(|_| logs.times) {
        Some(time) => format!("{time} {said}"),
        None => said,
    };
    let (said, left) = (readable(&said), room.saturating_sub(label).max(1));
    let pieces = if logs.wrap { wrap(&said, left) } else { vec![said] };
    let pieces = if pieces.is_empty() { vec![String::new()] } else { pieces };
    let (name, style) = named(&logs.streams, line.source, theme);
    let lead = |first: bool| match (label, first) {
        (0, _) => Span::default(),
        (_, true) => span(format!("{} ", pad(&fit(&name, label - 1), label - 1)), style),
        (_, false) => span(" ".repeat(label), style),
    };
    let one = |(index, piece): (usize, String)| {
        let found = marked(&piece, filter, theme);
        Line::from([vec![Span::raw(" "), lead(index == 0)], found].concat())
    };
    pieces.into_iter().enumerate().map(one).collect()
}

/// A stream's label and its colour, one of a few; the label says the same.
fn named(streams: &Streams, number: u64, theme: Theme) -> (String, Style) {
    let colours = [theme.accent(), theme.good(), theme.warn(), theme.strong(), theme.dim()];
    let place = streams.all().iter().position(|stream| stream.number == number);
    let name = place.map(|place| streams.label(&streams.all()[place])).unwrap_or_default();
    (name, colours[place.unwrap_or(0) % colours.len()])
}

/// A text with what the filter found in it marked.
fn marked(text: &str, filter: &Filter, theme: Theme) -> Vec<Span<'static>> {
    let (mut spans, mut from) = (Vec::new(), 0);
    for found in filter.places(text) {
        spans.push(Span::raw(text[from..found.start].to_owned()));
        spans.push(span(&text[found.clone()], theme.found()));
        from = found.end;
    }
    spans.push(Span::raw(text[from..].to_owned()));
    spans
}
