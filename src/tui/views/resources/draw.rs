//! How the list looks, and what is under the mouse. Must not change anything but what a click chooses.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::Resources;
use super::layout::{self, Sheet};
use crate::tui::keys::Action;
use crate::tui::model::facts::Key;
use crate::tui::model::failure::Failure;
use crate::tui::model::rows::Wanted;
use crate::tui::model::table::Row;
use crate::tui::model::why;
use crate::tui::state::State;
use crate::tui::view::{Steps, View};
use crate::tui::widgets::panel::row;
use crate::tui::widgets::text::{clip, span};
use crate::tui::widgets::window;

impl Resources {
    /// Kind, namespaces, how many, and how many are marked.
    pub(super) fn heading(&self, state: &State) -> String {
        let scope = if self.resource.namespaced { format!(" · {}", state.scope.title()) } else { String::new() };
        let count = match (self.rows.len(), self.rows.total()) {
            // None that is known, after a failure, is not none.
            (_, 0) if self.failure.is_some() => String::new(),
            _ if !self.answered => String::new(),
            (shown, total) if shown == total => format!(" ({total})"),
            (shown, total) => format!(" ({shown} de {total})"),
        };
        let marked = match self.rows.marked().len() {
            0 => String::new(),
            1 => " · 1 marcado".into(),
            many => format!(" · {many} marcados"),
        };
        format!("{}{scope}{count}{marked}", self.resource.kind)
    }

    fn sheet<'a>(&'a self, state: &'a State) -> Sheet<'a> {
        let namespaced = self.resource.namespaced && state.scope.only().is_none();
        Sheet { rows: &self.rows, kind: &self.resource.kind, namespaced, wide: self.wide, state }
    }

    /// The lines above the table: what is typed or filtered, and what went wrong.
    fn above(&self, state: &State) -> Vec<Line<'static>> {
        let theme = state.theme;
        let mut above = Vec::new();
        if self.typing {
            above.push(self.input.line(theme, " / "));
        } else if !self.input.text().is_empty() {
            let text = span(self.input.text().to_string(), theme.strong());
            let literal = Wanted::read(self.input.text()).filter.literal();
            let note =
                if literal { "   no es una expresión: se busca tal cual · Esc lo quita" } else { "   Esc lo quita" };
            above.push(Line::from(vec![span(" / ", theme.accent()), text, span(note, theme.dim())]));
        }
        above
            .extend(self.failure.as_ref().map(|failure| Line::styled(format!(" ✕ {}", trouble(failure)), theme.bad())));
        above
    }

    /// Where the table goes, below the lines above it.
    fn table_area(&self, area: Rect, state: &State) -> Rect {
        let above = u16::try_from(self.above(state).len()).unwrap_or(0).min(area.height);
        let below = u16::from(area.height > above + 4);
        Rect { y: area.y + above, height: area.height - above - below, ..area }
    }

    /// Why the chosen row fails, where that is known without asking.
    fn why(&self, room: usize, state: &State) -> Option<Line<'static>> {
        let chosen = self.rows.get(self.place())?;
        let key = Key::new(&chosen.namespace, &chosen.name);
        let why = why::of_row(&state.cluster, &self.resource.kind, &key)?;
        Some(clip(
            vec![
                span(" ✕ ", state.theme.bad()),
                span(why, state.theme.warn()),
                span("   X: ¿por qué?", state.theme.dim()),
            ],
            room,
        ))
    }

    fn window(&self, table: Rect) -> std::ops::Range<usize> {
        window::around(self.place(), self.rows.len(), usize::from(table.height.saturating_sub(1)))
    }

    /// A header sorts by its column, a row is chosen, and the chosen one entered.
    pub(super) fn clicked(&mut self, at: Position, area: Rect, state: &State) -> Steps {
        let table = self.table_area(area, state);
        if at.y == table.y {
            let columns = self.sheet(state).columns(usize::from(table.width));
            let index = layout::column_at(&columns, usize::from(at.x - table.x)).and_then(|column| column.index);
            return index.map(|index| self.sort_by(index)).unwrap_or_default();
        }
        let shown = self.window(table);
        let Some(below) = at.y.checked_sub(table.y + 1) else { return Steps::new() };
        let place = shown.start + usize::from(below);
        if place >= shown.end {
            return Steps::new();
        }
        if place == self.place() {
            return self.act(Action::Describe, state);
        }
        self.choose(place);
        Steps::new()
    }

    pub(super) fn paint(&self, frame: &mut Frame, area: Rect, state: &State) {
        for (at, line) in (0_u16..).zip(self.above(state)) {
            row(frame, area, at, line);
        }
        let table = self.table_area(area, state);
        if self.rows.len() == 0 {
            return row(frame, table, 1, Line::styled(format!("   {}", self.emptiness(state)), state.theme.dim()));
        }
        if let Some(line) = self.why(usize::from(area.width), state) {
            row(frame, area, area.height - 1, line);
        }
        let shown = self.window(table);
        let rows: Vec<&Row> = shown.clone().filter_map(|place| self.rows.get(place)).collect();
        self.sheet(state).draw(frame, table, &rows, self.place() - shown.start);
    }

    fn emptiness(&self, state: &State) -> String {
        let plural = &self.resource.plural;
        match (self.answered, self.rows.total()) {
            (false, _) => "preguntando al servidor…".into(),
            (true, 0) if self.failure.is_some() => "no se sabe qué hay: el servidor no contesta".into(),
            (true, 0) if !self.labels.is_empty() => format!("no hay {plural} con las etiquetas {}", self.labels),
            (true, 0) if self.resource.namespaced && !state.scope.all() => {
                let cluster = &state.cluster;
                let mut known = cluster.pods.keys().chain(cluster.services.keys()).chain(cluster.deployments.keys());
                let seen = known.any(|key| state.scope.has(&key.namespace));
                let doubt = if seen { "" } else { ", donde no se ve nada: ¿se llama así?" };
                format!("no hay {plural} en el namespace {}{doubt} (la tecla 0 los mira todos)", state.scope.title())
            }
            (true, 0) => format!("no hay {plural} en este clúster"),
            (true, _) => "ninguna fila pasa el filtro (Esc lo quita)".into(),
        }
    }
}

fn trouble(failure: &Failure) -> String {
    match failure {
        denied if denied.denied() => format!("sin permiso para verlo: {denied}"),
        blind if blind.message.contains("rpc error: code = Unavailable") => {
            "el API Server responde, pero no llega a etcd: sin él no puede leer nada".into()
        }
        missing if missing.missing() => format!("este servidor no tiene este recurso: {missing}"),
        refused if !refused.unreachable() => format!("el servidor no lo entiende: {refused}"),
        lost => format!("sin conexión, reintentando: {lost}"),
    }
}
