//! «Puente», the first screen: masters above, the unscheduled, workers with their pods, services below. Alive.

mod masters;
mod nav;
mod services;
mod workers;

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::Entry;
use crate::tui::actions;
use crate::tui::keys::{Action, Binding, MOVES, bind};
use crate::tui::model::bridge::{PARTS, Scene, Waiting, scene};
use crate::tui::model::catalog::{Target, find};
use crate::tui::model::facts::Key;
use crate::tui::model::format::{fit, fit_middle, width};
use crate::tui::model::light::Light;
use crate::tui::model::parts;
use crate::tui::model::scope::Scope;
use crate::tui::state::{Notice, State};
use crate::tui::view::{Step, Steps, View};
use crate::tui::widgets::panel::{lines, row};
use crate::tui::widgets::text::{clip, heading, light, sides, span};
use crate::tui::widgets::window;
use nav::{Focus, Grid, Spot};

/// What the bridge answers to.
pub const NAMES: &[&str] = &["puente", "bridge", ""];

/// Its line in the table of views.
pub static ENTRY: Entry = Entry {
    name: "puente",
    words: &["puente", "bridge"],
    about: "El clúster entero y vivo: masters arriba, workers con sus pods, servicios abajo",
    keys: KEYS,
    go: |_, _| Ok(vec![Step::Home]),
};

/// What a newcomer looks for comes first: eighty columns have room for few hints.
static KEYS: &[&[Binding]] = &[actions::FIRST, OWN, SECTIONS, actions::ENTER, actions::PODS, actions::THEN, MOVES];

/// Going from section to section; beside a lesson these keys are the lesson's.
static SECTIONS: &[Binding] = &[
    bind(&["L"], Action::Lessons, "lecciones", "Las lecciones: empezar una o ver lo hecho"),
    bind(
        &["tab"],
        Action::Next,
        "elegir",
        "Pasar a la sección siguiente: masters, sin nodo, los que fallan, workers, servicios",
    ),
    bind(&["backtab"], Action::Previous, "", "Pasar a la sección anterior"),
];

/// The other keys of its own.
pub(super) static OWN: &[Binding] = &[
    bind(&["o"], Action::Switches, "apagar", "Apagar o encender la parte elegida: masters, kubelets, red, proveedor"),
    bind(&["t"], Action::Timeline, "tiempo", "Volver atrás en el tiempo"),
    bind(&["/"], Action::Filter, "", "Buscar un pod por su nombre: la lista de pods, filtrada"),
    bind(&["esc"], Action::No, "", "Soltar lo elegido; sin nada elegido, salir"),
    bind(&["left", "h"], Action::Left, "", "Ir a la columna de la izquierda"),
    bind(&["right"], Action::Right, "", "Ir a la columna de la derecha"),
    bind(&["n"], Action::Namespaces, "", "Elegir qué namespace se mira"),
    bind(&["0"], Action::AllNamespaces, "", "Mirar todos los namespaces"),
];

/// The bridge keeps only what is chosen.
#[derive(Debug, Default)]
struct Bridge {
    focus: Option<Focus>,
}

/// The bridge.
pub fn open() -> Box<dyn View> {
    Box::<Bridge>::default()
}

fn scene_of(state: &State) -> Scene<'_> {
    scene(&state.cluster, &state.scope, state.now)
}

/// The first pod that a lesson says to look at.
fn looked(scene: &Scene, state: &State) -> Option<Spot> {
    let mut pods = scene.workers.iter().flat_map(|worker| &worker.pods);
    let pod = pods.find(|pod| state.looks_at("Pod", &pod.key.name, &pod.owner))?;
    Some(Spot::Pod(pod.key.clone()))
}

