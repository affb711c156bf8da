//! Revisions at the left, and what changed between two of them at the right (or below, where there is little room).

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use crate::tui::model::format::{ago, fit, pad};
use crate::tui::model::history::{Piece, Revision, difference};
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::widgets::panel::lines;
use crate::tui::widgets::text::span;
use crate::tui::widgets::window;

/// What is chosen of the history.
#[derive(Debug, Default)]
pub struct History {
    /// The revisions, the newest first; absent until they are known.
    pub revisions: Option<Vec<Revision>>,
    /// Why there are none.
    pub why: String,
    chosen: usize,
    base: Option<i64>,
}

impl History {
    /// The chosen revision.
    pub fn chosen(&self) -> Option<&Revision> {
        self.revisions.as_ref()?.get(self.chosen)
    }

    /// Goes from revision to revision.
    pub fn step(&mut self, by: isize) {
        let total = self.revisions.as_ref().map_or(0, Vec::len);
        self.chosen = window::step(self.chosen, total, by);
    }

    /// Compares with the chosen one from now on, or with the one before each again.
    pub fn mark(&mut self) {
        let chosen = self.chosen().map(|revision| revision.number);
        self.base = if self.base == chosen { None } else { chosen };
    }

    /// Older and newer of the two that are compared.
    fn pair(&self) -> Option<(&Revision, &Revision)> {
        let all = self.revisions.as_ref()?;
        let chosen = all.get(self.chosen)?;
        let marked = self.base.and_then(|base| all.iter().find(|revision| revision.number == base));
        let other = marked.filter(|other| other.number != chosen.number).or_else(|| all.get(self.chosen + 1))?;
        Some(if other.number < chosen.number { (other, chosen) } else { (chosen, other) })
    }

    /// Draws both halves.
    pub fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        let Some(all) = &self.revisions else {
            return lines(frame, area, [Line::styled("   preguntando al servidor…", theme.dim())]);
        };
        if all.is_empty() {
            return lines(frame, area, [Line::styled(format!("   {}", self.why), theme.dim())]);
        }
        let side = area.width >= 110;
        let height = u16::try_from(all.len() + 1).unwrap_or(u16::MAX).min(area.height / 3);
        let [list, body] = if side {
            Layout::horizontal([Constraint::Length(46), Constraint::Fill(1)]).areas(area)
        } else {
            Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area)
        };
        let shown = window::around(self.chosen, all.len(), usize::from(list.height));
        lines(frame, list, shown.map(|index| self.line(index, &all[index], usize::from(list.width), state)));
        lines(frame, body, self.told(usize::from(body.width), theme));
    }

    fn line(&self, index: usize, revision: &Revision, room: usize, state: &State) -> Line<'static> {
        let theme = state.theme;
        let style = if index == self.chosen { theme.selected() } else { theme.text() };
        let mark = if self.base == Some(revision.number) { "▸" } else { " " };
        let now = if index == 0 { "● " } else { "  " };
        let when = revision.at.map(|at| ago(at, state.now)).unwrap_or_default();
        let text = format!(" {:>5}  {} {} ", revision.number, pad(&when, 13), revision.what);
        Line::from(vec![
            span(mark, theme.marked()),
            span(now, theme.good()),
            span(fit(&text, room.saturating_sub(4)), style),
        ])
    }

    fn told(&self, room: usize, theme: Theme) -> Vec<Line<'static>> {
        let Some((older, newer)) = self.pair() else {
            return vec![Line::styled("   es la primera que se guarda: no hay con qué comparar", theme.dim())];
        };
        let title = format!(" DE LA {} A LA {}", older.number, newer.number);
        let mut out = vec![Line::styled(title, theme.dim()), Line::default()];
        let pieces = difference(&older.lines, &newer.lines);
        if pieces.is_empty() {
            out.push(Line::styled("   dicen lo mismo", theme.dim()));
        }
        out.extend(pieces.iter().map(|piece| {
            let (sign, text, style) = match piece {
                Piece::Same(text) => ("  ", text.as_str(), theme.dim()),
                Piece::Added(text) => ("+ ", text.as_str(), theme.good()),
                Piece::Removed(text) => ("- ", text.as_str(), theme.bad()),
                Piece::Gap => ("  ", "⋯", theme.dim()),
            };
            Line::styled(format!(" {sign}{}", fit(text, room.saturating_sub(4))), style)
        }));
        out
    }
}
