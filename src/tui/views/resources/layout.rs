//! Columns of a table on a screen: as wide as what they hold, dropped by priority where there is no room. Pure but for the
//! drawing itself.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::tui::model::facts::Pod;
use crate::tui::model::format::{age, fit_middle, pad, seconds_between, unhurried, width};
use crate::tui::model::light::{Light, of_cell, of_row, outdated};
use crate::tui::model::rows::{Rows, is_age};
use crate::tui::model::table::Row;
use crate::tui::state::State;
use crate::tui::widgets::panel::lines;
use crate::tui::widgets::text::{clip, light, span};

/// The widest that a column other than the name may be before others are dropped for it.
const WIDEST: usize = 48;
/// Blanks between columns.
const GAP: usize = 3;
/// Columns before the first: a mark, a light and their blanks.
const LEAD: usize = 3;

/// Kinds whose cells count pods and do not tell why one fails.
const WORKLOADS: &[&str] = &["Deployment", "ReplicaSet", "StatefulSet"];
/// Failing pods looked at for their signs.
const MOST_ILL: usize = 500;

/// A column as drawn.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its place in the server's table; `None` is the namespace.
    pub index: Option<usize>,
    title: String,
    width: usize,
    priority: i32,
}

/// What is drawn and how.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// The list.
    pub rows: &'a Rows,
    /// What it is a list of.
    pub kind: &'a str,
    /// Whether the namespace is a column.
    pub namespaced: bool,
    /// Whether the columns of `-o wide` stay although others are dropped for them.
    pub wide: bool,
    /// What is shared.
    pub state: &'a State,
}

impl Sheet<'_> {
    /// The columns that fit into so much room.
    pub fn columns(&self, room: usize) -> Vec<Shown> {
        let namespace =
            self.namespaced.then(|| Shown { index: None, title: "NAMESPACE".into(), width: 0, priority: 0 });
        let own = self.rows.columns.iter().enumerate().map(|(index, column)| Shown {
            index: Some(index),
            title: column.name.to_uppercase(),
            width: 0,
            priority: if self.wide { 0 } else { column.priority },
        });
        let measured = |mut column: Shown| {
            let most = if column.title == "NAME" { usize::MAX } else { WIDEST };
            let least = if self.age(&column) { 5 } else { 0 };
            column.width = self.rows.width(column.index).min(most).max(width(&column.title) + 1).max(least);
            column
        };
        fitting(namespace.into_iter().chain(own).map(measured).collect(), room.saturating_sub(LEAD + 1))
    }

    fn age(&self, column: &Shown) -> bool {
        column.index.and_then(|index| self.rows.columns.get(index)).is_some_and(is_age)
    }

    /// Draws a header and rows.
    pub fn draw(&self, frame: &mut Frame, area: Rect, rows: &[&Row], chosen: usize) {
        let room = usize::from(area.width);
        let columns = self.columns(room);
        let (mut out, ill) = (vec![self.header(&columns)], self.ill());
        let line =
            |(index, row): (usize, &&Row)| clip(self.line(row, &columns, index == chosen, self.sign(row, &ill)), room);
        out.extend(rows.iter().enumerate().map(line));
        lines(frame, area, out);
    }

    fn header(&self, columns: &[Shown]) -> Line<'static> {
        let theme = self.state.theme;
        let sorted = self.rows.sorted_by();
        let mut spans = vec![span(" ".repeat(LEAD), theme.text())];
        for column in columns {
            let name = column.index.and_then(|index| self.rows.columns.get(index)).map(|column| column.name.as_str());
            let (title, style) = match sorted.filter(|sort| Some(sort.column.as_str()) == name) {
                Some(sort) => (format!("{}{}", column.title, if sort.descending { "↓" } else { "↑" }), theme.accent()),
                None => (column.title.clone(), theme.dim()),
            };
            spans.push(span(format!("{}{}", pad(&title, column.width), " ".repeat(GAP)), style));
        }
        Line::from(spans)
    }

    /// The text of a cell; an age counts on from the creation, so that it does not stand still between events.
    fn cell(&self, row: &Row, column: &Shown) -> String {
        let Some(index) = column.index else { return String::from(&row.namespace) };
        match row.created {
            Some(created) if self.age(column) => age(unhurried(seconds_between(created, self.state.now))),
            _ => row.cells.get(index).map(|text| text.replace('\n', " ")).unwrap_or_default(),
        }
    }

    /// Pods that fail, where the list is of what has pods: its own cells do not tell of them.
    fn ill(&self) -> Vec<&Pod> {
        let pods = WORKLOADS.contains(&self.kind).then_some(&self.state.cluster.pods);
        pods.into_iter()
            .flat_map(|pods| pods.values())
            .map(AsRef::as_ref)
            .filter(|pod| pod.fails())
            .take(MOST_ILL)
            .collect()
    }

    /// How a row is doing, one step worse where a pod of its fails.
    fn sign(&self, row: &Row, ill: &[&Pod]) -> Option<Light> {
        let own = sign(self.rows, row);
        let fails =
            || ill.iter().any(|pod| *pod.key.namespace == *row.namespace && pod.belongs_to(self.kind, &row.name));
        match own {
            Some(Light::Good) if fails() => Some(Light::Busy),
            Some(Light::Busy) if fails() => Some(Light::Bad),
            own => own,
        }
    }

    fn line(&self, row: &Row, columns: &[Shown], chosen: bool, sign: Option<Light>) -> Vec<Span<'static>> {
        let theme = self.state.theme;
        let marked = self.rows.is_marked(&row.uid);
        let sign_span = sign.map_or_else(|| span("  ", theme.text()), |sign| light(theme, sign));
        let mark = if marked { span("▸", theme.marked()) } else { span(" ", theme.text()) };
        let mut spans = vec![mark, sign_span];
        for (place, column) in columns.iter().enumerate() {
            let text = self.cell(row, column);
            let text = if column.title == "NAME" { fit_middle(&text, column.width) } else { text };
            let style = if chosen { theme.selected() } else { self.style(column, sign, marked, &text) };
            let gap = if place + 1 < columns.len() { GAP } else { 0 };
            spans.push(span(format!("{}{}", pad(&text, column.width), " ".repeat(gap)), style));
        }
        spans
    }

    /// The name of what is ill stands out, and so does the cell that says why; the rest stays calm.
    fn style(&self, column: &Shown, sign: Option<Light>, marked: bool, text: &str) -> Style {
        let theme = self.state.theme;
        let own = column.index.and_then(|index| of_cell(&self.rows.columns[index].name, text));
        match (own, sign) {
            (Some(own), _) if column.title == "STATUS" => theme.light(own),
            (Some(own), _) if own != Light::Good && own != Light::Done => theme.light(own),
            _ if column.title != "NAME" => theme.dim(),
            _ if marked => theme.marked(),
            (_, Some(Light::Bad)) => theme.bad(),
            (_, Some(Light::Done | Light::Leaving)) => theme.dim(),
            _ => theme.text(),
        }
    }
}

