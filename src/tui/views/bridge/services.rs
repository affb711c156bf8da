//! The services on the bridge: a line each, with the pods that answer behind it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::nav::Spot;
use crate::tui::model::bridge::ServiceLine;
use crate::tui::model::facts::Endpoint;
use crate::tui::model::format::{pad, width};
use crate::tui::model::light::Light;
use crate::tui::state::State;
use crate::tui::theme::Theme;
use crate::tui::widgets::panel::lines;
use crate::tui::widgets::text::{clip, light, sides, span};
use crate::tui::widgets::window;

/// Draws as many services as fit, those around the chosen one.
pub fn draw(frame: &mut Frame, area: Rect, services: &[ServiceLine], chosen: Option<&Spot>, state: &State) {
    let theme = state.theme;
    if services.is_empty() {
        let none = if state.scope.all() {
            "   ninguno todavía".into()
        } else {
            format!("   ninguno en {} (0 mira todos los namespaces)", state.scope.title())
        };
        return lines(frame, area, [Line::styled(none, theme.dim())]);
    }
    let focus = services.iter().position(|line| is(chosen, line)).unwrap_or(0);
    let shown = window::around(focus, services.len(), usize::from(area.height));
    let widths = Widths::of(services, usize::from(area.width));
    let hidden = services.len() - shown.len();
    let mut told: Vec<Line> =
        services[shown].iter().map(|line| service(line, &widths, is(chosen, line), state)).collect();
    if let Some(last) = told.last_mut().filter(|_| hidden > 0) {
        let more = Line::styled(format!("  (y {hidden} más)"), theme.dim());
        let left = clip(std::mem::take(last).spans, usize::from(area.width).saturating_sub(more.width()));
        *last = sides(left, more, usize::from(area.width));
    }
    lines(frame, area, told);
}

fn is(chosen: Option<&Spot>, line: &ServiceLine) -> bool {
    matches!(chosen, Some(Spot::Service(key)) if key == &line.service.key)
}

/// Widths of the columns, so that they stand under each other.
struct Widths {
    name: usize,
    kind: usize,
    ip: usize,
    ports: usize,
    room: usize,
}

impl Widths {
    fn of(services: &[ServiceLine], room: usize) -> Self {
        let widest =
            |text: &dyn Fn(&ServiceLine) -> usize, most: usize| services.iter().map(text).max().unwrap_or(0).min(most);
        Self {
            name: widest(&|line| width(&line.service.key.name), if room < 100 { 14 } else { 28 }),
            kind: if room < 100 { 0 } else { widest(&|line| width(&line.service.kind), 12) },
            ip: widest(&|line| width(&line.service.ip), 15),
            ports: widest(&|line| width(&line.service.ports), if room < 100 { 13 } else { 24 }),
            room,
        }
    }
}

fn service(line: &ServiceLine, widths: &Widths, chosen: bool, state: &State) -> Line<'static> {
    let (service, theme) = (line.service, state.theme);
    let health = if line.trouble.is_none() { Light::Good } else { Light::Waiting };
    let style = match chosen {
        true => theme.selected(),
        false if state.looks_at("Service", &service.key.name, "") => theme.looked(theme.text()),
        false => theme.text(),
    };
    let mut spans =
        vec![span("   ", theme.text()), light(theme, health), span(pad(&service.key.name, widths.name), style)];
    if widths.kind > 0 {
        spans.push(span(format!("  {}", pad(&service.kind, widths.kind)), theme.dim()));
    }
    spans.push(span(format!("  {}", pad(&service.ip, widths.ip)), theme.text()));
    spans.push(span(format!("  {}  ", pad(&service.ports, widths.ports)), theme.dim()));
    match &line.trouble {
        Some(trouble) => spans.push(span(trouble.clone(), theme.warn())),
        None => spans.extend(targets(&line.targets, widths, theme)),
    }
    clip(spans, widths.room)
}

/// The pods behind, by the end of their names; the rest as a number.
fn targets(targets: &[&Endpoint], widths: &Widths, theme: Theme) -> Vec<Span<'static>> {
    let used = 11 + widths.name + widths.ip + widths.ports + if widths.kind > 0 { widths.kind + 2 } else { 0 };
    let mut left = widths.room.saturating_sub(used + 6);
    let mut spans = vec![span("→ ", theme.dim())];
    for (index, target) in targets.iter().enumerate() {
        let name = ending(&target.name);
        let need = width(name) + 4;
        if need > left {
            spans.push(span(format!("+{}", targets.len() - index), theme.dim()));
            break;
        }
        left -= need;
        let state = if target.ready { Light::Good } else { Light::Busy };
        spans.extend([light(theme, state), span(format!("{name}  "), theme.text())]);
    }
    spans
}

/// The suffix that tells a pod from its siblings; an address stays whole.
fn ending(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((_, suffix)) if suffix.len() == 5 => suffix,
        _ => name,
    }
}