/// The object behind a spot; masters are not objects.
fn target(spot: &Spot, state: &State) -> Option<Target> {
    let (word, key): (_, &Key) = match spot {
        Spot::Master(_) => return None,
        Spot::Worker(key) => ("nodes", key),
        Spot::Waiting(key) | Spot::Failing(key) | Spot::Pod(key) => ("pods", key),
        Spot::Service(key) => ("services", key),
    };
    let resource = find(&state.catalog, word)?;
    let namespace = resource.namespaced.then(|| String::from(&key.namespace));
    Some(Target { resource, namespace, name: String::from(&key.name) })
}

impl View for Bridge {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn title(&self, state: &State) -> String {
        if state.scope.all() { "Puente".into() } else { format!("Puente · {} (0: todos)", state.scope.title()) }
    }

    fn hint(&self, binding: &'static Binding, state: &State) -> &'static str {
        let (object, pods) = match self.focus.as_ref().map(Focus::spot) {
            Some(Spot::Master(_)) => (false, false),
            Some(Spot::Worker(_)) => (true, false),
            _ => (true, true),
        };
        match binding.action {
            Action::Switches if state.frozen().is_some() => "partes",
            Action::Logs | Action::Shell if !pods => "",
            Action::Actions | Action::Yaml | Action::Edit | Action::Delete if !object => "",
            _ => binding.hint,
        }
    }

    fn keys(&self) -> &'static [&'static [Binding]] {
        KEYS
    }

    fn act(&mut self, action: Action, state: &State) -> Steps {
        let scene = scene_of(state);
        let grid = Grid::of(&scene);
        match action {
            Action::AllNamespaces => vec![Step::Scope(Scope::default())],
            Action::Namespaces => vec![Step::Go("namespace".into())],
            Action::Lessons => vec![Step::Go("lecciones".into())],
            Action::Timeline => vec![Step::Go("tiempo".into())],
            Action::Filter => vec![Step::Go("pods".into()), Step::Act(Action::Filter)],
            Action::No if self.focus.take().is_some() => Steps::new(),
            Action::No => vec![Step::AskToLeave],
            Action::Next
            | Action::Previous
            | Action::Left
            | Action::Right
            | Action::Up
            | Action::Down
            | Action::PageUp
            | Action::PageDown
            | Action::Top
            | Action::Bottom => {
                self.focus = grid.step(self.focus.as_ref(), looked(&scene, state).as_ref(), action);
                Steps::new()
            }
            other => match grid.resolve(self.focus.as_ref()) {
                spot if other == Action::Switches => switches(spot),
                None if other == Action::Shell => vec![Step::Go("terminal".into())],
                None if other == Action::Why => worst(&scene, state),
                None => vec![Step::Say(Notice::tip("elige antes algo con las flechas"))],
                Some(spot) => on_spot(spot, other, state),
            },
        }
    }

    fn ready(&self, state: &State) -> bool {
        state.cluster.metrics.rate.is_some() || state.cluster.metrics.failure.is_some()
    }

    fn pulses(&self) -> bool {
        true
    }

    fn home(&self) -> bool {
        true
    }

    fn shows_revision(&self) -> bool {
        true
    }

    fn ticks(&self, state: &State) -> Option<Duration> {
        // At rest only a heartbeat that fails to come changes something.
        let wait = Duration::from_secs(if state.resting { 5 } else { 1 });
        let counts = (!state.cluster.leases.is_empty()).then_some(wait);
        let out = state.flashes.next(state.clock).map(jiff::SignedDuration::unsigned_abs);
        out.into_iter().chain(counts).min()
    }

