//! What a view is. Views live in a stack; events go to the top first. Must not do IO: a view answers with steps.

use std::path::PathBuf;
use std::time::Duration;

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Position, Rect};

use super::keys::{Action, Binding};
use super::model::failure::Failure;
use super::model::memory::Prefs;
use super::model::scope::Scope;
use super::model::undo::Undo;
use super::msg::{Effect, Reply, Ticket};
use super::state::{Notice, State};

/// What a view asks of the app.
#[derive(Debug)]
pub enum Step {
    /// Open a view on top.
    Push(Box<dyn View>),
    /// Close this view.
    Pop,
    /// Ask something of the world.
    Run(Effect),
    /// What was done before cannot be taken back any more: another world begins.
    Forget,
    /// Remember what takes a change back.
    Undoable(Box<Undo>),
    /// Take a change back.
    TakeBack(Box<Undo>),
    /// Say something in the notice line.
    Say(Notice),
    /// Write a command into the log as sent.
    Log(String),
    /// Write into the log the command that would have read the same.
    Read(String),
    /// Write how a command of the log went.
    Logged(String, Result<String, Failure>),
    /// Tell the view below which of the offered was chosen, if any.
    Answer(Option<usize>),
    /// Do what the palette would do with this text.
    Go(String),
    /// Close everything over the lesson, or over the bridge without one.
    Home,
    /// Close everything over the bridge, a lesson too.
    Root,
    /// Tell every view how a manifest was refused: the server's reason (empty when it was never sent) and the text.
    Refused { reason: String, text: String },
    /// Let the view below act.
    Act(Action),
    /// Look at these namespaces.
    Scope(Scope),
    /// Remember how a kind is listed.
    Remember(String, Prefs),
    /// Show the cluster as it was at this place of the recording; as it is without one.
    Seek(Option<usize>),
    /// Highlight these places on the bridge, such as `Service/web`; nothing ends it.
    Look(Vec<String>),
    /// Close this view even if it would rather ask first.
    Close,
    /// End the program.
    Quit,
    /// Ask whether to end the program.
    AskToLeave,
    /// End the program; where something is not finished, ask first.
    Leave,
    /// Leave this cluster and open something, as the palette takes it, on the one where it belongs.
    Depart(String),
}

/// Steps, often none.
pub type Steps = Vec<Step>;

/// Puts a command on the clipboard, and says so.
pub fn copied(command: String) -> Steps {
    let said = Step::Say(Notice::info(format!("copiado: {command}")));
    vec![Step::Run(Effect::Copy(command)), said]
}

/// Writes a text into a file of the data folder: what it is called, then the time, then its kind. The answer comes as
/// [`Reply::Saved`].
pub fn save(ticket: Ticket, (name, kind): (&str, &str), text: String, state: &State) -> Steps {
    let Some(folder) = &state.data_dir else {
        return vec![Step::Say(Notice::bad("no hay carpeta de datos donde guardarlo"))];
    };
    let path = folder.join(format!("{name}-{}.{kind}", state.clock.strftime("%Y%m%d-%H%M%S")));
    vec![Step::Run(Effect::WriteFile { to: Some(ticket), path, text })]
}

/// Says where a file was written, or why it was not.
pub fn saved(answer: Result<PathBuf, String>) -> Steps {
    let said = answer.map_or_else(Notice::bad, |path| Notice::info(format!("guardado en {}", path.display())));
    vec![Step::Say(said)]
}

/// A screen, or a box over one.
pub trait View: std::fmt::Debug + Send {
    /// Name in [`super::views::ALL`].
    fn name(&self) -> &'static str;

    /// Where we are, for the first line.
    fn title(&self, state: &State) -> String;

