//! The editor on screen: the text with numbers and marks, and below what is wrong where the cursor is, or what the field
//! under it is for. Only what is visible is built.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::Editor;
use crate::schema::describe::describe;
use crate::schema::types;
use crate::tui::editor::Problem;
use crate::tui::editor::documents::split;
use crate::tui::editor::places::{at, places, without_indexes};
use crate::tui::model::format::width;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::widgets::panel::{lines, row};
use crate::tui::widgets::text::{span, wrap};
use crate::tui::widgets::yaml;

/// Rows of the explanation below the text.
const TOLD: u16 = 6;
/// Lines of a text that is too long to look for the field under the cursor at each frame.
const MANY: usize = 5_000;

/// Rows that the text has on a screen of so many.
pub fn text_rows(screen: u16) -> u16 {
    screen.saturating_sub(3 + TOLD + 1).max(1)
}

/// Draws it.
pub fn draw(editor: &Editor, frame: &mut Frame, area: Rect, state: &State) {
    let text_height = area.height.saturating_sub(TOLD + 1).max(1);
    text(editor, frame, Rect { height: text_height, ..area }, state.theme);
    let below = Rect { y: area.y + text_height, height: area.height.saturating_sub(text_height), ..area };
    row(frame, below, 0, rule(editor, usize::from(area.width), state.theme));
    let told = Rect { y: below.y + 1, height: below.height.saturating_sub(1), ..below };
    lines(frame, told, told_lines(editor, usize::from(area.width).saturating_sub(4), state.theme));
}

fn text(editor: &Editor, frame: &mut Frame, area: Rect, theme: Theme) {
    let all = editor.area.lines();
    let cursor = editor.cursor();
    let digits = all.len().to_string().len().max(2);
    let room = usize::from(area.width).saturating_sub(digits + 4);
    let left = cursor.1.saturating_sub(room.saturating_sub(8));
    let shown = all.iter().enumerate().skip(editor.top).take(usize::from(area.height));
    lines(
        frame,
        area,
        shown.map(|(number, line)| {
            let wrong: Vec<&Problem> = editor.problems.iter().filter(|problem| problem.line == number).collect();
            let mark = if wrong.is_empty() { span("  ", theme.text()) } else { span("✕ ", theme.bad()) };
            let number_style = if number == cursor.0 { theme.accent() } else { theme.dim() };
            let mut spans = vec![span(format!(" {:>digits$} ", number + 1), number_style), mark];
            let here = (number == cursor.0).then_some(cursor.1);
            spans.extend(letters(line, &wrong, here, left, room, theme));
            Line::from(spans)
        }),
    );
}

/// A line letter by letter: colours of YAML, a line under what is wrong, and the cursor.
fn letters(
    line: &str,
    wrong: &[&Problem],
    cursor: Option<usize>,
    left: usize,
    room: usize,
    theme: Theme,
) -> Vec<Span<'static>> {
    let coloured = yaml::line(theme, line);
    let styles = coloured.iter().flat_map(|span| span.content.chars().map(|letter| (letter, span.style)));
    let blank = cursor.filter(|at| *at >= line.chars().count()).map(|_| (' ', Style::new()));
    let mut spans: Vec<Span> = Vec::new();
    let mut used = 0;
    for (column, (letter, mut style)) in styles.chain(blank).enumerate().skip(left) {
        if wrong.iter().any(|problem| (problem.column..problem.column + problem.length).contains(&column)) {
            style = style.patch(theme.bad()).add_modifier(Modifier::UNDERLINED);
        }
        if cursor == Some(column) {
            style = theme.selected();
        }
        let shown = if letter.is_control() { '·' } else { letter };
        used += width(shown.encode_utf8(&mut [0; 4]));
        if used > room {
            break;
        }
        match spans.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push(shown),
            _ => spans.push(Span::styled(shown.to_string(), style)),
        }
    }
    spans
}

/// The line between text and explanation: how many problems, and where the cursor is.
fn rule(editor: &Editor, room: usize, theme: Theme) -> Line<'static> {
    let (line, column) = editor.cursor();
    let count = match editor.problems.len() {
        0 if editor.checked => span(" ● sin problemas a la vista ", theme.good()),
        0 => span(" ◐ revisando ", theme.dim()),
        1 => span(" ✕ 1 problema ", theme.bad()),
        many => span(format!(" ✕ {many} problemas "), theme.bad()),
    };
    let place = format!(" línea {}, columna {} ", line + 1, column + 1);
    let changed = if editor.changed() { " sin guardar " } else { "" };
    let blanks = room.saturating_sub(count.width() + width(&place) + width(changed) + 4);
    Line::from(vec![
        span("──", theme.dim()),
        count,
        span("─".repeat(blanks), theme.dim()),
        span(changed, theme.warn()),
        span(place, theme.dim()),
        span("──", theme.dim()),
    ])
}

fn told_lines(editor: &Editor, room: usize, theme: Theme) -> Vec<Line<'static>> {
    let Some(problem) = editor.nearest_problem() else { return help_lines(editor, room, theme) };
    let mut out = Vec::new();
    let lead = format!("línea {}: ", problem.line + 1);
    for (index, piece) in wrap(&format!("{lead}{}", problem.spanish), room).into_iter().enumerate() {
        let sign = if index == 0 { span("  ✕ ", theme.bad()) } else { span("    ", theme.text()) };
        out.push(Line::from(vec![sign, span(piece, theme.text())]));
    }
    let english = format!("{}: {}", problem.finder.title(), problem.english);
    out.extend(wrap(&english, room).into_iter().map(|piece| Line::styled(format!("    {piece}"), theme.dim())));
    out
}

/// What the field under the cursor is for, from the schema.
fn help_lines(editor: &Editor, room: usize, theme: Theme) -> Vec<Line<'static>> {
    let Some((path, name, about)) = field_help(editor) else {
        let text = "    Los problemas se marcan en su línea; aquí se explica el campo donde está el cursor. Ctrl-t pregunta al servidor sin cambiar nada.";
        return wrap(text, room + 4).into_iter().map(|line| Line::styled(line, theme.dim())).collect();
    };
    let mut out =
        vec![Line::from(vec![span(format!("    {path}"), theme.accent()), span(format!("  {name}"), theme.dim())])];
    out.extend(wrap(&about, room).into_iter().map(|line| Line::styled(format!("    {line}"), theme.text())));
    out
}

/// Path, type and description of the field under the cursor.
fn field_help(editor: &Editor) -> Option<(String, String, String)> {
    if editor.area.lines().len() > MANY {
        return None;
    }
    let text = editor.text();
    let (line, column) = editor.cursor();
    let document = split(&text).into_iter().rfind(|document| document.first_line <= line)?;
    let value =
        |name: &str| document.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim));
    let definition = types::by_kind(value("apiVersion")?, value("kind")?)?;
    let places = places(document.text);
    let place = at(&places, line - document.first_line, column)?;
    let path = without_indexes(&place.path);
    let names: Vec<&str> = path.split('.').collect();
    let help = describe(definition.name, &names)?;
    let required = if help.field.required { ", obligatorio" } else { "" };
    Some((path, format!("{}{required}", help.type_name), help.description.into_owned()))
}