/// What a row's cells say together of how it is doing.
pub fn sign(rows: &Rows, row: &Row) -> Option<Light> {
    let known = 0..rows.columns.len().min(row.cells.len());
    let lights = known.filter_map(|index| of_cell(&rows.columns[index].name, row.cells.get(index)?));
    let cell = |name: &str| row.cells.get(rows.columns.iter().position(|column| column.name == name)?);
    let late = cell("Ready").zip(cell("Up-to-date")).is_some_and(|(ready, updated)| outdated(ready, updated));
    let homeless = cell("Status") == Some("Pending") && cell("Node") == Some("<none>");
    of_row(lights.chain(late.then_some(Light::Busy)).chain(homeless.then_some(Light::Waiting)))
}

/// The column under a place of the header, counted from the left edge.
pub fn column_at(columns: &[Shown], x: usize) -> Option<&Shown> {
    let mut left = LEAD;
    columns.iter().find(|column| {
        left += column.width + GAP;
        x < left
    })
}

/// Leaves out columns until the rest fits: first those of `-o wide`, then from the right, but for the name and the age;
/// at last the widest shrinks.
fn fitting(mut columns: Vec<Shown>, room: usize) -> Vec<Shown> {
    let total = |columns: &[Shown]| columns.iter().map(|column| column.width + GAP).sum::<usize>();
    while total(&columns) > room + GAP {
        let kept = |column: &Shown| matches!(column.title.as_str(), "NAME" | "AGE" | "STATUS" | "READY" | "REASON");
        let wide = columns.iter().rposition(|column| column.priority > 0);
        match wide.or_else(|| columns.iter().rposition(|column| !kept(column))) {
            Some(index) if columns.len() > 2 => drop(columns.remove(index)),
            _ => break,
        }
    }
    let excess = total(&columns).saturating_sub(room + GAP);
    if let Some(widest) = columns.iter_mut().max_by_key(|column| column.width) {
        widest.width = widest.width.saturating_sub(excess).max(8);
    }
    columns
}