    /// The keys, as data: groups, the most particular first.
    fn keys(&self) -> &'static [&'static [Binding]];

    /// The word of a key in the hint bar as things are; empty where it would do nothing.
    fn hint(&self, binding: &'static Binding, _state: &State) -> &'static str {
        binding.hint
    }

    /// Keys that are there only now, and what they do, for the help.
    fn letters(&self) -> Vec<(char, String)> {
        Vec::new()
    }

    /// Whether letters go to a text rather than to the key table.
    fn typing(&self) -> bool {
        false
    }

    /// Whether it is a box over the view below.
    fn floats(&self) -> bool {
        false
    }

    /// It was opened under this ticket.
    fn opened(&mut self, _ticket: Ticket, _state: &State) -> Steps {
        Steps::new()
    }

    /// The namespaces looked at changed: what depends on them must be asked anew.
    fn scoped(&mut self, _state: &State) -> Steps {
        Steps::new()
    }

    /// A manifest was refused: the server's reason (empty when it was never sent) and the text.
    fn refused(&mut self, _reason: &str, _text: &str, _state: &State) -> Steps {
        Steps::new()
    }

    /// The terminal has another size.
    fn resized(&mut self, _state: &State) -> Steps {
        Steps::new()
    }

    /// Whether going home ends here.
    fn home(&self) -> bool {
        false
    }

    /// A bound key was pressed.
    fn act(&mut self, action: Action, state: &State) -> Steps;

    /// A key for the text; `None` hands it to the key table.
    fn key(&mut self, _key: KeyEvent, _state: &State) -> Option<Steps> {
        None
    }

    /// Text was pasted.
    fn paste(&mut self, _text: &str, _state: &State) -> Steps {
        Steps::new()
    }

    /// The mouse was pressed at a place inside the view's area.
    fn click(&mut self, _at: Position, _area: Rect, _state: &State) -> Steps {
        Steps::new()
    }

    /// Whether the mouse is of use here; in a text it stays the terminal's, to select and copy.
    fn mouse(&self) -> bool {
        true
    }

    /// An answer under this view's ticket.
    fn reply(&mut self, _reply: Reply, _state: &State) -> Steps {
        Steps::new()
    }

    /// A letter that means something only here and now, before the key tables are asked; `None` when it does not.
    fn stroke(&mut self, _letter: char, _state: &State) -> Option<Steps> {
        None
    }

    /// A key that neither this view nor any other place binds.
    fn stray(&self, key: KeyEvent, _state: &State) -> Steps {
        let KeyCode::Char(letter) = key.code else { return Steps::new() };
        if key.modifiers.contains(KeyModifiers::ALT) || letter == ' ' {
            return Steps::new();
        }
        let lead = if key.modifiers.contains(KeyModifiers::CONTROL) { "Ctrl-" } else { "" };
        vec![Step::Say(Notice::tip(format!("«{lead}{letter}» no hace nada aquí; ? enseña las teclas")))]
    }

    /// The object that it shows, if it shows one: kind and name.
    fn shows(&self) -> Option<(&str, &str)> {
        None
    }

    /// A view was opened over it, perhaps one that shows an object.
    fn covered(&mut self, _by: &dyn View, _state: &State) -> Steps {
        Steps::new()
    }

    /// Which of the offered was chosen in a box over it, if any.
    fn answered(&mut self, _choice: Option<usize>, _state: &State) -> Steps {
        Steps::new()
    }

    /// The cluster is known to be otherwise than before.
    fn learned(&mut self, _state: &State) -> Steps {
        Steps::new()
    }

    /// All messages of a batch were taken in: put in order what draws, once.
    fn settle(&mut self, _state: &State) {}

    /// It is being closed: what to tidy up.
    fn closed(&mut self, _state: &State) -> Steps {
        Steps::new()
    }

    /// Why it would rather not be closed now: a question to ask first.
    fn holds(&self) -> Option<String> {
        None
    }

    /// Whether it has what it needs to be shown whole.
    fn ready(&self, state: &State) -> bool;

    /// Whether heartbeats, rates or the server's figures are on it.
    fn pulses(&self) -> bool {
        false
    }

    /// Whether the store's own revision is on it.
    fn shows_revision(&self) -> bool {
        false
    }

    /// How long after a frame it must be drawn again although nothing happened.
    fn ticks(&self, _state: &State) -> Option<Duration> {
        None
    }

    /// Draws itself; must not change anything.
    fn draw(&self, frame: &mut Frame, area: Rect, state: &State);
}
