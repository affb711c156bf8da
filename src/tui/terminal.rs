//! The terminal taken and given back: on return, on error, on panic and on signals. Must not draw.

use std::fmt;
use std::io::{self, IsTerminal, Write, stdout};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
#[cfg(windows)]
use ratatui::crossterm::event::{DisableMouseCapture, EnableMouseCapture};
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use ratatui::crossterm::{Command, cursor, execute, queue};

use super::app::App;

/// What a panic said, kept until the terminal can show it.
static LAST_WORDS: Mutex<Option<String>> = Mutex::new(None);

/// The terminal while it is ours; dropping it gives it back.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<io::Stdout>>,
    shown: Option<ratatui::buffer::Buffer>,
    mouse: bool,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Screen")
    }
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When there is no terminal, or it does not obey.
    pub fn take() -> io::Result<Self> {
        if !stdout().is_terminal() {
            return Err(io::Error::other("la salida no es una terminal"));
        }
        keep_last_words();
        enable_raw_mode()?;
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide).inspect_err(|_| give_back())?;
        let terminal = Terminal::new(CrosstermBackend::new(stdout())).inspect_err(|_| give_back())?;
        Ok(Self { terminal, shown: None, mouse: false })
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// When the terminal does not tell.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.terminal.size().map(|size| (size.width, size.height))
    }

    /// Draws, as one update; writes nothing when the screen would stay the same.
    ///
    /// # Errors
    /// When the terminal cannot be written to.
    pub fn draw(&mut self, app: &App) -> io::Result<()> {
        self.listen(app.mouse())?;
        self.terminal.autoresize()?;
        app.draw(&mut self.terminal.get_frame());
        let next = self.terminal.current_buffer_mut();
        match &mut self.shown {
            Some(shown) if shown == next => {
                next.reset();
                return Ok(());
            }
            // In place: a frame a second must not take and give back five thousand cells.
            Some(shown) if shown.area == next.area => shown.content.clone_from_slice(&next.content),
            shown => *shown = Some(next.clone()),
        }
        queue!(stdout(), BeginSynchronizedUpdate)?;
        self.terminal.flush()?;
        self.terminal.swap_buffers();
        execute!(stdout(), EndSynchronizedUpdate)
    }
}

impl Screen {
    /// Takes the mouse, or leaves it to the terminal.
    fn listen(&mut self, wanted: bool) -> io::Result<()> {
        if std::mem::replace(&mut self.mouse, wanted) != wanted {
            execute!(stdout(), Mouse(wanted))?;
        }
        Ok(())
    }
}

/// Presses and the wheel, but not every movement: those would wake the loop for nothing (xterm modes 1000 and 1006).
struct Mouse(bool);

impl Command for Mouse {
    fn write_ansi(&self, f: &mut impl fmt::Write) -> fmt::Result {
        f.write_str(if self.0 { "\x1b[?1000h\x1b[?1006h" } else { "\x1b[?1006l\x1b[?1000l" })
    }

    #[cfg(windows)]
    fn execute_winapi(&self) -> io::Result<()> {
        if self.0 { EnableMouseCapture.execute_winapi() } else { DisableMouseCapture.execute_winapi() }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
        if let Some(words) = LAST_WORDS.lock().take() {
            let _nobody = writeln!(io::stderr(), "{words}");
        }
    }
}

/// Gives the terminal back; what fails here cannot be helped any more.
fn give_back() {
    let _gone = execute!(
        stdout(),
        EndSynchronizedUpdate,
        Mouse(false),
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _gone = disable_raw_mode();
}

/// A panic must not write over the screen: its words wait until the terminal is given back.
fn keep_last_words() {
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!("{panic}");
        *LAST_WORDS.lock() = Some(format!("Timonel se detuvo por un error suyo: {panic}"));
    }));
}

/// Columns and rows of the terminal that is written to, if it is one. It is not taken.
#[must_use]
pub fn terminal_size() -> Option<(u16, u16)> {
    ratatui::crossterm::terminal::size().ok().filter(|_| stdout().is_terminal())
}

/// Puts text on the clipboard of whoever sits at the terminal, also through ssh (OSC 52).
pub fn copy(text: &str) {
    let mut out = stdout();
    if out.is_terminal() {
        let _gone = write!(out, "\x1b]52;c;{}\x07", STANDARD.encode(text)).and_then(|()| out.flush());
    }
}
