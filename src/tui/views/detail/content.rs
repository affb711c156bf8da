//! What the tabs of a detail say and how they look. Must not change anything but what a click chooses.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::Line;
use serde_json::Value;

use super::{Detail, Tab, links};
use crate::tui::model::catalog::Target;
use crate::tui::model::describe::{self, Told};
use crate::tui::model::format::{pad, sentence, width};
use crate::tui::model::health::health;
use crate::tui::model::history::kept;
use crate::tui::model::light::Light;
use crate::tui::model::parts;
use crate::tui::model::why;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::view::Steps;
use crate::tui::widgets::panel::{lines, row};
use crate::tui::widgets::text::{heading, light, span, wrap};
use crate::tui::widgets::{window, yaml};

/// The width from which the events stand beside the page.
const ROOMY: u16 = 150;

/// The object as YAML lines, without the fields that only machines read.
pub fn yaml_lines(object: &Value) -> Vec<String> {
    let mut object = object.clone();
    if let Some(meta) = object["metadata"].as_object_mut() {
        meta.remove("managedFields");
    }
    let text = serde_yaml::to_string(&object).unwrap_or_default();
    text.lines().map(Into::into).collect()
}

/// Why an object has no history.
pub fn no_history(target: &Target) -> String {
    if kept(&target.resource) {
        "su controlador todavía no guarda ninguna revisión".into()
    } else {
        "los controladores solo guardan revisiones de Deployments, StatefulSets y DaemonSets".into()
    }
}

impl Detail {
    /// Whether the events stand beside the page instead of under it.
    fn beside(&self, width: u16) -> bool {
        width >= ROOMY && matches!(self.tab, Tab::Describe | Tab::Yaml)
    }

    /// Columns that the text has.
    pub(super) fn text_width(&self, width: u16) -> u16 {
        if self.beside(width) { width * 3 / 5 } else { width }
    }