    fn draw(&self, frame: &mut Frame, area: Rect, state: &State) {
        let scene = scene_of(state);
        let grid = Grid::of(&scene);
        let chosen = grid.resolve(self.focus.as_ref());
        let roomy = area.width >= 100 && area.height >= 26;
        let air = u16::from(area.height >= 32);
        let area = Rect { y: area.y + air, height: area.height - air, ..area };
        let [top, lane, middle, bottom] = areas(area, &scene, roomy);
        if roomy {
            row(frame, top, 0, heading(state.theme, "masters · plano de control"));
            masters::boxes(frame, Rect { y: top.y + 1, height: masters::HEIGHT, ..top }, &scene.masters, chosen, state);
        } else {
            masters::brief(frame, top, &scene.masters, chosen, state);
        }
        let [above, below] = lanes(lane, &scene, roomy);
        waiting(frame, above, (" SIN NODO  ", &scene.waiting), chosen, state);
        let word = if scene.fails() { " FALLAN    " } else { " NO LISTOS " };
        waiting(frame, below, (word, &scene.failing), chosen, state);
        if scene.workers.is_empty() {
            nobody(frame, middle, state);
        } else {
            workers::draw(frame, middle, &scene.workers, chosen, state);
        }
        row(frame, bottom, 0, sides(heading(state.theme, "servicios"), network(state), usize::from(bottom.width)));
        let below = Rect { y: bottom.y + 1, height: bottom.height.saturating_sub(1), ..bottom };
        services::draw(frame, below, &scene.services, chosen, state);
    }
}

/// The parts of the network and the provider, each with its light.
fn network(state: &State) -> Line<'static> {
    let theme = state.theme;
    let each = |(name, sign): (String, Light)| [light(theme, sign), span(format!("{name}   "), theme.dim())];
    Line::from(parts::network(&state.cluster).into_iter().flat_map(each).collect::<Vec<_>>())
}

/// The switches, at the part that is chosen.
fn switches(spot: Option<&Spot>) -> Steps {
    let name = match spot {
        Some(Spot::Master(index)) => PARTS.get(*index).copied().unwrap_or_default().to_string(),
        Some(Spot::Worker(key)) => format!("kubelet-{}", key.name),
        _ => String::new(),
    };
    vec![Step::Push(super::switches::open(&name))]
}

fn on_spot(spot: &Spot, action: Action, state: &State) -> Steps {
    match (spot, target(spot, state)) {
        (_, Some(target)) => actions::on(action, &[target], state).unwrap_or_default(),
        (Spot::Master(index), None) if action == Action::Describe => vec![Step::Push(super::master::open(*index))],
        (Spot::Master(index), None) if action == Action::Why => vec![Step::Say(why_master(*index, state))],
        (_, None) => {
            vec![Step::Say(Notice::tip("eso se hace con un pod, un worker o un servicio; Enter cuenta qué es esto"))]
        }
    }
}

/// Why a master does nothing.
fn why_master(index: usize, state: &State) -> Notice {
    let part = PARTS.get(index).and_then(|name| state.cluster.components.get(&Key::new("", name)));
    match part.filter(|part| !part.enabled) {
        Some(part) => Notice::bad(format!("está apagado: enciéndelo con la tecla o. {}", parts::seen(&part.key.name))),
        None => Notice::tip("a esta parte no se le ve ningún fallo; Enter cuenta qué hace"),
    }
}

/// Why the first pod in trouble fails, as they stand on the screen, when nothing was chosen.
fn worst(scene: &Scene, state: &State) -> Steps {
    let mut ill = scene.waiting.iter().chain(&scene.failing);
    let first = ill.next().map(|each| Spot::Pod(each.pod.key.clone()));
    let Some(target) = first.and_then(|spot| target(&spot, state)) else {
        return vec![Step::Say(Notice::tip(
            "nada falla a la vista; para otra cosa, elígela antes con Tab o las flechas",
        ))];
    };
    let others = ill.count();
    let said = format!("es el primero; hay {others} más en apuros: elígelos en el puente con Tab");
    let more = (others > 0).then(|| Step::Say(Notice::tip(said)));
    actions::on(Action::Why, &[target], state).unwrap_or_default().into_iter().chain(more).collect()
}

