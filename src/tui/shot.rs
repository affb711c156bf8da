//! One frame as text: the same app and effects, drawn once on a screen in memory.

use std::time::Duration;

use anyhow::{Context, bail};
use kube::Client;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::app::App;
use super::effects::Runner;
use super::msg::{Effect, Msg};
use super::state::State;
use super::theme::Look;
use crate::base::clock::{Clock, Timing};
use crate::base::tasks::Tasks;

/// How long the cluster may take to be seen whole.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long nothing may happen before what was asked for counts as answered.
const QUIET: Duration = Duration::from_millis(300);

/// The dashboard with a screen in memory.
struct Rehearsal {
    app: App,
    runner: Runner,
    inbox: Receiver<Msg>,
    clock: Clock,
    tasks: Tasks,
}

impl Rehearsal {
    fn open(client: Client, context: &str, size: (u16, u16)) -> anyhow::Result<Self> {
        let clock = Clock::new(Timing::Real);
        let tasks = Tasks::new();
        let mut state = State::new(context.into(), None, Look::Plain, clock.now());
        state.size = size;
        let (runner, inbox) = Runner::start(client, None, clock, tasks.clone());
        let (app, effects) = App::open(state, "").map_err(anyhow::Error::msg)?;
        let mut rehearsal = Self { app, runner, inbox, clock, tasks };
        rehearsal.run(effects);
        Ok(rehearsal)
    }

    fn run(&mut self, effects: Vec<Effect>) {
        effects.into_iter().for_each(|effect| self.runner.run(effect));
    }

    fn take(&mut self, msg: Msg) {
        let mut effects = self.app.update(Msg::Clock(self.clock.now()));
        effects.extend(self.app.update(msg));
        self.run(effects);
        self.app.settle();
    }

    /// Opens a view once the server's kinds are known, and waits until it has all that it shows.
    async fn show(&mut self, view: &str) -> anyhow::Result<()> {
        let synced = timeout(PATIENCE, async {
            let mut asked = super::views::bridge::NAMES.contains(&view);
            while !(asked && self.app.ready()) {
                let Some(msg) = self.inbox.recv().await else { break };
                self.take(msg);
                if !asked && self.app.state.discovered {
                    let effects = self.app.go(view).map_err(anyhow::Error::msg)?;
                    self.run(effects);
                    asked = true;
                }
            }
            anyhow::Ok(())
        });
        match (synced.await, self.app.state.cluster.broken()) {
            (Ok(result), _) => result,
            (Err(_), Some(failure)) => bail!("no hay conexión con el clúster: {failure}"),
            (Err(_), None) => bail!("el clúster no respondió en {} s", PATIENCE.as_secs()),
        }
    }

    /// Takes in what comes until nothing has come for a while; metrics come always and do not count.
    async fn settle(&mut self) {
        let mut last = self.clock.elapsed();
        while let Some(left) = QUIET.checked_sub(self.clock.elapsed().saturating_sub(last)) {
            let Ok(Some(msg)) = timeout(left, self.inbox.recv()).await else { return };
            if matches!(msg, Msg::Reply(..) | Msg::Done(_) | Msg::Catalog(_)) {
                last = self.clock.elapsed();
            }
            self.take(msg);
        }
    }
}

/// Opens a view, presses keys one after the other (as the help writes them, or `texto:` and letters to type), each once
/// the one before has been answered, and draws the screen that is then there.
///
/// # Errors
/// When the view or a key does not exist, or the cluster cannot be reached in time.
pub async fn rehearse(client: Client, view: &str, keys: &[&str], size: (u16, u16)) -> anyhow::Result<String> {
    let mut rehearsal = Rehearsal::open(client, "timonel", size)?;
    let played = play(&mut rehearsal, view, keys).await;
    rehearsal.tasks.stop().await;
    played?;
    text(&rehearsal.app, size)
}

async fn play(rehearsal: &mut Rehearsal, view: &str, keys: &[&str]) -> anyhow::Result<()> {
    rehearsal.show(view).await?;
    for key in keys {
        match key.strip_prefix("texto:") {
            Some(text) => rehearsal.take(Msg::Paste(text.into())),
            None => {
                let event = super::keys::event(key).with_context(|| format!("no hay tecla «{key}»"))?;
                rehearsal.take(Msg::Key(event));
            }
        }
        rehearsal.settle().await;
    }
    Ok(())
}

/// The screen as lines, without blanks at their ends.
///
/// # Errors
/// Never in practice: a screen in memory does not break.
pub fn text(app: &App, size: (u16, u16)) -> anyhow::Result<String> {
    let buffer = drawn(app, size)?;
    let line = |row: &[Cell]| row.iter().map(Cell::symbol).collect::<String>();
    Ok(rows(&buffer).map(|row| line(row).trim_end().to_string()).collect::<Vec<_>>().join("\n"))
}

/// How the screen looks, line by line: `3| 5-9 cyan bold` for the columns that are not plain.
///
/// # Errors
/// As [`text`].
#[cfg(test)]
pub fn styles(app: &App, size: (u16, u16)) -> anyhow::Result<String> {
    let buffer = drawn(app, size)?;
    let lines = rows(&buffer).enumerate().filter_map(|(number, row)| {
        let runs = row.chunk_by(|a, b| a.style() == b.style());
        let mut column = 0;
        let told: Vec<String> = runs
            .filter_map(|run| {
                let from = column + 1;
                column += run.len();
                let style = style(&run[0]);
                (!style.is_empty()).then(|| format!("{from}-{column} {style}"))
            })
            .collect();
        (!told.is_empty()).then(|| format!("{}| {}", number + 1, told.join(", ")))
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
fn style(cell: &Cell) -> String {
    let colour = (cell.fg != ratatui::style::Color::Reset).then(|| cell.fg.to_string().to_lowercase());
    let weight = (!cell.modifier.is_empty()).then(|| format!("{:?}", cell.modifier).to_lowercase());
    colour.into_iter().chain(weight).collect::<Vec<_>>().join(" ")
}

fn drawn(app: &App, size: (u16, u16)) -> anyhow::Result<Buffer> {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1))?;
    terminal.draw(|frame| app.draw(frame))?;
    Ok(terminal.backend().buffer().clone())
}

fn rows(buffer: &Buffer) -> impl Iterator<Item = &[Cell]> {
    buffer.content.chunks(usize::from(buffer.area.width).max(1))
}