    /// The lines of the tabs that are texts.
    pub(super) fn content(&self, state: &State, room: usize) -> Vec<Line<'static>> {
        let theme = state.theme;
        let object = match &self.object {
            None => return vec![Line::styled("   preguntando al servidor…", theme.dim())],
            Some(Err(failure)) => return vec![Line::styled(format!("   ✕ {failure}"), theme.bad())],
            Some(Ok(object)) => object,
        };
        let events = if self.beside(state.size.0) { None } else { Some(self.events.as_slice()) };
        let page = match self.tab {
            Tab::Yaml => return self.yaml.iter().map(|line| yaml_line(line, theme)).collect(),
            Tab::Events => describe::events(&self.events, state.now),
            _ => describe::describe(object, events, state.now),
        };
        let lead = if self.tab == Tab::Describe { self.why(object, room, state) } else { Vec::new() };
        lead.into_iter().chain(page.iter().flat_map(|told| told_lines(told, room, theme))).collect()
    }

    /// Why it fails, before anything else is told of it.
    fn why(&self, object: &Value, room: usize, state: &State) -> Vec<Line<'static>> {
        let case = why::Case::new(object, &self.events, self.world.as_ref(), state.now);
        let case = case.without(parts::off(&state.cluster));
        let Some(first) = why::diagnose(&case).into_iter().next() else { return Vec::new() };
        let told = Told {
            label: "¿Por qué?".into(),
            text: format!("{} (X)", sentence(&first.cause)),
            // What somebody asked for, such as no replicas, is no failure.
            light: Some(if health(object).0 == Light::Good { Light::Plain } else { Light::Bad }),
            ..Told::default()
        };
        [told_lines(&told, room, state.theme), vec![Line::default()]].concat()
    }

    fn tabs(&self, theme: Theme) -> Line<'static> {
        let mut tabs = vec![span("  ", theme.text())];
        for tab in Tab::ALL {
            let style = if tab == self.tab { theme.selected() } else { theme.dim() };
            tabs.extend([span(format!(" {} ", tab.title()), style), span(" ", theme.text())]);
        }
        if self.gone {
            tabs.push(span("  ✕ ya no existe: esto es lo último que se supo", theme.bad()));
        }
        Line::from(tabs)
    }

    fn body(area: Rect) -> Rect {
        let skipped = 2.min(area.height);
        Rect { y: area.y + skipped, height: area.height - skipped, ..area }
    }

    /// A tab is shown, a line is chosen, and the chosen one entered.
    pub(super) fn clicked(&mut self, at: Position, area: Rect, state: &State) -> Steps {
        if at.y == area.y {
            let mut left = area.x + 2;
            let under = Tab::ALL.into_iter().find(|tab| {
                left += u16::try_from(width(tab.title())).unwrap_or(0) + 3;
                at.x < left
            });
            return under.map(|tab| self.show(tab, state)).unwrap_or_default();
        }
        let body = Self::body(area);
        let Some(below) = at.y.checked_sub(body.y).filter(|_| self.tab.links()) else { return Steps::new() };
        let shown = window::around(self.chosen, self.links.len(), usize::from(body.height));
        match shown.start + usize::from(below) {
            place if place >= shown.end => Steps::new(),
            place if place == self.chosen => self.enter(state),
            place => {
                self.chosen = place;
                Steps::new()
            }
        }
    }

    pub(super) fn paint(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        row(frame, area, 0, self.tabs(theme));
        let body = Self::body(area);
        match self.tab {
            Tab::History => self.history.draw(frame, body, state),
            Tab::Usage => self.usage.draw(frame, body, state),
            Tab::Tree | Tab::Relations => self.paint_links(frame, body, theme),
            Tab::Describe | Tab::Yaml | Tab::Events => self.paint_text(frame, body, state),
        }
    }

    fn paint_links(&self, frame: &mut Frame, area: Rect, theme: Theme) {
        if self.links.is_empty() {
            let text =
                if self.world.is_some() { "nada de este clúster está ligado a él" } else { "mirando alrededor…" };
            return lines(frame, area, [Line::styled(format!("   {text}"), theme.dim())]);
        }
        links::draw(frame, area, &self.links, self.chosen, theme);
    }

    fn paint_text(&self, frame: &mut Frame, area: Rect, state: &State) {
        let theme = state.theme;
        let text_width = self.text_width(area.width);
        let text = self.content(state, usize::from(text_width));
        if !self.beside(area.width) {
            return self.pager.draw(frame, area, &text, theme);
        }
        let [left, right] = Layout::horizontal([Constraint::Length(text_width), Constraint::Fill(1)]).areas(area);
        self.pager.draw(frame, left, &text, theme);
        let events = describe::events(&self.events, state.now);
        let told = events.iter().skip(1).flat_map(|told| told_lines(told, usize::from(right.width), theme));
        lines(frame, right, told);
    }
}

fn yaml_line(line: &str, theme: Theme) -> Line<'static> {
    Line::from([vec![span("  ", theme.text())], yaml::line(theme, line)].concat())
}

/// A line of the page, broken under itself where it is long.
fn told_lines(told: &Told, room: usize, theme: Theme) -> Vec<Line<'static>> {
    if told.heading {
        return vec![heading(theme, &told.label)];
    }
    let margin = 2 + 2 * told.indent;
    let label_room = if told.label.is_empty() { 0 } else { width(&told.label).max(14 - told.indent.min(3)) + 1 };
    let lead = margin + 2 + label_room;
    let mut pieces = wrap(&told.text, room.saturating_sub(lead + 1).max(10)).into_iter();
    let sign = told.light.map_or_else(|| span("  ", theme.text()), |sign| light(theme, sign));
    let mut first = vec![span(" ".repeat(margin), theme.text()), sign, span(pad(&told.label, label_room), theme.dim())];
    first.push(span(pieces.next().unwrap_or_default(), theme.text()));
    let rest = pieces.map(|piece| Line::raw(format!("{}{piece}", " ".repeat(lead))));
    std::iter::once(Line::from(first)).chain(rest).collect()
}
