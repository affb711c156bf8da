//! What lies between a keyboard and a shell: lines, and in a terminal also echo, erasing, Ctrl-C and Ctrl-D.
//! Must not know what the lines mean.

use std::collections::VecDeque;
use std::io;

use bytes::Bytes;
use futures::stream;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;
use tokio_util::io::StreamReader;

use super::input::Input;
use super::shell::{Session, Sink};
use crate::base::tasks::Tasks;

const INTERRUPT: u8 = 0x03;
const END: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const DELETE: u8 = 0x7f;
/// Exit code of a command that Ctrl-C ended (128 + SIGINT).
const INTERRUPTED: i32 = 130;

/// Something typed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Typed {
    Line(String),
    Interrupt,
}

/// What is typed, as it comes; it ends with Ctrl-D or with the input.
pub(in crate::kubelet) struct Keyboard {
    typed: mpsc::UnboundedReceiver<Typed>,
    waiting: VecDeque<String>,
    control_c: ControlC,
}

/// The key Ctrl-C of a keyboard, where a system keeps it from what is typed and tells it in another way.
#[derive(Clone)]
pub(in crate::kubelet) struct ControlC(mpsc::WeakUnboundedSender<Typed>);

impl ControlC {
    /// Is pressed; of a keyboard that has come to its end nobody hears.
    pub fn press(&self) {
        if let Some(keyboard) = self.0.upgrade() {
            let _ = keyboard.send(Typed::Interrupt);
        }
    }
}

impl Keyboard {
    /// Reads an input until nobody listens any more: whoever waits for the end of what is shown waits for this too. In a
    /// terminal what is typed is shown.
    pub fn new(input: impl AsyncRead + Send + Unpin + 'static, echo: Option<Sink>, tasks: &Tasks) -> Self {
        let (sender, typed) = mpsc::unbounded_channel();
        let control_c = ControlC(sender.downgrade());
        tasks.spawn(async move {
            let mut discipline = Discipline { echo, line: Vec::new() };
            let mut input = input;
            let mut space = [0; 1024];
            while let Some(Ok(length @ 1..)) = tokio::select! {
                read = input.read(&mut space) => Some(read),
                () = sender.closed() => None,
            } {
                for byte in &space[..length] {
                    match discipline.take(*byte) {
                        Taken::End => return,
                        Taken::Whole(typed) => drop(sender.send(typed)),
                        Taken::Part => {}
                    }
                }
            }
            if let Some(rest) = discipline.rest() {
                let _ = sender.send(rest);
            }
        });
        Self { typed, waiting: VecDeque::new(), control_c }
    }

    /// Its key Ctrl-C.
    pub fn control_c(&self) -> ControlC {
        self.control_c.clone()
    }

    /// What is typed as a program's input: it ends with Ctrl-D, and with Ctrl-C too.
    pub fn into_input(self) -> Input {
        let lines = stream::unfold(self, |mut keyboard| async {
            let Some(Typed::Line(line)) = keyboard.next().await else { return None };
            Some((io::Result::Ok(Bytes::from(line + "\n")), keyboard))
        });
        Input::stream(Box::new(StreamReader::new(Box::pin(lines))))
    }

    async fn next(&mut self) -> Option<Typed> {
        match self.waiting.pop_front() {
            Some(line) => Some(Typed::Line(line)),
            None => self.typed.recv().await,
        }
    }

    /// Waits for Ctrl-C; lines that are typed meanwhile wait their turn.
    async fn interrupted(&mut self) {
        loop {
            match self.typed.recv().await {
                Some(Typed::Interrupt) => return,
                Some(Typed::Line(line)) => self.waiting.push_back(line),
                None => return std::future::pending().await,
            }
        }
    }
}

/// What a byte amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Taken {
    /// A part of something.
    Part,
    /// The last of something typed.
    Whole(Typed),
    /// The end of all input.
    End,
}

struct Discipline {
    echo: Option<Sink>,
    line: Vec<u8>,
}

impl Discipline {
    fn take(&mut self, byte: u8) -> Taken {
        let Some(echo) = self.echo.clone() else {
            if byte == b'\n' {
                return Taken::Whole(self.whole());
            }
            self.line.push(byte);
            return Taken::Part;
        };
        match byte {
            b'\r' | b'\n' => {
                echo.write(b"\r\n");
                return Taken::Whole(self.whole());
            }
            INTERRUPT => {
                echo.write(b"^C\r\n");
                self.line.clear();
                return Taken::Whole(Typed::Interrupt);
            }
            END if self.line.is_empty() => return Taken::End,
            BACKSPACE | DELETE if erase(&mut self.line) => echo.write(b"\x08 \x08"),
            BACKSPACE | DELETE => {}
            0x20.. | b'\t' => {
                self.line.push(byte);
                echo.write(&[byte]);
            }
            _ => {}
        }
        Taken::Part
    }

    fn whole(&mut self) -> Typed {
        let line = std::mem::take(&mut self.line);
        Typed::Line(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
    }

    /// The last line without its end.
    fn rest(mut self) -> Option<Typed> {
        (!self.line.is_empty()).then(|| self.whole())
    }
}

/// Erases the last character, however many bytes it has.
fn erase(line: &mut Vec<u8>) -> bool {
    let had = !line.is_empty();
    while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
    had
}

/// A shell that reads its commands as they come; its exit code.
pub(in crate::kubelet) async fn interact(mut session: Session, mut keyboard: Keyboard, terminal: bool) -> i32 {
    let mut code = 0;
    loop {
        session.prompt(terminal);
        match keyboard.next().await {
            None => return code,
            Some(Typed::Interrupt) => {
                code = INTERRUPTED;
                session.status = code;
            }
            Some(Typed::Line(line)) => {
                let mut running = session.clone();
                let finished = tokio::select! {
                    ended = running.script(&line) => Some(ended),
                    () = keyboard.interrupted() => None,
                };
                code = finished.unwrap_or(INTERRUPTED);
                if finished.is_some() {
                    session = running;
                }
                session.status = code;
                if session.left() {
                    return code;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn typed(bytes: &'static [u8], terminal: bool) -> (Vec<Typed>, String) {
        let (sink, shown) = Sink::buffer();
        let mut keyboard = Keyboard::new(bytes, terminal.then_some(sink), &Tasks::new());
        let mut all = Vec::new();
        while let Some(next) = keyboard.next().await {
            all.push(next);
        }
        let shown = String::from_utf8_lossy(&shown.lock()).into_owned();
        (all, shown)
    }

    fn line(text: &str) -> Typed {
        Typed::Line(text.to_owned())
    }

    #[tokio::test]
    async fn a_terminal_shows_erases_and_interrupts() {
        let (all, shown) = typed("ñx\x7f\x7fls\rmal\x03exit\r\x04nunca\r".as_bytes(), true).await;
        assert_eq!(all, [line("ls"), Typed::Interrupt, line("exit")]);
        assert_eq!(shown, "ñx\u{8} \u{8}\u{8} \u{8}ls\r\nmal^C\r\nexit\r\n");
    }

    #[tokio::test]
    async fn a_pipe_is_lines_and_its_last_needs_no_end() {
        assert_eq!(typed(b"uno\r\ndos\x7f", false).await.0, [line("uno"), line("dos\u{7f}")]);
    }
}
