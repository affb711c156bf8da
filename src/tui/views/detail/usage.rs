//! CPU and memory over the last minutes: two braille charts, or the same as a table.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Chart, Dataset, GraphType};

use crate::tui::model::failure::Failure;
use crate::tui::model::format::{bytes, cpu, pad, seconds_between};
use crate::tui::model::usage::Series;
use crate::tui::state::State;
use crate::tui::widgets::panel::{lines, row};
use crate::tui::widgets::text::{heading, span};

/// What is known of what the object uses.
#[derive(Debug, Default)]
pub struct Consumption {
    /// The readings.
    pub series: Series,
    /// Why there are none.
    pub failure: Option<Failure>,
    /// Whether the kind uses nothing by itself.
    pub idle: bool,
    /// Whether they are told as a table.
    pub table: bool,
}

impl Consumption {
    /// Draws the charts or the table, or says why there is neither.
    pub fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        if let Some(why) = self.why_not(state.past.is_some()) {
            return lines(
                frame,
                area,
                why.into_iter().map(|line| Line::styled(format!("   {line}"), state.theme.dim())),
            );
        }
        if self.table || area.height < 14 {
            return lines(frame, area, self.rows(state));
        }
        let [cpu_area, memory_area, parts] = Layout::vertical([
            Constraint::Fill(2),
            Constraint::Fill(2),
            Constraint::Length(u16::try_from(self.series.parts.len() + 2).unwrap_or(u16::MAX).min(area.height / 4)),
        ])
        .areas(area);
        let readings = &self.series.readings;
        let points = |value: fn(i64, i64) -> i64| -> Vec<(f64, f64)> {
            readings
                .iter()
                .map(|(at, usage)| point(seconds_between(state.now, *at), value(usage.cpu, usage.memory)))
                .collect()
        };
        chart(frame, cpu_area, "CPU", &points(|cpu, _| cpu), cpu, state);
        let size = |count: i64| bytes(u64::try_from(count).unwrap_or(0));
        chart(frame, memory_area, "memoria", &points(|_, memory| memory), size, state);
        lines(frame, parts, self.parts(state));
    }

    fn why_not(&self, past: bool) -> Option<Vec<String>> {
        if self.idle {
            return Some(vec![
                "Este objeto no usa CPU ni memoria por sí mismo: míralo en sus pods (pestaña Árbol).".into(),
            ]);
        }
        match &self.failure {
            Some(failure) if failure.missing() => Some(vec![
                "Este clúster no mide lo que usan sus pods: le falta la API de métricas (metrics.k8s.io).".into(),
                "La sirve metrics-server, que se instala aparte; lo mismo le pasa aquí a `kubectl top`.".into(),
            ]),
            Some(failure) => Some(vec![format!("✕ {failure}")]),
            None if !self.series.readings.is_empty() => None,
            None if past => Some(vec!["De un momento pasado no hay medidas: vuelve a ahora (t) para verlas.".into()]),
            None => Some(vec!["midiendo…".into()]),
        }
    }

    /// Who uses how much now.
    fn parts(&self, state: &State) -> Vec<Line<'static>> {
        let theme = state.theme;
        let line = |(name, usage): &(String, crate::tui::model::usage::Usage)| {
            let size = bytes(u64::try_from(usage.memory).unwrap_or(0));
            Line::from(vec![
                span(format!("   {} ", pad(name, 48)), theme.text()),
                span(format!("{:>8}   {size:>10}", cpu(usage.cpu)), theme.dim()),
            ])
        };
        std::iter::once(heading(theme, "ahora")).chain(self.series.parts.iter().map(line)).collect()
    }

    fn rows(&self, state: &State) -> Vec<Line<'static>> {
        let theme = state.theme;
        let mut out = self.parts(state);
        out.extend([Line::default(), heading(theme, "últimas medidas")]);
        out.extend(self.series.readings.iter().rev().map(|(at, usage)| {
            let size = bytes(u64::try_from(usage.memory).unwrap_or(0));
            let ago = format!("hace {} s", seconds_between(*at, state.now).max(0));
            Line::raw(format!("   {} {:>8}   {size:>10}", pad(&ago, 48), cpu(usage.cpu)))
        }));
        out
    }
}

#[expect(clippy::cast_precision_loss, reason = "what fits a chart fits a float")]
fn point(x: i64, y: i64) -> (f64, f64) {
    (x as f64, y as f64)
}

fn chart(
    frame: &mut Frame,
    area: Rect,
    name: &str,
    points: &[(f64, f64)],
    told: impl Fn(i64) -> String,
    state: &State,
) {
    let theme = state.theme;
    let top = points.iter().fold(1.0_f64, |top, (_, y)| top.max(*y)) * 1.1;
    let first = points.first().map_or(-60.0, |(x, _)| x.min(-60.0));
    #[expect(clippy::cast_possible_truncation, reason = "a label")]
    let label = |value: f64| told(value as i64);
    let now = points.last().map_or(0.0, |(_, y)| *y);
    row(
        frame,
        area,
        0,
        Line::from(vec![span(format!(" {} ", name.to_uppercase()), theme.dim()), span(label(now), theme.strong())]),
    );
    let body = Rect {
        x: area.x + 1,
        y: area.y + 1,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    };
    let data =
        Dataset::default().marker(Marker::Braille).graph_type(GraphType::Line).style(theme.accent()).data(points);
    let start = format!("hace {:.0} s", -first);
    let x = Axis::default().bounds([first, 0.0]).style(theme.dim()).labels([start, "ahora".into()]);
    let y = Axis::default().bounds([0.0, top]).style(theme.dim()).labels(["0".to_string(), label(top)]);
    frame.render_widget(Chart::new(vec![data]).x_axis(x).y_axis(y), body);
}
