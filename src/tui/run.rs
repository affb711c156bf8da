//! The loop: wait, drain all that came, draw once if something that is seen changed, at most one frame per 16 ms but for
//! keys, which are answered at once. No timer when idle but for what shows the time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use futures::future::poll_immediate;
use futures::{Stream, StreamExt};
use ratatui::crossterm::event::{Event, EventStream, MouseEventKind};
use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;

use super::app::App;
use super::config::Settings;
use super::effects::Runner;
use super::model::lesson::choose;
use super::model::memory::Memory;
use super::msg::{Effect, Msg};
use super::state::{Notice, State};
use super::terminal::Screen;
use super::theme::Look;
use super::{Exit, Options};
use crate::base::clock::{Clock, Timing};
use crate::base::tasks::Tasks;

/// The shortest time between frames.
const FRAME: Duration = Duration::from_millis(16);
/// Messages taken in before a frame, so that a flood does not keep the screen still.
const DRAIN: usize = 4096;

/// Runs the dashboard until its user leaves.
///
/// # Errors
/// When there is no terminal or it breaks.
pub async fn run(options: Options) -> anyhow::Result<Exit> {
    let clock = Clock::new(Timing::Real);
    options.lessons.into_iter().for_each(choose);
    let mut screen = Screen::take().context("no se pudo tomar la terminal")?;
    let look = Look::from_terminal(options.no_color, options.colours.as_deref());
    let mut state = State::new(options.context, options.data_dir, look, clock.now());
    state.size = screen.size()?;
    let is_practice = options.practice.is_some();
    (state.practice, state.hints) = (options.practice, options.hints);
    (state.locked, state.fleeting) = (options.read_only, options.fleeting);
    state.kubeconfig = options.kubeconfig;
    remember(&mut state, options.config.as_deref());
    let first = tour_due(&state, &options.view);
    let (mut app, mut effects) = App::open(state, &options.view).map_err(anyhow::Error::msg)?;
    if let Some(seen) = first {
        effects.extend(app.go("recorrido").map_err(anyhow::Error::msg)?);
        effects.push(Effect::WriteFile { to: None, path: seen, text: "visto\n".into() });
    }
    let tasks = Tasks::new();
    let (mut runner, receiver) = Runner::start(options.client, options.second, clock, tasks.clone());
    for effect in effects {
        runner.run(effect);
    }
    options.config.into_iter().for_each(|path| runner.run(Effect::FollowSettings(path)));
    let result = steer(&mut app, &mut runner, &mut screen, receiver, clock).await;
    drop(screen);
    if !is_practice {
        runner.finish().await;
    }
    tasks.stop().await;
    result.map(|()| app.departure().map_or(Exit::Left, Exit::Elsewhere))
}

/// Takes in what was kept of earlier sessions and what the user has chosen, before the first frame.
fn remember(state: &mut State, config: Option<&Path>) {
    let kept = state.data_dir.as_ref().and_then(|dir| std::fs::read_to_string(Memory::path(dir)).ok());
    state.memory = kept.map(|text| Memory::read(&text)).unwrap_or_default();
    match config.and_then(|path| std::fs::read_to_string(path).ok()).map(|text| Settings::parse(&text)) {
        Some(Ok(settings)) => state.choose(settings),
        Some(Err(why)) => {
            state.notice = Some(Notice::bad(format!("la configuración tiene un error y no se usa: {why}")));
        }
        None => {}
    }
}

/// Where it is kept that the tour was shown, when it has not been: at the very first start, on the bridge.
fn tour_due(state: &State, view: &str) -> Option<PathBuf> {
    let seen = state.data_dir.as_ref()?.join("tablero").join("recorrido");
    (super::views::bridge::NAMES.contains(&view) && !seen.exists()).then_some(seen)
}

async fn steer(
    app: &mut App,
    runner: &mut Runner,
    screen: &mut Screen,
    mut inbox: Receiver<Msg>,
    clock: Clock,
) -> anyhow::Result<()> {
    let mut keys = EventStream::new();
    let mut signals = std::pin::pin!(signal());
    let mut drawn = None;
    let (mut dirty, mut handled) = (true, false);
    while !app.ended() {
        let since = drawn.map_or(FRAME, |drawn| clock.elapsed().saturating_sub(drawn));
        if dirty && (handled || since >= FRAME) {
            app.settle();
            screen.draw(app)?;
            drawn = Some(clock.elapsed());
            (dirty, handled) = (false, false);
            continue;
        }
        let pause = if dirty { Some(FRAME) } else { app.ticks() }.map(|due| due.saturating_sub(since));
        let first = tokio::select! {
            biased;
            event = keys.next() => {
                handled = true;
                match event { Some(event) => message(event?), None => Some(Msg::Terminate) }
            }
            msg = inbox.recv() => msg,
            () = &mut signals => Some(Msg::Terminate),
            () = nap(pause) => {
                dirty = true;
                None
            }
        };
        let mut effects = app.update(Msg::Clock(clock.now()));
        effects.extend(first.into_iter().flat_map(|msg| app.update(msg)));
        effects.extend(drain(app, &mut inbox, &mut keys, &mut handled).await?);
        for effect in effects {
            runner.run(effect);
        }
        runner.pulse(app.pulses());
        dirty |= app.take_stale() || handled;
    }
    Ok(())
}

/// Takes in all that is waiting, and says when a key was among it. The keys are asked with this task's own waker: the stream keeps the first that it is given.
async fn drain(
    app: &mut App,
    inbox: &mut Receiver<Msg>,
    keys: &mut (impl Stream<Item = std::io::Result<Event>> + Unpin),
    handled: &mut bool,
) -> std::io::Result<Vec<Effect>> {
    let mut effects = Vec::new();
    for _ in 0..DRAIN {
        if let Some(Some(event)) = poll_immediate(keys.next()).await {
            *handled = true;
            effects.extend(message(event?).into_iter().flat_map(|msg| app.update(msg)));
        } else if let Ok(msg) = inbox.try_recv() {
            effects.extend(app.update(msg));
        } else {
            break;
        }
    }
    Ok(effects)
}

async fn nap(time: Option<Duration>) {
    match time {
        Some(time) => sleep(time).await,
        None => std::future::pending().await,
    }
}

fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) => Some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Mouse(event) => {
            matches!(event.kind, MouseEventKind::Down(_) | MouseEventKind::ScrollDown | MouseEventKind::ScrollUp)
                .then_some(Msg::Mouse(event))
        }
        Event::Resize(width, height) => Some(Msg::Resize(width, height)),
        _ => None,
    }
}

/// Ends at a signal that asks the program to end.
#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = async |kind| match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::hangup()) => {}
        () = wait(SignalKind::interrupt()) => {}
    }
}

/// Ends at a signal that asks the program to end.
#[cfg(not(unix))]
async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