/// Masters, unscheduled, workers, services: the workers take what the others leave, and no more than they need.
fn areas(area: Rect, scene: &Scene, roomy: bool) -> [Rect; 4] {
    let count = |items: usize, most: u16| u16::try_from(items).unwrap_or(u16::MAX).min(most);
    let [without, failing] = lane_rows(scene, roomy);
    let lane = if without + failing == 0 { 0 } else { without + failing + 1 };
    let services = 1 + count(scene.services.len().max(1), (area.height / 5).max(2));
    let (masters, gap) = if roomy { (masters::HEIGHT + 2, 1) } else { (2, 0) };
    let spare = area.height.saturating_sub(masters + lane + services);
    let workers = if roomy { spare.min(workers::height(&scene.workers) + gap) } else { spare };
    let sizes = [masters, lane, workers, services].map(Constraint::Length);
    let [top, lane, middle, bottom] = Layout::vertical(sizes).areas(area);
    [top, lane, Rect { height: middle.height.saturating_sub(gap), ..middle }, bottom]
}

/// Rows of the two lanes: pods without worker, and pods that fail.
fn lane_rows(scene: &Scene, roomy: bool) -> [u16; 2] {
    let most = if roomy { [3, 3] } else { [2, 1] };
    let rows = |pods: &[Waiting], most: u16| u16::try_from(pods.len()).unwrap_or(most).min(most);
    [rows(&scene.waiting, most[0]), rows(&scene.failing, most[1])]
}

fn lanes(area: Rect, scene: &Scene, roomy: bool) -> [Rect; 2] {
    let rows = lane_rows(scene, roomy).map(Constraint::Length);
    Layout::vertical(rows).areas(area)
}

/// Pods in trouble, and why: those that no worker has taken, or those that fail.
fn waiting(frame: &mut Frame, area: Rect, (title, waiting): (&str, &[Waiting]), chosen: Option<&Spot>, state: &State) {
    let theme = state.theme;
    let key = match chosen {
        Some(Spot::Waiting(key) | Spot::Failing(key) | Spot::Pod(key)) => Some(key),
        _ => None,
    };
    let focus = waiting.iter().position(|each| key == Some(&each.pod.key));
    let room = usize::from(area.height);
    let shown = window::around(focus.unwrap_or(0), waiting.len(), room);
    let hidden = waiting.len() - shown.len();
    let line = |index: usize| {
        let each = &waiting[index];
        let style = if focus == Some(index) { theme.selected() } else { theme.text() };
        let more = if hidden > 0 && index + 1 == shown.end { format!("   (y {hidden} más)") } else { String::new() };
        let lead = if index == shown.start { title } else { "           " };
        let mut spans = vec![
            span(lead, theme.dim()),
            light(theme, each.pod.light),
            span(fit_middle(&each.pod.key.name, 32), style),
        ];
        let used: usize = spans.iter().map(Span::width).sum::<usize>() + width(&more);
        let why = fit(&format!("  {}", each.why), usize::from(area.width).saturating_sub(used));
        spans.extend([span(why, theme.warn()), span(more, theme.dim())]);
        clip(spans, usize::from(area.width))
    };
    lines(frame, area, shown.clone().map(line));
}

/// No worker is seen: because it is early, or because of a refusal.
fn nobody(frame: &mut Frame, area: Rect, state: &State) {
    let refused: Vec<String> = state
        .cluster
        .refused()
        .map(|(source, failure)| format!("   {}: {}", source.plural(), failure.short()))
        .collect();
    let text = match (state.cluster.broken(), state.cluster.synced()) {
        (Some(failure), _) => format!("   No hay conexión con el servidor: {failure}. Se reintenta solo."),
        (None, false) => "   Conectando con el clúster…".into(),
        (None, true) => "   Este clúster no tiene workers que se puedan ver.".into(),
    };
    let refused = refused.into_iter().map(|line| Line::styled(line, state.theme.warn()));
    lines(frame, area, [Line::default(), Line::raw(text)].into_iter().chain(refused));
}
